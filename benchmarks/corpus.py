"""How long dagport takes beside real Airflow and beside bare parsing, on Airflow's own example DAGs.

    python -m benchmarks.corpus [--runs N | --smoke]

The candidates take turns, so that a busy moment of the machine hits all of them; the medians are compared.
Start-up is process time (user and system) beyond that of an interpreter that does nothing. ``--smoke`` runs
each candidate three times, and fails when a start-up is over its budget even in its best run.

After that, generated repositories (``benchmarks.generated``): how time and memory grow from 1,000 files to 10,000, and
what a second run takes. ``--smoke`` has 60 files and 300.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from tests.cases import FIXTURES
from tests.engines.environments import clean_variables, environment
from tests.engines.reading import example_folders

from benchmarks.generated import write_repository
from benchmarks.measure import Candidate

PARSE = """
import ast, sys
from pathlib import Path
for folder in sys.argv[1:]:
    for file in sorted(Path(folder).rglob("*.py")):
        ast.parse(file.read_bytes())
"""
# What one core takes to make graphs in JSON of files that are in memory, each for the first time; one other file comes
# first, so that start-up isn't counted. The report gets a line a run: seconds of reading, seconds of parsing.
READ = """
import ast, gc, sys, time
from pathlib import Path
import jinja2.meta, jinja2.sandbox
from dagport import codec
from dagport.cli.app import GC_THRESHOLDS
from dagport.options import ReadOptions
from dagport.readers.airflow import read
from dagport.source import Source
gc.set_threshold(*GC_THRESHOLDS)
other = Path(sys.argv[2])
codec.to_line(read(Source(other.name, other.read_text("utf-8")), ReadOptions()))
files = [file for folder in sys.argv[3:] for file in sorted(Path(folder).rglob("*.py"))]
sources = [Source(file.name, file.read_text("utf-8")) for file in files]
times = [time.process_time()]
for source in sources:
    codec.to_line(read(source, ReadOptions()))
times.append(time.process_time())
for source in sources:
    ast.parse(source.text)
times.append(time.process_time())
with open(sys.argv[1], "a") as report:
    print(times[1] - times[0], times[2] - times[1], file=report)
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
SIZES, SMOKE_SIZES = (1_000, 10_000), (60, 300)
DAGPORT = Path(sys.executable).with_name("dagport")


def candidates(report: Path) -> dict[str, Candidate]:
    """All that is measured, by name; ``report`` is where ``READ`` writes."""
    folders = example_folders("airflow3")
    graph: list[str | Path] = [DAGPORT, "graph", *folders, "--format", "jsonl"]
    return {
        "bare interpreter": Candidate([sys.executable, "-c", "pass"]),
        "dagport --help": Candidate([DAGPORT, "--help"]),
        "dagport check ONE_FILE": Candidate([DAGPORT, "check", "--no-cache", ONE_FILE]),
        "ast.parse of the corpus": Candidate([sys.executable, "-c", PARSE, *folders]),
        "reading on one core": Candidate([sys.executable, "-c", READ, report, ONE_FILE, *folders]),
        "dagport graph CORPUS": Candidate([*graph, "--no-cache"], (0, 1)),
        "the same, a second time": Candidate(graph, (0, 1)),
        "Airflow imports the corpus": Candidate([environment("airflow3").python, "-c", IMPORT, *folders]),
    }


def report(found: Mapping[str, Candidate], one_core: Path) -> str:
    """The medians, and the ratios that matter."""
    rows = [f"{'':28} {'wall s':>8} {'process s':>10}"]
    rows += [f"{name:28} {median(item.wall):8.3f} {median(item.process):10.3f}" for name, item in found.items()]
    ratios = [float(read) / float(parse) for read, parse in map(str.split, one_core.read_text().splitlines())]
    rows.append(f"reading on one core, start-up left out, takes {median(ratios):.1f} times as long as ast.parse")
    whole, again = (found[name] for name in ("dagport graph CORPUS", "the same, a second time"))
    for name, item in (("dagport graph CORPUS", whole), ("the same, a second time", again)):
        ratio = median(found["Airflow imports the corpus"].wall) / median(item.wall)
        rows.append(f"{name}: {ratio:.1f} times as fast as: Airflow imports the corpus (wall, start-up of both)")
    bare = median(found["bare interpreter"].process)
    for name, budget in BUDGETS.items():
        beyond = median(found[name].process) - bare
        rows.append(f"{name}: {beyond:.3f} s beyond the bare interpreter (budget {budget:.2f} s)")
    return "\n".join(rows)


def over_budget(found: Mapping[str, Candidate]) -> list[str]:
    """The commands that start too slowly even in their best run."""
    bare = min(found["bare interpreter"].process)
    return [name for name, budget in BUDGETS.items() if min(found[name].process) - bare > budget]


def growth(sizes: tuple[int, int], home: Path, variables: Mapping[str, str]) -> str:
    """First and second runs over generated repositories of two sizes, and how they compare."""
    rows = [f"{'':28} {'wall s':>8} {'process s':>10} {'MB, largest process':>20}"]
    runs: dict[tuple[int, str], Candidate] = {}
    for size in sizes:
        folder = home / f"repository_{size}"
        write_repository(folder, size)
        for name in ("first run", "second run"):
            item = Candidate([DAGPORT, "graph", "dags", "--format", "jsonl", "--cache-dir", home / "c"], (0,), folder)
            item.run(variables)
            runs[size, name] = item
            label = f"{size} files, {name}"
            rows.append(f"{label:28} {item.wall[0]:8.3f} {item.process[0]:10.3f} {item.megabytes[0]:20.0f}")
    for size in sizes:
        first, second = runs[size, "first run"], runs[size, "second run"]
        rows.append(
            f"{size} files: the second run is {first.wall[0] / second.wall[0]:.1f} times as fast (wall), "
            f"{first.process[0] / second.process[0]:.1f} times (process)"
        )
    small, large = (runs[size, "first run"].process[0] for size in sizes)
    rows.append(f"{sizes[1]} files take {large / small:.1f} times as long as {sizes[0]} (process)")
    return "\n".join(rows)


def main() -> int:
    """Measure and print. The exit status is 1 when a smoke run finds a start-up over its budget."""
    parser = argparse.ArgumentParser(description="dagport beside Airflow and bare parsing")
    parser.add_argument("--runs", type=int, default=9, help="runs of each candidate")
    parser.add_argument("--smoke", action="store_true", help="a short run with a verdict, for CI")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        one_core = Path(home, "one_core")
        found = candidates(one_core)
        variables = {**clean_variables(), "AIRFLOW_HOME": home, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        variables["DAGPORT_CACHE_DIR"] = os.fspath(Path(home, "cache"))
        found["the same, a second time"].run(variables)  # the first time
        found["the same, a second time"] = candidates(one_core)["the same, a second time"]
        for _ in range(SMOKE_RUNS if options.smoke else options.runs):
            for candidate in found.values():
                candidate.run(variables)
        print(report(found, one_core))
        print(growth(SMOKE_SIZES if options.smoke else SIZES, Path(home), variables))
    late = over_budget(found) if options.smoke else []
    print("".join(f"over budget: {name}\n" for name in late), end="")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
