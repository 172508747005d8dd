"""What is read from the schedules and triggers of ``prefect.yaml``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dagport.verify.targets.model import NotUnderstoodError, When
from dagport.verify.targets.prefect.deployments import whens_of
from tests.verify.test_targets import Verify, project, verify  # noqa: F401  (a fixture)

MADE = "prefect.asset.materialization.succeeded"
ONCE = "DTSTART:20260101T090000\nRRULE:FREQ=DAILY;COUNT=1"
CLOCK = "BYHOUR=6;BYMINUTE=0,30;BYSECOND=0"


def read(**said: Any) -> tuple[When, ...]:
    deployment = {"name": "p", "entrypoint": "a.py:p", **said}
    return whens_of("prefect.yaml", json.dumps({"deployments": [deployment]}))["a.py:p"]


def rule(text: str, zone: str = "UTC") -> When:
    [found] = read(schedules=[{"rrule": text, "timezone": zone}])
    return found


def event(key: object = "s3://a/b", **more: Any) -> dict[str, Any]:
    return {"type": "event", "match": {"prefect.resource.id": key}, "expect": [MADE], **more}


def test_rules() -> None:
    once = rule(ONCE, "Asia/Tokyo")
    assert (once.timetable and once.timetable.kind, once.within) == ("once", ("2026-01-01T09:00:00+09:00", None))
    ending = f"UNTIL=20260301T063000;{CLOCK}"
    both = rule(f"DTSTART:20260101T063000\nRRULE:FREQ=DAILY;BYMONTHDAY=1;{ending}\nRRULE:FREQ=DAILY;BYDAY=MO;{ending}")
    assert both.crons == ("0,30 6 1 * *", "0,30 6 * * 1")
    assert both.within == ("2026-01-01T06:30:00+00:00", "2026-03-01T06:30:00+00:00")
    seconds = rule("DTSTART:20260101T000000\nRRULE:FREQ=SECONDLY;INTERVAL=90;UNTIL=20260301T000000")
    assert (seconds.seconds, seconds.anchor) == (90, "2026-01-01T00:00:00+00:00")
    dates = read(schedules=[{"rrule": "RDATE:20260101T000000"}, {"rrule": "RDATE:20260201T000000,20260301T000000"}])
    assert dates[0].timetable is not None
    assert len(dates) == 1
    assert len(dates[0].timetable.args["event_dates"]) == 3  # type: ignore[index,arg-type]


def test_several_crons_are_one_schedule() -> None:
    [one] = read(schedules=[{"cron": "0 1 * * *"}, {"cron": "0 2 * * *"}])
    assert one.crons == ("0 1 * * *", "0 2 * * *")
    assert len(read(schedules=[{"cron": "0 1 * * *"}, {"cron": "0 2 * * *", "timezone": "Asia/Tokyo"}])) == 2


@pytest.mark.parametrize(
    "text",
    [
        "RRULE:FREQ=DAILY;COUNT=1",  # without a start
        "DTSTART:20260101T090000\nRRULE:FREQ=WEEKLY;COUNT=1",
        "DTSTART:20260101T090000\nRRULE:FREQ=DAILY;COUNT=2",
        "DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY;COUNT=1",
        f"DTSTART:20260101T090000\nRRULE:FREQ=DAILY;{CLOCK}",  # without an end
        f"DTSTART:20260101T090000\nRRULE:FREQ=DAILY;BYMONTHDAY=1;BYDAY=MO;UNTIL=20260301T000000;{CLOCK}",
        f"DTSTART:20260101T090000\nRRULE:FREQ=DAILY;BYSETPOS=1;UNTIL=20260301T000000;{CLOCK}",
        "DTSTART:20260101T090000\nRRULE:FREQ=DAILY;UNTIL=20260301T000000;BYHOUR=6;BYMINUTE=0",
        "DTSTART:20260101T090000\nRRULE:FREQ=DAILY;COUNT=1\nEXDATE:20260101T090000",
        "RDATE:20260101T000000\nEXDATE:20260101T000000",
        "RDATE:20261301T000000",  # no such month
        "DTSTART:20260101T000000\nRRULE:UNTIL=20270101T000000",
        "DTSTART:20260101T000000\nRRULE:FREQ=SECONDLY;INTERVAL=x;UNTIL=20270101T000000",
    ],
)
def test_other_rules(text: str) -> None:
    with pytest.raises(NotUnderstoodError):
        rule(text)


def test_no_such_zone() -> None:
    with pytest.raises(NotUnderstoodError):
        rule(ONCE, "Nowhere/Here")


def test_whether_a_trigger_is_on() -> None:
    found = [read(triggers=[{**said, **event()}])[0].status for said in ({"enabled": False}, {"enabled": True}, {})]
    assert found == ["False", "True", "True"]


def test_triggers() -> None:
    [one] = read(triggers=[{"enabled": False, **event(["s3://a", "s3://b"])}])
    assert one.updates == "('s3://a' | 's3://b')"
    both = {"type": "compound", "require": "all", "triggers": [event("s3://a"), event("s3://b")]}
    [one] = read(triggers=[both])
    assert one.updates == "('s3://a' & 's3://b')"
    times = read(triggers=[both], schedules=[{"cron": "0 0 * * *"}])
    assert [when.updates is None for when in times] == [True, False]


@pytest.mark.parametrize(
    "trigger",
    [
        event(threshold=2),
        event(after=[MADE]),
        event(expect=["prefect.asset.referenced"]),
        event(match={"prefect.resource.id": "s3://a", "prefect.resource.name": "x"}),
        {"type": "compound", "require": 1, "triggers": [event()]},
        {"type": "compound", "require": "all", "within": 60, "triggers": [event()]},
        {"type": "compound", "require": ["all"], "triggers": [event()]},
        {"type": "compound", "require": "all", "triggers": ["x"]},
        {"type": "compound", "require": "all", "triggers": None},
        {"type": "sequence", "triggers": [event()]},
        event(5),
        event(
            "prefect.flow-run.*", expect=["prefect.flow-run.Completed"], match_related={"prefect.resource.name": "p"}
        ),
    ],
)
def test_other_triggers(trigger: dict[str, Any]) -> None:
    with pytest.raises(NotUnderstoodError):
        read(triggers=[trigger])


SOURCE = """
from datetime import datetime, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset

left, right = Asset("s3://lake/left"), Asset("s3://lake/right")
START = datetime(2026, 1, 1, tzinfo=timezone.utc)
with DAG("makes", schedule="@once", start_date=START):
    BashOperator(task_id="make", bash_command="true", outlets=[left, right])
with DAG("needs", schedule=[left, right], start_date=START):
    BashOperator(task_id="need", bash_command="true")
with DAG("ends", schedule="30 6 * * 1", start_date=START, end_date=datetime(2027, 1, 1, tzinfo=timezone.utc)):
    BashOperator(task_id="end", bash_command="true")
with DAG("goes_on", schedule="@continuous", start_date=START, max_active_runs=1):
    BashOperator(task_id="go", bash_command="true")
"""
MUTATIONS = {
    "any asset instead of all": ("require: all", "require: any"),
    "another asset": ('prefect.resource.id: "s3://lake/left"', 'prefect.resource.id: "s3://lake/right"'),
    "an event of something else": ("- prefect.asset.materialization.succeeded", "- prefect.asset.referenced"),
    "another start": ("DTSTART:20260101T000000", "DTSTART:20260102T000000"),
    "another end": ("UNTIL=20261228", "UNTIL=20261221"),
    "another day": ("BYDAY=MO", "BYDAY=TU"),
    "not after failures": ("    - prefect.flow-run.Failed\n", ""),
    "after another flow": ('prefect.resource.name: "goes_on"', 'prefect.resource.name: "ends"'),
    "on from the beginning": ("enabled: false", "enabled: true"),
    "an asset of a gated task": ('assets=["s3://lake/left", "s3://lake/right"]', 'assets=["s3://lake/left"]'),
}


def test_what_is_written_is_proved(verify: Verify, tmp_path: Path) -> None:  # noqa: F811
    made = project(tmp_path, "prefect", SOURCE)
    done = verify(made.source, made.folder)
    assert done.exit_code == 0, done.output
    reported = {line.split()[0] for line in done.output.splitlines() if line.split()[1:3] == ["schedule", "reported"]}
    assert reported == {"makes", "needs", "goes_on"}


@pytest.mark.parametrize(("old", "new"), MUTATIONS.values(), ids=list(MUTATIONS))
def test_changes_are_noticed(verify: Verify, tmp_path: Path, old: str, new: str) -> None:  # noqa: F811
    made = project(tmp_path, "prefect", SOURCE)
    in_code = "assets=" in old
    made.change(old, new, file=made.folder / ("src/pipelines/flows/makes.py" if in_code else "prefect.yaml"))
    assert verify(made.source, made.folder).exit_code != 0
