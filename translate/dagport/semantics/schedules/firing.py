"""The runs that Airflow's scheduler starts, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from dagport.graph import Pipeline, Schedule
from dagport.semantics.schedules.model import Fire, Restriction, Timetable, UnknownScheduleError, Version
from dagport.semantics.schedules.reading import DEFAULT, Deployment, restriction_of, timetable_of

MOST_STEPS = 2_000_000  # before the horizon begins: some seconds of work
FAR = timedelta(days=60)


def fires(
    of: Pipeline | Schedule,
    *,
    version: Version,
    start: datetime,
    until: datetime,
    deployment: Deployment = DEFAULT,
    seen: datetime | None = None,
) -> Iterator[Fire]:
    """The scheduled runs with ``start <= at <= until``, in order.

    The DAG counts as turned on before its start date, with a scheduler that is never late: then ``catchup`` makes no
    difference. With ``seen``, the scheduler sees it from that moment on: with ``catchup``, runs from before are there
    with their own ``at``; without, as many are left out as Airflow leaves out.
    A bare ``Schedule`` has the start date ``start``, and the default time zone.

    Raises ``UnknownScheduleError``, before the first one, with the reason why the times aren't known.
    """
    if isinstance(of, Schedule):
        timetable = timetable_of(of, version=version, deployment=deployment)
        restriction = Restriction(earliest=start.astimezone(UTC), catchup=True)
    else:
        if not of.exact and of.start_date is None:
            raise UnknownScheduleError("the DAG isn't exact and its start date and time zone may not be known")
        timetable = timetable_of(of.schedule, version=version, timezone=of.timezone, deployment=deployment)
        restriction = restriction_of(of, version=version, deployment=deployment)
    chain = chain_from(timetable, restriction, start.astimezone(UTC), seen and seen.astimezone(UTC))
    return _between(chain, start.astimezone(UTC), until.astimezone(UTC))


def _between(chain: Iterator[Fire], start: datetime, until: datetime) -> Iterator[Fire]:
    for step, fire in enumerate(chain):
        if fire.at > until:
            return
        if fire.at >= start:
            yield fire
        elif step > MOST_STEPS:
            raise UnknownScheduleError("too many runs lie between the start date and the beginning of the horizon")


def chain_from(
    timetable: Timetable, restriction: Restriction, start: datetime, seen: datetime | None = None
) -> Iterator[Fire]:
    """All runs, without an end; those long before ``start`` may be left out.

    Raises ``UnknownScheduleError`` where Airflow itself gets stuck. ``seen``: see ``fires``.
    """
    now = seen or restriction.earliest or start
    if restriction.earliest is not None and seen is None:
        # Never late: Airflow would leave nothing out.
        restriction = Restriction(earliest=restriction.earliest, latest=restriction.latest, catchup=True)
    last = None
    if restriction.earliest is not None and restriction.catchup and start - restriction.earliest > FAR:
        passed = timetable.shortcut(start)
        last = passed if passed is not None and passed[0] > restriction.earliest else None
    while (fire := timetable.next(last, restriction, now)) is not None:
        if last is not None and fire.logical_date <= last[0]:
            # The scheduler finds that the run is there already, and tries again for ever.
            raise UnknownScheduleError(f"Airflow itself doesn't get past the run of {last[0].isoformat()}")
        yield fire
        last, now = fire.data_interval, max(now, fire.at)


def manual_interval(timetable: Timetable, moment: datetime) -> tuple[datetime, datetime]:
    """The data interval of a run that is started by hand at a moment, or for a logical date."""
    return timetable.manual(moment.astimezone(UTC))
