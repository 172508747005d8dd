"""Results and errors of tasks: bounded, whole where asked for, and no reason to lose a run."""

from __future__ import annotations

import itertools
from typing import Any

import httpx2
import pytest

from dagport_adapters.runners.protocol import Handed, TaskEvent
from dagport_adapters.runners.remote import results
from dagport_adapters.runners.remote.dialect import dialect_of
from dagport_adapters.runners.remote.following import event_of
from dagport_adapters.runners.remote.model import RunHandle
from dagport_adapters.runners.remote.reading import task_of
from dagport_adapters.runners.remote.results import Results
from tests.adapters.remote import support
from tests.adapters.remote.support import gives, page, task_row


def added(
    answer: support.Answer, state: str = "success", *, version: str = "3.3.2", preview: int = 20, **handle: Any
) -> TaskEvent:
    """The event of a task that has ended so, with what the server answers to questions about it."""
    task = task_of(task_row(state=state), dialect_of("v2", (3, 3)), "")
    assert task.state is not None
    one = Results(support.api(answer, version), preview, 2)
    made = RunHandle(dag_id="d", run_id="r", **handle)
    return one.added(event_of(task, task.state), task, made, itertools.count(made.previews))


@pytest.mark.parametrize(
    ("value", "preview", "whole"),
    [
        ({"x": 1}, '{"x": 1}', True),
        ("ü", '"ü"', True),
        (["x://a:b@c", {"u": "x://a:b@c"}], '["x://***@c", {"u": ', False),
        (None, "null", True),
        (list(range(20)), "[0, 1, 2, 3, 4, 5, 6", False),
    ],
)
def test_previews(value: Any, preview: str, whole: bool) -> None:
    result = added(lambda request: gives({"value": value})).result
    assert result is not None
    assert (result.preview, result.whole) == (preview, whole)


@pytest.mark.parametrize(
    "answer",
    [gives({}, 404), gives({}, 403), gives({}, 400), gives({}, 500), page(), gives({"value": "x" * 2**21})],
    ids=["none", "forbidden", "refused", "broken", "page", "large"],
)
def test_a_result_that_cannot_be_had_does_not_stop_the_run(answer: httpx2.Response, monkeypatch: Any) -> None:
    monkeypatch.setattr(results, "PREVIEW_SECONDS", 0.05)
    event = added(lambda request: answer)
    assert (event.state, event.result) == ("success", None)
    failed = added(lambda request: answer, "failed")
    assert (failed.state, failed.error) == ("failed", None)


def never(request: httpx2.Request) -> httpx2.Response:
    raise AssertionError(f"nobody should ask for {request.url}")


@pytest.mark.parametrize(
    ("state", "options"),
    [
        ("skipped", {}),
        ("upstream_failed", {}),
        ("running", {}),
        ("success", {"preview": 0}),
        ("success", {"previews": 2}),  # as many as there may be
        ("failed", {"previews": 2}),
        ("failed", {"version": "2.11.2"}),  # its logs are no data
    ],
)
def test_nothing_is_asked_that_nobody_wants(state: str, options: dict[str, Any]) -> None:
    event = added(never, state, **options)
    assert (event.result, event.results, event.error) == (None, None, None)


def test_whole_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "WHOLE_BYTES", 1000)
    values = {
        "return_value": gives({"value": [1]}),
        "a/b": gives({"value": {"__classname__": "x.Y", "__data__": 1}}),
        "gone": gives({}, 404),
        "large": gives({"value": "x" * 2000}),
    }

    def answer(request: httpx2.Request) -> httpx2.Response:
        key = request.url.path.partition("/xcomEntries")[2].lstrip("/")
        if key:
            return values[key]
        return gives({"xcom_entries": [{"key": each, "map_index": -1} for each in values], "total_entries": 4})

    event = added(answer, results=True)
    assert event.results is not None
    found = {each.key: each for each in event.results}
    assert found["return_value"] == Handed(task_id="t", value=[1])
    assert found["a/b"].serialized_from == "x.Y"
    assert (found["gone"].value, found["gone"].unreadable) == (None, "Airflow's API doesn't give it")
    assert "larger" in str(found["large"].unreadable)
    assert event.result is not None
    assert event.result.preview == "[1]"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (
            [{"event": "x"}, {"event": "failed", "error_detail": [{"exc_type": "ValueError", "exc_value": "no"}]}],
            "ValueError: no",
        ),
        ([{"event": "failed", "error_detail": []}], None),
        ([{"event": "failed", "error_detail": "?"}], None),
        (["a line"], None),
        ([], None),
        (None, None),
    ],
)
@pytest.mark.parametrize("state", ["failed", "up_for_retry"])
def test_errors_come_from_logs_that_are_data(state: str, content: Any, error: str | None) -> None:
    assert added(lambda request: gives({"content": content}), state).error == error
