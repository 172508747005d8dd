"""A warm run of ``LocalAirflow`` against ``airflow dags test`` of the same DAG, and what it adds to each task event.

    python -m benchmarks.local_airflow PYTHON [--runs N] [--tasks N]

``PYTHON`` is that of an environment with Airflow 2.7+ or 3. The DAG of the first comparison has three tasks; the
command and the runner take turns, on the same database, and their medians are compared. For the second, a DAG of
``--tasks`` mapped tasks runs in a warm ``DAG.test()`` and in the warm runner: the difference, for each event that the
host gets.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.engines.environments import clean_variables

from dagport_adapters.runners import LocalAirflow, RunFinished, RunRequest, TaskEvent, homes

THREE, MANY = "three", "many"
DAGS = """
from datetime import datetime
try:
    from airflow.sdk import dag, task
except ImportError:
    from airflow.decorators import dag, task

@dag(start_date=datetime(2026, 1, 1), schedule=None, catchup=False)
def three():
    @task
    def extract():
        return {{"rows": 3}}

    @task
    def transform(found):
        return found["rows"] * 2

    @task
    def load(found):
        print(found)

    load(transform(extract()))

@dag(start_date=datetime(2026, 1, 1), schedule=None, catchup=False)
def many():
    @task
    def one(number):
        return number

    one.expand(number=list(range({tasks})))

three()
many()
"""
DAG_TEST = """
import sys, time, logging
logging.disable()
from datetime import datetime, timezone
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag
import os
dag = DagBag(os.path.join(os.environ["AIRFLOW__CORE__DAGS_FOLDER"], "both.py")).dags["many"]
for day in (1, 2):
    start = time.perf_counter()
    run = dag.test(**{sys.argv[1]: datetime(2026, 2, day, tzinfo=timezone.utc)})
    took = time.perf_counter() - start
assert run.state == "success", run.state
sys.stderr.write(f"took {took}\\n")
"""


@contextmanager
def site(python: Path, tasks: int) -> Iterator[tuple[LocalAirflow, dict[str, str]]]:
    """A runner, and the environment in which Airflow's own commands use its database."""
    with tempfile.TemporaryDirectory() as work:
        dags, home = Path(work, "dags"), Path(work, "home")
        dags.mkdir()
        (dags / "both.py").write_text(DAGS.format(tasks=tasks), "utf-8")
        with LocalAirflow(python, dags, home=home) as runner:
            yield runner, homes.variables(home, dags, clean_variables(), own=True)


def ran(runner: LocalAirflow, dag_id: str) -> tuple[float, int]:
    """Seconds of a run and its task events. Raises ``SystemExit`` when it fails: a failed run measures nothing."""
    start = time.perf_counter()
    events = list(runner.run(RunRequest(dag_id=dag_id)))
    took, end = time.perf_counter() - start, events[-1]
    if not isinstance(end, RunFinished) or end.state != "success":
        raise SystemExit(f"{dag_id} ended as {end}")
    return took, sum(isinstance(event, TaskEvent) for event in events)


def commanded(python: Path, variables: dict[str, str]) -> float:
    """Seconds of ``airflow dags test``."""
    start = time.perf_counter()
    command = [str(python), "-m", "airflow", "dags", "test", THREE, "2026-03-01"]
    subprocess.run(command, env=variables, check=True, capture_output=True)
    return time.perf_counter() - start


def tested(python: Path, variables: dict[str, str], version: str) -> float:
    """Seconds of a warm ``DAG.test()`` of the many tasks."""
    argument = "execution_date" if version.startswith("2.") else "logical_date"
    command = [str(python), "-c", DAG_TEST, argument]
    done = subprocess.run(command, env=variables, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr[-3000:])
    return float(done.stderr.rpartition("took ")[2])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("python", type=lambda text: Path(os.path.abspath(text)))  # noqa: PTH100 - links stay
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tasks", type=int, default=100)
    options = parser.parse_args()
    with site(options.python, options.tasks) as (runner, variables):
        cold, _ = ran(runner, THREE)
        warm, command = [], []
        for _ in range(options.runs):
            command.append(commanded(options.python, variables))
            warm.append(ran(runner, THREE)[0])
        version = runner.airflow_version or ""
        ratio = median(command) / median(warm)
        print(f"Airflow {version}, three tasks, medians of {options.runs}:")
        print(f"  airflow dags test {median(command):.2f} s, warm run {median(warm):.2f} s: {ratio:.1f} times faster")
        print(f"  the first run, which sets the database up and starts the worker: {cold:.1f} s")
        ran(runner, MANY)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        ours, events = ran(runner, MANY)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        theirs = tested(options.python, variables, version)
        print(f"{options.tasks} mapped tasks, {events} task events: DAG.test() {theirs:.2f} s, runner {ours:.2f} s")
        print(f"  added to each event: {(ours - theirs) / events * 1000:.1f} ms; the host's peak grew by {grown} KiB")


if __name__ == "__main__":
    main()
