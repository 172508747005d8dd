"""Airflow's timetables, each as its ``next_dagrun_info`` and ``infer_manual_data_interval`` compute (2.11 and 3.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from dagport.semantics.schedules.cron import Cron
from dagport.semantics.schedules.model import Fire, Interval, Restriction, UnknownScheduleError, Version
from dagport.semantics.schedules.zones import moment_of, on_the_clock

ZERO = timedelta()
DAY = timedelta(days=1)
ATTEMPTS = 40  # to find a stretch without a change of the clocks


@dataclass(frozen=True, slots=True)
class CronClock:
    """A cron expression in a time zone: ``airflow/timetables/_cron.py``."""

    cron: Cron
    tz: tzinfo

    def after(self, moment: datetime) -> datetime:
        """``_get_next``: for a cron of every hour the time passes, for others the clock decides."""
        clock = on_the_clock(moment, self.tz)
        scheduled = self.cron.after(clock)
        return moment + (scheduled - clock) if self.cron.every_hour else moment_of(scheduled, self.tz)

    def before(self, moment: datetime) -> datetime:
        """``_get_prev``."""
        clock = on_the_clock(moment, self.tz)
        scheduled = self.cron.before(clock)
        return moment - (clock - scheduled) if self.cron.every_hour else moment_of(scheduled, self.tz)

    def align_after(self, moment: datetime) -> datetime:
        """``_align_to_next``."""
        found = self.after(moment)
        return moment if self.before(found) == moment else found

    def align_before(self, moment: datetime) -> datetime:
        """``_align_to_prev``."""
        found = self.before(moment)
        return moment if self.after(found) == moment else found

    def passed(self, moment: datetime) -> datetime | None:
        """A time before the moment that fires whichever fire the chain began with.

        Around a change of the clocks Airflow may leave times out, and what follows depends on where it came from.
        A stretch with the same offset, with a fire some hours before the last one, has led every chain back.
        """
        for days in range(2, 20 * ATTEMPTS, 20):
            base = moment - timedelta(days=days)
            last = self.align_before(base)
            one_before = self.before(last - 3 * timedelta(hours=1))
            offsets = {(one_before - DAY + step).astimezone(self.tz).utcoffset() for step in _steps(base - one_before)}
            if len(offsets) == 1:
                return last
        return None


def _steps(length: timedelta) -> list[timedelta]:
    """Steps of some days, from a day before a stretch to its end."""
    return [*(timedelta(days=days) for days in range(0, length.days + 1, 7)), length + DAY]


@dataclass(frozen=True, slots=True)
class CronDataInterval:
    """``CronDataIntervalTimetable``: a run starts at the end of its interval; its logical date is the beginning."""

    clock: CronClock
    version: Version = "3"

    def next(self, last: Interval | None, restriction: Restriction, now: datetime) -> Fire | None:
        """``_DataIntervalTimetable.next_dagrun_info``."""
        earliest = restriction.earliest
        if not restriction.catchup:
            earliest = self._skip_to_latest(earliest, now)
        elif earliest is not None:
            earliest = self.clock.align_after(earliest)
        if last is not None:
            aligned = self.clock.align_before(last[1])
            start = aligned if earliest is None else max(aligned, earliest)
            if start <= last[0] and self.version == "3":
                start = self.clock.after(start)
                if start <= last[0]:
                    raise UnknownScheduleError(f"Airflow itself doesn't get past the run of {last[0].isoformat()}")
        elif earliest is None:
            return None
        else:
            start = earliest
        return _interval(start, self.clock.after(start), start, restriction)

    def _skip_to_latest(self, earliest: datetime | None, now: datetime) -> datetime:
        last_start = self.clock.before(now)
        following = self.clock.after(last_start)
        if following < now:
            raise UnknownScheduleError('Airflow itself fails at this moment ("next schedule shouldn\'t be earlier")')
        start = last_start if following == now else self.clock.before(last_start)
        return start if earliest is None else max(start, self.clock.align_after(earliest))

    def manual(self, run_after: datetime) -> Interval:
        """The last whole period before."""
        end = self.clock.align_before(run_after)
        return self.clock.before(end), end

    def shortcut(self, moment: datetime) -> Interval | None:
        """See ``Timetable``."""
        end = self.clock.passed(moment)
        return None if end is None else (self.clock.before(end), end)


@dataclass(frozen=True, slots=True)
class CronTrigger:
    """``CronTriggerTimetable``: a run starts when the cron fires; its logical date is ``interval`` before."""

    clock: CronClock
    interval: timedelta = ZERO
    run_immediately: bool | timedelta | None = False
    version: Version = "3"

    def next(self, last: Interval | None, restriction: Restriction, now: datetime) -> Fire | None:
        """``_TriggerTimetable.next_dagrun_info``."""
        candidates = [] if restriction.catchup else [self.clock.align_before(now)]
        if last is not None:
            candidates.append(self.clock.after(last[1]))
        elif restriction.earliest is None:
            if self.version == "3":
                candidates.append(self._first(now))
            elif restriction.catchup:
                return None
        if restriction.earliest is not None and not (restriction.catchup and last is not None):
            candidates.append(self.clock.align_after(restriction.earliest))
        at = max(candidates)
        return _interval(at - self.interval, at, at, restriction)

    def _first(self, now: datetime) -> datetime:
        """``_calc_first_run``, for a DAG without start date."""
        past, coming = self.clock.align_before(now), self.clock.align_after(now)
        if self.run_immediately is True:
            return past
        margin = max((coming - past) / 10, timedelta(minutes=5))
        if isinstance(self.run_immediately, timedelta):
            margin = self.run_immediately
        return past if now - past <= margin else coming

    def manual(self, run_after: datetime) -> Interval:
        """From ``interval`` before."""
        return run_after - self.interval, run_after

    def shortcut(self, moment: datetime) -> Interval | None:
        """See ``Timetable``."""
        at = self.clock.passed(moment)
        return None if at is None else (at - self.interval, at)


@dataclass(frozen=True, slots=True)
class DeltaDataInterval:
    """``DeltaDataIntervalTimetable``: intervals of one length, counted from the start date."""

    delta: timedelta

    def next(self, last: Interval | None, restriction: Restriction, now: datetime) -> Fire | None:
        """``_DataIntervalTimetable.next_dagrun_info``."""
        earliest = restriction.earliest
        if not restriction.catchup:
            # Without catching up, intervals are counted from 1970: ``_skip_to_latest`` and ``_round``.
            start = _rounded(now, self.delta) - self.delta
            earliest = start if earliest is None else max(start, earliest)
        if last is not None:
            start = last[1] if earliest is None else max(last[1], earliest)
        elif earliest is None:
            return None
        else:
            start = earliest
        return _interval(start, start + self.delta, start, restriction)

    def manual(self, run_after: datetime) -> Interval:
        """The time before."""
        return run_after - self.delta, run_after

    def shortcut(self, moment: datetime) -> Interval | None:
        """None: it depends on the first one."""
        return None


@dataclass(frozen=True, slots=True)
class DeltaTrigger:
    """``DeltaTriggerTimetable`` (Airflow 3): some time after the run before."""

    delta: timedelta
    interval: timedelta = ZERO

    def next(self, last: Interval | None, restriction: Restriction, now: datetime) -> Fire | None:
        """``_TriggerTimetable.next_dagrun_info``; every moment is aligned."""
        candidates = [] if restriction.catchup else [now]
        if last is not None:
            candidates.append(last[1] + self.delta)
        elif restriction.earliest is None:
            candidates.append(now)
        if restriction.earliest is not None and not (restriction.catchup and last is not None):
            candidates.append(restriction.earliest)
        at = max(candidates)
        return _interval(at - self.interval, at, at, restriction)

    def manual(self, run_after: datetime) -> Interval:
        """From ``interval`` before."""
        return run_after - self.interval, run_after

    def shortcut(self, moment: datetime) -> Interval | None:
        """None: it depends on the first one."""
        return None


@dataclass(frozen=True, slots=True)
class MultipleCronTrigger:
    """``MultipleCronTriggerTimetable``: whichever of several fires first."""

    parts: tuple[CronTrigger, ...]

    def next(self, last: Interval | None, restriction: Restriction, now: datetime) -> Fire | None:
        """``next_dagrun_info``, with the order of ``_dagrun_info_sort_key_...``."""
        found = [fire for part in self.parts if (fire := part.next(last, restriction, now)) is not None]
        if restriction.catchup or not found:
            return min(found, key=lambda fire: fire.logical_date, default=None)
        seconds = now.timestamp()

        def key(fire: Fire) -> float:
            stamp = fire.logical_date.timestamp()
            return -stamp if stamp <= seconds else stamp

        return min(found, key=key)

    def manual(self, run_after: datetime) -> Interval:
        """The one that begins first."""
        return min((part.manual(run_after) for part in self.parts), key=lambda interval: interval[0])

    def shortcut(self, moment: datetime) -> Interval | None:
        """None: the parts depend on each other."""
        return None


@dataclass(frozen=True, slots=True)
class Events:
    """``EventsTimetable``: at listed moments."""

    dates: tuple[datetime, ...]
    restrict_to_events: bool = False

    def next(self, last: Interval | None, restriction: Restriction, now: datetime) -> Fire | None:
        """``next_dagrun_info``."""
        earliest = restriction.earliest
        if not restriction.catchup and (earliest is None or now > earliest):
            earliest = now
        for event in self.dates:
            if (earliest is None or event >= earliest) and (last is None or event > last[1]):
                return _interval(event, event, event, restriction)
        return None

    def manual(self, run_after: datetime) -> Interval:
        """That moment, or the last event before it."""
        if not self.restrict_to_events or not self.dates:
            return run_after, run_after
        event = next((event for event in reversed(self.dates) if event <= run_after), self.dates[0])
        return event, event

    def shortcut(self, moment: datetime) -> Interval | None:
        """None: there are few."""
        return None


@dataclass(frozen=True, slots=True)
class Once:
    """``OnceTimetable``: at the start date."""

    version: Version = "3"

    def next(self, last: Interval | None, restriction: Restriction, now: datetime) -> Fire | None:
        """``next_dagrun_info``; without a start date, Airflow 3 takes the moment, Airflow 2 never runs it."""
        if last is not None or (restriction.earliest is None and self.version == "2"):
            return None
        at = restriction.earliest or now
        return _interval(at, at, at, restriction)

    def manual(self, run_after: datetime) -> Interval:
        """That moment."""
        return run_after, run_after

    def shortcut(self, moment: datetime) -> Interval | None:
        """None: there is one."""
        return None


@dataclass(frozen=True, slots=True)
class Never:
    """``NullTimetable``: by hand only."""

    def next(self, last: Interval | None, restriction: Restriction, now: datetime) -> Fire | None:
        """Never."""
        return None

    def manual(self, run_after: datetime) -> Interval:
        """That moment."""
        return run_after, run_after

    def shortcut(self, moment: datetime) -> Interval | None:
        """None: there is none."""
        return None


def _interval(start: datetime, end: datetime, decisive: datetime, restriction: Restriction) -> Fire | None:
    """A fire at the end of an interval, unless ``decisive`` is after the last moment that counts."""
    if restriction.latest is not None and decisive > restriction.latest:
        return None
    return Fire(at=end, logical_date=start, data_interval=(start, end))


def _rounded(moment: datetime, delta: timedelta) -> datetime:
    """The last whole multiple of the delta since 1970."""
    seconds = moment.timestamp()
    return datetime.fromtimestamp(seconds - seconds % delta.total_seconds(), tz=UTC)
