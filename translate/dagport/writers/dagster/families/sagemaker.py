"""SageMaker: the same request by boto3, and the same wait for its end.

Source: the operators of ``airflow.providers.amazon.aws.operators.sagemaker`` of the amazon provider 9 and the states of
``SageMakerHook``. ``Failed`` is a failure of every job, ``Stopped`` only of some.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dagport.graph import Task
from dagport.values import Value
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import VALUE, Refused
from dagport.writers.dagster.families.aws import ACCOUNT, CONNECTION, service
from dagport.writers.dagster.families.table import Carried, Differs, Family, Operator, Read, Text, ignored, limited
from dagport.writers.dagster.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One kind of request."""

    name: str  # where its name stands in the request
    create: str
    describe: str
    result: str  # the key under which the task hands over the answer
    state: str | None = None  # where its state stands in the answer; None: it is there at once
    failed: tuple[str, ...] = ("Failed",)
    failed_quietly: tuple[str, ...] | None = None  # without ``print_log``, by which Airflow waits in another way
    integers: tuple[str, ...] = ()  # places in the request that are made integers
    roles: tuple[str, ...] = ()  # places that may hold the name of a role
    unused: bool = False  # Airflow looks for a name that no job has
    asks: bool = True  # and an argument says whether
    more: tuple[str, ...] = ()  # arguments that put more into its result


RUNNING = ("InProgress", "Stopping")
JOBS: Mapping[str, Job] = {
    "Training": Job(
        name="TrainingJobName",
        create="create_training_job",
        describe="describe_training_job",
        result="Training",
        state="TrainingJobStatus",
        failed=("Failed", "Stopped"),
        failed_quietly=("Failed",),
        integers=(
            "ResourceConfig.InstanceCount",
            "ResourceConfig.VolumeSizeInGB",
            "StoppingCondition.MaxRuntimeInSeconds",
        ),
        roles=("RoleArn",),
        unused=True,
    ),
    "Processing": Job(
        name="ProcessingJobName",
        create="create_processing_job",
        describe="describe_processing_job",
        result="Processing",
        state="ProcessingJobStatus",
        integers=(
            "ProcessingResources.ClusterConfig.InstanceCount",
            "ProcessingResources.ClusterConfig.VolumeSizeInGB",
            "StoppingCondition.MaxRuntimeInSeconds",
        ),
        roles=("RoleArn",),
        unused=True,
        asks=False,
        more=("output_files_to_xcom",),
    ),
    "Tuning": Job(
        name="HyperParameterTuningJobName",
        create="create_hyper_parameter_tuning_job",
        describe="describe_hyper_parameter_tuning_job",
        result="Tuning",
        state="HyperParameterTuningJobStatus",
        roles=("TrainingJobDefinition.RoleArn",),
        integers=(
            "HyperParameterTuningJobConfig.ResourceLimits.MaxNumberOfTrainingJobs",
            "HyperParameterTuningJobConfig.ResourceLimits.MaxParallelTrainingJobs",
            "TrainingJobDefinition.ResourceConfig.InstanceCount",
            "TrainingJobDefinition.ResourceConfig.VolumeSizeInGB",
            "TrainingJobDefinition.StoppingCondition.MaxRuntimeInSeconds",
        ),
    ),
    "Model": Job(
        name="ModelName",
        create="create_model",
        describe="describe_model",
        result="Model",
        roles=("ExecutionRoleArn",),
    ),
    "EndpointConfig": Job(
        name="EndpointConfigName",
        create="create_endpoint_config",
        describe="describe_endpoint_config",
        result="EndpointConfig",
        integers=("ProductionVariants.InitialInstanceCount",),
    ),
}


def request(job: Job, value: Value, text: Text, place: str = "") -> str:
    """The request, with integers where the operator makes them."""
    if isinstance(value, Mapping):
        items = (
            f"{text_literal(key)}: {request(job, item, text, f'{place}.{key}' if place else key)}"
            for key, item in value.items()
        )
        return f"{{{', '.join(items)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(request(job, item, text, place) for item in value)}]"
    if place in job.integers and not isinstance(value, int):
        return f"int({text(value)})"
    return text(value)


def _roles(job: Job, config: Value) -> list[str]:
    """The statements that put the ARN in place of what may be the name of a role."""
    lines = []
    for place in job.roles:
        found = config
        for key in place.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        if found is not None and not (isinstance(found, str) and "/" in found):
            keys = "".join(f'["{key}"]' for key in place.split("."))
            lines.append(f"request{keys} = $client.role(request{keys})")
    return lines


def _check(job: Job) -> Callable[[Task, Scope], None]:
    def check(task: Task, _: Scope) -> None:
        config = task.arguments["config"]
        if not isinstance(config, Mapping) or job.name not in config:
            raise Refused("its config isn't known")
        missing = [
            place.partition(".")[0] for place in job.roles if "." in place and place.partition(".")[0] not in config
        ]
        if missing:
            raise Refused(f"its config has no {missing[0]}, and Airflow fails")
        if "S3Operations" in config:
            raise Refused("its config has S3Operations, which put files somewhere first")

    return check


def _body(job: Job) -> Callable[[Task], str]:
    def body(task: Task) -> str:
        given = task.arguments
        lines = [service(task, "sagemaker"), "request = $request", *_roles(job, given["config"])]
        if job.unused and given.get("check_if_job_exists") is not False:
            fail = ", fail=True" if given.get("action_if_job_exists") == "fail" else ""
            look = f"lambda name: sagemaker.{job.describe}({job.name}=name)"
            name = f'request["{job.name}"]'
            lines.append(f"{name} = unused_name({name}, {look}{fail})")
        lines.append(f"sagemaker.{job.create}(**request)")
        look = f'sagemaker.{job.describe}({job.name}=request["{job.name}"])'
        return "\n".join([*lines, f'return {{"{job.result}": as_json({_waited(job, task, look)})}}'])

    return body


def _waited(job: Job, task: Task, look: str) -> str:
    if job.state is None or task.arguments.get("wait_for_completion") is False:
        return look
    quiet = task.arguments.get("print_log") is False and job.failed_quietly is not None
    failed = job.failed_quietly if quiet else job.failed
    options = f"running={RUNNING}, failed={failed}, every=$_every, log=context.log.info"
    return f'wait_until(lambda: {look}, "{job.state}", {options})'


def _operator(job: Job) -> Operator:
    waits = {
        "wait_for_completion": Read(),
        "check_interval": Carried(to="_every", absent=30),
        "print_log": Read(),
        **limited("max_ingestion_time", why="Airflow gives up after a time, and the job goes on"),
        "deferrable": Differs(why="Airflow gives up after `max_attempts` looks, 60 unless set", same=(False,)),
        **ignored("max_attempts", "it counts with deferrable only"),
    }
    unused = {"action_if_job_exists": Read(kind=str), **({"check_if_job_exists": Read()} if job.asks else {})}
    return Operator(
        rules={
            "config": Carried(to="request", rendered=True, convert=lambda value, text: request(job, value, text)),
            **CONNECTION,
            **(waits if job.state else {}),
            **(unused if job.unused else {}),
            **limited(" ".join(job.more), [], why="it reads files that the job has written"),
        },
        body=_body(job),
        client=ACCOUNT,
        connection=("aws_conn_id", "aws_default"),
        required=("config",),
        result=VALUE,
        imports=(f"from {{package}}.aws import {'as_json, unused_name' if job.unused else 'as_json'}",),
        support=("wait_until",) if job.state else (),
        check=_check(job),
    )


HOME = "airflow.providers.amazon.aws.operators.sagemaker"
FAMILY = Family(
    title="SageMakerTrainingOperator, -Processing-, -Tuning-, -Model- and -EndpointConfigOperator",
    fidelity="native",
    note="the same request by boto3, waited for by the operator's rules; the credentials are boto3's own",
    operators={f"{HOME}.SageMaker{name}Operator": _operator(job) for name, job in JOBS.items()},
)
