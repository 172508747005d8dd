"""Macros and filters of Airflow's templates."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any


def ds_add(ds: str, days: int) -> str:
    """A day that is so many days after another, both as YYYY-MM-DD."""
    return str(datetime.strptime(str(ds), "%Y-%m-%d").date() + timedelta(days)) if days else str(ds)


def ds_format(ds: str, input_format: str, output_format: str) -> str:
    """A date in another format."""
    return datetime.strptime(str(ds), input_format).strftime(output_format)


def tojson(value: object) -> str:
    """A value as JSON that is safe in HTML, as Jinja's filter of the name gives it."""
    text = json.dumps(value, sort_keys=True)
    for char in "<>&'":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def as_int(value: Any) -> int:
    """A number, as Jinja's filter `int` gives it: zero for what is none."""
    try:
        return int(value)
    except (TypeError, ValueError):
        pass
    try:
        return int(float(value))
    except (TypeError, ValueError, OverflowError):
        return 0
