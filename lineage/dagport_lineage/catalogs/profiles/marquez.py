"""Marquez, OpenLineage's reference implementation."""

from __future__ import annotations

from collections.abc import Iterable

from dagport_lineage.catalogs.profiles.rules import Profile, Rule, Subject

FIELDS = ("processingType", "integration", "jobType")


def _job_type(subject: Subject) -> Iterable[str]:
    facet = subject.facet("jobType")
    missing = [name for name in FIELDS if facet and not facet.get(name)]
    if missing:
        yield f"its jobType facet has no {' and no '.join(missing)}"


def _dispatch(subject: Subject) -> Iterable[str]:
    url = str(subject.event.get("schemaURL", ""))
    if not url.endswith(f"/{subject.kind}"):
        yield f"its schemaURL {url!r} doesn't end in /{subject.kind}"


PROFILE = Profile(
    name="marquez",
    title="Marquez",
    takes="run, job and dataset events",
    source="Marquez' API (`POST /api/v1/lineage`) and its model of the jobType facet",
    rules=(
        Rule(
            id="job-type",
            severity="error",
            says="wants all fields of a jobType facet that is there",
            todo="let the producer fill them, or leave the facet out",
            check=_job_type,
        ),
        Rule(
            id="schema-url",
            severity="error",
            says="tells events apart by the end of schemaURL",
            todo="correct the producer",
            check=_dispatch,
        ),
    ),
)
