"""Lines of statements: where they start and end with their comments, and how they are dedented."""

from __future__ import annotations

import libcst as cst

from dagport.rewrite.edits import Edits
from dagport.rewrite.tree import Tree


def statement_text(tree: Tree, node: cst.CSTNode) -> str:
    """A statement with the comments right above it and those at its end, at the left margin."""
    first = tree.line_offset(tree.first_line(node))
    outer = tree.indent(first)
    begin = comment_start(tree, first)
    end = block_end(tree, tree.line_end(tree.end(node)), outer, compound=isinstance(node, cst.BaseCompoundStatement))
    edits = Edits(tree.text)
    dedent(tree, edits, node, begin, end, outer)
    return edits.apply(begin, end).rstrip() + "\n"


def comment_start(tree: Tree, first: int) -> int:
    """Start of the comment lines right above a line, or of the line itself. ``#!`` and encodings aren't comments."""
    begin = first
    while begin > 0:
        above = tree.line_start(begin - 1)
        line = tree.text[above:begin].strip()
        if not line.startswith("#") or line.startswith("#!") or "coding" in line[:20]:
            break
        begin = above
    return begin


def block_end(tree: Tree, end: int, outer: str, *, compound: bool = True) -> int:
    """Where a block ends: comments after its last statement belong to it as long as they are indented."""
    place = end
    while compound and place < len(tree.text):
        line = tree.text[place : tree.line_end(place)]
        if line.strip() and not (line.lstrip().startswith("#") and len(tree.indent(place)) > len(outer)):
            break
        place = tree.line_end(place)
        end = place if line.strip() else end
    return end


def lines_above(node: cst.CSTNode) -> int:
    """How many blank and comment lines belong to a statement, above it."""
    return len(getattr(node, "leading_lines", ()))


def dedent(
    tree: Tree, edits: Edits, node: cst.CSTNode, begin: int, end: int, outer: str, doc: cst.CSTNode | None = None
) -> None:
    """Take an indentation from every line, but not from the inside of texts other than a docstring."""
    if not outer:
        return
    fixed = _lines_inside_texts(tree, node, doc)
    for line in range(tree.line_number(begin), tree.line_number(max(begin, end - 1)) + 1):
        place = tree.line_offset(line)
        if line not in fixed and tree.text.startswith(outer, place):
            edits.replace(place, place + len(outer), "")


def _lines_inside_texts(tree: Tree, node: cst.CSTNode, doc: cst.CSTNode | None) -> set[int]:
    found: set[int] = set()
    pending: list[cst.CSTNode] = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, cst.SimpleString | cst.FormattedString):
            first, _, last, _ = tree.span(current)
            if doc is None or not tree.within(current, doc):
                found |= set(range(first + 1, last + 1))
        else:
            pending += current.children
    return found
