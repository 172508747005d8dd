"""Values of the graph as Python source in a DAG file."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping, Sequence
from zoneinfo import ZoneInfo

from dagport.pycode import text_constant
from dagport.values import Call, Code, Ref, Template, Value, XCom
from dagport.writers.airflow.written.contexts import check_template
from dagport.writers.airflow.written.homes import home
from dagport.writers.airflow.written.imports import Imports
from dagport.writers.airflow.written.source import PythonSource
from dagport.writers.common.literals import NotExpressible

Result = Callable[[XCom], str]
"""The expression of another task's result. Raises ``NotExpressible`` where it can't be handed on."""
MAPPED_ARGUMENT = "airflow.sdk.MappedArgument"
BUILT = frozenset({"set", "frozenset", "range", "bytes.fromhex", "float", "dict", "tuple"})
PLAIN_ESCAPES = ("\\", '"""', "\r")
UNITS = (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1))
RENAMED_IN_2 = {"airflow.sdk.AssetOrTimeSchedule": {"assets": "datasets"}}
ASSET_CLASSES = ("airflow.sdk.Asset", "airflow.sdk.AssetAlias")


class Values:
    """Writes values for one file; ``home`` of each name is that of the version written for."""

    def __init__(self, imports: Imports, source: PythonSource | None, version: str, module: str) -> None:
        self.imports = imports
        self.source = source
        self.version = version
        self.has_defaults = False  # whether the source speaks of default_args
        self.orchestrator = "airflow"  # what the graph was read from
        self.engine = version  # the version that the pipeline being written is for
        self.assets: dict[str, str] = {}  # variables of the file's assets, by their names
        self.renamed_assets: frozenset[str] = frozenset()  # those that the version written for knows by their URI
        self._module = module  # the source's own name, with which the graph names the classes in it

    def want(self, name: str) -> str:
        """What to write for a qualified name of Airflow or another library."""
        return self.imports.want(home(name, self.version))

    def write(self, value: Value, result: Result, mapped: Mapping[str, str] | None = None) -> str:
        """The source of a value. Raises ``NotExpressible`` with what is in the way.

        ``mapped``: in a mapped group, the group's parameter for each value that it is expanded over.
        """

        def inner(item: Value) -> str:
            return self.write(item, result, mapped)

        if isinstance(value, str):
            return text(value)
        if value is None or isinstance(value, bool | int | float):
            return number(value)
        if isinstance(value, Template):
            check_template(value, self.engine, self.version)
            return text(value.text)
        if isinstance(value, XCom):
            return result(value)
        if isinstance(value, Ref):
            return self.reference(value.name)
        if isinstance(value, Code):
            return self._code(value)
        if isinstance(value, Call):
            return self._call(value, inner, mapped or {})
        if isinstance(value, Mapping):
            return f"{{{', '.join(f'{text(key)}: {inner(item)}' for key, item in value.items())}}}"
        return f"[{', '.join(map(inner, value))}]"

    def reference(self, name: str) -> str:
        """A name that the source defines or imports."""
        local = name.removeprefix(f"{self._module}.")
        head = local.partition(".")[0]
        if ":" in name:
            raise NotExpressible(f"an object of the DAG itself ({name}) is a value")
        if self.source is not None and self.source.defines(head):
            self.source.need([head])
            return local
        if "." not in name:
            raise NotExpressible(f"`{name}` is defined in the source, which isn't here")
        return self.want(name)

    def _code(self, value: Code) -> str:
        if self.source is None or not value.text or value.text not in self.source.source.text:
            raise NotExpressible(f"`{value.text}` isn't known: {value.why}" if value.text else value.why)
        return self.source.expression(value.text)

    def _call(self, call: Call, inner: Callable[[Value], str], mapped: Mapping[str, str]) -> str:
        name = call.name
        if name == MAPPED_ARGUMENT:
            return _parameter(call, mapped)
        if name == "airflow.sdk.XComArg":
            raise NotExpressible("a result is changed on the way (`map`, `zip` or `concat`), by code that isn't known")
        if name in BUILT:
            return _built(call, inner)
        if name.startswith("datetime."):
            return self._date(call)
        if name == "zoneinfo.ZoneInfo" or name.startswith("decimal."):
            return self._plain_call(self.want(name), call, inner)
        if name.startswith("dagport."):
            raise NotExpressible("it is a path of the project, made of the source's own place")
        if name in ASSET_CLASSES:
            return self._asset(call, inner)
        if self.source is not None and not name.startswith("airflow."):
            self._check_instance(call)
        return self._plain_call(self.reference(name), call, inner)

    def _plain_call(self, function: str, call: Call, inner: Callable[[Value], str]) -> str:
        named = []
        renamed = RENAMED_IN_2.get(call.name, {}) if self.version == "2" else {}
        for given, item in call.kwargs.items():
            key = renamed.get(given, given)
            if not key.isidentifier():
                raise NotExpressible(f"the arguments of `{call.name}` aren't known")
            named.append(f"{key}={inner(item)}")
        return f"{function}({', '.join([*map(inner, call.args), *named])})"

    def _check_instance(self, call: Call) -> None:
        """An object of a class of the source: the graph tells its attributes, which may not be its arguments."""
        assert self.source is not None  # noqa: S101 - narrows for the type checker
        name = call.name.removeprefix(f"{self._module}.")
        if not self.source.defines(name.partition(".")[0]):
            return
        parameters = self.source.constructor(name)
        if parameters is None or not set(call.kwargs) <= parameters:
            raise NotExpressible(f"how the object of `{name}` was made isn't told by its attributes")

    def _asset(self, call: Call, inner: Callable[[Value], str]) -> str:
        known = self.assets.get(str(call.kwargs.get("name")))
        if known is not None and call.name == "airflow.sdk.Asset":
            return known
        if self.version == "2" and call.name == "airflow.sdk.Asset":
            if "watchers" in call.kwargs:
                raise NotExpressible("Airflow 2 has no watchers of assets")
            kept = {key: item for key, item in call.kwargs.items() if key in ("uri", "extra")}
            return self._plain_call(self.want(call.name), Call(call.name, (), kept), inner)
        values = dict(call.kwargs)
        if values.get("name") == values.get("uri"):
            values.pop("name", None)
            return self._plain_call(self.want(call.name), Call(call.name, (values.pop("uri", ""),), values), inner)
        return self._plain_call(self.want(call.name), Call(call.name, call.args, values), inner)

    def _date(self, call: Call) -> str:
        name = call.name
        if name == "datetime.timedelta":
            return self.duration(call.kwargs.get("seconds"))
        if name == "datetime.datetime.fromisoformat" and len(call.args) == 1 and isinstance(call.args[0], str):
            return self.moment(datetime.datetime.fromisoformat(call.args[0]))
        if name == "datetime.time.fromisoformat" and isinstance(call.args[0], str):
            time = datetime.time.fromisoformat(call.args[0])
            if time.tzinfo is None:
                parts = [time.hour, time.minute, *([time.second] if time.second else [])]
                return f"{self.imports.want('datetime.time')}({', '.join(map(str, parts))})"
        if name.endswith(".fromisoformat"):
            return self._plain_call(self.imports.want(name), call, lambda item: self.write(item, no_result))
        raise NotExpressible(f"`{name}` has no form here")

    def moment(self, value: datetime.datetime, zone: str | None = None) -> str:
        """A date and time; one with an offset as ``pendulum.datetime`` in its time zone."""
        parts = [value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond]
        while len(parts) > 3 and parts[-1] == 0:
            parts.pop()
        shown = ", ".join(map(str, parts))
        if value.tzinfo is None:
            return f"{self.imports.want('datetime.datetime')}({shown})"
        offset = value.utcoffset()
        if zone is None or _offset_in(zone, value) != offset:
            if offset:
                name = self.imports.want("datetime.datetime")
                return f"{name}.fromisoformat({text_constant(value.isoformat())})"
            zone = "UTC"
        return f"{self.imports.want('pendulum.datetime')}({shown}, tz={text_constant(zone)})"

    def duration(self, seconds: Value) -> str:
        """A ``timedelta`` in the largest unit that fits."""
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise NotExpressible("a duration isn't known")
        delta = self.imports.want("datetime.timedelta")
        for unit, length in UNITS:
            if seconds % length == 0 and (seconds or unit == "seconds"):
                return f"{delta}({unit}={int(seconds // length)})"
        return f"{delta}(seconds={seconds!r})"


def text(value: str) -> str:
    """A text constant; one of several lines between triple quotes where that is exact."""
    plain = "\n" in value.strip("\n") and not any(part in value for part in PLAIN_ESCAPES)
    if plain and not value.endswith('"') and all(line.isprintable() for line in value.replace("\t", " ").split("\n")):
        return f'"""{value}"""'
    return text_constant(value)


def number(value: float | bool | None) -> str:
    """A number, a truth value or ``None``."""
    return f'float("{value}")' if isinstance(value, float) and not math.isfinite(value) else repr(value)


def no_result(value: XCom) -> str:
    """Where no result of a task can stand."""
    raise NotExpressible(f"the result of {value.task_id!r} can't be used here")


def mapped_key(value: Value) -> str:
    """What identifies something that a group is expanded over."""
    return repr(value)


def _parameter(call: Call, mapped: Mapping[str, str]) -> str:
    name = mapped.get(mapped_key(call.args[0])) if call.args else None
    if name is None:
        raise NotExpressible("the argument of a mapped group isn't known")
    return name


def _built(call: Call, inner: Callable[[Value], str]) -> str:
    """Calls of Python's own types, as their literals where they have one."""
    items = call.args[0] if len(call.args) == 1 and not call.kwargs else None
    if call.name in ("tuple", "set", "dict") and isinstance(items, Sequence) and not isinstance(items, str):
        if call.name == "tuple":
            return f"({', '.join(map(inner, items))}{',' * (len(items) == 1)})"
        if call.name == "set":
            return f"{{{', '.join(map(inner, items))}}}" if items else "set()"
        pairs = [item for item in items if isinstance(item, Sequence) and not isinstance(item, str) and len(item) == 2]
        if len(pairs) == len(items):
            return f"{{{', '.join(f'{inner(key)}: {inner(item)}' for key, item in pairs)}}}"
    if call.kwargs or call.name in ("tuple", "dict"):
        raise NotExpressible(f"`{call.name}` is made from something unknown")
    return f"{call.name}({', '.join(map(inner, call.args))})"


def _offset_in(zone: str, value: datetime.datetime) -> datetime.timedelta | None:
    try:
        return value.replace(tzinfo=ZoneInfo(zone)).utcoffset()
    except (ValueError, KeyError):
        return None
