"""The tables of the families' tests: what is written, exact, near, or refused."""

from __future__ import annotations

from dagport.values import Call, Code, Template, Value, XCom

PROVIDERS = "airflow.providers"
POD = f"{PROVIDERS}.cncf.kubernetes.operators.pod.KubernetesPodOperator"
DOCKER = f"{PROVIDERS}.docker.operators.docker.DockerOperator"
SAGEMAKER = f"{PROVIDERS}.amazon.aws.operators.sagemaker.SageMaker{{}}Operator"
EMR = f"{PROVIDERS}.amazon.aws.operators.emr.Emr{{}}Operator"
DATABRICKS = f"{PROVIDERS}.databricks.operators.databricks.Databricks{{}}Operator"
DBT = f"{PROVIDERS}.dbt.cloud.operators.dbt.DbtCloudRunJobOperator"
SPARK = f"{PROVIDERS}.apache.spark.operators.spark_submit.SparkSubmitOperator"
HTTP = f"{PROVIDERS}.http.operators.http.HttpOperator"
SQL = f"{PROVIDERS}.common.sql.operators.sql.SQL{{}}Operator"
AWS = f"{PROVIDERS}.amazon.aws.operators"
LAMBDA = f"{AWS}.lambda_function.LambdaInvokeFunctionOperator"
ECS = f"{AWS}.ecs.EcsRunTaskOperator"
BATCH = f"{AWS}.batch.BatchOperator"
GLUE = f"{AWS}.glue.GlueJobOperator"
MACHINE = f"{AWS}.step_function.StepFunctionStartExecutionOperator"
ATHENA = f"{AWS}.athena.AthenaOperator"
REDSHIFT = f"{AWS}.redshift_data.RedshiftDataOperator"
S3 = f"{AWS}.s3.S3{{}}Operator"
LOCAL = f"{PROVIDERS}.amazon.aws.transfers.local_to_s3.LocalFilesystemToS3Operator"
BIGQUERY = f"{PROVIDERS}.google.cloud.operators.bigquery.BigQueryInsertJobOperator"
DS = Template("{{ ds }}", ("ds",))


def k8s(class_name: str, /, **kwargs: Value) -> Call:
    return Call(f"kubernetes.client.models.{class_name}", (), kwargs)


def docker(class_name: str, /, **kwargs: Value) -> Call:
    return Call(f"docker.types.{class_name}", (), kwargs)


POD_SPEC: dict[str, Value] = {
    "image": "train:1",
    "cmds": ["python"],
    "arguments": ["train.py", DS],
    "namespace": "ml",
    "labels": {"day": DS},
    "env_vars": {"DAY": DS},
    "container_resources": k8s(
        "V1ResourceRequirements", requests={"cpu": "2"}, limits={"nvidia.com/gpu": "1", "memory": DS}
    ),
    "node_selector": {"gpu": "a100"},
    "tolerations": [k8s("V1Toleration", key="gpu", operator="Exists")],
    "affinity": k8s("V1Affinity", node_affinity=k8s("V1NodeAffinity")),
    "volumes": [
        k8s("V1Volume", name="v", persistent_volume_claim=k8s("V1PersistentVolumeClaimVolumeSource", claim_name=DS))
    ],
    "volume_mounts": [k8s("V1VolumeMount", name="v", mount_path="/v")],
    "service_account_name": "trainer",
    "secrets": [Call("airflow.providers.cncf.kubernetes.secret.Secret", ("env", "token", "hub", "key"), {})],
    "configmaps": ["settings"],
    "env_from": [k8s("V1EnvFromSource", config_map_ref=k8s("V1ConfigMapEnvSource", name="more"))],
    "image_pull_secrets": "one,two",
    "on_finish_action": "keep_pod",
}


WRITTEN: list[tuple[str, dict[str, Value], str]] = [
    (
        BIGQUERY,
        {"configuration": {"query": {"query": DS}}, "project_id": DS, "result_timeout": 9, "cancel_on_kill": False},
        "with google_cloud_default.get_client() as client:\n"
        "    return run_job(client, {'query': {'query': context.partition_key}}, project=context.partition_key, "
        "timeout=9, cancel=False)",
    ),
    (
        ECS,
        {"cluster": "c", "task_definition": DS, "overrides": {}, "waiter_max_attempts": 3, "region_name": "eu-west-1"},
        "ecs = aws_default.client('ecs', region_name='eu-west-1')\n"
        "cluster = 'c'\n"
        "task = started_task(ecs.run_task(cluster=cluster, taskDefinition=context.partition_key, overrides={}, "
        "startedBy='airflow', launchType='EC2'))\n"
        "wait_for_task(ecs, cluster, task, every=6, attempts=3)\n"
        "return {'ecs_task_arn': task}",
    ),
    (
        EMR.format("CreateJobFlow"),
        {"job_flow_overrides": {"Name": DS, "Instances": {}}, "emr_conn_id": None},
        "emr = aws_default.client('emr')\n"
        "cluster = emr.run_job_flow(Name=context.partition_key, Instances={})['JobFlowId']\n"
        "return cluster",
    ),
    (
        GLUE,
        {"job_name": "clean", "run_job_kwargs": {"WorkerType": "G.1X"}, "wait_for_completion": False, "durable": False},
        "glue = aws_default.client('glue')\n"
        "name = 'clean'\n"
        "run = glue.start_job_run(JobName=name, WorkerType='G.1X')['JobRunId']\n"
        "return run",
    ),
    (
        S3.format("CopyObject"),
        {"source_bucket_key": "s3://a/b", "dest_bucket_key": DS, "dest_bucket_name": "c", "acl_policy": "no-acl"},
        "s3 = aws_default.client('s3')\n"
        "s3.copy_object(**s3_place(context.partition_key, 'c'), CopySource=s3_place('s3://a/b'))",
    ),
    (
        LOCAL,
        {"filename": "/x", "dest_key": "s3://a/b", "acl_policy": "private"},
        "s3 = aws_default.client('s3')\nput_file(s3, '/x', **s3_place('s3://a/b'), replace=False, acl='private')",
    ),
    (
        DOCKER,
        {
            "image": "train:1",
            "command": ["train", DS],
            "environment": {"DAY": DS},
            "mount_tmp_dir": False,
            "cpus": 1.5,
            "device_requests": [docker("DeviceRequest", count=-1, capabilities=[["gpu"]])],
        },
        "yield from containers.run(context=context, image='train:1', command=['train', context.partition_key], "
        "env={'DAY': context.partition_key}, container_kwargs={'cpu_shares': 1536, 'device_requests': "
        "[docker.types.DeviceRequest(count=-1, capabilities=[['gpu']])]}).get_results()",
    ),
    (
        SAGEMAKER.format("Model"),
        {"config": {"ModelName": DS, "ExecutionRoleArn": "role"}},
        "sagemaker = aws_default.client('sagemaker')\n"
        "request = {'ModelName': context.partition_key, 'ExecutionRoleArn': 'role'}\n"
        "request['ExecutionRoleArn'] = aws_default.role(request['ExecutionRoleArn'])\n"
        "sagemaker.create_model(**request)\n"
        "return {'Model': as_json(sagemaker.describe_model(ModelName=request['ModelName']))}",
    ),
    (
        SAGEMAKER.format("Training"),
        {
            "config": {"TrainingJobName": "t", "ResourceConfig": {"InstanceCount": "2"}},
            "print_log": False,
            "check_if_job_exists": False,
            "check_interval": 5,
        },
        "sagemaker = aws_default.client('sagemaker')\n"
        "request = {'TrainingJobName': 't', 'ResourceConfig': {'InstanceCount': int('2')}}\n"
        "sagemaker.create_training_job(**request)\n"
        "return {'Training': as_json(wait_until(lambda: sagemaker.describe_training_job("
        "TrainingJobName=request['TrainingJobName']), 'TrainingJobStatus', running=('InProgress', 'Stopping'), "
        "failed=('Failed',), every=5, log=context.log.info))}",
    ),
    (
        SAGEMAKER.format("Training"),
        {"config": {"TrainingJobName": "t"}, "wait_for_completion": False, "action_if_job_exists": "fail"},
        "sagemaker = aws_default.client('sagemaker')\n"
        "request = {'TrainingJobName': 't'}\n"
        "request['TrainingJobName'] = unused_name(request['TrainingJobName'], lambda name: "
        "sagemaker.describe_training_job(TrainingJobName=name), fail=True)\n"
        "sagemaker.create_training_job(**request)\n"
        "return {'Training': as_json(sagemaker.describe_training_job(TrainingJobName=request['TrainingJobName']))}",
    ),
    (
        EMR.format("AddSteps"),
        {"job_flow_id": "j-1", "steps": [{"Name": DS}], "region_name": "eu-west-1"},
        "emr = aws_default.client('emr', region_name='eu-west-1')\n"
        "cluster = 'j-1'\n"
        "steps = emr.add_job_flow_steps(JobFlowId=cluster, Steps=[{'Name': context.partition_key}])['StepIds']\n"
        "return steps",
    ),
    (
        DATABRICKS.format("SubmitRun"),
        {"json": {"tasks": [{"task_key": DS}]}, "existing_cluster_id": "c", "durable": False},
        "request = {'tasks': [{'task_key': context.partition_key}], 'existing_cluster_id': 'c', "
        "'run_name': 'work'}\n"
        "return databricks_default.wait(context, databricks_default.submit(request), every=30)",
    ),
    (
        DATABRICKS.format("SubmitRun"),
        {"json": {"run_name": "mine"}, "wait_for_termination": False},
        "request = {'run_name': 'mine'}\nreturn databricks_default.pushed(databricks_default.submit(request))",
    ),
    (
        DATABRICKS.format("RunNow"),
        {"job_name": "nightly", "notebook_params": {"day": DS}},
        "request = {'job_name': 'nightly', 'notebook_params': {'day': context.partition_key}}\n"
        "request['job_id'] = databricks_default.job_id(request.pop('job_name'))\n"
        "return databricks_default.wait(context, databricks_default.run_now(request), every=30)",
    ),
    (
        SAGEMAKER.format("Processing"),
        {"config": {"ProcessingJobName": "p", "RoleArn": "a/b"}, "print_log": False},
        "sagemaker = aws_default.client('sagemaker')\n"
        "request = {'ProcessingJobName': 'p', 'RoleArn': 'a/b'}\n"
        "request['ProcessingJobName'] = unused_name(request['ProcessingJobName'], lambda name: "
        "sagemaker.describe_processing_job(ProcessingJobName=name))\n"
        "sagemaker.create_processing_job(**request)\n"
        "return {'Processing': as_json(wait_until(lambda: sagemaker.describe_processing_job("
        "ProcessingJobName=request['ProcessingJobName']), 'ProcessingJobStatus', running=('InProgress', 'Stopping'), "
        "failed=('Failed',), every=30, log=context.log.info))}",
    ),
    (
        DBT,
        {"job_id": 7, "trigger_reason": DS, "steps_override": ["dbt test"], "account_id": 3},
        "run_id = dbt_cloud_default.start(job_id=7, cause=context.partition_key, steps_override=['dbt test'], "
        "account_id=3)\n"
        "return dbt_cloud_default.wait(context, run_id, every=60, timeout=604800, account_id=3)",
    ),
    (
        DBT,
        {"job_id": 7, "wait_for_termination": False},
        "return dbt_cloud_default.start(job_id=7, cause='The task work of Dagster')",
    ),
    (
        SPARK,
        {
            "application": "/jobs/x.py",
            "conf": {"spark.a": 1, "spark.b": DS},
            "executor_cores": 4,
            "java_class": "org.Main",
            "verbose": True,
            "deploy_mode": "client",
            "application_args": ["--day", DS],
        },
        "command = [*spark_default.command('--conf', 'spark.a=1', '--conf', f'spark.b={context.partition_key}', "
        "'--executor-cores', '4', '--name', 'arrow-spark', '--class', 'org.Main', '--verbose', deploy_mode='client'), "
        "'/jobs/x.py', '--day', context.partition_key]\n"
        "yield from pipes.run(context=context, command=command).get_results()",
    ),
    (
        HTTP,
        {"endpoint": Template("/score/{{ ds }}", ("ds",)), "headers": {"A": "b"}, "http_conn_id": "scores"},
        "return scores.call(method='POST', endpoint=f'/score/{context.partition_key}', headers={'A': 'b'})",
    ),
    (
        SQL.format("Check"),
        {"conn_id": "wh", "sql": "SELECT 1", "parameters": {"a": 1}},
        "yield from report_check(context, check_row(wh.run, sql='SELECT 1', parameters={'a': 1}))",
    ),
    (
        SQL.format("ValueCheck"),
        {"conn_id": "wh", "sql": "SELECT 1", "pass_value": 1, "tolerance": 0.1, "retry_on_failure": False},
        "yield from report_check(context, check_value(wh.run, sql='SELECT 1', expected=1, tolerance=0.1), "
        "allow_retries=False)",
    ),
    (
        SQL.format("IntervalCheck"),
        {"conn_id": "wh", "table": "t_{{ ds_nodash }}", "metrics_thresholds": {"COUNT(*)": 2}},
        'yield from report_check(context, check_interval(wh.run, table=f"t_{context.partition_time_window.start.'
        "strftime('%Y%m%d')}\", metrics_thresholds={'COUNT(*)': 2}, day=context.partition_key))",
    ),
    (
        SQL.format("ColumnCheck"),
        {
            "conn_id": "wh",
            "table": "t",
            "column_mapping": {"id": {"min": {"geq_to": 1, "partition_clause": "d='{{ ds }}'"}}},
        },
        "yield from report_check(context, check_columns(wh.run, table='t', column_mapping={'id': {'min': {'geq_to': 1, "
        "'partition_clause': f\"d='{context.partition_key}'\"}}}))",
    ),
]


EXACT: list[tuple[str, dict[str, Value]]] = [
    (LAMBDA, {"function_name": DS}),
    (ECS, {"cluster": "c", "task_definition": "t", "overrides": {}}),
    (GLUE, {"job_name": "clean", "durable": False}),
    (MACHINE, {"state_machine_arn": "a", "state_machine_input": DS}),
    (ATHENA, {"query": DS}),
    (REDSHIFT, {"sql": DS, "workgroup_name": "w", "durable": False}),
    (EMR.format("CreateJobFlow"), {"job_flow_overrides": {"Name": "a", "Instances": {}}, "emr_conn_id": None}),
    (S3.format("List"), {"bucket": DS}),
    (S3.format("DeleteObjects"), {"bucket": "b", "keys": [DS]}),
    (S3.format("CreateObject"), {"s3_key": "s3://a/b", "data": DS}),
    (DOCKER, {"image": "a", "mount_tmp_dir": False}),
    (SAGEMAKER.format("Tuning"), {"config": {"HyperParameterTuningJobName": "t", "TrainingJobDefinition": {}}}),
    (EMR.format("AddSteps"), {"job_flow_id": "j", "steps": [{}]}),
    (DATABRICKS.format("RunNow"), {"job_id": 1, "durable": False}),
    (DBT, {"job_id": 1, "trigger_reason": "a"}),
]
NEAR: list[tuple[str, dict[str, Value], str]] = [
    (BIGQUERY, {"configuration": {"query": {}}, "location": "EU", "durable": False}, "not Airflow's labels"),
    (BIGQUERY, {"configuration": {"query": {}}, "durable": False}, "the connection's location"),
    (BIGQUERY, {"configuration": {"query": {}}, "location": "EU"}, "`durable`: when a worker dies"),
    (BATCH, {"job_name": "j", "job_queue": "q", "job_definition": "d"}, "gives up after 4200 looks"),
    (GLUE, {"job_name": "clean"}, "`durable`: when a worker dies"),
    (REDSHIFT, {"sql": "SELECT 1", "workgroup_name": "w"}, "`durable`: when a worker dies"),
    (
        EMR.format("CreateJobFlow"),
        {"job_flow_overrides": {"Name": "a", "Instances": {}}},
        "what the connection 'emr_default' adds",
    ),
    (
        ECS,
        {"cluster": "c", "task_definition": "t", "overrides": {}, "awslogs_group": "g"},
        "the container's log isn't shown",
    ),
    (POD, {"image": "a", "namespace": "b"}, "the pod hasn't started after 120 s"),
    (POD, {"image": "a", "namespace": "b", "startup_timeout_seconds": 9}, "the pod hasn't started after 9 s"),
    (POD, {"image": "a", "namespace": "b"}, "Dagster's labels in place"),
    (SAGEMAKER.format("Training"), {"config": {"TrainingJobName": "t"}, "deferrable": True}, "Airflow gives up after"),
    (POD, {"image": "a"}, "`namespace` isn't given"),
    (POD, {"image": "a", "name": "b"}, "Dagster names its pods"),
    (DOCKER, {"image": "a"}, "AIRFLOW_TMP_DIR isn't set"),
    (DOCKER, {"image": "a", "mount_tmp_dir": False, "auto_remove": "force"}, "the container isn't removed"),
    (DATABRICKS.format("RunNow"), {"job_id": 1}, "when a worker dies"),
    (HTTP, {"endpoint": "a"}, "headers and options that the connection may have"),
    (SPARK, {"application": "a"}, "follows the driver"),
    (SQL.format("Check"), {"conn_id": "wh", "sql": "SELECT 1"}, "the kind of the connection 'wh' isn't known"),
]
REFUSED: list[tuple[str, dict[str, Value], str]] = [
    (BIGQUERY, {"configuration": XCom("a")}, "its configuration isn't known"),
    (BIGQUERY, {"configuration": "job.json"}, "names the template file"),
    (BIGQUERY, {"configuration": {"labels": {}}}, "isn't one query, load, copy or extract"),
    (BIGQUERY, {"configuration": {"query": {"query": "sql/a.sql"}}}, "names the template file 'sql/a.sql'"),
    (BIGQUERY, {"configuration": {"query": {}}, "job_id": "a"}, "runs only once"),
    (BIGQUERY, {"configuration": {"query": {}}, "force_rerun": False}, "runs only once"),
    (BIGQUERY, {"configuration": {"query": {}}, "impersonation_chain": "a"}, "another account"),
    ("airflow_dbt.operators.dbt_operator.DbtRunOperator", {"dir": "/dbt"}, "made from a dbt project"),
    ("cosmos.operators.local.DbtTestLocalOperator", {"project_dir": "/dbt"}, "made from a dbt project"),
    (
        "great_expectations_provider.operators.great_expectations.GreatExpectationsOperator",
        {"checkpoint_name": "prices"},
        "its checkpoint comes from a data context",
    ),
    (
        f"{PROVIDERS}.google.cloud.operators.vertex_ai.custom_job.CreateCustomContainerTrainingJobOperator",
        {"region": "r"},
        "no integration for Vertex AI",
    ),
    (f"{PROVIDERS}.google.cloud.operators.dataproc.DataprocSubmitJobOperator", {"job": {}}, "asks again by the id"),
    (f"{PROVIDERS}.amazon.aws.transfers.s3_to_redshift.S3ToRedshiftOperator", {"table": "t"}, "credentials of one"),
    (f"{PROVIDERS}.google.cloud.transfers.gcs_to_bigquery.GCSToBigQueryOperator", {"bucket": "b"}, "two connections"),
    (LAMBDA, {}, "`function_name` isn't given"),
    (LAMBDA, {"function_name": "f", "botocore_config": {}}, "how requests are sent"),
    (ECS, {"cluster": "c", "task_definition": "t", "overrides": {}, "deferrable": True}, "in its triggerer"),
    (ECS, {"cluster": "c", "task_definition": "t", "overrides": {}, "reattach": True}, "goes on with the task"),
    (ECS, {"cluster": "c", "task_definition": "t", "overrides": {}, "skip_on_exit_code": 99}, "an exit code skips"),
    (ECS, {"cluster": "c", "task_definition": "t", "overrides": {}, "wait_for_completion": DS}, "isn't known"),
    (ECS, {"cluster": "c", "task_definition": "t", "overrides": {}, "tags": XCom("a")}, "its tags aren't known"),
    (BATCH, {"job_name": "j", "job_queue": "q", "job_definition": "d", "waiters": Code("w", "")}, "a way of its own"),
    (BATCH, {"job_name": "j", "job_queue": "q", "job_definition": "d", "deferrable": True}, "in its triggerer"),
    (GLUE, {"job_name": "a", "script_location": "s3://a/b.py"}, "makes the job where there is none"),
    (GLUE, {"job_name": "a", "update_config": True}, "changes the job first"),
    (GLUE, {"job_name": "a", "run_job_kwargs": XCom("a")}, "the entries of its request aren't known"),
    (GLUE, {}, "`job_name` isn't given"),
    (MACHINE, {"state_machine_arn": "a", "is_redrive_execution": True}, "goes on with an execution"),
    (MACHINE, {"state_machine_arn": "a", "deferrable": True}, "waits for the end"),
    (ATHENA, {"query": "query.sql"}, "names the template file"),
    (ATHENA, {"query": "SELECT 1", "deferrable": True}, "in its triggerer"),
    (REDSHIFT, {"sql": "SELECT 1"}, "no cluster and no workgroup"),
    (REDSHIFT, {"sql": "SELECT 1", "workgroup_name": "w", "return_sql_result": True}, "what the statements have found"),
    (REDSHIFT, {"sql": XCom("a"), "workgroup_name": "w"}, "its sql isn't known"),
    (REDSHIFT, {"sql": "SELECT 1", "workgroup_name": "w", "poll_interval": 0}, "isn't a number of seconds"),
    (EMR.format("CreateJobFlow"), {"job_flow_overrides": {"Name": "a"}}, "have no Instances"),
    (EMR.format("CreateJobFlow"), {"job_flow_overrides": DS}, "job_flow_overrides aren't known"),
    (S3.format("CopyObject"), {"source_bucket_key": DS, "dest_bucket_key": "s3://a/b"}, "the address of an object"),
    (
        S3.format("CopyObject"),
        {"source_bucket_key": "https://a.s3.amazonaws.com/b", "dest_bucket_key": "s3://a/b"},
        "the address of an object",
    ),
    (
        S3.format("CopyObject"),
        {"source_bucket_key": "s3://a/b", "dest_bucket_key": "s3://a/c", "kms_key_id": "k"},
        "a key of its own",
    ),
    (S3.format("CreateObject"), {"s3_key": "s3://a/b", "data": XCom("a")}, "its data isn't a text"),
    (S3.format("CreateObject"), {"s3_key": "s3://a/b", "data": "x", "compression": "gzip"}, "it is compressed"),
    (S3.format("DeleteObjects"), {"bucket": "b"}, "both keys and a prefix or neither"),
    (S3.format("DeleteObjects"), {"bucket": "b", "prefix": "p", "from_datetime": DS}, "time of the last change"),
    (LOCAL, {"filename": "x", "dest_key": "s3://a/b", "gzip": True}, "it is compressed"),
    (POD, {}, "`image` isn't given"),
    (POD, {"image": "a", "do_xcom_push": True}, "a container that it adds"),
    (POD, {"image": "a", "skip_on_exit_code": 3}, "an exit code skips it"),
    (POD, {"image": "a", "pod_template_file": "pod.yaml"}, "made from a template"),
    (POD, {"image": "a", "resources": {"limit_gpu": 1}}, "an old version of the provider"),
    (POD, {"image": "a", "tolerations": [k8s("V1Toleration", key=DS)]}, "doesn't render"),
    (POD, {"image": "a", "tolerations": [Call("kubernetes.client.models.V1Toleration", ("e",))]}, "without names"),
    (POD, {"image": "a", "on_finish_action": "delete_succeeded_pod"}, "depends on how it ends"),
    (POD, {"image": "a", "secrets": [Call("a.Secret", ("volume", "/x", "s", "k"))]}, "isn't the value of a variable"),
    (POD, {"image": "a", "env_vars": Code("env()", "it isn't known")}, "its env_vars aren't known"),
    (POD, {"image": Code("image()", "it isn't known")}, "`image()` isn't known"),
    (POD, {"image": "a", "new_argument": 1}, "`new_argument` isn't carried over"),
    (POD, {"image": "a", "kubernetes_conn_id": Code("c()", "it isn't known")}, "its connection isn't known"),
    (DOCKER, {"image": "a", "command": "['a']"}, "the text of a list"),
    (DOCKER, {"image": "a", "command": DS}, "the text of a list"),
    (DOCKER, {"image": "a", "command": "run.sh"}, "names the template file 'run.sh'"),
    (DOCKER, {"image": "a", "private_environment": {"A": "b"}}, "holds secrets"),
    (DOCKER, {"image": "a", "docker_url": "tcp://h"}, "an engine of its own"),
    (DOCKER, {"image": "a", "retrieve_output": True}, "a file of the container"),
    (DOCKER, {"image": "a", "tls_ca_cert": "a"}, "`tls_ca_cert` isn't carried over"),
    (SAGEMAKER.format("Training"), {"config": XCom("a")}, "its config isn't known"),
    (SAGEMAKER.format("Training"), {"config": {"TrainingJobName": "a", "S3Operations": {}}}, "S3Operations"),
    (SAGEMAKER.format("Training"), {"config": {"TrainingJobName": "a"}, "max_ingestion_time": 9}, "gives up"),
    (SAGEMAKER.format("Training"), {"config": {"TrainingJobName": "a"}, "verify": False}, "certificates"),
    (SAGEMAKER.format("Tuning"), {"config": {"HyperParameterTuningJobName": "t"}}, "has no TrainingJobDefinition"),
    (SAGEMAKER.format("Transform"), {"config": {}}, "has no exact form"),
    (
        SAGEMAKER.format("Processing"),
        {"config": {"ProcessingJobName": "a"}, "output_files_to_xcom": [{}]},
        "files that the job has written",
    ),
    (DBT, {"job_name": "a"}, "`job_id` isn't given"),
    (DBT, {"job_id": 1, "job_name": "a"}, "given by names"),
    (DBT, {"job_id": 1, "retry_from_failure": True}, "another try repairs"),
    (EMR.format("AddSteps"), {"job_flow_id": "j", "steps": "steps.json"}, "names the template file"),
    (EMR.format("AddSteps"), {"job_flow_id": "j", "steps": DS}, "its steps aren't known"),
    (EMR.format("AddSteps"), {"job_flow_name": "j", "steps": [{}]}, "`job_flow_id` isn't given"),
    (EMR.format("AddSteps"), {"job_flow_id": "j", "steps": [{}], "deferrable": True}, "it waits then"),
    (DATABRICKS.format("RunNow"), {"json": DS}, "its json isn't known"),
    (DATABRICKS.format("RunNow"), {"job_id": 1, "json": {"job_id": 1}}, "in two ways"),
    (DATABRICKS.format("RunNow"), {"job_id": 1, "repair_run": True}, "repairs or ends other runs"),
    (DATABRICKS.format("SubmitRun"), {"pipeline_task": {"pipeline_name": "p"}}, "its pipeline is given by name"),
    (SPARK, {"application": "a", "conf": {"a": XCom("b")}}, "a value of its conf isn't known"),
    (SPARK, {"application": "a", "application_args": [1]}, "a list of texts"),
    (SPARK, {"application": "a", "env_vars": {"A": "b"}}, "depends on the connection"),
    (HTTP, {"endpoint": "a", "response_check": Code("lambda r: True", "a lambda")}, "runs code of yours"),
    (HTTP, {"endpoint": "a", "extra_options": {"check_response": False}}, "what counts as an error"),
    (SQL.format("Check"), {"sql": "SELECT 1"}, "its connection isn't known"),
    (SQL.format("Check"), {"conn_id": "wh", "sql": "check.sql"}, "names the template file"),
    (SQL.format("Check"), {"conn_id": "wh", "sql": "SELECT 1", "database": "d"}, "changes the connection"),
    (
        SQL.format("ColumnCheck"),
        {"conn_id": "wh", "table": "t", "column_mapping": {"id": {"min": {"geq_to": "{{ ds }}"}}}},
        "which Airflow doesn't render",
    ),
    (
        SQL.format("IntervalCheck"),
        {"conn_id": "wh", "table": "t", "metrics_thresholds": {"{{ ds }}": 2}},
        "its metrics aren't known",
    ),
]
