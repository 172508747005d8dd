"""Microsoft Purview, by Event Hubs (preview)."""

from __future__ import annotations

from collections.abc import Iterable

from dagport_lineage.catalogs.profiles.rules import Profile, Rule, Subject, named, object_at, run_events_only

SOURCES = ("bigquery", "postgres", "postgresql", "snowflake")


def _sources(subject: Subject) -> Iterable[str]:
    for dataset in subject.datasets():
        if str(dataset.get("namespace", "")).partition(":")[0] not in SOURCES:
            yield f"{named(dataset)} is of no kind that Purview collects"


def _columns(subject: Subject) -> Iterable[str]:
    if any(object_at(dataset, "facets", "columnLineage", "fields") for dataset in subject.datasets()):
        yield "Purview leaves its column lineage out"


PROFILE = Profile(
    name="purview",
    title="Microsoft Purview",
    takes="run events, of successful runs (preview)",
    source="Microsoft's documentation (lineage from Airflow)",
    rules=(
        run_events_only("Purview"),
        Rule(
            id="source-kind",
            severity="warning",
            says="collects PostgreSQL, BigQuery and Snowflake only",
            todo="nothing: Purview leaves these datasets out",
            check=_sources,
        ),
        Rule(
            id="columns",
            severity="warning",
            says="shows no column lineage",
            todo="nothing: Purview leaves it out",
            check=_columns,
        ),
    ),
)
