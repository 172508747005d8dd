"""What the environment says: who started a run, the namespace, where events go, and Airflow's own provider."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dagport_adapters.lineage import Parents, is_on, options_of, parents_of, quiet_provider, quieten
from dagport_adapters.runners.local import LocalAirflow
from dagport_lineage.delivery.configuration import load_configuration
from dagport_lineage.delivery.errors import ConfigurationError
from dagport_lineage.events.run_facets import JobName, RunOf

ID, OTHER = "01a1f910-52a0-7eea-8648-e85df88e8bed", "01a1f640-bc00-76e7-b637-d8b8741b33e4"
RUN = RunOf(JobName("prod", "shop.load"), ID)
KAFKA = json.dumps({"type": "kafka", "topic": "lineage"})
QUIET = {
    "AIRFLOW__OPENLINEAGE__CONFIG_CONN_ID": "",
    "AIRFLOW__OPENLINEAGE__CONFIG_PATH": "",
    "AIRFLOW__OPENLINEAGE__TRANSPORT": '{"type": "noop"}',
}


def said(namespace: Any, name: Any, run_id: Any, head: str = "parent") -> dict[str, Any]:
    return {f"{head}JobNamespace": namespace, f"{head}JobName": name, f"{head}RunId": run_id}


@pytest.mark.parametrize(
    ("conf", "environment", "expected"),
    [
        ({}, {}, Parents()),
        ({}, {"OPENLINEAGE_PARENT_ID": f"prod/shop.load/{ID}"}, Parents(RUN)),
        (
            {},
            {"OPENLINEAGE_PARENT_ID": f"prod/shop.load/{ID}", "OPENLINEAGE_ROOT_PARENT_ID": f"a://b/c/{OTHER}"},
            Parents(RUN, RunOf(JobName("a://b", "c"), OTHER)),
        ),
        ({}, {"OPENLINEAGE_PARENT_ID": f"prod/shop.load/{ID}", "OPENLINEAGE_ROOT_PARENT_ID": "x"}, Parents(RUN)),
        ({}, {"OPENLINEAGE_ROOT_PARENT_ID": f"a/b/{ID}"}, Parents()),
        ({}, {"OPENLINEAGE_PARENT_ID": "prod/shop.load/7"}, Parents()),
        ({}, {"OPENLINEAGE_PARENT_ID": ID}, Parents()),
        ({}, {"OPENLINEAGE_PARENT_ID": f"/shop.load/{ID}"}, Parents()),
        ({"openlineage": said("prod", "shop.load", ID)}, {}, Parents(RUN)),
        (
            {"openlineage": {**said("prod", "shop.load", ID), **said("prod", "shop.load", ID, "rootParent")}},
            {},
            Parents(RUN, RUN),
        ),
        ({"openlineage": said("prod", None, ID)}, {}, Parents()),
        ({"openlineage": said("prod", 3, ID)}, {}, Parents()),
        ({"openlineage": said("prod", "shop.load", ID, "rootParent")}, {}, Parents()),
        ({"openlineage": "prod"}, {}, Parents()),
        ({"openlineage": said("x", "y", OTHER)}, {"OPENLINEAGE_PARENT_ID": f"prod/shop.load/{ID}"}, Parents(RUN)),
    ],
)
def test_parents(conf: dict[str, Any], environment: dict[str, str], expected: Parents) -> None:
    assert parents_of(conf, environment) == expected


@pytest.mark.parametrize(
    ("environment", "given", "expected"),
    [
        ({}, None, "default"),
        ({"OPENLINEAGE_NAMESPACE": "a"}, None, "a"),
        ({"OPENLINEAGE_NAMESPACE": "a", "AIRFLOW__OPENLINEAGE__NAMESPACE": "b"}, None, "b"),
        ({"AIRFLOW__OPENLINEAGE__NAMESPACE": ""}, None, "default"),
        ({"AIRFLOW__OPENLINEAGE__NAMESPACE": "b"}, "c", "c"),
    ],
)
def test_namespaces(environment: dict[str, str], given: str | None, expected: str) -> None:
    assert options_of(environment, namespace=given).namespace == expected


def test_the_namespace_of_airflows_own_file(tmp_path: Path) -> None:
    (tmp_path / "airflow.cfg").write_text('[openlineage]\nnamespace = filed\ntransport = {"type": "console"}\n')
    assert options_of({"AIRFLOW_HOME": str(tmp_path)}).namespace == "filed"
    assert options_of({"AIRFLOW_CONFIG": str(tmp_path / "airflow.cfg")}).namespace == "filed"
    assert load_configuration({"AIRFLOW_HOME": str(tmp_path)}, tmp_path).transport == {"type": "console"}
    (tmp_path / "airflow.cfg").write_text("nonsense\x00[")
    assert options_of({"AIRFLOW_HOME": str(tmp_path)}).namespace == "default"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"AIRFLOW__OPENLINEAGE__TRANSPORT": KAFKA}, "kafka lineage"),
        ({"AIRFLOW__OPENLINEAGE__TRANSPORT": KAFKA, "OPENLINEAGE_URL": "http://a:1"}, "kafka lineage"),
        ({"AIRFLOW__OPENLINEAGE__TRANSPORT": "{}", "OPENLINEAGE_URL": "http://a:1"}, "http http://a:1"),
        ({"AIRFLOW__OPENLINEAGE__TRANSPORT": "", "OPENLINEAGE_URL": "http://a:1"}, "http http://a:1"),
        (
            {"AIRFLOW__OPENLINEAGE__TRANSPORT": KAFKA, "AIRFLOW__OPENLINEAGE__DISABLED": "True",
             "OPENLINEAGE_URL": "http://a:1"},
            "http http://a:1",
        ),
        ({"AIRFLOW__OPENLINEAGE__CONFIG_PATH": "FILE", "AIRFLOW__OPENLINEAGE__TRANSPORT": KAFKA}, "http http://filed:2"),
        ({"AIRFLOW__OPENLINEAGE__CONFIG_PATH": "FILE", "OPENLINEAGE_URL": "http://a:1"}, "http http://filed:2"),
    ],
)  # fmt: skip
def test_where_airflow_sends_its_events(environment: dict[str, str], expected: str, tmp_path: Path) -> None:
    (tmp_path / "ol.yml").write_text("transport: {type: http, url: 'http://filed:2'}\n")
    known = {name: str(tmp_path / "ol.yml") if text == "FILE" else text for name, text in environment.items()}
    assert load_configuration(known, tmp_path).describe() == expected
    assert is_on(known)


@pytest.mark.parametrize(
    "environment",
    [
        {"AIRFLOW__OPENLINEAGE__TRANSPORT": "[1]"},
        {"AIRFLOW__OPENLINEAGE__TRANSPORT": '{"type": "http", "auth": "hunter2'},
        {"AIRFLOW__OPENLINEAGE__CONFIG_CONN_ID": "catalogue", "OPENLINEAGE_URL": "http://a:1"},
    ],
)
def test_targets_of_airflow_that_cannot_be_used(environment: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(environment, tmp_path)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "on"),
    [({}, False), ({"DAGPORT_SPOOL_DIR": "/x"}, True), ({"OPENLINEAGE_URL": "http://a"}, True),
     ({"OPENLINEAGE_DISABLED": "true", "OPENLINEAGE_URL": "http://a"}, False)],
)  # fmt: skip
def test_whether_it_is_on(environment: dict[str, str], on: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nonexistent")
    assert is_on(environment) is on


@pytest.mark.parametrize(
    ("environment", "quiet"),
    [
        ({}, False),
        ({"AIRFLOW__OPENLINEAGE__TRANSPORT": KAFKA}, True),
        ({"AIRFLOW__OPENLINEAGE__TRANSPORT": "{}"}, False),
        ({"AIRFLOW__OPENLINEAGE__CONFIG_CONN_ID": "x"}, True),
        ({"OPENLINEAGE_URL": "http://a"}, True),
        ({"OPENLINEAGE_CONFIG": "x.yml"}, True),
        ({"OPENLINEAGE__TRANSPORT__TYPE": "http"}, True),
        ({"OPENLINEAGE_URL": "http://a", "AIRFLOW__OPENLINEAGE__DISABLED": "true"}, False),
        ({"OPENLINEAGE_URL": "http://a", "OPENLINEAGE_DISABLED": "1"}, False),
    ],
)
def test_the_provider_of_airflow_is_quietened_only_where_it_would_speak(
    environment: dict[str, str], quiet: bool
) -> None:
    assert quiet_provider(environment) == (QUIET if quiet else {})


def test_a_runner_is_quietened_only_where_we_speak(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    runner = LocalAirflow("python", tmp_path, env={"A": "b", "AIRFLOW__OPENLINEAGE__TRANSPORT": KAFKA})
    quieten(runner)
    assert runner.env == {"A": "b", "AIRFLOW__OPENLINEAGE__TRANSPORT": KAFKA}
    monkeypatch.setenv("OPENLINEAGE_URL", "http://a:1")
    quieten(runner)
    assert runner.env == {"A": "b", **QUIET}
