"""Databases, by their SQLAlchemy URLs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dagport.writers.common.support.statements import run_statements


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
        """Run one statement and give its rows, or several in one transaction and give the rows of each."""
        return run_statements(self.url, sql, parameters, autocommit=autocommit)
