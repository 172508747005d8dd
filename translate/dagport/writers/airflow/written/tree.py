"""The tasks of a pipeline in their groups, in an order in which each result exists before it is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from dagport.graph import Group, Pipeline, Task
from dagport.values import Call, Value, XCom
from dagport.writers.common.literals import NotExpressible


@dataclass(eq=False)
class Node:
    """A group with what is in it; the root has no group."""

    group: Group | None
    children: list[Item] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The group's full id, empty for the root."""
        return self.group.id if self.group else ""

    @property
    def is_mapped(self) -> bool:
        """Whether its tasks run once for each item that it is expanded over."""
        return self.group is not None and self.group.mapped

    def tasks(self) -> Iterator[Task]:
        """All tasks in it, those of inner groups too."""
        for child in self.children:
            if isinstance(child, Node):
                yield from child.tasks()
            else:
                yield child


Item: TypeAlias = Node | Task


def item_id(item: Item) -> str:
    """The id of a task or a group."""
    return item.id


def tree_of(pipeline: Pipeline) -> Node:
    """The root of a pipeline. Raises ``NotExpressible`` where results go both ways between two groups."""
    root = Node(None)
    nodes: dict[str | None, Node] = {None: root, **{group.id: Node(group) for group in pipeline.groups}}
    for task in pipeline.tasks:
        if task.group not in nodes:
            raise NotExpressible(f"its group {task.group!r} isn't in the graph")
        nodes[task.group].children.append(task)
    for group in pipeline.groups:
        nodes[group.parent].children.append(nodes[group.id])
    position = {task.id: index for index, task in enumerate(pipeline.tasks)}
    for node in nodes.values():
        node.children = _sorted(node.children, position)
    return root


def uses(task: Task) -> set[str]:
    """The tasks whose results are among a task's arguments."""
    values = [*task.arguments.values(), *(task.mapped.over.values() if task.mapped else ())]
    return {found.task_id for value in values for found in results_in(value)}


def results_in(value: Value) -> Iterator[XCom]:
    """Every result of a task inside a value."""
    if isinstance(value, XCom):
        yield value
    elif isinstance(value, Call):
        for item in (*value.args, *value.kwargs.values()):
            yield from results_in(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from results_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from results_in(item)


def _needs(item: Item) -> set[str]:
    if not isinstance(item, Node):
        return uses(item)
    over = {found.task_id for value in (item.group.over if item.group else {}).values() for found in results_in(value)}
    return over.union(*(uses(task) for task in item.tasks())) - _ids(item)


def _ids(item: Item) -> set[str]:
    return {task.id for task in item.tasks()} if isinstance(item, Node) else {item.id}


def _sorted(items: Iterable[Item], position: Mapping[str, int]) -> list[Item]:
    """In the order of the graph, but each after those whose results it uses."""
    waiting = sorted(items, key=lambda item: min((position[name] for name in _ids(item)), default=len(position)))
    inside = set().union(*(_ids(item) for item in waiting))
    needs = {id(item): _needs(item) & inside for item in waiting}
    found: list[Item] = []
    made: set[str] = set()
    while waiting:
        ready = next((item for item in waiting if needs[id(item)] <= made), None)
        if ready is None:
            raise NotExpressible("results go to and fro between groups, so that none can be written before the other")
        waiting.remove(ready)
        found.append(ready)
        made |= _ids(ready)
    return found
