"""Functions that aren't provably the same elsewhere: each is refused, with the reason and the place."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

from dagport.graph import CallableRef
from dagport.rewrite.model import Plan
from dagport.rewrite.module import Module
from dagport.source import Source
from tests.rewrite.world import facts_of, reference, rewritten

SDK = "from airflow.sdk import DAG, Variable, BaseHook, task, get_current_context\n"

FACTS = {
    # the context goes elsewhere
    "printed": ("def f(**context): print(context)", "used as a whole"),
    "passed on": ("def f(**context): g(context)\ndef g(c): ...", "used as a whole"),
    "unpacked": ("def f(**context): g(**context)\ndef g(**c): ...", "used as a whole"),
    "iterated": ("def f(**context): return [k for k in context]", "used as a whole"),
    "asked for a key": ("def f(**context): return 'ds' in context", "used as a whole"),
    "its keys": ("def f(**context): return context.keys()", "used as a whole"),
    "popped": ("def f(**context): return context.pop('ds')", "used as a whole"),
    "computed key": ("def f(k, **context): return context[k]", "used as a whole"),
    "captured": ("def f(**context): return lambda: context", "used as a whole"),
    "a second name in a tuple": ("def f(**c):\n    a, b = c, 1\n    return a['ds']", "used as a whole"),
    "the current context": ("def f(): return get_current_context()", "used as a whole"),
    "rebound": ("def f(**context):\n    context = {}\n    return context['ds']", "another value"),
    "rebound in a loop": ("def f(**context):\n    for context in []: pass", "another value"),
    "changed": ("def f(**context): context['x'] = 1", "the context is changed"),
    "an entry deleted": ("def f(**context): del context['ds']", "the context is changed"),
    "params changed": ("def f(params): params['x'] = 1", "the context is changed"),
    "an entry in a for": ("def f(**c):\n    for c['x'] in []: pass", "the context is changed"),
    "deleted": ("def f(**context): del context", "another value"),
    "another parameter has it": ("def f(params, **context): return context['params']['a']", "used as a whole"),
    "or": ("def f(ti=None, **context):\n    ti = ti or context['ti']\n    return ti.xcom_pull('a')", "another value"),
    "maybe no alias": (
        "def f(x, **c):\n    if x:\n        ti = c['ti']\n    return ti.try_number",
        "may have no value",
    ),
    "another thing too": ("def f(**c):\n    ti = c['ti']\n    ti = 3\n    return ti", "several values"),
    "late alias": ("def f(**c):\n    print(ti)\n    ti = c['ti']", "may have no value"),
    # the task instance
    "ti passed on": ("def f(ti): g(ti)\ndef g(t): ...", "task instance is used as a whole"),
    "ti returned": ("def f(ti): return ti", "task instance is used as a whole"),
    "ti in an f-string": ("def f(ti): return f'{ti}'", "task instance is used as a whole"),
    "its method": ("def f(ti):\n    pull = ti.xcom_pull\n    return pull('a')", "task instance is used as a whole"),
    "ti changed": ("def f(ti): ti.note = 'x'", "the context is changed"),
    # pulls
    "no task": ("def f(ti): return ti.xcom_pull()", "names no task"),
    "no task, a key": ("def f(ti): return ti.xcom_pull(key='a')", "names no task"),
    "None": ("def f(ti): return ti.xcom_pull(None)", "task ids that are known only"),
    "no tasks": ("def f(ti): return ti.xcom_pull([])", "task ids that are known only"),
    "a computed task": ("def f(ti, t): return ti.xcom_pull(t)", "task ids that are known only"),
    "a computed list": ("def f(ti): return ti.xcom_pull([f'a{i}' for i in 'xy'])", "task ids that are known only"),
    "a constant that changes": ("T = 'a'\nT = 'b'\ndef f(ti): return ti.xcom_pull(T)", "task ids that are known only"),
    "a conditional constant": ("if 1:\n    T = 'a'\ndef f(ti): return ti.xcom_pull(T)", "task ids that are known only"),
    "a list that grows": (
        "T = ['a']\nT.append('b')\ndef f(ti): return ti.xcom_pull(T)",
        "task ids that are known only",
    ),
    "a local after its use": ("def f(ti):\n    ti.xcom_pull(t)\n    t = 'a'", "task ids that are known only"),
    "a computed key": ("def f(ti, k): return ti.xcom_pull('a', key=k)", "a key that is known only"),
    "any key": ("def f(ti): return ti.xcom_pull('a', key=None)", "a key that is known only"),
    "another DAG": ("def f(ti): return ti.xcom_pull('a', dag_id='d')", "given dag_id"),
    "earlier runs": ("def f(ti): return ti.xcom_pull('a', include_prior_dates=True)", "given include_prior_dates"),
    "a default": ("def f(ti): return ti.xcom_pull('a', default=3)", "given default"),
    "map indexes": ("def f(ti): return ti.xcom_pull('a', map_indexes=[1])", "given map_indexes"),
    "unknown argument": ("def f(ti): return ti.xcom_pull('a', taks='b')", "no argument taks"),
    "starred arguments": ("def f(ti, a): return ti.xcom_pull(*a)", "arguments that aren't known"),
    # pushes
    "a computed push key": ("def f(ti, k): ti.xcom_push(k, 1)", "a key that is known only"),
    "the return key pushed": ("def f(ti): ti.xcom_push('return_value', 1)", "replaces the returned value"),
    "a push as an expression": ("def f(ti): return ti.xcom_push('a', 1)", "used as an expression"),
    "a push in a lambda": ("def f(ti): return lambda: ti.xcom_push('a', 1)", "used as an expression"),
    "a push in a function": ("def f(ti):\n    def g():\n        ti.xcom_push('a', 1)\n    g()", "in a nested function"),
    "a date of a push": ("def f(ti): ti.xcom_push('a', 1, execution_date=None)", "arguments that aren't known"),
    # Airflow elsewhere
    "deferred": (
        "from airflow.exceptions import TaskDeferred\ndef f(): raise TaskDeferred()",
        "TaskDeferred",
    ),
    "a skip that is caught": (
        "from airflow.exceptions import AirflowSkipException as E\ndef f():\n    try: pass\n    except E: pass",
        "other than by raising",
    ),
    "the class of a poke": (
        "from airflow.sdk import PokeReturnValue\ndef f(x): return isinstance(x, PokeReturnValue)",
        "other than by calling",
    ),
    "caught": (
        "from airflow.exceptions import AirflowException as E\ndef f():\n    try: pass\n    except E: pass",
        "other than by raising",
    ),
    "a hook": ("from airflow.providers.x.hooks.y import Hook\ndef f(): return Hook().run()", "Airflow's"),
    "a hook imported in the body": ("def f():\n    from airflow.providers.x import Hook\n    Hook()", "Airflow's"),
    "the package": ("import airflow\ndef f(): return airflow.__version__", "Airflow's"),
    "a package on top of it": ("from cosmos import X\ndef f(): return X", "Airflow's"),
    "a Variable set": ("def f(): Variable.set('a', 1)", "changed by `set`"),
    "a Variable by a computed name": ("def f(n): return Variable.get(n)", "a name that isn't known"),
    "a default from the context": ("def f(ds): return Variable.get('a', get_current_context()['ds'])", "isn't known"),
    "the Variable class": ("def f(): return Variable", "Airflow's"),
    "a connection by a computed id": ("def f(c): return BaseHook.get_connection(c)", "an id that isn't known"),
    "a Variable at the top": ("B = Variable.get('b')\ndef f(): return B", "`B` can't be carried along"),
    "a constant of it": ("B = Variable.get('b')\nC = [B]\ndef f(): return C", "`C` can't be carried along"),
    "a helper that uses it": ("def g(): return Variable.get('b')\ndef f(): return g()", "`g` can't be carried along"),
    "a helper that imports it": ("def g():\n    import airflow\ndef f(): return g()", "Airflow's"),
    "the DAG": ("with DAG('d') as dag: ...\ndef f(): return dag.dag_id", "`dag`"),
    "a task called in a task": ("@task\ndef g(): ...\ndef f(): return g()", "`g` can't be carried along"),
    "a subclass": ("from airflow.models import X\nclass Y(X): ...\ndef f(): return Y()", "`Y` can't be carried along"),
    # what the module is
    "its file": ("def f(): return __file__", "`__file__`"),
    "a path from its file": ("from pathlib import Path\nD = Path(__file__).parent\ndef f(): return D", "`__file__`"),
    "a relative import": ("from .lib import g\ndef f(): return g()", "relative to its file"),
    "a relative import in the body": ("def f():\n    from . import lib\n    return lib", "relative to its file"),
    "a star": ("from lib import *\ndef f(): return helper()", "may come from"),
    "nothing defines it": ("def f(): return helper()", "isn't defined"),
    "set by a function": ("def g():\n    global N\n    N = 1\ndef f(): return N", "with `global`"),
    "it sets a global": ("N = 0\ndef f():\n    global N\n    N = 1", "sets a global"),
    "it changes a constant": ("C = {}\ndef f(): C['x'] = 1", "changes `C`"),
    "it deletes from a constant": ("C = {}\ndef f(): del C['x']", "changes `C`"),
    "imported twice": ("import a as x\nimport b as x\ndef f(): return x", "several times"),
    "imported and set": ("import x\nx = x.y\ndef f(): return x", "also given another value"),
    "deleted again": ("x = 1\ndel x\ndef f(): return x", "deleted"),
    "changed in a loop over tasks": (
        "C = {}\nfor k in 'ab':\n    C[k] = DAG(k)\ndef f(): return C",
        "`C` can't be carried along",
    ),
    # what the function is
    "a generator": ("def f(): yield 1", "generator"),
    "a generator by yield from": ("def f(): yield from [1]", "generator"),
    "a decorator": ("import functools\n@functools.cache\ndef f(): return 1", "decorator"),
    "a method": ("class A:\n    def f(self): return self.x", "method"),
    "locals": ("def f(ds): return locals()", "`locals`"),
    "eval": ("def f(ds): return eval('ds')", "`eval`"),
    "globals": ("def f(): globals()['x'] = 1", "`globals`"),
}


@pytest.mark.parametrize(("text", "reason"), FACTS.values(), ids=FACTS.keys())
def test_facts_refuse(text: str, reason: str) -> None:
    text = SDK + text
    refusals = facts_of(text).refusals
    assert [item for item in refusals if reason in item.reason], [item.reason for item in refusals]
    result = Module(Source("dags/x.py", text)).rewrite(reference(text, "f"), Plan(name="new", handover="keys"))
    part = Module(Source("dags/x.py", text)).slice(facts_of(text).names)
    assert (result.refusals and result.text == "") or part.refusals


def test_an_outer_name_without_a_value() -> None:
    text = "def make(n):\n    def f():\n        return n\n    return f"
    assert [item.reason for item in facts_of(text).refusals] == [
        "`n` comes from the function around it, and its value isn't known"
    ]
    assert facts_of(text, closure={"n": 3}).refusals == ()
    assert facts_of(text, closure={"n": float("inf")}).refusals != ()


def test_it_sets_an_outer_name() -> None:
    text = "def make(n):\n    def f():\n        nonlocal n\n        n = 2\n    return f"
    assert any("sets `n`" in item.reason for item in facts_of(text, closure={"n": 3}).refusals)


def test_a_callable_of_another_module() -> None:
    module = Module(Source("dags/x.py", "import json"))
    for ref in (
        CallableRef(name="dumps", module="json", span=None),
        CallableRef(name="f", module=None, span=(1, 1, 1, 5)),
        CallableRef(name="f", module=None, span=None),
    ):
        assert module.facts(ref).refusals
        assert module.rewrite(ref, Plan(name="new")).refusals


def test_a_file_that_cannot_be_parsed() -> None:
    module = Module(Source("dags/x.py", "def f(:"))
    ref = CallableRef(name="f", module=None, span=(1, 1, 1, 8))
    assert "can't be parsed" in module.facts(ref).refusals[0].reason
    assert module.rewrite(ref, Plan(name="new")).refusals
    assert module.slice(frozenset({"f"})).refusals


PLANS = {
    "a pull without a stand-in": ("def f(ti): return ti.xcom_pull('load')", {"pulls": {}}, "nothing stands in"),
    "one of two": (
        "def f(ti): return ti.xcom_pull(['load', 'other'])",
        {"pulls": {("load", "return_value"): "load"}},
        "nothing stands in",
    ),
    "a context entry": ("def f(**c): return c['ds']", {"context": {}}, "`ds` of the context"),
    "an engine's entry by get": ("def f(**c): return c.get('ds', 1)", {"context": {}}, "`ds` of the context"),
    "a context parameter": ("def f(ds): return ds", {"context": {}}, "`ds` of the context"),
    "a parameter": ("def f(a): return a", {}, "parameter `a` is given no value"),
    "a Variable": ("def f(): return Variable.get('a')", {"variables": {}}, "the Variable `a`"),
    "a Variable's default": ("def f(): return Variable.get('a', 1)", {"variable_reads": {}}, "the Variable `a`"),
    "a Variable as JSON": ("def f(): return Variable.get('a', deserialize_json=True)", {}, "the Variable `a`"),
    "a connection": ("def f(): return BaseHook.get_connection('a')", {"connections": {}}, "the connection `a`"),
    "an exception": (
        "from airflow.exceptions import AirflowException\ndef f(): raise AirflowException()",
        {"exceptions": {}},
        "AirflowException",
    ),
    "pushes that would be dropped": ("def f(ti): ti.xcom_push('a', 1)", {"handover": "value"}, "would drop"),
    "a result that would be dropped": ("def f(): return 1", {"handover": "nothing"}, "would drop"),
    "no expression": (
        "def f(ti): return ti.xcom_pull('load')",
        {"pulls": {("load", "return_value"): "a b"}},
        "isn't an",
    ),
    "no signature": ("def f(): return 1", {"signature": ("a b",)}, "don't make a signature"),
    "a local of the same name": (
        "def f(ti):\n    load = 1\n    return ti.xcom_pull('load') + load",
        {"pulls": {("load", "return_value"): "load"}, "signature": ("load",)},
        "is a variable of the function",
    ),
    "a local of the same name later in a loop": (
        "def f(ti):\n    for _ in 'ab':\n        x = ti.xcom_pull('load')\n        load = 2\n    return x",
        {"pulls": {("load", "return_value"): "load"}, "signature": ("load",)},
        "is a variable of the function",
    ),
    "a local that may have no value": (
        "def f(ti, ds):\n    if ds:\n        load = ti.xcom_pull('load')[0]\n    return load",
        {"pulls": {("load", "return_value"): "load"}, "signature": ("load",), "bindings": {"ds": "1"}},
        "is a variable of the function",
    ),
    "a comprehension's variable": (
        "def f(ti): return [ti.xcom_pull('load') for load in 'ab']",
        {"pulls": {("load", "return_value"): "load"}, "signature": ("load",)},
        "is a variable of the function",
    ),
    "a nested parameter": (
        "def f(ti): return (lambda load: ti.xcom_pull('load'))(1)",
        {"pulls": {("load", "return_value"): "load"}, "signature": ("load",)},
        "is a variable of the function",
    ),
    "an argument of the same name": (
        "def f(load, ti): return ti.xcom_pull('load'), load",
        {"pulls": {("load", "return_value"): "load"}, "signature": (), "bindings": {"load": "1"}},
        "is an argument of the function",
    ),
    "an argument used by a later one": (
        "def f(a, b): return a, b",
        {"bindings": {"a": "1", "b": "a"}},
        "two meanings",
    ),
    "both quotes in nested f-strings": (
        "T = 'load'\ndef f(ti): return f\"{f'{ti.xcom_pull(T)}'}\"",
        {"pulls": {("load", "return_value"): 'load["x"]'}, "signature": ("load",)},
        "inside an f-string",
    ),
    "a self-documenting f-string": (
        "def f(**c): return f'{c[\"ds\"]=}'",
        {"context": {"ds": "ds"}, "signature": ("ds",)},
        "printed by `=`",
    ),
    "a parameter that hides a helper": (
        "def load(): ...\ndef f(ti): return load(ti.xcom_pull('load'))",
        {"pulls": {("load", "return_value"): "load"}, "signature": ("load",)},
        "would hide",
    ),
    "a parameter that hides a builtin": ("def f(): return len('')", {"signature": ("len",)}, "would hide"),
    "a default of the module": ("A = 1\ndef f(x=A): return x", {"signature": ("A",)}, "the default of `x`"),
    "a return and a push in finally": (
        "def f(ti):\n    try:\n        return 1\n    finally:\n        ti.xcom_push('a', 1)\n        return",
        {},
        "returns and pushes in `finally`",
    ),
    "recursion": ("def f(n=3): return n and f(n - 1)", {"name": "f"}, "calls itself"),
}


@pytest.mark.parametrize(("text", "changes", "reason"), PLANS.values(), ids=PLANS.keys())
def test_plans_that_do_not_fit(text: str, changes: dict[str, Any], reason: str) -> None:
    result = rewritten(SDK + dedent(text), **changes)
    assert result.text == ""
    assert [item for item in result.refusals if reason in item.reason], result.refusals
