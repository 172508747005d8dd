"""Modules of the project as syntax: which of their names mean the same thing whenever a task looks them up."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeAlias

from dagport.source import Source, Span, parsed

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
SCOPES = (*FUNCTIONS, ast.ClassDef)
REFLECTIVE = frozenset({"exec", "eval", "globals", "vars", "locals", "__import__", "setattr", "delattr", "compile"})
PATCHING = ("unittest.mock", "mock", "pytest", "builtins", "__builtin__", "gc", "ctypes")
READ_METHODS = frozenset({"get", "items", "keys", "values", "copy", "index", "count"})


@dataclass(frozen=True, slots=True)
class Binding:
    """One place where a module, or a function, gives a name its meaning."""

    kind: str  # "import", "def", "class", "assign", "other"
    node: ast.AST
    value: ast.expr | ast.alias | None = None


@dataclass(eq=False)
class Module:
    """One parsed module."""

    source: Source
    tree: ast.Module
    name: str | None = None  # dotted; None: the DAG file itself
    package: str = ""  # what relative imports start from

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All its nodes."""
        found: list[ast.AST] = [self.tree]
        for node in found:
            found += children(node)
        return found

    @cached_property
    def calls(self) -> dict[Span, ast.Call]:
        """Its calls by their spans."""
        return {self.span(node): node for node in self.nodes if isinstance(node, ast.Call)}

    @cached_property
    def loads(self) -> dict[str, list[ast.Name]]:
        """Where each name is looked up."""
        found: dict[str, list[ast.Name]] = {}
        for node in self.nodes:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                found.setdefault(node.id, []).append(node)
        return found

    @cached_property
    def bindings(self) -> dict[str, list[Binding]]:
        """All bindings of its global names."""
        return bindings_of(self.tree.body)

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """Which node each node is a part of."""
        return {child: node for node in self.nodes for child in children(node)}

    @cached_property
    def functions(self) -> dict[Span, FunctionNode]:
        """Its functions and lambdas by their spans, decorators included."""
        return {self.span(node): node for node in self.nodes if isinstance(node, FUNCTIONS)}

    @cached_property
    def unstable(self) -> frozenset[str]:
        """Names that functions rebind: ``global`` and ``nonlocal``."""
        return frozenset(
            name for node in self.nodes if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names
        )

    @cached_property
    def tampered(self) -> frozenset[str]:
        """Imported names (as the source calls them) that something is assigned into, or that are patched."""
        found: set[str] = set()
        for node in self.nodes:
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                found.add(root_of(node))
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFLECTIVE:
                found.update(root_of(arg) for arg in node.args[:1])
        return frozenset(found - {""})

    @cached_property
    def tampered_packages(self) -> frozenset[str]:
        """The top-level packages that something is assigned into."""
        found: set[str] = set()
        for node in self.nodes if self.tampered else ():
            if isinstance(node, ast.Import):
                names = [(a.asname or a.name.partition(".")[0], a.name) for a in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [(a.asname or a.name, node.module) for a in node.names]
            else:
                continue
            found.update(full.partition(".")[0] for name, full in names if name in self.tampered)
        return frozenset(found)

    @cached_property
    def is_reflective(self) -> bool:
        """Whether code of the module can change what its names mean in ways that aren't seen."""
        return any(map(self._reflects, self.nodes))

    def _reflects(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Name):
            return node.id == "__builtins__" or (node.id in REFLECTIVE and not self._is_harmless(node))
        if isinstance(node, ast.Attribute):
            return node.attr in ("__dict__", "__globals__", "__code__", "__builtins__") or (
                node.attr == "modules" and isinstance(node.value, ast.Name) and node.value.id == "sys"
            )
        if isinstance(node, ast.Import):
            return any(alias.name.startswith(PATCHING) for alias in node.names)
        return isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PATCHING)

    def _is_harmless(self, name: ast.Name) -> bool:
        """``setattr`` of a known object, and the usual ``globals()[dag_id] = dag``."""
        call = self.parents.get(name)
        if not isinstance(call, ast.Call) or call.func is not name:
            return False
        if name.id in ("setattr", "delattr"):
            return bool(call.args) and isinstance(call.args[0], ast.Name)  # that name counts as tampered
        outer = self.parents.get(call)
        if name.id != "globals" or not isinstance(outer, ast.Subscript):
            return False
        statement = self.parents.get(outer)
        if isinstance(outer.ctx, ast.Load):
            return True
        return isinstance(statement, ast.Assign) and "dag" in ast.unparse(statement).lower().replace("globals", "")

    @cached_property
    def stars(self) -> bool:
        """Whether names come from ``from x import *``: then any name may be one of them."""
        return any(isinstance(n, ast.ImportFrom) and n.names[0].name == "*" for n in self.nodes)

    @cached_property
    def changes_environment(self) -> bool:
        """Whether the module sets environment variables."""
        text = self.source.text
        return ("environ" in text and any(map(_sets_environment, self.nodes))) or "putenv" in text

    def span(self, node: ast.AST) -> Span:
        """Where a node stands, in characters from 1; of a function, its decorators included."""
        line, column = node.lineno, node.col_offset  # type: ignore[attr-defined]
        end_line, end_column = node.end_lineno, node.end_col_offset  # type: ignore[attr-defined]
        begin = self.source.column(line, column)
        decorators = getattr(node, "decorator_list", [])
        if decorators and decorators[0].lineno < line:
            line = decorators[0].lineno
            begin = max(1, self.source.column(line, decorators[0].col_offset) - 1)
        return line, begin, end_line, self.source.column(end_line, end_column)

    def enclosing(self, node: ast.AST) -> list[FunctionNode]:
        """The functions around a node, innermost first."""
        found: list[FunctionNode] = []
        place: ast.AST | None = self.parents.get(node)
        while place is not None:
            if isinstance(place, FUNCTIONS):
                found.append(place)
            place = self.parents.get(place)
        return found

    def is_only_read(self, *names: str) -> bool:
        """Whether a list or dict of these names is only ever looked at, so that it stays as it was written."""
        return all(self._looks_only(node) for node in self.nodes if _mentions(node, names))

    def _looks_only(self, node: ast.AST) -> bool:
        if not isinstance(getattr(node, "ctx", None), ast.Load):
            return isinstance(node, ast.Name)  # its bindings are counted elsewhere
        parent = self.parents.get(node)
        if isinstance(parent, ast.Subscript):
            return isinstance(parent.ctx, ast.Load) and parent.value is node
        if isinstance(parent, ast.Attribute):
            return parent.attr in READ_METHODS
        if isinstance(parent, ast.Call):
            return isinstance(parent.func, ast.Name) and parent.func.id in LOOKERS
        return isinstance(parent, ast.For | ast.comprehension | ast.Compare | ast.BinOp | ast.FormattedValue)


LOOKERS = frozenset({"len", "sorted", "enumerate", "zip", "list", "tuple", "set", "dict", "sum", "min", "max", "print"})


def _mentions(node: ast.AST, names: tuple[str, ...]) -> bool:
    return (isinstance(node, ast.Name) and node.id in names) or (isinstance(node, ast.Attribute) and node.attr in names)


def _sets_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return "environ" in ast.unparse(node.value)
    if isinstance(node, ast.Attribute) and node.attr in ("update", "setdefault", "pop", "clear"):
        return "environ" in ast.unparse(node.value)
    return isinstance(node, ast.alias) and "dotenv" in node.name


def root_of(node: ast.AST) -> str:
    """The name that a chain of attributes starts from; empty where it starts from something else."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


@lru_cache(maxsize=256)
def module_of(source: Source, name: str | None = None, package: str = "") -> Module | None:
    """The module of a source, parsed once; ``None`` where Python would refuse it."""
    try:
        return Module(source, parsed(source.text), name, package)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


# Nodes


def children(node: ast.AST) -> list[ast.AST]:
    """As ``ast.iter_child_nodes``, in half the time; without the contexts of names, which many nodes share."""
    found: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            found += [item for item in value if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
            found.append(value)
    return found


# Bindings


def bindings_of(body: list[ast.stmt]) -> dict[str, list[Binding]]:
    """The bindings of the names of one scope, those in inner blocks included, not those of inner functions."""
    found: dict[str, list[Binding]] = {}
    todo: list[ast.AST] = list(reversed(body))
    while todo:
        node = todo.pop()
        for name, binding in _bound_by(node):
            found.setdefault(name, []).append(binding)
        todo += reversed(_inner(node))
    return found


def _inner(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, SCOPES):
        return []  # a scope of its own
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        return [item for item in ast.walk(node) if isinstance(item, ast.NamedExpr)]
    return children(node)


def _bound_by(node: ast.AST) -> list[tuple[str, Binding]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return [(node.name, Binding("def", node))]
    if isinstance(node, ast.ClassDef):
        return [(node.name, Binding("class", node))]
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [(alias.asname or alias.name.partition(".")[0], alias) for alias in node.names]
        return [(name, Binding("import", node, alias)) for name, alias in names if name != "*"]
    if isinstance(node, ast.Assign):
        return [(item.id, Binding("assign", node, node.value)) for item in node.targets if isinstance(item, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [(node.target.id, Binding("assign", node, node.value))] if node.value is not None else []
    return _bound_otherwise(node)


def _bound_otherwise(node: ast.AST) -> list[tuple[str, Binding]]:
    """Bindings whose value isn't looked at: loops, ``with``, unpacking, patterns, ``globals()["x"] = ...``."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        return [(node.id, Binding("store", node))]
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        return [(node.name, Binding("other", node))]
    if isinstance(node, ast.MatchMapping) and node.rest:
        return [(node.rest, Binding("other", node))]
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        key = node.slice
        is_globals = isinstance(node.value, ast.Call) and root_of(node.value.func) in ("globals", "vars", "locals")
        if is_globals and isinstance(key, ast.Constant) and isinstance(key.value, str):
            return [(key.value, Binding("other", node))]
    return []


def single(bindings: list[Binding]) -> Binding | None:
    """The one binding that gives a name its meaning; ``None`` where there are several.

    A plain assignment is seen twice, as a statement and as its target.
    """
    real = [item for item in bindings if item.kind != "store"]
    stores = sum(item.kind == "store" for item in bindings)
    assigns = sum(item.kind == "assign" for item in real)
    if stores != assigns:
        return None
    if len(real) > 1:
        meant = [item for item in real if not _is_none(item)]
        real = meant if meant and all(item.kind == "import" for item in meant) else real
    return real[0] if len(real) == 1 else None


def _is_none(binding: Binding) -> bool:
    """``except ImportError: pandas = None``: where that happened, using the name fails."""
    return isinstance(binding.value, ast.Constant) and binding.value.value is None
