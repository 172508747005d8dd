"""From the schedule of a graph to Airflow's timetable.

Source: ``DAG._default_timetable`` and ``_create_timetable`` (3.3), ``create_timetable`` (2.11), and the signatures of
the timetable classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import count

from dagport.graph import Pipeline, Schedule
from dagport.semantics.schedules.cron import parse
from dagport.semantics.schedules.model import Restriction, Timetable, UnknownScheduleError, Version
from dagport.semantics.schedules.timetables import (
    ZERO,
    CronClock,
    CronDataInterval,
    CronTrigger,
    DeltaDataInterval,
    DeltaTrigger,
    Events,
    MultipleCronTrigger,
    Never,
    Once,
)  # fmt: skip
from dagport.semantics.schedules.zones import moment_of, zone
from dagport.values import Call, Code, Value

NO_TIMES = {
    "assets": "it runs when assets are updated, and not at times",
    "continuous": "the next run starts when the one before has ended",
    "opaque": "the schedule isn't known",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What the configuration of an Airflow says about schedules."""

    default_timezone: str = "UTC"  # [core] default_timezone
    cron_data_intervals: bool | None = None  # [scheduler] create_cron_data_intervals; None: the version's default
    delta_data_intervals: bool | None = None  # [scheduler] create_delta_data_intervals; None: the version's default
    catchup_by_default: bool | None = None  # [scheduler] catchup_by_default; None: the version's default


DEFAULT = Deployment()


def timetable_of(
    schedule: Schedule, *, version: Version, timezone: str | None = None, deployment: Deployment = DEFAULT
) -> Timetable:
    """The timetable that Airflow makes of a schedule in a DAG's time zone.

    Raises ``UnknownScheduleError`` with the reason when its times aren't known.
    """
    if schedule.kind in NO_TIMES:
        raise UnknownScheduleError(NO_TIMES[schedule.kind])
    tz = zone(timezone or deployment.default_timezone)
    intervals = deployment.cron_data_intervals if deployment.cron_data_intervals is not None else version == "2"
    if schedule.kind == "cron" and schedule.cron is not None:
        clock = CronClock(parse(schedule.cron), tz)
        return CronDataInterval(clock, version) if intervals else CronTrigger(clock, version=version)
    if schedule.kind == "interval" and schedule.seconds is not None:
        return _interval(timedelta(seconds=schedule.seconds), version, deployment)
    if schedule.kind == "timetable":
        return _timetable(schedule, version)
    return Once(version) if schedule.kind == "once" else Never()


def _interval(delta: timedelta, version: Version, deployment: Deployment) -> Timetable:
    """A plain timedelta: only Airflow 3 has ``DeltaTriggerTimetable`` for it.

    Airflow 3.3.2 asks ``create_cron_data_intervals`` here too, which ``create_delta_data_intervals`` is meant for.
    """
    chosen = (deployment.delta_data_intervals, deployment.cron_data_intervals)
    if version == "2":
        return DeltaDataInterval(delta)
    if any(chosen) and not all(chosen):
        raise UnknownScheduleError(
            "releases of Airflow 3 differ in whether create_cron_data_intervals or create_delta_data_intervals counts "
            "for a timedelta: set both alike, or name the timetable in the DAG"
        )
    return DeltaDataInterval(delta) if any(chosen) else DeltaTrigger(delta)


class _Arguments:
    """The arguments of a call, by name; positional ones have their number as key."""

    def __init__(self, given: Mapping[str, Value]) -> None:
        self._given = given

    def take(self, *names: str) -> Value:
        return next((self._given[name] for name in names if name in self._given), None)

    def texts(self) -> list[str]:
        """All positional ones."""
        found: list[str] = []
        for index in count():
            if (value := self._given.get(str(index))) is None:
                return found
            found.append(_text(value))
        return found


def _timetable(schedule: Schedule, version: Version) -> Timetable:
    path = schedule.class_ or ""
    name = path.rpartition(".")[2]
    make = CLASSES.get(name) if path.startswith("airflow.") else None
    if make is None:
        raise UnknownScheduleError(f"`{path}` is code, and its times aren't modelled")
    arguments = schedule.args or {}
    if version == "2" and (name in ONLY_3 or "run_immediately" in arguments):
        raise UnknownScheduleError(f"Airflow 2 has no {name if name in ONLY_3 else f'`run_immediately` of {name}'}")
    if "**" in arguments or "*" in arguments:
        raise UnknownScheduleError(f"not all arguments of `{path}` are known")
    return make(_Arguments(arguments), version)


def _cron_data_interval(arguments: _Arguments, version: Version) -> Timetable:
    cron = _text(arguments.take("0", "cron", "expression"))
    return CronDataInterval(CronClock(parse(cron), _zone(arguments.take("1", "timezone"))), version)


def _cron_trigger(arguments: _Arguments, version: Version) -> Timetable:
    cron = _text(arguments.take("0", "cron", "expression"))
    return _trigger(cron, _zone(arguments.take("1", "timezone")), arguments, version)


def _multiple(arguments: _Arguments, version: Version) -> Timetable:
    tz = _zone(arguments.take("timezone"))
    crons = arguments.texts()
    if not crons:
        raise UnknownScheduleError("the cron expressions aren't known")
    return MultipleCronTrigger(tuple(_trigger(cron, tz, arguments, version) for cron in crons))


def _trigger(cron: str, tz: tzinfo, arguments: _Arguments, version: Version) -> CronTrigger:
    soon = arguments.take("run_immediately")
    return CronTrigger(
        CronClock(parse(cron), tz),
        _delta(arguments.take("interval")),
        soon if isinstance(soon, bool) else None if soon is None else _delta(soon),
        version,
    )


def _delta_data_interval(arguments: _Arguments, version: Version) -> Timetable:
    return DeltaDataInterval(_delta(arguments.take("0", "delta")))


def _delta_trigger(arguments: _Arguments, version: Version) -> Timetable:
    return DeltaTrigger(_delta(arguments.take("0", "delta")), _delta(arguments.take("interval")))


def _events(arguments: _Arguments, version: Version) -> Timetable:
    dates = arguments.take("0", "event_dates")
    if not isinstance(dates, Sequence) or isinstance(dates, str):
        raise UnknownScheduleError("the dates of the events aren't known")
    found = [_moment(date) for date in dates]
    if not arguments.take("2", "presorted"):
        found.sort()
    return Events(tuple(found), arguments.take("1", "restrict_to_events") is True)


CLASSES: Mapping[str, Callable[[_Arguments, Version], Timetable]] = {
    "CronDataIntervalTimetable": _cron_data_interval,
    "CronTriggerTimetable": _cron_trigger,
    "MultipleCronTriggerTimetable": _multiple,
    "DeltaDataIntervalTimetable": _delta_data_interval,
    "DeltaTriggerTimetable": _delta_trigger,
    "EventsTimetable": _events,
    "OnceTimetable": lambda arguments, version: Once(version),
    "NullTimetable": lambda arguments, version: Never(),
}
ONLY_3 = frozenset({"MultipleCronTriggerTimetable"})


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    raise UnknownScheduleError(_why(value, "the cron expression isn't known"))


def _zone(value: Value) -> tzinfo:
    if isinstance(value, Call) and value.name == "zoneinfo.ZoneInfo" and value.args:
        value = value.args[0]
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return zone(value)
    raise UnknownScheduleError(_why(value, "the time zone isn't known"))


def _delta(value: Value) -> timedelta:
    if value is None:
        return ZERO
    if isinstance(value, Call) and value.name == "datetime.timedelta" and not value.args:
        parts = {name: part for name, part in value.kwargs.items() if isinstance(part, int | float)}
        if len(parts) == len(value.kwargs):
            return timedelta(**parts)
    raise UnknownScheduleError(_why(value, "the length of an interval isn't known"))


def _moment(value: Value) -> datetime:
    text = value.args[0] if isinstance(value, Call) and value.name.endswith(".fromisoformat") and value.args else value
    if not isinstance(text, str):
        raise UnknownScheduleError(_why(value, "the date of an event isn't known"))
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise UnknownScheduleError(f"the event {text} has no time zone, which Airflow can't compare")
    return moment.astimezone(UTC)


def _why(value: Value, otherwise: str) -> str:
    return f"{otherwise}: {value.why}" if isinstance(value, Code) and value.why else otherwise


def restriction_of(pipeline: Pipeline, *, version: Version, deployment: Deployment = DEFAULT) -> Restriction:
    """The first and the last moment of a DAG's runs: ``DAG._time_restriction``.

    Raises ``UnknownScheduleError`` where a date isn't known.
    """
    tz = zone(pipeline.timezone or deployment.default_timezone)
    starts = [_date(task.arguments.get("start_date"), tz) for task in pipeline.tasks]
    ends = [_date(task.arguments.get("end_date"), tz) for task in pipeline.tasks]
    earliest = [moment for moment in (_date(pipeline.start_date, tz), *starts) if moment is not None]
    latest = _date(pipeline.end_date, tz)
    known = [moment for moment in ends if moment is not None]
    if known and len(known) == len(ends):
        latest = max([*known, latest] if latest is not None else known)
    by_default = deployment.catchup_by_default if deployment.catchup_by_default is not None else version == "2"
    catchup = by_default if pipeline.catchup is None else pipeline.catchup
    return Restriction(earliest=min(earliest, default=None), latest=latest, catchup=catchup)


def _date(value: Value, tz: tzinfo) -> datetime | None:
    """A date of a DAG or a task; one without a zone is of the DAG's."""
    if value is None:
        return None
    text = value.args[0] if isinstance(value, Call) and value.name.endswith(".fromisoformat") and value.args else value
    if not isinstance(text, str):
        raise UnknownScheduleError(_why(value, "a start or end date isn't known"))
    moment = datetime.fromisoformat(text)
    return moment_of(moment, tz) if moment.tzinfo is None else moment.astimezone(UTC)
