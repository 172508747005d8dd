"""ALTER, and what gives tables other names or other data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dagport_lineage.extract.sql.effects import Effect
from dagport_lineage.extract.sql.names import Elsewhere, Path
from dagport_lineage.extract.sql.parsing import Statement
from dagport_lineage.extract.sql.relations import UNKNOWN
from dagport_lineage.extract.sql.scripts import Running
from dagport_lineage.extract.sql.storing import TABLE_KINDS, Columns, Written, store
from dagport_lineage.model import DatasetName, Lifecycle, Unresolved

if TYPE_CHECKING:
    from sqlglot.expressions import Expr, Table

# Dialects where a table that is renamed stays in its schema unless the new name says another.
_STAYS = {"athena", "bigquery", "duckdb", "oracle", "postgres", "presto", "redshift", "sqlite", "trino"}


def alter(tree: Expr, statement: Statement, running: Running) -> None:
    """ALTER TABLE: a new name, an exchange, or a change of its columns."""
    from sqlglot import exp

    kind = str(tree.args.get("kind") or "").upper()
    table = tree.this
    if kind not in TABLE_KINDS or not isinstance(table, exp.Table):
        running.seen(tree)
        return
    actions = tree.args.get("actions") or []
    running.seen(tree)
    for action in actions:
        if isinstance(action, exp.AlterRename) and isinstance(action.this, exp.Table):
            rename(table, action.this, running)
        elif isinstance(action, exp.SwapTable) and isinstance(action.this, exp.Table):
            exchange(table, action.this, running)
        else:
            altered(table, running)


def altered(table: Table, running: Running) -> None:
    """A table whose columns or settings change."""
    name = running.temporary_name(table)
    if name is not None:
        kept = running.temporary[name]
        running.temporary[name] = replace(kept, columns=(), closed=False, rest=None, leading=0)
        return
    dataset = running.target(table)
    if dataset is None:
        return
    running.schemas.pop(dataset, None)
    running.views.pop(dataset, None)
    running.add(Effect(dataset=dataset, lifecycle="ALTER"))


def rename(old: Table, new: Table, running: Running) -> None:
    """A table gets another name."""
    name = running.temporary_name(old)
    if name is not None:
        _publish(name, new, running)
        return
    before, after = running.target(old), _new_name(old, new, running)
    if isinstance(after, Unresolved):
        running.gap("outputs", after.reason, after.message)
        return
    if before is None or after is None:
        return
    if before in running.schemas:
        running.schemas[after] = running.schemas.pop(before)
    else:
        running.schemas.pop(after, None)
    running.views.pop(before, None)
    running.add(Effect(dataset=after, lifecycle="RENAME", previous=before))


def _publish(name: Path, new: Table, running: Running, *, lifecycle: Lifecycle = "CREATE") -> None:
    """A table of this text becomes one that stays."""
    kept = running.temporary.pop(name)
    running.inputs |= kept.datasets
    running.complete = running.complete and kept.complete
    columns: Columns = {column.name: column.origins for column in kept.columns if column.name is not None}
    store(running, new, Written(relation=kept, columns=columns, every=kept.closed, lifecycle=lifecycle))


def _new_name(old: Table, new: Table, running: Running) -> DatasetName | Unresolved | None:
    """The dataset of the new name, which may lie in the old one's schema or in the current one."""
    plain = running.names.dataset(new)
    if new.db or not old.db:
        return plain if not isinstance(plain, Elsewhere) else None
    qualified = new.copy()
    qualified.set("db", old.args["db"].copy())
    qualified.set("catalog", old.args["catalog"].copy() if old.args.get("catalog") else None)
    inside = running.names.dataset(qualified)
    if running.names.dialect in _STAYS or inside == plain:
        return inside if not isinstance(inside, Elsewhere) else None
    written = running.names.written(new)
    return Unresolved("name", f"in which schema `{written}` lies after RENAME isn't said")


def exchange(one: Table, other: Table, running: Running) -> None:
    """Two tables change their data."""
    for stays, passes in ((one, other), (other, one)):
        name = running.temporary_name(passes)
        if name is not None:
            dataset = running.target(stays)
            _publish(name, stays, running, lifecycle="OVERWRITE")
            running.temporary[name] = running.base(dataset) if dataset is not None else UNKNOWN
            return
    first, second = running.target(one), running.target(other)
    if first is None or second is None:
        return
    for dataset, source in ((first, second), (second, first)):
        running.reads.setdefault(source, set())
        running.schemas.pop(dataset, None)
        running.views.pop(dataset, None)
        running.add(Effect(dataset=dataset, sources=frozenset({source}), all_columns=False, lifecycle="ALTER"))
