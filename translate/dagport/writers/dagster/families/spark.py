"""spark-submit: the same command line, run by ``PipesSubprocessClient``.

Source: ``SparkSubmitOperator`` and ``SparkSubmitHook._build_spark_common_args`` of the apache.spark provider 6: the
order of the options, and what the connection adds (the master, the deploy mode, the queue).
"""

from __future__ import annotations

from collections.abc import Mapping

from dagport.graph import Task
from dagport.values import Template, Value
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import Refused
from dagport.writers.dagster.families.table import (
    MISSING,
    Carried,
    Client,
    Family,
    Operator,
    Read,
    Rule,
    Text,
    ignored,
    limited,
    pipes,
    pipes_in_op,
)
from dagport.writers.dagster.scope import Scope

RENDERED = frozenset(
    {"application", "application_args", "conf", "files", "py_files", "jars", "driver_class_path", "packages",
     "exclude_packages", "proxy_user", "name", "keytab", "principal", "properties_file"}
)  # fmt: skip
OPTIONS = (  # in the order of the command line
    "properties_file", "files", "py_files", "archives", "driver_class_path", "jars", "packages", "exclude_packages",
    "repositories", "num_executors", "total_executor_cores", "executor_cores", "executor_memory", "driver_memory",
    "keytab", "principal", "proxy_user", "name",
)  # fmt: skip
DEFAULT_NAME = "arrow-spark"


def settings(value: Value, text: Text) -> str:
    """``--conf key=value`` for each."""
    if not isinstance(value, Mapping):
        raise Refused("its conf isn't known")
    words = (f'"--conf", {_pair(key, item, text)}' for key, item in value.items())
    return f"[{', '.join(words)}]"


def _pair(key: str, value: Value, text: Text) -> str:
    if isinstance(value, str):
        return text(f"{key}={value}")
    if isinstance(value, Template):
        return text(Template(f"{key}={value.text}", value.refs))
    if isinstance(value, bool | int | float):
        return text_literal(f"{key}={value}")
    raise Refused("a value of its conf isn't known")


def option(name: str) -> Rule:
    """``--name value``, the value as text."""
    flag = text_literal(f"--{name.replace('_', '-')}")

    def convert(value: Value, text: Text) -> str:
        if isinstance(value, bool | int | float):
            return f"[{flag}, {text_literal(str(value))}]"
        if not isinstance(value, str | Template):
            raise Refused(f"its {name} isn't known")
        return f"[{flag}, {text(value)}]"

    absent = DEFAULT_NAME if name == "name" else MISSING
    return Carried(to="options", rendered=name in RENDERED, convert=convert, absent=absent)


def java_class(value: Value, text: Text) -> str:
    """``--class``, whose argument is called otherwise."""
    return f'["--class", {text(value)}]'


def arguments(value: Value, text: Text) -> str:
    """What follows the application."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, str | Template) for item in value):
        raise Refused("its application_args aren't a list of texts")
    return f"[{', '.join(map(text, value))}]"


def check(task: Task, _: Scope) -> None:
    """A count of nothing leaves its option out."""
    if any(task.arguments.get(name) in (0, "") for name in OPTIONS):
        raise Refused("an option of it is empty")


def body(task: Task) -> str:
    """The command line: the cluster's own options come last, before the application."""
    given = task.arguments
    more = "".join(f", {name}=${name}" for name in ("deploy_mode", "queue", "binary") if given.get(_ALIASES[name]))
    verbose = ', "--verbose"' if given.get("verbose") is True else ""
    following = ", $following_items" if given.get("application_args") else ""
    command = f"command = [*$client.command($options_items{verbose}{more}), $application{following}]"
    return f"{command}\n{pipes('$pipes', 'command=command')}"


_ALIASES = {"deploy_mode": "deploy_mode", "queue": "yarn_queue", "binary": "spark_binary"}
CLUSTER = Client(
    annotation="SparkCluster",
    imported="from {package}.spark import SparkCluster",
    made='SparkCluster(master=dg.EnvVar("{NAME}_MASTER"))',
    said="its master is read from the environment variable {NAME}_MASTER; set its deploy_mode and queue beside it",
    requires="dagster",
    support=("spark",),
)
PIPES = Client(
    annotation="dg.PipesSubprocessClient",
    name="pipes",
    imported="import dagster as dg",
    made="dg.PipesSubprocessClient()",
    said="it runs commands beside Dagster",
    requires="dagster",
)
OPERATOR = Operator(
    rules={
        "conf": Carried(to="options", rendered=True, convert=settings),
        **{name: option(name) for name in OPTIONS},
        "java_class": Carried(to="options", convert=java_class),
        "verbose": Read(),
        "application": Carried(to="application", rendered=True),
        "application_args": Carried(to="following", rendered=True, convert=arguments),
        "deploy_mode": Carried(to="deploy_mode"),
        "yarn_queue": Carried(to="queue"),
        "spark_binary": Carried(to="binary"),
        "conn_id": Read(kind=str),
        **limited("env_vars", why="where its variables go depends on the connection"),
        **limited("post_submit_commands", why="it runs commands afterwards"),
        **limited("use_krb5ccache track_driver_via_k8s_api yarn_track_via_rm_api", False, why="it follows the driver"),
        **limited("yarn_rm_auth", why="it follows the driver"),
        **limited(
            "openlineage_inject_parent_job_info openlineage_inject_transport_info", False, why="it changes the command"
        ),
        **ignored("status_poll_interval reconnect_on_retry durable", "how Airflow follows the driver"),
    },
    body=body,
    in_op=pipes_in_op,
    client=CLUSTER,
    connection=("conn_id", "spark_default"),
    required=("application",),
    clients={"pipes": PIPES},
    approximations=(
        "in cluster mode of a standalone cluster Airflow also follows the driver; Dagster waits for the command only",
    ),
    check=check,
)
FAMILY = Family(
    title="SparkSubmitOperator",
    fidelity="approximate",
    note="the same command line by `PipesSubprocessClient`; in cluster mode of a standalone cluster Airflow also "
    "follows the driver",
    operators={
        "airflow.providers.apache.spark.operators.spark_submit.SparkSubmitOperator": OPERATOR,
        "airflow.contrib.operators.spark_submit_operator.SparkSubmitOperator": OPERATOR,
    },
)
