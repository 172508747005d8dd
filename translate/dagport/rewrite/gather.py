"""Pushes that are the last thing a function does: one dict is returned in their place."""

from __future__ import annotations

from typing import TypeAlias

import libcst as cst

from dagport.rewrite.draft import Draft
from dagport.rewrite.hazards import Hazards

STEP = "    "
ONE_LINE = 72
"""Characters that the items of a dict in one line may have."""
Item: TypeAlias = tuple[str, cst.Call | cst.Return, cst.BaseExpression]
"""Key, as source; the push or return it comes from; value."""


def can_gather(draft: Draft, hazards: Hazards) -> bool:
    """Whether all pushes stand together at the function's end, followed by its only return if it has one."""
    pushes, returns = draft.usage.pushes, draft.usage.returns
    body = getattr(draft.usage.function, "body", None)
    if not pushes or len(returns) > 1 or not isinstance(body, cst.IndentedBlock):
        return False
    if len({push.key for push in pushes}) < len(pushes) or any(map(hazards.copied_push, pushes)):
        return False
    if any(_would_change_meaning(push.value.value) for push in pushes):
        return False
    tail: list[cst.CSTNode] = [*(push.statement for push in pushes), *returns]
    lines = body.body[-len(tail) :]
    return [_only_statement(line) for line in lines] == tail


def _only_statement(line: cst.CSTNode) -> cst.CSTNode | None:
    alone = isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1
    return line.body[0] if alone and isinstance(line, cst.SimpleStatementLine) else None


def _would_change_meaning(value: cst.BaseExpression) -> bool:
    return isinstance(value, cst.NamedExpr) and not value.lpar


def gather(draft: Draft) -> None:
    """Write the pushes, and the return after them, as one returned dict."""
    tree = draft.tree
    items: list[Item] = [(quoted(push.key), push.node, push.value.value) for push in draft.usage.pushes]
    last = draft.usage.returns[0] if draft.usage.returns else None
    if last is not None and last.value is not None and returns_value(last):
        items.append(('"return_value"', last, last.value))
    elif last is not None:
        draft.keep_comments(last)
        draft.edits.replace(tree.start(last), tree.end(last), "")
    if _is_short(draft, items):
        _in_one_line(draft, items)
    else:
        _in_lines(draft, items)


def _is_short(draft: Draft, items: list[Item]) -> bool:
    """Whether the dict stands well in one line, and nothing but the pushes is in their lines."""
    tree = draft.tree
    begin, end = tree.line_start(tree.start(items[0][1])), tree.end(items[-1][1])
    lines = tree.line_number(end) - tree.line_number(begin) + 1
    length = sum(len(key) + tree.full_end(value) - tree.full_start(value) + 4 for key, _, value in items)
    return lines == len(items) and "#" not in tree.text[begin : tree.line_end(end)] and length <= ONE_LINE


def _in_one_line(draft: Draft, items: list[Item]) -> None:
    tree = draft.tree
    at = tree.start(items[0][1])
    for key, _, value in items:
        before = "return {" if at == tree.start(items[0][1]) else ", "
        opening, closing = _brackets(value)
        draft.edits.replace(at, tree.full_start(value), f"{before}{key}: {opening}")
        at = tree.full_end(value)
        draft.edits.replace(at, at, closing)
    draft.edits.replace(at, tree.end(items[-1][1]), "}")


def _in_lines(draft: Draft, items: list[Item]) -> None:
    tree = draft.tree
    first, last = items[0][1], items[-1][1]
    begin = tree.line_start(tree.start(first))
    for key, node, value in items:
        opening, closing = _brackets(value)
        draft.keep_comments(node, value)
        if node is first:
            draft.edits.replace(begin, begin, f"{draft.indent(begin)}return {{\n")
        draft.edits.replace(tree.start(node), tree.full_start(value), f"{STEP}{key}: {opening}")
        draft.edits.replace(tree.full_end(value), tree.end(node), f"{closing},")
    after = tree.line_end(tree.end(last))
    line_end = "" if tree.text[after - 1] in "\r\n" else "\n"
    draft.edits.replace(after, after, f"{line_end}{draft.indent(begin)}}}\n")


def _brackets(value: cst.BaseExpression) -> tuple[str, str]:
    bare = isinstance(value, cst.Tuple) and not value.lpar
    return ("(", ")") if bare else ("", "")


def returns_value(node: cst.Return) -> bool:
    """Whether a return gives something other than a plain ``None``."""
    return node.value is not None and not (isinstance(node.value, cst.Name) and node.value.value == "None")


def quoted(key: str) -> str:
    """A key as a text constant."""
    return f'"{key}"' if key.isprintable() and not set(key) & {'"', "\\"} else repr(key)
