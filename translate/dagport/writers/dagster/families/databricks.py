"""Databricks: the same request of the jobs API, and the same wait for its end.

Source: ``DatabricksSubmitRunOperator`` and ``DatabricksRunNowOperator`` of the databricks provider 7 (the payload is
``json`` with the named arguments put over it; ``run_name`` is the task's id), ``RunState``.
"""

from __future__ import annotations

from collections.abc import Mapping

from dagport.graph import Task
from dagport.values import Value
from dagport.writers.common.model import Refused, Result
from dagport.writers.dagster.families.table import (
    TASK_ID,
    Carried,
    Client,
    Differs,
    Family,
    Operator,
    Read,
    Rule,
    ignored,
    limited,
)
from dagport.writers.dagster.scope import Scope

REQUEST = "request.{}"
PARAMETERS = ("job_parameters", "notebook_params", "python_params", "jar_params", "spark_submit_params")
OF_BOTH = "idempotency_token performance_target"
OF_SUBMIT = (
    "tasks spark_jar_task notebook_task spark_python_task spark_submit_task pipeline_task dbt_task new_cluster "
    "existing_cluster_id libraries environments timeout_seconds access_control_list git_source"
)
OF_RUN_NOW = "job_id job_name job_parameters dbt_commands notebook_params python_params python_named_params jar_params "
OF_RUN_NOW += "spark_submit_params"


def _named(names: str) -> dict[str, Rule]:
    return {name: Carried(to=REQUEST.format(name), rendered=True) for name in names.split()}


COMMON: dict[str, Rule] = {
    "json": Carried(to="request", rendered=True, spread=True),
    **_named(OF_BOTH),
    "databricks_conn_id": Read(kind=str, rendered=True),
    "wait_for_termination": Read(),
    "polling_period_seconds": Carried(to="_every", absent=30),
    "durable": Differs(
        why="when a worker dies, the step starts another run, and Airflow goes on with the first",
        same=(False,),
        absent=True,
    ),
    **limited("databricks_retry_limit", 3, why="it changes how often a request is sent again"),
    **limited("databricks_retry_delay databricks_retry_args", 1, why="it changes how often a request is sent again"),
    **limited(
        "openlineage_inject_parent_job_info openlineage_inject_transport_info", False, why="it changes the request"
    ),
    **ignored("deferrable", "how Airflow waits"),
}


def _request(task: Task) -> Mapping[str, Value]:
    given = task.arguments.get("json") or {}
    if not isinstance(given, Mapping):
        raise Refused("its json isn't known")
    return given


def check(task: Task, scope: Scope) -> None:
    """A request whose parts are known, and to which Airflow adds nothing."""
    request = _request(task)
    twice = [name for name in request if task.arguments.get(name) is not None]
    if twice:
        raise Refused(f"its json and its argument `{twice[0]}` say the same in two ways")
    if scope.pipeline.params and task.arguments.get("forward_dag_params") is not False:
        raise Refused("the DAG has params, and Airflow puts them into the request")
    pipeline = request.get("pipeline_task", task.arguments.get("pipeline_task"))
    if isinstance(pipeline, Mapping) and "pipeline_name" in pipeline:
        raise Refused("its pipeline is given by name")


def _start(task: Task, method: str) -> str:
    if task.arguments.get("wait_for_termination") is False:
        return f"$client.pushed($client.{method}(request))"
    return f"$client.wait(context, $client.{method}(request), every=$_every)"


def submit(task: Task) -> str:
    """A run of tasks that no job has."""
    return f"request = $request\nreturn {_start(task, 'submit')}"


def run_now(task: Task) -> str:
    """A run of a job, which may be given by its name."""
    named = 'request["job_id"] = $client.job_id(request.pop("job_name"))\n'
    by_name = task.arguments.get("job_name") is not None or "job_name" in _request(task)
    return f"request = $request\n{named if by_name else ''}return {_start(task, 'run_now')}"


WORKSPACE = Client(
    annotation="DatabricksWorkspace",
    imported="from {package}.databricks import DatabricksWorkspace",
    made='DatabricksWorkspace(host=dg.EnvVar("{NAME}_HOST"), token=dg.EnvVar("{NAME}_TOKEN"))',
    said="its host and token are read from the environment variables {NAME}_HOST and {NAME}_TOKEN",
    requires="databricks-sdk",
    support=("databricks",),
)
PUSHED = Result(kind="keys", keys={"run_id": True, "run_page_url": True}, returns=False)
SUBMIT = Operator(
    rules={
        **COMMON,
        **_named(OF_SUBMIT),
        "run_name": Carried(to=REQUEST.format("run_name"), rendered=True, absent=TASK_ID),
    },
    body=submit,
    client=WORKSPACE,
    connection=("databricks_conn_id", "databricks_default"),
    files=(".json-tpl",),
    result=PUSHED,
    check=check,
)
RUN_NOW = Operator(
    rules={
        **COMMON,
        **_named(OF_RUN_NOW),
        "forward_dag_params": Read(),
        **limited("repair_run cancel_previous_runs", False, why="it repairs or ends other runs"),
        **limited("databricks_repair_reason_new_settings", {}, why="it repairs runs with other settings"),
    },
    body=run_now,
    client=WORKSPACE,
    connection=("databricks_conn_id", "databricks_default"),
    files=(".json-tpl",),
    result=PUSHED,
    check=check,
)
HOME = "airflow.providers.databricks.operators.databricks"
OLD = "airflow.contrib.operators.databricks_operator"
FAMILY = Family(
    title="DatabricksSubmitRunOperator, DatabricksRunNowOperator",
    fidelity="approximate",
    note="the same request through a `DatabricksWorkspace` resource, waited for; exact with `durable=False`",
    operators={
        f"{home}.Databricks{name}Operator": operator
        for home in (HOME, OLD)
        for name, operator in {"SubmitRun": SUBMIT, "RunNow": RUN_NOW}.items()
    },
)
