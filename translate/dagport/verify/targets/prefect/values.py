"""Code of a flow, with its names replaced."""

from __future__ import annotations

import ast
from collections.abc import Mapping


class Around(ast.NodeTransformer):
    """Code with a future's name taken out."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """A call, whose function keeps its name."""
        node.args = [ast.Name("_") if isinstance(one, ast.Name) else self.visit(one) for one in node.args]
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """The future as it is."""
        return ast.Name("_")


class Values(ast.NodeTransformer):
    """Puts what names stand for in their places."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """A name of the flow, by what it stands for."""
        text = self.values.get(node.id)
        return node if text in (None, node.id) else ast.Name(f"({text})", node.ctx)
