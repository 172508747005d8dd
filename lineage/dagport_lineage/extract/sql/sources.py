"""What can stand in FROM and JOIN: tables, queries, values, functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport_lineage.extract.sql.expressions import origins
from dagport_lineage.extract.sql.relations import (
    NONE,
    UNKNOWN,
    Origins,
    OutputColumn,
    Relation,
    direct,
    indirect,
    known,
    through,
    united,
)
from dagport_lineage.extract.sql.scopes import Scope, Source
from dagport_lineage.model import DatasetName

if TYPE_CHECKING:
    from sqlglot.expressions import Expr, Table

    from dagport_lineage.extract.sql.binding import Binder

Influences = list[tuple[Origins, bool]]

# Table functions that compute from their arguments and read nothing else.
_PURE = {
    "explode", "explode_outer", "explodeouter", "explodinggenerateseries", "flatten", "generate_date_array",
    "generate_series", "generate_subscripts", "generate_timestamp_array", "generatedatearray", "generateseries",
    "generatetimestamparray", "generator", "inline", "inline_outer", "json_array_elements",
    "json_array_elements_text", "json_each", "json_each_text", "json_object_keys", "json_populate_record",
    "json_populate_recordset", "json_table", "json_to_record", "json_to_recordset", "json_tree", "json_tuple",
    "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_each", "jsonb_each_text", "jsonb_object_keys",
    "jsonb_to_record", "jsonb_to_recordset", "jsontable", "numbers", "numbers_mt", "openjson", "parse_url_tuple",
    "posexplode", "posexplode_outer", "posexplodeouter", "range", "regexp_matches", "regexp_split_to_table",
    "sequence", "split_to_table", "splittotable", "stack", "string_split", "string_to_table",
    "strtok_split_to_table", "unnest", "values", "xmltable", "zeros",
}  # fmt: skip
_READS_FILES = {"read_csv", "readcsv", "read_csv_auto", "read_json", "read_json_auto", "read_parquet", "readparquet"}
# What Snowflake's FLATTEN yields.
_FLATTENED = ("SEQ", "KEY", "PATH", "INDEX", "VALUE", "THIS")


def add_source(node: Expr, scope: Scope, binder: Binder) -> Influences:
    """Add what stands in FROM to a scope; what its joins depend on is returned."""
    from sqlglot import exp

    if isinstance(node, exp.Table):
        return _table(node, scope, binder)
    if isinstance(node, exp.Subquery):
        return _subquery(node, scope, binder)
    if isinstance(node, exp.Final | exp.Stream):
        return [*add_source(node.this, scope, binder), *_inner_joins(node, scope, binder)]
    if isinstance(node, exp.Values):
        _add(node, _values(node, scope, binder), scope, binder)
    elif isinstance(node, exp.Unnest):
        _add(node, _unnest(node, node.args.get("alias"), scope, binder), scope, binder)
    elif isinstance(node, exp.Lateral):
        _lateral(node, scope, binder)
    elif isinstance(node, exp.TableFromRows):
        _add(node, _function(node.this, node, scope, binder), scope, binder)
    elif isinstance(node, exp.Query):
        _add(node, binder.query(node, scope.outer, scope.ctes), scope, binder)
    else:
        _add(node, UNKNOWN, scope, binder)
        binder.script.gap("inputs", "sql", f"what stands in FROM as {node.key} isn't followed")
    return _inner_joins(node, scope, binder)


def _inner_joins(node: Expr, scope: Scope, binder: Binder) -> Influences:
    found: Influences = []
    for lateral in node.args.get("laterals") or []:
        found += add_source(lateral, scope, binder)
    for join in node.args.get("joins") or []:
        found += binder.join(join, scope)
    return found


def _add(node: Expr, relation: Relation, scope: Scope, binder: Binder) -> None:
    from sqlglot import exp

    from dagport_lineage.extract.sql.binding import pivoted, renamed

    alias = node.args.get("alias")
    alias = alias if isinstance(alias, exp.TableAlias) else None
    identifier = alias.this if alias is not None else None
    if node.args.get("pivots"):
        relation = pivoted(relation)
    key = binder.names.key(identifier) if identifier is not None else ""
    _doubt_template(identifier, scope, binder)
    scope.sources.append(Source(key, renamed(relation, alias, binder.names)))


def _doubt_template(identifier: Expr | None, scope: Scope, binder: Binder) -> None:
    """A template in the place of an alias may be a whole clause."""
    masked = binder.names.masked
    if identifier is not None and masked.is_mask(identifier.name):
        text = masked.unmasked(identifier.name)
        binder.script.gap(
            "inputs", "template", f"`{text}`, which stands for part of a statement, is known in a run only"
        )
        scope.doubtful = True


def _table(node: Table, scope: Scope, binder: Binder) -> Influences:
    from sqlglot import exp

    from dagport_lineage.extract.sql.binding import pivoted, renamed

    names = binder.names
    binder.seen.add(id(node))
    if isinstance(node.this, exp.Func):
        _add(node, _function(node.this, node, scope, binder), scope, binder)
        return _inner_joins(node, scope, binder)
    alias = node.args.get("alias")
    if _is_array(node, scope):
        _add(node, Relation(certain=False), scope, binder)
        return _inner_joins(node, scope, binder)
    relation, base = _named(node, scope, binder)
    if node.args.get("pivots"):
        relation, base = pivoted(relation), None
    identifier = alias.this if alias is not None else None
    _doubt_template(identifier, scope, binder)
    if identifier is not None:
        scope.sources.append(Source(names.key(identifier), renamed(relation, alias, names), base=base))
    else:
        path = tuple(names.key(part) for part in node.parts if part.key == "identifier" and part.name)
        scope.sources.append(Source(path[-1] if path else "", renamed(relation, alias, names), path, base))
    return _inner_joins(node, scope, binder)


# Dialects where ``FROM t, t.items`` unfolds a column of ``t``.
_UNFOLDS = {"bigquery", "hive", "redshift", None}


def _is_array(node: Table, scope: Scope) -> bool:
    """Whether a name with dots is a column of a source before it, not a table."""
    if scope.names.dialect not in _UNFOLDS or not node.db:
        return False
    first = scope.names.key(next(part for part in node.parts if part.key == "identifier"))
    return any(
        source.key == first or source.relation.named(first) for level in scope.levels() for source in level.sources
    )


def _named(node: Table, scope: Scope, binder: Binder) -> tuple[Relation, DatasetName | None]:
    """The relation of a table's name: a common table expression, or what the script knows."""
    if not node.db and node.this.key == "identifier" and not node.this.args.get("temporary"):
        key = binder.names.key(node.this)
        if key in scope.ctes:
            return scope.ctes[key], None
    return binder.script.table(node)


def _subquery(node: Expr, scope: Scope, binder: Binder) -> Influences:
    from sqlglot import exp

    if isinstance(node.this, exp.Query) and not isinstance(node.this, exp.Table):
        _add(node, binder.query(_without_alias(node), scope.outer, scope.ctes), scope, binder)
        return _inner_joins(node, scope, binder)
    if node.args.get("alias") is None and not node.args.get("pivots"):
        return [*add_source(node.this, scope, binder), *_inner_joins(node, scope, binder)]
    inner = binder.scope(scope.outer, scope.ctes)
    found = add_source(node.this, inner, binder)
    datasets = frozenset(name for source in inner.sources for name in source.relation.datasets)
    complete = all(source.relation.complete for source in inner.sources)
    influences = known(source.relation.influences for source in inner.sources)
    _add(node, Relation((), datasets=datasets, complete=complete, influences=influences, certain=False), scope, binder)
    return [*found, *_inner_joins(node, scope, binder)]


def _without_alias(node: Expr) -> Expr:
    """The query in parentheses; a PIVOT behind it is applied with the alias."""
    return node if node.args.get("with_") or node.args.get("order") else node.this


def _values(node: Expr, scope: Scope, binder: Binder) -> Relation:
    rows = [list(row.expressions) if row.key == "tuple" else [row] for row in node.expressions]
    if not rows or len({len(row) for row in rows}) != 1:
        return Relation((), certain=False)
    columns = tuple(
        OutputColumn(None, None, united([origins(value, scope, binder) for value in column]))
        for column in zip(*rows, strict=True)
    )
    return Relation(columns, closed=True, leading=len(columns))


def _unnest(node: Expr, alias: Expr | None, scope: Scope, binder: Binder) -> Relation:
    parts = [through(direct("TRANSFORMATION"), origins(item, scope, binder)) for item in node.expressions]
    every = united(parts)
    influences = known(through(indirect("FILTER"), part) for part in parts)
    names = alias.args.get("columns") if alias is not None else None
    if binder.names.dialect in ("bigquery", None) or not names or node.args.get("offset"):
        return Relation((), influences=NONE, certain=False)
    count = len(names)
    own = parts if len(parts) == count else [every] * count
    columns = tuple(OutputColumn(None, None, part) for part in own)
    return Relation(columns, closed=True, leading=count, influences=influences, certain=every is not None)


def _lateral(node: Expr, scope: Scope, binder: Binder) -> None:
    from sqlglot import exp

    inner = node.this
    if isinstance(inner, exp.Subquery) and isinstance(inner.this, exp.Query):
        _add(node, binder.query(inner.this, scope, scope.ctes), scope, binder)
    elif isinstance(inner, exp.Query):
        _add(node, binder.query(inner, scope, scope.ctes), scope, binder)
    elif isinstance(inner, exp.Unnest):
        _add(node, _unnest(inner, node.args.get("alias"), scope, binder), scope, binder)
    else:
        _add(node, _function(inner, node, scope, binder), scope, binder)


def _function(call: Expr, node: Expr, scope: Scope, binder: Binder) -> Relation:
    """A table function: its columns come from its arguments, if it reads nothing else."""
    from sqlglot import exp

    name = (call.name if isinstance(call, exp.Anonymous) else call.key).lower()
    arguments = [through(direct("TRANSFORMATION"), origins(item, scope, binder)) for item in call.iter_expressions()]
    if name in _READS_FILES and binder.names.dialect == "duckdb":
        return _files(call, binder)
    if name not in _PURE:
        shown = (
            call.name if isinstance(call, exp.Anonymous) else call.sql_name() if isinstance(call, exp.Func) else name
        )
        binder.script.gap("inputs", "sql", f"what the table function `{shown}` reads isn't in the text")
        binder.seen.update(id(table) for table in call.find_all(exp.Table))
        return UNKNOWN
    every = united(arguments)
    alias = node.args.get("alias")
    count = len(alias.args.get("columns") or []) if alias is not None else 0
    influences = known(through(indirect("FILTER"), part) for part in arguments)
    if binder.names.dialect == "snowflake" and isinstance(call, exp.Explode):
        columns = tuple(OutputColumn(text, text, every) for text in _FLATTENED)
    elif count:
        columns = tuple(OutputColumn(None, None, every) for _ in range(count))
    else:
        return Relation((), influences=influences, certain=False)
    return Relation(columns, closed=True, leading=len(columns), influences=influences, certain=every is not None)


def _files(call: Expr, binder: Binder) -> Relation:
    """DuckDB's ``read_parquet('s3://...')``."""
    from sqlglot import exp

    literals = list(call.find_all(exp.Literal))
    texts = [literal.name for literal in literals if literal.is_string and "://" in literal.name]
    first = next(iter(call.iter_expressions()), None)
    if (
        not texts
        or not isinstance(first, exp.Literal | exp.Array)
        or len(texts) != len(list(first.find_all(exp.Literal)))
    ):
        binder.script.gap("inputs", "sql", "which files are read isn't in the text")
        return UNKNOWN
    for text in texts:
        binder.script.location(text, "inputs")
    return Relation(certain=False)


def add_using(join: Expr, scope: Scope, before: int) -> tuple[Origins, bool]:
    """USING: the columns are one on both sides from here on."""
    side = str(join.args.get("side") or "").upper()
    found: list[Origins | None] = []
    for identifier in join.args["using"]:
        item = identifier.this if identifier.key == "column" else identifier
        key, shown = scope.names.key(item), scope.names.folded(item)
        left = _on_side(scope.sources[:before], key, shown, scope)
        right = _on_side(scope.sources[before:], key, shown, scope)
        found += [through(indirect("JOIN"), left), through(indirect("JOIN"), right)]
        taken = right if side == "RIGHT" else united((left, right)) if side == "FULL" else left
        scope.merged[key] = through(direct("TRANSFORMATION"), taken) if side == "FULL" else taken
    return known(found), None not in found


def _on_side(sources: list[Source], key: str, shown: str, scope: Scope) -> Origins | None:
    """A column of USING on one side of the join."""
    if key in scope.merged and sources and sources[0] in scope.sources[:1]:
        return scope.merged[key]
    holders = [source for source in sources if source.relation.named(key)]
    opened = [source for source in sources if not source.relation.closed and source not in holders]
    candidates = holders or opened
    if len(candidates) != 1 or (holders and opened):
        return None
    column = scope.of_source(candidates[0], key, shown)
    return column.origins if column is not None else None
