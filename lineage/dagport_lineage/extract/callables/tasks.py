"""The lineage of a task that runs a Python function."""

from __future__ import annotations

import ast
from dataclasses import replace

from dagport.graph import FileGraph, Task
from dagport.options import Deployment
from dagport.source import Source, Span
from dagport.workspace import Workspace
from dagport_lineage.extract.callables import domain
from dagport_lineage.extract.callables.access import text_of_callee
from dagport_lineage.extract.callables.calls import doubtful_decorator, invoke
from dagport_lineage.extract.callables.context import CONTEXT, FACTS, entry_of
from dagport_lineage.extract.callables.databases import settled
from dagport_lineage.extract.callables.domain import Data, Foreign, Function, Known, Lost, Qualified, joined
from dagport_lineage.extract.callables.entry import ASSET, Binder, NotFound, domain_name, function_of, is_decorator
from dagport_lineage.extract.callables.frames import Frame
from dagport_lineage.extract.callables.modules import Module, module_of
from dagport_lineage.extract.callables.parameters import default_value
from dagport_lineage.extract.callables.resolve import Project, project_of
from dagport_lineage.extract.callables.site import Site
from dagport_lineage.extract.callables.walker import MAX_GAPS, Record, TooMuch, Walker
from dagport_lineage.model import Found, Gap, Write
from dagport_lineage.scope import Scope

OPERATORS = frozenset({
    "PythonOperator", "BranchPythonOperator", "ShortCircuitOperator", "PythonVirtualenvOperator", "PythonSensor",
    "BranchPythonVirtualenvOperator", "ExternalPythonOperator", "BranchExternalPythonOperator",
})  # fmt: skip
DECORATORS = frozenset({
    "", "python", "virtualenv", "external_python", "branch", "branch_virtualenv", "branch_external_python",
    "short_circuit", "sensor", "pyspark", "run_if", "skip_if",
})  # fmt: skip
SPARK = {"spark": "spark.session", "sc": "spark.context"}  # what ``@task.pyspark`` hands to its function


def found_in(task: Task, scope: Scope) -> Found:
    """What a task's function reads and writes."""
    doubt = _unlike_python(task, scope)
    if doubt is not None:
        return Found(gaps=(doubt,))
    main = module_of(scope.source)
    if main is None:
        return _nothing_known(task, scope, "the file can't be parsed")
    project = _project(scope, main)
    try:
        record = _Analysis(scope, project).of(task)[0]
    except NotFound as problem:
        return _nothing_known(task, scope, problem.why)
    return _found(record, task, scope)


def definition_of(task: Task, scope: Scope) -> tuple[Source, Span] | None:
    """The file, and the place in it, of the function that a task runs."""
    main = module_of(scope.source)
    if main is None:
        return None
    try:
        function = function_of(task, _project(scope, main))
    except NotFound:
        return None
    return (function.module.source, function.module.span(function.node)) if isinstance(function, Function) else None


def _unlike_python(task: Task, scope: Scope) -> Gap | None:
    """Operators that do more with a function than to call it here."""
    name = task.operator.rpartition(".")[2]
    if is_decorator(task.operator) and name != ASSET:
        kind = ".".join(task.operator.split(".")[task.operator.split(".").index("task") + 1 :])
        if kind in DECORATORS:
            return None
        message = f"what `@task.{kind}` does with what its function gives isn't followed"
        return Gap(side="both", reason="callable", message=message, place=scope.place(task))
    if (name in OPERATORS and task.operator.startswith("airflow.")) or name == ASSET:
        return None
    message = f"what `{name}` does with its function isn't known"
    return Gap(side="both", reason="operator", message=message, place=scope.place(task))


def _nothing_known(task: Task, scope: Scope, why: str) -> Found:
    name = task.callable.name if task.callable else task.operator.rpartition(".")[2]
    message = f"what `{name}` reads and writes isn't followed: {why}"
    return Found(gaps=(Gap(side="both", reason="callable", message=message, place=scope.place(task)),))


def _found(record: Record, task: Task, scope: Scope) -> Found:
    for found in settled(record.queries):
        record.add(found)
    gaps = list(record.gaps.values())
    if len(gaps) > MAX_GAPS:
        rest = len(gaps) - MAX_GAPS
        message = f"{rest} more calls and names of its function aren't known"
        gaps = [*gaps[:MAX_GAPS], Gap(side="both", reason="callable", message=message, place=scope.place(task))]
    return Found(
        reads=tuple(record.reads.values()),
        writes=tuple(_without_sources(write) if record.mixed else write for write in record.writes.values()),
        gaps=tuple(gaps),
        sql=tuple(record.sql),
    )


def _without_sources(write: Write) -> Write:
    return replace(write, sources=None) if write.how == "callable" else write


class _Analysis:
    """The functions of one pipeline; the results of tasks are followed from one to the other."""

    def __init__(self, scope: Scope, project: Project) -> None:
        self.scope = scope
        self.project = project
        self.under_way: set[str] = set()

    def of(self, task: Task) -> tuple[Record, domain.Value]:
        """What a task's function reads and writes, and what it returns. Raises ``NotFound``."""
        function = function_of(task, self.project)
        binder = Binder(task, self.scope, self._result)
        walker = Walker(task, self.scope, self.project)
        walker.results = binder.result
        record = walker.record
        result: domain.Value | None = None
        for arguments in binder.instances():
            walker.late = 0
            try:
                one = self._run(walker, binder, function, arguments)
            except (TooMuch, RecursionError) as problem:
                walker.record = record
                what = problem.what if isinstance(problem, TooMuch) else "it is nested too deeply"
                name = domain_name(function.node) if isinstance(function, Function) else function.name
                walker.gap("both", "callable", f"`{name}` isn't followed to its end: {what}")
                return record, Lost()
            result = one if result is None else joined(result, one)
        return record, result if result is not None else Lost()

    def _run(
        self,
        walker: Walker,
        binder: Binder,
        function: Function | Qualified,
        arguments: tuple[list[domain.Value], dict[str, domain.Value]],
    ) -> domain.Value:
        if isinstance(function, Qualified):
            node = ast.Call(ast.Name(function.name, ast.Load()), [], [])
            site = Site(walker, node, function.name, arguments[0], arguments[1])
            walker.frames.append(Frame(self.project.main))
            return invoke(site, function)
        if not is_decorator(binder.task.operator) or _is_foreign_decorated(function):
            doubt = doubtful_decorator(walker, function)
        else:
            doubt = _other_decorator(walker, function)
        if doubt is not None:
            return walker.gap("both", "callable", f"what the decorator `{doubt}` makes of a function isn't known")
        env = binder.bound(function, arguments)
        for name, default in _defaults(function):
            if name not in env:
                env[name] = self._missing(walker, function, name, default)
        for parameter in _parameters(function):
            env[parameter.arg] = _annotated(walker, function, parameter.annotation, env[parameter.arg])
        return walker.enter(function, env)

    def _missing(self, walker: Walker, function: Function, name: str, default: ast.expr | None) -> domain.Value:
        """A parameter that the task doesn't bind: an entry of the context, else its default."""
        if walker.task.operator.endswith(".pyspark") and name in SPARK:
            return domain.Handle(SPARK[name])
        if walker.task.operator.endswith(ASSET):
            return domain.Handle(FACTS if name != "context" else CONTEXT)  # the asset itself, or another one
        entry = entry_of(walker, name)
        if entry is not None:
            return entry
        if default is None:
            return Foreign(f"`{name}`, a parameter that nothing is given for")
        return default_value(walker, function, default)

    def _result(self, task_id: str, key: str) -> domain.Value | None:
        """What another task of the pipeline returns, where that is certain."""
        task = next((item for item in self.scope.pipeline.tasks if item.id == task_id), None)
        if task is None or key != "return_value" or task.mapped is not None or task_id in self.under_way:
            return None
        if task.callable is None or len(self.under_way) > 5 or not _returns_result(task):
            return None
        kept, place = self.project.results, (self.scope.pipeline.id, task_id)
        if place not in kept:
            self.under_way.add(task_id)
            try:
                kept[place] = self.of(task)[1]
            except NotFound:
                kept[place] = None
            finally:
                self.under_way.discard(task_id)
        found = kept[place]
        return None if found is None else handed_over(found, task_id)


def _returns_result(task: Task) -> bool:
    """Whether what other tasks get of a task is what its function returns."""
    name = task.operator.rpartition(".")[2]
    kinds = ("task", "python", "virtualenv", "external_python")
    is_plain = name in kinds if is_decorator(task.operator) else name == "PythonOperator"
    return is_plain and task.arguments.get("do_xcom_push", True) is True


def handed_over(value: domain.Value, task_id: str) -> domain.Value | None:
    """A result as the next task gets it: plain data, or a frame whose own data are that result's."""
    if isinstance(value, Known) and isinstance(value.value, str | int | float | bool | None):
        return value
    if isinstance(value, domain.Handle) and value.kind in ("pandas.frame", "polars.frame"):
        return domain.Handle(value.kind, None, None)
    if isinstance(value, domain.Items) and value.items is not None and value.kind == "list":
        items = [handed_over(item, task_id) for item in value.items]
        return None if None in items else domain.Items("list", [item for item in items if item is not None])
    if isinstance(value, domain.Entries) and value.entries is not None:
        held = {name: handed_over(item, task_id) for name, item in value.entries.items() if isinstance(name, str)}
        unknown = Data(domain.UNDECIDED, None)
        return domain.Entries({name: unknown if item is None else item for name, item in held.items()})
    return None


def _is_foreign_decorated(function: Function) -> bool:
    return not getattr(function.node, "decorator_list", [])


def _other_decorator(walker: Walker, function: Function) -> str | None:
    """Of a function that a decorator makes a task of: another decorator that may change what it does."""
    nodes = getattr(function.node, "decorator_list", [])
    own = [node for node in nodes if not _is_task(walker, function, node)]
    if not own:
        return None
    if isinstance(function.node, ast.Lambda):
        return None
    bare = ast.FunctionDef(function.node.name, function.node.args, function.node.body, own)
    return doubtful_decorator(walker, replace(function, node=ast.copy_location(bare, function.node)))


def _is_task(walker: Walker, function: Function, node: ast.expr) -> bool:
    inner = node.func if isinstance(node, ast.Call) else node
    if not isinstance(inner, ast.Name | ast.Attribute):
        return False
    walker.frames.append(function.frame or Frame(function.module))
    try:
        value = walker.value(inner)
    finally:
        walker.frames.pop()
    if isinstance(value, Foreign):
        return isinstance(inner, ast.Attribute) and "task" in text_of_callee(inner).split(".")[1:]  # ``@dag.task``
    return isinstance(value, Qualified) and value.name.startswith("airflow.")


FRAMES = {
    "pandas.DataFrame": "pandas.frame",
    "pandas.Series": "pandas.frame",
    "polars.DataFrame": "polars.frame",
    "polars.LazyFrame": "polars.frame",
}


def _parameters(function: Function) -> list[ast.arg]:
    spec = function.node.args
    return [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]


def _annotated(walker: Walker, function: Function, annotation: ast.expr | None, value: domain.Value) -> domain.Value:
    """The result of another task is the frame that the parameter's annotation says."""
    if not isinstance(annotation, ast.Name | ast.Attribute) or not isinstance(value, Data):
        return value
    walker.frames.append(function.frame or Frame(function.module))
    try:
        kind = walker.value(annotation)
    finally:
        walker.frames.pop()
    name = FRAMES.get(kind.name) if isinstance(kind, Qualified) else None
    return domain.Handle(name, None, None) if name is not None else value


def _defaults(function: Function) -> list[tuple[str, ast.expr | None]]:
    spec = function.node.args
    positional = [item.arg for item in (*spec.posonlyargs, *spec.args)]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(spec.defaults)) + list(spec.defaults)
    keyword = [item.arg for item in spec.kwonlyargs]
    return [*zip(positional, defaults, strict=True), *zip(keyword, spec.kw_defaults, strict=True)]


# One project a file

_last: list[tuple[FileGraph, Deployment, Workspace | None, Project]] = []


def _project(scope: Scope, main: Module) -> Project:
    """The project around a file: kept for the tasks that come one after the other."""
    for graph, deployment, workspace, project in _last:
        if graph is scope.graph and deployment is scope.deployment and workspace is scope.workspace:
            return project
    project = project_of(scope, main)
    project.evaluate = _Constants(scope, project).value  # type: ignore[method-assign]
    _last[:] = [(scope.graph, scope.deployment, scope.workspace, project)]
    return project


class _Constants:
    """Evaluates the constants of modules. What it reads, it reads while a file is imported, and not in a task."""

    def __init__(self, scope: Scope, project: Project) -> None:
        self.scope = scope
        self.project = project

    def value(self, module: Module, node: ast.expr) -> domain.Value:
        """What an expression of a module gives."""
        tasks = self.scope.pipeline.tasks
        walker = Walker(tasks[0], self.scope, self.project)
        walker.frames.append(Frame(module))
        try:
            value = walker.value(node)
        except (TooMuch, RecursionError):
            return Foreign("a constant that isn't followed to its end")
        if isinstance(value, Lost):
            return Foreign("a value that was made when the file was imported")
        return replace(value, origins=None) if isinstance(value, domain.Handle) and value.origins else value
