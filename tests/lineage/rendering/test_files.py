"""Files that arguments name are found as Airflow's loader of templates finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagport.workspace import Workspace
from dagport_lineage.model import Unresolved
from dagport_lineage.rendering import file_text
from tests.lineage.rendering.scopes import TASK, scope


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    root = tmp_path / "project"
    (root / "dags/sql").mkdir(parents=True)
    (root / "dags/a.sql").write_bytes(b"select 1\r\n")
    (root / "dags/sql/b.sql").write_text("select 2", "utf-8")
    (root / "dags/latin.sql").write_bytes(b"select '\xe9'")
    (root / "outside.sql").write_text("select 3", "utf-8")
    (tmp_path / "secret.sql").write_text("select 4", "utf-8")
    (root / "dags/link.sql").symlink_to(tmp_path / "secret.sql")
    return Workspace(root)


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("a.sql", "select 1\n", "dags/a.sql"),
        ("./a.sql", "select 1\n", "dags/a.sql"),
        ("/a.sql", "select 1\n", "dags/a.sql"),
        ("sql/b.sql", "select 2", "dags/sql/b.sql"),
        ("sql//b.sql", "select 2", "dags/sql/b.sql"),
    ],
)
def test_found(workspace: Workspace, path: str, text: str, found: str) -> None:
    assert file_text(path, TASK, scope(workspace=workspace)) == (text, found)


@pytest.mark.parametrize(
    "path", ["b.sql", "../outside.sql", "sql/../a.sql", "latin.sql", "link.sql", "sql", "", "sql\\b.sql"]
)
def test_not_found(workspace: Workspace, path: str) -> None:
    found = file_text(path, TASK, scope(workspace=workspace))
    assert isinstance(found, Unresolved)
    assert found.reason == "file"
    assert str(workspace.root) not in found.message


def test_without_a_project() -> None:
    assert isinstance(file_text("a.sql", TASK, scope()), Unresolved)


def test_a_search_path_is_named(workspace: Workspace) -> None:
    found = file_text("b.sql", TASK, scope("DAG(template_searchpath='/opt/sql')", workspace))
    assert isinstance(found, Unresolved)
    assert "template_searchpath" in found.message


@pytest.mark.parametrize(
    ("before", "argument", "found"),
    [
        ("", 'os.path.join(os.path.dirname(__file__), "sql")', "dags/sql/b.sql"),
        ("", '[os.path.dirname(os.path.abspath(__file__)) + "/sql"]', "dags/sql/b.sql"),
        ("", 'str(Path(__file__).resolve().parent / "sql")', "dags/sql/b.sql"),
        ("", 'f"{os.path.dirname(__file__)}/sql"', "dags/sql/b.sql"),
        ("", '[Path(__file__).parent.joinpath("sql").as_posix()]', "dags/sql/b.sql"),
        ("", 'os.path.join(os.path.dirname(__file__), "..", "dags/sql")', "dags/sql/b.sql"),
        ('HERE = os.path.dirname(__file__)\nSQL = [HERE + "/sql"]', "SQL", "dags/sql/b.sql"),
        ('HERE = Path(__file__).parent', '(str(HERE / "nothing"), str(HERE / "sql"))', "dags/sql/b.sql"),
        ("", '"/opt/airflow/dags/sql"', None),
        ("", 'os.path.dirname(__file__) + "sql"', None),
        ("", '["/opt/sql", os.path.dirname(__file__) + "/sql"]', None),
        ('HERE = Path(__file__).parent\nHERE = other()', 'str(HERE / "sql")', None),
        ('def f(HERE): HERE = 1\nHERE = Path(__file__).parent', 'str(HERE / "sql")', None),
        ('HERE = Path(__file__).parent\ndef f(HERE): ...', 'str(HERE / "sql")', None),
        ('__file__ = "dags/x/y.py"', 'os.path.dirname(__file__) + "/sql"', None),
        ("", 'str(Path(__file__).parent.parent.parent / "sql")', None),
        ("", 'Variable.get("sql")', None),
        ("", 'os.path.dirname(__file__, "sql")', None),
        ("", '"/x") or DAG(template_searchpath=os.path.dirname(__file__) + "/sql"', None),
    ],
)  # fmt: skip
def test_search_paths(workspace: Workspace, before: str, argument: str, found: str | None) -> None:
    text = f"import os\nfrom pathlib import Path\n{before}\nDAG(template_searchpath={argument})\n"
    result = file_text("b.sql", TASK, scope(text, workspace))
    assert isinstance(result, Unresolved) if found is None else result == ("select 2", found)


def test_the_folder_of_the_file_goes_first(workspace: Workspace) -> None:
    text = "DAG(template_searchpath='/opt/sql')"
    assert file_text("a.sql", TASK, scope(text, workspace)) == ("select 1\n", "dags/a.sql")
