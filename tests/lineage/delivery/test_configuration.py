"""OpenLineage's configuration: read as the official client reads it, but for what would let events get lost."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from openlineage.client import OpenLineageClient
from openlineage.client.transport.noop import NoopConfig, NoopTransport

from dagport_lineage.delivery.configuration import Configuration, load_configuration
from dagport_lineage.delivery.errors import ConfigurationError, UnconfiguredError, reason

HTTP = {"type": "http", "url": "http://catalogue:5000"}
FILES: dict[str, Any] = {
    "none": None,
    "http": {"transport": HTTP},
    "composite": {"transport": {"type": "composite", "transports": {"one": HTTP, "two": {"type": "console"}}}},
    "filters": {"transport": HTTP, "filters": [{"type": "exact", "match": "a"}]},
    "tags": {"tags": {"job": {"a": "b"}}},
}
ENVIRONMENTS: dict[str, dict[str, str]] = {
    "none": {},
    "url": {"OPENLINEAGE_URL": "http://simple:1"},
    "url and key": {
        "OPENLINEAGE_URL": "http://simple:1",
        "OPENLINEAGE_API_KEY": "k",
        "OPENLINEAGE_ENDPOINT": "api/v2",
    },
    "type": {"OPENLINEAGE__TRANSPORT__TYPE": "http", "OPENLINEAGE__TRANSPORT__URL": "http://variables:2"},
    "json": {"OPENLINEAGE__TRANSPORT": '{"type": "http", "url": "http://json:3"}'},
    "json and more": {
        "OPENLINEAGE__TRANSPORT": '{"type": "http", "url": "http://json:3"}',
        "OPENLINEAGE__TRANSPORT__TIMEOUT": "7",
    },
    "asynchronous": {
        "OPENLINEAGE__TRANSPORT__TYPE": "async_http",
        "OPENLINEAGE_URL": "http://simple:1",
        "OPENLINEAGE_API_KEY": "k",
    },
    "composite": {
        "OPENLINEAGE__TRANSPORT__TYPE": "composite",
        "OPENLINEAGE_URL": "http://simple:1",
        "OPENLINEAGE__TRANSPORT__TRANSPORTS__LOG__TYPE": "console",
    },
    "an alias": {
        "OPENLINEAGE__TRANSPORT__TYPE": "composite",
        "OPENLINEAGE_URL": "http://simple:1",
        "OPENLINEAGE__TRANSPORT__TRANSPORTS__DEFAULT_HTTP__TYPE": "console",
    },
    "kafka": {
        "OPENLINEAGE__TRANSPORT__TYPE": "kafka",
        "OPENLINEAGE__TRANSPORT__TOPIC": "lineage",
        "OPENLINEAGE__TRANSPORT__CONFIG": '{"bootstrap.servers": "b:1"}',
        "OPENLINEAGE__TRANSPORT__FLUSH": "false",
    },
    "not JSON": {"OPENLINEAGE__TRANSPORT__TYPE": "file", "OPENLINEAGE__TRANSPORT__LOG_FILE_PATH": "{a"},
}


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_the_transport_is_that_of_the_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: Any, environment: dict[str, str]
) -> None:
    for name in [name for name in os.environ if name.startswith("OPENLINEAGE")]:
        monkeypatch.delenv(name)
    if content is not None:
        (tmp_path / "given.yml").write_text(yaml.safe_dump(content))
        environment = {**environment, "OPENLINEAGE_CONFIG": str(tmp_path / "given.yml")}
    monkeypatch.setattr(os, "environ", dict(environment))  # the client writes into it
    monkeypatch.chdir(tmp_path)
    client = OpenLineageClient(transport=NoopTransport(NoopConfig()))
    theirs = client.config.transport
    if theirs and theirs.get("type"):
        assert load_configuration(environment, tmp_path).transport == theirs
    elif "OPENLINEAGE_URL" in environment:
        ours = load_configuration(environment, tmp_path).transport
        assert ours == {"type": "http", "url": "http://simple:1", **{key: ours[key] for key in ours if key != "url"}}
        assert ours.get("auth", {}).get("apiKey") == environment.get("OPENLINEAGE_API_KEY")
        assert ours.get("endpoint") == environment.get("OPENLINEAGE_ENDPOINT")
    else:
        with pytest.raises(UnconfiguredError, match="names no transport"):
            load_configuration(environment, tmp_path)


def test_a_file_at_home_is_taken_and_one_in_the_working_folder_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout, home = tmp_path / "checkout", tmp_path / "home"
    for folder, url in ((checkout, "http://stranger:1"), (home / ".openlineage", "http://mine:2")):
        folder.mkdir(parents=True)
        (folder / "openlineage.yml").write_text(f"transport: {{type: http, url: '{url}'}}")
    monkeypatch.chdir(checkout)
    assert load_configuration({}, home).describe() == "http http://mine:2"
    with pytest.raises(UnconfiguredError):
        load_configuration({}, tmp_path / "nobody")
    assert load_configuration({"OPENLINEAGE_CONFIG": "openlineage.yml"}, home).describe() == "http http://stranger:1"


@pytest.mark.parametrize("value", ["true", "TRUE", " true "])
def test_disabled(value: str, tmp_path: Path) -> None:
    assert load_configuration({"OPENLINEAGE_DISABLED": value, "OPENLINEAGE_URL": "http://a"}, tmp_path).is_off


@pytest.mark.parametrize("value", ["", "false", "1"])
def test_not_disabled(value: str, tmp_path: Path) -> None:
    assert not load_configuration({"OPENLINEAGE_DISABLED": value, "OPENLINEAGE_URL": "http://a"}, tmp_path).is_off


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a", "is no mapping"),
        ("transport: a", "transport of OpenLineage's configuration is no mapping"),
        ("a: [", "can't read OpenLineage's configuration given.yml: ParserError"),
        ("a: \x00", "can't read"),
        ("a: !!python/object:os.system {}", "can't read"),
        ("filters: [{type: regex, regex: '('}]", "a filter"),
        ("filters: [{type: exakt, match: a}]", "neither exact nor regex"),
        ("filters: [exact]", "neither exact nor regex"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "given.yml").write_text(text)
    environment = {"OPENLINEAGE_CONFIG": str(tmp_path / "given.yml"), "OPENLINEAGE_URL": "http://a"}
    with pytest.raises(ConfigurationError, match=message):
        load_configuration(environment, tmp_path)


def test_variables_that_disagree_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="disagree about b"):
        # sorted in reverse, the longer name comes first; a value that isn't a mapping can't be entered
        load_configuration({"OPENLINEAGE__A__B__C": "1", "OPENLINEAGE__A__B_": "2", "OPENLINEAGE__A__b": "x"}, tmp_path)


@pytest.mark.parametrize(
    ("name", "excluded"),
    [("a", True), ("ab", False), ("secret_dag", True), ("my_secret", False), (None, False)],
)
def test_filters(tmp_path: Path, name: str | None, *, excluded: bool) -> None:
    filters = [{"type": "exact", "match": "a"}, {"type": "regex", "regex": "secret"}]
    (tmp_path / "given.yml").write_text(json.dumps({"transport": HTTP, "filters": filters}))
    found = load_configuration({"OPENLINEAGE_CONFIG": str(tmp_path / "given.yml")}, tmp_path)
    kinds: list[dict[str, Any]] = [{}, {"run": {}}]
    for kind in kinds:
        assert found.excludes({"job": {"name": name}, **kind} if name else {"dataset": {"name": "a"}}) is excluded


@pytest.mark.parametrize(
    ("transport", "shown"),
    [
        (HTTP, "http http://catalogue:5000"),
        ({"type": "http", "url": "https://me:pw@host:1/path?token=x#y"}, "http https://host:1/path"),
        ({"type": "http", "url": "http://["}, "http ***"),
        ({"type": "http", "url": "https://me@host", "auth": {"apiKey": "secret"}}, "http https://host"),
        ({"type": "kafka", "topic": "lineage", "config": {"sasl.password": "secret"}}, "kafka lineage"),
        ({"type": "file", "log_file_path": "/data/events"}, "file /data/events"),
        ({"type": "console"}, "console"),
        ({"type": "composite", "transports": [HTTP, {"type": "noop"}]}, "composite (http http://catalogue:5000, noop)"),
        ({"type": "composite", "transports": {"a": {"type": "console"}, "b": None}}, "composite (console)"),
    ],
)  # fmt: skip
def test_a_target_is_described_without_credentials(transport: dict[str, Any], shown: str) -> None:
    assert Configuration(transport).describe() == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("can't reach http://me:hunter2@host/x", "can't reach http://***@host/x"),
        ("a\nb\tc", "a b c"),
        ("", "ValueError"),
        ("x" * 600, "x" * 497 + "..."),
        ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer ***"),
    ],
)
def test_reasons_carry_no_credentials(text: str, shown: str) -> None:
    assert reason(ValueError(text)) == shown
