"""What the writer has to know about pieces of Python text: names, annotations, where a body starts."""

from __future__ import annotations

import ast
import inspect
import io
import textwrap
import tokenize
from collections.abc import Iterable, Iterator
from functools import cache

from dagport.source import parsed, parsed_expression
from dagport.writers.common.model import Chunk
from dagport.writers.common.naming import BUILTINS


@cache
def identifiers(text: str) -> frozenset[str]:
    """Every name that a piece of code uses or binds, attributes and keywords left out."""
    try:
        tree = parsed(textwrap.dedent(text))
    except SyntaxError:
        # A lambda cut out of a call, for instance: every word counts.
        return frozenset(_words(text))
    return frozenset(_names(tree))


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names


def _words(text: str) -> Iterator[str]:
    word = ""
    for char in text:
        if char.isalnum() or char == "_":
            word += char
            continue
        yield word
        word = ""
    yield word


def annotations_resolve(imports: Iterable[str], definitions: Iterable[str]) -> bool:
    """Whether every name in the annotations of some definitions is there when they are executed, in this order."""
    known = set(BUILTINS | bound_names(imports))
    for definition in definitions:
        try:
            tree = parsed(textwrap.dedent(definition))
        except SyntaxError:
            return False
        for annotation in _annotations(tree):
            if any(isinstance(node, ast.Name) and node.id not in known for node in ast.walk(annotation)):
                return False
        known.update(_bound(tree.body))
    return True


def _annotations(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            yield node.annotation
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
            yield node.returns


def bound_names(statements: Iterable[str]) -> frozenset[str]:
    """The names that some module-level statements bind."""
    found: set[str] = set()
    for statement in statements:
        found.update(_bound(ast.parse(textwrap.dedent(statement)).body))
    return frozenset(found)


def _bound(body: Iterable[ast.stmt]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield statement.name
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
            elif isinstance(node, ast.alias):
                yield (node.asname or node.name).partition(".")[0]
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield node.name


def imported_roots(imports: Iterable[str]) -> frozenset[str]:
    """The top-level modules of some import statements."""
    found: set[str] = set()
    for node in ast.walk(ast.parse("\n".join(imports))):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return frozenset(found - {"__future__"})


def is_rebound(function: str, names: Iterable[str]) -> str | None:
    """The first of a function's parameters that its body binds anew."""
    wanted = set(names)
    for node in ast.walk(ast.parse(function)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del) and node.id in wanted:
            return node.id
    return None


def annotated_class(annotation: str) -> str | None:
    """The bare name of the class that an annotation is, ``dict`` for ``Dict[str, int]``; ``None`` for a union."""
    try:
        node: ast.expr = parsed_expression(annotation.strip().strip("\"'")).body
    except SyntaxError:
        return None
    node = node.value if isinstance(node, ast.Subscript) else node
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None


def returned_keys(function: str) -> dict[str, bool] | None:
    """The keys of the dict that every ``return`` of a function writes out; ``None`` when they aren't all plain."""
    tree = ast.parse(textwrap.dedent(function))
    if not tree.body or not isinstance(tree.body[0], ast.FunctionDef):
        return None
    definition = tree.body[0]
    returns = list(_returns(definition.body))
    if not returns or not isinstance(definition.body[-1], ast.Return | ast.Raise):
        return None
    found: set[str] | None = None
    for statement in returns:
        keys = _plain_keys(statement.value)
        if keys is None:
            return None
        found = keys if found is None else found & keys
    return dict.fromkeys(sorted(found or ()), True)


def _returns(body: Iterable[ast.AST]) -> Iterator[ast.Return]:
    for node in body:
        if isinstance(node, ast.Return):
            yield node
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from _returns(ast.iter_child_nodes(node))


def _plain_keys(value: ast.expr | None) -> set[str] | None:
    if not isinstance(value, ast.Dict):
        return None
    keys = [key.value for key in value.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    return set(keys) if len(keys) == len(value.keys) else None


def returns_nothing_somewhere(function: str) -> bool:
    """Whether a function plainly gives ``None`` on some path: a bare ``return``, or falling off its end."""
    tree = ast.parse(textwrap.dedent(function))
    definition = tree.body[0] if tree.body else None
    if not isinstance(definition, ast.FunctionDef):
        return False
    bare = any(
        item.value is None or (isinstance(item.value, ast.Constant) and item.value.value is None)
        for item in _returns(definition.body)
    )
    return bare or not _always_leaves(definition.body)


def _always_leaves(body: list[ast.stmt]) -> bool:
    """Whether control never runs off the end of some statements, as far as their form shows."""
    last = body[-1]
    if isinstance(last, ast.Return | ast.Raise):
        return True
    if isinstance(last, ast.If):
        return bool(last.orelse) and _always_leaves(last.body) and _always_leaves(last.orelse)
    if isinstance(last, ast.With):
        return _always_leaves(last.body)
    if isinstance(last, ast.Try):
        handlers = all(_always_leaves(handler.body) for handler in last.handlers)
        return (handlers and _always_leaves(last.orelse or last.body)) or bool(
            last.finalbody and _always_leaves(last.finalbody)
        )
    return False


def split_comments(function: str) -> tuple[str, str]:
    """The comment lines before a definition, and the definition."""
    lines = function.splitlines(keepends=True)
    count = next((index for index, line in enumerate(lines) if line.strip() and not line.startswith("#")), 0)
    return "".join(lines[:count]).strip("\n"), "".join(lines[count:])


def docstring(text: str) -> str | None:
    """A text as a docstring, its lines not indented; ``None`` for one that a docstring can't hold as it is."""
    lines = inspect.cleandoc(text).strip().split("\n")
    if not all(line.isprintable() for line in lines) or not any(lines):
        return None
    escaped = "\n".join(line.rstrip() for line in lines).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    end = "\n" if len(lines) > 1 or escaped.endswith('"') else ""
    return f'"""{escaped}{end}"""'


def with_docstring(function: str, doc: str) -> str | None:
    """A generated function, its head on one line, with a docstring; ``None`` when the text can't be one."""
    text = docstring(doc)
    if text is None:
        return None
    head, _, body = function.partition("\n")
    return f"{head}\n{textwrap.indent(text, '    ')}\n{body}"


def split_body(function: str, marker: str) -> tuple[str, Chunk] | None:
    """A function's head with a marker in place of its body; ``None`` when the body is on the head's line."""
    lines = function.splitlines(keepends=True)
    end = _head_end(function)
    if end is None or end >= len(lines):
        return None
    head, body = "".join(lines[:end]), "".join(lines[end:]).strip("\n")
    if not body.strip():
        return None
    return f"{head.rstrip()}\n    pass  # {marker}", Chunk(marker=marker, text=body)


def _head_end(function: str) -> int | None:
    """The number of lines of a definition's head, ``None`` when something follows the colon."""
    depth, inside = 0, False
    tokens = list(tokenize.generate_tokens(io.StringIO(function).readline))
    for index, token in enumerate(tokens):
        if token.type == tokenize.NAME and token.string == "def" and depth == 0:
            inside = True
        elif token.type == tokenize.OP and token.string in "([{":
            depth += 1
        elif token.type == tokenize.OP and token.string in ")]}":
            depth -= 1
        elif inside and depth == 0 and token.type == tokenize.OP and token.string == ":":
            following = tokens[index + 1]
            return token.end[0] if following.type in (tokenize.NEWLINE, tokenize.COMMENT) else None
    return None
