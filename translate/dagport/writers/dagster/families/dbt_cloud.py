"""dbt Cloud: the same request of its API, and the same wait for its end.

Source: ``DbtCloudRunJobOperator`` and ``DbtCloudHook.trigger_job_run``, ``wait_for_job_run_status`` of the dbt.cloud
provider 4.
"""

from __future__ import annotations

from dagport.graph import Task
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import VALUE
from dagport.writers.dagster.families.table import (
    Carried,
    Client,
    Family,
    Operator,
    Read,
    ignored,
    limited,
)

WEEK = 60 * 60 * 24 * 7


def body(task: Task) -> str:
    """The id of the run, which has succeeded unless nobody waits for it."""
    given = task.arguments
    why = "" if given.get("trigger_reason") else f", cause={text_literal(f'The task {task.id} of Dagster')}"
    account = ", account_id=$_account" if given.get("account_id") is not None else ""
    start = f"$client.start($arguments{account}{why})"
    if given.get("wait_for_termination") is False:
        return f"return {start}"
    return f"run_id = {start}\nreturn $client.wait(context, run_id, every=$_every, timeout=$_timeout{account})"


CLOUD = Client(
    annotation="DbtCloud",
    imported="from {package}.dbt_cloud import DbtCloud",
    made='DbtCloud(host=dg.EnvVar("{NAME}_HOST"), account_id=dg.EnvVar("{NAME}_ACCOUNT_ID"), '
    'token=dg.EnvVar("{NAME}_TOKEN"))',
    said="its host, account and token are read from the environment variables {NAME}_HOST, {NAME}_ACCOUNT_ID and "
    "{NAME}_TOKEN",
    requires="requests",
    support=("dbt_cloud",),
)
OPERATOR = Operator(
    rules={
        "job_id": Carried(to="job_id", rendered=True),
        "account_id": Carried(to="_account", rendered=True),
        "trigger_reason": Carried(to="cause", rendered=True, unset="dbt Cloud shows that Dagster has started the run"),
        "steps_override": Carried(to="steps_override", rendered=True),
        "schema_override": Carried(to="schema_override", rendered=True),
        "additional_run_config": Carried(to="more", rendered=True),
        "check_interval": Carried(to="_every", absent=60),
        "timeout": Carried(to="_timeout", absent=WEEK),
        "wait_for_termination": Read(),
        "dbt_cloud_conn_id": Read(kind=str, rendered=True),
        **limited("project_name environment_name job_name", why="its job is given by names"),
        **limited("reuse_existing_run", False, why="it takes a run that has been started already"),
        **limited("retry_from_failure", False, why="another try repairs the run that has failed"),
        **limited("hook_params", {}, why="it changes how requests are sent"),
        **limited("openlineage_inject_parent_job_info", False, why="it changes the request"),
        **ignored("deferrable", "how Airflow waits"),
    },
    body=body,
    client=CLOUD,
    connection=("dbt_cloud_conn_id", "dbt_cloud_default"),
    required=("job_id",),
    result=VALUE,
)
FAMILY = Family(
    title="DbtCloudRunJobOperator",
    fidelity="native",
    note="the same request through a `DbtCloud` resource, waited for; exact with a `trigger_reason`",
    operators={"airflow.providers.dbt.cloud.operators.dbt.DbtCloudRunJobOperator": OPERATOR},
)
