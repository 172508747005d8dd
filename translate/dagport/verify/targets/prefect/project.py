"""The files of a generated Prefect project."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace

from dagport.verify.targets.code import Function, Module
from dagport.verify.targets.model import NotUnderstoodError, Report, TargetPipeline, Unit, When
from dagport.verify.targets.prefect.deployments import settings_of, whens_of
from dagport.verify.targets.prefect.flows import Flow
from dagport.verify.targets.prefect.tasks import tasks_of

DEPLOYMENTS = "prefect.yaml"
OF_FLOW = frozenset({"name", "description", "log_prints", "timeout_seconds", "validate_parameters", "version",
                     "task_runner"})  # fmt: skip


def read_project(files: Mapping[str, str], reports: Mapping[str, Report]) -> Iterator[TargetPipeline]:
    """The pipelines of the modules below ``flows``, by the reports about the DAGs they are for."""
    whens: dict[str, tuple[When, ...]] = {}
    lost: list[str] = []
    said: dict[str | None, str] = {}
    try:
        whens = whens_of(DEPLOYMENTS, files.get(DEPLOYMENTS, ""))
        said = settings_of(DEPLOYMENTS, files.get(DEPLOYMENTS, ""))
    except NotUnderstoodError as error:
        lost.append(str(error))
    nowhere = [entry for entry in whens if entry.partition(":")[0] not in files]
    lost += [f"{DEPLOYMENTS}: {entry} isn't a file of the project" for entry in nowhere]
    for path, text in sorted(files.items()):
        folder, _, name = path.rpartition("/")
        if folder.endswith("/flows") and name.endswith(".py") and name != "__init__.py":
            found = _pipeline(path, text, reports, whens, lost)
            entry = f"{path}:{found.function}"
            deployed = (("deployment", said.get(entry, "")), ("all deployments", said.get(None, "")))
            yield replace(found, settings=(*found.settings, *deployed))


def _pipeline(
    path: str, text: str, reports: Mapping[str, Report], whens: Mapping[str, tuple[When, ...]], lost: list[str]
) -> TargetPipeline:
    try:
        module = Module.parse(path, text)
        function, name = _flow(module)
    except NotUnderstoodError as error:
        return TargetPipeline(id="", name=path, path=path, units={}, doubts=(str(error),))
    dag_id = next((one for one, report in reports.items() if _is_of(report, name)), name)
    names = (
        {key.removeprefix(f"{name}/"): task for key, task in reports[dag_id].names.items()} if dag_id in reports else {}
    )
    doubts, units, returns = [*lost, *_others(module)], dict[str, Unit](), None
    settings: tuple[tuple[str, str], ...] = ()
    try:
        flow = Flow(module, function, dict(tasks_of(module)), names)
        units, returns = flow.read()
        settings = flow.settings()
    except NotUnderstoodError as error:
        doubts.append(str(error))
    when = whens.get(f"{path}:{function.name}")
    if when is None:
        doubts += [] if lost else [f"{DEPLOYMENTS}: there is no deployment of {path}:{function.name}"]
    return TargetPipeline(
        id=dag_id,
        name=name,
        path=path,
        units=units,
        when=when or (),
        returns=returns,
        doubts=tuple(doubts),
        function=function.name,
        settings=settings,
    )


def _is_of(report: Report, flow: str) -> bool:
    return any(name.startswith(f"{flow}/") for name in report.names)


def _flow(module: Module) -> tuple[Function, str]:
    found = []
    for function in module.functions.values():
        for decorator in function.decorator_list:
            if module.qualified(decorator.func if isinstance(decorator, ast.Call) else decorator) == "prefect.flow":
                arguments = module.arguments(decorator) if isinstance(decorator, ast.Call) else {}
                if not arguments.keys() <= OF_FLOW or len(function.decorator_list) > 1:
                    raise module.unclear(decorator, "a flow with more than is known here")
                name = module.text(arguments["name"]) if "name" in arguments else function.name.replace("_", "-")
                found.append((function, name))
    if len(found) != 1:
        raise NotUnderstoodError(f"{module.path}: there isn't one flow")
    return found[0]


def _others(module: Module) -> Iterator[str]:
    """Decorated functions that nobody here knows, and calls that are made for what they do."""
    for call in module.calls:
        yield str(module.unclear(call, "a call whose effect isn't known"))
    for function in module.functions.values():
        for decorator in function.decorator_list:
            name = module.qualified(decorator.func if isinstance(decorator, ast.Call) else decorator) or ""
            known = name in ("prefect.task", "prefect.flow", "prefect.assets.materialize")
            if not known and not name.endswith(".control.gated_task"):
                yield str(module.unclear(decorator, "a decorator that isn't known here"))
