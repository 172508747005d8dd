"""What a value in a function can be, as far as this analysis tells values apart."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from dagport_lineage.model import DatasetName, Unresolved

if TYPE_CHECKING:
    from dagport_lineage.extract.callables.frames import Frame
    from dagport_lineage.extract.callables.modules import Module

Origins: TypeAlias = frozenset[DatasetName] | None
"""The datasets that a value is made of; ``None``: not known."""

NOTHING: frozenset[DatasetName] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """Plain data that can't change: ``None``, a number, a text, bytes."""

    value: Any


@dataclass(eq=False, slots=True)
class Items:
    """A list, tuple or set that the code writes out; ``items`` is ``None`` once what it holds isn't known."""

    kind: str
    items: list[Value] | None
    origins: Origins = NOTHING
    region: int = 0  # the branch it was made in: elsewhere, changing it is forgetting it
    holds_objects: bool = False  # of those that aren't known: some are more than data
    element: Handle | None = None  # what each of these is


@dataclass(eq=False, slots=True)
class Entries:
    """A dict that the code writes out; ``entries`` is ``None`` once what it holds isn't known."""

    entries: dict[Any, Value] | None
    origins: Origins = NOTHING
    region: int = 0
    holds_objects: bool = False


@dataclass(frozen=True, slots=True)
class Data:
    """Data whose content isn't known: numbers, texts, and what is made of them. Its methods touch nothing else."""

    why: Unresolved | None = None
    origins: Origins = NOTHING
    text: str | None = None  # a text that is known but for some expressions, which stand in it as ``{{ ... }}``


@dataclass(frozen=True, slots=True)
class Foreign:
    """A value of which nothing is known: whatever is done with it may touch data."""

    text: str


@dataclass(frozen=True, slots=True)
class Lost:
    """What comes of something that a gap was reported for: nothing more needs to be said."""


@dataclass(frozen=True, slots=True)
class Qualified:
    """A module, function or class of a library, by its qualified name."""

    name: str


@dataclass(frozen=True, slots=True)
class Handle:
    """An object of a library that can reach data: a frame, a connection, a client, a path. ``kind`` names its rules."""

    kind: str
    data: Any = None  # what its rules need; can be compared
    origins: Origins = NOTHING


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the project. Two are the same when they are of one place and see the same variables."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    module: Module
    frame: Frame | None = None  # of the function around it


@dataclass(frozen=True, slots=True)
class Partial:
    """``functools.partial``: a function with some of its arguments."""

    target: Value
    args: tuple[Value, ...] = ()
    kwargs: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class OwnClass:
    """A class of the project."""

    node: ast.ClassDef
    module: Module


@dataclass(frozen=True, slots=True)
class OwnModule:
    """A module of the project."""

    module: Module


@dataclass(frozen=True, slots=True)
class Method:
    """An attribute of a value, which may be called."""

    receiver: Value
    name: str
    text: str = field(default="", compare=False)


Value: TypeAlias = (
    Known
    | Items
    | Entries
    | Data
    | Foreign
    | Lost
    | Qualified
    | Handle
    | Function
    | Partial
    | OwnClass
    | OwnModule
    | Method
)

NONE = Known(None)
PURE = Data()
LOST = Lost()
FAILS = Foreign("a value that isn't there")  # to ask for it fails; what is done with it elsewhere isn't known


def origins_of(value: Value) -> Origins:
    """The datasets that a value is made of."""
    if isinstance(value, Items) and value.items is not None:
        return union([value.origins, *map(origins_of, value.items)])
    if isinstance(value, Entries) and value.entries is not None:
        return union([value.origins, *map(origins_of, value.entries.values())])
    if isinstance(value, Items | Entries | Data | Handle):
        return value.origins
    if isinstance(value, Method):
        return origins_of(value.receiver)
    return NOTHING if isinstance(value, Known | Qualified | OwnModule | OwnClass) else None


def union(parts: Iterable[Origins]) -> Origins:
    """All of them; not known where one isn't."""
    found: set[DatasetName] = set()
    for part in parts:
        if part is None:
            return None
        found |= part
    return frozenset(found)


def data_of(values: Iterable[Value], why: Unresolved | None = None) -> Value:
    """Data made of other values: where one of them is lost, so is it."""
    values = list(values)
    if any(isinstance(value, Lost) for value in values):
        return LOST
    return Data(why or next(filter(None, map(reason_of, values)), None), union(map(origins_of, values)))


def reason_of(value: Value) -> Unresolved | None:
    """Why a value isn't known, where that was said."""
    if isinstance(value, Data):
        return value.why
    if isinstance(value, Items | Entries):
        inner = value.items if isinstance(value, Items) else (value.entries or {}).values()
        return next(filter(None, map(reason_of, inner or ())), None)
    return None


def same(one: Value, other: Value) -> bool:
    """Whether two values are the same one; ``True`` isn't ``1`` here."""
    if isinstance(one, Known) and isinstance(other, Known):
        return type(one.value) is type(other.value) and one.value == other.value
    return one is other or one == other


def joined(one: Value | None, other: Value | None) -> Value:
    """What a variable holds after two ways; ``None``: it has no value there, and using it fails."""
    if one is None or other is None:
        found = one if one is not None else other
        return found if found is not None else FAILS
    if same(one, other):
        return one
    if isinstance(one, Lost) or isinstance(other, Lost):
        return LOST
    if isinstance(one, Handle) and isinstance(other, Handle) and (one.kind, one.data) == (other.kind, other.data):
        return replace(one, origins=union([one.origins, other.origins]))
    is_plain = all(isinstance(value, Known | Items | Entries | Data) for value in (one, other))
    if is_plain and not is_object(one) and not is_object(other):
        return Data(UNDECIDED, union([origins_of(one), origins_of(other)]))
    return Foreign("a variable that is set in several ways")


UNDECIDED = Unresolved("opaque", "it is set in several ways")


def forget(value: Value) -> None:
    """What a list or dict holds is no longer known; the same for what is inside."""
    if not isinstance(value, Items | Entries):
        return
    held = held_by(value)
    value.origins = union([value.origins, *map(origins_of, held)])
    if isinstance(value, Entries):
        value.holds_objects = value.holds_objects or any(map(is_object, held))
    if isinstance(value, Items):
        for item in held:
            take_in(value, item)
        value.items = None
    else:
        value.entries = None
    for item in held:
        forget(item)


def take_in(items: Items, value: Value) -> None:
    """Another value is among those of a list that aren't known."""
    if isinstance(value, Lost):
        items.element, items.holds_objects = None, True
    if not is_object(value):
        return
    one = joined(items.element, value) if items.holds_objects else value
    items.element = one if isinstance(one, Handle) and (items.element is not None or not items.holds_objects) else None
    items.holds_objects = True


def held_by(value: Value) -> list[Value]:
    """What a list or dict holds, as far as that is known."""
    if isinstance(value, Items):
        return list(value.items or ())
    return list((value.entries or {}).values()) if isinstance(value, Entries) else []


def is_object(value: Value) -> bool:
    """Whether a value is more than data: methods of it may touch other data."""
    if isinstance(value, Items | Entries):
        return value.holds_objects or any(map(is_object, held_by(value)))
    return not isinstance(value, Known | Data | Lost)


def spoil(value: Value) -> None:
    """Code that isn't known may change what a list or dict holds, to anything."""
    for item in held_by(value):
        spoil(item)
    forget(value)
    if isinstance(value, Items | Entries):
        value.holds_objects = True
    if isinstance(value, Items):
        value.element = None


def is_within(target: Value, value: Value) -> bool:
    """Whether a value is, or holds, a list or dict: to put it in there would make a circle."""
    return value is target or any(is_within(target, item) for item in held_by(value))


def some(kind: str, values: Iterable[Value], region: int = 0) -> Items:
    """A list of which it isn't known how often it holds which of these values."""
    made = Items(kind, list(values), region=region)
    forget(made)
    return made


def some_entries(values: Iterable[Value], region: int = 0) -> Entries:
    """A dict of which it isn't known what it holds of these values."""
    made = Entries(dict(enumerate(values)), region=region)
    forget(made)
    return made
