"""Tasks that Airflow goes on running: an asset whose body is one call; one multi-asset for those that run together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dagport.graph import Asset, Pipeline, Task
from dagport.writers.common.delegation import documentation, notes_of, results
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import Function, Settings
from dagport.writers.common.regions import CHOOSES
from dagport.writers.dagster.inputs import Inputs
from dagport.writers.dagster.scope import Scope
from dagport.writers.dagster.settings import settings_of

KEPT = ("description", "owners", "tags", "metadata")  # settings of the asset; the others are Airflow's business
WAITS = "it waits in Airflow, and its asset waits as long"
MORE: Mapping[str, str] = {
    "sensor": WAITS,
    "wait": WAITS,
    "trigger": "only an Airflow with a scheduler runs the DAG that it starts: use a RemoteAirflowResource",
}
NEED_SCHEDULER = frozenset({"trigger"})
SAID: Mapping[str, frozenset[str]] = {"airflow/chooses": CHOOSES, "airflow/needs_scheduler": NEED_SCHEDULER}
"""Metadata by which the runner's side knows what a task does besides its work."""
LATEST_ONLY = "LatestOnlyOperator"
EVERY_RUN = "it lets every run go on that no schedule of Airflow's has started, and so all that Dagster starts"
DELEGATES = ("run_in_airflow", "run_task_in_airflow")
"""What has Airflow run the tasks of assets, and that of an op."""


def why(task: Task, reason: str, scope: Scope) -> str:
    """The reason of a task, with what its reader should know besides."""
    parts = [reason]
    if task.kind in MORE:
        parts.append(MORE[task.kind])
    if task.operator.endswith(LATEST_ONLY):
        parts.append(EVERY_RUN)
    if scope.pipeline.schedule.kind == "cron" and isinstance(scope.partitions, str):
        parts.append(f"its logical date is the moment at which the run starts: {scope.partitions}")
    return "; ".join(parts)


def settings(task: Task, pipeline: Pipeline, assets: Mapping[str, Asset]) -> Settings:
    """What of a task's settings belongs to its asset: retries, timeouts and callbacks are Airflow's, as before."""
    metadata = {"airflow/dag_id": text_literal(pipeline.id), "airflow/task_id": text_literal(task.id)}
    if pipeline.engine_version not in (None, "3"):
        metadata["airflow/version"] = text_literal("2")  # it stores some results differently
    metadata |= {name: "True" for name, kinds in SAID.items() if task.kind in kinds}
    full = settings_of(task, pipeline, assets, frozenset(task.arguments), metadata)
    arguments = {name: text for name, text in full.arguments.items() if name in KEPT}
    return Settings(arguments={**arguments, "kinds": '{"airflow"}'}, notes=tuple(notes_of(task)))


def write(tasks: Sequence[Task], read: Iterable[str], name: str, doc: str, scope: Scope) -> tuple[Inputs, Function]:
    """The function of the asset, or assets, of some tasks that run together; ``read``: tasks whose results they get."""
    return _written(tasks[0], read, name, doc, scope, "run_in_airflow", ["context"], [])


def write_op(task: Task, read: Iterable[str], name: str, doc: str, scope: Scope) -> tuple[Inputs, Function]:
    """The function of an op whose task Airflow runs; ``read``: tasks whose results it gets."""
    which = ["context", text_literal(scope.pipeline.id), text_literal(task.id)]
    more = ["needs_scheduler=True"] if task.kind in NEED_SCHEDULER else []
    if scope.pipeline.engine_version not in (None, "3"):
        more.append('airflow_version="2"')
    return _written(task, read, name, doc, scope, "run_task_in_airflow", which, more)


def _written(
    task: Task,
    read: Iterable[str],
    name: str,
    doc: str,
    scope: Scope,
    function: str,
    which: Sequence[str],
    more: Sequence[str],
) -> tuple[Inputs, Function]:
    inputs = Inputs(scope, task, ())
    inputs.needs_context = True
    inputs.support[function] = None
    arguments = [*which, *results(read, inputs), *_params(inputs, scope), *more]
    head = f"def {name}({', '.join(inputs.signature())}):"
    body = [documentation(doc), f"    yield from {function}({', '.join(arguments)})"]
    return inputs, Function(text="\n".join([head, *body]))


def _params(inputs: Inputs, scope: Scope) -> list[str]:
    """The argument with the run's params, and the names of those that have another in the config."""
    fields = scope.params.fields
    if not fields:
        return []
    if scope.postponed:
        what = "the params of a run aren't handed on to Airflow: the module's annotations are texts"
        inputs.notes["DP403", what] = None
        return []
    for param in fields:
        inputs.param(param)
    renamed = {place.name: param for param, place in fields.items() if place.name != param}
    pairs = ", ".join(f"{text_literal(name)}: {text_literal(param)}" for name, param in renamed.items())
    return ["params=config", *([f"param_names={{{pairs}}}"] if renamed else [])]
