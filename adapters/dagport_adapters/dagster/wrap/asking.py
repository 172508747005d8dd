"""What a step asks of Airflow: which run, of which date, and which tasks of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dagster as dg

from dagport_adapters.dagster.wrap.keys import Key, shortened
from dagport_adapters.dagster.wrap.told import LOGICAL_DATE, RUN_ID

RESUMES = ("dagster/is_resume_retry", "dagster/is_asset_resume_retry")
"""Tags of a run that goes on with what its parent left undone (``RESUME_RETRY_TAG``, ``ASSET_RESUME_RETRY_TAG``)."""
TAG_NAMESPACE = "dagport-run"
LONGEST_TAG = 63


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which Airflow run belongs to a step, over all attempts at it."""

    run_id: str  # of Airflow's run, if it is ours
    recorded: str | None  # of the Airflow run that an earlier attempt started or took
    again: bool  # there was an earlier attempt


def attempt_of(context: dg.AssetExecutionContext, name: str) -> Attempt:
    """The attempt that a step is.

    A step that Dagster retries, and a run that is executed again from the failure, go on with the Airflow run of the
    first attempt. A run that is executed again from its beginning gets one of its own.
    """
    step = context.get_step_execution_context().step.key
    first, again = _first_run(context.instance, context.run, step)
    runs = {context.run.run_id: context.run, first.run_id: first}
    recorded = next((found for run in runs.values() if (found := _fresh_tags(context, run).get(tag(name)))), None)
    part = f"__{context.partition_key}" if context.has_partition_key else ""
    return Attempt(f"dagster__{first.run_id}{part}", recorded, again or context.retry_number > 0)


def tag(name: str) -> str:
    """The tag of a Dagster run that has the id of the Airflow run of a DAG."""
    return f"{TAG_NAMESPACE}/{shortened(name, LONGEST_TAG)}"


def _fresh_tags(context: dg.AssetExecutionContext, run: Any) -> Mapping[str, str]:
    found = context.instance.get_run_by_id(run.run_id)  # the context's was read before the first attempt
    tags: Mapping[str, str] = found.tags if found else run.tags
    return tags


def _first_run(instance: dg.DagsterInstance, run: Any, step: str) -> tuple[Any, bool]:
    again = False
    while run.parent_run_id and _resumes(instance, run, step):
        parent = instance.get_run_by_id(run.parent_run_id)
        if parent is None:
            break
        run, again = parent, True
    return run, again


def _resumes(instance: dg.DagsterInstance, run: Any, step: str) -> bool:
    """Whether a run goes on with a step of its parent: it says so, or it does some steps again and this one failed."""
    if any(run.tags.get(name) == "true" for name in RESUMES):
        return True
    if not run.step_keys_to_execute:
        return False
    stats = instance.get_run_step_stats(run.parent_run_id, [step])
    return any(one.status is None or one.status.value != "SUCCESS" for one in stats)


def latest_run(instance: dg.DagsterInstance, keys: Iterable[Key]) -> tuple[str, datetime | None] | None:
    """The Airflow run, and its logical date, of the newest materialisation of some assets."""
    found: tuple[float, str, datetime | None] | None = None
    for key in keys:
        event = instance.get_latest_materialization_event(dg.AssetKey(list(key)))
        made = event.asset_materialization if event else None
        if event is None or made is None or RUN_ID not in made.metadata:
            continue
        if found is None or event.timestamp > found[0]:
            date = made.metadata.get(LOGICAL_DATE)
            moment = datetime.fromisoformat(str(date.value)) if date else None
            found = (event.timestamp, str(made.metadata[RUN_ID].value), moment)
    return found and found[1:]
