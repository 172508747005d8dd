"""Ops by the decorators of ``control.py``, and what else decorators of graphs and ops say."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from dagport.verify.targets.code import Function, Module

OPS = ("task_op", "expand_op", "gather_op", "ends_op")
OF_OP = frozenset({"name", "retry_policy", "tags", "pool", "description", "required_resource_keys", "config_schema"})
READ = frozenset({
    "name", "description", "task_id", "rule", "caught", "reads", "setup", "ways", "known", "skips", "item",
    "retry_policy", "tags", "pool",
})  # fmt: skip
OF_JOB = frozenset({"tags", "run_tags", "config", "metadata", "executor_def", "hooks"})  # read with the job
OF_GRAPH = frozenset({"group_name", "partitions_def", "can_subset", "resource_defs"})
WITH_A_MEANING = ("airflow/", "dagster/")  # keys of metadata
OF_OUT = frozenset({"key", "key_prefix", "description", "owners", "tags", "metadata", "kinds", "code_version"})


@dataclass(frozen=True, slots=True)
class Op:
    """What a decorator of ``control.py`` says."""

    kind: str
    task_id: str
    arguments: Mapping[str, ast.expr]
    function: Function | None
    node: ast.AST


def ops_of(module: Module) -> dict[str, Op]:
    """The ops of the module, by their variables. Raises ``NotUnderstoodError``."""
    found: dict[str, Op] = {}
    for name, function in module.functions.items():
        if len(function.decorator_list) == 1 and isinstance(function.decorator_list[0], ast.Call):
            op = _op(module, function.decorator_list[0], function)
            found |= {name: op} if op else {}
    for name, value in module.constants.items():
        if isinstance(value, ast.Call) and (op := _op(module, value, None)) is not None:
            found[name] = op
    return found


def _op(module: Module, call: ast.Call, function: Function | None) -> Op | None:
    name = module.qualified(call.func) or ""
    kind = name.rpartition(".")[2]
    if kind not in OPS or not name.endswith(f".control.{kind}"):
        return None
    arguments = module.arguments(call)
    if kind == "ends_op":
        return Op(kind, "", arguments, None, call)
    return Op(kind, module.text(arguments["task_id"]), arguments, function, call)


def said(module: Module, op: Op) -> list[tuple[str, str]]:
    """All that decides in the decorator of an op without a task's function."""
    return others(module, op.arguments, {"name", "description", "reads", "item"})


def others(module: Module, arguments: Mapping[str, ast.expr], known: Collection[str]) -> list[tuple[str, str]]:
    """The arguments that aren't known, as code."""
    names = sorted(arguments.keys() - known)
    return [(name, ast.unparse(module.resolved(arguments[name]))) for name in names]


def metadata_of(module: Module, arguments: Mapping[str, ast.expr]) -> Iterator[tuple[str, str]]:
    """What an asset's metadata say that has a meaning: where its data are, and what it is in Airflow."""
    found = module.resolved(arguments["metadata"]) if "metadata" in arguments else ast.Dict([], [])
    if not isinstance(found, ast.Dict):
        yield "metadata", ast.unparse(found)
        return
    for key, value in zip(found.keys, found.values, strict=True):
        name = key.value if isinstance(key, ast.Constant) else None
        if not isinstance(name, str) or name.startswith(WITH_A_MEANING):
            yield f"metadata {name}" if isinstance(name, str) else "metadata", ast.unparse(module.resolved(value))


def check(module: Module, op: Op) -> None:
    """Raise ``NotUnderstoodError`` for an argument that no op of dagport's has."""
    unknown = op.arguments.keys() - {*READ, *OF_OP, "dag", "asset"}
    if unknown:
        raise module.unclear(op.node, f"the argument `{min(unknown)}`")


def is_graph(module: Module, function: Function) -> bool:
    """Whether a function is a graph of ops."""
    return any(
        module.qualified(one.func if isinstance(one, ast.Call) else one) in ("dagster.graph_multi_asset", "dagster.job")
        for one in function.decorator_list
    )


def outputs_of(module: Module, function: Function) -> Iterator[tuple[str, ast.expr]]:
    """The outputs that the decorator of a graph names."""
    for decorator in function.decorator_list:
        arguments = module.arguments(decorator) if isinstance(decorator, ast.Call) else {}
        outs = arguments.get("outs")
        for key, value in zip(outs.keys, outs.values, strict=True) if isinstance(outs, ast.Dict) else ():
            if key is not None:
                yield module.text(key), value


def targets(node: ast.expr) -> list[str] | None:
    """The names that something is bound to."""
    nodes = node.elts if isinstance(node, ast.Tuple) else [node]
    names = [one.id for one in nodes if isinstance(one, ast.Name)]
    return names if len(names) == len(nodes) else None
