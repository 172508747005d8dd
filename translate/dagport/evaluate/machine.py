"""The abstract machine: it runs a module's statements over the values of ``domain``.

What belongs to an orchestrator is said by ``Hooks``; the machine itself knows Python and nothing else.
"""

from __future__ import annotations

import ast
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagport.evaluate import library
from dagport.evaluate.builtins import builtin_function
from dagport.evaluate.domain import (
    Anything,
    CallSite,
    External,
    Function,
    Instance,
    LimitHit,
    ModuleFrame,
    ModuleName,
    Native,
    PyRaise,
    Scope,
    SourceFile,
    Unknown,
    UserClass,
    check_key,
    running_on,
)
from dagport.options import Deployment, Limits
from dagport.source import Source, Span
from dagport.workspace import Workspace

if TYPE_CHECKING:
    from dagport.evaluate.modules import Importer
    from dagport.evaluate.needs import Need

RECURSION_LIMIT = 12_000  # of our own interpreter; Limits.depth bounds the analysed code long before
TIME_CHECK = 128  # steps between two looks at the clock: one step may take some milliseconds


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason why the result may differ from what the real engine would build."""

    code: str
    message: str
    span: Span | None
    owner: Any = None  # the object of the hooks that it concerns; None: everything in the file
    path: str | None = None  # of another module's file, where the place lies in one


class Hooks:
    """What a library that creates pipelines adds to the machine."""

    def find(self, name: str) -> Native | None:
        """The model of a function or class by its qualified name."""
        return None

    def constant(self, name: str) -> Anything:
        """A known value by its qualified name, else ``NotImplemented``."""
        return NotImplemented

    def attribute(self, machine: Machine, owner: Anything, name: str, site: CallSite) -> Anything:
        """An attribute of a value that only the library knows, e.g. of a decorated function."""
        return NotImplemented

    def instance(self, cls: UserClass) -> Instance:
        """A new object of a class of the project."""
        return Instance(cls)

    def models(self, cls: UserClass) -> bool:
        """Whether ``instance`` makes objects of its own for a class."""
        return False

    def unseen_call(
        self,
        machine: Machine,
        callee: Anything,
        args: list[Anything],
        kwargs: dict[str, Anything],
        site: CallSite,
    ) -> Anything:
        """A call of code that can't be seen. Gives its value; may note a doubt."""
        if isinstance(callee, Unknown):
            return machine.unknown(callee.why, site, clock=callee.clock)
        return machine.unknown("what the call gives isn't known", site)

    def made(self) -> tuple[int, ...]:
        """Counts of the pipeline objects made so far, and of the calls of code that can't be seen."""
        return ()

    def refused_import(self, module: str, name: str | None) -> str | None:
        """Why ``import module``, or ``from module import name``, surely fails, in Python's words."""
        return None

    def is_found_by_name(self, value: Anything) -> bool:
        """Whether an object counts only while a global name is bound to it."""
        return False

    def may_be_missing(self, module: str) -> bool:
        """Whether importing a module can fail in the engine's environment."""
        return True

    def unseen_shift(self, machine: Machine, left: Anything, right: Anything, site: CallSite) -> None:
        """``a >> b`` or ``a << b`` where one side isn't known and the other is no number. May note a doubt."""

    def unseen_context(self, machine: Machine, manager: Anything, site: CallSite) -> None:
        """``with`` over something without a model. May note a doubt."""

    def is_instance(self, value: Anything, class_name: str) -> bool | None:
        """Whether a value of the library is of a class; ``None`` when it isn't known."""
        return None

    def star_import(self, machine: Machine, module: str, scope: Scope, site: CallSite) -> None:
        """``from module import *``."""
        scope.names["*"] = module

    def library_init(
        self,
        machine: Machine,
        instance: Instance,
        base: Anything,
        args: list[Anything],
        kwargs: dict[str, Anything],
        site: CallSite,
    ) -> bool:
        """``__init__`` of a library class, on an object of a class of the project; whether it was done."""
        return False

    def before_init(
        self,
        machine: Machine,
        instance: Instance,
        cls: UserClass,
        method: Function,
        args: list[Anything],
        kwargs: dict[str, Anything],
        site: CallSite,
    ) -> None:
        """Called before a class's own ``__init__`` runs; may change ``kwargs``."""

    def initialised(self, machine: Machine, instance: Instance, site: CallSite) -> None:
        """Called when an object of a class of the project is complete."""


class Machine:
    """Evaluates one file. ``doubts`` says afterwards what wasn't certain."""

    def __init__(
        self,
        source: Source,
        hooks: Hooks,
        limits: Limits | None = None,
        *,
        workspace: Workspace | None = None,
        deployment: Deployment | None = None,
    ) -> None:
        self.hooks = hooks
        self.limits = limits or Limits()
        self.workspace = workspace  # None: the project can't be seen
        self.deployment = deployment or Deployment()
        self.module = ModuleFrame("__main__", source, file=source.file, is_main=True)
        self.importer: Importer | None = None  # of the project's own modules
        self.requirements: list[Need] = []  # what was asked of the deployment, in order
        self.environment: dict[str, Anything] = {}  # variables that the file itself sets
        self.assumes = True  # that what has a default isn't set in the deployment
        self.trying = 0  # bodies of `try` statements around the present statement
        self.environment_changed = False  # by the file itself: modules evaluated earlier saw another one
        self.written: set[str] = set()  # paths of the project that the file changes when it is imported
        self.doubts: list[Doubt] = []
        self.conditions: list[str] = []  # texts of the undecided conditions around the present statement
        self.watching = 0  # while positive, `touched` is kept
        self.touched: list[Any] = []
        self.epoch = 0  # counts the stretches of code that may not run; an iterator made before one isn't its own
        self.handling: list[PyRaise] = []  # the exceptions whose handlers are running
        self.catching: list[ModuleFrame] = []  # whose code around the present statement goes on after an ImportError
        self.looked_into: ast.expr | None = None  # what stands on the right of the `in` under way
        self.depth = 0
        self.steps = 0
        self._next_time_check = TIME_CHECK
        self._deadline = time.process_time() + self.limits.seconds
        self.modules: set[str] = set()  # names of libraries that are known to be modules
        self._natives: dict[str, Native | None] = {}
        self._externals: dict[str, Anything] = {}
        self._calls: list[CallSite] = []  # the calls and imports under way

    # Running

    def run(self, tree: ast.Module) -> dict[str, Anything]:
        """Run a module to its end and give its global names. The importer is still to be closed.

        Raises ``PyRaise`` when importing the module would raise, ``LimitHit`` when a bound was reached.
        """
        from dagport.evaluate.statements import execute_block

        scope = Scope(self.module, self.module.names, None)
        self.module.names.update(__name__=ModuleName(self.module.name), __doc__=ast.get_docstring(tree, clean=False))
        self.module.names["__file__"] = self._source_file()
        with deep_recursion(), running_on(self, CallSite(tree, scope)):
            self.module.body = tree.body
            execute_block(self, tree.body, scope)
        return self.module.names

    def _source_file(self) -> SourceFile | Unknown:
        name = self.module.source.path.replace("\\", "/").rpartition("/")[2]
        if name.endswith(".py"):
            return SourceFile(name, self.module.file)
        return Unknown("the name of the file isn't known", "__file__")

    def step(self, count: int = 1) -> None:
        """Count work done."""
        self.steps += count
        if self.steps > self._next_time_check:
            self._next_time_check = self.steps + TIME_CHECK
            if self.steps > self.limits.steps:
                raise LimitHit("steps of the evaluation", self.limits.steps)
            if time.process_time() > self._deadline:
                raise LimitHit("seconds of processor time", self.limits.seconds)

    def check_size(self, count: int) -> None:
        """Refuse a collection of that many items; for one that grows by a few of them."""
        if count > self.limits.items:
            raise LimitHit("items of a collection", self.limits.items)

    def check_items(self, count: int) -> None:
        """Refuse to build a collection of that many items at once, and count the work."""
        self.check_size(count)
        self.step(count // 4)

    def check_text(self, length: int) -> None:
        """Refuse to build a text of that many characters."""
        if length > self.limits.text:
            raise LimitHit("characters of a text", self.limits.text)
        self.step(length // 64)

    def check_key(self, value: Anything) -> None:
        """Refuse to hash a value that is small in memory and giant when it is walked through."""
        check_key(value)

    def charge(self, value: Anything) -> Anything:
        """Count the size of known data that was made or looked through, and give it back.

        One step stands for some tens of bytes, so that many middling values can't fill the memory either.
        """
        if isinstance(value, str | bytes):
            self.check_text(len(value))
        elif isinstance(value, list | tuple):
            self.check_items(len(value))
        elif isinstance(value, dict | set | frozenset):
            self.check_size(len(value))
            self.step(len(value))
        elif isinstance(value, int):
            self.step(value.bit_length() // 256)
        return value

    # Doubts

    def unknown(self, why: str, site: CallSite | None = None, *, clock: bool = False, unseen: bool = False) -> Unknown:
        """A value that isn't known, with its place."""
        if site is None:
            return Unknown(why, clock=clock, unseen=unseen)
        return Unknown(why, site.text, site.span, clock=clock, unseen=unseen)

    def doubt(self, code: str, message: str, site: CallSite | None, owner: Any = None) -> None:
        """Note why the result may be wrong."""
        module = site.scope.module if site else self.module
        path = None if module is self.module else module.source.path
        self.doubts.append(Doubt(code, message, site.span if site else None, owner, path))

    # Places

    def enter(self, site: CallSite) -> None:
        """A call or an import begins, at a place."""
        self._calls.append(site)

    def leave(self) -> None:
        """It is over."""
        self._calls.pop()

    def place(self, site: CallSite) -> Span:
        """Where in the file itself something is made: what a module of the project makes, by the call of it."""
        if site.scope.module is self.module:
            return site.span
        outer = next((call for call in reversed(self._calls) if call.scope.module is self.module), site)
        return outer.span

    def effect(self, owner: Any = None) -> None:
        """Something that already existed was changed: ``owner`` of the hooks, or any other object."""
        if self.watching:
            self.touched.append(owner)

    def effect_of(self, made: Any) -> None:
        """An iterator was used: a change, unless it was made in the same stretch of code."""
        if self.watching and made.born < self.epoch:
            self.effect()

    @contextmanager
    def watch(self) -> Iterator[list[Any]]:
        """Collect the owners of the effects inside the block."""
        self.watching += 1
        self.epoch += 1
        start = len(self.touched)
        owners: list[Any] = []
        try:
            yield owners
        finally:
            self.watching -= 1
            owners.extend(self.touched[start:])
            if not self.watching:
                self.touched.clear()

    @contextmanager
    def under(self, condition: str) -> Iterator[None]:
        """Inside the block, code is followed that may not run."""
        self.conditions.append(condition)
        try:
            yield
        finally:
            self.conditions.pop()

    # Names of libraries

    def external(self, name: str) -> Anything:
        """The value of a qualified name outside the project."""
        value = self._externals.get(name, NotImplemented)
        if value is NotImplemented:
            value = self.hooks.constant(name)
            if value is NotImplemented:
                value = library.constant(name)
            if value is NotImplemented:
                value = External(name)
            self._externals[name] = value
        return value

    def native(self, name: str) -> Native | None:
        """The model of an external function or class."""
        if name not in self._natives:
            builtin = builtin_function(name) if name.startswith("builtins.") else None
            self._natives[name] = builtin or self.hooks.find(name) or library.function(name)
        return self._natives[name]

    # What models use; the work is done in the modules named

    def call(self, callee: Anything, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        """Call a value."""
        from dagport.evaluate.calls import call

        return call(self, callee, args, kwargs, site)

    def attribute(self, owner: Anything, name: str, site: CallSite) -> Anything:
        """``owner.name``."""
        from dagport.evaluate.attributes import get_attribute

        return get_attribute(self, owner, name, site)

    def iterate(self, value: Anything, site: CallSite, *, ordered: bool = True) -> list[Anything] | Unknown:
        """The items of a value, or why they aren't known; ``ordered`` when it matters in which order they come."""
        from dagport.evaluate.operators import iterate

        return iterate(self, value, site, ordered=ordered)

    def truth(self, value: Anything) -> bool | None:
        """``bool(value)``; ``None`` when it isn't known."""
        from dagport.evaluate.operators import truth

        return truth(self, value)

    def to_text(self, value: Anything, site: CallSite) -> str | Unknown:
        """``str(value)``."""
        from dagport.evaluate.shown import to_text

        text: str | Unknown = to_text(self, value, site)
        return text

    def hash_of(self, value: Anything, site: CallSite) -> Any:
        """``hash(value)`` as the real dicts and sets of this run need it; never a value of the analysed code."""
        from dagport.evaluate.builtins import hash_of

        return hash_of(self, value, site)

    def compare(self, operator: str, left: Anything, right: Anything, site: CallSite) -> Anything:
        """``left OP right`` for one of ``== != < <= > >= in not in is is not``."""
        from dagport.evaluate.comparison import compare

        return compare(self, operator, left, right, site)


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Room for nested calls and expressions: several of our frames stand for one of theirs."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, RECURSION_LIMIT))
    try:
        yield
    except RecursionError:
        raise LimitHit("nested expressions", RECURSION_LIMIT) from None
    finally:
        sys.setrecursionlimit(before)
