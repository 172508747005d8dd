"""Functions that Airflow 3 hasn't, written out.

Sources: ``airflow.utils.dates.days_ago`` and ``airflow.operators.python.is_venv_installed`` of 2.11.
"""

from __future__ import annotations

import libcst as cst

from dagport.writers.airflow.upgrade.facts import APPLY_DEFAULTS, DAYS_AGO, VENV_CHECKS
from dagport.writers.airflow.upgrade.file import File
from dagport.writers.airflow.upgrade.imports import Imports


def upgrade_functions(file: File, imports: Imports) -> None:
    """Put what these functions computed in the place of their calls; a decorator that does nothing goes."""
    for decorator in file.nodes(cst.Decorator):
        if file.meanings.of(decorator.decorator) in APPLY_DEFAULTS:
            end = file.tree.line_end(file.tree.end(decorator.decorator))
            file.gone(decorator.decorator)
            file.edits.replace(file.tree.line_start(file.tree.start(decorator.decorator)), end, "")
    for call in file.nodes(cst.Call):
        name = file.meanings.of(call.func)
        if name == DAYS_AGO:
            _days_ago(file, imports, call)
        elif name in VENV_CHECKS:
            which, find_spec = imports.want("shutil", "which"), imports.want("importlib.util", "find_spec")
            file.replace(call, f'bool({which}("virtualenv") or {find_spec}("virtualenv"))')


def _days_ago(file: File, imports: Imports, call: cst.Call) -> None:
    """Midnight, UTC, some days before today."""
    if len(call.args) != 1 or call.args[0].star or (call.args[0].keyword and call.args[0].keyword.value != "n"):
        file.say("DP431", "Airflow 3 has no days_ago: write the date as a constant", call)
        return
    count = call.args[0].value
    text = f'{imports.want("pendulum", "today")}("UTC")'
    if not (isinstance(count, cst.Integer) and count.evaluated_value == 0):
        text += f".subtract(days={file.tree.code(count)})"
    file.replace(call, text)
