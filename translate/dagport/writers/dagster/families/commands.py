"""Commands that test data, ``dbt test`` for instance: the same command, whose end is also a check of its asset.

A BashOperator runs the same command in Dagster, whatever it is (``common/bash.py``). dagster-dbt would say no more
about it: a ``DbtCliResource`` runs the same program, and ``@dbt_assets`` would put an asset for each model in the place
of the task, by the manifest of a project that the DAG file doesn't have. So only what a test is for is added: its
failure, which stops what comes after the task, is recorded as a blocking check.
"""

from __future__ import annotations

import re
from dataclasses import replace

from dagport.graph import Task
from dagport.values import Template
from dagport.writers.common import bash
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import Function, Inspection
from dagport.writers.dagster.inputs import Inputs
from dagport.writers.dagster.scope import Scope

OPERATORS = bash.OPERATORS
ARGUMENTS = bash.ARGUMENTS
OPTIONS = r"(?:\s+--?[\w-]+(?:[= ][^\s-]\S*)?)*"
TESTS = re.compile(
    rf"(?:^|[;\n]|&&)\s*(?:\S*/)?(?:dbt{OPTIONS}\s+(?:test|source\s+freshness)|soda\s+scan|"
    r"(?:gx|great_expectations)\s+checkpoint\s+run)(?![-\w])[^;|&\n]*\s*$"
)
"""Programs whose exit code says whether data is as it should be: the last command of a script."""
RUNS = "yield from run_bash("
HELPER = "as_check"
FILE = "command_checks"


def checks_data(task: Task) -> bool:
    """Whether a task's command ends with a test of data."""
    command = task.arguments.get("bash_command")
    text = command.text if isinstance(command, Template) else command
    return isinstance(text, str) and TESTS.search(text) is not None


def inspect(task: Task, scope: Scope) -> Inspection:
    """What the command needs and hands over. Raises ``Refused``."""
    found = bash.inspect(task, scope)
    return replace(found, generated=found.generated | {HELPER}) if checks_data(task) else found


def write(task: Task, scope: Scope) -> tuple[Inputs, Function]:
    """The function that runs the command. Raises ``Refused``."""
    inputs, function = bash.write(task, scope)
    assert isinstance(inputs, Inputs)  # noqa: S101 - those of this target's scope
    if not checks_data(task) or RUNS not in function.text:
        return inputs, function
    statement = f"from {scope.project.package}.{FILE} import {HELPER}"
    inputs.imports[statement] = None
    inputs.support[FILE] = None
    group, name = scope.names[task.id].key
    key = f"dg.AssetKey([{text_literal(group)}, {text_literal(name)}])"
    head, _, call = function.text.rpartition(RUNS)
    return inputs, replace(
        function,
        text=f"{head}yield from {HELPER}(context, run_bash({call})",
        decorator={"check_specs": f"[dg.AssetCheckSpec({text_literal(name)}, asset={key}, blocking=True)]"},
        in_op=function.text,
        not_in_op=frozenset({statement, FILE}),
    )
