"""SQL operators: a function that runs the statements through a database.

Source: ``SQLExecuteQueryOperator.execute`` and ``DbApiHook.run`` of the common.sql provider: all statements in one
transaction unless autocommit; a text gives its rows, a list of texts a list of rows for each.
"""

from __future__ import annotations

from collections.abc import Sequence

from dagport.graph import Task
from dagport.values import Template, Value
from dagport.writers.common.bash import references
from dagport.writers.common.dates import DATE_ENTRIES
from dagport.writers.common.inputs import Inputs
from dagport.writers.common.model import NOTHING, VALUE, Function, Inspection, Refused
from dagport.writers.common.scope import Scope

GENERIC = "airflow.providers.common.sql.operators.sql.SQLExecuteQueryOperator"
DIALECTS = {  # operator: the argument that names its connection, its default connection
    GENERIC: ("conn_id", None),
    "airflow.providers.postgres.operators.postgres.PostgresOperator": ("postgres_conn_id", "postgres_default"),
    "airflow.operators.postgres_operator.PostgresOperator": ("postgres_conn_id", "postgres_default"),
    "airflow.providers.mysql.operators.mysql.MySqlOperator": ("mysql_conn_id", "mysql_default"),
    "airflow.operators.mysql_operator.MySqlOperator": ("mysql_conn_id", "mysql_default"),
    "airflow.providers.sqlite.operators.sqlite.SqliteOperator": ("sqlite_conn_id", "sqlite_default"),
    "airflow.operators.sqlite_operator.SqliteOperator": ("sqlite_conn_id", "sqlite_default"),
}
OPERATORS = frozenset(DIALECTS)
ARGUMENTS = frozenset(
    {
        "sql", "autocommit", "parameters", "handler", "output_processor", "conn_id", "postgres_conn_id",
        "mysql_conn_id", "sqlite_conn_id", "database", "hook_params", "split_statements", "return_last",
        "requires_result_fetch", "retry_on_failure", "runtime_parameters",
    }
)  # fmt: skip
FILE_ENDINGS = (".sql", ".json")
FETCH_ALL = "fetch_all_handler"
UNSUPPORTED = ("output_processor", "database", "hook_params", "runtime_parameters", "split_statements")


def inspect(task: Task, scope: Scope) -> Inspection:
    """What the statements need and hand over. Raises ``Refused``."""
    arguments = task.arguments
    statements = _statements(task)
    for name in UNSUPPORTED:
        if arguments.get(name):
            raise Refused(f"it has the argument `{name}`")
    if not isinstance(_connection(task), str):
        raise Refused("its connection isn't known")
    if not isinstance(arguments.get("autocommit", False), bool):
        raise Refused("whether it has autocommit isn't known")
    handler = arguments.get("handler", "default")
    if handler != "default" and not repr(handler).endswith(f".{FETCH_ALL}')"):
        raise Refused("it has a handler of its own for the rows")
    _check_script(task, statements)
    refs = {ref for value in (*statements, arguments.get("parameters")) for ref in references(value)}
    stored = arguments.get("do_xcom_push", True) is not False and _fetches(task)
    return Inspection(result=VALUE if stored else NOTHING, context=frozenset(refs & DATE_ENTRIES))


def _fetches(task: Task) -> bool:
    """The operators of a dialect fetched nothing until they became forms of the generic one."""
    return not task.operator.startswith("airflow.operators.")


def _statements(task: Task) -> tuple[Value, ...]:
    sql = task.arguments.get("sql")
    statements = (sql,) if isinstance(sql, str | Template) else tuple(sql) if isinstance(sql, Sequence) else ()
    if not statements or not all(isinstance(item, str | Template) for item in statements):
        raise Refused("its sql isn't known")
    for item in statements:
        text = item.text if isinstance(item, Template) else str(item)
        if text.endswith(FILE_ENDINGS):
            raise Refused(f"its sql names the template file {text!r}, which dagport doesn't read")
        if not text.strip():
            raise Refused("its sql is empty, and Airflow fails")
    return statements


def _check_script(task: Task, statements: tuple[Value, ...]) -> None:
    """Whether a text with several statements is split is the hook's choice, which the connection decides."""
    if task.operator != GENERIC:
        return
    for item in statements:
        text = item.text if isinstance(item, Template) else str(item)
        if ";" in text.strip().rstrip(";"):
            raise Refused("its sql holds several statements, and whether they are split depends on the connection")


def _connection(task: Task) -> Value:
    name, default = DIALECTS[task.operator]
    return task.arguments.get(name, task.arguments.get("conn_id", default))


def write(task: Task, scope: Scope) -> tuple[Inputs, Function]:
    """The function that runs the statements. Raises ``Refused``."""
    inputs = scope.inputs(task)
    connection = _connection(task)
    assert isinstance(connection, str)  # noqa: S101 - inspect has refused it otherwise
    database = inputs.connection(connection)
    arguments = [inputs.value(task.arguments["sql"])]
    if task.arguments.get("parameters") is not None:
        arguments.append(f"parameters={inputs.value(task.arguments['parameters'])}")
    if task.arguments.get("autocommit"):
        arguments.append("autocommit=True")
    returns = scope.results[task.id].kind != "nothing"
    head = f"def {scope.names[task.id].function}({', '.join(inputs.signature())}){'' if returns else ' -> None'}:"
    call = f"{database}.run({', '.join(arguments)})"
    if task.operator == GENERIC:
        inputs.approximations[
            f"the kind of the connection {connection!r} isn't known; its statements run by SQLAlchemy's driver"
        ] = None
    return inputs, Function(text=f"{head}\n    {'return ' if returns else ''}{call}")
