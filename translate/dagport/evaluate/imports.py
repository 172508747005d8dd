"""The statements ``import a.b as c`` and ``from a import b``, and what they bind.

Source: the language reference, "The import statement"; CPython's ``IMPORT_NAME`` and ``IMPORT_FROM``.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from dagport.evaluate.domain import Anything, CallSite, Module, PyRaise, Scope, Unknown
from dagport.evaluate.modules import NO_PACKAGE

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


def absolute_name(machine: Machine, node: ast.ImportFrom, scope: Scope) -> str:
    """The module of ``from ..module import``. Raises ``PyRaise`` where there is no package to start from.

    An engine imports a pipeline file as a module of its own, outside any package.
    """
    if not node.level:
        return node.module or ""
    package = scope.module.package
    if not package:
        raise PyRaise("ImportError", NO_PACKAGE)
    parts = package.split(".")
    if node.level > len(parts):
        raise PyRaise("ImportError", "attempted relative import beyond top-level package")
    return ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])


def import_name(machine: Machine, name: str, site: CallSite) -> Anything:
    """What ``import name`` makes known: the module itself, of the project or of a library."""
    module = machine.importer.load(name, site) if machine.importer else None
    if module is not None and machine.importer is not None:
        machine.importer.note_use(module)
        return module
    _refuse(machine, name, None, site)
    parts = name.split(".")
    machine.modules.update(".".join(parts[: count + 1]) for count in range(len(parts)))
    return machine.external(name)


def attribute_of_packages(machine: Machine, name: str, module: Anything) -> Anything:
    """What ``import a.b as c`` binds: not the module, but what ``a`` calls ``b``, which may be something else."""
    package, _, last = name.rpartition(".")
    home = machine.importer.present(package) if machine.importer else None
    return module if home is None else home.frame.names.get(last, module)


def import_from(machine: Machine, module: str, name: str, site: CallSite) -> Anything:
    """What ``from module import name`` binds, for an absolute module name."""
    home = machine.importer.load(module, site) if machine.importer else None
    if home is None or machine.importer is None:
        _refuse(machine, module, name, site)
        return machine.external(f"{module}.{name}")
    value = NotImplemented if machine.importer.hides_fallback(home, name) else _named(machine, home, name, site)
    if value is not NotImplemented:
        machine.importer.note_use(home)
        return value
    found = machine.importer.submodule(home, name, site)
    if found is None:
        raise PyRaise("ImportError", f"cannot import name '{name}' from '{module}'")
    return found


def _named(machine: Machine, home: Module, name: str, site: CallSite) -> Anything:
    """A name of a module, where it has it: that its ``__getattr__`` refuses is no error by itself."""
    try:
        return home.find(machine, name, site)
    except PyRaise as error:
        if error.name != "AttributeError":
            raise
        return NotImplemented


def _refuse(machine: Machine, module: str, name: str | None, site: CallSite) -> None:
    problem = machine.hooks.refused_import(module, name)
    if problem is not None:
        raise PyRaise("ModuleNotFoundError" if problem.startswith("No module") else "ImportError", problem)
    if site.scope.module in machine.catching and machine.hooks.may_be_missing(module):
        message = f"whether the module `{module}` is installed isn't known, and the code around may handle that"
        machine.doubt("DP202", message, site)


def import_star(machine: Machine, module: str, scope: Scope, site: CallSite) -> None:
    """``from module import *``."""
    home = machine.importer.load(module, site) if machine.importer else None
    if home is None:
        machine.hooks.star_import(machine, module, scope, site)
        return
    if machine.importer is not None:
        machine.importer.note_use(home)
    names = home.frame.names
    listed = names.get("__all__")
    if isinstance(listed, Unknown):
        scope.names["*"] = module
        listed = None
    if "*" in names:
        scope.names["*"] = names["*"]
    public = [name for name in names if not name.startswith("_") and name != "*"]
    if listed is None and machine.importer is not None and home.frame.is_package:
        public += [name for name in machine.importer.children(home) if not name.startswith("_")]
    for name in public if listed is None else listed:
        scope.names[name] = import_from(machine, module, name, site)
