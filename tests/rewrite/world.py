"""Runs a callable as Airflow would, and its rewritten form as a target would, and tells what both hand over.

``airflow`` here is a few lines that stand in for the real one; ``plan_for`` is the smallest writer there can be.
"""

from __future__ import annotations

import ast
import inspect
import sys
import types
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from dagport.graph import CallableRef
from dagport.rewrite.model import Facts, Plan, Rewritten
from dagport.rewrite.module import Module
from dagport.source import Source
from dagport.values import Value

RETURN_KEY = "return_value"
CONTEXT: dict[str, Any] = {
    "ds": "2026-03-04",
    "run_id": "manual__1",
    "params": {"rate": 0.5, "name": "base"},
    "data_interval_start": "start",
}
RESULTS: dict[str, dict[str, Any]] = {
    "load": {RETURN_KEY: [3, 1, 2], "path": "/a", "rows": [1, 2], "n": 4},
    "other": {RETURN_KEY: {"x": 1}, "k": None},
    "none": {},
}
FAILS = ("Failure", "ValueError")  # what the cases raise on purpose
VARIABLES = {"bucket": "b1", "depth": "3"}


class FakeTaskInstance:
    """``ti``: results are copied in and out, as through a database."""

    try_number = 2

    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = deepcopy(value)

    def xcom_pull(self, task_ids: Any = None, dag_id: None = None, key: str = RETURN_KEY, **_: Any) -> Any:
        if isinstance(task_ids, str):
            return deepcopy(RESULTS[task_ids].get(key))
        return [deepcopy(RESULTS[task_id].get(key)) for task_id in task_ids]


class FakeVariable:
    @staticmethod
    def get(key: str, default_var: Any = KeyError, deserialize_json: bool = False, **more: Any) -> Any:
        default = more.get("default", default_var)
        value = VARIABLES[key] if default is KeyError else VARIABLES.get(key, default)
        return ast.literal_eval(value) if deserialize_json and key in VARIABLES else value


class FakeHook:
    @staticmethod
    def get_connection(conn_id: str) -> Any:
        return types.SimpleNamespace(host=f"{conn_id}.example", port=1)


class FakeDag:
    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __enter__(self) -> FakeDag:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def task(self, function: Any = None, **_: Any) -> Any:
        return function or (lambda inner: inner)


def _decorator(function: Any = None, **_: Any) -> Any:
    return function if callable(function) else (lambda inner: inner)


class AirflowException(Exception):  # noqa: N818 - Airflow's name
    pass


class AirflowFailException(AirflowException):
    pass


class Failure(Exception):  # noqa: N818 - Dagster's name
    """What a plan raises in place of the exceptions above."""

    def __init__(self, *args: Any, allow_retries: bool = True) -> None:
        super().__init__(*args)
        self.allow_retries = allow_retries


@contextmanager
def fake_airflow(context: Mapping[str, Any]) -> Iterator[None]:
    """``import airflow...`` finds the stand-ins above."""
    names = {
        "DAG": FakeDag, "Variable": FakeVariable, "BaseHook": FakeHook, "dag": _decorator, "task": _decorator,
        "get_current_context": lambda: context, "AirflowException": AirflowException,
        "AirflowFailException": AirflowFailException,
    }  # fmt: skip
    paths = [
        "airflow", "airflow.sdk", "airflow.models", "airflow.exceptions", "airflow.decorators", "airflow.operators",
        "airflow.operators.python", "airflow.hooks", "airflow.hooks.base", "airflow.sdk.exceptions",
    ]  # fmt: skip
    saved = dict(sys.modules)
    for path in paths:
        module = types.ModuleType(path)
        module.__dict__.update(names)
        sys.modules[path] = module
        if "." in path:
            parent, _, name = path.rpartition(".")
            setattr(sys.modules[parent], name, module)
    try:
        yield
    finally:
        for path in set(sys.modules) - set(saved):
            del sys.modules[path]
        sys.modules.update(saved)


@dataclass(frozen=True)
class Outcome:
    """What a task hands over, or the exception that it fails with."""

    results: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    message: str = ""


def find_function(text: str, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda:
    """The last definition of a name, at any depth; ``<lambda>`` for the last lambda."""
    kinds = ast.Lambda if name == "<lambda>" else (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]
    return [node for node in found if getattr(node, "name", "<lambda>") == name][-1]


def reference(text: str, name: str, closure: Mapping[str, Value] | None = None) -> CallableRef:
    """The reference that a reader makes for a function of a source."""
    node = find_function(text, name)
    source = Source("dags/x.py", text)
    decorators = getattr(node, "decorator_list", [])
    line = decorators[0].lineno if decorators else node.lineno
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    column, end_column = (
        source.column(node.lineno, node.col_offset),
        source.column(node.end_lineno, node.end_col_offset),
    )
    return CallableRef(name=name, module=None, span=(line, column, node.end_lineno, end_column), closure=closure or {})


def facts_of(
    text: str, name: str = "f", closure: Mapping[str, Value] | None = None, arguments: Iterable[str] = ()
) -> Facts:
    return Module(Source("dags/x.py", text)).facts(reference(text, name, closure), frozenset(arguments))


def plan_for(facts: Facts, arguments: Mapping[str, Any]) -> Plan:
    """Upstream results come in as dicts by XCom key; everything of the run by the parameters after them."""
    upstream = sorted({task_id for pull in facts.pulls for task_id in pull.task_ids})
    names = {task_id: f"{task_id}_" if task_id in facts.locals else task_id for task_id in upstream}
    keys = sorted({(task_id, pull.key) for pull in facts.pulls for task_id in pull.task_ids})
    given = {parameter.name for parameter in facts.parameters} & set(arguments)
    return Plan(
        name="new",
        signature=(*names.values(), "run", "variables", "connections", "more"),
        bindings={name: repr(value) for name, value in arguments.items() if name in given},
        pulls={(task_id, key): f'{names[task_id]}.get("{key}")' for task_id, key in keys},
        context={
            entry: f'more["{entry}"]' if entry in arguments else f'run["{entry}"]'
            for entry in facts.context
            if entry in CONTEXT or entry in arguments or "." in entry
            if not (entry in facts.optional and entry.partition(".")[0] not in CONTEXT and entry not in arguments)
        },
        variables={name: f'variables["{name}"]' for name in facts.variables},
        variable_reads={
            read.span: f'variables.get("{read.name}", {read.default})'
            for read in facts.variable_reads
            if read.default is not None and not read.deserialize_json
        },
        connections={name: f'connections("{name}")' for name in facts.connections},
        exceptions={"AirflowException": "Failure", "AirflowFailException": "Failure(..., allow_retries=False)"},
        handover="keys" if facts.pushes else "value",
    )


def rewritten(
    text: str, function: str = "f", arguments: Mapping[str, Any] | None = None,
    closure: Mapping[str, Value] | None = None, **changes: Any,
) -> Rewritten:  # fmt: skip
    """A function rewritten by the plan of ``plan_for``, with changes to it."""
    module = Module(Source("dags/x.py", text))
    ref = reference(text, function, closure)
    plan = replace(plan_for(module.facts(ref, frozenset(arguments or {})), arguments or {}), **changes)
    return module.rewrite(ref, plan)


def run_original(text: str, name: str, arguments: Mapping[str, Any], call: str | None = None) -> Outcome:
    """Import the file with the stand-ins and call the function by Airflow's rules."""
    ti = FakeTaskInstance()
    context = {**CONTEXT, "ti": ti, "task_instance": ti, **arguments}
    with fake_airflow(context):
        namespace: dict[str, Any] = {"__name__": "dags_x"}
        exec(compile(text, "dags/x.py", "exec"), namespace)
        function = eval(call, namespace) if call else namespace[name]
        accepted = inspect.signature(function).parameters
        if not any(item.kind is item.VAR_KEYWORD for item in accepted.values()):
            context = {key: value for key, value in context.items() if key in accepted}
        return _outcome(lambda: function(**deepcopy_context(context)), ti.pushed)


def deepcopy_context(context: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value if isinstance(value, FakeTaskInstance) else deepcopy(value) for key, value in context.items()}


def run_rewritten(text: str, result: Rewritten, facts: Facts, arguments: Mapping[str, Any]) -> Outcome:
    """Put the new function after the part of the module that it needs, and call it."""
    part = Module(Source("dags/x.py", text)).slice(result.names)
    assert part.refusals == ()
    code = "\n".join([*part.imports, *part.definitions, result.text])
    namespace: dict[str, Any] = {"__name__": "defs_x", "Failure": Failure}
    exec(compile(code, "defs/x.py", "exec"), namespace)
    run = {**CONTEXT, "ti.try_number": 2, **{f"params.{key}": value for key, value in CONTEXT["params"].items()}}
    upstream = sorted({task_id for pull in facts.pulls for task_id in pull.task_ids})
    inputs = [deepcopy(RESULTS[task_id]) for task_id in upstream]
    pushed: dict[str, Any] = {}

    def call() -> Any:
        found = namespace["new"](*inputs, deepcopy(run), dict(VARIABLES), FakeHook.get_connection, dict(arguments))
        if not facts.pushes:
            return found
        pushed.update(found)
        return pushed.pop(RETURN_KEY, None)

    return _outcome(call, pushed)


def _outcome(call: Any, pushed: Mapping[str, Any]) -> Outcome:
    try:
        result = call()
    except Exception as error:  # noqa: BLE001 - whatever the function raises is what is compared
        name = "Failure" if isinstance(error, AirflowException | Failure) else type(error).__name__
        return Outcome(error=name, message=str(error))
    return Outcome({**pushed, **({} if result is None else {RETURN_KEY: result})})


def assert_same(
    text: str, name: str = "f", arguments: Mapping[str, Any] | None = None, closure: Mapping[str, Value] | None = None,
    call: str | None = None,
) -> str:  # fmt: skip
    """Rewrite a function, run both, and compare what they hand over. Gives the new text."""
    given = arguments or {}
    facts = facts_of(text, name, closure, given)
    assert facts.refusals == ()
    result = rewritten(text, name, given, closure)
    assert result.refusals == ()
    assert "airflow" not in result.text
    before = run_original(text, name, given, call)
    assert before.error in (None, *FAILS)
    assert run_rewritten(text, result, facts, given) == before
    return result.text
