"""Mermaid flowcharts, as GitHub, GitLab and many wikis draw them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dagport.graph import FileGraph
from dagport.writers.diagram.layout import Arrow, Box, Node, layout

SHAPES = {
    "branch": ("{", "}"),
    "short_circuit": ("{", "}"),
    "sensor": ("([", "])"),
    "wait": ("([", "])"),
    "sql": ("[(", ")]"),
    "asset": ("[(", ")]"),
    "trigger": ("[[", "]]"),
    "empty": ("((", "))"),
}
# Everything that Mermaid or the HTML it makes would read as markup; "#" first, for it starts the entities.
ENTITIES = {
    "#": "#35;",
    "&": "#amp;",
    '"': "#quot;",
    "<": "#lt;",
    ">": "#gt;",
    "`": "#96;",
    "\\": "#92;",
    "|": "#124;",
}


def write_mermaid(graphs: Iterable[FileGraph]) -> Iterator[str]:
    """One flowchart, with a subgraph for every pipeline and every task group."""
    diagram = layout(graphs)
    yield "flowchart LR\n"
    for box in diagram.boxes:
        yield from (f"{line}\n" for line in _box(box, "  "))
    for arrow in diagram.arrows:
        yield f"  {_arrow(arrow)}\n"


def _box(box: Box, indent: str) -> Iterator[str]:
    yield f'{indent}subgraph {box.id}["{escape(box.label)}"]'
    yield from (f"{indent}  {_node(node)}" for node in box.nodes)
    for inner in box.boxes:
        yield from _box(inner, indent + "  ")
    yield f"{indent}end"


def _node(node: Node) -> str:
    left, right = SHAPES.get(node.kind, ("[", "]"))
    return f'{node.id}{left}"{escape(node.label)}"{right}'


def _arrow(arrow: Arrow) -> str:
    line = "-.->" if arrow.dashed else "-->"
    label = f'|"{escape(arrow.label)}"|' if arrow.label else ""
    return f"{arrow.start} {line}{label} {arrow.end}"


def escape(text: str) -> str:
    """Text inside a quoted label."""
    entities = "".join(ENTITIES.get(char, char) for char in text)
    return entities.replace("\r", "").replace("\n", "<br/>")
