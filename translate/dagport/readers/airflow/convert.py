"""From the evaluator's values to the graph's."""

from __future__ import annotations

import datetime
import decimal
import re
import zoneinfo
from typing import Any

from dagport.evaluate.classes import EnumMember
from dagport.evaluate.domain import (
    Anything,
    BoundMethod,
    External,
    Function,
    Instance,
    NativeFunction,
    Symbolic,
    Unknown,
    UserClass,
)
from dagport.evaluate.library.functools import Partial
from dagport.passes import templates
from dagport.readers.airflow.asset import AssetObject, Condition
from dagport.readers.airflow.dag import DagFactory, DagParam
from dagport.readers.airflow.group import GroupFactory
from dagport.readers.airflow.nodes import Dag, Group, Task, XComRef
from dagport.readers.airflow.taskflow import TaskFactory
from dagport.readers.airflow.xcom import MappedArgument
from dagport.values import Call, Code, Ref, Template, Value, XCom

MAX_DEPTH = 40


def to_value(value: Anything, depth: int = 0) -> Value:
    """The graph's form of a value."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        text = str(value)
        return text if "{" not in text else _text(text)
    if depth > MAX_DEPTH:
        return Code("...", "the value is nested too deeply")
    if isinstance(value, list):
        return [to_value(item, depth + 1) for item in value]
    if isinstance(value, tuple):
        # JSON has no tuples, and a function that gets one may tell the difference.
        return Call("tuple", ([to_value(item, depth + 1) for item in value],))
    if isinstance(value, dict):
        return _mapping(value, depth)
    if isinstance(value, set | frozenset):
        items = sorted((to_value(item, depth + 1) for item in value), key=repr)
        return Call("set", (items,))
    if isinstance(value, Unknown):
        return Code(value.text, value.why)
    if isinstance(value, XComRef):
        return _reference(value, depth)
    if isinstance(value, External):
        return Ref(value.name)
    if isinstance(value, Symbolic):
        return _symbolic(value, depth)
    if isinstance(value, Function | UserClass | TaskFactory | DagFactory | GroupFactory):
        return Ref(_name(value))
    return _object(value, depth)


def _text(text: str) -> Value:
    # A template that isn't valid Jinja stays one: Airflow fails the task that renders it.
    return Template(text, templates.refs(text) or ()) if templates.has_template(text) else text


def _mapping(value: dict[Any, Anything], depth: int) -> Value:
    if all(isinstance(key, str) for key in value):
        return {str(key): to_value(item, depth + 1) for key, item in value.items()}
    pairs = [[to_value(key, depth + 1), to_value(item, depth + 1)] for key, item in value.items()]
    return Call("dict", (pairs,))


def _reference(value: XComRef, depth: int) -> Value:
    if value.plain and isinstance(value.task.task_id, str):
        return XCom(value.task.task_id, value.key)
    if isinstance(value, MappedArgument):
        return Call("airflow.sdk.MappedArgument", (to_value(value.source, depth + 1),))
    parts = [XCom(task.task_id, key) for task, key in value.parts if isinstance(task.task_id, str)]
    return Call("airflow.sdk.XComArg", tuple(parts))


def _symbolic(value: Symbolic, depth: int) -> Value:
    if value.parent is not None:
        return Code(value.text, "it is made by code that isn't modelled")
    kwargs = {name: to_value(item, depth + 1) for name, item in value.kwargs.items()}
    return Call(value.name, tuple(to_value(item, depth + 1) for item in value.args), kwargs)


def _name(value: Any) -> str:
    return str(value.name) if isinstance(value, Function | UserClass) else _name(value.function)


def _object(value: Anything, depth: int) -> Value:  # noqa: C901 - one case a type
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
        return Call(name, tuple(to_value(item, depth + 1) for item in value.parts))
    if isinstance(value, Dag):
        return Ref(f"dag:{value.id}")
    if isinstance(value, Task):
        return Ref(f"task:{value.task_id}")
    if isinstance(value, Group):
        return Ref(f"group:{value.id}")
    if isinstance(value, Partial):
        kwargs = {name: to_value(item, depth + 1) for name, item in value.kwargs.items()}
        return Call(
            "functools.partial", tuple(to_value(item, depth + 1) for item in (value.function, *value.args)), kwargs
        )
    if isinstance(value, DagParam):
        return Template("{{ params." + value.name + " }}", (f"params.{value.name}",))
    if isinstance(value, BoundMethod):
        return _bound(value)
    if isinstance(value, EnumMember):
        return Ref(f"{value.cls.name}.{value.fields['name']}")
    if isinstance(value, Instance):
        return Call(value.cls.name, (), {name: to_value(item, depth + 1) for name, item in value.fields.items()})
    return Code("", f"a value of type {type(value).__name__} has no form in the graph")


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
