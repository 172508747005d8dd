"""``airflow.utils.helpers``: functions that the helpers of DAGs call while a file is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, Native, PyRaise, Unknown, is_plain
from dagport.readers.airflow.nodes import Task, XComRef

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

ITERABLE = "Not supported for iterable args. Use `*` to unpack your iterable in the function call."


def exactly_one(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``exactly_one(*args)``: whether one of them is true, and the others aren't."""
    if kwargs or not args:
        raise PyRaise("TypeError" if kwargs else "IndexError", "exactly_one() takes one or more positional arguments")
    first = args[0]
    if isinstance(first, XComRef) or (is_plain(first) and hasattr(first, "__iter__") and not isinstance(first, str)):
        raise PyRaise("ValueError", ITERABLE)
    found = [machine.truth(item) if _has_known_truth(item) else None for item in args]
    if None in found:
        lost = next(item for item, known in zip(args, found, strict=True) if known is None)
        why = lost.why if isinstance(lost, Unknown) else "whether an argument of `exactly_one` is true isn't known"
        return machine.unknown(why, site)
    return sum(map(bool, found)) == 1


def _has_known_truth(item: Anything) -> bool:
    return is_plain(item) or isinstance(item, XComRef | Task)


HELPERS: dict[tuple[str, str], Native] = {("helpers", "exactly_one"): exactly_one}
