"""What files ask of their deployment: real Airflow with the same Variables, connections, environment, configuration.

Each row is a few statements that make ``value``; a DAG hands it to a task. "exact" must be claimed, and be right;
"doubt" must not be claimed; "error" fails to import in Airflow, and isn't claimed.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dagport import formats
from dagport.options import Deployment, ReadOptions
from dagport.project.deployment import read_deployment
from dagport.source import Source
from dagport.translation import Document
from tests.engines.environments import Environment, environment
from tests.engines.reading import TRUTH, judge

HEADERS = {
    "airflow3": """\
from airflow.sdk import BaseHook, Connection, DAG, Variable
from airflow.models import Variable as ModelVariable
from airflow.providers.standard.operators.python import PythonOperator
""",
    "airflow2": """\
from airflow import DAG
from airflow.hooks.base import BaseHook
from airflow.models import Connection, Variable
from airflow.operators.python import PythonOperator
ModelVariable = Variable
""",
}
HEADER = """\
import json, os
from airflow.configuration import conf
def work(value):
    return value
"""
FOOTER = """\
with DAG("d", schedule=None) as dag:
    PythonOperator(task_id="t", python_callable=work, op_kwargs={"value": value})
"""
ENVIRONMENT = {
    "APP_ENV": "prod",
    "APP_EMPTY": "",
    "AIRFLOW_VAR_GIVEN": "v1",
    "AIRFLOW_VAR_NUMBER": "5",
    "AIRFLOW_VAR_CFG": '{"n": 2, "tables": ["a", "b"], "deep": {"x": true, "y": null}}',
    "AIRFLOW_VAR_BROKEN": "{oops",
    "AIRFLOW_VAR_MIXED": '{"size": 1, "db_password": "hunter22"}',
    "AIRFLOW_VAR_API_TOKEN": "s3cr3t-token",
    "AIRFLOW_CONN_PG": "postgresql://someone:hunter22@db.example.com:5433/sales?sslmode=require",
    "AIRFLOW_CONN_MY_HTTP": '{"conn_type": "my-http", "host": "h", "port": "80", "password": "hunter22"}',
    "AIRFLOW_CONN_NESTED": "http://https%3a%2f%2fexample.com/",
    "AIRFLOW__MINE__KEY": "val",
    "AIRFLOW__MINE__FLAG": " True # on",
    "AIRFLOW__MINE__ITEMS": "a, b,c",
    "AIRFLOW__MINE__N": "12",
    "AIRFLOW__MINE__RATE": "0.5",
    "AIRFLOW__MINE__DATA": '{"a": [1]}',
    "AIRFLOW__MINE__HOMELY": "~/x",
    "AIRFLOW__MY_DOTTED__KEY": "dot",
    "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "77",
}
SECRETS = ("hunter22", "s3cr3t-token", "someone")
CASES = [
    ("exact", 'value = os.environ["APP_ENV"]'),
    ("exact", 'value = os.environ.get("APP_ENV", "dev")'),
    ("exact", 'value = os.getenv("APP_EMPTY", "dev")'),
    ("exact", 'value = os.environ.get("APP_MISSING")'),
    ("exact", 'value = os.environ.get("APP_MISSING", "dev")'),
    ("exact", 'value = os.environ.get(key="APP_MISSING", default=3)'),
    ("exact", 'value = os.getenv("APP_MISSING", default="dev")'),
    ("exact", 'value = ["APP_ENV" in os.environ, "APP_MISSING" in os.environ, "APP_MISSING" not in os.environ]'),
    ("exact", 'os.environ["APP_NEW"] = "x"\nvalue = os.environ["APP_NEW"]'),
    ("exact", 'os.environ["APP_ENV"] = "x"\nvalue = os.getenv("APP_ENV")'),
    ("exact", 'value = [os.environ.setdefault("APP_ENV", "q"), os.environ.setdefault("APP_OTHER", "q")]\n'
              'value += [os.environ["APP_OTHER"]]'),
    ("exact", 'value = [os.environ.pop("APP_ENV"), os.environ.get("APP_ENV"), os.environ.pop("APP_NONE", "z")]'),
    ("exact", 'os.environ.update({"APP_U": "1"}, APP_W="2")\nvalue = os.environ["APP_U"] + os.environ["APP_W"]'),
    ("exact", 'del os.environ["APP_ENV"]\ntry:\n    value = os.environ["APP_ENV"]\nexcept KeyError:\n    value = 1'),
    ("exact", 'os.environ["AIRFLOW_VAR_LATE"] = "late"\nvalue = Variable.get("late")'),
    ("exact", 'value = "prod" if os.environ.get("APP_ENV") == "prod" else "other"'),
    ("exact", 'os.environ |= {"APP_NEW": "x"}\nvalue = os.environ["APP_NEW"]'),
    ("doubt", 'os.environ = {"APP_ENV": "x"}\nvalue = os.environ.get("APP_ENV")'),
    ("error", 'value = os.environ["APP_REQUIRED"]'),
    ("error", 'os.environ["APP_N"] = 5\nvalue = 1'),
    ("error", 'value = 1\nassert os.environ.get("APP_MISSING")'),
    ("doubt", 'value = os.environ.get("HOME")'),
    ("doubt", 'value = len(os.environ)'),
    ("doubt", 'try:\n    os.environ["APP_MAYBE"]\n    value = 1\nexcept KeyError:\n    value = 2'),
    ("doubt", 'value = os.environ.get("APP_BOTH", "x")\ntry:\n    os.environ["APP_BOTH"]\nexcept KeyError:\n    pass'),
    ("exact", 'value = Variable.get("given")'),
    ("exact", 'value = Variable.get("GIVEN")'),
    ("exact", 'value = ModelVariable.get("given", default_var="d")'),
    ("exact", 'value = ModelVariable.get("missing", default_var="d")'),
    ("exact", 'value = Variable.get("missing", None)'),
    ("exact", 'value = Variable.get("missing", ["d"], deserialize_json=True)'),
    ("exact", 'value = Variable.get("number")'),
    ("exact", 'value = Variable.get("number", deserialize_json=True)'),
    ("exact", 'value = Variable.get("cfg", deserialize_json=True)'),
    ("exact", 'value = [t * 2 for t in Variable.get("cfg", deserialize_json=True)["tables"]]'),
    ("exact", 'value = json.loads(Variable.get("cfg"))["deep"]'),
    ("exact", 'value = Variable.get("cfg")'),
    ("exact", 'value = Variable.get("mixed", deserialize_json=True)["size"]'),
    ("exact", 'value = "yes" if Variable.get("api_token") else "no"'),
    ("doubt", 'value = Variable.get("mixed", deserialize_json=True)'),
    ("doubt", 'value = Variable.get("mixed")'),
    ("doubt", 'value = Variable.get("api_token")'),
    ("doubt", 'value = "Bearer " + Variable.get("api_token")'),
    ("doubt", 'value = Variable.get("api_token") == "s3cr3t-token"'),
    ("error", 'value = Variable.get("broken", deserialize_json=True)'),
    ("error", 'value = Variable.get("required")'),
    ("error", 'value = Variable.get("given", no_such=1)'),
    ("exact", 'value = BaseHook.get_connection("pg").host'),
    ("exact", 'c = BaseHook.get_connection("pg")\nvalue = [c.conn_id, c.conn_type, c.schema, c.port, c.host]'),
    ("exact", 'c = BaseHook.get_connection("my_http")\nvalue = [c.conn_type, c.host, c.port, c.schema, c.login]'),
    ("exact", 'c = BaseHook.get_connection("nested")\nvalue = [c.conn_type, c.host, c.schema]'),
    ("exact", 'value = f"{BaseHook.get_connection(conn_id=\'pg\').host}:5433"'),
    ("exact", 'value = bool(BaseHook.get_connection("pg").password)'),
    ("doubt", 'value = BaseHook.get_connection("pg").password'),
    ("doubt", 'value = BaseHook.get_connection("pg").login'),
    ("doubt", 'value = BaseHook.get_connection("pg").get_uri()'),
    ("doubt", 'value = BaseHook.get_connection("pg").extra_dejson'),
    ("doubt", 'value = os.environ["AIRFLOW_CONN_PG"]'),
    ("error", 'value = BaseHook.get_connection("required").host'),
    ("exact", 'value = [conf.get("mine", "key"), conf.get("MINE", "Key"), conf.get("my.dotted", "key")]'),
    ("exact", 'value = [conf.getboolean("mine", "flag"), conf.getint("mine", "n"), conf.getfloat("mine", "rate")]'),
    ("exact", 'value = [conf.getlist("mine", "items"), conf.getjson("mine", "data")]'),
    ("exact", 'value = conf.get("mine", "missing", fallback="f")'),
    ("exact", 'value = [conf.getint("mine", "m1", fallback=3), conf.getboolean("mine", "m2", fallback="f")]'),
    ("exact", 'value = conf.getjson("mine", "m3", fallback={"a": "b"})'),
    ("exact", 'value = [conf.has_option("mine", "key"), conf.has_option("mine", "missing")]'),
    ("exact", 'value = conf.getint("core", "dagbag_import_timeout")'),
    ("doubt", 'value = conf.getint("core", "parallelism", fallback=3)'),
    ("doubt", 'value = conf.get("core", "no_such_option", fallback="x")'),
    ("doubt", 'value = conf.get("mine", "homely")'),
    ("error", 'value = conf.get("mine", "required")'),
    ("error", 'value = conf.getboolean("mine", "key")'),
    ("error", 'value = conf.getint("mine", "key")'),
]  # fmt: skip
APART = """
import os, runpy, sys
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models import DagBag

for path in sys.argv[2:]:
    child = os.fork()
    if not child:
        sys.argv = [sys.argv[1], path]
        runpy.run_path(sys.argv[0], run_name="__main__")
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(child, 0)
"""
"""Runs the program that prints the truth in a process of its own for each file: they change their environment."""
ENGINES = {"airflow3": "3", "airflow2": "2"}


@cache
def folder(engine: str, base: Path) -> dict[str, dict[str, Any]]:
    """What real Airflow makes of every case: a record a file, each file imported by a process of its own."""
    found = {}
    for index, (_, body) in enumerate(CASES):
        file = base / f"case_{index}.py"
        file.write_text(HEADERS[engine] + HEADER + body + "\n" + FOOTER, "utf-8")
    paths = [base / f"case_{index}.py" for index in range(len(CASES))]
    variables = {**ENVIRONMENT, "AIRFLOW_HOME": str(base / "home")}
    done = environment(engine).run(["-c", APART, TRUTH, *paths], env=variables, timeout=900)
    for line in filter(lambda line: line.startswith("{"), done.stdout.splitlines()):  # the rest is Airflow's log
        record = json.loads(line)
        found[record["file"]] = record
    return found


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {engine: tmp_path_factory.mktemp(engine) for engine in ENGINES}


@pytest.mark.engine
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("index", range(len(CASES)), ids=lambda index: CASES[index][1].splitlines()[-1])
def test_asks_its_deployment(index: int, engine: str, base: dict[str, Path]) -> None:
    expected, _ = CASES[index]
    record = folder(engine, base[engine])[f"case_{index}.py"]
    text = (base[engine] / f"case_{index}.py").read_text("utf-8")
    options = ReadOptions(airflow_version=ENGINES[engine], deployment=Deployment(environment=ENVIRONMENT))  # type: ignore[arg-type]
    source = Source(f"case_{index}.py", text)
    graph = formats.reader("airflow")(source, options)
    verdicts = judge(record, Document(source, graph))
    assert not any(verdict.name in ("false exact", "invented") for verdict in verdicts), list(map(str, verdicts))
    assert record["ok"] == (expected != "error"), record["error"]
    assert [pipeline.exact for pipeline in graph.pipelines] == ([expected == "exact"] if graph.pipelines else [])
    assert bool(graph.pipelines) or expected == "error"
    assert not any(secret in repr(graph).replace(text, "") for secret in SECRETS if secret not in text)


@pytest.mark.engine
@pytest.mark.parametrize("engine", ENGINES)
def test_variables_are_what_importing_stores(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """``airflow variables import``, and what it leaves in the database."""
    entries: dict[str, Any] = {
        "text": "plain", "number": 5, "float": 1.5, "flag": True, "nothing": None, "list": [1, "a"],
        "object": {"b": 1, "a": {"ü": "x"}}, "wrapped": {"value": {"n": 1}, "description": "what it is"},
        "json_text": '{"a":1}',
    }  # fmt: skip
    file = tmp_path / "variables.json"
    file.write_text(json.dumps(entries), "utf-8")
    made: Environment = environment(engine)
    home = {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    made.run(["-m", "airflow", "db", "migrate"], env=home)
    made.run(["-m", "airflow", "variables", "import", file], env=home)
    script = (
        "import json, sys\nfrom airflow.models import Variable\nfrom airflow.utils.session import create_session\n"
        "with create_session() as session:\n"
        "    print('stored', json.dumps({v.key: v.val for v in session.query(Variable)}))\n"
    )
    done = made.run(["-c", script], env=home)
    line = next(line for line in done.stdout.splitlines() if line.startswith("stored "))
    ours = read_deployment(file, None, None, ENGINES[engine])  # type: ignore[arg-type]
    assert ours.variables == json.loads(line.removeprefix("stored "))
