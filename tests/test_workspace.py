"""What the analysis may see of a project, and what it may not."""

from __future__ import annotations

import gc
import os
import pickle
import weakref
from pathlib import Path

import pytest

from dagport.workspace import Look, Unreadable, Workspace, is_inside


@pytest.fixture
def project(tmp_path: Path) -> Workspace:
    root = tmp_path / "project"
    (root / "dags").mkdir(parents=True)
    (root / "dags/a.py").write_text("x = 1")
    (root / "empty").mkdir()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "outside").mkdir()
    (root / "inner_link").symlink_to("dags/a.py")
    (root / "file_link").symlink_to(tmp_path / "secret")
    (root / "folder_link").symlink_to(tmp_path / "outside")
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "fifo")
    return Workspace(root)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("", "folder"),
        ("dags", "folder"),
        ("dags/a.py", "file"),
        ("dags/../dags/a.py", "file"),
        ("inner_link", "file"),
        ("file_link", None),
        ("folder_link", None),
        ("folder_link/x", None),
        ("loop", None),
        ("fifo", None),
        ("../secret", None),
        ("dags/../../secret", None),
        ("/etc/passwd", None),
        ("dags/\0", None),
        ("missing", None),
    ],
)
def test_kind(project: Workspace, path: str, kind: str | None) -> None:
    assert project.kind(path) == kind


@pytest.mark.parametrize("path", ["../secret", "file_link", "/etc/passwd", "fifo", "loop", "dags", "missing", "\0"])
def test_nothing_but_files_of_the_project_is_read(project: Workspace, path: str) -> None:
    with pytest.raises(Unreadable):
        project.read(path)


@pytest.mark.parametrize("path", ["..", "folder_link", "/", "dags/a.py", "missing", "loop"])
def test_nothing_but_folders_of_the_project_is_listed(project: Workspace, path: str) -> None:
    with pytest.raises(Unreadable):
        project.entries(path)


def test_entries_are_sorted(project: Workspace) -> None:
    assert project.entries("") == ("dags", "empty", "fifo", "file_link", "folder_link", "inner_link", "loop")
    assert project.entries("empty") == ()


def test_too_large_a_file_is_refused(project: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dagport.workspace.MAX_FILE_BYTES", 4)
    with pytest.raises(Unreadable, match="larger"):
        project.read("dags/a.py")


def test_too_full_a_folder_is_refused(project: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dagport.workspace.MAX_ENTRIES", 4)
    with pytest.raises(Unreadable, match="more than 4"):
        project.entries("")


def test_looks_are_recorded_also_when_the_answer_is_known(project: Workspace) -> None:
    project.read("dags/a.py")
    with project.recording() as outer:
        project.kind("missing")
        with project.recording() as inner:
            project.read("dags/a.py")
    assert list(outer) == [Look("kind", "missing"), Look("content", "dags/a.py")]
    assert list(inner) == [Look("content", "dags/a.py")]


def test_a_fingerprint_tells_answers_apart(project: Workspace) -> None:
    looks = [Look("content", "dags/a.py"), Look("entries", "dags"), Look("kind", "dags/b.py"), Look("content", "no")]
    before = [project.fingerprint(look) for look in looks]
    (project.root / "dags/b.py").write_text("")
    (project.root / "dags/a.py").write_text("x = 2")
    (project.root / "no").write_text("")
    fresh = Workspace(project.root)
    assert all(fresh.fingerprint(look) != known for look, known in zip(looks, before, strict=True))


def test_another_process_starts_afresh(project: Workspace) -> None:
    project.kind("dags")
    copy = pickle.loads(pickle.dumps(Workspace(project.root, ("dags",))))
    assert (copy.root, copy.source_roots) == (project.root, ("dags",))
    assert copy.kind("dags") == "folder"


@pytest.mark.parametrize(
    ("path", "inside"),
    [("", True), ("a/b", True), ("a/..", True), ("a/../b", True), ("..", False), ("../a", False), ("a/../..", False),
     ("/a", False), ("..a", True)],
)  # fmt: skip
def test_is_inside(path: str, *, inside: bool) -> None:
    assert is_inside(path) == inside


def test_what_is_kept_for_a_project_ends_with_it(project: Workspace) -> None:
    from dagport.evaluate.modules import module_store

    space = Workspace(project.root)
    finder = weakref.ref(module_store(space, "3").finder)
    assert finder() is module_store(space, "3").finder
    assert finder() is not module_store(space, "2").finder
    del space
    gc.collect()
    assert finder() is None
