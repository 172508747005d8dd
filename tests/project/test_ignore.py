"""What .gitignore and .airflowignore leave out."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagport.project.discovery import Search, discover
from dagport.project.errors import ProjectError
from dagport.project.ignore import IgnoreSyntax

DAG = "from airflow.sdk import DAG\n"
FILES = ["a.py", "dags/b.py", "dags/build/c.py", "dags/team/d.py", "dags/team/helper.py", "dags/x_test.py"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path in FILES:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(DAG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def left_out(project: Path, start: str = ".", syntax: IgnoreSyntax = "glob") -> set[str]:
    inputs = discover([start], Search(root=project, ignore_syntax=syntax))
    return {path for path in FILES if start in (".", path.split("/")[0])} - {item.path for item in inputs}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("build/", {"dags/build/c.py"}),
        ("build", {"dags/build/c.py"}),
        ("/build", set()),
        ("dags/build", {"dags/build/c.py"}),
        ("*_test.py", {"dags/x_test.py"}),
        ("*.py\n!a.py", set(FILES) - {"a.py"}),
        ("dags/\n!dags/b.py", set(FILES) - {"a.py"}),  # git: what lies in a folder that is left out stays out
        ("# comment\n\n   \n!", set()),
        ("**/helper.py", {"dags/team/helper.py"}),
        ("b.py  # no comment for git", set()),
    ],
)
def test_gitignore(project: Path, lines: str, expected: set[str]) -> None:
    (project / ".gitignore").write_text(lines)
    assert left_out(project) == expected


def test_nearest_gitignore_decides(project: Path) -> None:
    (project / ".gitignore").write_text("*.py\n")
    (project / "dags/.gitignore").write_text("!b.py\n")
    assert left_out(project) == set(FILES) - {"dags/b.py"}


def test_gitignore_above_the_named_folder_holds(project: Path) -> None:
    (project / ".gitignore").write_text("build/\n")
    assert left_out(project, "dags") == {"dags/build/c.py"}


def test_named_folder_is_searched_although_it_is_ignored(project: Path) -> None:
    (project / ".gitignore").write_text("dags/\n")
    assert left_out(project) == set(FILES) - {"a.py"}
    assert left_out(project, "dags") == set()


def test_named_file_is_read_although_it_is_ignored(project: Path) -> None:
    (project / ".gitignore").write_text("*.py\n")
    assert [item.path for item in discover(["a.py"], Search(root=project))] == ["a.py"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("helper.py  # a comment, also here", {"dags/team/helper.py"}),
        ("team/", {"dags/team/d.py", "dags/team/helper.py"}),
        ("/team/helper.py", {"dags/team/helper.py"}),
        ("*.py\n!b.py", set(FILES) - {"a.py", "dags/b.py"}),
        ("/\n#", set()),
        (".*helper.*", set()),  # a regular expression is no glob
    ],
)
def test_airflowignore_glob(project: Path, lines: str, expected: set[str]) -> None:
    (project / "dags/.airflowignore").write_text(lines)
    assert left_out(project) == expected
    assert left_out(project, "dags") == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("helper", {"dags/team/helper.py"}),
        (r".*/helper\.py  # comment", {"dags/team/helper.py"}),
        ("^team", {"dags/team/d.py", "dags/team/helper.py"}),
        ("^b", {"dags/b.py", "dags/build/c.py"}),
        ("(", set()),  # invalid: Airflow passes over it
        ("_test$", set()),
        (r"_test\.py$", {"dags/x_test.py"}),
    ],
)
def test_airflowignore_regexp(project: Path, lines: str, expected: set[str]) -> None:
    (project / "dags/.airflowignore").write_text(lines)
    assert left_out(project, syntax="regexp") == expected
    assert left_out(project, "dags", "regexp") == expected


def test_regexps_are_searched_below_the_outermost_folder(project: Path) -> None:
    (project / "dags/.airflowignore").write_text("nothing\n")
    (project / "dags/team/.airflowignore").write_text("^team/helper\n")
    assert left_out(project, syntax="regexp") == {"dags/team/helper.py"}


def test_airflowignore_above_the_named_folder_holds(project: Path) -> None:
    (project / "dags/.airflowignore").write_text("helper.py\n")
    found = [item.path for item in discover(["dags/team"], Search(root=project))]
    assert found == ["dags/team/d.py"]


def test_undecodable_ignore_file(project: Path) -> None:
    (project / ".gitignore").write_bytes(b"\xff\xfe\nbuild/\n")
    assert left_out(project) == {"dags/build/c.py"}


def test_expressions_that_never_end(project: Path) -> None:
    (project / ".airflowignore").write_text("(a+)+$\n(x*)*z\nteam")
    (project / ("a" * 200 + "!.py")).write_text(DAG)
    assert left_out(project, syntax="regexp") == {"dags/team/d.py", "dags/team/helper.py"}


@pytest.mark.parametrize(
    ("file", "syntax"), [(".gitignore", "glob"), (".airflowignore", "glob"), (".airflowignore", "regexp")]
)
def test_what_could_take_for_ever_is_refused(project: Path, file: str, syntax: IgnoreSyntax) -> None:
    (project / file).write_text("(a+)+\\1b" if syntax == "regexp" else "a*" * 40 + "b")
    (project / ("a" * 200 + ".py")).write_text(DAG)
    with pytest.raises(ProjectError, match="ignore"):
        left_out(project, syntax=syntax)


def test_many_stars_that_do_no_harm(project: Path) -> None:
    (project / ".gitignore").write_text("*h*e*l*p*r*\n**/a/**/b/**/c/**/d/**")
    assert left_out(project) == {"dags/team/helper.py"}
