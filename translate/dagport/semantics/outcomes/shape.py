"""A pipeline as the model looks at it: numbered tasks with what decides about them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from dagport.graph import Pipeline, Task
from dagport.semantics.outcomes.rules import Rule, Version, rule_of
from dagport.values import Call, Value, XCom

MAPPED_ARGUMENT = "MappedArgument"  # what the tasks of a mapped group take in place of an item
LATEST_ONLY = "LatestOnlyOperator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One task. Other tasks are numbers: positions in ``Shape.nodes``."""

    id: str
    rule: Rule
    rule_name: str
    upstream: tuple[int, ...]
    downstream: tuple[int, ...]
    all_downstream: frozenset[int]  # direct and indirect
    setups: tuple[int, ...]  # relevant setups that aren't direct upstreams
    scope: tuple[int, ...]  # of a teardown: what else has to have finished
    producers: tuple[int, ...]  # whose results it is mapped over
    mapped: bool
    literal_length: int | None
    group: str | None  # the mapped group that it lies in
    setup: bool
    teardown: bool
    branch: bool
    short_circuit: bool
    latest_only: bool
    ignores_rules: bool  # short circuit: everything downstream is skipped, whatever its rule
    soft_fail: bool
    never_fail: bool
    retries: int
    past: bool
    past_downstream: bool
    weight: int  # the heavier runs first


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """All tasks of a pipeline."""

    version: Version
    nodes: tuple[Node, ...]
    number: Mapping[str, int]
    order: tuple[int, ...]  # upstreams first
    leaves: tuple[int, ...]  # that decide about the run
    watchers: tuple[tuple[int, ...], ...]  # who may be decided anew when one changes
    roots: Mapping[str, tuple[str, ...]]  # of each group

    @classmethod
    def of(cls, pipeline: Pipeline, version: Version, mapped_groups: Collection[str] = ()) -> Shape:
        """The shape of a pipeline.

        Raises ``CycleError`` for tasks that wait for each other and ``UnknownRuleError`` for a rule that this version
        refuses.
        """
        return _Builder(pipeline, version, frozenset(mapped_groups)).shape()


class CycleError(ValueError):
    """Tasks that wait for each other."""


class _Builder:
    def __init__(self, pipeline: Pipeline, version: Version, mapped_groups: frozenset[str]) -> None:
        self.tasks, self.version, self.mapped_groups = pipeline.tasks, version, mapped_groups
        self.parents = {group.id: group.parent for group in pipeline.groups}
        self.number = {task.id: number for number, task in enumerate(self.tasks)}
        self.up: list[list[int]] = [[] for _ in self.tasks]
        self.down: list[list[int]] = [[] for _ in self.tasks]
        for edge in dict.fromkeys((edge.upstream, edge.downstream) for edge in pipeline.edges):
            upstream, downstream = self.number[edge[0]], self.number[edge[1]]
            self.up[downstream].append(upstream)
            self.down[upstream].append(downstream)
        self.order = self.sorted()
        self.below, self.above = self.closure(self.down, reversed(self.order)), self.closure(self.up, self.order)

    def sorted(self) -> list[int]:
        """Upstreams first."""
        waiting = [len(upstream) for upstream in self.up]
        order = [number for number, count in enumerate(waiting) if not count]
        for number in order:  # grows
            for downstream in self.down[number]:
                waiting[downstream] -= 1
                if not waiting[downstream]:
                    order.append(downstream)
        if len(order) < len(self.tasks):
            raise CycleError(f"The tasks {[task.id for task, count in zip(self.tasks, waiting, strict=True) if count]}")
        return order

    def closure(self, relatives: list[list[int]], order: Iterator[int] | list[int]) -> list[frozenset[int]]:
        """All relatives in one direction, the direct ones too."""
        found: list[frozenset[int]] = [frozenset()] * len(self.tasks)
        for number in order:
            found[number] = frozenset(relatives[number]).union(*(found[one] for one in relatives[number]))
        return found

    def shape(self) -> Shape:
        nodes = tuple(self.node(number, task) for number, task in enumerate(self.tasks))
        watchers: list[dict[int, None]] = [dict.fromkeys(node.downstream) for node in nodes]
        for number, node in enumerate(nodes):
            for seen in (*node.setups, *node.scope, *node.producers):
                watchers[seen][number] = None
        return Shape(
            version=self.version,
            nodes=nodes,
            number=self.number,
            order=tuple(self.order),
            leaves=self.leaves(),
            watchers=tuple(map(tuple, watchers)),
            roots={group: self.roots(group) for group in self.parents},
        )

    def node(self, number: int, task: Task) -> Node:
        rule_name = "all_done_setup_success" if task.teardown else task.trigger_rule
        soft = task.kind == "sensor" and task.arguments.get("soft_fail") is True
        return Node(
            id=task.id,
            rule=rule_of(rule_name, self.version),
            rule_name=rule_name,
            upstream=tuple(self.up[number]),
            downstream=tuple(self.down[number]),
            all_downstream=self.below[number],
            setups=() if task.teardown else self.setups(number),
            scope=self.scope(number) if task.teardown and self.version == "3" else (),
            producers=self.producers(task),
            mapped=task.mapped is not None,
            literal_length=task.mapped.literal_length if task.mapped else None,
            group=next((group for group in self.groups(task) if group in self.mapped_groups), None),
            setup=task.setup,
            teardown=task.teardown,
            branch=task.kind == "branch",
            short_circuit=task.kind == "short_circuit",
            latest_only=task.operator.endswith(LATEST_ONLY),
            ignores_rules=task.arguments.get("ignore_downstream_trigger_rules", True) is True,
            soft_fail=soft,
            never_fail=task.kind == "sensor" and task.arguments.get("never_fail") is True,
            retries=int(task.retries or 0),
            past=bool(task.depends_on_past or task.wait_for_downstream),
            past_downstream=bool(task.wait_for_downstream),
            weight=sum(int(self.tasks[one].priority_weight or 1) for one in (number, *self.below[number])),
        )

    def setups(self, number: int) -> tuple[int, ...]:
        """Setups above it without a teardown, or with one below it (``get_upstreams_only_setups``)."""
        found = []
        for one in sorted(self.above[number].difference(self.up[number])):
            teardowns = {below for below in self.down[one] if self.tasks[below].teardown}
            if self.tasks[one].setup and (not teardowns or teardowns & self.below[number]):
                found.append(one)
        return tuple(found)

    def scope(self, number: int) -> tuple[int, ...]:
        """Tasks between its setups and a teardown (``_evaluate_teardown_scope``, Airflow 3)."""
        setups = [one for one in self.up[number] if self.tasks[one].setup]
        between = frozenset[int]().union(*(self.below[one] for one in setups))
        return tuple(sorted(between & self.above[number].difference(self.up[number])))

    def producers(self, task: Task) -> tuple[int, ...]:
        """Tasks whose results it, or the mapped group that it lies in, is mapped over."""
        values: list[Value] = list(task.mapped.over.values()) if task.mapped else []
        group = next((group for group in self.groups(task) if group in self.mapped_groups), None)
        for other in self.tasks if group else ():
            if group is not None and group in self.groups(other):
                values += [call for call in calls_in(list(other.arguments.values())) if is_mapped_argument(call)]
        return tuple(dict.fromkeys(self.number[one] for one in xcoms_in(values) if one in self.number))

    def groups(self, task: Task) -> Iterator[str]:
        """The groups that a task lies in, the innermost first."""
        group = task.group
        while group is not None:
            yield group
            group = self.parents.get(group)

    def roots(self, group: str) -> tuple[str, ...]:
        """The tasks of a group that wait for none of it (``TaskGroup.roots``)."""
        inside = {number for number, task in enumerate(self.tasks) if group in self.groups(task)}
        return tuple(self.tasks[number].id for number in sorted(inside) if not inside.intersection(self.up[number]))

    def leaves(self) -> tuple[int, ...]:
        """The tasks that decide about the run (``DagRun._tis_for_dagrun_state``)."""
        counted = [not task.teardown or fails_run(task) for task in self.tasks]
        leaves = [one for one, is_in in enumerate(counted) if is_in and not any(counted[d] for d in self.down[one])]
        return tuple(leaves or [one for one in range(len(self.tasks)) if not self.down[one]])


def fails_run(task: Task) -> bool:
    """Whether a teardown that fails makes the run fail."""
    return task.arguments.get("on_failure_fail_dagrun") is True


def is_mapped_argument(call: Call) -> bool:
    """Whether a call stands for the item that a task of a mapped group gets."""
    return call.name.rpartition(".")[2] == MAPPED_ARGUMENT


def calls_in(value: Value) -> Iterator[Call]:
    """Every call inside a value."""
    if isinstance(value, Call):
        yield value
        value = [*value.args, *value.kwargs.values()]
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from calls_in(item)


def xcoms_in(value: Value) -> Iterator[str]:
    """The ids of the tasks whose results are inside a value."""
    if isinstance(value, XCom):
        yield value.task_id
    if isinstance(value, Call):
        value = [*value.args, *value.kwargs.values()]
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from xcoms_in(item)
