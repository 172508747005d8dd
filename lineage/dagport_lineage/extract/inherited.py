"""Operators that the project defines itself: what the graph has of them are the arguments of their constructor.

A class that adds nothing to an operator that has a rule but its looks does what that operator does. Any other may do
something else with the same arguments: then the gap says which class it comes from, and what it adds.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from dagport.graph import Task
from dagport_lineage.extract.callables.domain import OwnClass, OwnModule, Qualified, Value
from dagport_lineage.extract.callables.modules import Module, module_of
from dagport_lineage.extract.callables.resolve import Project, project_of
from dagport_lineage.extract.operators import find
from dagport_lineage.model import Found, Gap
from dagport_lineage.scope import Scope

LOOKS = frozenset({"ui_color", "ui_fgcolor", "custom_operator_name", "__doc__", "__slots__", "operator_extra_links"})
MAX_BASES = 20  # a class of a class of a class


def inherited(task: Task, scope: Scope) -> Found:
    """What a task of an operator without a rule of its own does."""
    main = module_of(scope.source)
    lines = list(_line(task.operator, scope, main)) if main else []
    base = next((item for item in lines if isinstance(item, str)), None)
    rule = find(base) if base else None
    added = [name for item in lines if isinstance(item, OwnClass) for name in _added(item)]
    # The graph of a mapped task doesn't have what a class of the project takes from the `default_args`.
    if base and rule and not added and task.mapped is None and not _is_unread(task, scope):
        return rule(replace(task, operator=base), scope)
    message = f"there is no rule for `{task.operator}`"
    if base and added:
        message += f": it extends `{base}` by {', '.join(f'`{name}`' for name in dict.fromkeys(added))}"
    elif base:
        message += f", which extends `{base}`"
    return Found(gaps=(Gap(side="both", reason="operator", message=message, place=scope.place(task)),))


def _is_unread(task: Task, scope: Scope) -> bool:
    """Whether the graph may lack arguments, because the constructor couldn't be read."""
    return any(item.code == "DP205" and f"`{task.operator}`" in item.message for item in scope.graph.diagnostics)


def _line(operator: str, scope: Scope, main: Module) -> Iterator[OwnClass | str]:
    """The classes of the project that an operator is made of, and then the library's, by its qualified name."""
    project = project_of(scope, main)
    found: Value | None = _own_class(operator, main, project)
    for _ in range(MAX_BASES):
        if isinstance(found, Qualified):
            yield found.name
        if not isinstance(found, OwnClass):
            return
        yield found
        if len(found.node.bases) != 1:
            return
        found = _meaning(found.node.bases[0], found.module, project)


def _own_class(operator: str, main: Module, project: Project) -> Value | None:
    """The class of an operator, where one module alone may have it: the file's own goes by the file's name."""
    home, _, name = operator.rpartition(".")
    here = [main] if PurePosixPath(main.source.path).stem == home.rpartition(".")[2] and name in main.bindings else []
    there = project.module_value(home)
    modules = {module.source.path: module for module in here}
    if isinstance(there, OwnModule):
        modules.setdefault(there.module.source.path, there.module)
    if len(modules) != 1:
        return None
    return project.name(next(iter(modules.values())), name, project.evaluate)


def _meaning(node: ast.expr, module: Module, project: Project) -> Value | None:
    """What the expression of a base class stands for."""
    if isinstance(node, ast.Name):
        return project.name(module, node.id, project.evaluate)
    if not isinstance(node, ast.Attribute):
        return None
    base = _meaning(node.value, module, project)
    return None if base is None else project.member(module, base, node.attr)


def _added(own: OwnClass) -> Iterator[str]:
    """What a class has that may change what it does."""
    node = own.node
    if node.name in own.module.tampered:
        yield "what is assigned to it"
    yield from ("a decorator" for _ in node.decorator_list)
    yield from (keyword.arg or "**" for keyword in node.keywords)
    for statement in node.body:
        yield from _named(statement)


def _named(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        names = [target.id if isinstance(target, ast.Name) else "an assignment" for target in targets]
        plain = statement.value is None or isinstance(statement.value, ast.Constant | ast.Tuple)
        yield from (name for name in names if name not in LOOKS or not plain)
    elif not isinstance(statement, ast.Pass) and not _is_constant(statement):
        yield "code in its body"


def _is_constant(statement: ast.stmt) -> bool:
    """A docstring, or ``...``."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
