"""The rules of the SQL checks, on SQLite. ``tests/engines/test_families.py`` compares them with Airflow's operators."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from dagport.writers.common.support import quality
from dagport.writers.common.support.quality import Finding

Run = Callable[..., Any]


@pytest.fixture
def run() -> Run:
    database = sqlite3.connect(":memory:")
    database.executescript(
        "CREATE TABLE t (id INT, ds TEXT, price REAL);"
        "INSERT INTO t VALUES (1, '2026-01-01', 10), (2, '2026-01-08', 10), (3, '2026-01-08', NULL);"
        "CREATE TABLE empty (id INT);"
    )
    return lambda sql, parameters=(): database.execute(sql, parameters).fetchall()


@pytest.mark.parametrize(
    ("sql", "passed"),
    [
        ("SELECT COUNT(*), 1 FROM t", True),
        ("SELECT COUNT(*), 0 FROM t", False),
        ("SELECT 1, NULL", False),
        ("SELECT ''", False),
        ("SELECT id FROM empty", False),
        ("SELECT 1 UNION ALL SELECT 0", True),
    ],
)
def test_row(run: Run, sql: str, passed: bool) -> None:
    assert quality.check_row(run, sql).passed is passed


def test_parameters(run: Run) -> None:
    assert quality.check_row(run, "SELECT COUNT(*) FROM t WHERE id = ?", parameters=(3,)).passed
    assert not quality.check_row(run, "SELECT COUNT(*) FROM t WHERE id = ?", parameters=(4,)).passed


@pytest.mark.parametrize(
    ("sql", "expected", "tolerance", "passed"),
    [
        ("SELECT 3", 3, None, True),
        ("SELECT 3", "3.0", None, True),
        ("SELECT 3, 4", 3, None, False),
        ("SELECT 3.2", 3, 0.1, True),
        ("SELECT 3.4", 3, 0.1, False),
        ("SELECT -3.2", -3, 0.1, True),
        ("SELECT 'a'", "a", None, True),
        ("SELECT 'b'", "a", None, False),
        ("SELECT 'a'", 3, None, False),
        ("SELECT id FROM empty", 3, None, False),
    ],
)
def test_value(run: Run, sql: str, expected: object, tolerance: float | None, passed: bool) -> None:
    assert quality.check_value(run, sql, expected, tolerance=tolerance).passed is passed


@pytest.mark.parametrize(
    ("low", "high", "passed"),
    [(1, 3, True), (4, 9, False), ("1", "SELECT 2", False), ("SELECT 3", "SELECT MAX(id) FROM t", True)],
)
def test_threshold(run: Run, low: object, high: object, passed: bool) -> None:
    assert quality.check_threshold(run, "SELECT COUNT(*) FROM t", low, high).passed is passed


def test_threshold_without_rows(run: Run) -> None:
    assert quality.check_threshold(run, "SELECT id FROM empty", 1, 2) == Finding(
        False, quality.NO_ROWS, {"query": "SELECT id FROM empty"}
    )


@pytest.mark.parametrize(
    ("metrics", "options", "passed"),
    [
        ({"COUNT(*)": 2.5}, {}, True),
        ({"COUNT(*)": 2}, {}, False),  # two rows by one
        ({"COUNT(*)": 1.5}, {"ratio_formula": "relative_diff"}, True),
        ({"COUNT(*)": 1}, {"ratio_formula": "relative_diff"}, False),
        ({"COUNT(*)": 1}, {"days_back": 3}, True),  # nothing on that day, and zero is ignored
        ({"COUNT(*)": 1}, {"days_back": -3, "ignore_zero": False}, False),
    ],
)
def test_interval(run: Run, metrics: dict[str, float], options: dict[str, Any], passed: bool) -> None:
    assert quality.check_interval(run, "t", metrics, "2026-01-08", **options).passed is passed


@pytest.mark.parametrize(
    ("checks", "options", "passed"),
    [
        ({"id": {"null_check": {"equal_to": 0}, "max": {"leq_to": 3}}}, {}, True),
        ({"price": {"null_check": {"equal_to": 0}}}, {}, False),
        ({"price": {"null_check": {"equal_to": 0, "partition_clause": "id < 3"}}}, {}, True),
        ({"price": {"null_check": {"equal_to": 0}}}, {"partition_clause": "id < 3"}, True),
        ({"id": {"unique_check": {"equal_to": 0}, "distinct_check": {"geq_to": 4}}}, {}, False),
        ({"id": {"max": {"less_than": 3}}}, {}, False),
        ({"id": {"max": {"less_than": 3, "tolerance": 0.1}}}, {}, True),
        ({"id": {"max": {"equal_to": 2.8, "tolerance": 0.1}}}, {}, True),
        ({"id": {"min": {"greater_than": 0.5, "less_than": 1}}}, {}, False),
        ({"id": {"min": {"equal_to": 0}}}, {"partition_clause": "id > 9"}, True),  # null counts as zero
        ({"id": {"min": {"equal_to": 0}}}, {"partition_clause": "id > 9", "accept_none": False}, False),
    ],
)
def test_columns(run: Run, checks: dict[str, Any], options: dict[str, Any], passed: bool) -> None:
    assert quality.check_columns(run, "t", checks, **options).passed is passed


@pytest.mark.parametrize(
    ("checks", "options", "passed"),
    [
        ({"some": {"check_statement": "COUNT(*) = 3"}, "ids": {"check_statement": "id > 0"}}, {}, True),
        ({"ids": {"check_statement": "id > 1"}}, {}, False),
        ({"ids": {"check_statement": "id > 1", "partition_clause": "id > 1"}}, {}, True),
    ],
)
def test_table(run: Run, checks: dict[str, Any], options: dict[str, Any], passed: bool) -> None:
    assert quality.check_table(run, "t", checks, **options).passed is passed


def test_table_without_rows(run: Run) -> None:
    with pytest.raises(ValueError, match="'None' is neither true nor false"):
        quality.check_table(run, "empty", {"ids": {"check_statement": "id > 1"}})
    assert quality.check_table(lambda _: [], "t", {"a": {"check_statement": "1"}}, accept_none=True).passed
    assert not quality.check_table(lambda _: [], "t", {"a": {"check_statement": "1"}}).passed
