"""Modules of generated projects, read by ``ast``: names resolved to what they are bound to, once each."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from dagport.verify.targets.model import NotUnderstoodError

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
TIME_LIMIT = ".time_limits.time_limit"
MOST = 60  # characters of code in a message


@dataclass(frozen=True, slots=True)
class Module:
    """One file."""

    path: str
    tree: ast.Module
    imports: Mapping[str, str] = field(default_factory=dict)  # name -> what it is, qualified
    constants: Mapping[str, ast.expr] = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)
    classes: Mapping[str, ast.ClassDef] = field(default_factory=dict)
    calls: tuple[ast.Call, ...] = ()  # statements that are nothing but a call
    limits: Mapping[str, str] = field(default_factory=dict)  # function -> its ``@time_limit(...)``, taken off it

    @classmethod
    def parse(cls, path: str, text: str) -> Module:
        """A module of imports, definitions and constants. Raises ``NotUnderstoodError`` for one with other statements.

        A name that is bound twice isn't understood either.
        """
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError) as error:
            raise NotUnderstoodError(f"{path} can't be parsed: {error}") from None
        module = cls(path, tree)
        return module._filled()

    def _filled(self) -> Module:
        imports: dict[str, str] = {}
        constants: dict[str, ast.expr] = {}
        functions: dict[str, Function] = {}
        classes: dict[str, ast.ClassDef] = {}
        calls: list[ast.Call] = []
        bound: Counter[str] = Counter()
        for node in self.tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                found = dict(_imported(node))
                imports |= found
                bound.update(list(found))
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                functions[node.name] = node
                bound[node.name] += 1
            elif isinstance(node, ast.ClassDef):
                classes[node.name] = node
                bound[node.name] += 1
            elif (assigned := _assigned(node)) is not None:
                constants[assigned[0]] = assigned[1]
                bound[assigned[0]] += 1
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                calls.append(node.value)
            elif not _is_text(node):
                raise self.unclear(node, "a statement that isn't an import, a definition or a constant")
        twice = [name for name, count in bound.items() if count > 1]
        if twice:
            raise NotUnderstoodError(f"{self.path}: `{twice[0]}` is bound twice")
        module = Module(self.path, self.tree, imports, constants, functions, classes, tuple(calls))
        return replace(module, limits=dict(module._taken_off()))

    def _taken_off(self) -> Iterator[tuple[str, str]]:
        """The time limits below other decorators."""
        for name, function in self.functions.items():
            last = function.decorator_list[-1] if len(function.decorator_list) > 1 else None
            if isinstance(last, ast.Call) and (self.qualified(last.func) or "").endswith(TIME_LIMIT):
                yield name, ast.unparse(last)
                function.decorator_list = function.decorator_list[:-1]

    def limit(self, function: Function) -> tuple[tuple[str, str], ...]:
        """The time limit of a function, as a setting."""
        return (("time limit", self.limits[function.name]),) if function.name in self.limits else ()

    def place(self, node: ast.AST) -> str:
        """Where something stands."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"

    def unclear(self, node: ast.AST, what: str) -> NotUnderstoodError:
        """The error that a piece of code isn't understood."""
        text = " ".join(ast.unparse(node).split())
        return NotUnderstoodError(f"{self.place(node)}: {what}: {text[:MOST]}{'...' if len(text) > MOST else ''}")

    def qualified(self, node: ast.AST) -> str | None:
        """What a dotted name stands for: ``dg.asset`` is ``dagster.asset``."""
        if isinstance(node, ast.Name):
            return self.imports.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            base = self.qualified(node.value)
            return f"{base}.{node.attr}" if base else None
        return None

    def resolved(self, node: ast.expr) -> ast.expr:
        """What a name of a constant is bound to; anything else as it is."""
        seen: set[str] = set()
        while isinstance(node, ast.Name) and node.id in self.constants and node.id not in seen:
            seen.add(node.id)
            node = self.constants[node.id]
        return node

    def literal(self, node: ast.expr) -> object:
        """The value of a literal, or of a constant that is one. Raises ``NotUnderstoodError``."""
        node = self.resolved(node)
        try:
            value: object = ast.literal_eval(node)
        except ValueError:
            raise self.unclear(node, "a value that isn't written out") from None
        return value

    def text(self, node: ast.expr) -> str:
        """A text. Raises ``NotUnderstoodError``."""
        value = self.literal(node)
        if not isinstance(value, str):
            raise self.unclear(node, "no text")
        return value

    def arguments(self, call: ast.Call, positional: tuple[str, ...] = ()) -> dict[str, ast.expr]:
        """The arguments of a call by name. Raises ``NotUnderstoodError`` for stars and for too many positional ones."""
        stars = any(isinstance(item, ast.Starred) for item in call.args) or any(
            one.arg is None for one in call.keywords
        )
        if stars or len(call.args) > len(positional):
            raise self.unclear(call, "arguments that aren't named")
        found = dict(zip(positional, call.args, strict=False))
        return found | {one.arg: one.value for one in call.keywords if one.arg is not None}


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            first = alias.name.partition(".")[0]
            yield (alias.asname, alias.name) if alias.asname else (first, first)
        return
    module = f"{'.' * node.level}{node.module or ''}"
    for alias in node.names:
        yield alias.asname or alias.name, f"{module}.{alias.name}"


def _assigned(node: ast.stmt) -> tuple[str, ast.expr] | None:
    """The name and value of an assignment to one name."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, node.value
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        return node.target.id, node.value
    return None


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
