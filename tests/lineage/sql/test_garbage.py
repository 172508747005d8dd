"""Whatever stands in a text: no exception, no end of time, and nothing on the error output."""

from __future__ import annotations

import logging
import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport_lineage.model import DatasetName
from tests.lineage.sql.support import cases, found

TEXTS = [(row[0], row[1]) for name in ("tables", "columns", "doubts") for row in cases(name)]
PIECES = [
    "(", ")", ",", ";", "'", '"', "`", "[", "]", ".", "*", "@", "#", "$", "%s", "{{ x }}", "{% if a %}",
    "{% endif %}", "{%", "}}", " SELECT ", " FROM ", " JOIN ", " USING ", " ON ", " AS ", " WITH ", " RECURSIVE ",
    " VALUES ", " INTO ", " SET ", " WHEN ", " CASE ", " END ", " BEGIN ", " UNION ", " NATURAL ", " LATERAL ",
    " PIVOT ", " OVER ", " INTERVAL ", "--", "/*", "::", "=>", "\n", " NULL ", "1", "1e9", "\\", "\x00", "é", "😀",
    "x.y.z.w.v", " CREATE TABLE ", " LIKE ", " CLONE ", " IDENTIFIER(", " TABLE(",
]  # fmt: skip
SECONDS = 5  # of one text; the slowest take a fraction of one


def mutated(text: str, random: Random) -> str:
    for _ in range(random.randint(1, 4)):
        at, length = random.randint(0, len(text)), random.randint(0, 12)
        kind = random.randint(0, 3)
        if kind == 0:
            text = text[:at] + text[at + length :]
        elif kind == 1:
            text = text[:at] + random.choice(PIECES) + text[at:]
        elif kind == 2:
            _, other = random.choice(TEXTS)
            start = random.randint(0, len(other))
            text = text[:at] + other[start : start + random.randint(1, 40)] + text[at:]
        else:
            text = text[:at] + text[at : at + length] * random.randint(2, 6) + text[at + length :]
    return text


@settings(max_examples=400, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_mutated_texts(seed: int) -> None:
    random = Random(seed)
    dialect, text = random.choice(TEXTS)
    if random.random() < 0.2:
        dialect = random.choice(TEXTS)[0]
    begun = time.monotonic()
    result = found(dialect, mutated(str(text), random))
    assert time.monotonic() - begun < SECONDS
    names = [read.dataset for read in result.reads] + [write.dataset for write in result.writes]
    assert all(isinstance(name, DatasetName) for name in names)
    assert not any("qmask" in name.name.lower() for name in names)
    assert not any("qmask" in gap.message.lower() for gap in result.gaps)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(text=st.text(max_size=60))
def test_any_text(text: str) -> None:
    found(Random(text).choice(TEXTS)[0], text)


DEEP = {
    "parentheses": "SELECT " + "(" * 59 + "1" + ")" * 59,
    "subqueries": "SELECT a FROM " + "(SELECT a FROM " * 59 + "t" + ") x" * 59,
    "functions": "SELECT " + "f(" * 59 + "a" + ")" * 59 + " FROM t",
    "unions": " UNION ALL ".join(["SELECT a FROM t"] * 3000),
    "conditions": "SELECT a FROM t WHERE " + " AND ".join(["b = 1"] * 8000),
    "sums": "SELECT " + " + ".join(["b"] * 8000) + " AS x FROM t",
    "cases": "SELECT " + "CASE WHEN a THEN " * 400 + "1" + " END" * 400 + " FROM t",
    "nots": "SELECT a FROM t WHERE " + "NOT " * 5000 + "b",
    "ctes": "WITH " + ", ".join(f"w{n} AS (SELECT * FROM w{n - 1})" for n in range(1, 400)) + " SELECT * FROM w399",
    "doubling": "WITH w0 AS (SELECT 1 AS a), " + ", ".join(
        f"w{n} AS (SELECT x.a FROM w{n - 1} x JOIN w{n - 1} y ON x.a = y.a)" for n in range(1, 60)
    ) + " SELECT a FROM w59",
    "statements": "INSERT INTO t SELECT * FROM s;" * 3000,
    "quotes": "SELECT " + "'" * 5001,
    "braces": "{{" * 3000,
    "ifs": "{% if a %}" * 300 + "SELECT 1" + "{% endif %}" * 300,
    "spaces": "ALTER TABLE t EXCHANGE PARTITION " + " " * 20_000,
    "unload": "UNLOAD ('" + "'' " * 20_000,
    "names": "RENAME TABLE " + "a" * 50_000,
}  # fmt: skip


@pytest.mark.parametrize("name", DEEP)
def test_big_texts(name: str) -> None:
    begun = time.monotonic()
    found("postgres", DEEP[name])
    assert time.monotonic() - begun < 4 * SECONDS


def test_nothing_is_logged(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        found("postgres", "CALL p(); ALTER TABLE x FROBNICATE; VACUUM t")
        found("hive", "CREATE TABLE t AS SELECT cast(a AS datetime) AS b FROM s")
    assert not caplog.records
    assert capfd.readouterr() == ("", "")
