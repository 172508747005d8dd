"""What a column's name means inside of one query: the sources in ``FROM``, and the queries around it.

A name is resolved only where the language leaves one meaning, whatever the tables' columns are that the text doesn't
say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dagport_lineage.extract.sql.names import STRUCTURED, Names, Path
from dagport_lineage.extract.sql.relations import NONE, Origin, Origins, OutputColumn, Relation, direct, through
from dagport_lineage.model import DatasetName

if TYPE_CHECKING:
    from sqlglot.expressions import Column, Expr

# Names that engines answer by themselves.
_CONSTANTS = {"current_date", "current_time", "current_timestamp", "current_user", "default", "localtimestamp"}
_ORACLE_CONSTANTS = {"level", "rownum", "sysdate", "systimestamp", "uid", "user"}
# Names that may be answered by the engine, or stand for where a row lies: not, or not surely, columns of a table.
_NO_COLUMNS = {
    "_file_name", "_metadata", "_partitiondate", "_partitiontime", "_rowid_", "_table_suffix",
    "block__offset__inside__file", "cmax", "cmin", "ctid", "currval", "input__file__name", "nextval", "oid",
    "ora_rowscn", "rowid", "session_user", "sysdate", "systimestamp", "tableoid", "user", "xmax", "xmin",
}  # fmt: skip

Used = Callable[[DatasetName, str], None]


@dataclass(frozen=True, slots=True)
class Source:
    """One source in ``FROM``."""

    key: str  # of its alias, or of its name
    relation: Relation
    path: Path = ()  # of a table without an alias: its name, each part as a key
    base: DatasetName | None = None  # where it is a table itself
    own: bool = False  # the table that the statement changes
    hidden: bool = False  # its columns don't come out of the join: SEMI, ANTI


@dataclass(slots=True)
class Scope:
    """The names of one query."""

    names: Names
    used: Used
    outer: Scope | None = None
    ctes: Mapping[str, Relation] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)
    merged: dict[str, Origins | None] = field(default_factory=dict)  # by USING
    doubtful: bool = False  # columns have meanings that the text doesn't show: NATURAL, templates
    aliases: dict[str, OutputColumn] = field(default_factory=dict)  # of the select list, where names may mean them
    bound: set[str] = field(default_factory=set)  # parameters of lambdas, variables of the script
    windows: dict[str, Expr] = field(default_factory=dict)  # named windows

    def resolve(self, column: Column) -> OutputColumn | None:
        """What a column is, or ``None`` where that can't be told."""
        parts = [part for part in column.parts if part.key == "identifier"]
        if len(parts) != len(column.parts) or not all(self.names.certain(part) for part in parts):
            return None
        last = parts[-1].name.lower()
        if len(parts) == 1 and not parts[0].args.get("quoted") and last in self._constants():
            return OutputColumn(None, None, NONE)
        if last in _NO_COLUMNS or "$" in last:
            return None
        keys = [self.names.key(part) for part in parts]
        shown = [self.names.folded(part) for part in parts]
        if len(parts) == 1:
            quoted = bool(parts[0].args.get("quoted"))
            return self._unqualified(keys[0], shown[0], quoted=quoted)
        return self._qualified(keys, shown)

    def _constants(self) -> set[str]:
        return _CONSTANTS | _ORACLE_CONSTANTS if self.names.dialect == "oracle" else _CONSTANTS

    def _qualified(self, keys: list[str], shown: list[str]) -> OutputColumn | None:
        for scope in self.levels():
            matches = [(source, taken) for source in scope.sources if (taken := _matched(source, keys))]
            if len(matches) > 1:
                return None
            for source, taken in matches:
                found = scope.of_source(source, keys[taken], shown[taken])
                return found if len(keys) == taken + 1 else _field(found)
        if keys[0] in self.bound or self.names.dialect not in STRUCTURED:
            return None
        return _field(self._unqualified(keys[0], shown[0], quoted=False))

    def levels(self) -> Iterator[Scope]:
        """This scope and those around it, from the inside."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.outer

    def of_source(self, source: Source, key: str, shown: str) -> OutputColumn | None:
        """A column of a source, by name."""
        found = source.relation.named(key)
        if found:
            if source.base is not None and found[0].name is not None:
                self.used(source.base, found[0].name)
            return found[0] if len(found) == 1 and found[0].origins is not None else None
        if source.relation.closed or source.relation.rest is None:
            return None
        self.used(source.relation.rest, shown)
        return OutputColumn(shown, key, frozenset({Origin(source.relation.rest, shown, direct("IDENTITY"))}))

    def _unqualified(self, key: str, shown: str, *, quoted: bool) -> OutputColumn | None:
        if key in self.bound or any(key == source.key for level in self.levels() for source in level.sources):
            return None  # a variable, or a whole row
        if self.names.dialect == "sqlite" and quoted:
            return None  # a text, where there is no such column
        if self.doubtful:
            return None
        of_table = self._of_tables(key, shown)
        alias = self.aliases.get(key)
        if alias is None:
            return of_table
        if of_table is None:
            return alias if not self._may_have(key) else None
        return of_table if _same(of_table, alias) else None

    def _of_tables(self, key: str, shown: str) -> OutputColumn | None:
        if key in self.merged:
            origins = self.merged[key]
            return None if origins is None else OutputColumn(shown, key, origins)
        holders = [source for source in self.sources if source.relation.named(key)]
        opened = [source for source in self.sources if not source.relation.closed and source not in holders]
        if len(holders) > 1 or (holders and opened and self.names.dialect in ("clickhouse", None)):
            return None
        if holders:
            return self.of_source(holders[0], key, shown)
        if not opened:
            return self.outer._unqualified(key, shown, quoted=False) if self.outer is not None else None
        if len(opened) > 1 or (self.outer is not None and self.outer._may_have(key)):
            return None
        return self.of_source(opened[0], key, shown)

    def _may_have(self, key: str) -> bool:
        """Whether a name may mean a column of this query's sources, or of those around it."""
        here = any(not source.relation.closed or source.relation.named(key) for source in self.sources)
        return here or self.doubtful or (self.outer is not None and self.outer._may_have(key))


def _matched(source: Source, keys: list[str]) -> int:
    """How many parts of a name are the source's; 0 where it isn't the source's."""
    if keys[0] == source.key and len(keys) > 1:
        return 1
    for count in range(2, len(keys)):
        if source.path[-count:] == tuple(keys[:count]):
            return count
    return 0


def _field(column: OutputColumn | None) -> OutputColumn | None:
    if column is None:
        return None
    return OutputColumn(None, None, through(direct("TRANSFORMATION"), column.origins))


def _same(one: OutputColumn, other: OutputColumn) -> bool:
    if one.origins is None or other.origins is None:
        return False
    return {(item.dataset, item.column) for item in one.origins} == {
        (item.dataset, item.column) for item in other.origins
    }
