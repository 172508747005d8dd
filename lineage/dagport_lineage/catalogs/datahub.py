"""DataHub's own form of lineage: metadata change proposals, for ``datahub ingest`` and ``datahub lite import``.

Shapes: DataHub's metadata model (``DataFlowInfo``, ``DataJobInfo``, ``DataJobInputOutput``, ``DatasetProperties``,
``SchemaMetadata``, ``UpstreamLineage``, ``Ownership``, ``GlobalTags``, ``DataPlatformInstance``). An aspect replaces
the one that is there, so each is made once, of all events together. The library isn't needed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from dagport_lineage.catalogs.datahub_urns import Naming
from dagport_lineage.facets import Facet, Json
from dagport_lineage.model import DatasetName
from dagport_lineage.network import ALL_COLUMNS, CONTROL_FLOW, Arrow, JobName, JobNode, Network

ACTOR = "urn:li:corpuser:dagport"
TYPES: Mapping[str, str] = {
    "ARRAY": "Array", "BINARY": "Bytes", "BLOB": "Bytes", "BOOL": "Boolean", "BOOLEAN": "Boolean", "BYTEA": "Bytes",
    "CHAR": "String", "DATE": "Date", "ENUM": "Enum", "JSON": "Record", "MAP": "Map", "OBJECT": "Record",
    "RECORD": "Record", "STRING": "String", "STRUCT": "Record", "TEXT": "String", "TIME": "Time",
    "VARIANT": "Record",
}  # fmt: skip
NUMBERS = ("INT", "NUM", "DEC", "FLOAT", "DOUBLE", "REAL", "SERIAL")


def proposals(network: Network, naming: Naming | None = None, *, moment: datetime) -> Iterator[Json]:
    """The proposals for all that a network holds, in a fixed order; ``moment`` is when it was found."""
    writer = _Writer(network, naming or Naming(), {"time": int(moment.timestamp() * 1000), "actor": ACTOR})
    yield from writer.flows()
    yield from writer.jobs()
    yield from writer.datasets()


def clashes(network: Network, naming: Naming | None = None) -> list[tuple[str, list[DatasetName]]]:
    """Datasets that would be one in DataHub: a URN has no host, so they need platform instances."""
    by_urn: defaultdict[str, list[DatasetName]] = defaultdict(list)
    for dataset in sorted(network.datasets):
        by_urn[(naming or Naming()).dataset(dataset)].append(dataset)
    return [(urn, found) for urn, found in sorted(by_urn.items()) if len(found) > 1]


class _Writer:
    def __init__(self, network: Network, naming: Naming, stamp: Json) -> None:
        self.network, self.naming, self.stamp = network, naming, stamp

    # Pipelines and tasks

    def flows(self) -> Iterator[Json]:
        declared = {name for name, job in self.network.jobs.items() if job.is_pipeline}
        parents = {self.place(job)[0] for job in self.network.jobs.values() if not job.is_pipeline}
        for pipeline in sorted(declared | parents):
            job = self.network.jobs.get(pipeline) or JobNode(pipeline)
            urn = self.naming.flow(pipeline)
            yield _proposal("dataFlow", urn, "dataFlowInfo", {"name": pipeline.name, **self.properties(job)})
            yield from self.common("dataFlow", urn, job.facets)

    def jobs(self) -> Iterator[Json]:
        for name, job in sorted(self.network.jobs.items()):
            if job.is_pipeline:
                continue
            pipeline, task = self.place(job)
            urn = self.naming.job(pipeline, task)
            info = {"name": task, "type": {"string": "COMMAND"}, "flowUrn": self.naming.flow(pipeline)}
            yield _proposal("dataJob", urn, "dataJobInfo", {**info, **self.properties(job)})
            yield _proposal("dataJob", urn, "dataJobInputOutput", self.input_output(name, job))
            yield from self.common("dataJob", urn, job.facets)

    def place(self, job: JobNode) -> tuple[JobName, str]:
        """The pipeline and the id of a task; where no event says them, DataHub's own rule: the first dot parts them."""
        pipeline = job.pipeline or self._longest(job.name)
        if pipeline is not None and job.name.name.startswith(f"{pipeline.name}."):
            return pipeline, job.name.name.removeprefix(f"{pipeline.name}.")
        head, _, task = job.name.name.partition(".")
        return JobName(job.name.namespace, head), task or head

    def _longest(self, name: JobName) -> JobName | None:
        parts = name.name.split(".")
        tried = [JobName(name.namespace, ".".join(parts[:end])) for end in range(len(parts) - 1, 0, -1)]
        return next((one for one in tried if one in self.network.jobs and self.network.jobs[one].is_pipeline), None)

    def input_output(self, name: JobName, job: JobNode) -> Json:
        naming = self.naming
        flow = job.facets.get(CONTROL_FLOW, {})
        before = [JobName(item["namespace"], item["name"]) for item in flow.get("upstream", ())]
        known = [self.network.jobs[item] for item in dict.fromkeys(before) if item in self.network.jobs]
        return {
            "inputDatasets": sorted(map(naming.dataset, job.inputs)),
            "outputDatasets": sorted(map(naming.dataset, job.outputs)),
            "inputDatajobs": sorted({naming.job(*self.place(item)) for item in known if item.name != name}),
            "fineGrainedLineages": self.fine_grained(job.arrows),
        }

    # Datasets

    def datasets(self) -> Iterator[Json]:
        for dataset, facets in sorted(self.network.datasets.items()):
            urn = self.naming.dataset(dataset)
            custom = {"openlineage_namespace": dataset.namespace, "openlineage_name": dataset.name}
            found: Json = {"name": self.naming.name(dataset), "customProperties": custom, "tags": []}
            yield _proposal("dataset", urn, "datasetProperties", {**found, **_description(facets)})
            yield from self.instance(urn, dataset)
            if fields := facets.get("schema", {}).get("fields"):
                yield _proposal("dataset", urn, "schemaMetadata", self.schema(dataset, fields))
            yield from self.common("dataset", urn, facets)
            if upstream := self.upstream(dataset):
                yield _proposal("dataset", urn, "upstreamLineage", upstream)

    def instance(self, urn: str, dataset: DatasetName) -> Iterator[Json]:
        chosen = self.naming.instances.get(dataset.namespace)
        if chosen:
            platform = f"urn:li:dataPlatform:{self.naming.platform(dataset)}"
            aspect = {"platform": platform, "instance": f"urn:li:dataPlatformInstance:({platform},{chosen})"}
            yield _proposal("dataset", urn, "dataPlatformInstance", aspect)

    def schema(self, dataset: DatasetName, fields: Sequence[Mapping[str, Json]]) -> Json:
        return {
            "schemaName": self.naming.name(dataset),
            "platform": f"urn:li:dataPlatform:{self.naming.platform(dataset)}",
            "version": 0,
            "hash": "",
            "platformSchema": {"com.linkedin.schema.OtherSchema": {"rawSchema": ""}},
            "fields": [self.field(dataset, item) for item in fields],
        }

    def field(self, dataset: DatasetName, item: Mapping[str, Json]) -> Json:
        native = item.get("type") or ""
        found: Json = {
            "fieldPath": self.naming.field(dataset, item["name"]),
            "nullable": True,
            "type": {"type": {f"com.linkedin.schema.{_type(native)}Type": {}}},
            "nativeDataType": native,
            "recursive": False,
            "isPartOfKey": False,
        }
        return {**found, "description": item["description"]} if item.get("description") else found

    def upstream(self, dataset: DatasetName) -> Json | None:
        """What it is made of, by all jobs that write it and say so."""
        jobs = [self.network.jobs[name] for name in sorted(self.network.writers.get(dataset, ()))]
        said = [sources for job in jobs for sources, is_said in (job.sources(dataset),) if is_said]
        arrows = [arrow for job in jobs for arrow in job.arrows if arrow.target.dataset == dataset]
        known = {source for some in said for source in some} | {arrow.source.dataset for arrow in arrows}
        sources = sorted(known - {dataset})
        if not sources:
            return None
        upstreams = [
            {"dataset": urn, "type": "TRANSFORMED", "auditStamp": self.stamp}
            for urn in sorted(map(self.naming.dataset, sources))
        ]
        among = [arrow for arrow in arrows if arrow.source.dataset in sources]
        return {"upstreams": upstreams, "fineGrainedLineages": self.fine_grained(among)}

    def fine_grained(self, arrows: Iterable[Arrow]) -> list[Json]:
        """One entry a column and way of making it; what has a say in all columns has no form in DataHub."""
        chosen = sorted((arrow.target, arrow.how, arrow.source) for arrow in arrows if arrow.target[1] != ALL_COLUMNS)
        found = []
        for (target, how), same in groupby(dict.fromkeys(chosen), key=lambda item: item[:2]):
            entry = {
                "upstreamType": "FIELD_SET",
                "upstreams": [self.naming.column(*source) for _, _, source in same],
                "downstreamType": "FIELD",
                "downstreams": [self.naming.column(*target)],
                "confidenceScore": 1.0,
            }
            found.append({**entry, "transformOperation": how} if how else entry)
        return found

    # What all have

    def properties(self, job: JobNode) -> dict[str, Json]:
        custom = {"openlineage_namespace": job.name.namespace, "openlineage_job": job.name.name}
        for side in ("inputs", "outputs"):
            if state := job.state(side):
                custom[f"dagport_{side}"] = state
        if job.gaps:
            custom["dagport_gaps"] = "; ".join(str(gap["message"]) for gap in job.gaps)[:2000]
        link = job.facets.get("sourceCodeLocation", {}).get("url")
        found: dict[str, Json] = {"customProperties": custom, **_description(job.facets)}
        return {**found, "externalUrl": link} if link else found

    def common(self, entity: str, urn: str, facets: Mapping[str, Facet]) -> Iterator[Json]:
        if owners := facets.get("ownership", {}).get("owners"):
            found = [{"owner": f"urn:li:corpuser:{_part(item['name'])}", "type": "DATAOWNER"} for item in owners]
            yield _proposal(entity, urn, "ownership", {"owners": found, "lastModified": self.stamp})
        if tags := facets.get("tags", {}).get("tags"):
            names = dict.fromkeys(_tag(item) for item in tags)
            yield _proposal(entity, urn, "globalTags", {"tags": [{"tag": f"urn:li:tag:{name}"} for name in names]})


def _proposal(entity: str, urn: str, aspect: str, content: Json) -> Json:
    return {
        "entityType": entity,
        "entityUrn": urn,
        "changeType": "UPSERT",
        "aspectName": aspect,
        "aspect": {"json": content},
    }


def _description(facets: Mapping[str, Facet]) -> dict[str, Json]:
    text = facets.get("documentation", {}).get("description")
    return {"description": text} if text else {}


def _tag(item: Mapping[str, Json]) -> str:
    key, value = str(item["key"]), str(item.get("value", ""))
    return _part(key if value in ("", key) else f"{key}:{value}")


def _part(text: str) -> str:
    return text.replace(",", "%2C").replace("(", "%28").replace(")", "%29")


def _type(native: str) -> str:
    word = native.upper().partition("(")[0].partition("<")[0].strip()
    if word.startswith(("TIMESTAMP", "DATETIME")):
        return "Time"
    if any(part in word for part in NUMBERS) and not word.startswith("INTERVAL"):
        return "Number"
    return next((kind for name, kind in TYPES.items() if word.endswith(name)), "Null")
