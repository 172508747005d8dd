"""The plan as definitions of Dagster."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import dagster as dg

from dagport.graph import Task
from dagport_adapters.dagster.wrap.keys import Key, names
from dagport_adapters.dagster.wrap.plan import OWNER, SYSTEM, TAG, PlannedAsset, PlannedDag, SharedAsset
from dagport_adapters.dagster.wrap.step import Dates, Observers, WrappedStep

KIND = "airflow"
KINDS = {
    "python": "python", "branch": "python", "short_circuit": "python", "bash": "bash", "sql": "sql", "sensor": "sensor",
    "container": "docker", "spark": "spark", "dbt": "dbt", "http": "http",
}  # fmt: skip
"""A task's kind, as Dagster's pages know it."""
CONFIG = {
    "params": dg.Field(dg.Permissive(), is_required=False, description="Params of the DAG, which has defaults."),
    "conf": dg.Field(dg.Permissive(), is_required=False, description="The conf of the DAG run."),
    "logical_date": dg.Field(str, is_required=False, description="ISO 8601; a partition has its own."),
    "data_interval": dg.Field([str], is_required=False, description="Its beginning and end, in ISO 8601."),
}
NO_VALUE = dg.Nothing


def assets_of(
    dag: PlannedDag,
    resource: str,
    *,
    partitions: Any = None,
    dates: Dates | None = None,
    observers: Observers | None = None,
    condition: Any = None,
    retry_policy: Any = None,
    timeout: float | None = None,
) -> dg.AssetsDefinition:
    """The multi-asset of a DAG. ``dates`` are those of a partition, ``condition`` its automation condition."""
    keys = [dg.AssetKey(list(asset.key)) for asset in dag.assets]
    by_key = dict(zip((asset.key for asset in dag.assets), keys, strict=True))
    labels = names("//".join(asset.key) for asset in dag.assets)
    outputs = {labels["//".join(asset.key)]: key for asset, key in zip(dag.assets, keys, strict=True)}
    inputs, ins = _inputs(dag, by_key)
    shared = _shared(dag, partitions, condition)
    out = dg.Out(NO_VALUE, is_required=False)
    step = WrappedStep(dag, resource, dates, observers, timeout)
    op = dg.OpDefinition(
        compute_fn=lambda context, _: step.run(context),
        name=dag.name,
        ins=ins,
        outs=dict.fromkeys(outputs, out),
        description=dag.pipeline.description,
        config_schema=CONFIG,
        required_resource_keys={resource},
        retry_policy=retry_policy,
    )
    tasks = {task.id: task for task in dag.pipeline.tasks}
    specs = [_spec(dag, asset, by_key, tasks[asset.task_id], shared) for asset in dag.assets]
    return dg.AssetsDefinition(
        keys_by_input_name=inputs, keys_by_output_name=outputs, node_def=op, specs=specs, can_subset=True
    )


def _inputs(dag: PlannedDag, own: Mapping[Key, Any]) -> tuple[dict[str, Any], dict[str, dg.In]]:
    """An input for each asset that is depended on, those of the DAG itself too: a part of it may run without them."""
    inputs: dict[str, Any] = {}
    nothing = dg.In(NO_VALUE)
    for dep in dict.fromkeys(dep for asset in dag.assets for dep in asset.deps):
        name = f"__subset_input__{len(inputs)}" if dep in own else f"upstream_{len(inputs)}"
        inputs[name] = own.get(dep) or dg.AssetKey(list(dep))
    return inputs, dict.fromkeys(inputs, nothing)


def _shared(dag: PlannedDag, partitions: Any, condition: Any) -> dict[str, Any]:
    """What all assets of a DAG have alike."""
    tags = {tag: "" for tag in dag.pipeline.tags if TAG.match(tag) and not tag.startswith(SYSTEM)}
    return {
        "group_name": dag.name,
        "tags": tags,
        "skippable": True,
        "partitions_def": partitions,
        "automation_condition": condition,
    }


def _spec(
    dag: PlannedDag, asset: PlannedAsset, own: Mapping[Key, Any], task: Task, shared: Mapping[str, Any]
) -> dg.AssetSpec:
    metadata = dict(asset.metadata)
    if dag.file and task.span:
        place = dg.LocalFileCodeReference(file_path=str(dag.file), line_number=task.span[0])
        metadata["dagster/code_references"] = dg.CodeReferencesMetadataValue(code_references=[place])
    if dag.url:
        metadata["airflow/dag_url"] = dg.MetadataValue.url(dag.url)
    return dg.AssetSpec(
        own[asset.key],
        deps=[own.get(dep) or dg.AssetKey(list(dep)) for dep in asset.deps],
        description=task.doc or None,
        metadata=metadata,
        kinds={KIND, KINDS[task.kind]} if task.kind in KINDS else {KIND},
        owners=[task.owner] if task.owner and OWNER.match(task.owner) else None,
        **shared,
    )


def shared_spec(asset: SharedAsset) -> dg.AssetSpec:
    """An asset that several tasks make: it isn't run by itself."""
    deps = [dg.AssetKey(list(dep)) for dep in asset.deps]
    return dg.AssetSpec(dg.AssetKey(list(asset.key)), deps=deps, metadata={"dagster/uri": asset.uri}, kinds={KIND})


def quietly(make: Callable[[], Iterable[Any]]) -> list[Any]:
    """Make definitions without the warnings that Dagster has for what is beta in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return list(make())
