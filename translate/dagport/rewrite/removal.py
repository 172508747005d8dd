"""Takes statements out of a function: aliases of the context, imports of Airflow, ``x = x``."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from dagport.rewrite.draft import Draft
from dagport.rewrite.outer import import_statement
from dagport.rewrite.tree import comments


def remove_statements(draft: Draft) -> None:
    """Take out what has no purpose any more."""
    draft.removed |= {*draft.usage.aliases, *_self_assignments(draft)}
    _remove_imports(draft)
    for node in _emptied_tries(draft):
        draft.edits.replace(*_lines(draft, node), "")
    for node in sorted(draft.removed, key=draft.tree.start):
        _remove(draft, node)


def _emptied_tries(draft: Draft) -> Iterator[cst.CSTNode]:
    """``try: import`` with ``except ImportError: import`` of which nothing is left."""
    for node in {draft.tree.enclosing(item, cst.Try) for item in draft.removed}:
        if node is None or not draft.tree.within(node, draft.usage.function):
            continue
        blocks = [node.body, *(part.body for part in (*node.handlers, node.orelse, node.finalbody) if part is not None)]
        statements = [item for block in blocks for line in block.body for item in getattr(line, "body", None) or [line]]
        block = draft.tree.parent(node)
        alone = not isinstance(block, cst.IndentedBlock) or len(block.body) == 1
        if not alone and not comments(node) and all(item in draft.removed for item in statements):
            yield node


def _lines(draft: Draft, node: cst.CSTNode) -> tuple[int, int]:
    """The whole lines of a statement, and the blank ones after it."""
    tree = draft.tree
    end = tree.line_end(tree.end(node))
    while _is_blank(draft, end):
        end = tree.line_end(end)
    return tree.line_start(tree.start(node)), end


def _self_assignments(draft: Draft) -> Iterator[cst.CSTNode]:
    """``load = ti.xcom_pull("load")`` where the result comes in as the parameter ``load``."""
    for node, expression in draft.inserted:
        parent = draft.tree.parent(node)
        if not isinstance(parent, cst.Assign) or len(parent.targets) != 1 or parent.value is not node:
            continue
        target = parent.targets[0].target
        if isinstance(target, cst.Name) and target.value == expression and expression in draft.signature:
            yield parent


def _remove_imports(draft: Draft) -> None:
    gone = {alias for _, alias in draft.usage.imports}
    for site in {id(site): site for site, _ in draft.usage.imports}.values():
        names = () if isinstance(site.names, cst.ImportStar) else site.names
        left = [alias for alias in names if alias not in gone]
        if left:
            text = "; ".join(import_statement(site, alias) for alias in left)
            draft.edits.replace(draft.tree.start(site), draft.tree.end(site), text)
        else:
            draft.removed.add(site)


def _remove(draft: Draft, node: cst.CSTNode) -> None:
    tree = draft.tree
    line = tree.parent(node)
    block = None if line is None else tree.parent(line)
    alone = isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1
    if line is None or not alone or not isinstance(block, cst.IndentedBlock) or _leaves_nothing(draft, block, node):
        tree_start, tree_end = tree.start(node), tree.end(node)
        draft.keep_comments(node)
        draft.edits.replace(tree_start, tree_end, "pass")
        return
    start, end = tree.line_start(tree.start(node)), tree.line_end(tree.end(node))
    kept = "".join(f"{draft.indent(start)}{text}\n" for text in comments(line) if text not in _above(line))
    if not kept and (_is_first(draft, line) or _is_blank(draft, tree.line_start(max(0, start - 1)))):
        while _is_blank(draft, end):
            end = tree.line_end(end)
    draft.edits.replace(start, end, kept)


def _above(line: cst.CSTNode) -> list[str]:
    """Comments in the lines above a statement, which stay where they are."""
    return [text for item in getattr(line, "leading_lines", ()) for text in comments(item)]


def _leaves_nothing(draft: Draft, block: cst.IndentedBlock, node: cst.CSTNode) -> bool:
    """Whether this is the last removal of a block that would be empty; the function's own body is seen to later."""
    if block is getattr(draft.usage.function, "body", None):
        return False
    statements = [item for line in block.body for item in getattr(line, "body", None) or [line]]
    if any(item not in draft.removed for item in statements):
        return False
    return node is statements[-1]


def _is_first(draft: Draft, line: cst.CSTNode) -> bool:
    body = getattr(draft.usage.function, "body", None)
    return isinstance(body, cst.IndentedBlock) and body.body[0] is line


def _is_blank(draft: Draft, start: int) -> bool:
    text = draft.tree.text
    return start < len(text) and not text[start : draft.tree.line_end(start)].strip()
