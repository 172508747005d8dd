"""One file that is being upgraded: its syntax, what its names mean, the edits, and what is to be said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, TypeVar

import libcst as cst

from dagport.graph import FileGraph
from dagport.rewrite.edits import CannotPlace, Edits, placed
from dagport.rewrite.scopes import Scopes, analyse
from dagport.rewrite.tree import Tree
from dagport.source import Source, Span
from dagport.writers.airflow.upgrade.names import Meanings

Code: TypeAlias = Literal["DP430", "DP431"]
Node = TypeVar("Node", bound=cst.CSTNode)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that Airflow 3 does in another way (DP430), or hasn't (DP431)."""

    code: Code
    message: str
    span: Span
    tasks: frozenset[str] | None = None  # whom it concerns; None: by its place


@dataclass
class File:
    """A file of Airflow 1 or 2 on its way. Raises ``libcst.ParserSyntaxError`` for text that isn't Python."""

    source: Source
    graph: FileGraph
    findings: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tree = Tree(self.source)
        self.scopes: Scopes = analyse(self.tree.module)
        self.meanings = Meanings(self.scopes)
        self.edits = Edits(self.source.text)
        self.replaced: set[cst.Name] = set()  # names whose text is gone after the edits
        self.removed: set[cst.CSTNode] = set()  # arguments that are taken out
        self._nodes = tuple(_walk(self.tree.module))

    def nodes(self, kind: type[Node]) -> Iterator[Node]:
        """Every node of a kind, in reading order."""
        return (node for node in self._nodes if isinstance(node, kind))

    def gone(self, node: cst.CSTNode) -> None:
        """Note that the edits take a node, and the names in it."""
        self.replaced.update(item for item in _walk(node) if isinstance(item, cst.Name))

    def replace(self, node: cst.CSTNode, text: str) -> None:
        """Put a text in a node's place; the names in it are gone."""
        self.gone(node)
        self.edits.replace(self.tree.start(node), self.tree.end(node), text)

    def put(self, node: cst.BaseExpression, expression: str) -> None:
        """Put an expression in a node's place, in parentheses where it needs them; tell where it can't stand."""
        try:
            self.replace(node, placed(self.tree, node, expression))
        except CannotPlace as error:
            self.say("DP431", f"`{expression}` belongs here: {error}", node)

    def wrap(self, node: cst.BaseExpression, before: str, after: str) -> None:
        """Put texts around an expression, which may be edited itself."""
        self.edits.replace(self.tree.full_start(node), self.tree.full_start(node), before)
        self.edits.replace(self.tree.full_end(node), self.tree.full_end(node), after)

    def say(self, code: Code, message: str, node: cst.CSTNode, tasks: frozenset[str] | None = None) -> None:
        """Note what a person has to know."""
        finding = Finding(code, message, self.tree.span(node), tasks)
        if finding not in self.findings:
            self.findings.append(finding)


def _walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield node
    for child in node.children:
        yield from _walk(child)
