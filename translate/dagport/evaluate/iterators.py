"""Iterators of the analysed code: items come one at a time, when they are asked for.

``each`` gives the items of any value as an iterator of Python, so that Python's own ``map``, ``zip`` and ``itertools``
do the work. Where the next item isn't known it raises ``Untold``; whoever calls ``each`` has to expect that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    Anything,
    CallSite,
    Instance,
    Model,
    Native,
    NativeFunction,
    PyRaise,
    Unknown,
    first_unknown,
    unknown_rest,
)
from dagport.evaluate.library.support import applied

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

END = object()


class Untold(Exception):  # noqa: N818 - an answer, not an error
    """The next item, and all that come after it, aren't known."""

    def __init__(self, value: Unknown) -> None:
        super().__init__()
        self.value = value


class Stream(Model):
    """An iterator: each item is made when it is taken, and taken once."""

    __slots__ = ("_type_name", "born", "lost", "source", "taken")

    def __init__(self, machine: Machine, source: Iterable[Anything], kind: str = "list_iterator") -> None:
        self.source = iter(source)
        self.born = machine.epoch
        self.lost: Unknown | None = None  # why no further item is known
        self.taken = 0  # how many items
        self._type_name = kind

    @property
    def type_name(self) -> str:  # type: ignore[override]
        """The name of the iterator's class."""
        return f"builtins.{self._type_name}"

    def take(self, machine: Machine, site: CallSite) -> Anything:
        """The next item, or ``END``. Raises ``Untold``."""
        if self.lost is not None:
            raise Untold(self.lost)
        self.taken += 1
        machine.step()
        if machine.watching and self.born < machine.epoch:
            machine.effect()
        try:
            return self.next_item(machine, site)
        except Untold as untold:
            self.lost = untold.value
            raise

    def next_item(self, machine: Machine, site: CallSite) -> Anything:
        """Make the next item. Raises ``Untold``."""
        try:
            return applied(next, [self.source, END], {})
        except PyRaise as error:
            if error.name == "StopIteration":
                return END
            raise

    def rest(self, machine: Machine, site: CallSite) -> Iterator[Anything]:
        """All items that are left, one after another. Raises ``Untold``."""
        while (item := self.take(machine, site)) is not END:
            yield item

    def iterate(self, machine: Machine, site: CallSite) -> Anything:
        """All items that are left, at once."""
        return collected(machine, self.rest(machine, site))

    def dispose(self, machine: Machine, site: CallSite) -> None:
        """Nobody holds the iterator any longer."""

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``__next__`` and ``__iter__``."""
        if name == "__next__":
            return NativeFunction(name, lambda machine, args, kwargs, site: next_of(machine, self, site))
        if name == "__iter__":
            return NativeFunction(name, lambda *_: self)
        if self._type_name == "generator" and name == "send":
            return NativeFunction(name, self._send)
        if self._type_name == "generator" and name in ("throw", "close"):
            return machine.unknown(f"`{name}` of a generator expression isn't followed", site)
        raise PyRaise("AttributeError", f"'{self._type_name}' object has no attribute '{name}'")

    def _send(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        """A generator expression takes no notice of what is sent, once it has started."""
        if not self.taken and args[:1] != [None]:
            raise PyRaise("TypeError", "can't send non-None value to a just-started generator")
        return next_of(machine, self, site)

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """Iterators are equal to themselves only."""
        if operator in ("==", "!=") and not isinstance(other, Unknown):
            return (self is other) == (operator == "==")
        return NotImplemented


def collected(machine: Machine, items: Iterator[Anything]) -> list[Anything] | Unknown:
    """All items of an iterator, within the limits, or why they aren't known."""
    found: list[Anything] = []
    try:
        for item in items:
            found.append(item)
            if len(found) & 255 == 0:
                machine.check_size(len(found))
                machine.step(64)
    except Untold as untold:
        return untold.value
    return found


def each(machine: Machine, value: Anything, site: CallSite, *, ordered: bool = True) -> Iterator[Anything]:
    """The items of a value, one after another; lists and dicts may change meanwhile, as in Python.

    Raises ``Untold``, at once or at an item, and ``PyRaise`` of ``TypeError`` for what can't be iterated over.
    """
    if type(value) is list or isinstance(value, tuple | str | bytes | range):
        return iter(value)
    if isinstance(value, Stream):
        return value.rest(machine, site)
    if isinstance(value, dict | set) and unknown_rest(value) is None:
        return _unchanged(machine, value, site, ordered)
    if isinstance(value, Instance):
        return _of_instance(machine, value, site)
    items = machine.iterate(value, site, ordered=ordered)
    if isinstance(items, Unknown):
        raise Untold(items)
    owner = getattr(value, "owner", None)
    if isinstance(owner, dict):  # the view of a dict
        return _counted(owner, items, len(owner))
    return iter(items)


def _unchanged(
    machine: Machine, container: dict[Any, Any] | set[Any], site: CallSite, ordered: bool
) -> Iterator[Anything]:
    """The items of a dict or a set, that may not grow or shrink meanwhile."""
    items = machine.iterate(container, site, ordered=ordered)
    if isinstance(items, Unknown):
        raise Untold(items)
    return _counted(container, items, len(container))


def _counted(container: Any, items: list[Anything], size: int) -> Iterator[Anything]:
    kind = "dictionary" if isinstance(container, dict) else "Set"
    for item in items:
        yield item
        if len(container) != size:
            raise PyRaise("RuntimeError", f"{kind} changed size during iteration")


def _of_instance(machine: Machine, value: Instance, site: CallSite) -> Iterator[Anything]:
    from dagport.evaluate.operators import call_method, has_method

    if has_method(value, "__iter__"):
        found = call_method(machine, value, "__iter__", [], site)
        if found is value or (isinstance(found, Instance) and has_method(found, "__next__")):
            return _by_next(machine, found, site)
        return each(machine, found, site)
    if has_method(value, "__getitem__"):
        return _by_index(machine, value, site)
    items = machine.iterate(value, site)
    if isinstance(items, Unknown):
        raise Untold(items)
    return iter(items)


def _by_next(machine: Machine, value: Instance, site: CallSite) -> Iterator[Anything]:
    while (item := _next_of_instance(machine, value, site)) is not END:
        yield item


def _next_of_instance(machine: Machine, value: Instance, site: CallSite) -> Anything:
    from dagport.evaluate.operators import call_method

    machine.step()
    try:
        item = call_method(machine, value, "__next__", [], site)
    except PyRaise as error:
        if error.name == "StopIteration":
            return END
        raise
    if item is NotImplemented:
        raise PyRaise("TypeError", f"'{value.cls.name}' object is not an iterator")
    return item


def _by_index(machine: Machine, value: Instance, site: CallSite) -> Iterator[Anything]:
    from dagport.evaluate.operators import call_method

    index = 0
    while True:
        machine.step()
        try:
            item = call_method(machine, value, "__getitem__", [index], site)
        except PyRaise as error:
            if error.name in ("IndexError", "StopIteration"):
                return
            raise
        yield item
        index += 1


# The built-in functions that give iterators


def stream(kind: str, make: Callable[..., Iterable[Anything]]) -> Native:
    """The model of a function that gives an iterator; ``make`` gets ``(machine, args, kwargs, site)``."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        try:
            return Stream(machine, applied(make, [machine, args, kwargs, site], {}), kind)
        except Untold as untold:
            return machine.unknown(untold.value.why, site, clock=untold.value.clock)

    return run


def known_truth(machine: Machine, value: Anything, site: CallSite, what: str) -> bool:
    """``bool(value)``. Raises ``Untold``."""
    known = machine.truth(value)
    if known is None:
        cause = first_unknown([value])
        raise Untold(machine.unknown(cause.why if cause else what, site, clock=cause is not None and cause.clock))
    return known


def _enumerate(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Any:
    start = args[1] if len(args) > 1 else kwargs.get("start", 0)
    if isinstance(start, Unknown):
        raise Untold(start)
    return enumerate(each(machine, args[0], site), start)


def _zip(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Any:
    strict = known_truth(machine, kwargs.get("strict", False), site, "whether it is strict isn't known")
    return zip(*[each(machine, value, site) for value in args], strict=strict)


def _map(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Any:
    function, *sources = args
    lost = next((value for value in sources if isinstance(value, Unknown)), None)
    if lost is not None:
        follow_once(machine, function, sources, site)
        raise Untold(lost)
    return map(lambda *row: machine.call(function, list(row), {}, site), *[each(machine, v, site) for v in sources])


def follow_once(machine: Machine, function: Anything, args: list[Anything], site: CallSite) -> None:
    """A function is called nobody knows how often: what it creates or changes is doubtful."""
    from dagport.evaluate.conditions import follow

    values = [machine.unknown("an item isn't known", site) for _ in args]
    follow(machine, site.node, site.scope, [lambda: machine.call(function, values, {}, site)], code="DP203")


def _filter(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Any:
    function, source = args
    return filter(predicate(machine, function, site), each(machine, source, site))


def predicate(machine: Machine, function: Anything, site: CallSite) -> Callable[[Anything], bool]:
    """Whether a function of the analysed code says yes; ``None`` asks the item itself. Raises ``Untold``."""

    def ask(item: Anything) -> bool:
        answer = item if function is None else machine.call(function, [item], {}, site)
        return known_truth(machine, answer, site, "which items are kept isn't known")

    return ask


def _reversed(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Any:
    from dagport.evaluate.operators import call_method, has_method

    value = args[0]
    if isinstance(value, Instance):
        if has_method(value, "__reversed__"):
            return each(machine, call_method(machine, value, "__reversed__", [], site), site)
        length = call_method(machine, value, "__len__", [], site)
        if isinstance(length, int):
            return (call_method(machine, value, "__getitem__", [index], site) for index in reversed(range(length)))
    if isinstance(value, Stream | set | frozenset):
        raise PyRaise("TypeError", f"'{getattr(value, '_type_name', type(value).__name__)}' object is not reversible")
    items = collected(machine, each(machine, value, site))
    if isinstance(items, Unknown):
        raise Untold(items)
    return iter(items[::-1])


def _iter(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    if len(args) == 2:
        return stream("callable_iterator", _until)(machine, args, {}, site)
    value = args[0]
    if isinstance(value, Instance):
        from dagport.evaluate.operators import call_method

        found = call_method(machine, value, "__iter__", [], site)
        if found is not NotImplemented:
            return found
    if isinstance(value, Stream | Unknown):
        return value
    return stream(_ITERATOR_NAMES.get(type(value), "iterator"), lambda m, a, k, s: each(m, a[0], s))(
        machine, [value], {}, site
    )


_ITERATOR_NAMES: dict[type, str] = {kind: type(iter(kind())).__name__ for kind in (list, tuple, dict, str, bytes, set)}


def _until(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Iterator[Anything]:
    """``iter(function, sentinel)``."""
    function, sentinel = args
    while True:
        machine.step()
        item = machine.call(function, [], {}, site)
        same = machine.compare("==", item, sentinel, site)
        if known_truth(machine, same, site, "when it ends isn't known"):
            return
        yield item


def next_of(machine: Machine, source: Anything, site: CallSite, *default: Anything) -> Anything:
    """``next(source)``, ``next(source, default)``."""
    if isinstance(source, Stream):
        try:
            item = source.take(machine, site)
        except Untold as untold:
            return machine.unknown(untold.value.why, site, clock=untold.value.clock)
    elif isinstance(source, Instance):
        item = _next_of_instance(machine, source, site)
    elif isinstance(source, Unknown):
        return machine.unknown(source.why, site, clock=source.clock)
    elif isinstance(source, list | tuple | dict | str | set | range | int | float):
        raise PyRaise("TypeError", f"'{type(source).__name__}' object is not an iterator")
    else:
        return machine.unknown("the iterator isn't followed", site)
    if item is not END:
        return item
    if default:
        return default[0]
    from dagport.evaluate.exceptions import ended

    raise ended(getattr(source, "result", None))


def _next(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return next_of(machine, args[0], site, *args[1:])


def _any_all(stop_at: bool) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        undecided = False
        try:
            for item in each(machine, args[0], site, ordered=False):
                machine.step()
                known = machine.truth(item)
                if known is stop_at and not undecided:
                    return stop_at
                undecided = undecided or known is None
        except Untold as untold:
            return machine.unknown(untold.value.why, site, clock=untold.value.clock)
        return machine.unknown("whether an item is true isn't known", site) if undecided else not stop_at

    return run


FUNCTIONS: dict[str, Native] = {
    "enumerate": stream("enumerate", _enumerate),
    "zip": stream("zip", _zip),
    "map": stream("map", _map),
    "filter": stream("filter", _filter),
    "reversed": stream("reversed", _reversed),
    "iter": _iter,
    "next": _next,
    "any": _any_all(True),
    "all": _any_all(False),
}
