"""Databases, by their SQLAlchemy URLs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy


@dataclass(frozen=True)
class SqlDatabase:
    """A database, by its SQLAlchemy URL."""

    url: str

    @classmethod
    def from_environment(cls, variable: str) -> SqlDatabase:
        """The database whose URL an environment variable has. Raises `KeyError` when it isn't set."""
        if variable not in os.environ:
            raise KeyError(f"The environment variable {variable} with the URL of the database isn't set")
        return cls(os.environ[variable])

    def run(
        self,
        sql: str | Sequence[str],
        *,
        parameters: Mapping[str, Any] | Sequence[Any] | None = None,
        autocommit: bool = False,
    ) -> Any:
        """Run one statement and give its rows, or several in one transaction and give the rows of each.

        `parameters` are in the style of the database's driver. A statement without rows gives `None`.
        """
        engine = sqlalchemy.create_engine(self.url, poolclass=sqlalchemy.NullPool)
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
