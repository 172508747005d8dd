"""The support page is the one that the writer's own tables give."""

from __future__ import annotations

from pathlib import Path

from dagport.writers.airflow.support import support_table

PAGE = Path(__file__).parent.parent.parent.parent / "docs" / "support-airflow.md"


def test_the_page_is_fresh(accept: bool) -> None:
    if accept:
        PAGE.write_text(support_table(), "utf-8")
    assert PAGE.read_text("utf-8") == support_table()
