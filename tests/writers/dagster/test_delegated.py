"""Tasks that Airflow goes on running, in the generated code."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from dagport import formats
from dagport.graph import DynamicMapping, Edge, Group, Pipeline, Schedule, Task
from dagport.translation import Translation, WriteOptions
from dagport.values import Call, XCom
from tests.engines.reading import read
from tests.writers.dagster.making import DAILY, assets, bash, body, fidelities, module, pipeline, python, translate

OWN = "shop.operators.Publish"
PROVIDER = "airflow.providers.google.cloud.transfers.gcs_to_bigquery.GCSToBigQueryOperator"
SOURCE = """
def give():
    return [1]


def keys(ti):
    ti.xcom_push(key="n", value=1)


def outputs():
    return {"a": 1}


def nothing():
    print("x")


def take(found):
    return found
"""


def own(task_id: str, **fields: Any) -> Task:
    """A task whose operator has no form, and which may pull whatever it likes."""
    return Task(id=task_id, operator=OWN, kind="other", **fields)


def delegated(*pipelines: Pipeline, source: str = SOURCE, **options: Any) -> Translation:
    return translate(*pipelines, source=source, delegate=True, **options)


def call(translation: Translation, name: str) -> str:
    """What the function of a delegated asset does, on one line."""
    function = next(
        node for node in ast.parse(module(translation)).body if isinstance(node, ast.FunctionDef) and node.name == name
    )
    return ast.unparse(function.body[-1])


def test_alone() -> None:
    translation = delegated(pipeline(own("a")))
    assert fidelities(translation) == {"a": "delegated"}
    [told] = [item for item in translation.diagnostics if item.code == "DP410"]
    reason = "its class `Publish` has no exact form: it isn't defined in this file"
    assert (told.severity, told.task, told.message) == ("info", "a", reason)
    found = assets(module(translation))["a"]
    assert found["metadata"] == "{'airflow/dag_id': 'train', 'airflow/task_id': 'a'}"
    assert found["required_resource_keys"] == "{'airflow'}"
    assert found["output_required"] == "False"
    assert call(translation, "a") == "yield from run_in_airflow(context)"


def test_nothing_of_the_machine_is_in_the_project() -> None:
    files = delegated(pipeline(own("a"))).files
    assert '"dagport[dagster]"' in files["pyproject.toml"]
    assert 'python=dg.EnvVar("DAGPORT_AIRFLOW_PYTHON")' in files["src/pipelines/defs/resources.py"]
    plain = delegated(pipeline(bash("a"))).files
    assert "dagport[" not in plain["pyproject.toml"]
    assert "src/pipelines/defs/resources.py" not in plain


@pytest.mark.parametrize(
    ("task", "delegate", "exact", "fidelity"),
    [
        (own("a"), True, True, "delegated"),
        (own("a"), False, True, "manual"),
        (own("a"), True, False, "manual"),
        (bash("a"), True, True, "native"),
        (bash("a", mapped=DynamicMapping(over={"bash_command": ["x"]}, literal_length=1)), True, True, "delegated"),
        (bash("a", setup=True), True, True, "delegated"),
        (Task(id="a", operator=PROVIDER, kind="transfer"), True, True, "delegated"),
        (Task(id="a", operator="airflow.sdk.task.branch", kind="branch"), True, True, "delegated"),
    ],
)
def test_what_is_delegated(task: Task, delegate: bool, exact: bool, fidelity: str) -> None:
    translation = translate(pipeline(task, exact=exact), delegate=delegate, allow_inexact=True)
    assert fidelities(translation) == {"a": fidelity}
    assert ("run_in_airflow" in module(translation)) == (fidelity == "delegated")
    assert ("raise dg.Failure" in module(translation)) == (fidelity == "manual")


@pytest.mark.parametrize(
    ("producer", "handed"),
    [
        ("give", "{'give': {'return_value': give}}"),
        ("keys", "{'keys': keys}"),
        ("nothing", None),
    ],
)
def test_results_that_go_in(producer: str, handed: str | None) -> None:
    translation = delegated(pipeline(python(SOURCE, producer), own("a"), edges=f"{producer}>a"))
    results = f", results={handed}" if handed else ""
    assert call(translation, "a") == f"yield from run_in_airflow(context{results})"


def test_outputs_go_in_one_by_one_too() -> None:
    task = python(SOURCE, "outputs", {"multiple_outputs": True})
    text = call(delegated(pipeline(task, own("a"), edges="outputs>a")), "a")
    assert text == "yield from run_in_airflow(context, results={'outputs': {'return_value': outputs, **outputs}})"


def test_a_known_operator_gets_what_it_asks_for() -> None:
    """One of a provider reads what its arguments and templates say; one of the project may read anything."""
    tasks = python(SOURCE, "give"), Task(id="a", operator=PROVIDER, kind="transfer")
    assert call(delegated(pipeline(*tasks, edges="give>a")), "a") == "yield from run_in_airflow(context)"
    data = Edge(upstream="give", downstream="a", kind="data", key="return_value")
    handed = "yield from run_in_airflow(context, results={'give': {'return_value': give}})"
    assert call(delegated(pipeline(*tasks, edges_made=[data])), "a") == handed


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (XCom("a"), "found = a.get('return_value')"),
        (XCom("a", "n"), "found = a['n']"),
    ],
)
def test_results_that_come_out(value: XCom, line: str) -> None:
    edge = Edge(upstream="a", downstream="take", kind="data")
    translation = delegated(pipeline(own("a"), python(SOURCE, "take", {"op_args": [value]}), edges_made=[edge]))
    assert fidelities(translation) == {"a": "delegated", "take": "native"}
    assert line in [text.replace('"', "'") for text in body(module(translation), "take")]


def test_the_results_of_a_mapped_task_are_a_list() -> None:
    mapped = bash("m", mapped=DynamicMapping(over={"bash_command": ["x"]}, literal_length=1))
    edge = Edge(upstream="m", downstream="take", kind="data")
    translation = delegated(pipeline(mapped, python(SOURCE, "take", {"op_args": [XCom("m")]}), edges_made=[edge]))
    assert fidelities(translation) == {"m": "delegated", "take": "approximate"}
    assert 'found = m.get("return_value", [])' in body(module(translation), "take")


def test_a_region_is_one_multi_asset() -> None:
    branch = Task(id="k", operator="airflow.sdk.task.branch", kind="branch")
    join = bash("j", trigger_rule="none_failed_min_one_success", owner="me@example.com")
    tasks = python(SOURCE, "give"), branch, bash("b", group="g"), bash("c.d"), join, bash("e"), bash("f")
    made = pipeline(*tasks, edges="give>k k>b k>c.d b>j c.d>j j>e give>f", groups=(Group(id="g"),), schedule=DAILY)
    translation = delegated(made)
    assert fidelities(translation) == {
        "give": "native", "k": "delegated", "b": "delegated", "c.d": "delegated", "j": "delegated", "e": "native",
        "f": "native",
    }  # fmt: skip
    assert {o.task: o.target for o in translation.outcomes}["c.d"] == "train/c_d"
    tree = ast.parse(module(translation))
    [found] = [
        {item.arg: item.value for item in decorator.keywords}
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "dg.multi_asset"
    ]
    assert ast.unparse(found["deps"]) == "[give]"
    assert ast.unparse(found["partitions_def"]) == "partitions"
    assert ast.unparse(found["internal_asset_deps"]) == (
        "{'k': {dg.AssetKey(['train', 'give'])}, 'b': {dg.AssetKey(['train', 'k'])}, "
        "'c_d': {dg.AssetKey(['train', 'k'])}, 'j': {dg.AssetKey(['train', 'b']), dg.AssetKey(['train', 'c_d'])}}"
    )
    outs = ast.unparse(found["outs"])
    assert "'group_name'" not in outs
    assert "group_name='train/g'" in outs
    assert "owners=['me@example.com']" in outs
    assert assets(module(translation))["e"]["deps"] == "[dg.AssetKey(['train', 'j'])]"


def test_an_empty_task_that_is_chosen_from_is_there() -> None:
    branch = Task(id="k", operator="airflow.sdk.task.branch", kind="branch")
    empty = Task(id="e", operator="airflow.providers.standard.operators.empty.EmptyOperator", kind="empty")
    start = Task(id="s", operator="airflow.providers.standard.operators.empty.EmptyOperator", kind="empty")
    translation = delegated(pipeline(start, branch, empty, bash("z"), edges="s>k k>e k>z"))
    targets = {outcome.task: outcome.target for outcome in translation.outcomes}
    assert targets == {"s": None, "k": "train/k", "e": "train/e", "z": "train/z"}


def test_settings_of_the_task_are_airflows() -> None:
    task = own(
        "a", retries=3, execution_timeout_s=5, pool="gpu", depends_on_past=True, doc="Why.", owner="me@example.com",
        arguments={"on_failure_callback": "x", "pre_execute": "y", "anything": Call("f")},
    )  # fmt: skip
    translation = delegated(pipeline(task))
    found = assets(module(translation))["a"]
    assert not {"retry_policy", "pool", "op_tags"} & set(found)
    assert (found["description"], found["owners"]) == ("'Why.'", "['me@example.com']")
    notes = [item.message for item in translation.diagnostics if item.code == "DP403"]
    assert len([note for note in notes if "a local Airflow doesn't look at" in note]) == 2


@pytest.mark.parametrize(
    ("schedule", "start", "dates"),
    [
        (DAILY, "2026-01-01T00:00:00+00:00", "partitions_def"),
        (DAILY, None, "timetable_sensor"),  # tags of the run
        (Schedule(kind="interval", seconds=60), "2026-01-01T00:00:00+00:00", "timetable_sensor"),
        (Schedule(kind="manual"), "2026-01-01T00:00:00+00:00", None),
    ],
)
def test_its_dates(schedule: Schedule, start: str | None, dates: str | None) -> None:
    text = module(delegated(pipeline(own("a"), schedule=schedule, start_date=start)))
    assert [name for name in ("partitions_def", "timetable_sensor") if f"{name}=" in text or f"{name}(" in text] == (
        [dates] if dates else []
    )


def test_params_are_handed_on() -> None:
    translation = delegated(pipeline(own("a"), params={"rows": 1, "odd-name": "x"}))
    expected = "yield from run_in_airflow(context, params=config, param_names={'odd_name': 'odd-name'})"
    assert call(translation, "a") == expected


def test_a_task_that_starts_a_dag_says_that_it_needs_a_scheduler() -> None:
    task = Task(id="a", operator="airflow.x.TriggerDagRunOperator", kind="trigger")
    found = assets(module(delegated(pipeline(task))))["a"]
    assert "'airflow/needs_scheduler': True" in found["metadata"]


def test_a_resource_called_airflow_gives_way() -> None:
    operator = "airflow.providers.postgres.operators.postgres.PostgresOperator"
    sql = Task(id="s", operator=operator, kind="sql", arguments={"sql": "SELECT 1", "postgres_conn_id": "airflow"})
    translation = delegated(pipeline(sql, own("a")))
    text = translation.files["src/pipelines/defs/resources.py"]
    assert text.count('"airflow":') == 1
    assert '"airflow_database": SqlDatabase' in text


def test_a_mapped_group_is_never_run_once_natively() -> None:
    tasks = bash("x"), bash("g.a", group="g")
    made = pipeline(*tasks, edges="x>g.a", groups=(Group(id="g", mapped=True),))
    assert fidelities(translate(made)) == {"x": "native", "g.a": "manual"}
    assert fidelities(delegated(made)) == {"x": "native", "g.a": "delegated"}


def test_every_pipeline_is_the_same_whoever_comes_before() -> None:
    first = delegated(pipeline(own("a"), bash("b"), edges="a>b"))
    both = delegated(pipeline(own("z"), id="other"), pipeline(own("a"), bash("b"), edges="a>b"))
    assert module(first) == module(both)


CONTROL = """
from airflow.sdk import DAG, TaskGroup, setup, task, task_group, teardown

@task
def load():
    return [1, 2]

@task.branch
def choose():
    return "odd"

@task
def odd(found=(), **context):
    return sorted(context)

@task
def even():
    return 0

@task.branch
def odd_choice(**context):
    return sorted(context)[0]

@task(trigger_rule="all_done")
def clean():
    return "clean"

with DAG("shop", schedule=None) as dag:
"""
ALONE = [  # lines, the tasks that Airflow runs
    ("choose() >> [odd(), even()] >> clean()", {"odd"}),
    ("odd(load()) >> clean()", {"odd"}),
    ("load() >> odd.override(trigger_rule='one_failed')()", {"odd"}),
    ("odd() >> even() >> load.override(trigger_rule='none_failed')()", {"odd"}),
    ("choose() >> [even(), odd()] >> odd.override(task_id='last', trigger_rule='all_done')()", {"odd", "last"}),
]
TOGETHER = [
    "odd_choice() >> [load(), even()] >> clean()",
    "odd.expand(found=load()) >> clean()",
    "odd.override(trigger_rule='all_done')(even.override(task_id='one').expand_kwargs(load()))",
    "setup(load)() >> odd() >> clean()",
    "[chosen := choose(), even()] >> odd(chosen) >> clean()",
    "even() >> teardown(odd)().as_teardown(setups=setup(load)())",
]


def controlled(folder: Path, lines: str, **options: Any) -> Translation:
    path = folder / "shop.py"
    path.write_text(CONTROL + f"    {lines}\n")
    document = read(path, folder)
    assert document.graph.pipelines[0].exact
    return formats.target("dagster")([document], WriteOptions(**options))


@pytest.mark.parametrize("style", ["auto", "ops"])
@pytest.mark.parametrize(("lines", "wanted"), ALONE)
def test_one_op_of_a_graph(lines: str, wanted: set[str], style: Any, tmp_path: Path) -> None:
    translation = controlled(tmp_path, lines, style=style)
    assert {one.task for one in translation.outcomes if one.fidelity == "delegated"} == wanted
    assert {one.fidelity for one in translation.outcomes} == {"native", "delegated"}
    assert {item.task for item in translation.diagnostics if item.code == "DP410"} == wanted
    text = translation.files["src/pipelines/defs/shop.py"]
    assert text.count("yield from run_task_in_airflow(") == len(wanted)
    assert text.count('required_resource_keys={"airflow"}') == len(wanted)
    assert "multi_asset(\n    name=" not in text


def test_the_op_of_the_last_task_is_an_asset(tmp_path: Path) -> None:
    text = controlled(tmp_path, ALONE[-1][0]).files["src/pipelines/defs/shop.py"]
    assert '"airflow/task_id": "last"' in text
    assert re.search(r"last\(context: dg.OpExecutionContext, even, odd\)", text)
    assert re.search(r"results=\{\s*\"even\".*\"odd\": odd,?\s*\}", text, re.DOTALL)


@pytest.mark.parametrize("lines", TOGETHER)
def test_what_airflow_cannot_run_alone(lines: str, tmp_path: Path) -> None:
    translation = controlled(tmp_path, lines)
    assert {one.fidelity for one in translation.outcomes} == {"delegated"}
    assert "run_task_in_airflow" not in translation.files["src/pipelines/defs/shop.py"]


@pytest.mark.parametrize(("lines", "wanted"), ALONE)
def test_nothing_is_delegated_where_that_is_not_wanted(lines: str, wanted: set[str], tmp_path: Path) -> None:
    translation = controlled(tmp_path, lines, delegate=False)
    assert {one.task for one in translation.outcomes if one.fidelity == "manual"} == wanted
    assert "run_task_in_airflow" not in translation.files["src/pipelines/defs/shop.py"]
