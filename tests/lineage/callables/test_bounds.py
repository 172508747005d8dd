"""What is asked of the analysis is bounded, whatever a file says; it never raises, and it shows no secrets."""

from __future__ import annotations

import time

import pytest

from dagport.graph import CallableRef, DynamicMapping, FileGraph, Pipeline, Schedule, Task
from dagport.source import Source
from dagport.values import Call, Code, Ref, Template, Value, XCom
from dagport_lineage.extract.callables import called
from dagport_lineage.extract.callables.walker import MAX_GAPS
from dagport_lineage.model import Found
from dagport_lineage.scope import Scope
from tests.lineage.callables.world import of_function, shown

NESTED = "[" * 80 + "1" + "]" * 80
HOSTILE = {
    "long": "\n".join(f"x{i} = {i}" for i in range(20_000)),
    "loops": "for a in range(90):\n  for b in range(90):\n    for c in range(90):\n      open('/a')",
    "unknown loops": "for a in n():\n"
    + "".join(f"{' ' * i}for x{i} in n():\n" for i in range(1, 14)) + " " * 15 + "open('/a')",
    "branches": "\n".join("if n(): p = 1\nelse: p = 2" for _ in range(2_000)),
    "nested": f"x = {NESTED}\nopen('/a')",
    "calls": "\n".join(f"def g{i}(): g{i + 1}(); g{i + 1}()" for i in range(40)) + "\ndef g40(): open('/a')\ng0()",
    "recursion": "def g(n):\n    g(n); g(n + 1)\ng(1)",
    "mutual recursion": "def g(): h()\ndef h(): g()\ng()",
    "doubling": "x = 'a'\n" + "x = x + x\n" * 60 + "open(x)",
    "lists": "x = [1]\n" + "x = x + x\n" * 60 + "open(x[0])",
    "repetition": "open('a' * 10**12)",
    "power": "open(str(9 ** 9 ** 9))",
    "width": "open('%99999999999d' % 1)",
    "format": "open('{:>99999999999}'.format(1))",
    "inner format": "open('{:{}}'.format(1, 99999999999))",
    "replaced": "x = 'a' * 9\n" + "x = x.replace('a', x)\n" * 9 + "open(x)",
    "centred": "open('a'.center(10**12))",
    "range": "for i in range(10**12): open('/a')",
    "product": "[open('/a') for a in range(99) for b in range(99) for c in range(99) for d in range(99)]",
    "functions for functions": "f1 = lambda g: g(g)\nf1(f1)",
    "decorators of themselves": "def d(f):\n    return d(f)\n@d\ndef g(): ...\ng()",
    "list in itself": "x = []\nx.append(x)\nx.extend(x)\nprint(x)",
    "many gaps": "\n".join(f"stranger.s{i}()" for i in range(200)),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_functions_come_to_an_end(name: str) -> None:
    before = time.process_time()
    found = of_function(HOSTILE[name])
    assert time.process_time() - before < 8
    assert found.gaps or shown(found) in ("", "<file//a")
    assert len(found.gaps) <= MAX_GAPS + 1


def test_gaps_that_are_left_out_are_counted() -> None:
    found = of_function(HOSTILE["many gaps"])
    assert found.gaps[-1].message == "188 more calls and names of its function aren't known"


def test_what_is_too_large_is_a_gap() -> None:
    found = of_function(
        "for a in range(90):\n    for b in range(90):\n        for c in range(90):\n            open('/a')"
    )
    assert [gap.message for gap in found.gaps] == ["`f` isn't followed to its end: it has too many steps"]


VALUES: list[Value] = [
    None, 1, 1.5, True, "text", "", [], [[["x"]]], {}, {"p": {"q": [1]}}, Template("{{ ds }}"), Template("{{"),
    Ref("x.y"), Call("f", (1,), {"a": 2}), Call("tuple", (["/a"],)), Call("tuple", (1,)), XCom("f"), XCom("none", "k"),
    Code("x", "because"), Call("dagport.project_path", ("a",)), Call("airflow.sdk.XComArg", (XCom("a"),)),
    "x" * 100_000,
]  # fmt: skip


def of_arguments(arguments: dict[str, Value], mapped: DynamicMapping | None = None) -> Found:
    source = Source("dags/d.py", "def f(p, *ps, q='/q', **k):\n    open(p)\n    open(ps[0])\n    open(k['r'])\n")
    ref = CallableRef(name="f", module=None, span=(1, 1, 4, 17))
    task = Task(id="f", operator="airflow.sdk.task", kind="python", callable=ref, arguments=arguments, mapped=mapped)
    pipeline = Pipeline(id="d", exact=True, schedule=Schedule(kind="manual"), tasks=(task,))
    graph = FileGraph(path="dags/d.py", orchestrator="airflow", pipelines=(pipeline,))
    return called(task, Scope(graph=graph, pipeline=pipeline, source=source))


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:30])
def test_any_arguments(value: Value) -> None:
    given: list[dict[str, Value]] = [
        {"op_args": value}, {"op_kwargs": value}, {"op_args": [value, value]}, {"op_kwargs": {"p": value}},
    ]  # fmt: skip
    for arguments in given:
        assert of_arguments(arguments).gaps
    mappings: list[dict[str, Value]] = [{"p": value}, {"op_kwargs": value}, {"p": [value], "q": [value, value]}]
    for over in mappings:
        found = of_arguments({}, DynamicMapping(over=over, literal_length=None))
        assert found.gaps or not value  # over nothing, there is nothing to do


def test_files_that_are_none() -> None:
    task = Task(
        id="f", operator="airflow.sdk.task", kind="python", callable=CallableRef(name="f", module=None, span=None)
    )
    pipeline = Pipeline(id="d", exact=True, schedule=Schedule(kind="manual"), tasks=(task,))
    graph = FileGraph(path="d.py", orchestrator="airflow", pipelines=(pipeline,))
    for text in ("def f(:", "", "\0", "def g(): ..."):
        found = called(task, Scope(graph=graph, pipeline=pipeline, source=Source("d.py", text)))
        assert shown(found) == "?callable"


SECRETS = [
    "import sqlalchemy\ne = sqlalchemy.create_engine('postgresql://u:hidden-word@h/d')\npd.read_sql('t', e)\ne.odd()",
    "pd.read_csv('https://u:hidden-word@example.com/a?token=hidden-word')",
    "pd.read_csv('s3://key:hidden-word@b/k')",
    "pd.read_csv('ftp://u:hidden-word@h/a')",
    "open('hidden-word=@x')",
    "import requests\nrequests.post('https://x', headers={'a': 'hidden-word'})",
    "import boto3\nboto3.client('sqs', aws_secret_access_key='hidden-word')",
    "import psycopg2\npsycopg2.connect('host=h password=hidden-word').cursor().execute('delete from t')",
    "import psycopg2 as p\np.connect(host='h', password='hidden-word', options='x').cursor().execute('drop table t')",
    "stranger('hidden-word', key='hidden-word')['hidden-word'].run()",
    "stranger(f'hidden-word{1}')",
    "pd.read_sql('select 1', 'mystery://u:hidden-word@h/d')",
    "pd.read_sql('select 1', 'postgresql://u:hidden-word@[h/d')",
    "from airflow.sdk import ObjectStoragePath\nObjectStoragePath('s3://u:hidden-word@b/k').read_text()",
]


@pytest.mark.parametrize("code", SECRETS)
def test_secrets_in_the_code_stay_there(code: str) -> None:
    assert "hidden-word" not in repr(of_function(code))
