"""The network that events make: jobs, datasets, what flows from which to which, column by column where that is known.

It is made of events alone, so that an export, ours or not, and a source tree can be looked at and compared alike.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from dagport.graph import Place
from dagport_lineage.facets import Event, Facet, Json
from dagport_lineage.model import DatasetName

Facets: TypeAlias = dict[str, Facet]
COVERAGE, CONTROL_FLOW = "dagport_coverage", "dagport_controlFlow"
SIDES = ("inputs", "outputs")
ALL_COLUMNS = "*"  # what a filter or a join has a say in


class JobName(NamedTuple):
    """A job."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return self.name


class ColumnName(NamedTuple):
    """A column of a dataset."""

    dataset: DatasetName
    column: str

    def __str__(self) -> str:
        return f"{self.dataset}:{self.column}"


class Arrow(NamedTuple):
    """One column that another one comes from, in a job."""

    source: ColumnName
    target: ColumnName
    job: JobName
    how: str  # subtypes of the transformations, e.g. "IDENTITY"; "": not said


@dataclass(slots=True)
class JobNode:
    """A job and what its events say of it."""

    name: JobName
    facets: Facets = field(default_factory=dict)
    place: Place | None = None  # where the source says so
    inputs: dict[DatasetName, None] = field(default_factory=dict)
    outputs: dict[DatasetName, None] = field(default_factory=dict)
    flows: dict[DatasetName, tuple[DatasetName, ...]] = field(default_factory=dict)  # by output; only what is said
    arrows: list[Arrow] = field(default_factory=list)

    @property
    def is_pipeline(self) -> bool:
        """Whether it stands for a whole DAG."""
        return bool(self.facets.get("jobType", {}).get("jobType") == "DAG")

    @property
    def pipeline(self) -> JobName | None:
        """The job of the DAG that it is a task of, where its events say so."""
        parent = self.facets.get(CONTROL_FLOW, {}).get("parent")
        return JobName(*_names(parent)) if parent else None

    def state(self, side: str) -> str | None:
        """How well one side is known; ``None`` where its events don't say."""
        state = self.facets.get(COVERAGE, {}).get(side)
        return state if isinstance(state, str) else None

    @property
    def gaps(self) -> list[Mapping[str, Json]]:
        """What its events say is missing."""
        return list(self.facets.get(COVERAGE, {}).get("gaps", ()))

    def sources(self, output: DatasetName) -> tuple[tuple[DatasetName, ...], bool]:
        """What one of its outputs is made of, and whether that is said; if not, it may be any of its inputs."""
        if output in self.flows:
            return self.flows[output], True
        return tuple(self.inputs), False

    def results(self, source: DatasetName) -> list[DatasetName]:
        """The outputs that are, or may be, made of an input."""
        return [output for output in self.outputs if source in self.sources(output)[0]]


@dataclass(slots=True)
class Network:
    """All jobs and datasets of some events."""

    jobs: dict[JobName, JobNode] = field(default_factory=dict)
    datasets: dict[DatasetName, Facets] = field(default_factory=dict)
    twice: set[JobName] = field(default_factory=set)  # more than one event declares them
    writers: defaultdict[DatasetName, dict[JobName, None]] = field(default_factory=lambda: defaultdict(dict))
    readers: defaultdict[DatasetName, dict[JobName, None]] = field(default_factory=lambda: defaultdict(dict))
    _named_so: defaultdict[DatasetName, set[DatasetName]] = field(default_factory=lambda: defaultdict(set))

    def add(self, event: Event) -> None:
        """Take an event in, of a run, a job or a dataset. Raises ``ValueError`` for something else."""
        try:
            if "job" in event:
                self._add_job(event)
            else:
                self._add_dataset(event["dataset"])
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not an OpenLineage event: {error!r}") from None

    def _add_job(self, event: Event) -> None:
        name = JobName(*_names(event["job"]))
        if name in self.jobs and "run" not in event:
            self.twice.add(name)
        job = self.jobs.setdefault(name, JobNode(name))
        job.facets.update(event["job"].get("facets", {}))
        job.place = job.place or _place(job.facets.get("sourceCodeLocation", {}))
        for item in event.get("inputs", ()):
            dataset = self._add_dataset(item)
            job.inputs[dataset] = None
            self.readers[dataset][name] = None
        for item in event.get("outputs", ()):
            dataset = self._add_dataset(item)
            job.outputs[dataset] = None
            self.writers[dataset][name] = None
            job.arrows += _arrows(item, dataset, name)
        job.arrows = list(dict.fromkeys(job.arrows))
        job.flows.update(_flows(event["job"].get("facets", {}).get("lineage", {})))
        _ask(job)

    def _add_dataset(self, item: Mapping[str, Any]) -> DatasetName:
        name = dataset_name(item)
        facets = self.datasets.setdefault(name, {})
        facets.update(item.get("facets", {}))
        for other in map(dataset_name, _identifiers(facets)):
            self._named_so[other].add(name)
        list(columns_of(facets))
        return name

    def twins(self, dataset: DatasetName) -> set[DatasetName]:
        """Datasets of the network that its events say are this one under another name."""
        mine = {dataset_name(item) for item in _identifiers(self.datasets.get(dataset, {}))}
        return ((mine & self.datasets.keys()) | self._named_so.get(dataset, set())) - {dataset}

    def aliases(self) -> dict[DatasetName, DatasetName]:
        """Other names of datasets, and the names that their events go by."""
        found: dict[DatasetName, DatasetName] = {}
        for dataset, facets in self.datasets.items():
            for item in _identifiers(facets):
                found.setdefault(dataset_name(item), dataset)
        return {other: dataset for other, dataset in found.items() if other not in self.datasets}


def _identifiers(facets: Facets) -> Iterable[Mapping[str, Any]]:
    return facets.get("symlinks", {}).get("identifiers", ())  # type: ignore[no-any-return]


def _ask(job: JobNode) -> None:
    """Ask all that is asked of a job later: an event of another shape is noticed at once, where it stands."""
    _ = job.pipeline, job.is_pipeline, [job.state(side) for side in SIDES]
    _ = [_names(item) for item in job.facets.get(CONTROL_FLOW, {}).get("upstream", ())]
    _ = [(gap["side"], gap["reason"], gap["message"]) for gap in job.gaps]


def dataset_name(item: Mapping[str, Any]) -> DatasetName:
    """The name in a JSON object that has one. Raises ``KeyError`` and ``TypeError``."""
    return DatasetName(*_names(item))


def _names(item: Mapping[str, Any]) -> tuple[str, str]:
    namespace, name = item["namespace"], item["name"]
    if not (isinstance(namespace, str) and isinstance(name, str)):
        raise TypeError("a name is no text")
    return namespace, name


def columns_of(facets: Facets) -> Iterable[str]:
    """The columns that a schema names."""
    for item in facets.get("schema", {}).get("fields", ()):
        yield f"{item['name']}"


def _place(location: Facet) -> Place | None:
    """The file and the lines that a link to them names."""
    lines = re.search(r"#L(\d+)(?:-L?(\d+))?$", location.get("url", ""))
    first, last = (int(lines[1]), int(lines[2] or lines[1])) if lines else (0, 0)
    path = location.get("path")
    return Place(path=path, span=(first, 1, last, 1) if lines else None) if isinstance(path, str) else None


def _arrows(item: Mapping[str, Any], dataset: DatasetName, job: JobName) -> Iterable[Arrow]:
    facet = item.get("facets", {}).get("columnLineage", {})
    fields = {name: entry["inputFields"] for name, entry in facet.get("fields", {}).items()}
    for column, sources in [*fields.items(), (ALL_COLUMNS, facet.get("dataset", ()))]:
        for source in sources:
            how = ", ".join(dict.fromkeys(_how(item) for item in source.get("transformations", ())))
            yield Arrow(ColumnName(dataset_name(source), str(source["field"])), ColumnName(dataset, column), job, how)


def _how(transformation: Mapping[str, Any]) -> str:
    return str(transformation.get("subtype") or transformation["type"])


def _flows(facet: Facet) -> dict[DatasetName, tuple[DatasetName, ...]]:
    """What each output is made of, by the explicit ``lineage`` facet; an entry without inputs doesn't say."""
    return {
        dataset_name(entry): tuple(
            dict.fromkeys(dataset_name(item) for item in entry["inputs"] if item["type"] == "DATASET")
        )
        for entry in facet.get("entries", ())
        if entry["type"] == "DATASET" and "inputs" in entry
    }
