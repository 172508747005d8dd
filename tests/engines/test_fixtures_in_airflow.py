"""The fixtures' inputs in real Airflow: none of their graphs may claim what Airflow doesn't build."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.cases import Case, cases
from tests.engines.compare import Verdict
from tests.engines.environments import environment
from tests.engines.reading import judge, truth

AIRFLOW = [case for case in cases("airflow") if case.engine != "none"]

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("fixtures")]


@cache
def built(engine: str) -> dict[str, Any]:
    """What one Airflow builds from the inputs that are its own, by case."""
    own = [case for case in AIRFLOW if case.engine == engine]
    records = truth(environment(engine), [case.folder / "input.py" for case in own])
    return {case.name: record for case, record in zip(own, records, strict=True)}


def verdicts(case: Case) -> list[Verdict]:
    return judge(built(case.engine)[case.name], case.document)


@pytest.mark.parametrize("case", AIRFLOW, ids=lambda case: case.name)
def test_nothing_is_falsely_exact(case: Case) -> None:
    wrong = ("false exact", "missed", "invented")
    assert [str(verdict) for verdict in verdicts(case) if verdict.name in wrong] == []


@pytest.mark.parametrize("case", AIRFLOW, ids=lambda case: case.name)
def test_a_refused_file_is_reported(case: Case) -> None:
    """Where Airflow shows an import error, so do we; where it doesn't, neither do we."""
    errors = [item for item in case.document.graph.diagnostics if item.severity == "error"]
    assert bool(errors) == (not built(case.engine)[case.name]["ok"]), errors
