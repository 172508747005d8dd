"""Names in annotations that are written as text: ``"pd.DataFrame"``."""

from __future__ import annotations

import libcst as cst


def quoted_names(annotation: cst.BaseExpression) -> set[str]:
    """The names in all such parts of an annotation. Text that isn't an expression has none."""
    if isinstance(annotation, cst.SimpleString):
        try:
            inner = cst.parse_expression(str(annotation.evaluated_value))
        except cst.ParserSyntaxError:
            return set()
        return _plain_names(inner)
    return {name for child in annotation.children if isinstance(child, cst.CSTNode) for name in _in_child(child)}


def _in_child(node: cst.CSTNode) -> set[str]:
    if isinstance(node, cst.SimpleString):
        return quoted_names(node)
    return {name for child in node.children for name in _in_child(child)}


def _plain_names(node: cst.CSTNode) -> set[str]:
    if isinstance(node, cst.Name):
        return {node.value}
    children = (node.value,) if isinstance(node, cst.Attribute) else node.children
    return {name for child in children for name in _plain_names(child)}
