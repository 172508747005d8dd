"""A warm run of ``LocalAirflow`` against ``airflow dags test`` of the same DAG, and what it adds to each task event.

    python -m benchmarks.local_airflow [PYTHON] [--runs N] [--tasks N] [--many N | --smoke]

``PYTHON`` is that of an environment with Airflow 2.7+ or 3; without it, that of the tests is taken. The DAG of the
first comparison has three tasks; the command and the runner take turns, on the same database, and their medians are
compared. For the second, a DAG of ``--tasks`` mapped tasks runs in a warm ``DAG.test()`` and in the warm runner: the
difference, for each event that the host gets. For the third, a DAG of ``--many`` mapped tasks runs once more: what the
memory of each process is after the first quarter and at the end, and the time for a task in the first half and in the
second. ``--smoke`` does the first once, and fails when a warm run takes longer than the command.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.engines.environments import clean_variables, environment

from dagport_adapters.runners import LocalAirflow, RunFinished, RunRequest, TaskEvent, homes

THREE, MANY, MORE = "three", "many", "more"
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

@dag(start_date=datetime(2026, 1, 1), schedule=None, catchup=False)
def more():
    @task
    def one(number):
        return number

    one.expand(number=list(range({more})))

three()
many()
more()
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
def site(python: Path, tasks: int, more: int = 1) -> Iterator[tuple[LocalAirflow, dict[str, str]]]:
    """A runner, and the environment in which Airflow's own commands use its database."""
    with tempfile.TemporaryDirectory() as work:
        dags, home = Path(work, "dags"), Path(work, "home")
        dags.mkdir()
        (dags / "both.py").write_text(DAGS.format(tasks=tasks, more=more), "utf-8")
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


def memory(pid: int | str) -> int:
    """KiB of the machine's memory that a process has."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def followed(runner: LocalAirflow, tasks: int) -> None:
    """Print how time and memory go with the tasks of one large run."""
    worker, start = runner.worker_pid, time.perf_counter()
    done, times, sizes = 0, [], []
    for event in runner.run(RunRequest(dag_id=MORE)):
        done += isinstance(event, TaskEvent) and event.state == "success"
        if isinstance(event, TaskEvent) and event.state == "running" and done in (tasks // 4, tasks // 2, tasks - 1):
            running = Path(f"/proc/{worker}/task/{worker}/children").read_text("utf-8").split()[0]
            times.append(time.perf_counter() - start)
            sizes.append([memory(pid) for pid in ("self", worker or 0, running)])
    quarter, half, end = times
    grown = [last - first for first, last in zip(sizes[0], sizes[-1], strict=True)]
    early, late = (half - quarter) / tasks * 4000, (end - half) / tasks * 2000
    print(f"{done} of {tasks} mapped tasks: {early:.1f} ms each in the second quarter, {late:.1f} ms after")
    print("  grown in three quarters of them, in KiB: host {}, worker {}, process of the run {}".format(*grown))


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


def beside_dag_test(runner: LocalAirflow, python: Path, variables: dict[str, str], tasks: int) -> None:
    """Print what the runner adds to each task event."""
    ran(runner, MANY)
    ours, events = ran(runner, MANY)
    theirs = tested(python, variables, runner.airflow_version or "")
    print(f"{tasks} mapped tasks, {events} task events: DAG.test() {theirs:.2f} s, runner {ours:.2f} s")
    print(f"  added to each event: {(ours - theirs) / events * 1000:.1f} ms")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("python", nargs="?", type=lambda text: Path(os.path.abspath(text)))  # noqa: PTH100 - links stay
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tasks", type=int, default=100)
    parser.add_argument("--many", type=int, default=1000, help="two events or three for each")
    parser.add_argument("--smoke", action="store_true", help="the first comparison once, and a bound")
    options = parser.parse_args()
    if options.smoke:
        options.runs, options.tasks, options.many = 1, 0, 0
    python = options.python or environment("airflow3").python
    with site(python, options.tasks, options.many) as (runner, variables):
        cold, _ = ran(runner, THREE)
        warm, command = [], []
        for _ in range(options.runs):
            command.append(commanded(python, variables))
            warm.append(ran(runner, THREE)[0])
        version = runner.airflow_version or ""
        ratio = median(command) / median(warm)
        print(f"Airflow {version}, three tasks, medians of {options.runs}:")
        print(f"  airflow dags test {median(command):.2f} s, warm run {median(warm):.2f} s: {ratio:.1f} times faster")
        print(f"  the first run, which sets the database up and starts the worker: {cold:.1f} s")
        if options.tasks:
            beside_dag_test(runner, python, variables, options.tasks)
        if options.many:
            followed(runner, options.many)
    if options.smoke and ratio < 1:
        raise SystemExit(f"a warm run takes {1 / ratio:.1f} times as long as the command")


if __name__ == "__main__":
    main()
