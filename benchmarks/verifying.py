"""What it takes to verify one ordinary DAG without engines, for each target, beside what it can't do without.

    python -m benchmarks.verifying [--runs N | --smoke] [FILE]

``dagport verify FILE --to TARGET`` translates the file and compares. Its baselines in the same run are ``dagport
graph`` of the same file, and the import of libcst, which every function that is rewritten needs. All take turns, so
that a busy moment of the machine hits all of them. Nothing is kept from run to run. ``--smoke`` runs each three times,
and fails when the best run of a target takes more than ``BUDGET`` times the processor time of the best import.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from tests.cases import FIXTURES
from tests.engines.environments import clean_variables

from benchmarks.measure import Candidate

ORDINARY = FIXTURES / "airflow/ml_training_taskflow/input.py"  # 6 tasks that hand results over
TARGETS = ("dagster", "prefect", "airflow")
BASELINES = ("import libcst", "dagport graph")
BUDGET = 5.0  # times the import of libcst
SMOKE_RUNS = 3
DAGPORT = Path(sys.executable).with_name("dagport")


def candidates(file: Path) -> dict[str, Candidate]:
    """All that is measured, by name."""
    verify: list[str | Path] = [DAGPORT, "verify", "--no-cache", file]
    return {
        "import libcst": Candidate([sys.executable, "-c", "import libcst"]),
        "dagport graph": Candidate([DAGPORT, "graph", "--no-cache", file]),
        **{target: Candidate([*verify, "--to", target]) for target in TARGETS},
    }


def report(found: Mapping[str, Candidate]) -> str:
    """A line for each: the best and the median, and how often the import of libcst fits into it."""
    title = f"{'seconds':20} {'wall, best':>11} {'median':>8} {'process, best':>14} {'median':>8} {'libcst':>8}"
    return "\n".join(
        [
            title,
            *(
                f"{name if name in BASELINES else f'verify --to {name}':20} {min(item.wall):11.3f} "
                f"{median(item.wall):8.3f} {min(item.process):14.3f} {median(item.process):8.3f} "
                f"{times(found, name):7.1f}x"
                for name, item in found.items()
            ),
        ]
    )


def times(found: Mapping[str, Candidate], name: str) -> float:
    """How many imports of libcst it takes, in processor time: the best runs of both."""
    return min(found[name].process) / min(found["import libcst"].process)


def main() -> int:
    """Measure and print. The exit status is 1 when a smoke run finds a target over its budget."""
    parser = argparse.ArgumentParser(description="dagport verify of one DAG")
    parser.add_argument("file", nargs="?", type=Path, default=ORDINARY)
    parser.add_argument("--runs", type=int, default=9, help="runs of each candidate")
    parser.add_argument("--smoke", action="store_true", help="a short run with a verdict, for CI")
    options = parser.parse_args()
    found = candidates(options.file)
    variables = {name: value for name, value in clean_variables().items() if name != "PYTHONDONTWRITEBYTECODE"}
    for item in candidates(options.file).values():
        item.run(variables)  # compiles what isn't yet
    for _ in range(SMOKE_RUNS if options.smoke else options.runs):
        for item in found.values():
            item.run(variables)
    print(report(found))
    late = [name for name in TARGETS if times(found, name) > BUDGET] if options.smoke else []
    print("".join(f"over budget: verify --to {name}\n" for name in late), end="")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
