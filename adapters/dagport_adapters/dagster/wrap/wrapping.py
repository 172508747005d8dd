"""``wrap_dags``: legacy DAGs, unchanged, as assets of Dagster."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import dagster as dg

from dagport.options import AirflowVersion, ReadOptions
from dagport_adapters.dagster.partitions import alignment_of, data_interval_of, logical_date_of
from dagport_adapters.dagster.resources import AirflowResource
from dagport_adapters.dagster.wrap.build import assets_of, quietly, shared_spec
from dagport_adapters.dagster.wrap.lineage import observers_of
from dagport_adapters.dagster.wrap.plan import Inexact, KeyCollisionError, PlannedDag, plan
from dagport_adapters.dagster.wrap.schedules import TakenOver, condition_of, take_over
from dagport_adapters.dagster.wrap.sources import Source, find
from dagport_adapters.dagster.wrap.step import Dates

__all__ = ["KeyCollisionError", "wrap_dags"]

NOTES = "dagport/notes"
Schedules = Literal["off", "take over"]
Partitions = Literal["schedule", "off"]
_LOG = logging.getLogger("dagport")


def wrap_dags(
    source: Source,
    *,
    runner: AirflowResource,
    key_prefix: str | Sequence[str] = (),
    select: str | Sequence[str] = (),
    exclude: str | Sequence[str] = (),
    schedules: Schedules = "off",
    partitions: Partitions = "schedule",
    lineage: bool = True,
    inexact: Inexact = "wrap",
    airflow_version: AirflowVersion | None = None,
    retry_policy: dg.RetryPolicy | None = None,
    timeout: float | None = None,
    resource_key: str = "airflow",
    root: Path | None = None,
) -> dg.Definitions:
    """Definitions in which each DAG of a source is a multi-asset, whose step runs the DAG where it is.

    ``source`` is a file or folder of DAGs (or several), which is read and never run, or a live Airflow
    (``RemoteAirflowResource``). ``runner`` runs them; it becomes the resource ``resource_key``. ``select`` and
    ``exclude`` are patterns of DAG ids. ``key_prefix`` is put before the keys of tasks; those of outlets are made of
    their URIs alone. ``schedules="take over"`` adds what starts the runs; else they start by hand or by what you add.
    ``partitions="schedule"`` gives a DAG with a cron schedule a partition for each run. ``lineage``: emit OpenLineage
    events where the environment names a target. ``inexact="leave out"`` wraps only what can be read exactly.
    ``airflow_version``: where the files don't tell it. ``timeout``: seconds of a run.

    What can't be had as in Airflow is logged as a warning (logger ``dagport``) and is in the definitions' metadata
    ``dagport/notes``. Raises ``ProjectError`` for a path that isn't there, and ``KeyCollisionError``.
    """
    found = find(source, root=root, options=ReadOptions(airflow_version=airflow_version))
    chosen = plan(
        found, key_prefix=_several(key_prefix), select=_several(select), exclude=_several(exclude), inexact=inexact
    )
    dags = [_of_version(dag, airflow_version) for dag in chosen.dags]
    options = {"retry_policy": retry_policy, "timeout": timeout, "observers": observers_of if lineage else None}
    wrapped = quietly(lambda: [_wrap(dag, resource_key, schedules, partitions, options) for dag in dags])
    notes = [*chosen.notes, *(note for one in wrapped for note in one.notes)]
    for note in notes:
        _LOG.warning("%s", note)
    started = [one.starts for one in wrapped]
    return dg.Definitions(
        assets=[*(one.assets for one in wrapped), *quietly(lambda: map(shared_spec, chosen.shared))],
        jobs=_there(one.job for one in started),
        schedules=_there(one.schedule for one in started),
        sensors=_there(one.sensor for one in started),
        resources={resource_key: runner},
        metadata={NOTES: dg.MetadataValue.json(notes)},
    )


@dataclass(frozen=True, slots=True)
class _Wrapped:
    assets: Any
    starts: TakenOver
    notes: tuple[str, ...]


def _wrap(
    dag: PlannedDag, resource: str, schedules: Schedules, partitions: Partitions, options: Mapping[str, Any]
) -> _Wrapped:
    notes: list[str] = []
    windows, condition = None, None
    if partitions == "schedule" and dag.pipeline.schedule.kind == "cron":
        aligned = alignment_of(dag.pipeline)
        windows = aligned.partitions
        notes += [f"{dag.dag_id} has no partitions: {aligned.reason}"] * (windows is None)
    if schedules == "take over":
        try:
            condition = condition_of(dag)
        except ValueError as error:
            notes.append(f"{dag.dag_id}: its schedule isn't taken over: {error}")
    assets = assets_of(
        dag, resource, partitions=windows, dates=windows and _dates(windows), condition=condition, **options
    )
    starts = take_over(dag, assets, windows) if schedules == "take over" else TakenOver()
    return _Wrapped(assets, starts, (*notes, *([starts.note] if starts.note else [])))


def _dates(partitions: dg.PartitionsDefinition) -> Dates:
    return lambda key: (logical_date_of(partitions, key), data_interval_of(partitions, key))


def _of_version(dag: PlannedDag, version: AirflowVersion | None) -> PlannedDag:
    """The DAG with the version that its schedule means, where its file doesn't tell it."""
    if version is None or dag.pipeline.engine_version is not None:
        return dag
    return replace(dag, pipeline=replace(dag.pipeline, engine_version=version))


def _several(one_or_more: str | Sequence[str]) -> tuple[str, ...]:
    return (one_or_more,) if isinstance(one_or_more, str) else tuple(one_or_more)


def _there(items: Iterable[Any]) -> list[Any]:
    return [item for item in items if item is not None]
