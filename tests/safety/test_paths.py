"""There is no way out of the project: by paths, by links, or by what isn't a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dagport.options import ReadOptions
from dagport.readers.airflow import read
from dagport.source import Source
from dagport.workspace import MAX_FILE_BYTES, Unreadable, Workspace
from tests.fuzz.audit import Watch
from tests.fuzz.check import encoded

SECRET = "s3cret"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with all kinds of things in it, and a secret beside it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text(SECRET)
    (outside / "secret.py").write_text(f"x = {SECRET!r}\n")
    (outside / "__init__.py").write_text("")
    root = tmp_path / "project"
    (root / "dags/real").mkdir(parents=True)
    (root / "dags/real/data.txt").write_text("inside")
    (root / "dags/inside.txt").symlink_to("real/data.txt")
    (root / "dags/file_out.txt").symlink_to(outside / "secret.txt")
    (root / "dags/file_out.py").symlink_to(outside / "secret.py")
    (root / "dags/relative.txt").symlink_to("../../outside/secret.txt")
    (root / "dags/folder_out").symlink_to(outside, target_is_directory=True)
    (root / "dags/first").symlink_to("second")
    (root / "dags/second").symlink_to("third")
    (root / "dags/third").symlink_to(outside)
    (root / "dags/loop").symlink_to("loop")
    (root / "dags/around").symlink_to("..")
    (root / "dags/null").symlink_to("/dev/null")
    (root / "dags/zero").symlink_to("/dev/zero")
    (root / "dags/proc").symlink_to("/proc/self/environ")
    os.mkfifo(root / "dags/fifo")
    with (root / "dags/giant.txt").open("wb") as giant:
        giant.truncate(MAX_FILE_BYTES + 1)
    return root


WAYS_OUT = [
    "../outside/secret.txt", "dags/../../outside/secret.txt", "dags/real/../../../outside/secret.txt", "..", "../..",
    "/",
    "/etc/passwd", "//etc/passwd", "dags//../..", "dags/file_out.txt", "dags/relative.txt", "dags/folder_out",
    "dags/folder_out/secret.txt", "dags/first/secret.txt", "dags/folder_out/../outside/secret.txt", "dags/loop",
    "dags/around/../outside/secret.txt", "dags/proc", "/proc/self/environ", "dags/\0", "\0", "dags/file_out.txt\0.py",
    "\ud800", "dags/\udcff", "a" * 5000, "a/" * 3000, "dags/real/data.txt/x", "~/.ssh/id_rsa", "file:///etc/passwd",
    "C:\\x",
]  # fmt: skip
NO_FILES = ["dags/fifo", "dags/null", "dags/zero", "dags/giant.txt", "dags", "", "."]


@pytest.mark.parametrize("path", [*WAYS_OUT, *NO_FILES])
def test_nothing_is_read(path: str, root: Path) -> None:
    with pytest.raises(Unreadable) as caught:
        Workspace(root).read(path)
    assert SECRET not in str(caught.value)
    assert str(root) not in str(caught.value)


@pytest.mark.parametrize("path", WAYS_OUT)
def test_nothing_is_seen(path: str, root: Path) -> None:
    workspace = Workspace(root)
    assert workspace.kind(path) is None
    with pytest.raises(Unreadable):
        workspace.entries(path)


def test_what_is_inside_is_read(root: Path) -> None:
    workspace = Workspace(root)
    for path in ("dags/real/data.txt", "dags/inside.txt", "dags/./real/data.txt", "dags/around/dags/real/data.txt"):
        assert workspace.read(path) == b"inside"
    assert workspace.entries("dags/real") == ("data.txt",)
    assert workspace.kind("dags/around") == "folder"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file(root: Path) -> None:
    (root / "dags/real/data.txt").chmod(0)
    with pytest.raises(Unreadable):
        Workspace(root).read("dags/real/data.txt")


def test_a_link_as_the_root(root: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(root)
    assert Workspace(link).read("dags/real/data.txt") == b"inside"
    with pytest.raises(Unreadable):
        Workspace(link).read("../outside/secret.txt")


# The same from a DAG file

HEADER = """\
import csv, glob, importlib, io, json, os, sys, tomllib, yaml, configparser
from pathlib import Path
from airflow.sdk import DAG, task
HERE = os.path.dirname(__file__)
out = []
"""
READS: dict[str, str] = {
    "open": "out.append(open(os.path.join(HERE, {0})).read())",
    "open absolute": "out.append(open({0}).read())",
    "open with": "with open(HERE + '/' + {0}) as f: out.append(f.read())",
    "read_text": "out.append((Path(__file__).parent / {0}).read_text())",
    "read_bytes": "out.append(str(Path(__file__).resolve().parent.joinpath({0}).read_bytes()))",
    "parents": "out.append((Path(__file__).parents[1] / {0}).read_text())",
    "glob": "out.extend(p.read_text() for p in Path(__file__).parent.glob({0} + '*'))",
    "rglob": "out.extend(p.read_text() for p in Path(__file__).parent.rglob('*.txt'))",
    "glob module": "out.extend(open(p).read() for p in glob.glob(HERE + '/' + {0} + '*'))",
    "listdir": "out.extend(os.listdir(os.path.join(HERE, {0})))",
    "walk": "out.extend(str(x) for x in os.walk(os.path.join(HERE, {0})))",
    "walk links": "out.extend(str(x) for x in os.walk(HERE, followlinks=True))",
    "iterdir": "out.extend(p.read_text() for p in (Path(__file__).parent / {0}).iterdir())",
    "exists": "out.append(os.path.exists(os.path.join(HERE, {0})))",
    "realpath": "out.append(os.path.realpath(os.path.join(HERE, {0})))",
    "yaml": "out.append(yaml.safe_load(open(os.path.join(HERE, {0}))))",
    "json": "out.append(json.load((Path(__file__).parent / {0}).open()))",
    "toml": "out.append(tomllib.load(open(os.path.join(HERE, {0}), 'rb')))",
    "ini": "p = configparser.ConfigParser(); p.read(os.path.join(HERE, {0})); out.append(p.sections())",
    "csv": "out.extend(csv.reader(open(os.path.join(HERE, {0}))))",
    "readlines": "out.extend(open(os.path.join(HERE, {0})))",
    "readlink": "out.append(os.readlink(os.path.join(HERE, {0})))",
    "search path": "sys.path.insert(0, os.path.join(HERE, {0})); import secret; out.append(secret.x)",
    "import_module": "out.append(importlib.import_module({0}.removesuffix('.py')).x)",
}
PLACES = [
    "../../outside/secret.txt", "file_out.txt", "relative.txt", "folder_out", "folder_out/secret.txt",
    "first/secret.txt",
    "loop", "proc", "fifo", "zero", "giant.txt", "/etc/passwd", "around/../outside/secret.txt", "\0", "\ud800",
]  # fmt: skip
IMPORTS = [
    "import file_out; out.append(file_out.x)", "from file_out import *; out.append(x)",
    "from folder_out import secret; out.append(secret.x)", "from first.secret import x; out.append(x)",
    "from ...outside.secret import x; out.append(x)", "from .. import outside; out.append(outside.secret.x)",
    "from . import file_out; out.append(file_out.x)", "import fifo", "import loop", "import around.dags.real",
]  # fmt: skip
END = "\nwith DAG('d', schedule=None):\n    @task\n    def t(x): pass\n    t(out)\n"


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


@pytest.fixture
def result(root: Path, watch: Watch) -> Callable[[str], str]:
    """Reads a DAG file with a statement in it, and gives all that is said about it."""

    def result(body: str) -> str:
        source = Source("dags/case.py", HEADER + f"try:\n    {body}\nexcept Exception:\n    pass{END}", "dags/case.py")
        with watch.over(str(root.resolve())) as seen:
            graph = read(source, ReadOptions(workspace=Workspace(root)))
        assert seen == []
        return encoded(graph)

    return result


@pytest.mark.parametrize("way", READS)
def test_no_way_out_of_a_file(way: str, result: Callable[[str], str]) -> None:
    for place in PLACES:
        assert SECRET not in result(READS[way].format(repr(place))), place


@pytest.mark.parametrize("statement", IMPORTS)
def test_no_way_out_by_an_import(statement: str, result: Callable[[str], str]) -> None:
    assert SECRET not in result(statement)


@pytest.mark.parametrize("broken", ["x = (", "def f(:\n    pass\n", "\tx = 1\n  y = 2\n"])
def test_a_broken_module_is_quoted_from_nowhere(
    broken: str, root: Path, tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's parser quotes from the file of the name that it is told, below the working directory."""
    away = tmp_path / "away/dags"
    away.mkdir(parents=True)
    for folder in (root / "dags", away):
        (folder / "broken.py").write_text(broken)
        (folder / "case.py").write_text(broken)
    monkeypatch.chdir(away.parent)
    for text in (broken, f"import broken{END}"):
        with watch.over(str(root.resolve())) as seen:
            graph = read(Source("dags/case.py", text, "dags/case.py"), ReadOptions(workspace=Workspace(root)))
        assert seen == []
        assert {item.code for item in graph.diagnostics} <= {"DP104", "DP301"}, graph.diagnostics
        assert graph.diagnostics


def test_the_ways_lead_somewhere(result: Callable[[str], str]) -> None:
    """The programs above would find what is inside."""
    for way in ("open", "open with", "read_text", "readlines"):
        assert "inside" in result(READS[way].format(repr("real/data.txt"))), way
