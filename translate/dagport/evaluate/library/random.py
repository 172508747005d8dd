"""``random``: chance, also with a seed, since the engine's Python may draw other numbers than ours."""

from __future__ import annotations

from dagport.evaluate.domain import Native
from dagport.evaluate.library.support import clock, constant

CHANCES = (
    "random randint randrange choice choices sample uniform gauss normalvariate betavariate expovariate triangular "
    "getrandbits randbytes lognormvariate paretovariate weibullvariate vonmisesvariate gammavariate getstate Random "
    "SystemRandom"
)
FUNCTIONS: dict[str, Native] = {
    **{f"random.{name}": clock("it is left to chance") for name in CHANCES.split()},
    "random.seed": constant(None),
}
