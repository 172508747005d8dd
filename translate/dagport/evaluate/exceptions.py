"""``raise`` and ``try``: exceptions of the analysed code."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    KNOWN_TYPES,
    Anything,
    CallSite,
    External,
    Instance,
    Model,
    NativeFunction,
    PyRaise,
    Scope,
    Symbolic,
    Unknown,
    UserClass,
    first_unknown,
    is_plain,
)
from dagport.evaluate.expressions import evaluate

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine
    from dagport.evaluate.statements import Signal

Runner = Callable[["Machine", list[ast.stmt], Scope], Generator[Anything, Anything, Any]]
STATE = ("__cause__", "__context__", "__suppress_context__", "__notes__")


class ExceptionValue(Model):
    """An exception object of a built-in or library class."""

    __slots__ = ("args", "fields", "name")

    def __init__(self, name: str, args: tuple[Anything, ...]) -> None:
        self.name = name
        self.args = args
        self.fields: dict[str, Anything] = {}

    @property
    def type_name(self) -> str:  # type: ignore[override]
        """The qualified name of its class."""
        return self.name if "." in self.name else f"builtins.{self.name}"

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``args``, what ``raise`` sets, and the attributes that some built-in exceptions have."""
        if name == "args":
            return self.args
        if name in self.fields:
            return self.fields[name]
        if name == "__class__":
            return External(self.type_name)
        if name == "__str__":
            return NativeFunction(name, lambda machine, *_: exception_text(machine, self.name, self.args, site))
        common = common_attribute(machine, self, self.fields, name)
        if common is not NotImplemented:
            return common
        index = {"SystemExit": ("code",), "StopIteration": ("value",), "OSError": ("errno", "strerror", "filename")}
        for base, names in index.items():
            if name in names and _is_builtin_subclass(self.name, base):
                place = names.index(name)
                short = base == "OSError" and len(self.args) < 2
                return None if short or place >= len(self.args) else self.args[place]
        real = getattr(builtins, self.name, None)
        if isinstance(real, type) and not hasattr(real, name):
            raise PyRaise("AttributeError", f"'{self.name}' object has no attribute '{name}'")
        return NotImplemented

    def set_attr(self, machine: Machine, name: str, value: Anything, site: CallSite) -> None:
        """``error.name = value``."""
        machine.effect()
        if name == "args":
            self.args = value
        else:
            self.fields[name] = value

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """Exceptions are equal to themselves only."""
        if operator in ("==", "!=") and not isinstance(other, Unknown):
            return (self is other) == (operator == "==")
        return NotImplemented


def common_attribute(machine: Machine, owner: Any, fields: dict[str, Anything], name: str) -> Anything:
    """What every exception object has."""
    if name in STATE and name != "__notes__":
        return fields.get(name, False if name == "__suppress_context__" else None)
    if name == "__traceback__":
        return machine.unknown("tracebacks aren't followed")
    if name == "with_traceback":
        return NativeFunction(name, lambda *_: owner)
    if name == "add_note":
        return NativeFunction(
            name, lambda machine, args, kwargs, site: fields.setdefault("__notes__", []).append(args[0])
        )
    return NotImplemented


def exception_text(machine: Machine, name: str, args: Anything, site: CallSite) -> Anything:
    """``str(error)`` by its arguments (``BaseException.__str__``, ``KeyError.__str__``, ``OSError.__str__``)."""
    from dagport.evaluate.builtins import represent

    if not isinstance(args, tuple):
        return machine.unknown("the text of the exception isn't known", site)
    if not args:
        return ""
    if len(args) > 1:
        if _is_builtin_subclass(name, "OSError") or name.startswith("Unicode"):
            return machine.unknown("the text of the exception isn't known", site)
        return represent(machine, args, site)
    return represent(machine, args[0], site) if name == "KeyError" else machine.to_text(args[0], site)


def is_exception(cls: Anything) -> bool:
    """Whether a class of the project derives from a built-in exception."""
    return isinstance(cls, UserClass) and exception_base(cls) is not None


def exception_base(cls: UserClass) -> str | None:
    """The bare name of the built-in exception that a class derives from."""
    for name in cls.externals():
        real = getattr(builtins, _bare(name), None)
        if isinstance(real, type) and issubclass(real, BaseException):
            return _bare(name)
    return None


def ended(value: Anything) -> PyRaise:
    """The ``StopIteration`` at the end of an iterator; a generator's carries what it returned."""
    args = () if value is None else (value,)
    return PyRaise("StopIteration", value=ExceptionValue("StopIteration", args))


def value_of(error: PyRaise) -> Anything:
    """The exception object."""
    if error.value is None:
        args = error.arguments if error.arguments is not None else (error.message,) if error.message else ()
        error.value = ExceptionValue(error.name, args)
    return error.value


def class_of(value: Anything) -> Anything:
    """The class of an exception object."""
    if isinstance(value, Instance):
        return value.cls
    return External(value.type_name) if isinstance(value, ExceptionValue) else value


def raised_by(machine: Machine, value: Anything, site: CallSite) -> PyRaise:
    """What ``raise value`` raises."""
    if isinstance(value, External):
        made = machine.call(value, [], {}, site)
        value = made if isinstance(made, ExceptionValue) else ExceptionValue(_bare(value.name), ())
    if isinstance(value, UserClass):
        value = machine.call(value, [], {}, site)
    if isinstance(value, ExceptionValue):
        return PyRaise(value.name, _message(value.args), value)
    if isinstance(value, Instance):
        if all(isinstance(cls, UserClass) or cls == External("builtins.object") for cls in value.cls.mro):
            return PyRaise("TypeError", "exceptions must derive from BaseException")
        return PyRaise(value.cls.name, _message(value.fields.get("args", ())), value)
    if isinstance(value, Symbolic):
        return PyRaise(value.name, _message(value.args), value)
    if isinstance(value, KNOWN_TYPES):
        return PyRaise("TypeError", "exceptions must derive from BaseException")
    return PyRaise("Exception", value=value)


def _bare(name: str) -> str:
    return name.removeprefix("builtins.")


def _message(args: Anything) -> str:
    return str(args[0]) if isinstance(args, tuple) and args and is_plain(args[0]) else ""


def run_raise(machine: Machine, node: ast.Raise, scope: Scope) -> PyRaise:
    """The exception of a ``raise`` statement."""
    site = CallSite(node, scope)
    if node.exc is None:
        if machine.handling:
            return machine.handling[-1]
        return PyRaise("RuntimeError", "No active exception to reraise")
    error = raised_by(machine, evaluate(machine, node.exc, scope), site)
    if node.cause is not None:
        cause = evaluate(machine, node.cause, scope)
        if isinstance(cause, External | UserClass):
            cause = value_of(raised_by(machine, cause, site))
        _note(error, {"__cause__": cause, "__suppress_context__": True})
    return error


def _note(error: PyRaise, state: dict[str, Anything]) -> None:
    value = value_of(error)
    if isinstance(value, ExceptionValue | Instance):
        value.fields.update(state)


def run_try(machine: Machine, node: ast.Try, scope: Scope) -> Signal | None:
    """Run a ``try`` statement."""
    steps = try_steps(machine, node, scope, _at_once)
    try:
        next(steps)
    except StopIteration as stop:
        signal: Signal | None = stop.value
        return signal
    raise AssertionError("a block that doesn't yield was suspended")


def _at_once(machine: Machine, body: list[ast.stmt], scope: Scope) -> Generator[Anything, Anything, Any]:
    from dagport.evaluate.statements import execute_block

    return execute_block(machine, body, scope)
    yield  # it is a generator, like the blocks that can be suspended


def try_steps(machine: Machine, node: ast.Try, scope: Scope, run: Runner) -> Generator[Anything, Anything, Any]:
    """The parts of a ``try`` statement in their order; ``run`` executes a block."""
    try:
        doubtful = _uncertain_import(machine, node)
        if doubtful is not None:
            signal = _both_ways(machine, node, doubtful, scope)
        else:
            signal = yield from _body_steps(machine, node, scope, run)
    except PyRaise as error:
        machine.handling.append(error)
        try:
            ended_by = yield from run(machine, node.finalbody, scope)
        except PyRaise as other:
            _in_context(other, error)
            raise
        finally:
            machine.handling.pop()
        if ended_by is not None:
            return ended_by  # `return`, `break` or `continue` in `finally` drops the exception
        raise
    return (yield from run(machine, node.finalbody, scope)) or signal


def _body_steps(machine: Machine, node: ast.Try, scope: Scope, run: Runner) -> Generator[Anything, Anything, Any]:
    caught: PyRaise | None = None
    signal: Signal | None = None
    goes_on = any(_catches_import_error(item) and not _only_raises(item) for item in node.handlers)
    machine.trying += bool(node.handlers)
    machine.catching += [scope.module] * goes_on
    try:
        signal = yield from run(machine, node.body, scope)
    except PyRaise as error:
        caught = error
    finally:
        machine.trying -= bool(node.handlers)
        if goes_on:
            machine.catching.remove(scope.module)
    if caught is None:
        return signal or (yield from run(machine, node.orelse, scope))
    handler = next((item for item in node.handlers if _handles(machine, item, caught, scope)), None)
    if handler is None:
        raise caught
    return (yield from _handler_steps(machine, handler, caught, scope, run))


def _handler_steps(
    machine: Machine, handler: ast.ExceptHandler, error: PyRaise, scope: Scope, run: Runner
) -> Generator[Anything, Anything, Any]:
    from dagport.evaluate.statements import bind, unbind

    if handler.name is not None:
        bind(machine, handler.name, value_of(error), scope)
    machine.handling.append(error)
    try:
        return (yield from run(machine, handler.body, scope))
    except PyRaise as other:
        _in_context(other, error)
        raise
    finally:
        machine.handling.pop()
        if handler.name is not None:
            unbind(machine, handler.name, scope)


def _in_context(error: PyRaise, context: PyRaise) -> None:
    if error is not context and value_of(error) is not value_of(context):
        value = value_of(error)
        if isinstance(value, ExceptionValue | Instance):
            value.fields.setdefault("__context__", value_of(context))


def _handles(machine: Machine, handler: ast.ExceptHandler, error: PyRaise, scope: Scope) -> bool:
    if handler.type is None:
        return True
    kinds = evaluate(machine, handler.type, scope)
    lost = first_unknown([kinds])
    if lost is not None:
        site = CallSite(handler.type, scope)
        machine.doubt("DP202", f"whether `except {site.text}` catches {error.name} isn't known: {lost.why}", site)
    return is_caught(error, kinds)


def is_caught(error: PyRaise, kinds: Anything) -> bool:
    """Whether ``except kinds`` catches an exception."""
    if isinstance(kinds, tuple):
        return any(is_caught(error, kind) for kind in kinds)
    return _is_kind(error, kinds)


LIBRARY_BASES = {
    "dataclasses.FrozenInstanceError": "AttributeError",
    "json.JSONDecodeError": "ValueError",
    "zoneinfo.ZoneInfoNotFoundError": "KeyError",
    "binascii.Error": "ValueError",
    "shutil.Error": "OSError",
    "configparser.Error": "Exception",
}
"""Exceptions of the standard library -> the built-in class that they derive from."""


def _is_kind(error: PyRaise, kind: Anything) -> bool:
    if isinstance(kind, UserClass):
        return isinstance(error.value, Instance) and any(cls is kind for cls in error.value.cls.mro)
    if not isinstance(kind, External):
        return False
    wanted = _bare(kind.name)
    names = [error.name, *(error.value.cls.externals() if isinstance(error.value, Instance) else [])]
    names += [LIBRARY_BASES[name] for name in names if name in LIBRARY_BASES]
    if wanted in ("Exception", "BaseException"):
        outside = any(_is_builtin_subclass(name, "BaseException") for name in map(_bare, names)) and not any(
            _is_builtin_subclass(name, "Exception") for name in map(_bare, names)
        )
        return wanted == "BaseException" or not outside
    return any(_bare(name) == wanted or _is_builtin_subclass(_bare(name), wanted) for name in names)


def _is_builtin_subclass(name: str, wanted: str) -> bool:
    cls, base = getattr(builtins, name, None), getattr(builtins, wanted, None)
    return isinstance(cls, type) and isinstance(base, type) and issubclass(cls, base)


IMPORT_ERRORS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


def _uncertain_import(machine: Machine, node: ast.Try) -> str | None:
    """A module that the body imports and that may be missing, where a handler provides for that.

    One that only raises another error doesn't: the module is needed, as by an import outside ``try``.
    """
    handler = next(filter(_catches_import_error, node.handlers), None)
    if handler is None or (machine.trying == 0 and _only_raises(handler)):
        return None
    for statement in node.body:
        names: list[str] = []
        if isinstance(statement, ast.Import):
            names = [alias.name for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            names = [statement.module]
        for name in names:
            owned = machine.importer.owns(name) if machine.importer else False
            if owned is False and machine.hooks.may_be_missing(name):
                return name
    return None


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(kind, ast.Name) and kind.id in IMPORT_ERRORS for kind in kinds)


def _only_raises(handler: ast.ExceptHandler) -> bool:
    return isinstance(handler.body[-1], ast.Raise) and all(isinstance(item, ast.Expr) for item in handler.body[:-1])


def _both_ways(machine: Machine, node: ast.Try, module: str, scope: Scope) -> Signal | None:
    from dagport.evaluate.statements import undecided

    handler = next(item for item in node.handlers if _catches_import_error(item))
    return undecided(
        machine,
        node.body[0],
        scope,
        [[*node.body, *node.orelse], handler.body],
        text=f"import {module}",
    )
