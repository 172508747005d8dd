"""Code that nearly says what it touches: nothing wrong may be claimed, and what is missing is a gap."""

from __future__ import annotations

import pytest

from tests.lineage.callables.cases import cases
from tests.lineage.callables.world import of_function, shown

CASES = cases("refused.txt")


@pytest.mark.parametrize("name", CASES)
def test_nothing_wrong_is_claimed(name: str) -> None:
    case = CASES[name]
    call = "f(g())" if "def f(df)" in case.code else "f()"
    found = of_function(case.code, before=case.before, call=call)
    assert shown(found) == case.said, [gap.message for gap in found.gaps]


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 120
