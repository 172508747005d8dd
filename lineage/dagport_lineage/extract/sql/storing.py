"""What a statement puts into a table: noted at the dataset, or at the temporary table of the text."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from dagport_lineage.extract.sql.effects import Effect
from dagport_lineage.extract.sql.relations import NONE, Origins, OutputColumn, Relation, united
from dagport_lineage.extract.sql.scopes import Source
from dagport_lineage.extract.sql.scripts import Running
from dagport_lineage.model import DatasetName, Lifecycle

if TYPE_CHECKING:
    from sqlglot.expressions import Expr, Table

Columns: TypeAlias = dict[str, Origins | None]  # by name; None: where it comes from isn't known

TABLE_KINDS = {
    "TABLE",
    "VIEW",
    "DYNAMIC TABLE",
    "EXTERNAL TABLE",
    "ICEBERG TABLE",
}  # what CREATE and others make tables of


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What one statement puts into a table."""

    relation: Relation = field(default_factory=Relation)  # what it is made of
    columns: Columns
    every: bool  # whether no other column gets anything
    lifecycle: Lifecycle | None = None
    rows: bool = False  # whether rows are added


def is_query(node: Expr | None) -> bool:
    """Whether a node yields rows."""
    from sqlglot import exp

    return isinstance(node, exp.Query | exp.Values)


def target_of(node: Expr) -> tuple[Table | None, list[Expr]]:
    """The table of INSERT or CREATE, and the columns that are listed behind it."""
    from sqlglot import exp

    if isinstance(node, exp.Schema):
        inner = node.this
        return (inner if isinstance(inner, exp.Table) else None), list(node.expressions)
    return (node if isinstance(node, exp.Table) else None), []


def by_position(names: list[str], relation: Relation, *, exact: bool) -> tuple[Columns, bool]:
    """The columns of a query under the names of a table's columns; ``exact``: there must be as many.

    The second value: whether no other column gets anything.
    """
    positions = relation.positions()
    if relation.closed and (len(positions) > len(names) or (exact and len(positions) != len(names))):
        return {}, False
    columns: Columns = {name: column.origins for name, column in zip(names, positions, strict=False)}
    missing = [] if relation.closed else names[len(columns) :]
    return {**columns, **dict.fromkeys(missing)}, True


def own_source(table: Table, running: Running) -> Source:
    """The table that is changed, as the expressions of its statement see it. That doesn't make it an input."""
    names = running.names
    alias = table.args.get("alias")
    relation = running.temporary_of(table)
    if relation is None:
        dataset = names.dataset(table)
        relation = running.base(dataset) if isinstance(dataset, DatasetName) else Relation(complete=False)
    if alias is not None and alias.this is not None:
        return Source(names.key(alias.this), relation, own=True)
    path = tuple(names.key(part) for part in table.parts if part.key == "identifier" and part.name)
    return Source(path[-1] if path else "", relation, path, own=True)


def store(running: Running, table: Table, written: Written) -> None:
    """Note what is put into a table."""
    temporary = running.temporary_name(table)
    if temporary is not None:
        running.binder.seen.add(id(table))
        running.temporary[temporary] = _filled(running.temporary[temporary], written, running)
        return
    dataset = running.target(table)
    if dataset is None:
        return
    running.views.pop(dataset, None)
    read_itself = written.relation.datasets & {dataset}
    running.add(
        Effect(
            dataset=dataset,
            sources=frozenset(running.inputs - {dataset} | read_itself),
            columns=written.columns,
            all_columns=written.every,
            influences=written.relation.influences,
            lifecycle=written.lifecycle,
            rows=written.rows,
        )
    )


def _filled(relation: Relation, written: Written, running: Running) -> Relation:
    """A temporary table after rows were added or changed."""
    more = {running.key(name): origins for name, origins in written.columns.items()}

    def after(column: OutputColumn) -> OutputColumn:
        added = more.get(column.key or "", NONE) if written.every else None
        return replace(column, origins=united((column.origins, added)))

    emptied = replace(relation, influences=NONE, datasets=frozenset(), complete=True, certain=True)
    before = emptied if written.lifecycle == "OVERWRITE" else relation
    return replace(
        before,
        columns=tuple(after(column) for column in relation.columns),
        rest=None,
        influences=before.influences | written.relation.influences,
        datasets=before.datasets | running.inputs,
        complete=before.complete and running.complete,
        certain=before.certain and written.relation.certain,
    )
