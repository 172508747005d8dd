"""Settings of a task: retries, owners, tags, pools, documentation, and what has no place in Dagster.

The tables say what becomes of every base argument of an operator, see ``dagport.writers.common.settings``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dagport.graph import Asset, Pipeline, Task
from dagport.writers.common import settings
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import Settings
from dagport.writers.common.settings import (
    DEFAULT_OWNER,
    DEFAULT_POOL,
    DEFAULT_RETRY_DELAY,
    Collected,
    Tables,
    describe,
    waits_for_past,
    walk,
)
from dagport.writers.dagster.naming import OWNER, POOL, TAG_VALUE

IGNORED: dict[str, str] = {
    **settings.IGNORED,
    "task_id": "it is the asset's name",
    "logger_name": "Dagster has its own",
    "show_return_value_in_logs": "Dagster doesn't log results",
    "weight_rule": "the priority is carried as it is written",
    "trigger_rule": "only all_success is carried over",
    "resources": "the executor decides",
}
NOTED: dict[str, str] = {
    "executor": "the executor is the deployment's choice: set it in dagster.yaml or on the job",
    "executor_config": "set the executor's options by op_tags or on the job",
    "run_as_user": "run the code location as that user",
    "task_display_name": "an asset has no second name",
    "max_active_tis_per_dag": "set a pool with a limit",
    "max_active_tis_per_dagrun": "set a pool with a limit",
    "task_concurrency": "set a pool with a limit",
}
APPROXIMATED: dict[str, str] = {
    "on_failure_callback": "use a failure hook or @dg.run_failure_sensor",
    "on_success_callback": "use a success hook or @dg.run_status_sensor",
    "on_retry_callback": "Dagster has no hook for a retry",
    "on_execute_callback": "call it at the start of the asset",
    "on_skipped_callback": "Dagster has no hook for a skip",
    "sla": "use a FreshnessPolicy",
    **settings.APPROXIMATED,
}
EMAILS = {
    "email": "use @dg.run_failure_sensor",
    "email_on_failure": "use @dg.run_failure_sensor",
    "email_on_retry": "Dagster has no hook for a retry",
}
TABLES = Tables(ignored=IGNORED, noted=NOTED, approximated={**APPROXIMATED, **EMAILS}, refused=settings.REFUSED)


def settings_of(
    task: Task,
    pipeline: Pipeline,
    assets: Mapping[str, Asset],
    own: frozenset[str],
    metadata: Mapping[str, str],
) -> Settings:
    """What the settings become; ``own`` are the arguments that the form of the task reads itself."""
    collected = _Collected()
    collected.metadata.update(metadata)
    for rule in RULES:
        rule(task, collected)
    _assets(task, assets, collected)
    _finish(collected)
    return collected.settled(walk(task, pipeline, own, TABLES, collected))


@dataclass
class _Collected(Collected):
    tags: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)


def _retries(task: Task, found: _Collected) -> None:
    retries = int(task.retries or 0)
    if retries <= 0:
        return
    delay = DEFAULT_RETRY_DELAY if task.retry_delay_s is None else task.retry_delay_s
    policy = f"max_retries={retries}" + (f", delay={delay:g}" if delay else "")
    factor = task.retry_exponential_backoff
    if factor is True or (factor or 0) > 1:
        policy += ", backoff=dg.Backoff.EXPONENTIAL"
        found.approximations.append(
            "`retry_exponential_backoff`: Airflow adds a part that depends on the run to each delay, Dagster doesn't"
        )
    found.arguments["retry_policy"] = f"dg.RetryPolicy({policy})"


def _owner(task: Task, found: _Collected) -> None:
    owner = task.owner
    if owner is None or owner == DEFAULT_OWNER:
        return
    if OWNER.match(owner):
        found.arguments["owners"] = f"[{text_literal(owner)}]"
    elif TAG_VALUE.match(owner):
        found.tags["owner"] = owner
    else:
        found.metadata["airflow/owner"] = text_literal(owner)


def _pool(task: Task, found: _Collected) -> None:
    if task.pool_slots is not None and task.pool_slots != 1:
        found.differ("pool_slots", "an asset takes one slot of its pool")
    if task.pool is None or task.pool == DEFAULT_POOL:
        return
    if not POOL.match(task.pool):
        found.differ("pool", f"{task.pool!r} isn't a name that Dagster allows")
        return
    found.arguments["pool"] = text_literal(task.pool)
    found.notes.append(
        ("DP403", f"the limit of the pool {task.pool!r} isn't code: set it with `dagster instance concurrency set`")
    )


def _order(task: Task, found: _Collected) -> None:
    if task.priority_weight is not None and task.priority_weight != 1:
        found.arguments["op_tags"] = f'{{"dagster/priority": "{task.priority_weight:g}"}}'
        found.note("weight_rule", "the priority is the task's own; Airflow adds those of the tasks after it")
    if task.queue is not None and task.queue != "default":
        found.note("queue", f"which worker runs it ({task.queue!r}) is the executor's configuration")


RULES: tuple[Callable[[Task, _Collected], None], ...] = (describe, _owner, _retries, _pool, _order, waits_for_past)


def _assets(task: Task, assets: Mapping[str, Asset], found: _Collected) -> None:
    for name in task.outlets:
        if name not in assets:
            told = f"the outlet {name!r} isn't an asset of this file: if it is an alias, what it stands for isn't seen"
            found.notes.append(("DP403", told))
    uris = [assets[name].uri if name in assets else name for name in task.outlets]
    if len(uris) == 1:
        found.metadata["dagster/uri"] = text_literal(uris[0])
    elif uris:
        found.metadata["airflow/outlets"] = f"[{', '.join(map(text_literal, uris))}]"
    inlets = [assets[name].uri if name in assets else name for name in task.inlets]
    if inlets:
        found.metadata["airflow/inlets"] = f"[{', '.join(map(text_literal, inlets))}]"


def _finish(found: _Collected) -> None:
    if found.tags:
        pairs = ", ".join(f"{text_literal(key)}: {text_literal(value)}" for key, value in found.tags.items())
        found.arguments["tags"] = f"{{{pairs}}}"
    if found.metadata:
        pairs = ", ".join(f"{text_literal(key)}: {value}" for key, value in found.metadata.items())
        found.arguments["metadata"] = f"{{{pairs}}}"
