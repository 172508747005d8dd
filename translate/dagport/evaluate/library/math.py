"""``math``, ``statistics`` and ``operator``: numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, LimitHit, Native
from dagport.evaluate.library.support import lazily, pure

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

LARGEST = 2_000  # of the argument of a function whose result grows fast
NAMES = (
    "acos acosh asin asinh atan atan2 atanh ceil copysign cos cosh degrees dist erf erfc exp expm1 fabs floor fmod "
    "frexp fsum gamma gcd hypot isclose isfinite isinf isnan isqrt ldexp lgamma log log10 log1p log2 modf nextafter "
    "pow radians remainder sin sinh sqrt tan tanh trunc ulp"
)
GROWING = "comb factorial lcm perm prod"
STATISTICS = (
    "fmean geometric_mean harmonic_mean mean median median_high median_low mode pstdev pvariance stdev variance"
)


def _small(machine: Machine, args: list[Anything], kwargs: dict[str, Anything]) -> None:
    numbers = [item for value in args for item in (value if isinstance(value, list | tuple) else [value])]
    if any(isinstance(value, range | set | frozenset | dict) for value in args):
        raise LimitHit("arguments of a function that grows fast", 0)
    if len(numbers) > LARGEST or any(isinstance(item, int) and abs(item) > LARGEST for item in numbers):
        raise LimitHit("arguments of a function that grows fast", LARGEST)


FUNCTIONS: dict[str, Native] = {
    **{f"math.{name}": pure(getattr(math, name)) for name in NAMES.split()},
    **{f"math.{name}": pure(getattr(math, name), _small) for name in GROWING.split()},
    **{f"statistics.{name}": lazily("statistics", name) for name in STATISTICS.split()},
}
CONSTANTS: dict[str, Anything] = {f"math.{name}": getattr(math, name) for name in ("e", "inf", "nan", "pi", "tau")}
