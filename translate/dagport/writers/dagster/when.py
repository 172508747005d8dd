"""What starts the runs of a pipeline: a schedule of Dagster where its ticks are Airflow's runs, else a sensor.

``docs/schedules.md`` says which form is chosen when. A sensor goes through Airflow's own rules (``timetables.py`` of
the
project), so it is exact for every timetable whose times are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo

from dagport.graph import Pipeline, Schedule
from dagport.semantics.schedules import UnknownScheduleError, restriction_of, timetable_of
from dagport.semantics.schedules.firing import chain_from
from dagport.semantics.schedules.model import Restriction, Timetable
from dagport.semantics.schedules.timetables import (
    ZERO,
    CronDataInterval,
    CronTrigger,
    DeltaDataInterval,
    DeltaTrigger,
    Events,
    MultipleCronTrigger,
    Once,
)
from dagport.values import Call
from dagport.writers.common.cron import parse_cron
from dagport.writers.common.dag_arguments import starts_on
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import Note
from dagport.writers.common.partitioned import NO_KEY, without_keys
from dagport.writers.dagster.asset_schedules import Producers, condition_of
from dagport.writers.dagster.clocks import agree
from dagport.writers.dagster.partitions import version_of
from dagport.writers.dagster.times import delta_text, zone_name

ASSET_OR_TIME = "AssetOrTimeSchedule"
PERIOD, SCHEDULES, TIMETABLES = "period", "schedules", "timetables"
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
PAST = datetime(2026, 1, 1, tzinfo=UTC)
"""A day that has passed whenever this is run: what is written doesn't depend on the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """A schedule or a sensor in source form: ``name`` is its name in Dagster."""

    name: str
    text: str
    imports: frozenset[tuple[str, str]] = frozenset()  # module of the project, name
    comment: str | None = None
    delta: bool = False  # it needs ``timedelta``


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """All that starts the runs of a pipeline."""

    starters: tuple[Starter, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a starter goes."""

    job: str  # the variable of the job
    job_name: str
    name: str  # of the schedule
    partitions: str | None = None  # the variable of the partitions that the job has
    dated: bool = False  # its tasks ask for the dates of their run
    producers: Producers = field(default_factory=Producers)


def started(pipeline: Pipeline, place: Place) -> Started:
    """What starts a pipeline's runs, and what can't be said."""
    found = _scheduled_runs(pipeline, place)
    keys = place.producers.starters.get(pipeline.id)
    if keys:
        when = " | ".join(f"Updated({text_literal(key)})" for key in keys)
        by_tasks = _updates(when, _named(place, f"{place.name}_by_tasks"))
        found = Started(starters=(*found.starters, by_tasks), notes=found.notes)
    return replace(found, starters=tuple(map(_turned_on, found.starters))) if starts_on(pipeline) else found


def _turned_on(starter: Starter) -> Starter:
    """A schedule, or a sensor, that is on as soon as it is deployed."""
    kind = "Schedule" if starter.text.startswith("dg.") else "Sensor"
    status = f"default_status=dg.Default{kind}Status.RUNNING"
    return replace(starter, text=f"{starter.text.removesuffix(')')}, {status})")


def _scheduled_runs(pipeline: Pipeline, place: Place) -> Started:
    schedule = without_keys(pipeline.schedule)
    found = _by_kind(pipeline, schedule, place)
    return found if schedule == pipeline.schedule else Started(starters=found.starters, notes=(*found.notes, NO_KEY))


def _by_kind(pipeline: Pipeline, schedule: Schedule, place: Place) -> Started:
    if schedule.kind == "manual":
        return Started()
    if schedule.kind == "assets":
        return _by_assets(schedule, place)
    if schedule.kind == "continuous":
        return _continuous(pipeline, place)
    if schedule.kind == "timetable" and (schedule.class_ or "").endswith(f".{ASSET_OR_TIME}"):
        return _by_assets_or_time(pipeline, schedule, place)
    return _by_time(pipeline, schedule, place)


def _nothing(why: str) -> Started:
    return Started(notes=(("DP407", f"no schedule was written: {why}"),))


# By time


def _by_time(pipeline: Pipeline, schedule: Schedule, place: Place) -> Started:
    version = version_of(pipeline)
    try:
        timetable = timetable_of(schedule, version=version, timezone=pipeline.timezone)
        restriction = restriction_of(pipeline, version=version)
        for part in _parts(timetable):
            part.clock.after(restriction.earliest or EPOCH)  # it may never fire
    except UnknownScheduleError as error:
        return _nothing(str(error))
    if restriction.earliest is None and version == "2":
        return _nothing("Airflow 2 starts no runs of a DAG without start_date")
    why_not = _unlike_any(timetable, restriction)
    if why_not is not None:
        return _nothing(why_not)
    native = native_ticks(timetable)
    plain = native is not None and pipeline.catchup is not True
    if plain and place.partitions is not None and restriction.latest is None:
        return Started(starters=(_partitioned(place),), notes=_catch_up(pipeline, place))
    if native is not None and plain and place.partitions is None and not place.dated:
        return _scheduled(pipeline, native, timetable, restriction, place)
    text = timetable_text(timetable)
    return Started(starters=(_sensor(text, restriction, place),))


def _unlike_any(timetable: Timetable, restriction: Restriction) -> str | None:
    """Why a timetable isn't written."""
    for part in _parts(timetable):
        if zone_name(part.clock.tz) is None:
            return "Dagster wants an IANA time zone, not an offset"
        soon = isinstance(part, CronTrigger) and part.run_immediately not in (None, False)
        if soon and restriction.earliest is None:
            return "`run_immediately` has no form in Dagster"
    return None


def _parts(timetable: Timetable) -> tuple[CronTrigger | CronDataInterval, ...]:
    if isinstance(timetable, MultipleCronTrigger):
        return timetable.parts
    return (timetable,) if isinstance(timetable, CronTrigger | CronDataInterval) else ()


def native_ticks(timetable: Timetable) -> tuple[list[str], str] | None:
    """Cron expressions and a time zone whose ticks in Dagster are the moments at which the runs start, always."""
    parts = _parts(timetable)
    zones = {zone_name(part.clock.tz) for part in parts}
    crons = [parse_cron(part.clock.cron.text) for part in parts]
    zone = next(iter(zones), None)
    if len(zones) != 1 or zone is None or not crons:
        return None
    known = [cron for cron in crons if cron is not None]
    fits = len(known) == len(crons) and all(agree(cron, parts[0].clock.tz) for cron in known)
    return ([cron.text for cron in known], zone) if fits else None


def _partitioned(place: Place) -> Starter:
    head = [f"name={text_literal(place.name)}"] * (place.name != f"{place.job_name}_schedule")
    text = f"dg.build_schedule_from_partitioned_job({', '.join([place.job, *head])})"
    return Starter(name=place.name, text=text)


def _scheduled(
    pipeline: Pipeline, native: tuple[list[str], str], timetable: Timetable, restriction: Restriction, place: Place
) -> Started:
    crons, zone = native
    bounds = _bounds(timetable, restriction)
    if bounds is None:
        return _nothing("no run lies between its start and its end date")
    cron = text_literal(crons[0]) if len(crons) == 1 else f"[{', '.join(map(text_literal, crons))}]"
    arguments = {
        "name": text_literal(place.name),
        "job": place.job,
        "cron_schedule": cron,
        "execution_timezone": text_literal(zone),
    }
    if place.name == f"{place.job_name}_schedule":
        del arguments["name"]
    if bounds:
        arguments["should_execute"] = _call("within", bounds)
    return Started(
        starters=(
            Starter(
                name=place.name,
                text=_call("dg.ScheduleDefinition", arguments),
                imports=frozenset({(PERIOD, "within")} if bounds else ()),
                comment=None if bounds or pipeline.start_date is None else _since(pipeline),
            ),
        ),
        notes=_catch_up(pipeline, place),
    )


def _since(pipeline: Pipeline) -> str:
    """A schedule that is turned on later than that has no use for its first day."""
    return f"In Airflow it runs from {pipeline.start_date}; here it runs while it is turned on."


def _bounds(timetable: Timetable, restriction: Restriction) -> dict[str, str] | None:
    """The first tick where it may be to come yet, and the last one; ``None`` when there is none at all."""
    found: dict[str, str] = {}
    if restriction.earliest is None:
        return found
    bounded = Restriction(earliest=restriction.earliest, latest=restriction.latest, catchup=True)
    first = next(chain_from(timetable, bounded, restriction.earliest), None)
    if first is None:
        return None
    if first.at > PAST:
        found["start"] = text_literal(first.at.isoformat())
    if restriction.latest is not None:
        found["end"] = text_literal(_last(timetable, bounded, restriction.latest, first.at).isoformat())
    return found


def _last(timetable: Timetable, bounded: Restriction, latest: datetime, first: datetime) -> datetime:
    """When the last run starts."""
    last = first
    for fire in chain_from(timetable, bounded, latest - timedelta(days=1)):
        last = max(last, fire.at)
    return last


def _catch_up(pipeline: Pipeline, place: Place) -> tuple[Note, ...]:
    if pipeline.catchup is not None or pipeline.engine_version == "3":
        return ()
    how = "launch a backfill of the job's partitions" if place.partitions else "the runs in between have no partitions"
    return (
        ("DP403", f"Airflow {pipeline.engine_version or '2'} catches up where nothing is said, Dagster doesn't: {how}"),
    )


# By a timetable of Airflow's in the project


def _sensor(timetable: tuple[str, str], restriction: Restriction, place: Place) -> Starter:
    class_, text = timetable
    arguments = {"job": place.job, "timetable": text, **_limits(restriction)}
    if restriction.catchup:
        arguments["catchup"] = "True"
    if place.partitions is not None:
        arguments["partitions"] = place.partitions
    if place.name != f"{place.job_name}_schedule":
        arguments["name"] = text_literal(place.name)
    return Starter(
        name=place.name,
        text=_call("timetable_sensor", arguments),
        imports=frozenset({(SCHEDULES, "timetable_sensor"), (TIMETABLES, class_)}),
        comment="When it is turned on it makes up for all runs since its start." if restriction.catchup else None,
        delta="timedelta(" in text,
    )


def _limits(restriction: Restriction) -> dict[str, str]:
    limits = {"start": restriction.earliest, "end": restriction.latest}
    return {name: text_literal(moment.isoformat()) for name, moment in limits.items() if moment is not None}


def _continuous(pipeline: Pipeline, place: Place) -> Started:
    try:
        restriction = restriction_of(pipeline, version=version_of(pipeline))
    except UnknownScheduleError as error:
        return _nothing(str(error))
    bounds = Restriction(earliest=restriction.earliest, latest=restriction.latest, catchup=False)
    return Started(starters=(_sensor(("Continuous", "Continuous()"), bounds, place),))


def timetable_text(timetable: Timetable) -> tuple[str, str]:
    """The class of a timetable in ``timetables.py``, and the source of the call that makes it."""
    match timetable:
        case CronTrigger() | MultipleCronTrigger():
            return _cron_trigger(_parts(timetable))
        case CronDataInterval(clock=clock):
            arguments = [text_literal(clock.cron.text), *_timezone(clock.tz)]
            return "CronDataInterval", f"CronDataInterval({', '.join(arguments)})"
        case DeltaTrigger(delta=delta, interval=interval):
            arguments = [delta_text(delta), *[f"interval={delta_text(interval)}"] * (interval != ZERO)]
            return "DeltaTrigger", f"DeltaTrigger({', '.join(arguments)})"
        case DeltaDataInterval(delta=delta):
            return "DeltaDataInterval", f"DeltaDataInterval({delta_text(delta)})"
        case Events(dates=dates):
            return "Events", f"Events({', '.join(text_literal(date.isoformat()) for date in dates)})"
        case Once():
            return "Once", "Once()"
    raise TypeError(f"{type(timetable).__name__} starts no runs")


def _cron_trigger(parts: tuple[CronTrigger | CronDataInterval, ...]) -> tuple[str, str]:
    interval = next((part.interval for part in parts if isinstance(part, CronTrigger)), ZERO)
    crons = [text_literal(part.clock.cron.text) for part in parts]
    more = [f"interval={delta_text(interval)}"] * (interval != ZERO)
    return "CronTrigger", f"CronTrigger({', '.join([*crons, *_timezone(parts[0].clock.tz), *more])})"


def _timezone(tz: tzinfo) -> list[str]:
    name = zone_name(tz) or "UTC"
    return [f"timezone={text_literal(name)}"] * (name != "UTC")


def _call(function: str, arguments: Mapping[str, str]) -> str:
    return f"{function}({', '.join(f'{name}={text}' for name, text in arguments.items())})"


# By assets


def _by_assets(schedule: Schedule, place: Place) -> Started:
    condition = condition_of(schedule, place.producers)
    if condition.why_not is not None:
        return _nothing(condition.why_not)
    return Started(starters=(_updates(condition.text, place),), notes=condition.notes)


def _updates(when: str, place: Place) -> Starter:
    arguments = {"job": place.job, "when": when}
    if place.name != f"{place.job_name}_schedule":
        arguments["name"] = text_literal(place.name)
    return Starter(
        name=place.name,
        text=_call("updates_sensor", arguments),
        imports=frozenset({(SCHEDULES, "updates_sensor"), (SCHEDULES, "Updated")}),
    )


def _by_assets_or_time(pipeline: Pipeline, schedule: Schedule, place: Place) -> Started:
    """Both start runs, and neither looks at the other's."""
    inner = (schedule.args or {}).get("timetable")
    if not isinstance(inner, Call):
        return _nothing("the timetable beside the assets isn't known")
    arguments = {**{str(index): value for index, value in enumerate(inner.args)}, **inner.kwargs}
    by_time = _by_time(pipeline, Schedule(kind="timetable", class_=inner.name, args=arguments), place)
    by_assets = _by_assets(schedule, _named(place, f"{place.name}_by_assets"))
    if not by_time.starters or not by_assets.starters:
        return Started(notes=_merged(by_time.notes, by_assets.notes))
    return Started(starters=(*by_time.starters, *by_assets.starters), notes=_merged(by_time.notes, by_assets.notes))


def _named(place: Place, name: str) -> Place:
    return Place(
        job=place.job,
        job_name=place.job_name,
        name=name,
        partitions=place.partitions,
        dated=place.dated,
        producers=place.producers,
    )


def _merged(*notes: Iterable[Note]) -> tuple[Note, ...]:
    return tuple(dict.fromkeys(note for part in notes for note in part))
