"""The dependencies of the tasks of a pipeline: Empty tasks folded away, ancestors, an order to define them in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from dagport.graph import Pipeline, Task

EMPTY_OPERATORS = frozenset(
    {
        "airflow.operators.dummy_operator.DummyOperator",
        "airflow.operators.dummy.DummyOperator",
        "airflow.operators.empty.EmptyOperator",
        "airflow.providers.standard.operators.empty.EmptyOperator",
    }
)
DOES_SOMETHING = frozenset(
    {
        "pre_execute", "post_execute", "on_execute_callback", "on_success_callback", "on_failure_callback",
        "on_retry_callback", "on_skipped_callback", "sla",
    }
)  # fmt: skip
FOLD_LIMIT = 60  # direct dependencies that one folded task may leave behind


class Dependencies:
    """Which task comes directly after which, after folding."""

    def __init__(self, pipeline: Pipeline, kept: Collection[str] = ()) -> None:
        """``kept`` are tasks that aren't folded, whatever they are."""
        self.tasks = {task.id: task for task in pipeline.tasks}
        self.upstream: dict[str, dict[str, None]] = {task_id: {} for task_id in self.tasks}
        self.downstream: dict[str, dict[str, None]] = {task_id: {} for task_id in self.tasks}
        for edge in pipeline.edges:
            self._link(edge.upstream, edge.downstream)
        wanted = {*kept, *(flow.upstream for flow in pipeline.data_flows)}
        self.folded = self._fold(task for task in pipeline.tasks if task.id not in wanted)
        self.order = self._order(pipeline.tasks)
        self._ancestors: dict[str, frozenset[str]] = {}
        for task_id in self.order:
            direct = self.upstream[task_id]
            self._ancestors[task_id] = frozenset(direct).union(*(self._ancestors[item] for item in direct))

    def ancestors(self, task_id: str) -> frozenset[str]:
        """All tasks that have finished when a task starts, folded ones left out."""
        return self._ancestors[task_id]

    def _link(self, upstream: str, downstream: str) -> None:
        self.upstream[downstream][upstream] = None
        self.downstream[upstream][downstream] = None

    def _fold(self, tasks: Iterable[Task]) -> frozenset[str]:
        empty = [task.id for task in tasks if is_empty(task)]
        if len(empty) == len(self.tasks):
            return frozenset()  # something has to be left for the job to run
        return frozenset(task_id for task_id in empty if self._fold_one(task_id))

    def _fold_one(self, task_id: str) -> bool:
        before, after = self.upstream[task_id], self.downstream[task_id]
        if len(before) * len(after) > FOLD_LIMIT:
            return False
        for upstream in before:
            del self.downstream[upstream][task_id]
        for downstream in after:
            del self.upstream[downstream][task_id]
        for upstream in before:
            for downstream in after:
                self._link(upstream, downstream)
        del self.upstream[task_id], self.downstream[task_id]
        return True

    def _order(self, tasks: Iterable[Task]) -> tuple[str, ...]:
        """The tasks that are left, each after those it depends on, else as the source defines them."""
        position = {task.id: index for index, task in enumerate(tasks)}
        waiting: Mapping[str, set[str]] = {task_id: set(before) for task_id, before in self.upstream.items()}
        ready = [task_id for task_id, before in waiting.items() if not before]
        found: list[str] = []
        while ready:
            ready.sort(key=position.__getitem__, reverse=True)
            task_id = ready.pop()
            found.append(task_id)
            for downstream in self.downstream[task_id]:
                waiting[downstream].discard(task_id)
                if not waiting[downstream]:
                    ready.append(downstream)
        return tuple(found)


def is_empty(task: Task) -> bool:
    """Whether a task does nothing but order others, and does so by the rule that direct dependencies have."""
    return (
        task.operator in EMPTY_OPERATORS
        and task.trigger_rule == "all_success"
        and task.mapped is None
        and not (task.setup or task.teardown or task.outlets or task.depends_on_past or task.wait_for_downstream)
        and not any(task.arguments.get(name) for name in DOES_SOMETHING)
    )
