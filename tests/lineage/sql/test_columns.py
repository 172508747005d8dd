"""Which columns come from which, and how, a row a case: all that is known, and nothing else."""

from __future__ import annotations

import pytest

from tests.lineage.sql.support import cases, columns, found

ROWS = cases("columns")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}: {row[1][:60]}")
def test_columns(row: list[object]) -> None:
    dialect, text, expected = row
    assert dialect is None or isinstance(dialect, str)
    assert columns(found(dialect, str(text))) == expected


def test_there_are_enough() -> None:
    assert len(ROWS) >= 50
    assert len({row[0] for row in ROWS}) >= 10
