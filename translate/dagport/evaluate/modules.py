"""Imports of the project's own modules: each is evaluated where Python would execute it, once for each file.

A module that only defines things is evaluated once for a whole run and shared: see ``sharing``. Everything that
evaluating it said (doubts, what it needs from the deployment) is said again for each file that imports it.
"""

from __future__ import annotations

import ast
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from dagport.evaluate import library
from dagport.evaluate.domain import (
    CallSite,
    LimitHit,
    Module,
    ModuleFrame,
    PyRaise,
    Scope,
    SourceFile,
    Unknown,
)
from dagport.evaluate.finder import Finder, Found
from dagport.evaluate.sharing import NotShareable, Snapshot
from dagport.source import Source, decoded, parsed
from dagport.workspace import Look, Unreadable, Workspace

if TYPE_CHECKING:
    from dagport.evaluate.machine import Doubt, Machine

NO_PACKAGE = "attempted relative import with no known parent package"
MAX_MODULES = 2_000  # of one file


@dataclass(slots=True)
class Shared:
    """An evaluated module that only defines things."""

    module: Module
    snapshot: Snapshot
    doubts: list[Doubt]
    requirements: list[Any]
    libraries: set[str]
    imports: dict[str, str | None]  # names that evaluating it imported, in order -> the project's file
    seen_from: set[tuple[tuple[str, ...], ...]]  # search paths from which these names mean the same files
    looks: Mapping[Look, None]
    steps: int


@dataclass(slots=True)
class ModuleStore:
    """What is kept between the files of a run: syntax trees, and modules that can be shared."""

    finder: Finder
    trees: dict[str, tuple[Source, ast.Module] | PyRaise] = field(default_factory=dict)
    shared: dict[tuple[str, str], Shared] = field(default_factory=dict)  # by dotted name and file
    notes: dict[str, object] = field(default_factory=dict)  # what a reader keeps for a file

    def tree(self, file: str) -> tuple[Source, ast.Module]:
        """The parsed module in a file. Raises ``PyRaise`` where Python would refuse it."""
        self.finder.workspace.note(Look("content", file))
        if file not in self.trees:
            try:
                self.trees[file] = parse_module(self.finder.workspace, file)
            except PyRaise as refused:
                self.trees[file] = refused
        found = self.trees[file]
        if isinstance(found, PyRaise):
            raise PyRaise(found.name, found.message)
        return found


def module_store(workspace: Workspace, variant: Hashable) -> ModuleStore:
    """The store of a project for all files that are read in the same way."""
    key = (ModuleStore, variant)
    if key not in workspace.kept:
        workspace.kept[key] = ModuleStore(Finder(workspace))
    return cast(ModuleStore, workspace.kept[key])


def parse_module(workspace: Workspace, file: str) -> tuple[Source, ast.Module]:
    """Read and parse a module of the project. Raises ``PyRaise``."""
    try:
        source = decoded(file, workspace.read(file), file)
        return source, parsed(source.text)
    except Unreadable as problem:
        raise PyRaise("ImportError", problem.why) from None
    except SyntaxError as error:
        raise PyRaise("SyntaxError", f"{error.msg} ({file}, line {error.lineno})") from None
    except (ValueError, LookupError, RecursionError, MemoryError) as error:
        raise PyRaise("SyntaxError", f"{file}: {error}") from None


@dataclass(frozen=True, slots=True)
class Marks:
    """How much an evaluation had said and made at one moment."""

    doubts: int
    requirements: int
    steps: int
    touched: int
    pipelines: tuple[int, ...]  # what the hooks had made; the same before and after: nothing was made


@dataclass(slots=True)
class _Loading:
    """A module whose evaluation is under way."""

    module: Module
    imports: dict[str, str | None] = field(default_factory=dict)
    is_apart: bool = False  # what it holds depends on what was imported before: it isn't shared
    reused: bool = False  # it was evaluated for an earlier file
    inner: list[tuple[Marks, Marks]] = field(default_factory=list)  # begin and end of the modules it imported


class Importer:
    """The imports of one file."""

    def __init__(self, machine: Machine, store: ModuleStore, file: str) -> None:
        self.machine = machine
        self.store = store
        self.finder = store.finder
        self.path = self.finder.search_path(file)
        self.guesses = self.finder.guesses(file)
        self.loaded: dict[str, Module] = {}
        self.files: set[str] = set()  # of the modules, those included that couldn't be imported
        self.loading: list[_Loading] = []
        self.alone: set[str] = set()  # names of loaded modules that can't be shared
        self.used: list[Shared] = []
        self.reusing = 0  # modules whose imports are being repeated; the project's code doesn't run meanwhile
        self.is_unchanged = False  # found clean, and no code has run since

    # Questions

    def owns(self, name: str) -> bool | None:
        """Whether a dotted name is a module of the project; ``None``: its package is, and has no such module."""
        if name in self.loaded:
            return True
        top, *rest = name.split(".")
        found = self._top(top)
        if found is None:
            return False
        for part in rest:
            inner = self.finder.below(found, part)
            if inner is None:
                return False if found.file is None else None
            found = inner
        return True

    # Importing

    def load(self, name: str, site: CallSite) -> Module | None:
        """Import a module and the packages above it; ``None``: it isn't the project's.

        Raises ``PyRaise`` for a module that a package of the project should have and hasn't, and whatever evaluating
        it raises.
        """
        if self.owns(name) is False:
            self._note_import(name, None)
            return None
        try:
            return self._load(name, site)
        finally:
            self.is_unchanged = self.is_unchanged and self.reusing > 0

    def _load(self, name: str, site: CallSite) -> Module | None:
        found: Found | None = None
        module: Module | None = None
        parts = name.split(".")
        for count, part in enumerate(parts, 1):
            dotted = ".".join(parts[:count])
            found = self._top(part) if found is None else self.finder.below(found, part)
            if found is None:
                raise PyRaise("ModuleNotFoundError", f"No module named '{dotted}'")
            module = self._load_one(dotted, found, site)
        return module

    def submodule(self, package: Module, name: str, site: CallSite) -> Module | None:
        """``from package import name`` where the package itself has no such name."""
        dotted = f"{package.name}.{name}"
        return self.load(dotted, site) if self.owns(dotted) else None

    def imported(self, name: str) -> Module | Any | None:
        """A module by its name in ``sys.modules``; ``None``: the project's and not there, else ``NotImplemented``.

        What asks for it depends on what was imported before, and is evaluated for each file.
        """
        self._set_apart()
        found = self.present(name)
        return found if found is not None else None if self.owns(name) else NotImplemented

    def present(self, name: str) -> Module | None:
        """A module that is imported, or under way."""
        unfinished = next((item.module for item in self.loading if item.module.name == name), None)
        return unfinished or self.loaded.get(name)

    def hides_fallback(self, package: Module, name: str) -> bool:
        """Whether a name of a package is an imported submodule, so that its ``__getattr__`` isn't asked."""
        return name not in package.frame.names and f"{package.name}.{name}" in self.loaded

    def note_use(self, module: Module) -> None:
        """What a module holds so far is used. The modules of a circle are evaluated for each file."""
        unfinished = next((item for item in self.loading if item.module is module), None)
        if unfinished is not None:
            for item in self.loading[self.loading.index(unfinished) :]:
                item.is_apart = True

    def bound_child(self, package: Module, name: str) -> Module | None:
        """A submodule as an attribute of its package: it is one as soon as anything has imported it."""
        dotted = f"{package.name}.{name}"
        if not (self.loading and dotted in self.loading[-1].imports):
            self._set_apart()
        return self.loaded.get(dotted)

    def children(self, package: Module) -> dict[str, Module]:
        """The submodules that are attributes of a package, without those that its own names hide."""
        self._set_apart()
        start = f"{package.name}."
        found = {name[len(start) :]: module for name, module in self.loaded.items() if name.startswith(start)}
        return {name: item for name, item in found.items() if "." not in name and name not in package.frame.names}

    def _set_apart(self) -> None:
        """The modules under way see what was imported before them, and are evaluated for each file."""
        for item in self.loading:
            item.is_apart = True

    def add_folder(self, folder: str, *, first: bool) -> None:
        """``sys.path.insert`` and ``append`` of a folder of the project."""
        others = tuple(item for item in self.path if item != folder)
        self.path = (folder, *others) if first else (*others, folder)

    def close(self) -> None:
        """Put the shared modules back into the state in which importing them left them."""
        for shared in self.used:
            shared.snapshot.restore()

    def _top(self, name: str) -> Found | None:
        if name == "airflow" or library.is_standard(name):
            return None
        found = self.finder.top(name, self.path)
        if library.is_harmless(name) and (found is None or found.file is None):
            return None  # installed packages win over folders that only have the name of one
        if found is None or found.file is None:
            guessed = self.finder.top(name, self.guesses)
            return guessed if guessed is not None and guessed.file is not None else found or guessed
        return found

    def _load_one(self, name: str, found: Found, site: CallSite) -> Module:
        self._note_import(name, found.file or "")
        unfinished = next((item for item in self.loading if item.module.name == name), None)
        if unfinished is not None:
            return unfinished.module
        if name in self.loaded:
            return self.loaded[name]
        if len(self.loaded) >= MAX_MODULES:
            raise LimitHit("modules of one file", MAX_MODULES)
        begin = self._mark()
        self.files.update((found.file,) if found.file else ())
        self._note_others(name, found, site)
        shared = self.store.shared.get((name, found.file or ""))
        if shared is not None and self._means_the_same(shared) and self._is_clean():
            module = self._reuse(name, shared, site)
        else:
            module = self._evaluate(name, found, site)
        self._bind(name, module)
        if self.loading:
            self.loading[-1].inner.append((begin, self._mark()))
        return module

    def _bind(self, name: str, module: Module) -> None:
        """A submodule becomes an attribute of its package: what the package called so before is gone."""
        parent, _, last = name.rpartition(".")
        package = self.present(parent)
        reused = any(item.reused and item.module is package for item in self.loading)
        if package is not None and last in package.frame.names and not reused:
            self.machine.effect()
            self.is_unchanged = False
            package.frame.names[last] = module

    def _note_import(self, name: str, file: str | None) -> None:
        if self.loading:
            self.loading[-1].imports.setdefault(name, file)

    def _note_others(self, name: str, found: Found, site: CallSite) -> None:
        others = [item for item in found.others if item != found.file]
        if others and found.root not in self.finder.workspace.source_roots:
            message = f"`{name}` may be `{found.file}` or `{others[0]}`"
            self.machine.doubt("DP214", message, site)

    # Evaluating

    def _evaluate(self, name: str, found: Found, site: CallSite) -> Module:
        machine = self.machine
        loading = _Loading(self._new_module(name, found))
        clean = self._is_clean()
        self.is_unchanged = False
        reusing, self.reusing = self.reusing, 0
        begin = self._mark()
        around, machine.modules = machine.modules, set()
        self.loading.append(loading)
        try:
            with self.finder.workspace.recording() as looks:
                if found.file is not None:
                    self._run(loading.module, found.file, site)
        except PyRaise:
            self.alone.add(name)
            raise
        finally:
            self.reusing, self.is_unchanged = reusing, False
            self.loading.pop()
            libraries, machine.modules = machine.modules, around | machine.modules
        self.loaded[name] = loading.module
        if not (clean and self._can_be_shared(loading, begin)):
            self.alone.add(name)
            return loading.module
        try:
            snapshot = Snapshot(loading.module.frame.names)
        except NotShareable:
            self.alone.add(name)
            return loading.module
        del machine.touched[begin.touched :]  # nothing that was there before
        doubts, requirements, steps = self._own(loading, begin)
        shared = Shared(
            module=loading.module,
            snapshot=snapshot,
            doubts=doubts,
            requirements=requirements,
            libraries=libraries,
            imports=loading.imports,
            seen_from={(self.path, self.guesses)},
            looks=dict(looks),
            steps=steps,
        )
        self.store.shared[name, found.file or ""] = shared
        self.used.append(shared)
        return loading.module

    def _new_module(self, name: str, found: Found) -> Module:
        is_package = bool(found.folders)
        package = name if is_package else name.rpartition(".")[0]
        frame = ModuleFrame(name, Source(found.file or "", ""), file=found.file, package=package)
        frame.names.update(__name__=name, __package__=package)
        if is_package:
            frame.names["__path__"] = Unknown("where the package lies is known only in the deployment", "__path__")
        if found.file is not None:
            frame.names["__file__"] = SourceFile(found.file.rpartition("/")[2], found.file)
        return Module(frame)

    def _run(self, module: Module, file: str, site: CallSite) -> None:
        from dagport.evaluate.statements import execute_block

        machine = self.machine
        frame = module.frame
        frame.source, tree = self.store.tree(file)
        frame.names["__doc__"] = ast.get_docstring(tree, clean=False)
        machine.enter(site)
        try:
            frame.body = tree.body
            execute_block(machine, tree.body, Scope(frame, frame.names, None))
        finally:
            machine.leave()

    # Sharing

    def _is_clean(self) -> bool:
        """Whether what modules see when they are imported is as importing the others left it."""
        if not self.is_unchanged:
            changed = self.machine.environment_changed
            self.is_unchanged = not changed and all(item.snapshot.is_clean() for item in self.used)
        return self.is_unchanged

    def _means_the_same(self, shared: Shared) -> bool:
        """Whether the names that the module imports lead to the same files from here."""
        place = (self.path, self.guesses)
        if place not in shared.seen_from:
            if any(self._file_of(name) != file for name, file in shared.imports.items()):
                return False
            shared.seen_from.add(place)
        return True

    def _file_of(self, name: str) -> str | None:
        found: Found | None = None
        for part in name.split("."):
            found = self._top(part) if found is None else self.finder.below(found, part)
            if found is None:
                return None
        return None if found is None else found.file or ""

    def _can_be_shared(self, loading: _Loading, begin: Marks) -> bool:
        machine = self.machine
        return (
            not loading.is_apart
            and self.alone.isdisjoint(loading.imports)
            and self._mark().pipelines == begin.pipelines
            and all(doubt.owner is None for doubt in machine.doubts[begin.doubts :])
            and all(owner is None for owner in machine.touched[begin.touched :])
            and self._is_clean()
        )

    def _mark(self) -> Marks:
        machine = self.machine
        return Marks(
            len(machine.doubts),
            len(machine.requirements),
            machine.steps,
            len(machine.touched),
            machine.hooks.made(),
        )

    def _own(self, loading: _Loading, begin: Marks) -> tuple[list[Doubt], list[Any], int]:
        """What a module itself said, and the steps it took, without the modules that it imported."""
        machine, end = self.machine, self._mark()
        starts = [begin, *(after for _, after in loading.inner)]
        ends = [*(before for before, _ in loading.inner), end]
        pairs = list(zip(starts, ends, strict=True))
        doubts = [item for start, stop in pairs for item in machine.doubts[start.doubts : stop.doubts]]
        needs = [item for start, stop in pairs for item in machine.requirements[start.requirements : stop.requirements]]
        return doubts, needs, sum(stop.steps - start.steps for start, stop in pairs)

    def _reuse(self, name: str, shared: Shared, site: CallSite) -> Module:
        machine = self.machine
        self.finder.workspace.replay(shared.looks)
        self.loading.append(_Loading(shared.module, reused=True))
        self.reusing += 1
        try:
            for other, file in shared.imports.items():
                if file is not None:
                    self.load(other, site)
        finally:
            self.reusing -= 1
            self.loading.pop()
        self.loaded[name] = shared.module
        machine.doubts += shared.doubts
        machine.requirements += shared.requirements
        machine.modules |= shared.libraries
        machine.step(shared.steps)
        self.used.append(shared)
        return shared.module
