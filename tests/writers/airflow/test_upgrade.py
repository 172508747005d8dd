"""Files of Airflow 1 and 2, upgraded in place: ``cases/*.txt`` hold an input, its output and what is said.

``pytest --accept`` writes the outputs again; read them.
"""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path

import pytest

from dagport.options import ReadOptions
from dagport.readers.airflow import read
from dagport.source import Source, parsed
from dagport.translation import Document, WriteOptions
from dagport.writers.airflow import write

CASES = sorted(Path(__file__).with_name("cases").glob("*.txt"))
OUTPUT, FINDINGS = "=== diff\n", "=== said\n"


def told(text: str) -> tuple[str, str]:
    """The difference that an upgrade makes, and its outcomes and findings."""
    source = Source("dags/case.py", text)
    document = Document(source, read(source, ReadOptions(airflow_version="2")))
    written = write([document], WriteOptions(allow_inexact=True))
    new = written.files.get("dags/case.py", text)
    parsed(new)
    diff = "".join(list(unified_diff(text.splitlines(keepends=True), new.splitlines(keepends=True), n=0))[2:])
    said = [f"{item.code} {item.line}:{item.column} {item.message}" for item in written.diagnostics]
    said += [f"{item.task}: {item.fidelity}" for item in written.outcomes]
    return diff, "".join(f"{line}\n" for line in said)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.stem))
def test_case(case: Path, accept: bool) -> None:
    text = case.read_text("utf-8")
    given, _, expected = text.partition(OUTPUT)
    diff, said = told(given)
    found = f"{diff}{FINDINGS}{said}"
    if accept:
        case.write_text(f"{given}{OUTPUT}{found}", "utf-8")
    else:
        assert found == expected


def test_what_is_for_airflow_3_stays() -> None:
    text = "from airflow.sdk import DAG\n\nwith DAG('a', schedule='@daily'):\n    pass\n"
    source = Source("case.py", text)
    document = Document(source, read(source, ReadOptions()))
    assert write([document], WriteOptions()).files == {"case.py": text}


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.stem))
def test_an_upgraded_file_is_upgraded_no_further(case: Path) -> None:
    given = case.read_text("utf-8").partition(OUTPUT)[0]
    source = Source("case.py", given)
    document = Document(source, read(source, ReadOptions(airflow_version="2")))
    once = write([document], WriteOptions(allow_inexact=True)).files["case.py"]
    source = Source("case.py", once)
    document = Document(source, read(source, ReadOptions(airflow_version="3")))
    assert write([document], WriteOptions(allow_inexact=True)).files.get("case.py", once) == once
