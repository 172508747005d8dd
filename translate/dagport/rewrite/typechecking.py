"""Takes out what only type checkers read: ``if TYPE_CHECKING:`` in a function, which Python never enters."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from dagport.source import Source, parsed

NAME = "TYPE_CHECKING"


def without_type_checks(source: Source) -> Source:
    """The source with blank lines in place of such statements of functions, so that all else keeps its place."""
    if source.text.count(NAME) < 2:
        return source
    try:
        tree = parsed(source.text)
    except SyntaxError:
        return source
    if not _is_typings(tree):
        return source
    lines = source.text.split("\n")
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for body in _bodies(function):
                _blank(body, function, lines)
    return Source(source.path, "\n".join(lines))


def _is_typings(tree: ast.Module) -> bool:
    """Whether the name means ``typing.TYPE_CHECKING`` wherever it is used."""
    imported = False
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                bound = alias.asname or alias.name
                if bound == NAME and (node.module != "typing" or alias.name != NAME or node.level):
                    return False
                imported = imported or bound == NAME
        elif (isinstance(node, ast.Name) and node.id == NAME and not isinstance(node.ctx, ast.Load)) or (
            isinstance(node, ast.arg) and node.arg == NAME
        ):
            return False
    return imported


def _bodies(function: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(function):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                yield body


def _blank(body: list[ast.stmt], function: ast.stmt, lines: list[str]) -> None:
    # The last statement stays: functions are known by where they end.
    found = (item for item in body if _is_check(item) and item.end_lineno != function.end_lineno)
    checks = [item for item in found if _stands_alone(item, lines)]
    for item in checks:
        indent = lines[item.lineno - 1][: item.col_offset]
        for index in range(item.lineno - 1, item.end_lineno or item.lineno):
            lines[index] = ""
        if len(checks) == len(body) and item is checks[-1]:
            lines[item.lineno - 1] = f"{indent}pass"


def _is_check(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == NAME and not node.orelse


def _stands_alone(node: ast.stmt, lines: list[str]) -> bool:
    """Whether a statement's lines have nothing else in them, and no comment that would be lost."""
    first, last = lines[node.lineno - 1], lines[(node.end_lineno or node.lineno) - 1].encode()
    between = lines[node.lineno - 1 : node.end_lineno]
    alone = not first[: node.col_offset].strip() and not last[node.end_col_offset :].strip()
    return alone and not any("#" in line for line in between)
