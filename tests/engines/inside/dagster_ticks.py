"""The runs that a generated project's schedules and sensors ask for between two moments, by a clock of our own.

    DAGSTER_PYTHON dagster_ticks.py PROJECT HORIZONS

``HORIZONS`` is ``{job: [start, until, step]}``; the result ``{job: [[at, logical date, interval start, interval
end], ...]}``. A
sensor looks every ``step`` seconds. A schedule without partitions has no dates: ``[at, null, null, null]``.
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._utils.schedules import schedule_execution_time_iterator

UTC = UTC


def main(project: str, horizons: dict[str, list[Any]]) -> dict[str, Any]:
    """Go through all jobs."""
    sys.path.insert(0, str(Path(project) / "src"))
    definitions = importlib.import_module("pipelines.definitions").defs()
    dg.Definitions.validate_loadable(definitions)
    repository = definitions.get_repository_def()
    found = {}
    for job, (start, until, step) in horizons.items():
        horizon = datetime.fromisoformat(start), datetime.fromisoformat(until)
        name = f"{job}_schedule"
        if repository.has_schedule_def(name):
            found[job] = list(ticks(definitions, repository.get_schedule_def(name), *horizon))
        else:
            found[job] = list(looks(repository, repository.get_sensor_def(name), *horizon, step))
    return found


def ticks(definitions: Any, schedule: Any, start: datetime, until: datetime) -> Iterator[list[Any]]:
    """Evaluate a schedule at its ticks."""
    moments = schedule_execution_time_iterator(
        (start - timedelta(seconds=1)).timestamp(), schedule.cron_schedule, schedule.execution_timezone or "UTC", True
    )
    repository = definitions.get_repository_def()
    for tick in moments:
        at = tick.astimezone(UTC)
        if at > until:
            return
        if at < start:
            continue
        context = dg.build_schedule_context(scheduled_execution_time=tick, repository_def=repository)
        for request in schedule.evaluate_tick(context).run_requests or []:
            yield [at.isoformat(), *dates(definitions, schedule, request)]


def dates(definitions: Any, schedule: Any, request: Any) -> list[str | None]:
    """The dates that the partition says."""
    if request.partition_key is None:
        return [None, None, None]
    partitions = definitions.resolve_job_def(schedule.job_name).partitions_def
    window = partitions.time_window_for_partition_key(request.partition_key)
    start, end = window.start.astimezone(UTC), window.end.astimezone(UTC)
    return [start.isoformat(), start.isoformat(), (start if partitions.end_offset else end).isoformat()]


def looks(repository: Any, sensor: Any, start: datetime, until: datetime, step: int) -> Iterator[list[Any]]:
    """Evaluate a sensor at every step."""
    schedules: Any = importlib.import_module("pipelines.schedules")
    with dg.DagsterInstance.ephemeral() as instance:
        cursor, at, keys = None, start, set()
        while at <= until:
            schedules.now = lambda at=at: at
            context = dg.build_sensor_context(instance=instance, cursor=cursor, repository_def=repository)
            result = sensor.evaluate_tick(context)
            cursor = result.cursor
            for request in result.run_requests:
                assert request.run_key not in keys, request.run_key
                keys.add(request.run_key)
                yield [at.isoformat(), *of_run(request, repository, sensor)]
            at += timedelta(seconds=step)


def of_run(request: Any, repository: Any, sensor: Any) -> list[str]:
    """The dates of a run's tags, which its partition has to have, too."""
    names = ("airflow/logical_date", "airflow/data_interval_start", "airflow/data_interval_end")
    found = [request.tags[name] for name in names]
    partitions = repository.get_job(sensor.job_name).partitions_def
    assert (partitions is None) == (request.partition_key is None), "a job with partitions runs with one"
    if partitions is not None:
        start = partitions.time_window_for_partition_key(request.partition_key).start
        assert start.astimezone(UTC).isoformat() == found[0], (request.partition_key, found)
    return found


if __name__ == "__main__":
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="(?!pipelines)")
    with redirect_stdout(sys.stderr):
        answer = main(sys.argv[1], json.loads(sys.argv[2]))
    sys.stdout.write(json.dumps(answer))
