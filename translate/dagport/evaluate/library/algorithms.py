"""``heapq`` and ``bisect``: they change the lists that they are given."""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, CallSite, Native
from dagport.evaluate.library.support import all_plain, applied, lost, pure

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

CHANGING: dict[str, Callable[..., Any]] = {
    **{
        f"heapq.{name}": getattr(heapq, name)
        for name in ("heapify", "heappush", "heappop", "heappushpop", "heapreplace")
    },
    **{f"bisect.{name}": getattr(bisect, name) for name in ("insort", "insort_left", "insort_right")},
}
ASKING: dict[str, Callable[..., Any]] = {
    **{f"heapq.{name}": getattr(heapq, name) for name in ("nlargest", "nsmallest")},
    **{f"bisect.{name}": getattr(bisect, name) for name in ("bisect", "bisect_left", "bisect_right")},
}


def _changing(real: Callable[..., Any]) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        machine.effect()
        if not all_plain(args, kwargs):
            result = lost(machine, [*args, *kwargs.values()], site, "the order of these objects isn't followed here")
            machine.doubt("DP201", f"`{site.text}` changes a list in a way that isn't known: {result.why}", site)
            return result
        return applied(real, args, kwargs)

    return run


FUNCTIONS: dict[str, Native] = {
    **{name: _changing(real) for name, real in CHANGING.items()},
    **{name: pure(real) for name, real in ASKING.items()},
}
