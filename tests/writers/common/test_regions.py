"""Regions: what Airflow runs together, so that every task ends in Dagster as it ends in Airflow."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport.graph import DataFlow, DynamicMapping, Edge, Group, Pipeline, Task
from dagport.writers.common.regions import Delegation, delegation_of
from tests.writers.dagster.making import bash, pipeline

State: TypeAlias = Literal["success", "failed", "skipped", "upstream_failed", "not run"]
RULES = (
    "all_success", "all_success", "all_success", "all_done", "one_success", "one_failed", "none_failed",
    "none_failed_min_one_success", "none_skipped", "all_failed", "always",
)  # fmt: skip
OPAQUE = frozenset[str]()


def regions(made: Pipeline, *refused: str, opaque: frozenset[str] = OPAQUE) -> list[str]:
    """The regions, each as a text of its tasks' ids."""
    delegation = delegation_of(made, dict.fromkeys(refused, "no form"), opaque)
    assert {task for region in delegation.regions for task in region} == set(delegation.reasons)
    return [" ".join(region) for region in delegation.regions]


def tasks(names: str, **more: Mapping[str, Any]) -> list[Task]:
    return [bash(name, **dict(more.get(name, {}))) for name in names.split()]


JOIN = {"trigger_rule": "none_failed_min_one_success"}
DONE: dict[str, Any] = {"trigger_rule": "all_done"}
BRANCH = {"kind": "branch"}


@pytest.mark.parametrize(
    ("edges", "more", "refused", "found"),
    [
        pytest.param("a>b b>c", {}, "b", ["b"], id="alone"),
        pytest.param("a>b b>c", {}, "b c", ["b", "c"], id="neighbours stay apart: each can be moved by itself"),
        pytest.param("a>b a>c b>d c>d", {}, "b c", ["b", "c"], id="a diamond"),
        pytest.param(
            "s>k k>a k>b a>j b>j j>e", {"k": BRANCH, "j": JOIN}, "k j", ["k a b j"], id="a branch up to its join"
        ),
        pytest.param("s>k k>a k>b a>x", {"k": BRANCH}, "k", ["k a b x"], id="what may run when the other side fails"),
        pytest.param("s>k k>a a>x x>y", {"k": {"kind": "short_circuit"}}, "k", ["k a"], id="a short circuit"),
        pytest.param("a>b b>c", {"c": DONE}, "c", ["a b c"], id="all_done sees every failure before it"),
        pytest.param("a>b c>d", {"b": DONE}, "b", ["a b"], id="what isn't connected stays"),
        pytest.param("a>b", {"b": {"trigger_rule": "none_failed"}}, "b", ["a b"], id="none_failed"),
        pytest.param("a>b b>c c>d", {"c": JOIN}, "c", ["b c"], id="before a rule that needs a success"),
        pytest.param(
            "s>w w>t s>t t>e", {"s": {"setup": True}, "t": {"teardown": True, **DONE}}, "s t", ["s w t e"],
            id="setup and teardown",
        ),
        pytest.param(
            "s>w w>x", {"s": {"setup": True}}, "s", ["s w x"], id="a setup without a teardown is for all after it"
        ),
        pytest.param("a>b b>c a>c", {"c": JOIN, "a": BRANCH}, "a c", ["a b c"], id="what lies between"),
    ],
)  # fmt: skip
def test_regions(edges: str, more: dict[str, dict[str, Any]], refused: str, found: list[str]) -> None:
    names = dict.fromkeys(name for edge in edges.split() for name in edge.split(">"))
    made = pipeline(*tasks(" ".join(names), **more), edges=edges)
    expected = {frozenset(region.split()) for region in found}
    assert {frozenset(region.split()) for region in regions(made, *refused.split())} == expected


def test_a_mapped_group_runs_together() -> None:
    inside = [bash("g.a", group="g"), bash("g.h.b", group="g.h")]
    groups = (Group(id="g", mapped=True), Group(id="g.h", parent="g"), Group(id="k"))
    made = pipeline(bash("x"), *inside, bash("k.c", group="k"), edges="x>g.a g.a>g.h.b g.h.b>k.c", groups=groups)
    assert regions(made, "g.a", "g.h.b") == ["g.a g.h.b"]


def test_a_reader_of_a_result_that_may_be_missing_runs_with_its_writer() -> None:
    branch = tasks("k a b j c", k=BRANCH, j=JOIN)
    edges = "k>a k>b a>j b>j j>c"
    assert regions(pipeline(*branch, edges=edges), "k", "j") == ["k a b j"]
    flow = DataFlow(upstream="a", downstream="c", key="return_value")
    assert regions(pipeline(*branch, edges=edges, data_flows=(flow,)), "k", "j") == ["k a b j c"]
    sure = DataFlow(upstream="k", downstream="c", key="return_value")
    assert regions(pipeline(*branch, edges=edges, data_flows=(sure,)), "k", "j") == ["k a b j"]


def test_a_reader_of_a_mapped_tasks_results_runs_with_it() -> None:
    mapped = bash("m", mapped=DynamicMapping(over={"bash_command": ["a", "b"]}, literal_length=2))
    data = Edge(upstream="m", downstream="r", kind="data")
    made = pipeline(mapped, bash("r"), edges_made=[data])
    assert regions(made, "m") == ["m"]
    assert regions(made, "m", "r") == ["m r"]


def test_what_an_opaque_task_may_read_is_known() -> None:
    made = pipeline(*tasks("a b c"), edges="a>b b>c")
    delegation = delegation_of(made, {"c": "no form"}, frozenset({"c"}))
    assert delegation.read["c"] == ("a", "b")
    assert delegation_of(made, {"c": "no form"}, OPAQUE).read["c"] == ()


def test_an_opaque_task_runs_with_what_may_have_no_result() -> None:
    made = pipeline(*tasks("k a b j c", k=BRANCH, j=JOIN), edges="k>a k>b a>j b>j j>c")
    assert regions(made, "k", "j", "c", opaque=frozenset({"c"})) == ["k a b j c"]
    assert regions(made, "k", "j", "c") == ["k a b j", "c"]


def test_thousands_of_tasks_take_no_time() -> None:
    names = [f"t{index}" for index in range(1500)]
    chain = " ".join(f"{before}>{after}" for before, after in pairwise(names))
    all_done = pipeline(*(bash(name) for name in names[:-1]), bash(names[-1], **DONE), edges=chain)
    assert len(delegation_of(all_done, {names[-1]: "its rule"}, OPAQUE).regions) == 1
    plain = pipeline(*map(bash, names), edges=chain)
    assert len(delegation_of(plain, dict.fromkeys(names, "no form"), OPAQUE).regions) == len(names)


# How tasks end: Airflow's rules, and Dagster's over the regions


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Pipeline, tuple[str, ...]]:
    """A small graph with trigger rules and branches, and the tasks that have no form."""
    count = draw(st.integers(2, 7))
    names = [f"t{index}" for index in range(count)]
    made = []
    for name in names:
        rule, kind = draw(st.sampled_from(RULES)), draw(st.sampled_from(["bash", "bash", "bash", "branch"]))
        made.append(bash(name, trigger_rule=rule, kind=kind))
    pairs = [(one, other) for index, one in enumerate(names) for other in names[index + 1 :]]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=12))
    found = pipeline(*made, edges=" ".join(f"{one}>{other}" for one, other in edges))
    below = {other for _, other in edges}
    must = [
        task.id for task in made if task.kind == "branch" or (task.trigger_rule != "all_success" and task.id in below)
    ]
    more = draw(st.lists(st.sampled_from(names), unique=True))
    return found, tuple(dict.fromkeys([*must, *more]))


def by_rule(rule: str, before: list[State], chance: random.Random) -> State | None:
    """What a trigger rule makes of a task when all before it have ended; ``None``: it runs (``TriggerRuleDep``)."""
    bad = [state for state in before if state in ("failed", "upstream_failed")]
    good, skipped = before.count("success"), before.count("skipped")
    if rule == "all_success" and bad and skipped:
        return chance.choice(["skipped", "upstream_failed"])  # whichever ended first
    wrong: dict[str, list[tuple[bool, State]]] = {
        "all_success": [(bool(bad), "upstream_failed"), (skipped > 0, "skipped")],
        "none_failed": [(bool(bad), "upstream_failed")],
        "none_failed_min_one_success": [(bool(bad), "upstream_failed"), (skipped == len(before), "skipped")],
        "one_success": [(not good and skipped == len(before), "skipped"), (not good, "upstream_failed")],
        "one_failed": [(not bad, "skipped")],
        "all_failed": [(len(bad) < len(before), "skipped")],
        "none_skipped": [(skipped > 0, "skipped")],
    }
    return next((state for applies, state in wrong.get(rule, []) if applies), None)


def airflow(made: Pipeline, seed: int, only: Mapping[str, State] | None = None) -> dict[str, State]:
    """How every task ends; ``only``: what is known of tasks that aren't run."""
    states: dict[str, State] = {}
    chosen_away: set[str] = set()
    for task in made.tasks:  # each after those before it
        before = [edge.upstream for edge in made.edges if edge.downstream == task.id]
        after = [edge.downstream for edge in made.edges if edge.upstream == task.id]
        chance = random.Random(f"{seed} {task.id}")
        if only is not None and task.id in only:
            states[task.id] = only[task.id]
            continue
        if task.id in chosen_away:
            states[task.id] = "skipped"
            continue
        by = by_rule(task.trigger_rule, [states[one] for one in before], chance) if before else None
        outcomes: list[State] = ["success", "success", "failed", "skipped"]
        states[task.id] = chance.choice(outcomes) if by is None else by
        if task.kind == "branch" and states[task.id] == "success":
            chosen_away |= {one for one in after if chance.random() < 0.5}
    return states


def dagster(made: Pipeline, delegation: Delegation, seed: int) -> dict[str, State]:
    """How every asset ends: a step runs when the steps before it have succeeded and the assets it needs are there."""
    home = {task: region for region in delegation.regions for task in region}
    units = dict.fromkeys(home.get(task.id, (task.id,)) for task in made.tasks)
    states: dict[str, State] = {}
    failed: set[str] = set()
    left = list(units)
    while left:
        unit = next(
            one for one in left
            if all(edge.upstream in states or edge.upstream in one for edge in made.edges if edge.downstream in one)
        )  # fmt: skip
        left.remove(unit)
        needed = {edge.upstream for edge in made.edges if edge.downstream in unit} - set(unit)
        if all(states[one] == "success" and one not in failed for one in needed):
            known: dict[str, State] = {
                task.id: states.get(task.id, "success") for task in made.tasks if task.id not in unit
            }
            found = airflow(made, seed, known)
            states |= {task: found[task] for task in unit}
        else:
            states |= dict.fromkeys(unit, "not run")
        if any(states[task] in ("failed", "upstream_failed") for task in unit):
            failed |= set(unit)
    return states


def shown(states: Mapping[str, State]) -> dict[str, str]:
    """What can be seen in both: made, failed, or neither."""
    return {task: state if state in ("success", "failed") else "neither" for task, state in sorted(states.items())}


@settings(max_examples=300)
@given(graphs(), st.integers(0, 10_000))
def test_every_task_ends_as_in_airflow(graph: tuple[Pipeline, tuple[str, ...]], seed: int) -> None:
    made, refused = graph
    delegation = delegation_of(made, dict.fromkeys(refused, "no form"), OPAQUE)
    assert set(refused) <= set(delegation.reasons)
    assert shown(dagster(made, delegation, seed)) == shown(airflow(made, seed))
