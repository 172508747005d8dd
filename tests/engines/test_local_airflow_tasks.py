"""Some tasks of a run that stays as it is, with results handed in and taken out, in the real Airflow 3 and 2."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from subprocess import PIPE, Popen
from typing import Any

import pytest

from dagport_adapters.runners import (
    AirflowError,
    Event,
    Handed,
    InputError,
    LocalAirflow,
    RunCancelledError,
    RunFinished,
    RunnerError,
    RunRequest,
    RunStarted,
    RunTimeoutError,
    TaskEvent,
    UnknownTaskError,
)
from tests.engines.environments import clean_variables
from tests.engines.local_site import DATE, Site, ending, last_states, local_site, told

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("local_airflow_tasks")]


@pytest.fixture(scope="module", params=["airflow3", "airflow2"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with local_site(request.getfixturevalue(request.param), tmp_path_factory.mktemp(request.param)) as site:
        yield site


def some(site: Site, tasks: Sequence[str], inputs: Sequence[Handed] = (), **more: Any) -> list[Event]:
    options = {"logical_date": DATE, "whole_results": True, "again": "tasks", **more}
    return site.run("handing", tasks=tasks, inputs=inputs, **options)


def result(events: list[Event], task: str, index: int = -1, key: str = "return_value") -> Any:
    [handed] = [
        one
        for event in events
        if isinstance(event, TaskEvent) and (event.task_id, event.map_index) == (task, index)
        for one in event.results or ()
        if one.key == key
    ]
    assert (handed.serialized_from, handed.unreadable) == (None, None)
    return handed.value


def results(events: list[Event], task: str) -> tuple[Handed, ...]:
    [found] = [e.results for e in events if isinstance(e, TaskEvent) and e.task_id == task and e.results is not None]
    return found


def test_one_task_after_the_other_in_one_run(site: Site) -> None:
    first = some(site, ["give"], run_id="piecemeal")
    assert isinstance(first[0], RunStarted)
    assert not first[0].resumed
    assert last_states(first) == {"give": ("success", 1)}
    assert result(first, "give") == [1, 2, 3]
    second = some(site, ["double"], run_id="piecemeal")
    assert isinstance(second[0], RunStarted)
    assert second[0].resumed
    assert [result(second, "double", index) for index in range(3)] == [2, 4, 6]
    third = some(site, ["total"], run_id="piecemeal")
    assert result(third, "total") == 12
    states = {task: state for task, state in site.database(ending(third)).items() if state[0]}
    assert states == {
        "give": ("success", 1), "double[0]": ("success", 1), "double[1]": ("success", 1), "double[2]": ("success", 1),
        "total": ("success", 1),
    }  # fmt: skip
    assert ending(third).state == site.run_state("handing", "piecemeal") == "success"


def test_a_task_that_is_run_again_counts_on(site: Site) -> None:
    date = datetime(2026, 3, 2, tzinfo=UTC)
    before = some(site, ["join", "fall"], logical_date=date)
    assert [told(before, "join")[-1], told(before, "fall")[-1]] == [("success", 1), ("failed", 1)]
    assert ending(before).state == "failed"
    after = some(site, ["join"], logical_date=date)
    assert told(after, "join") == [("queued", 2), ("running", 2), ("success", 2)]
    assert result(after, "join") == [2]
    assert ending(after).state == "success"  # of what was asked for
    assert site.run_state("handing", ending(after).run_id) == "failed"  # of the whole: a task has failed
    assert site.database(ending(after))["fall"] == ("failed", 1)


def test_a_branch_decides_nothing_for_tasks_that_are_not_asked_for(site: Site) -> None:
    date = datetime(2026, 3, 3, tzinfo=UTC)
    some(site, ["right"], logical_date=date)
    events = some(site, ["pick"], logical_date=date)
    assert result(events, "pick", key="skipmixin_key") == {"followed": ["left"]}
    assert site.database(ending(events))["right"] == ("success", 1)
    together = some(site, ["pick", "left", "right", "join"], logical_date=date)
    assert {task: state for task, (state, _) in last_states(together).items()} == {
        "pick": "success", "left": "success", "right": "skipped", "join": "success",
    }  # fmt: skip


def handed(task_id: str, *values: Any, key: str = "return_value", mapped: bool = False) -> list[Handed]:
    return [
        Handed(task_id=task_id, value=value, key=key, map_index=index if mapped else -1)
        for index, value in enumerate(values)
    ]


INPUTS: list[tuple[list[str], list[Handed], str, list[Any]]] = [
    (["double"], handed("give", [5, 7]), "double", [10, 14]),
    (["shout"], handed("give", ["a", "ü"]), "shout", ["NO A", "NO Ü"]),
    (["total"], handed("double", 10, 20, 30, mapped=True), "total", [60]),
    (["total"], handed("double", 1, mapped=True), "total", [1]),
    (["read"], [*handed("several", 4, key="rows"), *handed("several", {"a": [None, 1.5]}, key="place")], "read",
     [[4, {"a": [None, 1.5]}]]),
    (["pair.one_of", "pair.other_of"], handed("give", [1, 2]), "pair.other_of", [20, 30]),
    (["pair.other_of"], handed("pair.one_of", 3, 4, mapped=True) + handed("give", [0, 0]), "pair.other_of", [30, 40]),
    (["gather"], handed("pair.other_of", "x", "y", mapped=True), "gather", [["x", "y"]]),
    (["measure"], handed("huge", "y" * 3_000_000), "measure", [3_000_000]),
]  # fmt: skip


@pytest.mark.parametrize("again", ["run", "tasks"])
def test_results_that_are_handed_in(site: Site, again: Any) -> None:
    for number, (tasks, inputs, task, expected) in enumerate(INPUTS):
        events = some(site, tasks, inputs, again=again, run_id=f"in_{again}_{number}", logical_date=None)
        indexes = range(len(expected)) if told(events, f"{task}[0]") else [-1]
        assert [result(events, task, index) for index in indexes] == expected
        assert {event.task_id for event in events if isinstance(event, TaskEvent)} == set(tasks)
        assert ending(events).state == "success"


def test_what_is_not_json_is_said_and_can_be_handed_back(site: Site) -> None:
    [odd] = results(some(site, ["odd"]), "odd")
    assert odd.serialized_from == "builtins.tuple, datetime.datetime"
    [seen] = results(some(site, ["look"], [odd], run_id="looked", logical_date=None), "look")
    assert seen.value == ["tuple", "datetime", "2026-03-01T00:00:00+00:00"]
    assert "datetime" not in repr(odd).replace("datetime.datetime'", "")  # values stay out of logs


def test_a_result_of_fifty_megabytes(site: Site) -> None:
    [huge] = results(some(site, ["huge"], run_id="huge", logical_date=None), "huge")
    assert len(huge.value) == 50_000_000


REFUSED: list[tuple[list[str], list[Handed], type[RunnerError], str]] = [
    (["double"], handed("double", 1), InputError, "double runs, so its result can't be handed in"),
    (["double"], handed("give", (1, 2)), InputError, "it has a tuple, which JSON can't hold"),
    (["double"], handed("give", [{1: 2}]), InputError, "it has a key of type int"),
    (["double"], handed("give", [{"__classname__": "x"}]), InputError, "it has a key __classname__"),
    (["double"], [Handed(task_id="give", value=None, unreadable="a pickle")], InputError, "couldn't be read: a pickle"),
    (["double"], handed("gave", [1]), UnknownTaskError, r"no task gave\. Did you mean give"),
    (["double"], [], AirflowError, "Nothing can run any more, since Airflow doesn't know what double wait for"),
    (["double"], handed("give", "text"), AirflowError, "Nothing can run any more"),
]


def test_what_can_not_be_handed_in(site: Site) -> None:
    for number, (tasks, inputs, kind, said) in enumerate(REFUSED):
        events: list[Event] = []
        request = RunRequest(dag_id="handing", run_id=f"no_{number}", again="tasks", tasks=tasks, inputs=inputs)
        with pytest.raises(kind, match=said):
            events.extend(site.runner.run(request, timeout=200))
        assert "success" not in {event.state for event in events if isinstance(event, TaskEvent)}


def test_why_a_try_has_failed(site: Site) -> None:
    events = some(site, ["fall", "stumble"], run_id="failing", logical_date=None, retry_delays="skip")
    errors = {(e.task_id, e.state): e.error for e in events if isinstance(e, TaskEvent) and e.error}
    assert errors == {
        ("fall", "failed"): "ValueError: no such *** thing",
        ("stumble", "up_for_retry"): "KeyError: 'first'",
    }


def test_what_is_told_of_the_run(site: Site) -> None:
    interval = (DATE, datetime(2026, 3, 2, tzinfo=UTC))
    date = datetime(2026, 5, 1, tzinfo=UTC)
    [started] = [
        e for e in some(site, ["give"], logical_date=date, data_interval=interval) if isinstance(e, RunStarted)
    ]
    assert (started.data_interval, started.clear_number, started.url) == (interval, 0, None)
    assert (started.run_after is None) == str(site.runner.airflow_version).startswith("2.")


ASKER = """
import sys
from datetime import datetime, timezone
from dagport_adapters.runners import LocalAirflow, RunRequest
with LocalAirflow(*sys.argv[1:3], home=sys.argv[3]) as runner:
    for dag_id, *names in (word.split(",") for word in sys.argv[4:]):
        tasks = {"again": "tasks", "tasks": names, "logical_date": datetime(2026, 4, 1, tzinfo=timezone.utc)}
        events = list(runner.run(RunRequest(dag_id=dag_id, **(tasks if names else {})), timeout=120))
        assert events[-1].state == "success", events
"""


def test_several_processes_ask_for_tasks_of_one_run_and_for_other_runs(site: Site) -> None:
    words = [["handing,left,right", "handing,join"], ["handing,give", "handing,double"], ["handing,several", "good"],
             ["told", "handing,stumble"]]  # fmt: skip
    command = [sys.executable, "-c", ASKER, str(site.runner.python), str(site.runner.dags), str(site.home)]
    variables = {**clean_variables(), "FAULTS_FOLDER": str(site.work)}
    askers = [Popen([*command, *mine], stdout=PIPE, stderr=PIPE, env=variables, text=True) for mine in words]
    for asker in askers:
        _, said = asker.communicate(timeout=500)
        assert asker.returncode == 0, said[-3000:]
    end = ending(some(site, ["total"], logical_date=datetime(2026, 4, 1, tzinfo=UTC)))
    states = {task: state for task, (state, _) in site.database(end).items() if state}
    names = ["left", "right", "join", "give", "double[0]", "double[1]", "double[2]", "several", "stumble", "total"]
    assert states == dict.fromkeys(names, "success")


def test_who_waits_for_a_run_can_give_up(site: Site) -> None:
    other = LocalAirflow(site.runner.python, site.runner.dags, home=site.home, env=site.runner.env, cancel_grace=2.0)
    request = RunRequest(dag_id="stuck", run_id="held", again="tasks", tasks=["after"])
    with other:
        holding = other.run(RunRequest(dag_id="stuck", run_id="held", again="tasks", tasks=["sleep"]))
        while not isinstance(event := next(holding), TaskEvent) or event.state != "running":
            pass
        with pytest.raises(RunTimeoutError):
            list(site.runner.run(request, timeout=3))
        raised: list[RunnerError] = []

        def wait() -> None:
            try:
                list(site.runner.run(request))
            except RunCancelledError as error:
                raised.append(error)

        waiting = threading.Thread(target=wait)
        waiting.start()
        until = time.monotonic() + 200
        while waiting.is_alive() and time.monotonic() < until:  # before it waits, there is nothing to cancel
            site.runner.cancel()
            waiting.join(1)
        assert len(raised) == 1
        other.cancel()
        last = list(holding)[-1]
        assert isinstance(last, RunFinished)
        assert last.cancelled
    after = list(site.runner.run(request))
    assert last_states(after) == {"after": ("success", 1)}
