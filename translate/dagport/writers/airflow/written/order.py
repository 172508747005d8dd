"""Dependencies as statements: ``a >> [b, c]``, between groups where all of their ends are joined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dagport.graph import Edge, Pipeline
from dagport.writers.airflow.written.tree import Item, Node

Pair: TypeAlias = tuple[str, str]
Statement: TypeAlias = tuple[tuple[str, ...], ...]
"""What is joined by ``>>``: tasks or groups, several of them where they stand in one list."""
GROUP = "group:"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be written in one block, by the keys of tasks and groups."""

    statements: tuple[Statement, ...]
    labelled: tuple[Edge, ...]

    def named(self) -> set[str]:
        """The keys of everything that is in it."""
        plain = {key for statement in self.statements for part in statement for key in part}
        return plain | {key for edge in self.labelled for key in (edge.upstream, edge.downstream)}


def order_of(pipeline: Pipeline, root: Node, implied: set[Pair]) -> dict[str, Order]:
    """For each block, by the id of its group, the dependencies between its children that calls don't make already."""
    paths = dict(_paths(root, ()))
    blocks: dict[str, list[tuple[Edge, Item, Item]]] = {}
    for edge in pipeline.edges:
        if (edge.upstream, edge.downstream) not in implied:
            block, above, below = _meeting(paths[edge.upstream], paths[edge.downstream])
            blocks.setdefault(block.id, []).append((edge, above, below))
    return {name: _order(pipeline, found) for name, found in blocks.items()}


def _paths(node: Node, above: tuple[Item, ...]) -> Iterator[tuple[str, tuple[Item, ...]]]:
    for child in node.children:
        if isinstance(child, Node):
            yield from _paths(child, (*above, node))
        else:
            yield child.id, (*above, node, child)


def _meeting(one: tuple[Item, ...], other: tuple[Item, ...]) -> tuple[Node, Item, Item]:
    """The innermost block that two tasks share, and its children that they are in."""
    depth = next(index for index, (left, right) in enumerate(zip(one, other, strict=False)) if left is not right)
    block = one[depth - 1]
    assert isinstance(block, Node)  # noqa: S101 - a task has nothing inside
    return block, one[depth], other[depth]


def _order(pipeline: Pipeline, found: Sequence[tuple[Edge, Item, Item]]) -> Order:
    labelled = [edge for edge, _, _ in found if edge.label is not None]
    between: dict[tuple[int, int], list[tuple[Edge, Item, Item]]] = {}
    for entry in found:
        if entry[0].label is None:
            between.setdefault((id(entry[1]), id(entry[2])), []).append(entry)
    pairs: list[Pair] = []
    for entries in between.values():
        _, above, below = entries[0]
        edges = {(edge.upstream, edge.downstream) for edge, _, _ in entries}
        whole = _as_groups(pipeline, above, below)
        if whole == edges and (isinstance(above, Node) or isinstance(below, Node)):
            pairs.append((_key(above), _key(below)))
        else:
            pairs += sorted(edges)
    position = {task.id: index for index, task in enumerate(pipeline.tasks)}
    return Order(tuple(_chains(pairs, position)), tuple(labelled))


def _key(item: Item) -> str:
    return f"{GROUP}{item.id}" if isinstance(item, Node) else item.id


def _as_groups(pipeline: Pipeline, above: Item, below: Item) -> set[Pair]:
    """What ``above >> below`` joins; nothing where a setup or teardown in a group changes that."""
    for item in (above, below):
        if isinstance(item, Node) and any(task.setup or task.teardown for task in item.tasks()):
            return set()
    upper, lower = _ids(above), _ids(below)
    with_downstream = {edge.upstream for edge in pipeline.edges if {edge.upstream, edge.downstream} <= upper}
    with_upstream = {edge.downstream for edge in pipeline.edges if {edge.upstream, edge.downstream} <= lower}
    return {(one, other) for one in upper - with_downstream for other in lower - with_upstream}


def _ids(item: Item) -> set[str]:
    return {task.id for task in item.tasks()} if isinstance(item, Node) else {item.id}


def _chains(pairs: Iterable[Pair], position: Mapping[str, int]) -> Iterator[Statement]:
    """Statements that together say all pairs: equal targets in one list, and what follows on in one line."""

    def place(key: str) -> tuple[int, str]:
        return position.get(key, -1), key

    targets: dict[str, list[str]] = {}
    for above, below in pairs:
        targets.setdefault(above, []).append(below)
    joined: dict[tuple[str, ...], list[str]] = {}
    for source in sorted(targets, key=place):
        joined.setdefault(tuple(sorted(targets[source], key=place)), []).append(source)
    links: list[Statement] = []
    for ends, sources in joined.items():
        if len(ends) == 1:
            links.append((tuple(sources), ends))
        else:  # a list has no `>>` to another list
            links += [((source,), ends) for source in sources]
    yield from _joined(links)


def _joined(links: list[Statement]) -> Iterator[Statement]:
    """Links that follow on from each other, as one statement."""
    waiting = list(links)
    ends = {link[-1] for link in links}
    while waiting:
        first = next((link for link in waiting if link[0] not in ends), waiting[0])
        waiting.remove(first)
        chain = first
        while (following := next((link for link in waiting if link[0] == chain[-1]), None)) is not None:
            if len(chain[-1]) > 1 and len(following[1]) > 1:
                break
            waiting.remove(following)
            chain = (*chain, following[1])
        yield chain
