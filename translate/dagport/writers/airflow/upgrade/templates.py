"""Jinja in the texts of the file: names that Airflow 3 hasn't, replaced in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import libcst as cst

from dagport.graph import Task
from dagport.passes.templates import MARKS, refs
from dagport.values import Call, Template, Value
from dagport.writers.airflow.upgrade import keys
from dagport.writers.airflow.upgrade.file import File, Finding

RUN, INSTANCE = "dag_run", ("ti", "task_instance")
OLD = frozenset({*keys.REPLACED, *keys.LOST})
TEMPLATE_FILES = (".sql", ".hql", ".sh", ".bash", ".j2", ".jinja")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a template that is replaced: its place, and what comes there."""

    start: int
    end: int
    text: str


def upgrade_templates(file: File) -> None:
    """Change the texts that are templates of tasks, by what the graph says, and tell of those that can't be changed."""
    old: dict[str, list[Task]] = {}
    for pipeline in file.graph.pipelines:
        for task in pipeline.tasks:
            for text in _templates(task):
                if _old_names(text):
                    old.setdefault(text, []).append(task)
            _tell_files(file, task)
    done: set[str] = set()
    for node in _literals(file):
        value = node.evaluated_value
        if isinstance(value, str) and any(mark in value for mark in MARKS):
            tasks = frozenset(task.id for text, users in old.items() if value in text for task in users)
            if tasks and _literal(file, node, tasks):
                done.add(value)
    for text, users in old.items():
        for task in users:
            names = ", ".join(sorted(_old_names(_without(text, done))))
            if names and task.span is not None:
                message = f"a template of the task {task.id!r} uses {names}, in a text that is put together"
                file.findings.append(Finding("DP431", message, task.span))


def _literals(file: File) -> Iterator[cst.SimpleString | cst.ConcatenatedString]:
    """Every text as it stands; of adjacent ones all together."""
    for node in file.nodes(cst.ConcatenatedString):
        if not isinstance(file.tree.parent(node), cst.ConcatenatedString):
            yield node
    for single in file.nodes(cst.SimpleString):
        if not isinstance(file.tree.parent(single), cst.ConcatenatedString):
            yield single


def _without(text: str, pieces: set[str]) -> str:
    for piece in sorted(pieces, key=len, reverse=True):
        text = text.replace(piece, "")
    return text


def _values(task: Task) -> Iterator[Value]:
    """Every value inside a task's arguments."""
    values: list[Value] = [*task.arguments.values(), *(task.mapped.over.values() if task.mapped else ())]
    while values:
        value = values.pop()
        yield value
        if isinstance(value, Mapping):
            values += value.values()
        elif isinstance(value, Call):
            values += [*value.args, *value.kwargs.values()]
        elif isinstance(value, Sequence) and not isinstance(value, str):
            values += value


def _templates(task: Task) -> Iterator[str]:
    return (value.text for value in _values(task) if isinstance(value, Template))


def _tell_files(file: File, task: Task) -> None:
    """Templates that lie in files of their own aren't changed."""
    for value in _values(task):
        if isinstance(value, str) and value.endswith(TEMPLATE_FILES) and task.span is not None and " " not in value:
            message = f"the template file {value!r} isn't changed: names that Airflow 3 hasn't fail there"
            file.findings.append(Finding("DP430", message, task.span, frozenset({task.id})))


def _old_names(text: str) -> set[str]:
    found = refs(text) or ()
    return {name for name in found if name in OLD or name.endswith(".execution_date")}


def _literal(file: File, node: cst.SimpleString | cst.ConcatenatedString, tasks: frozenset[str]) -> bool:
    """Change one text; whether that could be done."""
    parts = _parts(node)
    if parts is None:
        return False
    raws = [_raw(part) for part in parts]
    found = _upgraded("".join(raws))
    if found is None:
        return False
    pieces, names = found
    at = 0
    for part, raw in zip(parts, raws, strict=True):
        start = file.tree.start(part) + len(part.prefix) + len(part.quote)
        own = [piece for piece in pieces if at <= piece.start and piece.end <= at + len(raw)]
        for piece in own:
            file.edits.replace(start + piece.start - at, start + piece.end - at, _quoted(piece.text, part, raw))
        pieces = [piece for piece in pieces if piece not in own]
        at += len(raw)
    _tell(file, node, names, tasks)
    return not pieces


def _parts(node: cst.SimpleString | cst.ConcatenatedString) -> list[cst.SimpleString] | None:
    """The texts that stand beside each other; ``None`` where one of them is computed."""
    if isinstance(node, cst.SimpleString):
        return [node]
    left, right = node.left, node.right
    if not isinstance(left, cst.SimpleString) or isinstance(right, cst.FormattedString):
        return None
    rest = _parts(right) if isinstance(right, cst.SimpleString | cst.ConcatenatedString) else None
    return None if rest is None else [left, *rest]


def _raw(node: cst.SimpleString) -> str:
    return node.value[len(node.prefix) + len(node.quote) : -len(node.quote)]


def _quoted(text: str, node: cst.SimpleString, raw: str) -> str:
    """A piece of ours with the quotes that the text around it leaves free."""
    return text.replace('"', "'") if node.quote == '"' and '"' not in raw else text


def _tell(file: File, node: cst.CSTNode, names: Sequence[str], tasks: frozenset[str]) -> None:
    for name in names:
        if name in keys.LOST:
            file.say("DP431", keys.GONE.format(name=name, what=keys.LOST[name]), node, tasks)
        elif keys.REPLACED[name].manual:
            file.say("DP430", keys.MANUAL.format(name=name, base=keys.REPLACED[name].base), node, tasks)


def _upgraded(raw: str) -> tuple[list[Piece], list[str]] | None:
    """What to replace, and which names were found; ``None`` where Jinja doesn't understand the text."""
    from jinja2 import Environment, TemplateSyntaxError

    if "\r" in raw:
        return None
    environment = Environment(keep_trailing_newline=True, extensions=["jinja2.ext.do"])  # noqa: S701 - nothing is rendered
    try:
        tokens = [(kind, text) for _, kind, text in environment.lex(raw)]
    except TemplateSyntaxError:
        return None
    if "".join(text for _, text in tokens) != raw:
        return None
    return _replaced(_Tokens(tokens))


class _Tokens:
    """The tokens of a template without white space, each with its place."""

    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        at, self.all = 0, list[tuple[str, str, int]]()
        for kind, text in tokens:
            if kind != "whitespace":
                self.all.append((kind, text, at))
            at += len(text)

    def text(self, index: int) -> str:
        """The text of a token; empty beyond the ends."""
        return self.all[index][1] if 0 <= index < len(self.all) else ""

    def piece(self, first: int, last: int, text: str) -> Piece:
        """Another text in place of some tokens."""
        return Piece(self.all[first][2], self.all[last][2] + len(self.all[last][1]), text)


def _replaced(tokens: _Tokens) -> tuple[list[Piece], list[str]] | None:
    pieces: list[Piece] = []
    names: list[str] = []
    for index, (kind, name, _) in enumerate(tokens.all):
        if kind != "name" or name not in OLD:
            continue
        before, after = tokens.text(index - 1), tokens.text(index + 1)
        if before == "set" or (after == "=" and before in ("(", ",")):
            return None
        if before == ".":
            pieces += _attribute(tokens, index)
        elif before != "|":
            names.append(name)
            new = keys.REPLACED.get(name)
            if new is not None:
                text = new.jinja.format(new.base)
                alone = before == "{{" and after == "}}" and text.startswith("(")
                pieces.append(tokens.piece(index, index, text[1:-1] if alone else text))
    return pieces, names


def _attribute(tokens: _Tokens, index: int) -> list[Piece]:
    """``dag_run.execution_date`` and ``ti.execution_date``, which are both the logical date."""
    if tokens.text(index) != "execution_date":
        return []
    if tokens.text(index - 2) == RUN:
        return [tokens.piece(index, index, "logical_date")]
    return [tokens.piece(index - 2, index, "logical_date")] if tokens.text(index - 2) in INSTANCE else []
