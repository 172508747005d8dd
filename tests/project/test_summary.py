"""The figures of a run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dagport.diagnostics import diagnose
from dagport.graph import FileGraph
from dagport.options import ReadOptions
from dagport.project.summary import rows, share_carried
from dagport.source import Source
from dagport.translation import Document, WriteOptions
from tests.project.fakes import read, write


def documents(*texts: str) -> list[Document]:
    sources = [Source(f"f{number}.py", text) for number, text in enumerate(texts)]
    return [Document(source, read(source, ReadOptions())) for source in sources]


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("dag a x y", 100.0),
        ("dag a x approximate1", 100.0),
        ("dag a x delegated1", 50.0),
        ("dag a manual1", 0.0),
        ("dag a", None),
        ("", None),
        ("dag a x\ndoubt a", 0.0),  # not translated
    ],
)
def test_share(text: str, share: float | None) -> None:
    read_ones = documents(text)
    assert share_carried(rows(read_ones, write(read_ones, WriteOptions()))) == share
    assert share_carried(rows(read_ones, None)) is None


def test_rows() -> None:
    read_ones = documents("dag a x manual1\ndag b y", "doubt c\ndag c z")
    table = rows(read_ones, write(read_ones, WriteOptions()))
    assert [(row.path, row.pipeline, row.exact, row.tasks, len(row.doubts)) for row in table] == [
        ("f0.py", "a", True, 2, 0),
        ("f0.py", "b", True, 1, 0),
        ("f1.py", "c", False, 1, 1),
    ]
    assert [row.fidelities and row.fidelities["manual"] for row in table] == [1, 0, 1]


def test_pipelines_that_share_an_id_share_a_row() -> None:
    read_ones = documents("dag a x\ndag a y z")
    [row] = rows(read_ones, write(read_ones, WriteOptions()))
    assert row.tasks == 3
    assert row.fidelities == {"native": 3, "approximate": 0, "delegated": 0, "manual": 0}


def test_doubts_of_the_file_count_for_each_pipeline_and_notices_for_none() -> None:
    [document] = documents("dag a x\ndag b y")
    found = (diagnose("DP204", "of the file"), diagnose("DP201", "of b", pipeline="b"), diagnose("DP404", "a notice"))
    graph: FileGraph = replace(document.graph, diagnostics=found)
    assert [len(row.doubts) for row in rows([Document(document.source, graph)], None)] == [1, 2]
