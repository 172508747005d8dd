"""``raise`` and ``try``: exceptions of the analysed code."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from dagport.evaluate.domain import (
    Anything,
    CallSite,
    External,
    Instance,
    Model,
    PyRaise,
    Scope,
    Symbolic,
    UserClass,
)
from dagport.evaluate.expressions import evaluate

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine
    from dagport.evaluate.statements import Signal


class ExceptionValue(Model):
    """An exception object of a built-in or library class."""

    __slots__ = ("args", "name")

    def __init__(self, name: str, args: tuple[Anything, ...]) -> None:
        self.name = name
        self.args = args

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``error.args``."""
        if name == "args":
            return self.args
        return NotImplemented


def raised_by(machine: Machine, value: Anything, site: CallSite) -> PyRaise:
    """What ``raise value`` raises."""
    if isinstance(value, External):
        return PyRaise(_bare(value.name), value=ExceptionValue(_bare(value.name), ()))
    if isinstance(value, ExceptionValue):
        return PyRaise(value.name, _message(value.args), value)
    if isinstance(value, UserClass):
        value = machine.call(value, [], {}, site)
    if isinstance(value, Instance):
        return PyRaise(value.cls.name, _message(value.fields.get("args", ())), value)
    if isinstance(value, Symbolic):
        return PyRaise(value.name, _message(value.args), value)
    return PyRaise("Exception", value=value)


def _bare(name: str) -> str:
    return name.removeprefix("builtins.")


def _message(args: Anything) -> str:
    return str(args[0]) if isinstance(args, tuple) and args and isinstance(args[0], str) else ""


def run_try(machine: Machine, node: ast.Try, scope: Scope) -> Signal | None:
    """Run a ``try`` statement."""
    from dagport.evaluate.statements import execute_block

    try:
        doubtful = _uncertain_import(machine, node)
        if doubtful is not None:
            return _both_ways(machine, node, doubtful, scope)
        signal = _run_body(machine, node, scope)
    except PyRaise:
        execute_block(machine, node.finalbody, scope)
        raise
    return execute_block(machine, node.finalbody, scope) or signal


def _run_body(machine: Machine, node: ast.Try, scope: Scope) -> Signal | None:
    from dagport.evaluate.statements import bind, execute_block

    try:
        signal = execute_block(machine, node.body, scope)
    except PyRaise as error:
        for handler in node.handlers:
            if not _handles(machine, handler, error, scope):
                continue
            if handler.name is not None:
                value = error.value or ExceptionValue(error.name, (error.message,))
                bind(machine, handler.name, value, scope)
            return execute_block(machine, handler.body, scope)
        raise
    return signal or execute_block(machine, node.orelse, scope)


def _handles(machine: Machine, handler: ast.ExceptHandler, error: PyRaise, scope: Scope) -> bool:
    if handler.type is None:
        return True
    kinds = evaluate(machine, handler.type, scope)
    return any(_is_kind(error, kind) for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))


def _is_kind(error: PyRaise, kind: Anything) -> bool:
    if isinstance(kind, UserClass):
        return isinstance(error.value, Instance) and any(cls is kind for cls in error.value.cls.mro)
    if not isinstance(kind, External):
        return False
    wanted = _bare(kind.name)
    if wanted in ("Exception", "BaseException"):
        return True
    names = [error.name, *(error.value.cls.externals() if isinstance(error.value, Instance) else [])]
    return any(_bare(name) == wanted or _is_builtin_subclass(_bare(name), wanted) for name in names)


def _is_builtin_subclass(name: str, wanted: str) -> bool:
    cls, base = getattr(builtins, name, None), getattr(builtins, wanted, None)
    return isinstance(cls, type) and isinstance(base, type) and issubclass(cls, base)


IMPORT_ERRORS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


def _uncertain_import(machine: Machine, node: ast.Try) -> str | None:
    """A module that the body imports and that may be missing, where a handler provides for that."""
    if not any(_catches_import_error(handler) for handler in node.handlers):
        return None
    for statement in node.body:
        names: list[str] = []
        if isinstance(statement, ast.Import):
            names = [alias.name for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            names = [statement.module]
        for name in names:
            if machine.hooks.may_be_missing(name):
                return name
    return None


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(kind, ast.Name) and kind.id in IMPORT_ERRORS for kind in kinds)


def _both_ways(machine: Machine, node: ast.Try, module: str, scope: Scope) -> Signal | None:
    from dagport.evaluate.statements import _undecided, execute_block

    handler = next(item for item in node.handlers if _catches_import_error(item))
    signal = _undecided(
        machine,
        node.body[0],
        scope,
        [[*node.body, *node.orelse], handler.body],
        text=f"import {module}",
    )
    return execute_block(machine, node.finalbody, scope) or signal
