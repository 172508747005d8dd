"""Events written by hand, for tests of what is done with events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagport_lineage.events.flow_facets import own_facet
from dagport_lineage.facets import CORE, PRODUCER, Event, facet
from dagport_lineage.model import DatasetName
from dagport_lineage.network import JobName, Network

MOMENT = "2026-01-02T03:04:05+00:00"
DB = "postgres://db:5432"


def table(name: str, namespace: str = DB, **facets: Any) -> dict[str, Any]:
    """A dataset; its facets as arguments."""
    return {"namespace": namespace, "name": name, "facets": facets}


def columns(*rows: str) -> dict[str, Any]:
    """A ``columnLineage`` facet: ``target <- table.column HOW``, a row a source; the target ``*`` is all of it."""
    fields: dict[str, Any] = {}
    dataset = []
    for row in rows:
        target, _, source, how = row.split()
        name, _, column = source.rpartition(".")
        kind = "DIRECT" if how in ("IDENTITY", "TRANSFORMATION", "AGGREGATION") else "INDIRECT"
        one = {"namespace": DB, "name": name, "field": column, "transformations": [{"type": kind, "subtype": how}]}
        if target == "*":
            dataset.append(one)
        else:
            fields.setdefault(target, {"inputFields": []})["inputFields"].append(one)
    return facet("dataset", "columnLineage", fields=fields, dataset=dataset or None)


def schema(**types: str) -> dict[str, Any]:
    """A ``schema`` facet."""
    return facet("dataset", "schema", fields=[{"name": name, "type": kind} for name, kind in types.items()])


def task(
    name: str,
    inputs: Sequence[Any] = (),
    outputs: Sequence[Any] = (),
    *,
    upstream: Sequence[str] = (),
    entries: Mapping[str, Sequence[str]] | None = None,
    gaps: Sequence[tuple[str, str, str]] = (),
    **facets: Any,
) -> Event:
    """The event of a task ``dag.task``. Texts are tables; ``entries``: what each output is made of."""
    dag, _, _ = name.partition(".")
    flow = own_facet(
        "dagport_controlFlow",
        parent={"namespace": "ns", "name": dag},
        upstream=[{"namespace": "ns", "name": one, "kind": "order"} for one in upstream],
        operator="x.Y",
    )
    sides = {side for side, _, _ in gaps}
    states = [_state(side in sides or "both" in sides, bool(found)) for side, found in
              (("inputs", inputs), ("outputs", outputs))]  # fmt: skip
    coverage = own_facet(
        "dagport_coverage",
        exact=True,
        inputs=states[0],
        outputs=states[1],
        gaps=[{"side": side, "reason": reason, "message": message} for side, reason, message in gaps],
    )
    job_type = facet("job", "jobType", processingType="BATCH", integration="AIRFLOW", jobType="TASK")
    more = {"lineage": _lineage(entries)} if entries is not None else {}
    found = {"jobType": job_type, "dagport_controlFlow": flow, "dagport_coverage": coverage, **more, **facets}
    return {
        "eventTime": MOMENT,
        "producer": PRODUCER,
        "schemaURL": f"{CORE}/JobEvent",
        "job": {"namespace": "ns", "name": name, "facets": found},
        "inputs": [table(one) if isinstance(one, str) else one for one in inputs],
        "outputs": [table(one) if isinstance(one, str) else one for one in outputs],
    }


def _state(has_gap: bool, has_some: bool) -> str:
    if has_gap:
        return "partial" if has_some else "unknown"
    return "resolved" if has_some else "none"


def _lineage(entries: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    return facet(
        "job",
        "lineage",
        entries=[
            {
                "namespace": DB,
                "name": output,
                "type": "DATASET",
                "inputs": [{"namespace": DB, "name": one, "type": "DATASET"} for one in sources],
            }
            for output, sources in entries.items()
        ],
    )


def dag(name: str, **facets: Any) -> Event:
    """The event of a pipeline."""
    job_type = facet("job", "jobType", processingType="BATCH", integration="AIRFLOW", jobType="DAG")
    return {
        "eventTime": MOMENT,
        "producer": PRODUCER,
        "schemaURL": f"{CORE}/JobEvent",
        "job": {"namespace": "ns", "name": name, "facets": {"jobType": job_type, **facets}},
    }


def dataset_event(item: Mapping[str, Any]) -> Event:
    """The event of a dataset."""
    return {"eventTime": MOMENT, "producer": PRODUCER, "schemaURL": f"{CORE}/DatasetEvent", "dataset": dict(item)}


def run_event(kind: str, event: Event, run_id: str = "01a1f640-bc00-76e7-b637-d8b8741b33e4", **facets: Any) -> Event:
    """An event of a run of a job."""
    run = {"runId": run_id, "facets": facets}
    return {**event, "schemaURL": f"{CORE}/RunEvent", "eventType": kind, "run": run}


def network(*events: Event) -> Network:
    """The network of some events."""
    found = Network()
    for event in events:
        found.add(event)
    return found


def ds(name: str, namespace: str = DB) -> DatasetName:
    """The name of a dataset."""
    return DatasetName(namespace, name)


def job(name: str) -> JobName:
    """The name of a job."""
    return JobName("ns", name)
