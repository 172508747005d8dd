"""What templates do with dates, as Python on plain ones; what only pendulum can is left to pendulum.

Airflow's dates are pendulum's ``DateTime`` in UTC, those of a run in a target are plain ones. Where both answer alike,
or plain Python has the same, that is written; else ``pendulum.instance(...)``. ``macros.datetime`` and
``macros.timedelta`` are Python's own (``airflow.sdk.execution_time.macros``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from dagport.passes.rendered_text import Kind, NoPython, Part, opened

NAMES: Mapping[str, Kind] = dict.fromkeys(
    ["data_interval_end", "data_interval_start", "execution_date", "logical_date", "next_execution_date",
     "prev_execution_date", "prev_execution_date_success", "prev_data_interval_start_success",
     "prev_data_interval_end_success", "prev_start_date_success", "prev_end_date_success",
     "dag_run.data_interval_end", "dag_run.data_interval_start", "dag_run.execution_date", "dag_run.logical_date"],
    "date",
)  # fmt: skip
"""Entries of the context that are dates."""
FILTERS = {
    "ds": '{}.strftime("%Y-%m-%d")',
    "ds_nodash": '{}.strftime("%Y%m%d")',
    "ts": "{}.isoformat()",
    "ts_nodash": '{}.strftime("%Y%m%dT%H%M%S")',
    "ts_nodash_with_tz": '{}.isoformat().replace("-", "").replace(":", "")',
}
"""Airflow's own filters, from ``airflow.sdk.definitions._internal.templater``."""
LENGTHS = frozenset({"weeks", "days", "hours", "minutes", "seconds", "microseconds"})
FIELDS = frozenset({"year", "month", "day", "hour", "minute", "second", "microsecond"})
PARTS: Mapping[Kind, frozenset[str]] = {
    "date": FIELDS,
    "day": frozenset({"year", "month", "day"}),
    "moment": FIELDS,
    "delta": frozenset({"days", "seconds", "microseconds"}),
    "pendulum": FIELDS
    | {"day_of_year", "week_of_year", "week_of_month", "days_in_month", "quarter", "int_timestamp", "timezone_name"},
    "interval": frozenset({"days", "hours", "minutes", "seconds", "years", "months", "weeks"}),
}
"""Attributes that are numbers or texts, and look alike."""
SAME: Mapping[str, Kind] = {
    "isoformat": "text", "strftime": "text", "date": "day", "timestamp": "data", "weekday": "data",
    "isoweekday": "data", "toordinal": "data",
}  # fmt: skip
"""Methods of a date that plain ones answer alike."""
METHODS: Mapping[Kind, Mapping[str, Kind]] = {
    "date": SAME,
    "day": {"isoformat": "text", "strftime": "text", "weekday": "data", "isoweekday": "data", "toordinal": "data"},
    "moment": {**SAME, "replace": "moment"},
    "delta": {"total_seconds": "data"},
    "pendulum": {
        **SAME,
        **dict.fromkeys(
            ["add", "subtract", "start_of", "end_of", "in_timezone", "in_tz", "replace", "set", "at", "on", "next",
             "previous", "first_of", "last_of", "astimezone"],
            "pendulum",
        ),
        **dict.fromkeys(
            ["format", "to_date_string", "to_datetime_string", "to_time_string", "to_iso8601_string",
             "to_day_datetime_string", "to_formatted_date_string", "to_atom_string", "to_rfc3339_string"],
            "text",
        ),
        "is_leap_year": "data",
        "diff": "interval",
    },
    "interval": dict.fromkeys(
        ["total_seconds", "total_minutes", "total_hours", "total_days", "in_days", "in_hours", "in_minutes",
         "in_seconds", "in_weeks", "in_months", "in_years"],
        "data",
    ),
}  # fmt: skip
MAKES: Mapping[str, Kind] = {
    "macros.datetime": "moment",
    "macros.timedelta": "delta",
}
CLASS_METHODS: Mapping[str, Kind] = dict.fromkeys(
    ["now", "utcnow", "today", "strptime", "fromisoformat", "fromtimestamp", "combine"], "moment"
)
DATED = frozenset({"date", "pendulum"})
KINDS = frozenset({*DATED, "day", "moment", "delta", "interval"})
NAME = re.compile(r"\w+=")


def part_of(inner: Part, name: str) -> Part:
    """An attribute. Raises ``NoPython``."""
    if name in PARTS[inner.kind]:
        return Part(f"{inner.text}.{name}")
    if inner.kind == "date" and name in PARTS["pendulum"]:
        return Part(f"{_pendulum(inner)}.{name}")
    raise NoPython


def called(inner: Part, method: str, arguments: list[str]) -> Part:
    """A method's result. Raises ``NoPython``."""
    if inner.kind == "date" and method in ("add", "subtract") and _are_lengths(arguments):
        sign = "+" if method == "add" else "-"
        return Part(f"({inner.text} {sign} timedelta({', '.join(arguments)}))", "date")
    if inner.kind == "date" and method not in SAME:
        inner = Part(_pendulum(inner), "pendulum")
    kind = METHODS[inner.kind].get(method)
    if kind is None:
        raise NoPython
    return Part(f"{inner.text}.{method}({', '.join(arguments)})", kind)


def _are_lengths(arguments: list[str]) -> bool:
    names = [match[0][:-1] if (match := NAME.match(item)) else None for item in arguments]
    return bool(names) and all(name in LENGTHS for name in names)


def _pendulum(part: Part) -> str:
    return f"pendulum.instance({opened(part.text)})" if part.kind == "date" else part.text


def operation(left: Part, sign: str, right: Part) -> Part:
    """A sum, or a difference. Raises ``NoPython``."""
    kinds = left.kind, right.kind
    text = f"({left.text} {sign} {right.text})"
    if sign == "-" and DATED.issuperset(kinds):
        return Part(f"({_pendulum(left)} - {_pendulum(right)})", "interval")
    if sign == "-" and kinds == ("moment", "moment"):
        return Part(text, "delta")
    if sign in "+-" and right.kind == "delta" and left.kind in ("date", "pendulum", "day", "moment", "delta"):
        return Part(text, left.kind)
    if sign == "+" and left.kind == "delta" and right.kind in ("date", "moment"):
        return Part(text, right.kind)
    if sign == "*" and sorted(kinds) == ["data", "delta"]:
        return Part(text, "delta")
    raise NoPython


def are_comparable(left: Part, right: Part) -> bool:
    """Whether a comparison of both says the same on plain dates."""
    kinds = {left.kind, right.kind}
    return not kinds & KINDS or kinds <= DATED or len(kinds) == 1
