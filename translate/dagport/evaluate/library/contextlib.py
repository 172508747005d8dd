"""``contextlib``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, Model, Native, NativeFunction
from dagport.evaluate.library.support import counted

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


def _context_manager(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``@contextmanager``: calling the function gives what ``with`` runs around its body."""
    from dagport.evaluate.calls import ContextManager, Generator

    function = args[0]

    def make(machine: Machine, inner: list[Anything], named: dict[str, Anything], inner_site: CallSite) -> Anything:
        generator = machine.call(function, inner, named, inner_site)
        if isinstance(generator, Generator):
            return ContextManager(generator)
        return machine.unknown("what the context manager does isn't known", inner_site)

    return NativeFunction(getattr(function, "name", "contextmanager"), make)


class _Plain(Model):
    """A context manager that gives a value and does nothing else."""

    __slots__ = ("value",)

    def __init__(self, value: Anything) -> None:
        self.value = value

    def enter(self, machine: Machine, site: CallSite) -> Anything:
        """The value."""
        return self.value


def _null(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return _Plain(args[0] if args else kwargs.get("enter_result"))


FUNCTIONS: dict[str, Native] = {
    "contextlib.contextmanager": counted(_context_manager, 1, 1),
    "contextlib.nullcontext": _null,
}
