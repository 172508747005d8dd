"""``Variable.get`` and its like, at import time.

Source: ``airflow.sdk.definitions.variable`` (3), ``airflow.models.variable`` (2 and 3), and the order of the secrets
backends: the environment, then the database. The user's file stands for the database.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, CallSite, Native, PyRaise, Unknown, is_plain
from dagport.evaluate.library.support import bound, lost
from dagport.evaluate.needs import ABSENT, hidden, not_given, require, required, shown, without_spread

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

REQUIRED = object()  # the default of a call without one
PREFIX = "AIRFLOW_VAR_"  # of the environment variables that hold Variables


def default_of(parts: list[str], version: str) -> str:
    """The name that the parameter for the default has in the class that a qualified name leads to."""
    by_sdk = version == "3" if "compat" in parts else "sdk" in parts[:3]
    return "default" if by_sdk else "default_var"


def find(name: str, default: str) -> Native | None:
    """The model of a method of ``Variable``."""
    model = METHODS.get(name)
    return None if model is None else without_spread(_getter(default) if name == "get" else model)


def _getter(parameter: str) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        options = {parameter: REQUIRED, "deserialize_json": False, "team_name": None}
        key, default, as_json, _ = bound(args, kwargs, "key", **options)
        found = stored(machine, key, site)
        return _default(machine, key, default, site) if found is ABSENT else _value(machine, key, found, as_json, site)

    return run


def _value(machine: Machine, key: str, found: Anything, as_json: Anything, site: CallSite) -> Anything:
    """What a stored text stands for."""
    in_json = machine.truth(as_json)
    if not isinstance(found, str) or in_json is None:
        return lost(machine, [found, as_json], site)
    return read_json(machine, key, found, site) if in_json else shown(found, key, what(key), site)


def stored(machine: Machine, key: Anything, site: CallSite) -> Anything:
    """The stored text of a Variable, ``ABSENT`` where the user gave none and the file set none, or unknown."""
    if not isinstance(key, str):
        return lost(machine, [key], site, "which Variable is asked for isn't known")
    name = PREFIX + key.upper()
    hooks: Any = machine.hooks
    if machine.environment.get(name, ABSENT) is not ABSENT:
        return machine.environment[name]
    text = None if name in machine.environment else machine.deployment.environment.get(name)
    if text is None and key in hooks.variables:
        return hooks.variables[key]
    text = machine.deployment.variables.get(key) if text is None else text
    if text is None:
        return ABSENT
    require(machine, "variable", key, "given", site)
    machine.check_text(len(text))
    return text


def what(key: str) -> str:
    """A Variable in a message."""
    return f"the Variable `{key}`"


def read_json(machine: Machine, key: str, found: str, site: CallSite) -> Anything:
    """The data of a Variable's JSON text, secrets hidden."""
    machine.check_items(found.count(",") + found.count(":"))
    try:
        data = json.loads(found)
    except ValueError:
        # Airflow 2 raises JSONDecodeError; 3 logs it, and goes on as if the Variable didn't exist.
        return machine.unknown(f"{what(key)} isn't valid JSON", site)
    return hidden({key: data}, what(key), site)[key]


def _default(machine: Machine, key: str, default: Anything, site: CallSite) -> Anything:
    if default is REQUIRED:
        return required(machine, "variable", key, what(key), site)
    if not machine.assumes:
        return not_given(machine, "variable", key, what(key), site)
    require(machine, "variable", key, "assumed", site, f"{what(key)} isn't set")
    return default


# Writing while a file is imported: Airflow stores it, and later reads see it.


def _set(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    options = {"description": None, "serialize_json": False, "team_name": None, "session": None}
    key, value, _, as_json, *_ = bound(args, kwargs, "key", "value", **options)
    write(machine, key, _serialized(machine, value, as_json, site), site)


def _serialized(machine: Machine, value: Anything, as_json: Anything, site: CallSite) -> str | Unknown:
    in_json = machine.truth(as_json)
    if not is_plain(value) or in_json is None:
        return lost(machine, [value, as_json], site)
    if not in_json:
        return machine.to_text(value, site)
    dumps = machine.native("json.dumps")
    assert dumps is not None  # noqa: S101 - narrows for the type checker
    text: str | Unknown = dumps(machine, [value], {"indent": 2}, site)
    return text


def write(machine: Machine, key: Anything, value: Anything, site: CallSite) -> None:
    """Note what the file itself stores under a name; ``ABSENT``: nothing any more."""
    machine.effect()
    machine.environment_changed = True
    hooks: Any = machine.hooks
    if not isinstance(key, str):
        machine.doubt("DP201", "which Variable is written here isn't known, and it may be read later", site)
        return
    if machine.conditions:
        value = machine.unknown(f"it depends on `{machine.conditions[-1]}`", site)
    hooks.variables[key] = value


def _set_default(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    options = {"description": None, "deserialize_json": False}
    key, default, _, as_json = bound(args, kwargs, "key", "default", **options)
    found = stored(machine, key, site)
    if found is not ABSENT:
        return _value(machine, key, found, as_json, site)
    value = _default(machine, key, default, site)
    if not machine.assumes:
        return value
    if default is None:
        raise PyRaise("ValueError", "Default Value must be set")
    write(machine, key, _serialized(machine, default, as_json, site), site)
    return value


def _delete(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    key, *_ = bound(args, kwargs, "key", session=None, team_name=None)
    write(machine, key, machine.unknown("the file deletes it while it is imported", site), site)
    return machine.unknown("how many Variables are deleted is known only in the deployment", site)


METHODS: dict[str, Native] = {
    "get": _getter("default"),
    "set": _set,
    "update": _set,
    "setdefault": _set_default,
    "delete": _delete,
}
