"""Settings of tasks as keyword arguments, and those that all tasks of a DAG share as its ``default_args``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from dagport.graph import Task
from dagport.pycode import text_constant
from dagport.writers.airflow.written.values import Values, number, text
from dagport.writers.common.literals import NotExpressible

PLAIN = (
    "owner", "retries", "retry_exponential_backoff", "pool", "pool_slots", "queue", "priority_weight",
    "depends_on_past", "wait_for_downstream",
)  # fmt: skip
SECONDS = {"retry_delay_s": "retry_delay", "execution_timeout_s": "execution_timeout"}
SHARED = frozenset({
    *PLAIN, *SECONDS.values(), "email", "email_on_failure", "email_on_retry", "max_retry_delay", "start_date",
    "end_date", "on_failure_callback", "on_success_callback", "on_retry_callback", "on_execute_callback",
    "on_skipped_callback", "weight_rule", "do_xcom_push", "max_active_tis_per_dag", "run_as_user", "executor",
})  # fmt: skip
"""Arguments that every operator takes, so that they can be a DAG's ``default_args``."""
TEARDOWN_RULE = "all_done_setup_success"
CALLABLE_ARGUMENTS = frozenset({"op_args", "op_kwargs", "python_callable", "on_failure_fail_dagrun"})
NOT_IN_3 = frozenset({"provide_context", "task_concurrency", "sla"})
NOT_IN_2 = frozenset({"retry_policy", "render_template_as_native_obj"})
"""Arguments of every operator of Airflow 3 that Airflow 2's refuse."""
OWN_NOT_IN_2 = {
    "BranchPythonVirtualenvOperator": {"index_urls_from_connection_ids"},
    "ExternalTaskMarker": {"logical_date"},
    "PythonVirtualenvOperator": {"index_urls_from_connection_ids"},
    "TimeDeltaSensor": {"deferrable", "end_from_trigger"},
    "TimeSensor": {"deferrable", "end_from_trigger", "start_from_trigger", "trigger_kwargs"},
    "TriggerDagRunOperator": {"fail_when_dag_is_paused", "note", "openlineage_inject_parent_info", "run_after"},
}
"""The same for the constructors of single operators: the signatures of Airflow 3.3 and 2.11 compared."""
RULES_TO_3 = {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}


def settings_of(task: Task, values: Values) -> dict[str, str]:
    """The fields of the graph that are set, as arguments in source form."""
    found = {name: _plain(getattr(task, name)) for name in PLAIN if getattr(task, name) is not None}
    for field, name in SECONDS.items():
        if getattr(task, field) is not None:
            found[name] = values.duration(getattr(task, field))
    rule = RULES_TO_3.get(task.trigger_rule, task.trigger_rule)
    if not (task.teardown and rule == TEARDOWN_RULE) and rule != "all_success":
        found["trigger_rule"] = text_constant(rule)
    return found


def check_arguments(task: Task, version: str) -> None:
    """Refuse arguments that the version's operators don't take. Raises ``NotExpressible``."""
    refused = NOT_IN_3
    if version == "2":
        refused = NOT_IN_2 | OWN_NOT_IN_2.get(task.operator.rpartition(".")[2], set())
    foreign = sorted({*task.arguments, *(task.mapped.over if task.mapped else ())} & refused)
    if foreign:
        raise NotExpressible(f"Airflow {version} has no {foreign[0]!r} for it")


def shared(tasks: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """What goes into ``default_args``: settings that every task has, with the value that most of them have."""
    found: dict[str, str] = {}
    if len(tasks) < 2:
        return found
    for name in sorted(set(tasks[0]) & SHARED, key=_rank):
        if all(name in task for task in tasks):
            value, count = Counter(task[name] for task in tasks).most_common(1)[0]
            if count > 1:
                found[name] = value
    return found


def _rank(name: str) -> tuple[int, str]:
    order = (*PLAIN[:2], "retry_delay", *PLAIN[2:])
    return (order.index(name) if name in order else len(order)), name


def _plain(value: str | float | bool) -> str:
    return text(value) if isinstance(value, str) else number(value)
