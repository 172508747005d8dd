"""Code that is carried over: imports from where the version that is written for has them, assets as it knows them."""

from __future__ import annotations

import ast

from dagport.writers.airflow.written.datasets import as_datasets
from dagport.writers.airflow.written.homes import home


def rehomed(text: str, version: str) -> str:
    """A piece of code with its imports of Airflow moved, and its assets as datasets.

    Raises ``NotExpressible`` for what has no home there.
    """
    if version == "2":
        text = as_datasets(text)
    if "airflow" not in text:
        return text
    lines = text.splitlines(keepends=True)
    moved = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    for node in sorted(moved, key=lambda item: item.lineno, reverse=True):
        new = _statements(node, version)
        if new is not None:
            indent = lines[node.lineno - 1][: node.col_offset]
            lines[node.lineno - 1 : node.end_lineno] = [f"{indent}{statement}\n" for statement in new]
    return "".join(lines)


def _statements(node: ast.ImportFrom, version: str) -> list[str] | None:
    """The import in its new form; ``None`` where it stays."""
    module = node.module or ""
    if node.level or not module.startswith("airflow"):
        return None
    homes = [(home(f"{module}.{alias.name}", version), alias) for alias in node.names if alias.name != "*"]
    if all(new == f"{module}.{alias.name}" for new, alias in homes):
        return None
    found = []
    for new, alias in homes:
        owner, _, name = new.rpartition(".")
        local = alias.asname or alias.name
        found.append(f"from {owner} import {name}" + (f" as {local}" if local != name else ""))
    return found
