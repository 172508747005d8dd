"""Runs that never were, for catalogues that take no other events: each says so itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from dagport_lineage.events import run_facets
from dagport_lineage.events.run_facets import JobName, RunOf
from dagport_lineage.facets import CORE, REPOSITORY, Event

MARK = {"dagport_synthetic": "true"}
"""The tag that tells them from runs that took place."""


def synthetic_runs(event: Event) -> Iterator[Event]:
    """A START and a COMPLETE event in place of a JobEvent, at its moment; nothing in place of a DatasetEvent.

    The same event gives the same run: delivered twice, it is one.
    """
    if "job" not in event:
        return
    name = JobName(event["job"]["namespace"], event["job"]["name"])
    facets = {"tags": run_facets.tags(MARK)}
    flow = event["job"].get("facets", {}).get("dagport_controlFlow", {})
    if "parent" in flow:
        pipeline = JobName(flow["parent"]["namespace"], flow["parent"]["name"])
        facets["parent"] = run_facets.parent(RunOf(pipeline, run_id(pipeline, event["eventTime"])))
    run = {"runId": run_id(name, event["eventTime"]), "facets": facets}
    for kind in ("START", "COMPLETE"):
        yield {**event, "schemaURL": f"{CORE}/RunEvent", "eventType": kind, "run": run}


def run_id(job: JobName, moment: str) -> str:
    """The id of the run that stands for a job at a moment."""
    instant = datetime.fromisoformat(moment).timestamp()
    return str(uuid5(NAMESPACE_URL, f"{REPOSITORY}/synthetic/{job.namespace}/{job.name}/{instant:f}"))
