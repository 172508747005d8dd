"""What Airflow's own timetables say, for cases on standard input: the runs one after the other, and manual intervals.

    AIRFLOW_PYTHON schedules.py < CASES

A case has ``make`` (class and arguments), ``earliest``, ``latest``, ``catchup``, ``now``, ``count`` and ``manual``.
The answer has ``fires`` ([run_after, start, end] each) and ``manual`` ([start, end] each), or ``error``.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pendulum
from airflow.timetables import events, interval, simple, trigger
from airflow.timetables.base import DataInterval, TimeRestriction

NOW = [pendulum.datetime(2024, 1, 1)]


def freeze() -> None:
    """Let the timetables take the case's moment for the present one."""
    present = SimpleNamespace(utcnow=lambda: NOW[0], coerce_datetime=lambda moment: moment)
    for module in (interval, trigger):
        module.utcnow = present.utcnow
    for module in (simple, events):
        module.timezone = present
    trigger.time = SimpleNamespace(time=lambda: NOW[0].timestamp())


def moment(text: str | None) -> Any:
    return pendulum.instance(datetime.fromisoformat(text)).in_timezone("UTC") if text else None


def make(name: str, *given: Any, **options: Any) -> Any:
    options = {
        key: timedelta(seconds=value["seconds"]) if isinstance(value, dict) else value for key, value in options.items()
    }
    given = tuple(timedelta(seconds=value["seconds"]) if isinstance(value, dict) else value for value in given)
    if name == "EventsTimetable":
        given = ([moment(text) for text in given[0]], *given[1:])
    for module in (interval, trigger, events, simple):
        if hasattr(module, name):
            if name == "CronDataIntervalTimetable":
                given = (*given, pendulum.timezone(options.pop("timezone")))
            return getattr(module, name)(*given, **options)
    raise LookupError(name)


def chain(timetable: Any, case: dict[str, Any]) -> list[list[str]]:
    restriction = TimeRestriction(moment(case["earliest"]), moment(case["latest"]), case["catchup"])
    last, found = None, []
    for _ in range(case["count"]):
        info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        if info is None:
            break
        last = DataInterval(*info.data_interval)
        NOW[0] = max(NOW[0], info.run_after)
        found.append([_text(info.run_after), _text(last.start), _text(last.end)])
    return found


def answer(case: dict[str, Any]) -> dict[str, Any]:
    NOW[0] = moment(case["now"])
    name, given, options = case["make"]
    try:
        timetable = make(name, *given, **options)
        timetable.validate()
        manual = [timetable.infer_manual_data_interval(run_after=moment(text)) for text in case["manual"]]
        return {"fires": chain(timetable, case), "manual": [[_text(one.start), _text(one.end)] for one in manual]}
    except Exception as error:  # noqa: BLE001 - any refusal is an answer
        return {"error": f"{type(error).__name__}: {error}"}


def _text(when: Any) -> str:
    return datetime.fromtimestamp(when.timestamp(), tz=pendulum.UTC).isoformat()


if __name__ == "__main__":
    freeze()
    cases = json.load(sys.stdin)
    json.dump([answer(case) for case in cases], sys.stdout)
