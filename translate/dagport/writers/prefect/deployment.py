"""The deployments of ``prefect.yaml``: schedules, concurrency, tags."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from dagport.graph import Pipeline
from dagport.writers.common.model import Note
from dagport.writers.common.partitioned import NO_KEY, without_keys
from dagport.writers.prefect.when import When, differs_at_changes, when_of

TEMPLATE = "{{"  # what Prefect fills in, in every text of its file
BY_HAND = "start the runs in between by hand, with their `logical_date` where the flow has that parameter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A deployment, its values as YAML."""

    name: str
    entrypoint: str
    tags: str | None = None
    schedules: tuple[tuple[tuple[str, str], ...], ...] = ()
    concurrency: int | None = None


def deployment_of(pipeline: Pipeline, name: str, entrypoint: str) -> tuple[Deployment, tuple[Note, ...]]:
    """The deployment of a pipeline's flow, and what it can't say."""
    when = when_of(pipeline)
    notes = list(_notes(pipeline, when))
    if not isinstance(when, str) and when.seconds is not None and pipeline.start_date is None:
        when = "an interval is counted from the start date, which the DAG doesn't have"
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
        concurrency=int(limit) if limit is not None else None,
    ), tuple(notes)


def quoted(text: str) -> str:
    """A text in YAML, which takes JSON's but for characters that it doesn't print."""
    return "".join(
        char if char.isprintable() else f"\\U{ord(char):08x}" for char in json.dumps(text, ensure_ascii=False)
    )


def _schedules(pipeline: Pipeline, when: When) -> Iterator[tuple[tuple[str, str], ...]]:
    for cron in when.crons:
        yield (("cron", quoted(cron)), ("timezone", quoted(when.zone)))
    if when.seconds is not None and pipeline.start_date is not None:
        # Days are those of UTC, which are all of one length, as Airflow's are.
        anchor = quoted(pipeline.start_date)
        yield (("interval", f"{when.seconds:g}"), ("anchor_date", anchor), ("timezone", quoted("UTC")))


def _notes(pipeline: Pipeline, when: When | str) -> Iterator[Note]:
    """What of a schedule that is written differs."""
    if without_keys(pipeline.schedule) != pipeline.schedule:
        yield NO_KEY
    if isinstance(when, str) or not (when.crons or when.seconds):
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
    if pipeline.end_date is not None:
        yield "DP403", f"`end_date` isn't carried over: turn the schedule off at {pipeline.end_date}"
