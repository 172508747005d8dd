"""pyarrow: Parquet, CSV, Feather, ORC. A file system that is handed in isn't followed."""

from __future__ import annotations

from dagport_lineage.extract.callables import locations
from dagport_lineage.extract.callables.domain import NONE, Handle, Value, origins_of
from dagport_lineage.extract.callables.site import Kind, Rule, Site

TABLE = "pyarrow.table"
READS = {
    "parquet.read_table": "source", "parquet.read_pandas": "source", "csv.read_csv": "input_file",
    "feather.read_table": "source", "feather.read_feather": "source", "orc.read_table": "source",
    "json.read_json": "input_file", "parquet.ParquetFile": "source",
}  # fmt: skip
WRITES = {
    "parquet.write_table": "where", "csv.write_csv": "output_file", "feather.write_feather": "dest",
    "orc.write_table": "where",
}  # fmt: skip
SAME = (
    "select", "filter", "slice", "cast", "rename_columns", "append_column", "drop", "combine_chunks", "sort_by",
    "column",
    "read", "group_by", "aggregate", "join", "unify_dictionaries", "drop_columns", "set_column", "take",
)  # fmt: skip


def _reader(parameter: str) -> Rule:
    def rule(site: Site) -> Value:
        if site.has(None, "filesystem"):
            site.unknown("inputs")
            return Handle(TABLE, None, None)
        return Handle(TABLE, None, locations.read(site, site.arg(0, parameter)))

    return rule


def _writer(parameter: str) -> Rule:
    def rule(site: Site) -> Value:
        if site.has(None, "filesystem"):
            return site.unknown("outputs")
        locations.write(site, site.arg(1, parameter), origins_of(site.arg(0)))
        return NONE

    return rule


def _made(site: Site) -> Value:
    return Handle(TABLE, None, site.origins)


def _to_pandas(site: Site) -> Value:
    return Handle("pandas.frame", None, site.handle.origins)


FUNCTIONS: dict[str, Rule] = {
    **{f"pyarrow.{name}": _reader(parameter) for name, parameter in READS.items()},
    **{f"pyarrow.{name}": _writer(parameter) for name, parameter in WRITES.items()},
    **{
        f"pyarrow.{name}": _made
        for name in ("Table.from_pandas", "Table.from_pydict", "Table.from_pylist", "table", "concat_tables", "schema",
                     "array", "string", "int64", "float64", "field", "timestamp", "bool_", "date32")
    },
}  # fmt: skip

KINDS = {
    TABLE: Kind(
        methods={"to_pandas": _to_pandas},
        same=frozenset(SAME),
        pure=frozenset({"to_pydict", "to_pylist", "to_numpy", "close"}),
        has_fields=True,
    ),
}
