"""Settings of a task: retries, owners, tags, pools, documentation, and what has no place in Dagster.

The tables say what becomes of every base argument of an operator; a setting in none of them is refused, so
nothing gets lost when Airflow adds one. Source: ``BaseOperator.__init__`` of Airflow 1.10, 2.11 and 3.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from dagport.graph import Asset, Pipeline, Task
from dagport.values import Call, Value
from dagport.writers.dagster.literals import text_literal
from dagport.writers.dagster.model import Note, Settings
from dagport.writers.dagster.naming import OWNER, POOL, TAG_VALUE

DEFAULT_RETRY_DELAY = 300  # seconds; `default_task_retry_delay`
DEFAULT_OWNER = "airflow"
DEFAULT_POOL = "default_pool"
OTHER_DOCS = ("doc_rst", "doc_json", "doc_yaml")
SECONDS = len("2026-01-01T00:00:00")

IGNORED: dict[str, str] = {
    "task_id": "it is the asset's name",
    "doc": "it is the description",
    "doc_md": "it is the description",
    "doc_json": "it is the description",
    "doc_yaml": "it is the description",
    "doc_rst": "it is the description",
    "logger_name": "Dagster has its own",
    "show_return_value_in_logs": "Dagster doesn't log results",
    "provide_context": "it has no effect since Airflow 2",
    "map_index_template": "it only labels mapped tasks",
    "weight_rule": "the priority is carried as it is written",
    "do_xcom_push": "the form of the task follows it",
    "xcom_push": "the form of the task follows it",
    "trigger_rule": "only all_success is carried over",
    "email": "it matters with email_on_failure and email_on_retry only",
    "resources": "the executor decides",
    "allow_nested_operators": "a warning of Airflow only",
    "render_template_as_native_obj": "the form of the task follows it",
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
    "start_date": "the task starts with its DAG",
    "end_date": "the task ends with its DAG",
    "max_retry_delay": "the delay isn't capped",
    "ignore_first_depends_on_past": "see depends_on_past",
    "wait_for_past_depends_before_skipping": "see depends_on_past",
}
REFUSED: dict[str, str] = {
    "pre_execute": "it runs code before the task",
    "post_execute": "it runs code after the task",
    "retry_policy": "its rules decide which failures are retried",
    "params": "the task has params of its own",
}
EMAILS = {"email_on_failure": "use @dg.run_failure_sensor", "email_on_retry": "Dagster has no hook for a retry"}


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
    refusal = _arguments(task, pipeline, own, collected)
    return Settings(
        arguments=collected.arguments,
        notes=tuple(collected.notes),
        approximations=tuple(collected.approximations),
        refusal=refusal,
    )


class _Collected:
    def __init__(self) -> None:
        self.arguments: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.metadata: dict[str, str] = {}
        self.notes: list[Note] = []
        self.approximations: list[str] = []

    def note(self, setting: str, advice: str) -> None:
        self.notes.append(("DP403", f"`{setting}` isn't carried over: {advice}"))

    def differ(self, setting: str, advice: str) -> None:
        self.approximations.append(f"`{setting}` isn't carried over: {advice}")


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
    if task.execution_timeout_s is not None:
        found.differ(
            "execution_timeout",
            f"nothing ends a single step after {task.execution_timeout_s:g} s; the tag dagster/max_runtime ends a run",
        )
    if task.depends_on_past:
        found.differ("depends_on_past", "it doesn't wait for the run before")
    if task.wait_for_downstream:
        found.differ("wait_for_downstream", "it doesn't wait for the run before")


def _documentation(task: Task, found: _Collected) -> None:
    text = task.doc or next((value for name in OTHER_DOCS if isinstance(value := task.arguments.get(name), str)), None)
    if text:
        found.arguments["description"] = text_literal(text)


RULES: tuple[Callable[[Task, _Collected], None], ...] = (_documentation, _owner, _retries, _pool, _order)


def _assets(task: Task, assets: Mapping[str, Asset], found: _Collected) -> None:
    uris = [assets[name].uri if name in assets else name for name in task.outlets]
    if len(uris) == 1:
        found.metadata["dagster/uri"] = text_literal(uris[0])
    elif uris:
        found.metadata["airflow/outlets"] = f"[{', '.join(map(text_literal, uris))}]"
    inlets = [assets[name].uri if name in assets else name for name in task.inlets]
    if inlets:
        found.metadata["airflow/inlets"] = f"[{', '.join(map(text_literal, inlets))}]"


def _arguments(task: Task, pipeline: Pipeline, own: frozenset[str], found: _Collected) -> str | None:
    """Go through the arguments that the form doesn't read; returns why the task is refused."""
    _finish(found)
    for name, value in task.arguments.items():
        if name in own or name in IGNORED or _is_off(value) or _is_the_dags(name, value, pipeline):
            continue
        if name in NOTED:
            found.note(name, NOTED[name])
        elif name in EMAILS:
            found.differ(name, EMAILS[name])
        elif name in APPROXIMATED:
            found.differ(name, APPROXIMATED[name])
        elif name in REFUSED:
            return f"`{name}` is set: {REFUSED[name]}"
        else:
            return f"the argument `{name}` isn't carried over"
    return None


def _is_off(value: Value) -> bool:
    return value is None or value is False or value in ([], {}, "")


def _is_the_dags(name: str, value: Value, pipeline: Pipeline) -> bool:
    """Whether a date is the DAG's own, which is where ``default_args`` put it."""
    dates = {"start_date": pipeline.start_date, "end_date": pipeline.end_date}
    date = dates.get(name)
    if date is None or not isinstance(value, Call) or not value.args:
        return False
    return str(value.args[0])[:SECONDS] == date[:SECONDS]


def _finish(found: _Collected) -> None:
    if found.tags:
        pairs = ", ".join(f"{text_literal(key)}: {text_literal(value)}" for key, value in found.tags.items())
        found.arguments["tags"] = f"{{{pairs}}}"
    if found.metadata:
        pairs = ", ".join(f"{text_literal(key)}: {value}" for key, value in found.metadata.items())
        found.arguments["metadata"] = f"{{{pairs}}}"


def rows() -> Iterator[tuple[str, str, str]]:
    """The settings that aren't carried over exactly: setting, fidelity, advice. For the support table."""
    for name, advice in NOTED.items():
        yield f"`{name}`", "reported", advice
    for name, advice in (*APPROXIMATED.items(), *EMAILS.items()):
        yield f"`{name}`", "approximate", advice
    for name, why in REFUSED.items():
        yield f"`{name}`", "delegated", why
