"""``importlib.import_module`` and ``__import__``: the project's modules are imported, by the names that are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, Module, Native
from dagport.evaluate.imports import import_name
from dagport.evaluate.library.support import lost

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


def _import_module(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    name = args[0] if args else kwargs.get("name")
    package = args[1] if len(args) > 1 else kwargs.get("package")
    if not isinstance(name, str) or (name.startswith(".") and not isinstance(package, str)):
        return _unseen(machine, [name, package], site)
    level = len(name) - len(name.lstrip("."))
    if level:
        base = str(package).split(".")
        name = ".".join([*base[: len(base) - level + 1], name[level:]])
    return import_name(machine, name, site)


def _dunder_import(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``__import__("a.b")`` gives ``a``, unless names are asked for."""
    name = args[0] if args else kwargs.get("name")
    if not isinstance(name, str) or len(args) > 4 or kwargs.get("level"):
        return _unseen(machine, [name], site)
    module = import_name(machine, name, site)
    asked = args[3] if len(args) > 3 else kwargs.get("fromlist")
    return module if asked or "." not in name else import_name(machine, name.partition(".")[0], site)


def _reload(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """A module that is executed once more may make anything again."""
    module = args[0] if args else kwargs.get("module")
    if isinstance(module, Module):
        machine.doubt("DP206", f"`{module.name}` is executed once more, which isn't followed", site)
        machine.effect()
        return module
    return _unseen(machine, [module], site)


def _unseen(machine: Machine, values: list[Anything], site: CallSite) -> Anything:
    """Importing a module that isn't known runs code that can't be seen."""
    why = lost(machine, values, site, "which module is imported isn't known")
    return machine.hooks.unseen_call(machine, machine.unknown(why.why, site, unseen=True), [], {}, site)


FUNCTIONS: dict[str, Native] = {
    "importlib.import_module": _import_module,
    "importlib.__import__": _dunder_import,
    "importlib.reload": _reload,
}
