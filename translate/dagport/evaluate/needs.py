"""What evaluating a file asks of the deployment it runs in, and values that must never be shown."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from dagport.evaluate.domain import Anything, CallSite, Native, Spread, Unknown
from dagport.source import Span

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

NeedKind: TypeAlias = Literal["variable", "connection", "environment", "configuration"]
NeedState: TypeAlias = Literal["given", "assumed", "unknown"]

OPTIONS: dict[NeedKind, str] = {
    "variable": "--variables",
    "connection": "--connections",
    "environment": "--env-file",
    "configuration": "--env-file",
}
SENSITIVE = frozenset({
    "access_key", "access_token", "api_key", "apikey", "auth_header", "authorization", "bearer", "connection_string",
    "dsn", "keyfile_dict", "passphrase", "passwd", "password", "private_key", "proxies", "proxy", "secret",
    "service_account", "service_key", "token", "webhook_url",
})  # fmt: skip
"""Parts of names whose values Airflow masks (``DEFAULT_SENSITIVE_FIELDS`` of its secrets masker)."""
MORE_SENSITIVE = ("airflow_conn_", "credential", "fernet_key", "sql_alchemy_conn", "_pwd", "broker_url")
NUMERIC = ("pass", "secret")  # a number below such a key is one too; `max_tokens` isn't


ABSENT = object()
"""Stands for the value of what isn't set."""


@dataclass(frozen=True, slots=True)
class Need:
    """One question to the deployment, at one place."""

    kind: NeedKind
    name: str
    state: NeedState
    path: str  # of the file that asks
    span: Span
    assumption: str = ""  # a clause: what is taken for granted; empty where nothing is


class Secret(Unknown):
    """A value that the user's files give and no output may show.

    Only whether it is empty, and that it isn't ``None``, is known to the analysed code. More, such as a comparison,
    would let a hostile file find out the rest, and have it printed as the id of a task.
    """

    __slots__ = ("held",)

    def __init__(self, held: str | float, what: str, site: CallSite) -> None:
        super().__init__(f"{what} is a secret, which is never shown", site.text, site.span)
        self.held = held

    def __repr__(self) -> str:
        return "<secret>"


def require(
    machine: Machine, kind: NeedKind, name: str, state: NeedState, site: CallSite, assumption: str = ""
) -> None:
    """Note a question to the deployment."""
    path = site.scope.module.source.path
    machine.requirements.append(Need(kind, name, state, path, site.span, assumption))


def without_spread(native: Native) -> Native:
    """A model that is never handed an unknown number of arguments."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        rest = next((value for value in (*args, *kwargs.values()) if isinstance(value, Spread)), None)
        if rest is None:
            return native(machine, args, kwargs, site)
        machine.effect()
        return machine.unknown(rest.why, site)

    return run


def not_given(machine: Machine, kind: NeedKind, name: str, what: str, site: CallSite) -> Unknown:
    """The value of something that isn't given."""
    require(machine, kind, name, "unknown", site)
    return machine.unknown(f"{what} is known only in the deployment, or from {OPTIONS[kind]}", site)


def required(machine: Machine, kind: NeedKind, name: str, what: str, site: CallSite) -> Unknown:
    """The value of something that isn't given and that the file can't do without: that it is there is assumed.

    Inside a ``try``, the file may provide for the case that it isn't, which is a doubt.
    """
    value = not_given(machine, kind, name, what, site)
    machine.requirements[-1] = replace(machine.requirements[-1], assumption=f"{what} is set")
    if machine.trying:
        machine.doubt("DP201", f"whether {what} is set isn't known, and the code around may handle that", site)
    return value


def is_sensitive(name: str) -> bool:
    """Whether a name is one whose value Airflow masks, or that other tools do."""
    plain = name.strip().lower()
    normal = re.sub(r"\W+", "_", plain)
    return any(part in plain or part in normal for part in SENSITIVE) or any(part in plain for part in MORE_SENSITIVE)


def is_public(name: str, text: str) -> bool:
    """Whether a given text may be shown: neither its name nor what is in it tells of a secret."""
    return not (is_sensitive(name) or holds_password(text))


def shown(text: str, name: str, what: str, site: CallSite) -> str | Secret:
    """A given text as a value, or as a secret by its name or because a password is in it."""
    return text if is_public(name, text) else Secret(text, what, site)


def holds_password(text: str) -> bool:
    """Whether a text is a URL with a password, or JSON with a sensitive key."""
    if "://" in text:
        try:
            return urlsplit(text).password is not None
        except ValueError:
            return True  # no URL, and nobody knows what it is
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        return _holds_secret(json.loads(text))
    except RecursionError:
        return True
    except ValueError:
        return False


def _holds_secret(data: Any, key: str = "") -> bool:
    if isinstance(data, dict):
        return any(_holds_secret(item, _inner(name, key)) for name, item in data.items())
    if isinstance(data, list):
        return any(_holds_secret(item, key) for item in data)
    return _is_secret(data, key)


def _inner(name: str, key: str) -> str:
    """The sensitive key that a part of an object lies below."""
    return name if is_sensitive(name) else key


def _is_secret(data: Any, key: str) -> bool:
    if isinstance(data, str):
        return bool(data and key) or holds_password(data)
    is_number = isinstance(data, int | float) and not isinstance(data, bool)
    return is_number and any(part in key.lower() for part in NUMERIC)


def hidden(data: Anything, what: str, site: CallSite, key: str = "") -> Anything:
    """Data of a JSON text with secrets for the texts below sensitive keys."""
    if isinstance(data, dict):
        return {name: hidden(item, what, site, _inner(name, key)) for name, item in data.items()}
    if isinstance(data, list):
        return [hidden(item, what, site, key) for item in data]
    if _is_secret(data, key):
        return Secret(data, f"`{key}` of {what}" if key else f"a part of {what}", site)
    return data
