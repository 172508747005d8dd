"""``dagport migrate``: which tasks have moved out of Airflow, moving them and rolling them back."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dagport.cli.app import LazyGroup
from dagport.cli.command import VERBOSE, SourceCommand, source_options
from dagport.cli.console import Console, Stream, clean
from dagport_adapters.migration.errors import MigrationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagport.cli.run import Run
    from dagport.diagnostics import Diagnostic
    from dagport.graph import FileGraph
    from dagport_adapters.migration.checks import Finding
    from dagport_adapters.migration.state import Estate

HERE = "dagport_adapters.commands.migrate"
COMMANDS = {
    "status": (f"{HERE}:status", "Show where each task runs."),
    "check": (f"{HERE}:check", "Check the switch file against the DAGs."),
    "move": (f"{HERE}:move", "Let a task run in Dagster or Prefect from now on."),
    "rollback": (f"{HERE}:rollback", "Let a task run in Airflow again."),
    "vendor": (f"{HERE}:vendor", "Copy what runs in Airflow into one of its folders."),
}
COLORS = {"error": "red", "loss": "yellow", "warning": "yellow"}


class MigrateGroup(LazyGroup):
    """The commands of a migration."""

    lazy = COMMANDS


@click.group(cls=MigrateGroup)
def migrate() -> None:
    """Move the tasks of Airflow DAGs to Dagster or Prefect one by one, and back.

    A switch file beside the DAGs says which have moved, one line a task. The DAG files stay as they are.
    """


SWITCH = click.option(
    "--switch",
    "switch",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The switch file. [default: $DAGPORT_SWITCH, else the nearest dagport_switch.yaml from PATH upwards]",
)
DIFF = click.option("--diff", is_flag=True, help="Show what would change, and change nothing.")


@click.command(cls=SourceCommand)
@source_options
@SWITCH
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True,
              help="Form of the output.")  # fmt: skip
@click.pass_context
def status(ctx: click.Context, paths: Sequence[str], switch: Path | None, format_: str) -> None:
    """Show where each task of the DAGs runs, and what is wrong with those that have moved."""
    run: Run = ctx.obj
    with _refusing():
        estate, file, diagnostics = _estate(run, paths, switch)
    findings = list(estate.findings())
    if format_ == "json":
        run.console.out.write(_as_json(estate, file, findings))
    else:
        for line in _table(estate, run.console.out):
            run.console.out.line(line)
        _show(findings, file, run.console.err)
    ctx.exit(run.status(diagnostics, findings=_bad(findings)))


@click.command(cls=SourceCommand)
@source_options
@SWITCH
@click.pass_context
def check(ctx: click.Context, paths: Sequence[str], switch: Path | None) -> None:
    """Check the switch file against the DAGs: exits with 1 when Airflow would refuse it."""
    run: Run = ctx.obj
    with _refusing():
        estate, file, diagnostics = _estate(run, paths, switch)
    findings = list(estate.findings())
    _show(findings, file, run.console.out)
    ctx.exit(run.status(diagnostics, findings=_bad(findings)))


@click.command(cls=SourceCommand)
@click.argument("name", metavar="DAG[.TASK]")
@source_options
@click.option("--to", "to", required=True, metavar="TARGET", help="dagster, prefect, or a target of the switch file.")
@click.option("--asset", "assets", multiple=True, metavar="KEY", help="The Dagster asset; may be given several times. "
              "[default: the one that dagport translate makes]")  # fmt: skip
@click.option("--job", metavar="NAME", help="A Dagster job in place of assets.")
@click.option("--partition", metavar="TEMPLATE", help="The Dagster partition, such as '{{ ds }}'.")
@click.option("--deployment", metavar="FLOW/NAME", help="The Prefect deployment. [default: by the target's rule]")
@click.option("--result", metavar="NAME", help="What becomes the task's result: a metadata entry of the "
              "Dagster asset, or an artifact of the Prefect flow run.")  # fmt: skip
@click.option("--set", "more", multiple=True, metavar="NAME=VALUE", help="Another setting of the operator, as JSON "
              "or a text, such as timeout=600; may be given several times.")  # fmt: skip
@click.option("--force", is_flag=True, help="Move although data or a teardown doesn't go along.")
@SWITCH
@DIFF
@click.pass_context
def move(
    ctx: click.Context, /, name: str, paths: Sequence[str], to: str, switch: Path | None, *, force: bool, diff: bool,
    **given: Any,
) -> None:  # fmt: skip
    """Let a task, or all tasks of a DAG, run in Dagster or Prefect from the next run on.

    Asks the graph first: a task that is mapped or chooses what runs after it can't move; one whose data or teardown
    would stay behind moves only with --force. Adds one line for each task; the rest of the file stays as it is.
    """
    from dagport_adapters.migration.edits import line_of, with_line
    from dagport_adapters.migration.files import read, text_of
    from dagport_adapters.migration.state import Estate

    run: Run = ctx.obj
    with _refusing():
        estate, file, diagnostics = _estate(run, paths, switch)
        before = read(file)
        text = text_of(before)
        keys = estate.resolve(name)
        left = [key for key in keys if key not in estate.moved]
        with _about(file):
            for key in left or keys:
                text = with_line(text, key, line_of(key, to, _settings(key, to, text, given)))
            after = Estate.of((), text)
    findings = [
        finding
        for key in left
        for finding in estate.findings_of(key, after.moved[key], together=[task for _, task in left])
    ]
    _show(findings, None, run.console.err)
    refused = _bad(findings) or (not force and any(item.severity == "loss" for item in findings))
    if refused:
        run.console.err.line("Nothing has moved." + ("" if _bad(findings) else " With --force it moves all the same."))
    else:
        with _refusing():
            _write(run.console, file, before, text, diff=diff)
        run.console.message(f"{_count(len(left), 'task')} of {name} {'would run' if diff else 'will run'} in {to}.")
    ctx.exit(run.status(diagnostics, findings=refused))


@click.command()
@click.argument("name", metavar="DAG[.TASK]")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@SWITCH
@DIFF
@VERBOSE
def rollback(name: str, paths: Sequence[str], switch: Path | None, *, diff: bool) -> None:
    """Let a task, or all tasks of a DAG, run in Airflow again from the next run on.

    Takes its line out of the switch file, which is looked for from PATH (else the folder dags, else here) upwards. The
    DAGs aren't read: a rollback works whatever state they are in.
    """
    from dagport.cli.console import console
    from dagport_adapters.migration.edits import without_line
    from dagport_adapters.migration.files import read, switch_file, text_of
    from dagport_adapters.migration.state import moved_tasks, tasks_named

    with _refusing():
        file = switch_file(switch, Path(paths[0] if paths else "dags" if Path("dags").is_dir() else "."))
        before = read(file)
        if before is None:
            raise MigrationError(f"There is no switch file {file}: name it with --switch")
        with _about(file):
            text = text_of(before)
            keys = tasks_named(name, moved_tasks(text), "there is no DAG or task")
            for key in keys:
                text = without_line(text, key)
        out = console(color="auto", quiet=False, verbose=False)
        _write(out, file, before, text, diff=diff)
    out.message(f"{_count(len(keys), 'task')} of {name} {'would run' if diff else 'will run'} in Airflow again.")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@VERBOSE
def vendor(folder: Path) -> None:
    """Copy what runs in Airflow into its plugins folder: the operators and the switch.

    They need Airflow 2.7+ or 3 and nothing else. Run it again after an update of dagport.
    """
    from dagport_adapters.migration.files import vendor as copied

    with _refusing():
        for path, changed in copied(folder):
            click.echo(f"{path}: {'written' if changed else 'up to date'}")


@contextmanager
def _refusing() -> Iterator[None]:
    """What the user can put right is wrong usage."""
    try:
        yield
    except MigrationError as error:
        raise click.UsageError(str(error)) from None


def _estate(run: Run, paths: Sequence[str], switch: Path | None) -> tuple[Estate, Path, list[Diagnostic]]:
    """The DAGs of the paths and the switch file; what keeps files from being read is told."""
    from dagport_adapters.migration.files import read, switch_file, text_of
    from dagport_adapters.migration.state import Estate

    file = switch_file(switch, Path(paths[0]))
    graphs: list[FileGraph] = [graph for result in run.results(paths) for graph in result.graphs]
    errors = [item for graph in graphs for item in graph.diagnostics if item.severity == "error"]
    if errors:
        from dagport.cli.reports.text import one_line

        for item in errors:
            run.console.err.line(one_line(item, run.console.err))
    before = read(file)
    with _about(file):
        return Estate.of(graphs, text_of(before)), file, errors


@contextmanager
def _about(file: Path) -> Iterator[None]:
    """Say of which file an error is."""
    try:
        yield
    except MigrationError as error:
        raise MigrationError(f"{file}: {error}") from None


def _settings(key: tuple[str, str], to: str, text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the line says besides the target, from the options."""
    from dagport_adapters.airflow.dagport_switch import engine_of
    from dagport_adapters.migration.checks import asset_key

    assets = list(given["assets"])
    settings: dict[str, Any] = {"asset": assets[0] if len(assets) == 1 else assets} if assets else {}
    if not assets and not given["job"] and engine_of(text, to) == "dagster" and asset_key(*key) != "/".join(key):
        settings["asset"] = asset_key(*key)
    settings.update({name: given[name] for name in ("job", "deployment", "partition", "result") if given[name]})
    for item in given["more"]:
        name, equals, value = item.partition("=")
        if not equals:
            raise click.UsageError(f"--set {item}: write NAME=VALUE")
        try:
            settings[name] = json.loads(value)
        except ValueError:
            settings[name] = value
    return settings


def _write(console: Console, file: Path, before: bytes | None, text: str, *, diff: bool) -> None:
    from dagport_adapters.migration.files import replace

    if not diff:
        replace(file, before, text.encode("utf-8"))
        return
    old = before.decode("utf-8").splitlines(keepends=True) if before is not None else []
    name = file.as_posix()
    for line in difflib.unified_diff(old, text.splitlines(keepends=True), name, name):
        console.out.write(clean(line) if line.endswith("\n") else clean(line) + "\n")


def _bad(findings: Iterable[Finding]) -> bool:
    return any(finding.severity == "error" for finding in findings)


def _show(findings: Iterable[Finding], file: Path | None, stream: Stream) -> None:
    for finding in findings:
        place = f"{file}:{finding.line}: " if file and finding.line else ""
        label = stream.style(finding.severity, fg=COLORS[finding.severity])
        stream.line(clean(f"{place}{finding.where}: ") + label + clean(f": {finding.message}"))


def _table(estate: Estate, stream: Stream) -> Iterator[str]:
    """The tasks by DAG, and a line of totals."""
    rows = list(estate.rows())
    width = max((len(row.task_id) for row in rows), default=0)
    homes = max((len(row.target or "airflow") for row in rows), default=0)
    last = None
    for row in rows:
        if row.dag_id != last:
            yield clean(f"{row.dag_id}  ({row.path})")
            last = row.dag_id
        home = clean(f"{row.target or 'airflow':{homes}}")
        shown = stream.style(home, fg="green") if row.target else home
        yield (clean(f"  {row.task_id:{width}}  ") + shown + clean(f"  {row.runs or ''}")).rstrip()
    moved = [row for row in rows if row.target]
    yield f"{len(moved)} of {_count(len(rows), 'task')} moved"


def _as_json(estate: Estate, file: Path, findings: Iterable[Finding]) -> str:
    tasks = [
        {"dag": row.dag_id, "task": row.task_id, "path": row.path, "runs_in": row.engine or "airflow",
         "target": row.target, "runs": row.runs}
        for row in estate.rows()
    ]  # fmt: skip
    found = [
        {"severity": item.severity, "dag": item.dag_id, "task": item.task_id, "message": item.message,
         "line": item.line}
        for item in findings
    ]  # fmt: skip
    answer = {"schema_version": 1, "switch": file.as_posix(), "tasks": tasks, "findings": found}
    return json.dumps(answer, indent=2, ensure_ascii=False) + "\n"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
