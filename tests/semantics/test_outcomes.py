"""The models of outcomes: every written case, every order of random ones, and what is refused."""

from __future__ import annotations

import random
import time
from itertools import pairwise
from typing import Any, Literal

import pytest

from dagport.graph import Edge, Pipeline, Schedule, Task
from dagport.semantics.outcomes import (
    FAIL,
    SKIP,
    SUCCESS,
    CycleError,
    Outcome,
    Outcomes,
    Shape,
    Step,
    UnknownRuleError,
    predict_airflow,
    predict_dagster,
    predict_prefect,
    predict_runs,
    simulate,
    space_of,
)
from dagport.semantics.outcomes.airflow import Instance, shape_of
from dagport.semantics.outcomes.prefect import Call
from dagport.semantics.outcomes.stubs import airflow_stubs, conf_of
from tests.semantics.random_graphs import batch
from tests.semantics.targets import DagsterCase, PrefectCase, dagster_cases, prefect_cases
from tests.semantics.written import Written, case, written

Version = Literal["2", "3"]
CASES = [(one, version) for one in written() for version in one.versions]


def made(tasks: str, edges: str, does: str = "") -> Written:
    return case({"name": "x", "tasks": tasks, "edges": edges, "does": does}, "x")


@pytest.mark.parametrize(("one", "version"), CASES, ids=[f"{one.name} {version}" for one, version in CASES])
def test_written(one: Written, version: Any) -> None:
    prediction = predict_airflow(one.pipeline, one.outcomes, version=version)
    assert dict(prediction.states) == one.expected
    assert prediction.run == one.run
    assert prediction.depends_on_order == (one.name == "all_success after a failure and a skip at once")


def test_every_order_ends_in_a_state_that_is_predicted() -> None:
    several = 0
    for seed in range(60):
        for version in ("2", "3"):
            pipeline, outcomes = batch(seed, 1, version)
            several += check_orders(pipeline, outcomes, version, random.Random(seed))
    assert several >= 5  # instances that really ended in more than one state


def check_orders(pipeline: Pipeline, outcomes: Outcomes, version: Any, chance: random.Random) -> int:
    """Whether random orders stay within the prediction; how many instances ended in several states."""
    shape = shape_of(pipeline, outcomes, version)
    prediction = predict_airflow(shape, outcomes, version=version)

    def order(_: Shape, running: list[Instance]) -> list[Instance]:
        return chance.sample(running, chance.randint(1, len(running)) if chance.random() < 0.3 else 1)

    reached: dict[Any, set[Any]] = {}
    for _ in range(12):
        found = simulate(shape, outcomes, version=version, order=order)
        assert found.run in prediction.possible_runs
        for key in {*found.states, *prediction.states, *prediction.possible}:
            assert prediction.allows(key, found.states.get(key)), (pipeline.id, version, key)
            reached.setdefault(key, set()).add(found.states.get(key))
    return sum(len(states) > 1 for states in reached.values())


def test_a_failure_and_a_skip_are_a_matter_of_order() -> None:
    one = made("", "a b > j", "a fails; b skips")
    prediction = predict_airflow(one.pipeline, one.outcomes)
    assert prediction.possible == {("j", -1): {"upstream_failed", "skipped"}}
    assert prediction.possible_runs == {"failed", "success"}
    behind = made("d: all_done", "a b > j > d", "a fails; b skips")
    assert ("d", -1) not in predict_airflow(behind.pipeline, behind.outcomes).possible


def test_a_short_circuit_skips_what_does_not_wait_for_it() -> None:
    one = made("sc: short_circuit; j: one_success", "sc > a > j; b > j", "sc false")
    for version in ("2", "3"):
        prediction = predict_airflow(one.pipeline, one.outcomes, version=version)
        assert prediction.possible[("j", -1)] == {"skipped", "success"}


PAST = [
    ("a: depends_on_past", "", ["success", "success"]),
    ("a: depends_on_past", "a fails", ["failed", None]),
    ("a: depends_on_past", "a skips", ["skipped", "skipped"]),
    ("a: depends_on_past", "b fails", ["success", "success"]),
    ("a: wait_for_downstream", "b fails", ["success", None]),
    ("a: wait_for_downstream", "", ["success", "success"]),
    ("", "a fails", ["failed", "failed"]),
]


@pytest.mark.parametrize(("tasks", "does", "states"), PAST)
def test_runs_in_a_row(tasks: str, does: str, states: list[str | None]) -> None:
    one = made(tasks, "a > b > c", does)
    found = predict_runs(one.pipeline, [one.outcomes, one.outcomes])
    assert [prediction.states["a", -1] for prediction in found] == states
    assert found[1].run == ("running" if states[1] is None else found[0].run)


def test_a_run_that_waits_stays_so() -> None:
    one = made("a: depends_on_past", "a > b", "a fails")
    found = predict_runs(one.pipeline, [one.outcomes, Outcomes(), Outcomes()])
    assert [prediction.run for prediction in found] == ["failed", "running", "running"]


REFUSED = [("all_done_min_one_success", "2"), ("dummy", "3"), ("none_failed_or_skipped", "3"), ("some_success", "3")]


@pytest.mark.parametrize(("rule", "version"), REFUSED)
def test_rules_that_a_version_does_not_have(rule: str, version: Version) -> None:
    one = made(f"j: {rule}", "a > j")
    with pytest.raises(UnknownRuleError, match=rf"Airflow {version} has no trigger rule '{rule}'"):
        predict_airflow(one.pipeline, one.outcomes, version=version)


def test_a_cycle_is_refused() -> None:
    one = made("", "a > b > a")
    with pytest.raises(CycleError, match=r"\['a', 'b'\]"):
        predict_airflow(one.pipeline, one.outcomes)


def test_tries_are_counted() -> None:
    one = made(
        "a: retries=2; b: retries=1; m: mapped retries=1",
        "a b",
        "a fails 2 times; b fails; m has 2 items; m[1] fails 1 times",
    )
    prediction = predict_airflow(one.pipeline, one.outcomes)
    assert prediction.tries == {("m_items", -1): 1, ("a", -1): 3, ("b", -1): 2, ("m", 0): 1, ("m", 1): 2}


@pytest.mark.parametrize("one", dagster_cases(), ids=lambda one: one.name)
def test_dagster(one: DagsterCase) -> None:
    prediction = predict_dagster(one.steps, one.outcomes)
    assert dict(prediction.states) == one.expected
    assert prediction.run == one.run
    assert ("running" in prediction.possible_runs) == (one.name == "a skip below an abandoned step")


@pytest.mark.parametrize("one", prefect_cases(), ids=lambda one: one.name)
def test_prefect(one: PrefectCase) -> None:
    prediction = predict_prefect(one.calls, one.outcomes, returns=one.returns, how=one.how)
    assert dict(prediction.states) == one.expected
    assert prediction.run == one.run


def test_targets_have_to_be_in_order() -> None:
    with pytest.raises(ValueError, match="The step b stands before a"):
        predict_dagster([Step(id="b", inputs=(("a",),)), Step(id="a")], Outcomes())
    with pytest.raises(ValueError, match="The call b stands before a"):
        predict_prefect([Call(id="b", takes=(("a", "value"),)), Call(id="a")], Outcomes(), returns=("b",))


def test_a_small_space_is_enumerated_whole() -> None:
    one = made("br: branch; b: retries=1", "br > a b")
    found = space_of(one.pipeline)
    assert (found.rule, found.size, len(found.cases)) == ("all", 5 * 3 * 4, 60)
    assert len({repr(outcomes) for outcomes in found.cases}) == 60
    chosen = {outcomes.of("br").chosen for outcomes in found.cases}
    assert chosen == {("a",), ("b",), ("a", "b"), (), None}


def test_the_space_of_what_is_mapped_has_none_one_and_three_items() -> None:
    one = made("m: mapped", "m > n")
    assert {outcomes.items["m"] for outcomes in space_of(one.pipeline).cases} == {0, 1, 3}
    group = made("g.x", "g.x > n", "g has 1 items")
    assert {outcomes.items["g"] for outcomes in space_of(group.pipeline, mapped_groups=["g"]).cases} == {0, 1, 3}


def test_a_large_space_is_sampled_by_its_rule() -> None:
    pipeline = chain(12)
    found, again = space_of(pipeline, limit=600, seed=3), space_of(pipeline, limit=600, seed=3)
    assert (found.rule, found.size, len(found.cases)) == ("sample", 3**12, 600)
    assert found == again
    assert found != space_of(pipeline, limit=600, seed=4)
    assert found.cases[0] == Outcomes()
    names = [task.id for task in pipeline.tasks]
    for one in names:  # every choice alone, and every pair
        assert any(outcomes == Outcomes(tasks={one: FAIL}) for outcomes in found.cases)
        for other in names:
            if one != other:
                assert any(outcomes.of(one) == FAIL and outcomes.of(other) == SKIP for outcomes in found.cases)


def chain(count: int, width: int = 1) -> Pipeline:
    """Layers of tasks, each before every one of the next."""
    layers = [[f"t{layer}_{place}" for place in range(width)] for layer in range(count // width)]
    rules = ("all_success", "none_failed", "all_done", "one_success", "none_failed_min_one_success")
    tasks = [
        Task(id=one, operator="x.Stub", kind="python", trigger_rule=rules[(number + place) % 5 if number else 0])
        for number, layer in enumerate(layers) for place, one in enumerate(layer)
    ]  # fmt: skip
    pairs = [(up, down) for one, other in pairwise(layers) for up in one for down in other]
    edges = tuple(sorted(Edge(upstream=up, downstream=down) for up, down in pairs))
    return Pipeline(id="chain", exact=True, schedule=Schedule(kind="manual"), tasks=tuple(tasks), edges=edges)


@pytest.mark.parametrize("width", [1, 5, 25])
def test_fifty_tasks_are_quick(width: int) -> None:
    pipeline = chain(50, width)
    shape = Shape.of(pipeline, "3")
    outcomes = Outcomes(tasks={f"t0_{place}": (FAIL, SKIP, SUCCESS)[place % 3] for place in range(width)})
    best = min(timed(shape, outcomes) for _ in range(5))
    assert best < 0.02  # a bound for slow machines; see docs/semantics.md for what it takes


def timed(shape: Shape, outcomes: Outcomes) -> float:
    started = time.perf_counter()
    predict_airflow(shape, outcomes)
    return time.perf_counter() - started


def test_many_doubts_take_no_exponential_time() -> None:
    pipeline = chain(200, 10)
    outcomes = Outcomes(
        tasks={f"t{layer}_{place}": (FAIL, SKIP)[place % 2] for layer in range(20) for place in range(10)}
    )
    started = time.perf_counter()
    predict_airflow(pipeline, outcomes)
    assert time.perf_counter() - started < 2


def test_stubs_are_python_and_dictate_by_conf() -> None:
    one = made("br: branch; m: mapped", "br > m", "br chooses m; m has 3 items; m[1] fails")
    compile(airflow_stubs([(one.pipeline, Shape.of(one.pipeline, "3"))]), "stubs.py", "exec")
    conf = conf_of(Outcomes(tasks={"a": Outcome(failures=2)}, instances={("m", 1): FAIL}, items={"m": 3}))
    assert conf["tasks"]["a"]["failures"] == 2
    assert conf["instances"]["m[1]"]["ends"] == "fail"
    assert conf["items"] == {"m": 3}
