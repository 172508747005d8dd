"""``dagster.yaml``: the limits of jobs that Dagster keeps in the configuration of its instance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from dagport.graph import Pipeline
from dagport.writers.common.dag_arguments import notes_of
from dagport.writers.common.model import Note

LIMIT_TAG = "airflow/dag"
FILE = "dagster.yaml"
HEAD = """\
# Written by dagport: what the jobs need of the Dagster instance. `dagster dev` takes it from this folder where
# DAGSTER_HOME isn't set; otherwise it belongs into the dagster.yaml there.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What the job of a pipeline needs."""

    tags: dict[str, str] = field(default_factory=dict)  # of the job
    arguments: dict[str, str] = field(default_factory=dict)  # of ``dg.define_asset_job``
    runs: tuple[str, int] | None = None  # value of the limit's tag, and how many runs at once
    monitoring: bool = False
    notes: tuple[Note, ...] = ()


def needs_of(pipeline: Pipeline, job: str) -> Needs:
    """The limits of a pipeline: ``max_active_runs``, ``max_active_tasks`` and ``dagrun_timeout``."""
    tags: dict[str, str] = {}
    arguments: dict[str, str] = {}
    notes = list(notes_of(pipeline))
    runs = _runs(pipeline, job)
    if runs is not None:
        tags[LIMIT_TAG] = job
        notes.append(("DP403", f"`max_active_runs={runs[1]}` is a limit in {FILE}, which is the instance's"))
    if pipeline.max_active_tasks is not None:
        most = int(pipeline.max_active_tasks)
        arguments["executor_def"] = f'dg.multiprocess_executor.configured({{"max_concurrent": {most}}})'
        if pipeline.engine_version != "3" and pipeline.max_active_runs != 1:
            notes.append(
                ("DP403", f"`max_active_tasks={most}` counts for each run, in Airflow 2 for all runs together")
            )
    if pipeline.dagrun_timeout_s is not None:
        tags["dagster/max_runtime"] = f"{pipeline.dagrun_timeout_s:g}"
        notes.append(("DP403", f"`dagrun_timeout` needs the run monitoring that is turned on in {FILE}"))
    return Needs(
        tags=tags, arguments=arguments, runs=runs, monitoring=pipeline.dagrun_timeout_s is not None, notes=tuple(notes)
    )


def _runs(pipeline: Pipeline, job: str) -> tuple[str, int] | None:
    """How many runs there may be at once; the sensor of ``@continuous`` starts one only as it is."""
    if pipeline.max_active_runs is None or pipeline.max_active_runs <= 0:
        return None
    if pipeline.schedule.kind == "continuous" and pipeline.max_active_runs == 1:
        return None
    return job, int(pipeline.max_active_runs)


def instance_file(needs: Iterable[Needs]) -> str | None:
    """The text of ``dagster.yaml``; ``None`` when nothing is needed."""
    chosen = list(needs)
    limits = [item.runs for item in chosen if item.runs is not None]
    lines: list[str] = []
    if limits:
        lines += ["concurrency:", "  runs:", "    tag_concurrency_limits:"]
    for value, most in limits:
        lines += [f"      - key: {LIMIT_TAG}", f'        value: "{value}"', f"        limit: {most}"]
    if any(item.monitoring for item in chosen):
        lines += ["run_monitoring:", "  enabled: true"]
    return HEAD + "\n".join(lines) + "\n" if lines else None
