"""When Prefect starts the runs of a deployment (3.8): ``CronSchedule`` and ``IntervalSchedule`` of its server.

The clock of the schedule's time zone decides. Where it shows a time twice, or leaves it out, Prefect's answer depends
on its version of Python, so it isn't known here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from dagport.semantics.schedules.cron import parse
from dagport.semantics.schedules.model import UnknownScheduleError
from dagport.semantics.schedules.zones import zone

DAY = timedelta(days=1)


def cron_runs(cron: str, timezone: str, start: datetime, until: datetime) -> Iterator[datetime]:
    """The starts between two moments, both included, in UTC. Raises ``UnknownScheduleError``."""
    tz, last = zone(timezone), None
    parsed = parse(cron)
    clock = start.astimezone(tz).replace(tzinfo=None, fold=0) - DAY
    while True:
        clock = parsed.after(clock)
        moment = _moment(clock, tz, inside=start - DAY)
        if moment > until:
            return
        if moment >= start and moment != last:
            last = moment
            yield moment


def interval_runs(
    interval: timedelta, anchor: datetime, timezone: str, start: datetime, until: datetime
) -> Iterator[datetime]:
    """As ``cron_runs``: so many intervals after, or before, the anchor. Raises ``UnknownScheduleError``."""
    if interval <= timedelta():
        raise UnknownScheduleError("an interval that isn't longer than nothing")
    tz = zone(timezone)
    count = math.ceil((start - anchor) / interval)
    offsets = {moment.astimezone(tz).utcoffset() for moment in _days(min(anchor, start), until)}
    if len(offsets) > 1:
        raise UnknownScheduleError(f"the clocks of {timezone} change, and an interval goes by them")
    while (moment := anchor + count * interval) <= until:
        yield moment.astimezone(UTC)
        count += 1


def _days(start: datetime, until: datetime) -> Iterator[datetime]:
    moment = start
    while moment <= until:
        yield moment
        moment += 7 * DAY
    yield until


def _moment(clock: datetime, tz: tzinfo, inside: datetime) -> datetime:
    early, late = clock.replace(tzinfo=tz, fold=0), clock.replace(tzinfo=tz, fold=1)
    if early.utcoffset() != late.utcoffset() and early.astimezone(UTC) >= inside:
        raise UnknownScheduleError(f"the clocks change at {clock:%Y-%m-%d %H:%M}, and Prefect's version decides")
    return early.astimezone(UTC)
