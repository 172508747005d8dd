"""Sharing of evaluated modules between files: what a file changes in a module is undone before the next one.

Every import of a file starts with modules in the state in which importing them left them. Evaluating them again for
each file would cost too much, so the mutable parts of a module are noted once, and put back when they differ.
"""

from __future__ import annotations

import operator
import re
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import PurePath
from typing import Any

from dagport.evaluate.classes import Descriptor
from dagport.evaluate.domain import (
    DATES,
    NUMBERS,
    SCALARS,
    Anything,
    BoundMethod,
    EnumText,
    External,
    Function,
    Model,
    Module,
    NativeFunction,
    Scope,
    Symbolic,
    Unknown,
    UserClass,
)
from dagport.evaluate.objects import UserData

LEAVES = (
    *SCALARS, *DATES, *NUMBERS, EnumText, External, Unknown, range, slice, type, re.Pattern, re.Match, PurePath, Module,
)  # fmt: skip
MISSING = object()
MAX_CELLS = 20_000  # mutable objects of one module; looking at more costs as much as evaluating it again


class NotShareable(Exception):  # noqa: N818 - an answer, not an error
    """A module holds something whose state can't be put back."""


class Snapshot:
    """The state of everything mutable that can be reached from a module's names."""

    def __init__(self, names: dict[str, Anything]) -> None:
        """Raises ``NotShareable``."""
        self._dicts: list[tuple[dict[Any, Any], list[Any], list[Any]]] = []
        self._lists: list[tuple[list[Any] | deque[Any], list[Any]]] = []
        self._sets: list[tuple[set[Any], set[Any]]] = []
        self._objects: list[tuple[Any, tuple[str, ...], list[Any]]] = []
        self._note([names])

    def is_clean(self) -> bool:
        """Whether everything is as it was."""
        return (
            all(_same(d, keys) and _same(d.values(), values) for d, keys, values in self._dicts)
            and all(_same(items, saved) for items, saved in self._lists)
            and all(len(items) == len(saved) and items == saved for items, saved in self._sets)
            and all(_same(_state(item, names), saved) for item, names, saved in self._objects)
        )

    def restore(self) -> None:
        """Make everything as it was."""
        for mapping, keys, values in self._dicts:
            if not (_same(mapping, keys) and _same(mapping.values(), values)):
                mapping.clear()
                for key, value in zip(keys, values, strict=True):
                    mapping[key] = value
        for items, saved in self._lists:
            if not _same(items, saved):
                items.clear()
                items.extend(saved)
        for members, kept in self._sets:
            if members != kept:
                members.clear()
                members |= kept
        for item, names, state in self._objects:
            for name, value in zip(names, state, strict=True):
                if value is not MISSING:
                    setattr(item, name, value)

    def _note(self, start: list[Anything]) -> None:
        seen: set[int] = set()
        todo = list(start)
        while todo:
            value = todo.pop()
            if isinstance(value, LEAVES) or id(value) in seen:
                continue
            seen.add(id(value))
            if len(seen) > MAX_CELLS:
                raise NotShareable
            todo.extend(self._cell(value))

    def _cell(self, value: Anything) -> Iterable[Anything]:
        """Note the state of one object; gives what it holds."""
        if type(value).__module__.startswith("dagport.evaluate.library") and isinstance(value, dict | list):
            raise NotShareable  # it belongs to the evaluation that made it
        fields = [value.fields] if isinstance(value, UserData) else []
        if isinstance(value, dict):
            self._dicts.append((value, list(value), list(value.values())))
            return [*value, *value.values(), *fields]
        if isinstance(value, list | deque):
            self._lists.append((value, list(value)))
            return [*value, *fields]
        if isinstance(value, set):
            self._sets.append((value, set(value)))
            return list(value)
        if isinstance(value, tuple | frozenset):
            return value
        if not isinstance(value, Model | Descriptor | Symbolic | BoundMethod):
            return list(_held(value))
        cls: Any = type(value)
        names = _slots(cls)
        state = _state(value, names)
        self._objects.append((value, names, state))
        return state


def _same(left: Any, right: Any) -> bool:
    return len(left) == len(right) and all(map(operator.is_, left, right))


def _held(value: Anything) -> Iterator[Anything]:
    """What a definition holds. Raises ``NotShareable`` for an object whose state can't be told."""
    if isinstance(value, Function):
        yield from (value.attributes, value.defaults, value.kw_defaults)
        yield from _enclosing(value.scope)
    elif isinstance(value, UserClass):
        yield from (value.members, value.bases, value.subclasses, value.meta)
        if value.scope is not None:
            yield from _enclosing(value.scope)
    elif not isinstance(value, NativeFunction) or getattr(value.run, "__closure__", None):
        raise NotShareable


def _enclosing(scope: Scope) -> Iterator[dict[str, Anything]]:
    """The namespaces that a definition can see and change, up to its module's."""
    place: Scope | None = scope
    while place is not None:
        yield place.names
        place = place.parent
    yield scope.module.names


@cache
def _slots(cls: type) -> tuple[str, ...]:
    """The attributes of the objects of a class. Raises ``NotShareable`` where they aren't all declared."""
    names: list[str] = []
    for base in cls.__mro__[:-1]:
        slots = base.__dict__.get("__slots__")
        if slots is None:
            raise NotShareable
        names += (slots,) if isinstance(slots, str) else slots
    return tuple(names)


def _state(value: Anything, names: tuple[str, ...]) -> list[Anything]:
    return [getattr(value, name, MISSING) for name in names]
