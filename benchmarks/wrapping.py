"""How long Dagster takes to load wrapped DAGs, beside as many multi-assets that are written by hand.

    python -m benchmarks.wrapping [PYTHON] [--dags N] [--tasks N] [--runs N | --smoke]

``PYTHON`` is that of an environment with Dagster and what dagport needs; without it, that of the tests is taken. Each
run is a process of its own: from its start to a loaded repository, with the cache of the analysis warm. The two take
turns; medians are printed. ``--smoke`` has 40 DAGs, and fails when the best run takes more than ``BUDGET`` times the
processor time of the best by hand.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.engines.environments import clean_variables, environment, with_dagport

from benchmarks.measure import Candidate

WANTED_SECONDS = 5.0
BUDGET = 3.0  # times the processor time of as many multi-assets by hand
HEAD = """from datetime import datetime

from airflow.sdk import dag, task


@dag(start_date=datetime(2026, 1, 1), schedule="@daily", catchup=False, tags=["team_{team}"])
def dag_{number}():
"""
TASK = """    @task(retries=1)
    def task_{number}({given}):
        return {number}

"""
WRAPPED = """
from dagport_adapters.dagster import LocalAirflowResource, wrap_dags

defs = wrap_dags("dags", runner=LocalAirflowResource(python="python", dags="dags"))
"""
PLAIN = """
import dagster as dg

DAILY = dg.DailyPartitionsDefinition("2026-01-01", end_offset=1)


def keys(number):
    return [dg.AssetKey([f"dag_{number}", f"task_{task}"]) for task in range(TASKS)]


def multi_asset(number):
    own = keys(number)
    specs = [
        dg.AssetSpec(
            key, deps=own[task - 1 : task] if task else [], skippable=True, group_name=f"dag_{number}",
            kinds={"airflow", "python"}, tags={f"team_{number % 7}": ""}, partitions_def=DAILY,
            metadata={"airflow/dag_id": f"dag_{number}", "airflow/task_id": f"task_{task}"},
        )
        for task, key in enumerate(own)
    ]

    @dg.multi_asset(name=f"dag_{number}", specs=specs, can_subset=True, required_resource_keys={"airflow"})
    def run(context):
        yield from ()

    return run


defs = dg.Definitions(
    assets=[multi_asset(number) for number in range(DAGS)],
    resources={"airflow": dg.ResourceDefinition.none_resource()},
)
"""
LOAD = """
import sys
module = __import__(sys.argv[1])
found = len(module.defs.get_repository_def().asset_graph.get_all_asset_keys())
sys.exit(found != int(sys.argv[2]))
"""


def write_dags(folder: Path, dags: int, tasks: int) -> None:
    """A file for each DAG: tasks in a row."""
    for number in range(dags):
        body = "".join(TASK.format(number=task, given="found" if task else "") for task in range(tasks))
        calls = ""
        for task in range(tasks):
            calls = f"task_{task}({calls})"
        text = f"{HEAD.format(number=number, team=number % 7)}{body}    {calls}\n\n\ndag_{number}()\n"
        (folder / f"dag_{number}.py").write_text(text, "utf-8")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("python", nargs="?", type=lambda text: Path(os.path.abspath(text)))  # noqa: PTH100 - links stay
    parser.add_argument("--dags", type=int, default=500)
    parser.add_argument("--tasks", type=int, default=10)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--smoke", action="store_true", help="a few DAGs, and a bound")
    options = parser.parse_args()
    python = options.python or environment("dagster-host").python
    dags, tasks, runs = (40, 5, 2) if options.smoke else (options.dags, options.tasks, options.runs)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "dags").mkdir()
        write_dags(work / "dags", dags, tasks)
        (work / "wrapped.py").write_text(WRAPPED, "utf-8")
        (work / "plain.py").write_text(f"DAGS, TASKS = {dags}, {tasks}\n{PLAIN}", "utf-8")
        time.sleep(2.1)  # files that have just changed aren't trusted by their time of change
        variables = {**clean_variables(), **with_dagport({"DAGPORT_CACHE_DIR": str(work / "cache")})}
        variables["PYTHONPATH"] = os.pathsep.join([str(work), variables["PYTHONPATH"]])
        first, wrapped, plain = (
            Candidate([python, "-c", LOAD, module, str(dags * tasks)], folder=work)
            for module in ("wrapped", "wrapped", "plain")
        )
        first.run(variables)
        first.run(variables)  # with a warm cache, and everything compiled
        for _ in range(runs):
            wrapped.run(variables)
            plain.run(variables)
    print(f"{dags} DAGs of {tasks} tasks, from the start of a process to a loaded repository, medians of {runs}:")
    for name, one in (("wrapped", wrapped), ("as many multi-assets by hand", plain)):
        print(f"  {name}: {median(one.wall):.2f} s ({median(one.process):.2f} s of processor time)")
    print(f"  with an empty cache {first.wall[0]:.2f} s; wanted with a warm one: under {WANTED_SECONDS:g} s")
    ratio = min(wrapped.process) / min(plain.process)
    if options.smoke and ratio > BUDGET:
        sys.exit(f"wrapped DAGs take {ratio:.1f} times the processor time of those by hand, more than {BUDGET:g}")
    if not options.smoke and median(wrapped.wall) >= WANTED_SECONDS:
        sys.exit(1)


if __name__ == "__main__":
    main()
