"""Options that all tests share."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--accept``: the fixtures' expectations are written anew, to be read before they are committed."""
    parser.addoption("--accept", action="store_true", help="rewrite the expectations below fixtures/")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests recorded, also those of xdist's workers."""
    reports = [*terminalreporter.stats.get("passed", []), *terminalreporter.stats.get("failed", [])]
    for report in reports:
        for name, value in report.user_properties:
            if name == "figures":
                terminalreporter.write_line(str(value))


@pytest.fixture
def accept(pytestconfig: pytest.Config) -> bool:
    """Whether expectations are to be rewritten."""
    return bool(pytestconfig.getoption("--accept"))
