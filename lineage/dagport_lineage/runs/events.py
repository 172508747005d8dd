"""Events of runs: plain JSON objects, made by pure functions."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from dagport_lineage.events import run_facets
from dagport_lineage.events.dataset_facets import common_facets, identifier, read_dataset, written_dataset
from dagport_lineage.events.run_facets import Dependency, RunOf, instant, job_identifier
from dagport_lineage.facets import CORE, PRODUCER, Event, Facet, Json, facet
from dagport_lineage.model import DatasetName, TaskLineage
from dagport_lineage.scope import LineageOptions
from dagport_lineage.secrets import redact

State: TypeAlias = Literal["START", "RUNNING", "COMPLETE", "FAIL", "ABORT"]
Data: TypeAlias = TaskLineage | tuple[Iterable[DatasetName] | None, Iterable[DatasetName] | None]
"""What a run reads and writes: what is known of its task, or inputs and outputs, ``None`` where they aren't known."""

MAX_TRACE = 16 * 1024  # characters; the end says what went wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What is the same in all events of a run."""

    run: RunOf
    kind: Literal["DAG", "TASK"]
    engine: str  # the orchestrator, e.g. "Airflow"
    engine_version: str
    parent: RunOf | None = None
    root: RunOf | None = None  # where the chain of parents began; the parent where nothing is said
    nominal: tuple[datetime, datetime | None] | None = None  # the data interval
    upstream: tuple[Dependency, ...] = ()
    downstream: tuple[Dependency, ...] = ()
    trigger_rule: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    job_facets: Mapping[str, Facet] = field(default_factory=dict)  # beside ``jobType``, e.g. of a design-time event
    options: LineageOptions = field(default_factory=LineageOptions)


def run_event(
    state: State,
    facts: RunFacts,
    time: datetime,
    *,
    data: Data | None = None,
    error: BaseException | str | None = None,
    facets: Mapping[str, Facet] | None = None,
) -> Event:
    """The event of a run's change of state; ``facets`` are run facets of this event alone.

    A side of the data that isn't known is absent, one that is known to be empty is empty. Raises ``ValueError`` for a
    moment without a time zone.
    """
    job = {**_job_type(facts), **_known_of_the_task(data, facts), **facts.job_facets}
    run = {**_run_facets(facts), **(facets or {})}
    if error is not None:
        run["errorMessage"] = _error(error)
    return {
        "eventTime": instant(time),
        "eventType": state,
        "producer": PRODUCER,
        "schemaURL": f"{CORE}/RunEvent",
        "run": {"runId": facts.run.run_id, "facets": run},
        "job": {**job_identifier(facts.run.job), "facets": job},
        **_sides(data),
    }


def _job_type(facts: RunFacts) -> dict[str, Facet]:
    kind, engine = facts.kind, facts.engine.upper()
    return {"jobType": facet("job", "jobType", processingType="BATCH", integration=engine, jobType=kind)}


def _known_of_the_task(data: Data | None, facts: RunFacts) -> dict[str, Facet]:
    """Nothing where the facets of a design are given: they say it all, without what was too long or secret."""
    if not isinstance(data, TaskLineage):
        return {}
    from dagport_lineage.events import flow_facets, job_facets  # start-up: they take the extraction along

    if flow_facets.COVERAGE in facts.job_facets:
        return {}
    return {**job_facets.sql(data.sql, facts.options), **job_facets.lineage(data)}


def _run_facets(facts: RunFacts) -> dict[str, Facet]:
    found = {"processing_engine": run_facets.processing_engine(facts.engine, facts.engine_version)}
    if facts.parent is not None:
        found["parent"] = run_facets.parent(facts.parent, facts.root)
    if facts.nominal is not None:
        found["nominalTime"] = run_facets.nominal_time(*facts.nominal)
    if facts.upstream or facts.downstream or facts.trigger_rule:
        found["jobDependencies"] = run_facets.job_dependencies(
            facts.upstream, facts.downstream, trigger_rule=facts.trigger_rule
        )
    if facts.tags:
        found["tags"] = run_facets.tags({redact(key): redact(value) for key, value in facts.tags.items()})
    return found


def _error(error: BaseException | str) -> Facet:
    if isinstance(error, str):
        return run_facets.error_message(redact(error))
    trace = redact("".join(traceback.format_exception(error)))
    message = redact(str(error)) or type(error).__name__
    return run_facets.error_message(
        message, stack_trace=trace if len(trace) <= MAX_TRACE else "..." + trace[-MAX_TRACE:]
    )


def _sides(data: Data | None) -> dict[str, Json]:
    if data is None:
        return {}
    if not isinstance(data, TaskLineage):
        return {
            name: [{**identifier(one), "facets": common_facets(one)} for one in sorted(set(side))]
            for name, side in zip(("inputs", "outputs"), data, strict=True)
            if side is not None
        }
    found: dict[str, Json] = {}
    if data.state("inputs") != "unknown":
        found["inputs"] = [read_dataset(read) for read in data.reads]
    if data.state("outputs") != "unknown":
        found["outputs"] = [written_dataset(write) for write in data.writes]
    return found
