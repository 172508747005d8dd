"""The select list: which columns a query yields, and what each comes from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dagport_lineage.extract.sql.expressions import is_masked_number, origins
from dagport_lineage.extract.sql.parsing import quiet
from dagport_lineage.extract.sql.relations import OutputColumn, Relation
from dagport_lineage.extract.sql.scopes import Scope, Source
from dagport_lineage.model import DatasetName

if TYPE_CHECKING:
    from sqlglot.expressions import Expr, Select

    from dagport_lineage.extract.sql.binding import Binder

# Dialects that take the first of two columns of one name; elsewhere that is an error.
_TAKE_FIRST = {"clickhouse", "duckdb", "sqlite", None}


@dataclass(slots=True)
class _List:
    """A select list as far as it was read."""

    columns: list[OutputColumn] = field(default_factory=list)
    leading: int | None = None  # how many stood before the first thing of unknown width
    rest: list[DatasetName | None] = field(default_factory=list)  # what the things of unknown width are

    def open(self, rest: DatasetName | None) -> None:
        if self.leading is None:
            self.leading = len(self.columns)
        self.rest.append(rest)


def projected(node: Select, scope: Scope, binder: Binder, *, lateral: bool) -> Relation:
    """The columns of a query; ``lateral``: items may use the aliases of those before them."""
    done = _List()
    for item in node.expressions:
        _item(item, done, scope, binder)
        if lateral and done.columns and done.columns[-1].key and item.key == "alias":
            scope.aliases[done.columns[-1].key] = done.columns[-1]
    scope.aliases = {}
    rest = done.rest[0] if len(done.rest) == 1 else None
    closed = done.leading is None and not binder.doubtful
    if not closed and binder.names.dialect in _TAKE_FIRST:
        done.columns = [replace(column, origins=None) for column in done.columns]
    leading = len(done.columns) if done.leading is None else done.leading
    return Relation(tuple(done.columns), closed, rest, 0 if binder.doubtful else leading)


def _item(item: Expr, done: _List, scope: Scope, binder: Binder) -> None:
    from sqlglot import exp

    if isinstance(item, exp.Star):
        _star(item, [source for source in scope.sources if not source.hidden], done, scope, binder)
    elif isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
        key = binder.names.key(item.args["table"]) if item.args.get("table") is not None else ""
        own = [source for source in scope.sources if source.key == key]
        if own and not item.args.get("db"):
            _star(item.this, own, done, scope, binder)
        else:
            done.open(None)
    elif _of_unknown_width(item, binder):
        done.open(None)
    else:
        done.columns.append(_column(item, scope, binder))


def _of_unknown_width(item: Expr, binder: Binder) -> bool:
    """A template that may be several columns, ``COLUMNS(...)``, or ``(row).*``."""
    from sqlglot import exp

    masked = binder.names.masked
    if isinstance(item, exp.Alias):
        return masked.is_mask(item.alias) or _of_unknown_width(item.this, binder)
    if isinstance(item, exp.Column) and len(item.parts) == 1:
        return masked.is_mask(item.name)
    if isinstance(item, exp.Aliases | exp.Columns):
        return True
    if isinstance(item, exp.Literal):
        return is_masked_number(item)
    return bool(item.find(exp.Columns)) or (isinstance(item, exp.Dot) and isinstance(item.expression, exp.Star))


def _column(item: Expr, scope: Scope, binder: Binder) -> OutputColumn:
    from sqlglot import exp

    value = item.this if isinstance(item, exp.Alias) else item
    found = origins(value, scope, binder)
    identifier = item.args.get("alias") if isinstance(item, exp.Alias) else _own_name(value)
    if identifier is None or not hasattr(identifier, "name") or not binder.names.certain(identifier):
        return OutputColumn(None, None, found, _type(value, scope, binder))
    names = binder.names
    return OutputColumn(names.folded(identifier), names.key(identifier), found, _type(value, scope, binder))


def _own_name(value: Expr) -> Expr | None:
    """The name of a column without an alias; what engines call other expressions differs."""
    from sqlglot import exp

    return value.this if isinstance(value, exp.Column) and value.this.key == "identifier" else None


def _type(value: Expr, scope: Scope, binder: Binder) -> str | None:
    from sqlglot import exp

    if isinstance(value, exp.Cast):
        return type_text(value.args["to"], binder.names.dialect)
    if isinstance(value, exp.Column):
        found = scope.resolve(value)
        return found.type if found is not None else None
    return None


def type_text(node: Expr, dialect: str | None) -> str:
    """A type as the dialect writes it."""
    with quiet():
        return node.sql(dialect=dialect)


def _star(star: Expr, sources: list[Source], done: _List, scope: Scope, binder: Binder) -> None:
    """``*`` or ``t.*``: all columns where they are known."""
    names = binder.names
    gone = {names.key(item.this if item.key == "column" else item) for item in star.args.get("except_") or []}
    replaced = {names.key(item.args["alias"]): item.this for item in star.args.get("replace") or []}
    others = star.args.get("rename") or star.args.get("ilike")
    known = all(source.relation.closed for source in sources) and sources
    if known and not scope.merged and not scope.doubtful and not others:
        for source in sources:
            for column in source.relation.columns:
                if column.key in gone:
                    continue
                if source.base is not None and column.name is not None:
                    scope.used(source.base, column.name)
                value = replaced.get(column.key or "")
                done.columns.append(
                    column if value is None else OutputColumn(column.name, column.key, origins(value, scope, binder))
                )
        return
    only = sources[0].relation if len(sources) == 1 else None
    plain = only is not None and not (gone or replaced or others or scope.merged or scope.doubtful)
    if only is None or not plain:
        done.open(None)
        return
    done.open(only.rest)
    done.columns += only.columns
