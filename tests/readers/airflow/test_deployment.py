"""What a file asks its deployment: what is given, assumed, unknown, and never shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport import codec
from dagport.graph import FileGraph
from dagport.options import AirflowVersion, Deployment, ReadOptions
from dagport.readers.airflow import read
from dagport.source import Source
from dagport.workspace import Workspace

HEADER = """\
import os
from airflow.configuration import conf
from airflow.models import Variable as OldVariable
from airflow.sdk import BaseHook, Connection, DAG, Variable
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.ssh.operators.ssh import SSHOperator
from elsewhere import OTHER
"""
FOOTER = """
with DAG("d", schedule=None):
    BashOperator(task_id="t", bash_command="x", env={"v": v})
"""
LINES = HEADER.count("\n")
GIVEN = Deployment(
    variables={"x": "vx", "both": "file", "n": "5", "cfg": '{"a": [1, 2], "password": "hunter2", "max_tokens": 9}',
               "list": '[{"token": "t0ps3cret"}]', "url": "https://me:hunter2@h/x", "my_secret": "t0ps3cret"},
    connections={"pg": "postgresql://me:hunter2@db.example.com:5432/sales?token=t0ps3cret",
                 "hook": '{"conn_type": "http", "host": "https://hooks.example.com/t0ps3cret"}',
                 "file": '{"conn_type": "postgresql", "extra": {"key": "t0ps3cret"}}', "bad": "http://h:port/"},
    environment={"E": "ve", "AIRFLOW_VAR_BOTH": "env", "DB_PASSWORD": "hunter2", "EMPTY_TOKEN": "",
                 "AIRFLOW__MINE__K": "7"},
)  # fmt: skip
SECRETS = ("hunter2", "t0ps3cret")


def graph_of(body: str, deployment: Deployment = GIVEN, version: AirflowVersion = "3") -> FileGraph:
    return read(Source("d.py", HEADER + body + FOOTER), ReadOptions(version, deployment=deployment))


def shown(graph: FileGraph) -> object:
    """The value that the only task is handed."""
    [pipeline] = graph.pipelines
    arguments: Any = codec.to_json(pipeline.tasks[0])["arguments"]
    return arguments["env"].get("v", arguments["env"])


@pytest.mark.parametrize(
    ("body", "value", "entries"),
    [
        ('v = os.environ["E"]', "ve", ()),
        ('v = os.getenv("NONE")', None, ("environment:NONE",)),
        ('v = os.getenv("NONE", "d")', "d", ("environment:NONE",)),
        ('v = "NONE" in os.environ', False, ("environment:NONE",)),
        ('v = "E" in os.environ', True, ()),
        ('v = "DB_PASSWORD" in os.environ', True, ()),
        ('os.environ["NEW"] = "x"; v = os.environ["NEW"] + os.getenv("NEW")', "xx", ()),
        ('os.environ |= {"NEW": "x"}; v = os.environ.get("NEW")', "x", ()),
        ('from os import environ\nenviron |= {"NEW": "x"}\nv = os.environ.get("NEW")', "x", ()),
        ('os.environ["NEW"] = "x"; os.environ["NEW"] += "y"; v = os.getenv("NEW")', "xy", ()),
        ('del os.environ["E"]; v = os.environ.get("E", "gone")', "gone", ()),
        ('v = os.environ.pop("E") + os.environ.get("E", "gone")', "vegone", ()),
        ('v = Variable.get("x")', "vx", ()),
        ('v = Variable.get("both")', "env", ()),
        ('v = Variable.get("n", deserialize_json=True)', 5, ()),
        ('v = Variable.get("cfg", deserialize_json=True)["a"]', [1, 2], ()),
        ('v = Variable.get("cfg", deserialize_json=True)["max_tokens"]', 9, ()),
        ('v = Variable.get("none", default="d")', "d", ("variable:none",)),
        ('v = OldVariable.get("none", default_var=None)', None, ("variable:none",)),
        ('v = OldVariable.setdefault("none", "d") + OldVariable.get("none")', "dd", ("variable:none",)),
        ('v = OldVariable.setdefault("x", "d")', "vx", ()),
        ('Variable.set("w", [1], serialize_json=True); v = Variable.get("w", deserialize_json=True)', [1], ()),
        ('Variable.set("w", 5); v = Variable.get("w")', "5", ()),
        ('v = "a" if Variable.get("my_secret") else "b"', "a", ()),
        ('v = "a" if os.environ["EMPTY_TOKEN"] else "b"', "b", ()),
        ('v = Variable.get("my_secret") is None', False, ()),
        ('v = BaseHook.get_connection("pg").conn_type', "postgres", ()),
        ('v = BaseHook.get_connection("file").conn_type', "postgresql", ()),
        ('v = BaseHook.get_connection("pg").host', "db.example.com", ()),
        ('v = Connection.get("pg").port', 5432, ()),
        ('v = BaseHook.get_connection("hook").password', None, ()),
        ('v = conf.getint("mine", "k", fallback=1)', 7, ()),
        ('v = conf.getint("mine", "other", fallback=1)', 1, ("configuration:mine.other",)),
        ('v = conf.has_option("mine", "other")', False, ("configuration:mine.other",)),
        ('u = Variable.get("unused"); v = 1', 1, ("variable:unused",)),
        ("def late():\n    return os.environ['LATE']\nv = 1", 1, ()),
    ],
)
def test_exact(body: str, value: object, entries: tuple[str, ...]) -> None:
    graph = graph_of(body)
    [pipeline] = graph.pipelines
    assert pipeline.exact, graph.diagnostics
    assert shown(graph) == value
    assert pipeline.assumptions == entries


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('v = os.environ["NONE"]', "the environment variable NONE is known only in the deployment, or from --env-file"),
        ('v = os.environ.get("HOME", "/root")', "HOME is known only"),
        ("v = os.environ[OTHER]", ""),
        ("v = dict(os.environ)", ""),
        ("v = {**os.environ}", ""),
        ('v = Variable.get("none")', "the Variable `none` is known only in the deployment, or from --variables"),
        ('v = Variable.get("x", deserialize_json=True)', "isn't valid JSON"),
        ('v = BaseHook.get_connection("none").host', "`none` is known only in the deployment, or from --connections"),
        ('v = BaseHook.get_connection("bad").host', "is neither a URI nor"),
        ('v = conf.get("core", "executor", fallback="x")', "known only in the deployment"),
        ('v = conf.get("mine", "none")', "known only in the deployment, or from --env-file"),
        ('v = conf.get("mine", "none", fallback="$HOME/x")', "expanded in the deployment"),
        ('v = conf.getsection("mine")', "known only in the deployment"),
        ('v = os.environ["DB_PASSWORD"]', "is a secret, which is never shown"),
        ('v = "x" + os.environ["DB_PASSWORD"]', "is a secret"),
        ('v = os.environ["DB_PASSWORD"][0]', "is a secret"),
        ('v = os.environ["DB_PASSWORD"] < "i"', "is a secret"),
        ('v = "h" in os.environ["DB_PASSWORD"]', "is a secret"),
        ('v = os.environ["DB_PASSWORD"] == "hunter" + "2"', "is a secret"),
        ('v = len(Variable.get("my_secret"))', "is a secret"),
        ("v = f\"{Variable.get('url')}\"", "is a secret"),
        ('v = Variable.get("cfg")', "is a secret"),
        ('v = Variable.get("cfg", deserialize_json=True)', "`password` of the Variable `cfg` is a secret"),
        ('v = Variable.get("list", deserialize_json=True)[0]["token"]', "is a secret"),
        ('v = [c for c in Variable.get("my_secret")]', "is a secret"),
        ('v = BaseHook.get_connection("pg").password', "is a secret"),
        ('v = BaseHook.get_connection("pg").login', "is a secret"),
        ('v = BaseHook.get_connection("pg").extra', "is a secret"),
        ('v = BaseHook.get_connection("pg").extra_dejson["token"]', "may hold secrets"),
        ('v = BaseHook.get_connection("pg").get_uri()', "may hold secrets"),
        ('v = BaseHook.get_connection("hook").host', "is a secret"),
        ('v = str(BaseHook.get_connection("pg"))', ""),
        ('v = BaseHook.get_connection("pg")', ""),
        ('v = vars(BaseHook.get_connection("pg"))', ""),
        ('v = BaseHook.get_connection("pg").__dict__', ""),
        ('v = os.environ.get("A1", "x"); os.environ["A1"]', None),
        ('try:\n    v = os.environ["A1"]\nexcept KeyError:\n    v = 1', None),
        ('v = 1\ntry:\n    Variable.get("A1")\nexcept KeyError:\n    v = 2', None),
        ('if os.environ["U"]:\n    os.environ["E"] = "z"\nv = os.environ["E"]', None),
        ('assert os.environ.get("A1")\nv = 1', None),
        ('os.environ = {"E": "x"}; v = os.environ.get("E")', "in the place of"),
        ('os.getenv = lambda name: "x"; v = 1', "in the place of"),
        ('os.environ |= OTHER; v = os.environ.get("E")', None),
        ('from dotenv import load_dotenv\nload_dotenv(override=True); v = os.environ.get("E")', "load_dotenv"),
        ('os.environ.update(OTHER); v = os.environ.get("E")', None),
        ('from dotenv import load_dotenv\nload_dotenv(); v = os.environ.get("A1")', "load_dotenv"),
    ],
)
def test_doubt(body: str, why: str | None) -> None:
    graph = graph_of(body)
    assert [pipeline.exact for pipeline in graph.pipelines] == [False]
    assert any((why or "") in item.message and item.severity == "warning" for item in graph.diagnostics)
    assert not any(secret in str(codec.to_json(graph)) for secret in SECRETS)


@pytest.mark.parametrize(
    ("body", "version"),
    [
        ('v = OldVariable.setdefault("none", None)', "3"),
        ('v = OldVariable.get("x", default="d")', "2"),
        ('v = Variable.get("x", default_var="d")', "3"),
        ("v = Variable.get()", "3"),
        ('v = conf.getboolean("mine", "k")', "3"),
        ('os.environ["A1"] = 5', "3"),
        ('v = BaseHook.get_connection("pg", "x", "y")', "3"),
    ],
)
def test_import_error(body: str, version: AirflowVersion) -> None:
    graph = graph_of(body, version=version)
    assert "DP301" in [item.code for item in graph.diagnostics] or not graph.pipelines[0].exact


def test_raising_on_a_default_is_no_import_error() -> None:
    graph = graph_of('v = os.environ.get("A1")\nif v is None:\n    raise ValueError("set A1")')
    assert [pipeline.exact for pipeline in graph.pipelines] == [False]
    assert "DP301" not in [item.code for item in graph.diagnostics]
    assert [(item.name, item.state) for item in graph.deployment] == [("A1", "unknown")]


def test_note_at_the_place() -> None:
    graph = graph_of('v = Variable.get("none", default=os.getenv("NONE", "d"))')
    notes = [item for item in graph.diagnostics if item.code == "DP213"]
    assert [(item.severity, item.line, item.column) for item in notes] == [
        ("info", LINES + 1, 5),
        ("info", LINES + 1, 34),
    ]
    assert graph.pipelines[0].assumptions == ("environment:NONE", "variable:none")


def test_inventory() -> None:
    body = """\
v = Variable.get("x") + Variable.get("x") + os.environ.get("NONE", "")
with DAG("first", schedule=None):
    BashOperator(task_id="a", bash_command="{{ var.value.x }} {{ var.json.y.z }} {{ conn.pg.host }} {{ ds }}")
    SSHOperator(task_id="b", command="x", ssh_conn_id="box", environment={"k": ["{{ conn.q.host }}"]})
"""
    found = [
        (item.kind, item.name, item.state, [place.span[0] - LINES for place in item.places if place.span])
        for item in graph_of(body).deployment
    ]
    assert found == [
        ("connection", "box", "at run time", [4]),
        ("connection", "pg", "at run time", [3]),
        ("connection", "q", "at run time", [4]),
        ("environment", "NONE", "assumed", [1]),
        ("variable", "x", "given", [1, 1]),
        ("variable", "x", "at run time", [3]),
        ("variable", "y", "at run time", [3]),
    ]


def test_nothing_of_our_own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    before = graph_of('v = os.environ.get("DAGPORT_TEST", "d")')
    monkeypatch.setenv("DAGPORT_TEST", "ours")
    monkeypatch.setenv("AIRFLOW_VAR_DAGPORT", "ours")
    assert graph_of('v = os.environ.get("DAGPORT_TEST", "d")') == before


def test_json_round_trip() -> None:
    graph = graph_of('v = Variable.get("x")')
    assert codec.from_json(codec.to_json(graph)) == graph
    assert codec.from_json({k: v for k, v in codec.to_json(graph).items() if k != "deployment"}) == replace(
        graph, deployment=()
    )


def test_helper_modules(tmp_path: Path) -> None:
    """What a shared module of the project asks counts for each file that imports it."""
    (tmp_path / "dags").mkdir()
    (tmp_path / "settings.py").write_text('import os\nENV = os.environ.get("ENV", "dev")\n', "utf-8")
    workspace = Workspace(tmp_path)
    text = HEADER + "from settings import ENV\nv = ENV" + FOOTER
    for name in ("dags/a.py", "dags/b.py"):
        graph = read(Source(name, text, name), ReadOptions("3", workspace=workspace))
        assert [(item.exact, item.assumptions) for item in graph.pipelines] == [(True, ("environment:ENV",))]
        assert [place.path for item in graph.deployment for place in item.places] == ["settings.py"]
        assert [item.path for item in graph.diagnostics if item.code == "DP213"] == ["settings.py"]
    changed = HEADER + 'os.environ["ENV"] = "test"\nfrom settings import ENV\nv = ENV' + FOOTER
    graph = read(Source("dags/c.py", changed, "dags/c.py"), ReadOptions("3", workspace=workspace))
    assert shown(graph) == "test"
    assert graph.deployment == ()
    prod = Deployment(environment={"ENV": "prod"})
    graph = read(Source("dags/a.py", text, "dags/a.py"), ReadOptions("3", deployment=prod, workspace=workspace))
    assert shown(graph) == "prod"


STEPS = (
    "{0}[0]", "{0}[:3]", '{0} + "x"', '"x" + {0}', 'f"{{{0}}}"', '"%s" % {0}', '"{{}}".format({0})', "{0}.upper()",
    '{0}.split("e")', 'list({0})', 'sorted({0})', '"".join({0})', '{0} == "hunter2"', '{0} < "i"', '"h" in {0}',
    '{0} in ["hunter2"]', '{0} in {{"hunter2": 1}}', "len({0})", "str({0})", "repr({0})", "({0}, 1)", "{{{0}: 1}}",
    "[{0}] * 2", "json.dumps({0})", "json.loads({0})", 'dict(a={0})["a"]', '{0} or "x"', "not {0}", "bool({0})",
    "[c for c in {0}]", "int({0}, 36)", "ord({0}[0])", "hash({0})", "max({0})", 'min("i", {0})', "type({0})",
    "hashlib.md5({0}.encode()).hexdigest()", 're.sub("[aeiou]", "y", {0})', "{0} is None", "1 if {0} else 2",
    'os.path.join("a", {0})', "isinstance({0}, str)", 'getattr(os, {0}, "none")', "Variable.get({0}, default=1)",
    'os.environ.get({0}, "d")', 'os.environ.setdefault("COPY", {0})', 'Variable.get("a") + {0}',
)  # fmt: skip
SOURCES = (
    'os.environ["DB_PASSWORD"]', 'Variable.get("my_secret")', 'Variable.get("cfg", deserialize_json=True)["password"]',
    'Variable.get("cfg")', 'BaseHook.get_connection("pg").password', 'BaseHook.get_connection("pg").extra',
    'BaseHook.get_connection("pg").get_uri()', 'os.environ["AIRFLOW_CONN_Q"]', 'conf.get("mine", "api_key")',
    'Variable.get("url")',
)  # fmt: skip


def holding(secret: str) -> Deployment:
    return Deployment(
        variables={"my_secret": secret, "cfg": f'{{"password": "{secret}"}}', "url": f"https://u:{secret}@h", "a": "x"},
        connections={"pg": f"postgres://u:{secret}@h/?token={secret}"},
        environment={"DB_PASSWORD": secret, "AIRFLOW_CONN_Q": f"http://u:{secret}@h", "AIRFLOW__MINE__API_KEY": secret},
    )


@given(st.sampled_from(SOURCES), st.lists(st.sampled_from(STEPS), max_size=4))
@settings(max_examples=300, deadline=None)
def test_no_program_tells_secrets_apart(source: str, steps: list[str]) -> None:
    """Whatever is done to a secret, the output is the same for another one."""
    text = source
    for step in steps:
        text = step.format(text)
    task = 'BashOperator(task_id="t", bash_command=str(w), env={"x": str(v)})'
    body = f"import hashlib, json, re\nv = {text}\nw = 1 if v else 2\nwith DAG('e', schedule=None):\n    {task}"
    first, second = (codec.to_json(graph_of(body, holding(secret))) for secret in ("hunter2", "zebra-longer"))
    assert first == second
