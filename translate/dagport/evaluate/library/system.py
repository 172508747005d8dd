"""Modules about the interpreter and the machine it runs on: ``sys``, ``platform``, ``warnings``, ``abc``, ``gc``,
``atexit``, ``threading``, ``types``, ``inspect``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    Anything,
    CallSite,
    Model,
    Module,
    ModuleName,
    Native,
    NativeFunction,
    PyRaise,
    Unknown,
    main_module,
)
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
    """``sys.path``: folders of the project that are added to it are searched for modules; the rest isn't known."""

    __slots__ = ()
    type_name = "builtins.list"

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """Folders that are added; what is in it isn't known."""
        if name in ("append", "insert", "extend"):
            return NativeFunction(name, ADDITIONS[name])
        if name in ("remove", "sort", "reverse"):
            return NativeFunction(name, constant(None))
        return machine.unknown(DEPLOYED, site)

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """``sys.path[0]``."""
        return machine.unknown(DEPLOYED, site)

    def iterate(self, machine: Machine, site: CallSite) -> Anything:
        """The folders."""
        return machine.unknown(DEPLOYED, site)


NOT_ASKED = "what `sys.modules` holds there isn't known"


class SysModules(Model):
    """``sys.modules``: the modules of the project that are imported so far, and the file itself by its ``__name__``."""

    __slots__ = ()
    type_name = "builtins.dict"

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``get``; what else it does isn't followed."""
        if name == "get":
            return NativeFunction(name, self._get)
        return machine.unknown(NOT_ASKED, site, unseen=True)

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """A module. Raises ``PyRaise`` of ``KeyError`` for one of the project that isn't imported."""
        found = self._find(machine, key)
        if found is None:
            raise PyRaise("KeyError", repr(key), arguments=(key,))
        return machine.unknown(NOT_ASKED, site, unseen=True) if found is NotImplemented else found

    def contains(self, machine: Machine, item: Anything, site: CallSite) -> Anything:
        """``name in sys.modules``."""
        found = self._find(machine, item)
        return machine.unknown(NOT_ASKED, site) if found is NotImplemented else found is not None

    def set_item(self, machine: Machine, key: Anything, value: Anything, site: CallSite) -> None:
        """What later imports find isn't known."""
        machine.doubt("DP206", "a change of `sys.modules` isn't followed", site)

    def delete_item(self, machine: Machine, key: Anything, site: CallSite) -> None:
        """What later imports find isn't known."""
        machine.doubt("DP206", "a change of `sys.modules` isn't followed", site)

    def iterate(self, machine: Machine, site: CallSite) -> Anything:
        """The names."""
        return machine.unknown(NOT_ASKED, site)

    def _get(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        found = self._find(machine, args[0]) if args and not kwargs else NotImplemented
        if found is None:
            return args[1] if len(args) > 1 else None
        return machine.unknown(NOT_ASKED, site, unseen=True) if found is NotImplemented else found

    def _find(self, machine: Machine, name: Anything) -> Module | Any | None:
        """A module; ``None``: it is the project's and isn't imported; ``NotImplemented``: that isn't known."""
        if isinstance(name, ModuleName):
            return main_module(machine.module)
        if not isinstance(name, str) or machine.importer is None:
            return NotImplemented
        return machine.importer.imported(name)


def _add_folders(machine: Machine, folders: list[Anything], site: CallSite, *, first: bool) -> None:
    from dagport.evaluate.files import project_path

    for folder in folders:
        path = project_path(machine, folder, site)
        if isinstance(path, str) and machine.importer is not None:
            machine.importer.add_folder(path, first=first)


def _append(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    _add_folders(machine, args, site, first=False)


def _insert(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    _add_folders(machine, args[1:], site, first=True)


def _extend(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    items = machine.iterate(args[0], site) if args else []
    _add_folders(machine, [] if isinstance(items, Unknown) else items, site, first=False)


ADDITIONS: dict[str, Native] = {"append": _append, "insert": _insert, "extend": _extend}


def _exit(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    from dagport.evaluate.exceptions import ExceptionValue

    raise PyRaise("SystemExit", value=ExceptionValue("SystemExit", tuple(args)))


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
        if name == "__repr__":
            return NativeFunction(name, self._text)
        if name not in self.fields and name in ("__str__", "__class__"):
            return NotImplemented
        if name not in self.fields:
            raise PyRaise("AttributeError", f"'types.SimpleNamespace' object has no attribute '{name}'")
        return self.fields[name]

    def _text(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        from dagport.evaluate.shown import represent

        texts = {name: represent(machine, value, site) for name, value in self.fields.items()}
        unknown = next((text for text in texts.values() if isinstance(text, Unknown)), None)
        return unknown or f"namespace({', '.join(f'{name}={text}' for name, text in texts.items())})"

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """Equality of the fields."""
        if operator in ("==", "!=") and isinstance(other, Namespace):
            return machine.compare(operator, self.fields, other.fields, site)
        return NotImplemented

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
    "sys.modules": SysModules(),
    "sys.stdout": Harmless("io.TextIOWrapper", "write flush"),
    "sys.stderr": Harmless("io.TextIOWrapper", "write flush"),
}
