"""Projects for Prefect: the tasks, the flow that calls them, the deployment, and what is refused or said instead."""

from __future__ import annotations

import ast
import tomllib
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dagport.graph import Asset, Edge, FileGraph, Schedule, Task
from dagport.source import Source
from dagport.translation import Document, WriteOptions
from dagport.values import Call, Template, Value, XCom
from dagport.writers.prefect import write
from dagport.writers.prefect.deployment import quoted
from tests.writers.dagster.making import DAILY, EMPTY, bash, pipeline, python
from tests.writers.prefect.making import calls, decorators, deployment, fidelities, module, said, translate

SOURCE = '''
from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from airflow.models import Variable

def load():
    return [1]

def use(rows: list, factor: int = 2) -> int:
    """Use them."""
    return len(rows) * factor

def keys(ti):
    ti.xcom_push(key="count", value=1)

def day(ds):
    return ds

def late(data_interval_end):
    return data_interval_end.isoformat()

def yesterday(yesterday_ds):
    return yesterday_ds

def asks(params):
    return params["rate"]

def settings():
    return Variable.get("Some Setting", default_var=3)

def tries(ti, run_id):
    return ti.try_number

def run(run_id):
    return run_id

def fail():
    raise AirflowFailException("no")

def skip():
    raise AirflowSkipException("no")

def error():
    raise AirflowException("no")

def unknown(conn):
    return conn

def choose():
    return "load"
'''
LOAD, USE = "load", "use"


def task(name: str, **fields: Any) -> Task:
    return python(SOURCE, name, **fields)


def used(value: Value, **more: Value) -> Task:
    return python(SOURCE, "use", {"op_args": [value], "op_kwargs": more})


def project(*tasks: Task, edges: str = "", **fields: Any) -> Any:
    options = {name: fields.pop(name) for name in ("delegate", "allow_inexact") if name in fields}
    return translate(pipeline(*tasks, edges=edges, **fields), source=SOURCE, **options)


# What a flow calls


def data(upstream: str, downstream: str) -> tuple[Edge, ...]:
    return (Edge(upstream=upstream, downstream=downstream, kind="data", key="return_value"),)


CALLS: dict[str, tuple[list[Task], dict[str, Any], list[str]]] = {
    "a chain": ([bash("a", arguments={"skip_on_exit_code": None}), task("load")], {"edges": "a>load"}, [
        "a_run = a.submit()", "load_run = load.submit(wait_for=[a_run])", "return [load_run]"]),
    "a result": ([task("load"), used(XCom("load", "return_value"))], {"edges_made": data("load", "use")}, [
        "load_run = load.submit()", "use_run = use.submit(rows=load_run)", "return [use_run]"]),
    "a constant": ([used([1, 2], factor=5)], {}, ["use_run = use.submit(rows=[1, 2], factor=5)", "return [use_run]"]),
    "a param": ([task("asks")], {"params": {"rate": 0.5}}, ["asks_run = asks.submit(rate=rate)", "return [asks_run]"]),
    "a date": ([task("day")], {"schedule": DAILY}, [
        "logical_date = date_of_run(logical_date)", "day_run = day.submit(logical_date=logical_date)",
        "return [day_run]"]),
    "a date of Airflow 2": ([task("day")], {"schedule": DAILY, "engine_version": "2"}, [
        "logical_date, _, _ = dates_of_run(Cron('0 0 * * *'), logical_date)",
        "day_run = day.submit(logical_date=logical_date)", "return [day_run]"]),
    "the end of an interval of Airflow 2": (
        [task("late")], {"schedule": Schedule(kind="interval", seconds=60), "engine_version": "2"}, [
        "_, _, data_interval_end = dates_of_run(Every(seconds=60), logical_date)",
        "late_run = late.submit(data_interval_end=data_interval_end)", "return [late_run]"]),
    "what may skip itself": ([bash("a"), bash("b"), task("load")], {"edges": "a>b"}, [
        "a_run = a.submit()", "b_run = b.submit(after=after(a_run))", "load_run = load.submit()",
        "return [b_run, load_run]"]),
    "a rule": ([task("load"), task("day", trigger_rule="all_done")], {"edges": "load>day", "schedule": DAILY}, [
        "logical_date = date_of_run(logical_date)", "load_run = load.submit()",
        "day_run = day.submit(logical_date=logical_date, after=after(load_run))", "return [day_run]"]),
    "a teardown": (
        [task("load", setup=True), task("error"), bash("z", teardown=True)], {"edges": "load>error error>z load>z"}, [
        "load_run = load.submit()", "error_run = error.submit(wait_for=[load_run])",
        "z_run = z.submit(after=after(error_run, as_setup(load_run)))", "wait([z_run])", "return [error_run]"]),
    "a folded end": (
        [task("load"), task("error"), Task(id="end", operator=EMPTY, kind="empty")], {"edges": "load>end error>end"}, [
        "load_run = load.submit()", "error_run = error.submit()", "return [load_run, error_run]"]),
    "a folded middle": (
        [task("load"), Task(id="mid", operator=EMPTY, kind="empty"), task("error")], {"edges": "load>mid mid>error"}, [
        "load_run = load.submit()", "error_run = error.submit(wait_for=[load_run])", "return [error_run]"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_calls(name: str) -> None:
    tasks, fields, expected = CALLS[name]
    found = project(*tasks, **fields)
    assert calls(module(found)) == expected
    assert set(fidelities(found).values()) == {"native"}


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (task("load"), "task"),
        (task("load", id="the.load"), "task(name='the.load')"),
        (task("load", retries=2), "task(retries=2, retry_delay_seconds=300)"),
        (task("load", retries=2, retry_delay_s=0), "task(retries=2)"),
        (task("load", retries=1, retry_delay_s=1.5), "task(retries=1, retry_delay_seconds=1.5)"),
        (task("fail"), "task"),
        (task("fail", retries=1, retry_delay_s=0), "task(retries=1, retry_condition_fn=unless_permanent)"),
        (task("load", owner="data"), "task(tags=['owner:data'])"),
        (task("load", owner="airflow", pool="gpu"), "task(tags=['pool:gpu'])"),
        (task("load", pool="default_pool", doc="Loads."), "task"),
        (task("load", outlets=("s3://b/k",)), "materialize('s3://b/k')"),
        (task("load", outlets=("s3://b/k",), inlets=("s3://b/i",)), "materialize('s3://b/k', asset_deps=['s3://b/i'])"),
        (task("load", outlets=("a table",)), "task"),
        (task("skip"), "gated_task()"),
        (bash("load", outlets=("s3://b/k",)), "gated_task(assets=['s3://b/k'])"),
        (bash("load", arguments={"skip_on_exit_code": None}), "task"),
        (task("choose", kind="branch", operator="airflow.sdk.task.branch"), "gated_task(choices=('choose',))"),
    ],
)
def test_decorators(made: Task, expected: str) -> None:
    [found] = [text for name, text in decorators(module(project(made))).items() if name != "train"]
    assert found == expected


@pytest.mark.parametrize(
    ("made", "lines"),
    [
        (used([1]), ["def use(rows: list, factor: int = 2) -> int:", "    return len(rows) * factor"]),
        (task("keys"), ['    return {"count": 1}']),
        (task("settings"), ['    return get_variable("some_setting", default=3)']),
        (task("error"), ['    raise RuntimeError("no")']),
        (task("fail"), ['    raise PermanentFailure("no")']),
        (task("skip"), ['    raise Skip("no")']),
        (task("tries"), ["    return task_run.run_count"]),
        (bash("b", Template("echo {{ ds }}", ("ds",))), [
            "    return run_bash(f\"echo {logical_date.strftime('%Y-%m-%d')}\")"]),
        (bash("b", "x", {"cwd": "/tmp", "skip_on_exit_code": [1, 2]}), [
            '    return run_bash("x", cwd="/tmp", skip_on=(1, 2))']),
    ],
)  # fmt: skip
def test_functions(made: Task, lines: list[str]) -> None:
    text = module(project(made))
    assert [line for line in lines if line not in text.splitlines()] == []


# What is said, and what is refused


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (task("load", execution_timeout_s=5), "`execution_timeout`"),
        (task("load", retries=1, retry_exponential_backoff=True), "`retry_exponential_backoff`"),
        (task("load", depends_on_past=True), "`depends_on_past`"),
        (task("load", wait_for_downstream=True), "`wait_for_downstream`"),
        (task("load", pool="a", pool_slots=2), "`pool_slots`"),
        (python(SOURCE, "load", {"on_failure_callback": Call("notify", (), {})}), "`on_failure_callback`"),
        (task("run"), "`run_id`"),
        (task("load", conditional="x > 1"), "`x > 1`"),
    ],
)
def test_approximations(made: Task, says: str) -> None:
    found = project(made)
    assert set(fidelities(found).values()) == {"approximate"}
    assert any(says in message for message in said(found, "DP402"))


@pytest.mark.parametrize(
    ("made", "fields", "why"),
    [
        (task("unknown"), {}, "`conn`"),
        (task("day"), {"schedule": Schedule(kind="continuous")}, "dates"),
        (task("yesterday"), {"schedule": DAILY}, "Airflow 3"),
        (task("asks"), {}, "isn't declared"),
        (python(SOURCE, "load", {"something": 1}), {}, "`something`"),
        (python(SOURCE, "load", {"retry_policy": Call("p", (), {})}), {}, "retry_policy"),
        (Task(id="x", operator="airflow.providers.shop.Own", kind="other"), {}, "Own has no exact form"),
    ],
)
def test_refusals(made: Task, fields: dict[str, Any], why: str) -> None:
    found = project(made, **fields)
    assert set(fidelities(found).values()) == {"manual"}
    assert any(why in message for message in said(found, "DP401"))
    assert "raise NotImplementedError(" in module(found)


def test_a_refused_task_keeps_its_place() -> None:
    found = project(task("load"), task("unknown"), task("error"), edges="load>unknown unknown>error")
    assert calls(module(found))[1:] == [
        "unknown_run = unknown.submit(wait_for=[load_run])",
        "error_run = error.submit(wait_for=[unknown_run])",
        "return [error_run]",
    ]


@pytest.mark.parametrize(
    ("fields", "options", "notes"),
    [
        ({"max_active_tasks": 4}, ["task_runner=ThreadPoolTaskRunner(max_workers=4)"], []),
        ({"dagrun_timeout_s": 60}, ["timeout_seconds=60"], ["`dagrun_timeout`"]),
        ({"description": "Trains."}, ["description='Trains.'"], []),
        ({"callbacks": {"on_failure": Call("f", (), {})}}, [], ["`on_failure`"]),
    ],
)
def test_options_of_a_flow(fields: dict[str, Any], options: list[str], notes: list[str]) -> None:
    found = project(task("load"), **fields)
    decorator = decorators(module(found))["train"]
    assert [option for option in options if option not in decorator] == []
    assert [note for note in notes if not any(note in message for message in said(found, "DP403"))] == []


def test_params_are_parameters_of_the_flow() -> None:
    whole = Call("airflow.sdk.Param", (3,), {"type": "integer", "minimum": 1, "description": "How many"})
    found = project(task("asks"), params={"rate": 0.5, "count": whole, "logical_date": "x", "no type": None})
    text = module(found)
    assert "count: Annotated[int, Field(ge=1, description='How many')]=3" in ast.unparse(ast.parse(text)).replace(
        "] = 3", "]=3"
    )
    assert "rate: float = 0.5" in text
    assert "logical_date_2: str" in text


def test_names_that_collide() -> None:
    found = project(*(task("load", id=name) for name in ("a.b", "a_b", "flow", "class", "1", "train", "a_b_run")))
    functions = decorators(module(found))
    assert len(functions) == 8
    assert functions["flow_task"] == "task(name='flow')"
    assert functions["train"] == "task"
    assert functions["train_flow"] == "flow(name='train')"


def test_a_flow_name_that_prefect_forbids() -> None:
    found = translate(pipeline(bash("a"), id="a/b"), pipeline(bash("a"), id="a%b"))
    assert "src/pipelines/flows/a_b.py" in found.files
    assert "src/pipelines/flows/a_b_2.py" in found.files
    assert len(said(found, "DP404")) == 2


def test_what_is_not_exact_is_left_out() -> None:
    found = project(task("load"), exact=False)
    assert found.outcomes == ()
    assert said(found, "DP406")
    assert fidelities(project(task("load"), exact=False, allow_inexact=True)) == {"load": "native"}


def test_a_cycle_is_left_out() -> None:
    found = project(task("load"), task("error"), edges="load>error error>load", exact=False, allow_inexact=True)
    assert found.outcomes == ()
    assert "wasn't translated" in said(found, "DP406")[0]


# Delegation


def own(task_id: str, **fields: Any) -> Task:
    values: dict[str, Any] = {"id": task_id, "operator": "airflow.providers.shop.Own", "kind": "other", **fields}
    return Task(**values)


def test_a_delegated_task() -> None:
    made = data("load", "x")
    found = project(task("load"), own("x"), task("error"), edges="x>error", edges_made=made, delegate=True)
    text = module(found)
    assert fidelities(found) == {"load": "native", "x": "delegated", "error": "native"}
    assert 'results={"load": {"return_value": load}}, logical_date=logical_date' in text
    assert calls(text)[1:] == [
        "load_run = load.submit()",
        "x_run = x.submit(load=load_run, logical_date=logical_date)",
        "error_run = error.submit(after=after(x_run))",
        "return [error_run]",
    ]
    assert "dagport[prefect]" in tomllib.loads(found.files["pyproject.toml"])["project"]["dependencies"]
    assert "src/pipelines/airflow.py" in found.files


def test_a_region() -> None:
    made = [task("load"), own("x", kind="branch"), own("y"), own("z"), task("error")]
    found = project(*made, edges="load>x x>y x>z y>error z>error", delegate=True)
    text = module(found)
    assert fidelities(found) == {"load": "native", **dict.fromkeys("xyz", "delegated"), "error": "native"}
    assert decorators(text)["x_region"] == "task(name='x.region', tags=['airflow'])"
    assert 'choosers=["x"]' in text
    assert calls(text)[1:] == [
        "load_run = load.submit()",
        "x_region_run = x_region.submit(logical_date=logical_date, wait_for=[load_run])",
        *(f"{one}_run = {one}.submit(region=allow_failure(x_region_run), after=after(x_region_run))" for one in "xyz"),
        "error_run = error.submit(after=after(y_run, z_run))",
        "wait([x_run])",
        "return [error_run]",
    ]


def test_what_decides_about_tasks_of_a_region_is_run_with_them() -> None:
    choose = task("choose", kind="branch", operator="airflow.sdk.task.branch")
    made = [choose, task("load"), own("x", kind="branch"), own("y"), task("error")]
    found = project(*made, edges="choose>load choose>x x>y load>error", delegate=True)
    assert fidelities(found)["choose"] == "delegated"
    alone = project(*made[:2], own("x"), edges="choose>load choose>x", delegate=True)
    assert fidelities(alone) == {"choose": "native", "load": "native", "x": "delegated"}
    asked = "x_run = x.submit(logical_date=logical_date, after=after(chosen(choose_run, 'x')))"
    assert asked in calls(module(alone))


def test_nothing_is_delegated_of_what_may_not_exist() -> None:
    found = project(own("x"), exact=False, allow_inexact=True, delegate=True)
    assert fidelities(found) == {"x": "manual"}


# Deployments


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {}),
        ({"schedule": DAILY}, {"schedules": [{"cron": "0 0 * * *", "timezone": "UTC"}], "paused": True}),
        (
            {"schedule": Schedule(kind="interval", seconds=90)},
            {
                "schedules": [{"interval": 90, "anchor_date": "2026-01-01T00:00:00+00:00", "timezone": "UTC"}],
                "paused": True,
            },
        ),
        ({"max_active_runs": 1}, {"concurrency_limit": {"limit": 1, "collision_strategy": "ENQUEUE"}}),
        ({"tags": ("a", 'b: "c"', "{{ d }}")}, {"tags": ["a", 'b: "c"']}),
    ],
)
def test_deployments(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    found = deployment(project(task("load"), **fields))
    always = {"name": "train", "entrypoint": "src/pipelines/flows/train.py:train", "work_pool": {"name": "default"}}
    assert found == {**always, **expected}


@given(st.text())
def test_any_text_is_quoted(text: str) -> None:
    assert yaml.safe_load(f"- {quoted(text)}") == [text]


ODD = ('quo"te', "{% if %}", "back\\slash", "\x07", "new\nline", '"""', "ä😀", "# not a comment")


def test_odd_texts() -> None:
    """Whatever a DAG's texts hold, the file is YAML and the module is Python that says the same."""
    for text in ODD:
        found = project(task("load", doc=text, owner=text), tags=(text,), description=text, doc=text)
        assert deployment(found)["tags"] == [text]
        options = ast.parse(decorators(module(found))["load"], mode="eval").body
        assert isinstance(options, ast.Call)
        assert {item.arg: ast.literal_eval(item.value) for item in options.keywords}["tags"] == [f"owner:{text}"]


def test_assets_by_their_uris() -> None:
    graph = FileGraph(
        path="dags/train.py",
        orchestrator="airflow",
        pipelines=(pipeline(task("load", outlets=("report",))),),
        assets=(Asset(name="report", uri="file://tmp/report"),),
    )
    found = write([Document(Source("dags/train.py", SOURCE), graph)], WriteOptions())
    assert decorators(module(found))["load"] == "materialize('file://tmp/report')"


def test_no_pipeline_is_a_project_all_the_same() -> None:
    found = translate()
    assert set(found.files) == {"pyproject.toml", "prefect.yaml", "src/pipelines/__init__.py",
                                "src/pipelines/flows/__init__.py"}  # fmt: skip


def test_support_files_come_with_what_they_import() -> None:
    files = translate(pipeline(bash("a"), id="train")).files
    assert {"src/pipelines/shell.py", "src/pipelines/control.py", "src/pipelines/rules.py"} <= set(files)
    assert not any("import dagport" in text or "from dagport" in text for text in files.values())
