"""SQL statements as Airflow's SQL operators run them, by SQLAlchemy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy


def run_statements(
    url: str, sql: str | Sequence[str], parameters: Mapping[str, Any] | Sequence[Any] | None, *, autocommit: bool
) -> Any:
    """Run one statement and give its rows, or several in one transaction and give the rows of each.

    `parameters` are in the style of the database's driver. A statement without rows gives `None`.
    """
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    options: dict[str, Any] = {"no_parameters": True}
    if autocommit:
        options["isolation_level"] = "AUTOCOMMIT"
    with engine.execution_options(**options).begin() as connection:
        if isinstance(sql, str):
            return _rows(connection, sql, parameters)
        return [_rows(connection, statement, parameters) for statement in sql]


def _rows(
    connection: sqlalchemy.Connection, statement: str, parameters: Mapping[str, Any] | Sequence[Any] | None
) -> list[tuple[Any, ...]] | None:
    given: Any = tuple(parameters) if isinstance(parameters, list) else parameters
    result = connection.exec_driver_sql(statement, given or None)
    return [tuple(row) for row in result] if result.returns_rows else None
