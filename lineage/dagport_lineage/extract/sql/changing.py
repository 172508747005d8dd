"""UPDATE, DELETE, MERGE."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dagport_lineage.extract.sql.effects import Effect
from dagport_lineage.extract.sql.expressions import all_known, origins
from dagport_lineage.extract.sql.parsing import Statement
from dagport_lineage.extract.sql.relations import NONE, Origins, Relation, united
from dagport_lineage.extract.sql.scopes import Scope
from dagport_lineage.extract.sql.scripts import Running
from dagport_lineage.extract.sql.sources import Influences, add_source
from dagport_lineage.extract.sql.storing import Columns, Written, own_source, store
from dagport_lineage.model import IndirectSubtype

if TYPE_CHECKING:
    from sqlglot.expressions import Expr, Table

# Dialects where UPDATE names a table, or its alias, that stands in FROM again.
_IN_FROM = {"fabric", "teradata", "tsql", None}


class _ForeignError(Exception):
    """UPDATE sets a column that isn't, or may not be, one of its own table."""


def update(tree: Expr, statement: Statement, running: Running) -> None:
    """UPDATE, with FROM or with joins."""
    scope = running.binder.scope(None, running.binder.with_ctes(tree, None, running.outer_ctes))
    clause = tree.args.get("from_")
    others = [clause.this] if clause is not None else []
    table = _table(tree.this, running)
    if table is None:
        running.seen(tree)
        return
    named = _again(table, others, running) if running.names.dialect in _IN_FROM else None
    influences = _sources(table, named, others, scope, running)
    influences += _where(tree, scope, running)
    try:
        columns = _assignments(tree.expressions, scope, running)
    except _ForeignError:
        running.gap("outputs", "sql", "which of its tables UPDATE changes isn't understood")
        return
    _change(named or table, scope, influences, columns, running)


def delete(tree: Expr, statement: Statement, running: Running) -> None:
    """DELETE: what decides over the rows is read."""
    scope = running.binder.scope(None, running.binder.with_ctes(tree, None, running.outer_ctes))
    targets = list(tree.args.get("tables") or [])
    others = list(tree.args.get("using") or [])
    table = _table(targets[0] if targets else tree.this, running)
    if table is None or len(targets) > 1:
        running.seen(tree)
        running.gap("both", "sql", "a DELETE from several tables isn't followed")
        return
    several = bool(targets and tree.this)  # else it is a DELETE without FROM
    sources = [tree.this, *others] if several else others
    named = _again(table, sources, running)
    if several and named is None:
        running.seen(tree)
        running.gap("both", "sql", "which of its tables DELETE changes isn't understood")
        return
    influences = _sources(table, named, sources, scope, running)
    influences += _where(tree, scope, running)
    _change(named or table, scope, influences, {}, running)


def _change(table: Table, scope: Scope, influences: Influences, columns: Columns | None, running: Running) -> None:
    if _is_cte(table, scope):
        _change_cte(scope.ctes[scope.names.key(table.this)], running)
        return
    inherited = [(source.relation.influences, source.relation.certain) for source in scope.sources]
    found = [*inherited, *influences]
    relation = Relation(
        influences=frozenset(origin for part, _ in found for origin in part), certain=all(sure for _, sure in found)
    )
    store(running, table, Written(relation=relation, columns=columns or {}, every=columns is not None))


def _is_cte(table: Table, scope: Scope) -> bool:
    """Whether a common table expression is changed, which only T-SQL can: the rows of the table behind it are."""
    changes = scope.names.dialect in ("fabric", "tsql", None)
    return changes and not table.db and table.this.key == "identifier" and scope.names.key(table.this) in scope.ctes


def _change_cte(relation: Relation, running: Running) -> None:
    if len(relation.datasets) != 1 or not relation.complete:
        running.gap("outputs", "sql", "which table is changed behind a common table expression isn't understood")
        return
    (dataset,) = relation.datasets
    sources = frozenset(running.inputs - {dataset})
    running.add(Effect(dataset=dataset, sources=sources, all_columns=False))


def _table(node: Expr | None, running: Running) -> Table | None:
    from sqlglot import exp

    if isinstance(node, exp.Table):
        return node
    running.gap("outputs", "sql", "what is changed isn't a table's name")
    return None


def _where(tree: Expr, scope: Scope, running: Running) -> Influences:
    where = tree.args.get("where")
    return [all_known([where.this], scope, running.binder, "FILTER")] if where is not None else []


def _again(table: Table, others: Sequence[Expr], running: Running) -> Table | None:
    """The table in FROM that is the changed one: by its alias, or by the same name."""
    from sqlglot import exp

    if table.args.get("alias") is not None:
        return None
    inside = [item for other in others for item in (other, *(join.this for join in other.args.get("joins") or []))]
    tables = [item for item in inside if isinstance(item, exp.Table)]
    names = running.names
    aliased = [item for item in tables if item.alias and not table.db]
    for item in aliased:
        if names.key(item.args["alias"].this) == names.key(table.this):
            return item
    same = [item for item in tables if names.path(item) == names.path(table)]
    return same[0] if len(same) == 1 else None


def _sources(table: Table, named: Table | None, others: Sequence[Expr], scope: Scope, running: Running) -> Influences:
    """Fill a scope with the changed table and the others; what their joins depend on is returned."""
    found: Influences = []
    running.binder.seen.add(id(table))
    if named is None:
        scope.sources.append(own_source(table, running))
        found += _joins(table, None, scope, running)
    for other in others:
        if other is named or (named is not None and _holds(other, named)):
            found += _with_own(other, named, scope, running)
        else:
            found += add_source(other, scope, running.binder)
    return found


def _holds(other: Expr, named: Table) -> bool:
    return any(join.this is named for join in other.args.get("joins") or [])


def _with_own(other: Expr, named: Table | None, scope: Scope, running: Running) -> Influences:
    """Add a table and its joins, of which one is the table that is changed."""
    from sqlglot import exp

    if other is named and isinstance(other, exp.Table):
        running.binder.seen.add(id(other))
        scope.sources.append(own_source(other, running))
        return _joins(other, None, scope, running)
    joins = other.args.get("joins")
    other.set("joins", None)
    try:
        found = add_source(other, scope, running.binder)
    finally:
        other.set("joins", joins)
    return [*found, *_joins(other, named, scope, running)]


def _joins(node: Expr, named: Table | None, scope: Scope, running: Running) -> Influences:
    found: Influences = []
    for join in node.args.get("joins") or []:
        if named is None or join.this is not named:
            found += running.binder.join(join, scope)
            continue
        running.binder.seen.add(id(named))
        scope.sources.append(own_source(named, running))
        on = join.args.get("on")
        found.append(all_known([on] if on is not None else [], scope, running.binder, "JOIN"))
        if join.args.get("using") or join.args.get("method"):
            scope.doubtful = True
            found.append((NONE, False))
    return found


def _assignments(items: Iterable[Expr], scope: Scope, running: Running) -> Columns | None:
    """``SET a = x, (b, c) = (SELECT ...)``; ``None`` where a column's name isn't known.

    Raises ``_ForeignError``.
    """
    from sqlglot import exp

    columns: Columns = {}
    known = True
    for item in items:
        if not isinstance(item, exp.EQ):
            known = False
            continue
        left = item.this.expressions if isinstance(item.this, exp.Tuple) else [item.this]
        right = _values(item.expression, len(left), scope, running)
        for column, found in zip(left, right, strict=True):
            name = _own_column(column, scope, running)
            known = known and name is not None
            if name is not None:
                columns[name] = united((columns.get(name, NONE), found))
    return columns if known else None


def _own_column(column: Expr, scope: Scope, running: Running) -> str | None:
    """The column of the changed table that is set; ``None``: a field, or not known. Raises ``_ForeignError``."""
    from sqlglot import exp

    identifiers = list(column.parts) if isinstance(column, exp.Column) else [column]
    if not all(item.key == "identifier" and running.names.certain(item) for item in identifiers):
        return None
    if len(identifiers) == 1:
        if running.names.dialect in ("mysql", None) and sum(not source.hidden for source in scope.sources) > 1:
            raise _ForeignError
        return running.names.folded(identifiers[0])
    key = running.names.key(identifiers[0])
    owner = next((source for source in scope.sources if source.key == key), None)
    if owner is None or len(identifiers) > 2:
        return None
    if not owner.own:
        raise _ForeignError
    return running.names.folded(identifiers[-1])


def _values(node: Expr, count: int, scope: Scope, running: Running) -> list[Origins | None]:
    from sqlglot import exp

    if count == 1:
        return [origins(node, scope, running.binder)]
    if isinstance(node, exp.Tuple) and len(node.expressions) == count:
        return [origins(item, scope, running.binder) for item in node.expressions]
    if isinstance(node, exp.Query):
        relation = running.binder.query(node, scope, scope.ctes)
        if relation.closed and len(relation.columns) == count and relation.certain:
            return [united((column.origins, relation.influences)) for column in relation.columns]
        return [None] * count
    origins(node, scope, running.binder)  # for what its subqueries read
    return [None] * count


def merge(tree: Expr, statement: Statement, running: Running) -> None:
    """MERGE: each WHEN with its own condition and columns."""
    scope = running.binder.scope(None, running.binder.with_ctes(tree, None, running.outer_ctes))
    table = _table(tree.this, running)
    if table is None:
        running.seen(tree)
        return
    running.binder.seen.add(id(table))
    scope.sources.append(own_source(table, running))
    influences = add_source(tree.args["using"], scope, running.binder)
    conditions = [tree.args.get("on"), *(when.args.get("condition") for when in tree.args["whens"].expressions)]
    for condition in conditions:
        subtype: IndirectSubtype = "JOIN" if condition is conditions[0] else "FILTER"
        if condition:
            influences.append(all_known([condition], scope, running.binder, subtype))
    _change(table, scope, influences, _merged(tree.args["whens"].expressions, scope, running), running)


def _merged(whens: Iterable[Expr], scope: Scope, running: Running) -> Columns | None:
    """The columns that all the WHENs fill; ``None``: not known."""
    columns: Columns = {}
    known = True
    for when in whens:
        filled = _one_when(when.args.get("then"), scope, running)
        known = known and filled is not None
        for name, found in (filled or {}).items():
            columns[name] = united((columns.get(name, NONE), found))
    return columns if known else None


def _one_when(then: Expr | None, scope: Scope, running: Running) -> Columns | None:
    from sqlglot import exp

    if isinstance(then, exp.Update):
        try:
            return _assignments(then.expressions, scope, running) if then.expressions else None
        except _ForeignError:
            return None
    if not isinstance(then, exp.Insert):
        return {}  # DELETE, DO NOTHING
    source = replace(scope, sources=[item for item in scope.sources if not item.own])
    values = then.args.get("expression")
    columns = then.this.expressions if isinstance(then.this, exp.Tuple) else None
    if columns is None or not isinstance(values, exp.Tuple) or len(values.expressions) != len(columns):
        return None
    names = [_own_column(column, replace(scope, sources=scope.sources[:1]), running) for column in columns]
    filled = [origins(value, source, running.binder) for value in values.expressions]
    if None in names:
        return None
    return {name: found for name, found in zip(names, filled, strict=True) if name is not None}
