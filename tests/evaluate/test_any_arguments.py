"""Whatever is given to a modelled function or method: a value, an exception of the analysed code, or a limit.

Every function is tried with nothing, with each sample alone, and with some combinations, the same in every run.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import datetime
import pathlib
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest

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
    SourceFile,
    Spread,
    Symbolic,
    Unknown,
)
from dagport.evaluate.located import located
from dagport.evaluate.machine import Hooks, Machine
from dagport.evaluate.paths import LocatedPath
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
PATHS: list[Any] = [
    SourceFile("d.py", "dags/d.py"),
    SourceFile("d.py"),
    located("/dags", "file"),
    LocatedPath(pathlib.PurePosixPath("/dags/x.yaml")),
    LocatedPath(pathlib.PurePosixPath("d.py")),
]
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
    *PATHS,
]
NAMES = ["key", "default", "tz", "a", "maxsize", "reverse", "hour", "indent", "repeat", "**"]
TOGETHER = {2: 30, 3: 15, 4: 5}  # number of arguments -> combinations that are tried
PATH_ATTRIBUTES = [
    "exists", "read_text", "is_file", "glob", "iterdir", "joinpath", "parent", "parents", "name", "stem", "with_suffix",
    "open", "resolve", "rglob", "relative_to", "split", "rsplit", "replace", "startswith", "endswith", "strip",
    "removesuffix", "__len__", "format", "join", "upper", "partition",
]  # fmt: skip
RESULT_ATTRIBUTES = [
    "update", "hexdigest", "substitute", "parent", "joinpath", "get", "pop", "append", "write", "__str__", "localize",
    "hex",
]  # fmt: skip
NODE = ast.parse("f()").body[0]

Arguments = tuple[list[Any], dict[str, Any]]


def call(native: Any, args: list[Any], kwargs: dict[str, Any], label: str) -> Any:
    """What a model gives. A crash names the call that it comes from."""
    machine = Machine(Source("snippet.py", "f()"), Hooks(), Limits(items=2_000, text=20_000, steps=200_000))
    site = CallSite(NODE, Scope(machine.module, {}, None))
    with contextlib.suppress(PyRaise, LimitHit):
        try:
            return native(machine, copies(args), dict(kwargs), site)
        except Exception as crash:
            crash.add_note(f"{label} with {args} {kwargs}")
            raise


def copies(values: list[Any]) -> list[Any]:
    return [copy.copy(value) for value in values]


def arguments(name: str, keywords: bool = True) -> Iterator[Arguments]:
    """The arguments that a function of this name is tried with."""
    chosen = random.Random(name)
    several = (chosen.sample(SAMPLES, count) for count, times in TOGETHER.items() for _ in range(times))
    for args in ([], *([value] for value in SAMPLES), *several):
        yield args, {}
        if keywords:
            yield args, {keyword: chosen.choice(SAMPLES) for keyword in chosen.sample(NAMES, chosen.choice((1, 1, 2)))}


def attribute(value: Any, name: str) -> Any:
    """A method of a model, if it has it."""
    found = call(lambda machine, args, kwargs, site: value.attr(machine, name, site), [], {}, f"{value!r}.{name}")
    return found.run if isinstance(found, NativeFunction) else None


def test_functions_are_found() -> None:
    """The test below has something to try."""
    assert len(FUNCTIONS) > 700
    assert {"builtins.sorted", "os.path.join", "yaml.safe_load", "pendulum.datetime"} <= set(FUNCTIONS)


@pytest.mark.parametrize("package", sorted({name.partition(".")[0] for name in FUNCTIONS}))
def test_functions(package: str) -> None:
    for name in FUNCTIONS:
        if name.partition(".")[0] != package:
            continue
        native = library.function(name) or BUILTINS[name.removeprefix("builtins.")]
        for args, kwargs in arguments(name):
            result = call(native, args, kwargs, name)
            for method in RESULT_ATTRIBUTES if isinstance(result, Model) else ():
                run = attribute(result, method)
                if run is not None:
                    call(run, args, {}, f"{name}().{method}")


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("dateutil.tz.tzoffset", [None, 10**30], {}),
        ("json.dumps", [[1]], {"indent": 2.5}),
        ("json.dumps", [[1]], {"separators": 3}),
        ("operator.contains", [b"x", 300], {}),
        ("operator.contains", [b"x", -1], {}),
    ],
)
def test_found_before(name: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    """Rare arguments that once made a model crash."""
    call(library.function(name), args, kwargs, name)


@pytest.mark.parametrize("index", range(len(SAMPLES)))
def test_methods(index: int) -> None:
    value = SAMPLES[index]
    for name in sorted({name for cls in type(value).__mro__ for name in methods.METHODS.get(cls, ())}):
        native = methods.lookup(value, name)
        for args, kwargs in arguments(name):
            call(native, [value, *args], kwargs, f"{value!r}.{name}")


@pytest.mark.parametrize(
    ("value", "names"),
    [
        *(pytest.param(value, PATH_ATTRIBUTES, id=f"path {index}") for index, value in enumerate(PATHS)),
        *(pytest.param(value, RESULT_ATTRIBUTES, id=name) for name, value in sorted(MODELS.items())),
    ],
)
def test_models(value: Model, names: list[str]) -> None:
    for name in names:
        run = attribute(value, name)
        for args, _ in arguments(name, keywords=False) if run is not None else ():
            call(run, args, {}, f"{value!r}.{name}")
