"""What Airflow 3 no longer imports, found again by importing it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dagport.readers.airflow import removed
from tests.engines.removed_names import removed as find_again

pytestmark = pytest.mark.engine


def test_removed_names_are_fresh() -> None:
    kept = json.loads(Path(removed.__file__).with_suffix(".json").read_text("utf-8"))
    assert kept == find_again()
