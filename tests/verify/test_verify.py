"""``dagport verify`` on pairs of files: it finds every change, and says nothing about what is the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from xml.etree import ElementTree

import pytest

from dagport.cli.app import run
from dagport.translation import Document, Translation

SOURCE = """
from datetime import datetime, timedelta
from airflow.decorators import dag, task
from airflow.utils.task_group import TaskGroup


@dag(schedule="0 6 * * *", start_date=datetime(2026, 1, 1), params={"rows": 3})
def shop():
    @task(retries=2, retry_delay=timedelta(minutes=1))
    def orders():
        return 1

    @task
    def returns():
        return 2

    @task(trigger_rule="all_done")
    def net(bought, brought_back):
        return bought - brought_back

    with TaskGroup("after"):
        @task
        def tell():
            pass
        told = tell()

    net(orders(), returns()) >> told


shop()
"""
MUTATIONS = {
    "an edge dropped": ("net(orders(), returns()) >> told", "net(orders(), returns())", "net >> after.tell is missing"),
    "an edge added": ("    net(", "    told << orders()\n    net(", "isn't in the source"),
    "a rule changed": ('"all_done"', '"none_failed"', "trigger rule"),
    "results swapped": ("net(orders(), returns())", "net(returns(), orders())", "the input `"),
    "a task dropped": ("net(orders(), returns())", "net(1, returns())", "orders: the task is missing"),
    "retries changed": ("retries=2", "retries=3", "retries: 2 in the source, 3 in the target"),
    "a delay changed": ("minutes=1", "minutes=2", "retry delay"),
    "a group renamed": ('"after"', '"later"', "the group"),
    "a param changed": ('"rows": 3', '"rows": 4', "params"),
    "the schedule shifted": ('"0 6 * * *"', '"0 7 * * *"', "the run of 2026-01-02 06:00"),
    "the zone changed": ("datetime(2026, 1, 1)", "PARIS", "the run of 2026-01-02 06:00"),
    "the schedule dropped": ('schedule="0 6 * * *"', "schedule=None", "schedule"),
    "catching up": ('schedule="0 6 * * *"', 'schedule="0 6 * * *", catchup=False', "catchup: True in the"),
    "another DAG": ("def shop()", "def store()", "the pipeline is missing in the target"),
}  # fmt: skip
OLD_GROUP = "airflow.utils.task_group"
PARIS = 'import pendulum\nPARIS = pendulum.datetime(2026, 1, 1, tz="Europe/Paris")\n'


@dataclass(frozen=True)
class Done:
    exit_code: int
    stdout: str
    output: str


Verify: TypeAlias = Callable[..., Done]


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Verify:
    def call(*arguments: str) -> Done:
        status = run(["verify", *arguments])
        said = capsys.readouterr()
        return Done(status, said.out, said.out + said.err)

    return call


def files(folder: Path, source: str, target: str) -> list[str]:
    paths = [folder / "old.py", folder / "new.py"]
    for path, text in zip(paths, (source, target), strict=True):
        path.write_text(text, "utf-8")
    return [*map(str, paths), "--airflow-version", "2", "--no-cache"]


@pytest.mark.parametrize(("old", "new", "said"), MUTATIONS.values(), ids=list(MUTATIONS))
def test_notices(verify: Verify, tmp_path: Path, old: str, new: str, said: str) -> None:
    target = SOURCE.replace(old, new).replace("shop()\n", "store()\n" if "store" in new else "shop()\n")
    assert target != SOURCE
    arguments = files(tmp_path, SOURCE, PARIS + target if new == "PARIS" else target)
    # The target says by itself for which version it is: here both are for 2.
    done = verify(*arguments)
    assert done.exit_code == 1, done.output
    assert said in done.output


def test_the_same(verify: Verify, tmp_path: Path) -> None:
    done = verify(*files(tmp_path, SOURCE, f"# another comment\n{SOURCE}"))
    assert done.exit_code == 0, done.output
    assert done.output.count(" same ") == 3


def test_its_own_upgrade(verify: Verify, tmp_path: Path) -> None:
    source, *_ = files(tmp_path, SOURCE, "")
    done = verify(source, "--airflow-version", "2", "--to", "airflow", "--no-cache")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("of", ["2", "3"])
@pytest.mark.parametrize("to", ["2", "3"])
def test_the_version_that_is_written(verify: Verify, tmp_path: Path, of: str, to: str) -> None:
    text = (
        SOURCE if of == "2" else SOURCE.replace("airflow.decorators", "airflow.sdk").replace(OLD_GROUP, "airflow.sdk")
    )
    source, *_ = files(tmp_path, text, "")
    done = verify(source, "--airflow-version", of, "--to", "airflow", "--target-version", to, "--no-cache")
    assert done.exit_code == 0, done.output
    assert done.output.count(" same ") == 3


@pytest.mark.parametrize(("of", "to"), [("2", "3"), ("3", "2")])
def test_what_is_written_is_read_as_that_version(
    verify: Verify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of: str, to: str
) -> None:
    """A writer that keeps a plain cron expression moves the dates, whichever way it goes."""

    def lazy(run: object, target: str, documents: tuple[Document, ...], *, target_version: str, **_: object) -> object:
        assert (target, target_version) == ("airflow", to)
        return Translation(files={documents[0].source.path: SOURCE})

    monkeypatch.setattr("dagport.cli.verify.attempt", lazy)
    source, *_ = files(tmp_path, SOURCE, "")
    done = verify(source, "--airflow-version", of, "--to", "airflow", "--target-version", to, "--no-cache")
    assert done.exit_code == 1
    assert "the run of 2026-01-02 06:00 for 2026-01-0" in done.output


@pytest.mark.parametrize("target", [["new.py"], ["--to", "dagster"], ["new.py", "--to", "prefect"]])
def test_a_version_of_what_is_not_written(verify: Verify, tmp_path: Path, target: list[str]) -> None:
    source, other, *_ = files(tmp_path, SOURCE, SOURCE)
    done = verify(source, *(other if one == "new.py" else one for one in target), "--target-version", "2")
    assert done.exit_code == 2
    assert "--target-version is for --to airflow" in done.output


def test_a_plain_cron_in_airflow_3_has_other_dates(verify: Verify, tmp_path: Path) -> None:
    target = SOURCE.replace("airflow.decorators", "airflow.sdk").replace("airflow.utils.task_group", "airflow.sdk")
    done = verify(*files(tmp_path, SOURCE, target))
    assert done.exit_code == 1
    assert "for 2026-01-01 06:00 with the data of 2026-01-01 06:00 to 2026-01-02 06:00 in the source" in done.output


def test_what_nobody_can_tell_is_no_success(verify: Verify, tmp_path: Path) -> None:
    source = SOURCE.replace('"0 6 * * *"', "open('/etc/when').read()")
    done = verify(*files(tmp_path, source, source))
    assert done.exit_code == 1
    assert "unknown" in done.output


def test_forms(verify: Verify, tmp_path: Path) -> None:
    arguments = files(tmp_path, SOURCE, SOURCE.replace("all_done", "none_failed"))
    told = json.loads(verify(*arguments, "--format", "json").stdout)
    assert told["summary"] == {"same": 1, "reported": 0, "different": 2, "unknown": 0}
    suite = ElementTree.fromstring(verify(*arguments, "--format", "junit").stdout)
    assert (suite.get("tests"), suite.get("failures"), len(suite.findall("testcase/failure"))) == ("3", "2", 2)


@pytest.mark.parametrize(
    "arguments",
    [["old.py"], ["old.py", "new.py", "--to", "airflow"], ["a", "b", "c"], ["old.py", "new.py", "--from", "tomorrow"]],
)
def test_usage(verify: Verify, arguments: list[str]) -> None:
    assert verify(*arguments).exit_code == 2


def test_the_horizon(verify: Verify, tmp_path: Path) -> None:
    arguments = files(tmp_path, SOURCE, SOURCE.replace('"0 6 * * *"', '"0 6 1-30 * *"'))
    assert verify(*arguments, "--from", "2026-01-02", "--until", "2026-01-30").exit_code == 0
    assert verify(*arguments, "--from", "2026-01-02").exit_code == 1


def test_the_number_of_outcomes(verify: Verify, tmp_path: Path) -> None:
    arguments = files(tmp_path, SOURCE, SOURCE)
    told = json.loads(verify(*arguments, "--outcomes", "5", "--format", "json").stdout)
    [row] = [one for one in told["verdicts"] if one["check"] == "outcomes"]
    assert row["compared"] == 5
    assert row["space"] > 5
    assert f"5 of {row['space']}" in verify(*arguments, "--outcomes", "5").stdout


def test_the_smallest_example(verify: Verify, tmp_path: Path) -> None:
    done = verify(*files(tmp_path, SOURCE, SOURCE.replace("net(orders(), returns()) >> told", "orders() >> told")))
    [line] = [line for line in done.stdout.splitlines() if "in the target, when" in line]
    assert line.endswith("after.tell: upstream_failed in the source, success in the target, when `net` fails")


@pytest.mark.parametrize("word", ["fail_fast=True", "fail_stop=True"])
def test_what_the_graph_doesnt_have(verify: Verify, tmp_path: Path, word: str) -> None:
    source = SOURCE.replace('schedule="0', f'{word}, schedule="0').replace('(trigger_rule="all_done")', "")
    done = verify(*files(tmp_path, source, source))
    assert done.exit_code == 1
    assert "outcomes unknown: the file speaks of `fail_fast`" in done.stdout


def test_operators_of_ones_own(verify: Verify, tmp_path: Path) -> None:
    own = "from airflow.models.baseoperator import BaseOperator\nclass Own(BaseOperator):\n    {}\n"
    tasks = SOURCE.replace("net(orders(), returns()) >> told", "net(orders(), returns()) >> Own(task_id='o') >> told")
    plain, skips = (own.format(body) + tasks for body in ("pass", "def execute(self, context): self.skip([])"))
    arguments = files(tmp_path, plain, plain)
    done = verify(*arguments, "--root", str(tmp_path))
    assert done.exit_code == 0, done.output
    done = verify(*files(tmp_path, skips, skips), "--root", str(tmp_path))
    assert done.exit_code == 1
    assert "skips what comes after it isn't known" in done.stdout


@pytest.mark.parametrize("engine", ["python", "4=python", "3=", "=python"])
def test_engines_that_say_nothing(verify: Verify, tmp_path: Path, engine: str) -> None:
    done = verify(*files(tmp_path, SOURCE, SOURCE), "--engine", engine)
    assert done.exit_code == 2
    assert "doesn't say which engine it is" in done.output


def test_engines_that_arent_there(verify: Verify, tmp_path: Path) -> None:
    arguments = files(tmp_path, SOURCE, SOURCE)
    done = verify(*arguments, "--engine", "3=/nowhere/python")
    assert done.exit_code == 1
    assert "the source is for Airflow 2: name one with --engine 2=PYTHON" in done.stdout
    done = verify(*arguments, "--engine", "2=/nowhere/python")
    assert done.exit_code == 2
    assert "/nowhere/python" in done.output
