"""``itertools``: what ends is computed at once, within the limits."""

from __future__ import annotations

import ast
import itertools
import math
import operator
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dagport.evaluate.builtins import Iterator
from dagport.evaluate.domain import Anything, CallSite, Native, PyRaise, Unknown, is_plain
from dagport.evaluate.library.support import applied, bound, counted, lost

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

ENDLESS = "it never ends"


class Endless(Iterator):
    """``count()``, ``cycle(x)`` and ``repeat(x)``: items by their position, for ``next`` and ``islice``."""

    __slots__ = ()

    def iterate(self, machine: Machine, site: CallSite) -> Any:
        """A loop over it isn't followed."""
        return machine.unknown(ENDLESS, site)


class _Rule(Sequence[Any]):
    def __init__(self, at: Callable[[int], Anything]) -> None:
        self.at = at

    def __len__(self) -> int:
        return sys.maxsize

    def __getitem__(self, index: Any) -> Any:
        return self.at(index)


def _endless(at: Callable[[int], Anything]) -> Endless:
    items: Any = _Rule(at)  # it is read by position only, like a list
    return Endless(items)


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
        return Iterator(list(applied(real, [*columns, *numbers], kwargs)))

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


def _longest(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    columns = _columns(machine, args, site)
    if isinstance(columns, Unknown):
        return columns
    machine.check_items(max(map(len, columns), default=0) * len(columns))
    return Iterator(list(itertools.zip_longest(*columns, fillvalue=kwargs.get("fillvalue"))))


def _chain(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    columns = _columns(machine, args, site)
    if isinstance(columns, Unknown):
        return columns
    machine.check_items(sum(map(len, columns)))
    return Iterator(list(itertools.chain(*columns)))


def _chain_from(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    items = machine.iterate(bound(args, kwargs, "iterable")[0], site)
    return items if isinstance(items, Unknown) else _chain(machine, items, {}, site)


def _repeat(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    value, times = bound(args, kwargs, "object", times=None)
    if times is None:
        return _endless(lambda _: value)
    if not isinstance(times, int):
        return lost(machine, [times], site)
    machine.check_items(times)
    return Iterator([value] * times)


def _count(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    start, step = bound(args, kwargs, start=0, step=1)
    if not isinstance(start, int) or not isinstance(step, int):
        return lost(machine, [start, step], site, "it doesn't count in whole numbers")
    return _endless(lambda index: start + index * step)


def _cycle(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    items = machine.iterate(bound(args, kwargs, "iterable")[0], site)
    if isinstance(items, Unknown):
        return items
    return _endless(lambda index: items[index % len(items)]) if items else Iterator([])


def _islice(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    source, *rest = args
    if not all(map(is_plain, rest)):
        return lost(machine, rest, site)
    cut = applied(slice, rest, {})
    if any(part is not None and not isinstance(part, int) for part in rest):
        raise PyRaise("ValueError", "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.")
    if isinstance(source, Endless) and isinstance(cut.stop, int):
        machine.check_items(cut.stop)
        items = [source.items[source.position + index] for index in range(cut.stop)]
        source.position += cut.stop
    else:
        found = machine.iterate(source, site)
        if isinstance(found, Unknown):
            return found
        items = found
        if isinstance(source, Iterator) and isinstance(cut.stop, int):
            # What lies behind the slice is left in the iterator.
            source.position = len(source.items) - max(len(items) - cut.stop, 0)
    if any(isinstance(part, int) and part < 0 for part in (cut.start, cut.stop, cut.step)):
        raise PyRaise("ValueError", "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.")
    return Iterator(items[cut])


def _accumulate(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.operators import binary

    source, function, initial = bound(args, kwargs, "iterable", func=None, initial=None)
    items = machine.iterate(source, site)
    if isinstance(items, Unknown):
        return items
    values = items if initial is None else [initial, *items]
    results = values[:1]
    for value in values[1:]:
        total = results[-1]
        if function is None:
            results.append(binary(machine, ast.Add, total, value, site))
        else:
            results.append(machine.call(function, [total, value], {}, site))
    return Iterator(results)


def _starmap(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    function, source = bound(args, kwargs, "function", "iterable")
    rows = machine.iterate(source, site)
    columns = rows if isinstance(rows, Unknown) else _columns(machine, rows, site)
    if isinstance(columns, Unknown):
        return columns
    return Iterator([machine.call(function, row, {}, site) for row in columns])


def _chosen(machine: Machine, function: Anything, items: list[Anything], site: CallSite) -> list[bool] | Unknown:
    """For each item, whether the function says yes."""
    answers: list[bool] = []
    for item in items:
        known = machine.truth(item if function is None else machine.call(function, [item], {}, site))
        if known is None:
            return machine.unknown("which items are chosen isn't known", site)
        answers.append(known)
    return answers


def _by_answers(pick: Callable[[list[Anything], list[bool]], list[Anything]]) -> Native:
    """``filterfalse``, ``takewhile``, ``dropwhile``."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        function, source = bound(args, kwargs, "predicate", "iterable")
        items = machine.iterate(source, site)
        answers = items if isinstance(items, Unknown) else _chosen(machine, function, items, site)
        if isinstance(answers, Unknown) or isinstance(items, Unknown):
            return answers
        return Iterator(pick(items, answers))

    return run


def _first_no(answers: list[bool]) -> int:
    return answers.index(False) if False in answers else len(answers)


def _compress(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    columns = _columns(machine, bound(args, kwargs, "data", "selectors"), site)
    if isinstance(columns, Unknown):
        return columns
    answers = _chosen(machine, None, columns[1], site)
    return answers if isinstance(answers, Unknown) else Iterator(list(itertools.compress(columns[0], answers)))


def _groupby(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    source, key = bound(args, kwargs, "iterable", key=None)
    items = machine.iterate(source, site)
    if isinstance(items, Unknown):
        return items
    keys = items if key is None else [machine.call(key, [item], {}, site) for item in items]
    if not is_plain(keys):
        return lost(machine, keys, site, "the groups aren't known")
    groups = itertools.groupby(zip(keys, items, strict=True), key=operator.itemgetter(0))
    return Iterator([(name, Iterator([item for _, item in rows])) for name, rows in groups])


def _tee(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    source, count = bound(args, kwargs, "iterable", n=2)
    items = machine.iterate(source, site)
    if isinstance(items, Unknown) or not isinstance(count, int):
        return lost(machine, [items, count], site)
    machine.check_items(count * len(items))
    return tuple(Iterator(list(items)) for _ in range(count))


def _batched(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    source, count = bound(args, kwargs, "iterable", "n")
    items = machine.iterate(source, site)
    if isinstance(items, Unknown) or not isinstance(count, int):
        return lost(machine, [items, count], site)
    if count < 1:
        raise PyRaise("ValueError", "n must be at least one")
    return Iterator([tuple(items[start : start + count]) for start in range(0, len(items), count)])


FUNCTIONS: dict[str, Native] = {
    f"itertools.{name}": native
    for name, native in {
        "accumulate": _accumulate,
        "batched": _batched,
        "chain": _chain,
        "chain.from_iterable": _chain_from,
        "combinations": _combined(itertools.combinations, _choices(math.comb)),
        "combinations_with_replacement": _combined(
            itertools.combinations_with_replacement, _choices(_with_replacement)
        ),
        "compress": _compress,
        "count": _count,
        "cycle": _cycle,
        "dropwhile": _by_answers(lambda items, answers: items[_first_no(answers) :]),
        "filterfalse": _by_answers(
            lambda items, answers: [item for item, yes in zip(items, answers, strict=True) if not yes]
        ),
        "groupby": _groupby,
        "islice": counted(_islice, 2, 4),
        "pairwise": _combined(itertools.pairwise, len),
        "permutations": _combined(itertools.permutations, _choices(math.perm)),
        "product": _combined(itertools.product, _product_size),
        "repeat": _repeat,
        "starmap": _starmap,
        "takewhile": _by_answers(lambda items, answers: items[: _first_no(answers)]),
        "tee": _tee,
        "zip_longest": _longest,
    }.items()
}
