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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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


PLAIN_LIMIT = 500_000  # items that a known value may unfold to


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


class Model:
    """An object of a library that somebody modelled. Override what the object can do.

    A method that returns ``NotImplemented`` says that the model doesn't know; the machine then makes an
    ``Unknown``. ``PyRaise`` is what the real object would raise.
    """

    __slots__ = ()
    type_name = "object"  # qualified name of the class it stands for

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

    def iterate(self, machine: Machine, site: CallSite) -> Iterable[Anything] | Any:
        """The items of ``for x in self``."""
        return NotImplemented

    def enter(self, machine: Machine, site: CallSite) -> Anything:
        """``with self as x``: the value of x."""
        return NotImplemented

    def leave(self, machine: Machine, site: CallSite) -> None:
        """The end of the ``with`` block."""

    def truth(self, machine: Machine) -> bool | None:
        """``bool(self)``; ``None`` when it isn't known."""
        return True


class SourceFile(Model):
    """``__file__``: the name of the file is known, the folder is known only in the deployment."""

    __slots__ = ("name",)
    type_name = "builtins.str"

    def __init__(self, name: str) -> None:
        self.name = name

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """Methods of the text: what the folder decides isn't known."""
        return machine.unknown("where the file lies is known only in the deployment", site)

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """No comparison of the path is known, and no text built from it."""
        return machine.unknown("where the file lies is known only in the deployment", site)


class ModuleName(SourceFile):
    """``__name__``: engines import a file under a name of their own; it is certain only that it isn't ``__main__``."""

    __slots__ = ()

    def binary(self, machine: Machine, operator: str, other: Anything, site: CallSite, *, reflected: bool) -> Anything:
        """Nothing but the usual comparison is known."""
        if operator in ("==", "!=") and other == "__main__":
            return operator == "!="
        return machine.unknown("under which name the file is imported isn't known", site)


class Generated(list[Any]):
    """The items of a generator expression, all made at once, and whose objects making them changed."""

    __slots__ = ("owners",)

    def __init__(self, items: list[Any], owners: list[Any]) -> None:
        super().__init__(items)
        self.owners = owners


@dataclass(slots=True, eq=False)
class ModuleFrame:
    """A module under evaluation: its source and its global names."""

    name: str
    source: Source
    names: dict[str, Anything] = field(default_factory=dict)

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


class Scope:
    """A namespace: of a module, a function call, a class body or a comprehension."""

    __slots__ = ("declared", "frame", "is_class", "module", "names", "parent")

    def __init__(
        self,
        module: ModuleFrame,
        names: dict[str, Anything],
        parent: Scope | None,
        frame: Frame | None = None,
        *,
        is_class: bool = False,
    ) -> None:
        self.module = module
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
        self.yields: list[Anything] | Callable[[Anything], None] | None = None
        self.exits: list[tuple[Anything, CallSite, str, int]] = []  # returns under conditions that aren't known

    def may_have_returned(self, machine: Machine, value: Anything, site: CallSite, condition: str) -> None:
        """Under an undecided condition the function returned here; from now on its effects are doubtful."""
        machine.watching += 1
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

    def __repr__(self) -> str:
        return f"<function {self.name}>"


@dataclass(slots=True, eq=False)
class BoundMethod:
    """A function of a class, bound to an object (or to a class)."""

    function: Anything  # Function or NativeFunction
    self_value: Anything


class UserClass:
    """A class of the project."""

    __slots__ = ("bases", "members", "mro", "name", "node", "scope")

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
        self.mro: list[Anything] = linearize(self)

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

    def externals(self) -> list[str]:
        """Qualified names of the library classes it derives from, nearest first."""
        return [cls.name for cls in self.mro if isinstance(cls, External)]

    def __repr__(self) -> str:
        return f"<class {self.name}>"


def linearize(cls: UserClass) -> list[Anything]:
    """Method resolution order by C3; depth first where the bases don't allow one."""
    sequences = [list(base.mro) if isinstance(base, UserClass) else [base] for base in cls.bases]
    sequences.append(list(cls.bases))
    result: list[Anything] = [cls]
    while sequences := [items for items in sequences if items]:
        for items in sequences:
            head = items[0]
            if not any(_contains(other[1:], head) for other in sequences):
                break
        else:
            head = sequences[0][0]
        result.append(head)
        sequences = [[item for item in items if not _same_class(item, head)] for items in sequences]
    return result


def _contains(items: list[Anything], cls: Anything) -> bool:
    return any(_same_class(item, cls) for item in items)


def _same_class(first: Anything, second: Anything) -> bool:
    return first is second or (isinstance(first, External) and first == second)


class Instance(Model):
    """An object of a class of the project."""

    __slots__ = ("cls", "fields")

    def __init__(self, cls: UserClass) -> None:
        self.cls = cls
        self.fields: dict[str, Anything] = {}

    def __repr__(self) -> str:
        return f"<{self.cls.name} object>"


class PyRaise(Exception):  # noqa: N818 - it carries an exception of the analysed code, it is not one of ours
    """The analysed code would raise here."""

    def __init__(self, name: str, message: str = "", value: Anything = None) -> None:
        super().__init__(f"{name}: {message}" if message else name)
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


def weight(value: Anything, memo: dict[int, int | None] | None = None) -> int | None:
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
    total = 1
    for item in (*value.keys(), *value.values()) if isinstance(value, dict) else value:
        if isinstance(item, SCALARS):
            # A long text counts for more: it may stand in many places.
            total += 1 + len(item) // 16 if isinstance(item, str | bytes) else 1
            continue
        part = weight(item, memo)
        if part is None:
            return None
        total += part
    memo[key] = total
    return total


def is_plain(value: Anything) -> bool:
    """Whether a value is known data through and through, and of a size that a real function may be applied to."""
    if not isinstance(value, CONTAINERS):
        return isinstance(value, KNOWN_TYPES)
    size = weight(value)
    return size is not None and size <= PLAIN_LIMIT


def walk(values: Iterable[Anything], seen: set[int] | None = None) -> Iterator[Anything]:
    """All values inside some values, containers opened, each container once."""
    seen = set() if seen is None else seen
    for value in values:
        if not isinstance(value, CONTAINERS):
            yield value
        elif id(value) not in seen:
            seen.add(id(value))
            yield value
            yield from walk((*value.keys(), *value.values()) if isinstance(value, dict) else tuple(value), seen)


def first_unknown(values: Iterable[Anything]) -> Unknown | None:
    """The first ``Unknown`` in some values, containers included."""
    return next((value for value in walk(values) if isinstance(value, Unknown)), None)
