"""YAML text to nodes with their places: bounded in size, depth and number of nodes, and without any constructor.

PyYAML's own pure Python parser and resolver are used, because dag-factory uses them, too.
"""

from __future__ import annotations

from typing import Any

import yaml
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import Resolver
from yaml.scanner import Scanner

from dagport.evaluate.domain import LimitHit

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 100
MAX_NODES = 50_000  # thousands of tasks; PyYAML takes seconds for so many
Node = yaml.nodes.Node


class _Bounded(Reader, Scanner, Parser, Composer, Resolver):
    """PyYAML's loader without its constructor, that stops where a file nests too deep or takes too long."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        Resolver.__init__(self)
        self._depth = 0
        self._nodes = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """One node and all below it."""
        self._nodes += 1
        self._depth += 1
        if self._nodes > MAX_NODES:
            raise LimitHit("nodes of a YAML file", MAX_NODES)
        if self._depth > MAX_DEPTH:
            raise LimitHit("nested YAML collections", MAX_DEPTH)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def compose(text: str) -> Node | None:
    """The root node, or ``None`` for a text without any.

    Raises ``yaml.YAMLError`` for what PyYAML refuses, ``LimitHit`` where a bound is reached.
    """
    if len(text) > MAX_CHARACTERS:
        raise LimitHit("characters of a YAML file", MAX_CHARACTERS)
    node: Node | None = _Bounded(text).get_single_node()
    return node


def problem_of(error: yaml.YAMLError) -> tuple[str, int | None]:
    """What PyYAML says is wrong, and the offset of the place, where it names one."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "this isn't YAML"
    context = getattr(error, "context", None)
    position = getattr(error, "position", None)
    offset = mark.index if mark is not None else position if isinstance(position, int) else None
    return (f"{context}: {problem}" if context else str(problem)), offset
