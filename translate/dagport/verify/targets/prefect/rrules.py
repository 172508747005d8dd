"""Rules of iCalendar in a deployment's schedules: those that the writer makes, and no others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dagport.graph import Schedule
from dagport.values import Call, Value
from dagport.verify.targets.model import NotUnderstoodError, When

EVENTS = "airflow.timetables.events.EventsTimetable"
WEEKDAYS = {"SU": "0", "MO": "1", "TU": "2", "WE": "3", "TH": "4", "FR": "5", "SA": "6"}
FIELDS = ("BYMINUTE", "BYHOUR", "BYMONTHDAY", "BYMONTH", "BYDAY")
"""In the order of a cron expression."""
MOMENT = re.compile(r"\d{8}T\d{6}")


def when_of(text: str, timezone: str) -> When:
    """The runs of a rule. Raises ``NotUnderstoodError``."""
    lines = [line.partition(":")[::2] for line in text.split("\n")]
    dates = [value for name, value in lines if name == "RDATE"]
    if dates and len(lines) == 1:
        moments = [
            Call("datetime.datetime.fromisoformat", (_moment(one, timezone),), {}) for one in dates[0].split(",")
        ]
        return When(timetable=Schedule(kind="timetable", class_=EVENTS, args={"event_dates": moments}))
    starts = [value for name, value in lines if name == "DTSTART"]
    rules = [_parts(value) for name, value in lines if name == "RRULE"]
    if len(starts) != 1 or not rules or len(lines) != 1 + len(rules):
        raise NotUnderstoodError(f"the rule {text!r} isn't known here")
    start = _moment(starts[0], timezone)
    if rules == [{"FREQ": "DAILY", "COUNT": "1"}]:
        return When(timetable=Schedule(kind="once"), within=(start, None))
    within = start, _moment(rules[0].get("UNTIL", ""), timezone)
    every = rules[0].keys() == {"FREQ", "INTERVAL", "UNTIL"} and rules[0]["INTERVAL"].isdigit()
    if len(rules) == 1 and every and rules[0]["FREQ"] == "SECONDLY":
        return When(seconds=float(rules[0]["INTERVAL"]), anchor=start, within=within, timezone=timezone)
    ends = {rule.get("UNTIL") for rule in rules}
    if len(ends) > 1:
        raise NotUnderstoodError(f"the rule {text!r} ends more than once")
    return When(crons=tuple(_cron(rule, text) for rule in rules), within=within, timezone=timezone)


def dates_of(table: Schedule) -> list[Value]:
    """The dates of a timetable of events."""
    dates = (table.args or {}).get("event_dates")
    return list(dates) if isinstance(dates, list) else []


def _parts(text: str) -> dict[str, str]:
    return {name: value for name, _, value in (part.partition("=") for part in text.split(";"))}


def _cron(rule: Mapping[str, str], text: str) -> str:
    """The cron expression that says the same."""
    known = {"FREQ", "UNTIL", "BYSECOND", *FIELDS}
    if rule.get("FREQ") != "DAILY" or rule.get("BYSECOND") != "0" or not {"BYMINUTE", "BYHOUR"} <= rule.keys() <= known:
        raise NotUnderstoodError(f"the rule {text!r} isn't known here")
    if {"BYMONTHDAY", "BYDAY"} <= rule.keys():
        raise NotUnderstoodError(f"the rule {text!r} wants a day of the month and a weekday, which no cron can")
    weekdays = [WEEKDAYS.get(day, day) for day in rule["BYDAY"].split(",")] if "BYDAY" in rule else ["*"]
    return " ".join([*(rule.get(name, "*") for name in FIELDS[:-1]), ",".join(weekdays)])


def _moment(text: str, timezone: str) -> str:
    """A moment of the clock in a time zone, as ISO text."""
    if not MOMENT.fullmatch(text):
        raise NotUnderstoodError(f"the moment {text!r} isn't one of the clock's")
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=ZoneInfo(timezone)).isoformat()
    except (ValueError, ZoneInfoNotFoundError):
        raise NotUnderstoodError(f"the moment {text!r} in {timezone!r} isn't one of the clock's") from None
