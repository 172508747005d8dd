"""What Airflow puts into a task's context, and the library names that reach it.

Sources: ``airflow.sdk.definitions.context`` and ``airflow.utils.context`` of Airflow 3.3 and 2.11; the keys of 1.10
are in "Macros reference" of its documentation. Airflow hands an entry to a parameter of the entry's name.
"""

from __future__ import annotations

CONTEXT_KEYS = frozenset({
    "asset_state_store", "conf", "conn", "dag", "dag_run", "data_interval_end", "data_interval_start", "ds",
    "ds_nodash", "end_date", "exception", "execution_date", "expanded_ti_count", "inlet_events", "inlets",
    "latest_date", "logical_date", "macros", "map_index_template", "next_ds", "next_ds_nodash",
    "next_execution_date", "outlet_events", "outlets", "params", "partition_date", "partition_key",
    "prev_data_interval_end_success", "prev_data_interval_start_success", "prev_ds", "prev_ds_nodash",
    "prev_end_date_success", "prev_execution_date", "prev_execution_date_success", "prev_start_date_success",
    "reason", "run_id", "start_date", "task", "task_instance", "task_instance_key_str",
    "task_reschedule_count", "task_state_store", "templates_dict", "test_mode", "ti", "tomorrow_ds",
    "tomorrow_ds_nodash", "triggering_asset_events", "triggering_dataset_events", "try_number", "ts",
    "ts_nodash", "ts_nodash_with_tz", "var", "yesterday_ds", "yesterday_ds_nodash",
})  # fmt: skip
"""Every entry of some version."""

TASK_INSTANCE = frozenset({"ti", "task_instance"})
OBJECTS = frozenset({"dag", "dag_run", "macros", "task"})
"""Entries whose attributes are told one by one: "dag_run.conf"."""

CURRENT_CONTEXT = frozenset({
    "airflow.decorators.get_current_context",
    "airflow.operators.python.get_current_context",
    "airflow.operators.python_operator.get_current_context",
    "airflow.providers.standard.operators.python.get_current_context",
    "airflow.sdk.definitions.context.get_current_context",
    "airflow.sdk.get_current_context",
})  # fmt: skip
VARIABLE = frozenset({
    "airflow.models.Variable",
    "airflow.models.variable.Variable",
    "airflow.sdk.Variable",
    "airflow.sdk.definitions.variable.Variable",
})  # fmt: skip
CONNECTION_CALLS = frozenset({
    "airflow.hooks.base.BaseHook.get_connection",
    "airflow.hooks.base_hook.BaseHook.get_connection",
    "airflow.models.Connection.get_connection_from_secrets",
    "airflow.models.connection.Connection.get_connection_from_secrets",
    "airflow.sdk.BaseHook.get_connection",
    "airflow.sdk.Connection.get",
    "airflow.sdk.bases.hook.BaseHook.get_connection",
    "airflow.sdk.definitions.connection.Connection.get",
})  # fmt: skip
RETURN_KEY = "return_value"
RETURN_KEY_NAMES = frozenset({
    "airflow.models.XCOM_RETURN_KEY",
    "airflow.models.xcom.XCOM_RETURN_KEY",
    "airflow.sdk.bases.xcom.BaseXCom.XCOM_RETURN_KEY",
    "airflow.utils.xcom.XCOM_RETURN_KEY",
})  # fmt: skip

EXCEPTION_MODULES = ("airflow.exceptions.", "airflow.sdk.exceptions.", "airflow.sdk.")
EXCEPTIONS = frozenset({"AirflowException", "AirflowFailException", "AirflowSkipException"})
"""Exceptions that only fail or skip the task; what replaces them is the plan's."""
POKE = "PokeReturnValue"
POKE_NAMES = frozenset({
    "airflow.sdk.PokeReturnValue",
    "airflow.sdk.bases.sensor.PokeReturnValue",
    "airflow.sensors.base.PokeReturnValue",
})  # fmt: skip
"""What a sensor's function may return; its replacement is the plan's, too."""
SKIPPING = {
    "AirflowRescheduleException": "AirflowRescheduleException is raised: the task would be run again later",
    "DagRunTriggerException": "DagRunTriggerException is raised: another DAG would be run",
    "TaskDeferred": "TaskDeferred is raised: the task would wait in the triggerer",
}

# Packages that import Airflow themselves, so that they can't be imported without it.
AIRFLOW_PACKAGES = frozenset({"airflow", "astro", "astronomer", "cosmos"})


def is_airflow(name: str) -> bool:
    """Whether a dotted name is Airflow's, or of a package that needs Airflow."""
    root = name.partition(".")[0]
    return root in AIRFLOW_PACKAGES or root.startswith("airflow_")


def exception_name(names: tuple[str, ...]) -> str | None:
    """The bare name of an Airflow exception, or of ``POKE``, when all of a name's possible meanings agree on it."""
    if names and POKE_NAMES.issuperset(names):
        return POKE
    bare = {name.rpartition(".")[2] for name in names if name.startswith(EXCEPTION_MODULES)}
    if len(bare) != 1 or not all(name.startswith(EXCEPTION_MODULES) for name in names):
        return None
    name = bare.pop()
    return name if name in EXCEPTIONS or name in SKIPPING else None
