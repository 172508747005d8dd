"""The tables of what a writer carries over, as a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

Row = tuple[str, str, str]
"""A concept of the source, its fidelity, and where it goes or why not."""
Section = tuple[str, Sequence[Row]]


def tables(sections: Iterable[Section], columns: tuple[str, str]) -> Iterator[str]:
    """The lines of the tables; ``columns``: what the concepts and where they go are called."""
    concept, place = columns
    for title, rows in sections:
        yield from ("", f"## {title}", "", f"| {concept} | fidelity | {place} |", "|---|---|---|")
        yield from (f"| {what} | {fidelity} | {_cell(note)} |" for what, fidelity, note in rows)


def support_page(module: str, engine: str, noun: str, sections: Iterable[Section], forms: Iterable[str]) -> str:
    """The page of a target whose tasks are Python functions; ``noun``: what a task becomes there."""
    lines = [
        f"# What `--to {engine.lower()}` carries over",
        "",
        f"This page is generated from `{module}`; a test fails when it is stale.",
        "",
        f"- **native**: the same in {engine}.",
        "- **approximate**: carried over, and DP402 says how it can differ.",
        "- **reported**: not in the code; a diagnostic says where it goes instead.",
        "- **known difference**: not reported for each task, so read it here.",
        "- **delegated**: Airflow goes on running the task, with its data in and out (DP410); see delegation.md.",
        f"- **manual**: refused; the {noun} is in its place and raises an error when it is run (DP401).",
        *tables(sections, ("Airflow", engine)),
        "",
        "## Operators with a form",
        "",
        *(f"- `{name}`" for name in sorted(forms)),
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
