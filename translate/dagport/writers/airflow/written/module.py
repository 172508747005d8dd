"""One written file: imports, what comes along from the source, functions, DAGs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from dagport.diagnostics import Diagnostic, diagnose
from dagport.graph import Pipeline
from dagport.pycode import text_constant
from dagport.translation import Document, Fidelity, TaskOutcome
from dagport.writers.airflow.written.body import Body
from dagport.writers.airflow.written.dag import RENAMED_CODE, DagText, DagWriter
from dagport.writers.airflow.written.functions import Functions
from dagport.writers.airflow.written.imports import Imports
from dagport.writers.airflow.written.model import TaskFunction, Written
from dagport.writers.airflow.written.names import Variables, asset_variable
from dagport.writers.airflow.written.render import render
from dagport.writers.airflow.written.schedule import asset_call
from dagport.writers.airflow.written.source import PythonSource
from dagport.writers.airflow.written.tasks import label
from dagport.writers.airflow.written.values import Values, no_result
from dagport.writers.common.code import split_body, split_comments
from dagport.writers.common.literals import NotExpressible
from dagport.writers.common.model import Chunk
from dagport.writers.common.naming import identifier

LONG_DOC = 8  # lines of a documentation that stays inside the call of DAG


@dataclass(kw_only=True)
class WrittenFile:
    """A file before it is formatted; ``chunks`` are the users' own pieces, which stay as they are."""

    path: str
    text: str
    chunks: tuple[Chunk, ...] = ()
    outcomes: list[TaskOutcome] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


class FileWriter:
    """Writes the pipelines of one document."""

    def __init__(self, document: Document, path: str, version: str) -> None:
        self.document = document
        self.path = path
        graph = document.graph
        own = document.source.path == graph.path and graph.path.endswith(".py")
        self.source = PythonSource(document.source, graph, version) if own else None
        self.imports = Imports(self.source.bound if self.source else {})
        self.values = Values(self.imports, self.source, version, PurePosixPath(graph.path).stem)
        self.values.has_defaults = "default_args" in document.source.text
        self.values.orchestrator = graph.orchestrator
        self.functions = Functions(self.values, graph.path)
        self.assets = self.values.assets
        self._constants: list[str] = []
        self._chunks: list[Chunk] = []
        self._reusable: set[str] = set()

    def write(self, pipelines: Iterable[Pipeline]) -> WrittenFile:
        """The file. A DAG that can't be written is left out, with the reason for each of its tasks."""
        chosen = list(pipelines)
        self.imports.names.reserve(
            task.callable.name for item in chosen for task in item.tasks if task.callable and task.callable.span
        )
        for task in (task for item in chosen for task in item.tasks):
            if task.callable is not None and task.callable.module is not None:
                self.imports.want(f"{task.callable.module}.{task.callable.name}")  # before variables take the name
        self._declare_assets(chosen)
        outcomes: list[TaskOutcome] = []
        diagnostics: list[Diagnostic] = []
        dags: list[DagText] = []
        for pipeline in chosen:
            writer = DagWriter(pipeline, self.values, self.functions, self.assets)
            try:
                dag = writer.write(Variables(self.imports.names, self._reusable))
            except NotExpressible as problem:
                diagnostics.append(self._say("DP401", f"the DAG isn't written: {problem}", pipeline))
                outcomes += [self._outcome(pipeline, task.id, "manual", None, str(problem)) for task in pipeline.tasks]
                continue
            dags.append(dag)
            diagnostics += [self._say(code, message, pipeline) for code, message in dag.notes]
            for item in dag.tasks.values():
                outcomes.append(self._task_outcome(dag, item))
                diagnostics += self._about(pipeline, item)
        bodies = [self._dag(dag) for dag in dags]
        text = self._text(bodies)
        return WrittenFile(
            path=self.path, text=text, chunks=tuple(self._chunks), outcomes=outcomes, diagnostics=diagnostics
        )

    def _text(self, bodies: list[str]) -> str:
        functions = self._functions()
        constants = [f"{name} = {value}" for name, value in self.functions.constants.items()]
        imports, definitions = self.source.slice() if self.source else ([], [])
        future = [line for line in imports if line.startswith("from __future__")]
        statements = dict.fromkeys([*future, *self.imports.statements(), *imports])
        simple = [line for line in statements if "\n" not in line]
        return render(
            "module.py",
            origin=self.document.graph.path,
            imports=simple,
            guarded=[line for line in statements if "\n" in line],
            definitions=self._definitions(definitions),
            constants=[*constants, *self._constants],
            functions=functions,
            dags=[body for body in bodies if body],
        )

    def _definitions(self, texts: Iterable[str]) -> str:
        """What comes along from the source, with empty lines around functions and classes."""
        found, above = "", ""
        for text in texts:
            if found:
                found += "\n\n\n" if _is_definition(above) or _is_definition(text) else "\n"
            found += self._chunk(text)
            above = text
        return found

    def _declare_assets(self, pipelines: list[Pipeline]) -> None:
        used = {name for pipeline in pipelines for name in (pipeline.schedule.assets or ())}
        used |= {name for item in pipelines for task in item.tasks for name in (*task.inlets, *task.outlets)}
        made = {
            name for item in pipelines for task in item.tasks if "_AssetMain" in task.operator for name in task.outlets
        }
        if self.values.version == "2":
            renamed = (asset.name for asset in self.document.graph.assets if asset.name != asset.uri)
            self.values.renamed_assets = frozenset(renamed)
        for asset in self.document.graph.assets:
            if asset.name not in used:
                continue
            if asset.name in made and self.source is not None and self.values.version != "2":
                if self.source.defines(asset.name):  # the function that `@asset` makes an asset of
                    self.assets[asset.name] = asset.name
                continue
            own = self.source.asset(asset.name) if self.source else None
            if own is not None:
                self.assets[asset.name] = own
                continue
            try:
                call = self.values.write(asset_call(asset), no_result)
            except NotExpressible:
                continue
            self.assets[asset.name] = name = self.imports.names.allocate(asset_variable(asset.name), ["asset"])
            self._constants.append(f"{name} = {call}")

    # Functions

    def _functions(self) -> list[str]:
        found = [(text_of.order, self._function(text_of)) for text_of in self.functions.decorated_ones.values()]
        found = [(place, text) for (place, text) in found if text]
        found += [(place, self._protected(text)) for place, text in self.functions.texts]
        found += [(place, self._chunk(text)) for place, text in self.functions.wholes.items()]
        return [text for _, text in sorted(found, key=lambda item: item[0] or (0, 0, 0, 0))]

    def _function(self, function: TaskFunction) -> str:
        if not function.uses:
            return ""
        keywords = dict(function.common())
        ids = {label(use.task) for use in function.uses}
        if len(function.uses) == 1 and ids != {function.name}:
            keywords = {"task_id": text_constant(ids.pop()), **keywords}
        arguments = ", ".join(f"{name}={value}" for name, value in keywords.items())
        head = f"@{function.decorator}({arguments})" if arguments else f"@{function.decorator}"
        comments, definition = split_comments(function.text)
        return "\n".join([*([comments] if comments else []), *function.kept, head, self._protected(definition)])

    def _protected(self, text: str) -> str:
        """A function whose body the formatter leaves as it is."""
        found = split_body(text, f"dagport_chunk_{len(self._chunks)}")
        if found is None:
            return text.rstrip("\n")
        head, chunk = found
        self._chunks.append(chunk)
        return head

    def _chunk(self, text: str) -> str:
        marker = f"dagport_chunk_{len(self._chunks)}"
        self._chunks.append(Chunk(marker=marker, text=text.rstrip("\n")))
        return f"pass  # {marker}"

    # DAGs

    def _dag(self, dag: DagText) -> str:
        if dag.assets_only:
            return ""
        doc = dag.keywords.get("doc_md", "")
        if doc.count("\n") > LONG_DOC:
            name = self.imports.names.allocate(f"{identifier(dag.pipeline.id, 'dag').upper()}_DOC")
            self._constants.append(f"{name} = {doc}")
            dag.keywords["doc_md"] = name
        lines = Body(dag, self.functions, self.values).lines()
        keywords = [f"{name}={value}" for name, value in dag.keywords.items()]
        arguments = ", ".join([f"dag_id={text_constant(dag.pipeline.id)}", *keywords])
        body = "\n".join(f"    {line}" if line else "" for line in lines)
        return f"with {self.values.want('airflow.sdk.DAG')}({arguments},):\n{body}"

    # What became of it

    def _task_outcome(self, dag: DagText, item: Written) -> TaskOutcome:
        lost = [message for code, message in dag.notes if code != RENAMED_CODE]
        fidelity: Fidelity = "manual" if item.reason else "approximate" if item.notes or lost else "native"
        reason = item.reason or "; ".join([*item.notes, *lost]) or None
        return self._outcome(dag.pipeline, item.task.id, fidelity, f"{self.path}:{item.task.id}", reason)

    def _outcome(
        self, pipeline: Pipeline, task: str, fidelity: Fidelity, target: str | None, reason: str | None
    ) -> TaskOutcome:
        path = self.document.graph.path
        return TaskOutcome(path=path, pipeline=pipeline.id, task=task, fidelity=fidelity, target=target, reason=reason)

    def _about(self, pipeline: Pipeline, item: Written) -> Iterable[Diagnostic]:
        path, span = self.document.graph.path, item.task.span
        if item.reason:
            yield diagnose("DP401", item.reason, path, span, pipeline=pipeline.id, task=item.task.id)
        if item.notes:
            yield diagnose("DP402", "; ".join(item.notes), path, span, pipeline=pipeline.id, task=item.task.id)

    def _say(self, code: str, message: str, pipeline: Pipeline) -> Diagnostic:
        return diagnose(code, message, self.document.graph.path, pipeline.span, pipeline=pipeline.id)


def _is_definition(text: str) -> bool:
    """Whether a statement is a function or a class, with its comments and decorators."""
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return next(lines, "").startswith(("def ", "class ", "async ", "@"))
