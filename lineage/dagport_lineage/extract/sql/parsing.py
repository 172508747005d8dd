"""From a text to the syntax trees of its statements, each by itself: one that can't be read doesn't hide the others."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from dagport_lineage.extract.sql.masking import Masked

if TYPE_CHECKING:
    from sqlglot import Dialect
    from sqlglot.expressions import Expr
    from sqlglot.tokenizer_core import Token

MOST_TOKENS = 60_000
DEEPEST = 60  # parentheses in parentheses; the parser's time may double with each
_MOST_BLANKS = 3  # masks of one statement that are left out to read the rest
_BLANK = " "
_OPENING = {"(", "["}
_CLOSING = {")", "]"}
_TRANSACTION = {"", "TRAN", "TRANSACTION", "WORK", "ISOLATION", "READ", "DEFERRED", "IMMEDIATE", "EXCLUSIVE"}
_CONTROL = {"IF", "WHILE", "LOOP", "FOR", "REPEAT", "CASE", "DELIMITER"}
_DECLARES_BLOCKS = {"oracle", "postgres", "redshift", "snowflake", "duckdb", None}  # elsewhere DECLARE is a statement
_ROUTINE = re.compile(
    r"^(CREATE|ALTER)(\s+OR\s+(REPLACE|ALTER))?(\s+\w+){0,3}?\s+(PROC|PROCEDURE|FUNCTION|TRIGGER|PACKAGE|EVENT|TASK)\b",
    re.IGNORECASE,
)
_SETTING = re.compile(
    r"\bSET\s+(NOCOUNT|XACT_ABORT|ANSI_NULLS|ANSI_WARNINGS|ANSI_PADDING|QUOTED_IDENTIFIER|ARITHABORT|FMTONLY)\s+(ON|OFF)\b"
    r"(?!\s*;)|(?:^|;)\s*USE\s+(\w+|\[\w+\])(?=\s+(SELECT|INSERT|UPDATE|DELETE|MERGE|TRUNCATE|CREATE|DROP|WITH|EXEC)\b)",
    re.IGNORECASE,
)
_BATCH_END = re.compile(r"^[ \t]*GO[ \t]*;?[ \t]*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a statement, or all from it on, isn't read: ``message`` is a clause."""

    message: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement: its tree, or why there is none."""

    text: str
    tree: Expr | Problem
    blanks: tuple[str, ...] = ()  # templates that were left out to read the rest
    blank_first: bool = False  # one of them begins the statement


@cache
def _failures() -> tuple[type[Exception], ...]:
    """What sqlglot raises: its own errors, and what garbage makes its parsers trip over."""
    from sqlglot.errors import SqlglotError

    lookups = (AttributeError, TypeError, ValueError, LookupError, AssertionError, NotImplementedError)
    return (SqlglotError, RecursionError, *lookups)


@contextmanager
def quiet() -> Iterator[None]:
    """What sqlglot logs is ours to say."""
    logger = logging.getLogger("sqlglot")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def read_statements(masked: Masked, dialect: str | None) -> list[Statement]:
    """The statements of a text. What can't be split is one statement with a problem."""
    from sqlglot import Dialect

    text = _separated(masked.text) if dialect == "tsql" else masked.text
    try:
        with quiet():
            speaks = Dialect.get_or_raise(dialect)
            tokens = speaks.tokenize(text)
    except _failures() as error:
        return [Statement(text, Problem(_words(error)))]
    problem = _too_big(tokens)
    if problem is not None:
        return [Statement(text, problem)]
    return list(_each(text, tokens, speaks, masked, dialect))


def _separated(text: str) -> str:
    """T-SQL with semicolons behind batches, and behind settings, which rarely have one."""
    text = _BATCH_END.sub(lambda match: ";".ljust(len(match[0])), text)
    return _SETTING.sub(lambda match: f"{match[0]};", text)


def known_dialect(dialect: str | None) -> str | None:
    """The dialect, if the parser has it."""
    from sqlglot import Dialect

    return dialect if dialect is not None and Dialect.get(dialect) is not None else None


def _too_big(tokens: list[Token]) -> Problem | None:
    if len(tokens) > MOST_TOKENS:
        return Problem(f"it is longer than {MOST_TOKENS} words")
    depth = deepest = 0
    for token in tokens:
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        deepest = max(deepest, depth)
    return Problem(f"its parentheses are nested deeper than {DEEPEST}") if deepest > DEEPEST else None


def _each(text: str, tokens: list[Token], speaks: Dialect, masked: Masked, dialect: str | None) -> Iterator[Statement]:
    chunks = _chunks(tokens)
    for number, chunk in enumerate(chunks):
        source = text[chunk[0].start : chunk[-1].end + 1]
        block = _block(chunk, source, dialect, last=number == len(chunks) - 1)
        if block is not None:
            yield Statement(source, Problem(f"{block} from line {chunk[0].line} on isn't followed"))
            return
        yield _parsed(source, speaks, masked, chunk[0].line)


def _chunks(tokens: list[Token]) -> list[list[Token]]:
    from sqlglot.tokenizer_core import TokenType

    chunks: list[list[Token]] = [[]]
    for token in tokens:
        if token.token_type == TokenType.SEMICOLON:
            chunks.append([])
        else:
            chunks[-1].append(token)
    return [chunk for chunk in chunks if chunk]


def _block(chunk: list[Token], source: str, dialect: str | None, *, last: bool) -> str | None:
    """What begins here and goes on behind the next semicolon, if anything does."""
    words = [token.text.upper() for token in chunk[:3]] + ["", ""]
    if words[0] == "BEGIN" and words[1] not in _TRANSACTION:
        return "a block of statements"
    if words[0] == "DECLARE" and dialect in _DECLARES_BLOCKS and words[2] != "CURSOR":
        return "a block of statements"
    if words[0] in _CONTROL and not (dialect == "tsql" and _one_statement(chunk)):
        return f"`{words[0]}`"
    if _ROUTINE.match(source) and not last and not _ends_here(chunk, dialect):
        return "the definition of a routine"
    return None


def _one_statement(chunk: list[Token]) -> bool:
    """Whether a T-SQL ``IF`` has no ``BEGIN ... END``."""
    return all(token.text.upper() not in ("BEGIN", "ELSE") for token in chunk) and chunk[0].text.upper() == "IF"


# Dialects where the body of a routine that has no BEGIN is one expression or one literal.
_SHORT_BODIES = {
    "bigquery",
    "clickhouse",
    "databricks",
    "duckdb",
    "postgres",
    "redshift",
    "snowflake",
    "spark",
    "trino",
}


def _ends_here(chunk: list[Token], dialect: str | None) -> bool:
    """Whether a routine ends before the semicolon."""
    return dialect in _SHORT_BODIES and all(token.text.upper() not in ("BEGIN", "DECLARE") for token in chunk)


def _parsed(source: str, speaks: Dialect, masked: Masked, line: int) -> Statement:
    first = _tree(source, speaks)
    if not isinstance(first, Exception):
        return Statement(source, first)
    numbers = _with_numbers(source, masked)
    second = _tree(numbers, speaks) if numbers != source else first
    if not isinstance(second, Exception):
        return Statement(source, second)
    return _with_blanks(source, speaks, masked, first) or Statement(source, Problem(_words(first, line, masked)))


def _tree(source: str, speaks: Dialect) -> Expr | Exception:
    try:
        with quiet():
            trees = speaks.parse(source)
    except _failures() as error:
        return error
    found = [tree for tree in trees if tree is not None]
    if len(found) != 1:
        return ValueError("no statement" if not found else "several statements without a semicolon")
    return found[0]


NUMBER = 73_190_462_000_000  # masks that stand where only a number may are this and their own number


def _with_numbers(source: str, masked: Masked) -> str:
    """A text whose masks that stand alone are numbers."""
    if not masked.pieces:
        return source
    return re.sub(
        rf"(?<![\w.$\"'`\[]){masked.stem}(\d+)z(?![\w.$\"'`\]])", lambda match: str(NUMBER + int(match[1])), source
    )


def _with_blanks(source: str, speaks: Dialect, masked: Masked, error: Exception) -> Statement | None:
    """A statement without the templates that the parser stumbles over: those stand for a clause, or for more."""
    blanks: list[str] = []
    first = False
    for _ in range(_MOST_BLANKS):
        span = _stumbled(source, masked, error)
        if span is None:
            return None
        start, end = span
        blanks += masked.masks(source[start:end])
        first = first or not source[:start].strip()
        source = source[:start] + _BLANK * (end - start) + source[end:]
        tree = _tree(source, speaks)
        if not isinstance(tree, Exception):
            return Statement(source, tree, tuple(blanks), first)
        error = tree
    return None


def _stumbled(source: str, masked: Masked, error: Exception) -> tuple[int, int] | None:
    """The mask at or right before the place of an error; a mask that begins the text is as suspect."""
    spans = [span for span in masked.spans(source) if _alone(source, span)]
    place = _place(error)
    if place is None or not spans:
        return None
    line, column = place
    offset = sum(len(text) + 1 for text in source.split("\n")[: line - 1]) + column
    before = [span for span in spans if span[0] <= offset and not source[span[1] : offset].strip().count(" ")]
    if before:
        return before[-1]
    return spans[0] if not source[: spans[0][0]].strip() else None


def _alone(source: str, span: tuple[int, int]) -> bool:
    around = source[: span[0]][-1:] + source[span[1] :][:1]
    return not re.search(r"[\w.$\"'`\[\]]", around)


def _place(error: Exception) -> tuple[int, int] | None:
    """Line and column, both from 1, of a parser's error."""
    errors = getattr(error, "errors", None) or [{}]
    line, column = errors[0].get("line"), errors[0].get("col")
    return (line, column) if isinstance(line, int) and isinstance(column, int) else None


def _words(error: Exception, line: int = 1, masked: Masked | None = None) -> str:
    """Where a parser gave up. Its own message quotes the text, and with it what may be secret."""
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if str(error) == "several statements without a semicolon":
        return str(error)
    place = _place(error)
    if place is None:
        return "it can't be taken apart" if masked is None else f"the statement at line {line} isn't understood"
    where = f"line {line + place[0] - 1}"
    exact = masked is not None and not masked.pieces and place[0] > 1
    return f"it isn't understood at {where}, column {place[1]}" if exact else f"it isn't understood at {where}"
