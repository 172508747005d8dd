"""What lineage costs beside the graph alone, on a generated repository without SQL.

    python -m benchmarks.lineage [--files N] [--runs N | --smoke]

``dagport lineage export`` and ``dagport graph --format jsonl`` take turns over the same files, so that a busy moment of
the machine hits both; the medians are compared. Then the same with what earlier runs kept, and with ten times the
files. ``--smoke`` has 120 files, and fails when the export takes more than ``BUDGET`` times as long.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from tests.engines.environments import clean_variables

from benchmarks.generated import write_repository
from benchmarks.measure import Candidate

DAGPORT = Path(sys.executable).with_name("dagport")
BUDGET = 2.0  # times the graph alone
GROWTH = 10


def candidates(folder: Path, home: Path) -> dict[str, Candidate]:
    """What is measured, by name."""
    graph: list[str | Path] = [DAGPORT, "graph", "dags", "--format", "jsonl"]
    lineage: list[str | Path] = [DAGPORT, "lineage", "export", "dags", "--quiet"]
    return {
        "graph": Candidate([*graph, "--no-cache"], folder=folder),
        "lineage export": Candidate([*lineage, "--no-cache"], folder=folder),
        "graph, a second time": Candidate([*graph, "--cache-dir", home / "graph"], folder=folder),
        "lineage export, a second time": Candidate([*lineage, "--cache-dir", home / "lineage"], folder=folder),
    }


def measured(files: int, runs: int, home: Path, variables: Mapping[str, str]) -> dict[str, Candidate]:
    """All candidates over a repository of a size, each as often as ``runs`` says."""
    folder = home / f"repository_{files}"
    write_repository(folder, files)
    for name, item in candidates(folder, home).items():
        if "second" in name:
            item.run(variables)  # the first time
    found = candidates(folder, home)
    for _ in range(runs):
        for item in found.values():
            item.run(variables)
    return found


def table(files: int, found: Mapping[str, Candidate]) -> str:
    """The medians, and how the pairs compare."""
    rows = [f"{f'{files} files':30} {'wall s':>8} {'process s':>10} {'MB, largest process':>20}"]
    rows += [
        f"{name:30} {median(item.wall):8.3f} {median(item.process):10.3f} {max(item.megabytes):20.0f}"
        for name, item in found.items()
    ]
    wall, process = ratios(found, "")
    rows.append(f"lineage export takes {wall:.2f} times as long as graph (wall), {process:.2f} times (process)")
    wall, process = ratios(found, ", a second time")
    rows.append(f"the same, a second time: {wall:.2f} times (wall), {process:.2f} times (process)")
    return "\n".join(rows)


def ratios(found: Mapping[str, Candidate], which: str) -> tuple[float, float]:
    """Export by graph: wall and process time."""
    graph, lineage = found[f"graph{which}"], found[f"lineage export{which}"]
    return median(lineage.wall) / median(graph.wall), median(lineage.process) / median(graph.process)


def main() -> int:
    """Measure and print. The exit status is 1 when a smoke run is over its budget."""
    parser = argparse.ArgumentParser(description="lineage beside the graph alone")
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=7, help="runs of each candidate")
    parser.add_argument("--smoke", action="store_true", help="a short run with a verdict, for CI")
    options = parser.parse_args()
    files, runs = (120, 3) if options.smoke else (options.files, options.runs)
    with tempfile.TemporaryDirectory() as home:
        variables = {**clean_variables(), "DAGPORT_CACHE_DIR": os.fspath(Path(home, "cache"))}
        found = measured(files, runs, Path(home), variables)
        print(table(files, found))
        if not options.smoke:
            print(table(files * GROWTH, measured(files * GROWTH, 1, Path(home), variables)))
    is_over = options.smoke and ratios(found, "")[0] > BUDGET
    print("over budget\n" if is_over else "", end="")
    return 1 if is_over else 0


if __name__ == "__main__":
    sys.exit(main())
