"""pyspark: sessions, readers and writers. A frame counts as read where it is made: Spark looks at its files at once.

Tables and SQL lie in the catalog of the session, which the code alone doesn't say: they are gaps; JDBC is named by
its URL.
"""

from __future__ import annotations

from dagport_lineage.extract.callables import locations
from dagport_lineage.extract.callables.access import as_data
from dagport_lineage.extract.callables.databases import Target, execute, of_url, table
from dagport_lineage.extract.callables.domain import NONE, Data, Handle, Items, Known, Value
from dagport_lineage.extract.callables.site import Kind, Rule, Site, nothing, opener, pure
from dagport_lineage.model import Unresolved

SESSION, BUILDER, READER, WRITER, FRAME, COLUMN = (
    "spark.session", "spark.builder", "spark.reader", "spark.writer", "spark.frame", "spark.column"
)  # fmt: skip
CONTEXT = "spark.context"
FORMATS = ("csv", "parquet", "json", "orc", "text")
FILES = frozenset({*FORMATS, "avro", "delta", "com.databricks.spark.csv"})
CATALOG = Unresolved("connection", "which catalog the Spark session has isn't known")
SAME = frozenset({
    "agg", "alias", "avg", "cache", "checkpoint", "coalesce", "colRegex", "crossJoin", "cube", "describe", "distinct",
    "drop", "dropDuplicates", "drop_duplicates", "dropna", "exceptAll", "filter", "fillna", "groupBy", "groupby",
    "hint",
    "intersect", "join", "limit", "max", "mean", "min", "na", "orderBy", "persist", "pivot", "randomSplit",
    "repartition",
    "replace", "rollup", "sample", "select", "selectExpr", "sort", "subtract", "sum", "summary", "toDF", "transform",
    "union", "unionAll", "unionByName", "unpersist", "where", "withColumn", "withColumnRenamed", "withColumns", "count",
    "fill", "sortWithinPartitions", "localCheckpoint", "tail", "head", "take", "first", "collect", "cast", "isNull",
    "isNotNull", "isin", "between", "like", "startswith", "contains", "over", "desc", "asc", "getItem", "otherwise",
    "when",
})  # fmt: skip
PURE = frozenset({"show", "printSchema", "explain", "isEmpty", "toLocalIterator", "createOrReplaceGlobalTempView"})


def _reader_of(walker: object, handle: Handle) -> Value:
    return Handle(READER, ())


def _writer_of(walker: object, handle: Handle) -> Value:
    return Handle(WRITER, (), handle.origins)


def _options(site: Site) -> dict[str, Value]:
    return dict(site.handle.data or ())


def _with(site: Site, options: dict[str, Value]) -> Value:
    return Handle(site.handle.kind, tuple(options.items()), site.handle.origins)


def _format(site: Site) -> Value:
    return _with(site, {**_options(site), "format": as_data(site.arg(0, "source"))})


def _mode(site: Site) -> Value:
    return _with(site, {**_options(site), "mode": as_data(site.arg(0, "saveMode"))})


def _option(site: Site) -> Value:
    name = site.text_arg(0, "key")
    if name is None:
        return _with(site, {**_options(site), "?": Data(None, None)})
    return _with(site, {**_options(site), name.lower(): as_data(site.arg(1, "value"))})


def _some_options(site: Site) -> Value:
    if site.is_open or site.args:
        return _with(site, {**_options(site), "?": Data(None, None)})
    return _with(site, {**_options(site), **{name.lower(): as_data(value) for name, value in site.kwargs.items()}})


def _known(value: Value | None) -> str | None:
    return value.value if isinstance(value, Known) and isinstance(value.value, str) else None


def _read_files(site: Site) -> Value:
    if set(_options(site)) & {"?", "path", "pathglobfilter", "basepath"}:
        return _unknown_frame(site)
    return Handle(FRAME, None, locations.read(site, _place(site.arg(0, "path"))))


def _place(value: Value) -> Value:
    """A path without a scheme lies in the file system that Spark is configured with."""
    value = as_data(value)
    if isinstance(value, Items) and value.items is not None:
        return Items(value.kind, [_place(item) for item in value.items])
    if isinstance(value, Known) and isinstance(value.value, str) and "://" not in value.value:
        return Data(Unresolved("name", "a path without a scheme lies in the file system that Spark is configured with"))
    return value


def _load(site: Site) -> Value:
    options = _options(site)
    form = site.text_arg(None, "format") or _known(options.get("format"))
    if form == "jdbc" and not site.args:
        return _jdbc_frame(site, options)
    if form is None or form.lower() not in FILES or set(site.kwargs) - {"path", "format", "schema", "header"}:
        return _unknown_frame(site)
    return _read_files(site)


def _unknown_frame(site: Site) -> Value:
    site.unknown("inputs")
    return Handle(FRAME, None, None)


def _jdbc(options: dict[str, Value]) -> Target:
    url = _known(options.get("url"))
    if url is None or "?" in options or not url.startswith("jdbc:"):
        return Unresolved("connection", "the URL of the database isn't known")
    return of_url(url.removeprefix("jdbc:"))


def _jdbc_frame(site: Site, options: dict[str, Value]) -> Value:
    target = _jdbc(options)
    if "query" in options:
        return Handle(FRAME, None, execute(site, options["query"], target, "inputs"))
    name = _known(options.get("dbtable"))
    if name is None or "(" in name:
        return _unknown_frame(site)
    schema, _, last = name.rpartition(".")
    return Handle(FRAME, None, site.read(table(target, Known(last), Known(schema or None), quoted=False)))


def _read_jdbc(site: Site) -> Value:
    options = {"url": as_data(site.arg(0, "url")), "dbtable": as_data(site.arg(1, "table"))}
    return _jdbc_frame(site, options)


def _of_catalog(side: str) -> Rule:
    def rule(site: Site) -> Value:
        message = f"`{site.text}`: {CATALOG.message}"
        site.gap("inputs" if side == "inputs" else "outputs" if side == "outputs" else "both", "connection", message)
        return Handle(FRAME, None, None) if side != "outputs" else NONE

    return rule


def _write_files(site: Site) -> Value:
    if set(_options(site)) & {"?", "path"}:
        site.unknown("outputs")
    else:
        locations.write(site, _place(site.arg(0, "path")), site.handle.origins)
    return NONE


def _save(site: Site) -> Value:
    options = _options(site)
    form = site.text_arg(1, "format") or _known(options.get("format"))
    if form == "jdbc" and not site.args:
        name = _known(options.get("dbtable"))
        schema, _, last = (name or "").rpartition(".")
        target = _jdbc(options) if name else Unresolved("opaque", "the table isn't known")
        site.write(table(target, Known(last), Known(schema or None), quoted=False), site.handle.origins)
        return NONE
    if form is None or form.lower() not in FILES:
        site.unknown("outputs")
        return NONE
    return _write_files(site)


def _write_jdbc(site: Site) -> Value:
    options = {"url": as_data(site.arg(0, "url"))}
    name = _known(as_data(site.arg(1, "table")))
    schema, _, last = (name or "").rpartition(".")
    target = _jdbc(options) if name else Unresolved("opaque", "the table isn't known")
    site.write(table(target, Known(last), Known(schema or None), quoted=False), site.handle.origins)
    return NONE


def _made(site: Site) -> Value:
    return Handle(FRAME, None, site.origins)


def _session(walker: object, handle: Handle) -> Value:
    return Handle(BUILDER)


def _to_pandas(site: Site) -> Value:
    return Handle("pandas.frame", None, site.handle.origins)


def _column(site: Site) -> Value:
    return Handle(COLUMN, None, site.origins)


COLUMNS = (
    "col", "lit", "when", "sum", "avg", "mean", "max", "min", "count", "countDistinct", "concat", "concat_ws",
    "to_date",
    "to_timestamp", "date_format", "current_date", "current_timestamp", "year", "month", "dayofmonth", "hour", "upper",
    "lower", "trim", "regexp_replace", "split", "explode", "row_number", "rank", "dense_rank", "lag", "lead", "round",
    "abs", "coalesce", "desc", "asc", "struct", "array", "collect_list", "collect_set", "first", "last", "length",
    "substring", "datediff", "date_add", "unix_timestamp", "from_unixtime", "isnan", "isnull",
    "monotonically_increasing_id",
)  # fmt: skip

FUNCTIONS: dict[str, Rule] = {
    **{f"pyspark.sql.functions.{name}": _column for name in COLUMNS},
    "pyspark.SparkConf": opener(BUILDER),
    "pyspark.sql.Window.partitionBy": opener(COLUMN),
    "pyspark.sql.Window.orderBy": opener(COLUMN),
    **{
        f"pyspark.sql.types.{name}": pure
        for name in ("StructType", "StructField", "StringType", "IntegerType", "LongType", "DoubleType", "DateType",
                     "TimestampType", "FloatType", "BooleanType")
    },
}  # fmt: skip
for _name in ("appName", "master", "config", "enableHiveSupport"):
    FUNCTIONS[f"pyspark.sql.SparkSession.builder.{_name}"] = opener(BUILDER)
FUNCTIONS["pyspark.sql.SparkSession.builder.getOrCreate"] = opener(SESSION)

KINDS = {
    BUILDER: Kind(
        methods={"getOrCreate": opener(SESSION)},
        same=frozenset({"appName", "master", "config", "enableHiveSupport", "set", "setAppName", "setMaster"}),
    ),
    SESSION: Kind(
        methods={
            "sql": _of_catalog("both"),
            "table": _of_catalog("inputs"),
            "createDataFrame": _made,
            "range": _made,
            "stop": nothing,
        },
        attributes={
            "read": _reader_of,
            "sparkContext": lambda walker, handle: Handle(CONTEXT),
            "conf": lambda w, h: Data(),
        },
    ),
    CONTEXT: Kind(pure=frozenset({"setLogLevel"})),
    READER: Kind(
        methods={
            "format": _format,
            "option": _option,
            "options": _some_options,
            **dict.fromkeys(FORMATS, _read_files),
            "load": _load,
            "jdbc": _read_jdbc,
            "table": _of_catalog("inputs"),
        },
        same=frozenset({"schema"}),
    ),
    WRITER: Kind(
        methods={
            "format": _format,
            "mode": _mode,
            "option": _option,
            "options": _some_options,
            **dict.fromkeys(FORMATS, _write_files),
            "save": _save,
            "jdbc": _write_jdbc,
            "saveAsTable": _of_catalog("outputs"),
            "insertInto": _of_catalog("outputs"),
        },
        same=frozenset({"partitionBy", "bucketBy", "sortBy"}),
    ),
    FRAME: Kind(
        methods={"toPandas": _to_pandas, "createOrReplaceTempView": nothing},
        attributes={"write": _writer_of},
        same=SAME,
        pure=PURE,
        has_fields=True,
        iterated=lambda handle: Data(None, handle.origins),
    ),
    COLUMN: Kind(is_pure=False, same=SAME, has_fields=True),
}
