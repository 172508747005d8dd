"""Whatever is given to a modelled function or method: a value, an exception of the analysed code, or a limit."""

from __future__ import annotations

import ast
import contextlib
import copy
import datetime
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dagport.evaluate import library, methods
from dagport.evaluate.builtins import FUNCTIONS as BUILTINS
from dagport.evaluate.domain import (
    CallSite,
    External,
    LimitHit,
    Model,
    NativeFunction,
    PyRaise,
    Scope,
    Spread,
    Symbolic,
    Unknown,
)
from dagport.evaluate.machine import Hooks, Machine
from dagport.options import Limits
from dagport.source import Source

MODULES = sorted({*library.FILES})
FUNCTIONS = sorted(
    {name for package in MODULES for name in getattr(library._load(package), "FUNCTIONS", {})}
    | {f"builtins.{name}" for name in BUILTINS}
)
MODELS = {
    name: value
    for package in MODULES
    for name, value in getattr(library._load(package), "CONSTANTS", {}).items()
    if isinstance(value, Model)
}
SAMPLES: list[Any] = [
    None,
    True,
    3,
    -1,
    10**30,
    2.5,
    "",
    "abc",
    "2024-01-02",
    "Europe/Paris",
    b"x",
    [],
    [1, 2],
    ["a", "b"],
    [[1, 2], [3, 4]],
    (1, "a"),
    {},
    {"a": 1},
    {1, 2},
    frozenset("ab"),
    range(3),
    datetime.date(2024, 1, 31),
    datetime.datetime(2024, 1, 31, 5, tzinfo=datetime.UTC),
    datetime.time(3, 4),
    datetime.timedelta(days=1),
    datetime.UTC,
    re.compile("(a)b*"),
    re.match("(a)", "abc"),
    Unknown("nobody knows"),
    [Unknown("nobody knows"), 1],
    {"a": Unknown("nobody knows")},
    {"**": Spread("nobody knows")},
    Spread("nobody knows"),
    External("company.thing"),
    Symbolic("company.make"),
    NativeFunction("same", lambda machine, args, kwargs, site: args[0] if args else None),
    NativeFunction("lost", lambda machine, args, kwargs, site: Unknown("nobody knows")),
]
ARGUMENTS = st.lists(st.integers(0, len(SAMPLES) - 1), max_size=4)
NAMES = ["key", "default", "tz", "a", "maxsize", "reverse", "hour", "indent", "repeat", "**"]


def call(native: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    machine = Machine(Source("snippet.py", "f()"), Hooks(), Limits(items=2_000, text=20_000, steps=200_000))
    site = CallSite(ast.parse("f()").body[0], Scope(machine.module, {}, None))
    with contextlib.suppress(PyRaise, LimitHit):
        return native(machine, args, kwargs, site)


def samples(chosen: list[int]) -> list[Any]:
    return [copy.copy(SAMPLES[index]) for index in chosen]


KEYWORDS = st.dictionaries(st.sampled_from(NAMES), st.integers(0, len(SAMPLES) - 1), max_size=2)


@settings(max_examples=1_500, deadline=None)
@given(st.sampled_from(FUNCTIONS), ARGUMENTS, KEYWORDS)
def test_functions(name: str, args: list[int], kwargs: dict[str, int]) -> None:
    native = library.function(name) or BUILTINS[name.removeprefix("builtins.")]
    result = call(native, samples(args), dict(zip(kwargs, samples(list(kwargs.values())), strict=True)))
    attributes_of(result, samples(args))


def attributes_of(result: Any, args: list[Any]) -> None:
    """Call the methods of a model that a function gave."""
    if not isinstance(result, Model):
        return
    for name in ("update", "hexdigest", "substitute", "parent", "joinpath", "get", "pop", "__str__", "localize", "hex"):
        method = call(lambda machine, args, kwargs, site: result.attr(machine, name, site), [], {})  # noqa: B023
        if isinstance(method, NativeFunction):
            call(method.run, list(args), {})


@settings(max_examples=1_500, deadline=None)
@given(st.integers(0, len(SAMPLES) - 1), st.integers(0), ARGUMENTS, KEYWORDS)
def test_methods(owner: int, chosen: int, args: list[int], kwargs: dict[str, int]) -> None:
    value = samples([owner])[0]
    names = sorted({name for cls in type(value).__mro__ for name in methods.METHODS.get(cls, ())})
    if names:
        native = methods.lookup(value, names[chosen % len(names)])
        call(native, [value, *samples(args)], dict(zip(kwargs, samples(list(kwargs.values())), strict=True)))


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(sorted(MODELS)), st.sampled_from(["get", "pop", "append", "write", "hex"]), ARGUMENTS)
def test_models(name: str, attribute: str, args: list[int]) -> None:
    attributes_of(MODELS[name], samples(args))
    method = call(lambda machine, args, kwargs, site: MODELS[name].attr(machine, attribute, site), [], {})
    if isinstance(method, NativeFunction):
        call(method.run, samples(args), {})
