"""Atlan."""

from __future__ import annotations

from collections.abc import Iterable

from dagport_lineage.catalogs.profiles.rules import Profile, Rule, Subject, object_at, run_events_only


def _parent(subject: Subject) -> Iterable[str]:
    is_task = subject.job_type == "TASK"
    if subject.kind == "RunEvent" and is_task and "parent" not in object_at(subject.event["run"], "facets"):
        yield "the run of a task names no parent run"


PROFILE = Profile(
    name="atlan",
    title="Atlan",
    takes="run events, START and an end for each run",
    source="Atlan's documentation (Generic OpenLineage: event conventions)",
    whole_runs=True,
    rules=(
        run_events_only("Atlan"),
        Rule(
            id="parent-run",
            severity="warning",
            says="puts a task below its DAG by the parent facet of its run",
            todo="let the producer fill run.facets.parent",
            check=_parent,
        ),
    ),
)
