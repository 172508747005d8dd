"""Dates as pendulum and dateutil compute them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from dagport.evaluate.domain import PyRaise, Unknown
from tests.engines.environments import Environment, clean_variables
from tests.evaluate.machine import run

IMPORTS = (
    "import pendulum\nfrom datetime import date, datetime, timedelta, timezone\nfrom dateutil import parser, tz\n"
    "from dateutil.relativedelta import relativedelta\nfrom zoneinfo import ZoneInfo\n"
)
ZONES = ("UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe")
MOMENTS = ("2024, 3, 31, 2, 30", "2024, 10, 27, 2, 30", "2024, 2, 29, 23, 59, 59, 123456", "2023, 12, 31", "999, 5, 6")
METHODS = (
    "",
    ".isoformat()",
    ".add(months=1)",
    ".add(years=-1, days=3)",
    ".add(hours=5, minutes=-7)",
    ".add(weeks=1, seconds=90000)",
    ".subtract(days=1)",
    ".subtract(months=13)",
    ".start_of('week')",
    ".start_of('month')",
    ".start_of('hour')",
    ".start_of('decade')",
    ".start_of('century')",
    ".start_of('quarter')",
    ".end_of('day')",
    ".end_of('month')",
    ".end_of('week')",
    ".end_of('year')",
    ".end_of('century')",
    ".set(hour=1, day=15)",
    ".on(2024, 7, 8)",
    ".at(12)",
    ".naive()",
    ".in_timezone('Asia/Tokyo')",
    ".in_tz('America/New_York').add(hours=1)",
    ".replace(hour=4)",
    ".date()",
    ".time()",
    ".to_date_string()",
    ".to_time_string()",
    ".to_datetime_string()",
    ".to_iso8601_string()",
    ".format('YYYY-MM-DD HH:mm:ss [at] dddd D MMMM YY h A ddd DDDD Q')",
    ".int_timestamp",
    ".timezone_name",
    ".offset",
    ".day_of_year",
    ".week_of_year",
    ".days_in_month",
    ".quarter",
    ".is_utc()",
    ".weekday()",
    ".strftime('%Y%m%d')",
    ".tzinfo",
    " + timedelta(days=1)",
    " - timedelta(hours=30)",
    " + pendulum.duration(days=1)",
    " + pendulum.duration(days=1, hours=2, milliseconds=1500)",
    " < pendulum.datetime(2024, 1, 1)",
    " == datetime(2023, 12, 31, tzinfo=timezone.utc)",
)
OTHERS = (
    "repr(pendulum.datetime(2024, 1, 2, tz='Europe/Paris'))",
    "repr(pendulum.datetime(2024, 1, 2, 3, 4, 5, 6))",
    "pendulum.datetime(2024, 1, 2, tz=2)",
    "pendulum.datetime(2024, 1, 2, tz=None)",
    "pendulum.datetime(2024, 1, 2, tz=timezone.utc).timezone_name",
    "pendulum.datetime(2024, 1, 2, tz=timezone(timedelta(hours=3)))",
    "pendulum.datetime(2024, 1, 2, tz=ZoneInfo('Asia/Tokyo')).timezone_name",
    "pendulum.datetime(2024, 13, 2)",
    "pendulum.datetime(2024, 1, 2, tz='No/Where')",
    "pendulum.naive(2024, 1, 2)",
    "pendulum.DateTime(2024, 1, 2)",
    "pendulum.date(2024, 1, 31).add(months=1)",
    "pendulum.date(2024, 3, 31).subtract(months=1, days=1)",
    "pendulum.time(3, 4)",
    "pendulum.timezone('Europe/Paris')",
    "pendulum.timezone('utc').name",
    "repr(pendulum.timezone('Europe/Paris'))",
    "pendulum.timezone('Europe/Paris') == pendulum.datetime(2024, 1, 1, tz='Europe/Paris').tzinfo",
    "pendulum.UTC",
    "pendulum.parse('2024-05-06')",
    "pendulum.parse('2024-05-06', tz='Europe/Paris')",
    "pendulum.parse('2024-05-06T07:08')",
    "pendulum.parse('2024-05-06 07:08:09')",
    "pendulum.parse('2024-05-06T07:08:09.25Z')",
    "pendulum.parse('2024-05-06T07:08:09-03:30')",
    "pendulum.parse('2024-05-06T07:08:09+00:00').timezone_name",
    "pendulum.parse('2024-05-06T07:08:09Z').timezone_name",
    "pendulum.instance(datetime(2024, 5, 6))",
    "pendulum.instance(datetime(2024, 5, 6), tz='Europe/Paris')",
    "pendulum.instance(datetime(2024, 5, 6, tzinfo=timezone.utc)).timezone_name",
    "pendulum.instance(date(2024, 5, 6))",
    "pendulum.from_timestamp(0)",
    "pendulum.from_timestamp(1700000000, tz='Europe/Paris')",
    "pendulum.duration(days=8, hours=2)",
    "pendulum.duration(minutes=90)",
    "pendulum.duration(seconds=0.5)",
    "pendulum.duration()",
    "pendulum.duration(days=-8, hours=-1)",
    "pendulum.duration(hours=-1)",
    "pendulum.duration(hours=1) * 3",
    "pendulum.duration(hours=1) + timedelta(days=1)",
    "pendulum.duration(days=1, hours=3).total_seconds()",
    "pendulum.duration(days=1).days",
    "datetime(2024, 1, 1) + pendulum.duration(days=1)",
    "datetime(2024, 1, 31) + relativedelta(months=1)",
    "datetime(2024, 1, 31) - relativedelta(months=1, days=3)",
    "datetime(2024, 1, 31) + relativedelta(day=31, months=1)",
    "datetime(2024, 2, 29) + relativedelta(years=1, hours=30)",
    "date(2024, 1, 31) + relativedelta(months=14)",
    "datetime(2024, 1, 31) + relativedelta(hour=5, weeks=2)",
    "datetime(2024, 1, 31) + relativedelta(days=1) * 3",
    "relativedelta(days=1).days, relativedelta(weeks=2).days, relativedelta(months=3).months, relativedelta(day=4).day",
    "datetime(2024, 7, 1, tzinfo=tz.gettz('Europe/Paris')).isoformat()",
    "datetime(2024, 7, 1, tzinfo=tz.tzutc()).isoformat()",
    "parser.parse('2024-05-06')",
    "parser.parse('2024-05-06T07:08:09')",
    "parser.isoparse('2024-05-06')",
)
EXPRESSIONS = [
    *(
        f"pendulum.datetime({moment}, tz={zone!r}){method}"
        for moment in MOMENTS
        for zone in ZONES
        for method in METHODS
    ),
    *OTHERS,
]
VALUE_ERRORS = {"InvalidTimezone"}  # classes derived from ValueError, which is what the model raises


def ours(expression: str) -> str | None:
    """The text that the machine computes; ``None`` where it says that it doesn't know."""
    try:
        names, _ = run(f"{IMPORTS}result = {expression}\ntext = str(result)")
    except PyRaise as error:
        return error.name.rpartition(".")[2]
    unknown = isinstance(names["result"], Unknown) or isinstance(names["text"], Unknown)
    return None if unknown else str(names["text"])


@pytest.mark.engine
def test_same_as_the_real_libraries(airflow3: Environment) -> None:
    script = Path(__file__).with_name("inside") / "evaluate.py"
    command = [str(airflow3.python), str(script), IMPORTS]
    done = subprocess.run(
        command, input=json.dumps(EXPRESSIONS), env=clean_variables(), capture_output=True, text=True, check=True
    )
    computed = {text: ours(text) for text in EXPRESSIONS}
    wrong = {
        text: (computed[text], real)
        for text, real in zip(EXPRESSIONS, json.loads(done.stdout), strict=True)
        if computed[text] not in (None, real) and real not in VALUE_ERRORS
    }
    assert not wrong
    assert sum(text is None for text in computed.values()) < len(EXPRESSIONS) * 0.05
