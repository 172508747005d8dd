"""Searching with a regular expression in time proportional to the text, whatever the expression.

Python's ``re`` tries alternatives one after the other, which can take forever (``(a+)+$``), and can't be interrupted.
Here all of them are followed at once (Thompson's construction): enough to say whether an expression occurs in a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, TypeAlias

LARGEST = 5_000  # states of one expression; counted repeats are written out
REPEATS = ("MAX_REPEAT", "MIN_REPEAT")
PLACES = {
    "AT_BEGINNING": "^", "AT_BEGINNING_STRING": r"\A", "AT_END": "$", "AT_END_STRING": r"\Z", "AT_BOUNDARY": r"\b",
    "AT_NON_BOUNDARY": r"\B",
}  # fmt: skip
CATEGORIES = {
    "CATEGORY_DIGIT": r"\d", "CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_SPACE": r"\s", "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w", "CATEGORY_NOT_WORD": r"\W",
}  # fmt: skip

Test: TypeAlias = Callable[[str, int], object]


class NotLinear(ValueError):  # noqa: N818 - a bound, not an error
    """An expression with a part that can't be followed so: a look-around, a back reference, or too many states."""


@dataclass(slots=True)
class State:
    """Where a search may stand: it goes on to ``after``, over a character where ``takes`` allows it."""

    takes: Test | None = None  # the character at a position
    holds: Test | None = None  # the position itself: ``^``, ``$``, ``\\b``
    after: list[State] = field(default_factory=list)


class Searcher:
    """``re.compile(expression).search`` as a question of yes or no.

    Raises ``re.error`` for an invalid expression, ``NotLinear`` where the construction doesn't go.
    """

    def __init__(self, expression: str) -> None:
        self.flags = re.compile(expression).flags
        parser: Any = import_module("re._parser")
        self.count = 0
        self.final = State()
        self.start = self._sequence(parser.parse(expression), self.final, self.flags)

    def search(self, text: str) -> bool:
        """Whether the expression occurs in a text."""
        alive: dict[int, State] = {}
        for position in range(len(text) + 1):
            alive = self._closed([*alive.values(), self.start], text, position)
            if id(self.final) in alive:
                return True
            if position < len(text):
                taken = [state for state in alive.values() if state.takes and state.takes(text, position)]
                alive = {id(state): state for before in taken for state in before.after}
        return False

    @staticmethod
    def _closed(states: Iterable[State], text: str, position: int) -> dict[int, State]:
        """The states, and all that they lead to without a character."""
        found: dict[int, State] = {}
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if id(state) in found:
                continue
            found[id(state)] = state
            if state.takes is None and (state.holds is None or state.holds(text, position)):
                waiting.extend(state.after)
        return found

    def _state(self, **parts: Any) -> State:
        self.count += 1
        if self.count > LARGEST:
            raise NotLinear(f"it has more than {LARGEST} states")
        return State(**parts)

    def _sequence(self, items: Any, after: State, flags: int) -> State:
        for operation, argument in reversed(list(items)):
            after = self._part(str(operation), argument, after, flags)
        return after

    def _part(self, operation: str, argument: Any, after: State, flags: int) -> State:
        if operation in REPEATS:
            least, most, body = argument
            return self._repeat(least, most, body, after, flags)
        if operation == "BRANCH":
            return self._state(after=[self._sequence(option, after, flags) for option in argument[1]])
        if operation == "SUBPATTERN":
            _, added, removed, body = argument
            return self._sequence(body, after, (flags | added) & ~removed)
        if operation == "AT":
            pattern = re.compile(PLACES[str(argument)], flags)
            return self._state(holds=pattern.match, after=[after])
        return self._state(takes=_character(operation, argument, flags), after=[after])

    def _repeat(self, least: int, most: Any, body: Any, after: State, flags: int) -> State:
        if str(most) == "MAXREPEAT":
            start = self._state(after=[after])
            start.after.insert(0, self._sequence(body, start, flags))
        else:
            start = after
            for _ in range(int(most) - least):
                start = self._state(after=[self._sequence(body, start, flags), after])
        for _ in range(least):
            start = self._sequence(body, start, flags)
        return start


def _character(operation: str, argument: Any, flags: int) -> Test:
    """Whether the character at a position is one of those that a part of an expression stands for: as ``re`` has it."""
    if operation == "ANY":
        text = "."
    elif operation == "LITERAL":
        text = re.escape(chr(argument))
    elif operation == "NOT_LITERAL":
        text = f"[^{_escaped(argument)}]"
    elif operation == "IN":
        text = f"[{''.join(_member(str(kind), value) for kind, value in argument)}]"
    else:
        raise NotLinear(f"it has a part that needs backtracking ({operation.lower()})")
    match = re.compile(text, flags & ~re.VERBOSE).fullmatch
    return lambda source, position: match(source[position])


def _member(kind: str, value: Any) -> str:
    if kind == "NEGATE":
        return "^"
    if kind == "CATEGORY":
        return CATEGORIES[str(value)]
    return _escaped(value) if kind == "LITERAL" else f"{_escaped(value[0])}-{_escaped(value[1])}"


def _escaped(code: int) -> str:
    return f"\\U{code:08x}"
