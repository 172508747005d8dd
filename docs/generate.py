"""The generated parts of the documentation: ``python -m docs.generate`` writes them, a test keeps them fresh."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from docs.outcomes import cases_tables, forms_table

from dagport.cli.app import LazyGroup, dagport
from dagport.cli.command import COMMON
from dagport.diagnostics import CATALOGUE
from dagport_lineage.catalogs.profiles import profiles

HERE = Path(__file__).parent
CLI_PAGE, DIAGNOSTICS_PAGE, LINEAGE_PAGE = HERE / "cli.md", HERE / "diagnostics.md", HERE / "lineage.md"
SEMANTICS_PAGE = HERE / "semantics.md"
BLOCK, END = "<!-- options of {} -->\n", "<!-- end -->\n"
PROFILES = "<!-- profiles -->\n"
FORMS, CASES = "<!-- forms -->\n", "<!-- cases -->\n"
ALL, FULLEST = "all", "check"  # the options that commands share are described once
AREAS = {
    "DP1": "The file can't be read",
    "DP2": "The graph isn't certain",
    "DP3": "The engine would refuse the file",
    "DP4": "What a translation can't carry",
    "DP5": "Files that are written",
}


def pages() -> dict[Path, str]:
    """The text that every page with generated parts should have."""
    return {
        CLI_PAGE: cli_page(CLI_PAGE.read_text("utf-8")),
        DIAGNOSTICS_PAGE: diagnostics_page(),
        LINEAGE_PAGE: between(LINEAGE_PAGE.read_text("utf-8"), PROFILES, profiles_table()),
        SEMANTICS_PAGE: semantics_page(SEMANTICS_PAGE.read_text("utf-8")),
    }


def semantics_page(text: str) -> str:
    """The page with the tables of forms and cases put between their marks."""
    return between(between(text, FORMS, forms_table()), CASES, cases_tables())


def profiles_table() -> str:
    """What each catalogue takes, and the rules of its profile."""
    rows = ["| `--for` | catalogue | takes | rules |\n|---|---|---|---|\n"]
    for name, profile in profiles().items():
        rules = [f"`{rule.id}` ({rule.severity}): {rule.says}" for rule in profile.rules]
        rules += ["`whole-runs` (error): wants START and an end of every run"] if profile.whole_runs else []
        rows.append(f"| `{name}` | {profile.title} | {profile.takes} | {'<br>'.join(rules)} |\n")
    return "".join(rows)


def diagnostics_page() -> str:
    """All of the catalogue."""
    parts = [
        "# Diagnostics\n\n"
        "All that dagport can say about a source. A code never changes its meaning; `dagport explain CODE` prints its\n"
        "entry. An `error` makes the exit status 1, a `warning` and an `info` don't. Generated from the catalogue in\n"
        "`translate/dagport/diagnostics.py` by `python -m docs.generate`.\n"
    ]
    for area, title in AREAS.items():
        parts.append(f"\n## {area}xx: {title}\n")
        for code, entry in CATALOGUE.items():
            if code.startswith(area):
                todo = f" **What to do:** {entry.hint}" if entry.hint else ""
                parts.append(f"\n### {code}: {entry.title}\n\n`{entry.severity}`. {entry.why}{todo}\n")
    return "".join(parts)


def cli_page(text: str) -> str:
    """The page with the options of every command put between its marks."""
    for name, context in commands(dagport.make_context("dagport", ["--help"], resilient_parsing=True)):
        command = context.command
        if name == FULLEST:
            text = with_block(text, ALL, table(command, context, common=True))
        usage = " ".join(command.collect_usage_pieces(context))
        text = with_block(text, name, f"`dagport {name} {usage}`\n{table(command, context, common=False)}")
    return text


def commands(parent: click.Context, prefix: str = "") -> Iterator[tuple[str, click.Context]]:
    """Every command of our own by the words that call it; in place of a group those that are in it."""
    group = parent.command
    if not isinstance(group, LazyGroup):
        return
    for name in group.lazy:
        command = group.get_command(parent, name)
        if command is None:
            continue
        context = click.Context(command, info_name=name, parent=parent)
        if isinstance(command, click.Group):
            yield from commands(context, f"{prefix}{name} ")
        else:
            yield prefix + name, context


def with_block(page: str, name: str, text: str) -> str:
    """The page with a text put between the marks of a name."""
    return between(page, BLOCK.format(name), text)


def between(page: str, start: str, text: str) -> str:
    """The page with a text put between a mark and the next end mark. Raises ``ValueError`` for a page without them."""
    head, mark, rest = page.partition(start)
    _, end, tail = rest.partition(END)
    if not (mark and end):
        raise ValueError(f"The page has no {start.strip()} with an {END.strip()} behind it")
    return head + mark + text + end + tail


def table(command: click.Command, context: click.Context, *, common: bool) -> str:
    """A table of the options that a command shares with others, or of its own."""
    shown = [param for param in command.params if isinstance(param, click.Option) and (param.name in COMMON) == common]
    rows = [_row(param, context) for param in shown]
    return "\n" + "".join(["| option | |\n|---|---|\n", *rows]) if rows else ""


def _row(option: click.Option, context: click.Context) -> str:
    name, text = (part.replace("|", "\\|") for part in option.get_help_record(context) or ("", ""))
    return f"| `{name}` | {' '.join(text.split())} |\n"


def main() -> None:
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
