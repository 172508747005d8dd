"""How tables are named behind one connection: what stands between ``schema.table`` in SQL and a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dagport_lineage.model import DatasetName, Unresolved

Folding: TypeAlias = Literal["lower", "upper", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database as a connection reaches it."""

    namespace: str | Unresolved
    dialect: str | None  # a name of sqlglot's; None: not known
    defaults: tuple[str | None, ...] = ()  # outermost first, e.g. (database, schema); None: not known
    folding: Folding = "lower"  # what happens to names that aren't quoted

    @property
    def depth(self) -> int:
        """How many parts the full name of a table has."""
        return len(self.defaults) + 1

    def dataset(self, parts: Sequence[str]) -> DatasetName | Unresolved:
        """The dataset of a table named by one or more parts, outermost first, already folded."""
        if isinstance(self.namespace, Unresolved):
            return self.namespace
        written = ".".join(parts)
        if len(parts) > self.depth:
            return Unresolved("name", f"`{written}` has more parts than a table of {self.namespace}")
        leading = self.defaults[: self.depth - len(parts)]
        if any(part is None for part in leading):
            return Unresolved("connection", f"which database or schema `{written}` lies in isn't said")
        return DatasetName(self.namespace, ".".join([*(part for part in leading if part is not None), *parts]))
