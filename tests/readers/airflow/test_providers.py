"""What providers add to Airflow: groups that make tasks, own decorators, helpers, guards around imports.

``tests/engines/test_system_tests.py`` compares the same with real Airflow, on the providers' own system tests.
"""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.readers.airflow.reading import HEADER, doubts, graph_of, one

DATABRICKS = """
from airflow.providers.databricks.operators.databricks import DatabricksNotebookOperator
from airflow.providers.databricks.operators.databricks_workflow import DatabricksWorkflowTaskGroup
def N(name):
    return DatabricksNotebookOperator(task_id=name, notebook_path="/x", source="GIT", databricks_conn_id="c")
def G(name, **kwargs):
    return DatabricksWorkflowTaskGroup(databricks_conn_id="c", group_id=name, **kwargs)
"""
HELPER = "from airflow.utils.helpers import exactly_one\n"
SNOWPARK = "with DAG('d'):\n    @task.snowpark\n    def f(session, x=1): ...\n    "
GUARD = "try:\n    import engine\nexcept ImportError{}:\n    {}\nwith DAG('d'):\n    E('a')"

WORKFLOWS = [
    ("with G('g'):\n        N('a') >> N('b')", {"g.launch": ["g.a", "g.b"], "g.a": ["g.b"]}),
    ("with G('g', prefix_group_id=False):\n        N('a')", {"launch": ["a"]}),
    ("with G('g'):\n        with TaskGroup('in'):\n            N('a')", {"g.launch": ["g.in.a"]}),
    (
        "with G('g') as g:\n        N('a')\n    E('s') >> g >> E('e')",
        {"s": ["g.launch"], "g.launch": ["g.a"], "g.a": ["e"]},
    ),
    ("with G('g'):\n        pass", {}),
]


@pytest.mark.parametrize(
    ("block", "edges"), WORKFLOWS, ids=[row[0].split("\n")[0] + str(i) for i, row in enumerate(WORKFLOWS)]
)
def test_a_databricks_workflow_starts_with_a_task_of_its_own(block: str, edges: dict[str, list[str]]) -> None:
    pipeline = one(f"{DATABRICKS}with DAG('d'):\n    {block}")
    found: dict[str, list[str]] = {}
    for edge in pipeline.edges:
        found.setdefault(edge.upstream, []).append(edge.downstream)
    assert found == edges
    launch = next(task for task in pipeline.tasks if task.id.endswith("launch"))
    assert launch.group == "g"
    assert launch.operator.endswith("databricks_workflow._CreateDatabricksWorkflowOperator")


def test_arguments_of_a_workflow_are_those_of_its_task() -> None:
    defaults = "default_args={'retries': 2, 'jar_params': ['y']}"
    body = f"with DAG('d', {defaults}):\n    with G('g', jar_params=['x']):\n        N('a')"
    launch = next(task for task in one(DATABRICKS + body).tasks if task.id == "g.launch")
    assert launch.arguments["jar_params"] == ["x"]
    assert launch.arguments["databricks_conn_id"] == "c"
    assert launch.retries == 2


@pytest.mark.parametrize(
    ("block", "code"),
    [
        ("with G('g'):\n        E('a')", "DP301"),  # Airflow refuses it
        ("DatabricksWorkflowTaskGroup(group_id='g')", "DP301"),
        ("g = G('g')\n    E('s') >> g\n    with g:\n        N('a')", "DP208"),
        ("with G('g') as g:\n        N('a')\n        g >> E('e')", "DP208"),
        ("g = G('g')\n    with g:\n        N('a')\n    with g:\n        N('b')", "DP301"),
        ("class Own(BaseOperator): ...\n    with G('g'):\n        Own(task_id='a')", "DP205"),
    ],
)
def test_workflows_that_are_not_certain(block: str, code: str) -> None:
    assert code in doubts(f"{DATABRICKS}with DAG('d'):\n    {block}")


def test_a_constructor_hands_on_its_own_method() -> None:
    body = """
    from airflow.providers.amazon.aws.operators.appflow import AppflowRecordsShortCircuitOperator as Records
    with DAG("d"):
        Records(task_id="a", flow_name="f", appflow_run_task_id="b")
    """
    function = one(dedent(body)).tasks[0].callable
    assert function is not None
    assert function.name == "_has_new_records_func"


@pytest.mark.parametrize("call", ["f()", "f(x=2)", "f.override(task_id='g')()"])
def test_snowpark_gives_the_session_itself(call: str) -> None:
    graph = graph_of(HEADER + SNOWPARK + call)
    assert [len(pipeline.tasks) for pipeline in graph.pipelines] == [1]
    assert graph.diagnostics == ()


@pytest.mark.parametrize("call", ["f(1)", "f(y=2)"])
def test_snowpark_refuses_what_does_not_fit(call: str) -> None:
    assert "DP301" in doubts(SNOWPARK + call)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ("None, 'x'", ["a"]),
        ("0, '', 1", ["a"]),
        ("'x', 'y'", []),
        ("None, None", []),
        ("None, [1]", ["a"]),
    ],
)
def test_exactly_one(arguments: str, names: list[str]) -> None:
    pipeline = one(f"{HELPER}with DAG('d'):\n    if exactly_one({arguments}):\n        E('a')")
    assert [task.id for task in pipeline.tasks] == names


@pytest.mark.parametrize(
    ("arguments", "code"),
    [("[1], None", "DP301"), ("", "DP301"), ("open('x').read(), 1", "DP202"), ("flow(), 1", "DP301")],
)
def test_exactly_one_of_what_is_not_known(arguments: str, code: str) -> None:
    assert code in doubts(f"{HELPER}with DAG('d'):\n    if exactly_one({arguments}):\n        E('a')")


@pytest.mark.parametrize("body", ["raise RuntimeError('install engine')", "print('x')\n    raise"])
def test_a_guard_that_only_raises_needs_the_module(body: str) -> None:
    assert [task.id for task in one(GUARD.format("", body)).tasks] == ["a"]


@pytest.mark.parametrize(
    "text",
    [
        GUARD.format("", "engine = None").replace("E('a')", "E('a') if engine else E('b')"),
        GUARD.format(" as e", "if work():\n        raise").replace("E('a')", "E('a') if engine else E('b')"),
        "try:\n    try:\n        import engine\n    except ImportError:\n        raise RuntimeError\n"
        "except RuntimeError:\n    engine = None\nwith DAG('d'):\n    E('a') if engine else E('b')",
        "from contextlib import suppress\nengine = None\nwith suppress(ImportError):\n    import engine\n"
        "with DAG('d'):\n    E('a') if engine else E('b')",
        "def load():\n    import engine\n    return engine\ntry:\n    engine = load()\nexcept ImportError:\n"
        "    engine = None\nwith DAG('d'):\n    E('a') if engine else E('b')",
    ],
)
def test_a_guard_that_goes_on_leaves_it_open(text: str) -> None:
    assert doubts(text)


@pytest.mark.parametrize(
    "test", ["'a' in [x for x in S]", "'b' in {x for x in S}", "'z' not in [x + x for x in S if x != 'a']"]
)
def test_looking_into_a_set_does_not_ask_for_its_order(test: str) -> None:
    pipeline = one(f"S = {{'a', 'b', 'c'}}\nwith DAG('d'):\n    if {test}:\n        E('t')")
    assert [task.id for task in pipeline.tasks] == ["t"]


@pytest.mark.parametrize(
    "test", ["[x for x in S][0] == 'a'", "'a' in [E(x).task_id for x in S]", "'a' in [x for x in list(S)]"]
)
def test_other_uses_of_a_set_do(test: str) -> None:
    assert "DP211" in doubts(f"S = {{'a', 'b', 'c'}}\nwith DAG('d'):\n    if {test}:\n        E('t')")


@pytest.mark.parametrize(
    "text",
    [
        "from contextlib import suppress\nwith suppress(ValueError):\n    import engine\nwith DAG('d'):\n    E('a')",
        "from contextlib import suppress\nwith suppress(ImportError):\n    import json\nwith DAG('d'):\n    E('a')",
        "from contextlib import suppress\nwith suppress(ImportError):\n    pass\nimport engine\n"
        "with DAG('d'):\n    E('a')",
        "try:\n    import engine\nexcept ValueError:\n    pass\nwith DAG('d'):\n    E('a')",
    ],
)
def test_imports_that_nothing_catches_are_taken_for_granted(text: str) -> None:
    assert [task.id for task in one(text).tasks] == ["a"]


@pytest.mark.parametrize(
    ("decorator", "edges"),
    [
        ("kubernetes(image='i', volumes=make())", 1),
        ("kubernetes(image='i', env_from=make())", 1),
        ("kubernetes_cmd(image='i', node_selector=make())", 1),
        ("kubernetes(image='i', cmds=make())", 0),
        ("docker(image='i', mounts=make())", 1),
        ("docker(image='i', auto_remove=make())", 0),
        ("sftp_sensor(path=make())", 1),
        ("sql(conn_id=make())", 1),
    ],
)
def test_results_in_template_fields_of_the_operator_behind_a_decorator(decorator: str, edges: int) -> None:
    text = f"with DAG('d'):\n    @task\n    def make(): ...\n    @task.{decorator}\n    def f(): ...\n    f()"
    pipeline = one(text)
    assert [(edge.upstream, edge.downstream) for edge in pipeline.edges] == [("make", "f")] * edges
