"""A module parsed without loss, with the place of every node and its parent."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import TypeVar

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from dagport.source import Source, Span

LINE_END = re.compile(r"\r\n?|\n")
Node = TypeVar("Node", bound=cst.CSTNode)


class Tree:
    """The syntax tree of a source file.

    Raises ``libcst.ParserSyntaxError`` for text that isn't Python, or is newer than the parser knows.
    """

    def __init__(self, source: Source) -> None:
        self.text = source.text
        self.module = cst.parse_module(source.text)
        # The tree is never changed: every rewriting is an edit of the text at a node's place.
        self._places = MetadataWrapper(self.module, unsafe_skip_copy=True).resolve(PositionProvider)
        self._starts = [0, *(match.end() for match in LINE_END.finditer(source.text))]

    @cached_property
    def _parents(self) -> dict[cst.CSTNode, cst.CSTNode]:
        found: dict[cst.CSTNode, cst.CSTNode] = {}
        waiting: list[cst.CSTNode] = [self.module]
        while waiting:
            node = waiting.pop()
            for child in _children(node):
                found[child] = node
                waiting.append(child)
        return found

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """The node around a node; ``None`` for the module."""
        return self._parents.get(node)

    def enclosing(self, node: cst.CSTNode, kind: type[Node] | tuple[type[Node], ...]) -> Node | None:
        """The nearest node of a kind around a node, itself excluded."""
        current = self.parent(node)
        while current is not None and not isinstance(current, kind):
            current = self.parent(current)
        return current

    def within(self, node: cst.CSTNode, ancestor: cst.CSTNode) -> bool:
        """Whether a node is an ancestor or lies inside it."""
        current: cst.CSTNode | None = node
        while current is not None and current is not ancestor:
            current = self.parent(current)
        return current is not None

    def span(self, node: cst.CSTNode) -> Span:
        """Line and column of a node's ends, from 1, own parentheses and surrounding white space excluded."""
        place = self._places[node]
        return place.start.line, place.start.column + 1, place.end.line, place.end.column + 1

    def start(self, node: cst.CSTNode) -> int:
        """Where a node starts in the text."""
        place = self._places[node].start
        return self._starts[place.line - 1] + place.column

    def end(self, node: cst.CSTNode) -> int:
        """Where a node ends in the text."""
        place = self._places[node].end
        return self._starts[place.line - 1] + place.column

    def code(self, node: cst.CSTNode) -> str:
        """The text of a node as it stands in the source, own parentheses excluded."""
        return self.text[self.start(node) : self.end(node)]

    def full_start(self, node: cst.BaseExpression) -> int:
        """Where an expression starts, its own parentheses included."""
        return self.start(node.lpar[0]) if node.lpar else self.start(node)

    def full_end(self, node: cst.BaseExpression) -> int:
        """Where an expression ends, its own parentheses included."""
        return self.end(node.rpar[-1]) if node.rpar else self.end(node)

    def line_start(self, offset: int) -> int:
        """Start of the line that an offset lies in."""
        return self._starts[bisect_right(self._starts, offset) - 1]

    def line_end(self, offset: int) -> int:
        """End of the line that an offset lies in, its line end included."""
        index = bisect_right(self._starts, offset)
        return self._starts[index] if index < len(self._starts) else len(self.text)

    def line_number(self, offset: int) -> int:
        """Number, from 1, of the line that an offset lies in."""
        return bisect_right(self._starts, offset)

    def first_line(self, node: cst.CSTNode) -> int:
        """Number of the line a statement starts in, decorators included."""
        decorators = getattr(node, "decorators", ())
        return self.span(decorators[0] if decorators else node)[0]

    def line_offset(self, line: int) -> int:
        """Start of a line by its number; the end of the text for the one after the last."""
        return self._starts[line - 1] if line <= len(self._starts) else len(self.text)

    def indent(self, offset: int) -> str:
        """The white space that the line of an offset starts with."""
        start = self.line_start(offset)
        line = self.text[start : self.line_end(offset)]
        return line[: len(line) - len(line.lstrip(" \t\f"))]


def _children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The nodes directly in a node, by its fields: ``children`` of libcst is five times slower."""
    for name in node.__dataclass_fields__:
        value = getattr(node, name)
        for child in value if isinstance(value, list | tuple) else (value,):
            if isinstance(child, cst.CSTNode):
                yield child


def comments(node: cst.CSTNode) -> list[str]:
    """Every comment inside a node, in reading order."""
    found: list[str] = []
    for child in node.children:
        found += [child.value] if isinstance(child, cst.Comment) else comments(child)
    return found
