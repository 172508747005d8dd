"""Checks of data in a database, with the rules of Airflow's SQL check operators.

Every check takes ``run``, which runs a statement and gives its rows, and says what it found; none raises for bad data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

Run = Callable[..., Any]
NO_ROWS = "The query returned no rows"
STATISTICS = {
    "null_check": "SUM(CASE WHEN {column} IS NULL THEN 1 ELSE 0 END)",
    "distinct_check": "COUNT(DISTINCT({column}))",
    "unique_check": "COUNT({column}) - COUNT(DISTINCT({column}))",
    "min": "MIN({column})",
    "max": "MAX({column})",
}
RATIOS: Mapping[str, Callable[[float, float], float]] = {
    "max_over_min": lambda now, then: max(now, then) / min(now, then),
    "relative_diff": lambda now, then: abs(now - then) / then,
}
TRUE, FALSE = ("y", "yes", "t", "true", "on", "1"), ("n", "no", "f", "false", "off", "0")


@dataclass(frozen=True)
class Finding:
    """What a check has found."""

    passed: bool
    said: str
    measured: Mapping[str, Any]  # what to show of it


def check_row(run: Run, sql: str, **options: Any) -> Finding:
    """Every value of the first row has to be true."""
    row = _first(run, sql, **options)
    if not row:
        return Finding(False, NO_ROWS, {"query": sql})
    return _finding(all(row), {"row": str(row), "query": sql})


def check_value(run: Run, sql: str, expected: object, *, tolerance: object = None, **options: Any) -> Finding:
    """Every value of the first row has to be the expected one: as a number where it is one, within the tolerance."""
    row = _first(run, sql, **options)
    measured = {"expected": str(expected), "row": str(row), "query": sql}
    if not row:
        return Finding(False, NO_ROWS, measured)
    number, share = _number(str(expected)), _number(tolerance)
    if not isinstance(number, float):
        return _finding(all(str(value) == number for value in row), measured)
    try:
        values = [float(value) for value in row]
    except (ValueError, TypeError):
        return Finding(False, "A value isn't a number", measured)
    margin = abs(number) * share if isinstance(share, float) else 0.0
    return _finding(all(number - margin <= value <= number + margin for value in values), measured)


def check_threshold(run: Run, sql: str, low: object, high: object) -> Finding:
    """The first value has to be between two bounds; a bound that isn't a number is a query."""
    row = _first(run, sql)
    if not row:
        return Finding(False, NO_ROWS, {"query": sql})
    least, most = _bound(run, low), _bound(run, high)
    measured = {"value": str(row[0]), "low": str(least), "high": str(most), "query": sql}
    return _finding(bool(least <= row[0] <= most), measured)


def check_interval(
    run: Run,
    table: str,
    metrics_thresholds: Mapping[str, float],
    day: str,
    *,
    days_back: int = 7,
    date_filter_column: str = "ds",
    ratio_formula: str = "max_over_min",
    ignore_zero: bool = True,
) -> Finding:
    """The ratio of each metric to that of some days before has to be below its threshold."""
    names = sorted(metrics_thresholds)
    before = (date.fromisoformat(day) - timedelta(days=abs(days_back))).isoformat()
    query = f"SELECT {', '.join(names)} FROM {table} WHERE {date_filter_column}="
    then, now = _first(run, f"{query}'{before}'"), _first(run, f"{query}'{day}'")
    if not then or not now:
        return Finding(False, NO_ROWS, {"query": query})
    ratios = {
        name: None if 0 in (current, past) else RATIOS[ratio_formula](current, past)
        for name, current, past in zip(names, now, then, strict=True)
    }
    failed = [
        name
        for name, ratio in ratios.items()
        if not (ignore_zero if ratio is None else ratio < metrics_thresholds[name])
    ]
    return _finding(not failed, {"ratios": str(ratios), "failed": ", ".join(failed)})


def check_columns(
    run: Run,
    table: str,
    column_mapping: Mapping[str, Mapping[str, Mapping[str, Any]]],
    *,
    partition_clause: str | None = None,
    accept_none: bool = True,
) -> Finding:
    """A statistic of each column has to be within its bounds."""
    queries = [
        f"SELECT '{column}' AS col_name, '{check}' AS check_type, {column}_{check} AS check_result\n"
        f"FROM (SELECT {STATISTICS[check].format(column=column)} AS {column}_{check} FROM {table} "
        f"{_where(partition_clause, bounds)}) AS sq"
        for column, checks in column_mapping.items()
        for check, bounds in checks.items()
    ]
    sql = f"SELECT col_name, check_type, check_result FROM ({' UNION ALL '.join(queries)}) AS check_columns"
    rows = run(sql)
    if not rows:
        return Finding(False, NO_ROWS, {"query": sql})
    found = {f"{column}.{check}": (value, column_mapping[column][check]) for column, check, value in rows}
    failed = [name for name, (value, bounds) in found.items() if not _is_within(value, bounds, accept_none)]
    return _finding(not failed, {"found": str({name: value for name, (value, _) in found.items()}), "failed": failed})


def check_table(
    run: Run,
    table: str,
    checks: Mapping[str, Mapping[str, str]],
    *,
    partition_clause: str | None = None,
    accept_none: bool = False,
) -> Finding:
    """Each condition has to hold for every row, or as an aggregate."""
    queries = [
        f"SELECT '{name}' AS check_name, MIN({name}) AS check_result\n"
        f"FROM (SELECT CASE WHEN {check['check_statement']} THEN 1 ELSE 0 END AS {name} "
        f"FROM {table} {_where(partition_clause, check)}) AS sq"
        for name, check in checks.items()
    ]
    sql = f"SELECT check_name, check_result FROM ({' UNION ALL '.join(queries)}) AS check_table"
    rows = run(sql)
    if not rows:
        return Finding(accept_none, NO_ROWS, {"query": sql})
    failed = [name for name, value in rows if not _truth(str(value))]
    return _finding(not failed, {"found": str(dict(rows)), "failed": failed})


def _first(run: Run, sql: str, **options: Any) -> Sequence[Any] | None:
    rows = run(sql, **options)
    return rows[0] if rows else None


def _finding(passed: bool, measured: Mapping[str, Any]) -> Finding:
    return Finding(passed, "The check has passed" if passed else "The check has failed", measured)


def _number(text: Any) -> Any:
    try:
        return float(text)
    except (ValueError, TypeError):
        return text


def _bound(run: Run, bound: object) -> Any:
    number = _number(bound)
    if isinstance(number, float):
        return number
    row = _first(run, str(bound))
    if row is None:
        raise ValueError(f"{NO_ROWS}: {bound}")
    return row[0]


def _where(clause: str | None, check: Mapping[str, Any]) -> str:
    clauses = [text for text in (clause, check.get("partition_clause")) if text]
    return f"WHERE {' AND '.join(clauses)}" if clauses else ""


def _is_within(value: Any, bounds: Mapping[str, Any], accept_none: bool) -> bool:
    """Whether a value is within its bounds, which the tolerance widens."""
    value = 0 if value is None and accept_none else value
    share = bounds.get("tolerance")

    def at_least(bound: Any) -> Any:
        return bound if share is None else bound - abs(bound) * share

    def at_most(bound: Any) -> Any:
        return bound if share is None else bound + abs(bound) * share

    tests: Mapping[str, Callable[[Any], Any]] = {
        "geq_to": lambda bound: value >= at_least(bound),
        "greater_than": lambda bound: value > at_least(bound),
        "leq_to": lambda bound: value <= at_most(bound),
        "less_than": lambda bound: value < at_most(bound),
        "equal_to": lambda bound: value == bound if share is None else at_least(bound) <= value <= at_most(bound),
    }
    return all(test(bounds[name]) for name, test in tests.items() if name in bounds)


def _truth(text: str) -> bool:
    """A database's word for true or false. Raises ``ValueError`` for any other, such as that of a null."""
    if text.lower() not in TRUE + FALSE:
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() in TRUE
