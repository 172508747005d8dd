"""Containers: Docker, Kubernetes, and the clouds' services for them."""

from dagport.readers.airflow.operators import Family

KUBERNETES = "airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator"
DOCKER = "airflow.providers.docker.operators.docker.DockerOperator"

FAMILY = Family(
    kind="container",
    classes={
        KUBERNETES: None,
        DOCKER: None,
        "airflow.providers.docker.operators.docker_swarm.DockerSwarmOperator": None,
        "airflow.providers.amazon.aws.operators.ecs.EcsRunTaskOperator": None,
        "airflow.providers.amazon.aws.operators.batch.BatchOperator": None,
        "airflow.providers.amazon.aws.operators.eks.EksPodOperator": None,
        "airflow.providers.google.cloud.operators.kubernetes_engine.GKEStartPodOperator": None,
        "airflow.providers.google.cloud.operators.cloud_run.CloudRunExecuteJobOperator": None,
        "airflow.providers.microsoft.azure.operators.container_instances.AzureContainerInstancesOperator": None,
    },
    aliases={
        "airflow.providers.cncf.kubernetes.operators.kubernetes_pod.KubernetesPodOperator": KUBERNETES,
        "airflow.contrib.operators.kubernetes_pod_operator.KubernetesPodOperator": KUBERNETES,
        "airflow.operators.docker_operator.DockerOperator": DOCKER,
    },
    names=r"Kubernetes(Pod|Job)\w*Operator$|Pod\w*Operator$|^Docker|^(Ecs|ECS)(RunTask)?Operator$",
    rank=30,
)
