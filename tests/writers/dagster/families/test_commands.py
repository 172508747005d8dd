"""Commands that test data: which ones, and what is written for them."""

from __future__ import annotations

import pytest

from dagport.graph import Task
from dagport.values import Template
from dagport.writers.dagster.families.commands import checks_data
from tests.writers.dagster.making import assets, fidelities, module, pipeline, python, translate

BASH = "airflow.providers.standard.operators.bash.BashOperator"
TESTS = (
    "dbt test",
    "dbt test --select marts",
    "cd /opt/shop && dbt test",
    "dbt deps\ndbt --no-use-colors --log-format json test -s a",
    "/usr/bin/dbt test ",
    "dbt source freshness",
    "gx checkpoint run prices",
    "soda scan -d shop checks.yml",
)
OTHERS = (
    "dbt run",
    "dbt build",
    "dbt test || true",
    "dbt test; echo done",
    "dbt test | tee log",
    "dbt test && publish",
    "dbt run --select test",
    "dbt test-more",
    "echo dbt test",
    "mydbt test",
    "dbt test\necho done",
)


def task(command: str, **fields: object) -> Task:
    return Task(id="work", operator=BASH, kind="bash", arguments={"bash_command": command, **fields})  # type: ignore[dict-item]


@pytest.mark.parametrize("command", TESTS)
def test_tests(command: str) -> None:
    assert checks_data(task(command))
    assert checks_data(Task(id="a", operator=BASH, kind="bash", arguments={"bash_command": Template(command, ())}))


@pytest.mark.parametrize("command", OTHERS)
def test_other_commands(command: str) -> None:
    assert not checks_data(task(command))
    assert "check_specs" not in assets(module(translate(pipeline(task(command)))))["work"]


def test_blocking_check() -> None:
    translation = translate(pipeline(task("dbt test", env={"A": "b"})))
    assert fidelities(translation) == {"work": "native"}
    text = module(translation)
    assert 'yield from as_check(context, run_bash(context, "dbt test", env={"A": "b"}))' in text
    found = assets(text)["work"]
    assert found["check_specs"] == "[dg.AssetCheckSpec('work', asset=dg.AssetKey(['train', 'work']), blocking=True)]"


def test_op() -> None:
    """Where a branch decides, it is an op, which has no asset whose check it could be."""
    source = "def choose():\n    return 'work'\n"
    branch = python(
        source, "choose", kind="branch", operator="airflow.providers.standard.operators.python.BranchPythonOperator"
    )
    translation = translate(pipeline(branch, task("dbt test"), edges="choose>work"), source=source, style="auto")
    text = module(translation)
    assert "as_check" not in text
    assert 'yield from run_bash(context, "dbt test")' in text
    assert not any(path.endswith("command_checks.py") for path in translation.files)
