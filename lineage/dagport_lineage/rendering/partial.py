"""Templates rendered piece by piece: what is known is carried out, the rest stays as it is written.

Jinja's own lexer cuts the text; each piece is then a template of its own to ``Known``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from dagport.passes.templates import LONGEST, has_template
from dagport.readers.airflow.signatures import CONTEXT_KEYS
from dagport_lineage.model import Unresolved
from dagport_lineage.rendering.context import Known

if TYPE_CHECKING:
    from jinja2 import Environment

MAX_PASSES = 1_000  # of loops and pieces that are rendered, in one text
MAX_TEXT = 1_000_000  # characters of the result
MAX_TAG = 5_000  # characters between ``{%`` and ``%}``
TAG = re.compile(r"\w+")
CONDITION = re.compile(r"(?:el)?if\s+(.+)", re.DOTALL)
LOOP = re.compile(r"for\s+([\w\s,()]+?)\s+in\s+(.+)", re.DOTALL)
ASSIGNMENT = re.compile(r"set\s+(\w+)\s*=\s*(.+)", re.DOTALL)
TRUE = "1"
CONTEXT = CONTEXT_KEYS | {"conn", "dag", "macros", "params", "task", "ti", "var"}  # names that Airflow gives

Cut: TypeAlias = Literal["text", "value", "tag"]


class NotCut(Exception):  # noqa: N818 - an answer, not an error
    """A template with something in it that isn't rendered in part."""


# The tree of a template


@dataclass(frozen=True, slots=True)
class Text:
    """A piece that is rendered as a whole, or left: text, a comment, ``{{ ... }}``."""

    raw: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """``{% set name = ... %}``."""

    raw: str
    name: str
    value: str


@dataclass(slots=True)
class Branch:
    """A tag, the expression in it, and what follows until the next one."""

    raw: str
    test: str | None  # None: of an else
    body: list[Piece] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Condition:
    """``{% if %}`` with its branches."""

    branches: tuple[Branch, ...]
    end: str


@dataclass(frozen=True, slots=True)
class Loop:
    """``{% for %}`` without an ``else``."""

    raw: str
    names: tuple[str, ...]
    over: str
    body: tuple[Piece, ...]
    end: str


Piece: TypeAlias = Text | Assignment | Condition | Loop


@cache
def _environment() -> Environment:
    from jinja2 import Environment

    return Environment(autoescape=False, extensions=["jinja2.ext.do"])  # noqa: S701 - only its lexer is used


def _cuts(text: str) -> Iterator[tuple[Cut, str]]:
    """The pieces of a template in their order. Raises ``NotCut``."""
    from jinja2 import TemplateSyntaxError

    parts: list[str] = []
    is_open = False
    try:
        for _, kind, value in _environment().lexer.tokeniter(text, None):
            if kind.startswith("raw"):
                raise NotCut
            if kind in ("variable_begin", "block_begin", "comment_begin"):
                parts, is_open, value = [], True, value.rstrip("-+")
            elif kind in ("variable_end", "block_end", "comment_end"):
                is_open, value = False, value.strip().lstrip("-+")
            parts.append(value)
            if kind == "data":
                yield "text", value
            elif kind in ("variable_end", "comment_end"):
                yield "value", "".join(parts)
            elif kind == "block_end":
                yield "tag", "".join(parts)
    except TemplateSyntaxError:
        raise NotCut from None
    if is_open:
        raise NotCut


def _tree(text: str) -> list[Piece]:
    cuts = list(_cuts(text))[::-1]
    pieces, end = _pieces(cuts)
    if end is not None:
        raise NotCut
    return pieces


def _pieces(cuts: list[tuple[Cut, str]]) -> tuple[list[Piece], str | None]:
    """The pieces up to a tag that belongs to what is around them, and that tag."""
    found: list[Piece] = []
    while cuts:
        kind, raw = cuts.pop()
        if kind != "tag":
            found.append(Text(raw))
            continue
        name = _tag(raw)
        if len(raw) > MAX_TAG:
            raise NotCut
        if name in ("elif", "else", "endif", "endfor"):
            return found, raw
        if name not in STATEMENTS:
            raise NotCut
        found.append(STATEMENTS[name](raw, cuts))
    return found, None


def _inner(raw: str) -> str:
    return raw[2:-2].strip()


def _tag(raw: str) -> str:
    found = TAG.match(_inner(raw))
    return found[0] if found else ""


def _assignment(raw: str, _: list[tuple[Cut, str]]) -> Piece:
    found = ASSIGNMENT.fullmatch(_inner(raw))
    if found is None or found[1] in CONTEXT:  # what Jinja takes that name for elsewhere depends on what stands before
        raise NotCut
    return Assignment(raw, found[1], found[2])


def _condition(raw: str, cuts: list[tuple[Cut, str]]) -> Piece:
    branches: list[Branch] = []
    tag: str | None = raw
    while tag is not None and _tag(tag) != "endif":
        test = CONDITION.fullmatch(_inner(tag))
        if test is None and _tag(tag) != "else":
            raise NotCut
        body, following = _pieces(cuts)
        branches.append(Branch(tag, test[1] if test else None, body))
        tag = following
    if tag is None:
        raise NotCut
    return Condition(tuple(branches), tag)


def _loop(raw: str, cuts: list[tuple[Cut, str]]) -> Piece:
    found = LOOP.fullmatch(_inner(raw))
    body, end = _pieces(cuts)
    if found is None or end is None or _tag(end) != "endfor":
        raise NotCut
    return Loop(raw, tuple(re.findall(r"\w+", found[1])), found[2], tuple(body), end)


STATEMENTS = {"for": _loop, "if": _condition, "set": _assignment}


# Rendering


Chunk: TypeAlias = str | Assignment
"""A part of the result: text, Jinja that stays, or a name that is bound to what is known."""


def render_parts(text: str, known: Known) -> str:
    """A template with what is known in it carried out; the same text where it can't be cut into pieces."""
    if len(text) > LONGEST:
        return text
    try:
        return _joined(_Renderer(known).all_of(_tree(text), {}, set()))
    except NotCut:
        return text


def _joined(chunks: Sequence[Chunk]) -> str:
    """The text of chunks. Of the names bound to what is known, those stay that Jinja which stays may ask for."""
    staying = [chunk if isinstance(chunk, str) else chunk.raw for chunk in chunks]
    words = [set(TAG.findall(raw)) if has_template(raw) else set() for raw in staying]
    parts: list[str] = []
    for index, chunk in enumerate(chunks):
        others = (word for place, word in enumerate(words) if place != index)
        if isinstance(chunk, str) or any(chunk.name in word for word in others):
            parts.append(staying[index])
    return _bounded("".join(parts))


def _bounded(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise NotCut
    return text


def _as_it_is(chunks: Sequence[Chunk]) -> str:
    return _bounded("".join(chunk if isinstance(chunk, str) else chunk.raw for chunk in chunks))


class _Renderer:
    """Renders the pieces of one template; names that it binds are known (``own``) unless they are ``lost``."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.passes = 0

    def all_of(self, pieces: Sequence[Piece], own: dict[str, Any], lost: set[str]) -> list[Chunk]:
        chunks: list[Chunk] = []
        for piece in pieces:
            self.passes += 1
            if self.passes > MAX_PASSES:
                raise NotCut
            if isinstance(piece, Text):
                chunks.append(self._text(piece.raw, own, lost))
            elif isinstance(piece, Assignment):
                chunks.append(self._assign(piece, own, lost))
            elif isinstance(piece, Condition):
                chunks += self._choose(piece, own, lost)
            else:
                chunks.append(self._repeat(piece, own, lost))
        return chunks

    def _text(self, raw: str, own: dict[str, Any], lost: set[str]) -> str:
        if not raw.startswith("{{"):
            return raw
        found = self._rendered(raw, own, lost)
        return raw if found is None or has_template(found) else found

    def _rendered(self, template: str, own: dict[str, Any], lost: set[str]) -> str | None:
        if not lost.isdisjoint(TAG.findall(template)):
            return None
        # a piece that ends with a line keeps it: Jinja drops the last one
        found = self.known.render(f"{template}.", own)
        return None if isinstance(found, Unresolved) else found[:-1]

    def _value(self, expression: str, own: dict[str, Any], lost: set[str]) -> Any:
        """The data that an expression gives; ``Unresolved`` where that isn't known."""
        found = self._rendered("{{ (" + expression + ") | tojson }}", own, lost)
        if found is None:
            return Unresolved("template", "it isn't known")
        return json.loads(found)

    def _assign(self, piece: Assignment, own: dict[str, Any], lost: set[str]) -> Chunk:
        value = self._value(piece.value, own, lost)
        if isinstance(value, Unresolved):
            lost.add(piece.name)
            return piece.raw
        lost.discard(piece.name)
        own[piece.name] = value
        return piece

    def _choose(self, piece: Condition, own: dict[str, Any], lost: set[str]) -> list[Chunk]:
        for index, branch in enumerate(piece.branches):
            if branch.test is None:
                return self.all_of(branch.body, own, lost)
            truth = self._rendered("{% if " + branch.test + " %}" + TRUE + "{% endif %}", own, lost)
            if truth is None:
                return [self._undecided(piece.branches[index:], piece.end, own, lost)]
            if truth == TRUE:
                return self.all_of(branch.body, own, lost)
        return []

    def _undecided(self, branches: Sequence[Branch], end: str, own: dict[str, Any], lost: set[str]) -> str:
        """Branches of which it isn't known which one is taken: all stay, and what any of them binds isn't known."""
        parts: list[str] = []
        changed: set[str] = set()
        for index, branch in enumerate(branches):
            raw = re.sub(r"\belif\b", "if", branch.raw, count=1) if index == 0 else branch.raw
            parts += [raw, _as_it_is(self.all_of(branch.body, dict(own), set(lost)))]
            changed |= _bound(branch.body)
        lost |= changed
        return "".join(parts) + end

    def _repeat(self, piece: Loop, own: dict[str, Any], lost: set[str]) -> str:
        inner = {*piece.names, "loop"}
        items = self._value(f"({piece.over}) | list", own, lost) if " if " not in piece.over else None
        if isinstance(items, list) and all(_fits(item, piece.names) for item in items):
            done = self._unrolled(piece, items, own, lost - inner)
            if done is not None:
                return done
        free = {name: value for name, value in own.items() if name not in inner}
        body = self.all_of(piece.body, free, lost | inner | _bound(piece.body))
        return piece.raw + _as_it_is(body) + piece.end

    def _unrolled(self, piece: Loop, items: list[Any], own: dict[str, Any], lost: set[str]) -> str | None:
        """All passes of a loop; ``None`` where Jinja that stays may ask for a name that only the loop binds."""
        bound_inside = {*piece.names, "loop", *_bound(piece.body)}
        parts: list[str] = []
        for index, item in enumerate(items):
            bound = dict(zip(piece.names, item if len(piece.names) > 1 else [item], strict=True))
            chunks = self.all_of(piece.body, {**own, **bound, "loop": _state(index, len(items))}, set(lost))
            staying = [chunk for chunk in chunks if isinstance(chunk, str)]
            if any(has_template(raw) and not bound_inside.isdisjoint(TAG.findall(raw)) for raw in staying):
                return None
            parts += staying
        return _bounded("".join(parts))


def _fits(item: Any, names: Sequence[str]) -> bool:
    return len(names) == 1 or (isinstance(item, list) and len(item) == len(names))


def _state(index: int, length: int) -> dict[str, Any]:
    """What ``loop`` says in one pass."""
    return {
        "index": index + 1, "index0": index, "revindex": length - index, "revindex0": length - index - 1,
        "first": index == 0, "last": index == length - 1, "length": length,
    }  # fmt: skip


def _bound(pieces: Sequence[Piece]) -> set[str]:
    """The names that pieces bind for what comes after them."""
    found: set[str] = set()
    for piece in pieces:
        if isinstance(piece, Assignment):
            found.add(piece.name)
        elif isinstance(piece, Condition):
            for branch in piece.branches:
                found |= _bound(branch.body)
    return found
