"""What Airflow doesn't let a file set, or what a class of the project takes from it: never claimed."""

from __future__ import annotations

import pytest

from dagport.options import ReadOptions
from dagport.readers.airflow import read
from dagport.source import Source
from tests.readers.airflow.reading import doubts, one

MINE = """
class Mine(BaseOperator):
    {members}
    def __init__(self, **kwargs):
        {before}
        super().__init__(**kwargs)
        {after}
with DAG("d"):
    Mine(task_id="a")
"""


def mine(*, members: str = "pass", before: str = "pass", after: str = "pass") -> str:
    """A file with an operator of its own."""
    return MINE.format(members=members, before=before, after=after)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (mine(after="self.label = 'x'"), "DP301"),
        (mine(before="self.label = 'x'"), "DP301"),
        (mine(after="setattr(self, 'output', 'x')"), "DP301"),
        (mine(after="self.dag_id = 'x'"), "DP301"),
        (mine(before="self.dag = DAG('other')"), "DP301"),
        (mine(after="self.on_failure_fail_dagrun = True"), "DP301"),
        (mine(after="self.resources = {'memory': 1}"), "DP301"),
        (mine(after="self.task_id = 'b'"), "DP206"),
        (mine(after="self.task_group = None"), "DP206"),
        (mine(after="self.downstream_task_ids = set()"), "DP206"),
        (mine(after="self.downstream_task_ids.add('b')"), "DP206"),
        (mine(after="self.set_upstream = None"), "DP206"),
        (mine(after="self.start_date = '2026-01-01'"), "DP206"),
        (mine(members="_convert_pool = staticmethod(str)"), "DP205"),
        (mine(members="set_upstream = print"), "DP205"),
        (mine(members="pool = property(lambda self: 'x')"), "DP205"),
        (mine(members="template_fields = ('pool',)"), "DP206"),
        (mine(members="__slots__ = ('x',)\n    x = 1"), "DP301"),
        ("class Meta(type(BaseOperator)):\n    pass\nclass M(BaseOperator, metaclass=Meta):\n    pass\n"
         "with DAG('d'):\n    M(task_id='a')", "DP206"),
        ("with DAG('d') as d:\n    E('a')\nd.tasks = []", "DP301"),
        ("with DAG('d') as d:\n    with TaskGroup('g') as g:\n        E('a')\n    g.label = 'x'", "DP301"),
        ("with DAG('d') as d:\n    with TaskGroup('g') as g:\n        E('a')\n    g.children = {}", "DP206"),
    ],
)  # fmt: skip
def test_is_not_claimed(body: str, code: str) -> None:
    assert code in doubts(body)


@pytest.mark.parametrize(
    "body",
    [
        mine(),
        mine(members="label = 'x'", after="self.label = 'y'"),
        mine(after="self.labels = 'x'"),
        mine(after="self.reschedule = True"),
        mine(after="self.dag = None"),
        mine(after="self.task_id = kwargs['task_id']"),
        mine(before="self.task_id = 'before'"),
        mine(after="found = self.upstream_task_ids"),
        mine(members="__slots__ = ('x',)"),
        mine(members="label = property(lambda self: 'x')"),
        mine(after="self.resources = {'cpus': 1}"),
    ],
)
def test_does_no_harm(body: str) -> None:
    assert [task.id for task in one(body).tasks] == ["a"]


def test_a_constructor_called_by_its_class() -> None:
    pipeline = one("""
        class Base(BaseOperator):
            def __init__(self, conn="x", **kwargs):
                BaseOperator.__init__(self, queue=conn, **kwargs)
        class Mine(Base):
            def __init__(self, **kwargs):
                Base.__init__(self, **kwargs)
        with DAG("d", default_args={"conn": "y", "retries": 2}):
            Mine(task_id="a")
    """)
    assert [(task.id, task.queue, task.retries) for task in pipeline.tasks] == [("a", "y", 2)]


def test_an_older_airflow_may_let_it_be_set() -> None:
    text = "from airflow import DAG\nfrom airflow.operators.bash import BashOperator\n"
    text += "with DAG('d'):\n    a = BashOperator(task_id='a', bash_command='x')\n    a.label = 'x'\n"
    graph = read(Source("dags/case.py", text), ReadOptions(airflow_version="2"))
    assert [item.exact for item in graph.pipelines] == [False]
    assert [item.code for item in graph.diagnostics if item.severity != "info"] == ["DP206"]
