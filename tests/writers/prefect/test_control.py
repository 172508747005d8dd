"""DAG files with control flow: which statements they become, and what Airflow has to run together."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from dagport import formats
from dagport.translation import Translation, WriteOptions
from tests.engines.reading import read
from tests.writers.prefect.making import calls, decorators, fidelities, module, said

HEAD = """\
from datetime import datetime
from airflow.sdk import DAG, task, task_group
from airflow.sdk.exceptions import AirflowSkipException
from airflow.providers.http.operators.http import HttpOperator as Other

@task
def numbers():
    return [1, 2]

@task
def double(value):
    return value * 2

@task
def add(one, other=1):
    return one + other

@task
def total(values):
    return sum(values)

@task(multiple_outputs=True)
def parts():
    return {"size": 1, "name": "x"}

@task
def maybe():
    if datetime.now().year > 2000:
        raise AirflowSkipException("no")
    return 1

with DAG("train", schedule=None, start_date=datetime(2024, 1, 1)):
"""


def translated(folder: Path, body: str, **options: bool) -> Translation:
    path = folder / "train.py"
    path.write_text(HEAD + textwrap.indent(textwrap.dedent(body), "    "), "utf-8")
    return formats.target("prefect")([read(path, folder)], WriteOptions(**options))  # type: ignore[arg-type]


# The body of the DAG: statements that are in the flow, and decorators.
FORMS = {
    "a mapped task and its results": (
        "total(double.expand(value=numbers()))",
        ["double_runs = expand(double, {'value': numbers_run}, after=after(numbers_run))",
         "total_run = total.submit(values=results_of(double_runs), after=after(*double_runs))"],
        {"numbers": "gated_task(items=True)"},
    ),
    "the results of what is mapped over constants": (
        "total(double.expand(value=[1, 2]))",
        ["total_run = total.submit(values=results_of(double_runs), after=after(*double_runs))"],
        {"total": "gated_task()"},
    ),
    "a product of lists and dicts": (
        "add.expand(one=[1, 2], other={'k': 3})",
        ["add_runs = expand(add, {'one': [1, 2], 'other': {'k': 3}})", "return [*add_runs]"],
        {"add": "gated_task()"},
    ),
    "constants beside what is mapped": (
        "add.partial(other=5).expand(one=numbers())",
        ["add_runs = expand(add, {'one': numbers_run}, other=5, after=after(numbers_run))"],
        {},
    ),
    "expand_kwargs": (
        "add.expand_kwargs([{'one': 1, 'other': 2}])",
        ["add_runs = expand_kwargs(add, [{'one': 1, 'other': 2}])"],
        {},
    ),
    "mapped over the results of a mapped task": (
        "double.override(task_id='again').expand(value=double.expand(value=[1]))",
        ["again_runs = expand(again, {'value': double_task_runs}, after=after(*double_task_runs))"],
        {},
    ),
    "a mapped group": (
        """
        @task_group
        def each_of(value):
            add(double(value), other=value)
        each_of.expand(value=numbers())
        """,
        ["for item in each({'value': numbers_run}):\\n"
         "    each_of_double_run = each_of_double.submit(value=item['value'], after=after(numbers_run, item=item))\\n"
         "    each_of_double_runs.append(each_of_double_run)\\n"
         "    each_of_add_run = each_of_add.submit(one=allow_failure(each_of_double_run), other=item['value'], "
         "after=after(each_of_double_run, numbers_run, item=item))\\n"
         "    each_of_add_runs.append(each_of_add_run)"],
        {"each_of_double": "gated_task(name='each_of.double')"},
    ),
    "a branch that returns ids as constants": (
        """
        @task.branch
        def choose():
            return "a" if 1 else None
        choose() >> [numbers.override(task_id=one)() for one in "ab"]
        """,
        [],
        {"choose": "gated_task(choices=('a', 'b'))"},
    ),
    "a branch whose ids are known when it runs": (
        """
        @task.branch
        def choose():
            return max("ab")
        choose() >> [double.override(task_id=one)(1) for one in "ab"]
        """,
        ["a_run = a.submit(after=after(chosen(choose_run, 'a')))"],
        {"choose": "gated_task(choices=('a', 'b', 'choose'))"},
    ),
    "a failed teardown that fails the run": (
        """
        up, down = numbers(), total.override(task_id="down")([])
        up.as_setup() >> double(1) >> down.as_teardown(setups=up, on_failure_fail_dagrun=True)
        """,
        ["down_run = down.submit(values=[], after=after(double_run, as_setup(numbers_run)))", "return [down_run]"],
        {"down": "gated_task(rule='all_done_setup_success')"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_forms(name: str, tmp_path: Path) -> None:
    body, expected, decorated = FORMS[name]
    found = translated(tmp_path, body)
    assert set(fidelities(found).values()) == {"native"}
    text = module(found)
    statements = calls(text)
    assert [one for one in expected if one.replace("\\n", "\n") not in statements] == [], statements
    assert {one: decorators(text)[one] for one in decorated} == decorated


# The body of the DAG: which tasks are delegated.
DELEGATED = {
    "a task alone, whatever its rule": ("double(1) >> Other(task_id='o', trigger_rule='all_done') >> numbers()", "o"),
    "what is mapped over its result": ("o = Other(task_id='o'); double.expand(value=o.output)", "o double"),
    "a mapped group": (
        """
        @task_group
        def each_of(value):
            double(value) >> Other(task_id="o")
        total([1]) >> each_of.expand(value=numbers()) >> add(1)
        """, "each_of.double each_of.o"),
    "a setup is set up for all between": (
        "up = numbers(); up.as_setup() >> Other(task_id='o') >> total([]).as_teardown(setups=up)", "numbers o total"),
    "a list that only a run knows": ("double.expand(value=[numbers()])", "double"),
    "zip and map": ("double.expand(value=numbers().map(lambda one: one))", "double"),
    "which keys expand_kwargs brings isn't known": ("add.expand_kwargs(numbers())", "add"),
}  # fmt: skip


@pytest.mark.parametrize("name", DELEGATED)
def test_what_airflow_runs(name: str, tmp_path: Path) -> None:
    body, expected = DELEGATED[name]
    found = fidelities(translated(tmp_path, body))
    assert {task for task, fidelity in found.items() if fidelity != "native"} == set(expected.split())


def test_a_result_that_need_not_be_there(tmp_path: Path) -> None:
    """A result that isn't there is nothing, whole or by a key of its outputs (``PlainXComArg.resolve``)."""
    body = """
    p = parts()
    add.override(trigger_rule="all_done")(p["size"], other=maybe())
    """
    text = module(translated(tmp_path, body))
    assert "(parts or {}).get('size')" in text.replace('"', "'")
    assert "other=allow_failure(maybe_run)" in text


def test_parameters_that_have_a_name_of_the_gates(tmp_path: Path) -> None:
    body = """
    @task
    def each(after, wait_for=3):
        return after
    @task(trigger_rule="all_done")
    def wait(after):
        print(after)
    wait(each.expand(after=numbers()))
    """
    statements = calls(module(translated(tmp_path, body)))
    assert "each_task_runs = expand(each_task, {'after_item': numbers_run}, after=after(numbers_run))" in statements
    assert (
        "wait_task_run = wait_task.submit(each_result=results_of(each_task_runs), after=after(*each_task_runs))"
        in statements
    )


def test_rules_that_wait_are_told(tmp_path: Path) -> None:
    found = translated(tmp_path, "double(1) >> numbers.override(trigger_rule='one_failed')()")
    assert [text for text in said(found, "DP403") if "one_failed" in text]
    assert set(fidelities(found).values()) == {"native"}


def test_faults_of_airflow_2_are_approximate(tmp_path: Path) -> None:
    body = """
    @task_group
    def each_of(value):
        add.override(trigger_rule="one_success")(double(value))
    each_of.expand(value=numbers())
    """
    path = tmp_path / "train.py"
    text = HEAD.replace("airflow.sdk.exceptions", "airflow.exceptions").replace("airflow.sdk", "airflow.decorators")
    text = text.replace(
        "from airflow.decorators import DAG, task", "from airflow import DAG\nfrom airflow.decorators import task"
    )
    text = text.replace("airflow.providers.standard.operators", "airflow.operators")
    path.write_text(text + textwrap.indent(textwrap.dedent(body), "    "), "utf-8")
    document = read(path, tmp_path)
    found = formats.target("prefect")([document], WriteOptions())
    assert document.graph.pipelines[0].engine_version == "2"
    assert fidelities(found)["each_of.add"] == "approximate"
    assert [text for text in said(found, "DP402") if "Airflow 2" in text]


def test_results_of_a_mapped_group(tmp_path: Path) -> None:
    """Airflow 3 hands on a list only where there are several (``RuntimeTaskInstance.xcom_pull``)."""
    body = """
    @task_group
    def each(value):
        return double(value)
    total(each.expand(value=numbers()))
    """
    assert fidelities(translated(tmp_path, body))["total"] == "approximate"
