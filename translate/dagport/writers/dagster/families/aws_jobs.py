"""Work that services of Amazon do: the same request by boto3, and the same wait for its end.

Source: ``LambdaInvokeFunctionOperator``, ``EcsRunTaskOperator``, ``BatchOperator``, ``GlueJobOperator``,
``StepFunctionStartExecutionOperator`` and ``EmrCreateJobFlowOperator`` of the amazon provider 9, with their waiters.
Dagster's Pipes clients for these services put parameters of their own into the request (an event's entry, variables of
a container, arguments of a job): programs that know nothing of Pipes would get them, so boto3 asks.
"""

from __future__ import annotations

from collections.abc import Mapping

from dagport.graph import Task
from dagport.values import Value
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import VALUE, Refused, Result
from dagport.writers.dagster.families.aws import ACCOUNT, CONNECTION, NO_LINEAGE, service
from dagport.writers.dagster.families.table import (
    Carried,
    Differs,
    Family,
    Operator,
    Read,
    Rule,
    Text,
    ignored,
    limited,
)
from dagport.writers.dagster.scope import Scope

WAITS = "every=$_every, attempts=$_attempts, log=context.log.info"
DEFAULT_OWNER = "airflow"
RUN_JOB_FLOW = ("Name", "Instances")  # what a request for a cluster can't be without


def switch(task: Task, name: str, default: bool) -> bool:
    """An argument that is a switch. Raises ``Refused`` where it isn't known."""
    value = task.arguments.get(name)
    if value is not None and not isinstance(value, bool):
        raise Refused(f"its argument `{name}` isn't known")
    return default if value is None else value


def as_texts(value: Value, text: Text) -> str:
    """A dict as the text of JSON; a text as it is."""
    return f"json.dumps({text(value)})" if isinstance(value, Mapping) else text(value)


def pairs(value: Value, text: Text) -> str:
    """Tags: a dict as a list of keys and values."""
    if not isinstance(value, Mapping):
        raise Refused("its tags aren't known")
    items = (f'{{"key": {text_literal(key)}, "value": {text(item)}}}' for key, item in value.items())
    return f"[{', '.join(items)}]"


def _operator(rules: dict[str, Rule], *, required: str, **more: object) -> Operator:
    return Operator(
        rules=rules,
        client=ACCOUNT,
        connection=("aws_conn_id", "aws_default"),
        required=tuple(required.split()),
        **more,  # type: ignore[arg-type]
    )


INVOKE = _operator(
    {
        "function_name": Carried(to="FunctionName", rendered=True),
        "invocation_type": Carried(to="InvocationType", rendered=True),
        "log_type": Carried(to="LogType"),
        "client_context": Carried(to="ClientContext"),
        "payload": Carried(to="Payload", rendered=True),
        "qualifier": Carried(to="Qualifier", rendered=True),
        **CONNECTION,
        **ignored("keep_empty_log_lines", "what Airflow logs"),
    },
    required="function_name",
    body=lambda task: f"{service(task, 'lambda', 'functions')}\nreturn answer_of(functions.invoke($arguments))",
    context=False,
    result=VALUE,
    imports=("from {package}.aws import answer_of",),
)


def run_task(task: Task) -> str:
    """A task of a cluster; a capacity provider takes the place of a kind of launch."""
    given = task.arguments
    owner = text_literal(task.owner or DEFAULT_OWNER)
    launch = "" if given.get("capacity_provider_strategy") else ", launchType=$_launch"
    lines = [
        service(task, "ecs"),
        "cluster = $cluster",
        f"task = started_task(ecs.run_task(cluster=cluster, $arguments, startedBy={owner}{launch}))",
    ]
    if switch(task, "wait_for_completion", True):
        stop = "" if switch(task, "stop_task_on_failure", True) else ", stop=False"
        attempts = ", attempts=$_attempts" if given.get("waiter_max_attempts") is not None else ""
        lines.append(f"wait_for_task(ecs, cluster, task, every=$_every{attempts}{stop})")
    return "\n".join([*lines, 'return {"ecs_task_arn": task}'])


def check_run_task(task: Task, scope: Scope) -> None:
    """Its switches are known."""
    check_waits(task, scope)
    switch(task, "stop_task_on_failure", True)
    if task.arguments.get("launch_type") == "":
        raise Refused("its launch_type is empty")


RUN_TASK = _operator(
    {
        "cluster": Carried(to="cluster", rendered=True),
        "task_definition": Carried(to="taskDefinition", rendered=True),
        "overrides": Carried(to="overrides", rendered=True),
        "launch_type": Carried(to="_launch", rendered=True, absent="EC2"),
        "capacity_provider_strategy": Carried(to="capacityProviderStrategy", rendered=True),
        "volume_configurations": Carried(to="volumeConfigurations", rendered=True),
        "platform_version": Carried(to="platformVersion", rendered=True),
        "group": Carried(to="group", rendered=True),
        "placement_constraints": Carried(to="placementConstraints", rendered=True),
        "placement_strategy": Carried(to="placementStrategy", rendered=True),
        "network_configuration": Carried(to="networkConfiguration", rendered=True),
        "tags": Carried(to="tags", rendered=True, convert=pairs),
        "propagate_tags": Carried(to="propagateTags", rendered=True),
        "wait_for_completion": Read(rendered=True),
        "waiter_delay": Carried(to="_every", absent=6),
        "waiter_max_attempts": Carried(to="_attempts"),
        "stop_task_on_failure": Read(),
        **limited("deferrable", False, why="Airflow waits for it in its triggerer, and stops no task that fails"),
        **limited("reattach", False, why="another try goes on with the task that runs"),
        **limited("quota_retry", why="it is started again when the quota is used up"),
        **limited("skip_on_exit_code", why="an exit code skips it"),
        "aws_conn_id": Read(kind=str),
        "region_name": Carried(to="_region"),
        **{name: rule for name, rule in CONNECTION.items() if name not in ("aws_conn_id", "region_name")},
        "awslogs_group": Differs(why="the container's log isn't shown in the step's"),
        **ignored("awslogs_region awslogs_stream_prefix awslogs_fetch_interval container_name", "what Airflow logs"),
        **ignored("number_logs_exception", "what Airflow logs"),
    },
    required="task_definition cluster overrides",
    body=run_task,
    check=check_run_task,
    result=Result(kind="keys", keys={"ecs_task_arn": True}, returns=False),
    imports=("from {package}.ecs import started_task", "from {package}.ecs import wait_for_task"),
    support=("ecs",),
)


def submit_job(task: Task) -> str:
    """A job of a queue, and its end."""
    lines = [service(task, "batch"), 'job = batch.submit_job($arguments)["jobId"]']
    if switch(task, "wait_for_completion", True):
        look = 'lambda: batch.describe_jobs(jobs=[job])["jobs"][0]'
        lines += [
            'with stopping(lambda: batch.terminate_job(jobId=job, reason="Run ended")):',
            f'    wait_until({look}, "status", done=("SUCCEEDED",), failed=("FAILED",), every=$_every, '
            "log=context.log.info)",
        ]
    return "\n".join([*lines, "return job"])


def check_waits(task: Task, _: Scope) -> None:
    """Whether it waits is known."""
    switch(task, "wait_for_completion", True)


SUBMIT_JOB = _operator(
    {
        "job_name": Carried(to="jobName", rendered=True),
        "job_queue": Carried(to="jobQueue", rendered=True),
        "job_definition": Carried(to="jobDefinition", rendered=True),
        "array_properties": Carried(to="arrayProperties", rendered=True),
        "parameters": Carried(to="parameters", rendered=True),
        "tags": Carried(to="tags", rendered=True),
        "container_overrides": Carried(to="containerOverrides", rendered=True),
        "ecs_properties_override": Carried(to="ecsPropertiesOverride", rendered=True),
        "eks_properties_override": Carried(to="eksPropertiesOverride", rendered=True),
        "node_overrides": Carried(to="nodeOverrides", rendered=True),
        "retry_strategy": Carried(to="retryStrategy", rendered=True),
        "share_identifier": Carried(to="shareIdentifier"),
        "scheduling_priority_override": Carried(to="schedulingPriorityOverride"),
        "submit_job_timeout": Carried(to="timeout.attemptDurationSeconds"),
        "poll_interval": Carried(to="_every", absent=30),
        "wait_for_completion": Read(rendered=True),
        "max_retries": Differs(
            why="Airflow gives up after {} looks that come ever more rarely, and Dagster goes on looking", absent=4200
        ),
        **ignored("status_retries", "how Airflow asks again"),
        **limited("waiters", why="it waits in a way of its own"),
        **limited("awslogs_enabled", False, why="it reads the job's log"),
        **limited("deferrable", False, why="Airflow waits for it in its triggerer, by another rule"),
        **ignored("awslogs_fetch_interval", "it reads no log"),
        **ignored("job_id", "the service gives the job an id"),
        **CONNECTION,
    },
    required="job_name job_definition job_queue",
    body=submit_job,
    check=check_waits,
    result=VALUE,
    imports=("from {package}.aws import stopping",),
    support=("wait_until",),
)


def run_glue(task: Task) -> str:
    """A run of a job that there is."""
    more = ", $arguments" if task.arguments.get("run_job_kwargs") else ""
    arguments = ", Arguments=$_script" if task.arguments.get("script_args") else ""
    lines = [
        service(task, "glue"),
        "name = $name",
        f'run = glue.start_job_run(JobName=name{arguments}{more})["JobRunId"]',
    ]
    if switch(task, "wait_for_completion", True):
        states = 'done=("SUCCEEDED",), failed=("FAILED", "TIMEOUT", "STOPPED")'
        wait = [
            "wait_until(",
            '    lambda: glue.get_job_run(JobName=name, RunId=run), "JobRun.JobRunState",',
            f"    {states}, every=$_every, log=context.log.info,",
            ")",
        ]
        if switch(task, "stop_job_run_on_kill", False):
            lines.append("with stopping(lambda: glue.batch_stop_job_run(JobName=name, JobRunIds=[run])):")
            wait = [f"    {line}" for line in wait]
        lines += wait
    return "\n".join([*lines, "return run"])


def check_glue(task: Task, scope: Scope) -> None:
    """Its switches are known."""
    check_waits(task, scope)
    switch(task, "stop_job_run_on_kill", False)


GLUE = _operator(
    {
        "job_name": Carried(to="name", rendered=True),
        "script_args": Carried(to="_script", rendered=True),
        "run_job_kwargs": Carried(to="", rendered=True, spread=True),
        "wait_for_completion": Read(),
        "stop_job_run_on_kill": Read(),
        "job_poll_interval": Carried(to="_every", absent=6),
        "durable": Differs(
            why="when a worker dies, the step starts another run, and Airflow goes on with the first",
            same=(False,),
            absent=True,
        ),
        **limited(
            "script_location iam_role_name iam_role_arn create_job_kwargs s3_bucket num_of_dpus",
            why="it makes the job where there is none",
        ),
        **limited("update_config", False, why="it changes the job first"),
        **limited("verbose", False, why="it reads the job's log"),
        **limited("sleep_before_return", 0, why="it sleeps when the job is done"),
        **limited("resume_glue_job_on_retry", False, why="another try goes on with the run that there is"),
        **limited("deferrable", False, why="Airflow waits for it in its triggerer, by another rule"),
        **ignored("job_desc concurrent_run_limit retry_limit replace_script_file", "it makes no job"),
        **ignored("waiter_delay waiter_max_attempts", "they count with deferrable only"),
        **NO_LINEAGE,
        **CONNECTION,
    },
    required="job_name",
    body=run_glue,
    check=check_glue,
    result=VALUE,
    imports=("from {package}.aws import stopping",),
    support=("wait_until",),
)
EXECUTE = _operator(
    {
        "state_machine_arn": Carried(to="stateMachineArn", rendered=True),
        "name": Carried(to="name", rendered=True),
        "state_machine_input": Carried(to="input", rendered=True, convert=as_texts, imports=("import json",)),
        **limited("is_redrive_execution", False, why="it goes on with an execution that there was"),
        **limited("deferrable", False, why="it waits for the end then"),
        **ignored("waiter_max_attempts waiter_delay", "it doesn't wait"),
        **CONNECTION,
    },
    required="state_machine_arn",
    body=lambda task: (
        f'{service(task, "stepfunctions", "machines")}\nreturn machines.start_execution($arguments)["executionArn"]'
    ),
    context=False,
    result=VALUE,
)


def create_cluster(task: Task) -> str:
    """A cluster, which is ended when it doesn't start as it should."""
    lines = [service(task, "emr"), 'cluster = emr.run_job_flow($arguments)["JobFlowId"]']
    if switch(task, "wait_for_completion", False):
        ended = switch(task, "terminate_job_flow_on_failure", True)
        failure = ", WorkFailedError" if ended else ""
        states = 'done=("WAITING", "RUNNING", "TERMINATED"), failed=("TERMINATED_WITH_ERRORS",)'
        lines += [
            f"with stopping(lambda: emr.terminate_job_flows(JobFlowIds=[cluster]){failure}):",
            "    wait_until(",
            '        lambda: emr.describe_cluster(ClusterId=cluster), "Cluster.Status.State",',
            f"        {states}, {WAITS},",
            "    )",
        ]
    return "\n".join([*lines, "return cluster"])


def check_cluster(task: Task, _: Scope) -> None:
    """A request that is whole: what it lacks, Airflow would take from the connection."""
    request = task.arguments.get("job_flow_overrides")
    if not isinstance(request, Mapping):
        raise Refused("its job_flow_overrides aren't known")
    for name in RUN_JOB_FLOW:
        if name not in request:
            raise Refused(f"its job_flow_overrides have no {name}, which the connection may have")
    for name, default in {"wait_for_completion": False, "terminate_job_flow_on_failure": True}.items():
        switch(task, name, default)


CREATE_CLUSTER = _operator(
    {
        "job_flow_overrides": Carried(to="", rendered=True, spread=True),
        "emr_conn_id": Differs(
            why="what the connection {!r} adds to the request isn't known", same=(None,), absent="emr_default"
        ),
        "wait_for_completion": Read(),
        "waiter_delay": Carried(to="_every", rendered=True, absent=60),
        "waiter_max_attempts": Carried(to="_attempts", rendered=True, absent=60),
        "terminate_job_flow_on_failure": Read(),
        **limited("wait_policy", why="it says otherwise what it waits for"),
        **limited("deferrable", False, why="Airflow waits for it in its triggerer, and ends no cluster that fails"),
        **CONNECTION,
    },
    required="job_flow_overrides",
    body=create_cluster,
    check=check_cluster,
    files=(".json",),
    result=VALUE,
    imports=("from {package}.aws import stopping", "from {package}.waiting import WorkFailedError"),
    support=("wait_until",),
)
HOME = "airflow.providers.amazon.aws.operators"
FAMILY = Family(
    title="LambdaInvokeFunctionOperator, EcsRunTaskOperator, GlueJobOperator of a job that there is, BatchOperator, "
    "StepFunctionStartExecutionOperator, EmrCreateJobFlowOperator",
    fidelity="native",
    note="the same request by boto3, waited for by the operator's rules, stopped when the run is ended: Pipes clients "
    "would put parameters of their own into it. Approximate: BatchOperator that waits, GlueJobOperator with `durable`, "
    "EmrCreateJobFlowOperator without `emr_conn_id=None`",
    operators={
        f"{HOME}.lambda_function.LambdaInvokeFunctionOperator": INVOKE,
        f"{HOME}.ecs.EcsRunTaskOperator": RUN_TASK,
        f"{HOME}.batch.BatchOperator": SUBMIT_JOB,
        f"{HOME}.glue.GlueJobOperator": GLUE,
        f"{HOME}.step_function.StepFunctionStartExecutionOperator": EXECUTE,
        f"{HOME}.emr.EmrCreateJobFlowOperator": CREATE_CLUSTER,
    },
)
