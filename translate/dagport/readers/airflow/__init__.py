"""The Airflow reader: what importing a DAG file would build, by static evaluation."""

from __future__ import annotations

import ast
import sys
import warnings
from dataclasses import replace

from dagport.diagnostics import Diagnostic, diagnose
from dagport.evaluate.domain import LimitHit, PyRaise
from dagport.evaluate.machine import Doubt, Machine
from dagport.graph import FileGraph, Pipeline
from dagport.options import ReadOptions
from dagport.readers.airflow.build import PipelineBuilder, as_diagnostic, assets_of, find_cycle, place_of
from dagport.readers.airflow.hooks import AirflowHooks
from dagport.readers.airflow.nodes import Dag
from dagport.readers.airflow.versions import find_version, unknown_names
from dagport.source import Source, Span


def read(source: Source, options: ReadOptions) -> FileGraph:
    """The graph of one file. Never raises for what the file says."""
    parsed = parse(source)
    if isinstance(parsed, Diagnostic):
        return FileGraph(path=source.path, orchestrator="airflow", diagnostics=(parsed,))
    return FileReader(source, parsed, options).read()


def parse(source: Source) -> ast.Module | Diagnostic:
    """The syntax tree, or why there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as an invalid escape: the engine's business, and not ours
            return ast.parse(source.text, filename=source.path)
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

    def __init__(self, source: Source, tree: ast.Module, options: ReadOptions) -> None:
        self.source = source
        self.tree = tree
        found = find_version(tree, source.text)
        self.version = options.airflow_version or found.name
        self.version_certain = options.airflow_version is not None or found.certain
        self.hooks = AirflowHooks(self.version)
        self.hooks.task_limit = options.limits.tasks
        self.machine = Machine(source, self.hooks, options.limits)
        self.machine.module.name = _module_name(source.path)
        self.diagnostics: list[Diagnostic] = []
        self.file_doubts: list[Doubt] = []

    def read(self) -> FileGraph:
        """Run the file and build its pipelines."""
        self._check_imports()
        self._run()
        self._note_unfinished()
        self.file_doubts += [doubt for doubt in self.machine.doubts if doubt.owner is None]
        dags = self._registered()
        pipelines = [pipeline for dag in dags if (pipeline := self._pipeline(dag)) is not None]
        pipelines.sort(key=lambda pipeline: pipeline.span or (0, 0, 0, 0))
        for doubt in self.file_doubts:
            self.diagnostics.append(as_diagnostic(doubt, self.source.path, None))
        self._note_unseen()
        return FileGraph(
            path=self.source.path,
            orchestrator="airflow",
            pipelines=tuple(pipelines),
            assets=assets_of(dags),
            diagnostics=tuple(_unique(self.diagnostics)),
        )

    def _check_imports(self) -> None:
        for statement, name in unknown_names(self.tree):
            message = f"`airflow.sdk` of Airflow 3.3 has no `{name}`, so importing this file may fail"
            self._file_doubt("DP201", message, self.machine.module.span(statement))

    def _run(self) -> None:
        try:
            self.machine.run(self.tree)
        except PyRaise as raised:
            message = f"importing this file raises {raised}"
            self._file_doubt("DP301", message, place_of(raised.site))
        except LimitHit as hit:
            self._file_doubt("DP207", f"the analysis stopped here: {hit}", place_of(hit.site))

    def _note_unfinished(self) -> None:
        """A constructor that raised, where the file went on: what it leaves behind in the DAG isn't followed."""
        for task, dag in self.hooks.unfinished.values():
            message = f"the constructor of `{task.operator.rpartition('.')[2]}` raised, and the exception was caught"
            self.machine.doubts.append(Doubt("DP206", message, task.span, task.dag or dag))

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

    def _pipeline(self, dag: Dag) -> Pipeline | None:
        builder = PipelineBuilder(dag, self.source.path, self.version, certain=self.version_certain)
        builder.doubts += [doubt for doubt in self.machine.doubts if doubt.owner is dag]
        pipeline = builder.build()
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
            if site.scope.parent is None:
                message = f"this call may define a pipeline: {why}"
                self.diagnostics.append(diagnose("DP210", message, self.source.path, site.span))


def _module_name(path: str) -> str:
    name = path.replace("\\", "/").rpartition("/")[2]
    return name.removesuffix(".py") or "__main__"


def _unique(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    ordered = sorted(diagnostics, key=lambda item: (item.line or 0, item.column or 0, item.code, item.message))
    return list(dict.fromkeys(ordered))
