"""The homes that runners make, and the environment of a worker."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dagport_adapters.runners import LocalAirflow, homes


@pytest.mark.parametrize("own", [True, False])
def test_nothing_leads_a_worker_to_somebody_elses_database(tmp_path: Path, own: bool) -> None:
    before = {
        "AIRFLOW_HOME": "/elsewhere", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://production", "KEPT": "1",
        "AIRFLOW__CORE__DAGS_FOLDER": "/elsewhere/dags", "AIRFLOW_VAR_A": "a", "PYTHONHOME": "/python",
    }  # fmt: skip
    found = homes.variables(tmp_path, tmp_path / "dags", before, own=own)
    assert found["AIRFLOW_HOME"] == str(tmp_path)
    assert found["AIRFLOW__CORE__DAGS_FOLDER"] == str(tmp_path / "dags")
    assert found.get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN") == (
        f"sqlite:///{tmp_path}/airflow.db?timeout=300" if own else None
    )
    assert "PYTHONHOME" not in found
    assert (found["KEPT"], found["AIRFLOW_VAR_A"]) == ("1", "a")


def test_the_configuration_of_a_home_counts_unless_the_home_is_ours(tmp_path: Path) -> None:
    assert not homes.is_configured(tmp_path)
    (tmp_path / "airflow.cfg").touch()
    assert homes.is_configured(tmp_path)
    (tmp_path / ".dagport").touch()  # Airflow wrote that file
    assert not homes.is_configured(tmp_path)


def test_each_interpreter_and_folder_has_a_home_of_its_own(tmp_path: Path) -> None:
    pairs = [(Path("a"), Path("x")), (Path("a"), Path("y")), (Path("b"), Path("x"))]
    assert len({homes.home_for(*pair) for pair in pairs}) == 3
    assert homes.home_for(*pairs[0]) == homes.home_for(*pairs[0])


def test_a_database_is_set_up_once_and_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ran(command: list[str], environment: dict[str, str]) -> str:
        asked.append(command[-1])
        if command[-1] == "migrate":
            execute(Path(environment["AIRFLOW_HOME"], "airflow.db"), "create table tables (name)")
        return "3.3.2"

    monkeypatch.setattr(homes, "_ran", ran)
    for name in ("one", "two"):
        homes.prepare(tmp_path / name, Path("python"), {})
        assert execute(tmp_path / name / "airflow.db", "select name from sqlite_master") == [("tables",)]
        assert execute(tmp_path / name / "airflow.db", "pragma journal_mode") == [("wal",)]
    assert asked.count("migrate") == 1
    execute(tmp_path / "one" / "airflow.db", "insert into tables values ('runs')")
    homes.prepare(tmp_path / "one", Path("python"), {})
    assert execute(tmp_path / "one" / "airflow.db", "select name from tables") == [("runs",)]


def execute(database: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as connection, connection:
        return connection.execute(statement).fetchall()


def test_variables_and_connections_are_airflows_own_environment(tmp_path: Path) -> None:
    runner = LocalAirflow("python", tmp_path, variables={"path": "p"}, connections={"db": "sqlite://"}, env={"A": "1"})
    assert runner._added() == {"AIRFLOW_VAR_PATH": "p", "AIRFLOW_CONN_DB": "sqlite://", "A": "1"}
