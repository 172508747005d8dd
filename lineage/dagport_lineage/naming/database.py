"""How tables are named behind one connection: what stands between ``schema.table`` in SQL and a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from dagport_lineage.model import DatasetName, Unresolved

Folding: TypeAlias = Literal["lower", "upper", "none"]
Setting: TypeAlias = str | int | bool

SPELLED = {"awsdatacatalog": "AwsDataCatalog"}
"""Names that have capitals although case doesn't matter: Airflow's provider writes Athena's own catalog so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A connection, as far as it may be shown: no login, no password, of the extra only what names are made of."""

    id: str
    type: str  # as Airflow spells it, with underscores; empty: not said
    host: str | None = None  # without a login; what it may begin with, such as ``https://``, is kept
    port: int | None = None
    schema: str | None = None
    extra: Mapping[str, Setting] = field(default_factory=dict)

    def setting(self, *names: str) -> str | None:
        """The text of the first of some entries of the extra that is set."""
        found = (self.extra.get(name) for name in names)
        return next((str(value) for value in found if value not in (None, "", False)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database as a connection reaches it."""

    namespace: str | Unresolved
    dialect: str | None  # a name of sqlglot's; None: not known
    defaults: tuple[str | None, ...] = ()  # outermost first, e.g. (database, schema); None: not known
    folding: Folding = "lower"  # what happens to names that aren't quoted
    caseless: bool = False  # names that differ in case alone are one, quoted or not
    unknown: Unresolved | None = None  # why a default isn't known, where there is more to say

    @property
    def depth(self) -> int:
        """How many parts the full name of a table has."""
        return len(self.defaults) + 1

    def kept(self, part: str) -> str:
        """A part of a name, already folded, as it is kept: a table has one name, however its case is written."""
        return SPELLED.get(part.lower(), part.lower()) if self.caseless else part

    def meant(self, part: str) -> str:
        """A part of a name as it is kept, where it stands outside of SQL: in a URI, or in an argument of a library.

        Small letters alone mean there what they mean in SQL without quotes, as SQLAlchemy has it.
        """
        return part.upper() if self.folding == "upper" and part.islower() else self.kept(part)

    def dataset(self, parts: Sequence[str]) -> DatasetName | Unresolved:
        """The dataset of a table named by one or more parts, outermost first, already folded."""
        if isinstance(self.namespace, Unresolved):
            return self.namespace
        written = ".".join(parts)
        if len(parts) > self.depth:
            return Unresolved("name", f"`{written}` has more parts than a table of {self.namespace}")
        leading = self.defaults[: self.depth - len(parts)]
        if any(part is None for part in leading):
            return self._outside(f"which database or schema `{written}` lies in isn't said")
        names = (*(part for part in leading if part is not None), *parts)
        return DatasetName(self.namespace, ".".join(map(self.kept, names)))

    def _outside(self, message: str) -> Unresolved:
        if self.unknown is None:
            return Unresolved("connection", message)
        return Unresolved(self.unknown.reason, f"{message}: {self.unknown.message}")
