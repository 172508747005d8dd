"""Runs in the Dagster host: wraps DAGs, does what a file asks for, and writes what Dagster's event log says.

    WRAPPED_WORK=WORK.json PYTHON dagster_host.py

It is also what ``dagster -f`` loads: its definitions are ``defs``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import dagster as dg

from dagport_adapters.dagster import LocalAirflowResource, RemoteAirflowResource, wrap_dags

JOBS = {"several": ("maker", "taker", "hurried"), "mending": ("mended",), "sleeping": ("sleepy",)}
IN_PROCESS = ("mending",)  # the others have a process for each step
SHOWN = (
    "ASSET_MATERIALIZATION",
    "ASSET_OBSERVATION",
    "STEP_FAILURE",
    "STEP_SUCCESS",
    "STEP_UP_FOR_RETRY",
    "STEP_SKIPPED",
)


def definitions(work: dict[str, Any]) -> dg.Definitions:
    """The wrapped DAGs of the tests."""
    options = {"schedules": "take over", **work.get("options", {})}
    if "remote" in work:
        live = RemoteAirflowResource(**work["remote"], password=dg.EnvVar("LIVE_PASSWORD"))
        wrapped = wrap_dags(live, runner=live, **options)
    else:
        wrapped = wrap_dags(work["airflow"]["dags"], runner=LocalAirflowResource(**work["airflow"]), **options)
    jobs = [
        dg.define_asset_job(
            name,
            selection=dg.AssetSelection.groups(*groups),
            executor_def=dg.in_process_executor if name in IN_PROCESS else None,
        )
        for name, groups in JOBS.items()
    ]
    return dg.Definitions.merge(wrapped, dg.Definitions(jobs=jobs))


def told(instance: dg.DagsterInstance, run_id: str) -> list[dict[str, Any]]:
    """The events of a run that count, in order."""
    found = []
    for entry in instance.all_logs(run_id):
        event = entry.dagster_event
        if event is None or event.event_type_value not in SHOWN:
            continue
        one: dict[str, Any] = {"type": event.event_type_value, "step": event.step_key, "time": entry.timestamp}
        if event.event_type_value.startswith("ASSET_"):
            asset = event.event_specific_data
            asset = getattr(asset, "materialization", None) or asset.asset_observation
            one |= {"key": asset.asset_key.path, "partition": asset.partition, "description": asset.description}
            one["metadata"] = {name: getattr(value, "value", None) for name, value in asset.metadata.items()}
        if event.event_type_value == "STEP_FAILURE":
            failure = event.step_failure_data
            one["message"] = failure.error.message if failure.error else None
            data = failure.user_failure_data
            one["metadata"] = {name: value.value for name, value in data.metadata.items()} if data else {}
        found.append(one)
    return found


class Host:
    """Definitions, an instance, and the runs of this process."""

    def __init__(self, work: dict[str, Any]) -> None:
        self.work = work
        self.defs = defs
        self.instance = dg.DagsterInstance.get() if os.environ.get("DAGSTER_HOME") else dg.DagsterInstance.ephemeral()
        self.runs: dict[str, str] = {}

    def do(self, step: dict[str, Any]) -> dict[str, Any]:
        """One thing that is asked for."""
        answer: dict[str, Any] = getattr(self, step["do"])(**{key: value for key, value in step.items() if key != "do"})
        return answer

    def run(self, keys: list[list[str]] | None = None, **more: Any) -> dict[str, Any]:
        """Materialise some assets."""
        named = more.get("job")
        job = self.defs.resolve_job_def(named) if named else self.defs.resolve_implicit_global_asset_job_def()
        assets = [dg.AssetKey(key) for key in keys] if keys else None
        result = job.execute_in_process(
            instance=self.instance, asset_selection=assets, raise_on_error=False,
            partition_key=more.get("partition"), run_config=more.get("config"), tags=more.get("tags"),
        )  # fmt: skip
        self.runs[more.get("name", "")] = result.run_id
        return {"success": result.success, "run_id": result.run_id, "events": told(self.instance, result.run_id)}

    def fail(self, run_id: str) -> dict[str, Any]:
        """Note that a run's process is gone, as Dagster's run monitoring does."""
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        self.instance.report_run_failed(run)
        return {"events": told(self.instance, run_id)}

    def latest(self) -> dict[str, Any]:
        """The newest run."""
        [run] = self.instance.get_runs(limit=1)
        return {"run_id": run.run_id, "status": run.status.value, "events": told(self.instance, run.run_id)}

    def again(self, job: str, name: str | None = None, run_id: str | None = None) -> dict[str, Any]:
        """Execute a run of a job again from its failure."""
        options = dg.ReexecutionOptions.from_failure(run_id or self.runs[name or ""], self.instance)
        with dg.execute_job(dg.reconstructable(globals()[job]), self.instance, reexecution_options=options) as result:
            return {"success": result.success, "run_id": result.run_id, "events": told(self.instance, result.run_id)}

    def retried(self, dag: str) -> dict[str, Any]:
        """Run a DAG whose step Dagster tries a second time."""
        policy = dg.RetryPolicy(max_retries=1)
        airflow = LocalAirflowResource(**self.work["airflow"])
        wrapped = wrap_dags(self.work["airflow"]["dags"], runner=airflow, select=dag, retry_policy=policy)
        job = wrapped.resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(instance=self.instance, raise_on_error=False)
        return {"success": result.success, "run_id": result.run_id, "events": told(self.instance, result.run_id)}

    def touch(self, file: str) -> dict[str, Any]:
        """Make a file."""
        Path(file).touch()
        return {}

    def automation(self, updated: list[list[list[str]]]) -> dict[str, Any]:
        """Which assets of a DAG are asked for after each round of updates."""
        cursor, asked = None, []
        for keys in updated:
            for key in keys:
                self.instance.report_runless_asset_event(dg.AssetMaterialization(dg.AssetKey(key)))
            result = dg.evaluate_automation_conditions(self.defs, self.instance, cursor=cursor)
            cursor = result.cursor
            asked.append(sorted(key.path for key in self.keys() if result.get_num_requested(key)))
        return {"asked": asked}

    def sensor(self, name: str, cursor: str) -> dict[str, Any]:
        """What a sensor asks for."""
        context = dg.build_sensor_context(self.instance, cursor=cursor)
        data = self.defs.resolve_sensor_def(name).evaluate_tick(context)
        return {"requests": [[one.run_key, one.run_config] for one in data.run_requests or ()], "cursor": data.cursor}

    def keys(self) -> list[dg.AssetKey]:
        """All assets that can be run."""
        return [key for assets in self.defs.assets or () if hasattr(assets, "keys") for key in assets.keys]

    def shape(self) -> dict[str, Any]:
        """What the definitions are."""
        dg.Definitions.validate_loadable(self.defs)
        specs = {
            "/".join(spec.key.path): {
                "deps": sorted("/".join(dep.asset_key.path) for dep in spec.deps),
                "group": spec.group_name,
                "kinds": sorted(spec.kinds),
                "tags": dict(spec.tags),
                "metadata": {name: getattr(value, "value", value) for name, value in spec.metadata.items()},
                "partitions": spec.partitions_def.get_partition_keys()[:2] if spec.partitions_def else None,
            }
            for spec in self.defs.resolve_all_asset_specs()
        }
        for spec in specs.values():
            spec["metadata"].pop("dagster/code_references", None)
        repository = self.defs.get_repository_def()
        return {
            "specs": specs,
            "jobs": sorted(repository.job_names),
            "schedules": sorted(one.name for one in repository.schedule_defs),
            "sensors": sorted(one.name for one in repository.sensor_defs),
            "notes": self.defs.metadata["dagport/notes"].value,
        }


def mending() -> dg.JobDefinition:
    """A job, for ``reconstructable``."""
    return defs.resolve_job_def("mending")


def sleeping() -> dg.JobDefinition:
    """A job, for ``reconstructable``."""
    return defs.resolve_job_def("sleeping")


def main() -> None:
    """Do everything, and write the answers beside the file."""
    host = Host(WORK)
    answers = [host.do(step) for step in WORK["steps"]]
    FILE.with_suffix(".out").write_text(json.dumps(answers, default=str))


FILE = Path(os.environ["WRAPPED_WORK"])
WORK = json.loads(FILE.read_text())
defs = definitions(WORK)


if __name__ == "__main__":
    main()
