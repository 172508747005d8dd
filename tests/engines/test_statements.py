"""Single statements in real Airflow and in dagport: refused by both or by none, and never falsely exact.

Each row is a statement, or a few, inside of ``with DAG("d", ...)`` that has the tasks ``a``, ``b`` and ``c``, and the
functions ``work`` and ``flow``; ``None`` as a DAG's arguments puts the statements at the top level.
"""

# ruff: noqa: E501 - a line a case

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dagport import formats
from dagport.options import ReadOptions
from dagport.source import Source
from dagport.translation import Document
from tests.engines.environments import environment
from tests.engines.reading import judge, truth

HEADER = """\
import datetime as dt
from datetime import datetime, timedelta
import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.sdk import (
    DAG, Asset, AssetAlias, BaseOperator, Label, Param, TaskGroup, TriggerRule, WeightRule, XComArg, chain,
    chain_linear, cross_downstream, dag, setup, task, task_group, teardown,
)

def work(x=1):
    return x

@task
def flow(x=1, *, y=2):
    return x

@task
def needs(x):
    return x

"""
PLAIN = "schedule=None, start_date=datetime(2026, 1, 1)"
DAGS = [  # arguments of the DAG
    'schedule="not a cron"',
    'schedule="* * * *"',
    'schedule="@hourly"',
    'schedule="@never"',
    'schedule="61 * * * *"',
    'schedule="0 0 31 2 *"',
    'schedule="0 0 * * 7"',
    'schedule="0 0 * * MON#2"',
    'schedule="0 0 L * *"',
    'schedule="@continuous"',
    'schedule="@continuous", max_active_runs=1',
    "schedule=5",
    "schedule=timedelta(0)",
    "schedule=timedelta(hours=-1)",
    'schedule=Asset("x")',
    'schedule=[Asset("x"), "y"]',
    "schedule=[]",
    'start_date="2026-01-01"',
    "start_date=pendulum.today()",
    "start_date=dt.date(2026, 1, 1)",
    "end_date=datetime(2025, 1, 1)",
    'tags=["x" * 101]',
    'tags="abc"',
    'tags={"b", "a"}',
    "max_active_runs=0",
    'max_active_runs="3"',
    "max_active_tasks=None",
    "catchup=None",
    'catchup="yes"',
    "dagrun_timeout=60",
    'params={"n": Param(5, type="string")}',
    'params={"n": Param(5, type="integer", minimum=7)}, schedule="@daily"',
    'params={"n": Param(type="integer")}, schedule="@daily"',
    'params={"n": Param(type="integer")}',
    "params={1: 2}",
    'owner_links={"me": "https://example.com"}',
    'owner_links={"me": "not a link"}',
    'default_args={"retries": 2, "owner": None}',
    'default_args={"trigger_rule": "one_failed"}',
    'default_args={"start_date": "2026-01-05"}',
    'default_args={"task_id": "x"}',
    'default_args={"params": {"p": 1}}',
    "default_args=None",
    'default_args=[("retries", 1)]',
    "render_template_as_native_obj=True",
    "fail_fast=True",
    'fail_fast=True, default_args={"trigger_rule": "all_done"}',
    'template_searchpath="/x"',
    "is_paused_upon_creation=True",
    'access_control={"role": {"can_read"}}',
    "on_success_callback=work",
    "on_success_callback=[work, work]",
    "sla_miss_callback=work",
    "concurrency=3",
    "no_such_argument=1",
    'dag_display_name="Ünï"',
    "user_defined_filters={'f': work}",
    "auto_register=False",
    "doc_md='''\n    indented\n    '''",
    'description=f"{1 + 1}"',
]
STATEMENTS = [
    'BashOperator(task_id="x", bash_command="x", retries="3")',
    'BashOperator(task_id="x", bash_command="x", retries=None)',
    'BashOperator(task_id="x", bash_command="x", retries=-1)',
    'BashOperator(task_id="x", bash_command="x", retries=1.5)',
    'BashOperator(task_id="x", bash_command="x", retry_delay=30)',
    'BashOperator(task_id="x", bash_command="x", retry_delay=None)',
    'BashOperator(task_id="x", bash_command="x", execution_timeout=30)',
    'BashOperator(task_id="x", bash_command="x", pool_slots=0)',
    'BashOperator(task_id="x", bash_command="x", pool=None)',
    'BashOperator(task_id="x", bash_command="x", queue=None)',
    'BashOperator(task_id="x", bash_command="x", owner=None)',
    'BashOperator(task_id="x", bash_command="x", priority_weight=1.5)',
    'BashOperator(task_id="x", bash_command="x", priority_weight="5")',
    'BashOperator(task_id="x", bash_command="x", weight_rule="absolute")',
    'BashOperator(task_id="x", bash_command="x", weight_rule=WeightRule.UPSTREAM)',
    'BashOperator(task_id="x", bash_command="x", weight_rule="heavy")',
    'BashOperator(task_id="x", bash_command="x", wait_for_downstream=True)',
    'BashOperator(task_id="x", bash_command="x", depends_on_past=None)',
    'BashOperator(task_id="x", bash_command="x", trigger_rule=TriggerRule.ALL_DONE)',
    'BashOperator(task_id="x", bash_command="x", trigger_rule="dummy")',
    'BashOperator(task_id="x", bash_command="x", trigger_rule="none_failed_or_skipped")',
    'BashOperator(task_id="x", bash_command="x", trigger_rule="all_done_setup_success")',
    'BashOperator(task_id="x", bash_command="x", max_active_tis_per_dag=0)',
    'BashOperator(task_id="x", bash_command="x", sla=timedelta(hours=1))',
    'BashOperator(task_id="x", bash_command="x", provide_context=True)',
    'BashOperator(task_id="x", bash_command="x", task_concurrency=1)',
    'BashOperator(task_id="x", bash_command="x", doc="plain")',
    'BashOperator(task_id="x", bash_command="x", doc_json="{}", doc_md="both")',
    'BashOperator(task_id="x", bash_command="x", doc_rst="other markup")',
    'BashOperator(task_id="x", bash_command="x", email="a@example.com")',
    'BashOperator(task_id="x", bash_command="x", inlets=[Asset("i")], outlets=Asset("o"))',
    'BashOperator(task_id="x", bash_command="x", outlets="text")',
    'BashOperator(task_id="x", bash_command="x", start_date=datetime(2027, 1, 1))',
    'BashOperator(task_id="x", bash_command="x", params={"p": Param(1, type="string")})',
    'BashOperator(task_id="x", bash_command="x", env={"A": 1})',
    'BashOperator(task_id="x", bash_command="x", output_encoding="latin-1")',
    'BashOperator(task_id="x", bash_command=None)',
    'BashOperator(task_id="x", bash_command=["a"])',
    'BashOperator(bash_command="x")',
    'BashOperator(task_id="", bash_command="x")',
    'BashOperator(task_id=5, bash_command="x")',
    'BashOperator(task_id="x" * 251, bash_command="x")',
    'BashOperator(task_id="x" * 250, bash_command="x")',
    'BashOperator(task_id="a.b", bash_command="x")',
    'BashOperator(task_id="ünï", bash_command="x")',
    'BashOperator(task_id="a", bash_command="x")',
    'BashOperator(task_id="x", bash_command="x", dag=None)',
    'BashOperator(task_id="x", bash_command="x", task_display_name="Y")',
    'EmptyOperator(task_id="x", bash_command="x")',
    'EmptyOperator(task_id="x").set_upstream(a, b)',
    'PythonOperator(task_id="x", python_callable="work")',
    'PythonOperator(task_id="x", python_callable=work, op_args=5)',
    'PythonOperator(task_id="x", python_callable=work, op_kwargs={"x": a.output})',
    'PythonOperator(task_id="x", python_callable=work, op_args=[[b.output, {"k": c.output}]])',
    'PythonOperator(task_id="x", python_callable=work, templates_dict={"t": a.output})',
    'PythonOperator(task_id="x", python_callable=flow)',
    'PythonOperator(task_id="x", python_callable=lambda: 1, show_return_value_in_logs=False)',
    'FileSensor(task_id="x", filepath="f", mode="sleep")',
    'FileSensor(task_id="x", filepath="f", poke_interval=-1)',
    'FileSensor(task_id="x", filepath="f", timeout=timedelta(minutes=1))',
    'FileSensor(task_id="x", filepath="f", deferrable=True)',
    "a >> b >> c >> a",
    "a >> a",
    "a >> [b, c] >> a",
    "a >> None",
    'a >> "b"',
    "a >> []",
    "[a, b] >> [b, c]",
    "[a, b] >> c",
    "(a, b) >> c",
    "a >> (b, c)",
    "a >> {b}",
    "a >> [b, [c]]",
    "a >> b; a >> b",
    "a >> work",
    "a < b",
    "chain(a, [b, c])",
    "chain([a, b], c)",
    "chain([a], [b, c])",
    "chain([a, b], [c, flow()])",
    "chain(a)",
    "chain()",
    "chain(a, None)",
    'chain(a, Label("x"), b)',
    'chain(a, [Label("x"), Label("y")], [b, c])',
    "chain_linear(a)",
    "chain_linear(a, b, c)",
    "chain_linear([a, b], c)",
    "chain_linear(a, [b], c)",
    "cross_downstream([a], [b, c])",
    "cross_downstream(a, b)",
    'a >> Label("x") >> b >> Label("y") >> c',
    'a >> Label("x") >> [b, c]',
    'Label("x") >> a',
    'a << Label("x") << b',
    "a.set_downstream([b, c])",
    'a.set_downstream(b, edge_modifier=Label("x"))',
    'a.set_downstream(b, edge_modifier="x")',
    "a.set_upstream()",
    "a.as_setup() >> b",
    "a.as_setup() >> b.as_teardown()",
    "a >> b.as_teardown(setups=a)",
    "a >> b.as_teardown(setups=[a, c])",
    "a.as_teardown() >> b",
    "a.as_setup().as_teardown()",
    'x = EmptyOperator(task_id="x", trigger_rule="all_done"); a.as_setup() >> x',
    'x = EmptyOperator(task_id="x", trigger_rule="all_done"); x.as_teardown()',
    'x = EmptyOperator(task_id="x", trigger_rule="one_failed"); x.as_teardown()',
    "with a.as_setup(): b",
    "with a >> b: c",
    "with a.as_teardown():\n    x = EmptyOperator(task_id='x')",
    "with a.as_teardown(setups=b):\n    x = EmptyOperator(task_id='x')\n    y = EmptyOperator(task_id='y')\n    x >> y",
    'with TaskGroup("g") as g: pass\na >> g >> b',
    'with TaskGroup("g") as g:\n    EmptyOperator(task_id="x")\na >> g >> b\nEmptyOperator(task_id="late", task_group=g)',
    'with TaskGroup("a"): pass',
    'with TaskGroup("g"): pass\nwith TaskGroup("g"): pass',
    'with TaskGroup("g", add_suffix_on_collision=True): EmptyOperator(task_id="x")\n'
    'with TaskGroup("g", add_suffix_on_collision=True): EmptyOperator(task_id="x")',
    'with TaskGroup("bad name"): pass',
    'with TaskGroup("dotted.name"): EmptyOperator(task_id="x")',
    'with TaskGroup(""): pass',
    "with TaskGroup(): pass",
    'with TaskGroup("g", prefix_group_id=False): EmptyOperator(task_id="a")',
    'g = TaskGroup("g")\nEmptyOperator(task_id="x", task_group=g)\ng >> a',
    'g = TaskGroup("g")\nwith g: EmptyOperator(task_id="x")\nwith g: EmptyOperator(task_id="y")',
    'with TaskGroup("g") as g:\n    with TaskGroup("h", parent_group=None): EmptyOperator(task_id="x")',
    'with TaskGroup("g", ui_color="red", tooltip=None): EmptyOperator(task_id="x")',
    'with TaskGroup("g", default_args={"retries": 3, "trigger_rule": "all_done"}) as g:\n    EmptyOperator(task_id="x")',
    'with TaskGroup("g") as g:\n    x = EmptyOperator(task_id="x")\n    y = EmptyOperator(task_id="y")\n    x >> g',
    'with TaskGroup("g") as g: EmptyOperator(task_id="x")\nwith TaskGroup("h") as h: EmptyOperator(task_id="y")\n[g, a] >> h',
    "flow(1, 2)",
    "flow(z=1)",
    "flow(y=1)",
    "flow(1, y=flow())",
    "flow(*[1], **{'y': 2})",
    "flow(x=a)",
    "flow(a.output)",
    "flow([a.output])",
    "flow({'k': a.output, 1: 2})",
    "flow((a.output, {b.output}))",
    "needs()",
    "flow; flow()",
    "x = flow(); y = flow(); flow(x, y=y)",
    "x = flow()['k']; flow(x)",
    "x = flow(); flow(x['a']['b'])",
    "x = flow(); flow(x.k)",
    "flow(flow() or 1)",
    "for item in flow(): pass",
    "if flow(): EmptyOperator(task_id='x')",
    "len(flow())",
    "flow() + 1",
    "flow() == 1",
    "f'{flow()}'; str(a.output)",
    "flow() >> flow()",
    "flow().operator.retries = 5",
    "a.retries = 5; a.owner = 'me'; a.trigger_rule = 'all_done'",
    "a.task_id = 'z'",
    "a.bash_command = 'changed'",
    "a.no_such_attribute = 1",
    "a.no_such_method()",
    "a.pool = 'p'; a.doc_md = 'later'",
    "print(a.task_id, a.dag, a.dag_id)",
    "EmptyOperator(task_id=a.task_id + '_after') << a",
    "EmptyOperator(task_id=f'{a.dag_id}_x')",
    "flow.override(retries=3)(1)",
    "flow.override(no_such=3)(1)",
    "flow.override(task_id='x').override(retries=2)()",
    "flow.override()()",
    "flow.expand(x=[1, 2])",
    "flow.expand(x=range(2))",
    "flow.expand(x=(1, 2))",
    "flow.expand(x={'a': 1})",
    "flow.expand(x={1, 2})",
    "flow.expand(x=5)",
    "flow.expand(x='text')",
    "flow.expand(x=[])",
    "flow.expand(x=None)",
    "flow.expand(z=[1])",
    "flow.expand()",
    "flow.expand([1])",
    "flow.expand(x=flow())",
    "flow.expand(x=flow(), y=[1, 2])",
    "flow.partial(x=1).expand(x=[1])",
    "flow.partial(x=1).expand(y=[1])",
    "flow.partial(z=1).expand(x=[1])",
    "flow.partial(y=flow()).expand(x=[1])",
    "flow.expand_kwargs([{'x': 1}, {'x': 2}])",
    "flow.expand_kwargs(flow())",
    "flow.expand_kwargs([1])",
    "flow.expand_kwargs({'x': 1})",
    "flow.expand_kwargs([])",
    "flow.partial(y=1).expand_kwargs([{'y': 2}])",
    "flow.override(trigger_rule='always').expand(x=[1])",
    "flow.override(task_id='x', retries=2).expand(x=[1])",
    "flow.expand(x=flow.expand(x=[1, 2]))",
    "flow.expand(x=flow().map(work))",
    "flow.expand(x=flow().map(flow))",
    "flow.expand(x=flow().zip(flow()))",
    "flow.expand(x=flow().concat([1]))",
    "flow(flow.expand(x=[1]))",
    "flow(flow.expand(x=[1])[0])",
    'BashOperator.partial(task_id="x").expand(bash_command=["1", "2"])',
    'BashOperator.partial(task_id="x", bash_command="x").expand()',
    'BashOperator.partial(bash_command="x").expand(env=[{}])',
    'BashOperator.partial(task_id="x").expand(no_such=[1])',
    'BashOperator.partial(task_id="x", no_such=1).expand(bash_command=["1"])',
    'BashOperator.partial(task_id="x").expand(task_id=["1"])',
    'BashOperator.partial(task_id="x", retries=2, pool="p").expand(bash_command=flow())',
    'BashOperator.partial(task_id="x").expand(bash_command=a.output)',
    'BashOperator.partial(task_id="x").expand_kwargs([{"bash_command": "1"}, flow()])',
    'BashOperator.partial(task_id="x")',
    'BashOperator.partial(task_id="x").expand(bash_command=["1"]) >> a',
    "@task\ndef x(ti=None): pass\nx()",
    "@task\ndef x(ti): pass\nx()",
    "@task\ndef x(ds='2026'): pass\nx()",
    "@task\ndef x(**context): pass\nx()",
    "@task\ndef x(*args): pass\nx(1, 2)",
    "@task\ndef x(a, /, b): pass\nx(1, b=2)",
    "@task(multiple_outputs=True)\ndef x() -> dict: return {}\nflow(x()['k'])",
    "@task(retries=2, task_id='named')\ndef x(): pass\nx()",
    "@task('named')\ndef x(): pass\nx()",
    "@task()\ndef x(): pass\nx(); x()",
    "@task\nasync def x(): pass\nx()",
    "@task.bash\ndef x(): return 'echo'\nx()",
    "@task.bash(env={'A': 'b'}, append_env=True)\ndef x(): return 'echo'\nx()",
    "@task.no_such\ndef x(): pass\nx()",
    "@task.sensor\ndef x(): return True\nx()",
    "@task.sensor(mode='sleep')\ndef x(): return True\nx()",
    "@task.run_if(lambda context: True)\n@task\ndef x(): pass\nx()",
    "@task.skip_if(lambda context: True)\n@task.bash\ndef x(): return 'echo'\nx()",
    "@task.short_circuit(ignore_downstream_trigger_rules=False)\ndef x(): return True\nx() >> a",
    "@task.branch\ndef x(): return 'a'\nx() >> [a, b]",
    "@task.virtualenv(requirements=['x'], python_version='3.12')\ndef x(): pass\nx()",
    "@task.external_python(python='/usr/bin/python3')\ndef x(): pass\nx()",
    "@task.external_python\ndef x(): pass\nx()",
    "@setup\ndef x(): pass\n@teardown\ndef y(): pass\nx() >> a >> y()",
    "@setup\n@task\ndef x(): pass\n@teardown(on_failure_fail_dagrun=True)\n@task\ndef y(): pass\nx() >> a >> y()",
    "@task\n@setup\ndef x(): pass\nx()",
    "@task_group\ndef g(x): return flow(x)\nflow(g(1)) >> a",
    "@task_group\ndef g(): EmptyOperator(task_id='x')\ng() >> a\ng()",
    "@task_group\ndef g(x): return flow(x)\ng()",
    "@task_group('named', tooltip='t')\ndef g(x=1): return flow(x)\ng()",
    "@task_group(prefix_group_id=False)\ndef g(): flow()\ng()",
    "@task_group\ndef g(x): flow(x)\ng.expand(x=[1, 2])",
    "@task_group\ndef g(x, y): flow(x, y=y)\ng.partial(y=1).expand(x=flow())",
    "@task_group\ndef g(x): flow(x)\ng.override(group_id='other')(1)",
    "@task_group\ndef g():\n    @task_group\n    def h(): return flow()\n    return h()\nflow(g())",
    "@task_group\ndef g(x: int = 1):\n    '''Documented.'''\n    flow(x)\ng()",
    "class Own(BaseOperator):\n    def execute(self, context): pass\nOwn(task_id='x')",
    "class Own(BaseOperator):\n    def __init__(self, x, **kwargs):\n        super().__init__(**kwargs)\n"
    "        self.x = x\nOwn(task_id='x', x=1)",
    "class Own(BaseOperator):\n    def __init__(self, x, **kwargs):\n        super().__init__(**kwargs)\nOwn(task_id='x')",
    "class Own(BaseOperator):\n    template_fields = ('x',)\n    def __init__(self, x, **kwargs):\n"
    "        super().__init__(**kwargs)\n        self.x = x\nOwn(task_id='x', x=a.output)",
    "class Own(BaseOperator):\n    template_fields = ('x',)\n    def __init__(self, x, **kwargs):\n"
    "        super().__init__(**kwargs)\nOwn(task_id='x', x=a.output)",
    "class Own(BaseOperator):\n    def __init__(self, x, **kwargs):\n        self.x = x\nOwn(task_id='x', x=1)",
    "class Own(BashOperator):\n    retries = 7\nOwn(task_id='x', bash_command='x')",
    "class Own(BashOperator):\n    def __init__(self, **kwargs):\n        super().__init__(bash_command='x', **kwargs)\n"
    "        self.retries = 4\n        self.doc_md = 'own'\nOwn(task_id='x')",
    "del a",
    "1 / 0",
    "raise ValueError('no')",
    "try:\n    1 / 0\nexcept ZeroDivisionError:\n    EmptyOperator(task_id='x')",
    "try:\n    BashOperator(task_id='a', bash_command='x')\nexcept Exception:\n    EmptyOperator(task_id='x')",
    "assert False",
    "exec('EmptyOperator(task_id=\"x\")')",
    "eval('EmptyOperator(task_id=\"x\")')",
    "tasks = {}\nfor n in 'xy':\n    tasks[n] = EmptyOperator(task_id=n)\ntasks['x'] >> tasks['y']",
    "tasks = [EmptyOperator(task_id=f't{i}') for i in range(4)]\nfor u, d in zip(tasks, tasks[1:]): u >> d",
    "list(map(lambda n: EmptyOperator(task_id=n), 'xy'))",
    "[EmptyOperator(task_id=n) for n in sorted({'y', 'x'})]",
    "[EmptyOperator(task_id=n) for n in {'y', 'x'}]",
    "while len(tasks := locals().get('tasks', [1])) > 1: pass",
    "n = 3\nwhile n:\n    EmptyOperator(task_id=f't{n}')\n    n -= 1",
    "from functools import reduce\nreduce(lambda u, d: u >> d, [a, b, c])",
    "import itertools\nfor x, y in itertools.product('xy', [1, 2]): EmptyOperator(task_id=f'{x}{y}')",
    "import operator\noperator.rshift(a, b)",
    "getattr(a, 'set_downstream')(b)",
    "setattr(a, 'retries', 9)",
    "a.__rshift__(b)",
    "x, *rest = [a, b, c]\nx >> rest",
    "(a if True else b) >> c",
    "(a and b) >> c",
    "a.downstream_task_ids; a.upstream_list; a >> b\nif a.downstream_list: EmptyOperator(task_id='x')",
    "a >> b\nfor t in list(a.downstream_list): t >> c",
    "b.upstream_task_ids.add('a')",
    "a.update_relative(b)",
    "XComArg(a) >> b",
    "XComArg(a, key='k') >> b",
    "flow(XComArg(a, key='k'))",
    "flow(a.output['k'])",
]

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("statements")]


def program(arguments: str, statements: str) -> str:
    """A whole file."""
    body = "".join(f"    {line}\n" for line in statements.splitlines())
    tasks = "".join(f'    {name} = BashOperator(task_id="{name}", bash_command="{name}")\n' for name in "abc")
    return f'{HEADER}with DAG("d", {arguments}) as the_dag:\n{tasks}{body}'


PROGRAMS = {
    **{f"DAG({arguments})": program(arguments, "") for arguments in DAGS},
    **{statements: program(PLAIN, statements) for statements in STATEMENTS},
}


@cache
def built(folder: Path) -> dict[str, Any]:
    """What Airflow builds from all of them, in one process."""
    files = [folder / f"program_{number:03d}.py" for number in range(len(PROGRAMS))]
    for file, text in zip(files, PROGRAMS.values(), strict=True):
        file.write_text(text, "utf-8")
    return dict(zip(PROGRAMS, truth(environment("airflow3"), files), strict=True))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("statements")


@pytest.mark.parametrize("name", PROGRAMS)
def test_statement(name: str, folder: Path) -> None:
    record = built(folder)[name]
    source = Source(record["file"], PROGRAMS[name])
    document = Document(source, formats.reader("airflow")(source, ReadOptions()))
    wrong = [str(v) for v in judge(record, document) if v.name in ("false exact", "missed", "invented")]
    assert wrong == []
    errors = [item.message for item in document.graph.diagnostics if item.severity == "error"]
    if record["ok"]:
        assert errors == []
    else:
        assert not any(pipeline.exact for pipeline in document.graph.pipelines)
