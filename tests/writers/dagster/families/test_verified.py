"""``dagport verify`` understands what families write: nothing is unknown, nothing differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagport.cli.app import run

DAGS = Path(__file__).parents[3] / "engines" / "families" / "dags"


@pytest.mark.parametrize("name", ["amazon", "google", "others", "controlled"])
def test_verified(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(DAGS / f"{name}.py"), "--to", "dagster", "--no-cache"]) == 0
    told = capsys.readouterr().out
    assert "structure" in told
    assert "unknown" not in told
    assert "different" not in told
