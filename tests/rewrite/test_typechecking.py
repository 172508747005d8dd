"""What only type checkers read is taken out, and all else keeps its place."""

from __future__ import annotations

import pytest

from dagport.rewrite.typechecking import without_type_checks
from dagport.source import Source

IMPORT = "from typing import TYPE_CHECKING\n"
GONE = {
    "on one line": (
        "def f(n):\n    if TYPE_CHECKING: n = 1; n = 2\n    return n\n",
        "def f(n):\n\n    return n\n",
    ),
    "before a statement": (
        "def f(run=None):\n    if TYPE_CHECKING:\n        assert run\n    return run\n",
        "def f(run=None):\n\n\n    return run\n",
    ),
    "alone in a block": (
        "def f(n):\n    if n:\n        if TYPE_CHECKING:\n            n = 1\n    return n\n",
        "def f(n):\n    if n:\n        pass\n\n    return n\n",
    ),
    "in a method": (
        "class A:\n    def f(self):\n        if TYPE_CHECKING:\n            assert self\n        return 1\n",
        "class A:\n    def f(self):\n\n\n        return 1\n",
    ),
}
SAME = {
    "at the end of a function": "def f(run):\n    if TYPE_CHECKING:\n        assert run\n",
    "in the module": "if TYPE_CHECKING:\n    import pandas\n",
    "with an else": "def f(n):\n    if TYPE_CHECKING:\n        n = 1\n    else:\n        n = 2\n    return n\n",
    "with a comment": "def f(n):\n    if TYPE_CHECKING:  # why\n        n = 1\n    return n\n",
    "given another value": "TYPE_CHECKING = True\ndef f(n):\n    if TYPE_CHECKING:\n        n = 1\n    return n\n",
    "a parameter": "def f(TYPE_CHECKING):\n    if TYPE_CHECKING:\n        n = 1\n    return 2\n",
    "another test": "def f(n):\n    if TYPE_CHECKING and n:\n        n = 1\n    return n\n",
    "not Python": "def f(:\n    if TYPE_CHECKING:\n        pass\n",
}


@pytest.mark.parametrize("case", GONE)
def test_gone(case: str) -> None:
    before, after = GONE[case]
    assert without_type_checks(Source("x.py", IMPORT + before)).text == IMPORT + after


@pytest.mark.parametrize("case", SAME)
def test_same(case: str) -> None:
    source = Source("x.py", IMPORT + SAME[case])
    assert without_type_checks(source).text == source.text


def test_a_name_from_elsewhere() -> None:
    source = Source("x.py", "from ours import TYPE_CHECKING\n" + GONE["in a method"][0])
    assert without_type_checks(source).text == source.text
