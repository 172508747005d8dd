"""The model of schedules by itself: refusals, and rules that hold for every schedule.

It is compared with Airflow in ``tests/engines/test_schedules.py``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport.graph import Pipeline, Schedule, Task
from dagport.semantics.schedules import Deployment, Fire, UnknownScheduleError, fires, restriction_of, timetable_of
from dagport.semantics.schedules.cron import parse
from dagport.semantics.schedules.firing import chain_from
from dagport.semantics.schedules.model import Restriction, Version
from dagport.values import Call, Code
from tests.engines.schedule_cases import CRONS, ZONES

DAY = timedelta(days=1)
HORIZON: dict[str, Any] = {"start": datetime(2024, 3, 30, tzinfo=UTC), "until": datetime(2024, 4, 2, tzinfo=UTC)}


def pipeline(schedule: Schedule, start: str | None = "2024-01-01T00:00:00+00:00", **fields: Any) -> Pipeline:
    return Pipeline(**{"id": "d", "exact": True, "schedule": schedule, "start_date": start, **fields})


def dates(of: Pipeline | Schedule, version: Version = "3", **options: Any) -> list[tuple[str, str]]:
    found = fires(of, version=version, **{**HORIZON, **options})
    return [(fire.at.isoformat()[5:16], fire.logical_date.isoformat()[5:16]) for fire in found]


def cron(text: str) -> Schedule:
    return Schedule(kind="cron", cron=text)


def timetable(name: str, **args: Any) -> Schedule:
    return Schedule(kind="timetable", class_=f"airflow.timetables.x.{name}", args=args)


def test_a_plain_cron_string_means_another_day_in_airflow_2() -> None:
    assert dates(pipeline(cron("0 0 * * *")), "3")[0] == ("03-30T00:00", "03-30T00:00")
    assert dates(pipeline(cron("0 0 * * *")), "2")[0] == ("03-30T00:00", "03-29T00:00")


def test_the_deployment_may_say_otherwise() -> None:
    old = Deployment(cron_data_intervals=True, delta_data_intervals=True)
    assert dates(pipeline(cron("0 0 * * *")), "3", deployment=old)[0] == ("03-30T00:00", "03-29T00:00")
    daily = Schedule(kind="interval", seconds=86400)
    assert dates(pipeline(daily), "3", deployment=old)[0] == ("03-30T00:00", "03-29T00:00")
    assert dates(pipeline(daily), "3")[0] == ("03-30T00:00", "03-30T00:00")


def test_releases_differ_for_a_timedelta() -> None:
    with pytest.raises(UnknownScheduleError, match="releases of Airflow 3 differ"):
        dates(pipeline(Schedule(kind="interval", seconds=60)), deployment=Deployment(cron_data_intervals=True))


def test_the_hour_that_is_left_out_and_the_one_that_comes_twice() -> None:
    paris = {"timezone": "Europe/Paris"}
    assert [at for at, _ in dates(pipeline(cron("30 2 * * *"), **paris))] == [
        "03-30T01:30",
        "03-31T01:30",
        "04-01T00:30",
    ]
    autumn: dict[str, Any] = {
        "start": datetime(2024, 10, 26, 22, tzinfo=UTC),
        "until": datetime(2024, 10, 27, 3, tzinfo=UTC),
    }
    assert [at for at, _ in dates(pipeline(cron("30 2 * * *"), **paris), **autumn)] == ["10-27T01:30"]
    hours = [at for at, _ in dates(pipeline(cron("0 * * * *"), **paris), **autumn)]
    assert hours == ["10-26T22:00", "10-26T23:00", "10-27T00:00", "10-27T01:00", "10-27T02:00", "10-27T03:00"]


def test_start_and_end_dates_of_tasks_count() -> None:
    at = [Call("datetime.datetime.fromisoformat", (f"2024-03-{day}T00:00:00+00:00",)) for day in (10, 31)]
    first = Task(id="a", operator="x", kind="empty", arguments={"start_date": at[0], "end_date": at[1]})
    found = restriction_of(pipeline(cron("@daily"), "2024-03-20T00:00:00+00:00", tasks=(first,)), version="3")
    assert (found.earliest, found.latest) == (datetime(2024, 3, 10, tzinfo=UTC), datetime(2024, 3, 31, tzinfo=UTC))
    unknown = Task(id="a", operator="x", kind="empty", arguments={"start_date": Code("now()", "the clock")})
    with pytest.raises(UnknownScheduleError, match="start or end date"):
        dates(pipeline(cron("@daily"), tasks=(unknown,)))


def test_end_date() -> None:
    until = pipeline(cron("0 0 * * *"), end_date="2024-03-31T00:00:00+00:00")
    assert [logical for _, logical in dates(until, "3")] == ["03-30T00:00", "03-31T00:00"]
    assert [logical for _, logical in dates(until, "2")] == ["03-29T00:00", "03-30T00:00", "03-31T00:00"]


def test_without_catchup_what_was_missed_is_left_out() -> None:
    seen = datetime(2024, 3, 31, 12, tzinfo=UTC)
    dag = pipeline(cron("0 0 * * *"), catchup=False)
    assert dates(dag, "2", seen=seen)[0] == ("03-31T00:00", "03-30T00:00")
    assert dates(dag, "3", seen=seen)[0] == ("03-31T00:00", "03-31T00:00")
    assert dates(pipeline(cron("0 0 * * *"), catchup=True), "3", seen=seen)[0] == ("03-30T00:00", "03-30T00:00")


REFUSED: dict[str, tuple[Pipeline | Schedule, str]] = {
    "assets": (Schedule(kind="assets", assets=("a",)), "assets are updated"),
    "continuous": (Schedule(kind="continuous"), "before has ended"),
    "opaque": (Schedule(kind="opaque", text="x"), "isn't known"),
    "a class of one's own": (Schedule(kind="timetable", class_="mine.T", args={}), "is code"),
    "unknown arguments": (timetable("CronTriggerTimetable", **{"**": Code("x", "y")}), "not all arguments"),
    "unknown cron": (timetable("CronTriggerTimetable", cron=Code("x", "a Variable"), timezone="UTC"), "a Variable"),
    "unknown zone": (timetable("CronTriggerTimetable", cron="@daily", timezone=Code("x", "y")), "time zone"),
    "no such zone": (timetable("CronTriggerTimetable", cron="@daily", timezone="No/Where"), "no time zone 'No/Where'"),
    "unknown delta": (timetable("DeltaTriggerTimetable", delta=Code("", "a relativedelta")), "a relativedelta"),
    "unknown events": (timetable("EventsTimetable", event_dates=Code("x", "y")), "dates of the events"),
    "events without a zone": (timetable("EventsTimetable", event_dates=["2024-01-01T00:00:00"]), "no time zone"),
    "no crons": (timetable("MultipleCronTriggerTimetable", timezone="UTC"), "cron expressions"),
    "never": (cron("0 0 31 2 *"), "never fires"),
    "four fields": (cron("0 0 * *"), "5, 6 or 7"),
    "out of range": (cron("60 * * * *"), "isn't a form"),
    "backwards": (cron("0 22-3 * * *"), "isn't a form"),
    "steps by zero": (cron("*/0 * * * *"), "isn't a form"),
    "nearest weekday": (cron("0 0 15W * *"), "isn't a form"),
    "by hash": (cron("H H * * *"), "isn't a form"),
    "no date, not exact": (pipeline(cron("@daily"), None, exact=False), "isn't exact"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_come_at_once_and_have_a_reason(name: str) -> None:
    of, reason = REFUSED[name]
    with pytest.raises(UnknownScheduleError, match=reason):
        next(fires(of, version="3", **HORIZON))


def test_airflow_2_hasnt_all_timetables() -> None:
    with pytest.raises(UnknownScheduleError, match="Airflow 2 has no"):
        timetable_of(timetable("MultipleCronTriggerTimetable", timezone="UTC", **{"0": "@daily"}), version="2")
    soon = timetable("CronTriggerTimetable", cron="@daily", timezone="UTC", run_immediately=True)
    with pytest.raises(UnknownScheduleError, match="run_immediately"):
        timetable_of(soon, version="2")


def test_by_hand_and_once() -> None:
    assert dates(pipeline(Schedule(kind="manual"))) == []
    assert dates(pipeline(Schedule(kind="once"), "2024-03-31T05:00:00+00:00")) == [("03-31T05:00", "03-31T05:00")]
    assert dates(pipeline(Schedule(kind="once"), None), "2") == []


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([text for text in CRONS if "29 2" not in text]),
    st.sampled_from(ZONES),
    st.sampled_from(("2", "3")),
    st.integers(0, 400),
)
def test_a_shortcut_leads_to_the_same_runs(text: str, zone: str, version: Version, days: int) -> None:
    start = datetime(2024, 1, 15, 7, 3, tzinfo=UTC) + days * DAY
    timetable = timetable_of(cron(text), version=version, timezone=zone)
    passed = timetable.shortcut(start)
    if passed is None:
        return
    try:
        far = Restriction(earliest=passed[0] - 40 * DAY, catchup=True)
        whole = [fire for fire in chain_until(timetable, far, start, start + 3 * DAY) if fire.at >= start]
        short = [fire for fire in chain_until(timetable, far, start, start + 3 * DAY, passed) if fire.at >= start]
    except UnknownScheduleError:
        return
    assert whole == short


def chain_until(
    timetable: Any, restriction: Restriction, start: datetime, until: datetime, last: Any = None
) -> list[Fire]:
    if last is None:
        chain = chain_from(timetable, restriction, restriction.earliest or start)
        return list(takewhile(lambda fire: fire.at <= until, chain))
    found = []
    while (fire := timetable.next(last, restriction, start)) is not None and fire.at <= until:
        found.append(fire)
        last = fire.data_interval
    return found


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(CRONS), st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1)))
def test_before_and_after_are_inverse(text: str, moment: datetime) -> None:
    expression = parse(text)
    following, preceding = expression.after(moment), expression.before(moment)
    assert preceding < moment < following
    assert expression.before(following) <= moment
    assert expression.after(preceding) >= moment.replace(microsecond=0)
    assert expression.after(expression.before(following)) == following


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CRONS), st.sampled_from(ZONES), st.integers(0, 700))
def test_runs_follow_each_other(text: str, zone: str, days: int) -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC) + days * DAY
    try:
        found = list(fires(pipeline(cron(text), timezone=zone), version="2", start=start, until=start + 3 * DAY))
    except UnknownScheduleError:
        return
    assert all(before.logical_date < after.logical_date for before, after in pairwise(found))
    assert all(before.data_interval[1] <= after.data_interval[0] for before, after in pairwise(found))
    assert all(fire.at == fire.data_interval[1] for fire in found)
