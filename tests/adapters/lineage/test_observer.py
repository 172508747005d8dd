"""From a runner's events to lineage: what is emitted, and that nothing of it reaches the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport_adapters.lineage import Design, PipelineDesign, RunLineage, TaskDesign
from dagport_adapters.runners.errors import WorkerDiedError
from dagport_adapters.runners.observing import observed
from dagport_adapters.runners.protocol import Event, TaskEvent, TaskState
from dagport_adapters.runners.remote.errors import UnreachableError
from dagport_lineage.events.validation import problems
from dagport_lineage.model import DatasetName, Read, TaskLineage, Write
from dagport_lineage.runs.ids import dag_run_id, task_run_id
from tests.adapters.lineage.support import DATE, HOST, ORIGIN, Taken, emitter, finished, started, task, told

CASES: dict[str, tuple[list[tuple[TaskState, int]], list[str]]] = {
    "a success": ([("queued", 1), ("running", 1), ("success", 1)], ["START", "COMPLETE"]),
    "a failure": ([("running", 1), ("failed", 1)], ["START", "FAIL"]),
    "a second try": (
        [("running", 1), ("up_for_retry", 1), ("queued", 2), ("running", 2), ("success", 2)],
        ["START", "FAIL", "START", "COMPLETE"],
    ),
    "it skips itself": ([("running", 1), ("skipped", 1)], ["START", "COMPLETE"]),
    "it is skipped": ([("skipped", 0)], []),
    "it was queued and is skipped": ([("queued", 1), ("skipped", 1)], []),
    "upstream failed": ([("upstream_failed", 0)], []),
    "removed": ([("removed", 0)], []),
    "removed while it runs": ([("running", 1), ("removed", 1)], ["START", "ABORT"]),
    "rescheduled": (
        [("running", 1), ("up_for_reschedule", 1), ("queued", 1), ("running", 1), ("success", 1)],
        ["START", "COMPLETE"],
    ),
    "deferred": ([("running", 1), ("deferred", 1), ("running", 1), ("failed", 1)], ["START", "FAIL"]),
    "the beginning wasn't told": ([("success", 1)], ["START", "COMPLETE"]),
    "a failure whose beginning wasn't told": ([("queued", 1), ("failed", 1)], ["START", "FAIL"]),
    "an end that wasn't told, then a try": ([("running", 1), ("running", 2), ("success", 2)],
                                            ["START", "FAIL", "START", "COMPLETE"]),
    "no end": ([("running", 1)], ["START", "ABORT"]),
    "never queued": ([("queued", 1)], []),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_states(name: str) -> None:
    states, expected = CASES[name]
    taken = told([started(), *(task("load", state, number) for state, number in states), finished("failed")])
    assert taken.said == ["shop START", *(f"shop.load {state}" for state in expected), "shop FAIL"]
    assert [text for event in taken.events for text in problems(event)] == []


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (finished("success"), "COMPLETE"),
        (finished("failed"), "FAIL"),
        (finished("failed", cancelled=True), "ABORT"),
        (finished("success", cancelled=True), "COMPLETE"),
    ],
)
def test_the_end_of_the_run(event: Event, expected: str) -> None:
    assert told([started(), event]).said == ["shop START", f"shop {expected}"]


def test_ids_parents_and_times() -> None:
    interval = (DATE - timedelta(days=1), DATE)
    began, ended = DATE + timedelta(minutes=1), DATE + timedelta(minutes=2)
    taken = told(
        [
            started(clear_number=2, data_interval=interval),
            task("load", "running", 3, 4, started=began),
            task("load", "up_for_retry", 3, 4, started=began, ended=ended, error="ValueError: no such table"),
            finished("failed"),
        ],
        parent=HOST,
        root=ORIGIN,
    )
    dag, one, end, _ = taken.events
    assert dag["run"]["runId"] == dag_run_id("prod", "shop", DATE, 2)
    assert one["run"]["runId"] == end["run"]["runId"] == task_run_id("prod", "shop", "load", DATE, 3, 4)
    assert dag["run"]["facets"]["parent"]["run"] == {"runId": HOST.run_id}
    assert one["run"]["facets"]["parent"]["run"] == {"runId": dag["run"]["runId"]}
    for event in taken.events:
        assert event["run"]["facets"]["parent"]["root"]["run"] == {"runId": ORIGIN.run_id}
        assert event["run"]["facets"]["nominalTime"]["nominalStartTime"] == "2026-02-28T00:00:00+00:00"
        assert problems(event) == []
    assert (one["eventTime"], end["eventTime"]) == (began.isoformat(), ended.isoformat())
    assert end["run"]["facets"]["errorMessage"]["message"] == "ValueError: no such table"


def test_a_run_without_a_logical_date_is_that_of_its_run_after() -> None:
    after = datetime(2026, 3, 2, 3, 4, 5, 678901, tzinfo=UTC)
    taken = told([started(logical_date=None, run_after=after), finished()])
    assert taken.events[0]["run"]["runId"] == dag_run_id("prod", "shop", after)
    assert told([started(logical_date=None), task("load", "running"), finished()]).events == []


def test_a_skip_is_told_to_be_one_and_claims_no_data() -> None:
    known = TaskLineage(task="load", writes=(Write(dataset=DatasetName("s3://lake", "orders"), how="declared"),))
    design = Design(pipelines={"shop": PipelineDesign(tasks={"load": TaskDesign(lineage=known)})})
    taken = told([started(), task("load", "running"), task("load", "skipped"), finished()], design=design)
    _, start, end, _ = taken.events
    assert [one["key"] + "=" + one["value"] for one in end["run"]["facets"]["tags"]["tags"]] == [
        "airflow_state=skipped"
    ]
    assert "tags" not in start["run"]["facets"]
    assert start["outputs"]
    assert "outputs" not in end


def test_what_the_design_says() -> None:
    lake = DatasetName("s3://lake", "orders")
    known = TaskLineage(task="load", reads=(Read(dataset=lake, how="declared"),))
    facets = {"ownership": {"_producer": "p", "_schemaURL": "s", "owners": []}}
    pipeline = PipelineDesign(tasks={"load": TaskDesign(lineage=known, job_facets=facets)}, job_facets=facets)
    ran: list[Event] = [task("load", "running"), task("load", "success"), task("made_by_the_run", "success")]
    design = Design(pipelines={"shop": pipeline})
    taken = told([started(), *ran, finished()], design=design)
    for event in taken.events[1:3]:
        assert [(one["namespace"], one["name"]) for one in event["inputs"]] == [("s3://lake", "orders")]
        assert event["job"]["facets"]["ownership"] == facets["ownership"]
    assert taken.events[0]["job"]["facets"]["ownership"] == facets["ownership"]
    assert "inputs" not in taken.events[3]
    failed = told([started(), task("load", "running"), task("load", "failed"), finished("failed")], design=design)
    assert "inputs" not in failed.events[2]


def test_one_after_the_other_and_the_same_date_again() -> None:
    taken = Taken()
    for _ in range(2):
        lineage = RunLineage(emitter(taken))
        for event in (started(), task("load", "success"), finished()):
            lineage(event)
    assert len(taken.said) == 8


@pytest.mark.parametrize("error", [WorkerDiedError("gone"), None])
def test_a_run_that_dies(error: WorkerDiedError | None) -> None:
    taken = Taken()

    def events() -> Iterator[Event]:
        yield started()
        yield task("load", "running")
        if error:
            raise error

    with pytest.raises(WorkerDiedError) if error else nullcontext():
        list(observed(events(), [RunLineage(emitter(taken))]))
    assert taken.said == ["shop START", "shop.load START", "shop.load ABORT", "shop ABORT"]
    assert [text for event in taken.events for text in problems(event)] == []


def test_a_run_that_goes_on_elsewhere_is_not_ended() -> None:
    taken = Taken()
    lineage = RunLineage(emitter(taken))
    for event in (started(), task("load", "running")):
        lineage(event)
    lineage.close(UnreachableError("no answer"))
    assert taken.said == ["shop START", "shop.load START"]


def test_a_run_that_the_host_leaves() -> None:
    taken = Taken()
    ran: list[Event] = [started(), task("load", "running"), finished()]
    events = observed(iter(ran), [RunLineage(emitter(taken))])
    next(events)
    next(events)
    events.close()  # type: ignore[attr-defined]
    assert taken.said == ["shop START", "shop.load START", "shop.load ABORT", "shop ABORT"]


def test_of_some_tasks_of_a_run_nothing_is_said_of_the_run() -> None:
    taken = told([started(), task("load", "success"), finished()], whole=False, parent=HOST, root=ORIGIN)
    assert taken.said == ["shop.load START", "shop.load COMPLETE"]
    parent = taken.events[0]["run"]["facets"]["parent"]
    assert parent["run"]["runId"] == dag_run_id("prod", "shop", DATE)
    assert parent["root"]["run"]["runId"] == ORIGIN.run_id
    left = RunLineage(emitter(taken), whole=False)
    for event in (started(), task("load", "running")):
        left(event)
    left.close()
    assert taken.said[2:] == ["shop.load START", "shop.load ABORT"]


def test_nothing_comes_after_the_end() -> None:
    taken = Taken()
    lineage = RunLineage(emitter(taken))
    for event in (task("load", "running"), started(), finished(), task("load", "running"), finished()):
        lineage(event)
    lineage.close(ValueError())
    assert taken.said == ["shop START", "shop COMPLETE"]


class Broken:
    """Breaks in one way or another."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def emit(self, event: object) -> None:
        raise OSError("no space left on device") if self.kind == "disk" else RuntimeError(self.kind)

    def close(self, timeout: float | None = None) -> bool:
        raise RuntimeError(self.kind)

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


@pytest.mark.parametrize("kind", ["disk", "taker", "emitter"])
def test_what_breaks_does_not_reach_the_run(kind: str) -> None:
    broken: Any = Broken(kind) if kind == "emitter" else emitter(Broken(kind))
    ran: list[Event] = [started(), task("load", "running"), task("load", "success"), finished()]
    assert list(observed(iter(ran), [RunLineage(broken)])) == ran


STATES = st.sampled_from(get_args(TaskState))
EVENTS = st.builds(
    task, st.sampled_from(["a", "b", "b.c"]), STATES, st.integers(0, 3), st.integers(-1, 1),
    started=st.one_of(st.none(), st.just(DATE)), ended=st.one_of(st.none(), st.just(DATE)),
    error=st.one_of(st.none(), st.text(max_size=20)),
)  # fmt: skip


def in_order(events: list[TaskEvent]) -> list[TaskEvent]:
    """As Airflow has it: no try comes after a later one, and nothing of a try comes after its end."""
    highest: Counter[tuple[str, int]] = Counter()
    ended: set[tuple[str, int, int]] = set()
    found = []
    for event in events:
        key = (event.task_id, event.map_index)
        if event.try_number < highest[key] or (*key, event.try_number) in ended:
            continue
        highest[key] = event.try_number
        if event.state in ("success", "failed", "skipped", "upstream_failed", "removed", "up_for_retry"):
            ended.add((*key, event.try_number))
        found.append(event)
    return found


@settings(max_examples=150, deadline=None)
@given(st.lists(EVENTS, max_size=25), st.sampled_from([finished(), finished("failed", cancelled=True), None]))
def test_any_sequence(tasks: list[TaskEvent], end: Event | None) -> None:
    taken = Taken()
    lineage = RunLineage(emitter(taken), parent=HOST)
    for event in (started(), *in_order(tasks), *([end] if end else [])):
        lineage(event)
    lineage.close()
    assert [text for event in taken.events for text in problems(event)] == []
    by_run: dict[str, list[str]] = {}
    for said in taken.events:
        by_run.setdefault(said["run"]["runId"], []).append(said["eventType"])
    for states in by_run.values():
        assert states[0] == "START"
        assert len(states) == 2
        assert states[1] in ("COMPLETE", "FAIL", "ABORT")
    green = {(e.task_id, e.map_index, e.try_number) for e in in_order(tasks) if e.state in ("success", "skipped")}
    complete = [e for e in taken.events if e["eventType"] == "COMPLETE" and e["job"]["name"] != "shop"]
    assert {one["run"]["runId"] for one in complete} <= {
        task_run_id("prod", "shop", name, DATE, number, index) for name, index, number in green
    }
