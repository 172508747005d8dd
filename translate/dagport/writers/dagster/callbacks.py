"""Callbacks: the user's function, called by a sensor on the job's runs, or by a hook of the task's asset.

A function has a form when all that it takes from Airflow's context is known, and the rest of it needs no Airflow.
Source: ``DAG.handle_callback`` and ``TaskInstance.get_template_context`` of Airflow 2.11. Dagster calls a failure hook
after the last try, as Airflow calls ``on_failure_callback``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from dagport.graph import Pipeline, Task
from dagport.values import Ref, Value
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import Function, Note, Settings
from dagport.writers.dagster.inputs import Inputs
from dagport.writers.dagster.scope import Scope

OF_RUNS: Mapping[str, frozenset[str]] = {
    "run_id": frozenset(),
    "reason": frozenset(),
    "dag": frozenset({"dag_id"}),
    "dag_run": frozenset({"dag_id", "run_id"}),
}
"""Entries of the context that a callback of a DAG may take, and the attributes of them; none: it is a plain value."""
OF_TASKS: Mapping[str, frozenset[str]] = {
    **{name: OF_RUNS[name] for name in ("run_id", "dag", "dag_run")},
    "exception": frozenset(),
    "task": frozenset({"dag_id", "task_id"}),
    "ti": frozenset({"dag_id", "run_id", "task_id"}),
    "task_instance": frozenset({"dag_id", "run_id", "task_id"}),
}
HOOKS = {"on_failure_callback": "call_on_failure", "on_success_callback": "call_on_success"}
RUN_SENSORS = {
    "on_failure": ("dg.run_failure_sensor", {}, "dg.RunFailureSensorContext"),
    "on_success": (
        "dg.run_status_sensor",
        {"run_status": "dg.DagsterRunStatus.SUCCESS"},
        "dg.RunStatusSensorContext",
    ),
}
AIRFLOW = "airflow"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSensor:
    """A sensor on the runs of a job that calls the user's functions."""

    event: str  # "on_failure" or "on_success"
    decorator: str
    arguments: Mapping[str, str]
    context: str  # the annotation of its parameter
    functions: tuple[str, ...]


def names_of(value: Value) -> tuple[str, ...] | None:
    """The functions of the file that a callback names; ``None`` when it is anything else."""
    items = list(value) if isinstance(value, list | tuple) else [value]
    names = [item.name for item in items if isinstance(item, Ref)]
    return tuple(names) if names and len(names) == len(items) else None


def run_sensors(scope: Scope) -> tuple[RunSensor, ...]:
    """The sensors for a DAG's callbacks that have a form."""
    found = []
    for event, value in sorted(scope.pipeline.callbacks.items()):
        names = names_of(value) or ()
        if event in RUN_SENSORS and names and all(why_not(name, OF_RUNS, scope) is None for name in names):
            decorator, arguments, context = RUN_SENSORS[event]
            found.append(
                RunSensor(event=event, decorator=decorator, arguments=arguments, context=context, functions=names)
            )
    return tuple(found)


def written(sensor: RunSensor, job: str, name: str, dag_id: str) -> str:
    """The source of a sensor; ``job`` is the job's variable."""
    arguments = {**sensor.arguments, "monitored_jobs": f"[{job}]"}
    head = ", ".join(f"{key}={text}" for key, text in arguments.items())
    context = f"context_of_run(context, dag_id={text_literal(dag_id)})"
    calls = "\n".join(f"    {function}({context})" for function in sensor.functions)
    return f"@{sensor.decorator}({head})\ndef {name}(context: {sensor.context}) -> None:\n{calls}"


def notes_of(pipeline: Pipeline, scope: Scope) -> Iterator[Note]:
    """The callbacks of a DAG that aren't carried over, and what differs in those that are."""
    written = {sensor.event for sensor in run_sensors(scope)}
    advice = "use @dg.run_failure_sensor or @dg.run_status_sensor"
    for event, value in pipeline.callbacks.items():
        if event in written:
            yield "DP403", f"the DAG's callback `{event}` is a sensor: turn it on"
            continue
        names = names_of(value) or ()
        why = next((why for name in names if (why := why_not(name, OF_RUNS, scope)) is not None), None)
        yield "DP403", f"the DAG's callback `{event}` isn't carried over{f' ({why})' if why else ''}: {advice}"


def task_callbacks(task: Task, scope: Scope) -> dict[str, tuple[str, ...]]:
    """The callbacks of a task that become hooks: argument -> functions. An op of a graph has none."""
    if scope.graphs.region_of(task.id) or scope.graphs.job:
        return {}
    found = {}
    for argument in HOOKS:
        names = names_of(task.arguments.get(argument)) or ()
        if names and all(why_not(name, OF_TASKS, scope) is None for name in names):
            found[argument] = names
    return found


def with_hooks(settings: Settings, task: Task, scope: Scope) -> Settings:
    """The settings of a task's asset with its hooks, and without what said that there are none."""
    chosen = task_callbacks(task, scope)
    if not chosen:
        return settings
    place = f"dag_id={text_literal(scope.pipeline.id)}, task_id={text_literal(task.id)}"
    hooks = [f"{HOOKS[argument]}({name}, {place})" for argument, names in chosen.items() for name in names]
    return replace(
        settings,
        arguments={**settings.arguments, "hooks": f"{{{', '.join(hooks)}}}"},
        approximations=tuple(
            text for text in settings.approximations if not text.startswith(tuple(f"`{name}`" for name in chosen))
        ),
    )


def function_names(chosen: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """The functions of some callbacks."""
    return frozenset(name for names in chosen.values() for name in names)


def called(function: Function, task: Task, inputs: Inputs, scope: Scope) -> Function:
    """A task's function with the names that its hooks need; ``inputs`` are told what to import."""
    chosen = task_callbacks(task, scope)
    for argument in chosen:
        inputs.imports[f"from {scope.project.package}.callbacks import {HOOKS[argument]}"] = None
    return replace(function, names=function.names | function_names(chosen)) if chosen else function


def why_not(name: str, entries: Mapping[str, frozenset[str]], scope: Scope) -> str | None:
    """Why a function can't be called with a context that has some entries only; ``None`` when it can."""
    tree = ast.parse(scope.source.text)
    node = next((item for item in tree.body if isinstance(item, ast.FunctionDef) and item.name == name), None)
    if node is None or node.decorator_list:
        return f"`{name}` isn't a plain function of this file"
    arguments = node.args
    if len(arguments.args) != 1 or arguments.posonlyargs or arguments.vararg or arguments.kwarg or arguments.kwonlyargs:
        return f"`{name}` takes more than the context"
    needed = scope.module.slice(frozenset({name}))
    if needed.refusals:
        return needed.refusals[0].reason
    if any(AIRFLOW in line.split(".")[0].split() for line in needed.imports):
        return f"`{name}` uses Airflow"
    return None if _is_known(node, arguments.args[0].arg, entries) else f"`{name}` uses more of the context"


def _is_known(function: ast.FunctionDef, context: str, entries: Mapping[str, frozenset[str]]) -> bool:
    """Whether the function takes nothing of its context but what is known."""
    parents = {child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}
    uses = [node for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == context]
    return all(_is_known_use(node, parents, entries) for node in uses)


def _is_known_use(node: ast.Name, parents: Mapping[ast.AST, ast.AST], entries: Mapping[str, frozenset[str]]) -> bool:
    taken = parents[node]
    key: ast.expr | None = None
    if isinstance(taken, ast.Subscript) and taken.value is node:
        key = taken.slice
    elif isinstance(taken, ast.Attribute) and taken.attr == "get":
        taken = parents[taken]
        key = taken.args[0] if isinstance(taken, ast.Call) and len(taken.args) == 1 else None
    if not isinstance(node.ctx, ast.Load) or not isinstance(key, ast.Constant) or key.value not in entries:
        return False
    attributes, outer = entries[str(key.value)], parents[taken]
    return not attributes or (isinstance(outer, ast.Attribute) and outer.value is taken and outer.attr in attributes)
