"""Evaluates the sensor of observed runs as Dagster's daemon does, one command a line on standard input.

    DAGSTER_PYTHON observing.py URL MAJOR USER HOME

``tick`` evaluates it and stores what it gives, as the daemon does, ``events`` prints what the event log has, ``reset``
forgets the cursor. A tick that fails has ``error``, and nothing is stored.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster._core.definitions.sensor_definition import SensorExecutionData
from dagster._grpc.impl import get_external_sensor_execution

from dagport.graph import Pipeline, Schedule
from dagport_adapters.dagster import RemoteAirflowResource
from dagport_adapters.dagster.observe import ObservedDag, observe_airflow
from dagport_adapters.dagster.partitions import partitions_for

CRONS = {  # DAG id -> cron, zone, start and end
    "by_hand": ("0 0 * * *", None, "2024-03-01T00:00:00+00:00", None),
    "days": ("0 0 * * *", "Europe/Paris", "2024-03-28T00:00:00+01:00", None),
    "hours": ("0 * * * *", "Europe/Paris", "2024-10-26T22:00:00+02:00", None),
    "at_half_past_two": ("30 2 * * *", "Europe/Paris", "2024-03-28T00:00:00+01:00", None),
    "many": ("*/5 * * * *", None, "2024-05-01T00:00:00+00:00", None),
}
TASKS = {
    "endings": (
        "good", "made", "bad", "after_bad", "flaky", "choose", "left", "right", "halves", "mapped", "mapped_once",
        "mapped_never",
    ),
    "slow": ("sleep", "after"),
}  # fmt: skip


def observed(major: str) -> list[ObservedDag]:
    found = []
    for dag_id in (*TASKS, *CRONS):
        assets = {task: [dg.AssetKey([dag_id, task])] for task in TASKS.get(dag_id, ("only",))}
        found.append(ObservedDag(dag_id=dag_id, assets=assets, partitions=partitions(dag_id, major)))
    found.append(ObservedDag(dag_id="deleted_long_ago", assets={"a": [dg.AssetKey(["deleted_long_ago", "a"])]}))
    return found


def partitions(dag_id: str, major: str) -> dg.PartitionsDefinition | None:
    if dag_id not in CRONS:
        return None
    cron, zone, start, end = CRONS[dag_id]
    pipeline = Pipeline(
        id=dag_id, exact=True, schedule=Schedule(kind="cron", cron=cron), start_date=start, end_date=end,
        timezone=zone, engine_version=major,
    )  # fmt: skip
    return partitions_for(pipeline, otherwise="dynamic")


class Host:
    """Dagster's instance, and what its daemon keeps of the sensor."""

    def __init__(self, url: str, major: str, user: str, home: str) -> None:
        resource = RemoteAirflowResource(
            url=url, username=user, password=dg.EnvVar("OBSERVED_PASSWORD"), basic=major == "2"
        )
        self.dags = observed(major)
        sensor = observe_airflow(self.dags, start_from=datetime(2024, 1, 1, tzinfo=UTC), runs_per_tick=40)
        self.definitions = dg.Definitions(sensors=[sensor], resources={"airflow": resource})
        self.instance = dg.DagsterInstance.local_temp(home)
        self.cursor: str | None = None

    def tick(self) -> dict[str, Any]:
        repository = self.definitions.get_repository_def()
        origin: Any = None
        found = get_external_sensor_execution(  # what a code server does when the daemon asks
            repository, origin, self.instance.get_ref(), "observe_airflow", None, None, self.cursor, None, None
        )
        if not isinstance(found, SensorExecutionData):
            return {"error": found.error.to_string()}
        for event in found.asset_events:
            self.instance.report_runless_asset_event(event)
        for request in found.dynamic_partitions_requests or ():
            self.instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
        moved, self.cursor = self.cursor != found.cursor, found.cursor
        return {
            "events": len(found.asset_events),
            "said": found.skip_message,
            "moved": moved,
            "cursor": len(found.cursor or ""),
        }

    def events(self) -> list[dict[str, Any]]:
        found = []
        for dag in self.dags:
            for task, (key,) in dag.assets.items():
                for kind, fetch in (
                    ("made", self.instance.fetch_materializations),
                    ("seen", self.instance.fetch_observations),
                ):
                    for record in fetch(key, limit=5000, ascending=True).records:
                        event = record.asset_materialization or record.asset_observation
                        metadata = {name: value.value for name, value in event.metadata.items()}
                        found.append(
                            {"kind": kind, "dag": dag.dag_id, "task": task, "partition": event.partition, **metadata}
                        )
        return found


def main(*arguments: str) -> None:
    host = Host(*arguments)
    for line in sys.stdin:
        command = line.strip()
        if command == "tick":
            answer: Any = host.tick()
        elif command == "events":
            answer = host.events()
        else:
            host.cursor = answer = None
        sys.stdout.write("\n@" + json.dumps(answer, default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
