"""``contextlib``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagport.evaluate.contexts import ContextManager, Entered, enter_context
from dagport.evaluate.domain import Anything, CallSite, External, Model, Native, NativeFunction, PyRaise
from dagport.evaluate.library.support import bound, counted

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


def _context_manager(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``@contextmanager``: calling the function gives what ``with`` runs around its body."""
    function = args[0]
    return NativeFunction(getattr(function, "name", "contextmanager"), _maker(function), binds=True)


def _maker(function: Anything) -> Native:
    from dagport.evaluate.generators import GeneratorObject

    def make(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        generator = machine.call(function, args, kwargs, site)
        if isinstance(generator, GeneratorObject):
            return ContextManager(generator, lambda: make(machine, args, kwargs, site))
        return machine.unknown("what the context manager does isn't known", site)

    return make


class _Plain(Model):
    """``nullcontext(value)``."""

    __slots__ = ("value",)
    type_name = "contextlib.nullcontext"

    def __init__(self, value: Anything) -> None:
        self.value = value

    def enter(self, machine: Machine, site: CallSite) -> Anything:
        """The value."""
        return self.value


class _Closing(_Plain):
    """``closing(value)``."""

    __slots__ = ()
    type_name = "contextlib.closing"

    def leave(self, machine: Machine, site: CallSite) -> None:
        """``value.close()``."""
        machine.call(machine.attribute(self.value, "close", site), [], {}, site)


class _Suppress(Model):
    """``suppress(*exceptions)``."""

    __slots__ = ("kinds",)
    type_name = "contextlib.suppress"

    def __init__(self, kinds: tuple[Anything, ...]) -> None:
        self.kinds = kinds

    def enter(self, machine: Machine, site: CallSite) -> Anything:
        """Nothing; an import in the block may fail unheard."""
        from dagport.evaluate.exceptions import is_caught

        machine.trying += 1
        if is_caught(PyRaise("ModuleNotFoundError"), self.kinds):
            machine.catching.append(site.scope.module)
        return None

    def exit(self, machine: Machine, error: PyRaise | None, site: CallSite) -> bool:
        """Swallow the exceptions that it names."""
        from dagport.evaluate.exceptions import is_caught

        machine.trying -= 1
        if is_caught(PyRaise("ModuleNotFoundError"), self.kinds) and site.scope.module in machine.catching:
            machine.catching.remove(site.scope.module)
        return error is not None and is_caught(error, self.kinds)


class _Stack(Model):
    """``ExitStack()``."""

    __slots__ = ("entered",)
    type_name = "contextlib.ExitStack"

    def __init__(self) -> None:
        self.entered: list[Entered] = []

    def enter(self, machine: Machine, site: CallSite) -> Anything:
        """The stack itself."""
        return self

    def exit(self, machine: Machine, error: PyRaise | None, site: CallSite) -> bool:
        """Leave everything, the last first."""
        swallowed = False
        current = error
        while self.entered:
            try:
                if self.entered.pop().leave(machine, current) and current is not None:
                    current, swallowed = None, True
            except PyRaise as other:
                current, swallowed = other, False
        if current is not None and current is not error:
            raise current
        return swallowed

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``enter_context``, ``callback``, ``close``."""
        method: Any = {"enter_context": self._enter, "callback": self._callback, "close": self._close}.get(name)
        return NotImplemented if method is None else NativeFunction(name, method)

    def _enter(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        entered = enter_context(machine, bound(args, kwargs, "cm")[0], site)
        machine.effect()
        self.entered.append(entered)
        return entered.value

    def _callback(
        self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
    ) -> Anything:
        function, *rest = args

        def leave(machine: Machine, error: PyRaise | None) -> bool:
            machine.call(function, rest, kwargs, site)
            return False

        machine.effect()
        self.entered.append(Entered(None, leave))
        return function

    def _close(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
        self.exit(machine, None, site)


def _null(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return _Plain(bound(args, kwargs, enter_result=None)[0])


def _closing(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return _Closing(bound(args, kwargs, "thing")[0])


def _suppress(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if all(isinstance(kind, External) or hasattr(kind, "mro") for kind in args):
        return _Suppress(tuple(args))
    return machine.unknown("which exceptions are suppressed isn't known", site)


def _stack(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return _Stack()


FUNCTIONS: dict[str, Native] = {
    "contextlib.contextmanager": counted(_context_manager, 1, 1),
    "contextlib.nullcontext": _null,
    "contextlib.closing": _closing,
    "contextlib.suppress": _suppress,
    "contextlib.ExitStack": _stack,
}
