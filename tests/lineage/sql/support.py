"""Databases for the cases, and results in the words of the cases."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from dagport_lineage.extract.sql import sql_found
from dagport_lineage.model import ColumnSource, DatasetName, Found, Side, Write
from dagport_lineage.naming.database import Database, Folding

NAMESPACE = "db://host"
_DEFAULTS: Mapping[str | None, tuple[tuple[str | None, ...], Folding]] = {
    "athena": (("awsdatacatalog", "db"), "lower"),
    "bigquery": (("proj", None), "none"),
    "clickhouse": (("default",), "none"),
    "databricks": (("main", "default"), "lower"),
    "duckdb": (("main",), "none"),
    "hive": (("default",), "lower"),
    "mysql": (("shop",), "none"),
    "oracle": (("ORCL", "SHOP"), "upper"),
    "postgres": (("shop", "public"), "lower"),
    "redshift": (("dev", "public"), "lower"),
    "snowflake": (("DB", "PUBLIC"), "upper"),
    "spark": (("default",), "lower"),
    "sqlite": ((), "none"),
    "teradata": (("db",), "none"),
    "trino": (("cat", "sch"), "lower"),
    "tsql": (("shop", "dbo"), "none"),
    None: (("shop", "public"), "lower"),
}


def found(dialect: str | None, text: str, *, default_side: Side = "both") -> Found:
    """What a text does in the database of its dialect."""
    defaults, folding = _DEFAULTS[dialect]
    database = Database(namespace=NAMESPACE, dialect=dialect, defaults=defaults, folding=folding)
    return sql_found(text, database, None, default_side=default_side)


def cases(name: str) -> list[Any]:
    """The rows of a file of cases."""
    rows = yaml.safe_load((Path(__file__).parent / "cases" / f"{name}.yaml").read_text(encoding="utf-8"))
    assert isinstance(rows, list)
    return rows


def named(dataset: DatasetName) -> str:
    """A dataset: without its namespace where that is the database's."""
    return dataset.name if dataset.namespace == NAMESPACE else f"{dataset.namespace} {dataset.name}"


def written(write: Write) -> str:
    """``name LIFECYCLE previous``."""
    parts = [named(write.dataset), write.lifecycle, named(write.previous) if write.previous else None]
    return " ".join(part for part in parts if part)


def source(item: ColumnSource) -> str:
    """``table.column SUBTYPE SUBTYPE``, with ``!`` where it is masking."""
    table = item.dataset.name.rpartition(".")[2]
    hows = [f"{how.subtype}{'!' if how.masking else ''}" for how in item.transformations]
    return " ".join([f"{table}.{item.column}", *hows])


def columns(result: Found) -> dict[str, list[str]]:
    """All known columns of all outputs: ``table.column`` to its sources; ``table`` to what decides over its rows."""
    known = {}
    for write in result.writes:
        table = write.dataset.name.rpartition(".")[2]
        for name, sources in write.columns.items():
            known[f"{table}.{name}"] = [source(item) for item in sources]
        if write.influences:
            known[table] = [source(item) for item in write.influences]
    return known
