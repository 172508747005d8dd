"""The README's before and after are cut from the fixture, and its links lead somewhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
CASE = ROOT / "fixtures/airflow/ml_training"
TASK = "validate_data"


def definition(file: Path, name: str) -> str:
    """The text of a top-level function, with its decorators."""
    text = file.read_text("utf-8")
    node = next(n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and n.name == name)
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno])


def excerpts() -> dict[str, str]:
    """The two blocks of code, by their marker."""
    before = definition(CASE / "input.py", TASK)
    [after] = [file for file in CASE.glob("dagster/**/*.py") if f"def {TASK}" in file.read_text("utf-8")]
    return {"before": before, "after": definition(after, TASK)}


def with_excerpts(readme: str) -> str:
    for marker, code in excerpts().items():
        head, start, rest = readme.partition(f"<!-- {marker} -->\n```python\n")
        _, end, tail = rest.partition("```\n")
        readme = f"{head}{start}{code}\n{end}{tail}"
    return readme


def test_before_and_after(accept: bool) -> None:
    text = README.read_text("utf-8")
    if accept:
        text = with_excerpts(text)
        README.write_text(text, "utf-8")
    assert text == with_excerpts(text)


def test_links_lead_somewhere() -> None:
    pages = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    links = [
        (page.name, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8"))
        if "://" not in link and not (page.parent / link).exists()
    ]
    assert links == []
