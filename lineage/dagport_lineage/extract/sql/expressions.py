"""Which columns an expression comes from, and how."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from dagport_lineage.extract.sql.parsing import NUMBER
from dagport_lineage.extract.sql.relations import NONE, Origins, direct, indirect, known, through, united
from dagport_lineage.model import IndirectSubtype

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

    from dagport_lineage.extract.sql.binding import Binder
    from dagport_lineage.extract.sql.scopes import Scope

# Functions whose result hides the value: those that OpenLineage's own integration for Spark marks, in all dialects.
_MASKING = {
    "crc32", "farm_fingerprint", "farmfingerprint", "hash", "hashbytes", "mask", "md5", "md5digest",
    "md5numberlower64", "md5numberupper64", "murmur3hash", "murmurhash3", "ora_hash", "sha", "sha1", "sha1digest",
    "sha2", "sha224", "sha256", "sha2digest", "sha384", "sha512", "standard_hash", "standardhash", "xx_hash64",
    "xxhash64",
}  # fmt: skip
_UNITS = {
    "century", "d", "date", "day", "dayofweek", "dayofyear", "days", "dd", "decade", "dow", "doy", "dw", "dy",
    "epoch", "hh", "hour", "hours", "isoweek", "isoyear", "m", "mcs", "mi", "microsecond", "microseconds",
    "millennium", "millisecond", "milliseconds", "minute", "minutes", "mm", "month", "months", "ms", "n",
    "nanosecond", "nanoseconds", "ns", "q", "qq", "quarter", "s", "second", "seconds", "ss", "time", "week",
    "weekday", "weeks", "wk", "ww", "y", "year", "years", "yy", "yyyy",
}  # fmt: skip
_AGGREGATES = {
    "bit_and", "bit_or", "bit_xor", "bool_and", "bool_or", "checksum_agg", "collect_list", "collect_set", "every",
    "group_concat", "hll", "json_agg", "json_arrayagg", "json_object_agg", "jsonb_agg", "jsonb_object_agg", "list",
    "listagg", "regr_avgx", "regr_avgy", "regr_count", "regr_intercept", "regr_r2", "regr_slope", "string_agg",
    "wm_concat", "xmlagg",
}  # fmt: skip
_OF_TIME = re.compile("date|time|trunc|diff|add|sub|part|extract|interval|day|month|bucket|period")
# Window functions that take the value of one row.
_OF_ONE_ROW = {"firstvalue", "lag", "lastvalue", "lead", "nthvalue"}


def origins(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    """The columns that an expression comes from; ``None`` where that isn't known."""
    from sqlglot import exp

    handler = _HANDLERS.get(node.key)
    if handler is not None:
        return handler(node, scope, binder)
    if isinstance(node, exp.Query):
        return _query(node, scope, binder)
    if isinstance(node, exp.AggFunc) and node.key not in _OF_ONE_ROW:
        return _aggregate(node, scope, binder)
    return _function(node, scope, binder)


def all_known(nodes: Iterable[Expr], scope: Scope, binder: Binder, subtype: IndirectSubtype) -> tuple[Origins, bool]:
    """The columns of conditions that are known, each part of them by itself; and whether those are all."""
    found: list[Origins | None] = []
    certain = True
    for node in nodes:
        for part in _conjuncts(node):
            whole = origins(part, scope, binder)
            certain = certain and whole is not None
            parts = [whole] if whole is not None else _known_columns(part, scope)
            found += [through(indirect(subtype), item) for item in parts]
    return known(found), certain


def _conjuncts(node: Expr) -> Iterable[Expr]:
    from sqlglot import exp

    if isinstance(node, exp.Paren):
        return _conjuncts(node.this)
    if isinstance(node, exp.And | exp.Or):
        return node.flatten()
    return [node]


def _known_columns(node: Expr, scope: Scope) -> list[Origins | None]:
    """The columns of an expression that isn't known as a whole, without those of its subqueries and lambdas."""
    from sqlglot import exp

    if isinstance(node, exp.Query | exp.Lambda):
        return []
    if isinstance(node, exp.Column):
        if _is_unit(node):
            return []
        found = scope.resolve(node)
        return [found.origins if found else None]
    return [item for child in node.iter_expressions() for item in _known_columns(child, scope)]


def _children(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    return united([origins(child, scope, binder) for child in node.iter_expressions()])


def _same(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    return origins(node.this, scope, binder)


def _none(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    return None if binder.masked(node) else NONE


def _unknown(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    _children(node, scope, binder)  # for what subqueries read
    return None


def _literal(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    """A constant; a number may be a mask, a text with one in it is still a text."""
    return None if is_masked_number(node) else NONE


def is_masked_number(node: Expr) -> bool:
    """Whether a number stands for a template."""
    text = str(node.this)
    return not node.args.get("is_string") and len(text) == len(str(NUMBER)) and text.startswith(str(NUMBER)[:8])


def _variable(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    """A variable of the session, or of the script: a constant only where no statement before may have set it."""
    is_column = binder.names.dialect == "snowflake" and node.name.isdecimal()  # $1: the first column
    return None if binder.variables or is_column or binder.masked(node) else NONE


def _column(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    from sqlglot import exp

    if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star) or _is_unit(node):
        return None
    found = scope.resolve(node)
    binder.step(1 + len(found.origins or ()) if found is not None else 1)
    return found.origins if found is not None else None


def _is_unit(node: Expr) -> bool:
    """Whether a name may be a part of a date: ``day`` in ``date_add(day, 1, x)``."""
    from sqlglot import exp

    parent = node.parent
    if not isinstance(node, exp.Column) or len(node.parts) != 1 or node.name.lower() not in _UNITS:
        return False
    if not isinstance(parent, exp.Func) or parent.args.get("unit") is not None or node.this.args.get("quoted"):
        return False
    return isinstance(parent, exp.Anonymous) or _OF_TIME.search(parent.key) is not None


def _function(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    name = (node.name if node.key in ("anonymous", "anonymousaggfunc") else node.key).lower()
    if binder.masked(node):
        _children(node, scope, binder)
        return None
    if name in _AGGREGATES:
        return through(direct("AGGREGATION"), _children(node, scope, binder))
    return through(direct("TRANSFORMATION", masking=name in _MASKING), _children(node, scope, binder))


def _aggregate(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    from sqlglot import exp

    if isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
        return NONE
    counts = isinstance(node, exp.Count | exp.CountIf | exp.ApproxDistinct)
    return through(direct("AGGREGATION", masking=counts), _children(node, scope, binder))


def _case(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    operand = [node.this] if node.this is not None else []
    branches = node.args.get("ifs") or []
    conditions = [*operand, *(branch.this for branch in branches)]
    values = [branch.args.get("true") for branch in branches] + [node.args.get("default")]
    return _chosen(conditions, [value for value in values if value is not None], scope, binder)


def _if(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    values = [node.args.get("true"), node.args.get("false")]
    return _chosen([node.this], [value for value in values if value is not None], scope, binder)


def _chosen(conditions: list[Expr], values: list[Expr], scope: Scope, binder: Binder) -> Origins | None:
    chosen = [through(indirect("CONDITIONAL"), origins(node, scope, binder)) for node in conditions]
    return united([*chosen, *(through(direct("TRANSFORMATION"), origins(node, scope, binder)) for node in values)])


def _filter(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    condition = node.args["expression"]
    return united(
        (
            origins(node.this, scope, binder),
            through(indirect("CONDITIONAL"), origins(condition.this, scope, binder)),
        )
    )


def _window(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    value = through(direct("TRANSFORMATION"), origins(node.this, scope, binder))
    name = node.args.get("alias")
    named = scope.windows.get(name.name.lower()) if name is not None else None
    if name is not None and named is None:
        return None
    parts = _window_parts(node) + (_window_parts(named) if named is not None else [])
    base = named.args.get("alias") if named is not None else None
    if base is not None:
        return None
    return united([value, *(through(indirect("WINDOW"), origins(part, scope, binder)) for part in parts)])


def _window_parts(node: Expr) -> list[Expr]:
    order = node.args.get("order")
    return [*(node.args.get("partition_by") or []), *(order.expressions if order is not None else [])]


def _within_group(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    """``WITHIN GROUP (ORDER BY x)``: x is the value of a percentile, and the order of a list."""
    from sqlglot import exp

    order = node.args["expression"]
    value = origins(node.this, scope, binder)
    keys = united([origins(item, scope, binder) for item in order.expressions])
    how = (
        direct("AGGREGATION")
        if isinstance(node.this, exp.PercentileCont | exp.PercentileDisc | exp.Mode)
        else indirect("SORT")
    )
    return united((value, through(how, keys)))


def _order(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    """``array_agg(x ORDER BY y)``."""
    keys = united([origins(item, scope, binder) for item in node.expressions])
    value = origins(node.this, scope, binder) if node.this is not None else NONE
    return united((value, through(indirect("SORT"), keys)))


def _lambda(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    names = {scope.names.key(item) for item in node.expressions if item.key == "identifier"} - scope.bound
    scope.bound |= names
    try:
        return origins(node.this, scope, binder)
    finally:
        scope.bound -= names


def _kwarg(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    return origins(node.args["expression"], scope, binder)


def _query(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    """A subquery in an expression: its columns, and what decides over its rows."""
    relation = binder.query(node, scope, scope.ctes)
    if not relation.closed or not relation.certain:
        return None
    return united([relation.influences, *(column.origins for column in relation.columns)])


def _subquery(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    return _query(node, scope, binder)


def _exists(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    from sqlglot import exp

    if not isinstance(node.this, exp.Query):
        return _function(node, scope, binder)
    relation = binder.query(node.this, scope, scope.ctes)
    return relation.influences if relation.certain else None


def _in(node: Expr, scope: Scope, binder: Binder) -> Origins | None:
    parts = [origins(child, scope, binder) for child in node.iter_expressions()]
    return through(direct("TRANSFORMATION"), united(parts))


Handler = Callable[["Expr", "Scope", "Binder"], Origins | None]
_HANDLERS: dict[str, Handler] = {
    "alias": _same,
    "array": _function,
    "boolean": _none,
    "case": _case,
    "column": _column,
    "columns": _unknown,
    "datatype": _none,
    "exists": _exists,
    "filter": _filter,
    "identifier": _none,
    "if": _if,
    "in": _in,
    "kwarg": _kwarg,
    "lambda": _lambda,
    "literal": _literal,
    "null": _none,
    "order": _order,
    "ordered": _same,
    "parameter": _variable,
    "paren": _same,
    "placeholder": _none,
    "propertyeq": _kwarg,
    "sessionparameter": _variable,
    "star": _unknown,
    "subquery": _subquery,
    "table": _unknown,
    "var": _none,
    "window": _window,
    "withingroup": _within_group,
}
