"""Functions that Airflow runs in another Python: a helper as the source has it, and a function that has it run there.

Source: ``_BasePythonVirtualenvOperator``, ``PythonVirtualenvOperator`` and ``ExternalPythonOperator`` of the standard
provider 1.21. The function's text is all that the other Python gets, beside its arguments: a name of the module isn't
there, so a function that uses one fails in Airflow and is refused here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dagport.graph import Task
from dagport.rewrite.model import Facts
from dagport.values import Call, Template, Value
from dagport.writers.common import python
from dagport.writers.common.arguments import bind
from dagport.writers.common.dates import OLD_TEXTS, TEXTS
from dagport.writers.common.functions import Called, facts_of, free_names, inspect_called
from dagport.writers.common.imported import imported, importing
from dagport.writers.common.inputs import Inputs
from dagport.writers.common.literals import expression, text_literal
from dagport.writers.common.model import Function, Inspection, Refused
from dagport.writers.common.scope import Scope

EXTERNAL = frozenset(
    {
        *(
            f"{package}.{name}"
            for package in python.DECORATORS
            for name in ("external_python", "branch_external_python")
        ),
        *(
            f"{module}.{name}"
            for module in python.MODULES
            for name in ("ExternalPythonOperator", "BranchExternalPythonOperator")
        ),
    }
)
VIRTUALENV = frozenset(
    {
        *(f"{package}.{name}" for package in python.DECORATORS for name in ("virtualenv", "branch_virtualenv")),
        *(
            f"{module}.{name}"
            for module in python.MODULES
            for name in ("PythonVirtualenvOperator", "BranchPythonVirtualenvOperator")
        ),
    }
)
OPERATORS = EXTERNAL | VIRTUALENV
OPTIONS = {  # argument of the operator -> of the support file's functions
    "requirements": "requirements",
    "python_version": "python_version",
    "system_site_packages": "system_site_packages",
    "pip_install_options": "install_options",
    "index_urls": "index_urls",
    "venv_cache_path": "cache",
    "serializer": "serializer",
    "env_vars": "env",
    "inherit_env": "inherit_env",
}
RENDERED = ("requirements", "index_urls", "venv_cache_path")  # and ``python``: no other option is a template
ON_BY_DEFAULT = ("system_site_packages", "inherit_env")
LISTS = ("requirements", "index_urls", "pip_install_options")
UNSUPPORTED = ("string_args", "skip_on_exit_code", "index_urls_from_connection_ids", "templates_dict", "templates_exts")
ARGUMENTS = python.ARGUMENTS | {*OPTIONS, *UNSUPPORTED, "python", "expect_airflow", "expect_pendulum"}
TEXT_ENTRIES = frozenset({*TEXTS, *OLD_TEXTS, "ts", "run_id", "task_instance_key_str"})
"""Entries of the context that are handed to the other Python, those that are texts."""


def inspect(task: Task, scope: Scope) -> Inspection:
    """What the function is given and hands over. Raises ``Refused``."""
    facts = facts_of(task, scope)
    _check(task, scope, facts)
    called = inspect_called(task, facts)
    helper = called.helper if scope.is_shared(task) else f"{called.helper}_function"
    return replace(called, helper=helper, result=python.result_of(task, facts, scope))


def write(task: Task, scope: Scope) -> tuple[Inputs, Function]:
    """The function that has the user's run elsewhere. Raises ``Refused``."""
    facts = facts_of(task, scope)
    return Isolated(task, scope, facts, bind(task, facts)).write()


class Isolated(Called):
    """A helper whose text is run in another Python."""

    def statement(self, helper: str, inputs: Inputs) -> str:
        """``return run_in_virtualenv(helper, requirements=[...])``."""
        external = self.task.operator in EXTERNAL
        inputs.support["run_in_python" if external else "run_in_virtualenv"] = None
        place = [self._python(inputs)] if external else []
        arguments = [*place, helper, *self._given(inputs), *self._options(inputs)]
        call = f"{'run_in_python' if external else 'run_in_virtualenv'}({', '.join(arguments)})"
        return call if self.result.kind == "nothing" else f"return {call}"

    def _python(self, inputs: Inputs) -> str:
        value = self.task.arguments.get("python")
        if value is None:
            raise Refused("which Python it runs in isn't known")
        text = imported(value, inputs)
        if text == "sys.executable":
            inputs.notes["DP403", f"`sys.executable` is the Python of {self.scope.dialect.engine}, not Airflow's"] = (
                None
            )
        return text

    def _given(self, inputs: Inputs) -> list[str]:
        args, kwargs = self.call_parts(inputs)
        found = [f"args=[{', '.join(args)}]"] * bool(args)
        pairs = ", ".join(f'"{name}": {text}' for name, text in kwargs.items())
        return [*found, f"kwargs={{{pairs}}}"] if kwargs else found

    def _options(self, inputs: Inputs) -> list[str]:
        found = []
        for name, parameter in OPTIONS.items():
            value = self.task.arguments.get(name)
            if value is None or (name in ON_BY_DEFAULT and value is True):
                continue
            value = _listed(value) if name in LISTS else value
            found.append(f"{parameter}={importing(inputs)(value) if name in RENDERED else _as_written(value, name)}")
        if self.task.operator in VIRTUALENV and self.task.arguments.get("system_site_packages", True) is not False:
            what = f"the virtual environment of {self.task.id!r} also sees the packages of the Python that makes it"
            inputs.notes["DP403", f"{what}: {self.scope.dialect.engine}'s, not Airflow's"] = None
        return found


def _as_written(value: Value, name: str) -> str:
    """The source of a value that Airflow doesn't render. Raises ``Refused``."""

    def symbolic(part: Value) -> str:
        if isinstance(part, Template):
            return text_literal(part.text)
        raise Refused(f"its {name} isn't known")

    return expression(value, symbolic)


def _listed(value: Value) -> Value:
    if isinstance(value, str):
        return [value]
    return value.args[0] if isinstance(value, Call) and value.name == "tuple" and value.args else value


def _check(task: Task, scope: Scope, facts: Facts) -> None:
    """Raises ``Refused`` for what the other Python doesn't get, or gets in another form."""
    if task.kind == "branch":
        python.check_chooser(task, scope, facts)
    if scope.pipeline.engine_version == "1.10":
        raise Refused("it runs in another Python, by the rules of Airflow 1.10")
    used = next((name for name in UNSUPPORTED if task.arguments.get(name)), None)
    if used is not None:
        raise Refused(f"it has {used}")
    if facts.is_async or facts.is_generator or (task.callable and not task.callable.name.isidentifier()):
        raise Refused("its function isn't a plain one, and runs in another Python")
    if task.callable is not None and task.callable.closure:
        raise Refused("its function uses names of the function around it, which aren't there in another Python")
    if facts.pulls or facts.pushes or facts.variables or facts.connections or facts.raises:
        raise Refused("its function asks for more of Airflow than its arguments, and runs in another Python")
    missing = free_names(facts)
    if missing:
        raise Refused(f"its function uses `{min(missing)}`, which isn't there in another Python")
    entries = facts.context - set(bind(task, facts).by_name) - TEXT_ENTRIES
    if entries:
        raise Refused(f"its function uses `{min(entries)}` of the run's context, and runs in another Python")
    requirements = _listed(task.arguments.get("requirements"))
    if isinstance(requirements, Sequence) and any(str(item).endswith(".txt") for item in requirements):
        raise Refused("its requirements are in a template file, which dagport doesn't read")
