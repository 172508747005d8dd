"""The Airflow reader: what importing a DAG file would build, by static evaluation."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from typing import cast

from dagport.diagnostics import Diagnostic, diagnose
from dagport.evaluate.domain import CallSite, LimitHit, PyRaise
from dagport.evaluate.machine import Doubt, Machine
from dagport.evaluate.modules import NO_PACKAGE, Importer, ModuleStore, module_store
from dagport.graph import FileGraph, Pipeline
from dagport.options import AirflowVersion, ReadOptions
from dagport.readers.airflow.build import PipelineBuilder, as_diagnostic, assets_of, find_cycle, place_of
from dagport.readers.airflow.convert import Budget
from dagport.readers.airflow.hooks import AirflowHooks
from dagport.readers.airflow.inventory import assumptions, contradictions, inventory, notes
from dagport.readers.airflow.nodes import Dag
from dagport.readers.airflow.versions import Version, find_version, unknown_names
from dagport.source import Source, Span, parsed

NEWEST_FIRST: tuple[AirflowVersion, ...] = ("3", "2", "1.10")


def read(source: Source, options: ReadOptions) -> FileGraph:
    """The graph of one file. Never raises for what the file says."""
    tree = parse(source)
    if isinstance(tree, Diagnostic):
        return FileGraph(path=source.path, orchestrator="airflow", diagnostics=(tree,))
    reader = FileReader(source, tree, options)
    graph = reader.read()
    version = reader.version_by_modules()
    if version is not None:
        options = replace(options, airflow_version=version)
        reader = FileReader(source, tree, options)
        graph = reader.read()
    if reader.fails_by_assumption:
        reader = FileReader(source, tree, options, assumes=False)
        graph = reader.read()
    return _as_module(source, tree, options, graph) if reader.needs_package else graph


def _as_module(source: Source, tree: ast.Module, options: ReadOptions, refused: FileGraph) -> FileGraph:
    """The graph of a file with relative imports, which Airflow can't import as a pipeline file.

    A module of a package that makes no pipeline isn't meant to be one: that is no error. (Airflow imports each file
    of its DAGs folder without a parent package: ``airflow.dag_processing.importers``.)
    """
    reader = FileReader(source, tree, options)
    reader.machine.module.package = ".".join((source.file or "").split("/")[:-1])
    if reader.read().pipelines or reader.needs_package:
        return refused
    note = diagnose("DP215", "it imports its neighbours by relative imports, and makes no pipeline", source.path)
    return replace(refused, diagnostics=(note,))


def parse(source: Source) -> ast.Module | Diagnostic:
    """The syntax tree, or why there is none."""
    try:
        return parsed(source.text)
    except SyntaxError as error:
        line, column = error.lineno or 1, error.offset or 1
        end_line, end_column = error.end_lineno or line, error.end_offset or column
        span = (line, max(1, column), max(line, end_line), max(1, end_column))
        code, message = _syntax_message(error)
        return diagnose(code, message, source.path, span)
    except (ValueError, RecursionError, MemoryError) as error:
        # A NUL byte, or nesting deeper than the parser goes.
        return diagnose("DP104", f"the parser gives up: {error}", source.path, (1, 1, 1, 1))


def _syntax_message(error: SyntaxError) -> tuple[str, str]:
    """Whether a newer Python would take it can't be known from here; its keywords give it away."""
    text = (error.text or "").strip()
    running = ".".join(map(str, sys.version_info[:2]))
    newer = {"type ": (3, 12), "except*": (3, 11), "match ": (3, 10)}
    for start, version in newer.items():
        if text.startswith(start) and sys.version_info[:2] < version:
            return (
                "DP105",
                f"this needs Python {'.'.join(map(str, version))}, and Python {running} is running",
            )
    if sys.version_info[:2] < (3, 12) and error.msg.startswith("f-string"):
        return (
            "DP105",
            f"{error.msg}; since Python 3.12 more is allowed in f-strings, and Python {running} is running",
        )
    if sys.version_info[:2] < (3, 12) and text.startswith(("def ", "class ")) and "[" in text.partition("(")[0]:
        return "DP105", f"type parameters need Python 3.12, and Python {running} is running"
    return "DP104", error.msg


class FileReader:
    """Reads one parsed file."""

    def __init__(self, source: Source, tree: ast.Module, options: ReadOptions, *, assumes: bool = True) -> None:
        self.source = source
        self.tree = tree
        found = find_version(tree, source.text)
        self.version = options.airflow_version or found.name
        self.version_certain = options.airflow_version is not None or found.certain
        self.hooks = AirflowHooks(self.version, options.deployment.airflow_release)
        self.hooks.task_limit = options.limits.tasks
        workspace = options.workspace if source.file is not None else None
        self.machine = Machine(source, self.hooks, options.limits, workspace=workspace, deployment=options.deployment)
        self.machine.assumes = assumes
        self.machine.environment_changed = not assumes  # modules that were evaluated with assumptions aren't used
        self.machine.module.name = _module_name(source.path)
        if workspace is not None and source.file is not None:
            store = module_store(workspace, (self.version, options.limits, options.deployment.fingerprint))
            self.machine.importer = Importer(self.machine, store, source.file)
        self.diagnostics: list[Diagnostic] = []
        self.file_doubts: list[Doubt] = []
        self.assumptions: tuple[str, ...] = ()
        self.needs_package = False  # a relative import was refused, for want of a package to start from

    def read(self) -> FileGraph:
        """Run the file and build its pipelines."""
        try:
            return self._read()
        finally:
            # Pipelines hold lists and dicts of the modules, as they are at the end of the import.
            if self.machine.importer is not None:
                self.machine.importer.close()

    def _read(self) -> FileGraph:
        self._check_imports()
        self._run()
        self._note_unfinished()
        self._note_changed_ids()
        self.file_doubts += [doubt for doubt in self.machine.doubts if doubt.owner is None]
        needs = self.machine.requirements
        self.file_doubts += contradictions(needs, self.source.path)
        self.assumptions = assumptions(needs)
        budget = Budget(seconds=self.machine.limits.seconds)
        dags = self._registered()
        pipelines = [self._pipeline(dag, budget) for dag in dags]
        if budget.is_late:
            self._file_doubt("DP207", f"making the graph took more than {self.machine.limits.seconds:g} seconds", None)
        pipelines.sort(key=lambda pipeline: pipeline.span or (0, 0, 0, 0))
        for doubt in self.file_doubts:
            self.diagnostics.append(as_diagnostic(doubt, self.source.path, None))
        self._note_unseen()
        self.diagnostics += notes(needs)
        return FileGraph(
            path=self.source.path,
            orchestrator="airflow",
            pipelines=tuple(pipelines),
            assets=assets_of(dags),
            diagnostics=tuple(_unique(self.diagnostics)),
            deployment=inventory(needs, pipelines, self.source.path),
        )

    @property
    def fails_by_assumption(self) -> bool:
        """Whether the import raises, and a default was taken before: a real deployment has what is asked for."""
        raised = any(doubt.code == "DP301" for doubt in self.file_doubts)
        return raised and any(need.state == "assumed" for need in self.machine.requirements)

    def version_by_modules(self) -> AirflowVersion | None:
        """The Airflow version that the project's modules say the file is for, where the file itself doesn't."""
        importer = self.machine.importer
        if self.version_certain or importer is None:
            return None
        found = [version for file in sorted(importer.files) if (version := _version_of(importer.store, file))]
        certain = {version.name for version in found if version.certain}
        return next((version for version in NEWEST_FIRST if version in certain), None)

    def _check_imports(self) -> None:
        for statement, name in unknown_names(self.tree):
            message = f"`airflow.sdk` of Airflow 3.3 has no `{name}`, so importing this file may fail"
            self._file_doubt("DP201", message, self.machine.module.span(statement))

    def _run(self) -> None:
        try:
            self.machine.run(self.tree)
        except PyRaise as raised:
            message = f"importing this file raises {raised}"
            self.needs_package = raised.message == NO_PACKAGE
            self._stopped("DP301", message, raised.site)
        except LimitHit as hit:
            self._stopped("DP207", f"the analysis stopped here: {hit}", hit.site)

    def _note_unfinished(self) -> None:
        """A constructor that raised, where the file went on: what it leaves behind in the DAG isn't followed."""
        for task, dag in self.hooks.unfinished.values():
            message = f"the constructor of `{task.operator.rpartition('.')[2]}` raised, and the exception was caught"
            self.machine.doubts.append(Doubt("DP206", message, task.span, task.dag or dag))

    def _note_changed_ids(self) -> None:
        """Sets of ids that the file got from a task, and changed: in Airflow they are the task's own."""
        for task, name, ids, before in self.hooks.shown_ids:
            if ids != before:
                message = f"`{name}` of the task `{task.task_id}` is changed by hand"
                self.machine.doubts.append(Doubt("DP206", message, task.span, task.dag))

    def _stopped(self, code: str, message: str, site: CallSite | None) -> None:
        """The evaluation ended early; what a module of the project raised is shown where it stands there."""
        module = site.scope.module if site else self.machine.module
        path = None if module.is_main else module.source.path
        if path is not None:
            message = message.replace("this file", f"`{self.source.path}`", 1)
        self.file_doubts.append(Doubt(code, message, place_of(site), path=path))

    def _file_doubt(self, code: str, message: str, span: Span | None) -> None:
        self.file_doubts.append(Doubt(code, message, span))

    def _registered(self) -> list[Dag]:
        """DAGs that Airflow would find: registered by ``with`` or ``@dag``, or bound to a global name."""
        bound = {id(value) for value in self.machine.module.names.values() if isinstance(value, Dag)}
        found = [dag for dag in self.hooks.all_dags if dag.registered or id(dag) in bound]
        by_id: dict[str, Dag] = {}
        for dag in found:
            if not isinstance(dag.id, str):
                why = getattr(dag.id, "why", "it isn't a text")
                self._file_doubt("DP201", f"the id of a DAG isn't known: {why}", dag.span)
            elif dag.conditional is not None:
                message = (
                    f"the DAG {dag.id!r} exists only if `{dag.conditional}` holds, which isn't known: it isn't listed"
                )
                self.diagnostics.append(diagnose("DP212", message, self.source.path, dag.span))
            elif dag.id in by_id:
                self._file_doubt("DP209", f"two DAGs have the id {dag.id!r}", dag.span)
            else:
                by_id[dag.id] = dag
        return list(by_id.values())

    def _pipeline(self, dag: Dag, budget: Budget) -> Pipeline:
        certain = self.version_certain
        builder = PipelineBuilder(dag, self.source.path, self.version, certain=certain, budget=budget)
        builder.doubts += [doubt for doubt in self.machine.doubts if doubt.owner is dag]
        pipeline = builder.build()
        pipeline = replace(pipeline, assumptions=(*pipeline.assumptions, *self.assumptions))
        refused = builder.refused
        cycle = find_cycle(dag)
        if refused is not None:
            message = f"Airflow refuses this DAG: {refused}"
            self.diagnostics.append(diagnose("DP305", message, self.source.path, dag.span, pipeline=pipeline.id))
        if cycle is not None:
            message = f"the tasks form a cycle: {' >> '.join(cycle)}"
            self.diagnostics.append(diagnose("DP303", message, self.source.path, dag.span, pipeline=pipeline.id))
        for doubt in builder.doubts:
            self.diagnostics.append(as_diagnostic(doubt, self.source.path, pipeline.id))
        if builder.doubts or self.file_doubts or refused is not None or cycle is not None:
            return replace(pipeline, exact=False)
        return pipeline

    def _note_unseen(self) -> None:
        """Code out of sight that is called at the top level may make a DAG and have it bound there."""
        for why, site in self.hooks.unseen_values:
            if site.scope.parent is None and site.scope.module.is_main:
                message = f"this call may define a pipeline: {why}"
                self.diagnostics.append(diagnose("DP210", message, self.source.path, site.span))
        for message, site in self.hooks.yaml_loads:
            span = site.span if site.scope.module.is_main else None
            self.diagnostics.append(diagnose("DP217", message, self.source.path, span))


def _version_of(store: ModuleStore, file: str) -> Version | None:
    """The version that a module of the project is written for; asked once a run. ``None``: it can't be parsed."""
    if file not in store.notes:
        try:
            source, tree = store.tree(file)
        except PyRaise:
            return None
        store.notes[file] = find_version(tree, source.text)
    return cast(Version, store.notes[file])


def _module_name(path: str) -> str:
    name = path.replace("\\", "/").rpartition("/")[2]
    return name.removesuffix(".py") or "__main__"


def _unique(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    ordered = sorted(diagnostics, key=lambda item: (item.line or 0, item.column or 0, item.code, item.message))
    return list(dict.fromkeys(ordered))
