"""``dagport lineage diff``."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from dagport.cli.command import SourceCommand, source_options
from dagport.cli.console import Stream, clean
from dagport.cli.run import Run
from dagport.diagnostics import Diagnostic
from dagport.project.errors import ProjectError
from dagport_lineage.commands.loading import elsewhere, export_network, is_export, load_network
from dagport_lineage.commands.sources import lineage_options, print_errors
from dagport_lineage.estate.difference import KINDS, Change, Difference, compare
from dagport_lineage.estate.revisions import is_revision, revision
from dagport_lineage.network import Network

SHOWN = 100  # changes of a kind in a comment; GitHub takes 65,536 characters


@click.command(cls=SourceCommand)
@source_options
@lineage_options
@click.option("--format", "format_", type=click.Choice(["text", "json", "markdown"]), default="text",
              show_default=True, help="Form of the output; markdown: for a comment on a pull request.")  # fmt: skip
@click.option("--exit-zero", is_flag=True, help="Exit with 0 also when there are differences.")
@click.pass_context
def diff(ctx: click.Context, /, paths: Sequence[str], **given: Any) -> None:
    """Compare the lineage of two exports, folders or git revisions.

    The arguments are OLD NEW [PATH...]; a single file will do for a folder. A revision is read at PATH, without any at
    the other side's path, else all of the project. Exits with 1 when there are differences.
    """
    if len(paths) < 2:
        raise click.UsageError("Two things to compare are needed: OLD NEW [PATH...].")
    run: Run = ctx.obj
    side = Side(run, given["namespace"], given["xcom"], [])
    old, new, *rest = paths
    networks = [side.network(one, rest or _at(other)) for one, other in ((old, new), (new, old))]
    found = compare(*networks)
    for piece in FORMATS[given["format_"]](found, run.console.out):
        run.console.out.write(piece)
    print_errors(run, side.diagnostics)
    ctx.exit(run.status(side.diagnostics, findings=bool(found.changes) and not given["exit_zero"]))


def _at(other: str) -> list[str]:
    """Where a revision is read when nothing says so: where the other side is."""
    return [other] if Path(other).exists() and not is_export(other) else []


@dataclass(slots=True)
class Side:
    """How one of the two is read."""

    run: Run
    namespace: str | None
    xcom: bool
    diagnostics: list[Diagnostic]

    def network(self, text: str, paths: Sequence[str]) -> Network:
        """What an argument stands for. Raises ``ProjectError`` where it is nothing that is known."""
        if is_export(text):
            return export_network(text)
        if Path(text).exists():
            return self._load(self.run, [text])
        if is_revision(self.run.search.root, text):
            return self._at_revision(text, paths)
        raise ProjectError(f"{text} is no export, no file, no folder, and no commit")

    def _load(self, run: Run, paths: Sequence[str]) -> Network:
        return load_network(run, paths, self.namespace, xcom=self.xcom, diagnostics=self.diagnostics)

    def _at_revision(self, name: str, paths: Sequence[str]) -> Network:
        root = self.run.search.root
        with tempfile.TemporaryDirectory(prefix="dagport-") as folder:
            top = Path(folder).resolve()
            revision(root, name).write_to(top)
            there = [str(top / _inner(root, path)) for path in paths] or [str(top)]
            existing = [path for path in there if Path(path).exists()]  # what came since then isn't there
            run = elsewhere(self.run, top)
            return self._load(run, existing) if existing else Network()


def _inner(root: Path, path: str) -> Path:
    full = Path(path).resolve()
    if not full.is_relative_to(root.resolve()):
        raise ProjectError(f"{path} lies outside the project root {root}: a revision has no such path")
    return full.relative_to(root.resolve())


def _text(found: Difference, stream: Stream) -> Iterator[str]:
    for kind, title in KINDS.items():
        if changes := found.of(kind):
            yield stream.style(title, bold=True) + "\n"
            for change in changes:
                line = clean(f"{_sign(change)} {change.text}")
                yield stream.style(line, fg="green" if change.added else "red") + "\n"
    if not found.changes:
        yield "no difference\n"


def _json(found: Difference, _: Stream) -> Iterator[str]:
    content = {
        kind: {
            "added": [change.text for change in found.of(kind) if change.added],
            "removed": [change.text for change in found.of(kind) if not change.added],
        }
        for kind in KINDS
    }
    yield json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _markdown(found: Difference, _: Stream) -> Iterator[str]:
    yield "### Lineage\n\n"
    if not found.changes:
        yield "No difference.\n"
        return
    yield "| | added | removed |\n|---|--:|--:|\n"
    for kind, title in KINDS.items():
        if found.of(kind):
            yield f"| {title} | {found.count(kind, added=True)} | {found.count(kind, added=False)} |\n"
    for kind, title in KINDS.items():
        if changes := found.of(kind):
            yield f"\n<details><summary>{title}</summary>\n\n```diff\n"
            yield from (f"{_sign(change)} {clean(change.text).replace('```', '` ` `')}\n" for change in changes[:SHOWN])
            if len(changes) > SHOWN:
                yield f"  and {len(changes) - SHOWN} more\n"
            yield "```\n\n</details>\n"


def _sign(change: Change) -> str:
    return "+" if change.added else "-"


FORMATS: Mapping[str, Callable[[Difference, Stream], Iterator[str]]] = {
    "text": _text,
    "json": _json,
    "markdown": _markdown,
}
