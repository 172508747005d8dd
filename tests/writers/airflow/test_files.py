"""Which files are changed in place, kept, written anew, or left out."""

from __future__ import annotations

import pytest

from dagport import formats
from dagport.options import AirflowVersion, ReadOptions
from dagport.source import Source
from dagport.translation import Document, Translation, WriteOptions
from dagport.writers.airflow import write

DAG_2 = "from airflow import DAG\n\nwith DAG('a', schedule_interval=None):\n    pass\n"
DAG_3 = "from airflow.sdk import DAG\n\nwith DAG('a', schedule=None):\n    pass\n"
HELPER_3 = "from airflow.sdk import Variable\n\n\ndef size():\n    return Variable.get('size')\n"
LOADER = (
    "import airflow\nfrom dagfactory import load_yaml_dags\n\nload_yaml_dags(globals(), config_filepath='dags/a.yml')\n"
)
YAML = """
a:
  start_date: 2026-01-01
  tasks:
    x: {operator: airflow.providers.standard.operators.empty.EmptyOperator}
"""


def translated(files: dict[str, str], target: str = "3", source: AirflowVersion | None = None) -> Translation:
    documents = []
    for path, text in files.items():
        found = Source(path, text)
        reader = "airflow" if path.endswith(".py") else "dag-factory"
        documents.append(Document(found, formats.reader(reader)(found, ReadOptions(airflow_version=source))))
    return write(documents, WriteOptions(airflow_version=target))


@pytest.mark.parametrize(("text", "target"), [(DAG_3, "3"), (DAG_2, "2"), (HELPER_3, "3")])
def test_what_is_for_that_version_stays(text: str, target: str) -> None:
    assert translated({"a.py": text}, target).files == {"a.py": text}


def test_a_file_of_airflow_2_is_changed_in_place() -> None:
    files = translated({"a.py": DAG_2}, source="2").files
    assert files == {"a.py": DAG_2.replace("_interval", "")}


def test_a_file_of_airflow_3_is_written_anew_for_airflow_2() -> None:
    files = translated({"a.py": DAG_3}, "2").files
    assert "from airflow import DAG" in files["a.py"]
    assert files["a.py"].startswith("# Written by dagport from a.py.")


def test_imports_of_a_module_without_dags_move() -> None:
    files = translated({"a.py": HELPER_3}, "2").files
    assert files == {"a.py": HELPER_3.replace("airflow.sdk", "airflow.models.variable")}


def test_a_module_with_what_airflow_2_has_not_is_refused() -> None:
    written = translated({"a.py": "from airflow.sdk import asset\n"}, "2")
    assert (written.files, [item.code for item in written.diagnostics]) == ({}, ["DP432"])


def test_yaml_becomes_python_and_its_loader_goes() -> None:
    written = translated({"dags/a.yml": YAML, "dags/load.py": LOADER})
    assert list(written.files) == ["dags/a.py"]


def test_a_loader_alone_stays() -> None:
    assert list(translated({"dags/load.py": LOADER}).files) == ["dags/load.py"]


def test_a_name_that_is_taken() -> None:
    written = translated({"dags/a.yml": YAML, "dags/a.py": "import airflow\n"})
    assert sorted(written.files) == ["dags/a.py", "dags/a_dags.py"]
    assert written.outcomes[0].target == "dags/a_dags.py:x"


def test_a_broken_file_is_refused() -> None:
    written = translated({"dags/a.yml": "a: {tasks: ["})
    assert (written.files, [item.code for item in written.diagnostics]) == ({}, ["DP432"])
