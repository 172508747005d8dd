"""The YAML that dag-factory appends to the documentation of each DAG.

Source: ``_DagFactory._serialise_config_md``, which dumps with PyYAML's ``Dumper``; objects come out as their state.
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable
from typing import Any

from yaml.emitter import Emitter
from yaml.representer import SafeRepresenter
from yaml.resolver import Resolver
from yaml.serializer import Serializer

from dagport.evaluate.domain import Anything, Symbolic
from dagport.readers.airflow.asset import AssetObject, Condition
from dagport.readers.airflow.dag_factory.blocks import Block

OBJECT = "tag:yaml.org,2002:python/object"
ASSETS = "airflow.sdk.definitions.asset"
PLAIN = (type(None), bool, int, float, str, bytes, list, dict, Block, datetime.date, datetime.datetime)
CONDITIONS = {"all": f"{ASSETS}.AssetAll", "any": f"{ASSETS}.AssetAny"}


class NotShown(Exception):  # noqa: N818 - an answer, not an error
    """How PyYAML dumps a value isn't modelled."""


class _Dumper(Emitter, Serializer, SafeRepresenter, Resolver):
    """PyYAML's dumper, with what it makes of the objects of Airflow that have a model here."""

    def __init__(self, stream: io.StringIO) -> None:
        Emitter.__init__(self, stream, allow_unicode=True)
        Serializer.__init__(self)
        SafeRepresenter.__init__(self, default_flow_style=False, sort_keys=False)
        Resolver.__init__(self)

    def represent_data(self, data: Any) -> Any:
        """Refuse what the safe representer would show otherwise than PyYAML's full one."""
        if type(data) not in PLAIN and type(data) not in self.yaml_representers:
            raise NotShown(type(data).__name__)
        return super().represent_data(data)


def _block(dumper: Any, data: Block) -> Any:
    return dumper.represent_dict(data)


def _duration(dumper: Any, data: datetime.timedelta) -> Any:
    parts = [data.days, data.seconds, data.microseconds]
    return dumper.represent_sequence(f"{OBJECT}/apply:datetime.timedelta", parts)


class _Access:
    """The default ``AssetAccessControl`` of an asset."""


def _access(dumper: Any, data: _Access) -> Any:
    state: dict[str, Any] = {"producer_teams": [], "consumer_teams": None, "allow_global": True}
    return dumper.represent_mapping(f"{OBJECT}:{ASSETS}.access_control.AssetAccessControl", state)


def _asset(dumper: Any, data: AssetObject) -> Any:
    if data.kind != "asset" or data.group is not None or data.extra:
        raise NotShown(data.kind)
    state = {"name": data.name, "uri": data.uri, "group": "asset", "extra": {}, "watchers": []}
    return dumper.represent_mapping(f"{OBJECT}:{ASSETS}.Asset", {**state, "access_control": _Access()})


class _Parts(tuple[Any, ...]):
    """The objects of a condition."""

    __slots__ = ()


def _parts(dumper: Any, data: _Parts) -> Any:
    return dumper.represent_sequence("tag:yaml.org,2002:python/tuple", data)


def _condition(dumper: Any, data: Condition) -> Any:
    return dumper.represent_mapping(f"{OBJECT}:{CONDITIONS[data.joined]}", {"objects": _Parts(data.parts)})


def _symbolic(dumper: Any, data: Symbolic) -> Any:
    represent = SYMBOLIC.get(data.name)
    if represent is None or data.parent is not None or len(data.args) > 1:
        raise NotShown(data.name)
    return represent(dumper, data)


def _param(dumper: Any, data: Symbolic) -> Any:
    schema = dict(data.kwargs)
    if {"schema", "source"} & schema.keys() or not ("default" in schema or data.args):
        raise NotShown(data.name)
    value = data.args[0] if data.args else schema.pop("default")
    state = {"value": value, "description": schema.pop("description", None), "schema": schema, "source": None}
    return dumper.represent_mapping(f"{OBJECT}:airflow.sdk.definitions.param.Param", state)


def _cron(dumper: Any, data: Symbolic) -> Any:
    given = {**dict(zip(("cron",), data.args, strict=False)), **data.kwargs}
    if given.keys() - {"cron", "timezone"} or not all(isinstance(item, str) for item in given.values()):
        raise NotShown(data.name)
    state = {"expression": given.get("cron"), "timezone": given.get("timezone"), "interval": datetime.timedelta()}
    mapping = {**state, "run_immediately": False}
    return dumper.represent_mapping(
        f"{OBJECT}:airflow.sdk.definitions.timetables.trigger.CronTriggerTimetable", mapping
    )


SYMBOLIC = {
    "airflow.sdk.Param": _param,
    "airflow.sdk.definitions.param.Param": _param,
    "airflow.models.param.Param": _param,
    "airflow.sdk.CronTriggerTimetable": _cron,
    "airflow.sdk.definitions.timetables.trigger.CronTriggerTimetable": _cron,
}
REPRESENTERS: dict[type, Callable[[Any, Any], Any]] = {
    Block: _block,
    datetime.timedelta: _duration,
    _Access: _access,
    AssetObject: _asset,
    _Parts: _parts,
    Condition: _condition,
    Symbolic: _symbolic,
}
for _type, _represent in REPRESENTERS.items():
    _Dumper.add_representer(_type, _represent)


def dumped(value: Anything) -> str:
    """A value as ``yaml.dump`` shows it, in block style and in its own order. Raises ``NotShown``."""
    stream = io.StringIO()
    dumper = _Dumper(stream)
    dumper.open()
    dumper.represent(value)
    dumper.close()
    return stream.getvalue()
