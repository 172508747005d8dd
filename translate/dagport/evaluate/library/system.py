"""Modules about the interpreter and the machine it runs on: ``sys``, ``platform``, ``warnings``, ``abc``, ``gc``,
``atexit``, ``threading``, ``types``, ``inspect``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, Model, Native, NativeFunction, PyRaise, Unknown
from dagport.evaluate.library.support import SAME, Harmless, constant, lost, made, opaque

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

DEPLOYED = "it is known only in the deployment"
SILENT = (
    "warnings.warn warnings.warn_explicit warnings.filterwarnings warnings.simplefilter warnings.resetwarnings "
    "sys.setrecursionlimit sys.setswitchinterval sys.addaudithook gc.collect gc.disable gc.enable gc.freeze"
)
PLATFORM = (
    "system node release version machine processor python_version python_implementation platform uname architecture"
)
DECORATORS = "abstractmethod abstractproperty abstractclassmethod abstractstaticmethod"
INTERPRETER = "version version_info platform argv prefix implementation hexversion api_version flags"
LOCK = "acquire release locked set clear wait notify notify_all"


class PathList(Model):
    """``sys.path``: it decides where modules are found, which is not asked."""

    __slots__ = ()
    type_name = "builtins.list"

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """Changes are accepted; what is in it isn't known."""
        if name in ("append", "insert", "extend", "remove"):
            return NativeFunction(name, constant(None))
        return machine.unknown(DEPLOYED, site)

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """``sys.path[0]``."""
        return machine.unknown(DEPLOYED, site)

    def iterate(self, machine: Machine, site: CallSite) -> Anything:
        """The folders."""
        return machine.unknown(DEPLOYED, site)


def _exit(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    raise PyRaise("SystemExit")


def _namespace(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return lost(machine, kwargs.values(), site) if args or "**" in kwargs else Namespace(dict(kwargs))


class Namespace(Model):
    """``types.SimpleNamespace(...)``."""

    __slots__ = ("fields",)
    type_name = "types.SimpleNamespace"

    def __init__(self, fields: dict[str, Anything]) -> None:
        self.fields = fields

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """A field."""
        if name == "__dict__":
            return self.fields
        if name not in self.fields:
            raise PyRaise("AttributeError", f"'types.SimpleNamespace' object has no attribute '{name}'")
        return self.fields[name]

    def set_attr(self, machine: Machine, name: str, value: Anything, site: CallSite) -> None:
        """Set a field."""
        machine.effect()
        self.fields[name] = value


def _read_only(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    # A view that can't be changed: the dict itself shows what it shows.
    return args[0] if len(args) == 1 and isinstance(args[0], dict) else lost(machine, args, site)


FUNCTIONS: dict[str, Native] = {
    **{name: constant(None) for name in SILENT.split()},
    **{f"platform.{name}": opaque(DEPLOYED) for name in PLATFORM.split()},
    **{f"abc.{name}": SAME for name in DECORATORS.split()},
    **{f"threading.{name}": made(lambda: Harmless("threading.Lock", LOCK)) for name in ("Lock", "RLock", "Event")},
    "threading.local": made(lambda: Harmless("threading.local")),
    "sys.exit": _exit,
    "sys.getsizeof": opaque(DEPLOYED),
    "sys.getrecursionlimit": opaque(DEPLOYED),
    "types.SimpleNamespace": _namespace,
    "types.MappingProxyType": _read_only,
}
CONSTANTS: dict[str, Anything] = {
    **{
        f"sys.{name}": Unknown("the interpreter of the deployment isn't known", f"sys.{name}")
        for name in INTERPRETER.split()
    },
    "sys.maxsize": sys.maxsize,
    "sys.path": PathList(),
    "sys.stdout": Harmless("io.TextIOWrapper", "write flush"),
    "sys.stderr": Harmless("io.TextIOWrapper", "write flush"),
}
