"""The schedule of a DAG, taken over by Dagster."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import dagster as dg

from dagport.graph import Pipeline, Schedule
from dagport.semantics.schedules import UnknownScheduleError, fires
from dagport_adapters.dagster.wrap.keys import Key
from dagport_adapters.dagster.wrap.plan import PlannedDag

Version = Literal["2", "3"]
LOOK_SECONDS = 30
MOST_AT_ONCE = 50  # runs of one look: the next look takes the others
TIMED = ("cron", "interval", "once", "timetable")


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What starts the runs of a DAG."""

    job: Any = None
    schedule: Any = None
    sensor: Any = None
    note: str | None = None  # why there is nothing


def version_of(pipeline: Pipeline) -> Version:
    """The major version of Airflow that a DAG is written for."""
    return "3" if pipeline.engine_version == "3" else "2"


def take_over(dag: PlannedDag, assets: Any, partitions: Any) -> TakenOver:
    """What starts the runs of a DAG that runs by the clock: a schedule where it has partitions, else a sensor."""
    kind = dag.pipeline.schedule.kind
    if kind in ("manual", "assets"):
        return TakenOver()
    if kind not in TIMED:
        return TakenOver(note=f"{dag.dag_id}: its schedule ({kind}) isn't taken over, Dagster has nothing like it")
    selection = dg.AssetSelection.assets(assets)
    job = dg.define_asset_job(f"{dag.name}__job", selection=selection, description=dag.pipeline.description)
    if partitions is not None:
        return TakenOver(job, dg.build_schedule_from_partitioned_job(job, name=f"{dag.name}_schedule"))
    try:
        now = datetime.now(UTC)
        fires(dag.pipeline, version=version_of(dag.pipeline), start=now, until=now)
    except UnknownScheduleError as error:
        return TakenOver(note=f"{dag.dag_id}: its schedule isn't taken over: {error}")
    return TakenOver(job, sensor=_sensor(dag, job))


def _sensor(dag: PlannedDag, job: Any) -> dg.SensorDefinition:
    """A sensor that asks for the runs which Airflow's scheduler would start, from when it is turned on."""

    def look(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        now = datetime.now(UTC)
        if not context.cursor:
            return dg.SensorResult(skip_reason="It begins now: earlier runs aren't made up for", cursor=now.isoformat())
        since = datetime.fromisoformat(context.cursor)
        due = [
            fire
            for fire in fires(dag.pipeline, version=version_of(dag.pipeline), start=since, until=now)
            if fire.at > since
        ][:MOST_AT_ONCE]
        requests = [_request(dag.name, fire.logical_date, fire.data_interval) for fire in due]
        end = due[-1].at if len(due) == MOST_AT_ONCE else now
        return dg.SensorResult(run_requests=requests, cursor=end.isoformat())

    return dg.SensorDefinition(
        name=f"{dag.name}_schedule", evaluation_fn=look, job=job, minimum_interval_seconds=LOOK_SECONDS,
        description="Starts the runs that Airflow's scheduler would start.",
    )  # fmt: skip


def _request(op: str, logical_date: datetime, interval: tuple[datetime, datetime]) -> dg.RunRequest:
    config = {"logical_date": logical_date.isoformat(), "data_interval": [one.isoformat() for one in interval]}
    return dg.RunRequest(run_key=logical_date.isoformat(), run_config={"ops": {op: {"config": config}}})


def condition_of(dag: PlannedDag) -> Any:
    """When the assets of a DAG are due that is scheduled by assets: all of them at once; ``None`` for other schedules.

    Raises ``ValueError`` for a condition that names an asset which isn't known.
    """
    schedule = dag.pipeline.schedule
    if schedule.kind != "assets" or not schedule.assets:
        return None
    return _condition(expression_of(schedule), dag.waits_for)


def expression_of(schedule: Schedule) -> ast.expr:
    """The condition of a schedule by assets, over their names as texts."""
    if schedule.condition in ("all", "any", None):
        joint = " | " if schedule.condition == "any" else " & "
        return ast.parse(joint.join(map(repr, schedule.assets or ())), mode="eval").body
    return ast.parse(str(schedule.condition), mode="eval").body


def _condition(node: ast.expr, keys: Mapping[str, Key]) -> Any:
    match node:
        case ast.BinOp(left=left, op=ast.BitAnd(), right=right):
            return _condition(left, keys) & _condition(right, keys)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _condition(left, keys) | _condition(right, keys)
        case ast.Constant(value=str(name)) if name in keys:
            updated = dg.AutomationCondition.asset_matches(
                dg.AssetKey(list(keys[name])), dg.AutomationCondition.newly_updated()
            )
            return updated.since(dg.AutomationCondition.newly_requested())
    raise ValueError(f"{ast.unparse(node)} names no asset that is known")
