"""Hostile and broken files: never an exception, never a claim."""

from __future__ import annotations

import time
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.readers.airflow.reading import HEADER, graph_of

BODY = """\
with DAG("d") as d:
    a, r = E("a"), flow()
    with TaskGroup("g") as g: E("b")
    import nowhere; u = nowhere.x()
"""
CALLS = (
    "chain", "task", "task()", "dag('z')", "task_group", "Label", "XComArg", "Asset", "Param", "DAG", "TaskGroup",
    "flow",
    "BashOperator", "BashOperator.partial", "BashOperator.partial(task_id='p').expand", "flow.expand", "flow.partial",
    "flow.override", "flow.expand_kwargs", "a.set_upstream", "a.as_setup", "a.as_teardown", "a.add_outlets", "r.map",
    "r.zip", "g.child_id", "g.get_child_by_label", "g.add", "d.get_task", "d.add_task", "d.add_tasks",
    "d.set_dependency",
    "d.param", "d.task", "d.__exit__", "d.nothing", "len", "sorted", "isinstance", "E",
)  # fmt: skip
VALUES = (
    "", "None", "1", "1.5", "float('nan')", "10**400", "'x'", "b'x'", "a", "r", "g", "d", "u", "[]", "[1]", "[a]",
    "[[a]]",
    "{}", "{1: 2}", "{1, 2}", "*u", "**u", "a, r", "1, 2, 3", "x=1", "task_id=1", "task_id='n'", "dag=d", "lambda: 1",
    "setups=[1]", "group_id=1", "schedule=u", "int", "...", "(x for x in [a])", "Label('z')", "retries=[1]", "x=u",
)  # fmt: skip
OPERATIONS = (
    "a >> X", "X >> a", "[a] >> X", "g << X", "r >> X", "a >> Label('l') >> X", "a > X", "with X: pass",
    "for i in X: pass",
    "X[0]", "X()", "X + 1", "f'{X}'", "a.retries = X", "a.task_id = X", "a.dag = X", "a.inlets = X", "d.tags = X",
    "d.params = X", "g.tooltip = X", "DAG('n', schedule=X)", "DAG('n', tags=X)",
    "DAG('n', params={'k': X}, schedule='@daily')",
    "TaskGroup('n', default_args=X)", "E('n', default_args=X)", "E('n', inlets=X)", "task(X)()", "class K(X): pass",
)  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_wrong_calls(call: str) -> None:
    for value in VALUES:
        graph_of(HEADER + BODY + f"    {call}({value})\n")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_wrong_operations(operation: str) -> None:
    for value in VALUES[1:]:
        graph_of(HEADER + BODY + f"    {operation.replace('X', value)}\n")


DEEP = [
    "x = " + "(" * 500 + ")" * 500,
    "x = " + "[" * 90 + "]" * 90,
    "x = " + "-" * 3000 + "1",
    "x = " + " + ".join(["1"] * 3000),
    "x = " + "f(" * 80 + ")" * 80,
    "def f(): return f()\nf()",
    "class A:\n    def __getattr__(self, n): return getattr(self, n)\nA().x",
    "x = []\nx.append(x)\nwith DAG('d', default_args={'a': x}): E('t', params={'x': x}, doc_md=str(x))",
    "x = {}\nx['x'] = x\nwith DAG('d'): flow(x)",
    "while True: pass",
    "x = 'a' * 10**9",
    "x = [0] * 10**9",
    "x = 2 ** 10**8",
    "x = range(10**12)\nlist(x)",
    "from airflow.sdk import *\nwith DAG('e'): E('a')",
    "del DAG, task",
    "with DAG('d'): E('a' * 10**6)",
    "import re\nre.match('(a+)+$', 'a' * 40 + 'b')",
    "\x00",
    "\ufeffx = 1",
    "x = '\\d'",
]


@pytest.mark.parametrize("body", DEEP)
def test_deep_and_endless_files(body: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        graph_of(HEADER + body)


def test_many_tasks() -> None:
    start = time.process_time()
    graph = graph_of(HEADER + "with DAG('d'): chain(*[E(f't{i}') for i in range(2000)])")
    assert len(graph.pipelines[0].tasks) == 2000
    assert graph.pipelines[0].exact
    assert time.process_time() - start < 3


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_mutated_files(data: st.DataObject) -> None:
    lines = (HEADER + BODY + "    a >> r >> g\n").split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        first, second = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        lines[first] = data.draw(
            st.sampled_from([lines[second], "", lines[first] * 2, lines[first].replace("(", "([", 1)])
        )
    graph_of("\n".join(lines))
