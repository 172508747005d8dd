"""The deployments of ``prefect.yaml``: schedules, concurrency, tags."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from dagport.graph import Pipeline
from dagport.writers.common.dag_arguments import starts_on
from dagport.writers.common.model import Note
from dagport.writers.common.partitioned import NO_KEY, without_keys
from dagport.writers.prefect.triggers import NO_ASSETS, Assets, Started, Yaml, after_itself, by_assets
from dagport.writers.prefect.when import When, differs_at_changes, version_of, when_of

TEMPLATE = "{{"  # what Prefect fills in, in every text of its file
MAKE_UP = "start it by hand then, with that `logical_date` where the flow has that parameter"
BY_HAND = "start the runs in between by hand, with their `logical_date` where the flow has that parameter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A deployment, its values as YAML."""

    name: str
    entrypoint: str
    tags: str | None = None
    schedules: tuple[tuple[tuple[str, str], ...], ...] = ()
    triggers: tuple[str, ...] = ()  # the lines of its automations
    concurrency: int | None = None
    paused: bool = True


def deployment_of(
    pipeline: Pipeline, name: str, entrypoint: str, assets: Assets = NO_ASSETS
) -> tuple[Deployment, tuple[Note, ...]]:
    """The deployment of a pipeline's flow, and what it can't say. ``assets``: those of all pipelines of the project."""
    when = when_of(pipeline)
    notes = list(_notes(pipeline, when))
    if not isinstance(when, str) and when.seconds is not None and pipeline.start_date is None:
        when = "an interval is counted from the start date, which the DAG doesn't have"
    started = _started(pipeline, name, assets)
    if started is not None:
        when = started.why_not or When()
        notes += started.notes
    if isinstance(when, str):
        notes.append(("DP407", f"no schedule was written: {when}"))
    tags = [tag for tag in pipeline.tags if TEMPLATE not in tag]
    notes += [
        ("DP403", f"the tag {tag!r} would be a template of Prefect's") for tag in pipeline.tags if tag not in tags
    ]
    limit = pipeline.max_active_runs
    return Deployment(
        name=quoted(name),
        entrypoint=quoted(entrypoint),
        tags=f"[{', '.join(map(quoted, tags))}]" if tags else None,
        schedules=() if isinstance(when, str) else tuple(_schedules(pipeline, when)),
        triggers=tuple(_lines(started.trigger)) if started is not None and started.trigger else (),
        concurrency=int(limit) if limit is not None else None,
        paused=not starts_on(pipeline),
    ), tuple(notes)


def _started(pipeline: Pipeline, name: str, assets: Assets) -> Started | None:
    on, kind = starts_on(pipeline), pipeline.schedule.kind
    if kind not in ("assets", "continuous"):
        return None
    started = by_assets(pipeline.schedule, assets, on=on) if kind == "assets" else after_itself(name, on=on)
    # Airflow 3 starts runs by assets after the end, too: they have no logical date that could be too late.
    ends = pipeline.end_date is not None and (kind == "continuous" or version_of(pipeline) == "2")
    if not ends or not started.trigger:
        return started
    told = f"`end_date` isn't carried over: turn the automation off at {pipeline.end_date}"
    return replace(started, notes=(*started.notes, ("DP403", told)))


def quoted(text: str) -> str:
    """A text in YAML, which takes JSON's but for characters that it doesn't print."""
    return "".join(
        char if char.isprintable() else f"\\U{ord(char):08x}" for char in json.dumps(text, ensure_ascii=False)
    )


def _lines(value: Yaml) -> Iterator[str]:
    """A dict as an item of a list, in YAML's blocks."""
    assert isinstance(value, dict)  # noqa: S101 - triggers are
    for number, (key, item) in enumerate(value.items()):
        lead = "- " if number == 0 else "  "
        if isinstance(item, dict):
            yield f"{lead}{key}:"
            yield from (f"    {name}: {json.dumps(one, ensure_ascii=False)}" for name, one in item.items())
        elif isinstance(item, list):
            yield f"{lead}{key}:"
            for one in item:
                yield from (f"  {line}" for line in ([f"- {one}"] if isinstance(one, str) else _lines(one)))
        else:
            yield f"{lead}{key}: {item if isinstance(item, str) else json.dumps(item)}"


def _schedules(pipeline: Pipeline, when: When) -> Iterator[tuple[tuple[str, str], ...]]:
    zone = ("timezone", quoted(when.zone))
    yield from ((("rrule", quoted(rule)), zone) for rule in when.rrules)
    if when.rrules:
        return
    for cron in when.crons:
        yield (("cron", quoted(cron)), zone)
    if when.seconds is not None and pipeline.start_date is not None:
        # Days are those of UTC, which are all of one length, as Airflow's are.
        anchor = quoted(pipeline.start_date)
        yield (("interval", f"{when.seconds:g}"), ("anchor_date", anchor), ("timezone", quoted("UTC")))


def _notes(pipeline: Pipeline, when: When | str) -> Iterator[Note]:
    """What of a schedule that is written differs."""
    if without_keys(pipeline.schedule) != pipeline.schedule:
        yield NO_KEY
    if isinstance(when, str) or not (when.crons or when.seconds or when.rrules):
        return
    if pipeline.schedule.kind == "once":
        due = pipeline.start_date or "that of its tasks"
        told = f"its one run is due at the start date, {due}: Airflow makes it up when that has passed"
        yield "DP403", f"{told}; {MAKE_UP}"
        return
    if differs_at_changes(pipeline, when):
        yield "DP403", f"where the clocks of {when.zone} change, Prefect starts runs at other moments than Airflow"
    default = pipeline.engine_version != "3"  # `catchup_by_default`
    catches_up = pipeline.catchup or (pipeline.catchup is None and default)
    if catches_up:
        yield "DP403", f"`catchup` isn't carried over: {BY_HAND}"
    elif when.seconds is not None:
        told = "an interval without `catchup` is counted anew in Airflow when the DAG is turned on; Prefect counts on"
        yield "DP403", told
    if pipeline.end_date is not None and not when.rrules:
        yield "DP403", f"`end_date` isn't carried over: turn the schedule off at {pipeline.end_date}"
