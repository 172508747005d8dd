"""Connections from environment variables, in the forms in which Airflow reads them: a URI, or JSON."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Connection:
    """What is known of a place outside."""

    conn_id: str
    conn_type: str | None = None
    host: str | None = None
    login: str | None = None
    password: str | None = None
    schema: str | None = None
    port: int | None = None
    extra: str | None = None

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """The extra fields, which are JSON; none where they aren't."""
        try:
            return json.loads(self.extra) if self.extra else {}
        except json.JSONDecodeError:
            return {}


def get_connection(conn_id: str) -> Connection:
    """The connection in the variable `AIRFLOW_CONN_<ID>`. Raises `KeyError` when it isn't set, else `ValueError`."""
    name = f"AIRFLOW_CONN_{conn_id.upper()}"
    text = os.environ.get(name)
    if not text:
        raise KeyError(f"The environment variable {name} isn't set")
    return _from_json(conn_id, text) if text.lstrip().startswith("{") else _from_uri(conn_id, text)


def _from_json(conn_id: str, text: str) -> Connection:
    fields = json.loads(text)
    extra = fields.get("extra")
    kept = {name: fields.get(name) for name in ("host", "login", "password", "schema")}
    return Connection(
        conn_id,
        conn_type=_type(fields["conn_type"]) if fields.get("conn_type") else None,
        port=int(fields["port"]) if fields.get("port") else None,
        extra=(extra if isinstance(extra, str) else json.dumps(extra)) if extra else None,
        **kept,
    )


def _from_uri(conn_id: str, text: str) -> Connection:
    kind = urlsplit(text).scheme
    # `http://https://host`: the host has a protocol of its own.
    has_protocol = text.count("://") == 2
    rest = text.replace(f"{kind}://", "" if has_protocol else "//")
    if has_protocol and not {"@", ":"}.isdisjoint(rest.partition("://")[0]):
        raise ValueError(f"The URI of the connection {conn_id!r} has no host that can be told")
    parts = urlsplit(rest)
    host = _host(parts)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Connection(
        conn_id,
        conn_type=_type(kind),
        host=f"{parts.scheme}://{host}" if has_protocol and parts.scheme else host,
        login=unquote(parts.username) if parts.username else parts.username,
        password=unquote(parts.password) if parts.password else parts.password,
        schema=unquote(parts.path[1:]),
        port=parts.port,
        extra=query.get("__extra__", json.dumps(query)) if query else None,
    )


def _type(text: str) -> str:
    return "postgres" if text == "postgresql" else text.replace("-", "_")


def _host(parts: SplitResult) -> str:
    host = unquote(parts.hostname or "")
    if "/" not in host:
        return host
    # A socket: what urllib gives is in lower case.
    return unquote(parts.netloc.rpartition("@")[2].partition(":")[0])
