"""pandas, and what has its interface: modin, geopandas, dask.dataframe."""

from __future__ import annotations

from dagport_lineage.extract.callables import locations
from dagport_lineage.extract.callables.databases import query_read, table_read, table_written
from dagport_lineage.extract.callables.domain import NONE, Data, Handle, Known, Lost, Value, data_of
from dagport_lineage.extract.callables.site import Kind, Rule, Site, nothing
from dagport_lineage.model import Lifecycle

FRAME = "pandas.frame"
STORE = "pandas.store"

# Function -> the position and name of the path
READERS: dict[str, str] = {
    "read_csv": "filepath_or_buffer", "read_table": "filepath_or_buffer", "read_fwf": "filepath_or_buffer",
    "read_parquet": "path", "read_json": "path_or_buf", "read_excel": "io", "read_orc": "path", "read_feather": "path",
    "read_pickle": "filepath_or_buffer", "read_hdf": "path_or_buf", "read_stata": "filepath_or_buffer",
    "read_sas": "filepath_or_buffer", "read_spss": "path", "read_xml": "path_or_buffer", "read_html": "io",
    "read_file": "filename", "ExcelFile": "path_or_buffer",
}  # fmt: skip
WRITERS: dict[str, str] = {
    "to_csv": "path_or_buf", "to_parquet": "path", "to_json": "path_or_buf", "to_excel": "excel_writer",
    "to_orc": "path",
    "to_feather": "path", "to_pickle": "path", "to_hdf": "path_or_buf", "to_stata": "path", "to_xml": "path_or_buffer",
    "to_html": "buf", "to_markdown": "buf", "to_latex": "buf", "to_string": "buf", "to_file": "filename",
}  # fmt: skip
MAKERS = frozenset({
    "DataFrame", "Series", "concat", "merge", "json_normalize", "pivot_table", "crosstab", "melt", "get_dummies", "cut",
    "qcut", "date_range", "to_datetime", "to_numeric", "to_timedelta", "Index", "MultiIndex", "MultiIndex.from_tuples",
    "MultiIndex.from_product", "Timestamp", "Timedelta", "isna", "isnull", "notna", "notnull", "merge_asof",
    "merge_ordered", "pivot", "unique", "factorize", "Categorical", "period_range", "DataFrame.from_dict",
    "DataFrame.from_records", "GeoDataFrame", "GeoSeries", "from_pandas", "wide_to_long", "bdate_range", "NamedAgg",
    "Timestamp.now", "Timestamp.today", "Timestamp.utcnow", "sjoin", "points_from_xy", "from_dummies",
    "Period", "DateOffset", "offsets.Day", "infer_freq", "array", "Grouper", "set_option", "option_context",
})  # fmt: skip
PREFIXES = ("pandas.", "modin.pandas.", "geopandas.", "dask.dataframe.")
TEXTS = frozenset({"to_csv", "to_json", "to_xml", "to_html", "to_markdown", "to_latex", "to_string"})

SAME = frozenset({
    "abs", "add", "add_prefix", "add_suffix", "agg", "aggregate", "align", "all", "any", "apply", "applymap", "asfreq",
    "asof", "assign", "astype", "at_time", "between", "bfill", "between_time", "clip", "combine", "combine_first",
    "compare", "convert_dtypes", "copy", "corr", "count", "cov", "cummax", "cummin", "cumprod", "cumsum", "describe",
    "diff", "div", "divide", "dot", "drop", "drop_duplicates", "droplevel", "dropna", "duplicated", "eq", "equals",
    "eval", "ewm", "expanding", "explode", "ffill", "fillna", "filter", "first", "floordiv", "ge", "get", "get_group",
    "groupby", "gt", "head", "idxmax", "idxmin", "infer_objects", "insert", "interpolate", "isin", "isna", "isnull",
    "join", "last", "le", "lt", "map", "mask", "max", "mean", "median", "melt", "merge", "min", "mod", "mode", "mul",
    "multiply", "ne", "nlargest", "notna", "notnull", "nsmallest", "nunique", "pad", "pct_change", "pivot",
    "pivot_table", "pop", "pow", "prod", "product", "quantile", "query", "rank", "reindex", "rename", "rename_axis",
    "reorder_levels", "replace", "resample", "reset_index", "rolling", "round", "sample", "select_dtypes", "set_axis",
    "set_flags", "set_index", "shift", "size", "skew", "sort_index", "sort_values", "squeeze", "stack", "std", "sub",
    "subtract", "sum", "swapaxes", "swaplevel", "tail", "take", "to_frame", "to_period", "to_timestamp", "transform",
    "transpose", "truncate", "tz_convert", "tz_localize", "unique", "unstack", "update", "value_counts", "var", "where",
    "xs", "zfill", "strip", "lower", "upper", "contains", "split", "extract", "startswith", "endswith", "len", "slice",
    "strftime", "normalize", "floor", "ceil", "cat", "ngroup", "cumcount", "nth", "compute", "persist", "repartition",
    "map_partitions", "to_crs", "set_crs", "buffer", "within", "intersects", "dissolve", "overlay", "pipe", "items",
    "iterrows", "itertuples", "to_datetime", "union", "difference", "intersection", "append", "argmax", "argmin",
    "argsort", "searchsorted", "repeat", "str", "categorize", "day_name", "month_name", "findall", "extractall",
    "match", "fullmatch", "lstrip", "rstrip", "title", "capitalize", "removeprefix", "removesuffix", "isnumeric",
    "isdigit", "total_seconds", "isocalendar", "parse", "get_chunk", "ravel", "view", "sem", "kurt", "kurtosis",
})  # fmt: skip
PURE = frozenset({
    "to_dict", "to_records", "to_numpy", "tolist", "to_list", "item", "info", "memory_usage", "keys", "values",
    "first_valid_index",
    "to_arrow", "hist", "close", "__len__",
})  # fmt: skip


def canonical(name: str) -> str:
    """The name in pandas of a function of a package with its interface."""
    prefix = next((prefix for prefix in PREFIXES if name.startswith(prefix)), "")
    return name.removeprefix(prefix) if prefix else name


def _reader(parameter: str) -> Rule:
    def rule(site: Site) -> Value:
        if _has_own_files(site):
            site.unknown("inputs")
            return Handle(FRAME, None, None)
        return Handle(FRAME, None, locations.read(site, site.arg(0, parameter)))

    return rule


def _has_own_files(site: Site) -> bool:
    """Whether paths lie in a file system that is handed in."""
    given = site.arg(None, "filesystem")
    return not (isinstance(given, Known) and given.value is None) and not site.is_open


def _writer(name: str, parameter: str) -> Rule:
    def rule(site: Site) -> Value:
        target = site.arg(0, parameter)
        if name in TEXTS and not site.is_open and isinstance(target, Known) and target.value is None:
            return data_of([site.handle])  # without a path it gives the text
        if isinstance(target, Handle) and target.kind == STORE:
            return NONE
        if _has_own_files(site):
            site.unknown("outputs")
            return NONE
        locations.write(site, target, site.handle.origins)
        return NONE

    return rule


def _maker(site: Site) -> Value:
    return Handle(FRAME, None, site.origins)


def _excel_writer(site: Site) -> Value:
    locations.write(site, site.arg(0, "path"), None)
    return Handle(STORE)


def _read_sql(site: Site) -> Value:
    return Handle(FRAME, None, query_read(site, site.arg(0, "sql"), site.arg(1, "con")))


def _read_sql_table(site: Site) -> Value:
    origins = table_read(site, site.arg(1, "con"), site.arg(0, "table_name"), site.arg(2, "schema"))
    return Handle(FRAME, None, origins)


def _to_sql(site: Site) -> Value:
    schema = site.arg(2, "schema")
    mode = site.arg(3, "if_exists")
    replaces = isinstance(mode, Known) and mode.value == "replace"
    lifecycle: Lifecycle | None = "OVERWRITE" if replaces else None
    table_written(site, site.arg(1, "con"), site.arg(0, "name"), schema, site.handle.origins, lifecycle)
    return Data()


def _read_gbq(site: Site) -> Value:
    from dagport_lineage.extract.callables.databases import bigquery

    project = site.arg(1, "project_id")
    database = bigquery(site, project)
    return Handle(FRAME, None, query_read(site, site.arg(0, "query_or_table"), database))


def _to_gbq(site: Site) -> Value:
    from dagport_lineage.extract.callables.databases import bigquery

    target = site.arg(0, "destination_table")
    table_written(site, bigquery(site, site.arg(1, "project_id")), target, NONE, site.handle.origins)
    return NONE


def _unknown_frame(site: Site) -> Value:
    site.unknown()
    return Lost()


FUNCTIONS: dict[str, Rule] = {
    **{name: _reader(parameter) for name, parameter in READERS.items()},
    **dict.fromkeys(sorted(MAKERS), _maker),
    "ExcelWriter": _excel_writer,
    "read_sql": _read_sql,
    "read_sql_query": _read_sql,
    "read_sql_table": _read_sql_table,
    "read_gbq": _read_gbq,
    "read_clipboard": _unknown_frame,
}

KINDS = {
    FRAME: Kind(
        methods={
            **{name: _writer(name, parameter) for name, parameter in WRITERS.items()},
            "to_sql": _to_sql,
            "to_gbq": _to_gbq,
            "to_clipboard": nothing,
        },
        same=SAME,
        pure=PURE,
        has_fields=True,
        assignable=True,
        iterated=lambda handle: Handle(FRAME, None, handle.origins),
    ),
    STORE: Kind(is_pure=True),
}
