"""Changing text at places: a rewritten function is its source text with edits, so all else stays byte for byte."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

import libcst as cst

from dagport.pycode import requoted
from dagport.rewrite.tree import Tree

PRIMARY = (
    ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant, ast.List, ast.Dict, ast.Set, ast.JoinedStr,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip
"""Expressions that can stand anywhere a name can."""
LOOSE = (cst.Assign, cst.AnnAssign, cst.Return, cst.Expr)
"""Parents under which any expression stands well without parentheses."""


class CannotPlace(Exception):  # noqa: N818 - never leaves the package
    """An expression can't be put at a place of the source."""


@dataclass
class Edits:
    """Replacements of parts of a text. One that lies inside another is dropped: its text is gone."""

    text: str
    _edits: list[tuple[int, int, str]] = field(default_factory=list)

    def replace(self, start: int, end: int, text: str) -> None:
        """Put a text in place of ``[start, end)``; an insertion when both are equal."""
        self._edits.append((start, end, text))

    def insert_before(self, place: int, text: str) -> None:
        """Insert a text before all that has been inserted at the same place."""
        self._edits.insert(0, (place, place, text))

    def apply(self, start: int, end: int, *, ending: bool = True) -> str:
        """The text between two places with all edits made; ``ending``: with what is inserted at the very end, too."""
        pieces: list[str] = []
        at = start
        # A wider edit goes first, and of two insertions at one place the one that was asked for first.
        for first, last, text in sorted(self._edits, key=lambda edit: (edit[0], edit[0] == edit[1] and -1, -edit[1])):
            if first < max(at, start) or last > end or (first == end and not ending):
                continue
            pieces += [self.text[at:first], text]
            at = last
        return "".join([*pieces, self.text[at:end]])


def placed(tree: Tree, node: cst.BaseExpression, expression: str) -> str:
    """An expression as it must be written in place of a node.

    Raises ``CannotPlace`` where it can't stand, and ``SyntaxError`` when it isn't an expression.
    """
    parsed = ast.parse(expression, mode="eval").body
    parent = tree.parent(node)
    if "\n" in expression or not _stands(parsed, expression, node, parent):
        expression = f"({expression})"
    formatted = tree.enclosing(node, cst.FormattedString)
    return expression if formatted is None else _within_formatted(tree, formatted, node, expression)


def _stands(parsed: ast.expr, text: str, node: cst.BaseExpression, parent: cst.CSTNode | None) -> bool:
    if isinstance(parsed, ast.Constant) and isinstance(parsed.value, int | float | complex):
        return not isinstance(parent, cst.Attribute)
    if isinstance(parsed, PRIMARY):
        return not (isinstance(parent, cst.FormattedStringExpression) and text.startswith("{"))
    if isinstance(parsed, ast.Tuple):
        return text.startswith("(") and text.endswith(")") and not node.lpar
    if isinstance(parsed, ast.NamedExpr | ast.Lambda | ast.Starred | ast.Yield):
        return bool(node.lpar)
    return bool(node.lpar) or isinstance(parent, LOOSE) or (isinstance(parent, cst.Arg) and not parent.star)


def _within_formatted(tree: Tree, formatted: cst.FormattedString, node: cst.BaseExpression, text: str) -> str:
    quotes: list[str] = []
    around: cst.FormattedString | None = formatted
    while around is not None:
        quotes.append(around.quote)
        around = tree.enclosing(around, cst.FormattedString)
    holder = tree.enclosing(node, cst.FormattedStringExpression)
    if holder is not None and holder.equal is not None:
        raise CannotPlace("its own text is printed by `=` in an f-string")
    if any(quote in text for quote in quotes):
        free = next((mark for mark in ("'", '"') if mark not in quotes), "'")
        text = requoted(text, free)
    # Python 3.11 and older take none of these between the braces.
    one_line = any(len(quote) == 1 for quote in quotes)
    if any(quote in text for quote in quotes) or "\\" in text or "#" in text or ("\n" in text and one_line):
        raise CannotPlace("the expression for it can't be written inside an f-string")
    return text
