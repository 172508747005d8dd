"""Reads one YAML file: from its text to the DAGs, and to the graph by way of the reader of Python files."""

from __future__ import annotations

import ast
from typing import Any

import yaml

from dagport.diagnostics import Diagnostic, diagnose
from dagport.evaluate.domain import Anything, LimitHit, PyRaise, Unknown
from dagport.evaluate.machine import deep_recursion
from dagport.evaluate.needs import require
from dagport.graph import FileGraph
from dagport.options import ReadOptions
from dagport.readers.airflow import FileReader
from dagport.readers.airflow.dag_factory.blocks import Block, copied, without_places
from dagport.readers.airflow.dag_factory.builder import DagBuilder
from dagport.readers.airflow.dag_factory.configuration import Configuration, unknown_parts
from dagport.readers.airflow.dag_factory.construct import Constructor
from dagport.readers.airflow.dag_factory.defaults import (
    Undetermined,
    certainly_applies,
    default_files,
    merge_configs,
    merged_dag_args,
    merged_default_args,
)
from dagport.readers.airflow.dag_factory.document import Node, compose, problem_of
from dagport.readers.airflow.dag_factory.environment import expand, why_unknown
from dagport.readers.airflow.dag_factory.places import Places, call_site
from dagport.readers.airflow.dag_factory.shape import SYSTEM, is_configuration, mentioned_imports
from dagport.readers.airflow.dag_factory.shown import NotShown, dumped
from dagport.source import Source, Span
from dagport.workspace import Unreadable

NOT_A_CONFIGURATION = "no entry of it has `tasks` with an `operator` or a `decorator`"


class Text:
    """A YAML file, composed."""

    def __init__(self, source: Source, options: ReadOptions) -> None:
        expanded = expand("\n".join(source.lines), options.deployment.environment)
        self.uses = expanded.uses
        self.places = Places(source, expanded.text, expanded.shifts)
        self.root: Node | None = None
        self.problem: Diagnostic | None = None
        try:
            with deep_recursion():
                self.root = compose(expanded.text)
        except yaml.YAMLError as error:
            message, offset = problem_of(error)
            unknown = next((use.name for use in expanded.uses if not use.given), None)
            message += f"; {why_unknown(unknown, {})}" if unknown else ""
            self.problem = diagnose("DP104", f"YAML: {message}", source.path, self._place(offset))
        except LimitHit as hit:
            message = f"the analysis stopped here: {hit}"
            self.problem = diagnose("DP207", message, source.path, (1, 1, 1, 1))

    def _place(self, offset: int | None) -> Span:
        return (1, 1, 1, 1) if offset is None else self.places.span(offset, offset)


class YamlReader(FileReader):
    """Reads one YAML file."""

    def __init__(self, source: Source, options: ReadOptions) -> None:
        self.text = Text(source, options)
        self.options = options
        root = self.text.root
        super().__init__(source, mentioned_imports(root) if root is not None else ast.Module([], []), options)

    def read(self) -> FileGraph:
        """The graph of the file."""
        problem = self.text.problem
        if problem is None and not is_configuration(self.text.root):
            problem = diagnose("DP112", NOT_A_CONFIGURATION, self.source.path, (1, 1, 1, 1))
        if problem is not None:
            return FileGraph(path=self.source.path, orchestrator="airflow", diagnostics=(problem,))
        return super().read()

    def _run(self) -> None:
        try:
            with deep_recursion():
                self._load()
        except PyRaise as raised:
            self._stopped("DP301", f"loading this file raises {raised}", raised.site)
        except LimitHit as hit:
            self._stopped("DP207", f"the analysis stopped here: {hit}", hit.site)
        except Undetermined as undetermined:
            lost = undetermined.lost
            self._file_doubt("DP201", f"what this file defines isn't known: {lost.why}", lost.span)

    def _load(self) -> None:
        """``_DagFactory.build_dags``: nothing is registered before all of the file is built."""
        constructor = Constructor(self.machine, self.text.places)
        self._require(self.text)
        config = Configuration(self.machine).read(constructor.value(self.text.root))
        self._note(constructor)
        if self.version != "3":
            message = f"the file is for Airflow {self.version}; only dag-factory on Airflow 3 is followed exactly"
            self._file_doubt("DP216", message, (1, 1, 1, 1))
        for number, dag in enumerate(self._build_all(config)):
            self.machine.module.names[f"DAG {number}"] = dag

    def _require(self, text: Text) -> None:
        """The variables that a text names, for the list of what the deployment must have."""
        for use in text.uses:
            site = call_site(self.machine.module, text.places.span(use.start, use.end))
            require(self.machine, "environment", use.name, "given" if use.given else "unknown", site)

    def _note(self, constructor: Constructor) -> None:
        for key, span in constructor.duplicates:
            message = f"the key {key!r} comes twice in one mapping: only the last one counts"
            self.diagnostics.append(diagnose("DP113", message, self.source.path, span))
        for key, why, span in constructor.unknown_keys:
            self._file_doubt("DP201", f"the key {key!r} isn't known: {why}", span)

    def _build_all(self, config: Anything) -> list[Any]:
        if not isinstance(config, Block):
            raise PyRaise("AttributeError", "the file isn't a mapping")
        farther = [self._defaults(file) for file in self._default_files()]
        level = merged_dag_args([merged_dag_args(farther)])
        default = config.get("default", Block())
        global_args = Block({"default_args": merged_default_args(farther)})
        merged = merged_default_args([global_args, default])
        default["default_args"] = merged
        names = [name for name in config if name not in SYSTEM]
        return [self._located(name, config, level, default) for name in names]

    def _located(self, name: Anything, config: Block, level: Block, default: Block) -> Any:
        """One DAG; what it raises without a place of its own is shown at its entry."""
        try:
            return self._build(name, config, level, default)
        except PyRaise as raised:
            raised.site = raised.site or call_site(self.machine.module, config.place(name))
            raise

    def _build(self, name: Anything, config: Block, level: Block, default: Block) -> Any:
        own = config[name]
        if isinstance(own, Unknown):
            raise Undetermined(own)
        if not isinstance(own, Block):
            other = ", which another version of dag-factory may have" if name == "__extends__" else ""
            message = f"'{type(own).__name__}' object is not a mapping: the entry {name!r}{other}"
            raise PyRaise("TypeError", message)
        merged = own.like({**level, **own})
        merged.span = config.place(name)
        merged.setdefault("task_groups", Block())
        if merged["task_groups"] == {}:
            del merged["task_groups"]
        shown = self._shown(name, merged, default)
        whole = copied(merged)
        merge_configs(whole, copied(default))
        return DagBuilder(self.machine, name, whole, shown, version=self.version).build()

    def _shown(self, name: Anything, config: Block, default: Block) -> str | Unknown:
        lost = next(unknown_parts([config, default]), None)
        if lost is not None:
            return Unknown(f"dag-factory shows the YAML there, and {lost.why}", lost.text, lost.span)
        try:
            return f"{dumped({'default': default})}\n{dumped({name: config})}"
        except NotShown as part:
            why = f"dag-factory shows the YAML there, and how it shows a {part} isn't followed"
            return Unknown(why, "", config.span)

    # `defaults.yml`

    def _default_files(self) -> list[str]:
        path = self.source.file
        files = [] if path is None else default_files(path, self.machine.workspace)
        for file in files:
            if path is not None and not certainly_applies(path, file):
                message = f"`{file}` applies only if the dags folder is its folder or one above, which isn't known"
                self._file_doubt("DP216", message, (1, 1, 1, 1))
        return files

    def _defaults(self, file: str) -> Anything:
        workspace = self.machine.workspace
        assert workspace is not None  # noqa: S101 - the file was found in it
        try:
            source = Source(file, workspace.read(file).decode("utf-8"), file)
        except (Unreadable, UnicodeDecodeError) as error:
            raise Undetermined(Unknown(f"`{file}` can't be read: {error}")) from None
        text = Text(source, self.options)
        if text.problem is not None:
            if text.problem.code == "DP104":
                raise PyRaise("yaml.YAMLError", f"{text.problem.message} ({file}, line {text.problem.line})")
            raise Undetermined(Unknown(f"`{file}`: {text.problem.message}"))
        if text.root is None:
            raise PyRaise("AttributeError", f"'NoneType' object has no attribute 'get' (`{file}` is empty)")
        constructor = Constructor(self.machine, None)
        value = Configuration(self.machine).read(constructor.value(text.root))
        for key, why, _ in constructor.unknown_keys:
            self._file_doubt("DP201", f"the key {key!r} of `{file}` isn't known: {why}", (1, 1, 1, 1))
        return without_places(value)
