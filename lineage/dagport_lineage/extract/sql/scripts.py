"""The statements of one text, in order: temporary tables, views and the current schema carry from one to the next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dagport.graph import Place
from dagport_lineage.extract.sql.binding import Binder
from dagport_lineage.extract.sql.effects import Effect, remains
from dagport_lineage.extract.sql.names import Elsewhere, Names, Path
from dagport_lineage.extract.sql.parsing import Problem, Statement
from dagport_lineage.extract.sql.relations import (
    UNKNOWN,
    Origin,
    OutputColumn,
    Relation,
    direct,
)
from dagport_lineage.model import Column, DatasetName, Found, Gap, GapReason, Read, Side, Unresolved
from dagport_lineage.secrets import redact

if TYPE_CHECKING:
    from sqlglot.expressions import Expr, Table

# Dialects whose temporary tables lie in a schema of the session: `public.x` never means the temporary `x`.
OWN_SCHEMA = {"bigquery", "duckdb", "postgres", "redshift", "sqlite", "tsql"}


@dataclass(slots=True)
class Running:
    """One text while its statements are gone through."""

    names: Names
    place: Place | None
    default_side: Side
    reads: dict[DatasetName, set[str]] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    temporary: dict[Path, Relation] = field(default_factory=dict)  # tables and views that end with the text
    datasets: dict[DatasetName, Path] = field(default_factory=dict)  # the names of those, in full
    scratch: set[DatasetName] = field(default_factory=set)  # tables that the text makes and drops
    views: dict[DatasetName, Relation] = field(default_factory=dict)
    schemas: dict[DatasetName, tuple[Column, ...]] = field(default_factory=dict)
    variables: bool = False
    declared: frozenset[str] = frozenset()
    outer_ctes: Mapping[str, Relation] = field(default_factory=dict)  # of the query around the statement
    inputs: set[DatasetName] = field(default_factory=set)  # of the statement
    complete: bool = True  # whether ``inputs`` is all
    unsure: bool = False  # a template may define what the statement's names without a schema mean
    schema_until: re.Pattern[str] | None = None  # statements that end the effect of a SET of the schema
    steps: int = 0
    binder: Binder = field(init=False)

    def __post_init__(self) -> None:
        self.binder = Binder(self.names, self)

    def run(self, statement: Statement) -> None:
        """Go through one statement."""
        from dagport_lineage.extract.sql.commands import by_text, follow_schema
        from dagport_lineage.extract.sql.statements import do

        self.inputs, self.complete = set(), True
        follow_schema(statement, self)
        self.binder = Binder(
            self.names,
            self,
            variables=self.variables or _assigns(statement.tree),
            declared=self.declared,
            doubtful=bool(statement.blanks),
        )
        begins = statement.blank_first or re.search(r"\bWITH\b", statement.text, re.IGNORECASE) is not None
        self.unsure = bool(statement.blanks) and begins
        for blank in statement.blanks:
            side: Side = self.default_side if statement.blank_first else "inputs"
            self.gap(side, "template", f"`{blank}`, which stands for part of a statement, is known in a run only")
        if isinstance(statement.tree, Problem):
            if by_text(statement, self):
                return
            self.gap(self.default_side, "sql", f"the SQL can't be read: {statement.tree.message}")
            return
        self._named_by_text(statement.tree)
        do(statement.tree, statement, self)
        self._unseen(statement.tree)

    def _named_by_text(self, tree: Expr) -> None:
        """``IDENTIFIER('schema.table')`` is that table."""
        from sqlglot import exp

        from dagport_lineage.extract.sql.commands import table_named

        for identifier in list(tree.find_all(exp.DynamicIdentifier)):
            table, literal = identifier.parent, identifier.this
            named = table_named(literal.name, self) if isinstance(literal, exp.Literal) and literal.is_string else None
            if isinstance(table, exp.Table) and named is not None and isinstance(named.this, exp.Identifier):
                for name in ("this", "db", "catalog"):
                    table.set(name, named.args.get(name))

    def _unseen(self, tree: Expr) -> None:
        """Every table of a statement was gone through, or is a gap."""
        from sqlglot import exp

        if any(item.args.get("into") for item in tree.find_all(exp.Returning)):
            self.gap("outputs", "sql", "what OUTPUT INTO fills isn't followed")
        for table in tree.find_all(exp.Table):
            if id(table) not in self.binder.seen and table.this is not None:
                written = self.names.written(table)
                self.gap(self.default_side, "sql", f"what `{written}` is for in the statement isn't followed")

    def seen(self, node: Expr | None) -> None:
        """The tables inside of a node need no look."""
        from sqlglot import exp

        if node is not None:
            self.binder.seen.update(id(table) for table in node.find_all(exp.Table))

    # What queries ask (``binding.Script``)

    def table(self, table: Table) -> tuple[Relation, DatasetName | None]:
        """What a table has, and its dataset; it is read."""
        temporary = self.temporary_of(table)
        if temporary is not None:
            self.inputs |= temporary.datasets
            self.complete = self.complete and temporary.complete
            return temporary, None
        if self.unsure and not table.db:
            written = self.names.written(table)
            self.gap("inputs", "template", f"whether `{written}` is a table depends on a template before it")
            return UNKNOWN, None
        found = self.names.dataset(table)
        if isinstance(found, Elsewhere):
            return self._elsewhere(table, found), None
        if isinstance(found, Unresolved):
            self.gap("inputs", found.reason, found.message)
            return UNKNOWN, None
        if found in self.views:
            view = self.views[found]
            self.inputs |= view.datasets
            self.complete = self.complete and view.complete
            return view, None
        self.reads.setdefault(found, set())
        self.inputs.add(found)
        return self.base(found), found

    def _elsewhere(self, table: Table, found: Elsewhere) -> Relation:
        if found.kind == "system":
            return Relation(certain=False)
        written = self.names.written(table)
        self.gap("inputs", "sql", f"the temporary table `{written}` isn't made in this text")
        return UNKNOWN

    def base(self, dataset: DatasetName) -> Relation:
        """A dataset as a relation: with its columns, where the text says them."""
        schema = self.schemas.get(dataset, ())
        columns = tuple(
            OutputColumn(
                item.name, self.key(item.name), frozenset({Origin(dataset, item.name, direct("IDENTITY"))}), item.type
            )
            for item in schema
        )
        rest = None if columns else dataset
        return Relation(columns, bool(columns), rest, len(columns), datasets=frozenset({dataset}))

    def key(self, shown: str) -> str:
        """A folded name, to be compared."""
        from sqlglot import exp

        return self.names.key(exp.Identifier(this=shown, quoted=True))

    def used(self, dataset: DatasetName, column: str) -> None:
        """Note that a column is read."""
        if dataset in self.reads:
            self.reads[dataset].add(column)

    def gap(self, side: Side, reason: GapReason, message: str) -> None:
        """Note what isn't known."""
        if side != "outputs":
            self.complete = False
        self.gaps.append(Gap(side=side, reason=reason, message=redact(message), place=self.place))

    def location(self, uri: str, side: Side) -> None:
        """Note a file that is read or written."""
        from dagport_lineage.extract.sql.copying import place

        place(uri, side, self)

    def within(self, node: Expr, ctes: Mapping[str, Relation]) -> Relation:
        """A statement in a common table expression: it is done, and returns rows of its table."""
        from dagport_lineage.extract.sql.statements import returned

        return returned(node, self, ctes)

    # What statements ask

    def columns_of(self, table: Table) -> list[str]:
        """The columns of a table in their order, where the text says them."""
        temporary = self.temporary_of(table)
        if temporary is not None:
            return [str(column.name) for column in temporary.columns] if temporary.closed else []
        found = self.names.dataset(table)
        return [column.name for column in self.schemas.get(found, ())] if isinstance(found, DatasetName) else []

    def directory(self, node: Expr) -> None:
        """INSERT OVERWRITE DIRECTORY writes files."""
        literal = node.this
        if node.args.get("local") or not literal.is_string:
            self.gap("outputs", "name", "which machine the directory lies on isn't said")
        else:
            self.location(literal.name, "outputs")

    def temporary_of(self, table: Table) -> Relation | None:
        """The temporary table or view of this text that a name means."""
        name = self.temporary_name(table)
        return None if name is None else self.temporary[name]

    def kept_path(self, table: Table) -> Path:
        """Under which name a temporary table is kept: case never tells two of one text apart."""
        path = tuple(part.lower() for part in self.names.path(table)) or (f"@{table.name.lower()}",)
        return path[-1:] if self.names.is_temporary(table) else path

    def temporary_name(self, table: Table) -> Path | None:
        """Under which name a temporary table is kept, if this is one."""
        path = self.kept_path(table)
        if path in self.temporary:
            return path
        if self.names.dialect in OWN_SCHEMA or not self.datasets:
            return None
        found = self.names.dataset(table)
        return self.datasets.get(found) if isinstance(found, DatasetName) else None

    def target(self, table: Table) -> DatasetName | None:
        """The dataset that a statement writes; ``None`` where there is none, or it isn't known, which is noted."""
        self.binder.seen.add(id(table))
        found = self.names.dataset(table)
        if isinstance(found, Unresolved):
            self.gap("outputs", found.reason, found.message)
            return None
        if isinstance(found, Elsewhere):
            return None
        return found

    def add(self, effect: Effect) -> None:
        """Note what a statement does."""
        if effect.sources is not None and not self.complete:
            effect = replace(effect, sources=None)
        self.effects.append(effect)

    def found(self) -> Found:
        """All that was found out."""
        writes = remains(self.effects)
        return Found(
            reads=tuple(
                Read(dataset=name, how="sql", columns=tuple(sorted(columns)), place=self.place)
                for name, columns in sorted(self.reads.items())
            ),
            writes=tuple(item.write(self.place) for _, item in sorted(writes.items())),
            gaps=tuple(dict.fromkeys(self.gaps)),
        )


def _assigns(tree: Expr | Problem) -> bool:
    """Whether a query gives values to variables as it goes: MySQL's ``@x := a``."""
    from sqlglot import exp

    return isinstance(tree, exp.Expr) and any(
        isinstance(item.this, exp.Parameter) for item in tree.find_all(exp.PropertyEQ)
    )
