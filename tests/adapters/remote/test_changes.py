"""The cursor over ended runs: each end once, none lost, whatever ends, is cleared, deleted or comes late."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport_adapters.runners.remote.changes import cursor_at, runs_changed
from dagport_adapters.runners.remote.model import Cursor
from tests.adapters.remote import support

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Instance:
    """The runs of an Airflow, as its list of them answers."""

    def __init__(self, page: int = 100) -> None:
        self.runs: dict[str, tuple[str, datetime | None]] = {}  # state and end
        self.page = page
        self.api = support.api(self.answer)
        self.before_answer: list[Any] = []

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if self.before_answer:
            self.before_answer.pop(0)()
        body = support.body_of(request)
        rows = [(run_id, state, end) for run_id, (state, end) in self.runs.items() if state in body["states"]]
        if "end_date_gte" in body:
            since = datetime.fromisoformat(body["end_date_gte"])
            rows = sorted((row for row in rows if row[2] is not None and row[2] >= since), key=lambda row: str(row[2]))
        some = rows[body["page_offset"] :][: min(self.page, body["page_limit"])]
        found = [
            support.run_row(run_id, state, end_date=end.isoformat() if end else None) for run_id, state, end in some
        ]
        return support.gives({"dag_runs": found, "total_entries": len(rows)})


def read_all(instance: Instance, cursor: Cursor | None, limit: int) -> tuple[list[tuple[str, Any]], Cursor]:
    seen: list[tuple[str, Any]] = []
    for _ in range(200):
        page = runs_changed(instance.api, cursor, None, limit)
        assert len(page.runs) <= limit
        assert page.runs or not page.more
        seen += [(run.run_id, run.end) for run in page.runs]
        assert [run.end for run in page.runs] == sorted(run.end for run in page.runs if run.end)
        cursor = page.cursor
        if not page.more:
            return seen, cursor
    raise AssertionError("the cursor doesn't advance")


Step = tuple[str, int, int]
steps = st.lists(
    st.tuples(st.sampled_from(["end", "clear", "delete", "read", "late"]), st.integers(0, 9), st.integers(0, 3)),
    max_size=40,
)


@settings(deadline=None, max_examples=150)
@given(steps, st.integers(1, 4), st.integers(1, 4))
def test_each_end_is_given_exactly_once(history: list[Step], limit: int, page: int) -> None:
    """Runs end (many at the same moment, some seen late), are cleared and end again, are deleted."""
    instance, cursor, now = Instance(page), None, NOW
    expected: set[tuple[str, Any]] = set()
    gone: set[tuple[str, Any]] = set()
    seen: list[tuple[str, Any]] = []
    for what, number, pause in history:
        now += timedelta(seconds=pause * 40)
        run_id = f"r{number}"
        if what in ("end", "late"):
            end = now - timedelta(seconds=100 if what == "late" else 0)
            if instance.runs.get(run_id, ("", None))[1] is not None:
                continue
            instance.runs[run_id] = ("success", end)
            expected.add((run_id, end))
        elif what == "clear" and run_id in instance.runs:
            gone.add((run_id, instance.runs[run_id][1]))
            instance.runs[run_id] = ("running", None)
        elif what == "delete" and run_id in instance.runs:
            gone.add((run_id, instance.runs.pop(run_id)[1]))
        elif what == "read":
            found, cursor = read_all(instance, cursor, limit)
            seen += found
    found, cursor = read_all(instance, cursor, limit)
    seen += found
    assert len(seen) == len(set(seen))
    assert expected - gone <= set(seen) <= expected
    assert read_all(instance, cursor, limit)[0] == []


def test_a_run_that_leaves_while_pages_are_read_hides_no_other() -> None:
    instance = Instance(page=2)
    for number in range(9):
        instance.runs[f"r{number}"] = ("success", NOW + timedelta(hours=number))
    instance.before_answer = [lambda: None, lambda: instance.runs.pop("r0"), lambda: instance.runs.pop("r1")]
    seen, _ = read_all(instance, None, 100)
    assert {f"r{number}" for number in range(2, 9)} <= {run_id for run_id, _ in seen}


def test_one_can_begin_at_a_moment() -> None:
    instance = Instance()
    for number in range(4):
        instance.runs[f"r{number}"] = ("failed", NOW + timedelta(minutes=number))
    seen, _ = read_all(instance, cursor_at(NOW + timedelta(minutes=2)), 10)
    assert [run_id for run_id, _ in seen] == ["r2", "r3"]


def test_what_is_under_way_comes_beside_and_moves_nothing() -> None:
    instance = Instance()
    instance.runs = {"a": ("running", None), "b": ("queued", None)}
    first = runs_changed(instance.api, None, None, 10)
    second = runs_changed(instance.api, first.cursor, None, 10)
    assert [run.run_id for run in first.under_way] == [run.run_id for run in second.under_way] == ["a", "b"]
    assert first.runs == ()
    assert second.cursor == first.cursor


def test_no_dags_are_no_runs_and_not_all_runs() -> None:
    instance = Instance()
    instance.runs = {"a": ("success", NOW)}
    page = runs_changed(instance.api, None, [], 10)
    assert (page.runs, page.under_way, page.more) == ((), (), False)


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"v": 0, "end": "2026-01-01", "given": []}', "2026-01-01"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no cursor"):
        runs_changed(Instance().api, Cursor(text), None, 10)


def test_a_filter_of_dags_is_passed_on() -> None:
    bodies: list[Mapping[str, Any]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        bodies.append(support.body_of(request))
        return support.gives({"dag_runs": [], "total_entries": 0})

    runs_changed(support.api(answer), None, ["b", "a", "b"], 10)
    assert [body["dag_ids"] for body in bodies] == [["a", "b"]] * 2
