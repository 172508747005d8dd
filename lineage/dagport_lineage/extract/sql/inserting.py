"""INSERT, also of several tables at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dagport_lineage.extract.sql.expressions import all_known, origins
from dagport_lineage.extract.sql.parsing import Statement
from dagport_lineage.extract.sql.relations import NONE, OutputColumn, Relation, united
from dagport_lineage.extract.sql.scopes import Scope, Source
from dagport_lineage.extract.sql.scripts import Running
from dagport_lineage.extract.sql.storing import (
    Columns,
    Written,
    by_position,
    is_query,
    own_source,
    store,
    target_of,
)
from dagport_lineage.model import Lifecycle

if TYPE_CHECKING:
    from sqlglot.expressions import Expr, Table


def insert(tree: Expr, statement: Statement, running: Running) -> None:
    """INSERT of a query or of values, into a table or a directory."""
    from sqlglot import exp

    ctes = running.binder.with_ctes(tree, None, running.outer_ctes)
    query = tree.args.get("expression") or tree.args.get("source") or None
    relation = running.binder.query(query, None, ctes) if query is not None and is_query(query) else Relation()
    if isinstance(tree.this, exp.Directory):
        running.directory(tree.this)
        return
    table, identifiers = target_of(tree.this)
    if table is None:
        running.gap("outputs", "sql", "what INSERT writes to isn't a table's name")
        return
    columns, every = _inserted(tree, table, identifiers, relation, running)
    conflict = tree.args.get("conflict")
    if conflict is not None:
        columns = _on_conflict(conflict, columns, table, running)
    lifecycle: Lifecycle | None = "OVERWRITE" if tree.args.get("overwrite") else None
    store(running, table, Written(relation=relation, columns=columns, every=every, lifecycle=lifecycle, rows=True))


def _inserted(
    tree: Expr, table: Table, identifiers: list[Expr], relation: Relation, running: Running
) -> tuple[Columns, bool]:
    """The columns that INSERT fills, and whether no other one gets anything."""
    if tree.args.get("by_name"):
        named = {column.name: column.origins for column in relation.columns if column.name is not None}
        return named, relation.closed
    if tree.args.get("default"):
        return {}, True
    partition = table.args.get("partition") or tree.args.get("partition") or None
    if not identifiers:
        names = running.columns_of(table)
        return by_position(names, relation, exact=False) if names and partition is None else ({}, False)
    if not all(item.key == "identifier" and running.names.certain(item) for item in identifiers):
        return {}, False
    dynamic, static = _partition_columns(partition, running)
    names = [running.names.folded(item) for item in identifiers]
    columns, every = by_position([*names, *dynamic], relation, exact=True)
    return {**columns, **dict.fromkeys(static, NONE)}, every


def _partition_columns(partition: Expr | None, running: Running) -> tuple[list[str], list[str]]:
    """The columns of ``PARTITION (a, b = 1)``: those without a value are filled by the last columns of the query."""
    dynamic: list[str] = []
    static: list[str] = []
    for item in partition.expressions if partition is not None else []:
        column = item.this if item.key == "eq" else item
        (static if item.key == "eq" else dynamic).append(running.names.folded(column.this))
    return dynamic, static


def _on_conflict(conflict: Expr, columns: Columns, table: Table, running: Running) -> Columns:
    """``DO UPDATE SET a = excluded.a``: what a column may get instead."""
    scope = running.binder.scope(None, {})
    names = running.names
    inserted = tuple(OutputColumn(name, running.key(name), found) for name, found in columns.items())
    excluded = "EXCLUDED" if names.database.folding == "upper" else "excluded"
    scope.sources = [own_source(table, running), Source(excluded, Relation(inserted), hidden=True)]
    done = dict(columns)
    for item in conflict.expressions or []:
        if item.key != "eq" or item.this.key != "column" or len(item.this.parts) != 1:
            return dict.fromkeys(done)
        name = names.folded(item.this.this)
        value = item.expression
        if value.key == "anonymous" and value.name.upper() == "VALUES" and len(value.expressions) == 1:
            found = columns.get(names.folded(value.expressions[0]))  # MySQL: the value that would be inserted
        else:  # MySQL's names of columns may mean the inserted row or the one that is there
            found = None if conflict.args.get("duplicate") else origins(value, scope, running.binder)
        done[name] = united((done.get(name, NONE), found))
    return done


def insert_all(tree: Expr, statement: Statement, running: Running) -> None:
    """INSERT ALL of Snowflake and Oracle, and FROM ... INSERT ... INSERT ... of Hive."""
    from sqlglot import exp

    source = tree.args["source"]
    ctes = running.binder.with_ctes(tree, None, running.outer_ctes)
    by_condition = any(isinstance(item, exp.ConditionalInsert) for item in tree.expressions)
    relation = running.binder.query(source, None, ctes) if by_condition else Relation()
    before, around = set(running.inputs), running.outer_ctes
    for item in tree.expressions:
        running.inputs = set(before)
        if isinstance(item, exp.ConditionalInsert):
            _conditional_insert(item, relation, running)
        else:
            running.outer_ctes = ctes
            _from_insert(item, source, statement, running)
            running.outer_ctes = around
    running.seen(source)


def _conditional_insert(item: Expr, relation: Relation, running: Running) -> None:
    scope = running.binder.scope(None, {})
    scope.sources = [Source("", relation)]
    condition = item.args.get("expression")
    influences, certain = all_known([condition] if condition is not None else [], scope, running.binder, "FILTER")
    table, identifiers = target_of(item.this.this)
    if table is None:
        running.gap("outputs", "sql", "what INSERT writes to isn't a table's name")
        return
    row = _row(item.this.args.get("expression"), relation, scope, running)
    certain_names = all(part.key == "identifier" and running.names.certain(part) for part in identifiers)
    names = [running.names.folded(part) for part in identifiers] if identifiers else running.columns_of(table)
    columns, every = by_position(names, row, exact=bool(identifiers)) if names and certain_names else ({}, False)
    whole = replace(relation, influences=relation.influences | influences, certain=relation.certain and certain)
    store(running, table, Written(relation=whole, columns=columns, every=every, rows=True))


def _row(values: Expr | None, relation: Relation, scope: Scope, running: Running) -> Relation:
    """What is inserted: the source's columns, or expressions of them."""
    from sqlglot import exp

    if not isinstance(values, exp.Values) or len(values.expressions) != 1:
        return relation
    found = [origins(value, scope, running.binder) for value in values.expressions[0].expressions]
    columns = tuple(OutputColumn(None, None, part) for part in found)
    return Relation(columns, closed=True, leading=len(columns))


def _from_insert(item: Expr, source: Expr, statement: Statement, running: Running) -> None:
    """One INSERT of Hive's multiple insert: its query reads what stands in front."""
    from sqlglot import exp

    query = item.args.get("expression")
    if not isinstance(query, exp.Select) or query.args.get("from_") is not None:
        running.gap("both", "sql", "one INSERT of several isn't understood")
        running.seen(item)
        return
    whole = item.copy()
    whole.args["expression"].set("from_", exp.From(this=source.copy()))
    running.seen(item)
    insert(whole, statement, running)
