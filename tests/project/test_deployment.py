"""The user's files of Variables, connections and environment variables."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Literal

import pytest

from dagport.options import AirflowVersion, Deployment
from dagport.project.deployment import read_deployment
from dagport.project.errors import ProjectError

Kind = Literal["variables", "connections", "env_file"]
SECRET = "hunter2"


def read(kind: Kind, name: str, text: str | bytes, folder: Path, version: AirflowVersion | None = None) -> Deployment:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    files: dict[Kind, Path | None] = {"variables": None, "connections": None, "env_file": None}
    files[kind] = file
    return read_deployment(files["variables"], files["connections"], files["env_file"], version)


@pytest.mark.parametrize(
    ("name", "text", "version", "expected"),
    [
        ("v.json", '{"a": "x", "n": 5, "t": true, "z": null}', None, {"a": "x", "n": "5", "t": "true", "z": "null"}),
        ("v.json", '{"a": {"k": [1]}}', None, {"a": '{\n  "k": [\n    1\n  ]\n}'}),
        ("v.json", '{"a": {"value": "x", "description": "d"}}', None, {"a": "x"}),
        ("v.json", '{"a": {"value": {"k": 1}, "description": null}}', "3", {"a": '{\n  "k": 1\n}'}),
        ("v.json", '{"a": {"value": 1}}', "3", {"a": "1"}),
        ("v.json", '{"a": {"value": 1}}', "2", {"a": '{\n  "value": 1\n}'}),
        ("v.export", '{"a": "x"}', None, {"a": "x"}),
        ("v.yaml", "a: x\nn: 5\nl: [1]\n", None, {"a": "x", "n": "5", "l": "[\n  1\n]"}),
        ("v.yml", "a: 'x'\n", None, {"a": "x"}),
        ("v.env", "# c\n\na=x=y\nb='q'\n", None, {"a": "x=y", "b": "'q'"}),
        ("v.json", b'\xef\xbb\xbf{"a": "x"}', None, {"a": "x"}),
        ("v.json", "{}", None, {}),
    ],
)
def test_variables(
    name: str, text: str | bytes, version: AirflowVersion | None, expected: dict[str, str], tmp_path: Path
) -> None:
    assert read("variables", name, text, tmp_path, version).variables == expected


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("c.json", '{"a": "http://h", "b": {"conn_type": "x"}}', {"a": "http://h", "b": '{"conn_type": "x"}'}),
        ("c.yaml", "a:\n  host: h\n  port: 5\n", {"a": '{"host": "h", "port": 5}'}),
        ("c.env", 'a=http://h\nb={"host": "h"}\n', {"a": "http://h", "b": '{"host": "h"}'}),
    ],
)
def test_connections(name: str, text: str, expected: dict[str, str], tmp_path: Path) -> None:
    assert read("connections", name, text, tmp_path).connections == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1\nexport B=2\n", {"A": "1", "B": "2"}),
        ("# c\nA='x y' # c\nB=\"a\\nb\"\nC=x # c\n", {"A": "x y", "B": "a\nb", "C": "x"}),
        ('A=\nB=""\n', {"A": "", "B": ""}),
        ("A=$HOME/x\n", {"A": "$HOME/x"}),
        ("A='first\nsecond'\nB=1", {"A": "first\nsecond", "B": "1"}),
        ("A=1\nA=2\n", {"A": "2"}),
    ],
)
def test_environment(text: str, expected: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A", "ours")
    assert read("env_file", "production", text, tmp_path).environment == expected


@pytest.mark.parametrize(
    ("kind", "name", "text", "message"),
    [
        ("variables", "v.json", f'{{"a": "{SECRET}",\n"b"}}', ":2: not JSON: Expecting ':' delimiter"),
        ("variables", "v.json", f'["{SECRET}"]', ":1: an object of names and values is wanted"),
        ("variables", "v.json", "", ":1: not JSON"),
        ("variables", "v.json", '{"a": ' + "[" * 200_000, ":1: nested too deeply"),
        ("variables", "v.json", f'{{\n"z": 1,\n"a": {{"value": "{SECRET}"}}}}', ":3: the Variable `a` is an object"),
        ("variables", "v.yaml", f"a: 1\nb: [{SECRET}\n", ":3: not YAML"),
        ("variables", "v.yaml", f"a: &x {SECRET}\nb: *x\n", ":1: aliases aren't read"),
        ("variables", "v.yaml", "a: 2020-01-01\n", ":1: the Variable `a` has no form in JSON"),
        ("variables", "v.yaml", "a: !!python/name:os.system\n", ":1: not YAML"),
        ("variables", "v.yaml", "1: x\n", ":1: the name 1 is not a text"),
        ("variables", "v.env", f"a=1\n{SECRET}\n", ":2: NAME=VALUE is wanted"),
        ("variables", "v.env", "a=1\n\na=2\n", ":3: `a` is there twice"),
        ("variables", "v.json", b'{"a": "\xff"}', ": byte 7 is not UTF-8"),
        ("connections", "c.json", f'{{"a": "{SECRET}"}}', ":1: the connection `a` is neither"),
        ("connections", "c.json", '{"a": 5}', ":1: the connection `a` is neither"),
        ("connections", "c.json", f'{{\n"a": {{"pasword": "{SECRET}"}}}}', ":2: the connection `a` has unknown keys"),
        ("env_file", "x", f"A=1\n\n'{SECRET}\n", ":3: NAME=VALUE is wanted"),
        ("env_file", "x", "A=1\nB\n", ":2: `B` has no value"),
        ("env_file", "x", "A=1\nB=${A}\n", ":2: `B` refers to another variable"),
    ],
)
def test_refused(kind: Kind, name: str, text: str | bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as refused:
        read(kind, name, text, tmp_path)
    assert str(refused.value).startswith(f"{tmp_path / name}{message}")
    assert SECRET not in str(refused.value)


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="can't be read: No such file"):
        read_deployment(tmp_path / "none.json", None, None)
    with pytest.raises(ProjectError, match="can't be read: it is a folder"):
        read_deployment(None, tmp_path, None)
    assert read_deployment(None, None, None) == Deployment()


def test_fingerprint() -> None:
    one = Deployment(variables={"a": "1", "b": "2"}, environment={"x": SECRET})
    assert one.fingerprint == Deployment(environment={"x": SECRET}, variables={"b": "2", "a": "1"}).fingerprint
    others = (Deployment(), Deployment(variables={"a": "1"}), Deployment(environment=one.variables),
              Deployment(connections={"a": "1"}), Deployment(connections={"a1": ""}))  # fmt: skip
    assert len({one.fingerprint, *(other.fingerprint for other in others)}) == 6
    assert pickle.loads(pickle.dumps(one)) == one
    assert SECRET not in repr(one)
