"""How the parameters of a task's function are bound, and which function it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lineage.callables.cases import cases
from tests.lineage.callables.world import HEADER, of_file, project, shown

CLASSIC = """
from airflow.providers.standard.operators.python import PythonOperator, BranchPythonOperator
from elsewhere import retry
def copy(source, target="/t", *, mode="w"):
    open(source)
    open(target, mode)
def find(path, **context):
    open(path)
    open(context["params"]["p"])
def log(**kwargs):
    print(kwargs["ds"], kwargs["ti"])
    open(kwargs["path"])
class K:
    def run(self, path):
        open(path)
    @staticmethod
    def stay(path):
        open(path)
with DAG("d", schedule=None, start_date=datetime(2024, 1, 1), params={"p": "/p"}):
"""
CLASSICS = cases("classic.txt")


@pytest.mark.parametrize("name", CLASSICS)
def test_classic(name: str) -> None:
    case = CLASSICS[name]
    text = HEADER + CLASSIC + "".join(f"    {line}\n" for line in case.code.split("\n"))
    found = of_file(text, "f")
    assert shown(found) == case.said, [gap.message for gap in found.gaps]


FLOWS = cases("taskflow.txt")


@pytest.mark.parametrize("name", FLOWS)
def test_taskflow(name: str) -> None:
    case = FLOWS[name]
    body = "".join(f"    {line}\n" for line in case.code.split("\n"))
    text = f"{HEADER}with DAG('d', schedule=None, start_date=datetime(2024, 1, 1), params={{'p': '/p'}}):\n{body}"
    found = of_file(text, "f")
    assert shown(found) == case.said, [gap.message for gap in found.gaps]


def test_a_function_in_a_dag_function_sees_what_is_around() -> None:
    text = f"""{HEADER}
@dag(schedule=None, start_date=datetime(2024, 1, 1))
def d():
    import pandas as frames
    base = "/a"
    def helper(name):
        return frames.read_csv(base + name)
    @task
    def f():
        helper("/x").to_csv(base + "/o")
    f()
d()
"""
    assert shown(of_file(text, "f")) == "<file//a/x >file//a/o"


MODULES = {
    "dags/d.py": "",
    "plugins/lake.py": """
        import pandas as pd
        from layout import ROOT
        def load(name):
            return pd.read_csv(f"{ROOT}/{name}")
        PATHS = {"a": "/paths/a"}
        def run(path):
            open(path)
        """,
    "plugins/layout/__init__.py": "from .inner import ROOT",
    "plugins/layout/inner.py": "ROOT = '/root'",
    "plugins/pandas_like.py": "def read_csv(path): return None",
    "plugins/changing.py": "PATH = '/a'\ndef change():\n    global PATH\n    PATH = '/b'",
}
IMPORTS = {
    "function": ("from lake import load", "load('x').to_csv('/o')", "<file//root/x >file//o"),
    "module": ("import lake", "lake.load('x')", "<file//root/x"),
    "submodule": ("import layout.inner", "open(layout.inner.ROOT)", "<file//root"),
    "constant": ("from layout import ROOT", "open(ROOT)", "<file//root"),
    "dict": ("from lake import PATHS", "open(PATHS['a'])", "<file//paths/a"),
    "dict that is changed here": ("from lake import PATHS", "PATHS['a'] = '/b'\nopen(PATHS['a'])", "?opaque"),
    "look-alike": ("import pandas_like as like", "like.read_csv('/a')", ""),
    "changed by a function": ("from changing import PATH", "open(PATH)", "?opaque"),
    "of a library": ("from company import load", "load('/a')", "?callable"),
    "tampered": ("import lake", "lake.load = other\nlake.load('x')", "?callable"),
}


@pytest.mark.parametrize("name", IMPORTS)
def test_modules_of_the_project(name: str, tmp_path: Path) -> None:
    imports, code, expected = IMPORTS[name]
    workspace = project(tmp_path, MODULES)
    body = "".join(f"        {line}\n" for line in code.split("\n"))
    dag = "with DAG('d', schedule=None, start_date=datetime(2024, 1, 1)):\n    @task\n    def f():\n"
    text = f"{HEADER}{imports}\n{dag}{body}    f()\n"
    found = of_file(text, "f", workspace=workspace)
    assert shown(found) == expected, [gap.message for gap in found.gaps]


def test_a_callable_of_another_module(tmp_path: Path) -> None:
    workspace = project(tmp_path, MODULES)
    text = (
        f"{HEADER}from airflow.providers.standard.operators.python import PythonOperator\nimport lake\n"
        "with DAG('d', schedule=None, start_date=datetime(2024, 1, 1)):\n"
        "    PythonOperator(task_id='f', python_callable=lake.run, op_args=['/a'])\n"
    )
    assert shown(of_file(text, "f", workspace=workspace)) == "<file//a"


@pytest.mark.parametrize("decorator", ["t", "dag.task", "t.branch"])
def test_decorators_by_other_names(decorator: str) -> None:
    text = f"""{HEADER}
try:
    from airflow.sdk import task as t
except ImportError:
    from airflow.decorators import task as t
with DAG("d", schedule=None, start_date=datetime(2024, 1, 1)) as dag:
    @{decorator}
    def f():
        open("/a")
    f()
"""
    assert shown(of_file(text, "f")) == "<file//a"


def test_the_function_of_an_asset() -> None:
    text = f"""{HEADER}
from airflow.sdk import asset
@asset(schedule=None, uri="file:///o")
def f(self, context, other):
    print(context["ds"], self.name)
    pd.read_csv("/a").to_csv("/o")
"""
    assert shown(of_file(text, "f")) == "<file//a >file//o"
