"""Reading many files: formats, failures, processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dagport import codec, formats
from dagport.options import ReadOptions
from dagport.project.discovery import Search, discover
from dagport.project.read import ReadRequest, Result, detect_format, read_inputs
from tests.graphs import EMPTY, SALES


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(formats.READERS, "airflow", "tests.project.fakes:read")
    return tmp_path


def read(project: Path, files: dict[str, str | bytes], **request: object) -> list[Result]:
    for path, text in files.items():
        (project / path).write_bytes(text.encode() if isinstance(text, str) else text)
    inputs = discover(sorted(files), Search(root=project))
    return list(read_inputs(inputs, ReadRequest(**request)))  # type: ignore[arg-type]


def said(readings: list[Result]) -> list[tuple[str, list[str], list[str]]]:
    """Of each document its path, its pipelines and the codes of its diagnostics."""
    return [
        (item.graph.path, [p.id for p in item.graph.pipelines], [d.code for d in item.graph.diagnostics])
        for reading in readings
        for item in reading.documents
    ]


def test_one_that_fails_does_not_stop_the_others(project: Path) -> None:
    files: dict[str, str | bytes] = {"a.py": "# dag a", "b.py": b"\xff", "c.py": "crash"}
    files |= {"d.py": "", "e.py": "# dag e", "f.py": "x"}
    readings = read(project, files)
    assert said(readings) == [
        ("a.py", ["a"], []),
        ("b.py", [], ["DP103"]),
        ("c.py", [], ["DP109"]),
        ("d.py", [], ["DP111"]),
        ("e.py", ["e"], []),
        ("f.py", [], ["DP107"]),
    ]
    [crash] = [reading.crash for reading in readings if reading.crash]
    assert (crash.path, crash.error) == ("c.py", "KeyError: 'a bug'")
    assert "fakes.py" in crash.traceback


def test_processes_give_the_same(project: Path) -> None:
    files: dict[str, str | bytes] = {f"f{number:02}.py": f"# dag d{number}\n# doubt d{number}" for number in range(30)}
    files |= {"f07.py": "crash", "f08.py": b"\0"}
    assert said(read(project, files, jobs=3)) == said(read(project, files, jobs=1))


def test_process_that_dies_costs_its_file_only(project: Path) -> None:
    files: dict[str, str | bytes] = {f"f{number}.py": f"# dag d{number}" for number in range(8)}
    files["f3.py"] = "die"
    readings = read(project, files, jobs=2)
    assert [reading.crash.path for reading in readings if reading.crash] == ["f3.py"]
    assert [pipelines for _, pipelines, _ in said(readings)] == [[f"d{n}"] if n != 3 else [] for n in range(8)]


def test_file_that_vanishes_after_the_search(project: Path) -> None:
    (project / "a.py").write_text("# dag a")
    inputs = discover(["a.py"], Search(root=project))
    (project / "a.py").unlink()
    assert said(list(read_inputs(inputs, ReadRequest()))) == [("a.py", [], ["DP101"])]


def test_only_named_files_must_hold_a_pipeline(project: Path) -> None:
    (project / "a.py").write_text("# an airflow dag, it says")
    for paths, codes in ((["."], []), (["a.py"], ["DP107"])):
        inputs = discover(paths, Search(root=project))
        assert said(list(read_inputs(inputs, ReadRequest()))) == [("a.py", [], codes)]


def test_file_with_an_error_is_not_called_empty_too(project: Path) -> None:
    assert said(read(project, {"a.py": "# error"})) == [("a.py", [], ["DP301"])]


def test_json_lines_hold_many(project: Path) -> None:
    text = "".join(json.dumps(codec.to_json(graph)) + "\n" for graph in (SALES, EMPTY))
    [reading] = read(project, {"graphs.jsonl": text})
    assert [item.graph.path for item in reading.documents] == [SALES.path, EMPTY.path]
    assert reading.format == "json"


def test_options_reach_the_reader(project: Path) -> None:
    [reading] = read(project, {"a.py": "x"}, options=ReadOptions(airflow_version="2"))
    assert reading.documents[0].graph.orchestrator == "airflow2"


def test_no_inputs() -> None:
    assert list(read_inputs([], ReadRequest(jobs=4))) == []


@pytest.mark.parametrize(
    ("path", "data", "expected"),
    [
        ("a.py", b'{"schema_version": 1}', "airflow"),
        ("a.json", b"", "json"),
        ("a.JSONL", b"", "json"),
        ("<stdin>", b"", "airflow"),
        ("<stdin>", b"import airflow", "airflow"),
        ("<stdin>", b"[1, 2]", "airflow"),
        ("<stdin>", b'\n {"path": 1}', "json"),
        ("<stdin>", b'[{"path": 1}]', "json"),
        ("<stdin>", b'[\n{\n  "path": 1}]', "json"),
        ("dagfile", b"", "airflow"),
    ],
)
def test_detect_format(path: str, data: bytes, expected: str) -> None:
    assert detect_format(path, data) == expected
