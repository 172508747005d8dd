"""The switch file: which tasks of which Airflow DAG have moved, and where they run now.

One line a task, so that a rollback is one line too::

    targets:
      dagster: {url: "http://dagster:3000", conn_id: dagster}
    shop/load: dagster
    shop/report: {to: dagster, asset: shop/daily_report, partition: "{{ ds }}"}

Needs the standard library and PyYAML, which Airflow has; runs on Python 3.8 and later. Both dagport and the user's
Airflow read the file by this module: ``dagport migrate vendor`` copies it.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Iterable, Mapping, NamedTuple  # noqa: UP035 - Python 3.8
from urllib.parse import urlsplit

import yaml

SWITCH_FILE = "dagport_switch.yaml"
SWITCH_VARIABLE = "DAGPORT_SWITCH"
TARGETS = "targets"
WAITS = ("url", "conn_id", "timeout", "start_timeout", "poll_interval", "deferrable", "result")
ASKS: Mapping[str, tuple[str, ...]] = {
    "dagster": ("assets", "job", "ops", "location", "repository", "partition_key", "run_config", "tags"),
    "prefect": ("deployment", "parameters", "tags", "flow_run_name", "job_variables"),
}
"""The settings of each engine's operator besides those of waiting."""
SECONDS = "a number of seconds above 0"
KINDS = {"timeout": SECONDS, "start_timeout": SECONDS, "poll_interval": SECONDS, "deferrable": "true or false"}
ALIASES = {"asset": "assets", "partition": "partition_key", "config": "run_config"}
RULES = {"dagster": ("assets", "{dag_id}/{task_id}"), "prefect": ("deployment", "{dag_id}/{task_id}")}


class SwitchError(ValueError):
    """The switch file can't be obeyed. The DAG must not be imported: it would run tasks that have moved."""


class Moved(NamedTuple):
    """Where one task runs now."""

    engine: str
    target: str
    settings: Mapping[str, Any]  # arguments of the engine's operator


class _Strict(yaml.SafeLoader):
    """Refuses a key that is there twice: one of the two would be forgotten."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value if not key.tag.endswith(":merge")]
        twice = [key for key in keys if keys.count(key) > 1]
        if twice:
            raise SwitchError(f"line {node.start_mark.line + 1}: {twice[0]!r} is there twice")
        return super().construct_mapping(node, deep=deep)


def read_switch(text: str) -> dict[tuple[str, str], Moved]:
    """Where each task that has moved runs, by DAG and task id. Raises ``SwitchError``.

    ``targets:`` has the settings of each target by its name; every other key is ``dag_id/task_id``, its value a
    target's name, or a mapping with ``to:`` and settings of its own. ``dagster`` and ``prefect`` need not be there.
    """
    content = _mapping(text)
    targets = _targets(content.pop(TARGETS, None))
    moved = {}
    for key, value in content.items():
        dag_id, slash, task_id = str(key).partition("/")
        if not (slash and dag_id and task_id) or "/" in task_id:
            raise SwitchError(f"{key!r} is no task: write dag_id/task_id")
        moved[dag_id, task_id] = _moved(dag_id, task_id, value, targets)
    return moved


def engine_of(text: str, target: str) -> str | None:
    """The engine of a target by its name, ``None`` for an unknown one. Raises ``SwitchError``."""
    named = _targets(_mapping(text).get(TARGETS)).get(target) or {}
    engine = named.get("engine", target)
    return engine if engine in ASKS else None


def did_you_mean(name: str, known: Iterable[Any]) -> str:
    """A question to append to a message, or nothing where no known name comes near."""
    close = get_close_matches(name, [str(item) for item in known], n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _mapping(text: str) -> dict[Any, Any]:
    try:
        content = yaml.load(text, Loader=_Strict)  # noqa: S506 - it is a SafeLoader
    except (yaml.YAMLError, TypeError, RecursionError) as error:
        raise SwitchError(f"is no YAML: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SwitchError("must be a mapping of dag_id/task_id to targets")
    return content


def _targets(said: Any) -> dict[str, Any]:
    targets = said or {}
    if not isinstance(targets, dict) or not all(isinstance(value, (dict, type(None))) for value in targets.values()):
        raise SwitchError("targets: must be a mapping of names to settings")
    return targets


def _moved(dag_id: str, task_id: str, value: Any, targets: Mapping[str, Any]) -> Moved:
    where = f"{dag_id}/{task_id}"
    own = {"to": value} if isinstance(value, str) else value
    if not isinstance(own, dict) or not isinstance(own.get("to"), str):
        raise SwitchError(f"{where}: say where it runs: a target's name, or {{to: NAME, ...}}")
    name = own["to"]
    if name not in targets and name not in ASKS:
        raise SwitchError(f"{where}: there is no target {name!r}.{did_you_mean(name, [*targets, *ASKS])}")
    settings = {**(targets.get(name) or {}), **{key: item for key, item in own.items() if key != "to"}}
    engine = settings.pop("engine", name)
    if not isinstance(engine, str) or engine not in ASKS:
        raise SwitchError(f"{where}: the target {name!r} must say engine: dagster or engine: prefect")
    settings = {ALIASES.get(key, key): item for key, item in settings.items()}
    known = (*ASKS[engine], *WAITS)
    for key in settings:
        if key not in known:
            raise SwitchError(f"{where}: {engine} has no setting {key!r}.{did_you_mean(str(key), known)}")
    for key in WAITS:
        if key in settings and not _is_wait(key, settings[key]):
            raise SwitchError(f"{where}: {key} must be {KINDS.get(key, 'a text')}")
    _check_url(where, str(settings.get("url") or ""))
    field, rule = RULES[engine]
    if not settings.get("job"):
        settings[field] = _named(settings.get(field) or rule, dag_id, task_id)
    return Moved(engine, name, settings)


def _is_wait(key: str, value: Any) -> bool:
    kind = KINDS.get(key)
    if value is None:
        return key != "poll_interval"
    if kind == SECONDS:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
    return isinstance(value, str if kind is None else bool)


def _check_url(where: str, url: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise SwitchError(f"{where}: the url is none") from None
    if "@" in parts.netloc:
        raise SwitchError(f"{where}: the url has credentials in it. Put them into an Airflow connection: conn_id")
    if parts.query or parts.fragment:
        raise SwitchError(f"{where}: the url has a query, which isn't sent. Put a token into a connection: conn_id")


def _named(rule: Any, dag_id: str, task_id: str) -> Any:
    """A name by its rule; other braces, such as Jinja's, stay."""
    if isinstance(rule, list):
        return [_named(item, dag_id, task_id) for item in rule]
    return str(rule).replace("{dag_id}", dag_id).replace("{task_id}", task_id)
