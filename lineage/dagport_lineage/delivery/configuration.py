"""OpenLineage's own configuration, as the official client reads it, without importing the client.

Sources, the first that says something wins: ``[openlineage]`` of Airflow's configuration, as its provider has it (see
``airflow``); the file that ``OPENLINEAGE_CONFIG`` names, else ``~/.openlineage/openlineage.yml``; variables
``OPENLINEAGE__A__B``; ``OPENLINEAGE_URL``, ``OPENLINEAGE_ENDPOINT`` and ``OPENLINEAGE_API_KEY``.
``OPENLINEAGE_DISABLED=true`` turns delivery off. One difference: the client also takes an ``openlineage.yml`` that lies
in the working folder. In CI that is a checkout, and a pull request could send events and keys where it likes, so that
file counts only if ``OPENLINEAGE_CONFIG`` names it. Another one: where nothing is configured the client writes events
to the log, which loses them; here it is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit, urlunsplit

from dagport_lineage.delivery.airflow import airflow_target
from dagport_lineage.delivery.errors import ConfigurationError, UnconfiguredError, reason
from dagport_lineage.facets import Event

FILE = "openlineage.yml"
PREFIX = "OPENLINEAGE__"
ALIAS = "default_http"  # the client's name of a transport made of OPENLINEAGE_URL
Settings: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Configuration:
    """Where events go. ``transport`` is as the client's factory takes it, and may hold secrets."""

    transport: Settings
    exact: tuple[str, ...] = ()  # names of jobs that are excluded
    patterns: tuple[re.Pattern[str], ...] = ()

    @property
    def is_off(self) -> bool:
        """Whether OpenLineage is turned off."""
        return self.transport.get("type") == "noop"

    def excludes(self, event: Event) -> bool:
        """Whether the filters exclude an event; the client's ask only of runs, which would let other events out."""
        name = event.get("job", {}).get("name")
        if not isinstance(name, str):
            return False
        return name in self.exact or any(pattern.match(name) for pattern in self.patterns)

    def describe(self) -> str:
        """The target without credentials."""
        return _described(self.transport)


def load_configuration(environment: Mapping[str, str], home: Path | None = None) -> Configuration:
    """The configuration. Raises ``ConfigurationError`` where there is none, or none that can be read."""
    if environment.get("OPENLINEAGE_DISABLED", "").lower().strip() == "true":
        return Configuration({"type": "noop"})
    named, transport_of_airflow = airflow_target(environment)
    settings = _merged(_of_variables(environment), _of_file(environment, home, named))
    transport = transport_of_airflow or settings.get("transport") or {}
    if not isinstance(transport, dict):
        raise ConfigurationError("the transport of OpenLineage's configuration is no mapping")
    if not transport.get("type"):
        transport = _of_url(environment)
    exact, patterns = _filters(settings.get("filters") or [])
    return Configuration(transport, exact, patterns)


def _of_file(environment: Mapping[str, str], home: Path | None, named: Path | None) -> Settings:
    given = environment.get("OPENLINEAGE_CONFIG")
    path = named or (Path(given) if given else _at_home(home))
    if path is None or not path.is_file():
        return {}
    import yaml  # start-up

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigurationError(
            f"can't read OpenLineage's configuration {path.name}: {type(error).__name__}"
        ) from None
    if not isinstance(found, dict):
        raise ConfigurationError(f"OpenLineage's configuration {path.name} is no mapping")
    return found


def _at_home(home: Path | None) -> Path | None:
    try:
        return (home or Path.home()) / ".openlineage" / FILE
    except RuntimeError:  # a user without one
        return None


def _of_variables(environment: Mapping[str, str]) -> Settings:
    found: Settings = {}
    for name, text in sorted(_with_alias(environment).items(), reverse=True):  # shorter names last: they win
        if name.startswith(PREFIX):
            _insert(found, name.removeprefix(PREFIX).lower().split("__"), _value(text))
    return found


def _with_alias(environment: Mapping[str, str]) -> dict[str, str]:
    """The client offers OPENLINEAGE_URL as one of the transports of a composite one."""
    found, url = dict(environment), environment.get("OPENLINEAGE_URL")
    head = f"{PREFIX}TRANSPORT__TRANSPORTS__{ALIAS.upper()}"
    if not url or any(name.startswith(head) for name in environment):
        return found
    simple = _of_url(environment)
    found |= {f"{head}__TYPE": "http", f"{head}__URL": url}
    if "auth" in simple:
        found[f"{head}__AUTH"] = json.dumps(simple["auth"])
    if "OPENLINEAGE_ENDPOINT" in environment:
        found[f"{head}__ENDPOINT"] = simple["endpoint"]
    if environment.get("OPENLINEAGE__TRANSPORT__TYPE") == "async_http":
        for key, value in simple.items():
            if key != "type":
                found.setdefault(f"{PREFIX}TRANSPORT__{key.upper()}", value if key != "auth" else json.dumps(value))
    return found


def _of_url(environment: Mapping[str, str]) -> Settings:
    url = environment.get("OPENLINEAGE_URL")
    if not url:
        raise UnconfiguredError(
            "OpenLineage's configuration names no transport: set OPENLINEAGE_URL, OPENLINEAGE__TRANSPORT__TYPE and "
            f"what goes with it, or OPENLINEAGE_CONFIG to an {FILE}; one in the working folder isn't taken by itself"
        )
    found: Settings = {"type": "http", "url": url}
    if endpoint := environment.get("OPENLINEAGE_ENDPOINT"):
        found["endpoint"] = endpoint
    if key := environment.get("OPENLINEAGE_API_KEY"):
        found["auth"] = {"type": "api_key", "apiKey": key}
    return found


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _insert(settings: Settings, keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        inner = settings.setdefault(key, {})
        if not isinstance(inner, dict):
            raise ConfigurationError(f"variables of OpenLineage's configuration disagree about {key}")
        settings = inner
    settings[keys[-1]] = value


def _merged(lower: Settings, upper: Settings) -> Settings:
    found = dict(lower)
    for key, value in upper.items():
        inner = found.get(key)
        found[key] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return found


def _filters(found: Any) -> tuple[tuple[str, ...], tuple[re.Pattern[str], ...]]:
    exact, patterns = [], []
    for one in found if isinstance(found, list) else []:
        kind = one.get("type") if isinstance(one, dict) else None
        if kind == "exact" and one.get("match"):
            exact.append(str(one["match"]))
        elif kind == "regex" and one.get("regex"):
            try:
                patterns.append(re.compile(str(one["regex"])))
            except re.error as error:
                raise ConfigurationError(f"a filter of OpenLineage's configuration: {reason(error)}") from None
        else:
            raise ConfigurationError("a filter of OpenLineage's configuration is neither exact nor regex")
    return tuple(exact), tuple(patterns)


def _described(transport: Settings) -> str:
    kind = str(transport.get("type"))
    inner = transport.get("transports")
    if kind == "composite" and inner:
        parts = inner.values() if isinstance(inner, dict) else inner
        return f"composite ({', '.join(_described(part) for part in parts if part)})"
    for key in ("url", "topic", "log_file_path", "domainId"):
        if isinstance(transport.get(key), str):
            return f"{kind} {_without_credentials(transport[key])}"
    return kind


def _without_credentials(text: str) -> str:
    """An address without login, password, query and fragment."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return "***"
    if not parts.scheme or not parts.netloc:
        return text.partition("?")[0]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
