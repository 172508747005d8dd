"""Which files a command line stands for."""

from __future__ import annotations

import json
import os
import socket
import threading
from pathlib import Path
from zipfile import ZipFile

import pytest

from dagport.project.discovery import Input, Search, discover, mentions_pipelines, shown

DAG = "from airflow.sdk import DAG\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's root, which is the current folder too."""
    root = tmp_path / "project"
    root.mkdir()
    monkeypatch.chdir(root)
    return root


def files(root: Path, *paths: str, text: str = DAG) -> None:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


def found(root: Path, *paths: str, **search: object) -> list[str]:
    """Shown paths; of what can't be read with its code."""
    inputs = discover(paths, Search(root=root, **search))  # type: ignore[arg-type]
    return [f"{item.path} {item.problem.code}" if item.problem else item.path for item in inputs]


def test_folder_is_searched_in_path_order(project: Path) -> None:
    files(project, "dags/b.py", "dags/a.py", "dags/team/c.py", "dags/A.py", "dags/a/z.py")
    assert found(project, "dags") == ["dags/A.py", "dags/a.py", "dags/a/z.py", "dags/b.py", "dags/team/c.py"]


def test_order_of_the_arguments_is_nothing(project: Path) -> None:
    files(project, "dags/b.py", "dags/a.py")
    assert found(project, "dags/b.py", "dags/a.py") == ["dags/a.py", "dags/b.py"]


def test_each_file_once(project: Path) -> None:
    files(project, "dags/a.py")
    assert found(project, "dags", "dags/a.py", "./dags/../dags/a.py", "dags/*.py", str(project)) == ["dags/a.py"]


def test_named_counts_more_than_found(project: Path) -> None:
    files(project, "a.py")
    [item] = discover([".", "a.py"], Search(root=project))
    assert item.named


@pytest.mark.parametrize(
    "path",
    [
        ".hidden/a.py",
        "__pycache__/a.py",
        "node_modules/a.py",
        "env/lib/a.py",  # with pyvenv.cfg
        "a.txt",
        "a.pyc",
        "notes.json",
    ],
)
def test_left_out_of_a_search_but_read_when_named(project: Path, path: str) -> None:
    files(project, path, "kept.py")
    files(project, "env/pyvenv.cfg", text="")
    assert found(project, ".") == ["kept.py"]
    assert found(project, path) == [path]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from airflow import DAG", True),
        ("FROM AIRFLOW IMPORT DaG", True),
        ("from airflow.sdk import asset", True),
        ("import airflow", False),
        ("dag = 1", False),
        ("", False),
    ],
)
def test_safe_mode(project: Path, text: str, expected: bool) -> None:
    files(project, "a.py", text=text)
    assert mentions_pipelines(text.encode()) == expected
    assert found(project, ".") == (["a.py"] if expected else [])
    assert found(project, "a.py") == ["a.py"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.py", ["a.py"]),
        ("**/*.py", ["a.py", "dags/b.py", "dags/team/c.py"]),
        ("**/**/c.py", ["dags/team/c.py"]),
        ("dags/*", ["dags/b.py", "dags/team/c.py"]),  # the folder that matches is searched
        ("dags/[bx].py", ["dags/b.py"]),
        ("da?s/team/*.py", ["dags/team/c.py"]),
        (".*/*.py", [".hidden/h.py"]),
        ("nothing/*.py", ["nothing/*.py DP101"]),
        ("*.md", ["*.md DP101"]),  # not a file that could be read
    ],
)
def test_globs(project: Path, pattern: str, expected: list[str]) -> None:
    files(project, "a.py", "dags/b.py", "dags/team/c.py", ".hidden/h.py", "README.md")
    assert found(project, pattern) == expected
    assert found(project, f"{project}/{pattern}") == expected


def test_a_name_that_looks_like_a_glob(project: Path) -> None:
    files(project, "a[1].py", "a1.py")
    assert found(project, "a[1].py") == ["a[1].py"]


def test_missing(project: Path) -> None:
    files(project, "a.py")
    assert found(project, "a.py", "missing.py", "missing/") == ["a.py", "missing DP101", "missing.py DP101"]


def test_empty_path_is_not_the_current_folder(project: Path) -> None:
    files(project, "a.py")
    assert found(project, "") == [" DP101"]


def test_packaged_pipelines_are_not_dropped_silently(project: Path) -> None:
    for name, inside in (("dags.zip", "a.py"), ("data.zip", "a.csv"), ("deep.zip", "lib/a.py")):
        with ZipFile(project / name, "w") as archive:
            archive.writestr(inside, DAG)
    files(project, "text.zip")
    os.mkfifo(project / "fifo.zip")
    assert found(project, ".") == ["dags.zip DP110"]


def test_standard_input(project: Path) -> None:
    files(project, "a.py")
    stdin, file = discover(["a.py", "-", "-"], Search(root=project), b"text", "<stdin>")
    assert stdin == Input("<stdin>", data=b"text", named=True)
    assert file.path == "a.py"


def test_loop_of_links(project: Path) -> None:
    files(project, "dags/a.py")
    (project / "dags/up").symlink_to("..")
    (project / "dags/self.py").symlink_to("self.py")
    assert found(project, "dags") == ["dags/a.py", "dags/self.py DP106", "dags/up DP106"]
    assert found(project, "dags/self.py") == ["dags/self.py DP106"]


def test_folders_that_link_to_each_other_are_searched_once(project: Path) -> None:
    for name in "abcdefgh":
        files(project, f"{name}/{name}.py")
    for name in "abcdefgh":
        for other in "abcdefgh".replace(name, ""):
            (project / name / other).symlink_to(f"../{other}")
    assert found(project, ".") == [f"{name}/{name}.py" for name in "abcdefgh"]


def test_links_that_leave_the_root(project: Path) -> None:
    files(project.parent, "outside/secret.py")
    files(project, "dags/a.py")
    (project / "dags/out.py").symlink_to("../../outside/secret.py")
    (project / "dags/folder").symlink_to("../../outside")
    assert found(project, "dags") == ["dags/a.py", "dags/folder DP106", "dags/out.py DP106"]
    assert found(project, "dags/out.py", "dags/folder", "dags/folder/secret.py") == [
        "dags/folder DP106",
        "dags/folder/secret.py DP106",
        "dags/out.py DP106",
    ]
    assert found(project, "dags/**/*.py") == ["dags/a.py", "dags/out.py DP106"]


def test_links_inside_the_root(project: Path) -> None:
    files(project, "shared/a.py", "dags/b.py")
    (project / "dags/again.py").symlink_to("../shared/a.py")
    (project / "dags/shared").symlink_to("../shared")
    assert found(project, ".") == ["dags/b.py", "shared/a.py"]
    assert found(project, "dags") == ["dags/b.py", "dags/shared/a.py"]


def test_link_that_leads_nowhere(project: Path) -> None:
    files(project, "a.py")
    (project / "gone.py").symlink_to("nowhere.py")
    (project / "gone.txt").symlink_to("nowhere.txt")
    assert found(project, ".") == ["a.py", "gone.py DP101"]
    assert found(project, "gone.py") == ["gone.py DP101"]


def test_outside_the_root(project: Path) -> None:
    files(project.parent, "other/a.py")
    outside = str(project.parent / "other")
    assert found(project, outside) == [f"{outside}/a.py"]
    assert found(project, "../other/a.py") == ["../other/a.py"]
    assert found(project, outside, root_given=True) == [f"{outside} DP106"]
    (project.parent / "other/b.py").symlink_to("../project/b.py")
    files(project, "b.py")
    assert found(project, outside) == [f"{outside}/a.py", f"{outside}/b.py DP106"]


def test_special_files_are_refused_and_do_not_hang(project: Path) -> None:
    os.mkfifo(project / "fifo.py")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.py")
        expected = ["fifo.py DP102", "socket.py DP102"]
        result: list[list[str]] = []
        work = threading.Thread(target=lambda: result.append(found(project, ".", "fifo.py")), daemon=True)
        work.start()
        work.join(120)
        assert result == [expected]


def test_ignore_files_that_are_fifos_do_not_hang(project: Path) -> None:
    os.mkfifo(project / ".gitignore")
    os.mkfifo(project / ".airflowignore")
    files(project, "a.py")
    assert found(project, ".") == ["a.py"]


def test_unreadable(project: Path) -> None:
    files(project, "dags/a.py", "dags/closed/b.py")
    (project / "dags/a.py").chmod(0)
    (project / "dags/closed").chmod(0)
    if os.access(project / "dags/a.py", os.R_OK):
        pytest.skip("this user may read everything")
    try:
        assert found(project, "dags") == ["dags/a.py DP102", "dags/closed DP102"]
    finally:
        (project / "dags/closed").chmod(0o755)


def test_unreadable_folder_by_mock(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files(project, "dags/a.py", "dags/closed/b.py")
    real = os.scandir

    def scandir(folder: Path):  # type: ignore[no-untyped-def]
        if folder.name == "closed":
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    assert found(project, "dags") == ["dags/a.py", "dags/closed DP102"]


def test_own_output_is_left_out(project: Path) -> None:
    files(project, "dags/a.py", "out/src/b.py", "out/mine.py")
    manifest = {"schema_version": 1, "files": {"src/b.py": "sha256:0"}}
    (project / "out/.dagport.json").write_text(json.dumps(manifest))
    assert found(project, ".") == ["dags/a.py", "out/mine.py"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"files": 3}', "\0"])
def test_broken_manifest_hides_nothing(project: Path, text: str) -> None:
    files(project, "a.py")
    (project / ".dagport.json").write_text(text)
    assert found(project, ".") == ["a.py"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.py", "a.py"),
        ("./dags/../a.py", "a.py"),
        ("../other/a.py", "../other/a.py"),
        ("/elsewhere/./a.py", "/elsewhere/a.py"),
    ],
)
def test_shown_paths(project: Path, path: str, expected: str) -> None:
    assert shown(Path(path), project) == expected


def test_shown_path_is_below_the_root_wherever_one_stands(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files(project, "dags/a.py")
    monkeypatch.chdir(project / "dags")
    assert found(project, "a.py") == ["dags/a.py"]
    assert found(project, ".") == ["dags/a.py"]
    assert found(project, str(project / "dags")) == ["dags/a.py"]


def test_name_that_is_not_utf8(project: Path) -> None:
    name = os.fsdecode(b"caf\xe9.py")
    files(project, name)
    assert found(project, ".") == ["caf\\xe9.py"]


def test_deep_folders(project: Path) -> None:
    deep = "/".join(["d"] * 400)
    files(project, f"{deep}/a.py")
    assert found(project, ".") == [f"{deep}/a.py"]
