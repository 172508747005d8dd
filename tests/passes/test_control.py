"""The projects' rules and what decides about tasks: every rule beside the model, whole pipelines beside it."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any

import pytest

from dagport.graph import Edge, Pipeline, Schedule, Task
from dagport.passes.control import control_of
from dagport.semantics.outcomes import FAIL, RULES, SKIP, SUCCESS, Outcomes, Prediction, predict_airflow
from dagport.writers.common.support.rules import RULES as OWN
from dagport.writers.common.support.rules import Ended, combinations, decide, not_chosen
from tests.passes.gates import Gates
from tests.semantics.random_graphs import batch
from tests.semantics.written import Written, case, written

STATES = ("success", "failed", "skipped", "upstream_failed")
CASES = [one for one in written() if "3" in one.versions]


def made(tasks: str, edges: str, does: str = "") -> Written:
    return case({"name": "x", "tasks": tasks, "edges": edges, "does": does}, "x")


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_on_every_multiset_of_states(rule: str) -> None:
    for count in range(4):
        for states in combinations_with_replacement(STATES, count):
            pipeline, outcomes, rounds = fan_in(rule, states)
            prediction = predict_airflow(pipeline, outcomes)
            upstream = [Ended(f"u{place}", state, round=rounds[state]) for place, state in enumerate(states)]  # type: ignore[arg-type]
            verdict = decide("j", rule, upstream)
            expected = prediction.states["j", -1]
            assert (verdict.state or "success") == expected, states
            assert (verdict.state is None) == (prediction.tries["j", -1] == 1)


def fan_in(rule: str, states: tuple[str, ...]) -> tuple[Pipeline, Outcomes, dict[str, int]]:
    """A task behind some that end in these states; an upstream failure needs a failed task before it."""
    does = {"success": SUCCESS, "failed": FAIL, "skipped": SKIP, "upstream_failed": SUCCESS}
    tasks = [Task(id="bad", operator="x.Stub", kind="python"), Task(id="j", operator="x.Stub", kind="python")]
    tasks[1] = Task(id="j", operator="x.Stub", kind="python", trigger_rule=rule)
    edges = []
    outcomes = {"bad": FAIL}
    for place, state in enumerate(states):
        tasks.append(Task(id=f"u{place}", operator="x.Stub", kind="python"))
        edges.append(Edge(upstream=f"u{place}", downstream="j"))
        outcomes[f"u{place}"] = does[state]
        if state == "upstream_failed":
            edges.append(Edge(upstream="bad", downstream=f"u{place}"))
    pipeline = Pipeline(
        id="p", exact=True, schedule=Schedule(kind="manual"), tasks=tuple(tasks), edges=tuple(sorted(edges))
    )
    return pipeline, Outcomes(tasks=outcomes), {"success": 1, "failed": 1, "skipped": 1, "upstream_failed": 2}


def test_all_rules_are_there() -> None:
    assert set(OWN) == {*RULES, "dummy", "none_failed_or_skipped"}


@pytest.mark.parametrize("first", ["failed", "skipped"])
def test_the_first_of_a_failure_and_a_skip_decides(first: Any) -> None:
    rounds = {"failed": 1, "skipped": 2} if first == "failed" else {"failed": 2, "skipped": 1}
    verdict = decide(
        "j",
        "all_success",
        [Ended("a", "failed", round=rounds["failed"]), Ended("b", "skipped", round=rounds["skipped"])],
    )
    assert verdict.state == ("upstream_failed" if first == "failed" else "skipped")


def test_a_branch_skips_what_it_has_not_chosen() -> None:
    ways = {"a": ("a", "j"), "b": ("b", "j"), "j": ("j",)}
    assert not_chosen("a", ways) == ("b",)
    assert not_chosen(["j"], ways) == ("a", "b")
    assert not_chosen(None, ways) == ("a", "j", "b")
    assert not_chosen("elsewhere", ways, ["elsewhere"]) == ("a", "j", "b")
    with pytest.raises(ValueError, match="'nobody', which isn't there"):
        not_chosen("nobody", ways)
    with pytest.raises(TypeError, match="returns ids of tasks, not 1"):
        not_chosen([1], ways)


def test_what_is_expanded() -> None:
    assert combinations({"x": [1, 2], "y": ["a", "b"]}) == [
        {"x": 1, "y": "a"}, {"x": 1, "y": "b"}, {"x": 2, "y": "a"}, {"x": 2, "y": "b"},
    ]  # fmt: skip
    assert combinations({"pair": {"k": 1}}) == [{"pair": ("k", 1)}]
    assert combinations({"x": []}) == []
    with pytest.raises(TypeError, match="x is expanded over str"):
        combinations({"x": "text"})


@pytest.mark.parametrize("one", CASES, ids=[one.name for one in CASES])
def test_written_cases(one: Written) -> None:
    states, run = Gates(one.pipeline, one.outcomes).run()
    assert (states, run) == (one.expected, one.run)


def test_random_graphs_end_as_predicted() -> None:
    differing: dict[tuple[int, str], object] = {}
    for seed in range(400):
        pipeline, outcomes = batch(seed, 1, "3")
        gates = Gates(pipeline, outcomes)
        states, run = gates.run()
        prediction = predict_airflow(gates.pipeline, outcomes)
        for task in pipeline.tasks:
            found = {index: state for (one, index), state in states.items() if one == task.id}
            if gates.control[task.id].doubt is None and not allowed(task.id, found, prediction):
                expected = {key: state for key, state in prediction.states.items() if key[0] == task.id}
                differing[seed, task.id] = found, expected
        if run not in prediction.possible_runs:
            differing[seed, "run"] = run, prediction.run
    assert not differing


def allowed(task_id: str, found: dict[int, str], prediction: Prediction) -> bool:
    """Whether a task may end so: instance by instance, or marked as a whole where all of its instances end alike."""
    if all(prediction.allows((task_id, index), state) for index, state in found.items()):  # type: ignore[arg-type]
        return True
    return len(set(found.values())) == 1 and prediction.allows((task_id, -1), min(found.values()))  # type: ignore[arg-type]


def uncaught(tasks: str, edges: str, may_skip: tuple[str, ...] = ()) -> list[str]:
    return sorted(
        one for one, control in control_of(made(tasks, edges).pipeline, may_skip).items() if not control.caught
    )


CAUGHT = [
    ("a chain", "", "a > b > c", (), ["a", "b", "c"]),
    ("all_done may run", "d: all_done", "a > b > d", (), ["d"]),
    (
        "a join that takes no failure",
        "br: branch; j: none_failed_min_one_success",
        "br > a b > j",
        (),
        ["a", "b", "br", "j"],
    ),
    ("a join of all_success behind a branch", "br: branch", "br > a b > j", (), ["br", "j"]),
    ("one that may be skipped beside it", "", "a b > j", ("b",), ["b", "j"]),
    ("a teardown", "s: setup; t: teardown", "s > w > t; s > t", (), []),
    ("a teardown that counts", "t: teardown fails_run", "a > t", (), ["t"]),
    ("a short circuit", "sc: short_circuit", "sc > a > b", (), ["a", "b", "sc"]),
    ("a mapped task", "m: mapped", "m > n", (), ["m", "m_items", "n"]),
]


@pytest.mark.parametrize(("name", "tasks", "edges", "may_skip", "expected"), CAUGHT, ids=[one[0] for one in CAUGHT])
def test_whose_failure_is_plain(
    name: str, tasks: str, edges: str, may_skip: tuple[str, ...], expected: list[str]
) -> None:
    assert uncaught(tasks, edges, may_skip) == expected


def test_a_plain_failure_fails_all_behind_it() -> None:
    for seed in range(400):
        pipeline, outcomes = batch(seed, 1, "3")
        gates = Gates(pipeline, outcomes)
        prediction = predict_airflow(gates.pipeline, outcomes)
        failed = {one for (one, _), state in prediction.states.items() if state == "failed"}
        plain = {one for one in failed if not gates.control[one].caught}
        if plain:
            assert "failed" in prediction.possible_runs
        below = {one for one, control in gates.control.items() if plain & set(control.waits)}
        for key in prediction.states:
            if key[0] in below:
                assert prediction.allows(key, "upstream_failed"), (seed, key)
