"""Options that all tests share."""

from __future__ import annotations

from uuid import uuid4

import hypothesis
import pytest

# How long a machine takes is nobody's fault: no example has a deadline, none is "too slow" to be made.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--accept``: the fixtures' expectations are written anew, to be read before they are committed.

    And ``--system-tests``: the providers' system tests are fetched and compared with a real Airflow.
    """
    parser.addoption("--accept", action="store_true", help="rewrite the expectations below fixtures/")
    parser.addoption("--system-tests", action="store_true", help="also compare the providers' system tests")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests recorded, also those of xdist's workers."""
    reports = [*terminalreporter.stats.get("passed", []), *terminalreporter.stats.get("failed", [])]
    for report in reports:
        for name, value in report.user_properties:
            if name == "figures":
                terminalreporter.write_line(str(value))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees what was kept outside it: neither by the user's runs nor by another test's."""
    monkeypatch.setenv("DAGPORT_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "cache" / uuid4().hex))


@pytest.fixture
def accept(pytestconfig: pytest.Config) -> bool:
    """Whether expectations are to be rewritten."""
    return bool(pytestconfig.getoption("--accept"))
