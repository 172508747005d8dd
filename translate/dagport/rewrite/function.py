"""Writes a function in its new form: the source text of its body, edited where the plan says so."""

from __future__ import annotations

import libcst as cst

from dagport.rewrite.capture import COPY, check_captures, names_in
from dagport.rewrite.context import CONTEXT_KEYS
from dagport.rewrite.draft import Draft, start
from dagport.rewrite.gather import returns_value
from dagport.rewrite.layout import block_end, comment_start, dedent, lines_above
from dagport.rewrite.model import Plan, Refusal
from dagport.rewrite.names import Names
from dagport.rewrite.outer import Outer
from dagport.rewrite.paths import end_is_reached
from dagport.rewrite.removal import remove_statements
from dagport.rewrite.replace import replace_uses
from dagport.rewrite.scopes import every_parameter
from dagport.rewrite.tree import Tree, comments
from dagport.rewrite.usage import Usage
from dagport.source import parsed

INDENT = "    "


def write(tree: Tree, names: Names, usage: Usage, outer: Outer, plan: Plan) -> str | list[Refusal]:
    """The text of the new function, or why it can't be written by this plan."""
    try:
        draft = start(tree, names, usage, outer, plan)
    except SyntaxError:
        return [Refusal("the parameters of the plan don't make a signature", None)]
    _check_handover(draft)
    _bind_names(draft)
    replace_uses(draft)
    remove_statements(draft)
    if not draft.refusals:
        check_captures(draft)
    if draft.refusals:
        return draft.refusals
    function = usage.function
    text = _lambda(draft, function) if isinstance(function, cst.Lambda) else _definition(draft, function)
    try:
        parsed(text)
    except SyntaxError as error:
        return [Refusal(f"its new text isn't valid Python: {error.msg}", tree.span(function))]
    return text


def _check_handover(draft: Draft) -> None:
    handover, pushes = draft.plan.handover, draft.usage.pushes
    if pushes and handover != "keys":
        draft.refuse(f'it pushes "{pushes[0].key}", which the handover "{handover}" would drop', pushes[0].node)
    returning = next(filter(returns_value, draft.usage.returns), None)
    if handover == "nothing" and returning is not None:
        draft.refuse('it returns a value, which the handover "nothing" would drop', returning)


def _bind_names(draft: Draft) -> None:
    parameters = draft.usage.function.params
    draft.preamble += [*draft.outer.constants.items(), *draft.plan.bindings.items()]
    for param in every_parameter(parameters):
        name = param.name.value
        if name in draft.provided or param is parameters.star_kwarg or not any(draft.usage.scope.reads_of(name)):
            continue
        if name in draft.usage.bound:
            _bind_entry(draft, param, draft.usage.bound[name])
        elif name in CONTEXT_KEYS:
            continue  # each use of it is replaced
        elif param.default is not None:
            tree = draft.tree
            default = tree.text[tree.full_start(param.default) : tree.full_end(param.default)]
            if names_in(default) & (draft.signature | set(draft.usage.scope.bindings)):
                draft.refuse(f"the default of `{name}` would mean something else inside the function", param)
            draft.preamble.append((name, default))
        else:
            draft.refuse(f"its parameter `{name}` is given no value", param)


def _bind_entry(draft: Draft, param: cst.Param, entry: str) -> None:
    expression = draft.plan.context.get(entry)
    if expression is None:
        draft.refuse(f"nothing stands in for `{entry}` of the context", param)
    else:
        draft.preamble.append((param.name.value, expression))


# Layout


def _header(draft: Draft, is_async: bool) -> str:
    plan = draft.plan
    decorators = f"{plan.decorators.rstrip()}\n" if plan.decorators.strip() else ""
    returns = f" -> {plan.returns}" if plan.returns else ""
    keyword = "async def" if is_async else "def"
    return f"{_remarks(draft)}{decorators}{keyword} {plan.name}({', '.join(plan.signature)}){returns}:"


def _remarks(draft: Draft) -> str:
    """Comments that stand right above the definition and between its decorators."""
    node = draft.usage.function
    if isinstance(node, cst.Lambda):
        return ""
    tree = draft.tree
    first = tree.line_offset(tree.first_line(node))
    above = [line.strip() for line in tree.text[comment_start(tree, first) : first].splitlines()]
    between = [text for item in (*node.decorators, *node.lines_after_decorators) for text in comments(item)]
    leading = [text for item in node.decorators[:1] for line in item.leading_lines for text in comments(line)]
    return "".join(f"{text}\n" for text in [*above, *(text for text in between if text not in leading)])


def _imports(draft: Draft, indent: str) -> str:
    """Imports that come before the body."""
    lines = [f"from copy import {COPY}"] if draft.copies else []
    return "".join(f"{indent}{line}\n" for line in (*lines, *draft.outer.imports.values()))


def _assignments(draft: Draft, indent: str) -> str:
    """What the function's names are bound to, and the dict that collects the pushed keys."""
    lines = [f"{name} = {expression}" for name, expression in draft.preamble if name != expression]
    if draft.plan.handover == "keys" and not draft.gathered:
        lines.append(f"{draft.store}: dict[str, object] = {{}}")
    return "".join(f"{indent}{line}\n" for line in lines)


def _opening(draft: Draft, indent: str) -> str:
    return _imports(draft, indent) + _assignments(draft, indent)


def _docstring(draft: Draft, indent: str) -> str:
    if not draft.plan.doc:
        return ""
    text = draft.plan.doc.strip()
    plain = '"' not in text and "\\" not in text and text.isprintable()
    return f'{indent}"""{text}"""\n' if plain else f"{indent}{text!r}\n"


def _lambda(draft: Draft, node: cst.Lambda) -> str:
    tree = draft.tree
    begin, end = tree.full_start(node.body), tree.full_end(node.body)
    value = draft.edits.apply(begin, end)
    head = f'return {{"return_value": ({value})}}' if draft.plan.handover == "keys" else ""
    text = head or f"return {value if _is_one_line(value) else f'({value})'}"
    lost = "".join(f"{INDENT}{comment}\n" for comment in comments(node) if comment not in comments(node.body))
    opening = _docstring(draft, INDENT) + _opening(draft, INDENT)
    return f"{_header(draft, False)}\n{opening}{lost}{INDENT}{text}\n"


def _is_one_line(value: str) -> bool:
    try:
        return len(parsed(f"x = {value}").body) == 1
    except SyntaxError:
        return False


def _definition(draft: Draft, node: cst.FunctionDef) -> str:
    header = _header(draft, node.asynchronous is not None)
    if isinstance(node.body, cst.IndentedBlock):
        return header + _block(draft, node, node.body)
    tree = draft.tree
    first = tree.start(node.body.body[0])
    body = draft.edits.apply(first, tree.line_end(tree.end(node))).rstrip()
    closing = f"{INDENT}return {draft.store}\n" if _falls_off(draft, node) else ""
    opening = _docstring(draft, INDENT) + _opening(draft, INDENT)
    return f"{header}\n{opening}{INDENT}{body}\n{closing}"


def _falls_off(draft: Draft, node: cst.FunctionDef) -> bool:
    return draft.plan.handover == "keys" and not draft.gathered and end_is_reached(node)


def _block(draft: Draft, node: cst.FunctionDef, block: cst.IndentedBlock) -> str:
    tree = draft.tree
    outer = tree.indent(tree.start(node))
    statements = block.body
    begin = tree.line_offset(tree.first_line(statements[0]) - lines_above(statements[0]))
    end = block_end(tree, tree.line_end(tree.end(statements[-1])), outer)
    indent = tree.indent(tree.line_offset(tree.first_line(statements[0])))[len(outer) :]
    documented = docstring(node)
    dedent(tree, draft.edits, node, begin, end, outer, documented)
    _insert_assignments(draft, block, documented, indent)
    after = begin if documented is None else tree.line_end(tree.end(documented))
    doc = draft.edits.apply(begin, after, ending=False) if documented is not None else _docstring(draft, indent)
    doc = doc if not doc or doc.endswith("\n") else f"{doc}\n"
    body = doc + _imports(draft, indent) + draft.edits.apply(after, end)
    body = body.rstrip() + "\n"
    if _falls_off(draft, node):
        body += f"{indent}return {draft.store}\n"
    elif not _has_statement(body):
        body += f"{indent}pass\n"
    remark = "".join(f"  {text}" for text in comments(block.header))
    inside = "".join(f"{indent}{text}\n" for text in comments(node.params))
    return f"{remark}\n{inside}{body}"


def _insert_assignments(draft: Draft, block: cst.IndentedBlock, documented: cst.Expr | None, indent: str) -> None:
    """Bind names after the imports that the body starts with."""
    tree = draft.tree
    statements = list(block.body[1:] if documented is not None else block.body)
    used = {name for _, expression in draft.preamble for name in names_in(expression)}
    used |= {name for name, _ in draft.preamble}
    while len(statements) > 1 and _is_import(statements[0]) and not used & _imported(draft, statements[0]):
        statements = statements[1:]
    text = _assignments(draft, indent)
    if not statements:
        place = tree.line_end(tree.end(block.body[-1]))
    else:
        place = tree.line_offset(tree.first_line(statements[0]) - lines_above(statements[0]))
    while statements and not tree.text[place : tree.line_end(place)].strip():
        place = tree.line_end(place)
    # A dict that gathers pushes may open at the same place, and what its values read has to be bound before it.
    draft.edits.insert_before(place, text)


def _imported(draft: Draft, line: cst.CSTNode) -> set[str]:
    """Names that an import binds: nothing that is bound after it may mean one of them by another."""
    bindings = draft.usage.scope.bindings.items()
    return {name for name, found in bindings for item in found if draft.tree.within(item.node, line)}


def _is_import(line: cst.CSTNode) -> bool:
    return isinstance(line, cst.SimpleStatementLine) and isinstance(line.body[0], cst.Import | cst.ImportFrom)


def _has_statement(body: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in body.splitlines())


def docstring(node: cst.FunctionDef) -> cst.Expr | None:
    """The statement that is a function's docstring."""
    line = node.body.body[0]
    statement = line.body[0] if isinstance(line, cst.SimpleStatementLine) else line
    if not isinstance(statement, cst.Expr) or node.get_docstring(clean=False) is None:
        return None
    return statement
