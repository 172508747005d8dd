"""Which commit a project is checked out at, and links to it: real repositories, and hostile ones."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dagport_lineage.events import git
from dagport_lineage.events.git import Commit, commit_of
from dagport_lineage.events.remotes import link, public_url
from dagport_lineage.facets import Json

SHA = "0123456789012345678901234567890123456789"
WHEN = "2026-01-02T03:04:05+0500"
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")

URLS = [
    ("https://github.com/a/b.git", "https://github.com/a/b"),
    ("https://me:token@github.com/a/b.git", "https://github.com/a/b"),
    ("https://token@gitlab.example.com/a/c/b", "https://gitlab.example.com/a/c/b"),
    ("git@github.com:a/b.git", "https://github.com/a/b"),
    ("git@gitlab.example.com:a/c/b.git", "https://gitlab.example.com/a/c/b"),
    ("ssh://git@bitbucket.org/a/b.git", "https://bitbucket.org/a/b"),
    ("ssh://git@gitlab.example.com:2222/a/b.git", "https://gitlab.example.com/a/b"),
    ("https://gitlab.example.com:8443/a/b.git", "https://gitlab.example.com:8443/a/b"),
    ("git@git.example.com:a/b.git", "ssh://git.example.com/a/b"),
    ("https://me:token@git.example.com:8443/a/b.git/?token=x#y", "https://git.example.com:8443/a/b"),
    ("http://[::1]:80/a/b", "http://[::1]:80/a/b"),
    ("https://github.com/a/b c.git", "https://github.com/a/b%20c"),
    ("/srv/git/b.git", None),
    ("../b.git", None),
    ("file:///srv/git/b.git", None),
    ("C:\\repos\\b", None),
    ("https://", None),
    ("https://github.com:port/a/b", None),
    ("ext::sh -c touch% x", None),
    ("", None),
]


@pytest.mark.parametrize(("remote", "expected"), URLS)
def test_an_address_is_shown_without_credentials(remote: str, expected: str | None) -> None:
    assert public_url(remote) == expected


LINKS = [
    ("https://github.com/a/b", (3, 5), f"https://github.com/a/b/blob/{SHA}/dags/a%20b.py#L3-L5"),
    ("https://github.com/a/b", None, f"https://github.com/a/b/blob/{SHA}/dags/a%20b.py"),
    ("https://gitlab.example.com/a/b", (3, 5), f"https://gitlab.example.com/a/b/-/blob/{SHA}/dags/a%20b.py#L3-5"),
    ("https://bitbucket.org/a/b", (3, 5), f"https://bitbucket.org/a/b/src/{SHA}/dags/a%20b.py#lines-3:5"),
    ("https://bitbucket.example.com/a/b", (3, 5), "https://bitbucket.example.com/a/b"),
    ("ssh://git.example.com/a/b", (3, 5), "ssh://git.example.com/a/b"),
]


@pytest.mark.parametrize(("base", "lines", "expected"), LINKS)
def test_a_link_is_pinned_to_the_commit(base: str, lines: tuple[int, int] | None, expected: str) -> None:
    assert link(base, SHA, "dags/a b.py", lines) == expected


def test_a_commit_without_an_address_has_no_links() -> None:
    with pytest.raises(ValueError, match="no address"):
        Commit(revision=SHA).link("a.py")


def run(folder: Path, *arguments: str) -> str:
    names = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")
    env = {**os.environ, **dict.fromkeys(names, "x"), "GIT_COMMITTER_DATE": WHEN, "GIT_AUTHOR_DATE": WHEN}
    env = {**env, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *arguments], cwd=folder, env=env, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    (folder / "airflow" / "dags").mkdir(parents=True)
    (folder / "airflow" / "dags" / "a.py").write_text("x = 1\n")
    run(folder, "init", "-q", "-b", "main")
    run(folder, "remote", "add", "origin", "https://me:token@github.com/a/b.git")
    run(folder, "add", ".")
    run(folder, "commit", "-q", "-m", "committer x <x> 1 +0000")
    return folder


@needs_git
def test_the_commit_of_a_checkout(repository: Path) -> None:
    head = run(repository, "rev-parse", "HEAD")
    time = datetime(2026, 1, 1, 22, 4, 5, tzinfo=UTC)
    expected = Commit(revision=head, repo_url="https://github.com/a/b", branch="main", time=time)
    assert commit_of(repository) == expected
    found = commit_of(repository / "airflow")
    assert found is not None
    assert (found.prefix, found.revision) == ("airflow", head)


@needs_git
def test_a_detached_head_packed_references_and_nested_branches(repository: Path) -> None:
    head = run(repository, "rev-parse", "HEAD")
    run(repository, "checkout", "-q", "-b", "team/feature-1")
    run(repository, "pack-refs", "--all")
    assert (found := commit_of(repository)) is not None
    assert (found.revision, found.branch) == (head, "team/feature-1")
    run(repository, "checkout", "-q", "--detach")
    assert (found := commit_of(repository)) is not None
    assert (found.revision, found.branch) == (head, None)


@needs_git
def test_a_worktree_of_its_own(repository: Path, tmp_path: Path) -> None:
    run(repository, "worktree", "add", "-q", "-b", "other", str(tmp_path / "tree"))
    assert (found := commit_of(tmp_path / "tree" / "airflow")) is not None
    assert (found.branch, found.repo_url, found.prefix) == ("other", "https://github.com/a/b", "airflow")
    assert found.time is not None


@needs_git
def test_nothing_of_a_repository_is_run(repository: Path, tmp_path: Path) -> None:
    trap, mark = repository / "trap", tmp_path / "mark"
    trap.write_text(f"#!/bin/sh\ntouch {mark}\n")
    trap.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "core.sshCommand", "gpg.program", "alias.cat-file", "core.editor"):
        run(repository, "config", key, str(trap) if not key.startswith("alias") else f"!{trap}")
    run(repository, "config", "log.showSignature", "true")
    shutil.copy(trap, repository / "git")
    assert commit_of(repository) is not None
    assert not mark.exists()


@needs_git
def test_without_git_only_the_time_is_missing(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", ".")
    (repository / "git").write_text("#!/bin/sh\necho 'committer x <x> 1 +0000'\n")
    (repository / "git").chmod(0o755)
    monkeypatch.chdir(repository)
    assert (found := commit_of(repository)) is not None
    assert found.time is None


def made(folder: Path, **files: str) -> Path:
    for name, text in {"HEAD": "ref: refs/heads/main\n", "config": "", **files}.items():
        path = folder / ".git" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


HEADS: list[tuple[str, dict[str, str], Json]] = [
    ("a branch", {"refs__heads__main": f"{SHA}\n"}, (SHA, "main")),
    ("a hash", {"HEAD": SHA}, (SHA, None)),
    ("a long hash", {"HEAD": "a" * 64}, ("a" * 64, None)),
    ("packed", {"packed-refs": f"# pack-refs\n{SHA} refs/heads/main\n^{SHA}\n"}, (SHA, "main")),
    ("packed, of another name", {"packed-refs": f"{SHA} refs/heads/xmain\n"}, None),
    ("of another name that ends alike", {"packed-refs": f"{SHA} refs/heads/other refs/heads/main\n"}, None),
    ("nothing committed yet", {}, None),
    ("no reference", {"HEAD": "x"}, None),
    ("a reference out of the repository", {"HEAD": "ref: refs/../../outside", "../outside": SHA}, None),
    ("a reference to an absolute path", {"HEAD": "ref: /etc/hostname"}, None),
    ("a loop", {"refs__heads__main": "ref: refs/heads/main"}, None),
    ("an empty file", {"HEAD": ""}, None),
]


@pytest.mark.parametrize(("files", "expected"), [case[1:] for case in HEADS], ids=[case[0] for case in HEADS])
def test_what_head_stands_for(tmp_path: Path, files: dict[str, str], expected: Json) -> None:
    found = commit_of(made(tmp_path, **files))
    assert (found and (found.revision, found.branch)) == expected


CONFIGS = [
    ('[remote "origin"]\n\turl = git@github.com:a/b.git\n', "https://github.com/a/b"),
    ('[core]\n\turl = x\n[remote "origin"] url = "https://github.com/a/b"\n', "https://github.com/a/b"),
    ('[Remote "origin"]\n\tURL=https://github.com/a/b\n\tfetch = +refs/heads/*\n', "https://github.com/a/b"),
    ('[remote "upstream"]\n\turl = https://github.com/a/b\n', None),
    ('[remote "origin"]\n\tpushurl = https://github.com/a/b\n', None),
    ('[remote "origin"]\n\turl = /srv/b\n', None),
    ('[remote "origin"]\n[other]\n\turl = https://github.com/a/b\n', None),
]


@pytest.mark.parametrize(("config", "expected"), CONFIGS)
def test_the_address_comes_from_the_configuration(tmp_path: Path, config: str, expected: str | None) -> None:
    found = commit_of(made(tmp_path, HEAD=SHA, config=config))
    assert found is not None
    assert found.repo_url == expected


def test_a_folder_without_a_repository_has_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "repository_of", lambda folder: None)
    assert commit_of(tmp_path) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs")
def test_a_fifo_in_place_of_a_file_is_no_hang(tmp_path: Path) -> None:
    made(tmp_path)
    (tmp_path / ".git" / "HEAD").unlink()
    os.mkfifo(tmp_path / ".git" / "HEAD")
    assert commit_of(tmp_path) is None
