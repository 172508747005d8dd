"""Hostile programs end soon, in little memory, and run nothing; real limits, in a process that can be killed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fuzz.case import Case, Result
from tests.fuzz.worker import Worker
from tests.safety.cases import cases_of

CANARY = b"open('ran', 'w')\nx = 1\n"
PROJECT = {"canary.py": CANARY, "dags/canary.py": CANARY, "dags/__init__.py": CANARY}
NO_BOUND = {"text doubled by percent"}  # it may also be an unknown text
TASKS_OF_SECONDS = {"30,000 tasks", "endless tasks", "endless edges", "endless DAGs"}


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.stop()


def named(topic: str) -> list[object]:
    """The programs of a topic as parameters."""
    return [pytest.param(case, id=case.name) for case in cases_of(topic)]


def checked(worker: Worker, case: Case) -> Result:
    result = worker.check(case)
    assert not result.findings, "\n".join(finding.detail for finding in result.findings)
    return result


@pytest.mark.parametrize("case", named("giants"))
def test_giants(case: Case, worker: Worker) -> None:
    result = checked(worker, case)
    assert "DP207" in result.codes or case.name in NO_BOUND


@pytest.mark.parametrize("case", named("endless"))
def test_endless(case: Case, worker: Worker) -> None:
    result = checked(worker, case)
    assert "DP301" not in result.codes, "the program isn't what it is meant to be"
    assert result.codes, "something must be said"


@pytest.mark.parametrize("case", named("slow"))
def test_slow(case: Case, worker: Worker) -> None:
    checked(worker, case)


@pytest.mark.parametrize("case", named("pipelines"))
def test_pipelines(case: Case, worker: Worker) -> None:
    result = checked(worker, case)
    if {"DP207", "DP301"} & set(result.codes):
        assert not result.exact


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases_of("runs_code", PROJECT)])
def test_nothing_runs(case: Case, worker: Worker) -> None:
    """The checker reports every audit event of running, writing, connecting, or importing."""
    checked(worker, case)
