"""Single settings: a line a case. What real dag-factory makes of them is compared in ``tests/engines``."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagport import formats
from dagport.options import ReadOptions
from dagport.source import Source
from tests.readers.dag_factory.reading import BASH, EMPTY, ONE_TASK, findings, read, read_in

SCHEDULE = "  start_date: 2024-01-01\n  schedule: '@daily'\n"


def test_relative_dates_ask_the_clock() -> None:
    graph = read(f"d:\n  start_date: 2 days\n{ONE_TASK}")
    assert findings(graph) == [("DP211", 1)]
    assert not graph.pipelines[0].exact


@pytest.mark.parametrize(
    ("environment", "exact", "command"),
    [({}, False, None), ({"TARGET": "s3://x"}, True, "cp s3://x $1"), ({"OTHER": "x"}, False, None)],
)
def test_environment_variables(environment: dict[str, str], exact: bool, command: str | None) -> None:
    text = f"d:\n{SCHEDULE}  tasks:\n    a:\n      operator: {BASH}\n      bash_command: cp ${{TARGET}} $1\n"
    [pipeline] = read(text, environment=environment).pipelines
    assert pipeline.exact is exact
    if command:
        assert pipeline.tasks[0].arguments["bash_command"] == command


def test_a_secret_is_never_shown() -> None:
    text = f"d:\n{SCHEDULE}  tasks:\n    a:\n      operator: {BASH}\n      bash_command: login $PASSWORD $URL\n"
    graph = read(text, environment={"PASSWORD": "hunter2", "URL": "https://me:hunter2@x"})
    assert "hunter2" not in str(graph)
    assert not graph.pipelines[0].exact
    states = [(item.name, item.state) for item in graph.deployment]
    assert states == [("PASSWORD", "given"), ("URL", "given")]


def test_what_is_needed_of_the_deployment() -> None:
    text = f"# $COMMENT\nd:\n  description: $WORDS ${{X:-y}} $1\n{ONE_TASK}"
    [need] = read(text).deployment
    assert (need.kind, need.name, need.state) == ("environment", "WORDS", "unknown")
    assert [place.span for place in need.places] == [(3, 16, 3, 22)]


def test_a_variable_may_be_what_makes_it_yaml() -> None:
    text = f"d:\n{SCHEDULE}  tasks: {{a: {{operator: {BASH}, bash_command: ${{TARGET}}}}}}\n"
    [finding] = read(text).diagnostics
    assert (finding.code, " TARGET is known only" in finding.message) == ("DP104", True)
    [pipeline] = read(text, environment={"TARGET": "x"}).pipelines
    assert pipeline.exact


def test_a_variable_moves_no_place() -> None:
    text = f"d:\n  description: ${{WORDS}}\n  tasks:\n    a: {{operator: {EMPTY}}}\n    b: {{operator: {EMPTY}}}\n"
    [known] = read(text, environment={"WORDS": "some\\n  more words"}).pipelines
    [unknown] = read(text).pipelines
    assert [task.span for task in known.tasks] == [task.span for task in unknown.tasks]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"$NAME:\n{ONE_TASK}", 1),
        (f"d:\n  tasks:\n    $NAME: {{operator: {EMPTY}}}\n", 3),
        (f"d: $NAME\ne:\n{ONE_TASK}", 1),
        (f"d:\n  tasks: {{a: $NAME, b: {{operator: {EMPTY}}}}}\n", 2),
        (f"d:\n  tasks: {{b: {{operator: {EMPTY}, dependencies: $NAME}}}}\n", 2),
        (f"d:\n  tasks: {{b: {{operator: {EMPTY}, task_group_name: $NAME}}}}\n  task_groups: {{g: {{}}}}\n", 2),
        (f"default: $NAME\ne:\n{ONE_TASK}", 1),
    ],
)
def test_what_decides_the_shape_is_not_guessed(text: str, line: int) -> None:
    graph = read(text)
    assert ("DP201", line) in findings(graph)
    assert not any(pipeline.exact for pipeline in graph.pipelines)


def test_an_old_airflow_is_not_exact() -> None:
    text = f"d:\n{SCHEDULE}{ONE_TASK}"
    options = ReadOptions(airflow_version="2")
    graph = formats.reader("dag-factory")(Source("x.yml", text), options)
    assert ("DP216", 1) in findings(graph)
    assert not graph.pipelines[0].exact


# `defaults.yml`


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "dags/team").mkdir(parents=True)
    (tmp_path / "dags/team/x.yml").write_text(f"d:\n{ONE_TASK}", "utf-8")
    return tmp_path


def test_defaults_of_the_folder(project: Path) -> None:
    text = "schedule: '@weekly'\ndefault_args: {owner: team, start_date: 2024-01-01}\n"
    (project / "dags/team/defaults.yml").write_text(text, "utf-8")
    (project / "dags/team/defaults.yaml").write_text("schedule: '@hourly'\n", "utf-8")
    [pipeline] = read_in(project, "dags/team/x.yml").pipelines
    assert (pipeline.exact, pipeline.schedule.preset, pipeline.owners) == (True, "@weekly", ("team",))


def test_defaults_of_a_folder_above_may_apply(project: Path) -> None:
    (project / "dags/defaults.yml").write_text("schedule: '@weekly'\ntags: [a]\n", "utf-8")
    graph = read_in(project, "dags/team/x.yml")
    assert ("DP216", 1) in findings(graph)
    assert (graph.pipelines[0].exact, graph.pipelines[0].tags) == (False, ("a", "dagfactory"))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: [", "DP301"),
        ("", "DP301"),
        ("[1]", "DP301"),
        ("default_args: 5", "DP301"),
        ("tags: x", "DP301"),
        ("default_args: $X", "DP201"),
    ],
)
def test_broken_defaults(project: Path, text: str, code: str) -> None:
    (project / "dags/team/defaults.yml").write_text(text, "utf-8")
    graph = read_in(project, "dags/team/x.yml")
    assert code in [item.code for item in graph.diagnostics]
    assert not any(pipeline.exact for pipeline in graph.pipelines)


def test_defaults_above_the_root_are_not_read(project: Path) -> None:
    (project / "dags/defaults.yml").write_text("schedule: '@weekly'\n", "utf-8")
    [pipeline] = read_in(project / "dags/team", "x.yml").pipelines
    assert (pipeline.exact, pipeline.schedule.kind) == (True, "manual")


# Functions of the project


def test_functions_of_the_project(project: Path) -> None:
    (project / "dags/work.py").write_text('def rows(count=3):\n    "Says rows."\n    return count\n', "utf-8")
    text = f"d:\n{SCHEDULE}  tasks:\n    a: {{decorator: airflow.sdk.task, python_callable: work.rows, count: 5}}\n"
    (project / "dags/x.yml").write_text(text, "utf-8")
    [pipeline] = read_in(project, "dags/x.yml").pipelines
    assert pipeline.exact
    assert (pipeline.tasks[0].doc, pipeline.tasks[0].arguments["op_kwargs"]) == ("Says rows.", {"count": 5})


def test_a_decorated_function_that_cannot_be_seen() -> None:
    text = (
        f"d:\n{SCHEDULE}  tasks:\n    a: {{decorator: airflow.sdk.task, python_callable: elsewhere.rows, count: 5}}\n"
    )
    graph = read(text)
    assert not any(pipeline.exact for pipeline in graph.pipelines)


# Python files that load YAML files


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("load_yaml_dags(globals_dict=globals(), config_filepath='/opt/dags/x.yml')", "`/opt/dags/x.yml`"),
        ("load_yaml_dags(globals())", "all YAML files of the DAGs folder"),
        ("load_yaml_dags(globals(), '/opt/other')", "all YAML files of a folder"),
        ("load_yaml_dags(globals(), config_dict={'d': {}})", "a dict"),
        ("import dagfactory\ndagfactory.DagFactory('/opt/x.yml').generate_dags(globals())", "`/opt/x.yml`"),
        ("import os\nload_yaml_dags(globals(), config_filepath=os.environ['X'])", "whose path isn't known"),
    ],
)
def test_python_files_name_their_yaml_files(lines: str, said: str) -> None:
    text = f"import airflow\nfrom dagfactory import load_yaml_dags\n{lines}\n"
    graph = formats.reader("airflow")(Source("dags/load.py", text), ReadOptions())
    [finding] = [item for item in graph.diagnostics if item.code == "DP217"]
    assert said in finding.message
    assert finding.line == len(text.splitlines())
