"""Results of earlier runs: found again as long as nothing that they rest on has changed, and never in the way."""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dagport import formats
from dagport.options import Deployment, Limits, ReadOptions
from dagport.project import cache, store
from dagport.project.discovery import Search, discover
from dagport.project.read import ReadRequest, Recalled, Result, read_inputs

LONG_AGO = time.time() - 3600


class Project:
    """A project whose DAG file counts how often it is read."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self.folder = folder
        self.counts = root.parent / "counts"

    def write(self, path: str, text: str, *, old: bool = True) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("COUNT", f"# count {self.counts}"), "utf-8")
        if old:
            os.utime(file, (LONG_AGO, LONG_AGO))

    def results(self, *paths: str, **request: object) -> list[Result]:
        wanted = ReadRequest(**request)  # type: ignore[arg-type]
        cache._tool.cache_clear()
        kept = cache.open_cache(self.folder, self.root, wanted)
        search = Search(root=self.root)
        inputs = discover(paths or ["dags"], search, mentions=kept.files.mentions)
        self.kept = kept
        return list(read_inputs(inputs, wanted, kept))

    def run(self, *paths: str, **request: object) -> list[str]:
        """The ids of all pipelines."""
        return [
            pipeline.id
            for result in self.results(*paths, **request)
            for document in result.documents
            for pipeline in document.graph.pipelines
        ]

    def analyses(self) -> int:
        return len(self.counts.read_bytes()) if self.counts.exists() else 0


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    root = tmp_path / "project"
    (root / "dags").mkdir(parents=True)
    monkeypatch.chdir(root)
    monkeypatch.setitem(formats.READERS, "airflow", "tests.project.fakes:read")
    made = Project(root, tmp_path / "cache")
    made.write("dags/a.py", "# airflow\n# dag a x y\nCOUNT\n")
    return made


def test_second_run_analyses_nothing(project: Project) -> None:
    assert project.run() == project.run() == project.run(jobs=2) == ["a"]
    assert project.analyses() == 1


def test_found_again_is_the_same(project: Project) -> None:
    project.write("dags/b.py", "# airflow\n# dag b ä\n# doubt b\n# error\n")
    first, second = project.results(), project.results()
    assert [type(item) for item in second] == [Recalled, Recalled]
    assert [item.lines for item in first] == [item.lines for item in second]
    assert [item.documents for item in first] == [item.documents for item in second]
    assert [(item.has_errors, item.format) for item in second] == [(False, "airflow"), (True, "airflow")]


Change = Callable[[Project], object]
CHANGES: dict[str, tuple[str, Change]] = {
    "the file": ("", lambda project: project.write("dags/a.py", "# airflow\n# dag c\nCOUNT\n")),
    "the file, same size": ("", lambda project: project.write("dags/a.py", "# airflow\n# dag b x y\nCOUNT\n")),
    "a module": ("content lib/help.py", lambda project: project.write("lib/help.py", "two")),
    "a module that is gone": ("content lib/help.py", lambda project: (project.root / "lib/help.py").unlink()),
    "a module that appears": ("content lib/new.py", lambda project: project.write("lib/new.py", "new")),
    "a module that becomes a folder": ("kind lib/new.py", lambda project: (project.root / "lib/new.py").mkdir()),
    "a kind": ("kind lib/new.py", lambda project: project.write("lib/new.py", "")),
    "a listing": ("entries lib", lambda project: project.write("lib/more.csv", "")),
    "a listing that shrinks": ("entries lib", lambda project: (project.root / "lib/help.py").unlink()),
    "a module of a folder": ("module lib/new", lambda project: project.write("lib/new.py", "")),
    "a package of a folder": ("module lib/new", lambda project: (project.root / "lib/new").mkdir()),
    "a folder of modules that appears": ("module data/new", lambda project: project.write("data/new.py", "")),
    "a folder that appears": ("entries data", lambda project: project.write("data/x", "")),
    "a link that turns": ("content link", lambda project: _link(project, "lib/other.py")),
    "a link that leads out": ("content link", lambda project: _link(project, "../outside.py")),
}


def _link(project: Project, target: str) -> None:
    (project.root / "link").unlink()
    (project.root / "link").symlink_to(target)


@pytest.mark.parametrize(("look", "change"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen(project: Project, look: str, change: Change) -> None:
    project.write("lib/help.py", "one")
    project.write("lib/other.py", "other")
    project.write("../outside.py", "secret")
    (project.root / "link").symlink_to("lib/help.py")
    project.write("dags/a.py", f"# airflow\n# dag a x y\nCOUNT\n# see {look or 'kind lib'}\n")
    before = project.run()
    assert project.run() == before
    assert project.analyses() == 1
    change(project)
    after = project.run()
    assert project.analyses() == 2
    assert after != before
    assert project.run() == after
    assert project.analyses() == 2


UNSEEN: dict[str, Change] = {
    "another file of the folder": lambda project: project.write("dags/b.txt", ""),
    "a module that was not asked for": lambda project: project.write("lib/other.py", "x"),
    "the time of change": lambda project: os.utime(project.root / "dags/a.py"),
    "the same text again": lambda project: project.write("lib/help.py", "one", old=False),
}


@pytest.mark.parametrize("change", UNSEEN.values(), ids=UNSEEN)
def test_other_changes_cost_nothing(project: Project, change: Change) -> None:
    project.write("lib/help.py", "one")
    project.write("dags/a.py", "# airflow\n# dag a\nCOUNT\n# see content lib/help.py\n# see module lib/help\n")
    project.run()
    change(project)
    assert project.run() == ["a", "one", "(False, True)"]
    assert project.analyses() == 1


def test_listing_with_names_that_are_not_text(project: Project) -> None:
    project.write("dags/a.py", "# airflow\n# dag a\nCOUNT\n# see entries lib\n")
    (project.root / "lib").mkdir()
    Path(os.fsdecode(os.fsencode(project.root) + b"/lib/\xff")).touch()
    assert len(project.run()) == len(project.run()) == 2
    assert project.analyses() == 1


def test_change_that_keeps_size_and_time_is_seen_when_it_is_fresh(project: Project) -> None:
    """Two changes within one tick of the clock leave the same time behind."""
    now = time.time()
    for name in ("b", "c"):
        project.write("dags/a.py", f"# airflow\n# dag {name}\n")
        os.utime(project.root / "dags/a.py", (now, now))
        assert project.run() == [name]


def test_unchanged_old_file_is_not_even_opened(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "SETTLED_NS", -(10**10))  # the time of change of the inode can't be set
    project.run()
    monkeypatch.setattr(cache, "read_regular", None)
    assert [item.lines[0][:9] for item in project.results()] == ['{"path": ']


REQUESTS: dict[str, dict[str, object]] = {
    "version": {"options": ReadOptions(airflow_version="2")},
    "limits": {"options": ReadOptions(limits=Limits(steps=5))},
    "variables": {"options": ReadOptions(deployment=Deployment(variables={"a": "b"}))},
    "environment": {"options": ReadOptions(deployment=Deployment(environment={"a": "b"}))},
    "source roots": {"source_roots": ("lib",)},
    "format": {"format": "airflow"},
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_options_count(project: Project, request_: dict[str, object]) -> None:
    project.run()
    project.run(**request_)
    assert project.analyses() == 2
    project.run(**request_)
    project.run(jobs=2)
    assert project.analyses() == 2


def test_named_files_may_get_another_notice(project: Project) -> None:
    project.write("dags/a.py", "# airflow dag\nCOUNT\n")
    codes = [
        [item.code for result in project.results(path) for document in result.documents
         for item in document.graph.diagnostics]
        for path in ("dags", "dags/a.py", "dags", "dags/a.py")
    ]  # fmt: skip
    assert codes == [[], ["DP107"], [], ["DP107"]]


@pytest.mark.parametrize(
    ("name", "value"), [("__version__", "0.0.0"), ("LIBRARIES", ("click",)), ("_own_files", lambda folder: iter("x"))]
)
def test_version_counts(project: Project, monkeypatch: pytest.MonkeyPatch, name: str, value: object) -> None:
    project.run()
    monkeypatch.setattr(cache, name, value)
    project.run()
    assert project.analyses() == 2


def test_own_source_files_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "inner/a.py").write_text("x")
    before = list(cache._own_files(tmp_path))
    (tmp_path / "__pycache__/a.pyc").write_text("")
    assert list(cache._own_files(tmp_path)) == before
    (tmp_path / "inner/a.py").write_text("xy")
    assert list(cache._own_files(tmp_path)) != before
    assert list(cache._own_files(tmp_path / "nowhere")) == []


@pytest.mark.parametrize(("text", "limit"), [("crash", 20.0), ("# slow\n# dag a", 0.5), ("die", 20.0)])
def test_bugs_and_ends_of_time_are_not_kept(project: Project, text: str, limit: float) -> None:
    for name in "ab":  # two, or else the second run would need no other process to die in its place
        project.write(f"dags/{name}.py", f"# airflow dag\nCOUNT\n{text}\n")
    for _ in range(2):
        project.run(options=ReadOptions(limits=Limits(seconds=limit)), jobs=2)
    assert project.analyses() >= 4


def test_graphs_in_json_are_not_kept(project: Project) -> None:
    [line] = project.results()[0].lines
    project.write("graphs.json", line)
    project.run("graphs.json")
    assert project.run("graphs.json") == ["a"]
    assert not isinstance(project.results("graphs.json")[0], Recalled)


# The file


def database(project: Project) -> Path:
    [file] = project.folder.iterdir()
    return file


DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda file: file.write_bytes(b""),
    "cut off": lambda file: file.write_bytes(file.read_bytes()[:5000]),
    "something else": lambda file: file.write_bytes(b"no database" * 1000),
    "overwritten": lambda file: file.write_bytes(file.read_bytes()[:4096] + b"\xff" * (file.stat().st_size - 4096)),
    "gone": lambda file: file.unlink(),
    "another schema": lambda file: _anew(file, "CREATE TABLE results (x)"),
    "another body": lambda file: _execute(file, "UPDATE results SET body = replace(body, 'dag', 'bad')"),
    "no body": lambda file: _execute(file, "UPDATE results SET body = NULL"),
    "a text for a body": lambda file: _execute(file, "UPDATE results SET body = 'x'"),
    "another key": lambda file: _execute(file, "UPDATE results SET key = upper(key)"),
    "another checksum": lambda file: _execute(file, "UPDATE results SET checksum = 7"),
    "other evidence": lambda file: _execute(file, "UPDATE evidence SET looks = '[]', id = 'x'"),
    "evidence that is no JSON": lambda file: _execute(file, "UPDATE evidence SET looks = '['"),
    "no evidence": lambda file: _execute(file, "DELETE FROM evidence"),
}


def _anew(file: Path, statement: str) -> None:
    file.unlink()
    _execute(file, statement)


def _execute(file: Path, statement: str) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damage_costs_time_only(project: Project, damage: Callable[[Path], object]) -> None:
    project.write("lib/help.py", "one")
    project.write("dags/a.py", "# airflow\n# dag a\nCOUNT\n# see content lib/help.py\n")
    expected = project.run()
    damage(database(project))
    assert project.run() == expected
    assert project.analyses() == 2
    assert project.run() == expected


def test_wrong_body_with_a_right_checksum(project: Project) -> None:
    """Not even then is anything else made of it than what a graph in JSON may be."""
    project.run()
    file = database(project)
    with sqlite3.connect(file) as connection:
        key, evidence = connection.execute("SELECT key, evidence FROM results").fetchone()
        for body in (b"", b"[]", b'["airflow", false]\n{"path": 1}', b"\x80\x04K\x01."):
            checksum = cache._checksum(key, evidence, body)
            connection.execute("UPDATE results SET body = ?, checksum = ?", (body, checksum))
            connection.commit()
            assert project.run() == ["a"]
    connection.close()


@pytest.mark.parametrize("folder", ["file", "file/below", "/dev/null/cache", "/proc/cache"])
def test_folder_that_cannot_be_written(project: Project, folder: str) -> None:
    project.write("file", "")
    project.folder = project.root / folder
    assert project.run() == project.run() == ["a"]
    assert project.analyses() == 2
    assert project.kept.store.problem is not None


def test_full_disk(project: Project) -> None:
    project.run()
    project.write("dags/b.py", "# airflow dag\n# dag b " + "task " * 50_000)
    stored = store.Store(database(project))
    stored.files("")
    assert stored._connection is not None
    stored._connection.execute("PRAGMA max_page_count = 1")
    stored.add_results([store.ResultRow("k", "e", b"x" * 100_000, 0)], [], 0)
    assert stored.problem is not None
    assert "full" in stored.problem
    assert stored.uses(["k"]) == {}
    assert project.run() == ["a", "b"]


def test_locked_by_another(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.run()
    monkeypatch.setattr(store, "WAIT_S", 0.05)
    other = sqlite3.connect(database(project), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert project.run() == ["a"]
    other.execute("ROLLBACK")
    other.close()
    project.run()
    assert project.analyses() == 2


def test_deleted_while_running(project: Project) -> None:
    project.write("dags/b.py", "# airflow\n# dag b\n")
    project.run()
    request = ReadRequest()
    kept = cache.open_cache(project.folder, project.root, request)
    inputs = discover(["dags"], Search(root=project.root))
    results = read_inputs(inputs, request, kept)
    ids = [next(results).documents[0].graph.pipelines[0].id]
    database(project).unlink()
    project.folder.rmdir()
    ids += [item.documents[0].graph.pipelines[0].id for item in results]
    assert ids == ["a", "b"]
    assert project.run() == ["a", "b"]


def test_many_at_once(project: Project) -> None:
    """Threads with their own connections stand for processes; a lock is a lock."""
    names = [f"d{number:02}" for number in range(40)]
    for name in names:
        project.write(f"dags/{name}.py", f"# airflow\n# dag {name}\n")
    failures: list[object] = []

    def run() -> None:
        for _ in range(3):
            request = ReadRequest()
            kept = cache.open_cache(project.folder, project.root, request)
            results = list(read_inputs(discover(["dags"], Search(root=project.root)), request, kept))
            ids = [document.graph.pipelines[0].id for item in results for document in item.documents]
            if ids != ["a", *names] or kept.store.problem:
                failures.append((ids, kept.store.problem))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert all(isinstance(item, Recalled) for item in project.results())


def test_least_recently_used_is_dropped(tmp_path: Path) -> None:
    stored = store.Store(tmp_path / "x.sqlite")
    rows = [store.ResultRow(f"k{number}", f"e{number}", b"x" * 10_000, 0) for number in range(100)]
    stored.add_results(rows, [(row.evidence, "[]") for row in rows], day=1)
    stored.touch(["k3", "k5"], day=2)
    stored.trim(limit=400_000)
    left = [row.key for row in rows if stored.uses([row.key])]
    assert {"k3", "k5"} < set(left)
    assert 10 < len(left) < 40
    assert [stored.evidence(f"e{number}") is not None for number in (0, 3)] == [False, True]
    stored.trim(limit=400_000)
    assert [row.key for row in rows if stored.uses([row.key])] == left
    stored.close()


def test_only_the_user_may_read_it(project: Project) -> None:
    """Arguments of tasks may be secrets."""
    project.run()
    if sys.platform != "win32":
        assert database(project).stat().st_mode & 0o077 == 0
        assert project.folder.stat().st_mode & 0o077 == 0


def test_file_that_changes_meanwhile_is_read_anew(project: Project) -> None:
    project.run()
    [item] = project.results()
    project.write("dags/a.py", "# airflow\n# dag changed\n")
    [document] = item.documents
    assert document.graph.pipelines[0].id == "changed"
    assert "changed" in document.source.text


def test_statements_that_are_none() -> None:
    way = replace(ReadRequest(), source_roots=("x",))
    assert cache._way(way) != cache._way(ReadRequest())
    assert cache._way(replace(way, jobs=7, keeps=True)) == cache._way(way)
