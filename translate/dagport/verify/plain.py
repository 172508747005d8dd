"""Operators of the project itself that skip no other tasks: their classes are read, never imported."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from dagport.readers.airflow import operators
from dagport.translation import Document

SKIPPERS = frozenset({"SkipMixin", "skip", "skip_all_except", "set_state"})
"""What a class has to name to skip others: ``airflow.models.skipmixin`` and ``TaskInstance``."""


def plain_operators(documents: Iterable[Document], root: Path) -> frozenset[str]:
    """The qualified names of the project's classes among the tasks' operators that certainly skip nothing else.

    Such a class derives from operators of Airflow that don't (or from another such class of its module), and nothing
    in its module names what would skip.
    """
    found = set()
    for document in documents:
        names = {task.operator for pipeline in document.graph.pipelines for task in pipeline.tasks}
        for name in names:
            if not name.startswith("airflow.") and _is_plain(name, document, root):
                found.add(name)
    return frozenset(found)


def _is_plain(name: str, document: Document, root: Path) -> bool:
    module, _, class_name = name.rpartition(".")
    text = _text(module, document, root)
    tree = _parsed(text) if text is not None else None
    if tree is None or any(one in SKIPPERS for one in _identifiers(tree)):
        return False
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    return _derives_plainly(class_name, classes, dict(_imports(tree)), frozenset())


def _text(module: str, document: Document, root: Path) -> str | None:
    """The module's text: the file of the DAG, or one beside or above it below the root."""
    path = Path(document.source.file or document.source.path)
    if module.rpartition(".")[2] == path.stem:
        return document.source.text
    file = (root / path).resolve()
    for folder in file.parents:
        if not folder.is_relative_to(root.resolve()):
            return None
        found = folder / f"{module.replace('.', '/')}.py"
        if found.is_file():
            return found.read_text("utf-8", "replace")
    return None


@cache
def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def _identifiers(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name.rpartition(".")[2]


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The qualified name of each name that is imported at the top."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((one.asname or one.name, f"{node.module}.{one.name}") for one in node.names)
        elif isinstance(node, ast.Import):
            yield from ((one.asname or one.name, one.name) for one in node.names)


def _derives_plainly(
    name: str, classes: dict[str, ast.ClassDef], imports: dict[str, str], seen: frozenset[str]
) -> bool:
    if name in seen:
        return False
    if name in classes:
        bases = [ast.unparse(base) for base in classes[name].bases]
        return bool(bases) and all(_derives_plainly(base, classes, imports, seen | {name}) for base in bases)
    first, dot, rest = name.partition(".")
    entry = operators.find(f"{imports.get(first, first)}{dot}{rest}")
    return entry is not None and entry.parameters is not None and not entry.skips
