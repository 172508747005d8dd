"""Lineage of wrapped runs, with Dagster's run as their parent."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from dagport_adapters.dagster.wrap.plan import PlannedDag
from dagport_adapters.runners.local import LocalAirflow
from dagport_adapters.runners.observing import Observer
from dagport_adapters.runners.protocol import Runner, RunRequest

_LOG = logging.getLogger(__name__)


def observers_of(context: Any, runner: Runner, dag: PlannedDag, request: RunRequest) -> Sequence[Observer]:
    """What tells of a run's lineage, where the environment names a target for it. Never raises: runs come first."""
    try:
        return _observers(context, runner, dag, request)
    except Exception:  # noqa: BLE001 - lineage never stops a run
        _LOG.exception("The lineage of this run is left out")
        return ()


def _observers(context: Any, runner: Runner, dag: PlannedDag, request: RunRequest) -> Sequence[Observer]:
    from dagport_adapters.lineage import RunLineage, is_on, options_of, quieten, read_design
    from dagport_lineage.events.run_facets import JobName, RunOf

    if not is_on():
        return ()
    own = getattr(runner, "runner", runner)
    if isinstance(own, LocalAirflow):
        quieten(own)
    options = options_of()
    run, job = context.run, JobName(options.namespace, context.job_name)
    root = RunOf(job, run.root_run_id) if run.root_run_id else None
    design = read_design(dag.file, dag.root, options=options) if dag.file and dag.root else None
    whole = request.again == "run"
    return (
        RunLineage(
            parent=RunOf(job, run.run_id),
            root=root,
            design=design,
            options=options,
            engine_version=lambda: getattr(own, "airflow_version", None),
            whole=whole,
        ),
    )
