"""Functions as Airflow looks at them: parameters, context keys, docstrings, spans."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, CallSite, Function, PyRaise, Unknown

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

CONTEXT_KEYS = {
    "conf", "conn", "dag", "dag_run", "data_interval_end", "data_interval_start", "ds", "ds_nodash", "exception",
    "execution_date", "expanded_ti_count", "inlet_events", "inlets", "logical_date", "macros", "map_index_template",
    "next_ds", "next_ds_nodash", "next_execution_date", "outlet_events", "outlets", "params", "partition_key",
    "prev_data_interval_end_success", "prev_data_interval_start_success", "prev_ds", "prev_ds_nodash",
    "prev_end_date_success", "prev_execution_date", "prev_execution_date_success", "prev_start_date_success",
    "reason",
    "run_id", "start_date", "task", "task_instance", "task_instance_key_str", "task_reschedule_count",
    "templates_dict",
    "test_mode", "ti", "tomorrow_ds", "tomorrow_ds_nodash", "triggering_asset_events", "triggering_dataset_events",
    "try_number", "ts", "ts_nodash", "ts_nodash_with_tz", "var", "yesterday_ds", "yesterday_ds_nodash",
    "task_state_store", "asset_state_store",
}  # fmt: skip


def parameter_names(function: Function) -> list[str]:
    """All parameters of a function, ``*`` and ``**`` left out."""
    spec = function.node.args
    return [item.arg for item in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]


def check_signature(function: Anything, args: list[Anything], kwargs: dict[str, Anything]) -> None:
    """Refuse arguments that the function can't take (``DecoratedOperator.__init__``)."""
    if not isinstance(function, Function) or "**" in kwargs or any(isinstance(item, Unknown) for item in args):
        return
    spec = function.node.args
    positional = [item.arg for item in (*spec.posonlyargs, *spec.args)]
    name = function.name
    by_name = {item.arg for item in spec.posonlyargs} & set(kwargs)
    if by_name and spec.kwarg is None:
        raise PyRaise("TypeError", f"{min(by_name)!r} parameter is positional only, but was passed as a keyword")
    for parameter, has_default in _with_default(function):
        if parameter in CONTEXT_KEYS and has_default is not None and has_default is not True:
            raise PyRaise("ValueError", f"Context key parameter {parameter} can't have a default other than None")
    if len(args) > len(positional) and spec.vararg is None:
        raise PyRaise("TypeError", f"{name}(): too many positional arguments")
    given = set(positional[: len(args)])
    twice = given & set(kwargs)
    if twice:
        raise PyRaise("TypeError", f"{name}(): multiple values for argument {min(twice)!r}")
    unexpected = set(kwargs) - set(parameter_names(function))
    if unexpected and spec.kwarg is None:
        raise PyRaise("TypeError", f"{name}(): got an unexpected keyword argument {min(unexpected)!r}")
    given |= set(kwargs)
    for parameter, has_default in _with_default(function):
        if parameter not in given and has_default is None and parameter not in CONTEXT_KEYS:
            raise PyRaise("TypeError", f"{name}(): missing a required argument: {parameter!r}")


def _with_default(function: Function) -> Iterator[tuple[str, bool | str | None]]:
    """Parameters with: no default (None), the default None (True), another default (its kind)."""
    spec = function.node.args
    positional = [item.arg for item in (*spec.posonlyargs, *spec.args)]
    defaults = [NotImplemented] * (len(positional) - len(function.defaults)) + function.defaults
    keyword = [item.arg for item in spec.kwonlyargs]
    for parameter, default in (
        *zip(positional, defaults, strict=True),
        *zip(keyword, function.kw_defaults, strict=True),
    ):
        yield parameter, None if default is NotImplemented else True if default is None else "other"


def place_of_definition(machine: Machine, function: Function, site: CallSite) -> Any:
    """Where the function is defined; for one of another module the place in the file itself that leads there."""
    is_own = function.scope.module is machine.module
    return definition_span(function) if is_own else machine.place(site)


def definition_span(function: Function) -> Any:
    """The span of a function definition, decorators included."""
    node, module = function.node, function.scope.module
    line, column, end_line, end_column = module.span(node)
    decorators = getattr(node, "decorator_list", [])
    if decorators:
        first = module.span(decorators[0])
        if first[0] < line:
            # The `@` stands before the decorator's expression.
            line, column = first[0], max(1, first[1] - 1)
    return line, column, end_line, end_column


def check_stub(function: Anything) -> None:
    """Refuse a function with a body where ``@task.stub`` wants none."""
    if not isinstance(function, Function):
        return
    for statement in getattr(function.node, "body", []):
        value = statement.value if isinstance(statement, ast.Expr) else None
        empty = isinstance(value, ast.Constant) and isinstance(value.value, str | type(...))
        if not (isinstance(statement, ast.Pass) or empty):
            raise PyRaise("ValueError", "Functions passed to @task.stub must be an empty function")
