"""Diagrams of a walk through a network: a tree of text, Mermaid, Graphviz."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dagport.graph import Place
from dagport.writers.diagram.dot import quote
from dagport.writers.diagram.mermaid import escape
from dagport_lineage.estate.walk import Direction, Node, Step
from dagport_lineage.network import SIDES, JobName, Network

Walks = Mapping[Direction, Sequence[Step]]


def tree(network: Network, start: Node, walks: Walks) -> Iterator[str]:
    """The walk as a tree, a node a line."""
    yield f"{label(network, start)}\n"
    for direction, steps in walks.items():
        yield f"\n{direction}\n" if steps else f"\n{direction}: nothing known\n"
        lasts: list[bool] = []
        for number, step in enumerate(steps):
            lasts = [*lasts[: step.depth - 1], _is_last(steps, number)]
            lead = "".join("   " if last else "│  " for last in lasts[:-1]) + ("└─ " if lasts[-1] else "├─ ")
            notes = [step.note, "" if step.is_known else "perhaps", "see above" if step.is_repeated else ""]
            more = "".join(f"  [{note}]" for note in notes if note)
            yield f"{lead}{label(network, step.end)}{more}\n"


def _is_last(steps: Sequence[Step], number: int) -> bool:
    depth = steps[number].depth
    for later in steps[number + 1 :]:
        if later.depth <= depth:
            return later.depth < depth
    return True


def label(network: Network, node: Node) -> str:
    """A node's name; of a job also where it stands, and what isn't known of it."""
    if not isinstance(node, JobName):
        return str(node)
    job = network.jobs[node]
    unknown = [side for side in SIDES if job.state(side) in ("partial", "unknown")]
    place = f"  ({shown(job.place)})" if job.place else ""
    return f"{node.name}{place}" + (f"  [{' and '.join(unknown)} not fully known]" if unknown else "")


def shown(place: Place) -> str:
    """A place as editors take it."""
    return f"{place.path}:{place.span[0]}" if place.span else place.path


def edges(walks: Walks) -> Iterator[tuple[Node, Node, Step]]:
    """The edges of both directions, each once, in the direction in which data flows."""
    seen = set()
    for direction, steps in walks.items():
        for step in steps:
            ends = (step.end, step.start) if direction == "upstream" else (step.start, step.end)
            if ends not in seen:
                seen.add(ends)
                yield *ends, step


def _numbered(start: Node, walks: Walks) -> dict[Node, str]:
    nodes = dict.fromkeys([start, *(node for first, second, _ in edges(walks) for node in (first, second))])
    return {node: f"n{number}" for number, node in enumerate(nodes)}


def mermaid(network: Network, start: Node, walks: Walks) -> Iterator[str]:
    """A flowchart: datasets are cylinders, jobs boxes; dashed where a flow isn't certain."""
    numbers = _numbered(start, walks)
    yield "flowchart LR\n"
    for node, number in numbers.items():
        left, right = ("[", "]") if isinstance(node, JobName) else ("[(", ")]")
        mark = ":::start" if node == start else ""
        yield f'  {number}{left}"{escape(_short(network, node))}"{right}{mark}\n'
    for first, second, step in edges(walks):
        line = "-->" if step.is_known else "-.->"
        text = f'|"{escape(step.note)}"|' if step.note else ""
        yield f"  {numbers[first]} {line}{text} {numbers[second]}\n"
    yield "  classDef start stroke-width:3px\n"


def dot(network: Network, start: Node, walks: Walks) -> Iterator[str]:
    """The same for Graphviz."""
    numbers = _numbered(start, walks)
    yield "digraph lineage {\n  rankdir=LR;\n"
    for node, number in numbers.items():
        shape = "box" if isinstance(node, JobName) else "cylinder"
        more = ", penwidth=3" if node == start else ""
        yield f"  {number} [label={quote(_short(network, node))}, shape={shape}{more}];\n"
    for first, second, step in edges(walks):
        settings = [f"label={quote(step.note)}"] if step.note else []
        settings += [] if step.is_known else ["style=dashed"]
        yield f"  {numbers[first]} -> {numbers[second]}" + (f" [{', '.join(settings)}]" if settings else "") + ";\n"
    yield "}\n"


def _short(network: Network, node: Node) -> str:
    if isinstance(node, JobName):
        place = network.jobs[node].place
        return f"{node.name}\n{shown(place)}" if place else node.name
    return str(node)
