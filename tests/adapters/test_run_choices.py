"""Which Airflow ``dagport run`` asks, and where the lineage of the run goes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from dagport_adapters.commands import choosing
from dagport_adapters.commands import run as command
from dagport_adapters.lineage import settings
from dagport_adapters.runners import remote
from dagport_adapters.runners.protocol import Event, RunRequest
from dagport_adapters.runners.remote.errors import UnreachableError
from dagport_lineage.delivery.spool import Spool
from dagport_lineage.events.validation import problems
from tests.adapters.lineage.support import finished, started, task

SECRET = "hunter2-hunter2"
PARENT = "hosts/nightly/01a1f910-52a0-7eea-8648-e85df88e8bed"
SHOP = """
from datetime import datetime
from airflow.sdk import DAG, Asset
from airflow.providers.standard.operators.bash import BashOperator
with DAG("shop", start_date=datetime(2026, 1, 1), schedule=None):
    BashOperator(task_id="load", bash_command="true", outlets=[Asset("s3://lake/orders.csv")])
"""
Play = Callable[..., tuple[Any, "Runner"]]


class Runner:
    """A runner that plays a run, and remembers how it was made and asked."""

    def __init__(self, events: list[Event], error: Exception | None) -> None:
        self.events, self.error = events, error
        self.requests: list[RunRequest] = []
        self.made: tuple[tuple[Any, ...], dict[str, Any]] | None = None
        self.env: dict[str, str] = {}
        self.home: Path | None = None
        self.airflow_version: Any = "3.3.2"

    def __call__(self, *arguments: Any, **options: Any) -> Runner:
        self.made = (arguments, options)
        return self

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def close(self) -> None:
        pass

    def run(self, request: RunRequest, *, timeout: float | None = None) -> Iterator[Event]:
        self.requests.append(request)
        yield from self.events
        if self.error:
            raise self.error


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Play]:
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "two.py").write_text(SHOP + SHOP.replace('"shop"', '"other"'))
    (tmp_path / "dags").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    settings._takers.clear()

    def played(
        *arguments: str, env: dict[str, str] | None = None, events: list[Event] | None = None,
        error: Exception | None = None,
    ) -> tuple[Any, Runner]:  # fmt: skip
        whole: list[Event] = [started(), task("load", "running"), task("load", "success"), finished()]
        runner = Runner(whole if events is None else events, error)
        monkeypatch.setattr(command, "LocalAirflow", runner)
        monkeypatch.setattr(remote, "RemoteAirflow", runner)
        result = CliRunner().invoke(command.run, list(arguments), env=env)
        assert SECRET not in result.output
        return result, runner

    yield played
    for taker in settings._takers.values():
        if taker is not None:
            taker.close(0)
    settings._takers.clear()


def spooled(folder: Path) -> list[dict[str, Any]]:
    found = [json.loads(one.record.line) for one in Spool(folder).pending(grows=False) if one.record]
    assert [text for event in found for text in problems(event)] == []
    return found


@pytest.mark.parametrize(
    ("arguments", "env", "auth"),
    [
        (["--airflow-url", "http://a:1"], {}, "Anonymous()"),
        ([], {"DAGPORT_AIRFLOW_URL": "http://a:1"}, "Anonymous()"),
        (["--airflow-url", "http://a:1"], {"DAGPORT_AIRFLOW": "py"}, "Anonymous()"),
        (["--airflow-url", "http://a:1"], {"DAGPORT_AIRFLOW_TOKEN": SECRET}, "Token(...)"),
        (["--airflow-url", "http://a:1", "--airflow-user", "me"], {"DAGPORT_AIRFLOW_PASSWORD": SECRET},
         "Jwt('me', ...)"),
        (["--airflow-url", "http://a:1", "--airflow-auth", "basic"],
         {"DAGPORT_AIRFLOW_PASSWORD": SECRET, "DAGPORT_AIRFLOW_USER": "me"}, "Basic(username='me')"),
    ],
)  # fmt: skip
def test_a_live_airflow(play: Play, arguments: list[str], env: dict[str, str], auth: str) -> None:
    result, runner = play("shop", *arguments, env=env)
    assert result.exit_code == 0, result.output
    assert runner.made is not None
    (url, given), options = runner.made
    assert options["patience"].contact < options["patience"].seconds
    assert (url, repr(given)) == ("http://a:1", auth)
    assert runner.requests[0].dag_id == "shop"
    assert runner.requests[0].file is None


def test_an_option_wins_over_a_variable(play: Play) -> None:
    _, runner = play("shop", "--airflow", "py", env={"DAGPORT_AIRFLOW_URL": "http://a:1"})
    assert runner.made is not None
    assert runner.made[1]["python"] == "py"


def test_a_file_says_which_dag_of_a_live_airflow_is_meant(play: Play) -> None:
    _, runner = play("shop.py", "--airflow-url", "http://a:1")
    assert runner.requests[0].dag_id == "shop"
    assert runner.requests[0].file is None
    _, runner = play("two.py", "--dag", "other", "--airflow-url", "http://a:1")
    assert runner.requests[0].dag_id == "other"


@pytest.mark.parametrize(
    ("arguments", "env", "message"),
    [
        (["shop"], {}, "Name an Airflow"),
        (["shop", "--airflow", "py", "--airflow-url", "http://a:1"], {}, "name one of them"),
        (["shop"], {"DAGPORT_AIRFLOW": "py", "DAGPORT_AIRFLOW_URL": "http://a:1"}, "name one of them"),
        (["shop", "--airflow-url", "http://a:1", "--home", "h"], {}, "--home is for"),
        (["shop", "--airflow-url", "http://a:1", "--skip-retry-delays"], {}, "--skip-retry-delays is for"),
        (["shop", "--airflow-url", "http://a:1", "--dags", "dags"], {}, "--dags is for"),
        (["shop", "--airflow-url", "http://a:1", "--airflow-user", "me"], {}, "set DAGPORT_AIRFLOW_PASSWORD"),
        (["two.py", "--airflow-url", "http://a:1"], {}, "other, shop. Say with --dag"),
        (["shop.py", "--airflow", "py", "--lineage"], {}, "nowhere to go"),
        (["shop.py", "--airflow", "py", "--lineage"], {"OPENLINEAGE_DISABLED": "true"}, "nowhere to go"),
    ],
)
def test_wrong_usage(play: Play, arguments: list[str], env: dict[str, str], message: str) -> None:
    result, runner = play(*arguments, env=env)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert not runner.requests


@pytest.mark.parametrize("url", [f"http://me:{SECRET}@a:1", f"http://a:1/?token={SECRET}", f"{SECRET}"])
def test_an_address_that_is_refused_is_not_shown(url: str) -> None:
    chosen = choosing.Chosen(python=None, url=url, user=None, way="jwt", lineage=None, namespace=None)
    with pytest.raises(click.UsageError) as caught:
        choosing.remote(chosen, {})
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(("events", "status"), [([started()], 1), ([], 2)])
def test_a_live_airflow_that_goes_away(play: Play, events: list[Event], status: int) -> None:
    result, _ = play("shop", "--airflow-url", "http://a:1", events=events, error=UnreachableError("no answer"))
    assert result.exit_code == status
    assert "no answer" in result.stderr


def test_lineage_goes_where_it_is_configured(play: Play, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    env = {"DAGPORT_SPOOL_DIR": str(spool), "OPENLINEAGE_NAMESPACE": "prod", "OPENLINEAGE_PARENT_ID": PARENT}
    result, _ = play("shop.py", "--airflow", "py", env=env)
    assert result.exit_code == 0
    events = spooled(spool)
    assert [(event["job"]["name"], event["eventType"]) for event in events] == [
        ("shop", "START"), ("shop.load", "START"), ("shop.load", "COMPLETE"), ("shop", "COMPLETE"),
    ]  # fmt: skip
    assert {event["job"]["namespace"] for event in events} == {"prod"}
    assert events[0]["run"]["facets"]["parent"]["job"] == {"namespace": "hosts", "name": "nightly"}
    assert [one["name"] for one in events[2]["outputs"]] == ["orders.csv"]
    assert events[0]["run"]["facets"]["processing_engine"]["version"] == "3.3.2"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--airflow", "py", "--no-lineage"], False),
        (["--airflow", "py", "--lineage"], True),
        (["--airflow-url", "http://a:1"], False),
        (["--airflow-url", "http://a:1", "--lineage"], True),
    ],
)
def test_who_asks_for_lineage(play: Play, arguments: list[str], told: bool, tmp_path: Path) -> None:
    env = {"DAGPORT_SPOOL_DIR": str(tmp_path / "spool")}
    play("shop.py", *arguments, "--namespace", "mine", env=env)
    assert {event["job"]["namespace"] for event in spooled(tmp_path / "spool")} == ({"mine"} if told else set())


def test_the_conf_says_who_started_it(play: Play, tmp_path: Path) -> None:
    namespace, name, run = PARENT.split("/")
    said = {"openlineage": {"parentRunId": run, "parentJobNamespace": namespace, "parentJobName": name}}
    env = {"DAGPORT_SPOOL_DIR": str(tmp_path / "spool")}
    play("shop.py", "--airflow", "py", "--conf", json.dumps(said), env=env)
    assert spooled(tmp_path / "spool")[0]["run"]["facets"]["parent"]["run"] == {"runId": run}
