"""Fields of tasks: settings after all defaults, mapping, callables, documentation, spans."""

from __future__ import annotations

import pytest

from dagport.graph import Task
from dagport.values import Call, Ref, XCom
from tests.readers.airflow.reading import HEADER, LINES, doubts, graph_of, one


def task_of(body: str) -> Task:
    """The last task of the only pipeline."""
    return one(body).tasks[-1]


FIELDS = [  # a call of E in a DAG with default_args retries=2 and owner="team"; field; value
    ("", "retries", 2),
    ("retries=None", "retries", 0),
    ('retries="3"', "retries", 3),
    ("retries=2.9", "retries", 2),
    ("retries=True", "retries", 1),
    ("default_args=dict(retries=7)", "retries", 7),
    ("retries=1, default_args=dict(retries=7)", "retries", 1),
    ("", "owner", "team"),
    ("retry_delay=90", "retry_delay_s", 90),
    ("retry_delay=timedelta(minutes=2)", "retry_delay_s", 120),
    ("execution_timeout=timedelta(seconds=1.5)", "execution_timeout_s", 1.5),
    ("wait_for_downstream=True", "depends_on_past", True),
    ("priority_weight=10**12", "priority_weight", 2_147_483_647),
    ("pool=None", "pool", None),
    ("", "trigger_rule", "all_success"),
    ('trigger_rule="one_done"', "trigger_rule", "one_done"),
    ('doc_md="text"', "doc", "text"),
    ('doc="plain"', "doc", "plain"),
    ('outlets=Asset("x")', "outlets", ("x",)),
    ('inlets=[Asset("x"), Asset.ref(name="y")]', "inlets", ("x", "y")),
]


@pytest.mark.parametrize(("arguments", "field", "expected"), FIELDS)
def test_fields(arguments: str, field: str, expected: object) -> None:
    found = task_of(f'with DAG("d", default_args=dict(retries=2, owner="team")): E("t", {arguments})')
    assert getattr(found, field) == expected


REFUSED = [
    'retries="x"', "retry_delay='60'", "execution_timeout=60", "pool_slots=0", 'priority_weight="3"', "queue=3",
    "doc_md=['x']", 'trigger_rule="ALL_DONE"', 'trigger_rule="dummy"', "nothing=1", "task_concurrency=1",
    'start_date="2024-01-01"', "depends_on_past=1",
]  # fmt: skip


@pytest.mark.parametrize("arguments", REFUSED)
def test_arguments_that_airflow_refuses(arguments: str) -> None:
    assert "DP301" in doubts(f'with DAG("d"): E("t", {arguments})')


MAPPED = [  # what makes the mapped task; what it is mapped over; the number of instances
    ("flow.expand(x=[1, 2, 3])", {"x": [1, 2, 3]}, 3),
    ("flow.expand(x=[1, 2], y=[1, 2, 3])", {"x": [1, 2], "y": [1, 2, 3]}, 6),
    ('flow.expand(x={"a": 1, "b": 2})', {"x": {"a": 1, "b": 2}}, 2),
    ("flow.expand_kwargs([{'x': 1}, {'x': 2}])", {"kwargs": [{"x": 1}, {"x": 2}]}, 2),
    ("flow.expand(x=E('a').output)", {"x": XCom("a")}, None),
    ("BashOperator.partial(task_id='t').expand(bash_command=['a', 'b'])", {"bash_command": ["a", "b"]}, 2),
    ("items = [1]; flow.expand(x=items); items.append(2)", {"x": [1, 2]}, 2),  # Airflow keeps the list itself
    ("flow.expand(x=range(3))", None, 3),
]


@pytest.mark.parametrize(("body", "over", "length"), MAPPED)
def test_mapping(body: str, over: object, length: int | None) -> None:
    mapped = task_of(f'with DAG("d"): {body}').mapped
    assert mapped is not None
    assert over is None or dict(mapped.over) == over
    assert mapped.literal_length == length


NOT_MAPPED = [
    "flow.expand()", "flow.expand([1])", "flow.expand(ds=[1])", 'flow.expand(x=flow()["k"])',
    'flow.expand_kwargs("abc")',
    "flow.partial(x=1).partial(x=2).expand(y=[1])", 'flow.override(trigger_rule="always").expand(x=flow())',
    'BashOperator.partial(task_id="t").expand(bash_command="abc")',
    'BashOperator.partial(task_id="t").expand(nope=[1])',
    'BashOperator.partial(task_id="t", nope=1).expand(bash_command=["a"])',
    'BashOperator.partial(task_id="t").expand(retries=[1])',
    'BashOperator.partial(task_id="t", env={}).expand(env=[{}])', 'flow["x"].map(str)', 'flow()["x"].map(str)',
]  # fmt: skip


@pytest.mark.parametrize("body", NOT_MAPPED)
def test_mapping_that_airflow_refuses(body: str) -> None:
    assert "DP301" in doubts(f'with DAG("d"): {body}')


def test_defaults_of_a_constructor_count_for_mapped_tasks() -> None:
    task = task_of(
        """
        class Own(BaseOperator):
            def __init__(self, x, retries=4, **kwargs):
                super().__init__(retries=retries, **kwargs)
        with DAG("d"): Own.partial(task_id="t").expand(x=[1])
        """
    )
    assert task.retries == 4


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("partial(task_id='t').expand(bash_command=['a'])", {"cwd": "/x"}),
        ("partial(task_id='t', cwd='/y').expand(bash_command=['a'])", {"cwd": "/y"}),
        ("partial(task_id='t', bash_command='a').expand(cwd=['/y'])", {"bash_command": "a"}),
        ("partial(task_id='t').expand_kwargs([{'bash_command': 'a'}])", {}),
    ],
)
def test_mapped_instances_take_arguments_of_their_own_from_default_args(call: str, arguments: dict[str, str]) -> None:
    defaults = {"cwd": "/x", "unknown": 1, "retries": 2}
    task = task_of(f"with DAG('d', default_args={defaults}): BashOperator.{call}")
    assert (task.arguments, task.retries) == (arguments, 2)


def test_a_library_class_with_a_default_of_its_own() -> None:
    task = task_of(
        """
        from airflow.providers.microsoft.azure.sensors.msgraph import MSGraphSensor
        with DAG("d"): MSGraphSensor(task_id="t", url="x")
        """
    )
    assert task.retry_delay_s == 60


DOCS = [
    ('"doc of it"', "", "doc of it"),
    ('"doc of it"', '(doc_md="given")', "given"),
    ("pass", "", None),
]


@pytest.mark.parametrize(("body", "arguments", "expected"), DOCS)
def test_docstrings(body: str, arguments: str, expected: str | None) -> None:
    assert task_of(f'@task{arguments}\ndef f(): {body}\nwith DAG("d"): f()').doc == expected


IDS = [  # calls in a DAG; the ids of the tasks
    ("flow(); flow(); flow()", ["flow", "flow__1", "flow__2"]),
    ('flow.override(task_id="x__5")(); flow.override(task_id="x__5")()', ["x__5", "x__6"]),
    (
        'for name in ("a.b", "azb__4", "a.b"): flow.override(task_id=name)()',
        ["a.b", "azb__4", "a.b__5"],  # Airflow looks for the id as a regular expression
    ),
    ('with TaskGroup("g"): flow(); flow()', ["g.flow", "g.flow__1"]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), IDS)
def test_numbered_ids(body: str, expected: list[str]) -> None:
    assert [task.id for task in one(f'with DAG("d"):\n    {body}').tasks] == expected


def test_callables() -> None:
    pipeline = one(
        """
        from functools import wraps
        from json import dumps
        def traced(function):
            @wraps(function)
            def inner(*args):
                return function(*args)
            return inner
        @task
        @traced
        def shown(): ...
        with DAG("d"):
            shown()
            PythonOperator(task_id="hidden", python_callable=traced(work))
            PythonOperator(task_id="imported", python_callable=dumps, op_args=[{}])
        """
    )
    found = {task.id: task.callable for task in pipeline.tasks}
    assert [(item.name, item.module) for item in found.values() if item] == [
        ("shown", None),
        ("work", None),
        ("dumps", "json"),
    ]
    # The wrapper that isn't visible at the function's own definition is what runs, with the function it closes over.
    hidden = found["hidden"]
    assert hidden is not None
    assert hidden.closure == {"function": Ref("work")}


def test_spans_count_characters() -> None:
    body = 'with DAG("dé"):\n    "é"; E("ü"); BashOperator(task_id="b", bash_command="é")\n@task\ndef f():\n    pass\n'
    graph = graph_of(HEADER + body + 'with DAG("e"): f()\n')
    bash, decorated = graph.pipelines[0].tasks[1], graph.pipelines[1].tasks[0]
    assert bash.span == (LINES + 2, 18, LINES + 2, 61)
    assert decorated.span == (LINES + 3, 1, LINES + 5, 9)
    assert graph.pipelines[0].span == (LINES + 1, 6, LINES + 1, 15)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Color.RED", Ref("Color.RED")),
        ("[Color.RED]", [Ref("Color.RED")]),
        ("Color.RED.value", "red"),
        ("Color.RED.name", "RED"),
        ("Mode.R", Ref("Mode.R")),
        ("Mode.R | Mode.W", Call("Mode", (3,))),
        ("Level.LOW", Ref("Level.LOW")),
    ],
)
def test_members_of_enumerations_as_arguments(value: str, expected: object) -> None:
    body = f"""
        from enum import Enum, Flag, IntEnum
        class Color(Enum):
            RED = "red"
        class Mode(Flag):
            R = 1
            W = 2
        class Level(IntEnum):
            LOW = 1
        with DAG("d", schedule=None):
            PythonOperator(task_id="t", python_callable=work, op_args=[{value}])
    """
    assert one(body).tasks[0].arguments["op_args"] == [expected]
