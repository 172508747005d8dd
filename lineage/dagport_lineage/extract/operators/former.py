"""Classes that Airflow and its providers have removed or renamed, under the names that older files import."""

from __future__ import annotations

from collections.abc import Callable

from dagport.graph import Task
from dagport_lineage.extract import bigquery
from dagport_lineage.extract.arguments import Named, Rule, found, map_named
from dagport_lineage.extract.endpoints import (
    at,
    changing,
    gcs_folder,
    gcs_object,
    gcs_url,
    local_file,
    needed,
    s3_object,
    s3_url,
    transfer,
)
from dagport_lineage.extract.operators import azure, loads, to_gcs
from dagport_lineage.extract.operators.commands import command
from dagport_lineage.extract.operators.empty import nothing
from dagport_lineage.extract.operators.gcs import deleted
from dagport_lineage.extract.operators.programs import program
from dagport_lineage.extract.queries import Reach
from dagport_lineage.extract.remote import in_table
from dagport_lineage.model import Found, Unresolved
from dagport_lineage.scope import Scope

CONTRIB = "airflow.contrib.operators"
OLD = "airflow.operators"
AMAZON = "airflow.providers.amazon.aws.operators"
GOOGLE = "airflow.providers.google.cloud.operators"


def with_table(task: Task, scope: Scope) -> tuple[Named, ...]:
    """The objects of ``S3ToRedshiftTransfer``: below the key, in a folder of the table's name."""
    parts = (needed(task, scope, name) for name in ("s3_bucket", "s3_key", "table"))
    return (map_named(lambda bucket, key, name: s3_object(bucket, f"{key}/{name}"), *parts),)


def unloaded(task: Task, scope: Scope) -> tuple[Named, ...]:
    """The objects of ``RedshiftToS3Transfer``: they begin with the table's name, below the key."""
    parts = (needed(task, scope, name) for name in ("s3_bucket", "s3_key", "table"))
    return (map_named(lambda bucket, key, name: s3_object(bucket, f"{key}/{name}_"), *parts),)


def named_project(argument: str) -> Callable[[Task, Scope], tuple[Named, ...]]:
    """A table of BigQuery that names its project: the connection of these classes had another argument."""
    default = Unresolved("connection", f"`{argument}` doesn't say the project of the table")

    def names(task: Task, scope: Scope) -> tuple[Named, ...]:
        return (bigquery.table_text(task.arguments.get(argument), task, scope, default, argument),)

    return names


def to_bigquery(task: Task, scope: Scope) -> Found:
    """``GoogleCloudStorageToBigQueryOperator``."""
    target = named_project("destination_project_dataset_table")
    reads = at(gcs_folder, "bucket", "source_objects")(task, scope)
    return found(scope.place(task), reads=reads, writes=target(task, scope))


TO_WASB = azure.FAMILY["airflow.providers.microsoft.azure.transfers.local_to_wasb.LocalFilesystemToWasbOperator"]
REDSHIFT = Reach(conn_id="redshift_conn_id", default="redshift_default", type="redshift")
REDSHIFT_TABLE = in_table("table", REDSHIFT, schema="schema")


def renamed(home: str, present: str, *names: str) -> dict[str, Rule]:
    """Classes with the arguments of a present one."""
    rule = {**loads.FAMILY, **to_gcs.FAMILY}[present]
    return {f"{home}.{name}": rule for name in names}


def jobs(home: str, *rows: tuple[str, str, str]) -> dict[str, Rule]:
    """``(classes, what, arguments)``: jobs elsewhere, as in ``programs``."""
    return {
        f"{home}.{name}": program(what, *arguments.split()) for names, what, arguments in rows for name in names.split()
    }


NOTHING = {
    OLD: "dummy.DummyOperator dummy_operator.DummyOperator",
    "airflow.sensors": "web_hdfs_sensor.WebHdfsSensor hdfs_sensor.HdfsSensor",
    "airflow.providers.apache.hdfs.sensors": (
        "web_hdfs.WebHdfsSensor web_hdfs.MultipleFilesWebHdfsSensor hdfs.HdfsSensor hdfs.HdfsFolderSensor "
        "hdfs.HdfsRegexSensor"
    ),
    "airflow.providers.apache.cassandra.sensors": "record.CassandraRecordSensor table.CassandraTableSensor",
    "airflow.contrib.sensors": (
        "gcs_sensor.GoogleCloudStorageObjectSensor gcs_sensor.GoogleCloudStorageObjectUpdatedSensor "
        "gcs_sensor.GoogleCloudStoragePrefixSensor gcs_sensor.GoogleCloudStorageUploadSessionCompleteSensor"
    ),
    CONTRIB: (
        "dataproc_operator.DataprocClusterCreateOperator dataproc_operator.DataprocClusterDeleteOperator "
        "dataproc_operator.DataprocClusterScaleOperator discord_webhook_operator.DiscordWebhookOperator "
        "gcs_list_operator.GoogleCloudStorageListOperator gcs_operator.GoogleCloudStorageCreateBucketOperator "
        "gcs_acl_operator.GoogleCloudStorageBucketCreateAclEntryOperator "
        "gcs_acl_operator.GoogleCloudStorageObjectCreateAclEntryOperator "
        "gcp_container_operator.GKEClusterCreateOperator gcp_container_operator.GKEClusterDeleteOperator"
    ),
    f"{GOOGLE}.datacatalog": " ".join(
        f"CloudDataCatalog{name}Operator"
        for name in (
            "CreateEntry",
            "CreateEntryGroup",
            "CreateTag",
            "CreateTagTemplate",
            "CreateTagTemplateField",
            "DeleteEntry",
            "DeleteEntryGroup",
            "DeleteTag",
            "DeleteTagTemplate",
            "DeleteTagTemplateField",
            "GetEntry",
            "GetEntryGroup",
            "GetTagTemplate",
            "ListTags",
            "LookupEntry",
            "RenameTagTemplateField",
            "SearchCatalog",
            "UpdateEntry",
            "UpdateTag",
            "UpdateTagTemplate",
            "UpdateTagTemplateField",
        )
    ),
}

FAMILY: dict[str, Rule] = {
    **{f"{home}.{name}": nothing for home, names in NOTHING.items() for name in names.split()},
    f"{CONTRIB}.gcs_delete_operator.GoogleCloudStorageDeleteOperator": changing(deleted, "DROP"),
    f"{CONTRIB}.file_to_wasb.FileToWasbOperator": TO_WASB,
    "airflow.providers.microsoft.azure.transfers.file_to_wasb.FileToWasbOperator": TO_WASB,
    f"{CONTRIB}.winrm_operator.WinRMOperator": command("command"),
    **renamed(CONTRIB, f"{to_gcs.CLOUD}.gcs_to_gcs.GCSToGCSOperator",
              "gcs_to_gcs.GoogleCloudStorageToGoogleCloudStorageOperator"),
    **renamed(CONTRIB, f"{to_gcs.CLOUD}.s3_to_gcs.S3ToGCSOperator",
              "s3_to_gcs_operator.S3ToGoogleCloudStorageOperator"),
    **renamed(CONTRIB, f"{to_gcs.CLOUD}.local_to_gcs.LocalFilesystemToGCSOperator",
              "file_to_gcs.FileToGoogleCloudStorageOperator"),
    **renamed(CONTRIB, f"{to_gcs.CLOUD}.mysql_to_gcs.MySQLToGCSOperator",
              "mysql_to_gcs.MySqlToGoogleCloudStorageOperator"),
    **renamed(CONTRIB, f"{to_gcs.CLOUD}.postgres_to_gcs.PostgresToGCSOperator",
              "postgres_to_gcs_operator.PostgresToGoogleCloudStorageOperator"),
    **renamed(CONTRIB, f"{to_gcs.CLOUD}.mssql_to_gcs.MSSQLToGCSOperator",
              "mssql_to_gcs.MsSqlToGoogleCloudStorageOperator"),
    **renamed(OLD, f"{loads.HIVE}.mysql_to_hive.MySqlToHiveOperator", "mysql_to_hive.MySqlToHiveTransfer"),
    **renamed(OLD, f"{loads.HIVE}.mssql_to_hive.MsSqlToHiveOperator", "mssql_to_hive.MsSqlToHiveTransfer"),
    **renamed(OLD, f"{loads.HIVE}.hive_to_mysql.HiveToMySqlOperator", "hive_to_mysql.HiveToMySqlTransfer"),
    **renamed(OLD, f"{loads.HIVE}.s3_to_hive.S3ToHiveOperator", "s3_to_hive_operator.S3ToHiveTransfer"),
    f"{CONTRIB}.gcs_to_bq.GoogleCloudStorageToBigQueryOperator": to_bigquery,
    f"{CONTRIB}.bigquery_to_gcs.BigQueryToCloudStorageOperator": transfer(
        named_project("source_project_dataset_table"), at(gcs_url, "destination_cloud_storage_uris")
    ),
    f"{CONTRIB}.gcs_to_s3.GoogleCloudStorageToS3Operator": transfer(
        at(gcs_object, "bucket", "prefix?"), at(s3_url, "dest_s3_key")
    ),
    f"{OLD}.gcs_to_s3.GoogleCloudStorageToS3Operator": transfer(
        at(gcs_object, "bucket", "prefix?"), at(s3_url, "dest_s3_key")
    ),
    f"{CONTRIB}.gcs_download_operator.GoogleCloudStorageDownloadOperator": transfer(
        at(gcs_object, "bucket", "object"), at(local_file, "filename")
    ),
    f"{OLD}.s3_to_redshift_operator.S3ToRedshiftTransfer": transfer(with_table, REDSHIFT_TABLE),
    f"{OLD}.redshift_to_s3_operator.RedshiftToS3Transfer": transfer(REDSHIFT_TABLE, unloaded),
    **jobs(
        CONTRIB,
        ("ecs_operator.ECSOperator", "the ECS task", "task_definition"),
        ("awsbatch_operator.AWSBatchOperator", "the Batch job", "job_definition job_name"),
        ("dataproc_operator.DataProcPySparkOperator", "the Spark application", "main"),
        (
            "dataproc_operator.DataProcSparkOperator dataproc_operator.DataProcHadoopOperator",
            "the Dataproc job",
            "main_class main_jar",
        ),
        (
            "dataproc_operator.DataProcHiveOperator dataproc_operator.DataProcSparkSqlOperator "
            "dataproc_operator.DataProcPigOperator",
            "the Dataproc job",
            "query_uri job_name",
        ),
        ("dataflow_operator.DataFlowPythonOperator", "the Beam pipeline", "py_file"),
        ("dataflow_operator.DataFlowJavaOperator", "the Beam pipeline", "job_class jar"),
        ("dataflow_operator.DataflowTemplateOperator", "the Dataflow template", "template"),
        ("gcp_container_operator.GKEPodOperator", "the image", "image"),
        ("qubole_operator.QuboleOperator", "the Qubole command", "command_type"),
    ),
    **jobs(
        AMAZON,
        ("ecs.EcsOperator ecs.ECSOperator", "the ECS task", "task_definition"),
        ("batch.AwsBatchOperator", "the Batch job", "job_definition job_name"),
        ("glue.AwsGlueJobOperator", "the Glue job", "job_name script_location"),
        ("glue_crawler.AwsGlueCrawlerOperator", "the Glue crawler", "config.Name"),
        ("aws_lambda.AwsLambdaInvokeFunctionOperator", "the Lambda function", "function_name"),
        ("lambda_function.AwsLambdaInvokeFunctionOperator", "the Lambda function", "function_name"),
        ("eks.EKSPodOperator", "the image", "image pod_name"),
        ("emr_containers.EMRContainerOperator", "the EMR job", "name"),
        ("emr.EMRContainerOperator", "the EMR job", "name"),
    ),
    **jobs(
        GOOGLE,
        ("dataproc.DataprocSubmitPySparkJobOperator", "the Spark application", "main"),
        (
            "dataproc.DataprocSubmitSparkJobOperator dataproc.DataprocSubmitHadoopJobOperator",
            "the Dataproc job",
            "main_class main_jar",
        ),
        (
            "dataproc.DataprocSubmitHiveJobOperator dataproc.DataprocSubmitSparkSqlJobOperator "
            "dataproc.DataprocSubmitPigJobOperator",
            "the Dataproc job",
            "query_uri job_name",
        ),
        ("dataflow.DataflowCreatePythonJobOperator", "the Beam pipeline", "py_file"),
        ("dataflow.DataflowCreateJavaJobOperator", "the Beam pipeline", "job_class jar"),
        ("dataflow.DataflowStartSqlJobOperator", "the Dataflow job", "job_name"),
        ("life_sciences.LifeSciencesRunPipelineOperator", "the pipeline", "project_id"),
        ("mlengine.MLEngineStartTrainingJobOperator", "the training job", "job_id"),
        ("mlengine.MLEngineStartBatchPredictionJobOperator", "the prediction job", "job_id"),
    ),
}  # fmt: skip
