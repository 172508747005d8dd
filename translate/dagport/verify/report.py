"""Verdicts for people (a table) and for programs (JSON, JUnit)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

from dagport.verify.model import STATES, Difference, Verdict

COLUMNS = ("pipeline", "check", "result", "compared")


def rows(verdicts: Sequence[Verdict]) -> list[tuple[str, ...]]:
    """The cells of a table, in ``COLUMNS``."""
    several = any(verdict.target for verdict in verdicts)
    return [
        (
            *([verdict.target or ""] if several else []),
            verdict.pipeline,
            verdict.check,
            verdict.state,
            _compared(verdict),
        )
        for verdict in verdicts
    ]


def columns(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """The titles of ``rows``: with the target, where there are several."""
    return ("target", *COLUMNS) if any(verdict.target for verdict in verdicts) else COLUMNS


def _compared(verdict: Verdict) -> str:
    sampled = verdict.space is not None and verdict.space > verdict.compared
    return f"{verdict.compared} of {verdict.space}" if sampled else str(verdict.compared)


def reasons(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """A line for each difference, and for each answer that can't be given."""
    for verdict in verdicts:
        for difference in verdict.differences:
            yield f"{verdict.path}: {verdict.pipeline}: {_text(difference)}"
        if verdict.unknown and not verdict.differences:
            yield f"{verdict.path}: {verdict.pipeline}: {verdict.check} unknown: {verdict.unknown}"
    seen: set[tuple[str, str | None, str]] = set()
    for verdict in verdicts:
        for line in verdict.reported:
            if (key := (verdict.pipeline, verdict.target, line)) not in seen:
                seen.add(key)
                yield f"{verdict.path}: {verdict.pipeline}: reported: {line}"


def as_json(verdicts: Sequence[Verdict]) -> str:
    """One object: ``verdicts``, a list in the order of the pipelines, and ``summary``, how many have each state."""
    told = [
        {
            "path": verdict.path,
            "pipeline": verdict.pipeline,
            "check": verdict.check,
            "state": verdict.state,
            "compared": verdict.compared,
            **({} if verdict.space is None else {"space": verdict.space}),
            "unknown": verdict.unknown,
            **({"target": verdict.target} if verdict.target else {}),
            **({"reported": list(verdict.reported)} if verdict.reported else {}),
            "differences": [{"task": item.task, "message": item.message} for item in verdict.differences],
        }
        for verdict in verdicts
    ]
    return json.dumps({"summary": counts(verdicts), "verdicts": told}, indent=2, ensure_ascii=False) + "\n"


def counts(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How many verdicts have each state."""
    return {state: sum(item.state == state for item in verdicts) for state in STATES}


def as_junit(verdicts: Sequence[Verdict]) -> str:
    """JUnit's XML: a test case for each verdict; one that is unknown is an error, and no success."""
    count = counts(verdicts)
    suite = ElementTree.Element(
        "testsuite", name="dagport verify", tests=str(len(verdicts)), failures=str(count["different"]),
        errors=str(count["unknown"]),
    )  # fmt: skip
    for verdict in verdicts:
        name = f"{verdict.target}.{verdict.pipeline}" if verdict.target else verdict.pipeline
        case = ElementTree.SubElement(suite, "testcase", classname=name, name=verdict.check)
        if verdict.differences:
            text = "\n".join(map(_text, verdict.differences))
            ElementTree.SubElement(case, "failure", message=_text(verdict.differences[0])).text = text
        elif verdict.unknown:
            ElementTree.SubElement(case, "error", message=verdict.unknown)
        if verdict.reported:
            ElementTree.SubElement(case, "system-out").text = "\n".join(
                f"reported: {line}" for line in verdict.reported
            )
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _text(difference: Difference) -> str:
    return f"{difference.task}: {difference.message}" if difference.task else difference.message
