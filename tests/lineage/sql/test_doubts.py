"""What can't be told is absent or a gap, never guessed: a row a case."""

from __future__ import annotations

import pytest

from dagport_lineage.extract.sql import sql_found
from dagport_lineage.extract.sql.texts import LONGEST
from dagport_lineage.model import Unresolved
from dagport_lineage.naming.database import Database
from tests.lineage.sql.support import cases, columns, found

ROWS = cases("doubts")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}: {row[1][:60]}")
def test_doubts(row: list[object]) -> None:
    dialect, text, reads, writes, known, gaps = row
    assert dialect is None or isinstance(dialect, str)
    result = found(dialect, str(text))
    assert [read.dataset.name.rpartition(".")[2] for read in result.reads] == reads
    assert [write.dataset.name.rpartition(".")[2] for write in result.writes] == writes
    assert columns(result) == known
    assert sorted({f"{gap.side} {gap.reason}" for gap in result.gaps}) == gaps


def test_there_are_enough() -> None:
    assert len(ROWS) >= 30


MESSAGES = [
    (
        "SELECT a FROM x_{{ ds_nodash }}",
        "the table's name `x_{{ ds_nodash }}` has `{{ ds_nodash }}`, known in a run only",
    ),
    ("SELECT a FROM {{ params.t }}", "the table's name is `{{ params.t }}`, known in a run only"),
    ("SELECT a\nFROM t\nWHERE (b", "the SQL can't be read: it isn't understood at line 3, column 8"),
    ("SELECT 'hunter2' FROM ((", "the SQL can't be read: it isn't understood at line 1"),
    ("CALL p('hunter2')", "what `CALL` runs isn't in the text"),
    ("COPY t FROM STDIN", "what is behind STDIN isn't in the text"),
    (
        "SELECT 1 FROM t {% if a %} JOIN u ON true {% endif %}",
        "whether `shop.public.u` is read depends on `{% if a %}`",
    ),
    ("SELECT * FROM f(1)", "what the table function `f` reads isn't in the text"),
    ("(" * 70 + "1" + ")" * 70, "the SQL can't be read: its parentheses are nested deeper than 60"),
    ("SELECT " + "1," * (LONGEST // 2) + "1", "the SQL is longer than 200000 characters"),
]


@pytest.mark.parametrize(("text", "message"), MESSAGES, ids=[message[:50] for _, message in MESSAGES])
def test_messages(text: str, message: str) -> None:
    assert [gap.message for gap in found("postgres", text).gaps] == [message]


def test_an_unknown_connection_names_every_table() -> None:
    database = Database(namespace=Unresolved("connection", "`pg` isn't known"), dialect="postgres")
    result = sql_found("INSERT INTO a.t SELECT * FROM s", database, None)
    assert [(gap.side, gap.reason, gap.message) for gap in result.gaps] == [
        ("inputs", "connection", "the table `s`: `pg` isn't known"),
        ("outputs", "connection", "the table `a.t`: `pg` isn't known"),
    ]
    assert not result.reads
    assert not result.writes


def test_the_side_of_what_cannot_be_read() -> None:
    assert {gap.side for gap in found("postgres", "CALL p()", default_side="inputs").gaps} == {"inputs"}


def test_the_query_is_kept_as_it_was_written() -> None:
    (sql,) = found("snowflake", "SELECT {{ x }} FROM t").sql
    assert (sql.query, sql.dialect) == ("SELECT {{ x }} FROM t", "snowflake")


SECRET = [
    "COPY t FROM 's3://key:hunter2@bucket/{{ ds }}'",
    "COPY t FROM '/data/x?password=hunter2'",
    "COPY INTO @stage FROM t CREDENTIALS = (AWS_SECRET_KEY = 'hunter2')",
    "CREATE USER x PASSWORD 'hunter2'",
    "CALL p('hunter2')",
    "SELECT * FROM dblink('host=x password=hunter2', 'SELECT 1') AS d (a int)",
    "SELECT 'hunter2' FROM ((",
    "UNLOAD ('SELECT a FROM t') TO 's3://u:hunter2@b/x' CREDENTIALS 'aws_secret_access_key=hunter2'",
]


@pytest.mark.parametrize("text", SECRET)
@pytest.mark.parametrize("dialect", ["postgres", "snowflake", "redshift"])
def test_no_secret_is_shown(dialect: str, text: str) -> None:
    result = found(dialect, text)
    assert "hunter2" not in repr((result.reads, result.writes, result.gaps))


SOURCES = [
    ("INSERT INTO t SELECT * FROM s", ("s",)),
    ("INSERT INTO t VALUES (1)", ()),
    ("CREATE TABLE t (a int)", ()),
    ("DELETE FROM t WHERE a IN (SELECT a FROM s)", ("s",)),
    ("INSERT INTO t SELECT * FROM s JOIN {{ x }} ON true", None),
    ("CREATE TEMP TABLE x AS SELECT * FROM s; INSERT INTO t SELECT * FROM x", ("s",)),
    ("CREATE TEMP TABLE x AS SELECT * FROM {{ s }}; INSERT INTO t SELECT * FROM x", None),
    ("CREATE VIEW v AS SELECT * FROM f(1); INSERT INTO t SELECT * FROM v", None),
    ("INSERT INTO t SELECT * FROM r; INSERT INTO t SELECT * FROM s", ("r", "s")),
    ("INSERT INTO t SELECT * FROM t", ("t",)),
    ("COPY t FROM STDIN", None),
]


@pytest.mark.parametrize(("text", "sources"), SOURCES, ids=[text for text, _ in SOURCES])
def test_sources(text: str, sources: tuple[str, ...] | None) -> None:
    (write,) = [write for write in found("postgres", text).writes if write.dataset.name == "shop.public.t"]
    names = None if write.sources is None else tuple(name.name.rpartition(".")[2] for name in write.sources)
    assert names == sources
