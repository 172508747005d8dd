"""Which YAML files are read: by their name, by what they say, and by what stands beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagport.project.discovery import Search, discover
from dagport.project.read import ReadRequest, detect_format, read_inputs
from dagport.project.yaml_files import mentions_tasks

OPERATOR = "airflow.providers.standard.operators.empty.EmptyOperator"
DAGS = f"d:\n  start_date: 2024-01-01\n  tasks:\n    a: {{operator: {OPERATOR}}}\n"
LOADER = "import airflow\nfrom dagfactory import load_yaml_dags\nload_yaml_dags(globals())\n"
OTHER = "from airflow.sdk import DAG\nwith DAG('x'): pass\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DAGS, True),
        ("d:\n  tasks:\n  - task_id: a\n    operator: 'x.Y'\n", True),
        ('{"d": {"tasks": {"a": {"operator": "x.Y"}}}}', True),
        ("d:\n  tasks:\n    a:\n      decorator: airflow.sdk.task\n", True),
        ("d:\n  tasks:\n    a: {operator: *bash}\n", True),
        ("d:\n  tasks:\n    a: {operator: $OPERATOR}\n", True),
        ("", False),
        ("tasks: []", False),
        ("tolerations:\n- operator: Exists\ntasks: x\n", False),
        ("- name: a play\n  tasks:\n  - debug: {msg: operator}\n", False),
        ("my_operator: a.b\ntasks: x\n", False),
    ],
)
def test_what_a_search_takes_a_file_for(text: str, expected: bool) -> None:
    assert mentions_tasks(text.encode()) is expected


@pytest.mark.parametrize("name", ["x.yml", "x.yaml", "X.YML", "dags/x.yaml"])
def test_the_format_by_the_name(name: str) -> None:
    assert detect_format(name, b"") == "dag-factory"


def read(root: Path, *paths: str) -> tuple[list[str], list[str]]:
    """Pipelines and codes of the findings."""
    inputs = discover(paths or [str(root)], Search(root=root))
    graphs = [document.graph for reading in read_inputs(inputs, ReadRequest(jobs=1)) for document in reading.documents]
    pipelines = [pipeline.id for graph in graphs for pipeline in graph.pipelines]
    return pipelines, [item.code for graph in graphs for item in graph.diagnostics]


@pytest.mark.parametrize(
    ("files", "pipelines", "codes"),
    [
        ({"x.yml": DAGS}, ["d"], []),
        ({"x.yml": DAGS, "load.py": LOADER}, ["d"], ["DP217"]),
        ({"x.yml": DAGS, "other.py": OTHER}, ["x"], ["DP114"]),
        ({"x.yml": DAGS, "other.py": OTHER, "load.py": LOADER}, ["x", "d"], ["DP217"]),
        ({"x.yml": "a: 1\n", "load.py": LOADER}, [], ["DP217"]),
        ({"x.yml": f"spec:\n  tasks: x\n  operator: {OPERATOR}\n", "load.py": LOADER}, [], ["DP217"]),
        ({"defaults.yml": "default_args: {owner: x}\n", "load.py": LOADER}, [], ["DP217"]),
        ({"x.yml": "d:\n  tasks:\n    a: {operator: x.Y\n", "load.py": LOADER}, [], ["DP217", "DP104"]),
        ({".hidden/x.yml": DAGS}, [], []),
        ({".airflowignore": "*.yml\n", "x.yml": DAGS}, [], []),
    ],
)
def test_searching_a_folder(tmp_path: Path, files: dict[str, str], pipelines: list[str], codes: list[str]) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    assert read(tmp_path) == (pipelines, codes)


@pytest.mark.parametrize(
    ("text", "pipelines", "codes"),
    [(DAGS, ["d"], []), ("a: 1\n", [], ["DP112"]), ("", [], ["DP111"]), ("d: [\n", [], ["DP104"])],
)
def test_a_file_that_is_named(tmp_path: Path, text: str, pipelines: list[str], codes: list[str]) -> None:
    (tmp_path / "x.yaml").write_text(text, "utf-8")
    (tmp_path / "other.py").write_text(OTHER, "utf-8")
    assert read(tmp_path, str(tmp_path / "x.yaml")) == (pipelines, codes)
