"""Whether an asset of a generated project is fresh: at each of some moments, after it was made at another.

    DAGSTER_PYTHON dagster_freshness.py PROJECT

Prints the status of the schedule, then the states of freshness. The run starts at 06:00 in Berlin (05:00 UTC), and
the deadline is 07:30.
"""

import asyncio
import importlib
import sys
from contextlib import redirect_stdout
from datetime import datetime
from pathlib import Path

import dagster as dg
from dagster._core.definitions.freshness_evaluator import CronFreshnessPolicyEvaluator
from dagster._core.loader import LoadingContextForTest
from dagster._core.test_utils import freeze_time

LOOKS = [  # made, looked at
    ("2026-01-14T05:10", "2026-01-14T06:31"),
    ("2026-01-14T06:29", "2026-01-15T06:29"),
    ("2026-01-15T05:00", "2026-01-15T06:31"),
    ("2026-01-15T05:10", "2026-01-16T06:31"),
    ("2026-01-16T04:50", "2026-01-16T06:31"),
    ("2026-01-16T06:40", "2026-01-16T06:45"),
]


def main(project: str) -> list[str]:
    """Make the asset and look at it, again and again."""
    sys.path.insert(0, str(Path(project) / "src"))
    definitions = importlib.import_module("pipelines.definitions").defs()
    [schedule] = definitions.get_repository_def().schedule_defs
    found = [schedule.default_status.value]
    graph = definitions.resolve_asset_graph()
    [key] = graph.materializable_asset_keys
    for made, looked in LOOKS:
        with dg.DagsterInstance.ephemeral() as instance:
            with freeze_time(datetime.fromisoformat(f"{made}+00:00")):
                instance.report_runless_asset_event(dg.AssetMaterialization(key))
            with freeze_time(datetime.fromisoformat(f"{looked}+00:00")):
                context = LoadingContextForTest(instance)
                state = asyncio.run(CronFreshnessPolicyEvaluator().evaluate_freshness(context, graph.get(key)))
        found.append(state.value)
    return found


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):
        answer = main(sys.argv[1])
    sys.stdout.write(" ".join(answer))
