"""``dagport run``: run a legacy DAG in its own Airflow, and show each task as it happens."""

from __future__ import annotations

import json
import os
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from dagport.cli.console import ColorChoice, console
from dagport.cli.status import FINDINGS, FINE
from dagport_adapters.commands.table import view
from dagport_adapters.runners.errors import RunnerError, RunTimeoutError, WorkerDiedError
from dagport_adapters.runners.local import LocalAirflow
from dagport_adapters.runners.observing import Observer, observed
from dagport_adapters.runners.protocol import RunFinished, RunRequest


class Json(click.ParamType[dict[str, Any]]):
    """A JSON object."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        """The object of a text."""
        try:
            found = json.loads(value)
        except ValueError as error:
            self.fail(f"is no JSON: {error}", param, ctx)
        if not isinstance(found, dict):
            self.fail("is no JSON object, such as '{\"rows\": 3}'", param, ctx)
        return found


class Moment(click.ParamType[datetime]):
    """A date, or a date and a time; in UTC where it names no zone."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The date of a text."""
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no date such as 2026-03-01 or 2026-03-01T09:00:00+01:00", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


@click.command()
@click.argument("target", metavar="FILE|DAG_ID")
@click.option(
    "--airflow",
    "python",
    required=True,
    envvar="DAGPORT_AIRFLOW",
    show_envvar=True,
    metavar="PYTHON",
    help="The Python of an environment that has Airflow 2.7+ or 3.",
)
@click.option("--dag", "dag_id", metavar="ID", help="Which DAG of the file, where it has several.")
@click.option(
    "--dags",
    "folder",
    type=click.Path(exists=True, path_type=Path),
    help="Airflow's folder of DAGs. [default: the file's folder; for a DAG_ID $AIRFLOW__CORE__DAGS_FOLDER, else dags]",
)
@click.option(
    "--logical-date", type=Moment(), help="The run's logical date; a run of that date is done again. [default: now]"
)
@click.option("--run-id", help="The run's id. A run that has it is shown or taken up again, never started twice.")
@click.option("--conf", type=Json(), default="{}", help="The run's conf, which also sets its params, as a JSON object.")
@click.option(
    "--task",
    "tasks",
    multiple=True,
    metavar="ID",
    help="Run this task only (with its setup and teardown); may be given several times.",
)
@click.option("--skip-retry-delays", is_flag=True, help="Try again at once.")
@click.option("--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="Cancel the run when it takes longer.")
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="An AIRFLOW_HOME; one with an airflow.cfg is used as it is. "
    "[default: one of dagport's own, with a SQLite database]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "jsonl"]),
    default="table",
    show_default=True,
    help="A table (on a terminal; elsewhere a line for each event), or a JSON object for each event.",
)
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Whether to colour.",
)
def run(
    target: str, python: str, dag_id: str | None, folder: Path | None, form: str, color: ColorChoice, home: Path | None,
    timeout: float | None, conf: dict[str, Any], tasks: tuple[str, ...], *, skip_retry_delays: bool, **when: Any,
) -> None:  # fmt: skip
    """Run a DAG in its own Airflow and show each task as it happens.

    Nothing of Airflow needs to be running. This does run your code, with your environment variables. Exits with 0
    when Airflow's database says that the run succeeded, 1 when it failed or nobody can say, 2 when it didn't start.
    """
    file, dags = _place(target, folder)
    request = RunRequest(
        dag_id=dag_id if file else target,
        file=file,
        conf=conf,
        tasks=tasks or None,
        retry_delays="skip" if skip_retry_delays else "wait",
        **when,
    )
    out = view(form, console(color=color, quiet=False, verbose=False).out)
    observers: tuple[Observer, ...] = (out.show,)
    try:
        with LocalAirflow(python=python, dags=dags, home=home) as runner:
            status = follow(runner, request, observers, timeout)
    except (RunTimeoutError, WorkerDiedError) as error:
        click.echo(f"Error: {error}", err=True)
        status = FINDINGS
    except RunnerError as error:
        raise click.UsageError(str(error)) from None
    sys.exit(status)


def follow(
    runner: LocalAirflow, request: RunRequest, observers: tuple[Observer, ...], timeout: float | None = None
) -> int:
    """Run to the end; the exit status. Raises ``RunnerError``."""
    state = "failed"
    with closing(runner.run(request, timeout=timeout)) as events:  # type: ignore[type-var] # it is a generator
        for event in observed(events, observers):
            if isinstance(event, RunFinished):
                state = event.state
    return FINE if state == "success" else FINDINGS


def _place(target: str, folder: Path | None) -> tuple[Path | None, Path]:
    """The file, if the target is one, and the folder of DAGs."""
    path = Path(target)
    if path.is_file():
        return path.resolve(), folder or path.resolve().parent
    if path.suffix == ".py" or os.sep in target:
        raise click.UsageError(f"There is no file {target}")
    chosen = folder or Path(os.environ.get("AIRFLOW__CORE__DAGS_FOLDER") or "dags")
    if not chosen.exists():
        raise click.UsageError(
            f"There is no file {target}, and no folder {chosen} to look for a DAG {target} in: name it with --dags"
        )
    return None, chosen
