"""How long dagport takes beside real Airflow and beside bare parsing, on Airflow's own example DAGs.

    python -m benchmarks.corpus [--runs N | --smoke]

The candidates take turns, so that a busy moment of the machine hits all of them; the medians are compared.
Start-up is process time (user and system) beyond that of an interpreter that does nothing. ``--smoke`` runs
each candidate three times, and fails when a start-up is over its budget even in its best run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.cases import FIXTURES
from tests.engines.environments import clean_variables, environment
from tests.engines.reading import example_folders

PARSE = """
import ast, sys
from pathlib import Path
for folder in sys.argv[1:]:
    for file in sorted(Path(folder).rglob("*.py")):
        ast.parse(file.read_bytes())
"""
IMPORT = """
import sys
from airflow.dag_processing.dagbag import DagBag
for folder in sys.argv[1:]:
    DagBag(dag_folder=folder)
"""
ONE_FILE = FIXTURES / "airflow/ml_training/input.py"
BUDGETS = {"dagport --help": 0.15, "dagport check ONE_FILE": 0.30}  # seconds beyond the bare interpreter
SMOKE_RUNS = 3


@dataclass
class Candidate:
    """A command and what its runs took, in seconds."""

    command: Sequence[str | Path]
    statuses: tuple[int, ...] = (0,)
    wall: list[float] = field(default_factory=list)
    process: list[float] = field(default_factory=list)

    def run(self, variables: Mapping[str, str]) -> None:
        """Run it once. Raises ``SystemExit`` when it fails: a failed run measures nothing."""
        start = time.perf_counter()
        child = subprocess.Popen(
            [str(word) for word in self.command],
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, usage = os.wait4(child.pid, 0)
        self.wall.append(time.perf_counter() - start)
        self.process.append(usage.ru_utime + usage.ru_stime)
        child.returncode = os.waitstatus_to_exitcode(status)  # it has been waited for
        if child.returncode not in self.statuses:
            sys.exit(f"{' '.join(map(str, self.command))}: status {child.returncode}")


def candidates() -> dict[str, Candidate]:
    """All that is measured, by name."""
    folders = example_folders("airflow3")
    dagport = Path(sys.executable).with_name("dagport")
    return {
        "bare interpreter": Candidate([sys.executable, "-c", "pass"]),
        "dagport --help": Candidate([dagport, "--help"]),
        "dagport check ONE_FILE": Candidate([dagport, "check", ONE_FILE]),
        "ast.parse of the corpus": Candidate([sys.executable, "-c", PARSE, *folders]),
        "dagport graph CORPUS": Candidate([dagport, "graph", *folders, "--format", "jsonl"], (0, 1)),
        "Airflow imports the corpus": Candidate([environment("airflow3").python, "-c", IMPORT, *folders]),
    }


def report(found: Mapping[str, Candidate]) -> str:
    """The medians, and the ratios that matter."""
    rows = [f"{'':28} {'wall s':>8} {'process s':>10}"]
    rows += [f"{name:28} {median(item.wall):8.3f} {median(item.process):10.3f}" for name, item in found.items()]
    whole = median(found["dagport graph CORPUS"].wall)
    for name in ("Airflow imports the corpus", "ast.parse of the corpus"):
        ratio = whole / median(found[name].wall)
        rows.append(f"dagport graph CORPUS takes {ratio:.2f} times as long as: {name}")
    bare = median(found["bare interpreter"].process)
    for name, budget in BUDGETS.items():
        beyond = median(found[name].process) - bare
        rows.append(f"{name}: {beyond:.3f} s beyond the bare interpreter (budget {budget:.2f} s)")
    return "\n".join(rows)


def over_budget(found: Mapping[str, Candidate]) -> list[str]:
    """The commands that start too slowly even in their best run."""
    bare = min(found["bare interpreter"].process)
    return [name for name, budget in BUDGETS.items() if min(found[name].process) - bare > budget]


def main() -> int:
    """Measure and print. The exit status is 1 when a smoke run finds a start-up over its budget."""
    parser = argparse.ArgumentParser(description="dagport beside Airflow and bare parsing")
    parser.add_argument("--runs", type=int, default=9, help="runs of each candidate")
    parser.add_argument("--smoke", action="store_true", help="a short run with a verdict, for CI")
    options = parser.parse_args()
    found = candidates()
    with tempfile.TemporaryDirectory() as home:
        variables = {**clean_variables(), "AIRFLOW_HOME": home, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        for _ in range(SMOKE_RUNS if options.smoke else options.runs):
            for candidate in found.values():
                candidate.run(variables)
    print(report(found))
    late = over_budget(found) if options.smoke else []
    print("".join(f"over budget: {name}\n" for name in late), end="")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
