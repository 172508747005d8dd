"""What queries yield and read: each name is bound to the columns of datasets that it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from dagport_lineage.extract.sql.expressions import all_known
from dagport_lineage.extract.sql.names import NO_LATERAL_ALIASES, Names
from dagport_lineage.extract.sql.projections import projected
from dagport_lineage.extract.sql.relations import (
    NONE,
    SCALAR,
    UNKNOWN,
    Origins,
    OutputColumn,
    Relation,
    combined,
    indirect,
    known,
    through,
)
from dagport_lineage.extract.sql.scopes import Scope
from dagport_lineage.extract.sql.sources import add_source, add_using
from dagport_lineage.model import DatasetName, GapReason, IndirectSubtype, Side

if TYPE_CHECKING:
    from sqlglot.expressions import CTE, Expr, Select, SetOperation, Table

# Dialects where a common table expression may mean itself without RECURSIVE.
_SELF_REFERENCE = {"oracle", "snowflake", "sqlite", "tsql", "teradata", None}
# Dialects where WHERE may use the aliases of the select list.
_NO_ALIASES_IN_WHERE = (NO_LATERAL_ALIASES - {"sqlite"}) | {"spark", "spark2", "databricks"}
_MOST_ROUNDS = 12  # of a recursive query


MOST_STEPS = 1_000_000


class TooMuchError(Exception):
    """A text takes more steps than are taken."""


class Script(Protocol):
    """What a query asks of the statements around it."""

    steps: int  # so far

    def table(self, table: Table) -> tuple[Relation, DatasetName | None]:
        """What a table has, and which dataset it is, if it is one; notes that it is read."""

    def used(self, dataset: DatasetName, column: str) -> None:
        """Note that a column is read."""

    def gap(self, side: Side, reason: GapReason, message: str) -> None:
        """Note what isn't known."""

    def location(self, uri: str, side: Side) -> None:
        """Note a file that is read or written."""

    def within(self, node: Expr, ctes: Mapping[str, Relation]) -> Relation:
        """Do a statement that stands in a query, and say what it returns."""


@dataclass(slots=True)
class Binder:
    """Binds the queries of one statement."""

    names: Names
    script: Script
    variables: bool = False  # statements of this text give values to variables
    declared: frozenset[str] = frozenset()  # names of variables that look like columns
    doubtful: bool = False  # a template that stands for a clause was left out
    seen: set[int] = field(default_factory=set)  # tables that were bound, by id

    def masked(self, node: Expr) -> bool:
        """Whether a node's own name has a template in it."""
        name = node.args.get("this")
        return isinstance(name, str) and bool(self.names.masked.masks(name))

    def step(self, count: int) -> None:
        """Count steps. Raises ``TooMuchError``."""
        self.script.steps += count
        if self.script.steps > MOST_STEPS:
            raise TooMuchError

    def scope(self, outer: Scope | None, ctes: Mapping[str, Relation]) -> Scope:
        """An empty scope."""
        values = {key for key, relation in ctes.items() if relation is SCALAR}
        return Scope(self.names, self.script.used, outer, ctes, doubtful=self.doubtful, bound=values | self.declared)

    def query(self, node: Expr, outer: Scope | None, ctes: Mapping[str, Relation]) -> Relation:
        """What a query yields."""
        from sqlglot import exp

        self.step(10)
        ctes = self.with_ctes(node, outer, ctes)
        if isinstance(node, exp.Select):
            return self._select(node, outer, ctes)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, outer, ctes)
        if isinstance(node, exp.Subquery):
            return self._wrapped(node, outer, ctes)
        if isinstance(node, exp.Values | exp.Table):
            scope = self.scope(outer, ctes)
            add_source(node, scope, self)
            return (
                replace(scope.sources[0].relation, datasets=_datasets(scope), complete=_complete(scope))
                if scope.sources
                else UNKNOWN
            )
        return UNKNOWN

    def with_ctes(self, node: Expr, outer: Scope | None, ctes: Mapping[str, Relation]) -> Mapping[str, Relation]:
        """The common table expressions that a node sees."""
        clause = node.args.get("with_")
        if clause is None:
            return ctes
        seen = dict(ctes)
        for cte in clause.expressions:
            key = self.names.key(cte.args["alias"].this)
            seen[key] = self._cte(cte, key, outer, seen, recursive=bool(clause.args.get("recursive")))
        return seen

    def _cte(
        self, cte: CTE, key: str, outer: Scope | None, ctes: Mapping[str, Relation], *, recursive: bool
    ) -> Relation:
        from sqlglot import exp

        alias = cte.args["alias"]
        if cte.args.get("scalar") or cte.args.get("key_expressions"):
            if isinstance(cte.this, exp.Query):
                self.query(cte.this, outer, ctes)
            return SCALAR
        if not isinstance(cte.this, exp.Query):
            return renamed(self.script.within(cte.this, ctes), alias, self.names)
        may_recur = recursive or self.names.dialect in _SELF_REFERENCE
        if may_recur and isinstance(cte.this, exp.SetOperation) and _mentions(cte.this, key, self.names):
            return self._recursive(cte.this, alias, key, outer, ctes)
        return renamed(self.query(cte.this, outer, ctes), alias, self.names)

    def _recursive(
        self, node: SetOperation, alias: Expr, key: str, outer: Scope | None, ctes: Mapping[str, Relation]
    ) -> Relation:
        """The columns of a recursive query: rounds until nothing new comes."""
        inner = self.with_ctes(node, outer, ctes)
        current = renamed(self.query(node.this, outer, inner), alias, self.names)
        for _ in range(_MOST_ROUNDS):
            step = self.query(node.expression, outer, {**inner, key: current})
            following = renamed(combined(current, step, kind="union"), alias, self.names)
            if following == current:
                return current
            current = following
        return replace(current, columns=tuple(replace(column, origins=None) for column in current.columns), rest=None)

    def _set_operation(self, node: SetOperation, outer: Scope | None, ctes: Mapping[str, Relation]) -> Relation:
        from sqlglot import exp

        first = self.query(node.this, outer, ctes)
        second = self.query(node.expression, outer, ctes)
        if node.args.get("by_name") or node.args.get("on") or node.args.get("side"):
            both = combined(first, second, kind="union")
            return replace(both, columns=(), closed=False, leading=0)
        kind = "except" if isinstance(node, exp.Except) else "intersect" if isinstance(node, exp.Intersect) else "union"
        whole = combined(first, second, kind=kind)  # type: ignore[arg-type]  # one of the three, see above
        if node.args.get("distinct"):
            grouped = known(through(indirect("GROUP_BY"), column.origins) for column in whole.columns)
            sure = whole.closed and all(column.origins is not None for column in whole.columns)
            whole = replace(whole, influences=whole.influences | grouped, certain=whole.certain and sure)
        return self._ordered(node, whole, self.scope(outer, ctes))

    def _wrapped(self, node: Expr, outer: Scope | None, ctes: Mapping[str, Relation]) -> Relation:
        """A query in parentheses."""
        from sqlglot import exp

        if not isinstance(node.this, exp.Query):
            scope = self.scope(outer, ctes)
            add_source(node, scope, self)
            return Relation(datasets=_datasets(scope), complete=_complete(scope), certain=False)
        inner = self.query(node.this, outer, ctes)
        if node.args.get("pivots"):
            inner = pivoted(inner)
        return self._ordered(node, inner, self.scope(outer, ctes))

    def _ordered(self, node: Expr, relation: Relation, scope: Scope) -> Relation:
        """ORDER BY of a whole query: it sees the columns of the result."""
        order = node.args.get("order")
        if order is None:
            return relation
        scope.aliases = {column.key: column for column in relation.columns if column.key}
        scope.doubtful = scope.doubtful or not relation.closed
        found, certain = self._keys(order.expressions, relation.columns, scope, "SORT")
        return replace(relation, influences=relation.influences | found, certain=relation.certain and certain)

    def _select(self, node: Select, outer: Scope | None, ctes: Mapping[str, Relation]) -> Relation:
        from sqlglot import exp

        scope = self.scope(outer, ctes)
        if node.args.get("hint"):
            self.seen.update(id(table) for table in node.args["hint"].find_all(exp.Table))
        scope.windows = {item.name.lower(): item for item in node.args.get("windows") or []}
        influences: list[tuple[Origins, bool]] = []
        self._from(node, scope, influences)
        lateral = self.names.dialect not in NO_LATERAL_ALIASES
        relation = projected(node, scope, self, lateral=lateral)
        if node.args.get("match") or node.args.get("pivots") or node.args.get("kind"):
            relation = pivoted(relation)
        aliases = {column.key: column for column in relation.columns if column.key}
        scope.aliases = {} if self.names.dialect in _NO_ALIASES_IN_WHERE else aliases
        influences += self._conditions(node, scope, ("prewhere", "where", "connect"), "FILTER")
        scope.aliases = aliases
        influences += self._conditions(node, scope, ("having", "qualify"), "FILTER")
        influences.append(self._grouped(node, scope, relation))
        for name in ("order", "sort", "cluster", "distribute"):
            order = node.args.get(name)
            if order is not None:
                influences.append(self._keys(order.expressions, relation.columns, scope, "SORT"))
        inherited = known(source.relation.influences for source in scope.sources)
        certain = all(item[1] for item in influences) and all(source.relation.certain for source in scope.sources)
        return replace(
            relation,
            influences=relation.influences | inherited | known(item[0] for item in influences),
            datasets=_datasets(scope),
            complete=_complete(scope),
            certain=certain and not self.doubtful,
        )

    def _from(self, node: Select, scope: Scope, influences: list[tuple[Origins, bool]]) -> None:
        clause = node.args.get("from_")
        if clause is not None:
            influences += add_source(clause.this, scope, self)
        for lateral in node.args.get("laterals") or []:
            influences += add_source(lateral, scope, self)
        for join in node.args.get("joins") or []:
            influences += self.join(join, scope)

    def join(self, join: Expr, scope: Scope) -> list[tuple[Origins, bool]]:
        """Add what is joined, and say what the join depends on."""
        kind = str(join.args.get("kind") or "").upper()
        if kind == "ARRAY":  # ClickHouse's: the elements go under the array's own name
            found = all_known([join.this, *join.expressions], scope, self, "FILTER")
            scope.doubtful = True
            return [(found[0], False)]
        before = len(scope.sources)
        influences = add_source(join.this, scope, self)
        if kind in ("SEMI", "ANTI"):
            scope.sources[before:] = [replace(source, hidden=True) for source in scope.sources[before:]]
        if join.args.get("method"):  # NATURAL, ASOF, POSITIONAL
            scope.doubtful = scope.doubtful or str(join.args["method"]).upper() == "NATURAL"
            influences.append((NONE, False))
        if join.args.get("using"):
            influences.append(add_using(join, scope, before))
        conditions = [join.args[name] for name in ("on", "match_condition") if join.args.get(name) is not None]
        influences.append(all_known(conditions, scope, self, "JOIN"))
        return influences

    def _conditions(
        self, node: Expr, scope: Scope, names: tuple[str, ...], subtype: IndirectSubtype
    ) -> Iterator[tuple[Origins, bool]]:
        for name in names:
            clause = node.args.get(name)
            if clause is None:
                continue
            parts = [clause.this] if name != "connect" else [clause.args.get("start"), clause.args.get("connect")]
            yield all_known([part for part in parts if part is not None], scope, self, subtype)

    def _grouped(self, node: Select, scope: Scope, relation: Relation) -> tuple[Origins, bool]:
        """GROUP BY, and DISTINCT, which groups by all columns."""
        from sqlglot import exp

        found: list[tuple[Origins, bool]] = []
        group = node.args.get("group")
        if group is not None:
            keys = [*group.expressions, *_grouping_sets(group)]
            if group.args.get("all"):
                keys += [item for item in node.expressions if not item.find(exp.AggFunc, exp.Window)]
            found.append(self._keys(keys, relation.columns, scope, "GROUP_BY"))
        distinct = node.args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            found.append(self._keys([distinct.args["on"]], relation.columns, scope, "GROUP_BY"))
        elif distinct is not None:
            every = [through(indirect("GROUP_BY"), column.origins) for column in relation.columns]
            found.append((known(every), relation.closed and None not in every))
        return known(item[0] for item in found), all(item[1] for item in found)

    def _keys(
        self, keys: list[Expr], columns: tuple[OutputColumn, ...], scope: Scope, subtype: IndirectSubtype
    ) -> tuple[Origins, bool]:
        """Keys of GROUP BY and ORDER BY, of which some are the numbers of columns."""
        found: list[tuple[Origins, bool]] = []
        for key in keys:
            inner = key.this if key.key == "ordered" else key
            if inner.key == "literal" and not inner.args.get("is_string"):
                found.append(_by_number(str(inner.this), columns, subtype))
            else:
                found.append(all_known([key], scope, self, subtype))
        return known(item[0] for item in found), all(item[1] for item in found)


def _by_number(text: str, columns: tuple[OutputColumn, ...], subtype: IndirectSubtype) -> tuple[Origins, bool]:
    number = int(text) if text.isdecimal() and len(text) < 6 else 0
    if not 0 < number <= len(columns):
        return NONE, False
    found = through(indirect(subtype), columns[number - 1].origins)
    return (NONE, False) if found is None else (found, True)


def _grouping_sets(group: Expr) -> list[Expr]:
    found: list[Expr] = []
    for name in ("grouping_sets", "cube", "rollup"):
        for item in group.args.get(name) or []:
            found += item.expressions if hasattr(item, "expressions") else []
    return found


def _datasets(scope: Scope) -> frozenset[DatasetName]:
    return frozenset(name for source in scope.sources for name in source.relation.datasets)


def _complete(scope: Scope) -> bool:
    return all(source.relation.complete for source in scope.sources)


def _mentions(node: Expr, key: str, names: Names) -> bool:
    from sqlglot import exp

    return any(not table.db and table.this.key == "identifier" and names.key(table.this) == key
               for table in node.find_all(exp.Table))  # fmt: skip


def pivoted(relation: Relation) -> Relation:
    """The relation after PIVOT and the like: its columns aren't known any more."""
    return replace(relation, columns=(), closed=False, rest=None, leading=0, certain=False)


def renamed(relation: Relation, alias: Expr | None, names: Names) -> Relation:
    """A relation under an alias that may rename its columns."""
    given = alias.args.get("columns") if alias is not None else None
    if not given:
        return relation
    identifiers = [item.this if item.key == "columndef" else item for item in given]
    old = relation.positions()
    columns = []
    for number, identifier in enumerate(identifiers):
        origin = old[number].origins if number < len(old) else None
        type_ = old[number].type if number < len(old) else None
        certain = names.certain(identifier)
        columns.append(
            OutputColumn(names.folded(identifier) if certain else None, names.key(identifier), origin, type_)
        )
    if relation.closed and len(identifiers) < len(old):
        columns += list(old[len(identifiers) :])
    closed = relation.closed and len(identifiers) <= len(old)
    return replace(relation, columns=tuple(columns), closed=closed, rest=None, leading=min(len(columns), len(old)))
