"""Settings of a task: retries, timeouts, tags, pools, documentation, and what has no place in Prefect.

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
from dagport.writers.prefect.naming import ASSET_KEY

IGNORED: dict[str, str] = {
    **settings.IGNORED,
    "task_id": "it is the task's name",
    "logger_name": "Prefect has its own",
    "show_return_value_in_logs": "Prefect doesn't log results",
    "weight_rule": "Prefect has no priorities among tasks",
    "trigger_rule": "the flow follows it",
    "resources": "the work pool decides",
}
NOTED: dict[str, str] = {
    "executor": "the task runner and the work pool decide where it runs",
    "executor_config": "set the job variables of the deployment",
    "run_as_user": "run the worker as that user",
    "task_display_name": "a task has no second name",
    "max_active_tis_per_dag": "give the task a tag with a concurrency limit",
    "max_active_tis_per_dagrun": "give the task a tag with a concurrency limit",
    "task_concurrency": "give the task a tag with a concurrency limit",
}
APPROXIMATED: dict[str, str] = {
    "on_failure_callback": "use on_failure of the task: it is called with the task, its run and the state",
    "on_success_callback": "use on_completion of the task: it is called with the task, its run and the state",
    "on_retry_callback": "Prefect has no hook for a retry",
    "on_execute_callback": "use on_running of the task: it is called with the task, its run and the state",
    "on_skipped_callback": "Prefect has no hook for a skip",
    "sla": "use an automation that notices late runs",
    **settings.APPROXIMATED,
    "email": "use an automation that sends a notification",
    "email_on_failure": "use an automation that sends a notification",
    "email_on_retry": "Prefect has no hook for a retry",
}
TABLES = Tables(ignored=IGNORED, noted=NOTED, approximated=APPROXIMATED, refused=settings.REFUSED)


@dataclass
class _Collected(Collected):
    tags: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)  # of assets that it makes


def settings_of(task: Task, pipeline: Pipeline, assets: Mapping[str, Asset], own: frozenset[str]) -> Settings:
    """What the settings become; ``own`` are the arguments that the form of the task reads itself."""
    found = _Collected()
    for rule in RULES:
        rule(task, found)
    _assets(task, assets, found)
    if found.tags:
        found.arguments["tags"] = f"[{', '.join(map(text_literal, found.tags))}]"
    return found.settled(walk(task, pipeline, own, TABLES, found))


def _retries(task: Task, found: _Collected) -> None:
    retries = int(task.retries or 0)
    if retries <= 0:
        return
    found.arguments["retries"] = str(retries)
    delay = DEFAULT_RETRY_DELAY if task.retry_delay_s is None else task.retry_delay_s
    factor = task.retry_exponential_backoff
    if factor is True or (factor or 0) > 1:
        base = 2 if factor is True else float(factor or 2)
        delays = [delay * base**count for count in range(retries)]
        found.arguments["retry_delay_seconds"] = f"[{', '.join(f'{one:g}' for one in delays)}]"
        found.approximations.append(
            "`retry_exponential_backoff`: Airflow adds a part that depends on the run to each delay, Prefect doesn't"
        )
    elif delay:
        found.arguments["retry_delay_seconds"] = f"{delay:g}"


def _timeout(task: Task, found: _Collected) -> None:
    if task.execution_timeout_s is None:
        return
    found.arguments["timeout_seconds"] = f"{task.execution_timeout_s:g}"
    found.approximations.append(
        "`execution_timeout`: Prefect can't interrupt a call that blocks; such a task ends as timed out when the call "
        "returns"
    )


def _owner(task: Task, found: _Collected) -> None:
    if task.owner is not None and task.owner != DEFAULT_OWNER:
        found.tags.append(f"owner:{task.owner}")


def _pool(task: Task, found: _Collected) -> None:
    if task.pool_slots is not None and task.pool_slots != 1:
        found.differ("pool_slots", "a task takes one slot of a tag's concurrency limit")
    if task.pool is None or task.pool == DEFAULT_POOL:
        return
    tag = f"pool:{task.pool}"
    found.tags.append(tag)
    how = f"set it with `prefect concurrency-limit create {tag} LIMIT`"
    found.notes.append(("DP403", f"the limit of the pool {task.pool!r} isn't code: {how}"))


def _order(task: Task, found: _Collected) -> None:
    if task.priority_weight is not None and task.priority_weight != 1:
        found.note("priority_weight", "Prefect has no priorities among tasks; work queues have")
    if task.queue is not None and task.queue != "default":
        found.note("queue", f"which worker runs it ({task.queue!r}) is the deployment's work pool and queue")


RULES: tuple[Callable[[Task, _Collected], None], ...] = (
    describe,
    _owner,
    _retries,
    _timeout,
    _pool,
    _order,
    waits_for_past,
)


def _assets(task: Task, assets: Mapping[str, Asset], found: _Collected) -> None:
    """Outlets are the assets that ``@materialize`` makes; inlets those that it depends on."""
    made = [assets[name].uri if name in assets else name for name in task.outlets]
    read = [assets[name].uri if name in assets else name for name in task.inlets]
    for uri in (*made, *read):
        if not ASSET_KEY.match(uri):
            found.note(f"the asset {uri!r}", "Prefect takes only URIs with a lower-case scheme as keys of assets")
    keys = list(filter(ASSET_KEY.match, made))
    deps = list(filter(ASSET_KEY.match, read))
    if keys:
        found.arguments["assets"] = ", ".join(map(text_literal, keys))
    if keys and deps:
        found.arguments["asset_deps"] = f"[{', '.join(map(text_literal, deps))}]"
    elif deps:
        found.note("inlets", "only a task that makes an asset can have assets before it")
