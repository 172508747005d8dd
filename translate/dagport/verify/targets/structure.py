"""Whether a target's code has the tasks, edges, rules, flows of data and settings of its source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from dagport.graph import Pipeline, Task
from dagport.verify.model import Difference, shown
from dagport.verify.targets.expected import Order
from dagport.verify.targets.model import Report, TargetPipeline, Unit

DEFAULT_DELAY = 300.0  # seconds; `default_task_retry_delay`
BESIDE = {
    "after": "edges", "pool": "pool", "priority": "priority", "exponential": "exponential backoff",
    "optional": "whether it may be skipped", "takes": "inputs", "expansion": "what it is mapped over",
    "gate": "what decides about it", "settings": "settings", "together": "what it runs together with",
}  # fmt: skip
"""What the source's graph doesn't say, or not in these terms: compared with what the writer makes of it."""


@dataclass(slots=True)
class Findings:
    """What a comparison finds."""

    differences: list[Difference] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    compared: int = 0


def structure(
    source: Pipeline, target: TargetPipeline, reference: TargetPipeline | None, report: Report,
    silent: Collection[str] = (),
) -> Findings:  # fmt: skip
    """What differs from the source, and, for what the source's graph doesn't say, from what the writer makes of it."""
    found = Findings(unknown=list(target.doubts))
    order = Order(source, report.folded, silent)
    for task in source.tasks:
        if task.id in report.folded or report.fidelities.get(task.id) == "manual":
            continue
        unit = target.units.get(task.id)
        if unit is None and target.doubts:
            continue  # it may be in what isn't understood
        if unit is None:
            found.differences.append(Difference(task=task.id, message="the task is missing"))
            continue
        beside = {one.id for one in target.units.values() if unit.together and one.together == unit.together}
        told = [*_edges(task, unit, order, beside - {task.id}), *_flow(task, unit, order), *_settings(task, unit)]
        found.differences += (Difference(task=task.id, message=message) for message in told)
        found.compared += 1 + len(order.direct[task.id]) + len(order.flows[task.id])
        other = reference.units.get(task.id) if reference else None
        if other is not None:
            _beside(unit, other, found)
    known = {task.id for task in source.tasks}
    for name, unit in target.units.items():
        if name not in known:
            found.differences.append(Difference(task=name, message=f"{unit.place}: the task isn't in the source"))
    found.differences += _groups(source, target)
    return found


def _edges(task: Task, unit: Unit, order: Order, beside: set[str]) -> Iterator[str]:
    wanted, above = order.direct[task.id], order.before(task.id)
    if beside and not beside & unit.after:
        # The target says nothing of the order within what Airflow runs together, and needn't.
        wanted = wanted - beside
        above = above.union(*(order.before(one) for one in beside))
    for one in sorted(wanted - unit.after):
        yield f"the edge from {one} is missing ({unit.place})"
    for one in sorted(unit.after - above - order.flows[task.id]):
        yield f"the edge from {one} isn't in the source ({unit.place})"
    if unit.how == "gated":
        for one in sorted((unit.after & above) - wanted - order.flows[task.id]):
            yield f"its rule looks at {one}, which isn't directly before it in the source ({unit.place})"


def _flow(task: Task, unit: Unit, order: Order) -> Iterator[str]:
    if unit.how == "delegated":
        return
    taken = set(unit.takes.values())
    for one in sorted(order.flows[task.id] - taken):
        yield f"the result of {one} isn't handed to it ({unit.place})"
    for one in sorted(taken - order.flows[task.id]):
        yield f"the result of {one} is handed to it, which the source doesn't do ({unit.place})"


def _settings(task: Task, unit: Unit) -> Iterator[str]:
    if unit.how == "delegated":
        return
    if task.trigger_rule != unit.rule and unit.after:
        yield _changed("trigger rule", task.trigger_rule, unit.rule)
    retries = int(task.retries or 0)
    if retries != unit.retries:
        yield _changed("retries", retries, unit.retries)
    elif retries:
        delay = DEFAULT_DELAY if task.retry_delay_s is None else float(task.retry_delay_s)
        if delay != unit.retry_delay_s:
            yield _changed("retry delay", delay, unit.retry_delay_s)
    if (task.mapped is not None) != unit.mapped:
        yield "only one of the two is mapped"
    if unit.how == "gated" and task.setup != unit.setup:
        yield _changed("setup", task.setup, unit.setup)


def _beside(unit: Unit, other: Unit, found: Findings) -> None:
    """What isn't as the writer makes it of the same source."""
    if unit.how != other.how:
        found.unknown.append(f"{unit.place}: {unit.id} is {unit.how}, and dagport writes it {other.how}")
        return
    for name, said in BESIDE.items():
        first, second = getattr(other, name), getattr(unit, name)
        if first != second and not (name in ("takes", "together") and _as_sets(first) == _as_sets(second)):
            found.differences.append(Difference(task=unit.id, message=_changed(said, first, second)))
    if unit.body == other.body:
        return
    if unit.reads != other.reads:
        message = _changed("results that its function reads", other.reads, unit.reads)
        found.differences.append(Difference(task=unit.id, message=message))
    else:
        found.unknown.append(
            f"{unit.place}: the function of {unit.id} isn't as dagport writes it: only a run can show that it does the "
            "same"
        )


def unlike_runs(written: TargetPipeline, found: TargetPipeline) -> Iterator[Difference]:
    """What decides about a run as a whole, and isn't as the writer makes it of the same source."""
    first, second = ({*one.settings} for one in (written, found))
    for name, text in sorted(second - first):
        yield Difference(message=f"{name}: {text}, which dagport doesn't write")
    for name, text in sorted(first - second):
        if name not in {one for one, _ in second - first}:
            yield Difference(message=f"{name}: {text} is missing")
    if written.returns is not None and {*written.returns} != {*(found.returns or ())}:
        yield Difference(message=_changed("tasks that decide about the run", written.returns, found.returns))


def _as_sets(value: object) -> object:
    """Inputs by what they are, since their names may change; what runs together has a name of no account."""
    return sorted(value.values()) if isinstance(value, Mapping) else value is None


def _groups(source: Pipeline, target: TargetPipeline) -> Iterator[Difference]:
    """Tasks share a group on both sides, or on none."""
    places: dict[str | None, set[str | None]] = defaultdict(set)
    for task in source.tasks:
        unit = target.units.get(task.id)
        if unit is not None and unit.group is not None:
            places[task.group].add(unit.group)
    seen: dict[str | None, str | None] = {}
    for group, others in places.items():
        if len(others) > 1:
            message = f"the group {group or 'of the DAG'} is in several groups: {', '.join(sorted(map(str, others)))}"
            yield Difference(message=message)
        for one in others:
            if one in seen:
                yield Difference(message=f"the groups {seen[one]} and {group} are one group, {one}")
            seen[one] = group


def _changed(what: str, old: object, new: object) -> str:
    return f"{what}: {shown(old)} in the source, {shown(new)} in the target"
