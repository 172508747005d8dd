"""What is rendered in part gives the same text in the end as what is rendered at once."""

from __future__ import annotations

from time import process_time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from dagport_lineage.rendering import partly_rendered
from tests.lineage.rendering.scopes import PARAMS, TASK, scope

KNOWN = ("params.t", "params.n", "params.flag", "params.m.x", "params.cols", "dag.dag_id", "params['t']")
UNKNOWN = ("ds", "ti.attempt", "run_id", "macros.now")
CONTEXT: dict[str, Any] = {
    "params": PARAMS,
    "dag": {"dag_id": "d"},
    "ds": "2026-01-02",
    "ti": {"attempt": 3},
    "run_id": "manual",
    "macros": {"now": 5},
}

CASES = {
    "select * from {{ params.t }} where d = '{{ ds }}'": "select * from orders where d = '{{ ds }}'",
    "{{ params.t ~ ds }}": "{{ params.t ~ ds }}",
    "{% for c in params.cols %}{{ c }}_{{ ds }}{% if not loop.last %}, {% endif %}{% endfor %}": (
        "a_{{ ds }}, b_{{ ds }}"
    ),
    "{% for k, v in params.m.items() %}{{ k }}={{ v }};{% endfor %}": "x=1;y=2;",
    "{% for c in ti.cols %}{{ c }}{{ params.t }}{{ loop.index }}{% endfor %}": (
        "{% for c in ti.cols %}{{ c }}orders{{ loop.index }}{% endfor %}"
    ),
    "{% for params in ti.all %}{{ params.t }}{% endfor %}": "{% for params in ti.all %}{{ params.t }}{% endfor %}",
    "{% for c in params.cols if c != 'a' %}{{ c }}{% endfor %}": (
        "{% for c in params.cols if c != 'a' %}{{ c }}{% endfor %}"
    ),
    "{% for c in params.cols %}{{ c }}{% else %}none{% endfor %}": (
        "{% for c in params.cols %}{{ c }}{% else %}none{% endfor %}"
    ),
    "{% if params.t == 'orders' %}A{{ ds }}{% else %}B{% endif %}": "A{{ ds }}",
    "{% if params.n > 9 %}x{% elif ds %}{{ params.t }}{% else %}z{% endif %}": (
        "{% if ds %}orders{% else %}z{% endif %}"
    ),
    "{% if ds %}{{ params.t }}{% endif %}": "{% if ds %}orders{% endif %}",
    "{% if ds %}{% set params = 1 %}{% endif %}{{ params.t }}": (
        "{% if ds %}{% set params = 1 %}{% endif %}{{ params.t }}"
    ),
    "{% set x = params.t %}from {{ x }}": "from orders",
    "{% set x = params.t %}{{ x }}{{ x ~ ds }}": "{% set x = params.t %}orders{{ x ~ ds }}",
    "{% for c in params.cols %}{{ c ~ ds }}{{ params.t }}{% endfor %}": (
        "{% for c in params.cols %}{{ c ~ ds }}orders{% endfor %}"
    ),
    "{% set x = ds %}{{ x }}{{ params.t }}": "{% set x = ds %}{{ x }}orders",
    "{% set c = ds %}{% for c in params.cols %}{{ c }}{% endfor %}": "{% set c = ds %}ab",
    "{% set x = params.t %}{% set x = ds %}{{ x }}": "{% set x = params.t %}{% set x = ds %}{{ x }}",
    "{% set x = ds %}{% set y = params.t %}{{ y }}": "{% set x = ds %}orders",
    "{% set x %}a{% endset %}{{ params.t }}": "{% set x %}a{% endset %}{{ params.t }}",
    "{% raw %}{{ params.t }}{% endraw %}{{ params.t }}": "{% raw %}{{ params.t }}{% endraw %}{{ params.t }}",
    "{% macro m() %}{% endmacro %}{{ params.t }}": "{% macro m() %}{% endmacro %}{{ params.t }}",
    "{% include 'x.sql' %}{{ params.t }}": "{% include 'x.sql' %}{{ params.t }}",
    "{# why #}{{ params.t }}": "{# why #}orders",
    "a  {{- params.t -}}  b": "aordersb",
    "{{ params.braces }}": "{{ params.braces }}",  # its value would be read as a template
    "{{ params.nothing }}": "{{ params.nothing }}",
    "{{ params.t": "{{ params.t",
    "{% if params.t %}x": "{% if params.t %}x",
    "plain\r\ntext\n": "plain\ntext",
}


@pytest.mark.parametrize("text", CASES)
def test_cases(text: str) -> None:
    assert partly_rendered(text, TASK, scope()) == CASES[text]


def test_many_passes_leave_the_text_as_it_is() -> None:
    text = "{% for a in params.many %}{% for b in params.many %}{{ a }}{{ ds }}{% endfor %}{% endfor %}"
    assert partly_rendered(text, TASK, scope()) == text


@pytest.mark.parametrize(
    "text",
    [
        "{{ params.t }} " * 50_000,
        "{% for " + " " * 100_000 + " %}",
        "{% if ds %}" * 3_000,
        "{{ " * 50_000,
        "{%" * 50_000,
    ],
    ids=lambda text: text[:12],
)
def test_hostile_texts_stay_as_they_are(text: str) -> None:
    start = process_time()
    assert partly_rendered(text, TASK, scope()) == text
    assert process_time() - start < 5


expressions = st.sampled_from([
    *KNOWN, *UNKNOWN, "params.t | upper", "ds | upper", "params.n + 1", "params.t ~ ds", "x", "params.cols | join('-')",
    "'it''s' ~ params.n", "[params.n, 2]", "params.t if params.flag else ds", "loop.index",
])  # fmt: skip
tests = st.sampled_from([
    "params.flag", "not params.flag", "ds", "params.n > 3", "ds > '2'", "params.t == 'orders'", "x is defined",
    "x == 1", "loop.last", "loop.first", "params.flag and ds",
])  # fmt: skip
iterables = st.sampled_from(["params.cols", "params.m", "[1, 2]", "ds", "params.t", "[]", "params.cols + ['z']"])
names = st.sampled_from(["x", "c", "ds", "params"])


def templates(depth: int) -> st.SearchStrategy[str]:
    text = st.sampled_from(["a ", "\n", "'q' ", "-- {# c #}\n", " , "])
    shown = st.builds("{{{{{0} {1} {2}}}}}".format, st.sampled_from(["", "-"]), expressions, st.sampled_from(["", "-"]))
    bound = st.builds("{{% set {0} = {1} %}}".format, names, expressions)
    leaves = st.one_of(text, shown, bound)
    if depth == 0:
        return leaves
    inner = st.lists(templates(depth - 1), max_size=3).map("".join)
    loops = st.builds("{{% for {0} in {1} %}}{2}{{% endfor %}}".format, names, iterables, inner)
    choices = st.builds("{{% if {0} %}}{1}{{% endif %}}".format, tests, inner)
    longer = st.builds(
        "{{% if {0} %}}{1}{{% elif {2} -%}} {3}{{% else %}}{4}{{% endif %}}".format, tests, inner, tests, inner, inner
    )
    return st.one_of(leaves, loops, choices, longer)


def rendered(text: str) -> str | None:
    """A template as Airflow renders it; ``None`` where it fails."""
    environment = SandboxedEnvironment(undefined=StrictUndefined, extensions=["jinja2.ext.do"])
    try:
        return environment.from_string(text).render(CONTEXT)
    except Exception:  # noqa: BLE001 - whatever a template raises
        return None


@settings(max_examples=200, deadline=None)
@given(st.lists(templates(2), min_size=1, max_size=5).map("".join))
@example(
    "{% if params.flag %}{% endif %}{% for x in ds %}{% set x = params.t %}{% endfor %}{% set params = dag.dag_id %}"
)
def test_the_rest_renders_to_the_same(text: str) -> None:
    text += "."  # a line's end at the end of a template is dropped each time that it is rendered
    whole = rendered(text)
    if whole is not None:
        assert rendered(partly_rendered(text, TASK, scope())) == whole
