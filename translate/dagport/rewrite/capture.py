"""Whether the names in inserted expressions still mean what the plan means by them.

The plan's expressions name the new function's parameters and modules of the generated file. A local variable of the
same name, at the place an expression is put, would capture it.
"""

from __future__ import annotations

import ast

import libcst as cst

from dagport.rewrite.draft import Draft
from dagport.rewrite.outer import still_read
from dagport.rewrite.scopes import Binding, Scope

COPY = "deepcopy"


def check_captures(draft: Draft) -> None:
    """Refuse every expression that would mean something else where it is put."""
    free = {read.value for read in still_read(draft.tree, draft.usage)}
    for name in sorted(draft.signature & free):
        draft.refuse(f"a parameter `{name}` would hide what the function means by that name", draft.usage.function)
    early: set[str] = set()
    for name, expression in draft.preamble:
        for used in sorted(names_in(expression) & early - ({name} & draft.signature)):
            draft.refuse(f"`{used}` has two meanings in the new function", draft.usage.function)
        early.add(name)
    for node, expression in draft.inserted:
        for used in sorted(names_in(expression)):
            if used in early:
                draft.refuse(f"`{used}`, which stands in here, is an argument of the function", node)
            elif _nested_binding(draft, node, used) or not _keeps_meaning(draft, used):
                draft.refuse(f"`{used}`, which stands in here, is a variable of the function", node)
    if draft.copies and COPY in taken_names(draft):
        draft.refuse(f"the function has a name `{COPY}` of its own", draft.usage.function)


def names_in(expression: str) -> set[str]:
    """Names that an expression reads."""
    return {item.id for item in ast.walk(ast.parse(expression, mode="eval")) if isinstance(item, ast.Name)}


def taken_names(draft: Draft) -> set[str]:
    """Every name that the function binds or reads, at any depth."""
    scopes = list(draft.usage.scope.nested())
    return {name for scope in scopes for name in (*scope.bindings, *(read.value for read in scope.reads))}


def _nested_binding(draft: Draft, node: cst.CSTNode, name: str) -> bool:
    around: cst.CSTNode | None = node
    while around is not None and around is not draft.usage.function:
        scope = draft.names.scopes.by_node.get(around)
        if scope is not None and name in scope.bindings:
            return True
        around = draft.tree.parent(around)
    return False


def _rebindings(draft: Draft, scope: Scope, name: str) -> list[Binding]:
    """What binds a name in the new function's body."""
    gone = {id(alias) for _, alias in draft.usage.imports}
    return [
        item
        for item in scope.bindings.get(name, [])
        if item.site not in draft.removed and not isinstance(item.site, cst.Param) and id(item.node) not in gone
    ]


def _keeps_meaning(draft: Draft, name: str) -> bool:
    """Whether a name still has its first value wherever it was inserted.

    True when the body never binds it, or binds it only after the last insertion: first in a statement of the body
    itself, whose right side may hold the insertion, as in ``rows = rows["items"]``.
    """
    scope = draft.usage.scope
    bindings = _rebindings(draft, scope, name)
    if not bindings:
        return True
    first = min(bindings, key=lambda item: draft.tree.start(item.node))
    if name in scope.declared or not isinstance(first.site, cst.Assign) or not _is_plain(draft, first):
        return False
    places = [node for node, expression in draft.inserted if name in names_in(expression)]
    if any(scope_around(draft, node) is not scope for node in places):
        return False
    in_time = all(draft.tree.end(node) <= draft.tree.end(first.site) for node in places)
    reads_before = any(draft.tree.start(read) < draft.tree.end(first.site) for read in draft.usage.scope.reads_of(name))
    return in_time and not reads_before


def _is_plain(draft: Draft, binding: Binding) -> bool:
    line = draft.tree.parent(binding.site)
    block = None if line is None else draft.tree.parent(line)
    return block is getattr(draft.usage.function, "body", None)


def scope_around(draft: Draft, node: cst.CSTNode) -> Scope | None:
    """The scope that a node is evaluated in."""
    around = draft.tree.parent(node)
    while around is not None and around not in draft.names.scopes.by_node:
        around = draft.tree.parent(around)
    return None if around is None else draft.names.scopes.by_node[around]
