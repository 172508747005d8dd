"""Graphviz: ``dagport graph --format dot PATH | dot -Tsvg``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dagport.graph import FileGraph
from dagport.writers.diagram.layout import Arrow, Box, Node, layout

SHAPES = {
    "branch": "diamond",
    "short_circuit": "diamond",
    "sensor": "ellipse",
    "wait": "ellipse",
    "sql": "cylinder",
    "asset": "cylinder",
    "empty": "circle",
}


def write_dot(graphs: Iterable[FileGraph]) -> Iterator[str]:
    """One digraph, with a cluster for every pipeline and every task group."""
    diagram = layout(graphs)
    yield "digraph dagport {\n  rankdir=LR;\n  node [shape=box];\n"
    for box in diagram.boxes:
        yield from (f"{line}\n" for line in _box(box, "  "))
    for arrow in diagram.arrows:
        yield f"  {_arrow(arrow)}\n"
    yield "}\n"


def _box(box: Box, indent: str) -> Iterator[str]:
    yield f"{indent}subgraph cluster_{box.id} {{"
    yield f"{indent}  label={quote(box.label)};"
    yield from (f"{indent}  {_node(node)}" for node in box.nodes)
    for inner in box.boxes:
        yield from _box(inner, indent + "  ")
    yield f"{indent}}}"


def _node(node: Node) -> str:
    shape = f", shape={SHAPES[node.kind]}" if node.kind in SHAPES else ""
    style = "" if node.certain else ", style=dashed"
    return f"{node.id} [label={quote(node.label)}{shape}{style}];"


def _arrow(arrow: Arrow) -> str:
    settings = [f"label={quote(arrow.label)}"] if arrow.label else []
    settings += ["style=dashed"] if arrow.dashed else []
    return f"{arrow.start} -> {arrow.end}" + (f" [{', '.join(settings)}]" if settings else "") + ";"


def quote(text: str) -> str:
    """A quoted string; a line end in it stays one in the picture."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "").replace("\n", "\\n")
    return f'"{escaped}"'
