"""Templates in SQL: each piece that only a run knows becomes a name that a parser takes, and is found again.

``{{ ... }}``, loops and the placeholders of drivers become masks. ``{% if %}`` stays a choice: the text is read in
every way that it can turn out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import TypeAlias

from dagport_lineage.model import Unresolved

MOST_WAYS = 16  # how many ways of one text are read at most
_JINJA = re.compile(r"\{[{%#]")
# What drivers and other template languages put in: %(name)s, %s, ${name}.
_PLACEHOLDER = re.compile(r"%\([A-Za-z_]\w*\)s|(?<!%)%s(?!\w)|\$\{[^{}]*\}")
_TABLE_WORDS = re.compile(r"\b(from|join|into|update|table|merge|using|delete|truncate|view)\b", re.IGNORECASE)
_LOOPS = {"for", "macro", "call", "filter", "set_block", "block", "autoescape", "with"}
_SILENT = {"set", "import", "from", "do"}


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without templates. ``pieces`` are what the masks stand for, by number."""

    text: str
    stem: str = ""
    pieces: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()  # the ``{% if %}`` that were decided for it, as the source writes them
    loops: tuple[str, ...] = ()  # loops that may name tables

    def unmasked(self, text: str) -> str:
        """A text, with what its masks stand for."""
        return self._pattern().sub(lambda match: self.pieces[int(match[1])], text) if self.pieces else text

    def masks(self, text: str) -> tuple[str, ...]:
        """What the masks in a text stand for, in order."""
        return tuple(self.pieces[int(match[1])] for match in self._pattern().finditer(text)) if self.pieces else ()

    def is_mask(self, text: str) -> bool:
        """Whether a text is one mask, or several, and nothing else."""
        return bool(self.pieces) and bool(text) and not self._pattern().sub("", text)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the masks of a text stand."""
        return (match.span() for match in self._pattern().finditer(text)) if self.pieces else iter(())

    def _pattern(self) -> re.Pattern[str]:
        return re.compile(rf"{self.stem}(\d+)z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str


@dataclass(frozen=True, slots=True)
class _Loop:
    text: str
    names_tables: bool


@dataclass(slots=True)
class _Branch:
    condition: str | None  # None: {% else %}
    parts: list[_Part] = field(default_factory=list)


@dataclass(slots=True)
class _If:
    branches: list[_Branch]

    @property
    def key(self) -> tuple[str | None, ...]:
        return tuple(branch.condition for branch in self.branches)


_Part: TypeAlias = str | _Piece | _Loop | _If


def ways(text: str) -> tuple[Masked, ...] | Unresolved:
    """All texts without templates that a text can turn into, or why that can't be told."""
    stem = _stem(text)
    if not _JINJA.search(text):
        return (_finish([text], stem, (), ()),)
    parts = _parsed(text)
    if isinstance(parts, Unresolved):
        return parts
    ifs = {item.key: item for item in _ifs(parts)}
    count = 1
    for item in ifs.values():
        count *= len(item.branches)
    if count > MOST_WAYS:
        return Unresolved("template", f"`{{% if %}}` makes {count} different texts of it, more than are read")
    chosen = product(*([(key, number) for number in range(len(item.branches))] for key, item in ifs.items()))
    return tuple(_way(parts, dict(choice), stem) for choice in islice(chosen, MOST_WAYS))


def _stem(text: str) -> str:
    stem = "qmask"
    while stem in text.lower():
        stem += "q"
    return stem


def _way(parts: Sequence[_Part], choice: Mapping[tuple[str | None, ...], int], stem: str) -> Masked:
    flat = list(_flat(parts, choice))
    loops = tuple(part.text for part in flat if isinstance(part, _Loop) and part.names_tables)
    choices = tuple(f"{{% if {key[0]} %}}" for key in choice)
    return _finish([part if isinstance(part, str) else _Piece(part.text) for part in flat], stem, choices, loops)


def _flat(parts: Sequence[_Part], choice: Mapping[tuple[str | None, ...], int]) -> Iterator[str | _Piece | _Loop]:
    for part in parts:
        if isinstance(part, _If):
            yield from _flat(part.branches[choice[part.key]].parts, choice)
        else:
            yield part


def _finish(parts: Sequence[str | _Piece], stem: str, choices: tuple[str, ...], loops: tuple[str, ...]) -> Masked:
    pieces: list[str] = []

    def mask(piece: str) -> str:
        pieces.append(piece)
        return f"{stem}{len(pieces) - 1}z"

    escaped = any(isinstance(part, str) and re.search(r"(?<!%)%(s|\(\w+\)s)", part) for part in parts)
    texts = [part.replace("%%", "%") if escaped and isinstance(part, str) else part for part in parts]
    out = [
        mask(part.text) if isinstance(part, _Piece) else _PLACEHOLDER.sub(lambda match: mask(match[0]), part)
        for part in texts
    ]
    return Masked("".join(out), stem, tuple(pieces), choices, loops)


def _ifs(parts: Sequence[_Part]) -> Iterator[_If]:
    for part in parts:
        if isinstance(part, _If):
            yield part
            for branch in part.branches:
                yield from _ifs(branch.parts)


def _parsed(text: str) -> list[_Part] | Unresolved:
    from jinja2 import Environment, TemplateSyntaxError

    try:
        tokens = list(_chunks(Environment(autoescape=True).lexer.tokeniter(text, None)))
        return _Reader(tokens).parts()
    except (TemplateSyntaxError, _UnbalancedError):
        return Unresolved("template", "its Jinja can't be read")


class _UnbalancedError(Exception):
    """The blocks of a template don't match."""


def _chunks(tokens: Iterator[tuple[int, str, str]]) -> Iterator[tuple[str, str]]:
    """Jinja's tokens as (kind, source) with kind one of text, piece, block."""
    held: list[str] = []
    for _, kind, value in tokens:
        if kind in ("variable_begin", "block_begin"):
            held = [value]
        elif kind in ("variable_end", "block_end"):
            yield ("piece" if kind == "variable_end" else "block"), "".join([*held, value]).strip()
            held = []
        elif held:
            held.append(value)
        elif kind == "data":
            yield "text", value
        elif kind == "comment":
            yield "text", " "


class _Reader:
    """Puts blocks together."""

    def __init__(self, chunks: list[tuple[str, str]]) -> None:
        self._chunks = chunks
        self._at = 0

    def parts(self) -> list[_Part]:
        parts, end = self._until(())
        if end is not None or self._at < len(self._chunks):
            raise _UnbalancedError
        return parts

    def _until(self, ends: tuple[str, ...]) -> tuple[list[_Part], tuple[str, str] | None]:
        parts: list[_Part] = []
        while self._at < len(self._chunks):
            kind, source = self._chunks[self._at]
            self._at += 1
            if kind == "text":
                parts.append(source)
            elif kind == "piece":
                parts.append(_Piece(source))
            else:
                word, rest = _statement(source)
                if word in ends:
                    return parts, (word, rest)
                parts += self._block(word, rest, source)
        if ends:
            raise _UnbalancedError
        return parts, None

    def _block(self, word: str, rest: str, source: str) -> list[_Part]:
        if word == "if":
            return [self._if(rest)]
        if word in _LOOPS:
            return self._loop(word, source)
        if word in _SILENT:
            return []
        if word in ("include", "extends"):
            return [_Loop(source, names_tables=True)]
        raise _UnbalancedError

    def _if(self, condition: str) -> _If:
        branches: list[_Branch] = []
        current: str | None = condition
        while True:
            parts, end = self._until(("elif", "else", "endif"))
            branches.append(_Branch(current, parts))
            if end is None or end[0] == "endif":
                break
            current = end[1] if end[0] == "elif" else None
        if branches[-1].condition is not None:
            branches.append(_Branch(None))
        return _If(branches)

    def _loop(self, word: str, source: str) -> list[_Part]:
        name = word.removesuffix("_block")
        start = self._at
        self._skip(name)
        inside = " ".join(text for _, text in self._chunks[start : self._at])
        if name in ("macro", "set"):
            return []
        return [_Loop(source, names_tables=bool(_TABLE_WORDS.search(inside)) or name == "call")]

    def _skip(self, name: str) -> None:
        depth = 1
        while depth:
            if self._at >= len(self._chunks):
                raise _UnbalancedError
            kind, source = self._chunks[self._at]
            self._at += 1
            word = _statement(source)[0] if kind == "block" else ""
            depth += (word == ("set_block" if name == "set" else name)) - (word == f"end{name}")


def _statement(source: str) -> tuple[str, str]:
    """A block's first word and the rest; ``set`` that has a body is ``set_block``."""
    inner = re.sub(r"^\{%[-+]?|[-+]?%\}$", "", source).strip()
    word, _, rest = inner.partition(" ")
    if word == "set" and "=" not in rest:
        word = "set_block"
    return word, rest.strip()
