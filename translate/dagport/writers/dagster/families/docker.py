"""Docker containers: ``PipesDockerClient`` runs the same container, and reads its log.

Source: ``DockerOperator`` (``_run_image_with_mounts``, ``execute``) of the docker provider 4; ``dagster_docker.pipes``,
and ``docker.models.containers.ContainerCollection.create`` for the options of a container.
"""

from __future__ import annotations

from dagport.graph import Task
from dagport.values import Call, Template, Value
from dagport.writers.common.model import Refused
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

OPTION = "container_kwargs.{}"
TYPES = "docker.types."
SHARES = 1024  # of a CPU
LOCAL = ("unix://var/run/docker.sock", "unix:///var/run/docker.sock")


def command(value: Value, text: Text) -> str:
    """A command; Airflow reads a text that begins with a bracket as a list (``format_command``)."""
    shown = value.text if isinstance(value, Template) else value
    if isinstance(shown, str) and shown.strip().startswith(("[", "{{", "{%")):
        raise Refused("its command may be the text of a list")
    return text(value)


def objects(value: Value, text: Text) -> str:
    """A list of objects of ``docker.types``, or of their keyword arguments."""
    if not isinstance(value, list | tuple):
        raise Refused("a list of its arguments isn't known")
    return f"[{', '.join(_object(item, text) for item in value)}]"


def _object(value: Value, text: Text) -> str:
    if not isinstance(value, Call) or not value.name.startswith(TYPES):
        raise Refused("an object of its arguments isn't known")
    words = [*map(text, value.args), *(f"{name}={text(item)}" for name, item in value.kwargs.items())]
    return f"docker.types.{value.name.rpartition('.')[2]}({', '.join(words)})"


def shares(value: Value, text: Text) -> str:
    """CPUs as what the engine counts in."""
    if not isinstance(value, int | float):
        raise Refused("its cpus aren't known")
    return str(round(value * SHARES))


def _objects(name: str, *, rendered: bool = False) -> dict[str, Rule]:
    place = OPTION.format(name)
    return {name: Carried(to=place, rendered=rendered, convert=objects, imports=("import docker.types",))}


RULES: dict[str, Rule] = {
    "image": Carried(to="image", rendered=True),
    "command": Carried(to="command", rendered=True, convert=command),
    "environment": Carried(to="env", rendered=True),
    "container_name": Carried(to=OPTION.format("name"), rendered=True),
    "entrypoint": Carried(to=OPTION.format("entrypoint"), convert=command),
    "cpus": Carried(to=OPTION.format("cpu_shares"), convert=shares),
    **_objects("mounts", rendered=True),
    **_objects("device_requests"),
    **_objects("ulimits"),
    **carried("mem_limit network_mode user working_dir dns dns_search shm_size tty hostname privileged", OPTION),
    **carried("cap_add extra_hosts ipc_mode labels", OPTION),
    "mount_tmp_dir": Differs(
        why="no temporary folder is mounted, and AIRFLOW_TMP_DIR isn't set", same=(False,), absent=True
    ),
    "auto_remove": Differs(why="the container isn't removed", same=("never", False)),
    **limited("docker_url", *LOCAL, why="it names an engine of its own"),
    **limited("docker_conn_id", why="it logs in to a registry by a connection"),
    **limited("private_environment", why="it holds secrets, which don't belong in code"),
    **limited("env_file", why="its variables come from a file"),
    **limited("force_pull", False, why="Pipes pulls an image that isn't there, and no other"),
    **limited("retrieve_output", False, why="its result is a file of the container"),
    **limited("skip_on_exit_code skip_exit_code", why="an exit code skips it, and Pipes knows failures only"),
    **limited("port_bindings", why="it publishes ports"),
    **ignored("api_version timeout tls_verify", "how Airflow speaks with the engine"),
    **ignored("xcom_all retrieve_output_path", "no task reads its result"),
    **ignored("tmp_dir host_tmp_dir", "no temporary folder is mounted"),
}


def check(task: Task, _: Scope) -> None:
    """The texts of a list aren't split into words; those of a shell file aren't known."""
    environment = task.arguments.get("environment")
    if environment is not None and not isinstance(environment, dict):
        raise Refused("its environment isn't known")


CONTAINERS = Client(
    annotation="PipesDockerClient",
    name="containers",
    imported="from dagster_docker import PipesDockerClient",
    made="PipesDockerClient()",
    said="the engine that DOCKER_HOST names, or the local one",
    requires="dagster-docker>=0.29",
)
OPERATOR = Operator(
    rules=RULES,
    body=pipes("$client", "$arguments"),
    in_op=pipes_in_op,
    client=CONTAINERS,
    required=("image",),
    files=(".sh", ".bash", ".env"),
    unread="another task reads its result, which is what the container printed last",
    check=check,
)
FAMILY = Family(
    title="DockerOperator",
    fidelity="approximate",
    note="the same container by `PipesDockerClient`: image, command, variables, mounts, devices (GPUs), limits; exact "
    "with `mount_tmp_dir=False` where it isn't removed",
    operators={
        "airflow.providers.docker.operators.docker.DockerOperator": OPERATOR,
        "airflow.operators.docker_operator.DockerOperator": OPERATOR,
    },
)
