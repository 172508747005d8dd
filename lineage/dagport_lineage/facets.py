"""Facets as plain JSON objects, each with the schema that it keeps.

Sources: the schemas of the OpenLineage specification (spec/facets). The official client's classes aren't used here:
importing them takes longer than reading a hundred DAG files. The tests check every facet against its official schema.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, TypeAlias

from dagport import __version__

Json: TypeAlias = Any
Facet: TypeAlias = dict[str, Json]
Event: TypeAlias = dict[str, Json]
Entity: TypeAlias = Literal["run", "job", "dataset"]

REPOSITORY = "https://github.com/dagport/dagport"
SPEC = "https://openlineage.io/spec"
CORE = f"{SPEC}/2-0-2/OpenLineage.json#/$defs"
OWN_SCHEMAS = "https://raw.githubusercontent.com/dagport/dagport/main/lineage/dagport_lineage/schemas"

SCHEMAS: dict[tuple[Entity, str], str] = {
    ("run", "errorMessage"): "1-0-1/ErrorMessageRunFacet",
    ("run", "jobDependencies"): "1-0-1/JobDependenciesRunFacet",
    ("run", "nominalTime"): "1-0-1/NominalTimeRunFacet",
    ("run", "parent"): "1-2-0/ParentRunFacet",
    ("run", "processing_engine"): "1-1-1/ProcessingEngineRunFacet",
    ("run", "tags"): "1-0-0/TagsRunFacet",
    ("job", "documentation"): "1-1-0/DocumentationJobFacet",
    ("job", "jobType"): "2-0-4/JobTypeJobFacet",
    ("job", "lineage"): "1-0-0/LineageFacet.json#/$defs/LineageJobFacet",
    ("job", "ownership"): "1-0-1/OwnershipJobFacet",
    ("job", "sourceCode"): "1-0-1/SourceCodeJobFacet",
    ("job", "sourceCodeLocation"): "1-1-0/SourceCodeLocationJobFacet",
    ("job", "sql"): "1-1-0/SQLJobFacet",
    ("job", "tags"): "1-0-0/TagsJobFacet",
    ("dataset", "columnLineage"): "1-2-0/ColumnLineageDatasetFacet",
    ("dataset", "dataSource"): "1-0-1/DatasourceDatasetFacet",
    ("dataset", "datasetType"): "1-0-1/DatasetTypeDatasetFacet",
    ("dataset", "documentation"): "1-1-0/DocumentationDatasetFacet",
    ("dataset", "lifecycleStateChange"): "1-0-1/LifecycleStateChangeDatasetFacet",
    ("dataset", "schema"): "1-2-0/SchemaDatasetFacet",
    ("dataset", "symlinks"): "1-0-1/SymlinksDatasetFacet",
    ("dataset", "tags"): "1-0-0/TagsDatasetFacet",
}
"""The official facets in use: version and definition."""

PRODUCER = f"{REPOSITORY}/tree/v{__version__}/lineage"
"""What ``producer`` and ``_producer`` say: this version of dagport."""


@cache
def schema_url(entity: Entity, key: str) -> str:
    """The address of the schema of an official facet. Raises ``KeyError`` for a facet that isn't one."""
    tail = SCHEMAS[entity, key]
    if "#" in tail:
        return f"{SPEC}/facets/{tail}"
    return f"{SPEC}/facets/{tail}.json#/$defs/{tail.rpartition('/')[2]}"


def facet(entity: Entity, key: str, **fields: Json) -> Facet:
    """An official facet; fields that are ``None`` are left out."""
    found = {name: value for name, value in fields.items() if value is not None}
    return {"_producer": PRODUCER, "_schemaURL": schema_url(entity, key), **found}
