"""The output folder: nothing of anybody else's is touched, and it is all or nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dagport.project.errors import ProjectError
from dagport.project.output import Plan, plan_output, write_output

FIRST = {"pyproject.toml": "[project]\n", "src/p/a.py": "a = 1\n", "src/p/b.py": "b = 1\n"}


def write(folder: Path, files: dict[str, str], **options: bool) -> Plan:
    plan = plan_output(folder, files, target="dagster", **options)  # type: ignore[arg-type]
    if not plan.conflicts:
        write_output(plan)
    return plan


def kinds(plan: Plan) -> dict[str, str]:
    return {change.path: change.kind for change in plan.changes}


def tree(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): file.read_text("utf-8")
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != ".dagport.json"
    }


def test_first_time(tmp_path: Path) -> None:
    out = tmp_path / "new/out"
    assert set(kinds(write(out, FIRST)).values()) == {"new"}
    assert tree(out) == FIRST
    record = json.loads((out / ".dagport.json").read_text())
    assert list(record["files"]) == sorted(FIRST)
    assert [path.name for path in out.iterdir()].count(".dagport.json") == len(list(out.glob(".*")))


def test_again_changes_no_byte(tmp_path: Path) -> None:
    write(tmp_path, FIRST)
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in tmp_path.rglob("*") if file.is_file()}
    plan = write(tmp_path, FIRST)
    assert set(kinds(plan).values()) == {"unchanged"}
    assert {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in before} == before


def test_changed_and_no_longer_wanted(tmp_path: Path) -> None:
    write(tmp_path, {**FIRST, "src/p/defs/c.py": "c = 1\n"})
    second = {"pyproject.toml": "[project]\n", "src/p/a.py": "a = 2\n"}
    plan = write(tmp_path, second)
    expected = {"pyproject.toml": "unchanged", "src/p/a.py": "changed"}
    assert kinds(plan) == {**expected, "src/p/b.py": "removed", "src/p/defs/c.py": "removed"}
    assert tree(tmp_path) == second
    assert not (tmp_path / "src/p/defs").exists()


@pytest.mark.parametrize("path", ["src/p/a.py", "src/p/b.py"])
def test_edited_file_stays(tmp_path: Path, path: str) -> None:
    """Whether its text would be replaced or it would be removed."""
    write(tmp_path, FIRST)
    (tmp_path / path).write_text("mine\n")
    before = tree(tmp_path)
    plan = write(tmp_path, {"pyproject.toml": "[project]\n", "src/p/a.py": "a = 2\n"})
    assert [(item.code, item.path) for item in plan.conflicts] == [("DP501", f"{tmp_path.as_posix()}/{path}")]
    assert tree(tmp_path) == before


def test_force(tmp_path: Path) -> None:
    write(tmp_path, FIRST)
    (tmp_path / "src/p/a.py").write_text("mine\n")
    (tmp_path / "src/p/b.py").write_text("mine\n")
    write(tmp_path, {"src/p/a.py": "a = 2\n"}, force=True)
    assert tree(tmp_path) == {"src/p/a.py": "a = 2\n"}


def test_files_of_others_stay(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'mine'\n")
    (tmp_path / "README.md").write_text("mine\n")
    plan = write(tmp_path, FIRST)
    assert [item.message for item in plan.conflicts] == ["it wasn't written by dagport"]
    assert list(tree(tmp_path)) == ["README.md", "pyproject.toml"]
    write(tmp_path, FIRST, force=True)
    assert tree(tmp_path) == {**FIRST, "README.md": "mine\n"}


def test_same_text_is_no_conflict(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    assert kinds(write(tmp_path, FIRST))["pyproject.toml"] == "unchanged"


def test_line_ends_of_a_checkout_are_no_edit(tmp_path: Path) -> None:
    write(tmp_path, FIRST)
    (tmp_path / "src/p/a.py").write_bytes(b"a = 1\r\n")
    assert set(kinds(write(tmp_path, FIRST)).values()) == {"unchanged"}


def test_file_that_was_deleted_is_written_again(tmp_path: Path) -> None:
    write(tmp_path, FIRST)
    (tmp_path / "src/p/a.py").unlink()
    (tmp_path / "src/p/b.py").unlink()
    plan = write(tmp_path, {"pyproject.toml": "[project]\n", "src/p/a.py": "a = 1\n"})
    assert kinds(plan) == {"pyproject.toml": "unchanged", "src/p/a.py": "new"}


def test_keep_removes_nothing_and_remembers(tmp_path: Path) -> None:
    write(tmp_path, FIRST)
    less = {"pyproject.toml": "[project]\n"}
    plan = write(tmp_path, less, keep=True)
    assert kinds(plan) == {"pyproject.toml": "unchanged", "src/p/a.py": "kept", "src/p/b.py": "kept"}
    assert tree(tmp_path) == FIRST
    write(tmp_path, less)
    assert tree(tmp_path) == less


def test_failure_half_way_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, FIRST)
    before, real, moved = tree(tmp_path), Path.replace, []

    def replace(self: Path, target: Path) -> Path:
        if self.name.startswith("new"):
            moved.append(target.name)
            if len(moved) == 3:
                raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(ProjectError, match="No space left"):
        write(tmp_path, {"src/p/a.py": "a = 2\n", "deep/new/file.py": "x\n", "src/p/b.py": "b = 2\n"})
    assert moved == ["file.py", "a.py", "b.py"]
    assert tree(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [".dagport.json", "pyproject.toml", "src"]


def test_interrupted_half_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, real = tmp_path / "out", Path.replace

    def replace(self: Path, target: Path) -> Path:
        if target.name == "b.py":
            raise KeyboardInterrupt
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        write(out, FIRST)
    assert not out.exists()


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError, match="not a folder"):
        plan_output(tmp_path / "file", FIRST, target="dagster")
    with pytest.raises(ProjectError, match="file is not a folder"):
        plan_output(tmp_path / "file/out", FIRST, target="dagster")


def test_folder_in_the_way_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").mkdir()
    (tmp_path / "src").write_text("a file")
    plan = write(tmp_path, FIRST, force=True)
    assert [item.code for item in plan.conflicts] == ["DP501"] * 3


def test_links_are_not_followed_out_of_the_folder(tmp_path: Path) -> None:
    out, outside = tmp_path / "out", tmp_path / "outside"
    for folder in (out, outside):
        folder.mkdir()
    (out / "src").symlink_to(outside)
    (outside / "file").write_text("mine")
    (out / "pyproject.toml").symlink_to(outside / "file")
    plan = write(out, FIRST, force=True)
    assert len(plan.conflicts) == 3
    assert tree(outside) == {"file": "mine"}


@pytest.mark.parametrize("path", ["../a.py", "/etc/a.py", "src/../../a.py", "", "..\\a.py"])
def test_files_lie_inside(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="not a path inside"):
        plan_output(tmp_path, {path: ""}, target="dagster")


def test_manifest_removes_nothing_outside(tmp_path: Path) -> None:
    out, victim = tmp_path / "out", tmp_path / "victim.py"
    victim.write_text("mine\n")
    write(out, FIRST)
    record = json.loads((out / ".dagport.json").read_text())
    record["files"]["../victim.py"] = "sha256:ec2da7e8b2e1b3b9c57a4c5a4b1b5bb9e2a1d6f4d6ff9d5b8a1c7e5b8b7d8f52"
    (out / ".dagport.json").write_text(json.dumps(record))
    write(out, {}, force=True)
    assert victim.exists()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"files": [1]}', '{"files": {"a": 3}}', "[" * 9999])
def test_broken_manifest_vouches_for_nothing(tmp_path: Path, text: str) -> None:
    write(tmp_path, FIRST)
    (tmp_path / ".dagport.json").write_text(text)
    plan = write(tmp_path, {**FIRST, "src/p/a.py": "a = 2\n"})
    assert [item.code for item in plan.conflicts] == ["DP501"]
    assert set(kinds(write(tmp_path, FIRST)).values()) == {"unchanged"}
    assert json.loads((tmp_path / ".dagport.json").read_text())["target"] == "dagster"


def test_executable_stays_so(tmp_path: Path) -> None:
    write(tmp_path, FIRST)
    (tmp_path / "src/p/a.py").chmod(0o755)
    write(tmp_path, {**FIRST, "src/p/a.py": "a = 2\n"})
    assert (tmp_path / "src/p/a.py").stat().st_mode & 0o777 == 0o755
