"""Lists are whole and without doubles, although rows come, go and move between the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagport_adapters.runners.remote.errors import UnexpectedAnswerError
from dagport_adapters.runners.remote.listing import listed


class Shifting:
    """A list of numbers that is in another order, or has other members, at each question, for a while."""

    def __init__(self, states: list[list[int]], cut: int) -> None:
        self.states, self.cut, self.asked = states, cut, 0

    def page(self, offset: int, limit: int) -> Mapping[str, Any]:
        now = self.states[min(self.asked, len(self.states) - 1)]
        self.asked += 1
        some = now[offset : offset + min(limit, self.cut)]
        return {"rows": [{"id": number} for number in some], "total_entries": len(now)}


numbers = st.lists(st.integers(0, 12), unique=True)


@given(st.lists(numbers, min_size=1, max_size=8), st.integers(1, 5), st.booleans())
def test_no_row_twice_and_what_stays_is_never_lost(states: list[list[int]], cut: int, whole: bool) -> None:
    """Once the list is at rest it is read as it is; while it moves, at most what moves is missing."""
    shifting = Shifting(states, cut)
    try:
        rows = listed(shifting.page, "rows", lambda row: int(row["id"]), whole=whole)
    except UnexpectedAnswerError:
        assert whole
        return
    found = [row["id"] for row in rows]
    assert len(found) == len(set(found))
    assert set(found) <= {number for state in states for number in state}
    if all(state == states[0] for state in states):
        assert found == states[0]


@given(numbers, st.integers(1, 4))
def test_a_list_that_was_reordered_in_the_middle_is_read_again(last: list[int], cut: int) -> None:
    shifting = Shifting([last[::-1], last[::-1], last], cut)
    assert sorted(row["id"] for row in listed(shifting.page, "rows", lambda row: int(row["id"]))) == sorted(last)


@pytest.mark.parametrize(
    "answer",
    [None, [], {}, {"rows": None, "total_entries": 1}, {"rows": [{"id": 1}]}, {"rows": [], "total_entries": "1"}],
)
def test_answers_that_are_no_lists(answer: Any) -> None:
    with pytest.raises(UnexpectedAnswerError):
        listed(lambda offset, limit: answer, "rows", lambda row: int(row["id"]))


def test_a_list_that_never_rests_is_an_error_where_it_must_be_whole() -> None:
    asked = 0

    def page(offset: int, limit: int) -> Mapping[str, Any]:
        nonlocal asked
        asked += 1
        return {"rows": [{"id": 1}], "total_entries": 2}

    with pytest.raises(UnexpectedAnswerError, match="keeps changing"):
        listed(page, "rows", lambda row: int(row["id"]))
    assert len(listed(page, "rows", lambda row: int(row["id"]), whole=False)) == 1
    assert asked < 100
