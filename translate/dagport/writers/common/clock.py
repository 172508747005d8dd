"""Branches on a date or a weekday: a function that asks the clock and returns the ids of the tasks to follow.

Source: ``BranchDateTimeOperator``, ``target_times_as_dates`` and ``BranchDayOfWeekOperator`` of the standard provider
1.21. The former asks for the moment in UTC, the latter for the weekday in the DAG's time zone; both can take the
logical date, which is in UTC, in place of the clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dagport.graph import Task
from dagport.semantics.schedules.zones import is_iana
from dagport.values import Call, Ref, Value
from dagport.writers.common.inputs import Inputs
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import VALUE, Function, Inspection, Refused
from dagport.writers.common.scope import Scope

BETWEEN = frozenset(
    {
        "airflow.operators.datetime.BranchDateTimeOperator",
        "airflow.providers.standard.operators.datetime.BranchDateTimeOperator",
    }
)
WEEKDAY = frozenset(
    {
        "airflow.operators.weekday.BranchDayOfWeekOperator",
        "airflow.providers.standard.operators.weekday.BranchDayOfWeekOperator",
    }
)
OPERATORS = BETWEEN | WEEKDAY
ARGUMENTS = frozenset(
    {
        "follow_task_ids_if_true", "follow_task_ids_if_false", "target_lower", "target_upper", "week_day",
        "use_task_logical_date", "use_task_execution_date", "use_task_execution_day",
    }
)  # fmt: skip
DATED = ("use_task_logical_date", "use_task_execution_date", "use_task_execution_day")
BOUNDS = ("datetime.datetime.fromisoformat", "datetime.time.fromisoformat")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def inspect(task: Task, scope: Scope) -> Inspection:
    """The ids that it returns, and whether it asks for the logical date. Raises ``Refused``."""
    _condition(task, scope)
    for name in ("follow_task_ids_if_true", "follow_task_ids_if_false"):
        _ids(task.arguments.get(name), name)
    if task.arguments.get("do_xcom_push") is False:
        raise Refused("its result isn't stored")
    return Inspection(result=VALUE, context=frozenset({"logical_date"} if _is_dated(task) else ()))


def write(task: Task, scope: Scope) -> tuple[Inputs, Function]:
    """The function that asks the clock. Raises ``Refused``."""
    inputs = scope.inputs(task, {"is_between", "is_weekday"})
    name, arguments = _condition(task, scope)
    if _is_dated(task):
        arguments.append(f"moment={inputs.context('logical_date')}")
    inputs.support[name] = None
    yes, no = (_ids(task.arguments.get(f"follow_task_ids_if_{answer}"), answer) for answer in ("true", "false"))
    head = f"def {scope.names[task.id].function}({', '.join(inputs.signature())}):"
    return inputs, Function(text=f"{head}\n    return {yes} if {name}({', '.join(arguments)}) else {no}")


def _is_dated(task: Task) -> bool:
    """Whether it takes the logical date. Raises ``Refused`` when that isn't known."""
    given = [task.arguments[name] for name in DATED if name in task.arguments]
    if not all(isinstance(value, bool) for value in given):
        raise Refused("whether it uses the logical date isn't known")
    return any(given)


def _condition(task: Task, scope: Scope) -> tuple[str, list[str]]:
    """The function that decides, and its arguments."""
    zone = scope.pipeline.timezone or "UTC"
    if not is_iana(zone):
        raise Refused(f"the time zone {zone!r} isn't an IANA one")
    dated = _is_dated(task)
    if task.operator in WEEKDAY:
        days = ", ".join(map(text_literal, _weekdays(task.arguments.get("week_day"))))
        name, arguments = "is_weekday", [f"[{days}]"]
    else:
        bounds = [_bound(task.arguments.get(f"target_{end}"), f"target_{end}") for end in ("lower", "upper")]
        name, arguments = "is_between", [text_literal(item) if item else "None" for item in bounds]
        if bounds == [None, None]:
            raise Refused("neither target_lower nor target_upper is set")
    if zone != "UTC" and not (dated and name == "is_weekday"):
        arguments.append(f"time_zone={text_literal(zone)}")
    return name, arguments


def _bound(value: Value, name: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, Call) or value.name not in BOUNDS or len(value.args) != 1:
        raise Refused(f"its {name} isn't known")
    return str(value.args[0])


def _weekdays(value: Value) -> list[str]:
    """The names of some weekdays: a name, a member of ``WeekDay``, or several of them."""
    if isinstance(value, Call) and value.name in ("set", "tuple", "frozenset") and value.args:
        value = value.args[0]
    single = isinstance(value, str | Ref) or not isinstance(value, Sequence | Mapping)
    items = [value] if single else list(value)  # type: ignore[arg-type]
    found = [_weekday(item) for item in items]
    if not found:
        raise Refused("its week_day isn't known")
    return sorted(found, key=WEEKDAYS.index)


def _weekday(value: Value) -> str:
    text = value.name.rpartition(".")[2] if isinstance(value, Ref) and ".WeekDay." in value.name else value
    name = text.strip().capitalize() if isinstance(text, str) else ""
    if name not in WEEKDAYS:
        raise Refused("its week_day isn't known")
    return name


def _ids(value: Value, name: str) -> str:
    """The source of ids of tasks to follow."""
    if isinstance(value, str):
        return text_literal(value)
    if isinstance(value, Call) and value.name == "tuple" and value.args:
        value = value.args[0]
    if isinstance(value, Sequence) and all(isinstance(item, str) for item in value):
        return f"[{', '.join(text_literal(str(item)) for item in value)}]"
    raise Refused(f"its {name} isn't known")
