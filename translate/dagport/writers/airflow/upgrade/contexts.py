"""Functions that tasks call: entries of the context that Airflow 3 hasn't, as parameters and as items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import libcst as cst

from dagport.rewrite.scopes import Binding, Scope, every_parameter
from dagport.source import Span
from dagport.writers.airflow.upgrade import calls, keys
from dagport.writers.airflow.upgrade.facts import CURRENT_CONTEXT
from dagport.writers.airflow.upgrade.file import File

CONTEXT = "context"
Spans: TypeAlias = set[Span | None]
RUNS, INSTANCES = frozenset({"dag_run"}), frozenset({"ti", "task_instance"})


def upgrade_contexts(file: File) -> None:
    """Change what the functions of tasks take from the context."""
    called = {task.callable.span for pipeline in file.graph.pipelines for task in pipeline.tasks if task.callable}
    for function in file.nodes(cst.FunctionDef):
        if _whole(file, function) in called:
            _parameters(file, function)
    for node in file.nodes(cst.Subscript):
        _item(file, node, called)
    for call in file.nodes(cst.Call):
        _get(file, call, called)
        _pull(file, call)
    for attribute in file.nodes(cst.Attribute):
        _date_of(file, attribute)


def _whole(file: File, function: cst.FunctionDef) -> tuple[int, int, int, int]:
    """The span of a function with its decorators, as the graph has it."""
    line, column, end_line, end_column = file.tree.span(function)
    if function.decorators:
        line, column, *_ = file.tree.span(function.decorators[0])
    return line, column, end_line, end_column


# Parameters


def _parameters(file: File, function: cst.FunctionDef) -> None:
    scope = file.scopes.by_node[function]
    present = {item.name.value for item in every_parameter(function.params)}
    given, unwanted = _given(file, function), list[cst.Param]()
    for parameter in every_parameter(function.params):
        name = parameter.name.value
        if name in given or name not in {**keys.REPLACED, **keys.LOST}:
            continue
        if name in keys.LOST:
            file.say("DP431", keys.GONE.format(name=name, what=keys.LOST[name]), parameter)
            continue
        if keys.REPLACED[name].base in present and parameter not in function.params.params:
            file.say("DP431", f"`{name}` can't be taken out here: use `{keys.REPLACED[name].base}` alone", parameter)
            continue
        _replace_parameter(file, scope, parameter, present, unwanted)
    calls.remove_parameters(file, function.params.params, unwanted)


def _given(file: File, function: cst.FunctionDef) -> frozenset[str]:
    """Parameters that some task fills by itself, so that they aren't the context's."""
    place = _whole(file, function)
    found: set[str] = set()
    for pipeline in file.graph.pipelines:
        for task in pipeline.tasks:
            if task.callable is not None and task.callable.span == place:
                own = task.arguments.get("op_kwargs")
                found.update(own if isinstance(own, dict) else ())
                found.update(task.mapped.over if task.mapped is not None else ())
    return frozenset(found)


def _replace_parameter(
    file: File, scope: Scope, parameter: cst.Param, present: set[str], unwanted: list[cst.Param]
) -> None:
    name, tree = parameter.name.value, file.tree
    new = keys.REPLACED[name]
    if new.base in present:
        unwanted.append(parameter)  # the one that is there gives both
    else:
        present.add(new.base)
        end = parameter.annotation if parameter.annotation is not None and new.python != "{}" else parameter.name
        file.edits.replace(tree.start(parameter.name), tree.end(end), new.base)
    for read in scope.reads_of(name):
        file.put(read, new.python.format(new.base))
    _tell(file, name, parameter)


def _tell(file: File, name: str, node: cst.CSTNode) -> None:
    new = keys.REPLACED[name]
    if new.manual:
        file.say("DP430", keys.MANUAL.format(name=name, base=new.base), node)


# Items


def _item(file: File, node: cst.Subscript, called: Spans) -> None:
    """``context["execution_date"]``."""
    if len(node.slice) != 1 or not isinstance(node.slice[0].slice, cst.Index):
        return
    key = node.slice[0].slice.value
    if _is_context(file, node.value, called):
        _entry(file, node, node.value, key)


def _get(file: File, call: cst.Call, called: Spans) -> None:
    """``context.get("execution_date")``."""
    func = call.func
    if not isinstance(func, cst.Attribute) or func.attr.value not in ("get", "pop") or not call.args:
        return
    if _is_context(file, func.value, called):
        _entry(file, call, func.value, call.args[0].value)


def _entry(file: File, node: cst.Subscript | cst.Call, holder: cst.BaseExpression, key: cst.BaseExpression) -> None:
    if not isinstance(key, cst.SimpleString):
        return
    name = str(key.evaluated_value)
    if name in keys.LOST:
        file.say("DP431", keys.GONE.format(name=name, what=keys.LOST[name]), node)
    elif name in keys.REPLACED:
        new = keys.REPLACED[name]
        if new.python == "{}":
            file.replace(key, key.quote + new.base + key.quote)
        else:
            file.put(node, new.python.format(f'{file.tree.code(holder)}["{new.base}"]'))
        _tell(file, name, node)


def _is_context(file: File, node: cst.BaseExpression, called: Spans) -> bool:
    if isinstance(node, cst.Call):
        return (file.meanings.of(node.func) or "").rpartition(".")[2] == CURRENT_CONTEXT
    if not isinstance(node, cst.Name):
        return False
    bindings = file.meanings.bindings(node)
    return bool(bindings) and all(_holds_context(file, binding, called) for binding in bindings)


def _holds_context(file: File, binding: Binding, called: Spans) -> bool:
    if isinstance(binding.site, cst.Param):
        function = file.tree.enclosing(binding.site, cst.FunctionDef)
        if function is None:
            return False
        if function.params.star_kwarg is binding.site:
            return _whole(file, function) in called or binding.name == CONTEXT
        return binding.name == CONTEXT
    value = binding.site.value if isinstance(binding.site, cst.Assign) else None
    return isinstance(value, cst.Call) and _is_context(file, value, called)


# Other uses


def _date_of(file: File, node: cst.Attribute) -> None:
    """``dag_run.execution_date``, whatever way the run was come by."""
    if node.attr.value != "execution_date":
        return
    last = _last_name(node.value)
    if last in RUNS:
        file.edits.replace(file.tree.start(node.attr), file.tree.end(node.attr), "logical_date")
    elif last in INSTANCES:
        file.say("DP431", "a task instance of Airflow 3 has no execution_date: use the context's logical_date", node)


def _last_name(node: cst.BaseExpression) -> str:
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        return node.attr.value
    if isinstance(node, cst.Subscript) and len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Index):
        key = node.slice[0].slice.value
        return str(key.evaluated_value) if isinstance(key, cst.SimpleString) else ""
    return ""


def _pull(file: File, call: cst.Call) -> None:
    """``xcom_pull()`` without tasks: from any task in Airflow 2, from the task itself in 3."""
    if not isinstance(call.func, cst.Attribute) or call.func.attr.value != "xcom_pull":
        return
    named = {arg.keyword.value for arg in call.args if arg.keyword is not None}
    if not any(_positional(call)) and "task_ids" not in named and not any(arg.star for arg in call.args):
        file.say("DP431", "without task_ids Airflow 3 pulls from the task itself, Airflow 2 from any: name them", call)


def _positional(call: cst.Call) -> Iterator[cst.Arg]:
    return (arg for arg in call.args if arg.keyword is None and not arg.star)
