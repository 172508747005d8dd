"""What the families of Amazon's services share, and EMR.

Source: ``AwsBaseOperator``, ``EmrAddStepsOperator`` and ``EmrHook.add_job_flow_steps`` of the amazon provider 9
(boto3's waiter ``step_complete``), ``EmrServerlessStartJobOperator`` (the waiter ``serverless_job_completed``).
"""

from __future__ import annotations

from dagport.graph import Task
from dagport.writers.common.model import VALUE, Refused
from dagport.writers.dagster.families.table import (
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

ACCOUNT = Client(
    annotation="AwsAccount",
    imported="from {package}.aws import AwsAccount",
    made='AwsAccount(profile=dg.EnvVar("{NAME}_PROFILE").get_value())',
    said="boto3 finds the credentials and the region, in the profile that {NAME}_PROFILE names if that is set",
    requires="boto3",
    support=("aws",),
)


def service(task: Task, name: str, variable: str = "") -> str:
    """The statement that makes the client of a service."""
    region = ", region_name=$_region" if task.arguments.get("region_name") else ""
    return f'{variable or name.partition("-")[0]} = $client.client("{name}"{region})'


CONNECTION: dict[str, Rule] = {
    "aws_conn_id": Read(kind=str, rendered=True),
    "region_name": Carried(to="_region", rendered=True),
    **limited("verify", True, why="it changes how certificates are checked"),
    **limited("botocore_config", why="it changes how requests are sent"),
}
NO_LINEAGE = limited(
    "openlineage_inject_parent_job_info openlineage_inject_transport_info", False, why="it changes the request"
)


def check_steps(task: Task, _: Scope) -> None:
    """The steps are a list: Airflow reads a text as one."""
    if not isinstance(task.arguments.get("steps"), list | tuple):
        raise Refused("its steps aren't known")


def add_steps(task: Task) -> str:
    """Steps of a cluster that runs, waited for one after the other."""
    lines = [
        service(task, "emr"),
        "cluster = $cluster",
        'steps = emr.add_job_flow_steps(JobFlowId=cluster, $arguments)["StepIds"]',
    ]
    if task.arguments.get("wait_for_completion") is True:
        lines += [
            "for step in steps:",
            "    wait_until(",
            "        lambda step=step: emr.describe_step(ClusterId=cluster, StepId=step),",
            '        "Step.Status.State", done=("COMPLETED",), failed=("CANCELLED", "FAILED"),',
            "        every=$_every, attempts=$_attempts, log=context.log.info,",
            "    )",
        ]
    return "\n".join([*lines, "return steps"])


ADD_STEPS = Operator(
    rules={
        "job_flow_id": Carried(to="cluster", rendered=True),
        "steps": Carried(to="Steps", rendered=True),
        "execution_role_arn": Carried(to="ExecutionRoleArn", rendered=True),
        "wait_for_completion": Read(),
        "waiter_delay": Carried(to="_every", absent=30),
        "waiter_max_attempts": Carried(to="_attempts", absent=60),
        **CONNECTION,
        **limited("job_flow_name", why="its cluster is given by name"),
        **limited("deferrable", False, why="it waits then, whatever wait_for_completion says"),
        **limited("openlineage_inject_parent_job_info", False, why="it changes the request"),
        **ignored("cluster_states", "its cluster isn't given by name"),
    },
    body=add_steps,
    client=ACCOUNT,
    connection=("aws_conn_id", "aws_default"),
    required=("job_flow_id", "steps"),
    files=(".json",),
    result=VALUE,
    support=("wait_until",),
    check=check_steps,
)


STARTED = 'done=("STARTED",), failed=("TERMINATED", "STOPPED")'
SUCCEEDED = 'done=("SUCCESS",), failed=("FAILED", "CANCELLED")'


def start_job(task: Task) -> str:
    """A job of a serverless application, which is started first when it isn't running."""
    states = "every=$_every, attempts=$_attempts, log=context.log.info"
    look = "emr.get_application(applicationId=application)"
    lines = [
        service(task, "emr-serverless"),
        "application = $application",
        f'if {look}["application"]["state"] not in ("CREATED", "STARTED"):',
        "    emr.start_application(applicationId=application)",
        f'    wait_until(lambda: {look}, "application.state", {STARTED}, {states})',
        'job = emr.start_job_run(applicationId=application, $arguments)["jobRunId"]',
    ]
    if task.arguments.get("wait_for_completion") is not False:
        look = "emr.get_job_run(applicationId=application, jobRunId=job)"
        lines.append(f'wait_until(lambda: {look}, "jobRun.state", {SUCCEEDED}, {states})')
    return "\n".join([*lines, "return job"])


START_JOB = Operator(
    rules={
        "application_id": Carried(to="application", rendered=True),
        "execution_role_arn": Carried(to="executionRoleArn", rendered=True),
        "job_driver": Carried(to="jobDriver", rendered=True),
        "configuration_overrides": Carried(to="configurationOverrides", rendered=True),
        "client_request_token": Carried(to="clientToken"),
        "name": Carried(to="name", rendered=True, unset="the job has no name, where Airflow makes one"),
        "wait_for_completion": Read(),
        "waiter_delay": Carried(to="_every", absent=60),
        "waiter_max_attempts": Carried(to="_attempts", absent=25),
        "cancel_on_kill": Differs(why="a run that is ended leaves the job running", same=(False,), absent=True),
        **CONNECTION,
        **NO_LINEAGE,
        **limited("config", {}, why="it has further parts of the request"),
        **ignored("deferrable enable_application_ui_links", "how Airflow waits and shows it"),
    },
    body=start_job,
    client=ACCOUNT,
    connection=("aws_conn_id", "aws_default"),
    required=("application_id", "execution_role_arn", "job_driver"),
    result=VALUE,
    support=("wait_until",),
)
HOME = "airflow.providers.amazon.aws.operators.emr"
FAMILY = Family(
    title="EmrAddStepsOperator, EmrServerlessStartJobOperator",
    fidelity="native",
    note="the same request by boto3, waited for by the operator's rules; the credentials are boto3's own. A serverless "
    "job is approximate where it is cancelled with its task",
    operators={f"{HOME}.EmrAddStepsOperator": ADD_STEPS, f"{HOME}.EmrServerlessStartJobOperator": START_JOB},
)
