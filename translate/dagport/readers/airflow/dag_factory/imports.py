"""Names that a YAML file gives as text, imported as a Python file would import them."""

from __future__ import annotations

import ast
from typing import Any

from dagport.evaluate.domain import Anything, CallSite, External, PyRaise, Unknown, UserClass
from dagport.evaluate.machine import Machine
from dagport.evaluate.statements import execute_block
from dagport.readers.airflow import operators
from dagport.readers.airflow.dag_factory.known import is_there

ALIAS = "__imported__"
PYTHON_CLASSES = {
    "PythonOperator", "BranchPythonOperator", "ShortCircuitOperator", "PythonVirtualenvOperator",
    "BranchPythonVirtualenvOperator", "ExternalPythonOperator", "BranchExternalPythonOperator", "PythonSensor",
}  # fmt: skip


def refuse(name: str, message: str, site: CallSite) -> PyRaise:
    """What dag-factory or Airflow would raise at a place of the YAML file."""
    raised = PyRaise(name, message)
    raised.site = site
    return raised


def import_string(machine: Machine, dotted: Anything, site: CallSite) -> Anything:
    """``airflow.sdk.module_loading.import_string``: the attribute of a module, both in one text."""
    if isinstance(dotted, Unknown):
        return dotted
    if not isinstance(dotted, str):
        raise refuse("AttributeError", f"'{type(dotted).__name__}' object has no attribute 'rsplit'", site)
    module, _, attribute = dotted.rpartition(".")
    if not module:
        raise refuse("ImportError", f"{dotted} doesn't look like a module path", site)
    if not all(part.isidentifier() for part in dotted.split(".")):
        raise refuse("ImportError", f"{dotted!r} isn't the name of anything", site)
    _check_airflow(machine, module, attribute, site)
    statement = ast.copy_location(ast.ImportFrom(module, [ast.alias(attribute, ALIAS)], 0), site.node)
    execute_block(machine, [statement], site.scope)
    return site.scope.names.pop(ALIAS)


def _check_airflow(machine: Machine, module: str, name: str, site: CallSite) -> None:
    """Refuse or doubt a name of Airflow that its version 3.3 doesn't have."""
    hooks: Any = machine.hooks
    if hooks.version != "3" or module.partition(".")[0] != "airflow":
        return
    there = is_there(machine, module, name)
    if there is False:
        raise refuse("ImportError", f"Airflow 3.3 has no `{module}.{name}`", site)
    if there is None:
        machine.doubt("DP201", f"whether Airflow 3.3 has `{module}.{name}` isn't known", site)


def is_python_operator(cls: Anything) -> bool | None:
    """Whether a class runs a ``python_callable``, so that dag-factory imports it; ``None`` when that isn't known."""
    names = class_names(cls)
    if any(name.startswith("airflow.") and name.rpartition(".")[2] in PYTHON_CLASSES for name in names):
        return True
    return False if names and all(map(operators.is_operator, names)) else None


def derives_from(cls: Anything, *last_names: str) -> bool:
    """Whether a class is, or is known to derive from, a class of Airflow or its providers."""
    return any(name.startswith("airflow.") and name.rpartition(".")[2] in last_names for name in class_names(cls))


def class_names(cls: Anything) -> list[str]:
    """The qualified names of the library classes that a class is or derives from."""
    if isinstance(cls, External):
        return [cls.name]
    return cls.externals() if isinstance(cls, UserClass) else []
