"""Assets in code that is carried over to Airflow 2."""

from __future__ import annotations

import pytest

from dagport.writers.airflow.written.datasets import as_datasets
from dagport.writers.common.literals import NotExpressible


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ('a = Asset("s3://x")', 'a = Asset("s3://x")'),
        ('a = Asset("s3://x", extra={"k": 1})', 'a = Asset("s3://x", extra={"k": 1})'),
        ('a = Asset(uri="s3://x", name="n")', 'a = Asset("s3://x")'),
        ('a = Asset("n", "s3://x")', 'a = Asset("s3://x")'),
        ("a = Asset('n', uri=base + '/x', group='g', extra=more)", "a = Asset(base + '/x', extra=more)"),
        ('a = Asset(name="n")', 'a = Asset("n")'),
        ('a = sdk.Asset(name="é", uri="s3://x"); b = "é", Asset(name="n")',
         'a = sdk.Asset("s3://x"); b = "é", Asset("n")'),
        ('a = Asset(\n    name="n",\n    uri="s3://x",\n)\nb = 1', 'a = Asset("s3://x")\nb = 1'),
        ('a = [Asset(name="n"), Asset(name="m")]', 'a = [Asset("n"), Asset("m")]'),
        ('MyAsset(name="n")', 'MyAsset(name="n")'),
        ("x = 1", "x = 1"),
    ],
)  # fmt: skip
def test_is_a_dataset(source: str, wanted: str) -> None:
    assert as_datasets(source) == wanted


@pytest.mark.parametrize("source", ["Asset('n', watchers=[w])", "Asset(**given)", "Asset(*given)", "Asset(group='g')"])
def test_is_refused(source: str) -> None:
    with pytest.raises(NotExpressible):
        as_datasets(source)
