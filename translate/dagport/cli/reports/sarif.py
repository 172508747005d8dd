"""The report as SARIF 2.1.0, which code scanning of GitHub, GitLab and Azure reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

from dagport import __version__
from dagport.cli.console import Console
from dagport.cli.reports import Report
from dagport.diagnostics import CATALOGUE, Diagnostic
from dagport.values import Json

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def write(report: Report, console: Console) -> Iterator[str]:
    """One log with one run; its rules are the codes that occur."""
    codes = sorted({item.code for item in report.diagnostics})
    run: Json = {
        "tool": {"driver": {"name": "dagport", "version": __version__, "rules": [_rule(code) for code in codes]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(item, codes) for item in report.diagnostics],
    }
    log: Json = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    yield json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(code: str) -> Json:
    entry = CATALOGUE.get(code)
    if entry is None:  # of a graph that a newer dagport wrote
        return {"id": code}
    return {
        "id": code,
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": entry.why},
        "help": {"text": entry.hint or entry.why},
        "defaultConfiguration": {"level": LEVELS[entry.severity]},
    }


def _result(item: Diagnostic, codes: list[str]) -> Json:
    result: dict[str, Json] = {
        "ruleId": item.code,
        "ruleIndex": codes.index(item.code),
        "level": LEVELS[item.severity],
        "message": {"text": item.message},
    }
    if item.path:
        result["locations"] = [_location(item, item.path)]
    return result


def _location(item: Diagnostic, path: str) -> Json:
    physical: dict[str, Json] = {"artifactLocation": _artifact(path)}
    if item.line is not None:
        region: dict[str, Json] = {"startLine": item.line}
        region |= {"startColumn": item.column} if item.column else {}
        region |= {"endLine": item.end_line} if item.end_line else {}
        region |= {"endColumn": item.end_column} if item.end_column else {}
        physical["region"] = region
    location: dict[str, Json] = {"physicalLocation": physical}
    if item.pipeline:
        name = ".".join(filter(None, (item.pipeline, item.task)))
        location["logicalLocations"] = [{"fullyQualifiedName": name}]
    return location


def _artifact(path: str) -> Json:
    uri = quote(path.encode("utf-8", "surrogateescape"))
    return {"uri": uri} if path.startswith("/") else {"uri": uri, "uriBaseId": "%SRCROOT%"}
