"""SARIF and GitHub's workflow commands, and that no file forges what is printed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dagport.cli.console import Console, Stream, clean
from dagport.cli.reports import Report, percent, report_writer
from dagport.cli.reports.github import command
from dagport.diagnostics import CATALOGUE, Diagnostic, diagnose
from dagport.graph import FileGraph
from dagport.source import Source
from dagport.translation import Document

PLAIN = Console(Stream(error=False, color=False), Stream(error=True, color=False), quiet=False, verbose=False)


def report(*diagnostics: Diagnostic, text: str = "") -> Report:
    graph = FileGraph(path="dags/a b.py", orchestrator="airflow", diagnostics=diagnostics)
    return Report.of([Document(Source(graph.path, text), graph)], None, None)


def printed(form: str, *diagnostics: Diagnostic, text: str = "") -> str:
    return "".join(report_writer(form)(report(*diagnostics, text=text), PLAIN))


def sarif(*diagnostics: Diagnostic) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(printed("sarif", *diagnostics))
    return log


def test_sarif_has_what_the_standard_asks_for() -> None:
    log = sarif(
        diagnose("DP301", "first", "dags/a b.py", (1, 2, 3, 4), pipeline="p", task="t"),
        diagnose("DP404", "second", "dags/ä.py"),
        diagnose("DP301", "third", "/elsewhere/a.py", (5, 1, 5, 9)),
        diagnose("DP101", "fourth"),
    )
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    [run] = log["runs"]
    driver, results = run["tool"]["driver"], run["results"]
    assert driver["name"] == "dagport"
    assert [rule["id"] for rule in driver["rules"]] == ["DP101", "DP301", "DP404"]
    for result in results:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
    assert {rule["defaultConfiguration"]["level"] for rule in driver["rules"]} == {"error", "note"}
    places = {result["message"]["text"]: result.get("locations") for result in results}
    assert places["first"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "dags/a%20b.py", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 1, "startColumn": 2, "endLine": 3, "endColumn": 4},
            },
            "logicalLocations": [{"fullyQualifiedName": "p.t"}],
        }
    ]
    assert places["second"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "dags/%C3%A4.py", "uriBaseId": "%SRCROOT%"}}}
    ]
    assert places["third"][0]["physicalLocation"]["artifactLocation"] == {"uri": "/elsewhere/a.py"}
    assert places["fourth"] is None


def test_sarif_of_nothing() -> None:
    [run] = sarif()["runs"]
    assert run["results"] == run["tool"]["driver"]["rules"] == []


def test_sarif_knows_every_code() -> None:
    rules = sarif(*(diagnose(code, "x", "a.py") for code in CATALOGUE))["runs"][0]["tool"]["driver"]["rules"]
    assert all(rule["shortDescription"]["text"] and rule["help"]["text"] for rule in rules)


@pytest.mark.parametrize(
    ("diagnostic", "expected"),
    [
        (
            Diagnostic(
                code="DP1", severity="error", message="m", path="a.py", line=1, column=2, end_line=1, end_column=5
            ),
            "::error title=DP1,file=a.py,line=1,endLine=1,col=2,endColumn=5::m",
        ),
        (
            Diagnostic(
                code="DP1", severity="warning", message="m", path="a.py", line=1, column=2, end_line=2, end_column=5
            ),
            "::warning title=DP1,file=a.py,line=1,endLine=2::m",
        ),
        (Diagnostic(code="DP1", severity="info", message="m"), "::notice title=DP1::m"),
        (
            Diagnostic(code="DP1", severity="error", message="100%\r\nof::x", path="a,b:c%.py", pipeline="p", hint="h"),
            "::error title=DP1,file=a%2Cb%3Ac%25.py::100%25%0D%0Aof::x [p]%0Ah",
        ),
    ],
)
def test_github(diagnostic: Diagnostic, expected: str) -> None:
    assert command(diagnostic) == expected


def test_text_cannot_be_forged() -> None:
    line = "x = '\x1b[2J\u202e'\r::error::forged\x07"
    text = printed(
        "text", diagnose("DP201", "bad\x1b]0;\nthing", "dags/a b.py", (1, 1, 1, 9), pipeline="p\x9b"), text=line
    )
    assert not set("\x1b\r\x07\x9b\u202e") & set(text)
    assert "bad\\x1b]0; thing [p\\x9b]" in text


def test_hint_is_given_once() -> None:
    found = [diagnose("DP201", "x", "dags/a b.py", (line, 1, line, 2)) for line in (1, 2)]
    assert printed("text", *found, text="a\nb").count(CATALOGUE["DP201"].hint) == 1


def test_findings_are_in_order_of_place() -> None:
    found = [diagnose(code, "x", path, (line, 1, line, 2)) for code, path, line in
             (("DP203", "b", 1), ("DP202", "a", 10), ("DP201", "a", 9), ("DP201", "a", 10))]  # fmt: skip
    assert [(item.path, item.line, item.code) for item in report(*found).diagnostics] == [
        ("a", 9, "DP201"), ("a", 10, "DP201"), ("a", 10, "DP202"), ("b", 1, "DP203"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"), [("a\tb\nc", "a\tb\nc"), ("é–漢", "é–漢"), ("\x1b[0m", "\\x1b[0m"), ("\r", "\\r")]
)
def test_clean(text: str, expected: str) -> None:
    assert clean(text) == expected


@pytest.mark.parametrize(("share", "expected"), [(100.0, "100%"), (99.99, "99.9%"), (0.0, "0%"), (66.6666, "66.6%")])
def test_percent(share: float, expected: str) -> None:
    assert percent(share) == expected
