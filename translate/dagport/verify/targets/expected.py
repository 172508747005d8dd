"""What a target has to have of each task, by the source alone: without a writer's help."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from dagport.graph import Pipeline, Task
from dagport.values import Call, Template, Value, XCom

RESULT = "return_value"


class Order:
    """Which task comes after which, where some have been folded into their neighbours."""

    def __init__(self, pipeline: Pipeline, folded: Collection[str], silent: Collection[str] = ()) -> None:
        """``silent`` are tasks whose result is nothing: whoever reads it gets nothing, and needs no hand-over."""
        self.direct: dict[str, set[str]] = {task.id: set() for task in pipeline.tasks}
        for edge in pipeline.edges:
            self.direct[edge.downstream].add(edge.upstream)
        for name in folded:
            before = self.direct.pop(name, set())
            for others in self.direct.values():
                if name in others:
                    others.remove(name)
                    others |= before
        self.flows = flows_of(pipeline, silent)

    def before(self, task_id: str) -> set[str]:
        """All tasks before one."""
        found: set[str] = set()
        waiting = list(self.direct.get(task_id, ()))
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += self.direct.get(one, ())
        return found


def flows_of(pipeline: Pipeline, silent: Collection[str] = ()) -> dict[str, set[str]]:
    """The tasks whose results each task reads."""
    found: dict[str, set[str]] = {task.id: set() for task in pipeline.tasks}
    for upstream, downstream, key in _flows(pipeline):
        if not (upstream in silent and key in (None, RESULT)):
            found[downstream].add(upstream)
    return found


def _flows(pipeline: Pipeline) -> Iterator[tuple[str, str, str | None]]:
    for edge in pipeline.edges:
        if edge.kind == "data":
            yield edge.upstream, edge.downstream, edge.key
    for flow in pipeline.data_flows:
        yield flow.upstream, flow.downstream, flow.key
    for task in pipeline.tasks:
        for upstream, key in _results(task):
            yield upstream, task.id, key


def _results(task: Task) -> Iterator[tuple[str, str | None]]:
    values: list[Value] = [*task.arguments.values(), *(task.mapped.over.values() if task.mapped else ())]
    while values:
        value = values.pop()
        if isinstance(value, XCom):
            yield value.task_id, value.key
        elif isinstance(value, Template):
            for ref in value.refs:
                if ref.startswith("xcom:"):
                    name, _, key = ref.removeprefix("xcom:").rpartition(".")
                    yield name, key
        elif isinstance(value, Call):
            values += [*value.args, *value.kwargs.values()]
        elif isinstance(value, Mapping):
            values += value.values()
        elif isinstance(value, list | tuple):
            values += value
