"""``with``: context managers of the project and of libraries."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dagport.evaluate.domain import (
    KNOWN_TYPES,
    Anything,
    CallSite,
    External,
    Function,
    Instance,
    LimitHit,
    Model,
    NativeFunction,
    PyRaise,
    UserClass,
    first_unknown,
)

if TYPE_CHECKING:
    from dagport.evaluate.generators import GeneratorObject
    from dagport.evaluate.machine import Machine
    from dagport.evaluate.statements import Signal

Leave = Callable[["Machine", PyRaise | None], bool]
"""Ends the context; whether it swallows the exception."""


class Entered:
    """A context that was entered: its value, and how it is left."""

    __slots__ = ("leave", "value")

    def __init__(self, value: Anything, leave: Leave) -> None:
        self.value = value
        self.leave = leave


class ContextManager(Model):
    """What a function decorated with ``contextlib.contextmanager`` returns; called, it decorates a function."""

    __slots__ = ("again", "generator")
    type_name = "contextlib._GeneratorContextManager"

    def __init__(self, generator: GeneratorObject, again: Callable[[], Anything]) -> None:
        self.generator = generator
        self.again = again  # makes another one, for each call of a decorated function

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``__enter__`` and ``__exit__``."""
        if name == "__enter__":
            return NativeFunction(name, lambda machine, args, kwargs, site: _enter_generator(machine, self, site).value)
        if name == "__exit__":
            return NativeFunction(name, lambda machine, args, kwargs, site: self._exit(machine, args, site))
        return NotImplemented

    def _exit(self, machine: Machine, args: list[Anything], site: CallSite) -> bool:
        from dagport.evaluate.exceptions import raised_by

        error = raised_by(machine, args[1], site) if len(args) > 1 and args[1] is not None else None
        return leave_generator(machine, self.generator, error, site)

    def call(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        """``@manager()``."""
        return around(args[0], self.again)


def around(function: Anything, manager: Callable[[], Anything]) -> Anything:
    """A function that runs under a context manager each time it is called."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        entered = enter_context(machine, manager(), site)
        try:
            value = machine.call(function, args, kwargs, site)
        except PyRaise as error:
            if not entered.leave(machine, error):
                raise
            return None
        entered.leave(machine, None)
        return value

    return NativeFunction(getattr(function, "name", "inner"), run)


def run_with(
    machine: Machine, manager: Anything, site: CallSite, body: Callable[[Anything], Signal | None]
) -> Signal | None:
    """Run the body of a ``with`` statement under its context manager."""
    entered = enter_context(machine, manager, site)
    try:
        signal = body(entered.value)
    except PyRaise as error:
        if not entered.leave(machine, error):
            raise
        return None
    except LimitHit:
        if isinstance(manager, Model):
            manager.leave(machine, site)  # what the hooks keep open has to be closed again
        raise
    entered.leave(machine, None)
    return signal


def enter_context(machine: Machine, manager: Anything, site: CallSite) -> Entered:
    """Enter a context manager. What it does isn't known where the manager isn't: the hooks may note a doubt."""
    if isinstance(manager, ContextManager):
        return _enter_generator(machine, manager, site)
    if isinstance(manager, Instance) and isinstance(manager.cls.lookup("__enter__"), Function):
        return _enter_instance(machine, manager, site)
    if isinstance(manager, Model):
        value = manager.enter(machine, site)
        if value is not NotImplemented:
            return Entered(value, lambda machine, error: manager.exit(machine, error, site))
    plain = isinstance(manager, Instance) and all(
        isinstance(cls, UserClass) or cls == External("builtins.object") for cls in manager.cls.mro
    )
    if plain or isinstance(manager, KNOWN_TYPES):
        name = manager.cls.name if isinstance(manager, Instance) else type(manager).__name__
        raise PyRaise("TypeError", f"'{name}' object does not support the context manager protocol")
    machine.hooks.unseen_context(machine, manager, site)
    lost = first_unknown([manager])
    value = machine.unknown(lost.why if lost else "what the context manager gives isn't known", site)
    return Entered(value, lambda machine, error: False)


def _enter_generator(machine: Machine, manager: ContextManager, site: CallSite) -> Entered:
    from dagport.evaluate.iterators import END, Untold

    generator = manager.generator
    try:
        value = generator.take(machine, site)
    except Untold as untold:
        machine.doubt("DP206", f"the context manager `{generator.function.name}` isn't followed", site)
        return Entered(machine.unknown(untold.value.why, site), lambda machine, error: False)
    if value is END:
        raise PyRaise("RuntimeError", "generator didn't yield")
    return Entered(value, lambda machine, error: leave_generator(machine, generator, error, site))


def leave_generator(machine: Machine, generator: GeneratorObject, error: PyRaise | None, site: CallSite) -> bool:
    """End a ``contextmanager``; whether it swallows the exception of the body."""
    from dagport.evaluate.iterators import END, Untold

    try:
        item = generator.take(machine, site) if error is None else generator.throw(machine, error, site)
    except Untold:
        machine.doubt("DP206", f"how the context manager `{generator.function.name}` ends isn't known", site)
        return False
    except PyRaise as raised:
        # A `StopIteration` of the body comes out of a generator as a `RuntimeError`; contextlib undoes that.
        if raised is error or (error is not None and error.name == "StopIteration" and raised.name == "RuntimeError"):
            return False
        raise
    if item is END:
        return error is not None
    text = "generator didn't stop" + ("" if error is None else " after throw()")
    raise PyRaise("RuntimeError", text)


def _enter_instance(machine: Machine, manager: Instance, site: CallSite) -> Entered:
    from dagport.evaluate.operators import call_method

    value = call_method(machine, manager, "__enter__", [], site)

    def leave(machine: Machine, error: PyRaise | None) -> bool:
        from dagport.evaluate.exceptions import class_of, value_of

        details: list[Anything] = [None] * 3
        if error is not None:
            caught = value_of(error)
            details = [class_of(caught), caught, machine.unknown("tracebacks aren't followed", site)]
        answer = call_method(machine, manager, "__exit__", details, site)
        known = False if error is None or answer is NotImplemented else machine.truth(answer)
        if known is None:
            machine.doubt("DP202", f"the file may raise {error}: what `__exit__` returns isn't known", site)
        return known is not False

    return Entered(value, leave)
