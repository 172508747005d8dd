"""The values of the abstract machine.

Known data are real Python objects of the types in ``KNOWN_TYPES``: their aliasing and mutation come for free.
Containers may hold any value of the domain. Everything else is an instance of one of the classes below.
"""

from __future__ import annotations

import ast
import datetime
import decimal
import fractions
import re
import zoneinfo
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from dagport.source import Source, Span

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

Anything: TypeAlias = Any
"""A value of the domain. Python's type system has no use for a narrower name: any object may be known data."""

SCALARS = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis))
DATES = (
    datetime.datetime,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    datetime.tzinfo,
    zoneinfo.ZoneInfo,
)
NUMBERS = (decimal.Decimal, fractions.Fraction)
CONTAINERS = (list, tuple, dict, set, frozenset)
KNOWN_TYPES = (*SCALARS, *DATES, *NUMBERS, *CONTAINERS, range, slice, re.Pattern, re.Match)


PLAIN_LIMIT = 300_000  # items that a known value may unfold to
DEEPEST = 200  # containers in containers: Python's own functions recurse without a bound of theirs


class Unknown:
    """A value that could not be determined, with the reason and the place where it was lost."""

    __slots__ = ("clock", "span", "text", "unseen", "why")

    def __init__(
        self, why: str, text: str = "", span: Span | None = None, *, clock: bool = False, unseen: bool = False
    ) -> None:
        self.why = why  # a clause for a message: "the module `x` isn't part of this file"
        self.text = text  # source text of the expression
        self.span = span
        self.clock = clock  # it depends on the clock or on chance: no two imports agree
        self.unseen = unseen  # it may be code that can't be seen, so calling it may do anything

    def __repr__(self) -> str:
        return f"<unknown {self.text!r}: {self.why}>"


class Spread(Unknown):
    """An unknown number of further arguments: ``*unknown``, or ``**unknown`` under the keyword ``**``."""

    __slots__ = ()


def unknown_rest(value: Anything) -> Spread | None:
    """What a ``**kwargs`` dict holds beyond its known keys, where an unknown ``**`` was passed on."""
    rest = value.get("**") if isinstance(value, dict) else None
    return rest if isinstance(rest, Spread) else None


@dataclass(frozen=True, slots=True)
class External:
    """A module, class, function or constant of code outside the project, by its qualified name."""

    name: str


class EnumText(str):
    """A member of a ``str`` enumeration of a library: its value, that also answers to ``.value`` and ``.name``."""

    __slots__ = ("name",)
    name: str

    def __new__(cls, value: str, name: str) -> EnumText:
        """A member by its value and its name."""
        member = super().__new__(cls, value)
        member.name = name
        return member

    @property
    def value(self) -> str:
        """The plain text."""
        return str.__str__(self)

    def __str__(self) -> str:
        return str.__str__(self)


class Symbolic:
    """The result of calling an ``External`` that has no model, or an attribute or item of such a result."""

    __slots__ = ("args", "kwargs", "name", "parent", "span", "text")

    def __init__(
        self,
        name: str,
        args: Sequence[Anything] = (),
        kwargs: Mapping[str, Anything] | None = None,
        *,
        text: str = "",
        span: Span | None = None,
        parent: Symbolic | None = None,
    ) -> None:
        self.name = name
        self.args = tuple(args)
        self.kwargs = dict(kwargs or {})
        self.text = text
        self.span = span
        self.parent = parent  # for an attribute, item or method result: the object it came from

    def __repr__(self) -> str:
        return f"<symbolic {self.name}(...)>"


@dataclass(frozen=True, slots=True)
class CallSite:
    """Where a call stands: for diagnostics, spans and the text of what stays symbolic."""

    node: ast.AST
    scope: Scope

    @property
    def span(self) -> Span:
        """The place of the call."""
        return self.scope.module.span(self.node)

    @property
    def text(self) -> str:
        """Its source text."""
        return self.scope.module.text(self.node)


Native: TypeAlias = Callable[["Machine", list[Anything], dict[str, Anything], CallSite], Anything]
"""A function of a modelled library: ``(machine, args, kwargs, site) -> value``."""


@dataclass(frozen=True, slots=True)
class NativeFunction:
    """A modelled function as a value."""

    name: str
    run: Native
    binds: bool = False  # whether it becomes a method as a member of a class

    def __repr__(self) -> str:
        return f"<function {self.name}>"


class Model:
    """An object of a library that somebody modelled. Override what the object can do.

    A method that returns ``NotImplemented`` says that the model doesn't know; the machine then makes an
    ``Unknown``. ``PyRaise`` is what the real object would raise.
    """

    __slots__ = ()
    type_name = "object"  # qualified name of the class it stands for
    binds = False  # True: as a member of a class it becomes a method, as a function does

    def __repr__(self) -> str:
        """The same in every run: it may come into a message."""
        return f"<{self.type_name} object>"

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``self.name``."""
        return NotImplemented

    def set_attr(self, machine: Machine, name: str, value: Anything, site: CallSite) -> Anything:
        """``self.name = value``."""
        return NotImplemented

    def call(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        """``self(*args, **kwargs)``."""
        return NotImplemented

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """``self OP other``, or ``other OP self`` when reflected; OP as in ``>>``, ``|``, ``==``."""
        return NotImplemented

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """``self[key]``."""
        return NotImplemented

    def set_item(self, machine: Machine, key: Anything, value: Anything, site: CallSite) -> Anything:
        """``self[key] = value``."""
        return NotImplemented

    def delete_item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """``del self[key]``."""
        return NotImplemented

    def in_place(self, machine: Machine, operator: str, other: Anything, site: CallSite) -> Anything:
        """``self OP= other``, where that changes the object; OP as for ``binary``."""
        return NotImplemented

    def contains(self, machine: Machine, item: Anything, site: CallSite) -> bool | Any:
        """``item in self``."""
        return NotImplemented

    def iterate(self, machine: Machine, site: CallSite) -> Iterable[Anything] | Any:
        """The items of ``for x in self``."""
        return NotImplemented

    def enter(self, machine: Machine, site: CallSite) -> Anything:
        """``with self as x``: the value of x."""
        return NotImplemented

    def leave(self, machine: Machine, site: CallSite) -> None:
        """The end of the ``with`` block."""

    def exit(self, machine: Machine, error: PyRaise | None, site: CallSite) -> bool:
        """The end of the ``with`` block, by an exception or not; whether it swallows the exception."""
        self.leave(machine, site)
        return False

    def truth(self, machine: Machine) -> bool | None:
        """``bool(self)``; ``None`` when it isn't known."""
        return True


class SourceFile(Model):
    """``__file__``, and texts made from it: where in the project they lead is known, not where the project lies.

    The text is that of the project root, which isn't known, followed by ``rest``: empty, or with ``/`` in front.
    """

    __slots__ = ("base", "name", "rest")
    type_name = "builtins.str"

    def __init__(self, name: str, path: str | None = None, base: str = "file") -> None:
        self.name = name
        self.rest = None if path is None else f"/{path}"  # None: the project can't be seen
        self.base = base  # which text of the root: as imported, normalized, or with links followed

    def __eq__(self, other: object) -> bool:
        if self is other or not isinstance(other, SourceFile) or self.rest is None:
            return self is other
        return (self.rest, self.base) == (other.rest, other.base)

    def __hash__(self) -> int:
        return id(self) if self.rest is None else hash(self.rest)

    @property
    def why(self) -> str:
        """Why the whole text isn't known."""
        place = f"`{self.rest[1:]}`" if self.rest else "the project"
        return f"it is the path of {place}, and where the project lies is known only in the deployment"

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """Methods of the text: what only its end decides."""
        from dagport.evaluate.located import text_attribute

        return text_attribute(machine, self, name, site)

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """A text with more at its end; comparisons with others of the same root."""
        from dagport.evaluate.located import text_binary

        return text_binary(machine, self, operator, other, site, reflected=reflected)

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """Slices that count from the end."""
        from dagport.evaluate.located import text_item

        return text_item(machine, self, key, site)

    def iterate(self, machine: Machine, site: CallSite) -> Anything:
        """Its characters aren't known."""
        return machine.unknown("where the project lies is known only in the deployment", site)

    def contains(self, machine: Machine, item: Anything, site: CallSite) -> Anything:
        """``part in text``: known where it is in the known part."""
        if self.rest is not None and isinstance(item, str) and item in self.rest:
            return True
        return machine.unknown("where the project lies is known only in the deployment", site)


class ModuleName(SourceFile):
    """``__name__``: engines import a file under a name of their own; it is certain only that it isn't ``__main__``."""

    __slots__ = ()

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """Nothing but the usual comparison is known."""
        if operator in ("==", "!=") and other == "__main__":
            return operator == "!="
        return machine.unknown("under which name the file is imported isn't known", site)


@dataclass(slots=True, eq=False)
class ModuleFrame:
    """A module under evaluation: its source and its global names."""

    name: str
    source: Source
    names: dict[str, Anything] = field(default_factory=dict)
    file: str | None = None  # its path relative to the project's root; None: the project can't be seen
    package: str = ""  # what its relative imports start from; empty: it has none
    is_main: bool = False  # the file that is read, not a module that it imports
    body: list[ast.stmt] | None = None  # its statements, once they run
    value: Module | None = None  # its module object, where the file asks for its own

    @property
    def is_package(self) -> bool:
        """Whether it may have submodules."""
        return self.package == self.name

    def span(self, node: ast.AST) -> Span:
        """The place of a node; columns in characters."""
        column = self.source.column
        line, end_line = getattr(node, "lineno", 1), getattr(node, "end_lineno", None)
        end_line = end_line or line
        end_offset = getattr(node, "end_col_offset", None) or 0
        return line, column(line, getattr(node, "col_offset", 0)), end_line, column(end_line, end_offset)

    def text(self, node: ast.AST) -> str:
        """The source text of a node."""
        return self.source.segment(self.span(node))


class Module(Model):
    """A module of the project. While it is being imported, its names are those bound so far."""

    __slots__ = ("frame",)
    type_name = "types.ModuleType"

    def __init__(self, frame: ModuleFrame) -> None:
        self.frame = frame

    @property
    def name(self) -> str:
        """Its dotted name."""
        return self.frame.name

    def find(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """A name of the module, or what its ``__getattr__`` gives; ``NotImplemented`` where it has none."""
        names = self.frame.names
        if name in names:
            return names[name]
        if name == "__dict__":
            return self._namespace(machine, site)
        fallback = names.get("__getattr__")
        if isinstance(fallback, Function):
            return machine.call(fallback, [name], {}, site)
        if "*" in names:
            return machine.external(f"{names['*']}.{name}")
        if self.frame.file is None and not (machine.importer and machine.importer.owns(f"{self.name}.{name}")):
            # Folders without `__init__.py`: an installed package may have others of the same name.
            return machine.external(f"{self.name}.{name}")
        return NotImplemented

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """A name of the module, or a submodule that was imported."""
        if name not in self.frame.names and machine.importer is not None and self.frame.is_package:
            loaded = machine.importer.bound_child(self, name)
            if loaded is not None:
                return loaded
        value = self.find(machine, name, site)
        if value is NotImplemented:
            raise PyRaise("AttributeError", f"module '{self.name}' has no attribute '{name}'")
        return value

    def _namespace(self, machine: Machine, site: CallSite) -> Anything:
        """``module.__dict__``: its names; that of a package has its submodules, too."""
        if self.frame.is_package and machine.importer is not None and machine.importer.children(self):
            return machine.unknown("the names of a package, with its submodules, aren't listed", site, unseen=True)
        return self.frame.names

    def set_attr(self, machine: Machine, name: str, value: Anything, site: CallSite) -> None:
        """``module.name = value``."""
        machine.effect()
        self.frame.names[name] = value

    def __repr__(self) -> str:
        return f"<module {self.name}>"


def main_module(frame: ModuleFrame) -> Module:
    """The module object of the file that is read, as ``sys.modules`` has it."""
    if frame.value is None:
        frame.value = Module(frame)
    return frame.value


class Scope:
    """A namespace: of a module, a function call, a class body or a comprehension."""

    __slots__ = ("declared", "frame", "is_class", "label", "module", "names", "parent")

    def __init__(
        self,
        module: ModuleFrame,
        names: dict[str, Anything],
        parent: Scope | None,
        frame: Frame | None = None,
        *,
        is_class: bool = False,
        label: str = "",
    ) -> None:
        self.module = module
        self.label = label  # the name of the class whose body it is
        self.names = names
        self.parent = parent  # the enclosing function's scope; None at module level
        self.frame = frame
        self.is_class = is_class
        self.declared: dict[str, dict[str, Anything]] | None = None  # `global` and `nonlocal` names -> their home


class Frame:
    """One call of a function of the project."""

    __slots__ = ("argument", "exits", "function", "owner", "yields")

    def __init__(self, function: Function | None, owner: UserClass | None, argument: Anything) -> None:
        self.function = function
        self.owner = owner  # the class that defines the method, for ``super()``
        self.argument = argument  # the first argument, for ``super()``
        self.yields: Callable[[Anything], Anything] | None = None  # takes what code that may not run yields
        self.exits: list[tuple[Anything, CallSite, str, int]] = []  # returns under conditions that aren't known

    def may_have_returned(self, machine: Machine, value: Anything, site: CallSite, condition: str) -> None:
        """Under an undecided condition the function returned here; from now on its effects are doubtful."""
        machine.watching += 1
        machine.epoch += 1
        self.exits.append((value, site, condition, len(machine.touched)))

    def finish(self, machine: Machine, value: Anything, site: CallSite) -> Anything:
        """The function's value, given all the ways it may have returned."""
        if not self.exits:
            return value
        from dagport.evaluate.conditions import doubt_rest, merged

        for _, exit_site, condition, start in self.exits:
            doubt_rest(machine, machine.touched[start:], exit_site, condition)
            machine.watching -= 1
        if not machine.watching:
            machine.touched.clear()
        return merged(machine, [value, *(item[0] for item in self.exits)], site, self.exits[0][2])


class Function:
    """A function or lambda of the project."""

    __slots__ = ("attributes", "defaults", "is_async", "kw_defaults", "name", "node", "owner", "scope")

    def __init__(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
        scope: Scope,
        defaults: list[Anything],
        kw_defaults: list[Anything],
    ) -> None:
        self.node = node
        self.name: str = getattr(node, "name", "<lambda>")
        self.scope = scope  # where it was defined
        self.defaults = defaults
        self.kw_defaults = kw_defaults
        self.owner: UserClass | None = None
        self.attributes: dict[str, Anything] = {}
        self.is_async = isinstance(node, ast.AsyncFunctionDef)

    @property
    def qualname(self) -> str:
        """``__qualname__``."""
        if self.owner is not None:
            return f"{self.owner.qualname}.{self.name}"
        place: Scope | None = self.scope
        while place is not None and (place.frame is None or place.frame.function is None):
            place = place.parent
        if place is None or place.frame is None or place.frame.function is None:
            return self.name
        return f"{place.frame.function.qualname}.<locals>.{self.name}"

    def __repr__(self) -> str:
        return f"<function {self.name}>"


@dataclass(slots=True, eq=False)
class BoundMethod:
    """A function of a class, bound to an object (or to a class)."""

    function: Anything  # Function or NativeFunction
    self_value: Anything


class UserClass:
    """A class of the project."""

    __slots__ = ("bases", "conflict", "members", "meta", "mro", "name", "node", "qualname", "scope", "subclasses")

    def __init__(
        self,
        name: str,
        node: ast.ClassDef | None,
        scope: Scope | None,
        bases: list[Anything],
        members: dict[str, Anything],
    ) -> None:
        self.name = name
        self.node = node  # None, like the scope, for a class of a library that the hooks make objects of
        self.scope = scope
        self.bases = bases  # UserClass, External, or Unknown
        self.members = members
        self.conflict = False  # no method resolution order fits the bases
        self.mro: list[Anything] = linearize(self)
        self.meta: UserClass | None = None  # its metaclass, where that is one of the project
        self.qualname = name
        self.subclasses: list[UserClass] = []

    @property
    def qualified_name(self) -> str:
        """``module.Class``, or the library's own name."""
        return f"{self.scope.module.name}.{self.name}" if self.scope else self.externals()[0]

    def lookup(self, name: str) -> Anything:
        """A member found along the method resolution order, else ``NotImplemented``."""
        for cls in self.mro:
            if isinstance(cls, UserClass) and name in cls.members:
                return cls.members[name]
        return NotImplemented

    def slots(self) -> frozenset[str] | None:
        """The only attributes that its objects can have, ``None`` where they can have any."""
        names: set[str] = set()
        for cls in self.mro:
            if isinstance(cls, External) and cls.name in ("builtins.object", "typing.Generic", "abc.ABC"):
                continue
            found = cls.members.get("__slots__") if isinstance(cls, UserClass) else None
            if isinstance(found, str):
                names.add(found)
            elif isinstance(found, list | tuple) and all(isinstance(item, str) for item in found):
                names.update(found)
            else:
                return None
        return None if "__dict__" in names else frozenset(names)

    def is_protocol(self) -> bool:
        """Whether objects can be of the class without deriving from it."""
        return any(isinstance(base, External) and base.name.endswith(".Protocol") for base in self.bases)

    def externals(self) -> list[str]:
        """Qualified names of the library classes it derives from, nearest first."""
        return [cls.name for cls in self.mro if isinstance(cls, External)]

    def __repr__(self) -> str:
        return f"<class {self.name}>"


def linearize(cls: UserClass) -> list[Anything]:
    """Method resolution order by C3; depth first where the bases don't allow one."""
    if len(cls.bases) == 1:
        return [cls, *(cls.bases[0].mro if isinstance(cls.bases[0], UserClass) else cls.bases)]
    sequences = [list(getattr(base, "mro", [base])) for base in cls.bases]
    sequences.append(list(cls.bases))
    result: list[Anything] = [cls]
    while sequences := [items for items in sequences if items]:
        for items in sequences:
            head = items[0]
            if not any(_contains(other[1:], head) for other in sequences):
                break
        else:
            head = sequences[0][0]
            cls.conflict = True
        result.append(head)
        sequences = [[item for item in items if not _same_class(item, head)] for items in sequences]
    return result


def _contains(items: list[Anything], cls: Anything) -> bool:
    return any(_same_class(item, cls) for item in items)


def _same_class(first: Anything, second: Anything) -> bool:
    return first is second or (isinstance(first, External) and first == second)


class Instance(Model):
    """An object of a class of the project."""

    __slots__ = ("cls", "fields", "partial")

    def __init__(self, cls: UserClass) -> None:
        self.cls = cls
        self.fields: dict[str, Anything] = {}
        self.partial = False  # True: it may have more attributes than those known

    @property
    def user_class(self) -> UserClass:
        """Its class."""
        return self.cls

    def __eq__(self, other: object) -> bool:
        """As a key of a dict or a set: by the class's own ``__eq__``, else by identity."""
        if self is other or not _RUNNING or not has_own_equality(self.cls):
            return self is other
        if not isinstance(other, Instance) and not (isinstance(other, SCALARS) and hash(self) == hash(other)):
            return False
        machine, site = running()
        same = machine.compare("==", self, other, site)
        if isinstance(same, bool):
            return same
        raise LimitHit("keys whose equality isn't known", 0)

    def __hash__(self) -> int:
        if not _RUNNING or not has_own_equality(self.cls):
            return object.__hash__(self)
        machine, site = running()
        value = machine.hash_of(self, site)
        if isinstance(value, int):
            return value
        raise LimitHit("keys whose hash isn't known", 0)

    def __repr__(self) -> str:
        return f"<{self.cls.name} object>"


def has_own_equality(cls: UserClass) -> bool:
    """Whether the objects of a class are compared by more than their identity."""
    for base in cls.mro:  # the hash of every task comes by here
        if isinstance(base, UserClass) and base.members and any(name in base.members for name in EQUALITY):
            return True
    return False


EQUALITY = frozenset({"__eq__", "__hash__", "__dataclass_options__"})
_RUNNING: list[tuple[Any, CallSite]] = []


@contextmanager
def running_on(machine: Machine, site: CallSite) -> Iterator[None]:
    """Meanwhile, keys of real dicts and sets ask this machine for their hash."""
    _RUNNING.append((machine, site))
    try:
        yield
    finally:
        _RUNNING.pop()


def running() -> tuple[Any, CallSite]:
    """The machine that runs, and a place. Raises ``LookupError`` once it is done."""
    return _RUNNING[-1]


def is_running() -> bool:
    """Whether a machine runs."""
    return bool(_RUNNING)


class PyRaise(Exception):  # noqa: N818 - it carries an exception of the analysed code, it is not one of ours
    """The analysed code would raise here."""

    def __init__(
        self, name: str, message: str = "", value: Anything = None, arguments: tuple[Anything, ...] | None = None
    ) -> None:
        super().__init__(f"{name}: {message}" if message else name)
        self.arguments = arguments  # of the exception object, where the message alone doesn't tell
        self.name = name  # qualified, builtins bare: "ValueError", "airflow.exceptions.AirflowException"
        self.message = message
        self.value = value
        self.site: CallSite | None = None


class LimitHit(Exception):  # noqa: N818 - a bound, not an error of the analysed code
    """A bound of the analysis was reached."""

    def __init__(self, what: str, limit: float) -> None:
        super().__init__(f"{what}: more than {limit:g}")
        self.what = what
        self.limit = limit
        self.site: CallSite | None = None


def check_key(value: Anything) -> None:
    """Refuse to hash a value that is small in memory and giant when it is walked through."""
    if isinstance(value, tuple | frozenset) and unfolds(value) > PLAIN_LIMIT:
        raise LimitHit("parts of a key", PLAIN_LIMIT)


def weight(value: Anything, memo: dict[int, int | None] | None = None, depth: int = 0) -> int | None:
    """How many items a known value unfolds to, or ``None`` when a part of it isn't known data.

    Shared parts are looked at once but counted each time they occur, so that a small structure of
    references to references can't stand for a giant text.
    """
    if not isinstance(value, CONTAINERS):
        return 1 if isinstance(value, KNOWN_TYPES) else None
    memo = {} if memo is None else memo
    key = id(value)
    if key in memo:
        return memo[key]
    memo[key] = None  # a container inside itself has no finite text
    if depth > DEEPEST:
        return None
    items: Collection[Anything] = (*value.keys(), *value.values()) if isinstance(value, dict) else value
    if FLAT.issuperset(map(type, items)):
        memo[key] = 1 + len(items)
        return memo[key]
    total = 1
    for item in items:
        if isinstance(item, SCALARS):
            # A long text counts for more: it may stand in many places.
            total += 1 + len(item) // 16 if isinstance(item, str | bytes) else 1
            continue
        part = weight(item, memo, depth + 1)
        if part is None:
            return None
        total += part
    memo[key] = total
    return total


FLAT = frozenset({bool, float, int, type(None)})
"""Types of items that needn't be looked at one by one."""


def range_length(value: range) -> int:
    """``len`` of a range, which may be more than ``len`` can say."""
    return max(0, (value.stop - value.start + value.step - (1 if value.step > 0 else -1)) // value.step)


def is_plain(value: Anything) -> bool:
    """Whether a value is known data through and through, and of a size that a real function may be applied to."""
    if not isinstance(value, CONTAINERS):
        return isinstance(value, KNOWN_TYPES)
    size = weight(value)
    return size is not None and size <= PLAIN_LIMIT


def walk(values: Iterable[Anything], seen: set[int] | None = None) -> Iterator[Anything]:
    """All values inside some values, containers opened, each container once."""
    seen = set() if seen is None else seen
    waiting = [iter(values)]  # a stack of our own: containers may be nested deeper than calls
    while waiting:
        for value in waiting[-1]:
            if not isinstance(value, CONTAINERS):
                yield value
            elif id(value) not in seen:
                seen.add(id(value))
                yield value
                waiting.append(iter((*value.keys(), *value.values()) if isinstance(value, dict) else tuple(value)))
                break
        else:
            waiting.pop()


def unfolds(value: Anything, memo: dict[int, float] | None = None, depth: int = 0) -> float:
    """How many parts nested tuples and frozen sets stand for, shared ones counted each time: hashing visits all."""
    if not isinstance(value, tuple | frozenset):
        return 1
    if depth > DEEPEST:
        return float("inf")
    memo = {} if memo is None else memo
    if id(value) not in memo:
        memo[id(value)] = 1 + sum([unfolds(item, memo, depth + 1) for item in value])
    return memo[id(value)]


def first_unknown(values: Iterable[Anything]) -> Unknown | None:
    """The first ``Unknown`` in some values, containers included."""
    return next((value for value in walk(values) if isinstance(value, Unknown)), None)
