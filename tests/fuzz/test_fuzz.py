"""The fuzzer finds what it is there to find, and a short run of it finds nothing."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dagport.graph import FileGraph
from dagport.options import Limits
from dagport.readers import airflow
from tests.fuzz.audit import Watch
from tests.fuzz.case import Case, Finding
from tests.fuzz.check import Checker
from tests.fuzz.generate import generated
from tests.fuzz.mutate import of_bytes, of_soup, of_trees
from tests.fuzz.run import run
from tests.fuzz.shrink import shrunk
from tests.fuzz.sweep import sweep
from tests.fuzz.worker import Worker

LIBRARY = Path(json.__file__).parent.parent
CASES = 210  # thirty of each kind


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker()


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.stop()


def test_a_short_run_finds_nothing() -> None:
    outcome = run(0, 5.0, most=CASES)
    assert outcome.tried == CASES
    assert not outcome.findings, outcome.report()


def test_the_inputs_reach_the_reader() -> None:
    """Generated programs are mostly valid, and get as far as pipelines."""
    programs = [generated(seed).text for seed in range(100)]
    assert sum(is_python(text) for text in programs) > 60


def is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


@pytest.mark.parametrize("make", [generated, of_trees, of_bytes, of_soup])
def test_the_same_seed_gives_the_same_input(make: object) -> None:
    assert callable(make)
    assert [make(seed) for seed in range(20)] == [make(seed) for seed in range(20)]
    assert len({make(seed).text for seed in range(20)}) > 15


def test_a_sample_of_the_standard_library() -> None:
    figures = sweep(LIBRARY / "json")
    assert figures.read >= 8
    assert not figures.findings, figures.report()
    figures = sweep(LIBRARY / "concurrent")
    assert not figures.findings, figures.report()
    assert figures.pipelines == 0


# What the checks notice


def kinds(checker: Checker, case: Case) -> list[str]:
    return [finding.kind for finding in checker.check(case).findings]


def test_notices_an_exception(checker: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(airflow, "read", lambda *_: 1 // 0)
    assert kinds(checker, Case("x", "")) == ["raises"]


def test_notices_another_graph(checker: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
    graphs = [FileGraph(path="b", orchestrator="airflow"), FileGraph(path="a", orchestrator="airflow")]
    monkeypatch.setattr(airflow, "read", lambda *_: graphs.pop())
    assert kinds(checker, Case("x", "")) == ["unequal"]


def test_notices_an_invented_pipeline(checker: Checker) -> None:
    text = "from airflow.sdk import DAG\nwith DAG('d'): pass"
    assert kinds(checker, Case("x", text)) == []
    assert kinds(checker, Case("x", text, empty=True)) == ["invented"]


def test_notices_what_takes_too_long(checker: Checker) -> None:
    assert kinds(checker, Case("x", "n = 0\nwhile True:\n    n += 1", limits=Limits(steps=10**9, seconds=-1.6))) == [
        "slow"
    ]


@pytest.mark.parametrize("action", ["open('ran', 'w')", "__import__('os').system('true')", "open('/etc/hostname')"])
def test_notices_a_look_outside(action: str, checker: Checker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    def escaping(*_: object) -> FileGraph:
        exec(action)
        return FileGraph(path="a", orchestrator="airflow")

    monkeypatch.setattr(airflow, "read", escaping)
    assert "escape" in kinds(checker, Case("x", ""))


def test_notices_nothing_while_it_is_off() -> None:
    watch = Watch()
    Path(__file__).open("rb").close()
    with watch.over(None) as seen:
        pass
    assert seen == []


@pytest.mark.parametrize(("text", "kind"), [("die", "died"), ("hang", "slow")])
def test_a_process_that_ends_is_a_finding(
    text: str, kind: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.fuzz.worker.LEAST_PATIENCE", 8.0)
    monkeypatch.setattr("tests.fuzz.worker.PATIENCE", 0.0)
    monkeypatch.setenv("DAGPORT_FUZZ_TRIAL", text)
    assert [finding.kind for finding in worker.check(Case(text, "")).findings] == [kind]
    monkeypatch.delenv("DAGPORT_FUZZ_TRIAL")
    assert worker.check(Case("x", "")).findings == ()
    assert worker.starts == 2


def test_shrinks_to_the_lines_that_matter() -> None:
    def check(case: Case) -> tuple[Finding, ...]:
        return (Finding("raises", "x"),) if "bad" in case.text and "worse" in case.text else ()

    text = "\n".join([*"abcdefg", "bad", *"hijk", "worse", *"lmn"])
    assert shrunk(Case("x", text), Finding("raises", "x"), check).text == "bad\nworse"
