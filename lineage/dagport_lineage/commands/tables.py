"""Tables of a network, and the JSON that holds the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from dagport.cli.console import Stream
from dagport.cli.reports.table import table
from dagport_lineage.commands.drawing import edges, shown
from dagport_lineage.estate.walk import Direction, Node, Step
from dagport_lineage.facets import Json
from dagport_lineage.network import SIDES, ColumnName, JobName, JobNode, Network

PLAIN = Stream(error=False, color=False)


def datasets_table(network: Network) -> Iterator[str]:
    """All datasets with their jobs, then the tasks of which something isn't known."""
    rows = [
        (str(dataset), _names(network.writers.get(dataset, ())), _names(network.readers.get(dataset, ())))
        for dataset in sorted(network.datasets)
    ]
    if rows:
        yield from _lines(("dataset", "written by", "read by"), rows)
    else:
        yield "no dataset is known\n"
    yield from gaps_table(network)


def gaps_table(network: Network) -> Iterator[str]:
    """The tasks of which something isn't known, and why."""
    rows = [
        (name.name, shown(job.place) if job.place else "", str(gap["side"]), f"{gap['reason']}: {gap['message']}")
        for name, job in sorted(network.jobs.items())
        for gap in job.gaps
    ]
    if rows:
        yield "\n"
        yield from _lines(("task", "place", "not known", "why"), rows)


def steps_table(network: Network, start: Node, walks: Mapping[Direction, Sequence[Step]]) -> Iterator[str]:
    """The walk, an edge a line."""
    rows = []
    for direction, steps in walks.items():
        for step in steps:
            if step.is_repeated:
                continue
            job = network.jobs.get(step.end) if isinstance(step.end, JobName) else None
            notes = [step.note, "" if step.is_known else "perhaps", _unknown(job) if job else ""]
            place = shown(job.place) if job and job.place else ""
            kind = "job" if job else "column" if isinstance(step.end, ColumnName) else "dataset"
            name = job.name.name if job else str(step.end)
            rows.append((direction, str((step.depth + 1) // 2), kind, name, place, ", ".join(filter(None, notes))))
    if rows:
        yield from _lines(("direction", "distance", "kind", "name", "place", "notes"), rows)


def _unknown(job: JobNode) -> str:
    sides = [side for side in SIDES if job.state(side) in ("partial", "unknown")]
    return f"{' and '.join(sides)} not fully known" if sides else ""


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield from (line + "\n" for line in table(head, rows, numbers=("distance",), stream=PLAIN))


def _names(jobs: Iterator[JobName] | Mapping[JobName, None] | Sequence[JobName]) -> str:
    return ", ".join(sorted(job.name for job in jobs)) or "-"


def as_json(network: Network, start: Node, walks: Mapping[Direction, Sequence[Step]]) -> Iterator[str]:
    """The walk for other programs: nodes, and edges in the direction in which data flows."""
    found = list(edges(walks))
    nodes = dict.fromkeys([start, *(node for first, second, _ in found for node in (first, second))])
    arrows = [
        {"from": str(_key(first)), "to": str(_key(second)), "known": step.is_known, "note": step.note}
        for first, second, step in found
    ]
    content = {"start": _key(start), "nodes": [_node(network, node) for node in nodes], "edges": arrows}
    yield json.dumps(content, indent=1) + "\n"


def _key(node: Node) -> str:
    return f"{node.namespace}/{node.name}" if isinstance(node, JobName) else str(node)


def _node(network: Network, node: Node) -> Json:
    if not isinstance(node, JobName):
        return {"id": _key(node), "kind": "column" if isinstance(node, ColumnName) else "dataset"}
    return {"id": _key(node), "kind": "job", **_job(network.jobs[node])}


def _job(job: JobNode) -> dict[str, Json]:
    return {
        "name": job.name.name,
        "path": job.place.path if job.place else None,
        "line": job.place.span[0] if job.place and job.place.span else None,
        **{side: job.state(side) for side in SIDES},
        "gaps": job.gaps,
    }


def jobs_json(network: Network) -> Iterator[str]:
    """All datasets and jobs for other programs."""
    datasets = [
        {
            "id": str(dataset),
            "written_by": sorted(job.name for job in network.writers.get(dataset, ())),
            "read_by": sorted(job.name for job in network.readers.get(dataset, ())),
        }
        for dataset in sorted(network.datasets)
    ]
    jobs = [_job(job) for _, job in sorted(network.jobs.items())]
    yield json.dumps({"datasets": datasets, "jobs": jobs}, indent=1) + "\n"
