"""OpenMetadata."""

from __future__ import annotations

from collections.abc import Iterable

from dagport_lineage.catalogs.profiles.rules import Profile, Rule, Subject, named, run_events_only

FILES = ("abfs", "abfss", "dbfs", "file", "gcs", "gs", "hdfs", "kafka", "s3", "sftp", "wasb", "wasbs")
PARTS = 2  # schema and table


def _names(subject: Subject) -> Iterable[str]:
    for dataset in subject.datasets():
        scheme = str(dataset.get("namespace", "")).partition(":")[0]
        parts = str(dataset.get("name", "")).split(".")
        if scheme in FILES:
            yield f"{named(dataset)} is no table: OpenMetadata links tables only"
        elif len(parts) < PARTS or not all(parts[-PARTS:]):
            yield f"{named(dataset)} has no schema.table at the end of its name"


def _both_sides(subject: Subject) -> Iterable[str]:
    is_task = subject.job_type != "DAG"
    if subject.kind == "RunEvent" and subject.event.get("eventType") == "COMPLETE" and is_task:
        missing = [side for side in ("inputs", "outputs") if not subject.event.get(side)]
        if len(missing) == 1:
            yield f"it has no {missing[0]}: OpenMetadata draws no edge from one side alone"


PROFILE = Profile(
    name="openmetadata",
    title="OpenMetadata",
    takes="run events, of kind COMPLETE",
    source="OpenMetadata's documentation (OpenLineage Compatibility)",
    rules=(
        run_events_only("OpenMetadata"),
        Rule(
            id="table-name",
            severity="warning",
            says="finds a table by the last two dotted parts of the dataset's name",
            todo="say the schema: in SQL, or as the default of the connection",
            check=_names,
        ),
        Rule(
            id="both-sides",
            severity="warning",
            says="draws edges from inputs to outputs: a job with one side alone isn't shown",
            todo="nothing to do where the task has one side only",
            check=_both_sides,
        ),
    ),
)
