"""The support page is the one that the writer's own tables give."""

from __future__ import annotations

from pathlib import Path

from dagport.writers.prefect.carried import support_table
from dagport.writers.prefect.forms import FORMS

PAGE = Path(__file__).parent.parent.parent.parent / "docs" / "support-prefect.md"


def test_the_page_is_fresh(accept: bool) -> None:
    if accept:
        PAGE.write_text(support_table(), "utf-8")
    assert PAGE.read_text("utf-8") == support_table()


def test_every_form_is_listed() -> None:
    assert [name for name in FORMS if f"- `{name}`\n" not in support_table()] == []
