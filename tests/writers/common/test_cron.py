"""Cron expressions: those that Airflow and Dagster read alike, and those that are refused."""

from __future__ import annotations

import pytest

from dagport.writers.common.cron import parse_cron


@pytest.mark.parametrize(
    "text",
    [
        "* * * * *",
        "0 0 * * *",
        "00 05 * * *",
        "*/15 * * * *",
        "0-30/10 * * * *",
        "5/10 * * * *",
        "0 9 * * 1-5",
        "0 0 * * 7",
        "0 0 * * 0-7",
        "0 0 * * sun",
        "0 0 * * MON-FRI",
        "0 0 1 jan,jul *",
        "0 0 1 */3 *",
        "0 0 29 2 *",
        "0 0 31 2 1",  # either the day or the weekday
        "0 0 1,15 * *",
    ],
)
def test_carried_over(text: str) -> None:
    assert parse_cron(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@daily",
        "0 0 * * * *",  # six fields
        "0 0 * *",
        "0 24 * * *",
        "60 * * * *",
        "0 0 0 * *",
        "0 0 * 13 *",
        "0 0 * * 8",
        "0 0 31 2 *",  # never fires
        "0 0 30 feb *",
        "0 0 31 4,6 *",
        "0 0 L * *",
        "0 0 * * 5#2",
        "0 0 * * L5",
        "0 0 ? * *",
        "H H * * *",
        "R * * * *",
        "59-0 * * * *",
        "0 0 * * 6-1",
        "0 0 * * 5/2",
        "*/0 * * * *",
        "*-5 * * * *",
        "1,,2 * * * *",
        "a * * * *",
        "-1 * * * *",
    ],
)
def test_refused(text: str) -> None:
    assert parse_cron(text) is None


@pytest.mark.parametrize(
    ("text", "daily", "hourly", "by_date"),
    [
        ("0 0 * * *", (0, 0), None, True),
        ("30 6 * * *", (6, 30), None, True),
        ("30 6 * * 1-5", None, None, True),
        ("15 * * * *", None, 15, False),
        ("0 */6 * * *", None, None, False),
        ("0 0,12 * * *", None, None, False),
        ("0 0 1 * *", None, None, True),
        ("* * * * *", None, None, False),
    ],
)
def test_how_often(text: str, daily: object, hourly: object, by_date: bool) -> None:
    cron = parse_cron(text)
    assert cron is not None
    assert (cron.daily_at, cron.hourly_at, cron.once_a_day_at_most) == (daily, hourly, by_date)
