"""Statements that the parser leaves as text, variables, and what changes the names of the following statements."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from dagport_lineage.extract.sql import altering, copying
from dagport_lineage.extract.sql.effects import Effect
from dagport_lineage.extract.sql.parsing import Problem, Statement, read_statements
from dagport_lineage.extract.sql.relations import NONE, OutputColumn, Relation
from dagport_lineage.extract.sql.scripts import Running

if TYPE_CHECKING:
    from sqlglot.expressions import Expr, Table

# Commands that touch no data: they show, plan, permit, tidy up, or end a transaction.
_NOTHING = re.compile(
    r"(VACUUM|OPTIMIZE|MSCK|EXPLAIN(?!\s+(ANALYZE|\(\s*ANALYZE))|PRINT|SHOW|GRANT|REVOKE|DENY|RESET|ANALYZE|ANALYSE|CLUSTER"
    r"|CHECKPOINT|LIST|LS|COMMENT|DESC|DESCRIBE|LOCK|UNLOCK|LISTEN|NOTIFY|UNLISTEN|DISCARD|REINDEX|START\s+TRANSACTION|BEGIN"
    r"|COMMIT|ROLLBACK|END|ABORT|SAVEPOINT|RELEASE|FLUSH|SET|UNSET|USE\s+(ROLE|WAREHOUSE|SECONDARY)|PURGE|INVALIDATE\s+METADATA"
    r"|COMPUTE\s+STATS|HELP|RAISERROR|WAITFOR|GO|DBCC|UPDATE\s+STATISTICS|COLLECT\s+STAT\w*|INSTALL|LOAD(?=\s+\w+\s*$)|PRAGMA"
    r"|SUMMARIZE|ADD\s+(JARS?|FILES?|ARCHIVES?)|REFRESH(?!\s+MATERIALIZED))\b",
    re.IGNORECASE,
)
_KIND = r"(CREATE|ALTER|DROP)(\s+OR\s+(REPLACE|ALTER))?(\s+(IF|NOT|EXISTS|TEMP|TEMPORARY|UNIQUE|SECURE|GLOBAL|LOCAL"
_KIND += r"|NETWORK|ROW|ACCESS|MASKING|RESOURCE|AGGREGATE|PUBLIC|PRIVATE|SEARCH))*\s+"
_ROUTINES = re.compile(_KIND + r"(FUNCTION|PROCEDURE|PROC|TRIGGER|TASK|EVENT|RULE|MACRO)\b", re.IGNORECASE)
_DEFINES = re.compile(
    _KIND + r"(ACCOUNT|ALERT|ASSIGNMENT|CAPACITY|CAST|COLLATION|CONNECTION|CREDENTIAL|DATATYPE|DEFAULT\s+PRIVILEGES"
    r"|DOMAIN|EXTENSION|FILE\s+FORMAT|GROUP|INDEX|INTEGRATION|LANGUAGE|LOGIN|MONITOR|OPERATOR|PARTITION\s+(FUNCTION|SCHEME)|PIPE"
    r"|POLICY|PUBLICATION|RESERVATION|ROLE|SECRET|SEQUENCE|SERVER|SESSION|SHARE|STAGE|STATISTICS|STREAM|SUBSCRIPTION"
    r"|SYNONYM|SYSTEM|TABLESPACE|TAG|TYPE|USER|WAREHOUSE)\b|(CREATE|ALTER)\s+(DATABASE|SCHEMA|CATALOG)\b",
    re.IGNORECASE,
)
_NAME = r"((?:\"[^\"]+\"|`[^`]+`|\[[^\]]+\]|[\w$#@-]+)(?:\s*\.\s*(?:\"[^\"]+\"|`[^`]+`|\[[^\]]+\]|[\w$#@-]+))*)"
_SCHEMA = re.compile(
    r"SET\s+(?:SESSION\s+|LOCAL\s+)?(?:search_path|SCHEMA|CURRENT\s+SCHEMA)\s*(?:=|TO)?\s*(?P<path>[^;]+)$",
    re.IGNORECASE,
)
# What gives names without a schema another one that the text doesn't say, and what ends the effect of a SET.
_RESETS = re.compile(
    r"\bset_config\s*\(\s*'search_path'|^\s*(RESET\s+(search_path|ALL|SCHEMA)|DISCARD\s+ALL)\b", re.IGNORECASE
)
_ENDS = re.compile(r"(COMMIT|END|ROLLBACK|ABORT)\b", re.IGNORECASE)
_ROLLS_BACK = re.compile(r"(ROLLBACK|ABORT)\b", re.IGNORECASE)
_LOCAL = re.compile(r"SET\s+LOCAL\b", re.IGNORECASE)
_SESSION_SCHEMA = re.compile(rf"ALTER\s+SESSION\s+SET\s+CURRENT_SCHEMA\s*=\s*(?P<path>{_NAME})\s*$", re.IGNORECASE)
_RENAMES = re.compile(r"RENAME\s+(?:TABLES?\s+)?(?P<pairs>.+)$", re.IGNORECASE | re.DOTALL)
_PAIR = re.compile(rf"\s*{_NAME}\s+TO\s+{_NAME}\s*$", re.IGNORECASE)
_EXCHANGES = re.compile(rf"EXCHANGE\s+TABLES\s+{_NAME}\s+AND\s+{_NAME}\s*$", re.IGNORECASE)
_EXCHANGE_PARTITION = re.compile(
    rf"ALTER\s+TABLE\s+{_NAME}\s+EXCHANGE\s+(?:SUB)?PARTITION\b.*?\bWITH\s+TABLE\s+{_NAME}(?:\s|$)",
    re.IGNORECASE | re.DOTALL,
)
_ALTERS = re.compile(
    rf"ALTER\s+(?:EXTERNAL\s+|FOREIGN\s+)?TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?{_NAME}\s+(?P<rest>.+)$", re.I | re.S
)
_REFRESH = re.compile(rf"REFRESH\s+MATERIALIZED\s+VIEW\s+(?:CONCURRENTLY\s+)?{_NAME}(?:\s|$)", re.IGNORECASE)
_CHANGES = re.compile(
    r"(ADD|ALTER|CHANGE|CLUSTER|COMMENT|COMPACT|DELETE|DISABLE|DROP|ENABLE|INHERIT|MODIFY|NO|OWNER|RECLUSTER|RECOVER|RESUME"
    r"|SET|SUSPEND|TOUCH|UNSET|UPDATE|VALIDATE)\b",
    re.IGNORECASE,
)
# Statements that the parser leaves as text, in a form that it knows and that does the same.
_SAME_AS = (
    (re.compile(r"REPLACE\s+INTO\b", re.IGNORECASE), "INSERT INTO"),
    (re.compile(r"CREATE\s+(OR\s+REPLACE\s+)?SNAPSHOT\s+TABLE\b", re.IGNORECASE), r"CREATE \1TABLE"),
    (re.compile(r"(CREATE\s+(?:OR\s+REPLACE\s+)?TABLE\s+.{1,300}?)\s+DEEP\s+CLONE\b", re.I | re.S), r"\1 CLONE"),
)
# Another statement that no semicolon separates: on a line of its own, or behind what has no such words itself.
_SEVERAL = re.compile(r"\n\s*(INSERT|UPDATE|DELETE|MERGE|SELECT|TRUNCATE|CREATE|DROP|EXEC|WITH)\b", re.IGNORECASE)
_QUOTES = re.compile(r"(EXPLAIN|GRANT|REVOKE|DENY|COMMENT|DESC|DESCRIBE|SHOW)\b", re.IGNORECASE)
_SETS = re.compile(
    r"(SET|UNSET|RESET|PRINT|USE|BEGIN|COMMIT|ROLLBACK|END|GO|START|LOCK|UNLOCK|WAITFOR|RAISERROR)\b", re.IGNORECASE
)
_STATEMENT = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE|SELECT|TRUNCATE|CREATE|DROP|EXEC|CALL)\b", re.IGNORECASE)
_CALLS = {"CALL", "EXECUTE", "EXEC", "DO", "PREPARE"}


def command(tree: Expr, statement: Statement, running: Running) -> None:
    """A statement without a tree."""
    text = statement.text.strip()
    if _by_form(text, running) or _harmless(text):
        return
    word = text.split(None, 1)[0].upper()
    if word in _CALLS:
        running.gap(running.default_side, "sql", f"what `{word}` runs isn't in the text")
        return
    running.gap(running.default_side, "sql", f"what the statement `{word}` does isn't followed")


def _harmless(text: str) -> bool:
    """Whether a command touches no data."""
    if _ROUTINES.match(text):
        return True
    several = _SEVERAL.search(text) and not _QUOTES.match(text)
    if several or (_SETS.match(text) and _STATEMENT.search(text, 6)):
        return False
    return _DEFINES.match(text) is not None or _NOTHING.match(text) is not None


def changes_no_names(text: str) -> bool:
    """Whether a command neither touches data nor changes what names mean."""
    return _harmless(text) and not any(form.match(text) for form in (_SCHEMA, _SESSION_SCHEMA, _RESETS))


def follow_schema(statement: Statement, running: Running) -> None:
    """Forget the schema of names without one where a statement may give them another."""
    text = statement.text.strip()
    if _RESETS.search(text) or (running.schema_until is not None and running.schema_until.match(text)):
        _defaults(running, schema=None)
    if _SCHEMA.match(text):
        running.schema_until = _ENDS if _LOCAL.match(text) else _ROLLS_BACK


def _by_form(text: str, running: Running) -> bool:
    """Commands that have a form of their own."""
    if re.match(r"UNLOAD\b", text, re.IGNORECASE):
        copying.unload(text, running)
        return True
    for pattern, form in _SAME_AS:
        if pattern.match(text):
            return _again(pattern.sub(form, text, count=1), running)
    schema = _SCHEMA.match(text) or _SESSION_SCHEMA.match(text)
    if schema:
        _search_path(schema["path"], running)
        return True
    return _on_tables(text, running)


def _on_tables(text: str, running: Running) -> bool:
    renames = _RENAMES.match(text)
    if renames:
        pairs = [_PAIR.match(pair) for pair in renames["pairs"].split(",")]
        if None in pairs:
            return False
        for pair in pairs:
            if pair is not None:
                _pairwise(pair[1], pair[2], running, exchanged=False)
        return True
    exchanges = _EXCHANGES.match(text) or _EXCHANGE_PARTITION.match(text)
    if exchanges:
        _pairwise(exchanges[1], exchanges[2], running, exchanged=True)
        return True
    refreshed = _REFRESH.match(text)
    if refreshed:
        _refreshed(refreshed[1], running)
        return True
    alters = _ALTERS.match(text)
    if alters and _CHANGES.match(alters["rest"]) and not re.search(r"\b(SELECT|INSERT)\b", alters["rest"], re.I):
        table = table_named(alters[1], running)
        if table is not None:
            altering.altered(table, running)
        return table is not None
    return False


def _pairwise(one: str, other: str, running: Running, *, exchanged: bool) -> None:
    tables = table_named(one, running), table_named(other, running)
    if tables[0] is None or tables[1] is None:
        running.gap("both", "sql", "which tables are renamed or exchanged isn't understood")
    elif exchanged:
        altering.exchange(tables[0], tables[1], running)
    else:
        altering.rename(tables[0], tables[1], running)


def _refreshed(name: str, running: Running) -> None:
    table = table_named(name, running)
    dataset = running.target(table) if table is not None else None
    if dataset is None:
        return
    if all(effect.dataset != dataset for effect in running.effects):  # what the text made it of is read already
        running.gap("inputs", "sql", f"what the materialized view `{name}` is made of isn't in the text")
    running.add(Effect(dataset=dataset, sources=None, all_columns=False, rows=True))


def table_named(text: str, running: Running) -> Table | None:
    """The table of a name in the text of a command."""
    from sqlglot import exp

    query = " ".join(("SELECT 1 FROM", text))
    found = read_statements(replace(running.names.masked, text=query), running.names.dialect)
    tree = found[0].tree if len(found) == 1 else None
    clause = tree.args.get("from_") if isinstance(tree, exp.Select) else None
    table = clause.this if clause is not None else None
    return table if isinstance(table, exp.Table) else None


def _again(text: str, running: Running) -> bool:
    """Read a statement in another form."""
    for statement in read_statements(replace(running.names.masked, text=text), running.names.dialect):
        if isinstance(statement.tree, Problem) or statement.tree.key == "command":
            return False
        running.run(statement)
    return True


def by_text(statement: Statement, running: Running) -> bool:
    """A statement that the parser can't read, but whose form is known."""
    if copying.mysql_load(statement.text, running):
        return True
    if re.match(r"\s*UNLOAD\b", statement.text, re.IGNORECASE):
        copying.unload(statement.text.strip(), running)
        return True
    return False


def _search_path(path: str, running: Running) -> None:
    """The schema of names without one. Of several it may be any."""
    parts = [part.strip().strip("\"'`") for part in path.split(",")]
    single = parts[0] if len(parts) == 1 and re.fullmatch(r"[\w-]+", parts[0]) else None
    if single is not None and (running.names.masked.masks(single) or single.upper() == "DEFAULT"):
        single = None
    if single is not None and not re.search(r"[\"'`]", path):
        folding = running.names.database.folding
        single = single.lower() if folding == "lower" else single.upper() if folding == "upper" else single
    _defaults(running, schema=single)


def _defaults(running: Running, **changes: str | None) -> None:
    """Other defaults for the names of the following statements."""
    database = running.names.database
    defaults = list(database.defaults)
    if "schema" in changes and defaults:
        defaults[-1] = changes["schema"]
    if "database" in changes and defaults:
        defaults[0] = changes["database"]
    running.names = replace(running.names, database=replace(database, defaults=tuple(defaults)))


def use(tree: Expr, statement: Statement, running: Running) -> None:
    """USE: the database, the catalog, the schema of names without one."""
    from sqlglot import exp

    running.seen(tree)
    kind = str(tree.args["kind"].name if tree.args.get("kind") is not None else "").upper()
    if kind in ("ROLE", "WAREHOUSE", "SECONDARY", "SECONDARY ROLES"):
        return
    table = tree.this
    path = running.names.path(table) if isinstance(table, exp.Table) else ()
    masked = running.names.masked
    parts: list[str | None] = [None if masked.masks(part) else part for part in path]
    count = len(running.names.database.defaults)
    if not parts or len(parts) > 2 or not count:
        _defaults(running, database=None, schema=None)
    elif len(parts) == 2:
        _defaults(running, database=parts[0], schema=parts[1])
    elif count == 1:
        _defaults(running, schema=parts[0])
    else:
        _used_one(kind, parts[0], running)


_SCHEMA_OF_USE = {"athena", "databricks", "hive", "presto", "spark", "spark2", "trino"}


def _used_one(kind: str, name: str | None, running: Running) -> None:
    """``USE x`` where a table has a database and a schema."""
    dialect = running.names.dialect
    by_itself = kind == "" or (kind in ("DATABASE", "NAMESPACE") and dialect in ("spark", "spark2", "databricks"))
    if kind == "SCHEMA" or (by_itself and dialect in _SCHEMA_OF_USE):
        _defaults(running, schema=name)
    elif dialect in ("tsql", "fabric"):
        _defaults(running, database=name)
    elif kind in ("DATABASE", "CATALOG") or dialect == "snowflake":
        _defaults(running, database=name, schema="default" if dialect == "databricks" else None)
    else:
        _defaults(running, database=None, schema=None)


def declare(tree: Expr, statement: Statement, running: Running) -> None:
    """DECLARE: variables, which may be tables; their first values may read tables."""
    from sqlglot import exp

    for item in tree.expressions:
        names = item.this if isinstance(item.this, list) else [item.this]
        kind = item.args.get("kind")
        if isinstance(kind, exp.Schema):
            _table_variable(names, kind, running)
            continue
        running.declared |= {running.names.key(name) for name in names if name.key == "identifier"}
    _read_queries(tree, running)


def _table_variable(names: list[Expr], kind: Expr, running: Running) -> None:
    columns = tuple(
        OutputColumn(running.names.folded(item.this), running.names.key(item.this), NONE)
        for item in kind.expressions
        if item.key == "columndef"
    )
    for name in names:
        running.temporary[(f"@{name.name}",)] = Relation(columns, True, leading=len(columns))


def _read_queries(tree: Expr, running: Running) -> None:
    from sqlglot import exp

    for query in tree.find_all(exp.Query):
        if not isinstance(query, exp.Table) and query.parent_select is None and not isinstance(query.parent, exp.Query):
            running.binder.query(query, None, {})


def set_(tree: Expr, statement: Statement, running: Running) -> None:
    """SET: variables, and the schema of names without one."""
    schema = _SCHEMA.match(statement.text.strip())
    if schema:
        _search_path(schema["path"], running)
        return
    _read_queries(tree, running)


def refresh(tree: Expr, statement: Statement, running: Running) -> None:
    """REFRESH of metadata; a materialized view is written."""
    running.seen(tree)
    refreshed = _REFRESH.match(statement.text.strip())
    if refreshed:
        _refreshed(refreshed[1], running)
