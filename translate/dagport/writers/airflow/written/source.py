"""The Python file that a graph was read from: its functions, and what of the module they need."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import libcst as cst

from dagport.graph import CallableRef, FileGraph, Task
from dagport.rewrite.context import is_airflow
from dagport.rewrite.layout import statement_text
from dagport.rewrite.module import global_names
from dagport.rewrite.names import imported_name
from dagport.rewrite.parsed import LAMBDA, Parsed, parse
from dagport.rewrite.scopes import BUILTINS, Binding
from dagport.rewrite.slicing import Slicer
from dagport.rewrite.units import Unit
from dagport.source import Source, Span
from dagport.values import Value
from dagport.writers.airflow.written.contexts import check_code
from dagport.writers.airflow.written.datasets import as_datasets
from dagport.writers.airflow.written.homes import home
from dagport.writers.airflow.written.rehome import rehomed
from dagport.writers.common.literals import NotExpressible

ASSET_OPERATOR = "airflow.sdk.definitions.asset.decorators._AssetMainOperator"
CONDITIONS = ("run_if", "skip_if")
"""Decorators that the graph doesn't hold: they stay as the source has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A function of the source, at the left margin."""

    name: str
    text: str  # from the comments above it to its end, without the decorators that make a task of it
    kept: tuple[str, ...]  # decorators that stay above the one that makes the task
    doc: str | None
    is_lambda: bool = False


class Kept(Slicer):
    """Slices for Airflow: what a module imports from Airflow stays, what makes its pipelines doesn't."""

    def __init__(self, parsed: Parsed, makers: Iterable[Span], version: str) -> None:
        super().__init__(parsed.tree, parsed.scopes)
        self._makers = tuple(makers)
        self._version = version

    def _refused_import(self, item: Binding) -> str | None:
        name = imported_name(item)
        if name is None:
            return f"`{item.name}` is imported relative to its file, which moves"
        try:
            home(name, self._version)
        except NotExpressible as problem:
            return str(problem)
        return None

    def _unbound(self, name: str) -> str | None:
        # The file keeps its path below the folder that is written to, as one that is upgraded in place does.
        return None if name == "__file__" else super()._unbound(name)

    def _unit_verdict(self, unit: Unit) -> str | None:
        if any(_within(span, self.tree.span(unit.node)) for span in self._makers):
            return "it makes tasks or DAGs"
        if self._version == "2":
            try:
                as_datasets(statement_text(self.tree, unit.node))
            except NotExpressible as problem:
                return str(problem)
        return super()._unit_verdict(unit)

    def _builds_pipeline(self, unit: Unit) -> bool:
        return self._unit_verdict(unit) is not None


class PythonSource:
    """One Python file of Airflow."""

    def __init__(self, source: Source, graph: FileGraph, version: str) -> None:
        self.source = source
        self._version = version
        parsed = parse(source)
        if not isinstance(parsed, Parsed):
            raise NotExpressible(parsed.reason)
        self._parsed = parsed
        self._slicer = Kept(parsed, _makers(graph), version)
        self._needed: set[str] = set()

    @property
    def bound(self) -> dict[str, str | None]:
        """The module's names that may come along, with what imported ones mean in the version that is written for."""
        return {
            name: self._meaning(items)
            for name, items in self._parsed.scopes.module.bindings.items()
            if self._slicer.why_not(name) is None
        }

    def defines(self, name: str) -> bool:
        """Whether a name is the module's own, and no import."""
        items = self._parsed.scopes.module.bindings.get(name, [])
        return bool(items) and not any(isinstance(item.node, cst.ImportAlias) for item in items)

    def is_plain(self, ref: CallableRef) -> bool:
        """Whether a function is the module's own, with nothing of Airflow on it: a slice brings it as it is."""
        items = self._parsed.scopes.module.bindings.get(ref.name, [])
        return len(items) == 1 and self._is_at(items[0], ref.span) and self._slicer.why_not(ref.name) is None

    def is_other(self, name: str, span: Span | None) -> bool:
        """Whether the module has something else by that name."""
        items = self._parsed.scopes.module.bindings.get(name, [])
        return any(not self._is_at(item, span) for item in items)

    def _is_at(self, item: Binding, span: Span | None) -> bool:
        site = item.site if isinstance(item.site, cst.FunctionDef) else item.node
        return isinstance(site, cst.FunctionDef) and span is not None and self._parsed.tree.span(site)[2:] == span[2:]

    def asset(self, name: str) -> str | None:
        """A variable of the module that is made an asset of that name, and nothing else."""
        for node in ast.parse(self.source.text).body:
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Name)
                and _names_asset(node.value, name)
            ):
                variable = node.targets[0].id
                if len(self._parsed.scopes.module.bindings[variable]) == 1 and self._slicer.why_not(variable) is None:
                    self.need([variable])
                    return variable
        return None

    def constructor(self, name: str) -> set[str] | None:
        """Attributes of a class's objects that are its constructor's arguments, as they are; ``None``: not known."""
        for node in ast.walk(ast.parse(self.source.text)):
            if isinstance(node, ast.ClassDef) and node.name == name:
                return _set_from_arguments(node)
        return None

    def need(self, names: Iterable[str]) -> None:
        """Have the slice bring some names. Raises ``NotExpressible`` for one that can't be carried along."""
        wanted = set(names)
        for name in sorted(wanted):
            why = self._slicer.why_not(name)
            if why is not None:
                raise NotExpressible(why)
        self._needed |= wanted

    def slice(self) -> tuple[list[str], list[str]]:
        """Imports and definitions that what was written needs, in the source's order."""
        found = self._slicer.slice(self._needed)
        imports = [rehomed(statement, self._version) for statement in found.imports]
        return imports, [rehomed(text, self._version) for text in found.definitions]

    def expression(self, text: str) -> str:
        """A piece of the source as an expression here. Raises ``NotExpressible`` where its names mean nothing here."""
        try:
            ast.parse(text.strip(), mode="eval")
        except SyntaxError:
            raise NotExpressible("a part of it is no expression of the source") from None
        self.need(name for name in global_names(text.strip()) if name not in BUILTINS)
        return as_datasets(text.strip()) if self._version == "2" else text.strip()

    def argument(self, task: Task, name: str) -> str:
        """The source of a task's argument. Raises ``NotExpressible`` where it isn't written out, or needs locals."""
        spans = [span for span in (task.span, task.callable.span if task.callable else None) if span]
        for span in spans:
            for node in ast.walk(self._syntax(span)):
                if isinstance(node, ast.Call):
                    for keyword in node.keywords:
                        if keyword.arg == name:
                            return self.expression(ast.unparse(keyword.value))
        raise NotExpressible(f"`{name}` isn't written out in the source")

    def call_keywords(self, task: Task, positional: int = 0) -> list[str]:
        """The names of the arguments that a task's class is called with.

        Raises ``NotExpressible`` where the call isn't at the task's place, or has more positional arguments than told.
        """
        if task.span is not None:
            for node in ast.walk(self._syntax(task.span)):
                if isinstance(node, ast.Call):
                    names = [keyword.arg for keyword in node.keywords]
                    if len(node.args) > positional or None in names:
                        break
                    return [name for name in names if name is not None]
        raise NotExpressible("how the constructor of the project's own class is called isn't written out")

    def definition(self, ref: CallableRef) -> Definition:
        """A function, and its module's names with it. Raises ``NotExpressible`` with the reason where that can't be."""
        if ref.span is None:
            raise NotExpressible(f"the function `{ref.name}` isn't in the source")
        node = self._parsed._locate(ref.name, ref.span)
        if node is None:
            raise NotExpressible(f"`{ref.name}` wasn't found where the graph says it is")
        if isinstance(node, cst.Lambda):
            text = self._parsed.tree.code(node)
            self._need_free(text, ref)
            return Definition(name=LAMBDA, text=f"({text})", kept=(), doc=None, is_lambda=True)
        around = self._parsed.tree.enclosing(node, (cst.ClassDef, cst.FunctionDef))
        if isinstance(around, cst.ClassDef):
            raise NotExpressible(f"`{ref.name}` is a method")
        kept, text = self._split(node, statement_text(self._parsed.tree, node))
        check_code(text, self._version)
        self._need_free("\n".join([*kept, text]), ref)
        doc = node.get_docstring(clean=False)
        return Definition(name=ref.name, text=rehomed(text, self._version), kept=tuple(kept), doc=doc)

    def parameters(self, ref: CallableRef) -> list[str]:
        """The names of all parameters of a function."""
        tree = ast.parse(self.definition(ref).text).body[0]
        return [item.arg for item in ast.walk(getattr(tree, "args", tree)) if isinstance(item, ast.arg)]

    def whole(self, ref: CallableRef) -> str:
        """A definition with all its decorators, for what they make as a whole (``@asset``)."""
        if ref.span is None:
            raise NotExpressible(f"the function `{ref.name}` isn't in the source")
        node = self._parsed._locate(ref.name, ref.span)
        if not isinstance(node, cst.FunctionDef):
            raise NotExpressible(f"`{ref.name}` wasn't found where the graph says it is")
        text = statement_text(self._parsed.tree, node)
        self._need_free(text, ref)
        return rehomed(text, self._version)

    def _need_free(self, text: str, ref: CallableRef) -> None:
        names = {name for name in global_names(text) if name not in BUILTINS}
        self.need(names - set(ref.closure) - {ref.name})

    def closure(self, ref: CallableRef, text: str) -> dict[str, Value]:
        """Names of the functions around it that a definition reads."""
        names = global_names(text)
        return {name: value for name, value in ref.closure.items() if name in names}

    def _split(self, node: cst.FunctionDef, text: str) -> tuple[list[str], str]:
        """The decorators to keep, and the definition without those that the graph tells."""
        tree = ast.parse(text)
        definition = tree.body[0]
        assert isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef)  # noqa: S101 - narrows
        lines = text.splitlines(keepends=True)
        kept, below = [], []
        for item, original in zip(definition.decorator_list, node.decorators, strict=True):
            code = "".join(lines[item.lineno - 1 : item.end_lineno]).rstrip("\n")
            if not self._is_airflow(original.decorator):
                below.append(code)
            elif any(isinstance(part, ast.Attribute) and part.attr in CONDITIONS for part in ast.walk(item)):
                kept.append(code)
        first = definition.decorator_list[0].lineno if definition.decorator_list else definition.lineno
        above = "".join(lines[: first - 1])
        return kept, above + "".join(f"{code}\n" for code in below) + "".join(lines[definition.lineno - 1 :])

    def _is_airflow(self, decorator: cst.BaseExpression) -> bool:
        return self._parsed._is_dropped(decorator)

    def _syntax(self, span: Span) -> ast.AST:
        text = self.source.segment(span)
        try:
            return ast.parse(text if not text.startswith("@") else re.sub(r"(?m)^\s+(?=@|def |async )", "", text))
        except SyntaxError:
            return ast.Module(body=[], type_ignores=[])

    def _meaning(self, items: list[Binding]) -> str | None:
        names = {imported_name(item) for item in items}
        name = names.pop() if len(names) == 1 else None
        if name is None or not is_airflow(name):
            return name
        try:
            return home(name, self._version)
        except NotExpressible:
            return None


def _makers(graph: FileGraph) -> Iterator[Span]:
    """Where tasks and DAGs are made. What ``@asset`` makes is an asset for the others, and comes along."""
    for pipeline in graph.pipelines:
        if any(task.operator == ASSET_OPERATOR for task in pipeline.tasks):
            continue
        if pipeline.span is not None:
            yield pipeline.span
        yield from (task.span for task in pipeline.tasks if task.span is not None)


def _set_from_arguments(node: ast.ClassDef) -> set[str] | None:
    init = next((item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"), None)
    if init is None:
        fields = [item.target.id for item in node.body if isinstance(item, ast.AnnAssign) and _is_name(item.target)]  # type: ignore[union-attr]
        return set(fields) if node.decorator_list else set()
    parameters = {item.arg for item in (*init.args.args[1:], *init.args.kwonlyargs)}
    assigned = {
        target.attr
        for item in init.body
        if isinstance(item, ast.Assign) and isinstance(item.value, ast.Name)
        for target in item.targets
        if isinstance(target, ast.Attribute) and target.attr == item.value.id
    }
    return parameters & assigned


def _names_asset(node: ast.expr, name: str) -> bool:
    if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith(("Asset", "Dataset")):
        return False
    given = [keyword.value for keyword in node.keywords if keyword.arg in ("name", "uri")]
    first = node.args[0] if node.args else next(iter(given), None)
    named = next((keyword.value for keyword in node.keywords if keyword.arg == "name"), first)
    return isinstance(named, ast.Constant) and named.value == name


def _is_name(node: ast.expr) -> bool:
    return isinstance(node, ast.Name)


def _within(inner: Span, outer: Span) -> bool:
    return outer[:2] <= inner[:2] and inner[2:] <= outer[2:]
