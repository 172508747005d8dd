"""Other states of a project: what its git repository holds, and what changed since then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dagport.project.errors import ProjectError
from dagport_lineage.estate import revisions
from dagport_lineage.estate.revisions import Changes, is_revision, is_same, revision
from tests.lineage.commands.conftest import Files, Git, files, git, project

__all__ = ["files", "git", "project"]

NAMES = ["a b.txt", "ü.txt", 'q"uote.txt', "tab\t.txt", "-dash.txt", ":colon.txt", "[x].txt", "deep/er/f.txt"]


@pytest.fixture
def names(git: Git, files: Files) -> Git:
    files({f"odd/{name}": f"{number}\n" for number, name in enumerate(NAMES)})
    git("add", "-A")
    git("commit", "-qm", "names")
    return git


def written(root: Path, name: str, folder: Path) -> dict[str, bytes]:
    """The files of a revision, put into a folder."""
    folder.mkdir()
    revision(root, name).write_to(folder)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_all_files(project: Path, names: Git, tmp_path_factory: pytest.TempPathFactory) -> None:
    found = written(project, "HEAD", tmp_path_factory.mktemp("old") / "x")
    expected = {path: (project / path).read_bytes() for path in ("dags/orders.py", "dags/revenue.py")}
    assert found == {**expected, **{f"odd/{name}": f"{number}\n".encode() for number, name in enumerate(NAMES)}}
    assert set(written(project, "HEAD~1", tmp_path_factory.mktemp("older") / "x")) == set(expected)


def test_a_project_inside_of_its_repository(
    project: Path, names: Git, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = written(project / "odd", "HEAD", tmp_path_factory.mktemp("old") / "x")
    assert set(found) == set(NAMES)
    changes = Changes(revision(project / "odd", "HEAD"))
    assert changes.deleted == []
    (project / "dags/orders.py").unlink()  # not of this project
    (project / "odd/ü.txt").unlink()
    assert Changes(revision(project / "odd", "HEAD")).deleted == ["ü.txt"]
    (project / "odd/:colon.txt").unlink()
    assert Changes(revision(project / "odd", "HEAD")).deleted == [":colon.txt", "ü.txt"]


def test_links(project: Path, git: Git, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Links stay links, and nothing is written through them."""
    outside = tmp_path_factory.mktemp("outside")
    (project / "out").symlink_to(outside)
    (project / "link.py").symlink_to("dags/orders.py")
    git("add", "-A")
    git("commit", "-qm", "links")
    folder = tmp_path_factory.mktemp("old") / "x"
    written(project, "HEAD", folder)
    assert (folder / "out").readlink() == outside
    assert (folder / "link.py").readlink() == Path("dags/orders.py")
    assert list(outside.iterdir()) == []


def test_many_and_large_files(
    project: Path, git: Git, files: Files, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revisions, "AT_ONCE", 3)
    monkeypatch.setattr(revisions, "MAX_FILE_BYTES", 5000)
    files({f"many/{number}.txt": "x" * number for number in range(20)} | {"large.txt": "x" * 5001})
    git("add", "-A")
    git("commit", "-qm", "many")
    found = written(project, "HEAD", tmp_path_factory.mktemp("old") / "x")
    assert {path: len(data) for path, data in found.items() if path.startswith("many/")} == {
        f"many/{number}.txt": number for number in range(20)
    }
    assert "large.txt" not in found


def test_line_ends_of_a_checkout_are_no_change(project: Path, git: Git) -> None:
    file = project / "dags/orders.py"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert is_same(revision(project, "HEAD"), "dags/orders.py")
    file.write_bytes(file.read_bytes() + b"# more\r\n")
    assert not is_same(revision(project, "HEAD"), "dags/orders.py")


@pytest.mark.parametrize(
    ("look", "edits", "expected"),
    [
        (("content", "dags/a.txt"), {}, False),
        (("content", "dags/a.txt"), {"dags/a.txt": "other"}, True),
        (("content", "dags/a.txt"), {"dags/a.txt": None}, True),
        (("content", "dags/b.txt"), {"dags/a.txt": "other"}, False),
        (("content", "dags/new.txt"), {"dags/new.txt": "x"}, True),
        (("kind", "dags/new.txt"), {"dags/new.txt": "x"}, True),
        (("kind", "dags/a.txt"), {"dags/a.txt": "other"}, False),
        (("kind", "dags/sub"), {"dags/sub/c.txt": None}, True),
        (("kind", "dags/sub"), {"dags/sub/d.txt": "x"}, False),
        (("entries", "dags"), {"dags/new.txt": "x"}, True),
        (("entries", "dags"), {"dags/sub/d.txt": "x"}, False),
        (("entries", "dags"), {"dags/sub/c.txt": None}, True),
        (("entries", "dags"), {"dags/a.txt": "other"}, False),
        (("entries", ""), {"top.txt": "x"}, True),
        (("entries", "dags/sub"), {"dags/new.txt": "x"}, False),
        (("module", "dags/names"), {"dags/names.py": "x = 1"}, True),
        (("module", "dags/names"), {"dags/names/__init__.py": ""}, True),
        (("module", "dags/names"), {"dags/names_too.py": ""}, False),
        (("module", "dags/sub"), {"dags/sub/d.py": ""}, False),
        (("entries", "dags"), {"dags/ignored.log": "x"}, False),
        (("content", "dags/ignored.log"), {"dags/ignored.log": "x"}, True),
    ],
)
def test_what_a_change_affects(
    project: Path, git: Git, files: Files, look: tuple[str, str], edits: dict[str, str | None], expected: bool
) -> None:
    files({"dags/a.txt": "a", "dags/b.txt": "b", "dags/sub/c.txt": "c", ".gitignore": "*.log\n"})
    git("add", "-A")
    git("commit", "-qm", "second")
    for path, text in edits.items():
        if text is None:
            (project / path).unlink()
        else:
            files({path: text})
    changes = Changes(revision(project, "HEAD"))
    assert changes.affects("dags/orders.py", json.dumps([[*look, "answer"]])) is expected


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("a/b.py", True),
        ("../a", False),
        ("a/../../b", False),
        ("/a", False),
        (".git/hooks/x", False),
        ("a/.GIT/x", False),
    ],
)
def test_no_tree_writes_elsewhere(path: str, safe: bool) -> None:
    assert revisions._is_safe(path) is safe


def test_what_cannot_be_told_counts_as_a_change(project: Path, git: Git) -> None:
    changes = Changes(revision(project, "HEAD"))
    assert changes.affects("dags/orders.py", None)
    assert changes.affects(None, "[]")
    assert not changes.affects("dags/orders.py", "[]")


def test_names_of_revisions(project: Path, git: Git) -> None:
    git("tag", "v1")
    for name in ("HEAD", "main", "v1", git("rev-parse", "--short", "HEAD"), "main@{0}"):
        assert revision(project, name).hash == git("rev-parse", "HEAD")
    for name in ("", "nowhere", "-h", "--all", "HEAD:dags", "HEAD HEAD", "main\n"):
        assert not is_revision(project, name)


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="lies in no git repository"):
        revision(tmp_path, "HEAD")
