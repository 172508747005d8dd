"""Pods: ``PipesK8sClient`` runs the same pod, and reads its log.

Source: ``KubernetesPodOperator`` (``build_pod_request_obj``, ``_render_nested_template_fields``, ``cleanup``) of the
cncf.kubernetes provider 10; ``dagster_k8s.pipes``: ``build_pod_body`` takes a spec with the keys that the attributes of
the Kubernetes models have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dagport.graph import Task
from dagport.values import Call, Value
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import Refused
from dagport.writers.dagster.families.models import Models, as_data, plain
from dagport.writers.dagster.families.table import (
    Carried,
    Client,
    Differs,
    Family,
    Operator,
    Rule,
    Text,
    carried,
    ignored,
    limited,
    pipes,
    pipes_in_op,
)
from dagport.writers.dagster.scope import Scope

SPEC, POD, META = "base_pod_spec.{}", "base_pod_spec.containers.0.{}", "base_pod_meta.{}"
RENDERED = {
    "V1EnvVar": frozenset({"name", "value"}),
    "V1ResourceRequirements": frozenset({"limits", "requests"}),
    "V1Volume": frozenset({"name", "persistent_volume_claim", "config_map"}),
    "V1VolumeMount": frozenset({"name", "sub_path"}),
    "V1PersistentVolumeClaimVolumeSource": frozenset({"claim_name"}),
    "V1ConfigMapVolumeSource": frozenset({"name"}),
    "V1EnvFromSource": frozenset({"config_map_ref"}),
    "V1ConfigMapEnvSource": frozenset({"name"}),
}
ORDERED = {"V1EnvVar": ("name", "value", "value_from"), "V1LocalObjectReference": ("name",)}
AS_DATA = as_data(Models(prefixes=("kubernetes.client.",), rendered=RENDERED, ordered=ORDERED))
SECRET_ARGUMENTS = ("deploy_type", "deploy_target", "secret", "key")
KEEPS = {"delete_pod": "True", "keep_pod": "False", True: "True", False: "False"}


def env(value: Value, text: Text) -> str:
    """The variables of a container: a dict, or a list of ``V1EnvVar``."""
    if isinstance(value, Mapping):
        pairs = (f'{{"name": {text_literal(name)}, "value": {text(item)}}}' for name, item in value.items())
        return f"[{', '.join(pairs)}]"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return AS_DATA(value, text)
    raise Refused("its env_vars aren't known")


def secrets(value: Value, text: Text) -> str:
    """Variables that are taken from secrets (``Secret.to_env_secret``). Raises ``Refused`` for those that are files."""
    items = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    return f"[{', '.join(_secret(item) for item in items)}]"


def _secret(value: Value) -> str:
    if not isinstance(value, Call) or not value.name.endswith(".Secret"):
        raise Refused("its secrets aren't known")
    given = {**dict(zip(SECRET_ARGUMENTS, value.args, strict=False)), **value.kwargs}
    target, name, key = (given.get(part) for part in ("deploy_target", "secret", "key"))
    if given.get("deploy_type") != "env" or not all(isinstance(item, str) for item in (target, name, key)):
        raise Refused("it has a secret that isn't the value of a variable")
    source = f'{{"secret_key_ref": {{"name": {text_literal(str(name))}, "key": {text_literal(str(key))}}}}}'
    return f'{{"name": {text_literal(str(target).upper())}, "value_from": {source}}}'


def config_maps(value: Value, text: Text) -> str:
    """Sources of variables."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise Refused("its configmaps aren't known")
    sources = (f'{{"config_map_ref": {{"name": {text(item)}}}}}' for item in value)
    return f"[{', '.join(sources)}]"


def pull_secrets(value: Value, text: Text) -> str:
    """References, or their names in one text (``convert_image_pull_secrets``)."""
    if isinstance(value, str):
        references = (f'{{"name": {text_literal(name)}}}' for name in value.split(","))
        return f"[{', '.join(references)}]"
    return AS_DATA(value, text)


def keeps(value: Value, text: Text) -> str:
    """Whether the pod is deleted."""
    if isinstance(value, str | bool) and value in KEEPS:
        return KEEPS[value]
    raise Refused("whether its pod is deleted depends on how it ends")


def _data(name: str, to: str, *, rendered: bool = False) -> dict[str, Rule]:
    return {name: Carried(to=to, rendered=rendered, convert=AS_DATA)}


RULES: dict[str, Rule] = {
    "namespace": Carried(
        to="namespace",
        rendered=True,
        unset="Airflow takes the connection's, and Dagster that of its own pod or the default one",
    ),
    "labels": Carried(to=META.format("labels"), rendered=True),
    "annotations": Carried(to=META.format("annotations"), rendered=True),
    "base_container_name": Carried(to=POD.format("name"), rendered=True, absent="base"),
    "image": Carried(to=POD.format("image"), rendered=True),
    "cmds": Carried(to=POD.format("command"), rendered=True),
    "arguments": Carried(to=POD.format("args"), rendered=True),
    "env_vars": Carried(to=POD.format("env"), rendered=True, convert=env),
    "secrets": Carried(to=POD.format("env"), convert=secrets),
    "env_from": Carried(to=POD.format("env_from"), rendered=True, convert=AS_DATA),
    "configmaps": Carried(to=POD.format("env_from"), rendered=True, convert=config_maps),
    **_data("container_resources", POD.format("resources"), rendered=True),
    **_data("ports", POD.format("ports")),
    **_data("volume_mounts", POD.format("volume_mounts"), rendered=True),
    **_data("container_security_context", POD.format("security_context")),
    **carried("image_pull_policy termination_message_policy", POD),
    "node_selector": Carried(to=SPEC.format("node_selector"), rendered=True),
    **_data("affinity", SPEC.format("affinity")),
    **_data("tolerations", SPEC.format("tolerations")),
    **_data("init_containers", SPEC.format("init_containers")),
    **_data("volumes", SPEC.format("volumes"), rendered=True),
    **_data("host_aliases", SPEC.format("host_aliases")),
    **_data("security_context", SPEC.format("security_context")),
    **_data("dns_config", SPEC.format("dns_config")),
    "image_pull_secrets": Carried(to=SPEC.format("image_pull_secrets"), convert=pull_secrets),
    "hostname": Carried(to=SPEC.format("hostname"), rendered=True),
    **carried("service_account_name automount_service_account_token subdomain priority_class_name", SPEC),
    **carried("runtime_class_name active_deadline_seconds", SPEC),
    "hostnetwork": Carried(to=SPEC.format("host_network")),
    "dnspolicy": Carried(to=SPEC.format("dns_policy")),
    "schedulername": Carried(to=SPEC.format("scheduler_name")),
    "termination_grace_period": Carried(to=SPEC.format("termination_grace_period_seconds")),
    "on_finish_action": Carried(to="delete_pod_on_completion", convert=keeps),
    "is_delete_operator_pod": Carried(to="delete_pod_on_completion", convert=keeps),
    "name": Differs(why="Dagster names its pods after the run and the step"),
    "startup_timeout_seconds": Differs(
        why="Airflow fails when the pod hasn't started after {} s, and Dagster waits for hours", absent=120
    ),
    "schedule_timeout_seconds": Differs(why="Dagster doesn't end the wait for a place after {} s"),
    "durable": Differs(
        why="when a worker dies, the step starts another pod, and Airflow goes on with the first",
        same=(False,),
        absent=True,
    ),
    "random_name_suffix": Differs(why="Dagster names its pods after the run and the step", same=(True,)),
    "kubernetes_conn_id": Differs(why="the resource says which cluster it is", same=("kubernetes_default",)),
    **limited("do_xcom_push xcom_push", False, why="Airflow reads its result from a container that it adds to the pod"),
    **limited("skip_on_exit_code", why="an exit code skips it, and Pipes knows failures only"),
    **limited("full_pod_spec pod_template_file pod_template_dict", why="its pod is made from a template"),
    **limited("config_file cluster_context", why="it names a cluster of its own"),
    **limited("callbacks progress_callback log_formatter", why="it runs code of yours around the pod"),
    **limited("pod_runtime_info_envs", why="its variables are taken from the running pod"),
    **limited("resources node_selectors", why="it is in the form of an old version of the provider"),
    **ignored(
        "get_logs log_events_on_failure log_events_on_startup log_pod_spec_on_failure logging_interval container_logs "
        "init_container_logs container_name_log_prefix_enabled",
        "what Airflow logs",
    ),
    **ignored(
        "deferrable poll_interval reattach_on_restart trigger_kwargs startup_check_interval_seconds "
        "base_container_status_polling_interval in_cluster on_kill_action xcom_sidecar_container_security_context",
        "how Airflow waits",
    ),
}


def check(task: Task, _: Scope) -> None:
    """A pod needs an image; Airflow would take it from the template."""
    given = task.arguments
    if given.get("on_finish_action") is not None and given.get("is_delete_operator_pod") is not None:
        raise Refused("it says twice whether its pod is deleted")
    for name in ("tolerations", "affinity"):
        if given.get(name) is not None:
            AS_DATA(given[name], plain)


PODS = Client(
    annotation="PipesK8sClient",
    imported="from dagster_k8s import PipesK8sClient",
    made="PipesK8sClient()",
    said="the cluster it runs in, or the one that the kubeconfig file names",
    requires="dagster-k8s>=0.29",
)
OPERATOR = Operator(
    rules=RULES,
    body=pipes("$client", "$arguments"),
    in_op=pipes_in_op,
    client=PODS,
    connection=("kubernetes_conn_id", "kubernetes_default"),
    required=("image",),
    approximations=("the pod has Dagster's labels in place of those that Airflow adds (dag_id, task_id, run_id, ...)",),
    unread="another task reads its result, and Pipes doesn't know what the pod wrote for Airflow",
    files=(),
    check=check,
)
HOME = "airflow.providers.cncf.kubernetes.operators"
FAMILY = Family(
    title="KubernetesPodOperator",
    fidelity="approximate",
    note="the same pod by `PipesK8sClient`: image, command, variables, resources (GPUs), volumes, node selectors, "
    "tolerations, affinity; differences in how long it waits for the start, and what happens when a worker dies",
    operators={
        f"{HOME}.pod.KubernetesPodOperator": OPERATOR,
        f"{HOME}.kubernetes_pod.KubernetesPodOperator": OPERATOR,
    },
)
