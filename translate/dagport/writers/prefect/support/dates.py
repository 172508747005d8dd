"""Which dates a run is for: those of its schedule, else the moment for which it was started; all in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Protocol

from prefect.context import FlowRunContext
from prefect.runtime import flow_run

from dagport.writers.common.support.timetables import Clock

UTC = timezone.utc  # noqa: UP017 - Python 3.10 has no other
Dates = tuple[datetime, datetime, datetime]
"""The logical date, and the data interval."""


def date_of_run(given: datetime | None = None) -> datetime:
    """The date that is given, or the moment for which the flow run is scheduled."""
    moment = given or flow_run.scheduled_start_time
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    # Prefect's own class forgets the zone when a timedelta is taken from it.
    clock = moment.hour, moment.minute, moment.second, moment.microsecond
    return datetime(moment.year, moment.month, moment.day, *clock, UTC)


class Rule(Protocol):
    """Intervals, one after the other."""

    def before(self, moment: datetime) -> datetime:
        """The start of the interval that ends at a moment."""

    def after(self, moment: datetime) -> datetime:
        """The end of the interval that starts at a moment."""

    def at_or_before(self, moment: datetime) -> datetime:
        """The moment, where an interval ends at it, or the last end before it."""


def Cron(cron: str, *, timezone: str = "UTC") -> Rule:  # noqa: N802 - it makes a rule
    """The intervals between the times of a cron expression."""
    return Clock(cron, timezone)


@dataclass(frozen=True)
class Every:
    """Intervals of one length."""

    seconds: float

    def before(self, moment: datetime) -> datetime:
        """See `Rule`."""
        return moment - timedelta(seconds=self.seconds)

    def after(self, moment: datetime) -> datetime:
        """See `Rule`."""
        return moment + timedelta(seconds=self.seconds)

    def at_or_before(self, moment: datetime) -> datetime:
        """See `Rule`."""
        return moment


def dates_of_run(rule: Rule, given: datetime | None = None) -> Dates:
    """The dates of a run.

    A scheduled run is for the interval that ends when it is due: that starts at its logical date. So is a run that is
    given the date at which an interval starts. Any other run has the moment itself, and the last interval before it.
    """
    moment = date_of_run(given)
    context = FlowRunContext.get()
    if given is None and context is not None and context.flow_run is not None and context.flow_run.auto_scheduled:
        start = rule.before(moment)
        return start, start, moment
    if given is not None and rule.at_or_before(moment) == moment:
        return moment, moment, rule.after(moment)
    end = rule.at_or_before(moment)
    return moment, rule.before(end), end
