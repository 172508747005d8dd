"""Operators and ``@task``: arguments that Airflow 3 calls otherwise or hasn't, in calls and in ``default_args``.

Source: ``airflow.models.baseoperator`` of 2.11 beside ``airflow.sdk.bases.operator`` of 3.3.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from dagport.pycode import text_constant
from dagport.writers.airflow.upgrade import calls
from dagport.writers.airflow.upgrade.facts import TRIGGER_RULES, new_home
from dagport.writers.airflow.upgrade.file import File
from dagport.writers.airflow.upgrade.imports import Imports

SLA = "Airflow 3 has no SLAs: use a Deadline"
RENAMED = {"task_concurrency": "max_active_tis_per_dag", "xcom_push": "do_xcom_push"}
REMOVED = {"provide_context": None, "sla": SLA}
OF_CLASS = {
    "TriggerDagRunOperator": {"execution_date": "logical_date"},
    "DatasetOrTimeSchedule": {"datasets": "assets"},
}
NOT_TAKEN = {
    ("TriggerDagRunOperator", "python_callable"): (
        "TriggerDagRunOperator takes no function since Airflow 2: give it `conf`, and decide in a task before it"
    ),
}
RULES = {"none_failed_or_skipped": "none_failed_min_one_success", "dummy": "always"}
# Classes that a provider has dropped for `SQLExecuteQueryOperator`: the name and the default of their connection.
SQL = "airflow.providers.common.sql.operators.sql.SQLExecuteQueryOperator"
CONNECTIONS = {
    "airflow.providers.postgres.operators.postgres.PostgresOperator": ("postgres_conn_id", "postgres_default"),
    "airflow.providers.mysql.operators.mysql.MySqlOperator": ("mysql_conn_id", "mysql_default"),
    "airflow.providers.sqlite.operators.sqlite.SqliteOperator": ("sqlite_conn_id", "sqlite_default"),
    "airflow.providers.oracle.operators.oracle.OracleOperator": ("oracle_conn_id", "oracle_default"),
    "airflow.providers.microsoft.mssql.operators.mssql.MsSqlOperator": ("mssql_conn_id", "mssql_default"),
    "airflow.providers.vertica.operators.vertica.VerticaOperator": ("vertica_conn_id", "vertica_default"),
    "airflow.providers.trino.operators.trino.TrinoOperator": ("trino_conn_id", "trino_default"),
}


def upgrade_tasks(file: File, imports: Imports) -> None:
    """Change every call that makes a task, and every dict of default arguments."""
    spans = {task.span for pipeline in file.graph.pipelines for task in pipeline.tasks}
    for call in file.nodes(cst.Call):
        name = file.meanings.of(call.func) or ""
        if file.tree.span(call) in spans or _is_operator(name) or _is_task_decorator(name):
            _arguments(file, call, name.removesuffix(".partial"))
            _connection(file, imports, call, name)
    for node in file.nodes(cst.Arg):
        if node.keyword is not None and node.keyword.value == "default_args":
            _default_args(file, node.value)
    for attribute in file.nodes(cst.Attribute):
        _rule_attribute(file, attribute)


def _is_operator(name: str) -> bool:
    last = name.removesuffix(".partial").rpartition(".")[2]
    return name.startswith("airflow.") and (last.endswith(("Operator", "Sensor")) or last in OF_CLASS)


def _is_task_decorator(name: str) -> bool:
    return name.startswith(("airflow.decorators.task", "airflow.sdk.task"))


def _arguments(file: File, call: cst.Call, name: str) -> None:
    renamed = {**RENAMED, **OF_CLASS.get(name.rpartition(".")[2], {})}
    calls.remove(file, call, [arg for arg in call.args if arg.keyword is not None and arg.keyword.value in REMOVED])
    for arg in call.args:
        key = arg.keyword.value if arg.keyword is not None else ""
        if key in renamed:
            calls.rename(file, arg, renamed[key])
        elif REMOVED.get(key):
            file.say("DP430", f"`{key}` is left out: {REMOVED[key]}", arg)
        elif (name.rpartition(".")[2], key) in NOT_TAKEN:
            file.say("DP431", NOT_TAKEN[name.rpartition(".")[2], key], arg)
        elif key == "trigger_rule":
            _rule(file, arg.value)


def _rule(file: File, value: cst.BaseExpression) -> None:
    if isinstance(value, cst.SimpleString) and value.evaluated_value in RULES:
        file.replace(value, value.quote + RULES[str(value.evaluated_value)] + value.quote)


def _rule_attribute(file: File, node: cst.Attribute) -> None:
    new = RULES.get(node.attr.value.lower())
    if new is not None and node.attr.value.isupper() and file.meanings.of(node.value) in TRIGGER_RULES:
        file.edits.replace(file.tree.start(node.attr), file.tree.end(node.attr), new.upper())


def _connection(file: File, imports: Imports, call: cst.Call, name: str) -> None:
    old = name if name in CONNECTIONS else new_home(name) or ""
    if old not in CONNECTIONS or not isinstance(call.func, cst.Name | cst.Attribute):
        return
    parameter, default = CONNECTIONS[old]
    file.replace(call.func, imports.want(*SQL.rsplit(".", 1)))
    arg = calls.keyword(call, parameter)
    if arg is not None:
        calls.rename(file, arg, "conn_id")
    elif not calls.has_spread(call):
        calls.add(file, call, f'conn_id="{default}"')


def _default_args(file: File, value: cst.BaseExpression) -> None:
    for node in _dicts(file, value):
        entries = dict(_entries(node))
        calls.remove_items(file, node.elements, [item for item, key in entries.items() if key in REMOVED])
        for item, key in entries.items():
            if key in RENAMED:
                file.replace(item.key, text_constant(RENAMED[key]))
            elif REMOVED.get(key):
                file.say("DP430", f"`{key}` is left out of the default arguments: {REMOVED[key]}", item)
            elif key == "trigger_rule":
                _rule(file, item.value)


def _entries(node: cst.Dict) -> Iterator[tuple[cst.DictElement, str]]:
    """The entries whose key is a text."""
    for item in node.elements:
        if isinstance(item, cst.DictElement) and isinstance(item.key, cst.SimpleString):
            yield item, str(item.key.evaluated_value)


def _dicts(file: File, value: cst.BaseExpression) -> Iterator[cst.Dict]:
    """The dicts written out that a value can be: itself, or what its name is given at one place."""
    if isinstance(value, cst.Dict):
        yield value
    elif isinstance(value, cst.Name):
        for binding in file.meanings.bindings(value):
            site = binding.site
            if isinstance(site, cst.Assign | cst.AnnAssign) and isinstance(site.value, cst.Dict):
                yield site.value
