"""Which assets the tasks of a DAG make, and how its runs are their partitions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

DAG_ID, TASK_ID = "airflow/dag_id", "airflow/task_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedDag:
    """A DAG whose runs are seen."""

    dag_id: str
    assets: Mapping[str, Sequence[dg.AssetKey]]  # task id -> what it makes
    partitions: dg.PartitionsDefinition | None = None


def observed_dags(definitions: dg.Definitions) -> list[ObservedDag]:
    """The DAGs of definitions, by the metadata ``airflow/dag_id`` and ``airflow/task_id`` that ``wrap_dags`` gives."""
    specs: defaultdict[str, list[dg.AssetSpec]] = defaultdict(list)
    for spec in definitions.resolve_all_asset_specs():
        if DAG_ID in spec.metadata and TASK_ID in spec.metadata:
            specs[str(spec.metadata[DAG_ID])].append(spec)
    return [_observed(dag_id, specs[dag_id]) for dag_id in sorted(specs)]


def _observed(dag_id: str, specs: Iterable[dg.AssetSpec]) -> ObservedDag:
    assets: defaultdict[str, list[dg.AssetKey]] = defaultdict(list)
    partitions = None
    for spec in sorted(specs, key=lambda spec: list(spec.key.path)):
        assets[str(spec.metadata[TASK_ID])].append(spec.key)
        partitions = partitions or spec.partitions_def
    return ObservedDag(dag_id=dag_id, assets=dict(assets), partitions=partitions)
