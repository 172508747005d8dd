"""Files written anew from graphs: what is read from them is what they were written from."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport import codec, formats
from dagport.graph import CallableRef, Edge, FileGraph, Group, Pipeline, Schedule, Task
from dagport.options import ReadOptions
from dagport.source import Source
from dagport.translation import Document, Translation, WriteOptions
from dagport.values import Call, Template, XCom
from dagport.workspace import Workspace
from dagport.writers.airflow import write
from dagport.writers.airflow.written.files import write_documents
from tests.cases import Case, cases
from tests.writers.airflow.returning import differences, read_files

BY_HAND = {  # tasks that aren't written, and why
    "airflow1_imports": {"show_date": "Airflow 3 has no 'provide_context' for it"},
    "callables": {"static": "`fixed` is a method", "bound": "`bound` is a method"},
    "mapping_dynamic": {
        "load_backups": "a result is changed on the way (`map`, `zip` or `concat`), by code that isn't known"
    },
}
WRITTEN = [
    case
    for format_ in ("airflow", "dag-factory")
    for case in cases(format_)
    if case.document.graph.pipelines and not any(item.severity == "error" for item in case.document.graph.diagnostics)
]


def python(text: str, version: str = "3", source_version: str = "3") -> tuple[str, Translation]:
    """A Python file of Airflow, written anew; its text and all that is said."""
    source = Source("dags/a.py", text)
    options = ReadOptions(airflow_version="2" if source_version == "2" else "3")
    document = Document(source, formats.reader("airflow")(source, options))
    assert [item.message for item in document.graph.diagnostics] == []
    written = write_documents([document], WriteOptions(airflow_version=version))
    return written.files.get("dags/a.py", ""), written


def graph_only(pipeline: Pipeline, version: str = "3") -> tuple[str, Translation]:
    """A graph without a source, written; as one that was read from JSON is."""
    graph = FileGraph(path="dags/a.py", orchestrator="airflow", pipelines=(pipeline,))
    document = Document(Source("graph.json", ""), codec.from_json(codec.to_json(graph)))
    written = write([document], WriteOptions(airflow_version=version))
    return written.files["dags/a.py"], written


@pytest.mark.parametrize("case", WRITTEN, ids=lambda case: f"{case.format}-{case.name}")
def test_fixture(case: Case) -> None:
    document = case.document
    written = write_documents([document], WriteOptions())
    tasks = {(item.id, task.id) for item in document.graph.pipelines if item.exact for task in item.tasks}
    assert {(outcome.pipeline, outcome.task) for outcome in written.outcomes} == tasks
    refused = {outcome.task: outcome.reason for outcome in written.outcomes if outcome.fidelity != "native"}
    assert refused == BY_HAND.get(case.name, {})
    workspace = Workspace(case.folder) if document.source.file else None
    name = document.source.file if workspace and case.format == "airflow" else None
    again = read_files({name or path: text for path, text in written.files.items()}, workspace)
    assert [item.message for graph in again for item in graph.diagnostics if item.severity == "error"] == []
    same = {item.id for item in document.graph.pipelines if item.exact and item.engine_version == "3"}
    if not refused:
        kept = [replace(graph, pipelines=tuple(item for item in graph.pipelines if item.id in same)) for graph in again]
        assert differences([document.graph], kept) == []
        assert same == {item.id for graph in kept for item in graph.pipelines}


HEAD = "from datetime import datetime\n\nfrom airflow.sdk import DAG, task, Variable\n\n"


def test_a_function_is_written_once_for_all_of_its_tasks() -> None:
    text, written = python(
        HEAD
        + """
@task(retries=2)
def load(name):  # as it is
    return  name

with DAG("a", schedule=None, start_date=datetime(2026, 1, 1)):
    load.override(task_id="first", pool="small")("x") >> load("y")
"""
    )
    assert {outcome.fidelity for outcome in written.outcomes} == {"native"}
    assert text.count("def load(name):") == 1
    assert "    return  name\n" in text  # the body as it was
    assert 'load.override(task_id="first", pool="small")("x")' in text
    assert 'default_args={"retries": 2}' in text


def test_constants_of_the_module_come_along_and_nothing_else() -> None:
    text, _ = python(
        HEAD
        + """
RATE = 3
UNUSED = 4

def twice(value):
    return value * RATE

@task
def load():
    return twice(int(Variable.get("n")))

with DAG("a", schedule=None, start_date=datetime(2026, 1, 1)):
    load()
"""
    )
    assert "RATE = 3" in text
    assert "UNUSED" not in text
    assert "from airflow.sdk import DAG, Variable, task" in text


def test_for_airflow_2() -> None:
    text, written = python(
        HEAD
        + """
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import TaskGroup, Asset

raw = Asset("s3://lake/raw")

@task
def load():
    from airflow.sdk import get_current_context
    return Variable.get("n"), get_current_context()["ds"]

with DAG("a", schedule="0 6 * * *", start_date=datetime(2026, 1, 1)):
    with TaskGroup("g"):
        BashOperator(task_id="b", bash_command="true", outlets=[raw]) >> load()
""",
        version="2",
    )
    assert {outcome.fidelity for outcome in written.outcomes} == {"native"}
    assert 'CronTriggerTimetable("0 6 * * *", timezone="UTC")' in text
    assert "catchup=False" in text
    for line in (
        "from airflow.datasets import Dataset", "from airflow.decorators import task", "from airflow import DAG",
        "from airflow.operators.bash import BashOperator",
        "from airflow.timetables.trigger import CronTriggerTimetable",
        "    from airflow.operators.python import get_current_context",
        "from airflow.models.variable import Variable",
    ):  # fmt: skip
        assert line in text
    assert "airflow.sdk" not in text


def test_what_airflow_2_has_not_raises() -> None:
    text, written = python(
        HEAD
        + """
from airflow.providers.standard.operators.hitl import ApprovalOperator

with DAG("a", schedule=None, start_date=datetime(2026, 1, 1)):
    ApprovalOperator(task_id="ask", subject="go?")
""",
        version="2",
    )
    [outcome] = written.outcomes
    assert outcome.fidelity == "manual"
    assert "raise NotImplementedError(" in text
    assert [item.code for item in written.diagnostics] == ["DP401"]


def task_of(name: str, **fields: object) -> Task:
    given = {"operator": "airflow.providers.standard.operators.empty.EmptyOperator", "kind": "empty", **fields}
    return Task(id=name, **given)  # type: ignore[arg-type]


def pipeline_of(*tasks: Task, **fields: object) -> Pipeline:
    given = {"schedule": Schedule(kind="manual"), "engine_version": "3", "start_date": "2026-01-01T00:00:00+00:00"}
    return Pipeline(id="p", exact=True, tasks=tasks, **{**given, **fields})  # type: ignore[arg-type]


def edges(*pairs: tuple[str, str]) -> tuple[Edge, ...]:
    return tuple(sorted(Edge(upstream=above, downstream=below) for above, below in pairs))


@pytest.mark.parametrize(
    ("pairs", "line"),
    [
        ([("a", "b"), ("b", "c")], "a >> b >> c"),
        ([("a", "b"), ("a", "c")], "a >> [b, c]"),
        ([("a", "c"), ("b", "c")], "[a, b] >> c"),
        ([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")], "a >> [b, c] >> d"),
    ],
)
def test_chains(pairs: list[tuple[str, str]], line: str) -> None:
    text, _ = graph_only(pipeline_of(*map(task_of, "abcd"), edges=edges(*pairs)))
    assert f"\n    {line}\n" in text
    assert text.count(">>") == line.count(">>")


def test_several_before_several() -> None:
    """A list has no `>>` to another list."""
    pairs = edges(("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"))
    text, written = graph_only(pipeline_of(*map(task_of, "abcd"), edges=pairs))
    [again] = read_files(written.files)
    assert again.pipelines[0].edges == pairs
    assert "] >> [" not in text


def test_groups_are_joined_as_groups_where_all_their_ends_are() -> None:
    groups = (Group(id="g"), Group(id="h"))
    tasks = [task_of(name, group=name[0]) for name in ("g.a", "g.b", "h.c", "h.d")]
    whole = edges(("g.a", "g.b"), ("g.b", "h.c"), ("g.b", "h.d"))
    text, written = graph_only(pipeline_of(*tasks, groups=groups, edges=whole))
    assert "    g >> h\n" in text
    part = edges(("g.a", "g.b"), ("g.b", "h.c"))
    text, written = graph_only(pipeline_of(*tasks, groups=groups, edges=part))
    assert "    b >> c\n" in text
    assert read_files(written.files)[0].pipelines[0].edges == part


def test_results_that_go_to_and_fro_between_groups_refuse_the_dag() -> None:
    def bash(name: str, above: str | None = None) -> Task:
        command = XCom(above) if above else "true"
        operator = "airflow.providers.standard.operators.bash.BashOperator"
        return task_of(name, operator=operator, kind="bash", group=name[0], arguments={"bash_command": command})

    tasks = [bash("g.a"), bash("h.b", "g.a"), bash("g.c", "h.b")]
    pairs = edges(("g.a", "h.b"), ("h.b", "g.c"))
    text, written = graph_only(pipeline_of(*tasks, groups=(Group(id="g"), Group(id="h")), edges=pairs))
    assert {outcome.fidelity for outcome in written.outcomes} == {"manual"}
    assert "DAG(" not in text


@pytest.mark.parametrize(
    ("schedule", "engine", "version", "wanted"),
    [
        (Schedule(kind="cron", cron="0 6 * * *"), "3", "3", '"0 6 * * *"'),
        (Schedule(kind="cron", cron="0 0 * * *", preset="@daily"), "3", "3", '"@daily"'),
        (Schedule(kind="cron", cron="0 6 * * *"), "2", "3", 'CronDataIntervalTimetable("0 6 * * *", timezone="UTC")'),
        (Schedule(kind="cron", cron="0 6 * * *"), "3", "2", 'CronTriggerTimetable("0 6 * * *", timezone="UTC")'),
        (Schedule(kind="interval", seconds=7200), "3", "3", "timedelta(hours=2)"),
        (Schedule(kind="interval", seconds=7200), "2", "3", "DeltaDataIntervalTimetable(timedelta(hours=2))"),
        (Schedule(kind="interval", seconds=90.5), "3", "2", "DeltaTriggerTimetable(timedelta(seconds=90.5))"),
        (Schedule(kind="once"), "3", "3", '"@once"'),
        (Schedule(kind="continuous"), "3", "3", '"@continuous"'),
        (Schedule(kind="timetable", class_="shop.tables.Fridays", args={"0": 2, "hour": 3}), "3", "3",
         "Fridays(2, hour=3)"),
    ],
)  # fmt: skip
def test_schedules_keep_their_dates(schedule: Schedule, engine: str, version: str, wanted: str) -> None:
    text, written = graph_only(pipeline_of(task_of("a"), schedule=schedule, engine_version=engine), version)
    assert f"schedule={wanted}," in text
    assert {outcome.fidelity for outcome in written.outcomes} == {"native"}


@pytest.mark.parametrize(
    "schedule", [Schedule(kind="opaque", text="from_somewhere()"), Schedule(kind="assets", assets=("alias",))]
)
def test_a_schedule_that_is_not_known_is_told(schedule: Schedule) -> None:
    text, written = graph_only(pipeline_of(task_of("a"), schedule=schedule))
    assert "schedule=None" in text
    assert [item.code for item in written.diagnostics] == ["DP407"]
    assert {outcome.fidelity for outcome in written.outcomes} == {"approximate"}


def test_nothing_is_guessed_about_values() -> None:
    opaque = Call("airflow.sdk.XComArg", (XCom("a"),))
    second = task_of("b", arguments={"what": opaque})
    text, written = graph_only(pipeline_of(task_of("a"), second, edges=edges(("a", "b"))))
    assert [outcome.fidelity for outcome in written.outcomes] == ["native", "manual"]
    assert "a >> b_2" in text or "a >> b" in text
    ast.parse(text)


def test_templates_need_what_they_are_rendered_with() -> None:
    _, written = graph_only(pipeline_of(task_of("a"), arguments={"user_defined_macros": Call("local_maker")}))
    assert {outcome.fidelity for outcome in written.outcomes} == {"manual"}


def test_a_file_that_needs_no_change_stays() -> None:
    text = HEAD + 'with DAG("a", schedule=None, start_date=datetime(2026, 1, 1)):\n    pass\n'
    source = Source("dags/a.py", text)
    document = Document(source, formats.reader("airflow")(source, ReadOptions(airflow_version="3")))
    assert write([document], WriteOptions()).files == {"dags/a.py": text}


def test_an_inexact_pipeline_is_refused_unless_asked_for() -> None:
    pipeline = replace(pipeline_of(task_of("a")), exact=False)
    graph = FileGraph(path="dags/a.py", orchestrator="airflow", pipelines=(pipeline,))
    document = Document(Source("graph.json", ""), graph)
    assert [item.code for item in write([document], WriteOptions()).diagnostics] == ["DP406"]
    assert write([document], WriteOptions(allow_inexact=True)).files


def test_a_template_of_the_other_version_is_refused() -> None:
    command = Template("echo {{ execution_date }}", ("execution_date",))
    bash = "airflow.operators.bash.BashOperator"
    task = task_of("a", operator=bash, kind="bash", arguments={"bash_command": command})
    text, written = graph_only(pipeline_of(task, engine_version="2"))
    assert {outcome.fidelity for outcome in written.outcomes} == {"manual"}
    text, written = graph_only(pipeline_of(task, engine_version="2"), "2")
    assert {outcome.fidelity for outcome in written.outcomes} == {"native"}
    assert f"from {bash.rpartition('.')[0]} import BashOperator" in text


def test_what_airflow_3_has_not_is_refused() -> None:
    task = task_of("a", operator="airflow.operators.subdag.SubDagOperator", kind="other")
    text, written = graph_only(pipeline_of(task, engine_version="2"))
    assert [outcome.reason for outcome in written.outcomes] == ["Airflow 3 has no SubDAGs: use a TaskGroup"]
    assert "SubDagOperator" not in text


def test_a_context_that_only_airflow_3_has_is_refused() -> None:
    text, written = python(
        HEAD
        + """
@task
def load(triggering_asset_events=None):
    print(triggering_asset_events)

with DAG("a", schedule=None, start_date=datetime(2026, 1, 1)):
    load()
""",
        version="2",
    )
    assert {outcome.fidelity for outcome in written.outcomes} == {"manual"}
    assert "def load(triggering" not in text


def test_a_function_of_another_orchestrator_is_a_taskflow_task() -> None:
    function = CallableRef(name="train", module="shop.models", span=None)
    task = Task(id="train", operator="prefect.task", kind="python", callable=function, arguments={"op_args": [1]})
    shell = Task(id="shell", operator="prefect_shell.ShellOperation", kind="bash")
    graph = FileGraph(path="flows/a.py", orchestrator="prefect", pipelines=(pipeline_of(task, shell),))
    written = write([Document(Source("graph.json", ""), graph)], WriteOptions())
    assert [outcome.fidelity for outcome in written.outcomes] == ["native", "manual"]
    assert 'task(task_id="train")(train)(1)' in written.files["flows/a.py"]


def test_a_teardown_with_another_rule_is_refused() -> None:
    _, written = graph_only(pipeline_of(task_of("a", teardown=True, trigger_rule="all_done")))
    assert {outcome.fidelity for outcome in written.outcomes} == {"manual"}


def test_dates_of_tasks_do_not_become_the_dags() -> None:
    when = Call("datetime.datetime.fromisoformat", ("2026-01-01T00:00:00+00:00",))
    tasks = [task_of(name, arguments={"start_date": when}) for name in "ab"]
    text, _ = graph_only(pipeline_of(*tasks, start_date=None))
    assert "default_args" not in text


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    """Tasks in nested groups, with any order and rules between them."""
    names = [f"t{number}" for number in range(draw(st.integers(1, 7)))]
    groups: list[Group] = []
    for number in range(draw(st.integers(0, 3))):
        parent = draw(st.sampled_from([None, *(group.id for group in groups)]))
        groups.append(Group(id=f"{parent}.g{number}" if parent else f"g{number}", parent=parent, tooltip=None))
    tasks = []
    for name in names:
        group = draw(st.sampled_from([None, *(item.id for item in groups)]))
        rule = draw(st.sampled_from(["all_success", "all_done", "none_failed", "one_success"]))
        retries = draw(st.sampled_from([None, 0, 2]))
        tasks.append(task_of(f"{group}.{name}" if group else name, group=group, trigger_rule=rule, retries=retries))
    possible = [(above.id, below.id) for index, above in enumerate(tasks) for below in tasks[index + 1 :]]
    chosen = draw(st.lists(st.sampled_from(possible), unique=True)) if possible else []
    labels = draw(st.lists(st.sampled_from([None, None, 'a "b"']), min_size=len(chosen), max_size=len(chosen)))
    pairs = [Edge(upstream=a, downstream=b, label=label) for (a, b), label in zip(chosen, labels, strict=True)]
    order = sorted(pairs, key=lambda edge: (edge.upstream, edge.downstream))
    return pipeline_of(*tasks, groups=tuple(groups), edges=tuple(order), owners=("airflow",))


@settings(max_examples=40, deadline=None)
@given(pipelines())
def test_any_order_comes_back(pipeline: Pipeline) -> None:
    _, written = graph_only(pipeline)
    graph = FileGraph(path="dags/a.py", orchestrator="airflow", pipelines=(pipeline,))
    again = read_files(written.files)
    wanted = [line for line in differences([graph], again) if "timezone" not in line]
    assert wanted == []
    assert [item.id for found in again for item in found.pipelines] == ["p"]
