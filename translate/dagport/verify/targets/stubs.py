"""A project whose tasks do what is dictated: the same code, but for the bodies of its functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dagport.semantics.outcomes import Outcomes, Shape
from dagport.verify.targets.code import Function, Module
from dagport.verify.targets.model import NotUnderstoodError, TargetPipeline

STUBS = "dagport_stubs"  # the module that has the case
SUPPORT = (".control.", ".period.", ".schedules.")  # files of a project that are called when it is imported
NO_DELAY = {"delay": 0, "retry_delay_seconds": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stubbed:
    """The text of a module of stubs, and what has to be known to run it."""

    path: str
    text: str
    name: str  # of the job or flow
    function: str | None  # the flow's
    steps: Mapping[str, str]  # name of an op or a Prefect task -> task


def stubbed(pipeline: TargetPipeline, text: str, names: Mapping[str, str]) -> Stubbed:
    """A pipeline's module with stubs. ``names``: see ``Report``. Raises ``NotUnderstoodError``."""
    module = Module.parse(pipeline.path, text)
    places = {unit.place: unit.id for unit in pipeline.units.values()}
    flow, steps = None, dict[str, str]()
    for function in module.functions.values():
        task = places.get(module.place(function))
        kinds = set(_kinds(module, function))
        if "prefect.flow" in kinds:
            flow = function.name
        elif any(kind.endswith(".control.expand_op") for kind in kinds):
            function.body = _parsed(
                f"return {STUBS}.items({_task_id(module, function)!r}, {_names(module, function)!r})"
            )
        elif task is not None:
            generates = any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function))
            call = f"{STUBS}.does({task!r})"
            function.body = _parsed(f"yield from {STUBS}.outputs({task!r})" if generates else f"return {call}")
            function.returns = None
            steps[_prefect_name(module, function)] = task
    steps |= {op_of(target): task for target, task in names.items()}
    tree = _Quick().visit(module.tree)
    tree.body = list(_needed(module, tree))
    tree.body.insert(_after_future(tree), ast.parse(f"import {STUBS}").body[0])
    text = ast.unparse(ast.fix_missing_locations(tree))
    return Stubbed(path=pipeline.path, text=text, name=pipeline.name, function=flow, steps=steps)


def _needed(module: Module, tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements that define tasks and what they are made of: nothing else of the module is to be run."""
    defined: dict[str, list[ast.stmt]] = {}
    roots: list[ast.stmt] = []
    for node in tree.body:
        names = [node.name] if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else []
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.Assign):
            names = [one.id for one in node.targets if isinstance(one, ast.Name)]
        for name in names:
            defined.setdefault(name, []).append(node)
        is_made = (
            isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _is_of_engine(module, node.value)
        )
        if is_made or getattr(node, "decorator_list", None) or getattr(node, "module", "") == "__future__":
            roots.append(node)
    kept: dict[int, ast.stmt] = {}
    while roots:
        node = roots.pop()
        if id(node) not in kept:
            kept[id(node)] = node
            used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
            roots += [other for name in used for other in defined.get(name, ())]
    return (node for node in tree.body if id(node) in kept)


def _is_of_engine(module: Module, call: ast.Call) -> bool:
    name = module.qualified(call.func) or ""
    return name.startswith(("dagster.", "prefect.")) or any(part in name for part in SUPPORT)


def case_of(case: Outcomes, shape: Shape) -> dict[str, object]:
    """What the stubs are dictated: how each task ends, its result, and how many items there are."""
    results: dict[str, object] = {}
    for node in shape.nodes:
        outcome = case.of(node.id)
        if node.latest_only:
            results[node.id] = [shape.nodes[one].id for one in node.downstream] if outcome.truthy else []
        elif node.branch:
            results[node.id] = list(outcome.chosen or ())
        elif node.short_circuit:
            results[node.id] = outcome.truthy
    for node in shape.nodes:
        if node.mapped or node.group:
            count = case.items.get(node.group or node.id, 1 if node.literal_length is None else node.literal_length)
            for one in node.producers:
                results.setdefault(shape.nodes[one].id, list(range(count)))
    tasks = {name: {"ends": one.ends, "failures": one.failures} for name, one in case.tasks.items()}
    return {"tasks": tasks, "results": results, "items": dict(case.items)}


def _kinds(module: Module, function: Function) -> Iterator[str]:
    for decorator in function.decorator_list:
        yield module.qualified(decorator.func if isinstance(decorator, ast.Call) else decorator) or ""


def _task_id(module: Module, function: Function) -> str:
    decorator = function.decorator_list[0]
    if not isinstance(decorator, ast.Call):
        raise module.unclear(decorator, "a decorator that isn't known here")
    return module.text(module.arguments(decorator)["task_id"])


def _names(module: Module, function: Function) -> list[str]:
    """The parameters that the items of an expansion give."""
    name = _task_id(module, function)
    for other in module.functions.values():
        kinds = set(_kinds(module, other))
        if any(kind.endswith(".control.task_op") for kind in kinds) and _task_id(module, other) == name:
            decorator = other.decorator_list[0]
            items = module.arguments(decorator).get("item") if isinstance(decorator, ast.Call) else None
            value = module.literal(items) if items is not None else []
            return list(map(str, value)) if isinstance(value, list | tuple) else []
    raise NotUnderstoodError(f"{module.path}: the items of {name}")


def _prefect_name(module: Module, function: Function) -> str:
    for decorator in function.decorator_list:
        arguments = module.arguments(decorator) if isinstance(decorator, ast.Call) else {}
        if "name" in arguments:
            return module.text(arguments["name"])
    return function.name


def op_of(target: str) -> str:
    """The name of an op by what the writer says of it: an asset's key, or a node in a graph."""
    return (
        target.rpartition(".")[2] if "." in target.replace("/", "") and "/" not in target else target.replace("/", "__")
    )


def _parsed(text: str) -> list[ast.stmt]:
    return ast.parse(f"def f():\n    {text}").body[0].body  # type: ignore[attr-defined,no-any-return]


def _after_future(tree: ast.Module) -> int:
    """The place behind the docstring and imports of the future."""
    place = 0
    for number, node in enumerate(tree.body):
        is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if is_future or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            place = number + 1
    return place


class _Quick(ast.NodeTransformer):
    """Takes the delays of retries away."""

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """A call without delays."""
        self.generic_visit(node)
        for one in node.keywords:
            if one.arg in NO_DELAY:
                one.value = ast.Constant(0)
        return node
