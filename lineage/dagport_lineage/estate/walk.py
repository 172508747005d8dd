"""Walking a network up- and downstream: through jobs from dataset to dataset, or from column to column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, TypeAlias

from dagport_lineage.model import DatasetName
from dagport_lineage.network import ALL_COLUMNS, Arrow, ColumnName, JobName, JobNode, Network

Node: TypeAlias = DatasetName | JobName | ColumnName
Direction: TypeAlias = Literal["upstream", "downstream"]
DIRECTIONS: tuple[Direction, ...] = ("upstream", "downstream")


@dataclass(frozen=True, slots=True)
class Step:
    """One edge of a walk: from a node to the next one, ``depth`` edges away from the start."""

    start: Node
    end: Node
    depth: int
    note: str = ""
    is_known: bool = True  # False: the job reads and writes both, but whether one goes into the other isn't said
    is_repeated: bool = False  # the walk was at the end before: it doesn't go on from there


def walk(network: Network, start: Node, direction: Direction, depth: int | None = None) -> Iterator[Step]:
    """Every edge once, depth first, in the order of names; ``depth`` counts datasets (or columns), not jobs."""
    follow = _neighbours(network, direction, start)
    edges = None if depth is None else depth * 2
    seen: set[tuple[Node, Node | None]] = {(start, None)}  # a job once a dataset: others go elsewhere from there
    stack = [iter(follow(start, None))]
    path: list[Node] = [start]
    while stack:
        found = next(stack[-1], None)
        if found is None:
            stack.pop()
            path.pop()
            continue
        node, note, is_known = found
        before = path[-1] if isinstance(node, JobName) else None
        repeated = (node, before) in seen
        seen.add((node, before))
        yield Step(path[-1], node, len(stack), note, is_known, repeated)
        if not repeated and (edges is None or len(stack) < edges):
            stack.append(iter(follow(node, before)))
            path.append(node)


Follow: TypeAlias = Callable[[Node, Node | None], Iterable[tuple[Node, str, bool]]]


def _neighbours(network: Network, direction: Direction, start: Node) -> Follow:
    if isinstance(start, ColumnName):
        return _columns(network, direction)
    return _Datasets(network, direction).of


class _Datasets:
    """The neighbours of datasets and jobs, in one direction."""

    def __init__(self, network: Network, direction: Direction) -> None:
        self.network = network
        self.up = direction == "upstream"

    def of(self, node: Node, before: Node | None) -> Iterator[tuple[Node, str, bool]]:
        if isinstance(node, JobName):
            yield from self.of_job(node, before)
        elif isinstance(node, DatasetName):
            names = self.network.writers if self.up else self.network.readers
            yield from ((job, "", True) for job in sorted(names.get(node, ())))
            yield from ((other, "another name of it", True) for other in sorted(self.network.twins(node)))

    def of_job(self, name: JobName, before: Node | None) -> Iterator[tuple[Node, str, bool]]:
        job = self.network.jobs[name]
        if not isinstance(before, DatasetName):  # the walk began here
            yield from ((item, "", True) for item in sorted(self.ends(job)))
        elif self.up:
            sources, is_said = job.sources(before)
            yield from ((item, "", is_said or is_plain(job)) for item in sorted(sources))
        else:
            yield from ((item, "", job.sources(item)[1] or is_plain(job)) for item in sorted(job.results(before)))

    def ends(self, job: JobNode) -> set[DatasetName]:
        """What a job reads, or writes; of a pipeline what its tasks read that none of them writes."""
        tasks = [job, *(other for other in self.network.jobs.values() if other.pipeline == job.name)]
        outputs = {item for task in tasks for item in task.outputs}
        if not self.up:
            return outputs
        inputs = {item for task in tasks for item in task.inputs}
        return inputs - outputs if job.is_pipeline else inputs


def is_plain(job: JobNode) -> bool:
    """Whether there is but one way through a job: in a walk, that it reads the one and writes the other says enough."""
    return len(job.inputs) <= 1 and len(job.outputs) <= 1


def _columns(network: Network, direction: Direction) -> Follow:
    arrows: dict[ColumnName, list[Arrow]] = {}
    up = direction == "upstream"
    for job in network.jobs.values():
        for arrow in job.arrows:
            if arrow.target.column != ALL_COLUMNS:
                arrows.setdefault(arrow.target if up else arrow.source, []).append(arrow)

    def follow(node: Node, _: Node | None) -> Iterator[tuple[Node, str, bool]]:
        if isinstance(node, ColumnName):
            for arrow in sorted(arrows.get(node, ())):
                note = f"{arrow.how} in {arrow.job}" if arrow.how else f"in {arrow.job}"
                yield (arrow.source if up else arrow.target), note, True

    return follow


def find(network: Network, text: str) -> list[DatasetName | JobName]:
    """What a user may mean: an exact name of a dataset or a job, else datasets whose name ends in it."""
    exact: list[DatasetName | JobName] = [item for item in sorted(network.datasets) if text in (str(item), item.name)]
    exact += [item for item in sorted(network.jobs) if text in (item.name, f"{item.namespace}/{item.name}")]
    if exact:
        return exact
    aliases = [item for other, item in sorted(network.aliases().items()) if text in (str(other), other.name)]
    if aliases:
        return list(dict.fromkeys(aliases))
    lower = text.lower()
    return [item for item in sorted(network.datasets) if _ends_in(str(item).lower(), lower)]


def _ends_in(name: str, text: str) -> bool:
    return name == text or any(name.endswith(mark + text) for mark in "./")


def similar(network: Network, text: str) -> list[str]:
    """Names that come near."""
    short: dict[str, str] = {}
    for item in sorted(network.datasets):
        for known in (str(item), item.name, item.name.rpartition(".")[2], item.name.rpartition("/")[2]):
            short.setdefault(known.lower(), str(item))
    for job in sorted(network.jobs):
        short.setdefault(job.name.lower(), job.name)
    found = get_close_matches(text.lower(), list(short), n=5, cutoff=0.6)
    return list(dict.fromkeys(short[item] for item in found))
