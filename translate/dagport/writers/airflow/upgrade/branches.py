"""Results of branches: Airflow 2 hands over what a branch returned, Airflow 3 doesn't where it skips tasks.

Source: ``SkipMixin.skip_all_except`` of the standard provider raises ``DownstreamTasksSkipped`` in Airflow 3, so that
nothing is returned.
"""

from __future__ import annotations

from dagport.graph import Pipeline
from dagport.writers.airflow.upgrade.file import File, Finding

KINDS = frozenset({"branch", "short_circuit"})
RESULT = "return_value"


def upgrade_branches(file: File) -> None:
    """Tell of every task that reads what a branch returned."""
    for pipeline in file.graph.pipelines:
        for upstream, downstream in sorted(_reads(pipeline)):
            task = next(item for item in pipeline.tasks if item.id == downstream)
            if task.span is None:
                continue
            message = f"it reads what {upstream!r} returned: Airflow 3 hands that over only when no task is skipped"
            file.findings.append(Finding("DP430", message, task.span, frozenset({downstream})))


def _reads(pipeline: Pipeline) -> set[tuple[str, str]]:
    branches = {task.id for task in pipeline.tasks if task.kind in KINDS}
    edges = {(edge.upstream, edge.downstream) for edge in pipeline.edges if edge.kind == "data" and edge.key == RESULT}
    flows = {(flow.upstream, flow.downstream) for flow in pipeline.data_flows if flow.key == RESULT}
    return {(upstream, downstream) for upstream, downstream in edges | flows if upstream in branches}
