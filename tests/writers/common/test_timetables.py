"""The timetables that generated projects carry plan the runs that the model of Airflow plans."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from dagport.semantics.schedules import Restriction, UnknownScheduleError, timetable_of
from dagport.semantics.schedules.cron import PRESETS
from dagport.writers.common.support import timetables
from dagport.writers.common.support.timetables import Bounds, Timetable
from tests.engines.schedule_cases import by_seed, written
from tests.engines.test_schedules import schedule_of

NAMES = {
    "CronTriggerTimetable": timetables.CronTrigger,
    "MultipleCronTriggerTimetable": timetables.CronTrigger,
    "CronDataIntervalTimetable": timetables.CronDataInterval,
    "DeltaTriggerTimetable": timetables.DeltaTrigger,
    "DeltaDataIntervalTimetable": timetables.DeltaDataInterval,
    "EventsTimetable": lambda dates, *_: timetables.Events(*dates),
    "OnceTimetable": timetables.Once,
}
CASES = [
    case
    for case in [*written(), *by_seed(20, 400)]
    if case["make"][0] in NAMES and (case["earliest"] or "run_immediately" not in case["make"][2])
]


def make(name: str, given: list[Any], options: dict[str, Any]) -> Timetable:
    def value(one: Any) -> Any:
        return timedelta(**one) if isinstance(one, dict) else PRESETS.get(one, one) if isinstance(one, str) else one

    options = {key: value(one) for key, one in options.items() if key != "run_immediately"}
    made: Timetable = NAMES[name](*map(value, given), **options)  # type: ignore[operator]
    return made


def chain(timetable: Any, bounds: Any, case: dict[str, Any]) -> list[Any]:
    """The runs one after the other, for a scheduler that is never late once it has begun."""
    last, now, found = None, datetime.fromisoformat(case["now"]), []
    for _ in range(case["count"]):
        run = timetable.next(last, bounds, now)
        if run is None:
            break
        last = getattr(run, "data_interval", None) or (run.logical_date, run.end)
        now = max(now, run.at)
        found.append((run.at, *last))
    return found


def test_plan_the_runs_of_the_model() -> None:
    counted: Counter[str] = Counter()
    for case in CASES:
        first, last = (datetime.fromisoformat(case[name]) if case[name] else None for name in ("earliest", "latest"))
        try:
            model = timetable_of(schedule_of(*case["make"]), version="3")
            restriction = Restriction(earliest=first, latest=last, catchup=case["catchup"])
            expected = chain(model, restriction, case)
        except UnknownScheduleError:
            counted["refused"] += 1
            continue
        found = chain(make(*case["make"]), Bounds(first, last, catchup=case["catchup"]), case)
        assert found == expected, case
        counted["same"] += 1
    assert counted["same"] > 700, counted


@pytest.mark.parametrize("text", ["* * * *", "a * * * *", "61 * * * *", "5-1 * * * *", "x/2 * * * *", "* * * * 1#"])
def test_refuse_what_is_no_cron_expression(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        timetables.parse_cron(text)
