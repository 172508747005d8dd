"""Outcomes as events of Dagster, each told once: what the event log has of a run isn't told again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import dagster as dg

from dagport_adapters.dagster.observe.mapping import ObservedDag
from dagport_adapters.dagster.observe.outcomes import Outcome, event, started
from dagport_adapters.dagster.partitions import partition_of
from dagport_adapters.dagster.wrap import told
from dagport_adapters.runners.remote.model import LiveRun

MARK, NO_PARTITION = "dagport/outcome", "dagport/no_partition"
CLOCKS = timedelta(hours=1)  # by which Dagster's clock may be behind Airflow's
RECORDS = 1000  # of an asset, in one look into the event log
ALIGNMENT_ERRORS = (ValueError, TypeError, OverflowError, ArithmeticError, LookupError, StopIteration)


@dataclass(frozen=True, slots=True)
class Landing:
    """Where the events of a run belong: its partition, or why it has none."""

    partition: str | None
    reason: str | None = None


def landing_of(run: LiveRun, partitions: dg.PartitionsDefinition | None) -> Landing:
    """The partition of a run. Whatever is odd about one run is the reason of that run alone."""
    if partitions is None:
        return Landing(None)
    if run.logical_date is None:
        return Landing(None, "the run has no logical date")
    try:
        key = partition_of(partitions, run.logical_date, run.data_interval)
    except ALIGNMENT_ERRORS as error:
        return Landing(None, f"its partition can't be found: {type(error).__name__}: {error}")
    shown = run.logical_date.isoformat()
    return Landing(key, None if key else f"no partition is the run of the logical date {shown} and its data interval")


@dataclass(frozen=True, slots=True)
class Log:
    """Dagster's event log, asked once in a tick for each asset."""

    instance: Any
    found: dict[tuple[dg.AssetKey, bool], tuple[datetime, set[tuple[str, str]]]] = field(default_factory=dict)

    def has(self, key: dg.AssetKey, run: LiveRun, outcome: Outcome) -> bool:
        """Whether an event of this outcome is there, told by the sensor or by the step that has started the run."""
        since, marks = self.found.get((key, outcome.made), (None, set()))
        if since is None or outcome.end < since:
            since, marks = outcome.end, self._marks(key, outcome)
            self.found[key, outcome.made] = since, marks
        return (run.run_id, outcome.mark) in marks

    def _marks(self, key: dg.AssetKey, outcome: Outcome) -> set[tuple[str, str]]:
        fetch = self.instance.fetch_materializations if outcome.made else self.instance.fetch_observations
        after = dg.AssetRecordsFilter(key, after_timestamp=max(0.0, (outcome.end - CLOCKS).timestamp()))
        marks, cursor = set(), None
        while True:
            page = fetch(after, limit=RECORDS, cursor=cursor)
            for record in page.records:
                asset_event = record.asset_materialization if outcome.made else record.asset_observation
                marks.add(_told_mark(asset_event.metadata))
            if not page.has_more:
                return marks
            cursor = page.cursor


def _told_mark(metadata: Mapping[str, Any]) -> tuple[str, str]:
    """The run and the outcome of an event; those of ``wrap_dags`` have no mark, but what it is made of."""
    run_id = _value(metadata, told.RUN_ID)
    mark = _value(metadata, MARK)
    index = _value(metadata, "airflow/map_index")
    return run_id, mark or f"{_value(metadata, told.TRY)}|{index}|{_value(metadata, told.STATE)}"


def _value(metadata: Mapping[str, Any], name: str) -> str:
    return str(metadata[name].value) if name in metadata else ""


def events_of(
    run: LiveRun, outcome: Outcome, dag: ObservedDag, landing: Landing, log: Log
) -> Iterator[dg.AssetMaterialization | dg.AssetObservation]:
    """What is told of an outcome, and isn't in the event log yet: an event for each asset of the task."""
    kind = dg.AssetMaterialization if outcome.made else dg.AssetObservation
    for key in dag.assets.get(outcome.task_id, ()):
        if not log.has(key, run, outcome):
            yield kind(
                key,
                description=_description(outcome),
                metadata=_metadata(run, outcome, landing),
                partition=landing.partition,
            )


def _description(outcome: Outcome) -> str:
    index = "" if outcome.map_index is None else f", map index {outcome.map_index}"
    again = f", try {outcome.try_number}" if outcome.try_number > 1 or outcome.state == "up_for_retry" else ""
    return f"Airflow: {outcome.state}{index}{again}"


def _metadata(run: LiveRun, outcome: Outcome, landing: Landing) -> dict[str, Any]:
    ran = [event(task) for task in outcome.tasks if task.state is not None]
    if outcome.whole and ran:
        found = told.instances_metadata(ran, outcome.state)
    elif ran:
        found = told.try_metadata(ran[0])
    else:
        found = {}
    found |= {told.STATE: outcome.state, told.TRY: outcome.try_number}
    found |= {**told.run_metadata(started(run)), "airflow/run_type": run.run_type, "airflow/run_state": run.state}
    if run.data_interval:
        found["airflow/data_interval"] = "/".join(moment.isoformat() for moment in run.data_interval)
    if landing.reason:
        found[NO_PARTITION] = landing.reason
    return {**found, MARK: outcome.mark}
