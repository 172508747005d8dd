"""Templates: what they refer to, and their Python form against Jinja's own rendering."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from dagport.passes.templates import has_template, parsed_refs, plain_refs, refs, to_python
from dagport.pycode import requoted, text_constant

REFS = {
    "plain": ("echo hi", ()),
    "single braces": ("{ ds }", ()),
    "a name": ("{{ ds }}", ("ds",)),
    "sorted and once": ("{{ ts }}{{ ds }}{{ ts }}", ("ds", "ts")),
    "a method": ("{{ data_interval_start.strftime('%Y') }}", ("data_interval_start",)),
    "a filter": ("{{ logical_date | ds }}", ("logical_date",)),
    "a filter of the DAG's own": ("{{ ds | mine(run_id) }}", ("ds", "run_id")),
    "a param": ("{{ params.rate }}", ("params.rate",)),
    "a param by item": ("{{ params['rate'] }}", ("params.rate",)),
    "a param by a computed item": ("{{ params[ds] }}", ("ds", "params")),
    "params as a whole": ("{{ params }}", ("params",)),
    "a Variable": ("{{ var.value.bucket }}", ("var.bucket",)),
    "a Variable as JSON": ("{{ var.json.options.depth }}", ("var.options",)),
    "a Variable by get": ("{{ var.value.get('bucket', ds) }}", ("ds", "var.bucket")),
    "a Variable by a computed name": ("{{ var.value[ds] }}", ("ds", "var")),
    "a connection": ("{{ conn.lake.host }}", ("conn.lake",)),
    "a connection by get": ("{{ conn.get('lake').host }}", ("conn.lake",)),
    "a pull": ("{{ ti.xcom_pull(task_ids='a', key='k') }}", ("xcom:a.k",)),
    "a pull by position": ("{{ task_instance.xcom_pull('a') }}", ("xcom:a.return_value",)),
    "a pull of several": ("{{ ti.xcom_pull(['a', 'b']) }}", ("xcom:a.return_value", "xcom:b.return_value")),
    "an item of a pull": ("{{ ti.xcom_pull('a')['x'] }}", ("xcom:a.return_value",)),
    "a pull in a group": ("{{ ti.xcom_pull('g.a') }}", ("xcom:g.a.return_value",)),
    "a pull of no task": ("{{ ti.xcom_pull(key='k') }}", ("ti",)),
    "a pull of a computed task": ("{{ ti.xcom_pull(params.t) }}", ("params.t", "ti")),
    "a pull of another DAG": ("{{ ti.xcom_pull('a', dag_id='d') }}", ("ti",)),
    "a pull of earlier runs": ("{{ ti.xcom_pull('a', include_prior_dates=True) }}", ("ti",)),
    "an attribute of the task instance": ("{{ task_instance.try_number }}", ("ti.try_number",)),
    "the run's conf": ("{{ dag_run.conf['x'].y }}", ("dag_run.conf",)),
    "a macro": ("{{ macros.ds_add(ds, params.n) }}", ("ds", "macros.ds_add", "params.n")),
    "a macro's module": ("{{ macros.datetime.now() }}", ("macros.datetime",)),
    "a statement": ("{% if ds %}{{ run_id }}{% endif %}", ("ds", "run_id")),
    "a loop": ("{% for x in params.l %}{{ x }}{{ loop.index }}{{ y }}{% endfor %}", ("params.l", "y")),
    "a name that is set": ("{% set x = ds %}{{ x.y }}", ("ds",)),
    "a builtin": ("{% for x in range(3) %}{{ x }}{% endfor %}", ()),
    "a comment": ("{# ds #}", ()),
    "do": ("{% do l.append(ds) %}", ("ds", "l")),
    "a user's macro": ("{{ mine(ds) }}", ("ds", "mine")),
}
BAD = ["{{ ds", "{% if %}", "{{ }}", "{% endif %}", "{{ a b }}", "{% unknown %}", "{{ 'a }}"]


@pytest.mark.parametrize(("text", "expected"), REFS.values(), ids=REFS.keys())
def test_refs(text: str, expected: tuple[str, ...]) -> None:
    assert refs(text) == expected


@pytest.mark.parametrize("text", BAD)
def test_not_a_template(text: str) -> None:
    assert refs(text) is None
    assert to_python(text, {}) is None


def test_has_template() -> None:
    assert all(map(has_template, ["{{ a", "{% a", "{# a"]))
    assert not any(map(has_template, ["", "{", "}}", "{ {"]))


def test_plain_text_needs_no_jinja() -> None:
    code = (
        "import sys; from dagport.passes.templates import refs, to_python; refs('a'); to_python('a', {}); "
        "sys.exit('jinja2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TaskInstance:
    def xcom_pull(self, task_ids: Any = None, dag_id: Any = None, key: str = "return_value") -> Any:
        if isinstance(task_ids, list):
            return [RESULTS[task_id, key] for task_id in task_ids]
        return RESULTS[task_ids, key]


class Lookup(dict[str, Any]):
    def __getattr__(self, name: str) -> Any:
        return self[name]


CONTEXT_VARIABLES = Lookup(bucket="b")


RESULTS = {
    ("load", "return_value"): {"rows": [1, 2], "who": "A"},
    ("load", "path"): "/a b",
    ("none", "return_value"): None,
}
PARAMS = {"rate": 0.5, "n": 3, "name": "x\ty", "none": None, "list": [1, "a"]}
DATE = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
CONTEXT = {
    "ds": "2026-03-04",
    "run_id": "r'1\"",
    "logical_date": DATE,
    "params": PARAMS,
    "dag_run": {"conf": {"x": {"y": 1}, "z": "w"}},
    "ti": TaskInstance(),
    "var": {"value": CONTEXT_VARIABLES, "json": Lookup(options={"depth": 3})},
    "conn": {"lake": {"host": "h"}},
    "macros": {"ds_add": lambda ds, days: ds_add(ds, days)},
}
EXPRESSIONS = {
    "ds": 'context["ds"]',
    "run_id": "context['run_id']",
    "prev_ds": "last_day",
    "logical_date": "context['logical_date']",
    **{f"params.{name}": f'context["params"]["{name}"]' for name in PARAMS},
    "dag_run.conf": 'context["dag_run"]["conf"]',
    "xcom:load.return_value": "results['load', 'return_value']",
    "xcom:load.path": "results['load', 'path']",
    "xcom:none.return_value": "results['none', 'return_value']",
    "var.bucket": "'b' or ''",
    "var.json.options": '{"depth": 3}',
    "var.value.get.bucket": "CONTEXT_VARIABLES.get('bucket', __default__)",
    "conn.lake.host": '"h"',
    "macros.ds_add": "ds_add",
}

SAME = {
    "plain": "echo hi",
    "a line end": "echo hi\n",
    "two line ends": "echo hi\n\n",
    "windows line ends": "a\r\nb\rc {{ ds }}\r\n",
    "a name": "{{ ds }}",
    "text around": "a {{ ds }} b {{ run_id }} c",
    "lines": "SELECT *\nFROM t\nWHERE d = '{{ ds }}'\n  AND n > {{ params.n }}\n",
    "lines and none after": "{{ ds }}\n\n",
    "braces": "{x} {{ ds }} {y}} {",
    "quotes": """'a' "b" '''c''' \"\"\"d\"\"\" {{ ds }}""",
    "backslashes": "a\\b \\n \t \x00 é \u2028 {{ ds }}",
    "None": "{{ params.none }}",
    "nothing pulled": "{{ ti.xcom_pull('none') }}",
    "numbers": "{{ params.rate }} {{ params.n }} {{ 1 }} {{ 2.50 }} {{ true }} {{ none }}",
    "a list": "{{ params.list }} {{ params.list[1] }}",
    "a constant": """{{ 'a"b' }} {{ "c'd" }} {{ 'e"\\'' }}""",
    "arithmetic": "{{ params.n * 2 + 1 }} {{ params.n - 1 }} {{ -params.n }} {{ 7 // 2 }} {{ 2 ** 3 }} {{ 7 % 4 }}",
    "comparison": "{{ params.n > 2 }} {{ 1 < params.n <= 3 }} {{ ds == 'x' }} {{ 'a' in params.list }}",
    "conditions": "{{ 'big' if params.n > 2 else 'small' }} {{ not params.n }} {{ params.none or 'd' }}",
    "concatenation": "{{ ds ~ '_' ~ params.n }}{{ 'a' + ds }}",
    "white space control": "a  {{- ds -}}  b",
    "comments": "a{# no #}b {{ ds }}",
    "raw": "{% raw %}{{ ds }}{% endraw %}",
    "text methods": "{{ ds.replace('-', '/') }} {{ ds.split('-')[0] }} {{ ds.upper().lower() }}",
    "slices": "{{ ds[:4] }}{{ ds[5:7] }}{{ ds[-2:] }}{{ ds[::2] }}{{ ds[0] }}",
    "dates": "{{ logical_date.strftime('%Y%m') }} {{ logical_date.isoformat() }} {{ logical_date.year }}",
    "filters": "{{ run_id | upper }} {{ params.n | string }} {{ params.name | trim | lower }} {{ ds | length }}",
    "replace": "{{ ds | replace('-', '') }} {{ params.n | replace('3', 'x') }}",
    "join": "{{ params.list | join(', ') }}",
    "a pull": "{{ ti.xcom_pull('load') }} {{ ti.xcom_pull(task_ids='load', key='path') }}",
    "parts of a pull": "{{ ti.xcom_pull('load')['rows'][0] }} {{ ti.xcom_pull('load').who }}",
    "several pulls": "{{ ti.xcom_pull(['load', 'none']) }}",
    "conf": "{{ dag_run.conf['x'].y }}{{ dag_run.conf.z }}",
    "a Variable": "{{ var.value.bucket }} {{ var.value.bucket.upper() }}",
    "a Variable as JSON": "{{ var.json.options.depth }}",
    "a connection": "{{ conn.lake.host }}",
    "a macro": "{{ macros.ds_add(ds, -7) }} {{ macros.ds_add(ds, days=params.n) }}",
    "a list of its own": "{{ [ds, params.n] }}",
    "a choice": "{% if params.n > 2 %}big{% else %}small{% endif %}{% if params.none %}x{% endif %}",
    "a choice in a choice": (
        "{% if params.none %}{{ 'a' if ds == 'x' else 'b' }}{% else %}{{ 'c' if ds == 'x' else 'd' }}{% endif %}"
        "{% if params.n %}{{ 'e' if ds == 'x' else 'f' }}{% else %}{{ 'g' if ds else 'h' }}{% endif %}"
    ),
    "a loop": "{% for x in params.list %}{{ x }} {{ ds }}\n{% endfor %}",
    "a loop that counts": "{% for x in params.list %}{{ loop.index }}{{ x }}{% endfor %}",
    "a range": "{% for i in range(params.n) %}{{ i }}{% endfor %}",
    "a name that is set": "{% set x = ds %}{{ x }}{{ x.upper() }}",
    "a default that isn't needed": "{{ params.none | default('x') }}{{ params.none | default('x', true) }}",
    "a Variable by get": "{{ var.value.get('bucket', 'd') }}{{ var.value.get('bucket') }}",
    "a Variable by get as JSON": "{{ var.json.get('options').depth }}",
}  # fmt: skip


def render(text: str) -> str:
    """As Airflow renders, with its own filters where a case uses them."""
    environment = SandboxedEnvironment(undefined=StrictUndefined, extensions=["jinja2.ext.do"], cache_size=0)
    environment.filters.update(ds=lambda d: d.strftime("%Y-%m-%d"), ts=lambda d: d.isoformat())
    environment.filters.update(
        ds_nodash=lambda d: d.strftime("%Y%m%d"), ts_nodash=lambda d: d.strftime("%Y%m%dT%H%M%S")
    )
    return environment.from_string(text).render(CONTEXT)


def ds_add(ds: str, days: int) -> str:
    return f"{ds}+{days}"


def evaluate(source: str) -> Any:
    names = {"context": CONTEXT, "results": RESULTS, "ds_add": ds_add, "CONTEXT_VARIABLES": CONTEXT_VARIABLES}
    return eval(source, names)


@pytest.mark.parametrize("text", SAME.values(), ids=SAME.keys())
def test_python_gives_the_same_text(text: str) -> None:
    source = to_python(text, EXPRESSIONS)
    assert source is not None
    assert evaluate(source) == render(text)


def test_airflows_filters() -> None:
    text = (
        "{{ logical_date | ds }} {{ logical_date | ds_nodash }} {{ logical_date | ts }} {{ logical_date | ts_nodash }}"
    )
    source = to_python(text, EXPRESSIONS)
    assert source is not None
    assert evaluate(source) == render(text)


NO_PYTHON = {
    "unknown": "{{ nothing }}",
    "a param that isn't known": "{{ params.other }}",
    "a pull that isn't known": "{{ ti.xcom_pull('other') }}",
    "one of several pulls": "{{ ti.xcom_pull(['load', 'other']) }}",
    "a pull of another DAG": "{{ ti.xcom_pull('load', dag_id='d') }}",
    "the task instance": "{{ ti }}",
    "a date as text": "{{ logical_date }}",
    "a date joined to a text": "{{ logical_date ~ '' }}",
    "an attribute of a text": "{{ ds.x }}",
    "a method as an item": "{{ dag_run.conf.items }}",
    "a method of data": "{{ params.list.append(1) }}",
    "a private name": "{{ ds.__class__ }}",
    "a function": "{{ range(3) }}",
    "an unknown filter": "{{ ds | mine }}",
    "a condition without else": "{{ 'a' if ds }}",
    "a Variable by get that isn't known": "{{ var.value.get('other', 'd') }}",
    "a Variable by a name that is computed": "{{ var.value.get(ds) }}",
    "a loop with else": "{% for x in params.list %}{{ x }}{% else %}none{% endfor %}",
    "a recursive loop": "{% for x in params.list recursive %}{{ x }}{% endfor %}",
    "how long a loop is": "{% for x in params.list %}{{ loop.length }}{% endfor %}",
    "a loop that counts what is left": "{% for x in params.list if x %}{{ loop.index }}{% endfor %}",
    "a loop in a loop that both count": (
        "{% for x in params.list %}{{ loop.index }}{% for y in params.list %}{{ loop.index }}{% endfor %}{% endfor %}"
    ),
    "a loop's variable that hides the context": "{% for ds in params.list %}{{ ds }}{% endfor %}",
    "a loop's variable that the Python uses": "{% for context in params.list %}{{ ds }}{% endfor %}",
    "a loop over a date": "{% for x in logical_date %}{{ x }}{% endfor %}",
    "a name that one branch sets": "{% if ds %}{% set x = ds %}{% endif %}{{ x }}",
    "a name that means something else": "{% set ds = 'x' %}{{ ds }}",
    "a block that is set": "{% set x %}a{% endset %}{{ x }}",
    "a macro of its own": "{% macro m() %}a{% endmacro %}{{ m() }}",
    "include": "{% include 'x' %}",
    "do": "{% do params.list.append(1) %}",
    "a macro that isn't called": "{{ macros.other }}",
    "a date's method that isn't known": "{{ logical_date.diff_for_humans() }}",
    "a date's weekday of pendulum's": "{{ logical_date.day_of_week }}",
    "months between dates as text": "{{ logical_date - logical_date }}",
    "a date and a number": "{{ logical_date + 1 }}",
    "a date beside a text": "{{ logical_date == ds }}",
    "a list of dates": "{{ [logical_date] }}",
    "a date as JSON": "{{ logical_date | tojson }}",
    "a default for what may be missing": "{{ dag_run.conf.z | default('d') }}",
    "a filter with an option": "{{ params.n | int(7) }}",
    "a Variable as JSON, only known as text": "{{ var.json.bucket }}",
    "a test": "{{ ds is defined }}",
    "JSON and a text, which is escaped": "{{ (params.list | tojson) + '<' }}",
    "a text and JSON by a name": "{% set j = params.list | tojson %}{{ '<' + j }}",
    "JSON's methods, which escape": "{{ (params.list | tojson).replace('[', '<') }}",
    "JSON that stays so": "{{ (params.list | tojson | trim) + '<' }}",
    "JSON or a text": "{{ ((params.list | tojson) if ds else '<') + '>' }}",
    "JSON in a list": "{{ [params.list | tojson] }}",
    "JSON given to a macro": "{{ macros.ds_add(params.list | tojson, 1) }}",
    "an endless number": "{{ 1e999 }}",
    "a clock that is read twice": "{% set t = macros.datetime.now() %}{{ t }} {{ t }}",
    "a loop's variable with a helper's name": "{% for as_int in params.list %}{{ as_int | int }}{% endfor %}",
    "a loop's variable with a filter's name": "{% for tojson in params.list %}{{ tojson | tojson }}{% endfor %}",
    "a whole object": "{{ params }}",
    "a connection": "{{ conn.lake.port }}",
}


@pytest.mark.parametrize("text", NO_PYTHON.values(), ids=NO_PYTHON.keys())
def test_no_python(text: str) -> None:
    assert to_python(text, EXPRESSIONS) is None


LOOKS = {
    "{{ ds }}/x": "f\"{context['ds']}/x\"",
    "a\nb {{ params.n + 1 }}": "(\"a\\n\"\nf\"b {context['params']['n'] + 1}\")",
    "{{ ds }}": 'context["ds"]',
    "{{ ds }}\n": 'context["ds"]',
    "{{ ds.upper() }}": 'context["ds"].upper()',
    "{{ prev_ds }}": 'f"{last_day}"',
    "{{ prev_ds | lower }}{{ prev_ds ~ 'x' }}": "f\"{str(last_day).lower()}{str(last_day) + 'x'}\"",
    "{{ prev_ds if ds else run_id }}": "f\"{last_day if context['ds'] else context['run_id']}\"",
    "{{ params.list | tojson }}": 'tojson(context["params"]["list"])',
    "{{ params.n }}": "f\"{context['params']['n']}\"",
    "plain 'text'": "\"plain 'text'\"",
    "": '""',
}


@pytest.mark.parametrize(("text", "expected"), LOOKS.items())
def test_how_it_looks(text: str, expected: str) -> None:
    assert to_python(text, EXPRESSIONS) == expected


PIECES = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["{{ ds }}", "{{ run_id }}", "{{ params.n }}", "{{- ds }}", "{{ 'q\"' }}", "\n", "'", '"', "\\", "{", "}"]
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=8))
def test_any_text(pieces: list[str]) -> None:
    text = "".join(pieces)
    source = to_python(text, EXPRESSIONS)
    if source is not None:
        assert evaluate(source) == render(text)


@given(st.text())
def test_text_constant(text: str) -> None:
    assert eval(text_constant(text)) == text


@given(st.lists(st.text(), max_size=4), st.sampled_from("'\""))
def test_requoted(texts: list[str], quote: str) -> None:
    source = repr(texts)
    assert eval(requoted(source, quote)) == texts


BITS = [
    *(
        "{{",
        "}}",
        "{%",
        "{#",
        "#}",
        "%}",
        "{",
        "}",
        " ",
        "-",
        "\n",
        ".",
        "(",
        ")",
        ", ",
        "|",
        "=",
        "\\",
        "1",
        "'a'",
        '"b"',
    ),
    *("ds", "ti", "task_instance", "var", "value", "json", "conn", "x", "params", "dag_run", "macros.ds_add", "get"),
    *("not", "loop", "range", "self", "if", "none", "set", ".xcom_pull", "task_ids=", ", key="),
]
WORDS = st.sampled_from(
    [
        "ds",
        "ti",
        "task_instance",
        "var",
        "conn",
        "params",
        "dag",
        "value",
        "json",
        "get",
        "xcom_pull",
        "x",
        "not",
        "loop",
        "range",
    ]
)
DOTTED = st.lists(WORDS, min_size=1, max_size=4).map(".".join)
PULLS = st.builds(
    "{}.xcom_pull({}{}{})".format,
    st.sampled_from(["ti", "task_instance", "ds"]),
    st.sampled_from(["", "task_ids=", "task_ids = ", "key="]),
    st.sampled_from(["'a'", '"a.b"', "'a b'", "''", "ds", "['a', 'b']"]),
    st.sampled_from(["", ", key='k'", ",key = 'k.l'", ", 'd'", ", key=none", " "]),
)
OUTPUTS = st.builds("{}{}{}{}".format, st.sampled_from(["{{", "{{ ", "{{- ", "{{\n"]), DOTTED | PULLS,
                        st.sampled_from(["}}", " }}", " -}}", "\t}}", " | upper }}"]),
                        st.sampled_from(["", " and ", "}", "{", "\n", "'"]))  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(BITS), max_size=14).map("".join) | st.lists(OUTPUTS, max_size=4).map("".join))
def test_what_is_read_without_a_parser_is_what_the_parser_reads(text: str) -> None:
    found = plain_refs(text)
    assert found is None or found == parsed_refs(text)


@pytest.mark.parametrize(
    "text",
    ["{{ ds }}", "a {{ params.x }} b {{- ts -}}", "{{ ti.xcom_pull('a') }}", "{{ti.xcom_pull(task_ids='a', key='b')}}",
     "{{ var.value.x }}", "{{ conn.x.host }}", "{{ dag_run.conf.a.b }}", "{{ ds }} {not jinja}"],
)  # fmt: skip
def test_common_templates_need_no_parser(text: str) -> None:
    assert plain_refs(text) == parsed_refs(text) != ()


@pytest.mark.parametrize(
    "text",
    ["{{ ds | upper }}", "{% if ds %}{% endif %}", "{{ range }}", "{{ not }}", "{{ a", "{{ {{ ds }}", "{{ ds() }}"],
)
def test_others_do(text: str) -> None:
    assert plain_refs(text) is None
