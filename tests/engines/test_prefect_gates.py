"""Gated tasks in real Prefect, besides how they end: what they are given, what waits for what, other task runners."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.engines.control_flows import write_support
from tests.engines.environments import Environment, environment

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("prefect_gates")]
SCRIPT = Path(__file__).parent / "inside" / "prefect_gates.py"


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("gates")
    write_support(folder)
    engine: Environment = environment("prefect-host")
    found: dict[str, Any] = json.loads(engine.run([SCRIPT, folder], timeout=200).stdout)
    return found


def test_results_that_are_not_there_are_nothing(facts: dict[str, Any]) -> None:
    assert facts["joined"] == ["given", None]
    assert facts["gathered"] == [None, None]
    assert facts["states"] == ["Skipped", "NotReady"]


def test_upstreams_are_the_inputs_that_prefect_shows(facts: dict[str, Any]) -> None:
    assert facts["upstreams"] is True


def test_what_can_not_run_calls_no_failure_hook(facts: dict[str, Any]) -> None:
    assert facts["arguments_ends"] == ["COMPLETED", ["left"]]


def test_no_gate_holds_up_the_flow(facts: dict[str, Any]) -> None:
    assert facts["submitted"] is True
    assert facts["free"] is True


def test_what_fails_for_good_or_can_not_run_is_not_tried_again(facts: dict[str, Any]) -> None:
    assert facts["for_ever_ends"] == ["FAILED", ["for_good", "plainly_for_good"]]


def test_mapping(facts: dict[str, Any]) -> None:
    assert facts["mapped"] == {
        "runs": ["Completed", "Skipped", "Completed"],
        "product": [[1, ["k", "v"]], [2, ["k", "v"]]],
        "dicts": [[1, None], [2, 3]],
        "again": [[4, None]],  # one item of each that has handed over a result: one was skipped, one returned nothing
        "first": [4],
        "items": [{"a": 1}, {"a": 2}, {"b": 1}, {"a": None}],
        "empty": ["Skipped"],
        "lost": ["Failed", "NotReady"],
    }
    assert facts["mapped_ends"] == ["COMPLETED", ["nothing", "nothing"]]


def test_a_flow_that_returns_early_cancels_retries(facts: dict[str, Any]) -> None:
    assert facts["left_behind_ends"] == ["FAILED", ["try"]]
    assert facts["waited_for_ends"] == ["FAILED", ["try", "try"]]


def test_one_thread_and_other_processes_end_alike(facts: dict[str, Any]) -> None:
    assert facts["runs"] == ["COMPLETED", "COMPLETED"]
    assert facts["runners"] == [["Completed", "Completed", "Skipped", "Completed"]] * 2
