"""The machine against Python itself: every program of `programs/*.txt` is run by both, and all plain globals compared.

A program starts with a line `=== title`. After the title, `! unknown NAMES` says which globals the machine may not
know (it knows all others), `! doubt` that it has to say that it isn't sure, `! unsure` both.
"""

from __future__ import annotations

import ast
import datetime
import decimal
import fractions
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dagport.evaluate.domain import LimitHit, PyRaise, Unknown, walk
from dagport.evaluate.machine import Hooks, Machine
from dagport.options import Limits
from dagport.source import Source
from tests.evaluate.random_programs import program

PROGRAMS = Path(__file__).parent / "programs"
DATES = (datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo)
SCALARS = (type(None), bool, int, float, complex, str, bytes, decimal.Decimal, fractions.Fraction, *DATES, range, slice)
LIMITS = Limits(seconds=5.0)


@dataclass(frozen=True)
class Program:
    """One program of the battery."""

    title: str
    text: str
    unknown: frozenset[str] = frozenset()  # globals that the machine may not know; "*": any
    doubt: bool = False  # the machine must note a doubt; then its values don't matter
    least: tuple[int, int] = (3, 11)


def programs(path: Path) -> Iterator[Program]:
    """The programs of a file."""
    for part in path.read_text(encoding="utf-8").split("\n=== ")[1:]:
        head, _, text = part.partition("\n")
        title, *notes = head.split(" ! ")
        words = [note.split() for note in notes]
        unknown = frozenset(name for note in words if note[0] == "unknown" for name in note[1:])
        least = next(((3, int(note[1])) for note in words if note[0] == "least"), (3, 11))
        yield Program(f"{path.stem}: {title}", text, unknown, any(note[0] == "doubt" for note in words), least)


def by_python(text: str) -> tuple[dict[str, Any], str]:
    """The globals that real Python gives, and the name of the exception that ends the program."""
    names: dict[str, Any] = {"__name__": "snippet"}
    module = types.ModuleType("snippet")
    module.__dict__.update(names)
    sys.modules["snippet"] = module
    try:
        exec(compile(text, "snippet.py", "exec"), module.__dict__)  # our own programs
    except BaseException as error:  # noqa: BLE001 - the programs raise what they like
        return module.__dict__, type(error).__name__
    finally:
        del sys.modules["snippet"]
    return module.__dict__, ""


def by_machine(text: str) -> tuple[dict[str, Any], str, Machine]:
    """The same from the abstract machine."""
    machine = Machine(Source("snippet.py", text), Hooks(), LIMITS)
    try:
        machine.run(ast.parse(text))
    except PyRaise as error:
        return machine.module.names, error.name.rpartition(".")[2], machine
    return machine.module.names, "", machine


def is_data(value: Any, depth: int = 0) -> bool:
    """Whether a real value is plain data through and through, so that it can be compared."""
    if type(value) in SCALARS or isinstance(value, DATES):
        return True
    if depth > 20 or type(value) not in (list, tuple, dict, set, frozenset):
        return False
    parts = (*value.keys(), *value.values()) if isinstance(value, dict) else tuple(value)
    return all(is_data(part, depth + 1) for part in parts)


def same(real: Any, ours: Any) -> bool:
    """Whether our value is the real one, types included; an unknown part is never wrong."""
    if isinstance(ours, Unknown):
        return True
    if isinstance(real, dict) and isinstance(ours, dict):
        if any(isinstance(key, Unknown) for key in walk(ours)):
            return True
        return list(map(typed, real)) == list(map(typed, ours)) and all(same(real[key], ours[key]) for key in real)
    if isinstance(real, list | tuple) and type(real) is type(ours):
        return len(real) == len(ours) and all(map(same, real, ours))
    if isinstance(real, set | frozenset):
        return type(real) is type(ours) and real == ours
    return type(real) is type(ours) and (real == ours or real != real) and repr(real) == repr(ours)


def typed(value: Any) -> tuple[type, Any]:
    """A key that tells ``1`` from ``True``."""
    return type(value), value


def differences(program: Program) -> list[str]:
    """What the machine gets wrong, a line a name."""
    real, end = by_python(program.text)
    try:
        ours, our_end, machine = by_machine(program.text)
    except LimitHit as limit:
        return [f"limit: {limit}"]
    if program.doubt:
        return [] if machine.doubts else ["no doubt"]
    found = [f"doubt: {doubt.message}" for doubt in machine.doubts]
    if end != our_end:
        found.append(f"ends with {our_end or 'no error'}, not {end or 'no error'}")
    for name, value in real.items():
        if name.startswith("__") or not is_data(value):
            continue
        if name not in ours:
            found.append(f"{name} is missing, it is {value!r}")
        elif not same(value, ours[name]):
            found.append(f"{name} = {ours[name]!r}, not {value!r}")
        elif not program.unknown & {name, "*"} and any(isinstance(item, Unknown) for item in walk([ours[name]])):
            found.append(f"{name} isn't known: {ours[name]!r}")
    return found


ALL = [program for path in sorted(PROGRAMS.glob("*.txt")) for program in programs(path)]


@pytest.mark.parametrize("program", ALL, ids=lambda program: program.title)
def test_agrees_with_python(program: Program) -> None:
    if sys.version_info < program.least:
        pytest.skip("newer than this Python")
    assert not differences(program)


def test_there_are_many_programs() -> None:
    assert len(ALL) >= 300
    assert len({program.title for program in ALL}) == len(ALL)


def test_a_difference_is_seen() -> None:
    assert differences(Program("a lie", "import random\nx = len(str(random.random())) * 0 + 7", frozenset("x"))) == []
    assert differences(Program("not known", "import random\nx = len(str(random.random())) * 0 + 7"))
    assert not same(1, True)
    assert not same([1], (1,))
    assert not same({"a": 1, "b": 2}, {"b": 2, "a": 1})
    assert not same(0.0, -0.0)


SEEDS = range(30)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_programs(seed: int) -> None:
    """What is known must be right; that something isn't known, or a bound is reached, is no error here."""
    found = differences(Program(f"seed {seed}", program(seed), frozenset("*")))
    assert not [line for line in found if not line.startswith(("doubt", "limit"))]
