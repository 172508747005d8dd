"""Edits the expressions of a function that touch Airflow, and its returns."""

from __future__ import annotations

import ast

import libcst as cst

from dagport.rewrite.context import CONTEXT_KEYS
from dagport.rewrite.draft import Draft
from dagport.rewrite.edits import CannotPlace, placed
from dagport.rewrite.gather import can_gather, gather, quoted, returns_value
from dagport.rewrite.hazards import Hazards
from dagport.rewrite.usage import (
    ConnectionUse,
    ContextUse,
    ExceptionUse,
    PullUse,
    PushUse,
    VariableUse,
)
from dagport.source import parsed


def replace_uses(draft: Draft) -> None:
    """Edit every use by the plan; what the plan has nothing for becomes a refusal of the draft."""
    hazards = Hazards(draft.tree, draft.names, draft.usage)
    copied = hazards.copied_pulls(draft.plan.pulls)
    draft.gathered = draft.plan.handover == "keys" and can_gather(draft, hazards)
    for use in draft.usage.uses:
        if isinstance(use, PullUse):
            _pull(draft, use, use in copied)
        elif isinstance(use, PushUse):
            _push(draft, use, hazards.copied_push(use))
        elif isinstance(use, ContextUse):
            _context(draft, use)
        elif isinstance(use, VariableUse):
            _variable(draft, use)
        elif isinstance(use, ConnectionUse):
            _replace(draft, use.node, draft.plan.connections.get(use.id), f"the connection `{use.id}`")
        else:
            _exception(draft, use)
    if draft.gathered:
        gather(draft)
    elif draft.plan.handover == "keys":
        for node in draft.usage.returns:
            _return(draft, node)


def _replace(draft: Draft, node: cst.BaseExpression, expression: str | None, what: str) -> None:
    if expression is None:
        draft.refuse(f"nothing stands in for {what}", node)
        return
    text = _placed(draft, node, expression, what)
    if text is not None:
        draft.keep_comments(node)
        draft.edits.replace(draft.tree.start(node), draft.tree.end(node), text)


def _placed(draft: Draft, node: cst.BaseExpression, expression: str, what: str) -> str | None:
    try:
        text = placed(draft.tree, node, expression)
    except SyntaxError:
        draft.refuse(f"what stands in for {what} isn't an expression", node)
        return None
    except CannotPlace as reason:
        draft.refuse(f"{what}: {reason}", node)
        return None
    draft.inserted.append((node, expression))
    return text


def _pull(draft: Draft, use: PullUse, copied: bool) -> None:
    pull = use.pull
    found = [draft.plan.pulls.get((task_id, pull.key)) for task_id in pull.task_ids]
    known = [item for item in found if item is not None]
    expression = None
    if len(known) == len(found):
        expression = f"[{', '.join(known)}]" if pull.many else known[0]
        copied = copied and not all(item.startswith("deepcopy(") for item in known)  # the plan's own copies
        draft.copies = draft.copies or copied
        expression = f"deepcopy({expression})" if copied else expression
    _replace(draft, use.node, expression, f'"{pull.key}" of the task {" and ".join(pull.task_ids)}')


def _push(draft: Draft, use: PushUse, copied: bool) -> None:
    if draft.gathered:
        return  # all of them are written together
    tree, value = draft.tree, use.value.value
    start, end = tree.full_start(value), tree.full_end(value)
    draft.copies = draft.copies or copied
    opening, closing = "", ""
    if copied:
        opening, closing = "deepcopy(", ")"
    elif not _stands_alone(tree.text[start:end]):
        opening, closing = "(", ")"
    draft.keep_comments(use.node, value)
    head = f"{draft.store}[{quoted(use.key)}] = {opening}"
    draft.edits.replace(tree.full_start(use.node), start, head)
    draft.edits.replace(end, tree.full_end(use.node), closing)


def _context(draft: Draft, use: ContextUse) -> None:
    meaning = use.meaning
    if meaning.parameter in draft.provided:
        return  # an argument of that name is given: the parameter stands for itself
    expression = draft.plan.context.get(meaning.entry)
    if expression is None and meaning.optional and meaning.entry not in CONTEXT_KEYS:
        _take_default(draft, use.node, meaning.default)
    else:
        _replace(draft, use.node, expression, f"`{meaning.entry}` of the context")


def _take_default(draft: Draft, node: cst.BaseExpression, default: cst.BaseExpression | None) -> None:
    tree = draft.tree
    if default is None:
        draft.edits.replace(tree.start(node), tree.end(node), "None")
        return
    draft.keep_comments(node, default)
    bare = isinstance(default, cst.Name | cst.SimpleString | cst.List | cst.Dict)
    draft.edits.replace(tree.start(node), tree.full_start(default), "" if bare else "(")
    draft.edits.replace(tree.full_end(default), tree.end(node), "" if bare else ")")


def _variable(draft: Draft, use: VariableUse) -> None:
    read = use.read
    expression = draft.plan.variable_reads.get(read.span)
    if expression is None and read.default is None and not read.deserialize_json:
        expression = draft.plan.variables.get(read.name)
    _replace(draft, use.node, expression, f"the Variable `{read.name}`")


def _exception(draft: Draft, use: ExceptionUse) -> None:
    """``Failure(..., allow_retries=False)``: the dots stand for the arguments that the source gives."""
    expression = draft.plan.exceptions.get(use.name)
    if expression is None or "..." not in expression:
        node = use.node if use.call is None else use.call.func
        _replace(draft, node, expression, use.name)
        return
    before, _, after = expression.partition("...")
    if use.call is None:
        _replace(draft, use.node, before.rstrip() + after.lstrip(" ,"), use.name)
        return
    if _placed(draft, use.call, f"{before}None{after}", use.name) is None:
        return
    tree, call = draft.tree, use.call
    callee, _, first = before.rpartition("(")
    bracket = tree.text.index("(", tree.full_end(call.func)) + 1
    draft.edits.replace(tree.start(call), tree.full_end(call.func), callee)
    draft.edits.replace(bracket, bracket, first)
    more = after.strip().removesuffix(")").strip(" ,")
    if more:
        has_comma = bool(call.args) and isinstance(call.args[-1].comma, cst.Comma)
        join = "" if not call.args else " " if has_comma else ", "
        draft.edits.replace(tree.end(call) - 1, tree.end(call) - 1, f"{join}{more}")


def _return(draft: Draft, node: cst.Return) -> None:
    tree, value = draft.tree, node.value
    if value is None or not returns_value(node):
        draft.keep_comments(node)
        draft.edits.replace(tree.start(node), tree.end(node), f"return {draft.store}")
        return
    bare = isinstance(value, cst.Tuple) and not value.lpar
    opening, closing = ("(", ")") if bare else ("", "")
    head, tail = f'return {{**{draft.store}, "return_value": {opening}', f"{closing}}}"
    later = _pushed_after(draft, node)
    if any(isinstance(part, cst.Return) for part in later):
        draft.refuse("it returns and pushes in `finally`", node)
    if later:
        # What `finally` pushes must be in the dict that was returned before it.
        head, tail = f'{draft.store}["return_value"] = {opening}', f"{closing}; return {draft.store}"
    draft.edits.replace(tree.start(node), tree.full_start(value), head)
    draft.edits.replace(tree.full_end(value), tree.full_end(value), tail)


def _pushed_after(draft: Draft, node: cst.Return) -> list[cst.CSTNode]:
    """The pushes and returns of each ``finally`` that pushes and is run after a return."""
    found: list[cst.CSTNode] = []
    around = draft.tree.enclosing(node, cst.Try)
    while around is not None and draft.tree.within(around, draft.usage.function):
        final = around.finalbody
        if final is not None and not draft.tree.within(node, final):
            pushes = [push.statement for push in draft.usage.pushes if draft.tree.within(push.node, final)]
            returns = [item for item in draft.usage.returns if draft.tree.within(item, final)]
            found += [*pushes, *returns] if pushes else []
        around = draft.tree.enclosing(around, cst.Try)
    return found


def _stands_alone(text: str) -> bool:
    """Whether an expression can be the right side of an assignment as it is written."""
    try:
        body = parsed(f"x = {text}").body
    except SyntaxError:
        return False
    return len(body) == 1 and isinstance(body[0], ast.Assign) and len(body[0].targets) == 1
