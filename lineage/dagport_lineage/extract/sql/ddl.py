"""CREATE, DROP, TRUNCATE, ALTER."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dagport_lineage.extract.sql.effects import Effect
from dagport_lineage.extract.sql.names import Elsewhere
from dagport_lineage.extract.sql.parsing import Statement
from dagport_lineage.extract.sql.projections import type_text
from dagport_lineage.extract.sql.relations import NONE, OutputColumn, Relation
from dagport_lineage.extract.sql.scripts import OWN_SCHEMA, Running
from dagport_lineage.extract.sql.storing import TABLE_KINDS, Columns, is_query, target_of
from dagport_lineage.model import Column, DatasetName, Lifecycle

if TYPE_CHECKING:
    from sqlglot.expressions import Expr, Table

_WHOLE = {"SCHEMA", "DATABASE", "CATALOG"}
_SESSION = {"temporaryproperty", "volatileproperty", "globalproperty"}


def create(tree: Expr, statement: Statement, running: Running) -> None:
    """CREATE TABLE, VIEW: with columns, AS a query, LIKE or as a clone of another table."""

    kind = str(tree.args.get("kind") or "").upper()
    table, _ = target_of(tree.this)
    query = tree.args.get("expression") or None
    if kind not in TABLE_KINDS or table is None:
        running.seen(tree)
        if kind == "MODEL":
            running.gap("both", "sql", "what CREATE MODEL reads and makes isn't followed")
        return
    relation = Relation()
    if query is not None and is_query(query):
        ctes = running.binder.with_ctes(tree, None, running.outer_ctes)
        relation = running.binder.query(query, None, ctes)
    for part in (tree.this, tree.args.get("properties"), None if is_query(query) else query):
        running.seen(part)
    columns, schema = _columns(tree, relation, running, is_query=is_query(query))
    copied = _copied(tree, running)
    if copied is not None:
        relation, schema = copied
    is_view = kind == "VIEW" and not tree.args.get("exists")  # else another query may stand behind it
    made = _Made(table, relation, columns, schema, is_view, positions=_has_positions(tree))
    if _is_temporary(tree, table, running):
        _keep(made, running)
    else:
        _note(made, "OVERWRITE" if tree.args.get("replace") else "CREATE", running)


@dataclass(frozen=True, slots=True)
class _Made:
    """What CREATE makes."""

    table: Table
    relation: Relation  # what it is made of
    columns: Columns
    schema: tuple[Column, ...]
    is_view: bool
    positions: bool = True  # whether INSERT without a list fills the columns as they are listed


def _columns(
    target: Expr, relation: Relation, running: Running, *, is_query: bool
) -> tuple[Columns, tuple[Column, ...]]:
    """The columns of the new table, from the statement and from its query."""
    from sqlglot import exp

    items = target.this.expressions if isinstance(target.this, exp.Schema) else []
    if not is_query:
        items = [*items, *_partition_columns(target)]
    defined = [item for item in items if isinstance(item, exp.ColumnDef | exp.Identifier)]
    columns = [_defined(item, running) for item in defined]
    if any(column is None for column in columns) or running.binder.doubtful:
        return {}, ()
    schema = tuple(column for column in columns if column is not None)
    if not is_query:
        return {column.name: NONE for column in schema}, schema if _whole(target) else ()
    if schema and running.names.dialect in _LIST_AND_QUERY:
        return ({} if running.names.dialect != "mysql" else _named_columns(relation)), ()
    found = relation.positions()
    if schema and relation.closed and len(found) == len(schema):
        types = [column.type or output.type for column, output in zip(schema, found, strict=True)]
        origins = {column.name: output.origins for column, output in zip(schema, found, strict=True)}
        return origins, tuple(replace(column, type=type_) for column, type_ in zip(schema, types, strict=True))
    if schema:
        return {column.name: output.origins for column, output in zip(schema, found, strict=False)}, ()
    named = _named_columns(relation)
    whole = relation.closed and len(named) == len(relation.columns)
    return named, tuple(Column(str(item.name), item.type) for item in relation.columns) if whole else ()


def _partition_columns(target: Expr) -> list[Expr]:
    """Hive's columns that stand in ``PARTITIONED BY`` only, with their types."""
    from sqlglot import exp

    clauses = [item.this for item in target.find_all(exp.PartitionedByProperty) if isinstance(item.this, exp.Schema)]
    return [part for clause in clauses for part in clause.expressions if isinstance(part, exp.ColumnDef) and part.kind]


# Dialects where a list of columns before a query adds to the query's, or isn't said to be in its order.
_LIST_AND_QUERY = {"clickhouse", "mysql", None}


def _named_columns(relation: Relation) -> Columns:
    """The columns of a query by name; none where two have the same."""
    named = {column.name: column.origins for column in relation.columns if column.name is not None}
    return named if len(named) == sum(column.name is not None for column in relation.columns) else {}


_COMPUTED = re.compile("generated|computed|identity|autoincrement|ephemeral|materialized|alias")


def _has_positions(tree: Expr) -> bool:
    from sqlglot import exp

    return not any(_COMPUTED.search(item.kind.key) for item in tree.find_all(exp.ColumnConstraint) if item.kind)


def _whole(tree: Expr) -> bool:
    """Whether the columns that are listed are all: none come from a parent or from another table."""
    from sqlglot import exp

    return tree.find(exp.LikeProperty, exp.InheritsProperty, exp.PartitionedOfProperty) is None


def _defined(item: Expr, running: Running) -> Column | None:
    identifier = item.this if item.key == "columndef" else item
    if identifier.key != "identifier" or not running.names.certain(identifier):
        return None
    kind = item.args.get("kind")
    type_ = type_text(kind, running.names.dialect) if kind is not None else None
    if type_ is not None and running.names.masked.masks(type_):
        type_ = None
    return Column(running.names.folded(identifier), type_)


def _copied(tree: Expr, running: Running) -> tuple[Relation, tuple[Column, ...]] | None:
    """``CLONE x`` has the data of another table, ``LIKE x`` its columns only."""
    from sqlglot import exp

    clone = tree.args.get("clone")
    likes = list(tree.find_all(exp.LikeProperty))
    table = clone.this if clone is not None else likes[0].this if likes else None
    if not isinstance(table, exp.Table):
        return None
    before = set(running.inputs)
    relation, dataset = running.table(table)
    running.binder.seen.add(id(table))
    schema = running.schemas.get(dataset, ()) if dataset is not None else ()
    if clone is None:
        running.inputs = before
        return Relation(tuple(replace(column, origins=NONE) for column in relation.columns), relation.closed), schema
    return relation, schema


def _is_temporary(tree: Expr, table: Table, running: Running) -> bool:
    properties = tree.args.get("properties")
    kinds = {item.key for item in properties.expressions} if properties is not None else set()
    if kinds & _SESSION or running.names.is_temporary(table):
        return True
    return running.names.dataset(table) in running.scratch


def _keep(made: _Made, running: Running) -> None:
    """A table or a view that doesn't outlive the text."""
    running.binder.seen.add(id(made.table))
    path = running.kept_path(made.table)
    found = running.names.dataset(made.table)
    if (isinstance(found, DatasetName) and running.names.dialect not in OWN_SCHEMA) or found in running.scratch:
        running.datasets[found] = path
    columns = tuple(
        OutputColumn(name, running.key(name), origins, _type_of(name, made.schema))
        for name, origins in made.columns.items()
    )
    whole = bool(made.schema) or (made.relation.closed and len(columns) == len(made.relation.columns) and bool(columns))
    running.temporary[path] = Relation(
        columns=columns or made.relation.columns,
        closed=whole or made.relation.closed,
        rest=made.relation.rest,
        leading=len(columns) if whole else 0,
        influences=made.relation.influences,
        datasets=frozenset(running.inputs) | made.relation.datasets,
        complete=running.complete,
        certain=made.relation.certain,
    )


def _type_of(name: str, schema: tuple[Column, ...]) -> str | None:
    return next((column.type for column in schema if column.name == name), None)


def _note(made: _Made, lifecycle: Lifecycle, running: Running) -> None:
    """A table or a view that stays."""
    dataset = running.target(made.table)
    if dataset is None:
        return
    if made.schema and made.positions:
        running.schemas[dataset] = made.schema
    else:
        running.schemas.pop(dataset, None)
    running.views.pop(dataset, None)
    if made.is_view:
        running.views[dataset] = _view(made, running)
    defined_only = not running.inputs and all(found == NONE for found in made.columns.values())
    running.add(
        Effect(
            dataset=dataset,
            sources=frozenset(running.inputs - {dataset}),
            columns={} if defined_only and not made.relation.columns else made.columns,
            influences=made.relation.influences,
            schema=made.schema,
            lifecycle=lifecycle,
        )
    )


def _view(made: _Made, running: Running) -> Relation:
    columns = tuple(
        OutputColumn(name, running.key(name), origins, _type_of(name, made.schema))
        for name, origins in made.columns.items()
    )
    whole = made.relation.closed and len(columns) == len(made.relation.columns)
    return replace(
        made.relation,
        columns=columns,
        closed=whole,
        rest=None if whole else made.relation.rest,
        leading=len(columns) if whole else 0,
        datasets=frozenset(running.inputs),
        complete=running.complete,
    )


def select_into(tree: Expr, running: Running) -> None:
    """``SELECT ... INTO t FROM ...`` makes a table; in some dialects it fills variables instead."""
    from sqlglot import exp

    into = tree.args["into"]
    relation = running.binder.query(tree, None, running.outer_ctes)
    table = into.this
    if not isinstance(table, exp.Table) or running.names.dialect not in ("tsql", "postgres", "redshift", "fabric"):
        running.seen(into)
        running.gap("outputs", "sql", "what INTO writes to isn't known")
        return
    columns, schema = _columns(tree, relation, running, is_query=True)
    made = _Made(table, relation, columns, schema, False)
    if into.args.get("temporary") or running.names.is_temporary(table):
        _keep(made, running)
    else:
        _note(made, "CREATE", running)


def cache(tree: Expr, statement: Statement, running: Running) -> None:
    """Spark's ``CACHE TABLE x AS ...`` names a query for the session."""
    from sqlglot import exp

    query = tree.args.get("expression")
    if not isinstance(query, exp.Query) or not isinstance(tree.this, exp.Table):
        running.seen(tree)
        return
    relation = running.binder.query(query, None, running.outer_ctes)
    columns, schema = _columns(tree, relation, running, is_query=True)
    _keep(_Made(tree.this, relation, columns, schema, True), running)


def drop(tree: Expr, statement: Statement, running: Running) -> None:
    """DROP TABLE, VIEW."""
    kind = str(tree.args.get("kind") or "").upper()
    if kind in _WHOLE:
        running.seen(tree)
        running.gap("outputs", "sql", f"which tables DROP {kind} takes away isn't said")
        return
    if kind not in TABLE_KINDS:
        running.seen(tree)
        return
    from sqlglot import exp

    for table in tree.args.get("tables") or list(tree.find_all(exp.Table)):
        name = running.temporary_name(table)
        if name is not None:
            running.binder.seen.add(id(table))
            running.temporary.pop(name)
            running.datasets = {key: path for key, path in running.datasets.items() if path != name}
        elif running.names.dataset(table) in running.scratch or tree.args.get("temporary"):
            running.binder.seen.add(id(table))
        else:
            _gone(table, "DROP", running)


def _gone(table: Table, lifecycle: Lifecycle, running: Running) -> None:
    if isinstance(running.names.dataset(table), Elsewhere):
        running.binder.seen.add(id(table))
        return
    dataset = running.target(table)
    if dataset is None:
        return
    if lifecycle != "TRUNCATE":
        running.schemas.pop(dataset, None)
        running.views.pop(dataset, None)
    running.add(Effect(dataset=dataset, lifecycle=lifecycle))


def truncate(tree: Expr, statement: Statement, running: Running) -> None:
    """TRUNCATE."""
    if tree.args.get("is_database"):
        running.seen(tree)
        running.gap("outputs", "sql", "which tables TRUNCATE DATABASE empties isn't said")
        return
    for table in tree.expressions:
        name = running.temporary_name(table)
        if name is None:
            _gone(table, "TRUNCATE", running)
            continue
        running.binder.seen.add(id(table))
        kept = running.temporary[name]
        columns = tuple(replace(column, origins=NONE) for column in kept.columns)
        running.temporary[name] = Relation(columns, kept.closed, leading=kept.leading)
