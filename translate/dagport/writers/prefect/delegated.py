"""Tasks that Airflow goes on running: a task whose body is one call; of a region, a task that runs all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from dagport.graph import Asset, Pipeline, Task
from dagport.writers.common.delegation import documentation, notes_of, results
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import Function, Settings
from dagport.writers.common.regions import CHOOSES
from dagport.writers.prefect.inputs import Inputs
from dagport.writers.prefect.scope import Scope
from dagport.writers.prefect.settings import settings_of

KEPT = ("description", "tags", "assets", "asset_deps")  # the others are Airflow's business
AIRFLOW_TAG = "airflow"
WAITS = "it waits in Airflow, and its task waits as long"
MORE: Mapping[str, str] = {
    "sensor": WAITS,
    "wait": WAITS,
    "trigger": "only an Airflow with a scheduler runs the DAG that it starts: use a RemoteAirflow",
}


def why(task: Task, reason: str, scope: Scope) -> str:
    """The reason of a task, with what its reader should know besides."""
    parts = [reason]
    if task.kind in MORE:
        parts.append(MORE[task.kind])
    if scope.pipeline.schedule.kind == "cron" and isinstance(scope.dates, str):
        parts.append(f"its logical date is the moment for which the flow run is scheduled: {scope.dates}")
    return "; ".join(parts)


def settings(task: Task, pipeline: Pipeline, assets: Mapping[str, Asset]) -> Settings:
    """What of a task's settings belongs to its Prefect task: retries, timeouts and callbacks are Airflow's."""
    full = settings_of(task, pipeline, assets, frozenset(task.arguments))
    arguments = {name: text for name, text in full.arguments.items() if name in KEPT}
    tags = arguments.get("tags", "[]").removesuffix("]")
    arguments["tags"] = f"{tags}{', ' if tags != '[' else ''}{text_literal(AIRFLOW_TAG)}]"
    return Settings(arguments=arguments, notes=tuple(notes_of(task)))


def write(tasks: Sequence[Task], read: Iterable[str], name: str, reason: str, scope: Scope) -> tuple[Inputs, Function]:
    """The function that runs a task, or those of a region; ``read``: tasks whose results they get."""
    inputs = scope.inputs(tasks[0])
    several = len(tasks) > 1
    inputs.support["run_region_in_airflow" if several else "run_in_airflow"] = None
    arguments = [text_literal(scope.pipeline.id)]
    ids = [text_literal(task.id) for task in tasks]
    arguments += [f"[{', '.join(ids)}]"] if several else ids
    arguments += [*results(read, inputs), *_of_run(inputs, scope), *_said(tasks, scope.pipeline)]
    call = f"{'run_region_in_airflow' if several else 'run_in_airflow'}({', '.join(arguments)})"
    doc = f"Airflow runs these {len(tasks)} tasks together." if several else f"Airflow runs this task: {reason}."
    return inputs, _function(name, inputs.signature(), doc, f"return {call}")


def write_member(task: Task, reason: str, scope: Scope) -> tuple[Inputs, Function]:
    """The function of a task of a region: it ends as Airflow has told, with the results of the task."""
    inputs = scope.inputs(task)
    inputs.support["end_as_in_airflow"] = None
    doc = f"Airflow runs this task with others: {reason}."
    body = f"return end_as_in_airflow(region, {text_literal(task.id)})"
    return inputs, _function(scope.names[task.id].function, ["region"], doc, body)


def _function(name: str, signature: Sequence[str], doc: str, body: str) -> Function:
    head = f"def {name}({', '.join(signature)}):"
    lines = [head, documentation(doc), f"    {body}"]
    return Function(text="\n".join(lines), documented=True)


def _said(tasks: Sequence[Task], pipeline: Pipeline) -> Iterator[str]:
    """What a runner has to know of the tasks."""
    choosers = [text_literal(task.id) for task in tasks if task.kind in CHOOSES]
    if choosers:
        yield f"choosers=[{', '.join(choosers)}]"
    if any(task.kind == "trigger" for task in tasks):
        yield "needs_scheduler=True"
    if pipeline.engine_version not in (None, "3"):
        yield 'airflow_version="2"'  # it stores some results differently


def _of_run(inputs: Inputs, scope: Scope) -> Iterator[str]:
    """The arguments with the run's params and dates."""
    fields = scope.params.fields
    if fields:
        pairs = ", ".join(f"{text_literal(param)}: {inputs.param(param)}" for param in fields)
        yield f"params={{{pairs}}}"
    yield f"logical_date={inputs.from_flow('logical_date')}"
    if not isinstance(scope.dates, str) and scope.dates.rule is not None:
        start, end = inputs.from_flow("data_interval_start"), inputs.from_flow("data_interval_end")
        yield f"data_interval=({start}, {end})"
