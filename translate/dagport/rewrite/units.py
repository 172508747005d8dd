"""The statements of a module as units: what each binds, reads and changes when the module is imported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import libcst as cst

from dagport.rewrite.scopes import Scopes
from dagport.rewrite.tree import Tree


@dataclass(eq=False)
class Unit:
    """One statement that runs when the module is imported."""

    node: cst.CSTNode
    order: int
    binds: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)  # names of the module, or that nothing binds, at any depth
    changes: set[str] = field(default_factory=set)  # names whose objects it stores into, or calls a method of
    hands_on: set[str] = field(default_factory=set)  # names it calls a function with, for its effect
    calls: set[str] = field(default_factory=set)  # names that a statement of it calls for their effect
    imports: list[cst.Import | cst.ImportFrom] = field(default_factory=list)  # at any depth


def units_of(tree: Tree, scopes: Scopes, opens_dag: Callable[[cst.With], bool]) -> list[Unit]:
    """The units of a module. The body of ``with DAG(...)`` always runs, so that its statements are units too."""
    units = [Unit(node, order) for order, node in enumerate(_statements(tree.module.body, opens_dag))]
    by_node = {unit.node: unit for unit in units}
    for name, bindings in scopes.module.bindings.items():
        for binding in bindings:
            unit = _unit(tree, by_node, binding.node)
            if unit is not None:
                unit.binds.add(name)
    for scope in scopes.module.nested():
        for read in scope.reads:
            owner = scope.owner(read.value)
            unit = _unit(tree, by_node, read)
            if unit is not None and (owner is None or owner.kind == "module"):
                unit.reads.add(read.value)
        for name, annotation in scope.quoted:
            unit = _unit(tree, by_node, annotation)
            if unit is not None and name in scopes.module.bindings:
                unit.reads.add(name)
    for unit in units:
        opened = isinstance(unit.node, cst.With) and opens_dag(unit.node)
        for part in unit.node.items if opened and isinstance(unit.node, cst.With) else (unit.node,):
            part.visit(_Effects(unit))
    return units


def _statements(body: object, opens_dag: Callable[[cst.With], bool]) -> Iterator[cst.CSTNode]:
    for node in body if isinstance(body, tuple | list) else ():
        yield node
        if isinstance(node, cst.With) and opens_dag(node):
            # It stays a unit for what its head binds and reads; what is in its body belongs to the units there.
            yield from _statements(node.body.body, opens_dag)


def _unit(tree: Tree, by_node: dict[cst.CSTNode, Unit], node: cst.CSTNode) -> Unit | None:
    around: cst.CSTNode | None = node
    while around is not None and around not in by_node:
        around = tree.parent(around)
    return None if around is None else by_node[around]


def root_name(node: cst.BaseExpression) -> str | None:
    """The name that a chain of attributes, indexes and calls starts with."""
    while isinstance(node, cst.Attribute | cst.Subscript | cst.Call):
        node = node.func if isinstance(node, cst.Call) else node.value
    return node.value if isinstance(node, cst.Name) else None


class _Effects(cst.CSTVisitor):
    """Collects what a unit's own code changes; the bodies of functions run later."""

    def __init__(self, unit: Unit) -> None:
        super().__init__()
        self.unit = unit
        self.depth = 0

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:  # noqa: N802
        self.depth += 1
        return True

    def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:  # noqa: N802
        self.depth -= 1

    def visit_Import(self, node: cst.Import) -> bool:  # noqa: N802
        self.unit.imports.append(node)
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:  # noqa: N802
        self.unit.imports.append(node)
        return False

    def visit_AssignTarget(self, node: cst.AssignTarget) -> bool:  # noqa: N802
        self._store(node.target)
        return True

    def visit_AugAssign(self, node: cst.AugAssign) -> bool:  # noqa: N802
        self._store(node.target)
        return True

    def visit_Del(self, node: cst.Del) -> bool:  # noqa: N802
        self._store(node.target)
        return True

    def visit_Expr(self, node: cst.Expr) -> bool:  # noqa: N802
        call = node.value.expression if isinstance(node.value, cst.Await) else node.value
        if self.depth or not isinstance(call, cst.Call):
            return True
        root = root_name(call.func)
        if root is not None:
            self.unit.calls.add(root)
            if isinstance(call.func, cst.Attribute):
                self.unit.changes.add(root)
        for arg in call.args:
            name = root_name(arg.value)
            if name is not None:
                self.unit.hands_on.add(name)
        return True

    def _store(self, target: cst.BaseExpression) -> None:
        if self.depth:
            return
        if isinstance(target, cst.Tuple | cst.List):
            for element in target.elements:
                self._store(element.value)
        root = root_name(target)
        if root is not None and not isinstance(target, cst.Name):
            self.unit.changes.add(root)
