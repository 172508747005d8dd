"""The columns and types of tables that a text makes, a row a case."""

from __future__ import annotations

import pytest

from tests.lineage.sql.support import found

CASES = [
    ("postgres", "CREATE TABLE t (a int PRIMARY KEY, b varchar(10) NOT NULL)", ["a INT", "b VARCHAR(10)"]),
    ("bigquery", "CREATE TABLE d.t (a INT64, b ARRAY<STRUCT<c STRING>>)", ["a INT64", "b ARRAY<STRUCT<c STRING>>"]),
    ("snowflake", 'CREATE TABLE t (a NUMBER(10, 2), "b" VARIANT)', ["A DECIMAL(10, 2)", "b VARIANT"]),
    ("hive", "CREATE TABLE t (a INT) PARTITIONED BY (d STRING)", ["a INT", "d STRING"]),
    ("databricks", "CREATE TABLE t (a INT, d STRING) USING delta PARTITIONED BY (d)", ["a INT", "d STRING"]),
    ("spark", "CREATE TABLE t USING delta PARTITIONED BY (d) AS SELECT a, b, d FROM s", ["a", "b", "d"]),
    ("postgres", "CREATE TABLE t AS SELECT a::int AS x, b FROM s", ["x INT", "b"]),
    ("postgres", "CREATE TABLE s (a int); CREATE VIEW t AS SELECT a, 1 AS n FROM s", ["a INT", "n"]),
    ("postgres", "CREATE VIEW t (x) AS SELECT a FROM s", ["x"]),
    ("snowflake", "CREATE TABLE t (x INT) AS SELECT a FROM s", ["X INT"]),
    # not all of the columns are known
    ("postgres", "CREATE TABLE t AS SELECT a, count(*) FROM s", []),
    ("postgres", "CREATE TABLE t AS SELECT * FROM s", []),
    ("postgres", "CREATE TABLE t AS SELECT a, {{ x }} FROM s", []),
    ("postgres", "CREATE TABLE t (a int, {{ more }})", []),
    ("postgres", "CREATE TABLE t (LIKE s, b int)", []),
    ("postgres", "CREATE TABLE t (b int) INHERITS (s)", []),
    ("mysql", "CREATE TABLE t (a int) SELECT b FROM s", []),
    ("postgres", "CREATE TABLE t (a int); ALTER TABLE t ADD COLUMN b int", []),
    ("postgres", "INSERT INTO t (a) VALUES (1)", []),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "text", "schema"), CASES, ids=[text for _, text, _ in CASES])
def test_schemas(dialect: str, text: str, schema: list[str]) -> None:
    (write,) = [write for write in found(dialect, text).writes if write.dataset.name.endswith(("t", "T"))]
    assert [" ".join(filter(None, (column.name, column.type))) for column in write.schema] == schema
