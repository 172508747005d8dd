"""The statements of a flow: one line a case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dagport.graph import Pipeline
from dagport.passes.control import control_of
from dagport.writers.prefect.calls import CANCELLED, Given, ItemOf, NoLoopError, Over, ResultOf, TaskCall, statements
from tests.semantics.written import case

# What the tasks are, how they depend on each other, which may skip: the flow's statements.
FLOWS = {
    "a chain of plain tasks": ("", "a > b > c", "", ["a_ = a.submit()", "b_ = b.submit(wait_for=[a_])",
        "c_ = c.submit(wait_for=[b_])", "return [c_]"]),
    "a plain join waits no longer than to the first failure": ("", "a b > c", "", ["a_ = a.submit()", "b_ = b.submit()",
        "c_ = c.submit(wait_for=[a_, b_])", CANCELLED, "wait([a_, b_])", "return [c_]"]),
    "a rule": ("c: all_done", "a b > c", "", ["a_ = a.submit()", "b_ = b.submit()",
        "c_ = c.submit(after=after(a_, b_))", "return [c_]"]),
    "a task that may skip": ("", "a > b > c", "a", ["a_ = a.submit()", "b_ = b.submit(after=after(a_))",
        "c_ = c.submit(after=after(b_))", "return [c_]"]),
    "a branch": ("br: branch; j: none_failed_min_one_success", "br > a j; a > j", "", ["br_ = br.submit()",
        "a_ = a.submit(after=after(chosen(br_, 'a')))", "j_ = j.submit(after=after(a_, chosen(br_, 'j', 'a')))",
        "return [j_]"]),
    "a branch to a group": ("br: branch; g.x", "br > g.x b", "", ["br_ = br.submit()",
        "g_x_ = g_x.submit(after=after(chosen(br_, 'g.x', 'g')))", "b_ = b.submit(after=after(chosen(br_, 'b')))",
        "return [g_x_, b_]"]),
    "a short circuit skips from afar": ("sc: short_circuit; b: all_done", "sc > a > b", "", ["sc_ = sc.submit()",
        "a_ = a.submit(after=after(sc_, stopped_by=[sc_]))", "b_ = b.submit(after=after(a_, stopped_by=[sc_]))",
        "return [b_]"]),
    "a short circuit that asks the rules": ("sc: short_circuit direct; b: all_done", "sc > a > b", "",
        ["sc_ = sc.submit()", "a_ = a.submit(after=after(sc_, stopped_by=[sc_]))", "b_ = b.submit(after=after(a_))",
        "return [b_]"]),
    "a setup, work and a teardown": ("s: setup; t: teardown", "s > w > v > t; s > t", "", ["s_ = s.submit()",
        "w_ = w.submit(wait_for=[s_])", "v_ = v.submit(after=after(w_, setups=[s_]))",
        "t_ = t.submit(after=after(as_setup(s_), v_, scope=[w_]))", CANCELLED, "wait([t_])", "return [v_]"]),
    "a mapped task comes after what needn't wait": ("m: mapped", "m > n; x > y", "", ["m_items_ = m_items.submit()",
        "x_ = x.submit()", "y_ = y.submit(wait_for=[x_])",
        "m_all = expand(m, {'item': m_items_}, after=after(m_items_))", "n_ = n.submit(after=after(*m_all))",
        "return [n_, y_]"]),
    "a mapped group": ("g.x; g.y: all_done", "g.x > g.y > n", "", ["g_items_ = g_items.submit()", "g_x_all = []",
        "g_y_all = []", "for item in each({'item': g_items_}):",
        "    g_x_ = g_x.submit(item=item['item'], after=after(g_items_, item=item))", "    g_x_all.append(g_x_)",
        "    g_y_ = g_y.submit(item=item['item'], after=after(g_x_, item=item))", "    g_y_all.append(g_y_)",
        "n_ = n.submit(after=after(*g_y_all))", "return [n_]"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FLOWS)
def test_statements(name: str) -> None:
    tasks, edges, skips, expected = FLOWS[name]
    mapped = "g has 2 items" if "mapped group" in name else ""
    pipeline = case({"name": name, "tasks": tasks, "edges": edges, "does": mapped}, "x").pipeline
    assert lines(pipeline, skips, bool(mapped)) == [line.replace("'", '"') for line in expected]


def lines(pipeline: Pipeline, skips: str, grouped: bool) -> list[str]:
    """The statements of a graph."""
    groups = tuple(replace(one, mapped=grouped and one.id == "g") for one in pipeline.groups)
    pipeline = replace(pipeline, groups=groups)
    over = Over(arguments={"item": ResultOf(task="g_items")})
    controls = control_of(pipeline, skips.split())
    calls = []
    for task in pipeline.tasks:
        name = task.id.replace(".", "_")
        call = TaskCall(task=task.id, function=name, future=f"{name}_", futures=f"{name}_all")
        if task.mapped:
            call = replace(call, over=Over(arguments={"item": ResultOf(task=f"{task.id}_items")}))
        if controls[task.id].group:
            call = replace(call, arguments={"item": ItemOf(name="item")})
        calls.append(call)
    setups = [task.id for task in pipeline.tasks if task.setup]
    return list(statements(calls, controls, groups={"g": over} if grouped else {}, setups=setups).lines)


def test_results() -> None:
    pipeline = case({"name": "results", "tasks": "c: all_done", "edges": "a > b; a > c"}, "x").pipeline
    given: dict[str, Given] = {"value": ResultOf(task="a"), "size": "3"}
    calls = [TaskCall(task=one, function=one, future=f"{one}_", arguments={} if one == "a" else given) for one in "abc"]
    found = statements(calls, control_of(pipeline))
    assert found.lines == (
        "a_ = a.submit()",
        "b_ = b.submit(value=a_, size=3)",
        "c_ = c.submit(value=allow_failure(a_), size=3, after=after(a_))",
        "return [b_, c_]",
    )
    assert set(found.used) == {"allow_failure", "after"}


def test_a_group_that_is_no_loop() -> None:
    pipeline = case(
        {"name": "torn", "tasks": "g.x; g.y", "edges": "g.x > o > g.y", "does": "g has 2 items"}, "x"
    ).pipeline
    with pytest.raises(NoLoopError):
        lines(pipeline, "", True)
