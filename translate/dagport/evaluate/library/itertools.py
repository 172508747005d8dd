"""``itertools``: Python's own functions, over items of the machine that come when they are asked for."""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, CallSite, Native, PyRaise, Unknown, is_plain
from dagport.evaluate.iterators import Stream, Untold, each, known_truth, predicate, stream
from dagport.evaluate.library.support import applied, bound, counted, lost

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

Arguments = list[Anything]
Keywords = dict[str, Anything]


def _columns(machine: Machine, args: list[Anything], site: CallSite) -> list[list[Anything]] | Unknown:
    columns = []
    for value in args:
        items = machine.iterate(value, site)
        if isinstance(items, Unknown):
            return items
        columns.append(items)
    return columns


def _combined(real: Callable[..., Any], size: Callable[..., float]) -> Native:
    """A function over the items of its arguments, whose number of results is known before."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        iterables = [value for value in args if not isinstance(value, int)]
        numbers = [value for value in args if isinstance(value, int)]
        columns = _columns(machine, iterables, site)
        if isinstance(columns, Unknown) or not all(map(is_plain, kwargs.values())):
            return lost(machine, [columns, *kwargs.values()], site)
        machine.check_items(int(min(applied(size, [*columns, *numbers], kwargs), 10**12)))
        return Stream(machine, applied(real, [*columns, *numbers], kwargs), real.__name__)

    return run


def _product_size(*columns: list[Anything], repeat: int = 1) -> float:
    per_row = math.prod(map(len, columns))
    return float(per_row) ** min(repeat, 100) * max(len(columns) * repeat, 1) if per_row > 1 else repeat + 1.0


def _choices(count: Callable[[int, int], int]) -> Callable[..., float]:
    def size(items: list[Anything], r: int | None = None) -> float:
        chosen = len(items) if r is None else r
        if chosen < 0 or chosen > len(items) + 1_000:
            return max(chosen, 0)
        return (
            10.0**12
            if min(chosen, len(items)) > 100 and len(items) > 1_000
            else count(len(items), chosen) * (chosen + 1)
        )

    return size


def _with_replacement(n: int, r: int) -> int:
    return math.comb(n + r - 1, r) if n else 1


def _whole(machine: Machine, values: list[Anything], site: CallSite) -> None:
    """Raise ``Untold`` for a number that isn't known."""
    if not all(map(is_plain, values)):
        raise Untold(lost(machine, values, site))


def _longest(machine: Machine, args: Arguments, kwargs: Keywords, site: CallSite) -> Any:
    columns = [each(machine, value, site) for value in args]
    return itertools.zip_longest(*columns, fillvalue=kwargs.get("fillvalue"))


def _chain(machine: Machine, args: Arguments, kwargs: Keywords, site: CallSite) -> Any:
    if any(isinstance(value, Unknown) for value in args):
        raise Untold(lost(machine, args, site))
    return itertools.chain.from_iterable(each(machine, value, site) for value in args)


def _chain_from(machine: Machine, args: Arguments, kwargs: Keywords, site: CallSite) -> Any:
    source = each(machine, bound(args, kwargs, "iterable")[0], site)
    return itertools.chain.from_iterable(each(machine, value, site) for value in source)


def _repeat(machine: Machine, args: Arguments, kwargs: Keywords, site: CallSite) -> Any:
    value, times = bound(args, kwargs, "object", times=None)
    _whole(machine, [times], site)
    return itertools.repeat(value) if times is None else itertools.repeat(value, times)


def _count(machine: Machine, args: Arguments, kwargs: Keywords, site: CallSite) -> Any:
    start, step = bound(args, kwargs, start=0, step=1)
    _whole(machine, [start, step], site)
    return itertools.count(start, step)


def _cycle(machine: Machine, args: Arguments, kwargs: Keywords, site: CallSite) -> Any:
    return itertools.cycle(each(machine, bound(args, kwargs, "iterable")[0], site))


def _islice(machine: Machine, args: Arguments, kwargs: Keywords, site: CallSite) -> Any:
    source, *rest = args
    _whole(machine, rest, site)
    return itertools.islice(each(machine, source, site), *rest)


def _accumulate(machine: Machine, args: Arguments, kwargs: Keywords, site: CallSite) -> Any:
    from dagport.evaluate.operators import binary

    source, function, initial = bound(args, kwargs, "iterable", func=None, initial=None)

    def add(total: Anything, value: Anything) -> Anything:
        if function is None:
            return binary(machine, ast.Add, total, value, site)
        return machine.call(function, [total, value], {}, site)

    return itertools.accumulate(each(machine, source, site), add, initial=initial)


def _starmap(machine: Machine, args: Arguments, kwargs: Keywords, site: CallSite) -> Any:
    function, source = bound(args, kwargs, "function", "iterable")
    return (machine.call(function, [*each(machine, row, site)], {}, site) for row in each(machine, source, site))


def _chosen(real: Callable[..., Any]) -> Native:
    """``filterfalse``, ``takewhile``, ``dropwhile``."""

    def make(machine: Machine, args: Arguments, kwargs: Keywords, site: CallSite) -> Any:
        function, source = bound(args, kwargs, "predicate", "iterable")
        return real(predicate(machine, function, site), each(machine, source, site))

    return stream(real.__name__, make)


def _compress(machine: Machine, args: Arguments, kwargs: Keywords, site: CallSite) -> Any:
    data, selectors = bound(args, kwargs, "data", "selectors")
    answers = (
        known_truth(machine, item, site, "which items are chosen isn't known")
        for item in each(machine, selectors, site)
    )
    return itertools.compress(each(machine, data, site), answers)


def _groupby(machine: Machine, args: Arguments, kwargs: Keywords, site: CallSite) -> Any:
    source, key = bound(args, kwargs, "iterable", key=None)

    def key_of(item: Anything) -> Anything:
        found = item if key is None else machine.call(key, [item], {}, site)
        _whole(machine, [found], site)
        return found

    groups = itertools.groupby(each(machine, source, site), key_of)
    return ((name, Stream(machine, rows, "_grouper")) for name, rows in groups)


def _tee(machine: Machine, args: Arguments, kwargs: Keywords, site: CallSite) -> Anything:
    source, count = bound(args, kwargs, "iterable", n=2)
    try:
        _whole(machine, [count], site)
        if not isinstance(count, int):
            raise PyRaise("TypeError", f"'{type(count).__name__}' object cannot be interpreted as an integer")
        if count < 0:
            raise PyRaise("ValueError", "n must be >= 0")
        machine.check_items(count)
        return tuple(Stream(machine, copy, "_tee") for copy in itertools.tee(each(machine, source, site), count))
    except Untold as untold:
        return untold.value


def _batched(machine: Machine, args: Arguments, kwargs: Keywords, site: CallSite) -> Iterator[Anything]:
    source, count = bound(args, kwargs, "iterable", "n")
    _whole(machine, [count], site)
    if not isinstance(count, int):
        raise PyRaise("TypeError", f"'{type(count).__name__}' object cannot be interpreted as an integer")
    if count < 1:
        raise PyRaise("ValueError", "n must be at least one")
    items = each(machine, source, site)
    return iter(lambda: tuple(itertools.islice(items, count)), ())


FUNCTIONS: dict[str, Native] = {
    f"itertools.{name}": native
    for name, native in {
        "accumulate": stream("accumulate", _accumulate),
        "batched": stream("batched", _batched),
        "chain": stream("chain", _chain),
        "chain.from_iterable": stream("chain", _chain_from),
        "combinations": _combined(itertools.combinations, _choices(math.comb)),
        "combinations_with_replacement": _combined(
            itertools.combinations_with_replacement, _choices(_with_replacement)
        ),
        "compress": stream("compress", _compress),
        "count": stream("count", _count),
        "cycle": stream("cycle", _cycle),
        "dropwhile": _chosen(itertools.dropwhile),
        "filterfalse": _chosen(itertools.filterfalse),
        "groupby": stream("groupby", _groupby),
        "islice": counted(stream("islice", _islice), 2, 4),
        "pairwise": stream("pairwise", lambda m, a, k, s: itertools.pairwise(each(m, bound(a, k, "iterable")[0], s))),
        "permutations": _combined(itertools.permutations, _choices(math.perm)),
        "product": _combined(itertools.product, _product_size),
        "repeat": stream("repeat", _repeat),
        "starmap": stream("starmap", _starmap),
        "takewhile": _chosen(itertools.takewhile),
        "tee": _tee,
        "zip_longest": stream("zip_longest", _longest),
    }.items()
}
