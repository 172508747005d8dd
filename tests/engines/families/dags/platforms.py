"""Tasks on other platforms: what they ask for is compared with what the translated project asks for."""

from datetime import datetime

from airflow.providers.amazon.aws.operators.emr import EmrAddStepsOperator, EmrServerlessStartJobOperator
from airflow.providers.amazon.aws.operators.sagemaker import (
    SageMakerEndpointConfigOperator,
    SageMakerModelOperator,
    SageMakerProcessingOperator,
    SageMakerTrainingOperator,
    SageMakerTuningOperator,
)
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.secret import Secret
from airflow.providers.common.sql.operators.sql import (
    SQLCheckOperator,
    SQLColumnCheckOperator,
    SQLIntervalCheckOperator,
    SQLTableCheckOperator,
    SQLThresholdCheckOperator,
    SQLValueCheckOperator,
)
from airflow.providers.docker.operators.docker import DockerOperator
from airflow.providers.http.operators.http import HttpOperator
from airflow.sdk import DAG
from docker.types import DeviceRequest, Mount, Ulimit
from kubernetes.client import models as k8s

ROLE = "arn:aws:iam::1:role/jobs"

with DAG("platforms", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False) as dag:
    KubernetesPodOperator(
        task_id="pod_small",
        namespace="ml",
        image="registry.example.com/score:{{ ds_nodash }}",
    )
    KubernetesPodOperator(
        task_id="pod_gpu",
        name="train",
        namespace="ml",
        image="registry.example.com/train:1.2",
        image_pull_policy="IfNotPresent",
        image_pull_secrets=[k8s.V1LocalObjectReference("registry")],
        cmds=["python", "-m", "train"],
        arguments=["--day", "{{ ds }}"],
        env_vars=[
            k8s.V1EnvVar(name="DAY", value="{{ ds }}"),
            k8s.V1EnvVar(
                name="NODE",
                value_from=k8s.V1EnvVarSource(field_ref=k8s.V1ObjectFieldSelector(field_path="spec.nodeName")),
            ),
        ],
        configmaps=["settings"],
        secrets=[Secret("env", "hub_token", "tokens", "hub")],
        container_resources=k8s.V1ResourceRequirements(
            requests={"cpu": "4", "memory": "16Gi"}, limits={"nvidia.com/gpu": "2", "memory": "16Gi"}
        ),
        node_selector={"accelerator": "a100"},
        tolerations=[k8s.V1Toleration(key="gpu", operator="Exists", effect="NoSchedule")],
        affinity=k8s.V1Affinity(
            node_affinity=k8s.V1NodeAffinity(
                required_during_scheduling_ignored_during_execution=k8s.V1NodeSelector(
                    node_selector_terms=[
                        k8s.V1NodeSelectorTerm(
                            match_expressions=[
                                k8s.V1NodeSelectorRequirement(key="zone", operator="In", values=["a", "b"])
                            ]
                        )
                    ]
                )
            )
        ),
        volumes=[
            k8s.V1Volume(
                name="data",
                persistent_volume_claim=k8s.V1PersistentVolumeClaimVolumeSource(claim_name="data-{{ ds }}"),
            ),
            k8s.V1Volume(name="shm", empty_dir=k8s.V1EmptyDirVolumeSource(medium="Memory")),
        ],
        volume_mounts=[
            k8s.V1VolumeMount(name="data", mount_path="/data", read_only=True),
            k8s.V1VolumeMount(name="shm", mount_path="/dev/shm"),
        ],
        init_containers=[k8s.V1Container(name="fetch", image="fetch:1", command=["fetch"])],
        ports=[k8s.V1ContainerPort(container_port=8080)],
        security_context=k8s.V1PodSecurityContext(run_as_user=1000),
        container_security_context=k8s.V1SecurityContext(privileged=False),
        service_account_name="trainer",
        labels={"team": "ml", "day": "{{ ds }}"},
        annotations={"note": "{{ ds }}"},
        priority_class_name="high",
        active_deadline_seconds=600,
        termination_grace_period=30,
        hostnetwork=True,
        dnspolicy="ClusterFirst",
        schedulername="gpu-scheduler",
    )
    KubernetesPodOperator(
        task_id="pod_dicts",
        namespace="{{ ds }}",
        image="a:1",
        env_vars={"DAY": "{{ ds }}"},
        affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone"}]}},
        tolerations=[{"key": "gpu", "operator": "Exists", "tolerationSeconds": 60}],
    )
    DockerOperator(
        task_id="container",
        image="train:1.2",
        command=["python", "train.py", "{{ ds }}"],
        environment={"DAY": "{{ ds }}"},
        mount_tmp_dir=False,
        mounts=[Mount(source="data", target="/data", type="volume")],
        device_requests=[DeviceRequest(count=-1, capabilities=[["gpu"]])],
        ulimits=[Ulimit(name="nofile", soft=64, hard=64)],
        cpus=1.5,
        mem_limit="8g",
        shm_size=1000000,
        network_mode="host",
        ipc_mode="host",
        user="1000",
        working_dir="/work",
        entrypoint="run",
        hostname="trainer",
        labels={"team": "ml"},
        privileged=True,
        tty=True,
        dns=["1.1.1.1"],
        cap_add=["SYS_ADMIN"],
        extra_hosts={"db": "10.0.0.1"},
    )
    SageMakerTrainingOperator(
        task_id="training",
        config={
            "TrainingJobName": "train-{{ ds }}",
            "RoleArn": ROLE,
            "AlgorithmSpecification": {"TrainingImage": "train:1", "TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": "s3://models/{{ ds }}"},
            "ResourceConfig": {"InstanceCount": "2", "InstanceType": "ml.p3.2xlarge", "VolumeSizeInGB": 50},
            "StoppingCondition": {"MaxRuntimeInSeconds": "3600"},
        },
        print_log=False,
        check_interval=0,
    )
    SageMakerTrainingOperator(
        task_id="training_fails",
        config={
            "TrainingJobName": "bad-{{ ds }}",
            "RoleArn": ROLE,
            "AlgorithmSpecification": {"TrainingImage": "train:1", "TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": "s3://models/{{ ds }}"},
            "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.p3.2xlarge", "VolumeSizeInGB": 50},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        },
        print_log=False,
        check_if_job_exists=False,
        check_interval=0,
    )
    SageMakerProcessingOperator(
        task_id="processing",
        config={
            "ProcessingJobName": "clean-{{ ds }}",
            "RoleArn": ROLE,
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": "1", "InstanceType": "ml.m5.large", "VolumeSizeInGB": "30"}
            },
            "AppSpecification": {"ImageUri": "clean:1"},
        },
        check_interval=0,
    )
    SageMakerProcessingOperator(
        task_id="processing_fails",
        config={"ProcessingJobName": "bad-clean-{{ ds }}", "AppSpecification": {"ImageUri": "clean:1"}},
        action_if_job_exists="fail",
        check_interval=0,
    )
    SageMakerTuningOperator(
        task_id="tuning",
        config={
            "HyperParameterTuningJobName": "tune-{{ ds }}",
            "TrainingJobDefinition": {
                "InputDataConfig": [],
                "RoleArn": ROLE,
                "AlgorithmSpecification": {"TrainingImage": "train:1", "TrainingInputMode": "File"},
                "OutputDataConfig": {"S3OutputPath": "s3://models/{{ ds }}"},
                "ResourceConfig": {"InstanceCount": "1", "InstanceType": "ml.p3.2xlarge", "VolumeSizeInGB": "50"},
                "StoppingCondition": {"MaxRuntimeInSeconds": "3600"},
            },
            "HyperParameterTuningJobConfig": {
                "Strategy": "Bayesian",
                "ResourceLimits": {"MaxNumberOfTrainingJobs": "4", "MaxParallelTrainingJobs": 2},
            },
        },
        check_interval=0,
    )
    SageMakerModelOperator(
        task_id="model",
        config={"ModelName": "m-{{ ds }}", "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": "serve:1"}},
    )
    SageMakerEndpointConfigOperator(
        task_id="endpoint",
        config={
            "EndpointConfigName": "e-{{ ds }}",
            "ProductionVariants": [
                {"VariantName": "a", "ModelName": "m", "InitialInstanceCount": "2", "InstanceType": "ml.m5.large"}
            ],
        },
    )
    EmrAddStepsOperator(
        task_id="steps",
        job_flow_id="j-1",
        steps=[
            {"Name": name, "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["spark-submit", "{{ ds }}"]}}
            for name in ("one", "two")
        ],
        execution_role_arn=ROLE,
        wait_for_completion=True,
        waiter_delay=1,
    )
    EmrAddStepsOperator(
        task_id="steps_fail",
        job_flow_id="j-bad",
        steps=[{"Name": "one", "HadoopJarStep": {"Jar": "a.jar"}}],
        wait_for_completion=True,
        waiter_delay=1,
    )
    EmrServerlessStartJobOperator(
        task_id="serverless",
        application_id="app",
        execution_role_arn=ROLE,
        job_driver={"sparkSubmit": {"entryPoint": "s3://jobs/{{ ds }}.py"}},
        configuration_overrides={"monitoringConfiguration": {}},
        client_request_token="token",
        name="job",
        waiter_delay=1,
    )
    HttpOperator(
        task_id="answer",
        method="GET",
        endpoint="answers/{{ ds }}",
        data={"a": "1"},
        headers={"X-Day": "{{ ds }}"},
    )
    HttpOperator(task_id="sent", endpoint="/sent", data="day={{ ds }}")
    HttpOperator(task_id="missing", method="GET", endpoint="missing")
    for name, sql in {
        "all_true": "SELECT COUNT(*), 1 FROM prices",
        "one_false": "SELECT 1, 0",
        "no_rows": "SELECT id FROM prices WHERE id > 9",
        "of_day": "SELECT COUNT(*) FROM prices WHERE ds = '{{ ds }}'",
    }.items():
        SQLCheckOperator(task_id=f"check_{name}", conn_id="shop", sql=sql)
    for name, expected, tolerance in (
        ("same", 3, None), ("text", "a", None), ("near", 3.2, 0.1), ("far", "4", 0.1),
    ):  # fmt: skip
        SQLValueCheckOperator(
            task_id=f"value_{name}",
            conn_id="shop",
            sql="SELECT COUNT(*) FROM prices",
            pass_value=expected,
            tolerance=tolerance,
        )
    for name, low, high in (("inside", 1, "SELECT 3"), ("outside", "4", 5)):
        SQLThresholdCheckOperator(
            task_id=f"threshold_{name}",
            conn_id="shop",
            sql="SELECT COUNT(*) FROM prices",
            min_threshold=low,
            max_threshold=high,
        )
    for name, threshold, formula in (
        ("below", 2.5, "max_over_min"), ("above", 2, "max_over_min"), ("relative", 1.5, "relative_diff"),
    ):  # fmt: skip
        SQLIntervalCheckOperator(
            task_id=f"interval_{name}",
            conn_id="shop",
            table="prices",
            days_back=4,
            metrics_thresholds={"COUNT(*)": threshold},
            ratio_formula=formula,
        )
    for name, checks in {
        "good": {"id": {"null_check": {"equal_to": 0}, "max": {"leq_to": 3, "geq_to": 1}}},
        "nulls": {"price": {"null_check": {"equal_to": 0}}},
        "some_nulls": {"price": {"null_check": {"equal_to": 0, "partition_clause": "id < 3"}}},
        "of_day": {"id": {"distinct_check": {"equal_to": 2, "partition_clause": "ds = '{{ ds }}'"}}},
        "tolerant": {"id": {"max": {"less_than": 3, "tolerance": 0.1}}},
        "text": {"ds": {"max": {"equal_to": "2026-01-05"}}},
    }.items():
        SQLColumnCheckOperator(task_id=f"column_{name}", conn_id="shop", table="prices", column_mapping=checks)
    for name, statement in {"good": "COUNT(*) = 3", "each": "id > 0", "bad": "id > 1"}.items():
        SQLTableCheckOperator(
            task_id=f"table_{name}",
            conn_id="shop",
            table="prices",
            checks={"one": {"check_statement": statement}},
            partition_clause="ds <= '{{ ds }}'",
        )
