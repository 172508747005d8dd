"""What assets of a generated project ask other platforms for, and how they end: as JSON.

    DAGSTER_PYTHON families_dagster.py PROJECT PACKAGE DAY JOB...

A pod and a container are told as the clients of Dagster would make them; everything else is executed.
"""

from __future__ import annotations

import json
import sys
import warnings
from contextlib import ExitStack, redirect_stdout
from typing import Any
from unittest.mock import MagicMock, patch

import dagster as dg
import docker
from dagster_k8s.client import DagsterKubernetesClient
from google.auth.credentials import AnonymousCredentials
from kubernetes.client import ApiClient
from load_dagster import load  # its folder is the path of a script


class Cluster:
    """Keeps the pods that it is asked for."""

    def __init__(self) -> None:
        self.pods: list[Any] = []
        self.core_api = MagicMock()
        self.core_api.create_namespaced_pod.side_effect = self._create

    def _create(self, namespace: str, pod: Any) -> None:
        self.pods.append({"namespace": namespace, **ApiClient().sanitize_for_serialization(pod)})

    def wait_for_pod(self, *_: Any, **__: Any) -> None:
        """Every pod has succeeded."""


def engine(kept: list[MagicMock]) -> Any:
    """An engine that runs nothing; what it was asked for is kept."""
    real = docker.APIClient(base_url="tcp://127.0.0.1:1", version="1.43")
    low = MagicMock()
    low.create_host_config.side_effect = real.create_host_config
    low.create_container.return_value = {"Id": "1"}
    low.wait.return_value = {"StatusCode": 0}
    low.inspect_container.return_value = {"Id": "1", "Config": {}, "State": {}}
    low.logs.return_value = iter([])
    low._version = "1.43"
    client = docker.DockerClient(base_url="tcp://127.0.0.1:1", version="1.43")
    client.api = low
    kept.append(low)
    return client


def ends(result: dg.ExecuteInProcessResult, job: dg.JobDefinition) -> dict[str, Any]:
    """How each asset has ended, and its value where it has one."""
    found: dict[str, Any] = {}
    for event in result.all_events:
        if event.is_step_failure and event.step_failure_data is not None:
            error = event.step_failure_data.error
            keys = job.asset_layer.get_selected_entity_keys_for_node(event.node_handle)
            found.update(
                {key.path[-1]: {"state": "failed", "error": str(error)} for key in keys if hasattr(key, "path")}
            )
    for event in result.get_asset_materialization_events():
        key = event.asset_key
        try:
            value = result.asset_value(key)
        except (KeyError, dg.DagsterInvariantViolationError):
            value = None
        found[key.path[-1]] = {"state": "success", "value": value}
    checks = result.get_asset_check_evaluations()
    for check in checks:
        found.setdefault(check.asset_key.path[-1], {})["check"] = check.passed
    return found


def main(project: str, package: str, day: str, *names: str) -> dict[str, Any]:
    """Run the jobs, each once."""
    cluster = Cluster()
    engines: list[MagicMock] = []
    found: dict[str, Any] = {}
    with ExitStack() as stack:
        stack.enter_context(patch("kubernetes.config.load_kube_config"))
        stack.enter_context(patch.object(DagsterKubernetesClient, "production_client", lambda: cluster))
        stack.enter_context(patch("dagster_k8s.pipes.PipesK8sPodLogsMessageReader.consume_pod_logs"))
        stack.enter_context(patch("google.auth.default", lambda *_, **__: (AnonymousCredentials(), "shop")))
        stack.enter_context(patch("docker.client.from_env", lambda: engine(engines)))
        definitions = load(project, package)
        warnings.simplefilter("ignore")  # what the integrations do themselves isn't looked at
        for name in names:
            job = definitions.resolve_job_def(name)
            with dg.DagsterInstance.ephemeral() as instance:
                key = day if job.partitions_def else None
                result = job.execute_in_process(instance=instance, partition_key=key, raise_on_error=False)
            found |= ends(result, job)
    containers = [call.kwargs for low in engines for call in low.create_container.call_args_list]
    return {"ends": found, "pods": cluster.pods, "containers": containers}


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):
        results = main(*sys.argv[1:])
    sys.stdout.write(json.dumps(results, default=repr))
