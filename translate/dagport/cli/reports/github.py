"""Workflow commands of GitHub Actions: each finding becomes an annotation of the changed line."""

from __future__ import annotations

from collections.abc import Iterator

from dagport.cli.console import Console
from dagport.cli.reports import Report
from dagport.diagnostics import Diagnostic

COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def write(report: Report, console: Console) -> Iterator[str]:
    """One command a line."""
    yield from (f"{command(item)}\n" for item in report.diagnostics)


def command(item: Diagnostic) -> str:
    """The command of one diagnostic."""
    fields = {"title": item.code, "file": item.path, "line": item.line, "endLine": item.end_line}
    if item.line == item.end_line:  # GitHub takes columns for a single line only
        fields |= {"col": item.column, "endColumn": item.end_column}
    settings = ",".join(f"{name}={_property(str(value))}" for name, value in fields.items() if value is not None)
    subject = ".".join(filter(None, (item.pipeline, item.task)))
    text = item.message + (f" [{subject}]" if subject else "") + (f"\n{item.hint}" if item.hint else "")
    return f"::{COMMANDS[item.severity]} {settings}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
