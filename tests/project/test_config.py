"""Where the configuration and the project's root are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagport.project.config import find_root, load_config
from dagport.project.errors import ProjectError


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("files", "start", "file"),
    [
        ({}, "", None),
        ({"dagport.toml": ""}, "", "dagport.toml"),
        ({"dagport.toml": ""}, "a/b", "dagport.toml"),
        ({"dagport.toml": "", "a/dagport.toml": ""}, "a/b", "a/dagport.toml"),
        ({"pyproject.toml": "[tool.dagport]"}, "a", "pyproject.toml"),
        ({"pyproject.toml": "[tool.dagport]", "dagport.toml": ""}, "", "dagport.toml"),
        (
            {"pyproject.toml": "[tool.dagport]", "a/pyproject.toml": "[project]\nname = 'dagport-dags'"},
            "a",
            "pyproject.toml",
        ),
        ({"pyproject.toml": "this is [not toml"}, "", None),  # somebody else's trouble
        ({"dagport.toml": "", "a/.git/HEAD": ""}, "a/b", None),  # a repository ends the search
        ({"a/dagport.toml": "", "a/.git/HEAD": ""}, "a/b", "a/dagport.toml"),
    ],
)
def test_nearest(tmp_path: Path, files: dict[str, str], start: str, file: str | None) -> None:
    write(tmp_path, {".git/HEAD": "", **files})
    (tmp_path / start).mkdir(parents=True, exist_ok=True)
    found = load_config(None, tmp_path / start).file
    assert found == (tmp_path / file if file else None)


def test_given_file_is_the_only_one(tmp_path: Path) -> None:
    write(
        tmp_path, {"dagport.toml": "jobs = 1", "other.toml": "jobs = 2", "x/pyproject.toml": "[tool.dagport]\njobs = 3"}
    )
    assert load_config(tmp_path / "other.toml", tmp_path).values == {"jobs": 2}
    assert load_config(tmp_path / "x/pyproject.toml", tmp_path).values == {"jobs": 3}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("dagport.toml", "jobs = ", "Invalid value"),
        ("dagport.toml", "\udcff", "utf-8"),
        ("pyproject.toml", "[tool.dagport\n", "Expected"),
        ("pyproject.toml", "[tool]\ndagport = 3", "tool.dagport is not a table"),
    ],
)
def test_unreadable(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ProjectError, match=name) as refusal:
        load_config(None, tmp_path)
    assert message in str(refusal.value)


def test_given_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"gone\.toml"):
        load_config(tmp_path / "gone.toml", tmp_path)


def test_root(tmp_path: Path) -> None:
    write(tmp_path, {".git/HEAD": "", "a/dagport.toml": "", "b/c/x": ""})
    no_config = load_config(None, tmp_path / "b")
    assert find_root(None, no_config, tmp_path / "b/c") == tmp_path
    assert find_root(None, load_config(None, tmp_path / "a"), tmp_path / "a") == tmp_path / "a"
    assert find_root(tmp_path / "b", no_config, tmp_path) == tmp_path / "b"
    with pytest.raises(ProjectError, match="not a folder"):
        find_root(tmp_path / "b/c/x", no_config, tmp_path)
