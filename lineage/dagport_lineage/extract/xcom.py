"""Results that tasks hand over to each other, as intermediate datasets, where the user asks for them.

A result is a dataset of a rule of ours: the namespace is ``airflow-xcom://`` and the namespace of the jobs, the name is
``dag_id.task_id.key``. The task that returns or pushes it writes it, those that take it read it.
"""

from __future__ import annotations

from collections.abc import Mapping

from dagport.graph import Pipeline, Task
from dagport_lineage.model import DatasetName, Found, Gap, Read, Write
from dagport_lineage.scope import Scope

SCHEME = "airflow-xcom"
RETURNED = "return_value"


def result_dataset(dag_id: str, task_id: str, key: str, namespace: str) -> DatasetName:
    """The dataset of one result; ``namespace`` is that of the jobs."""
    return DatasetName(f"{SCHEME}://{namespace}", f"{dag_id}.{task_id}.{key}")


def handed_over(pipeline: Pipeline, scope: Scope) -> Mapping[str, Found]:
    """What each task reads and writes of results, by task id; empty unless ``scope.options.xcom``."""
    if not scope.options.xcom:
        return {}
    tasks = {task.id: task for task in pipeline.tasks}
    found: dict[str, list[Found]] = {}
    for upstream, downstream, key in _flows(pipeline):
        if upstream not in tasks or downstream not in tasks:
            continue
        dataset = result_dataset(pipeline.id, upstream, key, scope.options.namespace)
        write = Write(dataset=dataset, how="xcom", place=scope.place(tasks[upstream]))
        read = Read(dataset=dataset, how="xcom", place=scope.place(tasks[downstream]))
        found.setdefault(upstream, []).append(Found(writes=(write,)))
        found.setdefault(downstream, []).append(Found(reads=(read,)))
    for edge in pipeline.edges:
        if edge.kind == "data" and edge.conditional is not None and edge.downstream in tasks:
            gap = _doubt(edge.upstream, tasks[edge.downstream], scope)
            found.setdefault(edge.downstream, []).append(Found(gaps=(gap,)))
    return {task_id: _together(parts) for task_id, parts in sorted(found.items())}


def _flows(pipeline: Pipeline) -> list[tuple[str, str, str]]:
    """Who hands what to whom, sorted; edges that may not be there are left out."""
    doubtful = {(e.upstream, e.downstream) for e in pipeline.edges if e.kind == "data" and e.conditional is not None}
    flows = {(flow.upstream, flow.downstream, flow.key) for flow in pipeline.data_flows}
    flows |= {(e.upstream, e.downstream, e.key or RETURNED) for e in pipeline.edges if e.kind == "data"}
    return sorted(flow for flow in flows if flow[:2] not in doubtful)


def _doubt(upstream: str, task: Task, scope: Scope) -> Gap:
    message = f"whether it takes the result of the task `{upstream}` isn't known"
    return Gap(side="inputs", reason="opaque", message=message, place=scope.place(task))


def _together(parts: list[Found]) -> Found:
    """Each dataset once on each side."""
    return Found(
        reads=tuple({read.dataset: read for part in parts for read in part.reads}.values()),
        writes=tuple({write.dataset: write for part in parts for write in part.writes}.values()),
        gaps=tuple(dict.fromkeys(gap for part in parts for gap in part.gaps)),
    )
