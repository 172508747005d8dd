"""What statements do to datasets, one after the other, and what remains of it at the end of the text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from dagport.graph import Place
from dagport_lineage.extract.sql.relations import NONE, Origins, as_sources
from dagport_lineage.model import Column, DatasetName, Lifecycle, Write

_REPLACES: set[Lifecycle | None] = {"OVERWRITE", "TRUNCATE", "DROP"}
# What two steps are together, where it isn't the later one.
_TOGETHER: dict[tuple[Lifecycle, Lifecycle], Lifecycle] = {
    ("DROP", "CREATE"): "OVERWRITE",
    ("CREATE", "ALTER"): "CREATE",
    ("OVERWRITE", "ALTER"): "OVERWRITE",
    ("OVERWRITE", "TRUNCATE"): "OVERWRITE",
    ("CREATE", "OVERWRITE"): "CREATE",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What one statement does to one dataset."""

    dataset: DatasetName
    sources: frozenset[DatasetName] | None = frozenset()  # None: not known
    columns: dict[str, Origins | None] = field(default_factory=dict)  # None: not known
    all_columns: bool = True  # whether no other column gets a value
    influences: Origins = NONE
    schema: tuple[Column, ...] = ()
    lifecycle: Lifecycle | None = None
    previous: DatasetName | None = None
    rows: bool = False  # whether it adds rows


@dataclass(slots=True)
class Remains:
    """What the effects on one dataset come to."""

    dataset: DatasetName
    sources: set[DatasetName] = field(default_factory=set)
    complete: bool = True
    columns: dict[str, Origins | None] = field(default_factory=dict)
    all_columns: bool = True
    influences: Origins = NONE
    schema: tuple[Column, ...] = ()
    lifecycle: Lifecycle | None = None
    previous: DatasetName | None = None

    def add(self, effect: Effect) -> None:
        """Add the next effect."""
        if effect.lifecycle in _REPLACES and not effect.rows:  # INSERT OVERWRITE may replace a part only
            self.sources, self.complete, self.columns, self.all_columns = set(), True, {}, True
            self.influences = NONE
        self.sources |= effect.sources or set()
        self.complete = self.complete and effect.sources is not None
        for name, origins in effect.columns.items():
            before = self.columns.get(name, NONE)
            self.columns[name] = None if origins is None or before is None else origins | before
        self.all_columns = self.all_columns and effect.all_columns
        self.influences |= effect.influences
        self.schema = () if effect.lifecycle in ("ALTER", "DROP", "RENAME") else effect.schema or self.schema
        self.lifecycle = self._lifecycle(effect)
        self.previous = effect.previous or self.previous

    def _lifecycle(self, effect: Effect) -> Lifecycle | None:
        if effect.lifecycle is None:
            return "OVERWRITE" if effect.rows and self.lifecycle == "TRUNCATE" else self.lifecycle
        if self.lifecycle is None:
            return effect.lifecycle
        return _TOGETHER.get((self.lifecycle, effect.lifecycle), effect.lifecycle)

    def write(self, place: Place | None) -> Write:
        """As the model has it. A statement that may fill any column leaves none that is known."""
        columns = self.columns if self.all_columns else {}
        return Write(
            dataset=self.dataset,
            how="sql",
            sources=tuple(sorted(self.sources)) if self.complete else None,
            columns={name: as_sources(found) for name, found in sorted(columns.items()) if found is not None},
            influences=as_sources(self.influences),
            schema=self.schema,
            lifecycle=self.lifecycle,
            previous=self.previous,
            place=place,
        )


def remains(effects: Iterable[Effect]) -> dict[DatasetName, Remains]:
    """The effects together, by dataset."""
    found: dict[DatasetName, Remains] = {}
    for effect in effects:
        if effect.lifecycle == "RENAME" and effect.previous in found:
            _moved(found, effect)
        found.setdefault(effect.dataset, Remains(effect.dataset)).add(effect)
    return found


def _moved(found: dict[DatasetName, Remains], effect: Effect) -> None:
    """A table that this text wrote goes under another name, in the place of what had it."""
    if effect.previous is None:
        return
    moved = found.pop(effect.previous)
    moved.dataset = effect.dataset
    schema = moved.schema
    found[effect.dataset] = moved
    moved.schema = schema
