"""``functools``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    Anything,
    BoundMethod,
    CallSite,
    Function,
    Model,
    Native,
    NativeFunction,
    PyRaise,
    Unknown,
    is_plain,
)
from dagport.evaluate.library.support import SAME, bound, opaque

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


class Partial(Model):
    """``functools.partial(function, ...)``."""

    __slots__ = ("args", "function", "kwargs")
    type_name = "functools.partial"

    def __init__(self, function: Anything, args: list[Anything], kwargs: dict[str, Anything]) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``func``, ``args`` and ``keywords``."""
        return {"func": self.function, "args": tuple(self.args), "keywords": self.kwargs}.get(name, NotImplemented)

    def call(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        """Call the function with the arguments kept and the new ones."""
        return machine.call(self.function, [*self.args, *args], {**self.kwargs, **kwargs}, site)


class Cached(Model):
    """A function decorated with ``cache`` or ``lru_cache``: it runs once for each set of known arguments."""

    __slots__ = ("function", "results")
    type_name = "functools._lru_cache_wrapper"

    def __init__(self, function: Anything) -> None:
        self.function = function
        self.results: dict[Any, Anything] = {}

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``cache_clear``, ``__wrapped__``, and what the function has."""
        if name == "cache_clear":
            return NativeFunction(name, self._clear)
        if name in ("cache_info", "cache_parameters"):
            return NativeFunction(name, opaque("how a cache is used isn't followed"))
        return self.function if name == "__wrapped__" else machine.attribute(self.function, name, site)

    def _clear(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
        self.results.clear()

    def call(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        """The result for the arguments, of this call or an earlier one."""
        try:
            key = (tuple(args), tuple(kwargs.items()))
            hash(key)
        except TypeError:
            raise PyRaise("TypeError", "unhashable type") from None
        if key not in self.results:
            result = machine.call(self.function, args, kwargs, site)
            if not is_plain(args) or not is_plain(list(kwargs.values())) or len(self.results) > CACHE_SIZE:
                return result
            self.results[key] = result
        return self.results[key]


MISSING = object()
CACHE_SIZE = 10_000
CALLABLE = (Function, BoundMethod, NativeFunction, Model)


def _cached(function: Anything) -> Anything:
    node = getattr(function, "node", None)
    arguments = getattr(node, "args", None)
    first = (
        next(iter([*arguments.posonlyargs, *arguments.args]), None) if isinstance(arguments, ast.arguments) else None
    )
    # A method has to stay a function, to be bound to its object.
    return function if first is not None and first.arg in ("self", "cls") else Cached(function)


def _cache(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if args and isinstance(args[0], CALLABLE):
        return _cached(args[0])
    return NativeFunction(
        "lru_cache", lambda machine, args, kwargs, site: _cached(bound(args, kwargs, "user_function")[0])
    )


def _partial(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if not args:
        raise PyRaise("TypeError", "type 'partial' takes at least one argument")
    function, *rest = args
    if isinstance(function, Partial):
        return Partial(function.function, [*function.args, *rest], {**function.kwargs, **kwargs})
    return Partial(function, rest, kwargs)


def _reduce(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    function, source, start = bound(args, kwargs, "function", "iterable", initial=MISSING)
    items = machine.iterate(source, site)
    if isinstance(items, Unknown):
        return items
    values = items if start is MISSING else [start, *items]
    if not values:
        raise PyRaise("TypeError", "reduce() of empty iterable with no initial value")
    result = values[0]
    for value in values[1:]:
        result = machine.call(function, [result, value], {}, site)
    return result


COPIED = ("__name__", "__qualname__", "__doc__", "__module__")


def _update_wrapper(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    wrapper, wrapped = bound(args, kwargs, "wrapper", "wrapped", assigned=None, updated=None)[:2]
    if isinstance(wrapper, Function):
        for name in COPIED:
            wrapper.attributes[name] = machine.attribute(wrapped, name, site)
        wrapper.attributes.update(wrapped.attributes if isinstance(wrapped, Function) else {})
        wrapper.attributes["__wrapped__"] = wrapped
    return wrapper


def _wraps(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    wrapped = bound(args, kwargs, "wrapped", assigned=None, updated=None)[0]
    return NativeFunction(
        "wraps", lambda machine, args, kwargs, site: _update_wrapper(machine, [*args, wrapped], kwargs, site)
    )


def _cached_property(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.classes import Descriptor

    return Descriptor("property", bound(args, kwargs, "func")[0])


FUNCTIONS: dict[str, Native] = {
    "functools.partial": _partial,
    "functools.reduce": _reduce,
    "functools.wraps": _wraps,
    "functools.update_wrapper": _update_wrapper,
    "functools.lru_cache": _cache,
    "functools.cache": _cache,
    "functools.cached_property": _cached_property,
    "functools.total_ordering": SAME,
    "functools.singledispatch": opaque("functions chosen by the type of their argument aren't followed"),
    "functools.partialmethod": opaque("partial methods aren't followed"),
    "functools.cmp_to_key": opaque("an order given by a comparison function isn't followed"),
}
