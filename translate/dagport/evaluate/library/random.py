"""``random``: chance, also with a seed, since the engine's Python may draw other numbers than ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, Native
from dagport.evaluate.library.support import clock, constant

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

CHANCES = (
    "random randint randrange choice choices sample uniform gauss normalvariate betavariate expovariate triangular "
    "getrandbits randbytes lognormvariate paretovariate weibullvariate vonmisesvariate gammavariate getstate Random "
    "SystemRandom"
)


def _shuffle(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    """The list keeps its length; nobody knows which item stands where."""
    machine.effect()
    if args and isinstance(args[0], list):
        args[0][:] = [machine.unknown("it is left to chance", site, clock=True) for _ in args[0]]


FUNCTIONS: dict[str, Native] = {
    **{f"random.{name}": clock("it is left to chance") for name in CHANCES.split()},
    "random.seed": constant(None),
    "random.shuffle": _shuffle,
}
