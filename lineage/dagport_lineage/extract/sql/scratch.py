"""Tables that a text makes and drops again: they are steps inside of it, as temporary tables are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dagport_lineage.extract.sql.commands import changes_no_names
from dagport_lineage.extract.sql.names import Names
from dagport_lineage.extract.sql.parsing import Statement
from dagport_lineage.model import DatasetName

if TYPE_CHECKING:
    from sqlglot.expressions import Expr


def scratch_tables(statements: Sequence[Statement], names: Names) -> set[DatasetName]:
    """The tables that no statement touches before this text makes them, and that don't exist any more at its end."""
    from sqlglot import exp

    made: set[DatasetName] = set()
    gone: set[DatasetName] = set()
    touched: set[DatasetName] = set()
    for statement in statements:
        tree = statement.tree
        if not isinstance(tree, exp.Expr) or isinstance(tree, exp.Use):
            return set()  # what it does to the tables can't be told
        if isinstance(tree, exp.Command | exp.Set) and not changes_no_names(statement.text.strip()):
            return set()
        target = _made(tree, names)
        dropped = _dropped(tree, names)
        if target is not None and target not in touched:
            made.add(target)
        gone = (gone | dropped) - ({target} if target else set())
        touched |= {found for table in tree.find_all(exp.Table) if (found := _dataset(table, names))} - dropped
    return made & gone


def _made(tree: Expr, names: Names) -> DatasetName | None:
    from sqlglot import exp

    if not isinstance(tree, exp.Create) or tree.args.get("exists") or tree.kind not in ("TABLE", "VIEW"):
        return None
    table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    return _dataset(table, names)


def _dropped(tree: Expr, names: Names) -> set[DatasetName]:
    from sqlglot import exp

    if not isinstance(tree, exp.Drop) or tree.args.get("kind") not in ("TABLE", "VIEW"):
        return set()
    return {found for table in tree.find_all(exp.Table) if (found := _dataset(table, names))}


def _dataset(table: Expr, names: Names) -> DatasetName | None:
    from sqlglot import exp

    found = names.dataset(table) if isinstance(table, exp.Table) else None
    return found if isinstance(found, DatasetName) else None
