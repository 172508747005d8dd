"""What a project does besides defining tasks: nobody here follows it, so it has to be as dagport writes it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping

from dagport.verify.targets.code import Function, Module
from dagport.verify.targets.model import NotUnderstoodError
from dagport.verify.targets.normal import bare, same_tree

SOURCES = (".py", ".yaml", ".yml")
TOOLS = ("tool", "build-system")  # tables of pyproject.toml that decide which code is loaded
SETTINGS = frozenset({"prefect.toml", "dagster.yaml", "workspace.yaml", "dg.toml"})  # of the engines, beside the code
UNDERSTOOD = frozenset(
    {
        "dagster.RetryPolicy", "dagster.AssetKey", "dagster.AssetIn", "dagster.AssetOut", "datetime.timedelta",
        "dagster.DailyPartitionsDefinition", "dagster.HourlyPartitionsDefinition", "dagster.WeeklyPartitionsDefinition",
        "dagster.MonthlyPartitionsDefinition", "dagster.TimeWindowPartitionsDefinition",
        "dagster.define_asset_job", "dagster.AssetSelection.key_prefixes", "dagster.ScheduleDefinition",
        "dagster.build_schedule_from_partitioned_job",
    }
)  # fmt: skip
"""Calls at the top of a module that do nothing but make what the readers look at."""


def other_files(files: Mapping[str, str], written: Mapping[str, str], own: frozenset[str]) -> Iterator[str]:
    """Files that aren't pipelines, and aren't as they are written; ``own`` are those of pipelines."""
    for path, text in sorted(written.items()):
        if path in own or not path.endswith(".py"):
            continue
        if path not in files and bare(text) not in (None, bare("")):
            yield f"{path} is missing"
        elif path in files and not same_tree(text, files[path]):
            yield f"{path} isn't the file that dagport writes"
    for path, text in sorted(files.items()):
        is_new = path not in written and path.startswith("src/") and path.endswith(SOURCES)
        if is_new and not (path.endswith("__init__.py") and same_tree(text, "")):
            yield f"{path} isn't a file that dagport writes"
    for path in sorted(SETTINGS & {*files, *written}):
        if _lines(files.get(path, "")) != _lines(written.get(path, "")):
            yield f"{path} isn't the file that dagport writes"
    if _tools(files) != _tools(written):
        yield "pyproject.toml names other code, or other tools, than dagport writes"


def _lines(text: str) -> list[str]:
    """The lines of a file of settings without comments."""
    return [line.rstrip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _tools(files: Mapping[str, str]) -> list[object]:
    import tomllib  # start-up

    try:
        found = tomllib.loads(files.get("pyproject.toml", ""))
    except tomllib.TOMLDecodeError:
        return ["it can't be read"]
    return [found.get(name) for name in TOOLS]


def leftovers(path: str, text: str, written: str) -> Iterator[str]:
    """What a pipeline's module does when it is imported, and dagport doesn't write."""
    try:
        module, other = Module.parse(path, text), Module.parse(path, written)
    except NotUnderstoodError:
        return  # the reader says so
    known = {ast.dump(node) for node in _all(other)}
    for node in _all(module):
        if ast.dump(node) not in known and not _is_inert(module, node):
            yield str(module.unclear(node, "code whose effect isn't known"))
    imported = set(other.imports.values())
    for name, qualified in module.imports.items():
        root = qualified.partition(".")[0]
        if name == "*" or (qualified not in imported and root not in sys.stdlib_module_names):
            yield f"{path}: the import of {qualified}, which dagport doesn't write"


def _all(module: Module) -> Iterator[ast.AST]:
    """All expressions that are evaluated when the module is, but for decorators, and the classes."""
    yield from module.constants.values()
    yield from module.classes.values()
    for node in module.tree.body:
        if isinstance(node, ast.AnnAssign):
            yield node.annotation
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _of_function(node)


def _of_function(function: Function) -> Iterator[ast.AST]:
    arguments = function.args
    yield from arguments.defaults
    yield from (one for one in arguments.kw_defaults if one is not None)
    stars = [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *stars):
        if one.annotation is not None:
            yield one.annotation
    if function.returns is not None:
        yield function.returns
    for decorator in function.decorator_list:
        yield from (node for node in ast.walk(decorator) if isinstance(node, ast.NamedExpr))


def _is_inert(module: Module, node: ast.AST) -> bool:
    """Whether evaluating it does nothing else, and what it is is looked at elsewhere."""
    if isinstance(node, ast.ClassDef):
        return False
    for one in ast.walk(node):
        if isinstance(one, ast.NamedExpr | ast.Lambda | ast.Await | ast.comprehension):
            return False
        if isinstance(one, ast.Call) and not _makes(module, one):
            return False
    return True


def _makes(module: Module, call: ast.Call) -> bool:
    name = module.qualified(call.func) or ""
    return name in UNDERSTOOD or ".schedules." in name or ".timetables." in name
