"""SQL that operators run: where its text is, and which database it runs in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, TypeAlias

from dagport.graph import Place, Task
from dagport.values import Template, Value
from dagport_lineage.extract.arguments import (
    Named,
    Rule,
    argument,
    gap,
    is_template_field,
    items,
    missing,
    rendered,
    split,
    union,
    value_at,
)
from dagport_lineage.extract.sql import sql_found
from dagport_lineage.model import DatasetName, Found, Gap, Lifecycle, Side, Unresolved, Write
from dagport_lineage.naming.connections import connection, database
from dagport_lineage.naming.database import Connection, Database
from dagport_lineage.rendering import file_text, partly_rendered
from dagport_lineage.scope import Scope
from dagport_lineage.secrets import redact

Part: TypeAlias = Literal["database", "schema"]
Overrides: TypeAlias = Mapping[Part, str | Unresolved]
Where: TypeAlias = Callable[[Task, Scope], Database]
Files: TypeAlias = tuple[str, ...]

SQL_FILES = (".sql",)  # endings of the names of files, where an operator takes them (``template_ext``)
ROWS = DatasetName("", "dagport_rows")  # stands for the rows of a query, and never leaves this module
KEEPING_CASE = ("databricks", "spark")  # names of columns are folded to compare them, yet results have them as written
COMMENT = re.compile(r"(--|#)[^\n]*\Z")
INCLUDE = re.compile(r"""\s*\{%-?\s*include\s+(['"])(?P<name>[^'"]+)\1\s*-?%\}\s*""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How an operator reaches its database: the arguments that say it, and what the class implies."""

    conn_id: str = "conn_id"  # the argument with the id of the connection
    default: str | None = None  # the id where that isn't set
    type: str | None = None  # of the connection that its hook stands for, whatever the connection says
    usual: str | None = None  # ... where the connection says which hook it is, and isn't known
    dialect: str | None = None
    database: str | None = None  # the argument that comes before the connection's database
    schema: str | None = None  # ... before its schema
    hook_params: str | None = None  # the argument with parameters of the hook
    generic: bool = False  # ``database`` sets what the hook of the connection's type makes of it


GENERIC = Reach(database="database", hook_params="hook_params", generic=True)
"""``BaseSQLOperator`` of the common.sql provider."""

SET_BY_DATABASE: Mapping[str, Part] = {
    "postgres": "database", "mysql": "database", "mssql": "database", "exasol": "schema",
}  # fmt: skip
"""What ``database`` of ``BaseSQLOperator`` replaces. It sets the attribute ``database`` of a Postgres hook and
``schema`` of every other; most hooks don't ask that attribute, and Snowflake's and Databricks' take it for the schema
although their lineage takes it for the database: these aren't claimed.
"""

HOOK_PARAMS: Mapping[str, Mapping[str, Part]] = {
    "postgres": {"database": "database"},
    "mysql": {"schema": "database"},
    "mssql": {"schema": "database"},
    "snowflake": {"database": "database", "schema": "schema"},
    "databricks": {"catalog": "database", "schema": "schema"},
    "exasol": {"schema": "schema"},
}
"""Parameters of hooks' constructors that come before what the connection says."""

NAMING_PARAMS = frozenset({"database", "schema", "catalog"})
SEARCH_PATH = "search_path"


# Databases


def reached(task: Task, scope: Scope, reach: Reach) -> Database:
    """The database that an operator's SQL runs in. What isn't known of it is so in the ``Database``."""
    conn_id = argument(task, scope, reach.conn_id, reach.default)
    if conn_id is None:
        return _unknown(Unresolved("connection", f"`{reach.conn_id}` isn't set"), reach)
    if isinstance(conn_id, Unresolved):
        return _unknown(conn_id, reach)
    overrides = _overrides(task, scope, reach, _type(conn_id, scope, reach))
    return overridden(conn_id, scope, reach, overrides)


def overridden(conn_id: str, scope: Scope, reach: Reach, overrides: Overrides) -> Database:
    """The database behind a connection, with parts of it named otherwise."""
    known = {part: text for part, text in overrides.items() if isinstance(text, str)}
    made = database(
        conn_id,
        scope,
        dialect=reach.dialect,
        type_=_type(conn_id, scope, reach),
        database=known.get("database"),
        schema=known.get("schema"),
    )
    return _without(made, {part: text for part, text in overrides.items() if isinstance(text, Unresolved)})


def _unknown(problem: Unresolved, reach: Reach) -> Database:
    return Database(namespace=problem, dialect=reach.dialect)


def _type(conn_id: str, scope: Scope, reach: Reach) -> str | None:
    if reach.type is not None:
        return reach.type
    found = connection(conn_id, scope)
    return found.type if isinstance(found, Connection) and found.type else reach.usual


def _overrides(task: Task, scope: Scope, reach: Reach, type_: str | None) -> Overrides:
    found: dict[Part, str | Unresolved] = {}
    if reach.hook_params:
        found |= _hook_overrides(task, scope, reach.hook_params, type_)
    named: tuple[tuple[Part, str | None], ...] = (("database", reach.database), ("schema", reach.schema))
    for part, name in named:
        text = argument(task, scope, name) if name else None
        if text is None or text == "":
            continue
        if not reach.generic:
            found[part] = text
        elif type_ is not None and type_ in SET_BY_DATABASE:
            found[SET_BY_DATABASE[type_]] = text
        else:
            found |= _unclear(f"what `{name}` does to a connection of the type `{type_}`")
    return found


def _hook_overrides(task: Task, scope: Scope, name: str, type_: str | None) -> Overrides:
    params = value_at(task, name)
    if params is None:
        return {}
    if not isinstance(params, Mapping):
        return _unclear(f"what `{name}` holds")
    parts = HOOK_PARAMS.get(type_ or "", {})
    found: dict[Part, str | Unresolved] = {}
    for key in sorted(params):
        if key in parts:
            found[parts[key]] = rendered(params[key], task, scope, f"{name}.{key}")
        elif key in NAMING_PARAMS:
            found |= _unclear(f"what `{name}.{key}` does to a connection of the type `{type_}`")
        elif SEARCH_PATH in _written(params[key]).lower() or SEARCH_PATH in key.lower():
            found["schema"] = Unresolved("connection", f"`{name}.{key}` sets the search path")
    return found


def _written(value: Value) -> str:
    """All text in a value."""
    if isinstance(value, Template):
        return value.text
    if isinstance(value, Mapping):
        return " ".join((*value, *map(_written, value.values())))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(map(_written, value))
    return value if isinstance(value, str) else ""


def _unclear(what: str) -> Overrides:
    problem = Unresolved("connection", f"{what} isn't known")
    return {"database": problem, "schema": problem}


def _without(made: Database, parts: Mapping[Part, Unresolved]) -> Database:
    """A database of which some parts aren't known: the first of the defaults is its database, the last its schema."""
    defaults = list(made.defaults)
    for part in parts:
        if defaults and (part == "database" or len(defaults) > 1):
            defaults[0 if part == "database" else -1] = None
    return replace(made, defaults=tuple(defaults), unknown=next(iter(parts.values()), made.unknown))


# Queries


def by(reach: Reach) -> Where:
    """The database that arguments name, for rules."""
    return partial(reached, reach=reach)


def queries(
    task: Task, scope: Scope, name: str, where: Database, *, files: Files = SQL_FILES, default_side: Side = "both"
) -> Found:
    """What the SQL of an argument does: one text or a list of them, each SQL or the name of a file with it.

    The texts run one after the other in one session, so they are read as one.
    """
    values = items(task.arguments.get(name))
    if not values:
        return Found(gaps=(gap(default_side, missing(name), scope.place(task)),))
    return run(values, task, scope, name, where, files=files, default_side=default_side)


def run(
    values: Sequence[Value],
    task: Task,
    scope: Scope,
    label: str,
    where: Database,
    *,
    files: Files = SQL_FILES,
    default_side: Side = "both",
) -> Found:
    """What texts of SQL do, one after the other in one session; ``label`` is where in the arguments they stand."""
    place = scope.place(task)
    texts: list[Text] = []
    problems: list[Gap] = []
    for value in values:
        text = text_of_sql(value, task, scope, label, files)
        if isinstance(text, Unresolved):
            # What comes after a text that isn't known may run in another schema, or read a temporary table of it.
            problems.append(gap(default_side, text, place))
            break
        texts.append(text)
    if not texts:
        return Found(gaps=tuple(problems))
    places = {text.place for text in texts}
    there = texts[0].place if len(places) == 1 else place
    done = sql_found(_joined(text.rendered for text in texts), where, there, default_side=default_side)
    return union((as_written(done, _joined(text.written for text in texts)), Found(gaps=tuple(problems))))


def as_written(done: Found, written: str) -> Found:
    """What SQL does, with the SQL as the source has it: what templates stand for may be a secret."""
    return replace(done, sql=tuple(replace(sql, query=written) for sql in done.sql[:1]))


def _joined(texts: Iterable[str]) -> str:
    """One text of several: the end of one may be a comment."""
    ended = (text.rstrip().rstrip(";") for text in texts)
    return "\n".join(f"{text}\n;" if COMMENT.search(text) else f"{text};" for text in ended).removesuffix(";").rstrip()


@dataclass(frozen=True, slots=True)
class Text:
    """SQL as the source has it, and rendered as far as that is known. It stands in a file, or in the task."""

    written: str
    rendered: str
    place: Place


def text_of_sql(value: Value, task: Task, scope: Scope, label: str, files: Files) -> Text | Unresolved:
    """The SQL that a value is, or whose file it names."""
    place = scope.place(task)
    written = value.text if isinstance(value, Template) else value
    if not isinstance(written, str):
        problem = rendered(value, task, scope, label)
        return problem if isinstance(problem, Unresolved) else Text(problem, problem, place)
    if not is_template_field(task, label.split(".")[0]):
        return Text(written, written, place)
    name = _file(written, files)
    if name is not None:
        content = file_text(name, task, scope)
        if isinstance(content, Unresolved):
            return replace(content, message=f"`{label}`: {content.message}")
        written, path = content
        place = Place(path=path)
    return Text(written, partly_rendered(written, task, scope), place)


def _file(written: str, files: Files) -> str | None:
    """The file that a text names, in whole: by its ending, or as all that a template includes."""
    if files and written.endswith(files):
        return written
    included = INCLUDE.fullmatch(written)
    return included["name"] if included else None


# Tables that arguments name


def table(text: str | Unresolved | None, where: Database, place: Place, label: str) -> Named:
    """The dataset of a table that is named as in SQL: with or without its schema, quoted or not."""
    if not isinstance(text, str):
        return text or missing(label)
    done = sql_found(" ".join(("SELECT 1 FROM", text)), where, place)
    if done.gaps:
        return Unresolved(done.gaps[0].reason, done.gaps[0].message)
    if len(done.reads) != 1 or done.writes:
        return Unresolved("name", f"`{label}`: `{redact(text)}` isn't the name of a table")
    return done.reads[0].dataset


def into(
    done: Found, target: Named, place: Place, *, lifecycle: Lifecycle | None = None, rows: Write | None = None
) -> Found:
    """What a query does whose result is written to a dataset; ``rows`` says what its columns are made of."""
    complete = not any(item.side in ("inputs", "both") for item in done.gaps)
    names, gaps = split((target,), "outputs", place)
    sources = tuple(read.dataset for read in done.reads) if complete else None
    made = rows or Write(dataset=ROWS, how="operator")
    write = replace(made, how="operator", sources=sources, lifecycle=lifecycle, schema=(), place=place)
    return union((done, Found(writes=tuple(replace(write, dataset=name) for name in names), gaps=gaps)))


def result(
    task: Task, scope: Scope, name: str, where: Database, done: Found, *, files: Files = SQL_FILES
) -> Write | None:
    """What the columns of the rows of a query are made of, where that is known; ``done`` is what the query does."""
    values = items(task.arguments.get(name))
    text = text_of_sql(values[0], task, scope, name, files) if len(values) == 1 else None
    return columns_of(text.rendered, done, where, text.place) if isinstance(text, Text) else None


def columns_of(text: str, done: Found, where: Database, place: Place) -> Write | None:
    """What the columns of a query's rows are made of: those of a table that is made of them, where it is one query."""
    if done.writes or done.gaps or ";" in text.strip().rstrip(";") or where.dialect in KEEPING_CASE:
        return None
    table_of_rows = ".".join([ROWS.name] * where.depth)
    made = sql_found(f"CREATE TABLE {table_of_rows} AS\n{text}", where, place)
    if made.gaps or made.reads != done.reads or len(made.writes) != 1:
        return None
    plain = {name: sources for name, sources in made.writes[0].columns.items() if re.fullmatch(r"\w+", name)}
    return replace(made.writes[0], columns=plain)


# Rules


def query(name: str, where: Where, *, files: Files = SQL_FILES, default_side: Side = "both") -> Rule:
    """A rule for an operator that runs the SQL of one argument."""

    def rule(task: Task, scope: Scope) -> Found:
        return queries(task, scope, name, where(task, scope), files=files, default_side=default_side)

    return rule


def moving(
    name: str,
    source: Where,
    target: str,
    destination: Where,
    *,
    before: str = "",
    after: str = "",
    by_name: bool = False,
) -> Rule:
    """A rule for an operator that writes the rows of a query to a table of another database.

    ``target`` is the argument with the table, ``before`` and ``after`` those with SQL that runs there around the move,
    and ``by_name`` whether the columns of the rows go to columns of the same names.
    """
    files = (*SQL_FILES, ".hql")

    def rule(task: Task, scope: Scope) -> Found:
        place, here, there = scope.place(task), source(task, scope), destination(task, scope)
        done = queries(task, scope, name, here, default_side="inputs", files=files)
        rows = result(task, scope, name, here, done, files=files) if by_name else None
        moved = into(done, table(argument(task, scope, target), there, place, target), place, rows=rows)
        around = [queries(task, scope, sql, there) for sql in (before, after) if sql and task.arguments.get(sql)]
        return union((moved, *around))

    return rule
