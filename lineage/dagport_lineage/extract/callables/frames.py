"""The variables of one call of a function."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from dagport_lineage.extract.callables.domain import Value
from dagport_lineage.extract.callables.modules import FUNCTIONS, Binding, FunctionNode, Module, bindings_of, children

KEPT = 256  # functions whose names are remembered: the functions around a task are asked for each of its names


@dataclass(eq=False, slots=True)
class Loop:
    """A loop under way, and the variables at each way out of its body."""

    breaks: list[dict[str, Value]] = field(default_factory=list)
    continues: list[dict[str, Value]] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Frame:
    """One call of a function, or the variables around the task's own function."""

    module: Module
    env: dict[str, Value] = field(default_factory=dict)
    locals: frozenset[str] = frozenset()  # names that the function binds
    parent: Frame | None = None
    is_comprehension: bool = False
    hidden: frozenset[str] = frozenset()  # names of functions around, whose values aren't known
    results: list[Value] = field(default_factory=list)  # of `return`
    yielded: list[Value] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    changing: frozenset[str] = frozenset()  # names that get more than one value


@lru_cache(maxsize=KEPT)
def bound_in(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Mapping[str, list[Binding]]:
    """The bindings of a function's own names."""
    return bindings_of(node.body)


@lru_cache(maxsize=KEPT)
@lru_cache(maxsize=4096)
def names_of(node: FunctionNode) -> Mapping[str, int]:
    """How often a function binds each of its own names; a parameter counts once."""
    spec = node.args
    found: dict[str, int] = {}
    for item in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg):
        if item is not None:
            found[item.arg] = 1
    if isinstance(node, ast.Lambda):
        for inner in ast.walk(node.body):
            if isinstance(inner, ast.NamedExpr):
                found[inner.target.id] = found.get(inner.target.id, 0) + 1
        return found
    for name, bindings in bound_in(node).items():
        stores = sum(item.kind != "assign" for item in bindings)  # an assignment is seen as its target, too
        found[name] = found.get(name, 0) + max(stores, 1)
    outer = {name for inner in own_nodes(node) if isinstance(inner, ast.Global | ast.Nonlocal) for name in inner.names}
    return {name: count for name, count in found.items() if name not in outer}


@lru_cache(maxsize=KEPT)
def own_nodes(node: ast.AST) -> Sequence[ast.AST]:
    """The nodes of a function without those of the functions and classes inside it."""
    found: list[ast.AST] = []
    todo = children(node)
    while todo:
        item = todo.pop()
        found.append(item)
        if not isinstance(item, (*FUNCTIONS, ast.ClassDef)):
            todo += children(item)
    return found
