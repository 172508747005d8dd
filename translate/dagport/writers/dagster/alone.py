"""Which tasks Airflow can run alone, as one op of a graph whose other tasks are Dagster's.

Dagster knows how the tasks before it have ended, and its end is all that Airflow tells of it: where others ask for more
than that, the whole graph is Airflow's.
"""

from __future__ import annotations

from collections.abc import Collection

from dagport.graph import Task
from dagport.writers.common.delegation import is_opaque
from dagport.writers.common.regions import CHOOSES
from dagport.writers.dagster.scope import Scope


def can_run_alone(tasks: Collection[str], scope: Scope) -> bool:
    """Whether Airflow can run each of some tasks of a graph alone."""
    return all(why_not(scope.dependencies.tasks[one], scope) is None for one in tasks)


def why_not(task: Task, scope: Scope) -> str | None:
    """What keeps Airflow from running a task alone."""
    found = scope.graphs.control[task.id]
    tasks = scope.dependencies.tasks
    if task.mapped is not None or found.group is not None:
        return "it is mapped"
    if task.kind in CHOOSES or found.skips:
        return "it decides which tasks run next"
    # Airflow adds the setups of a task, and their teardowns, to the tasks that it is asked for.
    if task.teardown or any(tasks[one].setup for one in (task.id, *scope.dependencies.ancestors(task.id))):
        return "it has a setup"
    inputs = scope.inputs(task)
    for one in read_by(task, scope):
        if scope.graphs.is_several(tasks[one], task):
            return f"it may read the results of all instances of {one!r}"
        if not inputs.is_kept(tasks[one]):
            return f"it reads the result of {one!r}, which Airflow 3 keeps only where that skips nothing"
    return None


def read_by(task: Task, scope: Scope) -> list[str]:
    """The tasks whose results one may read: where its code can't be seen, all before it of which Airflow keeps any."""
    pipeline, before = scope.pipeline, scope.dependencies.ancestors(task.id)
    known = [(edge.upstream, edge.downstream) for edge in pipeline.edges if edge.kind == "data"]
    known += [(flow.upstream, flow.downstream) for flow in pipeline.data_flows]
    read = {upstream for upstream, downstream in known if downstream == task.id}
    if is_opaque(task, scope):
        inputs = scope.inputs(task)
        read |= {one for one in before if inputs.is_kept(scope.dependencies.tasks[one])}
    return [one for one in scope.dependencies.order if one in before and one in read]
