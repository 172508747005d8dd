"""Sensors that wait in the middle of a run: a function that looks every so often.

Source: ``BaseSensorOperator.execute`` of Airflow 3.3, PythonSensor, TimeDeltaSensor, DateTimeSensor and FileSensor of
the standard provider 1.21. Whether a sensor pokes, reschedules or defers itself changes what it takes up, and not how
it ends. A sensor that has waited too long fails for good, whatever its retries (``AirflowSensorTimeout``). One that
reschedules itself counts from its first try on, so with retries it is left to Airflow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from dagport.graph import Task
from dagport.rewrite.context import POKE
from dagport.rewrite.model import Facts
from dagport.values import Call, Template, Value
from dagport.writers.common import python
from dagport.writers.common.arguments import bind
from dagport.writers.common.bash import references
from dagport.writers.common.dates import dates_of
from dagport.writers.common.functions import Called, facts_of, inspect_called
from dagport.writers.common.inputs import Inputs
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import NOTHING, VALUE, Function, Inspection, Refused
from dagport.writers.common.scope import Scope

STANDARD, OLD = "airflow.providers.standard.sensors", "airflow.sensors"
FUNCTIONS = frozenset(
    {*(f"{name}.sensor" for name in python.DECORATORS), f"{STANDARD}.python.PythonSensor", f"{OLD}.python.PythonSensor"}
)
DELTAS = frozenset(
    f"{module}.time_delta.{name}" for module in (STANDARD, OLD) for name in ("TimeDeltaSensor", "TimeDeltaSensorAsync")
)
MOMENTS = frozenset(
    f"{module}.date_time.{name}" for module in (STANDARD, OLD) for name in ("DateTimeSensor", "DateTimeSensorAsync")
)
FILES = frozenset({f"{STANDARD}.filesystem.FileSensor", f"{OLD}.filesystem.FileSensor"})
OPERATORS = FUNCTIONS | DELTAS | MOMENTS | FILES
NO_MATTER = frozenset({"mode", "deferrable", "end_from_trigger", "max_wait"})
UNSUPPORTED = ("soft_fail", "never_fail", "silent_fail", "exponential_backoff", "start_from_trigger", "templates_dict")
ARGUMENTS = frozenset(
    {
        *NO_MATTER, *UNSUPPORTED, "poke_interval", "timeout", "delta", "target_time", "filepath", "fs_conn_id",
        "recursive", "op_args", "op_kwargs", "multiple_outputs",
    }
)  # fmt: skip
FOR_GOOD = "AirflowFailException"  # has no other try, like a timeout
DURATION, MOMENT = "datetime.timedelta", "datetime.datetime.fromisoformat"
DEFAULTS = {"poke_interval": 60.0, "timeout": 7 * 24 * 3600.0}
UNITS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1, "weeks": 604800, "milliseconds": 0.001}


def inspect(task: Task, scope: Scope) -> Inspection:
    """What the sensor asks for. Raises ``Refused``."""
    used = next((name for name in UNSUPPORTED if task.arguments.get(name)), None)
    if used is not None:
        raise Refused(f"it has {used}")
    if task.retries and not _pokes(task):
        raise Refused("it has retries, and doesn't wait in its own process: how long a try may wait depends on others")
    _limits(task)
    if task.operator in FUNCTIONS:
        return _inspect_function(task, scope)
    entries = {"data_interval_end"} if task.operator in DELTAS else set[str]()
    entries |= references(task.arguments.get("target_time")) | references(task.arguments.get("filepath"))
    _condition(task, scope.inputs(task, ()))
    return Inspection(result=NOTHING, context=dates_of(entries))


def write(task: Task, scope: Scope) -> tuple[Inputs, Function]:
    """The function that waits. Raises ``Refused``."""
    if task.operator in FUNCTIONS:
        facts = facts_of(task, scope)
        return _Poking(task, scope, facts, bind(task, facts)).write()
    inputs = scope.inputs(task, {"poke_until", "has_passed", "has_file"})
    statement = _waiting(_condition(task, inputs), task, inputs)
    head = f"def {scope.names[task.id].function}({', '.join(inputs.signature())}) -> None:"
    return inputs, Function(text=f"{head}\n    {statement}")


class _Poking(Called):
    """A helper that looks once."""

    exceptions: Mapping[str, str] = {POKE: "Poke"}

    def statement(self, helper: str, inputs: Inputs) -> str:
        """``return poke_until(lambda: helper(...))``."""
        if POKE in self.facts.raises:
            inputs.support[POKE] = None
        waiting = _waiting(self.call(helper, inputs), self.task, inputs)
        return waiting if self.result.kind == "nothing" else f"return {waiting}"


def _inspect_function(task: Task, scope: Scope) -> Inspection:
    facts = facts_of(task, scope)
    _check(facts, scope)
    called = inspect_called(task, facts)
    helper = called.helper if scope.is_shared(task) else f"{called.helper}_poke"
    stored = POKE in facts.raises and task.arguments.get("do_xcom_push") is not False
    return replace(called, helper=helper, result=VALUE if stored else NOTHING, skips=python.SKIP in facts.raises)


def _check(facts: Facts, scope: Scope) -> None:
    if facts.is_async or facts.is_generator:
        raise Refused("its function is asynchronous or a generator")
    if facts.pulls or facts.pushes or facts.connections:
        raise Refused("its function looks at XComs or connections itself")
    without = min(facts.raises - scope.dialect.exceptions.keys() - {POKE}, default=None)
    if without is not None:
        raise Refused(f"{without} is raised, which has no form here")


def _waiting(look: str, task: Task, inputs: Inputs) -> str:
    inputs.support["poke_until"] = None
    if task.arguments.get("mode") == "reschedule" or task.arguments.get("deferrable"):
        what = f"while {task.id!r} waits, it keeps its process; in Airflow it gives up its slot between two looks"
        inputs.notes["DP403", what] = None
    limits = [*(f"{name}={value:g}" for name, value in _limits(task).items()), *_late(task, inputs.scope)]
    function = look.removesuffix("()") if look.removesuffix("()").isidentifier() else f"lambda: {look}"
    return f"poke_until({', '.join([function, *limits])})"


def _pokes(task: Task) -> bool:
    """Whether it waits in one process from the beginning of a try to its end."""
    arguments = task.arguments
    defers = arguments.get("deferrable") or task.operator.endswith("Async")
    return not defers and arguments.get("mode", "poke") == "poke"


def _late(task: Task, scope: Scope) -> list[str]:
    """The argument that says what is raised after too long a wait, where another try would follow."""
    if not task.retries:
        return []
    form = scope.dialect.exceptions[FOR_GOOD]
    return [f"late=lambda said: {form.replace('...', 'said')}" if "..." in form else f"late={form}"]


def _limits(task: Task) -> dict[str, float]:
    """The arguments of ``poke_until`` that aren't its defaults. Raises ``Refused``."""
    found = {name: _seconds(task.arguments.get(name, default), name) for name, default in DEFAULTS.items()}
    names = {"poke_interval": "interval", "timeout": "timeout"}
    return {names[name]: value for name, value in found.items() if value != DEFAULTS[name]}


def _seconds(value: Value, name: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, Call) and value.name == DURATION and not value.args and set(value.kwargs) <= set(UNITS):
        parts = [(UNITS[unit], number) for unit, number in value.kwargs.items()]
        if all(isinstance(number, int | float) for _, number in parts):
            return float(sum(length * number for length, number in parts if isinstance(number, int | float)))
    raise Refused(f"its {name} isn't known")


def _condition(task: Task, inputs: Inputs) -> str:
    """What is looked at. Raises ``Refused``."""
    if task.operator in FILES:
        return _file(task, inputs)
    inputs.support["has_passed"] = None
    if task.operator in DELTAS:
        seconds = _seconds(task.arguments.get("delta"), "delta")
        return f"has_passed({inputs.context('data_interval_end')}, seconds={seconds:g})"
    moment = task.arguments.get("target_time")
    if isinstance(moment, Call) and moment.name == MOMENT and len(moment.args) == 1:
        return f"has_passed({text_literal(str(moment.args[0]))})"
    if not isinstance(moment, str | Template):
        raise Refused("its target_time isn't known")
    if isinstance(moment, str) and not _is_iso(moment):
        raise Refused("its target_time isn't an ISO 8601 date")
    return f"has_passed({inputs.value(moment)})"


def _is_iso(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _file(task: Task, inputs: Inputs) -> str:
    path = task.arguments.get("filepath")
    text = path.text if isinstance(path, Template) else path
    if not isinstance(text, str) or not text.startswith("/"):
        raise Refused("its filepath isn't absolute: the connection says below which folder it is")
    inputs.support["has_file"] = None
    recursive = task.arguments.get("recursive", False)
    if not isinstance(recursive, bool):
        raise Refused("its recursive isn't known")
    return f"has_file({inputs.value(path)}{', recursive=True' if recursive else ''})"
