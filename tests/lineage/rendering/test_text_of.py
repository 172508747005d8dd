"""Texts of arguments: what is known before a run, and why the rest isn't."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport.graph import Task
from dagport.values import Call, Code, Ref, Template, Value, XCom
from dagport_lineage.model import GapReason, Unresolved
from dagport_lineage.rendering import text_of
from tests.lineage.rendering.scopes import CONNECTIONS, PARAMS, TASK, VARIABLES, scope
from tests.lineage.rendering.test_partial import rendered, templates

KNOWN = {
    "{{ params.t }}": "orders",
    "raw_{{ params.t }}_{{ params.n }}": "raw_orders_5",
    "{{ params['t'] }}": "orders",
    "{{ params.get('t') }}": "orders",
    "{{ params.t | upper }}": "ORDERS",
    "{{ params.n + 1 }}": "6",
    "{{ params.flag }}": "True",
    "{{ params.m.x }}": "1",
    "{{ params.cols | join(', ') }}": "a, b",
    "{{ params.cols[1] }}": "b",
    "{{ params.own }}": "mine",
    "{{ params.declared }}": "daily",
    "{{ params.by_name }}": "7",
    "{{ params['items'] }}": "goods",
    "{% for c in params.cols %}{{ c }}{% if not loop.last %},{% endif %}{% endfor %}": "a,b",
    "{% set x = params.t %}{{ x }}": "orders",
    "{{ 'a' if params.flag else ds }}": None,
    "{{ var.value.schema }}": "sales",
    "{{ var.value.schema2 }}": "of_environment",
    "{{ var.value.get('schema', 'other') }}": "sales",
    "{{ var.json.config.table }}": "t1",
    "{{ var.json.config['inner']['deep'] | upper }}": "D",
    "{{ var.json.config.list[0] }}": "1",
    "{{ var.json.mixed.table }}": "t2",
    "{{ var.json.mixed.table | upper }}": "T2",
    "{{ conn.shop.host }}:{{ conn.shop.port }}/{{ conn.shop.schema }}": "db.example:5433/shop",
    "{{ conn.get('shop').conn_type }}": "postgres",
    "{{ dag.dag_id }}.{{ task.task_id }}": "d.load.write",
    "{{ ti.task_id }}/{{ task_instance.dag_id }}/{{ dag_run.dag_id }}": "load.write/d/d",
    "a\r\nb\n": "a\r\nb\n",
    "{{ params.t }}\n": "orders",
}
UNKNOWN: dict[str, GapReason] = {
    "{{ ds }}": "template",
    "{{ params.t }}_{{ ds }}": "template",
    "{{ ds is defined }}": "template",
    "{{ params }}": "template",
    "{{ params.nothing }}": "template",
    "{{ params.nothing | default('x') }}": "template",
    "{{ params.items }}": "template",
    "{{ params.password }}": "template",
    "{{ params.required }}": "opaque",
    "{{ params.lost }}": "opaque",
    "{{ var.value.nothing }}": "variable",
    "{{ var.value.get('nothing', 'x') }}": "variable",
    "{{ var.value.api_token }}": "variable",
    "{{ var.value.link }}": "variable",
    "{{ var.json.broken }}": "variable",
    "{{ var.json.mixed }}": "variable",
    "{{ var.json.mixed.password }}": "variable",
    "{{ var.json.config.nothing }}": "template",
    "{{ var.other.x }}": "template",
    "{{ var.value.config.table }}": "template",
    "{{ var }}": "template",
    "{{ conn.nothing.host }}": "connection",
    "{{ conn.bare.host }}": "connection",
    "{{ conn.shop.password }}": "connection",
    "{{ conn.shop.login }}": "connection",
    "{{ conn.shop.extra_dejson.sslkey }}": "connection",
    "{{ conn.shop }}": "template",
    "{{ macros.ds_add(ds, 1) }}": "template",
    "{{ my_macro() }}": "template",
    "{{ ti.xcom_pull('x') }}": "template",
    "{{ params.t | my_filter }}": "template",
    "{{ params.t": "template",
    "{{ 9 ** 9 ** 9 }}": "template",
    "{{ params.t.__class__ }}": "template",
    "{% for i in range(10 ** 9) %}x{% endfor %}": "template",
}


@pytest.mark.parametrize("text", KNOWN)
def test_known(text: str) -> None:
    value: Value = Template(text) if "{" in text else text
    wanted = KNOWN[text]
    found = text_of(value, TASK, scope())
    assert isinstance(found, Unresolved) if wanted is None else found == wanted


@pytest.mark.parametrize("text", UNKNOWN)
def test_unknown(text: str) -> None:
    found = text_of(Template(text), TASK, scope())
    assert isinstance(found, Unresolved)
    assert found.reason == UNKNOWN[text]
    assert text[:40] in found.message


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (XCom("first"), "runtime"),
        (Code("f()", "it isn't followed"), "opaque"),
        (Code("", "why"), "opaque"),
        (Ref("tasks.f"), "opaque"),
        (Call("make"), "opaque"),
        (Call("dagport.project_path", ("dags/x.csv",)), "opaque"),
        (5, "opaque"),
        (None, "opaque"),
        (["a"], "opaque"),
    ],
)
def test_other_values(value: Value, reason: GapReason) -> None:
    found = text_of(value, TASK, scope())
    assert isinstance(found, Unresolved)
    assert found.reason == reason


def test_paths() -> None:
    assert text_of(Call("pathlib.Path", ("/data/x.csv",)), TASK, scope()) == "/data/x.csv"
    assert text_of(Call("pathlib.Path", (Template("/data/{{ params.t }}"),)), TASK, scope()) == "/data/orders"
    assert isinstance(text_of(Call("pathlib.Path", (Template("/{{ ds }}"),)), TASK, scope()), Unresolved)


@pytest.mark.parametrize("name", ["user_defined_filters", "jinja_environment_kwargs"])
def test_settings_of_the_dag_that_change_templates(name: str) -> None:
    found = text_of(Template("{{ params.t | upper }}"), TASK, scope(f"DAG({name}=...)"))
    assert isinstance(found, Unresolved)
    assert name in found.message


def test_own_filters_change_only_what_is_filtered() -> None:
    assert text_of(Template("{{ params.t }}"), TASK, scope("DAG(user_defined_filters=...)")) == "orders"


@pytest.mark.parametrize(
    ("param", "is_known"), [("orders", True), ("'orders'", False), ("2024", True), ("1_000", False), ("007", True)]
)
def test_native_objects(param: str, is_known: bool) -> None:
    native = scope("DAG(render_template_as_native_obj=True)", own_param=param)
    found = text_of(Template("{{ params.own_param }}"), TASK, native)
    assert (found == param) == is_known


def test_params_of_the_task_go_before_those_of_the_dag() -> None:
    task = replace(TASK, arguments={"params": {"t": "mine"}})
    assert text_of(Template("{{ params.t }}"), task, scope()) == "mine"
    lost = replace(TASK, arguments={"params": Code("p", "why")})
    assert isinstance(text_of(Template("{{ params.t }}"), lost, scope()), Unresolved)


@settings(max_examples=150, deadline=None)
@given(st.lists(templates(1), min_size=1, max_size=3).map("".join))
def test_known_texts_are_those_of_a_run(text: str) -> None:
    found = text_of(Template(text), TASK, scope())
    if not isinstance(found, Unresolved):
        assert found == rendered(text)


SECRETS = [text for text in (str(PARAMS), *VARIABLES.values(), *CONNECTIONS.values()) if "hunter" in text]


@pytest.mark.parametrize("text", [*KNOWN, *UNKNOWN, "{{ conn }}", "{{ var.json.mixed | tojson }}", "{{ params|list }}"])
def test_no_secret_is_shown(text: str) -> None:
    assert len(SECRETS) == 6
    shown: list[Any] = [text_of(Template(text), TASK, scope()), scope().deployment]
    assert "hunter" not in repr(shown)


def test_many_templates_are_quick() -> None:
    task: Task = TASK
    for number in range(300):
        assert text_of(Template(f"{{{{ params.t }}}}_{number}"), task, scope()) == f"orders_{number}"
