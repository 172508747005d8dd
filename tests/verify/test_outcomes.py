"""Outcomes of two pipelines: each change is noticed, with a smallest example; what can't be told is no success."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dagport.graph import Group, Pipeline, Task
from dagport.options import ReadOptions
from dagport.readers.airflow import read
from dagport.semantics.outcomes import Outcomes, simulate
from dagport.source import Source
from dagport.verify.examples import _smaller
from dagport.verify.outcomes import cases_of, clashes, outcomes
from dagport.verify.sides import Side
from tests.semantics.random_graphs import batch
from tests.semantics.written import case

STUB = {"x.Stub", "airflow.operators.python.PythonOperator"}
HEAD = """
from datetime import datetime
from airflow import DAG
from airflow.decorators import task, task_group
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import BranchPythonOperator, ShortCircuitOperator
from airflow.sensors.bash import BashSensor


def choose():
    return "fast"


with DAG("shop", schedule=None, start_date=datetime(2026, 1, 1)) as dag:
"""
SHOP = """
    look = BranchPythonOperator(task_id="look", python_callable=choose)
    fast = BashOperator(task_id="fast", bash_command="true", retries=1)
    slow = BashOperator(task_id="slow", bash_command="true")
    join = EmptyOperator(task_id="join", trigger_rule="none_failed_min_one_success")
    clean = BashOperator(task_id="clean", bash_command="true", trigger_rule="all_done")
    look >> [fast, slow] >> join >> clean
"""
SCOPE = """
    up = BashOperator(task_id="up", bash_command="true").as_setup()
    work = BashOperator(task_id="work", bash_command="true")
    down = BashOperator(task_id="down", bash_command="true").as_teardown()
    report = BashOperator(task_id="report", bash_command="true")
    up >> work >> down
    up >> down
    work >> report
"""
SHORT = """
    check = ShortCircuitOperator(task_id="check", python_callable=choose)
    wait = BashSensor(task_id="wait", bash_command="true", soft_fail=True)
    middle = BashOperator(task_id="middle", bash_command="true")
    last = BashOperator(task_id="last", bash_command="true", trigger_rule="all_done")
    check >> wait >> middle >> last
"""
MAPPED = """
    @task
    def files():
        return [1]

    @task
    def load(file):
        return file

    @task
    def total(loaded):
        return loaded

    total(load.expand(file=files()))
"""
CHANGES = {
    "a rule": (SHOP, '"none_failed_min_one_success"', '"all_success"',
               "join: success in the source, skipped in the target, when `look` chooses `fast`"),
    "a rule behind a branch": (SHOP, ', trigger_rule="all_done")', ")",
               "clean: success in the source, skipped in the target, when `look` chooses nothing"),
    "an edge dropped": (SHOP, "[fast, slow] >> join", "[slow] >> join; look >> fast",
               "join: success in the source, skipped in the target, when `look` chooses `fast`"),
    "an edge added": (SHOP, "    look >> [", "    slow >> fast\n    look >> [",
               "fast: success in the source, skipped in the target, when `look` chooses `fast`"),
    "retries dropped": (SHOP, ", retries=1", "",
               "fast: success in the source, failed in the target, when `look` chooses `fast` and `fast` succeeds "
               "after its first try fails"),
    "retries added": (SHOP, ", retries=1", ", retries=3",
               "fast: failed in the source, success in the target, when `look` chooses `fast` and `fast` succeeds "
               "after its first 3 tries fail"),
    "a branch's task renamed": (SHOP, 'task_id="fast"', 'task_id="quick"',
               "look: success in the source, failed in the target, when `look` chooses `fast`"),
    "a branch that is none": (SHOP, "BranchPythonOperator(", "BashOperator(bash_command='true', ",
               "fast: skipped in the source, success in the target, when `look` chooses nothing"),
    "a setup flag dropped": (SCOPE, ").as_setup()", ")",
               "down: upstream_failed in the source, success in the target, when `up` fails"),
    "a teardown that is none": (SCOPE, ").as_teardown()", ")",
               "down: success in the source, upstream_failed in the target, when `work` fails"),
    "a teardown that fails the run": (SCOPE, "teardown()", "teardown(on_failure_fail_dagrun=True)",
               "the run: success in the source, failed in the target, when `down` fails"),
    "a short circuit that respects rules": (SHORT, "python_callable=choose)",
               "python_callable=choose, ignore_downstream_trigger_rules=False)",
               "last: skipped in the source, success in the target, when the condition of `check` is false"),
    "a sensor that fails": (SHORT, ", soft_fail=True", "",
               "wait: skipped in the source, failed in the target, when `wait` fails for good"),
    "a mapping dropped": (MAPPED, "load.expand(file=files())", "load(files())",
               "load: "),
    "a rule behind a mapped task": (MAPPED, "@task\n    def total", "@task(trigger_rule='all_done')\n    def total",
               "total: skipped in the source, success in the target, when `load` has 0 items"),
}  # fmt: skip
NOT_TOLD = {
    "custom operators": ("    Own(task_id='a') >> Own(task_id='b')", "whether `own.Own` (`a`) skips"),
    "Airflow 1": ("", "no model of Airflow 1.10"),
    "a rule of Airflow 3": (
        "    BashOperator(task_id='a', bash_command='', trigger_rule='all_done_min_one_success')",
        "no trigger rule 'all_done_min_one_success'",
    ),
}


def pipeline(body: str) -> Pipeline:
    source = Source("shop.py", f"from own import Own\n{HEAD}{body or '    pass'}\n")
    [found] = read(source, ReadOptions(airflow_version="2")).pipelines
    return found


@pytest.mark.parametrize(("body", "old", "new", "said"), CHANGES.values(), ids=list(CHANGES))
def test_notices(body: str, old: str, new: str, said: str) -> None:
    changed = body.replace(old, new)
    assert changed != body
    found = outcomes(pipeline(body), pipeline(changed))
    texts = [f"{item.task}: {item.message}" if item.task else item.message for item in found.differences]
    assert any(text.startswith(said) for text in texts), texts
    assert found == outcomes(pipeline(body), pipeline(changed))


@pytest.mark.parametrize("body", [SHOP, SCOPE, SHORT, MAPPED])
def test_the_same(body: str) -> None:
    for version in ("2", "3"):
        found = outcomes(pipeline(body), replace(pipeline(body), engine_version=version))
        assert (found.differences, found.unknown) == ((), None)
        assert found.compared > 8


@pytest.mark.parametrize(("body", "why"), NOT_TOLD.values(), ids=list(NOT_TOLD))
def test_what_nobody_can_tell(body: str, why: str) -> None:
    one = pipeline(body) if body else replace(pipeline(body), engine_version="1.10")
    found = outcomes(one, one)
    assert why in (found.unknown or "")
    assert not found.differences


def test_a_known_operator_of_ones_own() -> None:
    one = pipeline(NOT_TOLD["custom operators"][0])
    assert outcomes(one, one, plain={"own.Own"}).unknown is None


def test_an_item_of_a_group_that_isnt_said_to_be_mapped() -> None:
    one = pipeline("""
    @task
    def load(item):
        return item

    @task_group
    def each(item):
        load(item)

    each.expand(item=[1, 2])
""")
    assert one.groups[0].mapped
    assert outcomes(one, one).unknown is None
    old = replace(one, groups=(replace(one.groups[0], mapped=False),))
    assert "doesn't say which group is mapped" in (outcomes(old, old).unknown or "")


def test_what_airflow_3_does_otherwise() -> None:
    """A branch within a mapped group skips nothing in Airflow 3.3."""
    row = {"name": "x", "tasks": "g.br: branch; g.x", "edges": "g.br > g.x", "does": "g has 2 items"}
    made = case({**row, "ends": "run success"}, "x").pipeline
    groups = tuple(replace(group, mapped=group.id == "g") for group in made.groups)
    old, new = (replace(made, groups=groups, engine_version=version) for version in ("2", "3"))
    [first, *_] = outcomes(old, new, plain={task.operator for task in made.tasks}).differences
    assert first.task == "g.x[0]"
    assert first.message == "skipped in the source, success in the target, when `g.br` chooses nothing"
    assert outcomes(new, new, plain={task.operator for task in made.tasks}).differences == ()


def test_the_run_before() -> None:
    body = SCOPE.replace('task_id="report"', 'task_id="report", depends_on_past=True')
    [first, *_] = outcomes(pipeline(body), pipeline(SCOPE)).differences
    assert first.task == "report"
    assert first.message == "no end in the source, success in the target in the run after, when `report` fails"


def test_a_change_in_a_large_pipeline() -> None:
    """A sample of few outcomes begins with the first tasks; what isn't alike is looked at in any case."""
    lines = [f"    t{number} = BashOperator(task_id='t{number}', bash_command='')" for number in range(150)]
    body = "\n".join([*lines, *(f"    t{number} >> t{number + 1}" for number in range(0, 150, 2))])
    one = pipeline(body)
    other = replace(one, tasks=(*one.tasks[:-1], replace(one.tasks[-1], trigger_rule="all_done")))
    found = outcomes(one, other)
    assert [item.message for item in found.differences] == [
        "upstream_failed in the source, success in the target, when `t148` fails"
    ]
    assert found.compared < 50
    assert outcomes(one, one).differences == ()


def test_the_limit() -> None:
    one = pipeline(SHOP)
    assert outcomes(one, one, 7).compared == 7
    assert outcomes(one, one, 7).space > 7
    whole = outcomes(one, one, 10_000)
    assert whole.compared == whole.space


def made(seed: int, version: str) -> Pipeline:
    """A small random pipeline."""
    found, dictated = batch(seed, 1, version)
    groups = tuple(Group(id=one.id, parent=one.parent, mapped=one.id in dictated.items) for one in found.groups)
    return replace(found, groups=groups, engine_version=version)


def with_rule(task: Task, rule: str) -> Task:
    return replace(task, trigger_rule=rule)


@given(st.integers(0, 10_000), st.sampled_from(["2", "3"]), st.sampled_from(["all_done", "one_failed", "none_failed"]))
@example(1304, "2", "one_failed")  # equal sets of possible states, other states where tasks take equally long
@settings(deadline=None, max_examples=40)
def test_random_changes(seed: int, version: str, rule: str) -> None:
    """No example is wrong or larger than it need be, and no difference is passed over."""
    old = made(seed, version)
    plain = {task.operator for task in old.tasks}
    last = next(task for task in reversed(old.tasks) if not task.teardown)
    if any(edge.downstream == last.id and one.setup for edge in old.edges for one in old.tasks):
        return  # Airflow refuses other rules there
    new = replace(old, tasks=tuple(with_rule(one, rule) if one is last else one for one in old.tasks))
    found = outcomes(old, new, 60, plain)
    assert outcomes(old, old, 60, plain) == replace(found, differences=(), examples=(), unknown=None)
    sides = Side.of(old, plain), Side.of(new, plain)
    for shown, difference in zip(found.examples, found.differences, strict=True):
        task = difference.task.partition("[")[0] if difference.task else None
        assert task in certain(sides, shown)
        assert not any(task in certain(sides, smaller) for smaller in _smaller(shown))
    if not found.differences and not found.unknown:
        for one in cases_of(*sides, 60)[0]:
            assert ended(sides[0], one) == ended(sides[1], one)


def certain(sides: tuple[Side, Side], example: Outcomes) -> set[str | None]:
    return {clash.task for clash in clashes(*sides, example) if clash.certain}


def ended(side: Side, one: Outcomes) -> object:
    found = simulate(side.shape, one, version=side.shape.version)
    return found.states, found.run
