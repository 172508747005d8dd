"""``python -m tests.fuzz``: see ``--help`` and docs/safety.md."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main() -> int:
    """Run what the command line says; 1 when there are findings."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long to try generated inputs")
    parser.add_argument("--seed", type=int, default=0, help="where the generated inputs start")
    parser.add_argument("--sweep", type=Path, metavar="PATH", help="read every Python file below a folder instead")
    parser.add_argument("--every", type=int, default=1, help="with --sweep: every n-th file")
    parser.add_argument("--airflow", action="store_true", help="compare generated DAG files with real Airflow instead")
    parser.add_argument("--seeds", default="0..200", metavar="A..B", help="with --airflow: which programs")
    options = parser.parse_args()
    if options.sweep is not None:
        from tests.fuzz.sweep import sweep

        figures = sweep(options.sweep, options.every)
        say(figures.report())
        return bool(figures.findings)
    if options.airflow:
        from tests.fuzz.in_airflow import compare

        first, _, last = options.seeds.partition("..")
        report, wrong = compare(range(int(first), int(last)))
        say(report)
        return wrong
    from tests.fuzz.run import run

    outcome = run(options.seed, options.minutes, say)
    say(outcome.report())
    return bool(outcome.findings)


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
