"""SQL checks: an asset with a blocking check of itself, which fails as the task does.

Its place in the graph is the task's own, so a failure stops exactly what came after the task: a check of the asset
before it would also stop the other assets after that one. Source: ``SQLCheckOperator`` and its siblings of the
common.sql provider.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dagport.graph import Task
from dagport.passes.templates import has_template
from dagport.values import Template, Value
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import Refused
from dagport.writers.dagster.families.table import Carried, Family, Operator, Read, Rule, Text, limited
from dagport.writers.dagster.scope import Scope

IN_SQL = ("partition_clause", "check_statement")  # what of the checks is put into the statement, and rendered with it
FILES = (".hql", ".sql")
IMPORT = "from {package}.checks import report_check"
REPORT = "yield from report_check(context, "
NO_RETRIES = ", allow_retries=False"


def checks(value: Value, text: Text) -> str:
    """Checks by column or name: only what becomes part of the statement is rendered. Raises ``Refused``."""
    if not isinstance(value, Mapping) or not value:
        raise Refused("its checks aren't known")
    return _checks(value, text)


def _checks(value: Value, text: Text) -> str:
    if isinstance(value, Mapping):
        if any(has_template(key) for key in value):
            raise Refused("a name of its checks is a template")
        items = (f"{text_literal(key)}: {_part(key, item, text)}" for key, item in value.items())
        return f"{{{', '.join(items)}}}"
    if isinstance(value, Template):
        raise Refused("a bound of its checks is a template, which Airflow doesn't render")
    return text(value)


def _part(key: str, value: Value, text: Text) -> str:
    return text(value) if key in IN_SQL else _checks(value, text)


def in_op(body: str) -> str:
    """In an op there is no asset whose check it could be."""
    call, _, _ = body.removeprefix(REPORT).removesuffix(")").partition(NO_RETRIES)
    retries = NO_RETRIES if body.endswith(f"{NO_RETRIES})") else ""
    failure = f"dg.Failure(finding.said, metadata=dict(finding.measured){retries})"
    return f"finding = {call}\nif not finding.passed:\n    raise {failure}"


def _operator(name: str, rules: Mapping[str, Rule], **more: object) -> Operator:
    connection = {
        "conn_id": Read(kind=str, rendered=True),
        "retry_on_failure": Read(),
        **limited("database hook_params", why="it changes the connection"),
    }

    def body(task: Task) -> str:
        retries = NO_RETRIES if task.arguments.get("retry_on_failure") is False else ""
        return f"{REPORT}{name}($client.run, $arguments){retries})"

    return Operator(
        rules={**rules, **connection},
        body=body,
        database=True,
        connection=("conn_id", None),
        files=FILES,
        in_op=in_op,
        not_in_op=(IMPORT, "checks"),
        imports=(IMPORT,),
        support=("checks", name),
        decorator={"check_specs": "[dg.AssetCheckSpec($name, asset=$key, blocking=True)]"},
        **more,  # type: ignore[arg-type]
    )


def _argument(name: str, *, rendered: bool = False) -> dict[str, Rule]:
    return {name: Carried(to=name, rendered=rendered)}


SQL = {"sql": Carried(to="sql", rendered=True)}
PARAMETERS = _argument("parameters")
CLAUSE = {**_argument("partition_clause", rendered=True), **_argument("accept_none")}
TABLE = {"table": Carried(to="table", rendered=True)}


def no_templates(task: Task, _: Scope) -> None:
    """The metrics become parts of a statement that is rendered as a whole."""
    metrics = task.arguments.get("metrics_thresholds")
    if not isinstance(metrics, Mapping) or any(has_template(name) for name in metrics):
        raise Refused("its metrics aren't known")
    if has_template(str(task.arguments.get("date_filter_column", ""))):
        raise Refused("its date_filter_column is a template")


ROW = _operator("check_row", {**SQL, **PARAMETERS}, required=("sql",))
VALUE = _operator(
    "check_value",
    {**SQL, "pass_value": Carried(to="expected", rendered=True), **_argument("tolerance"), **PARAMETERS},
    required=("sql", "pass_value"),
)
THRESHOLD = _operator(
    "check_threshold",
    {**SQL, "min_threshold": Carried(to="low", rendered=True), "max_threshold": Carried(to="high", rendered=True)},
    required=("sql", "min_threshold", "max_threshold"),
)
INTERVAL = _operator(
    "check_interval",
    {
        "table": Carried(to="table", rendered=True, hidden=True),
        "metrics_thresholds": Carried(to="metrics_thresholds"),
        **_argument("days_back"),
        **_argument("date_filter_column"),
        **_argument("ratio_formula"),
        **_argument("ignore_zero"),
    },
    required=("table", "metrics_thresholds"),
    entries={"day": "ds"},
    check=no_templates,
)
COLUMNS = _operator(
    "check_columns",
    {**TABLE, "column_mapping": Carried(to="column_mapping", rendered=True, hidden=True, convert=checks), **CLAUSE},
    required=("table", "column_mapping"),
)
CHECKS = _operator(
    "check_table",
    {**TABLE, "checks": Carried(to="checks", rendered=True, hidden=True, convert=checks), **CLAUSE},
    required=("table", "checks"),
)
PRESENT: Mapping[str, tuple[Operator, Sequence[str]]] = {  # with the names in airflow.operators.check_operator
    "SQLCheckOperator": (ROW, ["CheckOperator"]),
    "SQLValueCheckOperator": (VALUE, ["ValueCheckOperator"]),
    "SQLThresholdCheckOperator": (THRESHOLD, ["ThresholdCheckOperator"]),
    "SQLIntervalCheckOperator": (INTERVAL, ["IntervalCheckOperator"]),
    "SQLColumnCheckOperator": (COLUMNS, []),
    "SQLTableCheckOperator": (CHECKS, []),
}
FAMILY = Family(
    title="SQLCheckOperator, SQLValueCheckOperator, -Threshold-, -Interval-, -Column- and -TableCheckOperator",
    fidelity="approximate",
    note="an asset with a blocking `AssetCheckSpec`, by the operator's rules; the connection decides which hook "
    "Airflow uses, and it isn't known",
    operators={
        **{f"airflow.providers.common.sql.operators.sql.{name}": operator for name, (operator, _) in PRESENT.items()},
        **{f"airflow.operators.sql.{name}": operator for name, (operator, _) in PRESENT.items()},
        **{f"airflow.operators.check_operator.{old}": item for item, names in PRESENT.values() for old in names},
    },
)
