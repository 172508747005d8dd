"""Dates of runs, by several schedules."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from airflow.sdk import dag, task


def told(ds, ts, logical_date, data_interval_start, data_interval_end):
    return [ds, ts, logical_date.isoformat(), data_interval_start.isoformat(), data_interval_end.isoformat()]


@dag(schedule="30 6 * * 1-5", start_date=datetime(2026, 1, 1))
def by_cron():
    task(told)()


@dag(schedule=timedelta(hours=6), start_date=datetime(2026, 1, 1, 1))
def by_interval():
    task(told)()


@dag(schedule="30 6 * * *", start_date=datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Paris")))
def by_clock():
    task(told)()


@dag(schedule=None, start_date=datetime(2026, 1, 1))
def by_hand():
    task(told)()


by_cron()
by_interval()
by_clock()
by_hand()
