"""Work that Amazon's services do, and objects of S3: the requests are compared with those of the translated project."""

from datetime import datetime

from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.providers.amazon.aws.operators.batch import BatchOperator
from airflow.providers.amazon.aws.operators.ecs import EcsRunTaskOperator
from airflow.providers.amazon.aws.operators.emr import EmrCreateJobFlowOperator
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.operators.lambda_function import LambdaInvokeFunctionOperator
from airflow.providers.amazon.aws.operators.redshift_data import RedshiftDataOperator
from airflow.providers.amazon.aws.operators.s3 import (
    S3CopyObjectOperator,
    S3CreateObjectOperator,
    S3DeleteObjectsOperator,
    S3ListOperator,
)
from airflow.providers.amazon.aws.operators.step_function import StepFunctionStartExecutionOperator
from airflow.providers.amazon.aws.transfers.local_to_s3 import LocalFilesystemToS3Operator
from airflow.sdk import DAG

with DAG("amazon", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False) as dag:
    LambdaInvokeFunctionOperator(
        task_id="invoked", function_name="score", payload='{"day": "{{ ds }}"}', invocation_type="RequestResponse"
    )
    LambdaInvokeFunctionOperator(task_id="invoked_fails", function_name="bad", qualifier="2", log_type="Tail")
    EcsRunTaskOperator(
        task_id="ecs",
        cluster="ml",
        task_definition="train:3",
        launch_type="FARGATE",
        overrides={
            "containerOverrides": [
                {
                    "name": "train",
                    "command": ["train", "{{ ds }}"],
                    "environment": [{"name": "DAY", "value": "{{ ds }}"}],
                    "resourceRequirements": [{"type": "GPU", "value": "1"}],
                }
            ]
        },
        network_configuration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        tags={"team": "ml"},
        waiter_delay=0,
    )
    EcsRunTaskOperator(task_id="ecs_fails", cluster="ml", task_definition="bad:1", overrides={}, waiter_delay=0)
    EcsRunTaskOperator(
        task_id="ecs_refused",
        cluster="ml",
        task_definition="none:1",
        overrides={},
        capacity_provider_strategy=[{"capacityProvider": "spot", "weight": 1}],
    )
    EcsRunTaskOperator(
        task_id="ecs_started",
        owner="ml-team",
        cluster="ml",
        task_definition="later:1",
        overrides={},
        wait_for_completion=False,
    )
    BatchOperator(
        task_id="queued",
        job_name="train-{{ ds }}",
        job_queue="gpu",
        job_definition="train:3",
        container_overrides={
            "command": ["train", "{{ ds }}"],
            "environment": [{"name": "DAY", "value": "{{ ds }}"}],
            "resourceRequirements": [{"type": "GPU", "value": "1"}],
        },
        submit_job_timeout=600,
        wait_for_completion=False,
    )
    GlueJobOperator(
        task_id="glue",
        job_name="clean",
        script_args={"--day": "{{ ds }}"},
        run_job_kwargs={"WorkerType": "G.1X", "NumberOfWorkers": 2},
        job_poll_interval=0,
    )
    GlueJobOperator(task_id="glue_fails", job_name="bad", stop_job_run_on_kill=True, job_poll_interval=0)
    StepFunctionStartExecutionOperator(
        task_id="machine", state_machine_arn="arn:machine", name="run-{{ ds }}", state_machine_input={"day": "{{ ds }}"}
    )
    EmrCreateJobFlowOperator(
        task_id="cluster",
        emr_conn_id=None,
        job_flow_overrides={
            "Name": "train-{{ ds }}",
            "Instances": {"InstanceCount": 2, "MasterInstanceType": "m5.xlarge"},
            "Steps": [{"Name": "a", "HadoopJarStep": {"Jar": "a.jar", "Args": ["{{ ds }}"]}}],
        },
    )
    EmrCreateJobFlowOperator(
        task_id="cluster_fails",
        emr_conn_id=None,
        job_flow_overrides={"Name": "bad", "Instances": {"InstanceCount": 1}},
        wait_for_completion=True,
        waiter_delay=1,
    )
    AthenaOperator(
        task_id="query",
        query="SELECT * FROM prices WHERE day = '{{ ds }}'",
        database="shop",
        output_location="s3://results/{{ ds }}",
        sleep_time=0,
    )
    AthenaOperator(task_id="query_fails", query="SELECT bad", workgroup="ml", sleep_time=0)
    RedshiftDataOperator(
        task_id="statement",
        sql="INSERT INTO prices VALUES (:day)",
        parameters=[{"name": "day", "value": "{{ ds }}"}],
        workgroup_name="shop",
        database="dev",
        poll_interval=1,
        durable=False,
    )
    RedshiftDataOperator(
        task_id="statements",
        sql=["SELECT 1", "SELECT '{{ ds }}'"],
        cluster_identifier="c",
        database="dev",
        db_user="ml",
        wait_for_completion=False,
        durable=False,
    )
    RedshiftDataOperator(
        task_id="statement_fails", sql="SELECT bad", workgroup_name="shop", poll_interval=1, durable=False
    )
    S3CopyObjectOperator(
        task_id="copied", source_bucket_key="s3://lake/raw/{{ ds }}.csv", dest_bucket_key="s3://lake/old/{{ ds }}.csv"
    )
    S3CopyObjectOperator(
        task_id="copied_named",
        source_bucket_name="lake",
        source_bucket_key="raw/a b.csv",
        dest_bucket_name="models",
        dest_bucket_key="{{ ds }}.csv",
        source_version_id="v1",
        meta_data_directive="COPY",
        acl_policy="bucket-owner-full-control",
    )
    S3CopyObjectOperator(
        task_id="copied_twice_named", source_bucket_key="s3://lake/a", dest_bucket_name="b", dest_bucket_key="s3://c/d"
    )
    S3CreateObjectOperator(task_id="created", s3_key="s3://lake/marks/{{ ds }}", data="day {{ ds }}", replace=True)
    S3CreateObjectOperator(task_id="created_new", s3_bucket="lake", s3_key="marks/new", data="x", encrypt=True)
    S3CreateObjectOperator(task_id="created_again", s3_bucket="lake", s3_key="marks/there", data="x")
    S3DeleteObjectsOperator(task_id="deleted", bucket="lake", keys=["a/{{ ds }}", "b"])
    S3DeleteObjectsOperator(task_id="deleted_one", bucket="lake", keys="one")
    S3DeleteObjectsOperator(task_id="deleted_all", bucket="lake", prefix="raw/")
    S3DeleteObjectsOperator(task_id="deleted_none", bucket="lake", prefix="none/")
    S3DeleteObjectsOperator(task_id="deleted_fails", bucket="lake", keys=["bad"])
    S3ListOperator(task_id="listed", bucket="lake", prefix="raw/")
    S3ListOperator(task_id="listed_pattern", bucket="lake", prefix="raw/*.csv", apply_wildcard=True)
    LocalFilesystemToS3Operator(
        task_id="loaded", filename="/etc/hostname", dest_key="hosts/{{ ds }}", dest_bucket="lake", replace=True
    )
    LocalFilesystemToS3Operator(task_id="loaded_missing", filename="/nowhere/x", dest_key="s3://lake/x", replace=True)
