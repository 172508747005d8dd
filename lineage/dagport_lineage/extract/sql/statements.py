"""What each kind of statement does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from dagport_lineage.extract.sql import altering, changing, commands, copying, ddl, inserting
from dagport_lineage.extract.sql.parsing import Statement
from dagport_lineage.extract.sql.relations import UNKNOWN, Relation
from dagport_lineage.extract.sql.scripts import Running

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

# Statements that touch no data: they show, plan, permit, or end a transaction.
_NOTHING = {
    "alterblock", "analyze", "attach", "comment", "commit", "describe", "detach", "endstatement", "explain",
    "grant", "kill", "lock", "pragma", "revoke", "rollback", "semicolon", "show", "summarize", "transaction",
    "uncache",
}  # fmt: skip
Handler = Callable[["Expr", Statement, Running], None]


def do(tree: Expr, statement: Statement, running: Running) -> None:
    """Go through a statement."""
    from sqlglot import exp

    handler = _HANDLERS.get(tree.key)
    if handler is not None:
        handler(tree, statement, running)
    elif isinstance(tree, exp.Query | exp.Values):
        _query(tree, statement, running)
    elif tree.key in _NOTHING:
        running.seen(tree)
    else:
        running.seen(tree)
        _not_followed(tree, running)


def _not_followed(tree: Expr, running: Running) -> None:
    from sqlglot import exp

    masked = running.names.masked
    if isinstance(tree, exp.Column) and masked.is_mask(tree.name):
        text = masked.unmasked(tree.name)
        running.gap(running.default_side, "sql", f"the statement `{text}` is known in a run only")
        return
    running.gap(running.default_side, "sql", f"what the statement `{tree.key.upper()}` does isn't followed")


def returned(node: Expr, running: Running, ctes: Mapping[str, Relation]) -> Relation:
    """A statement inside of a query, and its RETURNING: columns of its table."""
    from sqlglot import exp

    if not isinstance(node, exp.Insert | exp.Update | exp.Delete | exp.Merge):
        running.gap(running.default_side, "sql", f"what the statement `{node.key.upper()}` does isn't followed")
        return UNKNOWN
    running.outer_ctes = ctes
    try:
        do(node, Statement("", node), running)
    finally:
        running.outer_ctes = {}
    target = node.this.this if isinstance(node.this, exp.Schema) else node.this
    if not isinstance(target, exp.Table) or node.args.get("returning") is None:
        return Relation((), certain=False)
    relation, _ = running.table(target)
    return Relation((), datasets=relation.datasets, complete=relation.complete, certain=False)


def _query(tree: Expr, statement: Statement, running: Running) -> None:
    from sqlglot import exp

    into = tree.args.get("into")
    if into is not None:
        ddl.select_into(tree, running)
        return
    _called_functions(tree, running)
    running.binder.query(tree, None, running.outer_ctes)
    if isinstance(tree, exp.Table):
        running.seen(tree)


_HARMLESS = ("pg_", "system$", "set_config", "setval", "nextval", "version", "database", "schema", "uuid", "get_lock")


def _called_functions(tree: Expr, running: Running) -> None:
    """``SELECT do_it()`` runs what isn't in the text."""
    from sqlglot import exp

    if tree.args.get("from_") is not None or not isinstance(tree, exp.Select):
        return
    for call in tree.find_all(exp.Anonymous):
        name = call.name
        if call.parent_select is tree and not name.lower().startswith(_HARMLESS):
            message = f"what the function `{running.names.masked.unmasked(name)}` does isn't in the text"
            running.gap(running.default_side, "sql", message)


def _conditional(tree: Expr, statement: Statement, running: Running) -> None:
    """T-SQL's ``IF OBJECT_ID(...) IS NOT NULL DROP TABLE ...`` is ``DROP TABLE IF EXISTS``; the others are open."""
    from sqlglot import exp

    body = tree.args.get("true")
    steps = [step for step in (body.expressions if body is not None else []) if not isinstance(step, exp.EndStatement)]
    drops = len(steps) == 1 and isinstance(steps[0], exp.Drop) and tree.args.get("false") in (None, False)
    if drops and not list(tree.this.find_all(exp.Table)):
        do(steps[0], statement, running)
        return
    running.seen(tree)
    running.gap(running.default_side, "sql", "what `IF` decides isn't followed")


def _locking(tree: Expr, statement: Statement, running: Running) -> None:
    """Teradata's ``LOCKING ... FOR ACCESS`` in front of a statement."""
    running.seen(tree.this)
    do(tree.args["expression"], statement, running)


_HANDLERS: dict[str, Handler] = {
    "alter": altering.alter,
    "cache": ddl.cache,
    "command": commands.command,
    "copy": copying.copy,
    "create": ddl.create,
    "declare": commands.declare,
    "delete": changing.delete,
    "drop": ddl.drop,
    "export": copying.export,
    "ifblock": _conditional,
    "insert": inserting.insert,
    "loaddata": copying.load_data,
    "lockingstatement": _locking,
    "merge": changing.merge,
    "multitableinserts": inserting.insert_all,
    "refresh": commands.refresh,
    "set": commands.set_,
    "truncatetable": ddl.truncate,
    "update": changing.update,
    "use": commands.use,
}
