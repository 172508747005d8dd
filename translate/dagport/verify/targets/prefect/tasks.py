"""Tasks of a flow: what ``@task`` and ``@gated_task`` say."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from dagport.verify.targets.code import Function, Module
from dagport.verify.targets.model import Gate

TOLD = frozenset({"name", "description", "tags", "timeout_seconds", "cache_policy", "persist_result", "log_prints",
                  "on_failure", "retry_condition_fn", "task_run_name", "version", "assets", "asset_deps"})  # fmt: skip
DECIDING = frozenset(
    {
        "timeout_seconds", "cache_policy", "persist_result", "on_failure", "retry_condition_fn", "assets", "asset_deps",
        "tags", "items", "by", "retry_delay_seconds",
    }
)  # fmt: skip
READ = frozenset({"retries", "retry_delay_seconds"})
GATED = frozenset({"rule", "choices", "soft_fail", "never_fail", "items"})
ONE, REGION, MEMBER = "run_in_airflow", "run_region_in_airflow", "end_as_in_airflow"


@dataclass(frozen=True, slots=True)
class PrefectTask:
    """A task's function and its settings."""

    name: str
    function: Function
    place: str
    gated: bool
    rule: str
    choices: tuple[str, ...] | None
    gate: Gate | None
    retries: int
    delay: float | None
    exponential: bool
    tags: tuple[str, ...]
    settings: tuple[tuple[str, str], ...]  # what else decides about a run of it
    delegates: str | None  # which function of the project runs it in Airflow
    members: tuple[str, ...] = ()  # of a region


def tasks_of(module: Module) -> Iterator[tuple[str, PrefectTask]]:
    """The tasks of a module, by their functions. Raises ``NotUnderstoodError``."""
    for name, function in module.functions.items():
        if len(function.decorator_list) == 1 and (found := task_of(module, function)) is not None:
            yield name, found


def task_of(module: Module, function: Function) -> PrefectTask | None:
    """The task that a function is, if it is one."""
    decorator = function.decorator_list[0]
    name = module.qualified(decorator.func if isinstance(decorator, ast.Call) else decorator) or ""
    gated = name.endswith(".control.gated_task")
    materialized = name == "prefect.assets.materialize"
    if name != "prefect.task" and not gated and not materialized:
        return None
    call = decorator if isinstance(decorator, ast.Call) else None
    given = call.args if materialized and call is not None else []
    if materialized and call is not None:
        call = ast.copy_location(ast.Call(call.func, [], call.keywords), call)
    arguments = module.arguments(call) if call is not None else {}
    unknown = arguments.keys() - TOLD - READ - (GATED if gated else set()) - ({"by"} if materialized else set())
    if unknown:
        raise module.unclear(decorator, f"the argument `{min(unknown)}`")
    values = {key: module.literal(arguments[key]) for key in arguments.keys() & {*READ, *GATED, "name", "tags"}}
    delays = values.get("retry_delay_seconds")
    choices = values.get("choices")
    tags = values.get("tags")
    delegates, members = _delegates(module, function)
    return PrefectTask(
        name=str(values.get("name") or function.name),
        function=function,
        place=module.place(function),
        gated=gated,
        rule=str(values.get("rule") or "all_success"),
        choices=tuple(map(str, choices)) if isinstance(choices, list | tuple) else None,
        gate=Gate(soft_fail=values.get("soft_fail") is True, never_fail=values.get("never_fail") is True)
        if gated
        else None,
        retries=int(str(values.get("retries") or 0)),
        delay=float(str(delays[0] if isinstance(delays, list) else delays or 0)),
        exponential=isinstance(delays, list),
        tags=tuple(map(str, tags)) if isinstance(tags, list | tuple) else (),
        settings=(
            *sorted((key, ast.unparse(module.resolved(arguments[key]))) for key in arguments.keys() & DECIDING),
            *(("materializes", ast.unparse(module.resolved(one))) for one in given),
        ),
        delegates=delegates,
        members=members,
    )


def _delegates(module: Module, function: Function) -> tuple[str | None, tuple[str, ...]]:
    """Whether the body is nothing but the call that has Airflow run a task, or those of a region."""
    body = [node for node in function.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    value = body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None
    if not isinstance(value, ast.Call):
        return None, ()
    name = module.qualified(value.func) or ""
    short = name.rpartition(".")[2]
    if short not in (ONE, REGION, MEMBER) or not name.endswith(f".airflow.{short}"):
        return None, ()
    told = module.literal(value.args[1]) if len(value.args) > 1 else ()
    return short, tuple(map(str, told)) if isinstance(told, list) else (str(told),)
