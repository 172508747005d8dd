"""When flows run by Prefect's schedules, and which dates such a run has; what Prefect can't say."""

from __future__ import annotations

from typing import Any

import pytest

from dagport.graph import Pipeline, Schedule
from dagport.values import Call, Value
from dagport.writers.prefect.dates import Dates, dates_of, source
from dagport.writers.prefect.when import When, differs_at_changes, when_of
from tests.writers.dagster.making import bash
from tests.writers.prefect.making import deployment, said, translate

TIMETABLES = "airflow.timetables"
SIX = Call("datetime.timedelta", (), {"hours": 6})


def made(schedule: Schedule, version: str = "3", zone: str = "UTC", **fields: Any) -> Pipeline:
    values: dict[str, Any] = {"start_date": "2026-01-01T00:00:00+00:00", **fields}
    return Pipeline(id="p", exact=True, schedule=schedule, engine_version=version, timezone=zone, **values)


def cron(text: str) -> Schedule:
    return Schedule(kind="cron", cron=text)


def timetable(name: str, **args: Value) -> Schedule:
    return Schedule(kind="timetable", class_=f"{TIMETABLES}.{name}", args={key.lstrip("_"): args[key] for key in args})


def moment(text: str) -> Call:
    return Call("datetime.datetime.fromisoformat", (text,), {})


EVENT, LATER = moment("2026-03-01T12:00:00+02:00"), moment("2026-02-01T00:00:00+00:00")
LONG_AGO, FINE = moment("2025-01-01T00:00:00+00:00"), moment("2026-03-01T12:00:00.5+00:00")
DAILY = cron("0 0 * * *")
END = "2026-03-31T00:00:00+00:00"


@pytest.mark.parametrize(
    ("pipeline", "expected"),
    [
        (made(Schedule(kind="manual")), When()),
        (made(DAILY), When(crons=("0 0 * * *",))),
        (made(DAILY, "2"), When(crons=("0 0 * * *",), rule='Cron("0 0 * * *")')),
        (
            made(DAILY, "2", "Europe/Paris"),
            When(crons=("0 0 * * *",), zone="Europe/Paris", rule='Cron("0 0 * * *", timezone="Europe/Paris")'),
        ),
        (made(Schedule(kind="interval", seconds=60)), When(seconds=60)),
        (made(Schedule(kind="interval", seconds=60), "2"), When(seconds=60, rule="Every(seconds=60)")),
        (
            made(timetable("trigger.CronTriggerTimetable", _0="5 4 * * *", timezone="Asia/Tokyo")),
            When(crons=("5 4 * * *",), zone="Asia/Tokyo"),
        ),
        (
            made(timetable("trigger.CronTriggerTimetable", _0="5 4 * * *", timezone="UTC", interval=SIX)),
            When(crons=("5 4 * * *",), rule="Every(seconds=21600)"),
        ),
        (made(timetable("trigger.CronTriggerTimetable", _0="@weekly", timezone="UTC")), When(crons=("0 0 * * 0",))),
        (
            made(timetable("interval.CronDataIntervalTimetable", _0="5 4 * * *", _1="UTC")),
            When(crons=("5 4 * * *",), rule='Cron("5 4 * * *")'),
        ),
        (
            made(timetable("trigger.MultipleCronTriggerTimetable", _0="5 4 * * *", _1="0 1 * * 1", timezone="UTC")),
            When(crons=("5 4 * * *", "0 1 * * 1")),
        ),
        (made(timetable("trigger.DeltaTriggerTimetable", _0=SIX)), When(seconds=21600)),
        (
            made(timetable("interval.DeltaDataIntervalTimetable", _0=SIX)),
            When(seconds=21600, rule="Every(seconds=21600)"),
        ),
        (made(Schedule(kind="once")), When(rrules=("DTSTART:20260101T000000\nRRULE:FREQ=DAILY;COUNT=1",))),
        (made(timetable("events.EventsTimetable", event_dates=[])), When()),
        (
            made(timetable("events.EventsTimetable", event_dates=[EVENT, LATER, LONG_AGO])),
            When(rrules=("RDATE:20260201T000000,20260301T100000",)),
        ),
    ],
)
def test_when(pipeline: Pipeline, expected: When) -> None:
    assert when_of(pipeline) == expected


@pytest.mark.parametrize(
    ("schedule", "zone", "why"),
    [
        (Schedule(kind="continuous"), "UTC", "has ended"),
        (Schedule(kind="assets", assets=("a",)), "UTC", "assets"),
        (Schedule(kind="opaque", text="x"), "UTC", "isn't known"),
        (cron("0 0 * * *"), "+01:00", "time zone"),
        (cron("0 0 L * *"), "UTC", "differently"),
        (cron("0 0 31 2 *"), "UTC", "differently"),
        (timetable("events.EventsTimetable", event_dates=[EVENT], restrict_to_events=True), "UTC", "by hand"),
        (timetable("events.EventsTimetable", event_dates=[LONG_AGO]), "UTC", "ends"),
        (timetable("events.EventsTimetable", event_dates=[FINE]), "UTC", "parts of seconds"),
        (timetable("events.EventsTimetable", event_dates="x"), "UTC", "aren't known"),
        (timetable("simple.PartitionedAssetTimetable", assets="x"), "UTC", "partitions"),
        (Schedule(kind="timetable", class_="shop.Own", args={}), "UTC", "shop.Own"),
        (
            timetable("trigger.MultipleCronTriggerTimetable", _0="5 4 * * *", timezone="UTC", interval=SIX),
            "UTC",
            "one length",
        ),
    ],
)
def test_no_schedule(schedule: Schedule, zone: str, why: str) -> None:
    found = when_of(made(schedule, zone=zone))
    assert isinstance(found, str)
    assert why in found or "zone" in found


@pytest.mark.parametrize(
    ("text", "zone", "differs"),
    [
        ("0 6 * * *", "Europe/Paris", False),
        ("30 2 * * *", "Europe/Paris", True),  # left out in spring, twice in autumn
        ("0 * * * *", "Europe/Paris", True),
        ("30 2 * * *", "UTC", False),
        ("30 2 * * *", "Asia/Tokyo", False),
    ],
)
def test_changes_of_clocks(text: str, zone: str, differs: bool) -> None:
    pipeline = made(cron(text), zone=zone)
    when = when_of(pipeline)
    assert isinstance(when, When)
    assert differs_at_changes(pipeline, when) == differs


@pytest.mark.parametrize(
    ("entry", "rule", "old", "expected"),
    [
        ("ds", None, False, 'logical_date.strftime("%Y-%m-%d")'),
        ("ts", None, False, "logical_date.isoformat()"),
        ("data_interval_end", None, False, "logical_date"),
        ("data_interval_end", "Every(seconds=1)", False, "data_interval_end"),
        ("dag_run.data_interval_start", "Every(seconds=1)", False, "data_interval_start"),
        ("execution_date", "Every(seconds=1)", True, "logical_date"),
        ("tomorrow_ds", None, True, '(logical_date + timedelta(days=1)).strftime("%Y-%m-%d")'),
        ("tomorrow_ds", None, False, None),
    ],
)
def test_dates(entry: str, rule: str | None, old: bool, expected: str | None) -> None:
    assert source(entry, Dates(rule=rule), old=old) == expected


def test_a_run_by_hand_has_dates() -> None:
    assert dates_of(made(Schedule(kind="once"))) == Dates()
    assert isinstance(dates_of(made(Schedule(kind="continuous"))), str)


@pytest.mark.parametrize(
    ("fields", "code", "says"),
    [
        ({"schedule": DAILY, "catchup": True}, "DP403", "`catchup`"),
        ({"schedule": DAILY, "end_date": END, "zone": "Europe/Paris"}, "DP403", "`end_date`"),
        ({"schedule": cron("* * * * *"), "end_date": END, "zone": "UTC"}, "DP403", "`end_date`"),
        ({"schedule": Schedule(kind="once")}, "DP403", "start date"),
        ({"schedule": Schedule(kind="once"), "start_date": None}, "DP407", "by hand"),
        ({"schedule": Schedule(kind="once"), "end_date": "2025-01-01T00:00:00+00:00"}, "DP407", "ends before"),
        ({"schedule": Schedule(kind="interval", seconds=5)}, "DP403", "counted anew"),
        ({"schedule": Schedule(kind="interval", seconds=5), "start_date": None}, "DP407", "start date"),
        ({"schedule": Schedule(kind="assets", assets=("a",))}, "DP407", "alias"),
        ({"schedule": cron("30 2 * * *"), "zone": "Europe/Paris"}, "DP403", "clocks of Europe/Paris"),
    ],
)
def test_what_is_said(fields: dict[str, Any], code: str, says: str) -> None:
    found = translate(made(**fields, tasks=(bash("a"),)))
    assert any(says in message for message in said(found, code))
    if code == "DP407":
        assert "schedules" not in deployment(found)


AT_SIX = "BYHOUR=6;BYMINUTE=0,30;BYSECOND=0"


@pytest.mark.parametrize(
    ("schedule", "version", "zone", "rules"),
    [
        (cron("0,30 6 * * *"), "3", "UTC", [f"FREQ=DAILY;UNTIL=20260330T063000;{AT_SIX}"]),
        # The last interval begins on the last day.
        (cron("0 0 * * *"), "2", "UTC", ["FREQ=DAILY;UNTIL=20260401T000000;BYHOUR=0;BYMINUTE=0;BYSECOND=0"]),
        (
            cron("0,30 6 1,15 2,3 1-2"),
            "3",
            "Asia/Tokyo",
            [
                f"FREQ=DAILY;UNTIL=20260331T063000;BYMONTH=2,3;BYMONTHDAY=1,15;{AT_SIX}",
                f"FREQ=DAILY;UNTIL=20260331T063000;BYMONTH=2,3;BYDAY=MO,TU;{AT_SIX}",
            ],
        ),
        (Schedule(kind="interval", seconds=90000), "3", "UTC", ["FREQ=SECONDLY;INTERVAL=90000;UNTIL=20260330T130000"]),
    ],
)
def test_the_end_of_a_schedule(schedule: Schedule, version: str, zone: str, rules: list[str]) -> None:
    found = when_of(made(schedule, version, zone, end_date=END))
    assert isinstance(found, When)
    [rule] = found.rrules
    first, *others = rule.split("\n")
    assert first.startswith("DTSTART:2026")
    assert others == [f"RRULE:{one}" for one in rules]
    translation = translate(made(schedule, version, zone, end_date=END, tasks=(bash("a"),)))
    assert deployment(translation)["schedules"] == [{"rrule": rule, "timezone": found.zone}]
    assert not [message for message in said(translation, "DP403") if "`end_date`" in message]
