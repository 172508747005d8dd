"""One call, as the rules of libraries see it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from dagport.graph import Place
from dagport_lineage.extract.callables.domain import (
    Data,
    Foreign,
    Handle,
    Known,
    Lost,
    Origins,
    Value,
    data_of,
    origins_of,
    union,
)
from dagport_lineage.model import DatasetName, Found, GapReason, Lifecycle, Side, Unresolved

if TYPE_CHECKING:
    from dagport_lineage.extract.callables.walker import Walker

Rule: TypeAlias = "Callable[[Site], Value]"
SPREAD = Unresolved("opaque", "it may be among the arguments that `*` or `**` stands for")
ABSENT = Known(None)


@dataclass
class Site:
    """A call under analysis."""

    walker: Walker
    node: ast.Call
    text: str  # what is called, as the source writes it, without arguments
    args: list[Value] = field(default_factory=list)
    kwargs: dict[str, Value] = field(default_factory=dict)
    receiver: Value | None = None
    is_open: bool = False  # some arguments are behind a `*` or `**` whose content isn't known

    def arg(self, index: int | None, name: str | None = None, default: Value = ABSENT) -> Value:
        """An argument by position or name."""
        if name is not None and name in self.kwargs:
            return self.kwargs[name]
        if index is not None and index < len(self.args):
            return self.args[index]
        return Data(SPREAD, None) if self.is_open else default

    def has(self, index: int | None, name: str | None = None) -> bool:
        """Whether an argument is given, or may be."""
        return self.is_open or (name in self.kwargs) or (index is not None and index < len(self.args))

    def text_arg(self, index: int | None, name: str | None = None) -> str | None:
        """An argument that is a known text."""
        value = self.arg(index, name)
        return value.value if isinstance(value, Known) and isinstance(value.value, str) else None

    @property
    def values(self) -> list[Value]:
        """The receiver and all arguments."""
        return [*([self.receiver] if self.receiver is not None else []), *self.args, *self.kwargs.values()]

    @property
    def origins(self) -> Origins:
        """What all arguments together are made of."""
        return None if self.is_open else union(map(origins_of, self.values))

    @property
    def handle(self) -> Handle:
        """The receiver, where it is known to be a handle."""
        assert isinstance(self.receiver, Handle)  # noqa: S101 - rules of kinds are only asked for handles
        return self.receiver

    @property
    def place(self) -> Place:
        """Where the call stands."""
        return self.walker.place(self.node)

    def data(self) -> Value:
        """Data made of the arguments."""
        return data_of(self.values)

    def read(self, dataset: DatasetName | Unresolved) -> Origins:
        """A dataset is read."""
        return self.walker.read(dataset, self.node)

    def write(
        self,
        dataset: DatasetName | Unresolved,
        origins: Origins,
        lifecycle: Lifecycle | None = None,
        previous: DatasetName | None = None,
    ) -> None:
        """A dataset is written."""
        self.walker.write(dataset, origins, self.node, lifecycle, previous)

    def gap(self, side: Side, reason: GapReason, message: str) -> Lost:
        """Something can't be told."""
        return self.walker.gap(side, reason, message, self.node)

    def unknown(self, side: Side = "both") -> Lost:
        """What this call does isn't known."""
        return self.gap(side, "callable", f"what `{self.text}` reads and writes isn't known")

    def add(self, found: Found) -> None:
        """Take over what another rule found."""
        self.walker.record.add(found)


@dataclass(frozen=True)
class Kind:
    """What can be done with a handle."""

    methods: Mapping[str, Rule] = field(default_factory=dict)
    attributes: Mapping[str, Callable[[Walker, Handle], Value]] = field(default_factory=dict)
    pure: frozenset[str] = frozenset()  # methods that touch nothing else and give data
    same: frozenset[str] = frozenset()  # methods that touch nothing else and give another of this kind
    has_fields: bool = False  # other attributes are parts of it, such as columns
    is_pure: bool = False  # all methods without a rule touch nothing else
    gives_same: bool = False  # ... and give another of this kind
    assignable: bool = False  # setting its attributes and items changes nothing of where its data go
    settable: frozenset[str] = frozenset()  # the attributes of which that is so
    enter: Rule | None = None  # of ``with``; by default it gives itself
    item: Callable[[Walker, Handle, Value], Value] | None = None  # of ``x[key]``
    iterated: Callable[[Handle], Value] | None = None  # what a loop over it gives


def nothing(site: Site) -> Value:
    """Touches no data, and gives nothing."""
    return Known(None)


def pure(site: Site) -> Value:
    """Touches no data, and gives some; nothing is known of what may happen to an argument that isn't known."""
    return site.unknown() if any(isinstance(value, Foreign) for value in site.args) else site.data()


def unknown(site: Site) -> Value:
    """May touch data."""
    return site.unknown()


def opener(kind: str) -> Rule:
    """A rule for a call that makes a handle without looking at its arguments."""

    def rule(site: Site) -> Value:
        return Handle(kind)

    return rule
