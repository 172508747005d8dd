"""What a query yields: its columns, and which columns of datasets each comes from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dagport_lineage.model import ColumnSource, DatasetName, DirectSubtype, IndirectSubtype, Subtype, Transformation

_RANK: dict[Subtype, int] = {"IDENTITY": 0, "TRANSFORMATION": 1, "AGGREGATION": 2}


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """A column of a dataset, and how something comes from it."""

    dataset: DatasetName
    column: str
    how: Transformation


Origins: TypeAlias = frozenset[Origin]
NONE: Origins = frozenset()


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """A column of a relation. ``name`` ``None``: the engine chooses it; ``origins`` ``None``: not known."""

    name: str | None
    key: str | None
    origins: Origins | None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """Something that can stand in ``FROM``.

    Where it isn't ``closed`` it has more columns than the listed ones: those of the dataset ``rest``, each under its
    own name, or unknown ones. ``leading`` is how many of the listed columns stand at a known place, from the first.
    """

    columns: tuple[OutputColumn, ...] = ()
    closed: bool = False
    rest: DatasetName | None = None
    leading: int = 0
    influences: Origins = NONE
    datasets: frozenset[DatasetName] = frozenset()  # what it is made of
    complete: bool = True  # whether ``datasets`` is all
    certain: bool = True  # whether ``influences`` is all

    def named(self, key: str) -> list[OutputColumn]:
        """The columns of a name."""
        return [column for column in self.columns if column.key == key]

    def positions(self) -> tuple[OutputColumn, ...]:
        """The columns whose place is known, from the first."""
        return self.columns if self.closed else self.columns[: self.leading]


UNKNOWN = Relation(complete=False)
SCALAR = Relation(certain=False, leading=-1)  # a common table expression that is a value (ClickHouse)


def direct(subtype: DirectSubtype, *, masking: bool = False) -> Transformation:
    """A transformation of a value."""
    return Transformation("DIRECT", subtype, masking)


def indirect(subtype: IndirectSubtype) -> Transformation:
    """An influence on which rows there are, or which value is taken."""
    return Transformation("INDIRECT", subtype)


def composed(outer: Transformation, inner: Transformation) -> Transformation:
    """What is done to a value that something was done to before."""
    masking = outer.masking or inner.masking
    if outer.type == "INDIRECT":
        return Transformation("INDIRECT", outer.subtype, masking)
    if inner.type == "INDIRECT":
        return Transformation("INDIRECT", inner.subtype, masking)
    subtype = max(outer.subtype, inner.subtype, key=_RANK.__getitem__)
    return Transformation("DIRECT", subtype, masking)


def through(how: Transformation, origins: Origins | None) -> Origins | None:
    """Origins after one more transformation."""
    if origins is None:
        return None
    return frozenset(Origin(item.dataset, item.column, composed(how, item.how)) for item in origins)


def united(parts: Iterable[Origins | None]) -> Origins | None:
    """All origins, known only where each part is."""
    total: set[Origin] = set()
    for part in parts:
        if part is None:
            return None
        total |= part
    return frozenset(total)


def known(parts: Iterable[Origins | None]) -> Origins:
    """The origins of the parts that are known."""
    return frozenset(origin for part in parts if part is not None for origin in part)


def as_sources(origins: Origins) -> tuple[ColumnSource, ...]:
    """Origins as the model has them: each column once, with all its transformations."""
    found: dict[tuple[DatasetName, str], set[Transformation]] = {}
    for origin in origins:
        found.setdefault((origin.dataset, origin.column), set()).add(origin.how)
    return tuple(ColumnSource(name, column, tuple(sorted(hows))) for (name, column), hows in sorted(found.items()))


def combined(first: Relation, second: Relation, *, kind: Literal["union", "except", "intersect"]) -> Relation:
    """A set operation: columns by position, names of the first."""
    influences = first.influences | second.influences
    datasets = first.datasets | second.datasets
    complete = first.complete and second.complete
    certain = first.certain and second.certain
    if kind != "union":
        influences |= _all_as(second, "FILTER") | _all_as(first, "FILTER")
        certain = certain and all(
            side.closed and all(column.origins is not None for column in side.columns) for side in (first, second)
        )
    closed = first.closed and second.closed and len(first.columns) == len(second.columns)
    if kind != "union" and first.closed:
        columns: tuple[OutputColumn, ...] = first.columns
        closed = True
    else:
        pairs = zip(first.positions(), second.positions(), strict=False)
        columns = tuple(_paired(one, other) for one, other in pairs)
        if first.closed and second.closed and not closed:
            columns = ()  # the query isn't valid
        elif first.closed:  # the second has as many columns, of which some aren't known
            columns += tuple(
                OutputColumn(column.name, column.key, None, column.type) for column in first.columns[len(columns) :]
            )
            closed = True
    return Relation(columns, closed, None, len(columns), influences, datasets, complete, certain)


def _paired(one: OutputColumn, other: OutputColumn) -> OutputColumn:
    type_ = one.type if one.type == other.type else None
    return OutputColumn(one.name, one.key, united((one.origins, other.origins)), type_)


def _all_as(relation: Relation, subtype: IndirectSubtype) -> Origins:
    return known(through(indirect(subtype), column.origins) for column in relation.columns)
