"""The files in which the user says what the deployment has: Variables, connections, environment variables.

They are read as ``airflow variables import``, ``airflow connections import`` and dotenv read them. Nothing is taken
from the process that runs dagport, and no message shows a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from dagport.options import AirflowVersion, Deployment
from dagport.project.errors import ProjectError
from dagport.regular import read_regular

Entries: TypeAlias = dict[str, Any]
VALUE, DESCRIPTION = "value", "description"  # of a Variable in the export of Airflow 3
FIELDS = frozenset({
    "conn_id", "conn_type", "description", "extra", "extra_dejson", "host", "login", "password", "port", "schema",
    "team_name", "uri",
})  # fmt: skip


class _Text:
    """The text of one of the files, and what is said about a place in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.text = read_regular(path).decode("utf-8-sig")
        except OSError as error:
            raise ProjectError(f"{path}: can't be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise ProjectError(f"{path}: byte {error.start} is not UTF-8") from None

    def error(self, line: int, message: str) -> ProjectError:
        return ProjectError(f"{self.path}:{line}: {message}")

    def line_of(self, key: str) -> int:
        """The line that an entry starts on, as far as the text shows it."""
        spelled = "|".join({re.escape(key), re.escape(json.dumps(key)[1:-1])})
        found = re.search(rf"""(?m)(^|[{{,\s])["']?({spelled})["']?\s*[:=]""", self.text)
        return self.text.count("\n", 0, found.start(2)) + 1 if found else 1


def read_deployment(
    variables: Path | None, connections: Path | None, env_file: Path | None, version: AirflowVersion | None = None
) -> Deployment:
    """What the files say; ``version`` is the Airflow that the export of the Variables is taken for.

    Raises ``ProjectError`` with file and line for a file that can't be used.
    """
    return Deployment(
        variables=_variables(_Text(variables), version) if variables else {},
        connections=_connections(_Text(connections)) if connections else {},
        environment=_environment(_Text(env_file)) if env_file else {},
    )


# Variables


def _variables(file: _Text, version: AirflowVersion | None) -> Mapping[str, str]:
    return {name: _serialized(file, name, value, version) for name, value in _entries(file).items()}


def _serialized(file: _Text, name: str, value: Any, version: AirflowVersion | None) -> str:
    """The text that importing a Variable stores (``variables_import`` of Airflow's command line)."""
    if isinstance(value, dict) and VALUE in value and version in (None, "3"):
        # Airflow 3 exports a description along with the value; to 2 this is an object like any other.
        if version is None and set(value) != {VALUE, DESCRIPTION}:
            raise file.error(
                file.line_of(name),
                f"the Variable `{name}` is an object with the key `{VALUE}`, which Airflow 3 takes for the Variable's "
                "value, and Airflow 2 for a part of it: say which with --airflow-version",
            )
        value = value[VALUE]
    try:
        return value if isinstance(value, str) else json.dumps(value, indent=2)
    except (TypeError, ValueError, RecursionError):
        raise file.error(file.line_of(name), f"the Variable `{name}` has no form in JSON") from None


# Connections


def _connections(file: _Text) -> Mapping[str, str]:
    return {name: _connection(file, name, value) for name, value in _entries(file).items()}


def _connection(file: _Text, name: str, value: Any) -> str:
    if isinstance(value, str):
        if "://" not in value and not value.lstrip().startswith("{"):
            raise file.error(file.line_of(name), f"the connection `{name}` is neither a URI nor an object")
        return value
    if not isinstance(value, dict):
        raise file.error(file.line_of(name), f"the connection `{name}` is neither a URI nor an object")
    unknown = sorted(str(key) for key in set(value) - FIELDS)
    if unknown:
        raise file.error(file.line_of(name), f"the connection `{name}` has unknown keys: {', '.join(unknown)}")
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        raise file.error(file.line_of(name), f"the connection `{name}` has no form in JSON") from None


# Files of names and values


def _entries(file: _Text) -> Entries:
    parse = PARSERS.get(file.path.suffix.lower(), _json)
    data = parse(file)
    if not isinstance(data, dict):
        raise file.error(1, "an object of names and values is wanted")
    for name in data:
        if not isinstance(name, str):
            raise file.error(file.line_of(str(name)), f"the name {name!r} is not a text")
    return data


def _json(file: _Text) -> Any:
    try:
        return json.loads(file.text)
    except json.JSONDecodeError as error:
        raise file.error(error.lineno, f"not JSON: {error.msg}") from None
    except RecursionError:
        raise file.error(1, "nested too deeply") from None


def _yaml(file: _Text) -> Any:
    import yaml  # start-up

    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(file.text, Loader=yaml.SafeLoader)):
            raise file.error(1, "aliases aren't read")
        return yaml.safe_load(file.text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise file.error(line, f"not YAML: {error.context or 'an entry'} isn't complete or isn't allowed") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise file.error(1, "not YAML that can be read") from None


def _names_and_texts(file: _Text) -> Entries:
    """``NAME=text`` a line, taken as it is written; source: ``airflow.secrets.local_filesystem``."""
    entries: Entries = {}
    for number, line in enumerate(file.text.splitlines(), 1):
        if not line or line.lstrip().startswith("#"):
            continue
        name, _, text = line.partition("=")
        if not name or not text:
            raise file.error(number, "NAME=VALUE is wanted")
        if name in entries:
            raise file.error(number, f"`{name}` is there twice")
        entries[name] = text
    return entries


PARSERS: Mapping[str, Callable[[_Text], Any]] = {
    ".json": _json,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".env": _names_and_texts,
}


def _environment(file: _Text) -> Mapping[str, str]:
    """A file of environment variables in dotenv's syntax; references to other variables are refused."""
    from io import StringIO

    from dotenv.parser import parse_stream  # start-up

    found: dict[str, str] = {}
    for binding in parse_stream(StringIO(file.text)):
        lead = binding.original.string
        line = binding.original.line + lead[: len(lead) - len(lead.lstrip())].count("\n")
        if binding.error:
            raise file.error(line, "NAME=VALUE is wanted")
        if binding.key is None:
            continue
        if binding.value is None:
            raise file.error(line, f"`{binding.key}` has no value")
        if "${" in binding.value:
            raise file.error(line, f"`{binding.key}` refers to another variable: write its value")
        found[binding.key] = binding.value
    return found
