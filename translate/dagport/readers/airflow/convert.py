"""From the evaluator's values to the graph's."""

from __future__ import annotations

import datetime
import decimal
import re
import time
import zoneinfo
from dataclasses import dataclass
from typing import Any

from dagport.evaluate.domain import (
    Anything,
    BoundMethod,
    External,
    Function,
    Instance,
    ModuleName,
    NativeFunction,
    SourceFile,
    Symbolic,
    Unknown,
    UserClass,
)
from dagport.evaluate.enums import EnumMember
from dagport.evaluate.library.functools import Partial
from dagport.evaluate.paths import LocatedPath
from dagport.passes import templates
from dagport.readers.airflow.asset import AssetObject, Condition
from dagport.readers.airflow.dag import DagFactory, DagParam
from dagport.readers.airflow.group import GroupFactory
from dagport.readers.airflow.nodes import Dag, Group, Task, XComRef
from dagport.readers.airflow.taskflow import TaskFactory
from dagport.readers.airflow.xcom import MappedArgument
from dagport.values import Call, Code, Ref, Template, Value, XCom

PROJECT_PATH = "dagport.project_path"  # the text of a path: that of the project's root, and what is below it
MAX_DEPTH = 40
MAX_PARTS = 500_000  # of all arguments of a file; shared ones are counted each time, as the graph writes them out
MAX_BITS = 10_000  # a longer number has no decimal form: Python itself refuses to write more than 4300 digits
LETTERS = 128  # that count as one part
BUILD_SECONDS = 20.0


class Budget:
    """How much the graph of one file may still hold, and how long making it may still take."""

    __slots__ = ("deadline", "is_late", "parts")

    def __init__(self, parts: int = MAX_PARTS, seconds: float = BUILD_SECONDS) -> None:
        self.parts = parts
        self.is_late = False
        self.deadline = time.process_time() + seconds

    def spend(self, value: Anything) -> bool:
        """Whether there is room for one part more."""
        self.parts -= 1 + (len(value) // LETTERS if isinstance(value, str | bytes) else 0)
        long = isinstance(value, str) and len(value) > LETTERS  # a template, perhaps
        return self.parts >= 0 and ((self.parts % 16 != 0 and not long) or self.in_time())

    def in_time(self) -> bool:
        """Whether there is time left."""
        self.is_late = self.is_late or time.process_time() >= self.deadline
        return not self.is_late


@dataclass(frozen=True, slots=True)
class Place:
    """Where inside an argument we are."""

    depth: int
    budget: Budget

    def inner(self) -> Place:
        """One level deeper."""
        return Place(self.depth + 1, self.budget)


def to_value(value: Anything, place: Place | None = None) -> Value:
    """The graph's form of a value."""
    if place is None or place.depth == 0:
        try:
            return _converted(value, place or Place(0, Budget()))
        except _Overspent:
            return Code("", "the values of the file are too many, or too long, to write them all out")
    return _converted(value, place)


class _Overspent(Exception):  # noqa: N818 - it ends the conversion of one argument
    pass


def _converted(value: Anything, place: Place) -> Value:
    if not place.budget.spend(value):
        raise _Overspent
    if place.depth > MAX_DEPTH or is_too_long(value):
        return Code("...", "the value is nested too deeply" if place.depth > MAX_DEPTH else "it has too many digits")
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        text = str(value)
        return text if "{" not in text else _text(text)
    if isinstance(value, list):
        return [to_value(item, place.inner()) for item in value]
    if isinstance(value, tuple):
        # JSON has no tuples, and a function that gets one may tell the difference.
        return Call("tuple", ([to_value(item, place.inner()) for item in value],))
    if isinstance(value, dict):
        return _mapping(value, place)
    if isinstance(value, set | frozenset):
        items = sorted((to_value(item, place.inner()) for item in value), key=repr)
        return Call("set", (items,))
    if isinstance(value, Unknown):
        return Code(value.text, value.why)
    if isinstance(value, XComRef):
        return _reference(value, place)
    if isinstance(value, External):
        return Ref(value.name)
    if isinstance(value, Symbolic):
        return _symbolic(value, place)
    if isinstance(value, Function | UserClass | TaskFactory | DagFactory | GroupFactory):
        return Ref(_name(value))
    return _object(value, place)


def is_too_long(value: Anything) -> bool:
    """Whether a value is a number that can't be written out."""
    return isinstance(value, int) and value.bit_length() > MAX_BITS


def _text(text: str) -> Value:
    if not templates.has_template(text):
        return text
    try:
        # A template that isn't valid Jinja stays one: Airflow fails the task that renders it.
        return Template(text, templates.refs(text) or ())
    except templates.TooLarge as problem:
        return Code(text[:100], str(problem))


def _mapping(value: dict[Any, Anything], place: Place) -> Value:
    if all(isinstance(key, str) for key in value):
        return {str(key): to_value(item, place.inner()) for key, item in value.items()}
    pairs = [[to_value(key, place.inner()), to_value(item, place.inner())] for key, item in value.items()]
    return Call("dict", (pairs,))


def _reference(value: XComRef, place: Place) -> Value:
    if value.plain and isinstance(value.task.task_id, str):
        return XCom(value.task.task_id, value.key)
    if isinstance(value, MappedArgument):
        return Call("airflow.sdk.MappedArgument", (to_value(value.source, place.inner()),))
    parts = [XCom(task.task_id, key) for task, key in value.parts if isinstance(task.task_id, str)]
    return Call("airflow.sdk.XComArg", tuple(parts))


def _symbolic(value: Symbolic, place: Place) -> Value:
    if value.parent is not None:
        return Code(value.text, "it is made by code that isn't modelled")
    kwargs = {name: to_value(item, place.inner()) for name, item in value.kwargs.items()}
    return Call(value.name, tuple(to_value(item, place.inner()) for item in value.args), kwargs)


def _name(value: Any) -> str:
    """A function's or a class's name, with the module before it where another file of the project defines it."""
    if isinstance(value, Function) and not value.scope.module.is_main and value.scope.parent is None:
        return f"{value.scope.module.name}.{value.name}"
    return str(value.name) if isinstance(value, Function | UserClass) else _name(value.function)


def _object(value: Anything, place: Place) -> Value:  # noqa: C901 - one case a type
    if isinstance(value, datetime.timedelta):
        return Call("datetime.timedelta", (), {"seconds": value.total_seconds()})
    if isinstance(value, datetime.datetime):
        return Call("datetime.datetime.fromisoformat", (value.isoformat(),))
    if isinstance(value, datetime.date | datetime.time):
        return Call(f"datetime.{type(value).__name__}.fromisoformat", (value.isoformat(),))
    if isinstance(value, zoneinfo.ZoneInfo):
        return Call("zoneinfo.ZoneInfo", (value.key,))
    if isinstance(value, datetime.tzinfo):
        return Call("datetime.timezone", (str(value),))
    if isinstance(value, decimal.Decimal):
        return Call("decimal.Decimal", (str(value),))
    if isinstance(value, bytes):
        return Call("bytes.fromhex", (value.hex(),))
    if isinstance(value, range):
        return Call("range", (value.start, value.stop, value.step))
    if isinstance(value, re.Pattern):
        return Call("re.compile", (str(value.pattern), value.flags))
    if isinstance(value, AssetObject):
        return _asset(value)
    if isinstance(value, Condition):
        name = "airflow.sdk.AssetAll" if value.joined == "all" else "airflow.sdk.AssetAny"
        return Call(name, tuple(to_value(item, place.inner()) for item in value.parts))
    if isinstance(value, SourceFile) and not isinstance(value, ModuleName) and value.rest is not None:
        return Call(PROJECT_PATH, (value.rest.removeprefix("/"),))
    if isinstance(value, LocatedPath):
        return Call("pathlib.Path", (_object(value.text, place),))
    if isinstance(value, Dag):
        return Ref(f"dag:{value.id}")
    if isinstance(value, Task):
        return Ref(f"task:{value.task_id}")
    if isinstance(value, Group):
        return Ref(f"group:{value.id}")
    if isinstance(value, Partial):
        kwargs = {name: to_value(item, place.inner()) for name, item in value.kwargs.items()}
        return Call(
            "functools.partial", tuple(to_value(item, place.inner()) for item in (value.function, *value.args)), kwargs
        )
    if isinstance(value, DagParam):
        return Template("{{ params." + value.name + " }}", (f"params.{value.name}",))
    if isinstance(value, BoundMethod):
        return _bound(value)
    if isinstance(value, EnumMember):
        name = value.fields["_name_"]
        # Flags can be combined to a member without a name.
        return (
            Ref(f"{value.cls.name}.{name}") if name else Call(value.cls.name, (to_value(value.value, place.inner()),))
        )
    if isinstance(value, Instance):
        return Call(value.cls.name, (), {name: to_value(item, place.inner()) for name, item in value.fields.items()})
    return Code("", getattr(value, "why", None) or f"a value of type {type(value).__name__} has no form in the graph")


def _bound(value: BoundMethod) -> Value:
    owner = value.self_value
    method = value.function.name if isinstance(value.function, Function | NativeFunction) else "?"
    if isinstance(owner, Instance):
        return Ref(f"{owner.cls.name}.{method}")
    return Ref(f"{owner.name}.{method}" if isinstance(owner, UserClass) else str(method))


def _asset(value: AssetObject) -> Value:
    if value.kind == "alias":
        return Call("airflow.sdk.AssetAlias", (value.name,))
    if value.kind == "asset":
        return Call("airflow.sdk.Asset", (), {"name": value.name, "uri": value.uri})
    key = "name" if value.kind == "name_ref" else "uri"
    return Call("airflow.sdk.Asset.ref", (), {key: value.name})
