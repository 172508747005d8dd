"""Connections, read while a file is imported: ``BaseHook.get_connection``, ``Connection.get``.

Source: ``airflow.models.connection`` and ``airflow.sdk.definitions.connection`` (parts of a URI, JSON), the secrets
backend of the environment (``AIRFLOW_CONN_<ID>``). What may be a secret is never shown: the login, the password, the
extra, the URI, and a host or a schema that isn't a plain name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

from dagport.evaluate.domain import Anything, CallSite, Model, Native, NativeFunction, Unknown
from dagport.evaluate.library.support import bound, lost
from dagport.evaluate.needs import Secret, require, required, without_spread

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

PREFIX = "AIRFLOW_CONN_"  # of the environment variables that hold connections
PLAIN_NAME = re.compile(r"(\w+://)?[\w.\-]*")
SHOWN = ("conn_type", "host", "schema", "port")
HIDDEN = ("login", "password", "extra", "description")
ASKING = frozenset({
    "as_json", "extra_dejson", "get_extra", "get_extra_dejson", "get_password", "get_uri", "to_dict",
})  # fmt: skip


class ConnectionValue(Model):
    """An Airflow connection that the user gave."""

    __slots__ = ("fields", "id")
    type_name = "airflow.sdk.Connection"

    def __init__(self, id_: str, fields: dict[str, Anything]) -> None:
        self.id = id_
        self.fields = fields

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """A field; what may be a secret as one."""
        what = f"`{name}` of the connection `{self.id}`"
        if name in ("conn_id", "connection_id"):
            return self.id
        if name in SHOWN:
            value = self.fields.get(name)
            return Secret(value, what, site) if isinstance(value, str) and not PLAIN_NAME.fullmatch(value) else value
        if name in HIDDEN:
            value = self.fields.get(name)
            return None if value is None else Secret(str(value), what, site)
        if name == "extra_dejson":
            return machine.unknown(f"{what} may hold secrets, which are never shown", site)
        if name in ASKING:
            return NativeFunction(name, _never_shown(what))
        return machine.unknown(f"{what} isn't followed", site)


def _never_shown(what: str) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Unknown:
        return machine.unknown(f"{what} may hold secrets, which are never shown", site)

    return run


def find(owner: str, name: str) -> Native | None:
    """The model of a class method that reads a connection."""
    if owner == "Connection":
        return without_spread(_connection) if name in ("get", "get_connection_from_secrets") else None
    return {"get_connection": without_spread(_connection), "get_hook": without_spread(_hook)}.get(name)


def _connection(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    id_, _ = bound(args, kwargs, "conn_id", team_name=None)
    if not isinstance(id_, str):
        return lost(machine, [id_], site, "which connection is asked for isn't known")
    what = f"the connection `{id_}`"
    name = PREFIX + id_.upper()
    text = machine.environment.get(name, machine.deployment.environment.get(name))
    in_environment = bool(text)  # an empty text is passed over
    text = text if in_environment else machine.deployment.connections.get(id_)
    if not text:
        return required(machine, "connection", id_, what, site)
    if not isinstance(text, str):
        return lost(machine, [text], site, "it was removed from the environment")
    require(machine, "connection", id_, "given", site)
    try:
        return ConnectionValue(id_, read_connection(text, in_environment=in_environment))
    except (ValueError, TypeError):
        return machine.unknown(f"{what} is neither a URI nor an object in JSON", site)


def _hook(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Unknown:
    """``BaseHook.get_hook``: its class is the connection type's, which isn't asked."""
    asked = {name: value for name, value in kwargs.items() if name == "conn_id"}
    found = _connection(machine, args[:1], asked, site)
    return lost(machine, [found], site, "the hook of a connection isn't modelled")


def read_connection(text: str, *, in_environment: bool) -> dict[str, Any]:
    """The fields of a serialized connection: a URI, or an object in JSON.

    Raises ``ValueError`` or ``TypeError`` for anything else.
    """
    return _from_object(json.loads(text), in_environment) if text.lstrip().startswith("{") else _from_uri(text)


def _from_object(data: Mapping[str, Any], in_environment: bool) -> dict[str, Any]:
    if isinstance(data.get("uri"), str):
        return _from_uri(data["uri"])
    if in_environment and not set(data) <= {*SHOWN, *HIDDEN}:
        raise ValueError("Airflow doesn't take these keys")
    fields = {name: data.get(name) for name in (*SHOWN, *HIDDEN)}
    if fields["conn_type"] and in_environment:
        fields["conn_type"] = _normal_type(str(fields["conn_type"]))
    fields["port"] = int(fields["port"]) if fields["port"] else fields["port"]
    extra = fields["extra"] if data.get("extra_dejson") is None else data["extra_dejson"]
    fields["extra"] = extra if extra is None or isinstance(extra, str) else json.dumps(extra)
    return fields


def _normal_type(type_: str) -> str:
    return "postgres" if type_ == "postgresql" else type_.replace("-", "_")


def _from_uri(uri: str) -> dict[str, Any]:
    scheme = urlsplit(uri).scheme
    protocols = uri.count("://")
    if protocols > 2:
        raise ValueError("more than two protocols")
    rest = uri.replace(f"{scheme}://", "" if protocols == 2 else "//")
    if protocols == 2 and re.search("[@:]", rest.split("://", 1)[0]):
        raise ValueError("a login before the second protocol")
    parts = urlsplit(rest)
    host = _host(parts)
    return {
        "conn_type": _normal_type(scheme),
        "host": f"{parts.scheme}://{host}" if host and protocols == 2 else host,
        "schema": unquote(parts.path[1:]),
        "port": parts.port,
        "login": unquote(parts.username) if parts.username else parts.username,
        "password": unquote(parts.password) if parts.password else parts.password,
        "extra": parts.query or None,
    }


def _host(parts: SplitResult) -> str:
    """The host as Airflow takes it from a URI: it may be a quoted path."""
    host = unquote(parts.hostname or "")
    if "/" in host:
        host = unquote(parts.netloc.rpartition("@")[2].partition(":")[0])
    return host
