"""The generated project: its files, names, jobs and schedules, and that nothing gets lost."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruff.__main__ import find_ruff_bin  # type: ignore[import-untyped]

from dagport.graph import Asset, Edge, FileGraph, Schedule, Task
from dagport.source import Source
from dagport.translation import Document, WriteOptions
from dagport.values import Call, Ref, Template
from dagport.writers.dagster import write
from tests.cases import write_project
from tests.writers.dagster.making import DAILY, EMPTY, assets, bash, fidelities, module, pipeline, python, translate


def codes(translation: Any) -> list[str]:
    return sorted(item.code for item in translation.diagnostics)


def test_the_files_of_a_project() -> None:
    files = translate(pipeline(bash("a"))).files
    assert sorted(files) == [
        "pyproject.toml",
        "src/pipelines/__init__.py",
        "src/pipelines/commands.py",
        "src/pipelines/definitions.py",
        "src/pipelines/defs/__init__.py",
        "src/pipelines/defs/train.py",
        "src/pipelines/shell.py",
    ]
    assert all(text.startswith("# Written by dagport") for text in files.values())
    project = tomllib.loads(files["pyproject.toml"])
    assert project["project"]["dependencies"] == ["dagster"]
    assert project["tool"]["dg"]["project"]["root_module"] == "pipelines"


def test_helpers_only_where_they_are_used() -> None:
    source = "def f():\n    return 1\n"
    assert "src/pipelines/shell.py" not in translate(pipeline(python(source, "f")), source=source).files


def test_no_pipeline_is_a_project_too() -> None:
    translation = write([], WriteOptions(package="mine"))
    assert "src/mine/definitions.py" in translation.files
    assert translation.outcomes == ()


def test_the_same_input_gives_the_same_bytes() -> None:
    made = [pipeline(bash("a"), bash("b"), edges="a>b", id=name) for name in ("x", "y")]
    assert translate(*made) == translate(*made)


def test_generated_code_has_no_unused_name(tmp_path: Any) -> None:
    source = "import json\n\n\ndef f(ds):\n    return json.dumps(ds)\n"
    tasks = [python(source, "f"), bash("b", Template("echo {{ params.x }}", ("params.x",))), bash("c", "exit 1")]
    sql = Task(
        id="s",
        operator="airflow.operators.postgres_operator.PostgresOperator",
        kind="sql",
        arguments={"sql": "SELECT 1"},
    )
    translation = translate(pipeline(*tasks, sql, schedule=DAILY, params={"x": 1}), source=source)
    project = write_project(translation, tmp_path)
    command = [find_ruff_bin(), "check", "--isolated", "--no-cache", "--select", "F,I,E9", project]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    for path, text in translation.files.items():
        if path.endswith(".py"):
            compile(text, path, "exec")


# What is translated


def test_an_inexact_pipeline_is_left_out() -> None:
    translation = translate(pipeline(bash("a"), exact=False))
    assert (codes(translation), translation.outcomes) == (["DP406"], ())
    assert not any("train" in path for path in translation.files)


def test_an_inexact_pipeline_when_asked_for() -> None:
    maybe = pipeline(bash("a", conditional="DEBUG"), exact=False)
    translation = translate(maybe, allow_inexact=True)
    assert fidelities(translation) == {"a": "approximate"}
    assert "DEBUG" in (translation.outcomes[0].reason or "")


TASKS = st.builds(
    Task,
    id=st.text("ab-._1", min_size=1, max_size=3),
    operator=st.sampled_from([EMPTY, "airflow.operators.bash.BashOperator", "mine.Operator"]),
    kind=st.just("other"),
    arguments=st.sampled_from([{}, {"bash_command": "true"}, {"bash_command": Ref("x")}]),
    trigger_rule=st.sampled_from(["all_success", "all_done"]),
    group=st.sampled_from([None, "a", "a.b-c"]),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(TASKS, max_size=6, unique_by=lambda task: task.id), st.randoms(use_true_random=False))
def test_every_task_has_one_outcome(tasks: list[Task], random: Any) -> None:
    pairs = [(up.id, down.id) for index, up in enumerate(tasks) for down in tasks[index + 1 :]]
    chosen = sorted(Edge(upstream=up, downstream=down) for up, down in pairs if random.random() < 0.4)
    translation = translate(pipeline(*tasks, edges_made=chosen, id="a"))
    assert [outcome.task for outcome in translation.outcomes] == [task.id for task in tasks]
    targets = [outcome.target for outcome in translation.outcomes if outcome.target]
    assert len(set(targets)) == len(targets)
    refused = {item.task for item in translation.diagnostics if item.code == "DP401"}
    assert refused == {outcome.task for outcome in translation.outcomes if outcome.fidelity == "manual"}


# Names


def test_names_that_become_the_same() -> None:
    translation = translate(
        pipeline(bash("a-b"), bash("a_b"), bash("class"), edges="a-b>a_b a_b>class"), pipeline(bash("x"), id="tr-ain")
    )
    assert [outcome.target for outcome in translation.outcomes] == [
        "train/a_b_2",
        "train/a_b",
        "train/class",
        "tr_ain/x",
    ]
    found = assets(module(translation))
    assert found["a_b_2"]["metadata"] == "{'airflow/task_id': 'a-b'}"
    assert found["class_asset"]["name"] == "'class'"
    assert codes(translation) == ["DP404", "DP404"]


def test_two_files_with_one_dag_id() -> None:
    documents = [
        Document(Source(path, ""), FileGraph(path=path, orchestrator="airflow", pipelines=(pipeline(bash("a")),)))
        for path in ("dags/one.py", "dags/two.py")
    ]
    translation = write(documents, WriteOptions())
    assert [outcome.target for outcome in translation.outcomes] == ["train/a", "train_2/a"]
    assert "dags/two.py" in module(translation, "train_2")


def test_a_job_is_never_called_like_an_op() -> None:
    translation = translate(pipeline(bash("b"), id="a"), pipeline(bash("x"), id="a__b"))
    assert [outcome.target for outcome in translation.outcomes] == ["a/b_2", "a__b/x"]


def test_groups() -> None:
    text = module(translate(pipeline(bash("in.deep-er.a", group="in.deep-er"))))
    assert assets(text)["in_deep_er_a"]["group_name"] == "'train/in/deep_er'"


# Jobs and schedules


def schedule(text: str) -> str:
    """The last statement of a module."""
    return " ".join(text.rstrip().split("\n\n")[-1].split())


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"cron": "0 9 * * 1-5"}, 'cron_schedule="0 9 * * 1-5", execution_timezone="UTC"'),
        ({"cron": "0 0 * * *", "preset": "@daily"}, 'cron_schedule="0 0 * * *"'),
    ],
)
def test_a_cron_schedule(fields: dict[str, Any], text: str) -> None:
    translation = translate(pipeline(bash("a"), schedule=Schedule(kind="cron", **fields)))
    assert text in schedule(module(translation))
    assert "dg.ScheduleDefinition(" in module(translation)
    assert codes(translation) == []


def test_the_time_zone_of_a_schedule() -> None:
    text = module(translate(pipeline(bash("a"), schedule=DAILY, timezone="Europe/Paris")))
    assert 'execution_timezone="Europe/Paris"' in text


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(kind="assets", assets=("a",), condition="all"),
        Schedule(kind="timetable", class_="mine.Timetable"),
        Schedule(kind="opaque", text="soon()"),
        Schedule(kind="timetable", class_="airflow.timetables.events.EventsTimetable"),
        Schedule(kind="cron", cron="0 0 31 2 *"),
    ],
    ids=lambda schedule: schedule.kind,
)
def test_a_schedule_without_an_exact_form(schedule: Schedule) -> None:
    translation = translate(pipeline(bash("a"), schedule=schedule))
    assert codes(translation) == ["DP407"]
    assert "schedule" not in module(translation).lower()


def test_no_schedule_is_no_loss() -> None:
    assert codes(translate(pipeline(bash("a")))) == []


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"engine_version": "2"}, "catches up"),  # the default there
        ({"max_active_runs": 1}, "max_active_runs"),
        ({"max_active_tasks": 1, "engine_version": "2", "catchup": False}, "max_active_tasks"),
        ({"dagrun_timeout_s": 60}, "dagrun_timeout"),
        ({"callbacks": {"on_failure": Ref("tell")}}, "on_failure"),
    ],
)
def test_settings_of_a_dag_without_a_place(fields: dict[str, Any], word: str) -> None:
    translation = translate(pipeline(bash("a"), schedule=DAILY, **fields))
    assert codes(translation) == ["DP403"]
    assert word in translation.diagnostics[0].message


def test_description_tags_and_documentation() -> None:
    made = pipeline(bash("a"), description="Trains.", doc='How it "works".', tags=("ml", "team: data", "dagster/x"))
    text = module(translate(made))
    assert text.split("\n")[2] == '"""How it "works"."""'
    assert 'description="Trains."' in text
    assert 'tags={"ml": ""}' in text
    assert 'metadata={"airflow/tags": ["team: data", "dagster/x"]}' in text


# Params


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (1, "x: int = 1"),
        (0.5, "x: float = 0.5"),
        (True, "x: bool = True"),
        ("a", 'x: str = "a"'),
        ([1], "x: list = [1]"),
        (Call("airflow.sdk.Param", (3,), {"type": "integer", "minimum": 1}), "x: int = Field(default=3, ge=1)"),
        (Call("airflow.sdk.Param", (), {"default": 1, "type": "number"}), "x: float = 1"),
        (Call("airflow.sdk.Param", (None,), {"type": ["null", "string"]}), "x: str | None = None"),
        (Call("airflow.models.param.Param", (), {"type": "string"}), "x: str"),
    ],
)
def test_params(value: Any, line: str) -> None:
    task = bash("a", Template("echo {{ params.x }}", ("params.x",)))
    translation = translate(pipeline(task, params={"x": value}))
    assert f"    {line}\n" in module(translation)
    assert fidelities(translation) == {"a": "native"}


@pytest.mark.parametrize(
    "value", [None, Ref("somewhere"), Call("airflow.sdk.Param", (1,), {"type": ["string", "integer"]})]
)
def test_params_of_an_unknown_type(value: Any) -> None:
    task = bash("a", Template("echo {{ params.x }}", ("params.x",)))
    assert fidelities(translate(pipeline(task, params={"x": value}))) == {"a": "manual"}


def test_rules_that_a_config_does_not_check_are_told() -> None:
    task = bash("a", Template("echo {{ params.x }}", ("params.x",)))
    enum = Call("airflow.sdk.Param", ("a",), {"type": "string", "enum": ["a", "b"]})
    translation = translate(pipeline(task, params={"x": enum}))
    assert codes(translation) == ["DP403"]


# Bash, SQL, Empty


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        ({}, 'run_bash(context, "true")'),
        ({"env": {"A": "b"}}, 'run_bash(context, "true", env={"A": "b"})'),
        ({"env": {"A": "b"}, "append_env": True}, 'run_bash(context, "true", env={**os.environ, "A": "b"})'),
        ({"env": {}}, 'run_bash(context, "true", env={})'),
        ({"cwd": "/data"}, 'run_bash(context, "true", cwd="/data")'),
        ({"skip_on_exit_code": [1, 2]}, 'run_bash(context, "true", skip_on=(1, 2))'),
        ({"skip_on_exit_code": 5}, 'run_bash(context, "true", skip_on=(5,))'),
        ({"skip_on_exit_code": None}, 'run_bash(context, "true", skip_on=())'),
        ({"do_xcom_push": False}, 'run_bash(context, "true", keep_output=False)'),
        ({"output_encoding": "latin-1"}, 'run_bash(context, "true", encoding="latin-1")'),
        ({"output_processor": Ref("json.loads")}, 'run_bash(context, "true", process=json.loads)'),
        ({"multiple_outputs": True}, 'run_bash(context, "true", multiple_outputs=True)'),
    ],
)
def test_bash(arguments: dict[str, Any], call: str) -> None:
    text = module(translate(pipeline(bash("a", "true", arguments))))
    assert f"    yield from {call}\n" in text
    assert ("output_required" in text) == ("skip_on=()" not in call)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("scripts/run.sh", {}),
        ("echo $AIRFLOW_CTX_DAG_ID", {}),
        (Ref("command"), {}),
        (Template("{% for x in y %}{% endfor %}", ("y",)), {}),
        (Template("{{ conn.lake.get_uri() }}", ("conn.lake",)), {}),
        ("true", {"output_processor": Ref("ours.loads_lines")}),
        ("true", {"skip_on_exit_code": Ref("CODES")}),
        ("true", {"env": Ref("ENV")}),
        ("true", {"a_new_argument": 1}),
    ],
)
def test_bash_refused(command: Any, arguments: dict[str, Any]) -> None:
    translation = translate(pipeline(bash("a", command, arguments)))
    assert fidelities(translation) == {"a": "manual"}
    assert "run_bash" not in module(translation)


def test_before_2_1_no_exit_code_skips() -> None:
    assert "skip_on=()" in module(translate(pipeline(bash("a"), engine_version="1.10")))


@pytest.mark.parametrize(
    ("operator", "arguments", "fidelity"),
    [
        ("airflow.providers.postgres.operators.postgres.PostgresOperator", {"sql": "SELECT 1"}, "native"),
        (
            "airflow.providers.common.sql.operators.sql.SQLExecuteQueryOperator",
            {"sql": "SELECT 1", "conn_id": "dwh"},
            "approximate",
        ),
        (
            "airflow.providers.common.sql.operators.sql.SQLExecuteQueryOperator",
            {"sql": "SELECT 1; SELECT 2", "conn_id": "dwh"},
            "manual",
        ),
        ("airflow.providers.common.sql.operators.sql.SQLExecuteQueryOperator", {"sql": "SELECT 1"}, "manual"),
        ("airflow.providers.postgres.operators.postgres.PostgresOperator", {"sql": "a.sql"}, "manual"),
        ("airflow.providers.postgres.operators.postgres.PostgresOperator", {"sql": []}, "manual"),
        (
            "airflow.providers.postgres.operators.postgres.PostgresOperator",
            {"sql": "SELECT 1", "handler": Ref("mine.handler")},
            "manual",
        ),
        ("airflow.providers.snowflake.operators.snowflake.SnowflakeOperator", {"sql": "SELECT 1"}, "manual"),
    ],
)
def test_sql(operator: str, arguments: dict[str, Any], fidelity: str) -> None:
    task = Task(id="a", operator=operator, kind="sql", arguments=arguments)
    translation = translate(pipeline(task))
    assert fidelities(translation) == {"a": fidelity}
    assert ("src/pipelines/defs/resources.py" in translation.files) == (fidelity != "manual")


def test_a_refused_sql_task_leaves_no_resource() -> None:
    operator = "airflow.providers.postgres.operators.postgres.PostgresOperator"
    sql = Template("SELECT {{ macros.uuid }}", ("macros.uuid",))
    translation = translate(pipeline(Task(id="a", operator=operator, kind="sql", arguments={"sql": sql})))
    assert fidelities(translation) == {"a": "manual"}
    assert not any(name in path for path in translation.files for name in ("resources", "database"))


def test_a_trigger_rule_without_an_upstream_is_none() -> None:
    assert fidelities(translate(pipeline(bash("a", trigger_rule="all_done")))) == {"a": "native"}
    tasks = bash("a"), bash("b", trigger_rule="all_done")
    assert fidelities(translate(pipeline(*tasks, edges="a>b"))) == {"a": "native", "b": "manual"}


def test_a_folded_task() -> None:
    start = Task(id="start", operator=EMPTY, kind="empty")
    translation = translate(pipeline(bash("a"), start, bash("b"), edges="a>start start>b"))
    outcome = translation.outcomes[1]
    assert (outcome.fidelity, outcome.target, codes(translation)) == ("native", None, ["DP405"])
    assert outcome.reason
    assert assets(module(translation))["b"]["deps"] == "[a]"


def test_outlets_are_metadata() -> None:
    graph = FileGraph(
        path="dags/train.py",
        orchestrator="airflow",
        pipelines=(pipeline(bash("a", outlets=("raw",))),),
        assets=(Asset(name="raw", uri="s3://bucket/raw"),),
    )
    translation = write([Document(Source("dags/train.py", ""), graph)], WriteOptions())
    assert assets(module(translation))["a"]["metadata"] == "{'dagster/uri': 's3://bucket/raw'}"


def test_imports_that_have_to_be_installed_are_told() -> None:
    source = "import json\nimport pandas as pd\n\n\ndef f():\n    return json.loads(pd.DataFrame().to_json())\n"
    translation = translate(pipeline(python(source, "f")), source=source)
    assert [item.message for item in translation.diagnostics if item.code == "DP408"] == [
        "the generated module imports pandas: install what has them beside dagster"
    ]


def test_importing_the_writer_imports_no_heavy_module() -> None:
    check = (
        "import sys, dagport.writers.dagster; print([m for m in ('libcst', 'jinja2', 'networkx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
