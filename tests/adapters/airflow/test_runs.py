"""A task finds its run again, and never starts a second one, whatever happens to the answers."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport_adapters.airflow import dagport_http, dagport_runs
from dagport_adapters.airflow.dagport_engines import Dagster
from dagport_adapters.airflow.dagport_http import Server
from dagport_adapters.airflow.dagport_runs import (
    ElsewhereError,
    Identity,
    RefusedError,
    Run,
    TaskRun,
    UnreachableError,
    Watch,
)
from tests.adapters.airflow.stand_in import StandIn, stand_in

ASKED: dict[str, Any] = {"assets": ["shop/load"], "job": None, "ops": None, "location": None, "repository": None,
                         "partition_key": None, "run_config": None, "tags": {"team": "data"}}  # fmt: skip
LOG = logging.getLogger("test")
START = datetime(2026, 3, 1, 9, tzinfo=UTC)


def identity(number: int = 1, max_tries: int = 2, started: datetime = START, **more: Any) -> Identity:
    ids = {"dag_id": "shop", "run_id": "r", "task_id": "load", "map_index": -1, **more}
    ti = SimpleNamespace(try_number=number, max_tries=max_tries, **ids)
    return Identity.of({"ti": ti, "dag_run": SimpleNamespace(start_date=started)})


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setattr(dagport_runs, "CONFIRM_SECONDS", 0.4)
    monkeypatch.setattr(dagport_runs, "STOP_SECONDS", 1.2)
    monkeypatch.setattr(dagport_http, "REQUEST_SECONDS", 0.5)
    with stand_in() as found:
        yield found


def begun(site: StandIn, who: Identity | None = None, deadline: float | None = None) -> TaskRun:
    engine = Dagster(Server(site.url, {"Authorization": "Bearer the-token"}))
    run = TaskRun(engine, who or identity(), poll_interval=0.02, deadline=deadline, log=LOG)
    run.begin(ASKED)
    return run


SAME = [
    (identity(), identity(number=2), True),
    (identity(), identity(max_tries=5), False),  # cleared
    (identity(), identity(started=datetime(2026, 3, 2, tzinfo=UTC)), False),  # its DAG run was made anew
]


@pytest.mark.parametrize(("one", "other", "same"), SAME)
def test_tries_belong_together_until_the_task_is_cleared(one: Identity, other: Identity, same: bool) -> None:
    assert (one.generation == other.generation) is same
    assert one.task == other.task


@pytest.mark.parametrize("more", [{"dag_id": "x"}, {"run_id": "x"}, {"task_id": "x"}, {"map_index": 3}])
def test_other_tasks_have_other_identities(more: dict[str, Any]) -> None:
    assert identity(**more).task != identity().task
    assert identity(**more).generation != identity().generation


def test_a_run_is_tagged_with_its_task(site: StandIn) -> None:
    assert begun(site).run_id == "run-1"
    tags = {tag["key"]: tag["value"] for tag in site.runs[0]["tags"]}
    assert tags["team"] == "data"
    assert (tags["airflow/dag_id"], tags["airflow/run_id"], tags["airflow/task_id"]) == ("shop", "r", "load")
    assert (tags["dagport/task"], tags["dagport/try"]) == (identity().task, "1")


LAUNCH_FAULTS = [  # what happens to the launch: how many runs the server then has
    ("dropped after", 1), ("500 after", 1), ("hangs", 1), ("429", 1),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "launched"), LAUNCH_FAULTS)
def test_a_launch_that_is_not_answered_is_found(site: StandIn, fault: str, launched: int) -> None:
    site.faults.append(("launchRun", fault))
    assert begun(site).run_id == "run-1"
    assert site.launched == launched


@pytest.mark.parametrize("fault", ["dropped before", "503 before"])
def test_a_launch_that_may_have_arrived_is_not_repeated(site: StandIn, fault: str) -> None:
    site.faults.append(("launchRun", fault))
    with pytest.raises(ElsewhereError, match="isn't known whether the run has started"):
        begun(site)
    assert site.launched == 0
    assert sum("launchRun" in query for query in site.asked) == 1
    assert begun(site, identity(number=2)).run_id == "run-1"  # the next try


def test_a_server_that_is_not_up_yet_is_asked_again(site: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Dagster(Server(site.url))
    prepared = engine.prepared(identity(), ASKED)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        down = Dagster(Server(f"http://127.0.0.1:{free.getsockname()[1]}"))
    with pytest.raises(UnreachableError) as error:
        down.launch(prepared)
    assert error.value.sent is False
    calls = iter([down.launch, engine.launch])
    monkeypatch.setattr(engine, "launch", lambda prepared: next(calls)(prepared))
    run = TaskRun(engine, identity(), poll_interval=0.02, deadline=None, log=LOG)
    assert run.begin(ASKED) == "run-1"
    assert site.launched == 1


EARLIER = [  # the state of the run of the first try: which run the second follows, and how many there are then
    ("STARTED", "run-1", 1), ("QUEUED", "run-1", 1), ("SUCCESS", "run-1", 1), ("FAILURE", "run-2", 2),
    ("CANCELED", "run-2", 2),
]  # fmt: skip


@pytest.mark.parametrize(("status", "followed", "count"), EARLIER)
def test_a_retry(site: StandIn, status: str, followed: str, count: int) -> None:
    begun(site)
    site.runs[0]["status"] = status
    assert begun(site, identity(number=2)).run_id == followed
    assert site.launched == count


@pytest.mark.parametrize("status", ["STARTED", "CANCELING"])
def test_a_run_from_before_a_clearing_is_waited_for(site: StandIn, status: str) -> None:
    begun(site)
    site.runs[0]["status"] = status
    with pytest.raises(ElsewhereError, match="An earlier run doesn't end"):
        begun(site, identity(max_tries=4), deadline=time.time() + 0.1)
    assert site.launched == 1
    site.runs[0]["status"] = "SUCCESS"
    assert begun(site, identity(max_tries=4)).run_id == "run-2"  # its success was before the clearing


def test_another_task_has_another_run(site: StandIn) -> None:
    begun(site)
    assert begun(site, identity(task_id="report")).run_id == "run-2"


def test_killed_while_the_launch_is_not_answered(site: StandIn) -> None:
    site.faults.append(("launchRun", "dropped after"))
    run = TaskRun(Dagster(Server(site.url)), identity(), poll_interval=0.02, deadline=None, log=LOG)
    engine_find = run._engine.find

    def find(who: Identity) -> list[Run]:
        if site.launched and not run.killed:  # Airflow's signal comes here
            run.end()
        return list(engine_find(who))

    run._engine.find = find
    run.begin(ASKED)
    assert [row["status"] for row in site.runs] == ["CANCELED"]


def test_a_run_that_cannot_be_ended_is_told(site: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    run = begun(site)
    site.faults += [("terminateRun", "401")] * 9
    run.end()
    assert "could not be ended" in caplog.text
    assert "the-token" not in caplog.text


def test_a_run_that_is_just_being_started_is_ended_when_it_can_be(site: StandIn) -> None:
    run = begun(site)
    site.faults += [("terminateRun", "refused")] * 2
    run.end()
    assert sum("terminateRun" in query for query in site.asked) == 3
    assert site.runs[0]["status"] == "CANCELED"


def test_a_run_that_has_ended_need_not_be_ended(site: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    run = begun(site)
    site.runs[0]["status"] = "SUCCESS"
    site.faults += [("terminateRun", "refused")] * 2
    run.end()
    assert sum("terminateRun" in query for query in site.asked) == 1
    assert "could not be ended" not in caplog.text


@pytest.mark.parametrize("fault", ["401", "302", "503 before"])
def test_credentials_are_never_shown(site: StandIn, fault: str) -> None:
    server = Server(site.url, {"Authorization": "Bearer the-token"})
    site.faults.append(("runsOrError", fault))
    with pytest.raises(ElsewhereError) as error:
        Dagster(server).find(identity())
    assert "the-token" not in str(error.value) + repr(server)
    assert fault[:3] in str(error.value)
    assert len(site.asked) == 1  # a redirect isn't followed


CONNECTIONS = [
    ({"password": "p"}, {"Authorization": "Bearer p"}),
    ({"login": "me", "password": "p"}, {"Authorization": "Basic bWU6cA=="}),
    ({"password": "p", "extra": {"token_header": "Dagster-Cloud-Api-Token"}}, {"Dagster-Cloud-Api-Token": "p"}),
    ({"extra": {"headers": {"X-Team": "data"}}}, {"X-Team": "data"}),
    ({}, {}),
]


@pytest.mark.parametrize(("said", "sent"), CONNECTIONS)
def test_credentials_of_a_connection(site: StandIn, said: dict[str, Any], sent: dict[str, str]) -> None:
    host, port = site.url.rpartition(":")[0], int(site.url.rpartition(":")[2])
    parts = {"login": None, "password": None, "schema": None, **said}
    connection = SimpleNamespace(host=host, port=port, extra_dejson=parts.pop("extra", {}), **parts)
    Dagster(Server.of(None, connection)).find(identity())
    known = {"Authorization", "Dagster-Cloud-Api-Token", "X-Team"}
    assert {name: value for name, value in site.headers[0].items() if name in known} == sent


ADDRESSES = [("d", 3000, None, "http://d:3000"), ("d", None, "https", "https://d"), ("http://d/x/", None, None, "http://d/x"),
             ("https://me:pw@d", 443, None, "https://d:443"), ("http://d:1/x", 2, None, "http://d:1/x")]  # fmt: skip


@pytest.mark.parametrize(("host", "port", "schema", "url"), ADDRESSES)
def test_address_of_a_connection(host: str, port: int | None, schema: str | None, url: str) -> None:
    connection = SimpleNamespace(host=host, port=port, schema=schema, login=None, password=None, extra_dejson={})
    assert Server.of(None, connection).url == url


@pytest.mark.parametrize("url", ["", "ftp://d", "d:3000", "http://"])
def test_no_address(url: str) -> None:
    with pytest.raises(RefusedError):
        Server.of(url)


def test_a_header_cannot_be_broken() -> None:
    with pytest.raises(RefusedError) as error:
        Server("http://d", {"Authorization": "Bearer a\nb"})
    assert "Bearer" not in str(error.value)


def test_assets_that_cannot_be_run(site: StandIn) -> None:
    site.nodes = [{**site.nodes[0], "isExecutable": False}]
    with pytest.raises(RefusedError, match="no asset shop/load"):
        begun(site)


def test_a_partition_is_never_left_out(site: StandIn) -> None:
    site.nodes = [{**site.nodes[0], "isPartitioned": True}]
    with pytest.raises(RefusedError, match="partition_key"):
        begun(site)
    assert site.launched == 0


def test_two_code_locations(site: StandIn) -> None:
    site.nodes = [site.nodes[0], {**site.nodes[0], "repository": {"name": "r", "location": {"name": "other"}}}]
    with pytest.raises(RefusedError, match=r"More than one code location.*code \(__repository__\), other \(r\)"):
        begun(site)


# Watching


@dataclass
class Script:
    """An engine whose looks are scripted."""

    looks: list[Run | Exception]

    def look(self, run_id: str) -> Run:
        found = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(found, Exception):
            raise found
        return found._replace(id=run_id)


GOES, WAITS, DONE = Run("", "going"), Run("", "going", begun=False), Run("", "success")
AWAY, GONE = UnreachableError("away"), RefusedError("token expired")
PAST, FUTURE = time.time() - 1, time.time() + 1000
WATCHES = [  # looks, deadline, start_deadline: how it ended, after how many looks
    ([GOES, GOES, DONE], None, None, "ended", 3),
    ([AWAY, AWAY, DONE], None, None, "ended", 3),
    ([GOES], PAST, None, "timeout", 1),
    ([AWAY], PAST, None, "timeout", 1),
    ([DONE], PAST, None, "ended", 1),
    ([WAITS], None, PAST, "never started", 1),
    ([GOES, DONE], FUTURE, PAST, "ended", 2),
    ([GONE], None, None, "lost", 1),
]


@pytest.mark.parametrize(("looks", "deadline", "start", "how", "count"), WATCHES, ids=map(str, range(len(WATCHES))))
def test_watch(looks: list[Any], deadline: float | None, start: float | None, how: str, count: int) -> None:
    watch, engine = Watch("r", deadline, start), Script(list(looks))
    answers = [watch.look(engine) for _ in range(count)]
    assert answers[:-1] == [None] * (count - 1)
    assert answers[-1] is not None
    assert (answers[-1]["how"], answers[-1]["run_id"]) == (how, "r")


def test_watch_gives_up_on_a_server_that_stays_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dagport_runs, "UNREACHABLE_SECONDS", 0.0)
    watch = Watch("r", None, None)
    time.sleep(0.01)
    ended = watch.look(Script([AWAY]))
    assert ended == {"run_id": "r", "how": "lost", "why": "away"}


def test_watch_follows_the_engines_own_retry() -> None:
    watch = Watch("r", None, None)
    engine = Script([Run("", "failed", successor="s"), DONE])
    assert watch.look(engine) is None
    assert watch.look(engine) == {"run_id": "s", "how": "ended", "why": ""}


@pytest.mark.parametrize("how", ["lost", "timeout", "never started"])
def test_no_end_but_a_success_is_a_success(site: StandIn, how: str) -> None:
    run = begun(site)
    with pytest.raises(ElsewhereError):
        run.concluded({"run_id": "run-1", "how": how, "why": "away"}, ASKED, None)
    assert site.runs[0]["status"] == ("STARTED" if how == "lost" else "CANCELED")


@pytest.mark.parametrize("status", ["FAILURE", "CANCELED", "STARTED"])
def test_a_run_that_did_not_succeed_is_no_success(site: StandIn, status: str) -> None:
    run = begun(site)
    site.runs[0]["status"] = status
    with pytest.raises(ElsewhereError, match=f"ended as {status}"):
        run.concluded({"run_id": "run-1", "how": "ended"}, ASKED, None)


def test_why_a_run_failed_need_not_be_known(site: StandIn) -> None:
    run = begun(site)
    site.runs[0]["status"] = "FAILURE"
    site.faults.append(("logsForRun", "401"))
    with pytest.raises(ElsewhereError, match=r"ended as FAILURE: .*\n.*answered POST /graphql with 401"):
        run.concluded({"run_id": "run-1", "how": "ended"}, ASKED, None)


# Whatever happens


@dataclass
class Chaos:
    """An engine in memory in which each call may fail, before or after it has done something."""

    faults: Iterator[str]
    runs: list[Run] = field(default_factory=list)
    launches_once = False
    overlaps: int = 0

    def url(self, run_id: str) -> str:
        return run_id

    def find(self, who: Identity) -> list[Run]:
        if next(self.faults) != "fine":
            raise UnreachableError("find")
        return list(self.runs)

    def prepared(self, who: Identity, asked: Any) -> Identity:
        return who

    def launch(self, who: Identity) -> str:
        fault = next(self.faults)
        if fault == "not sent":
            raise UnreachableError("launch", sent=False)
        if fault == "lost before":
            raise UnreachableError("launch")
        self.overlaps += any(run.state in ("going", "stopping") for run in self.runs)
        self.runs.insert(0, Run(f"run-{len(self.runs)}", "going", who.generation))
        if fault == "lost after":
            raise UnreachableError("launch")
        return self.runs[0].id

    def end(self, state: str) -> None:
        self.runs = [run._replace(state=state) if run.state == "going" else run for run in self.runs]


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.sampled_from(["fine", "fine", "not sent", "lost before", "lost after"]), max_size=40),
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from(["going", "success", "failed"])), min_size=1, max_size=6),
)
def test_there_is_never_a_second_run(faults: list[str], tries: list[tuple[int, str]]) -> None:
    """Whatever answers are lost, in whichever try and clearing: no run is started while another goes on."""
    clock = iter(range(10**9))
    engine = Chaos(faults=iter([*faults, *["fine"] * 100_000]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", lambda _: None)
        patch.setattr(time, "time", lambda: float(next(clock)))
        for number, (clearing, state) in enumerate(tries, 1):
            who = identity(number, max_tries=clearing)
            before = [run for run in engine.runs if run.generation == who.generation and run.state != "failed"]
            task = TaskRun(engine, who, poll_interval=1.0, deadline=float(next(clock)) + 200, log=LOG)
            try:
                followed = task.begin(ASKED)
            except ElsewhereError:
                continue
            assert not before or followed in {run.id for run in before}
            assert next(run for run in engine.runs if run.id == followed).generation == who.generation
            engine.end(state)
    assert engine.overlaps == 0
