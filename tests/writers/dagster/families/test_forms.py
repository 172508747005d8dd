"""Tasks of operator families: what is written for them, what differs, what is refused."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from dagport.graph import Edge, Schedule, Task
from dagport.values import Value, XCom
from tests.writers.dagster.families.cases import (
    DATABRICKS,
    DOCKER,
    EMR,
    EXACT,
    HTTP,
    NEAR,
    POD,
    POD_SPEC,
    REFUSED,
    SAGEMAKER,
    SQL,
    WRITTEN,
)
from tests.writers.dagster.making import DAILY, assets, fidelities, module, pipeline, python, translate


def task(operator: str, arguments: Mapping[str, Value], task_id: str = "work", **fields: Any) -> Task:
    return Task(id=task_id, operator=operator, kind="other", arguments=arguments, **fields)


def written(operator: str, arguments: Mapping[str, Value], source: str = "", **fields: Any) -> str:
    """The statements of the task's function, without formatting."""
    translation = translate(pipeline(task(operator, arguments), schedule=DAILY, **fields), source=source)
    assert fidelities(translation)["work"] in ("native", "approximate"), translation.outcomes
    tree = ast.parse(module(translation))
    found = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "work")
    return "\n".join(map(ast.unparse, found.body))


def reason(operator: str, arguments: Mapping[str, Value], source: str = "", **fields: Any) -> tuple[str, str]:
    """The fidelity of a task, and why."""
    translation = translate(pipeline(task(operator, arguments), schedule=DAILY, **fields), source=source)
    outcome = translation.outcomes[0]
    return outcome.fidelity, outcome.reason or ""


def call(text: str, start: str) -> dict[str, Any]:
    """The keyword arguments of the call that a text has, as they are when the day is 2026-01-05."""
    tree = ast.parse(text)
    node = next(
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(start)
    )
    found = {item.arg: ast.unparse(item.value) for item in node.keywords if item.arg != "context"}
    context = SimpleNamespace(partition_key="2026-01-05")
    return {name: eval(value, {"context": context}) for name, value in found.items() if name}


def test_pod() -> None:
    text = written(POD, POD_SPEC)
    assert text.startswith("yield from kubernetes_default.run(")
    assert text.endswith(".get_results()")
    assert call(text, ".run") == {
        "namespace": "ml",
        "base_pod_meta": {"labels": {"day": "2026-01-05"}},
        "base_pod_spec": {
            "containers": [
                {
                    "name": "base",
                    "image": "train:1",
                    "command": ["python"],
                    "args": ["train.py", "2026-01-05"],
                    "env": [
                        {"name": "DAY", "value": "2026-01-05"},
                        {"name": "TOKEN", "value_from": {"secret_key_ref": {"name": "hub", "key": "key"}}},
                    ],
                    "env_from": [{"config_map_ref": {"name": "more"}}, {"config_map_ref": {"name": "settings"}}],
                    "resources": {"requests": {"cpu": "2"}, "limits": {"nvidia.com/gpu": "1", "memory": "2026-01-05"}},
                    "volume_mounts": [{"name": "v", "mount_path": "/v"}],
                }
            ],
            "node_selector": {"gpu": "a100"},
            "affinity": {"node_affinity": {}},
            "tolerations": [{"key": "gpu", "operator": "Exists"}],
            "volumes": [{"name": "v", "persistent_volume_claim": {"claim_name": "2026-01-05"}}],
            "image_pull_secrets": [{"name": "one"}, {"name": "two"}],
            "service_account_name": "trainer",
        },
        "delete_pod_on_completion": False,
    }


@pytest.mark.parametrize(("operator", "arguments", "text"), WRITTEN)
def test_written(operator: str, arguments: dict[str, Value], text: str) -> None:
    assert written(operator, arguments) == text


@pytest.mark.parametrize(("operator", "arguments"), EXACT)
def test_exact(operator: str, arguments: dict[str, Value]) -> None:
    assert reason(operator, arguments) == ("native", "")


@pytest.mark.parametrize(("operator", "arguments", "difference"), NEAR)
def test_differs(operator: str, arguments: dict[str, Value], difference: str) -> None:
    fidelity, why = reason(operator, arguments)
    assert fidelity == "approximate"
    assert difference in why


@pytest.mark.parametrize(("operator", "arguments", "why"), REFUSED)
def test_refused(operator: str, arguments: dict[str, Value], why: str) -> None:
    fidelity, found = reason(operator, arguments)
    assert fidelity == "manual"
    assert why in found


def test_params_that_databricks_is_given() -> None:
    params: dict[str, Value] = {"model": "big"}
    arguments: dict[str, Value] = {"job_id": 1, "durable": False}
    assert "puts them into the request" in reason(DATABRICKS.format("RunNow"), arguments, params=params)[1]
    quiet = {**arguments, "forward_dag_params": False}
    assert reason(DATABRICKS.format("RunNow"), quiet, params=params)[0] == "native"


READER = "def read(text):\n    return text\n"


def read(operator: str, arguments: Mapping[str, Value], key: str = "return_value") -> dict[str, str]:
    """The fidelities of a task and of one that reads what it pushes."""
    reader = python(READER, "read", {"op_kwargs": {"text": XCom("work", key)}})
    edge = Edge(upstream="work", downstream="read", kind="data", key=key)
    return fidelities(translate(pipeline(task(operator, arguments), reader, edges_made=[edge]), source=READER))


@pytest.mark.parametrize(
    ("operator", "arguments", "key", "fidelity"),
    [
        (DOCKER, {"image": "a", "mount_tmp_dir": False}, "return_value", "manual"),
        (POD, {"image": "a", "namespace": "b"}, "pod_name", "manual"),
        (HTTP, {"endpoint": "a"}, "return_value", "approximate"),
        (EMR.format("AddSteps"), {"job_flow_id": "j", "steps": [{}]}, "return_value", "native"),
        (EMR.format("AddSteps"), {"job_flow_id": "j", "steps": [{}]}, "job_flow_id", "manual"),
        (DATABRICKS.format("RunNow"), {"job_id": 1, "durable": False}, "run_id", "native"),
    ],
)
def test_results(operator: str, arguments: dict[str, Value], key: str, fidelity: str) -> None:
    assert read(operator, arguments, key)["work"] == fidelity


def test_a_reader_that_nobody_sees_through() -> None:
    """An operator of the user's own may pull what a container has printed."""
    container = task(DOCKER, {"image": "a", "mount_tmp_dir": False})
    own = Task(id="own", operator="company.Publish", kind="other")
    outcomes = translate(pipeline(container, own, edges="work>own"), delegate=True).outcomes
    assert outcomes[0].fidelity == "approximate"
    assert "'own' may read what it pushes" in (outcomes[0].reason or "")
    assert translate(pipeline(own, container, edges="own>work"), delegate=True).outcomes[1].fidelity == "native"


def test_resources() -> None:
    """One resource for each connection and way to use it; no secret is in the code."""
    tasks = [
        task(DATABRICKS.format("RunNow"), {"job_id": 1}, "one"),
        task(DATABRICKS.format("RunNow"), {"job_id": 2}, "two"),
        task(DATABRICKS.format("RunNow"), {"job_id": 2, "databricks_conn_id": "other"}, "three"),
        task(HTTP, {"endpoint": "a", "http_conn_id": "other"}, "four"),
    ]
    translation = translate(pipeline(*tasks))
    text = translation.files["src/pipelines/defs/resources.py"]
    for line in (
        '"databricks_default": DatabricksWorkspace(',
        'host=dg.EnvVar("DATABRICKS_DEFAULT_HOST")',
        '"other": DatabricksWorkspace(',
        '"other_client": HttpService(url=dg.EnvVar("OTHER_CLIENT_URL"))',
    ):
        assert line in text
    toml = translation.files["pyproject.toml"]
    assert '"databricks-sdk",' in toml
    assert '"requests",' in toml
    assert "boto3" not in toml


def test_check_of_its_asset() -> None:
    translation = translate(pipeline(task(SQL.format("Check"), {"conn_id": "wh", "sql": "SELECT 1"})))
    found = assets(module(translation))["work"]
    assert found["check_specs"] == "[dg.AssetCheckSpec('work', asset=dg.AssetKey(['train', 'work']), blocking=True)]"


def test_names_of_generated_code() -> None:
    """A task called like a function that its module imports gets another function; its asset keeps the name."""
    check = task(SQL.format("Check"), {"conn_id": "wh", "sql": "SELECT 1"}, "report_check")
    text = module(translate(pipeline(check)))
    assert "def report_check_asset(" in text
    assert 'name="report_check"' in text


def test_names_of_the_source() -> None:
    """A function of the source that is called like one that generated code needs."""
    source = "def as_json(x):\n    return x\n\n\ndef read():\n    return as_json(1)\n"
    model = task(SAGEMAKER.format("Model"), {"config": {"ModelName": "m"}})
    found = translate(pipeline(model, python(source, "read")), source=source)
    assert fidelities(found) == {"work": "manual", "read": "native"}


def test_retries_and_order() -> None:
    tasks = [task(EMR.format("AddSteps"), {"job_flow_id": "j", "steps": [{}]}, name, retries=2) for name in ("a", "b")]
    found = assets(module(translate(pipeline(*tasks, edges="a>b", schedule=Schedule(kind="manual")))))
    assert found["b"]["deps"] == "[a]"
    assert found["a"]["retry_policy"] == "retry_policy"
