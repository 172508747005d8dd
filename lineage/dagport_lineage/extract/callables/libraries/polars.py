"""polars: eager and lazy frames. A lazy frame counts as read where it is made: it looks at its file at once."""

from __future__ import annotations

from dagport_lineage.extract.callables import locations
from dagport_lineage.extract.callables.access import as_data
from dagport_lineage.extract.callables.databases import execute, of_url, table_written, target_of
from dagport_lineage.extract.callables.domain import NONE, Data, Handle, Known, Value, data_of
from dagport_lineage.extract.callables.site import Kind, Rule, Site
from dagport_lineage.model import Lifecycle

FRAME = "polars.frame"
READS = {
    f"{verb}_{form}": "source"
    for verb in ("read", "scan")
    for form in (
        "csv",
        "parquet",
        "json",
        "ndjson",
        "ipc",
        "excel",
        "avro",
        "delta",
        "ipc_stream",
        "csv_batched",
        "ods",
    )
}
WRITES = {
    "write_csv": "file", "write_parquet": "file", "write_json": "file", "write_ndjson": "file", "write_ipc": "file",
    "write_excel": "workbook", "write_avro": "file", "write_delta": "target", "sink_csv": "path",
    "sink_parquet": "path",
    "sink_ipc": "path", "sink_ndjson": "path",
}  # fmt: skip
TEXTS = frozenset({"write_csv", "write_json", "write_ndjson"})
MAKERS = frozenset({
    "DataFrame", "LazyFrame", "Series", "concat", "col", "lit", "when", "all", "sum", "mean", "min", "max", "len",
    "count", "from_dicts", "from_dict", "from_pandas", "from_arrow", "from_records", "date_range", "struct",
    "concat_str",
    "coalesce", "exclude", "element", "format", "Int64", "Int32", "Float64", "Utf8", "String", "Date", "Datetime",
    "Boolean", "Schema", "datetime_range", "arange", "any_horizontal", "all_horizontal", "sum_horizontal",
})  # fmt: skip
SAME = frozenset({
    "agg", "alias", "all", "any", "cast", "clone", "collect", "columns", "count", "describe", "drop", "drop_nulls",
    "explode", "fill_nan", "fill_null", "filter", "first", "group_by", "groupby", "head", "hstack", "is_in", "is_null",
    "is_not_null", "is_between", "item", "join", "join_asof", "last", "lazy", "limit", "max", "mean", "median", "melt",
    "min", "n_unique", "otherwise", "over", "pivot", "rename", "row", "rows", "sample", "select", "shift", "slice",
    "sort", "std", "sum", "tail", "then", "to_series", "top_k", "transpose", "unique", "unnest", "unpivot",
    "upsample", "value_counts", "vstack", "when", "with_columns", "with_row_count", "with_row_index", "rolling",
    "contains", "replace", "strptime", "to_date", "to_datetime", "to_lowercase", "to_uppercase", "strip_chars",
    "starts_with", "ends_with", "extract", "split", "year", "month", "day", "dt", "round", "abs", "eq", "and_", "or_",
    "not_", "cum_sum", "diff", "rank", "with_column", "iter_rows", "iter_slices", "fetch", "cache", "desc",
    "collect_schema",
})  # fmt: skip
PURE = frozenset({"to_dicts", "to_dict", "to_numpy", "is_empty", "to_list", "estimated_size", "n_chunks", "glimpse"})


def _read(site: Site) -> Value:
    return Handle(FRAME, None, locations.read(site, site.arg(0, "source")))


def _writer(name: str, parameter: str) -> Rule:
    def rule(site: Site) -> Value:
        target = site.arg(0, parameter)
        if name in TEXTS and not site.is_open and isinstance(target, Known) and target.value is None:
            return data_of([site.handle])
        locations.write(site, target, site.handle.origins)
        return NONE

    return rule


def _read_database(site: Site) -> Value:
    target = target_of(site.arg(1, "connection"))
    return Handle(FRAME, None, execute(site, site.arg(0, "query"), target))


def _read_uri(site: Site) -> Value:
    uri = as_data(site.arg(1, "uri"))
    target = of_url(uri.value) if isinstance(uri, Known) and isinstance(uri.value, str) else target_of(uri)
    return Handle(FRAME, None, execute(site, site.arg(0, "query"), target))


def _write_database(site: Site) -> Value:
    name = as_data(site.arg(0, "table_name"))
    schema: Value = NONE
    if isinstance(name, Known) and isinstance(name.value, str) and name.value.count(".") == 1:
        first, _, last = name.value.partition(".")
        name, schema = Known(last), Known(first)
    mode = site.arg(2, "if_table_exists")
    lifecycle: Lifecycle | None = "OVERWRITE" if isinstance(mode, Known) and mode.value == "replace" else None
    table_written(site, site.arg(1, "connection"), name, schema, site.handle.origins, lifecycle)
    return Data()


def _made(site: Site) -> Value:
    return Handle(FRAME, None, site.origins)


def _to_pandas(site: Site) -> Value:
    return Handle("pandas.frame", None, site.handle.origins)


FUNCTIONS: dict[str, Rule] = {
    **{f"polars.{name}": _read for name in READS},
    **{f"polars.{name}": _made for name in MAKERS},
    "polars.read_database": _read_database,
    "polars.read_database_uri": _read_uri,
}

KINDS = {
    FRAME: Kind(
        methods={
            **{name: _writer(name, parameter) for name, parameter in WRITES.items()},
            "write_database": _write_database,
            "to_pandas": _to_pandas,
        },
        same=SAME,
        pure=PURE,
        has_fields=True,
        assignable=True,
        iterated=lambda handle: Handle(FRAME, None, handle.origins),
    ),
}
