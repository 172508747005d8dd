"""What two networks have apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dagport_lineage.network import ALL_COLUMNS, SIDES, JobNode, Network

KINDS: Mapping[str, str] = {
    "job": "Jobs",
    "dataset": "Datasets",
    "edge": "Edges",
    "flow": "Flows between datasets",
    "column": "Columns",
    "unknown": "Not known",
}
"""What is compared, with its title."""


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One thing that only one of two networks has."""

    kind: str  # a key of ``KINDS``
    text: str
    added: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes, by kind in the order of ``KINDS``, then by text."""

    changes: tuple[Change, ...]

    def of(self, kind: str) -> tuple[Change, ...]:
        """The changes of a kind."""
        return tuple(change for change in self.changes if change.kind == kind)

    def count(self, kind: str, *, added: bool) -> int:
        """The number of changes of a kind in one direction."""
        return sum(change.added is added for change in self.of(kind))


def compare(old: Network, new: Network) -> Difference:
    """The changes from one network to another. Where things stand, and what is said about them, doesn't count."""
    before, after = _things(old), _things(new)
    order = list(KINDS)
    gone = [Change(kind, text, added=False) for kind, text in before - after]
    come = [Change(kind, text, added=True) for kind, text in after - before]
    return Difference(tuple(sorted([*gone, *come], key=lambda item: (order.index(item.kind), item.text, item.added))))


def _things(network: Network) -> set[tuple[str, str]]:
    found = {("dataset", str(dataset)) for dataset in network.datasets}
    for job in network.jobs.values():
        found |= set(_of_job(job))
    return found


def _of_job(job: JobNode) -> Iterator[tuple[str, str]]:
    name = job.name.name
    yield "job", name
    yield from (("edge", f"{name} reads {dataset}") for dataset in job.inputs)
    yield from (("edge", f"{name} writes {dataset}") for dataset in job.outputs)
    for output, sources in job.flows.items():
        yield from (("flow", f"{source} → {output} ({name})") for source in sources)
    for arrow in job.arrows:
        target = f"all of {arrow.target.dataset}" if arrow.target.column == ALL_COLUMNS else str(arrow.target)
        how = f"{arrow.how} in {name}" if arrow.how else f"in {name}"
        yield "column", f"{arrow.source} → {target} ({how})"
    yield from (("unknown", text) for text in _unknown(job))


def _unknown(job: JobNode) -> Iterable[str]:
    gaps = [f"{job.name}: {_side(gap['side'])}: {gap['message']} ({gap['reason']})" for gap in job.gaps]
    if gaps:
        return gaps
    return [f"{job.name}: {side}" for side in SIDES if job.state(side) in ("partial", "unknown")]


def _side(side: str) -> str:
    return "inputs and outputs" if side == "both" else side
