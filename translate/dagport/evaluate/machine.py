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
from typing import Any

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
    Scope,
    SourceFile,
    Unknown,
    UserClass,
)
from dagport.options import Limits
from dagport.source import Source, Span

RECURSION_LIMIT = 12_000  # of our own interpreter; Limits.depth bounds the analysed code long before
TIME_CHECK = 4096  # steps between two looks at the clock


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason why the result may differ from what the real engine would build."""

    code: str
    message: str
    span: Span | None
    owner: Any = None  # the object of the hooks that it concerns; None: everything in the file


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

    def __init__(self, source: Source, hooks: Hooks, limits: Limits | None = None) -> None:
        self.hooks = hooks
        self.limits = limits or Limits()
        self.module = ModuleFrame("__main__", source)
        self.doubts: list[Doubt] = []
        self.conditions: list[str] = []  # texts of the undecided conditions around the present statement
        self.watching = 0  # while positive, `touched` is kept
        self.touched: list[Any] = []
        self.depth = 0
        self.steps = 0
        self._next_time_check = TIME_CHECK
        self._deadline = time.process_time() + self.limits.seconds
        self.modules: set[str] = set()  # names of libraries that are known to be modules
        self._natives: dict[str, Native | None] = {}
        self._externals: dict[str, Anything] = {}

    # Running

    def run(self, tree: ast.Module) -> dict[str, Anything]:
        """Run a module to its end and give its global names.

        Raises ``PyRaise`` when importing the module would raise, ``LimitHit`` when a bound was reached.
        """
        from dagport.evaluate.statements import execute_block

        scope = Scope(self.module, self.module.names, None)
        self.module.names.update(__name__=ModuleName(self.module.name), __doc__=ast.get_docstring(tree, clean=False))
        self.module.names["__file__"] = self._source_file()
        with deep_recursion():
            execute_block(self, tree.body, scope)
        return self.module.names

    def _source_file(self) -> SourceFile | Unknown:
        name = self.module.source.path.replace("\\", "/").rpartition("/")[2]
        if name.endswith(".py"):
            return SourceFile(name)
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

    def check_items(self, count: int) -> None:
        """Refuse to build a collection of that many items."""
        if count > self.limits.items:
            raise LimitHit("items of a collection", self.limits.items)
        self.step(count // 64)

    def check_text(self, length: int) -> None:
        """Refuse to build a text of that many characters."""
        if length > self.limits.text:
            raise LimitHit("characters of a text", self.limits.text)

    # Doubts

    def unknown(self, why: str, site: CallSite | None = None, *, clock: bool = False, unseen: bool = False) -> Unknown:
        """A value that isn't known, with its place."""
        if site is None:
            return Unknown(why, clock=clock, unseen=unseen)
        return Unknown(why, site.text, site.span, clock=clock, unseen=unseen)

    def doubt(self, code: str, message: str, site: CallSite | None, owner: Any = None) -> None:
        """Note why the result may be wrong."""
        self.doubts.append(Doubt(code, message, site.span if site else None, owner))

    def effect(self, owner: Any = None) -> None:
        """Something that already existed was changed: ``owner`` of the hooks, or any other object."""
        if self.watching:
            self.touched.append(owner)

    @contextmanager
    def watch(self) -> Iterator[list[Any]]:
        """Collect the owners of the effects inside the block."""
        self.watching += 1
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
        from dagport.evaluate.operators import to_text

        return to_text(self, value, site)

    def compare(self, operator: str, left: Anything, right: Anything, site: CallSite) -> Anything:
        """``left OP right`` for one of ``== != < <= > >= in not in is is not``."""
        from dagport.evaluate.operators import compare

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
