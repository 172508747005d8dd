"""What stops work elsewhere when a step ends before it: as JSON, by how the step ends.

DAGSTER_PYTHON stopping.py PROJECT PACKAGE
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import dagster as dg


def stops(wait: Callable[[Callable[[], object]], Any], error: BaseException | None) -> bool:
    """Whether the work is stopped when waiting for it raises an error."""
    stop = MagicMock()
    with suppress(BaseException), wait(stop):
        if error is not None:
            raise error
    return bool(stop.called)


def cancels(run_job: Callable[..., str], kinds: dict[str, Any], error: BaseException, **options: Any) -> bool:
    """Whether a job of BigQuery is cancelled."""
    job = MagicMock()
    job.result.side_effect = error
    kinds["query"] = MagicMock()
    kinds["query"].from_api_repr.return_value = job
    try:
        run_job(MagicMock(), {"query": {}}, **options)
    except type(error):
        return bool(job.cancel.called)
    raise AssertionError("the error was swallowed")


if __name__ == "__main__":
    project, package = sys.argv[1:]
    sys.path.insert(0, str(Path(project, "src")))
    stopping = import_module(f"{package}.aws").stopping
    bigquery = import_module(f"{package}.bigquery")
    interrupted = dg.DagsterExecutionInterruptedError()
    found = {
        "well": stops(stopping, None),
        "interrupted": stops(stopping, interrupted),
        "by hand": stops(stopping, KeyboardInterrupt()),
        "failed": stops(stopping, ValueError()),
        "failed so": stops(lambda stop: stopping(stop, ValueError), ValueError()),
        "job interrupted": cancels(bigquery.run_job, bigquery.KINDS, interrupted),
        "job left": cancels(bigquery.run_job, bigquery.KINDS, interrupted, cancel=False),
        "job failed": cancels(bigquery.run_job, bigquery.KINDS, ValueError()),
    }
    sys.stdout.write(json.dumps(found))
