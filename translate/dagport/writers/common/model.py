"""What the parts of the writer hand to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

ResultKind: TypeAlias = Literal["nothing", "value", "keys", "outputs", "xcoms", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a task hands over, and how it holds it."""

    kind: ResultKind
    keys: Mapping[str, bool] = field(default_factory=dict)
    """Keys of a dict: whether each is there in every case ("keys", and "outputs" where known)."""
    returns: bool = True  # "keys": whether the dict can hold "return_value", too
    several: bool = False  # "xcoms": each key has the list of what the mapped instances have pushed


NOTHING = Result(kind="nothing")
VALUE = Result(kind="value")
UNKNOWN = Result(kind="unknown")
"""The task is refused: whoever writes it by hand decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a form finds out about a task before anything is written."""

    result: Result = VALUE
    context: frozenset[str] = frozenset()  # context entries that say which time the run is for
    names: frozenset[str] = frozenset()  # module-level names of the source that it needs
    generated: frozenset[str] = frozenset()  # names that what is written for it takes from imports
    helper: str | None = None  # name of a function of the source that what is written calls, and isn't itself
    skips: bool = False  # it may skip itself and what comes after it


class Refused(Exception):  # noqa: N818 - control flow within the writer, never seen outside
    """The task can't be carried over; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of the user's own text that goes into a file as it is."""

    marker: str  # stands for it while the file is formatted
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A written function: its text with markers in place of the user's own pieces."""

    text: str
    chunks: tuple[Chunk, ...] = ()
    names: frozenset[str] = frozenset()  # module-level names of the source that it needs
    helpers: tuple[Function, ...] = ()  # functions put before it, once a module
    comments: str = ""  # lines that go above its decorator
    documented: bool = False  # its docstring is the task's documentation
    decorator: Mapping[str, str] = field(default_factory=dict)  # arguments of its decorator that its form asks for
    in_op: str = ""  # its text where it is an op of a graph, if that isn't the same: an op yields no events of assets
    not_in_op: frozenset[str] = frozenset()  # imports and support that an op doesn't need then


Note: TypeAlias = tuple[str, str]
"""A diagnostic's code and message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a task's settings become."""

    arguments: Mapping[str, str] = field(default_factory=dict)  # arguments of the decorator: name -> source
    notes: tuple[Note, ...] = ()  # what has no place, and doesn't change what the task does
    approximations: tuple[str, ...] = ()  # what has no place and may change it
    refusal: str | None = None
