"""Python tasks: functions become assets, results become parameters, what can't is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dagport.graph import Task
from dagport.values import Call, Code, Ref, Template, Value, XCom
from tests.writers.dagster.making import (
    DAILY,
    PYTHON,
    assets,
    bash,
    body,
    fidelities,
    function,
    module,
    pipeline,
    python,
    translate,
)

SOURCE = '''
import json
from datetime import timedelta

from airflow.exceptions import AirflowSkipException

FACTOR = 3


def scaled(value):
    """Scale a value."""
    return value * FACTOR


def load():
    return [1, 2]


def split():
    return {"good": 1, "bad": 2}


def parts(load):
    made = {"good": load}
    return made


def log(message="nothing"):
    print(message)


def push(ti):
    ti.xcom_push(key="rows", value=3)


def push_and_return(ti):
    ti.xcom_push(key="rows", value=3)
    return "done"


def push_maybe(ti):
    if FACTOR > 2:
        ti.xcom_push(key="rows", value=3)


def pull(ti):
    return ti.xcom_pull(task_ids="load")


def pull_rows(ti):
    return ti.xcom_pull(task_ids="push", key="rows")


def use(rows, factor=2, *, name="x"):
    # Comments stay.
    return [row   * factor for row in rows]


def use_helper(rows):
    return [scaled(row) for row in rows]


def pair(left, right):
    return left, right


def many(*rows, name):
    return rows, name


def dated(ds, **context):
    return ds, context["params"]["rate"]


def date_object(logical_date):
    return logical_date.add(days=1)


def date_parts(logical_date):
    return logical_date.year, logical_date.isoformat()


def own_pendulum(logical_date):
    import pendulum

    return pendulum.now() - logical_date


def windowed(templates_dict):
    return templates_dict["start"], templates_dict["n"]


def own_name(day):
    dt = len(day)
    return dt


def skip():
    raise AirflowSkipException


def shadow(rows):
    load = rows
    return load


def own_default(rows, extra=FACTOR):
    return rows + [extra]


def self_default(FACTOR=FACTOR):
    return FACTOR


async def later():
    return 1


def generate():
    yield 1
'''


def task(name: str, arguments: dict[str, Value] | None = None, **fields: object) -> Task:
    return python(SOURCE, name, arguments, **fields)


def kwargs(**values: Value) -> dict[str, Value]:
    return {"op_kwargs": values}


def written(*tasks: Task, edges: str = "", **fields: Any) -> str:
    translation = translate(pipeline(*tasks, edges=edges, **fields), source=SOURCE)
    assert set(fidelities(translation).values()) <= {"native"}, translation.outcomes
    return module(translation)


def test_a_function_is_an_asset() -> None:
    text = written(task("load"))
    assert body(text, "load") == ["def load():", "return [1, 2]"]
    assert assets(text) == {"load": {"key_prefix": "'train'", "group_name": "'train'"}}


def test_what_returns_nothing_is_annotated() -> None:
    assert body(written(task("log")), "log")[0] == "def log() -> None:"


def test_a_result_keeps_the_name_of_its_parameter() -> None:
    text = written(task("load"), task("use", kwargs(rows=XCom("load"))), edges="load>use")
    assert body(text, "use") == [
        "def use(rows):",
        "factor = 2",
        'name = "x"',
        "# Comments stay.",
        "return [row   * factor for row in rows]",
    ]
    assert assets(text)["use"]["ins"] == "{'rows': dg.AssetIn(key=['train', 'load'])}"
    assert "deps" not in assets(text)["use"]


def test_positional_arguments_are_bound() -> None:
    text = written(task("use", {"op_args": [[1, 2], 5], "op_kwargs": {"name": "y"}}))
    assert body(text, "use")[:4] == ["def use():", "rows = [1, 2]", "factor = 5", 'name = "y"']


def test_an_edge_without_data_is_a_dependency() -> None:
    assert assets(written(task("load"), task("log"), edges="load>log"))["log"]["deps"] == "[load]"


def test_helpers_and_constants_come_along_and_nothing_else() -> None:
    text = written(task("use_helper", kwargs(rows=[1])))
    assert "def scaled(value):" in text
    assert "FACTOR = 3" in text
    assert not any(word in text for word in ("json", "timedelta", "airflow", "def load"))


@pytest.mark.parametrize(
    ("producer", "consumer", "line"),
    [
        ("load", "pull", "return load"),
        ("push", "pull_rows", 'return push["rows"]'),
        ("push_maybe", "pull_rows", 'return push.get("rows")'),
    ],
)
def test_pulls(producer: str, consumer: str, line: str) -> None:
    first = task(producer, id="load" if producer == "load" else "push")
    text = written(first, task(consumer), edges=f"{first.id}>{consumer}")
    assert body(text, consumer) == [f"def {consumer}({first.id}):", line]


@pytest.mark.parametrize(
    ("producer", "key", "source"),
    [
        ("split", "good", "split['good']"),
        ("parts", "good", "parts.get('good')"),
    ],
)
def test_multiple_outputs(producer: str, key: str, source: str) -> None:
    first = task(producer, {"multiple_outputs": True, **(kwargs(load=1) if producer == "parts" else {})})
    text = written(first, task("use_helper", kwargs(rows=XCom(producer, key))), edges=f"{producer}>use_helper")
    assert body(text, producer)[0].endswith("-> dict[str, Any]:")
    assert f"rows = {source}".replace("'", '"') in body(text, "use_helper")


def test_one_result_for_two_parameters_is_copied() -> None:
    text = written(task("load"), task("pair", kwargs(left=XCom("load"), right=XCom("load"))), edges="load>pair")
    assert body(text, "pair") == ["def pair(left):", "right = deepcopy(left)", "return left, right"]
    assert "from copy import deepcopy" in text


def test_a_result_that_is_nothing() -> None:
    text = written(task("log"), task("use_helper", kwargs(rows=XCom("log"))), edges="log>use_helper")
    assert body(text, "use_helper")[:2] == ["def use_helper():", "rows = None"]
    assert assets(text)["use_helper"]["deps"] == "[log]"


def test_do_xcom_push_false_hands_over_nothing() -> None:
    text = written(task("load", {"do_xcom_push": False}))
    assert body(text, "load") == ["def load():", "return [1, 2]"]
    assert body(text, "load_asset") == ["def load_asset() -> None:", "load()"]
    assert assets(text)["load_asset"]["name"] == "'load'"


def test_a_function_of_several_tasks_is_written_once() -> None:
    one = task("use", {"op_args": [[1]]}, id="one")
    two = task("use", {"op_args": [XCom("one")], "op_kwargs": {"factor": 4}}, id="two")
    text = written(one, two, edges="one>two")
    assert text.count("# Comments stay.") == 1
    assert body(text, "one") == ["def one():", "return use([1])"]
    assert body(text, "two") == ["def two(one):", "return use(one, factor=4)"]
    assert 'def use(rows, factor=2, *, name="x"):' in text


def test_a_shared_function_with_context_is_written_for_each() -> None:
    first, second = task("pull", id="first"), task("pull", id="second")
    text = written(task("load"), first, second, edges="load>first load>second")
    assert body(text, "first") == ["def first(load):", "return load"]
    assert body(text, "second") == ["def second(load):", "return load"]


FACTORY = """
def make(limit):
    def inner(x):
        return x < limit

    return inner
"""


def test_one_definition_with_other_values_around_it() -> None:
    low, high = (replace(function(FACTORY, "inner"), closure={"limit": limit}) for limit in (1, 9))
    tasks = [
        Task(id=f"t{index}", operator=PYTHON, kind="python", callable=callable_, arguments={"op_args": [index]})
        for index, callable_ in enumerate([low, low, high, high])
    ]
    translation = translate(pipeline(*tasks), source=FACTORY)
    text = module(translation)
    assert set(fidelities(translation).values()) == {"native"}
    assert [body(text, f"t{index}")[1] for index in range(4)] == [
        "return inner(0)",
        "return inner(1)",
        "return inner_2(2)",
        "return inner_2(3)",
    ]
    assert "limit = 1" in body(text, "inner")
    assert "limit = 9" in body(text, "inner_2")


@pytest.mark.parametrize(
    ("annotation", "several"),
    [
        ("dict", True),
        ("Dict[str, int]", True),
        ("'dict[str, int]'", True),
        ("typing.Mapping[str, int]", True),
        ("dict | None", False),
        ("dict[str, int] | None", False),
        ("Optional[dict]", False),
        ("list[dict]", False),
        ("int", False),
    ],
)
def test_multiple_outputs_by_annotation(annotation: str, several: bool) -> None:
    source = f"def f() -> {annotation}:\n    return {{}}\n"
    text = module(translate(pipeline(python(source, "f", operator="airflow.sdk.task")), source=source))
    assert ("-> dict[str, Any]" in text) is several


def test_a_param_of_the_dag_function_is_not_text() -> None:
    rate = Template("{{ params.rate }}", ("params.rate",))
    text = written(task("use_helper", kwargs(rows=rate)), params={"rate": 0.5})
    assert "rows = config.rate" in body(text, "use_helper")


def test_a_template_of_a_param_is_text() -> None:
    source = 'RATE = "{{ params.rate }}"\n\n\ndef f(rate):\n    return rate\n'
    rate = Template("{{ params.rate }}", ("params.rate",))
    made = python(source, "f", kwargs(rate=rate))
    text = module(translate(pipeline(made, params={"rate": 0.5}), source=source))
    assert 'rate = f"{config.rate}"' in body(text, "f") or "rate = str(config.rate)" in body(text, "f")


def test_texts_are_rendered_too() -> None:
    assert 'rows = "a"' in body(written(task("use_helper", kwargs(rows="a\n"))), "use_helper")


@pytest.mark.parametrize(("version", "fidelity"), [("1.10", "manual"), ("2", "native")])
def test_context_has_to_be_asked_for_in_1_10(version: str, fidelity: str) -> None:
    translation = translate(pipeline(task("push"), engine_version=version), source=SOURCE)
    assert fidelities(translation) == {"push": fidelity}


def test_star_arguments_go_through_a_call() -> None:
    text = written(task("many", {"op_args": [1, 2], "op_kwargs": {"name": "x"}}))
    assert body(text, "many_asset")[-1] == 'return many(1, 2, name="x")'


def test_an_async_function() -> None:
    assert body(written(task("later")), "later") == ["async def later():", "return 1"]


def test_a_default_of_the_module() -> None:
    text = written(task("own_default", kwargs(rows=[])))
    assert "extra = FACTOR" in body(text, "own_default")
    assert "FACTOR = 3" in text


def test_dates_and_params() -> None:
    text = written(task("dated"), schedule=DAILY, params={"rate": 0.5})
    assert body(text, "dated")[0] == "def dated(context: dg.AssetExecutionContext, config: TrainConfig):"
    assert "rate: float = 0.5" in text
    assert assets(text)["dated"]["partitions_def"] == "partitions"
    assert "context.partition_key" in text
    assert "config.rate" in text


REFUSED: list[tuple[Task, str]] = [
    (task("skip"), "AirflowSkipException"),
    (task("generate"), "generator"),
    (task("pull"), "isn't a task of this DAG"),
    (task("use"), "`rows` isn't given"),
    (task("use", {"op_args": [1, 2, 3]}), "more positional arguments"),
    (task("use", {"op_args": [1], "op_kwargs": {"rows": 2}}), "twice"),
    (task("use", kwargs(rows=1, other=2)), "doesn't take the argument `other`"),
    (task("use", kwargs(rows=Ref("helper"))), "helper"),
    (task("use", kwargs(rows=Call("pandas.DataFrame"))), "pandas.DataFrame"),
    (task("use", kwargs(rows=Code("now()", "the clock decides"))), "the clock decides"),
    (task("use", kwargs(rows=Template("{{ macros.uuid }}", ("macros.uuid",)))), "macros.uuid"),
    (task("use", kwargs(rows=1), mapped=None, trigger_rule="all_success", setup=True), "setup"),
    (task("self_default"), "uses a name that it binds"),
    (task("load", {"python_callable": Call("functools.partial")}), "plain function"),
    (task("load", {"templates_dict": {"a": "b"}, "templates_exts": [".sql"]}), "templates_dict"),
    (task("load", {"pre_execute": Ref("prepare")}), "pre_execute"),
    (task("load", operator="airflow.operators.python.BranchPythonOperator", kind="branch"), "which tasks run next"),
    (task("load", operator="airflow.sdk.task.docker"), "@task.docker"),
    (task("load", operator="mylib.MyPythonOperator"), "MyPythonOperator"),
]


@pytest.mark.parametrize(("refused", "why"), REFUSED, ids=[f"{item.id}-{why[:24]}" for item, why in REFUSED])
def test_refused(refused: Task, why: str) -> None:
    translation = translate(pipeline(refused, params={"rate": 1}), source=SOURCE)
    (outcome,) = translation.outcomes
    assert outcome.fidelity == "manual"
    assert why in (outcome.reason or "")
    assert [item.code for item in translation.diagnostics if item.task] == ["DP401"]
    assert "raise dg.Failure(" in module(translation)
    assert "allow_retries=False" in module(translation)


def test_a_pull_from_a_task_that_need_not_have_run() -> None:
    translation = translate(pipeline(task("load"), task("pull")), source=SOURCE)
    assert fidelities(translation) == {"load": "native", "pull": "manual"}


def test_a_date_that_a_datetime_does_not_have() -> None:
    translation = translate(pipeline(task("date_object"), schedule=DAILY), source=SOURCE)
    assert fidelities(translation) == {"date_object": "native"}
    assert "pendulum.instance(context.partition_time_window.start)" in module(translation)
    assert "import pendulum\n" in module(translation)
    assert '"pendulum>=3"' in translation.files["pyproject.toml"]


@pytest.mark.parametrize(
    ("name", "arguments", "clash"),
    [
        ("own_pendulum", {}, "pendulum"),
        ("own_name", {"op_kwargs": {"day": Template("{{ macros.datetime(2020, 1, 1) }}", ("macros.datetime",))}}, "dt"),
    ],
)
def test_a_name_of_the_body_by_which_a_date_is_reached(name: str, arguments: dict[str, Any], clash: str) -> None:
    translation = translate(pipeline(task(name, arguments), schedule=DAILY), source=SOURCE)
    assert fidelities(translation) == {name: "manual"}
    assert f"`{clash}`" in (translation.outcomes[0].reason or "")


def test_a_date_in_an_argument_alone() -> None:
    """Nothing else of the pipeline asks for dates: the asset is partitioned all the same."""
    text = module(
        translate(pipeline(task("use", kwargs(rows=Template("{{ ds }}", ("ds",)))), schedule=DAILY), source=SOURCE)
    )
    assert "rows = context.partition_key" in text
    assert "partitions_def=partitions" in text
    assert "build_schedule_from_partitioned_job" in text


def test_templates_dict() -> None:
    given: dict[str, Value] = {"templates_dict": {"start": Template("{{ ds }}", ("ds",)), "n": 1}}
    text = module(translate(pipeline(task("windowed", given), schedule=DAILY), source=SOURCE))
    assert 'templates_dict = {"start": context.partition_key, "n": 1}' in text


def test_templates_dict_with_files() -> None:
    given: dict[str, Value] = {"templates_dict": {"start": "a.sql", "n": 1}, "templates_exts": [".sql"]}
    translation = translate(pipeline(task("windowed", given), schedule=DAILY), source=SOURCE)
    assert fidelities(translation) == {"windowed": "manual"}


def test_a_date_that_need_not_be_pendulums() -> None:
    translation = translate(pipeline(task("date_parts"), schedule=DAILY), source=SOURCE)
    assert "pendulum" not in module(translation) + translation.files["pyproject.toml"]


def test_an_argument_by_a_key_that_nobody_pushes() -> None:
    tasks = task("load"), task("use", kwargs(rows=XCom("load", "rows")))
    translation = translate(pipeline(*tasks, edges="load>use"), source=SOURCE)
    assert "Airflow fails" in (translation.outcomes[1].reason or "")


def test_what_comes_after_a_refused_task_depends_on_it() -> None:
    tasks = task("skip"), task("use", kwargs(rows=XCom("skip"))), bash("tell")
    translation = translate(pipeline(*tasks, edges="skip>use use>tell"), source=SOURCE)
    assert fidelities(translation) == {"skip": "manual", "use": "native", "tell": "native"}
    assert assets(module(translation))["use"]["ins"] == "{'rows': dg.AssetIn(key=['train', 'skip'])}"


def test_documentation_is_the_docstring() -> None:
    text = written(task("load", doc="# Load\n\nAll of it."), task("scaled", kwargs(value=1), doc="Other."))
    assert body(text, "load") == ["def load():", '"""# Load', "", "All of it.", '"""', "return [1, 2]"]
    assert assets(text)["scaled"]["description"] == "'Other.'"
    assert "description" not in assets(text)["load"]


def test_a_docstring_that_is_the_documentation_already() -> None:
    source = 'def f():\n    """\n    One.\n\n        Two.\n    """\n'
    doc = "\n    One.\n\n        Two.\n    "
    text = module(translate(pipeline(python(source, "f", doc=doc)), source=source))
    assert "description" not in assets(text)["f"]


TAKEN = """
import json
from datetime import datetime

dg = 5
partitions = [1]
config = {"a": 1}


def uses_dg():
    return dg


def uses_partitions():
    return partitions


def uses_config(params):
    return config["a"], params["rate"]


def default(value=json):
    return value.dumps(1)


def names_context(ds):
    context = ds
    return context
"""


@pytest.mark.parametrize("name", ["uses_dg", "uses_config", "names_context"])
def test_names_that_generated_code_needs(name: str) -> None:
    made = pipeline(python(TAKEN, name), schedule=DAILY, params={"rate": 1})
    assert fidelities(translate(made, source=TAKEN)) == {name: "manual"}


def test_names_that_give_way() -> None:
    tasks = (
        python(TAKEN, "uses_partitions"),
        python(TAKEN, "default", id="json"),
        bash("b", Template("{{ ds }}", ("ds",))),
    )
    translation = translate(pipeline(*tasks, schedule=DAILY), source=TAKEN)
    text = module(translation)
    assert set(fidelities(translation).values()) == {"native"}
    assert "partitions = [1]" in text
    assert "partitions_2 = dg.DailyPartitionsDefinition(" in text
    assert body(text, "json_asset") == ["def json_asset():", "value = json", "return value.dumps(1)"]
