"""What a branch may return."""

from __future__ import annotations

import pytest

from dagport.writers.prefect.choices import returned_ids

RETURNED: dict[str, frozenset[str] | None] = {
    "def f():\n    return 'a'": frozenset({"a"}),
    "    def f():\n        return 'a' if x else 'b'": frozenset({"a", "b"}),
    "def f():\n    if x:\n        return ['a', 'b']\n    return None": frozenset({"a", "b"}),
    "def f():\n    return": frozenset(),
    "def f():\n    def g():\n        return 'z'\n    return ('a',)": frozenset({"a"}),
    "async def f():\n    return {'a'}": frozenset({"a"}),
    "def f():\n    return f'a_{x}'": None,
    "def f():\n    return 'a' + x": None,
    "def f():\n    return 1": None,
    "def f():\n    return [x, 'a']": None,
    "lambda: 'a'": None,
    "def f(:": None,
    "": None,
}


@pytest.mark.parametrize("text", RETURNED)
def test_returned_ids(text: str) -> None:
    assert returned_ids(text) == RETURNED[text]
