"""The secrets that the user's files give: no copy of one in code, SQL or documentation gets into an event."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from dagport.evaluate.needs import is_sensitive
from dagport.options import Deployment
from dagport.readers.airflow.connections import PREFIX, read_connection
from dagport_lineage.facets import Json
from dagport_lineage.secrets import SHORTEST

_last: list[tuple[Deployment, tuple[str, ...]]] = []


def given_secrets(deployment: Deployment) -> tuple[str, ...]:
    """Passwords and what else is secret by its name: in connections, Variables and the environment. Sorted."""
    for known, secrets in _last:
        if known is deployment:  # one for all files of a run
            return secrets
    found = tuple(sorted({text for text in _texts(deployment) if len(text) >= SHORTEST}))
    _last[:] = [(deployment, found)]
    return found


def _texts(deployment: Deployment) -> Iterator[str]:
    for text in deployment.connections.values():
        yield from _of_connection(text, in_environment=False)
    for name, text in deployment.environment.items():
        if name.startswith(PREFIX):
            yield from _of_connection(text, in_environment=True)
        else:
            yield from _of_setting(name, text)
    for name, text in deployment.variables.items():
        yield from _of_setting(name, text)


def _of_connection(text: str, *, in_environment: bool) -> Iterator[str]:
    try:
        fields = read_connection(text, in_environment=in_environment)
    except (ValueError, TypeError, AttributeError):  # no connection: what in it is secret, nobody knows
        yield text
        return
    password, extra = fields.get("password"), fields.get("extra")
    if password:
        yield str(password)
    yield from _below(_data(extra) if isinstance(extra, str) else extra, secret=False)


def _of_setting(name: str, text: str) -> Iterator[str]:
    secret = is_sensitive(name)
    if secret:
        yield text
    yield from _below(_data(text), secret=secret)


def _data(text: str) -> Json:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _below(data: Json, *, secret: bool) -> Iterator[str]:
    """The texts below sensitive keys, and the passwords of URLs."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _below(value, secret=secret or is_sensitive(str(key)))
    elif isinstance(data, list):
        for value in data:
            yield from _below(value, secret=secret)
    elif isinstance(data, str):
        if secret:
            yield data
        yield from _password(data)


def _password(text: str) -> Iterator[str]:
    if "://" not in text:
        return
    try:
        password = urlsplit(text).password
    except ValueError:
        return
    if password:
        yield from (password, unquote(password))
