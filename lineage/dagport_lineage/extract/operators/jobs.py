"""Jobs elsewhere whose configuration says something of their data: SageMaker, Dataproc, EMR clusters, notebooks."""

from __future__ import annotations

from collections.abc import Mapping

from dagport.graph import Task
from dagport.values import SYMBOLIC
from dagport_lineage.extract.arguments import Rule, items, text_at, union, value_at
from dagport_lineage.extract.endpoints import Endpoint, at, s3_url, transfer, unnamed
from dagport_lineage.extract.operators.empty import nothing
from dagport_lineage.extract.operators.exports import urls
from dagport_lineage.extract.operators.files import file_at
from dagport_lineage.extract.operators.programs import program, unknown
from dagport_lineage.extract.queries import run
from dagport_lineage.model import Found, Unresolved
from dagport_lineage.naming.database import Database
from dagport_lineage.scope import Scope

HOME = "airflow.providers"
SAGEMAKER = f"{HOME}.amazon.aws.operators.sagemaker"
DATAPROC = f"{HOME}.google.cloud.operators.dataproc"

INPUT = "InputDataConfig.*.DataSource.S3DataSource.S3Uri"
OUTPUT = "OutputDataConfig.S3OutputPath"
TRANSFORMED = ("TransformInput.DataSource.S3DataSource.S3Uri", "TransformOutput.S3OutputPath")


def sagemaker(reads: tuple[str, ...], writes: tuple[str, ...]) -> Rule:
    """A rule for a job of SageMaker, by paths inside ``config``: these objects are put in its container, and taken out.

    Source: ``get_openlineage_facets_on_complete`` of the classes, which read the same fields of the service's answer.
    """

    def rule(task: Task, scope: Scope) -> Found:
        if not isinstance(task.arguments.get("config"), Mapping):
            return unknown(task, scope, "the SageMaker job")
        return transfer(_paths(reads), _paths(writes))(task, scope)

    return rule


def _paths(paths: tuple[str, ...]) -> Endpoint:
    return urls(s3_url, *(f"config.{path}" for path in paths))


DIALECTS = {
    "hive_job": "hive", "spark_sql_job": "spark", "presto_job": "presto", "trino_job": "trino",
}  # fmt: skip
PROGRAMS = (
    "job.pyspark_job.main_python_file_uri job.spark_job.main_class job.spark_job.main_jar_file_uri "
    "job.spark_r_job.main_r_file_uri job.hadoop_job.main_class job.hadoop_job.main_jar_file_uri "
    "job.flink_job.main_class job.hive_job.query_file_uri job.spark_sql_job.query_file_uri "
    "job.pig_job.query_file_uri job.presto_job.query_file_uri job.trino_job.query_file_uri"
)
BATCHES = (
    "batch.pyspark_batch.main_python_file_uri batch.spark_batch.main_class batch.spark_batch.main_jar_file_uri "
    "batch.spark_sql_batch.query_file_uri batch.spark_r_batch.main_r_file_uri batch_id"
)


def dataproc_job(task: Task, scope: Scope) -> Found:
    """``DataprocSubmitJobOperator``: queries of a job are read; which metastore their tables are in, isn't known."""
    for kind, dialect in DIALECTS.items():
        queries = value_at(task, "job", kind, "query_list", "queries")
        if queries is None or isinstance(queries, SYMBOLIC):
            continue
        problem = Unresolved("connection", "the metastore that the cluster uses isn't known")
        where = Database(namespace=problem, dialect=dialect)
        return run(items(queries), task, scope, "job", where, files=())
    return program("the Dataproc job", *PROGRAMS.split())(task, scope)


def job_flow(task: Task, scope: Scope) -> Found:
    """``EmrCreateJobFlowOperator``: a cluster, and the steps that it is to run; a connection may add some."""
    overrides = task.arguments.get("job_flow_overrides")
    no_connection = "emr_conn_id" in task.arguments and task.arguments["emr_conn_id"] is None
    steps = overrides.get("Steps") if isinstance(overrides, Mapping) else None
    if steps == [] or (steps is None and isinstance(overrides, Mapping) and no_connection):
        return nothing(task, scope)
    return program("the EMR cluster", "job_flow_overrides.Steps.0.Name", "job_flow_overrides.Name")(task, scope)


def papermill(task: Task, scope: Scope) -> Found:
    """``PapermillOperator``: a notebook and its filled copy are known; what the code in it does isn't."""
    copied = transfer(at(file_at, "input_nb"), at(file_at, "output_nb"))(task, scope)
    name = text_at(task, scope, "input_nb")
    return union((copied, unknown(task, scope, f"the notebook `{name}`" if isinstance(name, str) else "the notebook")))


FAMILY = {
    f"{SAGEMAKER}.SageMakerProcessingOperator": sagemaker(
        ("ProcessingInputs.*.S3Input.S3Uri",), ("ProcessingOutputConfig.Outputs.*.S3Output.S3Uri",)
    ),
    f"{SAGEMAKER}.SageMakerTrainingOperator": sagemaker((INPUT,), (OUTPUT,)),
    f"{SAGEMAKER}.SageMakerTuningOperator": sagemaker(
        (f"TrainingJobDefinition.{INPUT}",), (f"TrainingJobDefinition.{OUTPUT}",)
    ),
    f"{SAGEMAKER}.SageMakerTransformOperator": sagemaker(
        (TRANSFORMED[0], f"Transform.{TRANSFORMED[0]}"), (TRANSFORMED[1], f"Transform.{TRANSFORMED[1]}")
    ),
    f"{DATAPROC}.DataprocSubmitJobOperator": dataproc_job,
    f"{DATAPROC}.DataprocCreateBatchOperator": program("the Dataproc batch", *BATCHES.split()),
    f"{HOME}.amazon.aws.operators.emr.EmrCreateJobFlowOperator": job_flow,
    f"{HOME}.papermill.operators.papermill.PapermillOperator": papermill,
    f"{HOME}.dbt.cloud.operators.dbt.DbtCloudGetJobRunArtifactOperator": transfer(
        unnamed("the dbt Cloud artifact", "path"), at(file_at, "output_file_name")
    ),
}
