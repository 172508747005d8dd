"""Which tasks become ops, and how a graph of them reads."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dagport import formats
from dagport.translation import Translation, WriteOptions
from dagport.writers.dagster.graphs import graphs_of
from tests.engines.reading import read
from tests.semantics.written import case

HEAD = """\
from airflow.sdk import DAG, TaskGroup, setup, task, task_group, teardown
from airflow.sdk.exceptions import AirflowSkipException

@task
def load():
    return [1, 2]

@task
def tell() -> None:
    print("told")

@task.branch
def choose(rows=()):
    return "big" if len(rows) > 1 else "small"

@task
def big(rows=()):
    return len(rows)

@task
def small():
    return 0

@task(trigger_rule="none_failed_min_one_success")
def join():
    return "joined"

@task
def double(row, factor=2):
    return row * factor

@task
def total(rows):
    return sum(rows)

@task(trigger_rule="all_done")
def clean():
    return "clean"

@task
def sometimes():
    raise AirflowSkipException("not today")

with DAG("shop", schedule=None) as dag:
"""


def translated(folder: Path, lines: str, **options: Any) -> Translation:
    """The project of a DAG with these statements."""
    path = folder / "shop.py"
    path.write_text(HEAD + "".join(f"    {line}\n" for line in lines.splitlines()))
    document = read(path, folder)
    assert document.graph.pipelines[0].exact
    return formats.target("dagster")([document], WriteOptions(**options))


def text_of(translation: Translation) -> str:
    return translation.files["src/pipelines/defs/shop.py"]


def body(text: str, name: str = "shop_tasks") -> list[str]:
    """The statements of the graph's function."""
    function = next(one for one in ast.parse(text).body if isinstance(one, ast.FunctionDef) and one.name == name)
    return [ast.unparse(one) for one in function.body]


def decorator(text: str, name: str) -> dict[str, str]:
    """The arguments of a function's decorator."""
    function = next(one for one in ast.parse(text).body if isinstance(one, ast.FunctionDef) and one.name == name)
    (call,) = function.decorator_list
    assert isinstance(call, ast.Call)
    return {one.arg or "": ast.unparse(one.value) for one in call.keywords}


REGIONS = [
    ("plain tasks stay assets", "", "a > b > c", (), []),
    ("a branch and what comes after it", "br: branch", "x > br > a b > j > k", (), ["br a b j k"]),
    ("what comes before and may fail plainly is an asset", "d: none_failed", "x > a > d > e", (), ["d e"]),
    ("a failure that is handed on", "d: all_done", "a > b > d", (), ["a b d"]),
    ("one that may skip itself", "j: none_failed", "a > j", ("a",), ["a j"]),
    ("a rule that needs a success", "br: branch; j: one_success", "br > a > j; x > j", (), ["br x a j"]),
    ("a mapped task", "m: mapped", "x > m_items; m > n", (), ["m n"]),
    ("setup and teardown", "s: setup; t: teardown", "s > w > t; s > t; other", (), ["s w t"]),
    ("two graphs", "b1 b2: branch", "b1 > a; b2 > c", (), ["b1 a", "b2 c"]),
]


@pytest.mark.parametrize(("name", "tasks", "edges", "skipping", "expected"), REGIONS, ids=[one[0] for one in REGIONS])
def test_which_tasks_are_ops(name: str, tasks: str, edges: str, skipping: tuple[str, ...], expected: list[str]) -> None:
    pipeline = case({"name": "x", "tasks": tasks, "edges": edges}, "x").pipeline
    found = graphs_of(pipeline, "auto", skipping, frozenset())
    assert [set(region) for region in found.regions] == [set(one.split()) for one in expected]
    assert graphs_of(pipeline, "assets", skipping, frozenset()).members == frozenset()
    job = graphs_of(pipeline, "ops", skipping, frozenset())
    assert job.job
    assert job.members == {task.id for task in pipeline.tasks}


AHEAD = [
    ("it skips all after it", "br: branch", "a > m > br > l r", "br l r"),
    ("a join needs a success", "br: branch; j: none_failed_min_one_success", "a > br > l r > j", "br l r j"),
    ("a rule that outlives its skip", "z: none_failed", "a > m > z", "a m z"),
    ("a rule of its own", "z: none_failed", "a > z; b > z", "a z"),
]


@pytest.mark.parametrize(("name", "tasks", "edges", "expected"), AHEAD, ids=[one[0] for one in AHEAD])
def test_a_task_that_airflow_runs_is_an_op_where_its_skip_has_to_be_known(
    name: str, tasks: str, edges: str, expected: str
) -> None:
    pipeline = case({"name": "x", "tasks": tasks, "edges": edges}, "x").pipeline
    assert graphs_of(pipeline, "auto", (), frozenset(), ahead=frozenset("a")).members == set(expected.split())


SKIPPED = [  # what comes after a command that may skip itself, the ops
    ("command >> small() >> tell.override(trigger_rule='none_failed')()", {"command", "small", "tell"}),
    ("command >> small() >> choose() >> [big(), tell()] >> join()", {"choose", "big", "tell", "join"}),
    ("command >> small() >> tell()", set()),
]


@pytest.mark.parametrize(("lines", "expected"), SKIPPED)
def test_a_command_that_skips_itself_tells_what_outlives_that(lines: str, expected: set[str], tmp_path: Path) -> None:
    """As an asset it would have Dagster skip the whole graph."""
    command = "from airflow.providers.standard.operators.bash import BashOperator"
    lines = f"{command}\ncommand = BashOperator(task_id='command', bash_command='exit 99')\n{lines}"
    translation = translated(tmp_path, lines)
    assert {one.fidelity for one in translation.outcomes} == {"native"}
    assert set(re.findall(r"@task_op\([^@]*?\)\ndef (\w+)", text_of(translation))) == expected


def test_a_graph_without_one_of_its_tasks_is_none() -> None:
    pipeline = case({"name": "x", "tasks": "b1 b2: branch", "edges": "b1 > a; b2 > c"}, "x").pipeline
    assert graphs_of(pipeline, "auto", (), frozenset({"a"})).members == {"b2", "c"}


def test_a_graph_reads_like_the_dag(tmp_path: Path) -> None:
    lines = "rows = load()\npicked = choose(rows)\ntell() >> picked\npicked >> [big(rows), small()] >> join()"
    translation = translated(tmp_path, lines)
    text = text_of(translation)
    assert {one.task: (one.fidelity, one.target) for one in translation.outcomes} == {
        "load": ("native", "shop/load"),
        "tell": ("native", "shop/tell"),
        "choose": ("native", "shop_tasks.shop__choose"),
        "big": ("native", "shop_tasks.shop__big"),
        "small": ("native", "shop_tasks.shop__small"),
        "join": ("native", "shop/join"),
    }
    assert body(text) == [
        "choose_done = choose(rows=load, start=[tell])",
        "big_done = big(rows=load, after=[choose_done])",
        "small_done = small(after=[choose_done])",
        "_, join_value = join(after=[big_done, small_done])",
        "return {'join': join_value}",
    ]
    graph = decorator(text, "shop_tasks")
    assert graph["ins"] == (
        "{'load': dg.AssetIn(key=['shop', 'load']), 'tell': dg.AssetIn(key=['shop', 'tell'], dagster_type=dg.Nothing)}"
    )
    assert decorator(text, "choose")["ways"] == "{'big': ['big'], 'small': ['small']}"
    assert decorator(text, "join")["rule"] == "'none_failed_min_one_success'"
    assert "caught" not in decorator(text, "join")
    assert "run_ends" not in text


def test_what_is_mapped(tmp_path: Path) -> None:
    text = text_of(translated(tmp_path, "total(double.expand(row=load(), factor=[1, 10]))"))
    assert body(text) == [
        "double_whole, double_each = double_items(load=load)",
        "double_runs = double_each.map(lambda item: double(item=item))",
        "double_done = double_all(whole=double_whole, each=double_runs.collect())",
        "_, total_value = total(double=double_done)",
        "return {'total': total_value}",
    ]
    assert "return {'row': load, 'factor': [1, 10]}" in ast.unparse(ast.parse(text))
    assert decorator(text, "double")["item"] == "['row', 'factor']"


def test_a_mapped_group(tmp_path: Path) -> None:
    lines = "@task_group\ndef each(row):\n    double(row) >> clean()\neach.expand(row=load())"
    text = text_of(translated(tmp_path, lines))
    functions = {one.name: one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.FunctionDef)}
    assert [ast.unparse(one) for one in functions["each_of"].body] == [
        "each_double_one = each_double(item=item)",
        "each_clean_one = each_clean(item=item, each_double=each_double_one)",
        "return each_clean_one",
    ]
    assert decorator(text, "each_clean")["beside"] == "['each_double']"


def test_a_leaf_whose_failure_is_handed_on_fails_the_run(tmp_path: Path) -> None:
    lines = "made = load()\nmade >> clean()\nmade >> small()"
    text = text_of(translated(tmp_path, lines))
    assert "run_ends" not in text  # small fails by itself
    scope = "small() >> clean().as_teardown(setups=load.override(task_id='up')())"
    scoped = text_of(translated(tmp_path, scope))
    assert 'run_ends = ends_op(dag="shop")' in scoped


def test_a_job_of_ops(tmp_path: Path) -> None:
    translation = translated(tmp_path, "choose(load()) >> [big(), small()]", style="ops")
    text = text_of(translation)
    assert "define_asset_job" not in text
    assert "graph_multi_asset" not in text
    assert body(text, "shop")[0] == "load_done = load()"
    assert {one.target for one in translation.outcomes} >= {"shop.shop__load", "shop.shop__big"}


def test_style_assets_leaves_control_flow_to_airflow(tmp_path: Path) -> None:
    translation = translated(tmp_path, "choose(load()) >> [big(), small()]", style="assets")
    assert {one.task: one.fidelity for one in translation.outcomes}["choose"] == "delegated"
    assert "task_op" not in text_of(translation)


def test_a_skip(tmp_path: Path) -> None:
    translation = translated(tmp_path, "sometimes() >> small()")
    text = text_of(translation)
    assert 'raise Skip("not today")' in text
    assert "from pipelines.rules import Skip" in text
    assert {one.fidelity for one in translation.outcomes} == {"native"}


def test_the_project_has_what_ops_need(tmp_path: Path) -> None:
    files = translated(tmp_path, "choose() >> [big(), small()]").files
    assert "from pipelines.rules import" in files["src/pipelines/control.py"]
    for name in ("control", "rules"):
        assert not re.search("(from|import) dagport", files[f"src/pipelines/{name}.py"])
    plain = translated(tmp_path, "load() >> small()").files
    assert "src/pipelines/control.py" not in plain


MAY_LACK = [
    ("pushes() >> read_rows()", 'load["rows"]'),
    ("wanted() >> pushes() >> read_rows()", 'load["rows"]'),
    ('wanted() >> pushes() >> read_rows.override(trigger_rule="none_failed")()', '(load or {}).get("rows")'),
    ('pushes() >> read_rows.override(trigger_rule="all_done")()', '(load or {}).get("rows")'),
]
PUSHES = """\
@task(task_id="load")
def pushes(ti=None):
    ti.xcom_push(key="rows", value=3)
@task
def read_rows(ti=None):
    return ti.xcom_pull(task_ids="load", key="rows")
@task.short_circuit
def wanted():
    return False
"""


@pytest.mark.parametrize(("lines", "expected"), MAY_LACK, ids=["plain", "all_success", "none_failed", "all_done"])
def test_a_key_of_a_task_that_need_not_have_succeeded(lines: str, expected: str, tmp_path: Path) -> None:
    """Airflow pulls nothing of a task that was skipped or has failed."""
    text = text_of(translated(tmp_path, PUSHES + lines))
    assert expected in text


def test_outputs_of_a_task_that_need_not_have_succeeded(tmp_path: Path) -> None:
    sizes = "@task(multiple_outputs=True)\ndef sizes():\n    return {'small': 1}\n"
    text = text_of(translated(tmp_path, sizes + 'double.override(trigger_rule="all_done")(sizes()["small"])'))
    assert '(sizes or {}).get("small")' in text


@pytest.mark.parametrize(("version", "fidelity"), [("3", "approximate"), ("2", "native")])
def test_results_of_a_mapped_group(version: str, fidelity: str, tmp_path: Path) -> None:
    """Airflow 3 hands on a list only where there are several (``RuntimeTaskInstance.xcom_pull``)."""
    lines = "@task_group\ndef each(row):\n    return double(row)\ntotal(each.expand(row=load()))"
    path = tmp_path / "shop.py"
    path.write_text(HEAD + "".join(f"    {line}\n" for line in lines.splitlines()))
    document = read(path, tmp_path)
    (pipeline,) = document.graph.pipelines
    document = replace(document, graph=replace(document.graph, pipelines=(replace(pipeline, engine_version=version),)))
    outcomes = formats.target("dagster")([document], WriteOptions()).outcomes
    assert {one.task: one.fidelity for one in outcomes}["total"] == fidelity


def test_why_a_graph_is_not_written(tmp_path: Path) -> None:
    """The task that can't be an op is named by all that the graph would have decided about."""
    last = 'double.override(task_id="last", trigger_rule="all_done").partial(factor="{{ conf }}").expand(row=load())'
    lines = f"choose() >> {last}"
    reasons = {one.task: one.reason for one in translated(tmp_path, lines).outcomes}
    choose, last = reasons["choose"] or "", reasons["last"] or ""
    assert "it is no op of a graph either, since 'last' can't be one: " in choose
    assert last.endswith(choose.rpartition("can't be one: ")[2])
    assert "nor can it be an op: " in last


REFUSED = [
    ("double.expand(row=load().map(lambda one: one))", "double"),
    ("double.expand(row=load().zip(load()))", "double"),
    ("double.expand_kwargs(load())", "double"),
]


@pytest.mark.parametrize(("lines", "task_id"), REFUSED)
def test_what_an_instance_gets_has_to_be_known(lines: str, task_id: str, tmp_path: Path) -> None:
    found = {one.task: one.fidelity for one in translated(tmp_path, lines).outcomes}
    assert found[task_id] == "delegated"
