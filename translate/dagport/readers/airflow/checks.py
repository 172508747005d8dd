"""What the constructors of Airflow 3 refuse, and how they convert what they take.

Sources: ``BaseOperator.__init__``, ``BASEOPERATOR_ARGS_EXPECTED_TYPES``, ``BaseSensorOperator``, ``DAG`` of 3.3.
A value that isn't known is passed over here: it is a doubt already.
"""

from __future__ import annotations

import ast
import datetime
from collections.abc import Callable, Mapping
from typing import Any

from dagport.evaluate.domain import KNOWN_TYPES, Anything, EnumText, Function, PyRaise
from dagport.readers.airflow.nodes import XComRef
from dagport.readers.airflow.xcom import references

TRIGGER_RULES = {
    "all_success", "all_failed", "all_done", "all_done_min_one_success", "all_done_setup_success", "one_success",
    "one_failed", "one_done", "none_failed", "none_skipped", "always", "none_failed_min_one_success", "all_skipped",
}  # fmt: skip
OLD_TRIGGER_RULES = {"none_failed_or_skipped", "dummy"}
_KINDS: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("task_id queue pool trigger_rule run_as_user map_index_template executor", (str,)),
    ("doc doc_md doc_json doc_yaml doc_rst task_display_name logger_name", (str,)),
    ("email", (str, list, tuple, range)),
    ("email_on_retry email_on_failure depends_on_past ignore_first_depends_on_past", (bool,)),
    ("wait_for_past_depends_before_skipping wait_for_downstream do_xcom_push", (bool,)),
    ("multiple_outputs allow_nested_operators", (bool,)),
    ("retries priority_weight pool_slots task_concurrency max_active_tis_per_dag max_active_tis_per_dagrun", (int,)),
    ("retry_exponential_backoff", (int, float)),
    ("start_date end_date", (datetime.datetime,)),
)
EXPECTED = {name: kinds for names, kinds in _KINDS for name in names.split()}
# What `partial` fills in by itself, so that it can't be mapped over as well (`OPERATOR_DEFAULTS`).
FILLED_BY_PARTIAL = {
    "allow_nested_operators", "depends_on_past", "email_on_failure", "email_on_retry", "execution_timeout",
    "executor_config", "ignore_first_depends_on_past", "inlets", "map_index_template", "on_execute_callback",
    "on_failure_callback", "on_retry_callback", "on_skipped_callback", "on_success_callback", "outlets", "owner",
    "pool_slots", "priority_weight", "queue", "retries", "retry_delay", "retry_exponential_backoff", "retry_policy",
    "trigger_rule", "wait_for_past_depends_before_skipping", "wait_for_downstream", "weight_rule", "max_retry_delay",
}  # fmt: skip
WEIGHT_RANGE = (-2_147_483_648, 2_147_483_647)
RESOURCES = {"cpus", "ram", "disk", "gpus"}
SENSOR_DURATIONS = ("poke_interval", "timeout", "max_wait")


def is_of_known_type(value: Anything) -> bool:
    """Whether what kind of object a value is can be told."""
    return isinstance(value, KNOWN_TYPES)


def only(args: list[Anything], what: str) -> Anything:
    """The argument that a decorator or method must be given.

    Raises ``PyRaise`` of ``TypeError`` when there is none.
    """
    if not args:
        raise PyRaise("TypeError", f"{what}() missing 1 required positional argument")
    return args[0]


def check_types(values: Mapping[str, Anything], what: str) -> None:
    """Refuse a value of a wrong type (``validate_instance_args``)."""
    for name in values.keys() & EXPECTED.keys():
        value, kinds = values[name], EXPECTED[name]
        if value is not None and is_of_known_type(value) and not isinstance(value, kinds):
            expected = " or ".join(kind.__name__ for kind in kinds)
            raise PyRaise("TypeError", f"{name!r} for {what} expects {expected}, got {type(value).__name__}")


def converted(fields: dict[str, Anything], *, mapped: bool) -> None:
    """Convert the base fields of a task as its constructor does, or refuse them."""
    for name, convert in CONVERSIONS.items():
        if name in fields and is_of_known_type(fields[name]):
            fields[name] = convert(name, fields[name])
    slots = fields.get("pool_slots")
    if isinstance(slots, int) and slots < 1:
        raise PyRaise("ValueError", "pool slots cannot be less than 1")
    if mapped:
        return
    weight = fields.get("priority_weight")
    if isinstance(weight, int):
        fields["priority_weight"] = max(WEIGHT_RANGE[0], min(WEIGHT_RANGE[1], weight))
    timeout = fields.get("execution_timeout")
    if timeout is not None and is_of_known_type(timeout) and not isinstance(timeout, datetime.timedelta):
        raise PyRaise("ValueError", f"execution_timeout must be timedelta object but is {type(timeout).__name__}")


def _to_number(name: str, value: Any) -> Any:
    if value is None:
        return 0
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise PyRaise("TypeError", f"{name!r} type must be int, not {type(value).__name__}") from None


def _to_duration(name: str, value: Any) -> Any:
    if value is None or isinstance(value, datetime.timedelta):
        return value
    if isinstance(value, int | float):
        try:
            return datetime.timedelta(seconds=value)
        except (OverflowError, ValueError) as error:
            raise PyRaise(type(error).__name__, str(error)) from None
    raise PyRaise("TypeError", f"unsupported type for timedelta seconds component: {type(value).__name__}")


def _date(name: str, value: Any) -> Any:
    if value is None or isinstance(value, datetime.datetime):
        return value
    raise PyRaise("AttributeError", f"'{type(value).__name__}' object has no attribute 'utcoffset'")


def _resources(name: str, value: Any) -> Any:
    unknown = sorted(set(value) - RESOURCES, key=str) if isinstance(value, dict) else []
    if unknown:
        raise PyRaise("TypeError", f"Resources.__init__() got an unexpected keyword argument {unknown[0]!r}")
    if value is not None and not isinstance(value, dict):
        raise PyRaise("TypeError", f"argument after ** must be a mapping, not {type(value).__name__}")
    return value


CONVERSIONS: dict[str, Callable[[str, Any], Any]] = {
    "resources": _resources,
    "retries": _to_number,
    "retry_delay": _to_duration,
    "max_retry_delay": _to_duration,
    "start_date": _date,
    "end_date": _date,
}


def check_trigger_rule(rule: Anything, version: str) -> None:
    """Refuse a trigger rule that the version doesn't have; capitals count."""
    allowed = TRIGGER_RULES if version == "3" else TRIGGER_RULES | OLD_TRIGGER_RULES
    if is_of_known_type(rule) and not (isinstance(rule, str) and rule in allowed):
        shown = str(rule) if isinstance(rule, str) else type(rule).__name__
        raise PyRaise("ValueError", f"The trigger_rule must be one of {sorted(allowed)}; received {shown!r}.")


def check_sensor(fields: Mapping[str, Anything]) -> None:
    """Refuse settings of a sensor (``BaseSensorOperator``)."""
    for name in SENSOR_DURATIONS:
        value = fields.get(name)
        if value is None and (name not in fields or name != "poke_interval"):
            continue
        if not is_of_known_type(value) or isinstance(value, datetime.timedelta):
            continue
        if not isinstance(value, int | float) or value < 0:
            raise PyRaise("ValueError", f"Operator arg `{name}` must be timedelta object or a non-negative number")
    mode = fields.get("mode", "poke")
    if is_of_known_type(mode) and mode not in ("poke", "reschedule"):
        raise PyRaise("ValueError", f"The mode must be one of ['poke', 'reschedule']; received {mode!r}.")
    if fields.get("soft_fail") is True and fields.get("never_fail") is True:
        raise PyRaise("ValueError", "soft_fail and never_fail are mutually exclusive, you can not provide both.")


# Dynamic mapping


def check_mapped(over: Mapping[str, Anything]) -> None:
    """Refuse what ``expand`` can't map over: neither a list nor a dict nor a result."""
    for name, value in over.items():
        if isinstance(value, XComRef) or not (is_of_known_type(value) or isinstance(value, Function)):
            continue
        if not isinstance(value, list | tuple | dict | range):
            kind = type(value).__name__
            raise PyRaise("ValueError", f"expand() got an unexpected type {kind!r} for keyword argument {name!r}")


def check_keys(value: Anything) -> None:
    """Only whole results can be mapped over (``ensure_xcomarg_return_value``)."""
    for task, key in references(value):
        if key != "return_value":
            raise PyRaise("ValueError", f"cannot map over XCom with custom key {key!r} from {task}")


def check_mapped_kwargs(source: Anything) -> None:
    """Refuse what ``expand_kwargs`` doesn't take: anything but a list of dicts, or a result."""
    if isinstance(source, XComRef) or not is_of_known_type(source):
        return
    items = list(source) if isinstance(source, list | tuple | str | bytes | range) else [source]
    wrong = [item for item in items if is_of_known_type(item) and not isinstance(item, dict)]
    if wrong or isinstance(source, dict | set | frozenset):
        raise PyRaise("TypeError", f"expected XComArg or list[dict], not {type(source).__name__}")


def check_apart(first: Mapping[str, Any], second: Mapping[str, Any], reason: str) -> None:
    """Refuse names that are given twice (``prevent_duplicates``)."""
    twice = sorted(set(first) & set(second) - {"**"})
    if twice:
        raise PyRaise("TypeError", f"{reason} argument: {twice[0]}")


def same_rule(value: Anything, rule: str) -> bool:
    """Whether a trigger rule, a text or a member of the enumeration, is this one."""
    return (value.value if isinstance(value, EnumText) else value) == rule


# Operators of the standard provider


SERIALIZERS = (None, "", "pickle", "dill", "cloudpickle")


def check_operator(name: str, values: Mapping[str, Anything]) -> None:
    """Refuse what the constructor of an operator refuses (``providers.standard.operators``)."""
    check = OPERATORS.get(name.rpartition(".")[2])
    if check is not None and name.startswith("airflow."):
        check(values)


def _check_python(values: Mapping[str, Anything]) -> None:
    if is_of_known_type(values.get("python_callable", "")):
        raise PyRaise("airflow.exceptions.AirflowException", "`python_callable` param must be callable")


def _check_isolated(values: Mapping[str, Anything]) -> None:
    _check_python(values)
    function = values.get("python_callable")
    if isinstance(function, Function) and (function.name == "<lambda>" or is_generator(function)):
        raise PyRaise("ValueError", "the operator only supports functions for python_callable, without `yield`")
    serializer = values.get("serializer")
    if isinstance(serializer, str) and serializer not in SERIALIZERS:
        raise PyRaise("airflow.exceptions.AirflowException", f"Unsupported serializer {serializer!r}.")
    if isinstance(values.get("requirements"), XComRef):
        raise PyRaise("TypeError", "'XComArg' object is not iterable")


def _check_branch_date(values: Mapping[str, Anything]) -> None:
    if values.get("target_upper", "") is None and values.get("target_lower", "") is None:
        raise PyRaise("airflow.exceptions.AirflowException", "Both target_upper and target_lower are None.")


def is_generator(function: Function) -> bool:
    """Whether a function's body yields."""
    own: list[ast.AST] = list(getattr(function.node, "body", [])) if not isinstance(function.node, ast.Lambda) else []
    while own:
        node = own.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            own.extend(ast.iter_child_nodes(node))
    return False


OPERATORS: dict[str, Callable[[Mapping[str, Anything]], None]] = {
    "PythonOperator": _check_python,
    "BranchPythonOperator": _check_python,
    "ShortCircuitOperator": _check_python,
    "PythonVirtualenvOperator": _check_isolated,
    "ExternalPythonOperator": _check_isolated,
    "BranchPythonVirtualenvOperator": _check_isolated,
    "BranchExternalPythonOperator": _check_isolated,
    "BranchDateTimeOperator": _check_branch_date,
}
