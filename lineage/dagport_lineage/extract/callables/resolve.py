"""What a name means: through imports, modules of the project, and constants that are set once."""

from __future__ import annotations

import ast
import builtins
import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from dagport.evaluate import library
from dagport.evaluate.finder import Finder, Found
from dagport.source import Source, decoded
from dagport.workspace import Unreadable, Workspace
from dagport_lineage.extract.callables.domain import (
    Data,
    Entries,
    Foreign,
    Function,
    Items,
    OwnClass,
    OwnModule,
    Qualified,
    Value,
    forget,
)
from dagport_lineage.extract.callables.modules import Binding, Module, module_of, single
from dagport_lineage.model import Unresolved
from dagport_lineage.scope import Scope

Evaluate: TypeAlias = Callable[[Module, ast.expr], Value]
BUILTINS = frozenset(dir(builtins))
IMPORT_SETS = frozenset({"__file__", "__name__", "__doc__", "__package__", "__spec__"})
MAX_MODULE_BYTES = 2_000_000


@dataclass(eq=False)
class Project:
    """The modules of the project as one DAG file sees them."""

    main: Module
    finder: Finder | None = None
    path: tuple[str, ...] = ()
    modules: dict[str, Module | Foreign | None] = field(default_factory=dict)
    results: dict[tuple[str, str], Value | None] = field(default_factory=dict)  # of functions, by pipeline and task
    kept: dict[tuple[Module, str], Value] = field(default_factory=dict)  # what global names mean

    # Names

    def name(self, module: Module, name: str, evaluate: Evaluate) -> Value:
        """What a global name of a module means to a function that looks it up while a task runs."""
        key = (module, name)
        if key not in self.kept:
            self.kept[key] = Foreign(f"`{name}`, which is defined by itself")  # until it is known
            self.kept[key] = self._name(module, name, evaluate)
        return self.kept[key]

    def _name(self, module: Module, name: str, evaluate: Evaluate) -> Value:
        if module.is_reflective:
            return Foreign(f"`{name}`, which code of the module may change as it runs")
        bindings = module.bindings.get(name)
        if name in module.unstable:
            return Foreign(f"`{name}`, which functions change")
        if bindings is None:
            return self._builtin(module, name)
        if module.stars:
            return Foreign(f"`{name}`, which `import *` may replace")
        binding = single(bindings)
        if binding is None:
            return self._alternatives(module, bindings) or Foreign(f"`{name}`, which is set more than once")
        return self._meaning(module, name, binding, evaluate)

    def _builtin(self, module: Module, name: str) -> Value:
        if module.stars:
            return Foreign(f"`{name}`, which may come from `import *`")
        if name in IMPORT_SETS:
            return Data(Unresolved("runtime", f"`{name}` is known in the deployment only"))
        if name in BUILTINS:
            return Qualified(f"builtins.{name}")
        return Foreign(f"`{name}`, which isn't defined here")

    def _alternatives(self, module: Module, bindings: list[Binding]) -> Value | None:
        """``try: import x`` with another import where that fails: known where both are the same thing."""
        if any(item.kind != "import" for item in bindings):
            return None
        found = [self.imported(module, item) for item in bindings]
        names = {canonical(item.name) for item in found if isinstance(item, Qualified)}
        is_one = len(names) == 1 and all(isinstance(item, Qualified) for item in found)
        return found[0] if is_one else None

    def _meaning(self, module: Module, name: str, binding: Binding, evaluate: Evaluate) -> Value:
        if binding.kind == "import":
            return self.imported(module, binding)
        if isinstance(binding.node, ast.FunctionDef | ast.AsyncFunctionDef):
            return Function(binding.node, module)
        if isinstance(binding.node, ast.ClassDef):
            return OwnClass(binding.node, module)
        if isinstance(binding.value, ast.expr):
            value = evaluate(module, binding.value)
            if isinstance(value, Items | Entries) and not module.is_only_read(name):
                forget(value)
            return value
        return Foreign(f"`{name}`, which is set by code that isn't followed")

    # Imports

    def imported(self, module: Module, binding: Binding) -> Value:
        """What an import statement binds to one of its names."""
        alias = binding.value
        assert isinstance(alias, ast.alias)  # noqa: S101 - so it was made
        shown = alias.asname or alias.name.partition(".")[0]
        if shown in module.tampered:
            return Foreign(f"`{shown}`, which the module changes")
        if isinstance(binding.node, ast.Import):
            return self.module_value(alias.name if alias.asname else alias.name.partition(".")[0])
        assert isinstance(binding.node, ast.ImportFrom)  # noqa: S101
        base = self._base(module, binding.node)
        if base is None:
            return Foreign(f"`{shown}`, whose package isn't known")
        return self.member(module, self.module_value(base), alias.name, shown)

    def _base(self, module: Module, node: ast.ImportFrom) -> str | None:
        if not node.level:
            return node.module
        parts = module.package.split(".") if module.package else []
        if len(parts) < node.level:
            return None
        kept = parts[: len(parts) - node.level + 1]
        return ".".join([*kept, node.module] if node.module else kept)

    def module_value(self, name: str) -> Value:
        """A module by its name: one of the project, or a library's."""
        own = self._own(name)
        if isinstance(own, Foreign):
            return own
        return Qualified(name) if own is None else OwnModule(own)

    def member(self, module: Module, base: Value, name: str, shown: str | None = None) -> Value:
        """``base.name``, as ``module`` sees it."""
        if isinstance(base, Qualified):
            own = self._own(f"{base.name}.{name}")
            return (
                own if isinstance(own, Foreign) else Qualified(f"{base.name}.{name}") if own is None else OwnModule(own)
            )
        if not isinstance(base, OwnModule):
            return base if isinstance(base, Foreign) else Foreign(f"`{shown or name}`")
        inner = base.module
        if name in inner.bindings or not inner.name:
            value = self.name(inner, name, self.evaluate)
            if isinstance(value, Items | Entries) and not module.is_only_read(name, shown or name):
                forget(value)
            return value
        found = self._own(f"{inner.name}.{name}")
        return OwnModule(found) if isinstance(found, Module) else Foreign(f"`{shown or name}` of `{inner.name}`")

    def evaluate(self, module: Module, node: ast.expr) -> Value:
        """Replaced by whoever can evaluate constants."""
        return Foreign(f"a constant of `{module.name or module.source.path}`")

    # Files

    def _own(self, name: str) -> Module | Foreign | None:
        """A module of the project; ``None`` where a name is a library's, or nothing of the project."""
        if name not in self.modules:
            self.modules[name] = self._find(name)
        return self.modules[name]

    def _find(self, name: str) -> Module | Foreign | None:
        top, *rest = name.split(".")
        if self.finder is None or top == "airflow" or library.is_standard(top):
            return None
        found = self.finder.top(top, self.path)
        if found is not None and found.file is None and library.is_harmless(top):
            return None  # installed packages win over folders that only have the name of one
        for part in rest:
            if found is None:
                return None
            if found.others:
                break
            found = self.finder.below(found, part)
        if found is None:
            return None
        if found.others:
            return Foreign(f"`{name}`, which may be `{found.file}` or `{found.others[0]}`")
        return self._load(name, found)

    def _load(self, name: str, found: Found) -> Module | Foreign | None:
        assert self.finder is not None  # noqa: S101
        if found.file is None:
            return module_of(_empty(name), name, name)
        try:
            data = self.finder.workspace.read(found.file)
            source = decoded(found.file, data[: MAX_MODULE_BYTES + 1], found.file)
        except (Unreadable, SyntaxError, LookupError, ValueError):
            return Foreign(f"`{name}`, which can't be read")
        is_package = posixpath.basename(found.file) == "__init__.py"
        module = module_of(source, name, name if is_package else name.rpartition(".")[0])
        return module or Foreign(f"`{name}`, which Python refuses")


def canonical(name: str) -> str:
    """Classes of Airflow and its providers go by their own name: their modules move from version to version."""
    if not name.startswith("airflow."):
        return name
    parts = name.split(".")
    begin = next((index for index, part in enumerate(parts) if part[:1].isupper()), len(parts) - 1)
    return "airflow:" + ".".join(parts[begin:])


def _empty(name: str) -> Source:
    """A package without ``__init__.py`` has no names of its own."""
    return Source(name, "")


def project_of(scope: Scope, main: Module) -> Project:
    """The project around a file, as the imports of the file find it."""
    workspace: Workspace | None = scope.workspace
    if workspace is None or scope.source.file is None:
        return Project(main)
    key = ("lineage.finder",)
    if key not in workspace.kept:
        workspace.kept[key] = Finder(workspace)
    finder = workspace.kept[key]
    assert isinstance(finder, Finder)  # noqa: S101
    return Project(main, finder, finder.search_path(scope.source.file))
