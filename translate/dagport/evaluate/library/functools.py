"""``functools``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagport.evaluate.comparison import ORDER
from dagport.evaluate.domain import (
    KNOWN_TYPES,
    Anything,
    BoundMethod,
    CallSite,
    External,
    Function,
    Instance,
    Model,
    Native,
    NativeFunction,
    PyRaise,
    Unknown,
    UserClass,
    is_plain,
)
from dagport.evaluate.iterators import follow_once
from dagport.evaluate.kinds import is_a, issubclass_of
from dagport.evaluate.library.support import bound, opaque
from dagport.evaluate.operators import call_method

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
    binds = True

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
            key = (tuple(map(_typed, args)), tuple((name, _typed(value)) for name, value in kwargs.items()))
            hash(key)
        except TypeError:
            raise PyRaise("TypeError", "unhashable type") from None
        if key not in self.results:
            result = machine.call(self.function, args, kwargs, site)
            known = all(is_plain(value) or isinstance(value, Instance) for value in (*args, *kwargs.values()))
            if not known or len(self.results) > CACHE_SIZE or machine.watching:
                return result
            self.results[key] = result
        return self.results[key]


def _typed(value: Anything) -> Anything:
    """A key for an argument: external names and functions are told apart by themselves."""
    return value if isinstance(value, (*KNOWN_TYPES, Instance)) else (id(value), value)


MISSING = object()
CACHE_SIZE = 10_000
CALLABLE = (Function, BoundMethod, NativeFunction, Model)


def _cache(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if args and isinstance(args[0], CALLABLE):
        return Cached(args[0])
    return NativeFunction(
        "lru_cache", lambda machine, args, kwargs, site: Cached(bound(args, kwargs, "user_function")[0])
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
        follow_once(machine, function, [None, None], site)
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

    return Descriptor("cached_property", bound(args, kwargs, "func")[0])


def _total_ordering(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``@total_ordering``: the comparisons that the class doesn't define, by the one it does and equality."""
    (cls,) = bound(args, kwargs, "cls")
    if not isinstance(cls, UserClass):
        return cls
    root = next(
        (name for name in ("__lt__", "__le__", "__gt__", "__ge__") if cls.lookup(name) is not NotImplemented), None
    )
    if root is None:
        raise PyRaise("ValueError", "must define at least one ordering operation: < > <= >=")
    for name, (negated, with_equal) in DERIVED[root].items():
        if cls.lookup(name) is NotImplemented:
            cls.members[name] = NativeFunction(name, _derived(root, negated, with_equal), binds=True)
    return cls


DERIVED: dict[str, dict[str, tuple[bool, str]]] = {
    "__lt__": {"__gt__": (True, "and not"), "__le__": (False, "or"), "__ge__": (True, "")},
    "__le__": {"__ge__": (True, "or"), "__lt__": (False, "and not"), "__gt__": (True, "")},
    "__gt__": {"__lt__": (True, "and not"), "__ge__": (False, "or"), "__le__": (True, "")},
    "__ge__": {"__le__": (True, "or"), "__gt__": (False, "and not"), "__lt__": (True, "")},
}
"""For each defined comparison, how the others follow (source: ``functools``): negated or not, and what of equality."""


def _derived(root: str, negated: bool, with_equal: str) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        left, right = args
        answer = call_method(machine, left, root, [right], site)
        known = None if answer is NotImplemented else machine.truth(answer)
        same = machine.compare("==", left, right, site) if with_equal else False
        if known is None or not isinstance(same, bool):
            return machine.unknown("the order of these objects isn't known", site)
        known = known is not negated
        if with_equal == "or":
            return known or same
        return known and not same if with_equal else known

    return run


class Dispatched(Model):
    """A function decorated with ``singledispatch``."""

    __slots__ = ("function", "registry")
    type_name = "builtins.function"

    def __init__(self, function: Anything) -> None:
        self.function = function
        self.registry: list[tuple[Anything, Anything]] = []

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``register`` and ``dispatch``; else what the function has."""
        if name == "register":
            return NativeFunction(name, self._register)
        if name in ("registry", "dispatch"):
            return machine.unknown("what is registered for which type isn't listed", site)
        return machine.attribute(self.function, name, site)

    def _register(
        self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
    ) -> Anything:
        kind, function = bound(args, kwargs, "cls", func=None)
        if isinstance(kind, Function):
            function, kind = kind, _first_annotation(machine, kind)
        if function is None:
            return NativeFunction("register", lambda machine, args, kwargs, site: self._add(machine, kind, args[0]))
        return self._add(machine, kind, function)

    def _add(self, machine: Machine, kind: Anything, function: Anything) -> Anything:
        machine.effect()
        self.registry.append((kind, function))
        return function

    def call(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        """The function registered for the class of the first argument, or for its nearest base class."""
        if not args:
            raise PyRaise("TypeError", "it requires at least 1 positional argument")
        chosen: list[tuple[Anything, Anything]] = []
        for kind, function in self.registry:
            known = is_a(machine, args[0], NONE_TYPE if kind is None else kind)
            if known is None or not isinstance(kind, External | UserClass | type(None)):
                return machine.unknown("which function is chosen by the type isn't known", site)
            if known:
                chosen = [(kind, function)] if self._is_nearer(machine, kind, chosen, site) else chosen
        return machine.call(chosen[0][1] if chosen else self.function, args, kwargs, site)

    def _is_nearer(
        self, machine: Machine, kind: Anything, chosen: list[tuple[Anything, Anything]], site: CallSite
    ) -> bool:
        return not chosen or issubclass_of(machine, [kind, chosen[0][0]], {}, site) is True


NONE_TYPE = External("builtins.NoneType")


def _first_annotation(machine: Machine, function: Function) -> Anything:
    from dagport.evaluate.expressions import evaluate

    parameters = [*function.node.args.posonlyargs, *function.node.args.args]
    annotation = parameters[0].annotation if parameters else None
    if annotation is None:
        raise PyRaise("TypeError", "Invalid first argument to `register()`: use either `@register(some_class)`")
    return evaluate(machine, annotation, function.scope)


def _dispatch(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return Dispatched(bound(args, kwargs, "func")[0])


class _Compared(Model):
    """An object of ``cmp_to_key(function)``."""

    __slots__ = ("function", "value")
    type_name = "functools.KeyWrapper"

    def __init__(self, function: Anything, value: Anything) -> None:
        self.function = function
        self.value = value

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """What the function says, compared with zero."""
        if not isinstance(other, _Compared) or operator not in ORDER:
            return NotImplemented
        left, right = (other, self) if reflected else (self, other)
        return machine.compare(operator, machine.call(self.function, [left.value, right.value], {}, site), 0, site)


def _cmp_to_key(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    (function,) = bound(args, kwargs, "mycmp")
    return NativeFunction("cmp_to_key", lambda machine, args, kwargs, site: _Compared(function, args[0]))


FUNCTIONS: dict[str, Native] = {
    "functools.partial": _partial,
    "functools.reduce": _reduce,
    "functools.wraps": _wraps,
    "functools.update_wrapper": _update_wrapper,
    "functools.lru_cache": _cache,
    "functools.cache": _cache,
    "functools.cached_property": _cached_property,
    "functools.total_ordering": _total_ordering,
    "functools.singledispatch": _dispatch,
    "functools.partialmethod": opaque("partial methods aren't followed"),
    "functools.cmp_to_key": _cmp_to_key,
}
