"""The datasets of an event, and their facets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from dagport_lineage.events.formats import is_uri
from dagport_lineage.facets import Facet, Json, facet
from dagport_lineage.model import Column, ColumnSource, DatasetName, Read, Transformation, Write

FILE_SCHEMES = ("abfss", "dbfs", "file", "gs", "hdfs", "s3", "wasbs")
TOPIC_SCHEMES = ("kafka", "pubsub")


def read_dataset(read: Read) -> Json:
    """An input of a job. Columns that are known to be read are no schema: there may be others."""
    return {**identifier(read.dataset), "facets": {**common_facets(read.dataset), **schema_facets(read.schema)}}


def written_dataset(write: Write) -> Json:
    """An output of a job."""
    found = {**common_facets(write.dataset), **schema_facets(write.schema)}
    if write.columns or write.influences:
        found["columnLineage"] = column_lineage(write)
    if write.lifecycle is not None:
        found["lifecycleStateChange"] = lifecycle(write)
    return {**identifier(write.dataset), "facets": found}


def identifier(dataset: DatasetName) -> dict[str, Json]:
    """A dataset as other entities name it."""
    return {"namespace": dataset.namespace, "name": dataset.name}


def common_facets(dataset: DatasetName) -> dict[str, Facet]:
    """What the name alone says."""
    uri = dataset.namespace if is_uri(dataset.namespace) else None
    found = {"dataSource": facet("dataset", "dataSource", name=dataset.namespace, uri=uri)}
    kind = dataset_type(dataset)
    if kind is not None:
        found["datasetType"] = facet("dataset", "datasetType", datasetType=kind)
    return found


def dataset_type(dataset: DatasetName) -> str | None:
    """``FILE`` or ``TOPIC``; ``None`` where the name leaves it open: a table may be a view, a path a folder."""
    scheme = urlsplit(dataset.namespace).scheme if ":" in dataset.namespace else dataset.namespace
    if scheme in TOPIC_SCHEMES:
        return "TOPIC"
    is_file = scheme in FILE_SCHEMES and "." in dataset.name.rpartition("/")[2].strip(".")
    return "FILE" if is_file and not set(dataset.name) & set("*?{[") else None


def schema_facets(schema: Sequence[Column]) -> dict[str, Facet]:
    """The ``schema`` facet, where the source says all columns."""
    if not schema:
        return {}
    fields = [_without_none(name=one.name, type=one.type, description=one.description) for one in schema]
    return {"schema": facet("dataset", "schema", fields=fields)}


def column_lineage(write: Write) -> Facet:
    """From which columns each column comes, and below ``dataset`` those that decide over all of it."""
    fields = {name: {"inputFields": _input_fields(found)} for name, found in write.columns.items()}
    influences = _input_fields(write.influences) if write.influences else None
    return facet("dataset", "columnLineage", fields=fields, dataset=influences)


def _input_fields(sources: Iterable[ColumnSource]) -> list[Json]:
    return [
        {**identifier(one.dataset), "field": one.column, "transformations": transformations(one.transformations)}
        for one in sorted(sources)
    ]


def transformations(found: Iterable[Transformation]) -> list[Json]:
    """Transformations as the ``columnLineage`` and ``lineage`` facets spell them."""
    return [{"type": one.type, "subtype": one.subtype, "masking": one.masking} for one in sorted(found)]


def lifecycle(write: Write) -> Facet:
    """What happened to the dataset itself."""
    previous = identifier(write.previous) if write.previous is not None else None
    return facet("dataset", "lifecycleStateChange", lifecycleStateChange=write.lifecycle, previousIdentifier=previous)


def _without_none(**fields: Json) -> dict[str, Json]:
    return {name: value for name, value in fields.items() if value is not None}
