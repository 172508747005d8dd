"""Helpers for writing models of libraries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    Anything,
    CallSite,
    Model,
    Native,
    NativeFunction,
    PyRaise,
    Spread,
    Unknown,
    first_unknown,
    is_plain,
)

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

Check = Callable[["Machine", list[Anything], dict[str, Anything]], None]
"""Raises ``LimitHit`` when applying a function to these (known) arguments would give something too big."""

EXPECTED_ERRORS = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, ZeroDivisionError, ArithmeticError,
    AssertionError, LookupError, NotImplementedError,
)  # fmt: skip
"""What a real function of the standard library raises for wrong arguments; anything else is our own bug."""


def error_name(error: Exception) -> str:
    """The name of an exception's class as the analysed code would import it; built-in ones are bare."""
    cls = type(error)
    if cls.__module__ == "builtins":
        return cls.__qualname__
    public = {"json.decoder": "json", "zoneinfo._common": "zoneinfo"}
    return f"{public.get(cls.__module__, cls.__module__)}.{cls.__qualname__}"


def applied(function: Callable[..., Anything], args: list[Anything], kwargs: dict[str, Anything]) -> Anything:
    """Call a real function; its expected errors become exceptions of the analysed code."""
    try:
        return function(*args, **kwargs)
    except EXPECTED_ERRORS as error:
        raise raised(error) from None


def raised(error: Exception) -> PyRaise:
    """A real exception as one of the analysed code."""
    return PyRaise(error_name(error), str(error), arguments=error.args)


def lost(
    machine: Machine, values: Iterable[Anything], site: CallSite, otherwise: str = "an argument isn't plain data"
) -> Unknown:
    """The unknown result of a call with these arguments, for the reason that the first unknown one has."""
    cause = first_unknown(values)
    if cause is None:
        return machine.unknown(otherwise, site)
    return machine.unknown(cause.why, site, clock=cause.clock)


def all_plain(args: list[Anything], kwargs: dict[str, Anything]) -> bool:
    """Whether all arguments of a call are known data."""
    return all(map(is_plain, args)) and all(map(is_plain, kwargs.values()))


def pure(function: Callable[..., Anything], check: Check | None = None) -> Native:
    """The model of a function without side effects: applied for real when every argument is known data.

    The function must be bounded in time and memory for bounded arguments (``check`` sees to the rest), and must
    not call back into its arguments' code. An exception it raises becomes the analysed code's own exception.
    """

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        if not all_plain(args, kwargs):
            return lost(machine, [*args, *kwargs.values()], site)
        if check is not None:
            check(machine, args, kwargs)
        for value in args:
            machine.charge(value)
        return machine.charge(applied(function, args, kwargs))

    return run


def counted(native: Native, least: int, most: int) -> Native:
    """A model of a function that takes so many positional arguments."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        if any(isinstance(value, Spread) for value in (*args, *kwargs.values())):
            return lost(machine, [*args, *kwargs.values()], site)
        if len(args) < least and kwargs:
            return machine.unknown("an argument that is given by its name isn't followed", site)
        if not least <= len(args) <= most:
            raise PyRaise("TypeError", f"expected {least} to {most} arguments, got {len(args)}")
        return native(machine, args, kwargs, site)

    return run


def _same(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return args[0]


SAME: Native = counted(_same, 1, 1)
"""The model of a decorator that changes nothing that is seen."""


def clock(why: str = "it asks the clock") -> Native:
    """The model of a function whose result changes from call to call."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        return machine.unknown(why, site, clock=True)

    return run


def opaque(why: str) -> Native:
    """The model of a function whose result is out of our sight, and that changes nothing."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        return machine.unknown(why, site)

    return run


def constant(value: Anything) -> Native:
    """The model of a function that always gives the same immutable value."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        return value

    return run


def lazily(module: str, name: str, check: Check | None = None) -> Native:
    """``pure`` for a function of a module of the standard library that is imported at its first use.

    ``name`` may be dotted, for the method of a class.
    """

    def real(*args: Any, **kwargs: Any) -> Anything:
        from importlib import import_module

        found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        return found(*args, **kwargs)

    return pure(real, check)


class Harmless(Model):
    """An object that has nothing to do with pipelines, such as a logger.

    ``silent`` methods do nothing that is seen and return ``None``; ``asking`` ones give something that isn't known.
    """

    __slots__ = ("_type_name", "asking", "silent")

    def __init__(self, type_name: str, silent: str = "", asking: str = "") -> None:
        self._type_name = type_name
        self.silent = frozenset(silent.split())
        self.asking = frozenset(asking.split())

    @property
    def type_name(self) -> str:  # type: ignore[override]
        """The name of the class it stands for."""
        return self._type_name

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """A method; other attributes aren't known."""
        if name in self.silent:
            return NativeFunction(name, constant(None))
        if name in self.asking:
            return NativeFunction(name, opaque(f"what `{name}` of {self._type_name} gives isn't known"))
        return NotImplemented

    def enter(self, machine: Machine, site: CallSite) -> Anything:
        """``with lock:``."""
        return machine.unknown(f"what {self._type_name} gives isn't known", site)

    def set_attr(self, machine: Machine, name: str, value: Anything, site: CallSite) -> None:
        """Settings of such an object change nothing that is seen."""


def made(model: Callable[[], Model]) -> Native:
    """The model of a class whose arguments don't matter."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Model:
        return model()

    return run


def bound(args: list[Anything], kwargs: dict[str, Anything], *names: str, **defaults: Anything) -> list[Anything]:
    """The values of a simple signature: required ``names``, then ``defaults``; others raise ``TypeError``."""
    order = [*names, *defaults]
    given = {**dict(zip(order, args, strict=False)), **kwargs}
    if len(args) > len(order) or not set(kwargs) <= set(order) or any(name not in given for name in names):
        raise WrongArguments("TypeError", f"wrong arguments; the parameters are {', '.join(order)}")
    return [given.get(name, defaults.get(name)) for name in order]


class WrongArguments(PyRaise):
    """The arguments aren't those of the signature that is modelled."""


def tolerant(native: Native) -> Native:
    """A model that knows the usual parameters of a function only: with others, what it gives isn't known."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        try:
            return native(machine, args, kwargs, site)
        except WrongArguments:
            return lost(machine, [*args, *kwargs.values()], site, "these arguments aren't followed")

    return run


__all__ = [
    "SAME",
    "Harmless",
    "Unknown",
    "all_plain",
    "applied",
    "bound",
    "clock",
    "constant",
    "counted",
    "error_name",
    "lazily",
    "lost",
    "made",
    "opaque",
    "pure",
    "raised",
    "tolerant",
]
