"""``os.environ`` and ``os.getenv``: what the user's files say, else the default of the call, else unknown.

The environment of the process that runs dagport is never asked. What the file itself sets is known from there on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport.evaluate.domain import (
    Anything,
    CallSite,
    Model,
    Native,
    NativeFunction,
    PyRaise,
    Unknown,
    unknown_rest,
)
from dagport.evaluate.library.support import bound, lost, opaque
from dagport.evaluate.needs import ABSENT, Secret, not_given, require, required, shown, without_spread

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

REQUIRED = object()  # the default of a call without one
EVERY = "*"  # the whole environment
ALWAYS_SET = frozenset({
    "AIRFLOW_HOME", "HOME", "HOSTNAME", "LANG", "LC_ALL", "LOGNAME", "PATH", "PWD", "PYTHONPATH", "SHELL", "TERM",
    "TMPDIR", "TZ", "USER", "VIRTUAL_ENV",
})  # fmt: skip
"""Set in most processes, so that taking them for unset would be wrong."""
WHOLE = "the whole environment"


def environment_variable(machine: Machine, name: Anything, site: CallSite, default: Anything = REQUIRED) -> Anything:
    """The value of an environment variable; ``default`` where it isn't set.

    Raises ``PyRaise`` for a name without a default that the file itself removed.
    """
    if not isinstance(name, str):
        return lost(machine, [name], site, "the environment is known only in the deployment")
    found = known_variable(machine, name, site)
    if found is not ABSENT:
        return found
    if name in machine.environment and default is REQUIRED:
        raise PyRaise("KeyError", repr(name))
    if name not in machine.environment:
        unknown = _unless_assumed(machine, name, default is not REQUIRED, site)
        if unknown is not None:
            return unknown
    return default


def known_variable(machine: Machine, name: str, site: CallSite) -> Anything:
    """The value that the file has set or that the user gave; ``ABSENT`` where neither is so."""
    if name in machine.environment:
        return machine.environment[name]
    given = machine.deployment.environment.get(name)
    if given is None:
        return ABSENT
    require(machine, "environment", name, "given", site)
    machine.check_text(len(given))
    return shown(given, name, _what(name), site)


def _unless_assumed(machine: Machine, name: str, has_default: bool, site: CallSite) -> Unknown | None:
    """Take for granted that a name isn't set, where that is likely; else why its value isn't known."""
    if EVERY in machine.environment:
        require(machine, "environment", name, "unknown", site)
        return machine.unknown(machine.environment[EVERY].why, site)
    if not has_default:
        return required(machine, "environment", name, _what(name), site)
    if name in ALWAYS_SET or not machine.assumes:
        return not_given(machine, "environment", name, _what(name), site)
    require(machine, "environment", name, "assumed", site, f"{_what(name)} isn't set")
    return None


def _what(name: str) -> str:
    return f"the environment variable {name}"


def set_variable(machine: Machine, name: Anything, value: Anything, site: CallSite) -> None:
    """``os.environ[name] = value``. Raises ``PyRaise`` where ``os`` does."""
    machine.effect()
    machine.environment_changed = True
    if not isinstance(name, str):
        _forget(machine, lost(machine, [name], site, "which environment variable is set isn't known"))
        return
    if value is not ABSENT and isinstance(value, int | float | list | dict | tuple | bytes | None):
        raise PyRaise("TypeError", f"str expected, not {type(value).__name__}")
    if machine.conditions:
        value = machine.unknown(f"it depends on `{machine.conditions[-1]}`", site)
    machine.environment[name] = value
    machine.check_items(len(machine.environment))


def _forget(machine: Machine, why: Unknown) -> None:
    """From here on every variable may be another one."""
    machine.environment_changed = True
    machine.environment.clear()
    machine.environment.update(dict.fromkeys((EVERY, *machine.deployment.environment), why))


def _get(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    name, default = bound(args, kwargs, "key", default=None)
    return environment_variable(machine, name, site, default)


def _set_default(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    name, value = bound(args, kwargs, "key", default=None)
    found = environment_variable(machine, name, site, ABSENT)
    if found is ABSENT:
        set_variable(machine, name, value, site)
        found = machine.environment[name]
    return found


def _pop(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    name, default = bound(args, kwargs, "key", default=REQUIRED)
    found = environment_variable(machine, name, site, default)
    set_variable(machine, name, ABSENT, site)
    return found


def _update(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    if len(args) > 1:
        raise PyRaise("TypeError", f"update() takes at most 1 positional argument ({len(args)} given)")
    for given in (*args, kwargs):
        if not isinstance(given, dict) or unknown_rest(given):
            machine.effect()
            _forget(machine, lost(machine, [given], site, "what the environment is updated with isn't known"))
            continue
        for name, value in given.items():
            set_variable(machine, name, value, site)


def _whole(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Unknown:
    """All variables at once aren't known, whatever is given."""
    require(machine, "environment", EVERY, "unknown", site)
    return machine.unknown(f"{WHOLE} is known only in the deployment", site)


def _clear(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    machine.effect()
    _forget(machine, machine.unknown("the environment was cleared", site))


def _load_file(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Unknown:
    """``dotenv.load_dotenv()``: sets what a file of the deployment says, unless told to where it isn't set."""
    why = machine.unknown("`load_dotenv` may have set it; --env-file can tell", site)
    if len(args) > 3 or kwargs.get("override", False) is not False or "**" in kwargs:
        _forget(machine, why)
    machine.environment_changed = True
    machine.environment[EVERY] = why
    return machine.unknown("whether the file is there is known only in the deployment", site)


METHODS: dict[str, Native] = {
    "get": without_spread(_get),
    "setdefault": without_spread(_set_default),
    "pop": without_spread(_pop),
    "update": _update,
    "clear": _clear,
    **dict.fromkeys(("keys", "values", "items", "copy", "popitem", "__iter__", "__len__"), _whole),
}


class Environment(Model):
    """``os.environ``."""

    __slots__ = ()
    type_name = "os._Environ"

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """A method of a mapping."""
        if name in METHODS:
            return NativeFunction(name, METHODS[name])
        return machine.unknown("the environment is known only in the deployment", site)

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """``os.environ[key]``."""
        return environment_variable(machine, key, site)

    def set_item(self, machine: Machine, key: Anything, value: Anything, site: CallSite) -> None:
        """``os.environ[key] = value``."""
        set_variable(machine, key, value, site)

    def delete_item(self, machine: Machine, key: Anything, site: CallSite) -> None:
        """``del os.environ[key]``."""
        environment_variable(machine, key, site)
        set_variable(machine, key, ABSENT, site)

    def in_place(self, machine: Machine, operator: str, other: Anything, site: CallSite) -> Anything:
        """``os.environ |= {...}``."""
        if operator != "|":
            return NotImplemented
        _update(machine, [other], {}, site)
        return self

    def contains(self, machine: Machine, item: Anything, site: CallSite) -> Anything:
        """``name in os.environ``."""
        found = environment_variable(machine, item, site, ABSENT)
        if isinstance(found, Unknown) and not isinstance(found, Secret):
            return found
        return found is not ABSENT

    def iterate(self, machine: Machine, site: CallSite) -> Anything:
        """The names of all variables aren't known."""
        return _whole(machine, [], {}, site)

    def truth(self, machine: Machine) -> bool | None:
        """There is no process without an environment, but nobody promises."""
        return None


FUNCTIONS: dict[str, Native] = {
    "os.getenv": without_spread(_get),
    "os.getenvb": opaque("it is known only in the deployment"),
    "dotenv.load_dotenv": _load_file,
}
CONSTANTS: dict[str, Anything] = {"os.environ": Environment()}
