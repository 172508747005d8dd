"""Names in SQL: how a dialect folds and compares them, and which dataset, if any, a table's name stands for.

The tables in which an engine describes itself (``information_schema``, ``pg_catalog``, ``sys``, ``dual``, ...) are no
datasets: a statement that asks them reads no data. The lists below say which those are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from dagport_lineage.extract.sql.masking import Masked
from dagport_lineage.model import DatasetName, Unresolved
from dagport_lineage.naming.database import Database
from dagport_lineage.naming.uris import uri_dataset

if TYPE_CHECKING:
    from sqlglot.expressions import Expr, Identifier, Table

Path: TypeAlias = tuple[str, ...]  # a table's name as it is written, folded, outermost first

# Dialects where columns and aliases that differ only in case are the same, quoted or not.
_CASELESS = {
    "athena", "bigquery", "databricks", "duckdb", "hive", "mysql", "presto", "redshift", "spark", "spark2", "sqlite",
    "starrocks", "teradata", "trino", "tsql", "fabric", "doris",
}  # fmt: skip
# Dialects whose columns may be structures: ``a.b`` can be a field of the column ``a``.
STRUCTURED = {
    "athena",
    "bigquery",
    "clickhouse",
    "databricks",
    "duckdb",
    "hive",
    "presto",
    "redshift",
    "spark",
    "trino",
}
# Dialects where a select list can't refer to its own aliases.
NO_LATERAL_ALIASES = {"athena", "bigquery", "hive", "mysql", "oracle", "postgres", "presto", "trino", "tsql", "sqlite"}

_SYSTEM_SCHEMAS = {"information_schema"}
_ORACLE_VIEWS = (
    r"(all|user|dba|cdb)_(tables|tab_\w+|objects|indexes|ind_\w+|constraints|cons_columns|views|mviews|sequences|synonyms"
    r"|triggers|source|procedures|users|segments|extents|\w+_privs|\w+_comments|jobs|scheduler_\w+|dependencies|errors"
    r"|arguments|types|directories|db_links|part_\w+|recyclebin|catalog|tablespaces|free_space|data_files|columns)$"
)
_REDSHIFT_VIEWS = (
    r"(pg|stl|stv|svv|svl|svcs)_\w+$|sys_(query|load|unload|session|connection|transaction|external_query|copy|vacuum|mv"
    r"|procedure|stream|datashare|integration|analyze|serverless|child_query|userlog|udf|schema_quota|restore|rerun)\w*$"
)
_NO_TABLE = r"$^"
_WORD = re.compile(r"[\w$#@-]+")  # what a name without quotes is made of
_SYSTEM_BY_DIALECT: Final[dict[str, tuple[set[str], str]]] = {
    # dialect: (schemas of the system, a pattern of its tables' names without a schema)
    "postgres": ({"pg_catalog", "pg_toast"}, r"pg_\w+$"),
    "redshift": ({"pg_catalog", "pg_internal"}, _REDSHIFT_VIEWS),
    "mysql": ({"mysql", "performance_schema", "sys"}, r"dual$"),
    "tsql": ({"sys"}, r"sys(objects|columns|indexes|databases|tables|types|users|processes)$"),
    "oracle": ({"sys"}, rf"dual$|{_ORACLE_VIEWS}|g?v\$\w+$"),
    "snowflake": (set(), r"dual$"),
    "bigquery": (set(), r"__tables(_summary)?__$"),
    "clickhouse": ({"system"}, _NO_TABLE),
    "sqlite": (set(), r"sqlite_\w+$"),
    "teradata": ({"dbc"}, _NO_TABLE),
    "duckdb": ({"pg_catalog"}, r"(duckdb_\w+|sqlite_master|pragma_\w+)$"),
}
# Catalogs of the system, in dialects where a table lies in a schema of a catalog.
_SYSTEM_CATALOGS = {
    "athena": "system",
    "databricks": "system",
    "presto": "system",
    "snowflake": "snowflake",
    "trino": "system",
}
_FORMATS = {"avro", "binaryfile", "csv", "delta", "hudi", "iceberg", "json", "orc", "parquet", "text", "xml"}
_TEMPORARY_SCHEMAS: Final[dict[str | None, set[str]]] = {
    "bigquery": {"_session"},
    "databricks": {"global_temp"},
    "duckdb": {"temp"},
    "postgres": {"pg_temp"},
    "redshift": {"pg_temp"},
    "spark": {"global_temp"},
    "sqlite": {"temp"},
}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A name that stands for no dataset of ours: the system's tables, or a temporary table."""

    kind: Literal["system", "temporary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Resolves names in one text."""

    database: Database
    masked: Masked

    @property
    def dialect(self) -> str | None:
        """sqlglot's name of the dialect; ``None``: not known."""
        return self.database.dialect

    def folded(self, identifier: Expr) -> str:
        """A name as the database keeps it."""
        name = str(identifier.name)
        if self.database.folding == "none" or (identifier.args.get("quoted") and not self.database.caseless):
            return name
        return name.lower() if self.database.folding == "lower" else name.upper()

    def key(self, identifier: Expr) -> str:
        """A column's or an alias's name, to be compared."""
        name = self.folded(identifier)
        return name.lower() if self.dialect in _CASELESS or self.dialect is None else name

    def certain(self, identifier: Expr) -> bool:
        """Whether it is known which name this is: no template in it, and no dialect that would read it otherwise."""
        if self.masked.masks(identifier.name):
            return False
        return self.dialect is not None or not identifier.args.get("quoted")

    def path(self, table: Table) -> Path:
        """The parts of a table's name, folded."""
        return tuple(self.folded(part) for part in _identifiers(table))

    def written(self, table: Table) -> str:
        """A table's name as the source writes it."""
        return self.masked.unmasked(".".join(part.name for part in _identifiers(table)) or str(table.name))

    def is_temporary(self, table: Table) -> bool:
        """Whether the name itself says that the table lasts no longer than the session."""
        identifier = table.this
        if identifier is None:
            return False  # the parser takes a table without a name
        if identifier.args.get("temporary") or identifier.args.get("global_"):
            return True
        if self.dialect == "redshift" and table.name.startswith("#"):
            return True
        if identifier.key in ("parameter", "sessionparameter"):
            return True
        return bool(table.db) and table.db.lower() in _TEMPORARY_SCHEMAS.get(self.dialect, set())

    def dataset(self, table: Table) -> DatasetName | Unresolved | Elsewhere:
        """The dataset that a table's name stands for."""
        identifiers = _identifiers(table)
        if not identifiers:
            return Unresolved("sql", f"`{self.masked.unmasked(table.name)}` isn't a table's name")
        masks = [mask for part in identifiers for mask in self.masked.masks(_plain(part.name, self.dialect))]
        if masks:
            return _templated(self.written(table), masks)
        if self.is_temporary(table):
            return Elsewhere("temporary")
        if self._is_system(identifiers):
            return Elsewhere("system")
        return self._file(table) or self._named(table, identifiers)

    def _is_system(self, identifiers: list[Identifier]) -> bool:
        parts = [piece.lower() for part in identifiers for piece in part.name.split(".")]
        if _SYSTEM_SCHEMAS & set(parts):
            return True
        if len(parts) > 2 and _SYSTEM_CATALOGS.get(self.dialect or "") == parts[0]:
            return True
        if self.dialect in ("athena", "presto", "trino") and "$" in parts[-1]:
            return True  # the partitions, the snapshots of a table
        schemas, pattern = _SYSTEM_BY_DIALECT.get(self.dialect or "", (set(), _NO_TABLE))
        if len(parts) > 1:
            return parts[-2] in schemas or (self.dialect == "bigquery" and re.match(pattern, parts[-1]) is not None)
        return re.match(pattern, parts[-1]) is not None

    def _file(self, table: Table) -> DatasetName | Unresolved | None:
        """The dataset of a file that is named instead of a table, if it is one."""
        name = table.name
        by_format = self.dialect in ("spark", "spark2", "databricks") and table.db.lower() in _FORMATS
        direct = self.dialect == "duckdb" and not table.db and re.search(r"://|/|\.\w+$", name) and _is_quoted(table)
        if not by_format and not direct:
            return None
        return location(name)

    def _named(self, table: Table, identifiers: list[Identifier]) -> DatasetName | Unresolved:
        written = self.written(table)
        if not all(part.args.get("quoted") or _WORD.fullmatch(part.name) for part in identifiers):
            return Unresolved("sql", f"`{written}` isn't a table's name")
        last = _plain(identifiers[-1].name, self.dialect)
        if self.dialect == "bigquery" and last.endswith("*"):
            return Unresolved("runtime", f"`{written}` stands for all tables whose names begin so")
        if self.dialect in ("oracle", None) and "@" in last and not identifiers[-1].args.get("quoted"):
            return Unresolved("name", f"`{written}` lies behind a database link")
        if self.dialect is None and _depends_on_folding(identifiers, self.database):
            return Unresolved("connection", f"how `{written}` is folded depends on the database, which isn't known")
        parts = [self.folded(part) for part in identifiers]
        parts[-1] = _plain(parts[-1], self.dialect)
        database = self.database
        if table.args.get("catalog") is not None and not table.db:  # T-SQL's `database..table`
            schema = database.defaults[-1] if database.defaults else None
            if schema is None:
                return Unresolved("connection", f"which schema `{written}` lies in isn't said")
            parts.insert(len(parts) - 1, schema)
        found = database.dataset(parts)
        if isinstance(found, Unresolved):
            return replace(found, message=f"the table `{written}`: {found.message}")
        return found


def _identifiers(table: Table) -> list[Identifier]:
    """The identifiers of a table's name, outermost first; none where it isn't made of any."""
    from sqlglot import exp

    last = table.this
    parts = list(last.flatten()) if isinstance(last, exp.Dot) else [last]
    found = [table.args.get("catalog"), table.args.get("db"), *parts]
    named = [part for part in found if part]
    if not all(isinstance(part, exp.Identifier) for part in named):
        return []
    return [part for part in named if isinstance(part, exp.Identifier) and part.name]


def _is_quoted(table: Table) -> bool:
    return bool(table.this.args.get("quoted"))


def _plain(name: str, dialect: str | None) -> str:
    """A table's name without BigQuery's decorator of a partition or a time."""
    return re.split(r"[$@]", name, maxsplit=1)[0] if dialect == "bigquery" else name


def _templated(written: str, masks: list[str]) -> Unresolved:
    names = ", ".join(f"`{mask}`" for mask in dict.fromkeys(masks))
    if written == masks[0]:
        return Unresolved("template", f"the table's name is {names}, known in a run only")
    return Unresolved("template", f"the table's name `{written}` has {names}, known in a run only")


def _depends_on_folding(identifiers: list[Identifier], database: Database) -> bool:
    """Whether dialects disagree on these names: some fold to upper case, some not at all."""
    names = [part.name for part in identifiers if not part.args.get("quoted")]
    return any(name != name.lower() for name in names) or (bool(names) and database.folding == "upper")


def location(uri: str) -> DatasetName | Unresolved:
    """The dataset of a place that SQL loads from or unloads to."""
    if "*" in uri:  # all files below a folder
        uri = uri[: uri.index("*")].rpartition("/")[0]
    if uri.startswith("/"):
        return Unresolved("name", f"which machine the file `{uri}` lies on isn't said")
    if "://" not in uri:
        return Unresolved("name", f"where the file `{uri}` lies isn't said")
    return uri_dataset(uri)
