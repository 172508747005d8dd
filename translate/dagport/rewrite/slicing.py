"""The part of a module that some names need: imports, constants, helpers, and statements that change them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import libcst as cst

from dagport.rewrite.context import is_airflow
from dagport.rewrite.layout import statement_text
from dagport.rewrite.model import Refusal, Slice
from dagport.rewrite.names import imported_name
from dagport.rewrite.outer import import_statement
from dagport.rewrite.scopes import BUILTINS, MODULE_NAMES, Binding, Scope, Scopes, bound_name
from dagport.rewrite.tree import Tree
from dagport.rewrite.units import Unit, units_of

IMPORT_LINES = (cst.Import, cst.ImportFrom, cst.Pass, cst.Raise)
EFFECT_PACKAGES = frozenset(sys.stdlib_module_names) | {"dotenv", "matplotlib", "numpy", "pandas", "torch"}
"""Packages whose calls at import time set something up for the tasks, and build no pipelines."""


class Slicer:
    """Answers for one module which of its statements a set of names needs."""

    def __init__(self, tree: Tree, scopes: Scopes) -> None:
        self.tree = tree
        self.scopes = scopes
        self.module: Scope = scopes.module
        self.units = units_of(tree, scopes, self._opens_dag)
        self._verdicts: dict[str, str | None] = {}

    def slice(self, names: Iterable[str]) -> Slice:
        """What the names need. Refusals come first for the names themselves, then for what set-up code needs."""
        wanted = sorted(set(names))
        refusals = [Refusal(why, self._place(name)) for name in wanted if (why := self.why_not(name)) is not None]
        chosen = {name for name in wanted if self.why_not(name) is None}
        needed = self._closure(chosen)
        setup = [unit for unit in self._setup() if self._unit_verdict(unit) is None]
        for unit in setup:
            needed |= self._closure(unit.reads)
        units = {unit for name in needed for unit in self._units_for(name)} | set(setup)
        imports = [*self._future(), *self._imports(needed), *self._guarded(needed)]
        ordered = sorted((unit for unit in units if not self._is_import(unit)), key=lambda unit: unit.order)
        definitions = tuple(self._text(unit) for unit in ordered)
        return Slice(imports=tuple(imports), definitions=definitions, refusals=tuple(refusals))

    # Verdicts

    def why_not(self, name: str) -> str | None:
        """Why a name can't be carried along; ``None`` when it can, or need not."""
        if name not in self._verdicts:
            self._verdicts[name] = None  # functions that call each other don't ask for ever
            self._verdicts[name] = self._verdict(name)
        return self._verdicts[name]

    def _verdict(self, name: str) -> str | None:
        bindings = self.module.bindings.get(name)
        if bindings is None:
            return self._unbound(name)
        imports = [item for item in bindings if isinstance(item.node, cst.ImportAlias)]
        for item in imports:
            why = self._refused_import(item)
            if why is not None:
                return why
        if any(isinstance(item.site, cst.Del) for item in bindings):
            return f"`{name}` is deleted again"
        if any(self._scope_of(item) is not self.module for item in bindings):
            return f"`{name}` is set by a function with `global`"
        if len(imports) > 1 and not _same_import(imports) and not self._in_one_unit(name):
            return f"`{name}` is imported several times, from different places"
        if imports and len(imports) < len(bindings) and not self._in_one_unit(name):
            return f"`{name}` is imported and also given another value"
        for unit in self._units_for(name):
            why = None if imports and self._is_import(unit) else self._unit_verdict(unit)
            if why is not None:
                return f"`{name}` can't be carried along: {why}"
        return None

    def _unbound(self, name: str) -> str | None:
        if name in MODULE_NAMES - {"__name__"}:
            return f"`{name}` means the place of the source file, and the code moves to another"
        if name in BUILTINS or name == "__name__":
            return None
        if self.module.stars:
            return f"`{name}` may come from `{self.tree.code(self.module.stars[0])}`"
        return f"`{name}` isn't defined in the file"

    def _unit_verdict(self, unit: Unit) -> str | None:
        for site in unit.imports:
            why = next(
                (why for item in _import_bindings(site) if (why := self._refused_import(item)) is not None), None
            )
            if why is not None:
                return why
        for read in sorted(unit.reads - unit.binds):
            why = self.why_not(read)
            if why is not None:
                return why
        return None

    def _refused_import(self, item: Binding) -> str | None:
        """Why an import can't be carried along."""
        name = imported_name(item)
        if name is None:
            return f"`{item.name}` is imported relative to its file, which moves"
        return f"`{item.name}` is Airflow's `{name}`" if is_airflow(name) else None

    def _in_one_unit(self, name: str) -> bool:
        return len([unit for unit in self.units if name in unit.binds]) == 1

    def _scope_of(self, binding: Binding) -> Scope:
        around = self.tree.parent(binding.node)
        if isinstance(binding.node, cst.FunctionDef | cst.ClassDef):
            around = self.tree.parent(binding.node)
        while around is not None and around not in self.scopes.by_node:
            around = self.tree.parent(around)
        scope = self.module if around is None else self.scopes.by_node[around]
        while scope.kind == "comprehension" and scope.parent is not None:
            scope = scope.parent  # a walrus binds outside
        return scope

    def _place(self, name: str) -> tuple[int, int, int, int] | None:
        bindings = self.module.bindings.get(name)
        return self.tree.span(bindings[0].node) if bindings else None

    # What is needed

    def _closure(self, names: Iterable[str]) -> set[str]:
        needed: set[str] = set()
        pending = [name for name in names if name in self.module.bindings]
        while pending:
            name = pending.pop()
            if name in needed:
                continue
            needed.add(name)
            for unit in self._units_for(name):
                if not self._is_import(unit):
                    pending += [read for read in unit.reads if read in self.module.bindings]
        return needed

    def _units_for(self, name: str) -> Iterator[Unit]:
        """Units that give a name its value, or change its object."""
        only_imported = all(isinstance(item.node, cst.ImportAlias) for item in self.module.bindings.get(name, []))
        for unit in self.units:
            handed_on = name in unit.hands_on and not self._builds_pipeline(unit)
            if name in unit.binds or (not only_imported and (name in unit.changes or handed_on)):
                yield unit

    def _builds_pipeline(self, unit: Unit) -> bool:
        """Whether a statement uses Airflow: a DAG that is handed a constant only reads it."""
        return any(self._is_airflow_made(name, set()) for name in unit.reads)

    def _is_airflow_made(self, name: str, seen: set[str]) -> bool:
        if name in seen:
            return False
        seen.add(name)
        for item in self.module.bindings.get(name, []):
            if isinstance(item.node, cst.ImportAlias) and is_airflow(imported_name(item) or ""):
                return True
        units = [unit for unit in self.units if name in unit.binds and not self._is_import(unit)]
        return any(self._is_airflow_made(read, seen) for unit in units for read in unit.reads) or any(
            _is_airflow_import(site) for unit in units for site in unit.imports
        )

    def _setup(self) -> list[Unit]:
        """Statements that set up a library for all that comes after: seeds, options, the environment."""
        return [
            unit
            for unit in self.units
            if not unit.binds and any(self._is_library(name) for name in unit.changes | unit.calls)
            if not self._is_path_set_up(unit) and not self._builds_pipeline(unit)
        ]

    def _is_library(self, name: str) -> bool:
        imported = [imported_name(item) for item in self.module.bindings.get(name, [])]
        return bool(imported) and all(item and item.partition(".")[0] in EFFECT_PACKAGES for item in imported)

    def _is_path_set_up(self, unit: Unit) -> bool:
        """``sys.path.append(os.path.dirname(__file__))``: the target finds the project's modules its own way."""
        return "__file__" in unit.reads

    # Text

    def _future(self) -> Iterator[str]:
        for unit in self.units:
            for site in unit.imports:
                if isinstance(site, cst.ImportFrom) and imported_root(site) == "__future__":
                    yield from _statements_of(site)

    def _imports(self, needed: set[str]) -> Iterator[str]:
        seen: set[str] = set()
        for unit in self.units:
            if not self._is_import(unit) or _is_type_checking(unit.node):
                continue
            if not isinstance(unit.node, cst.SimpleStatementLine):
                if unit.binds & needed:
                    yield self._text(unit).rstrip("\n")
                continue
            for site in unit.imports:
                for item in _import_bindings(site):
                    text = import_statement(site, item.node)  # type: ignore[arg-type]
                    if item.name in needed and text not in seen and imported_root(site) != "__future__":
                        seen.add(text)
                        yield text

    def _guarded(self, needed: set[str]) -> Iterator[str]:
        """Imports for annotations only."""
        lines = [
            import_statement(site, item.node)  # type: ignore[arg-type]
            for unit in self.units
            if _is_type_checking(unit.node)
            for site in unit.imports
            for item in _import_bindings(site)
            if item.name in needed
        ]
        if lines:
            yield "from typing import TYPE_CHECKING"
            yield "if TYPE_CHECKING:\n" + "\n".join(f"    {line}" for line in dict.fromkeys(lines))

    def _is_import(self, unit: Unit) -> bool:
        """Whether a unit does nothing but import, perhaps with a fallback."""
        if not unit.imports:
            return False
        return all(isinstance(item, IMPORT_LINES) or _is_plain(item) for item in _small_statements(unit.node))

    def _text(self, unit: Unit) -> str:
        """A statement with the comments right above it, dedented when it stood in ``with DAG(...)``."""
        return statement_text(self.tree, unit.node)

    def _opens_dag(self, node: cst.With) -> bool:
        return all(self.is_airflow_call(item.item) for item in node.items)

    def is_airflow_call(self, node: cst.BaseExpression) -> bool:
        """Whether an expression of the module calls something of Airflow's."""
        if not isinstance(node, cst.Call):
            return False
        root = node.func
        while isinstance(root, cst.Attribute):
            root = root.value
        bindings = self.module.bindings.get(root.value, []) if isinstance(root, cst.Name) else []
        return bool(bindings) and all(is_airflow(imported_name(item) or "") for item in bindings)


def imported_root(site: cst.ImportFrom | cst.Import) -> str:
    """The first part of the module that is imported from."""
    module = getattr(site, "module", None)
    while isinstance(module, cst.Attribute):
        module = module.value
    return module.value if isinstance(module, cst.Name) else ""


def _import_bindings(site: cst.Import | cst.ImportFrom) -> list[Binding]:
    if isinstance(site.names, cst.ImportStar):
        return []
    return [Binding(bound_name(alias), alias, site) for alias in site.names]


def _statements_of(site: cst.Import | cst.ImportFrom) -> list[str]:
    return [import_statement(site, item.node) for item in _import_bindings(site)]  # type: ignore[arg-type]


def _is_airflow_import(site: cst.Import | cst.ImportFrom) -> bool:
    return any(is_airflow(imported_name(item) or "") for item in _import_bindings(site))


def _same_import(items: list[Binding]) -> bool:
    texts = {import_statement(item.site, item.node) for item in items}  # type: ignore[arg-type]
    plain = all(isinstance(item.site, cst.Import) and getattr(item.node, "asname", None) is None for item in items)
    return len(texts) == 1 or plain  # `import a.b` and `import a.c` bind the same `a`


def _small_statements(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if isinstance(node, cst.BaseSmallStatement):
        yield node
    elif not isinstance(node, cst.BaseExpression):
        for child in node.children:
            yield from _small_statements(child)


def _is_plain(node: cst.CSTNode) -> bool:
    """``name = None``, as in the fallback of an import that may fail."""
    if not isinstance(node, cst.Assign):
        return False
    return isinstance(node.value, cst.Name) and node.value.value in ("None", "True", "False")


def _is_type_checking(node: cst.CSTNode) -> bool:
    if not isinstance(node, cst.If) or node.orelse is not None:
        return False
    test = node.test.attr if isinstance(node.test, cst.Attribute) else node.test
    return isinstance(test, cst.Name) and test.value == "TYPE_CHECKING"
