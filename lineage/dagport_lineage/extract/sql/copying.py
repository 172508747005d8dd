"""Statements that load from files and unload to them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from dagport_lineage.extract.sql.effects import Effect
from dagport_lineage.extract.sql.names import location
from dagport_lineage.extract.sql.parsing import NUMBER, Problem, Statement, read_statements
from dagport_lineage.extract.sql.relations import Relation
from dagport_lineage.extract.sql.scripts import Running
from dagport_lineage.extract.sql.storing import Columns, Written, by_position, store
from dagport_lineage.model import Lifecycle, Side, Unresolved

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

_LITERAL = r"'((?:[^'\\]|\\.|'')*)'"
_UNLOAD_TEXT = re.compile(
    rf"UNLOAD\s*\(\s*(?:{_LITERAL}|\$\$(?P<dollar>.*?)\$\$)\s*\)\s*TO\s*", re.IGNORECASE | re.DOTALL
)
_UNLOAD_QUERY = re.compile(r"UNLOAD\s*\(", re.IGNORECASE)
_TO = re.compile(rf"\s*TO\s+{_LITERAL}", re.IGNORECASE)
_FIRST_LITERAL = re.compile(_LITERAL)
_MYSQL_LOAD = re.compile(
    rf"\s*LOAD\s+(?:DATA|XML)\s+(?:LOW_PRIORITY\s+|CONCURRENT\s+)?(?P<local>LOCAL\s+)?INFILE\s+{_LITERAL}"
    r"\s+(?:REPLACE\s+|IGNORE\s+)?INTO\s+TABLE\s+(?P<table>[^\s(]+)",
    re.IGNORECASE,
)
_STANDARD = {"STDIN", "STDOUT"}


def copy(tree: Expr, statement: Statement, running: Running) -> None:
    """COPY and COPY INTO, both ways."""
    from sqlglot import exp

    target = tree.this
    files = list(tree.args.get("files") or [])
    table = target.this if isinstance(target, exp.Schema) else target
    if isinstance(table, exp.Table) and isinstance(table.this, exp.Identifier):
        if tree.args.get("kind"):
            _load(tree, table, files, running)
            return
        running.table(table)
        running.binder.seen.add(id(table))
        _unloaded(files, running)
        return
    if isinstance(table, exp.Subquery):
        running.binder.query(table, None, {})
        _unloaded(files, running)
        return
    _into_location(table, files, running)


def _load(tree: Expr, table: Expr, files: list[Expr], running: Running) -> None:
    """Into a table."""
    from sqlglot import exp

    target = tree.this
    identifiers = list(target.expressions) if isinstance(target, exp.Schema) else []
    relation = Relation()
    columns: Columns = {}
    every = False
    for item in files:
        if isinstance(item, exp.Subquery):
            query = item.this
            _stage_sources(query, running)
            relation = running.binder.query(item, None, {})
            names = [running.names.folded(part) for part in identifiers if part.key == "identifier"]
            columns, every = by_position(names, relation, exact=True) if names else ({}, False)
        else:
            _place(item, "inputs", running)
    if not isinstance(table, exp.Table):
        return
    store(running, table, Written(relation=relation, columns=columns, every=every, rows=True))


def _stage_sources(query: Expr, running: Running) -> None:
    """A query over files of a stage."""
    from sqlglot import exp

    for table in query.find_all(exp.Table):
        if isinstance(table.this, exp.Var | exp.Literal):
            running.binder.seen.add(id(table))


def _into_location(target: Expr, files: list[Expr], running: Running) -> None:
    """``COPY INTO 's3://...' FROM table or query``."""
    from sqlglot import exp

    for item in files:
        if isinstance(item, exp.Subquery):
            running.binder.query(item, None, {})
        elif isinstance(item, exp.Table):
            running.table(item)
            running.binder.seen.add(id(item))
    running.seen(target)
    _place(target, "outputs", running)


def _unloaded(files: Iterable[Expr], running: Running) -> None:
    for item in files:
        _place(item, "outputs", running)


def _place(node: Expr, side: Side, running: Running) -> None:
    """A file, a folder or a stage that is read or written."""
    from sqlglot import exp

    running.seen(node)
    inner = node.this if isinstance(node, exp.Table) else node
    if isinstance(inner, exp.Literal) and inner.is_string:
        place(inner.name, side, running)
        return
    text = running.names.masked.unmasked(inner.name)
    if text.upper() in _STANDARD:
        running.gap(side, "sql", f"what is behind {text.upper()} isn't in the text")
    elif text.startswith("@"):
        running.gap(side, "name", f"where the stage `{text}` lies isn't in the text")
    else:
        running.gap(side, "sql", f"where `{text}` lies isn't in the text")


def place(uri: str, side: Side, running: Running) -> None:
    """A location by its URI."""
    masked = running.names.masked
    masks = masked.masks(uri)
    if masks or str(NUMBER)[:8] in uri:
        names = ", ".join(f"`{mask}`" for mask in dict.fromkeys(masks))
        running.gap(side, "template", f"the location `{masked.unmasked(uri)}` has {names}, known in a run only")
        return
    if uri.startswith("@"):
        running.gap(side, "name", f"where the stage `{uri}` lies isn't in the text")
        return
    found = location(uri)
    if isinstance(found, Unresolved):
        running.gap(side, found.reason, found.message)
    elif side == "inputs":
        running.reads.setdefault(found, set())
        running.inputs.add(found)
    else:
        running.add(Effect(dataset=found, sources=frozenset(running.inputs), all_columns=False, rows=True))


def export(tree: Expr, statement: Statement, running: Running) -> None:
    """BigQuery's EXPORT DATA."""
    from sqlglot import exp

    query = tree.this
    if isinstance(query, exp.Query):
        running.binder.query(query, None, {})
    uris = _options(tree.args.get("options"), "uri")
    for uri in uris:
        place(uri, "outputs", running)
    if not uris:
        running.gap("outputs", "sql", "where EXPORT DATA writes to isn't understood")


def _options(properties: Expr | None, name: str) -> list[str]:
    from sqlglot import exp

    for item in properties.expressions if properties else []:
        if isinstance(item, exp.Property) and item.this.name.lower() == name:
            value = item.args["value"]
            literals = value.expressions if isinstance(value, exp.Array) else [value]
            return [literal.name for literal in literals if isinstance(literal, exp.Literal)]
    return []


def load_data(tree: Expr, statement: Statement, running: Running) -> None:
    """LOAD DATA of Hive, Spark, Impala and BigQuery."""
    from sqlglot import exp

    table = tree.this
    if not isinstance(table, exp.Table):
        running.seen(tree)
        running.gap("both", "sql", "what LOAD DATA writes to isn't understood")
        return
    path = tree.args.get("inpath")
    uris = [path.name] if isinstance(path, exp.Literal) else _options(tree.args.get("files"), "uris")
    for uri in uris:
        if tree.args.get("local") or "://" not in uri:
            running.gap("inputs", "name", f"which machine the file `{uri}` lies on isn't said")
        else:
            place(uri, "inputs", running)
    if not uris:
        running.gap("inputs", "sql", "where LOAD DATA reads from isn't understood")
    lifecycle: Lifecycle | None = "OVERWRITE" if tree.args.get("overwrite") else None
    store(running, table, Written(columns={}, every=False, lifecycle=lifecycle, rows=True))


def mysql_load(text: str, running: Running) -> bool:
    """MySQL's LOAD DATA INFILE, which the parser doesn't know."""
    from dagport_lineage.extract.sql.commands import table_named

    found = _MYSQL_LOAD.match(text)
    table = table_named(found["table"], running) if found else None
    if found is None or table is None:
        return False
    where = "the client" if found["local"] else "the server"
    file = running.names.masked.unmasked(found[2])
    running.gap("inputs", "name", f"`{file}` is a file of {where}, whose machine isn't in the text")
    store(running, table, Written(columns={}, every=False, rows=True))
    return True


def unload(text: str, running: Running) -> None:
    """UNLOAD of Redshift, with the query in a literal, and of Athena, with the query itself."""
    parts = _unload_parts(text)
    if parts is None:
        running.gap(running.default_side, "sql", "UNLOAD isn't understood")
        return
    query, uri = parts
    for statement in read_statements(replace(running.names.masked, text=query), running.names.dialect):
        if isinstance(statement.tree, Problem):
            running.gap("inputs", "sql", f"the query of UNLOAD can't be read: {statement.tree.message}")
        elif statement.tree.key in ("select", "union", "except", "intersect", "subquery"):
            running.binder.query(statement.tree, None, {})
        else:
            running.gap("inputs", "sql", "the query of UNLOAD isn't understood")
    place(uri, "outputs", running)


def _unload_parts(text: str) -> tuple[str, str] | None:
    """The query and the location."""
    found = _UNLOAD_TEXT.match(text)
    if found:
        query = found["dollar"] if found[1] is None else found[1].replace("''", "'").replace("\\'", "'")
        uri = _FIRST_LITERAL.match(text, found.end())
        return (query, uri[1]) if uri else None
    start = _UNLOAD_QUERY.match(text)
    if not start:
        return None
    end = _closing(text, start.end())
    uri = _TO.match(text, end + 1) if end is not None else None
    return (text[start.end() : end], uri[1]) if uri else None


def _closing(text: str, start: int) -> int | None:
    """Where the parenthesis ends that was opened right before ``start``; those in literals don't count."""
    depth = 1
    for match in re.finditer(r"'(?:[^'\\]|\\.|'')*'|\"[^\"]*\"|[()]", text[start:]):
        depth += (match[0] == "(") - (match[0] == ")")
        if depth == 0:
            return start + match.start()
    return None
