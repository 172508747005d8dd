"""What a switch file says, and what it is refused for."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

import dagport_adapters.airflow
from dagport_adapters.airflow.dagport_switch import SwitchError, engine_of, read_switch

GOOD: list[tuple[str, dict[str, tuple[str, dict[str, Any]]]]] = [
    ("", {}),
    ("# nothing\n", {}),
    ("targets:\n", {}),
    ("shop/load: dagster", {"shop/load": ("dagster", {"assets": "shop/load"})}),
    ("shop/a.b: prefect", {"shop/a.b": ("prefect", {"deployment": "shop/a.b"})}),
    ("s/l: {to: dagster, asset: a/b, partition: '{{ ds }}'}",
     {"s/l": ("dagster", {"assets": "a/b", "partition_key": "{{ ds }}"})}),
    ("s/l: {to: dagster, assets: ['{dag_id}/x', '{task_id}']}", {"s/l": ("dagster", {"assets": ["s/x", "l"]})}),
    ("s/l: {to: dagster, job: nightly}", {"s/l": ("dagster", {"job": "nightly"})}),
    ("targets: {eu: {engine: dagster, url: 'http://d', asset: 'eu/{task_id}'}}\ns/l: eu",
     {"s/l": ("dagster", {"url": "http://d", "assets": "eu/l"})}),
    ("targets: {dagster: {url: 'http://d', timeout: 5}}\ns/l: {to: dagster, timeout: 7}",
     {"s/l": ("dagster", {"url": "http://d", "timeout": 7, "assets": "s/l"})}),
    ("s/l: {to: dagster, timeout: null, deferrable: null}",
     {"s/l": ("dagster", {"assets": "s/l", "timeout": None, "deferrable": None})}),
    ("base: &b {to: dagster}\n".replace("base", "s/a") + "s/b: {<<: *b, timeout: 1}",
     {"s/a": ("dagster", {"assets": "s/a"}), "s/b": ("dagster", {"assets": "s/b", "timeout": 1})}),
]  # fmt: skip
BAD = [
    ("- a", "must be a mapping"),
    ("a: [", "is no YAML"),
    ("shop: dagster", "'shop' is no task"),
    ("a/b/c: dagster", "is no task"),
    ("/b: dagster", "is no task"),
    ("1: dagster", "is no task"),
    ("s/l:", "say where it runs"),
    ("s/l: 3", "say where it runs"),
    ("s/l: {asset: x}", "say where it runs"),
    ("s/l: dagstr", "no target 'dagstr'. Did you mean 'dagster'"),
    ("targets: {eu: {}}\ns/l: eu", "must say engine"),
    ("targets: [a]\ns/l: dagster", "targets: must be"),
    ("targets: {a: 3}\ns/l: dagster", "targets: must be"),
    ("s/l: {to: dagster, partitoin: x}", "no setting 'partitoin'. Did you mean 'partition"),
    ("s/l: {to: prefect, asset: x}", "no setting"),
    ("s/l: dagster\ns/l: prefect", "'s/l' is there twice"),
    ("targets: {a: {}, a: {}}", "'a' is there twice"),
    ("s/l: {to: dagster, url: 'http://me:secret@d'}", "credentials"),
    ("targets: {d: {engine: [x]}}\ns/l: d", "must say engine"),
    ("s/l: {to: dagster, url: 'http://d/?token=secret'}", "has a query"),
    ("s/l: {to: dagster, url: 'http://[d'}", "the url is none"),
    ("s/l: {to: dagster, url: 3}", "url must be a text"),
    ("s/l: {to: dagster, conn_id: [x]}", "conn_id must be a text"),
    ("s/l: {to: dagster, timeout: soon}", "timeout must be a number"),
    ("s/l: {to: dagster, timeout: true}", "timeout must be a number"),
    ("s/l: {to: dagster, poll_interval: 0}", "poll_interval must be a number of seconds above 0"),
    ("s/l: {to: dagster, poll_interval: null}", "poll_interval must be a number of seconds above 0"),
    ("s/l: {to: prefect, deferrable: 'no'}", "deferrable must be true or false"),
    ("s/l: !!python/object:os.system {}", "is no YAML"),
]
FILES = sorted(Path(dagport_adapters.airflow.__file__).parent.glob("*.py"))


@pytest.mark.parametrize(("text", "expected"), GOOD)
def test_good(text: str, expected: dict[str, Any]) -> None:
    found = {"/".join(key): (moved.engine, dict(moved.settings)) for key, moved in read_switch(text).items()}
    assert found == expected


@pytest.mark.parametrize(("text", "message"), BAD)
def test_bad(text: str, message: str) -> None:
    with pytest.raises(SwitchError) as error:
        read_switch(text)
    assert message in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "target", "engine"),
    [("", "dagster", "dagster"), ("", "x", None), ("targets: {x: {engine: prefect}}", "x", "prefect")],
)
def test_engine_of(text: str, target: str, engine: str | None) -> None:
    assert engine_of(text, target) == engine


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_runs_on_the_oldest_python(file: Path) -> None:
    """The grammar of Python 3.8, the standard library, PyYAML and Airflow, and the files beside it."""
    tree = ast.parse(file.read_text("utf-8"), feature_version=(3, 8))
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            assert name.partition(".")[0] in OLD_MODULES or name.startswith("dagport_adapters.airflow"), name
    calls = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not calls & {"to_thread", "removeprefix", "removesuffix", "UTC", "TaskGroup"}


OLD_MODULES = {
    "__future__", "airflow", "asgiref", "asyncio", "base64", "dagport_engines", "dagport_http", "dagport_runs",
    "dagport_switch", "difflib", "hashlib", "http", "json", "os", "pathlib", "re", "socket", "time", "typing", "urllib",
    "yaml",
}  # fmt: skip
