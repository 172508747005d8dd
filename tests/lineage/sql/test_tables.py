"""Which tables a text reads and writes, a row a case."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.lineage.sql.support import cases, found, named, written

ROWS = cases("tables")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}: {row[1][:60]}")
def test_tables(row: list[object]) -> None:
    dialect, text, reads, writes, *gaps = row
    assert dialect is None or isinstance(dialect, str)
    result = found(dialect, str(text))
    assert [named(read.dataset) for read in result.reads] == reads
    assert [written(write) for write in result.writes] == writes
    assert sorted({f"{gap.side} {gap.reason}" for gap in result.gaps}) == (gaps[0] if gaps else [])


def test_there_are_enough() -> None:
    dialects = Counter(row[0] for row in ROWS)
    assert sum(dialects.values()) >= 90
    assert len(dialects) >= 15
