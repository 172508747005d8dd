"""Whether two pipelines have the same tasks, edges, groups and flows of data."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain

from dagport.graph import Pipeline, Task
from dagport.values import Call, Template, Value, XCom
from dagport.verify.model import Difference, shown
from dagport.writers.airflow.upgrade.keys import LOST, REPLACED

SETTINGS = {
    "kind": "kind", "trigger_rule": "trigger rule", "retries": "retries", "retry_delay_s": "retry delay",
    "retry_exponential_backoff": "exponential backoff", "execution_timeout_s": "execution timeout", "pool": "pool",
    "pool_slots": "pool slots", "queue": "queue", "priority_weight": "priority", "depends_on_past": "depends_on_past",
    "wait_for_downstream": "wait_for_downstream", "setup": "setup", "teardown": "teardown", "group": "group",
    "inlets": "inlets", "outlets": "outlets",
}  # fmt: skip
OF_DAG = {"max_active_runs": "max_active_runs", "max_active_tasks": "max_active_tasks",
          "dagrun_timeout_s": "dagrun_timeout", "params": "params", "tags": "tags"}  # fmt: skip

OF_VERSION = frozenset({*REPLACED, *LOST, "triggering_asset_events", "dag_run", "ti", "task_instance"})
"""Names in templates that not every version of Airflow has, or whose attributes have other names there."""


def structure(before: Pipeline, after: Pipeline, manual: Collection[str] = ()) -> tuple[list[Difference], int]:
    """What differs, and how many things were compared. Tasks of ``manual`` were refused, and are left out."""
    old, new = ({task.id: task for task in side.tasks if task.id not in manual} for side in (before, after))
    same_version = before.engine_version == after.engine_version
    found = list(_tasks(old, new))
    for task_id in sorted(old.keys() & new.keys()):
        found += _arguments(old[task_id], new[task_id], templates=same_version)
    found += _set("the edge", _edges(before, manual), _edges(after, manual))
    found += _set("the group", _groups(before), _groups(after))
    inputs = {key: (_inputs(old[key]), _inputs(new[key])) for key in old if key in new}
    for task_id, (first, second) in inputs.items():
        found += _mapping(task_id, first, second)
    found += _set("the flow of data", _flows(before, manual), _flows(after, manual))
    for name, said in OF_DAG.items():
        old_value, new_value = plain(getattr(before, name)), plain(getattr(after, name))
        if old_value != new_value:
            found.append(Difference(message=_changed(said, old_value, new_value)))
    return found, len(old) + len(before.edges) + len(before.data_flows) + sum(len(one) for one, _ in inputs.values())


def _tasks(old: Mapping[str, Task], new: Mapping[str, Task]) -> Iterator[Difference]:
    for task_id in old:
        if task_id not in new:
            yield Difference(task=task_id, message="the task is missing")
            continue
        for name, said in SETTINGS.items():
            first, second = getattr(old[task_id], name), getattr(new[task_id], name)
            if first != second:
                yield Difference(task=task_id, message=_changed(said, first, second))
        first, second = _called(old[task_id]), _called(new[task_id])
        if first != second:
            yield Difference(task=task_id, message=_changed("function", first, second))
        if (old[task_id].mapped is None) != (new[task_id].mapped is None):
            yield Difference(task=task_id, message="only one of the two is mapped")
    for task_id in new:
        if task_id not in old:
            yield Difference(task=task_id, message="the task isn't in the source")


def _arguments(old: Task, new: Task, *, templates: bool) -> Iterator[Difference]:
    """The arguments that both have, where they are written out; a name that only one has may be new for another.

    ``templates``: whether all of them have to be the same texts, as they have in one version of Airflow.
    """
    first, second = ({**(task.mapped.over if task.mapped else {}), **task.arguments} for task in (old, new))
    for name in sorted(first.keys() & second.keys()):
        for one, other in _unlike(first[name], second[name], templates):
            yield Difference(task=old.id, message=_changed(f"the argument `{name}`", one, other))


def _unlike(old: Value, new: Value, templates: bool) -> Iterator[tuple[Value, Value]]:
    """The constants and templates in two values that aren't the same, where the values have the same shape."""
    if isinstance(old, Mapping) and isinstance(new, Mapping) and old.keys() == new.keys():
        yield from chain.from_iterable(_unlike(old[name], new[name], templates) for name in old)
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple) and len(old) == len(new):
        yield from chain.from_iterable(_unlike(one, other, templates) for one, other in zip(old, new, strict=True))
    elif isinstance(old, Template) and isinstance(new, Template):
        if old.text != new.text and (templates or not _is_of_version(old)):
            yield old.text, new.text
    elif _is_constant(old) and _is_constant(new) and old != new:
        yield old, new


def _is_of_version(template: Template) -> bool:
    """Whether a move to another version of Airflow may change a template."""
    return any(ref.partition(".")[0] in OF_VERSION for ref in template.refs)


def _is_constant(value: Value) -> bool:
    """Whether a value is written out: no template, result, reference or code is in it."""
    if isinstance(value, Mapping):
        return all(map(_is_constant, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_constant, value))
    return value is None or isinstance(value, str | int | float | bool)


def _called(task: Task) -> str | None:
    return task.callable.name if task.callable else None


def _edges(pipeline: Pipeline, manual: Collection[str]) -> set[str]:
    return {
        f"{edge.upstream} >> {edge.downstream}"
        for edge in pipeline.edges
        if edge.upstream not in manual and edge.downstream not in manual
    }


def _flows(pipeline: Pipeline, manual: Collection[str]) -> set[str]:
    return {
        f"{flow.upstream}[{flow.key!r}] to {flow.downstream}"
        for flow in pipeline.data_flows
        if flow.upstream not in manual and flow.downstream not in manual
    }


def _groups(pipeline: Pipeline) -> set[str]:
    return {f"{group.id} in {group.parent}" if group.parent else group.id for group in pipeline.groups}


def _inputs(task: Task) -> dict[str, str]:
    """For each place in a task's arguments the result that it takes: two that are swapped show."""
    found: dict[str, str] = {}
    values: list[tuple[str, Value]] = list(task.arguments.items())
    values += task.mapped.over.items() if task.mapped else ()
    while values:
        place, value = values.pop()
        if isinstance(value, XCom):
            found[place] = f"{value.task_id}[{value.key!r}]"
        elif isinstance(value, Template):
            taken = [ref.removeprefix("xcom:") for ref in value.refs if ref.startswith("xcom:")]
            found |= {place: ", ".join(taken)} if taken else {}
        elif isinstance(value, Call):
            values += [(f"{place}.{index}", item) for index, item in enumerate(value.args)]
            values += [(f"{place}.{name}", item) for name, item in value.kwargs.items()]
        elif isinstance(value, Mapping):
            values += [(f"{place}.{name}", item) for name, item in value.items()]
        elif isinstance(value, Sequence) and not isinstance(value, str):
            values += [(f"{place}.{index}", item) for index, item in enumerate(value)]
    return found


def _mapping(task_id: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Difference]:
    for place in sorted(old.keys() | new.keys()):
        if old.get(place) != new.get(place):
            message = _changed(f"the input `{place}`", old.get(place), new.get(place))
            yield Difference(task=task_id, message=message)


def _set(what: str, old: set[str], new: set[str]) -> Iterator[Difference]:
    for item in sorted(old - new):
        yield Difference(message=f"{what} {item} is missing")
    for item in sorted(new - old):
        yield Difference(message=f"{what} {item} isn't in the source")


def plain(value: Value) -> Value:
    """A value with the classes in it by their own names: their modules move from version to version."""
    if isinstance(value, Call):
        return Call(
            value.name.rpartition(".")[2],
            tuple(map(plain, value.args)),
            {k: plain(v) for k, v in value.kwargs.items()},
        )
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def _changed(what: str, old: object, new: object) -> str:
    return f"{what}: {shown(old)} in the source, {shown(new)} in the target"
