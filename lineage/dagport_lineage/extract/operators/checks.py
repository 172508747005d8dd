"""Checks of data, branches and sensors that ask a database: they read and write nothing but what their SQL does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from dagport.graph import Task
from dagport.values import Template, Value
from dagport_lineage.extract.arguments import Rule, gap, union, why_not
from dagport_lineage.extract.queries import GENERIC, SQL_FILES, Reach, Where, by, queries, run
from dagport_lineage.model import Found
from dagport_lineage.rendering import partly_rendered
from dagport_lineage.scope import Scope

COMMON = "airflow.providers.common.sql"
BOTH_FILES = (*SQL_FILES, ".hql")


def asking(where: Where, *names: str) -> Rule:
    """A rule for an operator that asks the SQL of its arguments; one that holds a number asks nothing."""

    def rule(task: Task, scope: Scope) -> Found:
        database = where(task, scope)
        asked = (name for name in names if _is_asked(task.arguments.get(name), first=name == names[0]))
        return union(queries(task, scope, name, database, files=BOTH_FILES, default_side="inputs") for name in asked)

    return rule


def _is_asked(value: Value, *, first: bool) -> bool:
    """Thresholds are numbers, as text or not, or SQL (``_convert_to_float_if_possible``)."""
    if first:
        return True
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return True
        return False
    return value is not None and not isinstance(value, int | float)


def measuring(where: Where, columns: Callable[[Task], Iterable[str]]) -> Rule:
    """A rule for an operator that makes a query of a table and of expressions over it."""

    def rule(task: Task, scope: Scope) -> Found:
        name = task.arguments.get("table")
        text = name.text if isinstance(name, Template) else name
        if not isinstance(text, str):
            return Found(gaps=(gap("inputs", why_not(text, task, scope, "table"), scope.place(task)),))
        asked = _query(partly_rendered(text, task, scope), tuple(columns(task)), task.arguments.get("partition_clause"))
        done = run((asked,), task, scope, "table", where(task, scope), files=(), default_side="inputs")
        return replace(done, sql=())  # the query is ours

    return rule


def _query(table: str, expressions: tuple[str, ...], clause: Value) -> str:
    condition = clause.text if isinstance(clause, Template) else clause
    parts = ["SELECT", ", ".join(expressions) or "1", "FROM", table]
    return " ".join([*parts, "WHERE", condition] if isinstance(condition, str) and condition else parts)


def column_mapping(task: Task) -> tuple[str, ...]:
    """The columns of ``SQLColumnCheckOperator``."""
    value = task.arguments.get("column_mapping")
    return tuple(value) if isinstance(value, Mapping) else ()


def metrics(task: Task) -> tuple[str, ...]:
    """The expressions of ``SQLIntervalCheckOperator``, and the column that its condition is about."""
    value = task.arguments.get("metrics_thresholds")
    column = task.arguments.get("date_filter_column", "ds")
    expressions = tuple(value) if isinstance(value, Mapping) else ()
    return (*expressions, column) if isinstance(column, str) else expressions


def statements(task: Task) -> tuple[str, ...]:
    """The conditions of ``SQLTableCheckOperator``."""
    value = task.arguments.get("checks")
    checks = value.values() if isinstance(value, Mapping) else ()
    texts = (check.get("check_statement") for check in checks if isinstance(check, Mapping))
    return tuple(text for text in texts if isinstance(text, str))


def checks(home: str, where: Where, prefix: str, names: Iterable[str]) -> dict[str, Rule]:
    """The rules of the checks that one provider has, by class."""
    rules = {
        "Check": asking(where, "sql"),
        "ValueCheck": asking(where, "sql"),
        "ThresholdCheck": asking(where, "sql", "min_threshold", "max_threshold"),
        "IntervalCheck": measuring(where, metrics),
        "ColumnCheck": measuring(where, column_mapping),
        "TableCheck": measuring(where, statements),
    }
    return {f"{home}.{prefix}{name}Operator": rules[name] for name in names}


ALL = ("Check", "ValueCheck", "ThresholdCheck", "IntervalCheck", "ColumnCheck", "TableCheck")
BRANCH = Reach(default="default_conn_id", database="database", hook_params="hook_params", generic=True)

FAMILY = {
    **checks(f"{COMMON}.operators.sql", by(GENERIC), "SQL", ALL),
    f"{COMMON}.operators.sql.BranchSQLOperator": asking(by(BRANCH), "sql"),
    f"{COMMON}.sensors.sql.SqlSensor": asking(by(Reach(hook_params="hook_params")), "sql"),
}
