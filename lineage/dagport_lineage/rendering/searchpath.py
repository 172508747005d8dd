"""The folders of ``template_searchpath``, as far as a DAG file says them by its own place.

The graph doesn't keep them. Read are expressions of ``__file__``, ``os.path``, ``pathlib`` and texts, such as
``os.path.join(os.path.dirname(__file__), "sql")``; where any other folder lies in the project isn't known.
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable, Mapping
from functools import lru_cache

from dagport.source import parsed

ARGUMENT = "template_searchpath"
SAME = frozenset({"Path", "PurePath", "abspath", "realpath", "str"})  # functions that leave a path what it is
SAME_METHODS = frozenset({"absolute", "as_posix", "resolve"})
FILE = "__file__"
DEEPEST = 30

Folder = str | None
"""A folder of the project; ``None``: not known."""


@lru_cache(maxsize=64)
def search_folders(text: str, file: str) -> tuple[Folder, ...] | None:
    """The folders that the DAGs of a file are given, in their order; ``None`` where no DAG says any, or they differ.

    ``file`` is the file's path in the project.
    """
    try:
        tree = parsed(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    given = [node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == ARGUMENT]
    if len({ast.dump(value) for value in given}) != 1:
        return None
    constants = _constants(tree)
    if FILE in constants:
        return None
    reader = _Reader(file, constants)
    value = reader.behind(given[0])
    items = value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
    return tuple(_inside(reader.path(item, 0)) for item in items)


def _inside(path: str | None) -> Folder:
    """A normal path in the project; ``None`` for one that leads out of it."""
    if path is None or path.startswith("/"):
        return None
    normal = posixpath.normpath(path) if path else ""
    return None if normal == ".." or normal.startswith("../") else "" if normal == "." else normal


def _constants(tree: ast.Module) -> Mapping[str, ast.expr]:
    """The module's names that are bound once in the whole file, and to what."""
    bound = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    bound += [node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)]
    return {
        statement.targets[0].id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        and len(statement.targets) == 1
        and isinstance(statement.targets[0], ast.Name)
        and bound.count(statement.targets[0].id) == 1
    }


class _Reader:
    """Paths relative to the project's root that expressions give; ``None`` where they give another, or none."""

    def __init__(self, file: str, constants: Mapping[str, ast.expr]) -> None:
        self.file = file
        self.constants = constants

    def behind(self, node: ast.expr) -> ast.expr:
        """What a name is bound to, where it is one."""
        return self.constants.get(node.id, node) if isinstance(node, ast.Name) else node

    def path(self, node: ast.expr, depth: int) -> str | None:
        if depth > DEEPEST:
            return None
        for kind, form in self._forms().items():
            if isinstance(node, kind):
                return form(node, depth + 1)
        return None

    def _forms(self) -> Mapping[type[ast.expr], Callable[..., str | None]]:
        return {
            ast.Name: self._name,
            ast.Call: self._call,
            ast.Attribute: self._attribute,
            ast.BinOp: self._operation,
            ast.JoinedStr: self._text,
        }

    def _name(self, node: ast.Name, depth: int) -> str | None:
        if node.id == FILE:
            return self.file
        return self.path(self.constants[node.id], depth) if node.id in self.constants else None

    def _attribute(self, node: ast.Attribute, depth: int) -> str | None:
        inner = self.path(node.value, depth) if node.attr == "parent" else None
        return None if inner is None else _parent(inner)

    def _operation(self, node: ast.BinOp, depth: int) -> str | None:
        inner, text = self.path(node.left, depth), _constant(node.right)
        if inner is None or text is None:
            return None
        if isinstance(node.op, ast.Div):
            return posixpath.join(inner, text)
        return inner + text if isinstance(node.op, ast.Add) and text.startswith("/") else None

    def _text(self, node: ast.JoinedStr, depth: int) -> str | None:
        first, *rest = node.values
        inner = (
            self.path(first.value, depth) if isinstance(first, ast.FormattedValue) and not first.format_spec else None
        )
        texts = [_constant(part) for part in rest]
        more = "".join(text for text in texts if text is not None)
        return None if inner is None or None in texts or (more and not more.startswith("/")) else inner + more

    def _call(self, node: ast.Call, depth: int) -> str | None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if node.keywords or any(isinstance(item, ast.Starred) for item in node.args):
            return None
        if isinstance(node.func, ast.Attribute) and name in (*SAME_METHODS, "joinpath"):
            inner, texts = self.path(node.func.value, depth), [_constant(item) for item in node.args]
            return None if inner is None else _joined(inner, texts)
        if not node.args:
            return None
        inner, texts = self.path(node.args[0], depth), [_constant(item) for item in node.args[1:]]
        if inner is None or (name in (*SAME, "dirname") and texts):
            return None
        if name == "dirname":
            return _parent(inner)
        return _joined(inner, texts) if name in (*SAME, "join") else None


def _parent(path: str) -> str | None:
    """The folder that a path lies in; ``None`` for the project's own."""
    normal = posixpath.normpath(path) if path else ""
    return posixpath.dirname(normal) if normal not in ("", ".") and not normal.startswith("..") else None


def _joined(path: str, texts: list[str | None]) -> str | None:
    known = [text for text in texts if text is not None]
    return posixpath.join(path, *known) if len(known) == len(texts) else None


def _constant(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
