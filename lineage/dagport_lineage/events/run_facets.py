"""The facets of a run.

Shapes and keys are those of the specification and of what Airflow's own provider emits, so that both describe a run
alike. Secrets are the caller's to remove: an error's message and its trace come from running code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from dagport import __version__
from dagport_lineage.facets import Facet, Json, facet

DependencyType: TypeAlias = Literal["IMPLICIT_ASSET_DEPENDENCY", "DIRECT_INVOCATION", "IMPLICIT_DEPENDENCY"]
"""The first is what Airflow's provider says of a run that assets triggered, the others are the specification's."""


@dataclass(frozen=True, slots=True, order=True)
class JobName:
    """A job by its namespace and name."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class RunOf:
    """One run of a job."""

    job: JobName
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """A job, or one run of it, that a run waits for or that waits for it."""

    job: JobName
    type: DependencyType
    run_id: str | None = None
    sequence_rule: Literal["FINISH_TO_START", "FINISH_TO_FINISH", "START_TO_START"] | None = None
    status_rule: Literal["EXECUTE_EVERY_TIME", "EXECUTE_ON_SUCCESS", "EXECUTE_ON_FAILURE"] | None = None


def instant(moment: datetime) -> str:
    """A moment as events write it: ISO 8601 with its offset. Raises ``ValueError`` for one without a time zone."""
    if moment.utcoffset() is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return moment.isoformat()


def parent(run: RunOf, root: RunOf | None = None) -> Facet:
    """Which run started this one, and where the chain began; without a ``root`` the parent is the root."""
    return facet("run", "parent", **_run_and_job(run), root=_run_and_job(root or run))


def _run_and_job(run: RunOf) -> dict[str, Json]:
    return {"run": {"runId": run.run_id}, "job": job_identifier(run.job)}


def job_identifier(job: JobName) -> dict[str, Json]:
    """A job as other entities name it."""
    return {"namespace": job.namespace, "name": job.name}


def nominal_time(start: datetime, end: datetime | None = None) -> Facet:
    """The data interval of the run."""
    ended = instant(end) if end is not None else None
    return facet("run", "nominalTime", nominalStartTime=instant(start), nominalEndTime=ended)


def error_message(message: str, *, stack_trace: str | None = None, language: str = "python") -> Facet:
    """Why the run failed."""
    return facet("run", "errorMessage", message=message, programmingLanguage=language, stackTrace=stack_trace)


def processing_engine(name: str, version: str) -> Facet:
    """Which orchestrator runs it, and which version of dagport says so."""
    return facet("run", "processing_engine", name=name, version=version, openlineageAdapterVersion=__version__)


def job_dependencies(
    upstream: Iterable[Dependency] = (), downstream: Iterable[Dependency] = (), *, trigger_rule: str | None = None
) -> Facet:
    """What must end before this run, and what waits for it; ``trigger_rule`` in the specification's upper case."""
    return facet(
        "run",
        "jobDependencies",
        upstream=[_dependency(item) for item in upstream],
        downstream=[_dependency(item) for item in downstream],
        trigger_rule=trigger_rule.upper() if trigger_rule else None,
    )


def _dependency(item: Dependency) -> dict[str, Json]:
    optional = {
        "run": {"runId": item.run_id} if item.run_id else None,
        "sequence_trigger_rule": item.sequence_rule,
        "status_trigger_rule": item.status_rule,
    }
    found = {name: value for name, value in optional.items() if value is not None}
    return {"job": job_identifier(item.job), "dependency_type": item.type, **found}


def tags(values: Mapping[str, str], *, source: str = "DAGPORT") -> Facet:
    """Tags of the run, sorted by key."""
    return facet("run", "tags", tags=[{"key": k, "value": v, "source": source} for k, v in sorted(values.items())])
