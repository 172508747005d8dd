"""How long dagport takes beside real Airflow on the system tests of Airflow's providers.

    python -m benchmarks.system_tests [--runs N]

Both read the same files, start-up included, and take turns; the medians are compared. The first call fetches a large
environment (``tests.engines.system_tests``). Airflow imports the files in two ways: all in one process, where a library
is imported once, and each in a process of its own, forked from one that has imported Airflow but no provider.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from tests.engines.environments import clean_variables, environment
from tests.engines.system_tests import ENGINE, airflow_variables, project

from benchmarks.corpus import IMPORT, PARSE
from benchmarks.measure import Candidate

WANTED = 100  # times faster than Airflow
TOGETHER, APART = "Airflow, all in one process", "Airflow, a process for each file"
GRAPH, PARSING = "dagport graph SYSTEM_TESTS", "ast.parse of the files"
IMPORT_APART = """
import os, sys
from pathlib import Path
import airflow.sdk
from airflow.dag_processing.dagbag import DagBag
for file in sorted(Path(sys.argv[1]).rglob("*.py")):
    child = os.fork()
    if child == 0:
        DagBag(dag_folder=str(file))
        os._exit(0)
    os.waitpid(child, 0)
"""


def candidates(folder: Path) -> dict[str, Candidate]:
    """All that is measured, by name."""
    tests = folder / "system"
    dagport = Path(sys.executable).with_name("dagport")
    return {
        PARSING: Candidate([sys.executable, "-c", PARSE, tests]),
        GRAPH: Candidate([dagport, "graph", tests, "--root", folder, "--no-cache", "--format", "jsonl"], (0, 1)),
        TOGETHER: Candidate([environment(ENGINE).python, "-c", IMPORT, tests]),
        APART: Candidate([environment(ENGINE).python, "-c", IMPORT_APART, tests]),
    }


def report(found: Mapping[str, Candidate]) -> str:
    """The medians, and the ratios."""
    rows = [f"{'':34} {'wall s':>8} {'process s':>10}"]
    rows += [f"{name:34} {median(item.wall):8.3f} {median(item.process):10.3f}" for name, item in found.items()]
    wall = {name: median(item.wall) for name, item in found.items()}
    for name in (TOGETHER, APART):
        rows.append(f"dagport takes 1/{wall[name] / wall[GRAPH]:.0f} of the time of: {name} (wanted: 1/{WANTED})")
    rows.append(f"dagport takes {wall[GRAPH] / wall[PARSING]:.1f} times as long as parsing alone")
    return "\n".join(rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="dagport beside Airflow on the providers' system tests")
    parser.add_argument("--runs", type=int, default=3, help="runs of each candidate")
    options = parser.parse_args()
    folder = project()
    found = candidates(folder)
    with tempfile.TemporaryDirectory() as home:
        variables = {**clean_variables(), **airflow_variables(folder), "AIRFLOW_HOME": home}
        for _ in range(options.runs):
            for candidate in found.values():
                candidate.run({**variables, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"})
    print(report(found))


if __name__ == "__main__":
    main()
