"""What ``dagport verify --engine`` can run, and what it says where it can't; without an engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dagport.graph import Group, Pipeline
from dagport.semantics.outcomes import Outcomes
from dagport.verify.pairs import Pair, Told
from dagport.verify.sides import Side
from dagport_adapters.commands.stubbing import dictated, not_stubbed
from dagport_adapters.commands.verifying import on_engines
from tests.verify.test_outcomes import MAPPED, SHOP, pipeline

SEVERAL = """
    @task
    def files():
        return [1]

    @task
    def load(file, other):
        return file

    @task
    def count(file):
        return file

    {0}
"""
UNPREFIXED = """
    from airflow.utils.task_group import TaskGroup
    with TaskGroup("g", prefix_group_id=False):
        EmptyOperator(task_id="a")
"""
NOT_RUN = {
    "another Airflow": (SHOP, {}, "the source is for Airflow 2: name one with --engine 2=PYTHON"),
    "fail_fast": (SHOP, {"fails_fast": {"shop"}}, "`fail_fast`"),
    "refused": (SHOP, {"manual": {"shop": {"slow", "fast"}}}, "refused by the writer: fast, slow"),
    "not modelled": ("    Own(task_id='a') >> Own(task_id='b')", {}, "whether `own.Own`"),
    "an id without its group": (UNPREFIXED, {}, "an id such as `a`"),
    "several lists": (SEVERAL.format("load.expand(file=files(), other=files())"), {}, "results of several tasks"),
}


@pytest.mark.parametrize(("body", "told", "why"), NOT_RUN.values(), ids=list(NOT_RUN))
def test_what_isnt_run_is_unknown(body: str, told: dict[str, object], why: str) -> None:
    one = pipeline(body)
    [verdict] = on_engines([Pair(path="x", source=one, target=one)], {}, 1, Told(**told))  # type: ignore[arg-type]
    assert (verdict.check, verdict.state, verdict.compared) == ("engines", "unknown", 0)
    assert why in str(verdict.unknown)


def test_what_stubs_stand_for() -> None:
    assert not_stubbed(Side.of(pipeline(SHOP))) is None
    assert not_stubbed(Side.of(pipeline(MAPPED))) is None


def items(one: Pipeline, **given: int) -> dict[str, int]:
    side = Side.of(one)
    return dict(dictated((side, side), Outcomes(items=given)).items)


def test_items_of_one_list() -> None:
    one = pipeline(SEVERAL.format("made = files(); load.partial(other=1).expand(file=made); count.expand(file=made)"))
    assert items(one, load=3, count=0) == {"load": 3, "count": 3}
    assert items(one, count=0) == {"load": 1, "count": 1}


def test_items_of_no_result() -> None:
    assert items(pipeline(SEVERAL.format("count.expand(file=[1, 2])")), count=0) == {"count": 2}
    grouped = pipeline(MAPPED)
    tasks = tuple(replace(task, mapped=None, group="g", id=f"g.{task.id}") for task in grouped.tasks)
    grouped = replace(grouped, tasks=tasks, edges=(), groups=(Group(id="g", mapped=True),))
    assert items(grouped, g=3) == {"g": 1}
