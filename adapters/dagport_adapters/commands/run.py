"""``dagport run``: run a legacy DAG in its own Airflow, and show each task as it happens."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from dagport.cli.command import VERBOSE
from dagport.cli.console import ColorChoice, console
from dagport.cli.moments import Moment
from dagport.cli.status import FINDINGS, FINE
from dagport_adapters.commands.choosing import Chosen, Told, airflow_options, only_dag, remote, told
from dagport_adapters.commands.table import view
from dagport_adapters.runners.errors import RunnerError, RunTimeoutError, WorkerDiedError
from dagport_adapters.runners.local import LocalAirflow
from dagport_adapters.runners.observing import Observer, observed
from dagport_adapters.runners.protocol import RunFinished, Runner, RunRequest, TaskEvent

if TYPE_CHECKING:
    from dagport_adapters.runners.remote import RemoteAirflow

NOTHING_RAN = (
    "Error: Nothing ran. Airflow calls such a run a success: the DAG has no tasks, or they begin (start_date) after "
    "the run's logical date, or end (end_date) before it. Choose another --logical-date"
)
CANCELLING = "Cancelling the run ..."  # that takes a while: its tasks get their on_kill
TERMINATED = 128 + signal.SIGTERM  # as a shell shows it
UNSURE = (RunTimeoutError, WorkerDiedError)  # they may come before the first event, of a run that began


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


@click.command()
@click.argument("target", metavar="FILE|DAG_ID")
@airflow_options
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
@VERBOSE
@click.pass_context
def run(
    ctx: click.Context, /, target: str, dag_id: str | None, folder: Path | None, form: str, color: ColorChoice,
    home: Path | None, timeout: float | None, conf: dict[str, Any], tasks: tuple[str, ...], *, skip_retry_delays: bool,
    logical_date: datetime | None, run_id: str | None, **airflow: Any,
) -> None:  # fmt: skip
    """Run a DAG in its own Airflow and show each task as it happens.

    Nothing of Airflow needs to be running. This does run your code, with your environment variables; with
    --airflow-url a live Airflow runs its own. Exits with 0 when Airflow's database says that the run succeeded, 1 when
    it failed, no task of it ran, or nobody can say, 2 when it didn't start.
    """
    chosen = Chosen.of(ctx, airflow)
    file, dags = _place(target, folder, needed=chosen.url is None)
    lineage = told(chosen, file, conf)
    request = RunRequest(
        dag_id=(dag_id or (only_dag(file) if chosen.url else None)) if file else target,
        file=None if chosen.url else file,
        conf=conf,
        tasks=tasks or None,
        retry_delays="skip" if skip_retry_delays else "wait",
        logical_date=logical_date,
        run_id=run_id,
    )
    out = view(form, console(color=color, quiet=False, verbose=False).out)
    follow = Follow(request, timeout, out.show, lineage)
    try:
        with _terminable():
            status = follow.remote(remote(chosen)) if chosen.url else follow.local(chosen.python or "", dags, home)
    except RunnerError as error:
        if not (follow.began or isinstance(error, UNSURE)):
            raise click.UsageError(str(error)) from None
        click.echo(f"Error: {error}", err=True)
        status = FINDINGS
    sys.exit(status)


@contextmanager
def _terminable() -> Iterator[None]:
    """A signal that ends this program, as CI and ``timeout`` send it, cancels the run first, as an interrupt does."""

    def end(*_: object) -> NoReturn:
        click.echo(CANCELLING, err=True)
        sys.exit(TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@dataclass
class Follow:
    """One run, followed to its end; each way gives the exit status, and raises ``RunnerError``."""

    request: RunRequest
    timeout: float | None
    show: Observer
    lineage: Told
    began: bool = False  # Airflow has the run
    has_tasks: bool = False

    def local(self, python: str, dags: Path, home: Path | None) -> int:
        """In an Airflow of our own."""
        with LocalAirflow(python=python, dags=dags, home=home) as runner:
            if self.lineage.is_on:
                from dagport_adapters.lineage import quieten  # start-up

                quieten(runner)
            return self._follow(runner, lambda: runner.airflow_version)

    def remote(self, runner: RemoteAirflow) -> int:
        """In a live Airflow."""
        with closing(runner):
            return self._follow(runner, lambda: runner.airflow_version)

    def _follow(self, runner: Runner, version: Callable[[], str | None]) -> int:
        observers: list[Observer] = [self.lineage.observer(version)] if self.lineage.is_on else []
        state = "failed"
        with (
            closing(runner.run(self.request, timeout=self.timeout)) as events,  # type: ignore[type-var] # a generator
            closing(observed(events, observers)) as shown,  # type: ignore[type-var] # as above
        ):
            try:
                for event in shown:
                    self.began = True
                    self.show(event)  # where nobody reads on, that ends the run
                    self.has_tasks = self.has_tasks or isinstance(event, TaskEvent)
                    if isinstance(event, RunFinished):
                        state = event.state
            except KeyboardInterrupt:
                click.echo(CANCELLING, err=True)
                raise
        if state == "success" and not self.has_tasks:
            click.echo(NOTHING_RAN, err=True)
        return FINE if state == "success" and self.has_tasks else FINDINGS


def _place(target: str, folder: Path | None, *, needed: bool) -> tuple[Path | None, Path]:
    """The file, if the target is one, and the folder of DAGs, which has to be there if it is ``needed``."""
    path = Path(target)
    if path.is_file():
        return path.resolve(), folder or path.resolve().parent
    if os.sep in target and path.is_dir():
        raise click.UsageError(f"{target} is a folder: name a file of it, or a DAG_ID with --dags {target}")
    if path.suffix == ".py" or os.sep in target:
        raise click.UsageError(f"There is no file {target}")
    chosen = folder or Path(os.environ.get("AIRFLOW__CORE__DAGS_FOLDER") or "dags")
    if needed and not chosen.exists():
        raise click.UsageError(
            f"There is no file {target}, and no folder {chosen} to look for a DAG {target} in: name it with --dags"
        )
    return None, chosen
