"""The support pages are those that the writers' own tables give."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from dagport.writers.airflow import support as airflow
from dagport.writers.dagster import forms as dagster_forms
from dagport.writers.dagster import support as dagster
from dagport.writers.prefect import carried as prefect
from dagport.writers.prefect import forms as prefect_forms

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGES: dict[str, Callable[[], str]] = {
    "airflow": airflow.support_table,
    "dagster": dagster.support_table,
    "prefect": prefect.support_table,
}


@pytest.mark.parametrize("target", PAGES)
def test_the_page_is_fresh(target: str, accept: bool) -> None:
    page, text = DOCS / f"support-{target}.md", PAGES[target]()
    if accept:
        page.write_text(text, "utf-8")
    assert page.read_text("utf-8") == text


@pytest.mark.parametrize(("target", "forms"), [("dagster", dagster_forms.FORMS), ("prefect", prefect_forms.FORMS)])
def test_every_form_is_listed(target: str, forms: Collection[str]) -> None:
    text = PAGES[target]()
    assert [name for name in forms if f"- `{name}`\n" not in text] == []


@pytest.mark.parametrize("target", PAGES)
def test_every_row_has_as_many_cells_as_its_head(target: str) -> None:
    widths = [line.replace(r"\|", "").count("|") for line in PAGES[target]().splitlines() if line.startswith("| ")]
    assert set(widths) == {4}
