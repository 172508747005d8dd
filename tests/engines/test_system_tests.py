"""The system tests of Airflow's providers: nothing false is claimed, and nearly all DAGs are exact.

They are fetched, with a large environment, only when asked for: ``pytest --system-tests``, or the environment variable
``DAGPORT_SYSTEM_TESTS=1``.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from dagport.diagnostics import Diagnostic
from tests.engines.compare import Verdict, figures
from tests.engines.system_tests import corpus

LEAST = 0.95  # exact, of the DAGs that Airflow loads
LOADED = 300  # DAGs at least: fewer mean that the environment lacks something
BY_NATURE = (  # reasons that no analysis can do away with
    "it asks the clock",
    "it is left to chance",
    "known only in the deployment",
)

pytestmark = pytest.mark.engine


@pytest.fixture(autouse=True)
def _asked_for(pytestconfig: pytest.Config) -> None:
    if not (pytestconfig.getoption("--system-tests") or os.environ.get("DAGPORT_SYSTEM_TESTS") == "1"):
        pytest.skip("run with --system-tests: it fetches a large environment")


def test_nothing_false_is_claimed() -> None:
    wrong = [str(verdict) for verdict in corpus().verdicts if verdict.name in ("false exact", "invented")]
    assert wrong == []


def test_nearly_all_are_exact(record_property: Callable[[str, object], None]) -> None:
    loaded = corpus().loaded
    knowable = [verdict for verdict in loaded if verdict.name == "exact" or not is_unknowable(verdict)]
    shown = f"system tests of the providers: {figures(loaded)}; of those that can be known, {figures(knowable)}"
    record_property("figures", shown)
    assert len(loaded) >= LOADED
    assert [verdict.dag for verdict in loaded if verdict.name == "missed"] == []
    assert sum(verdict.name == "exact" for verdict in loaded) >= LEAST * len(loaded)


def is_unknowable(verdict: Verdict) -> bool:
    """Whether every reason why a DAG isn't exact is one of nature."""
    reasons = [item.message for item in findings(verdict)]
    by_nature = all(any(text in reason for text in BY_NATURE) for reason in reasons)
    return bool(reasons) and by_nature


def findings(verdict: Verdict) -> list[Diagnostic]:
    """What is said, with its place, about one DAG or about its whole file."""
    said = corpus().documents[verdict.file].graph.diagnostics
    return [
        item
        for item in said
        if item.severity != "info" and item.pipeline in (None, verdict.dag) and item.span is not None
    ]


def test_what_is_not_exact_says_where_and_why() -> None:
    """Each pipeline that isn't exact has a finding, with a place, of its own or of its file."""
    not_exact = [verdict for verdict in corpus().loaded if verdict.name in ("unclaimed", "admitted")]
    assert [f"{verdict.file} {verdict.dag}" for verdict in not_exact if not findings(verdict)] == []
