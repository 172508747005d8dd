"""The generated parts of the documentation are fresh, and complete."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from docs.generate import AREAS, BLOCK, CLI_PAGE, DIAGNOSTICS_PAGE, commands, pages

from dagport.cli.app import dagport
from dagport.codec import json_key
from dagport.diagnostics import CATALOGUE, Diagnostic
from dagport.graph import (
    Asset,
    CallableRef,
    DataFlow,
    Dataset,
    Edge,
    FileGraph,
    Group,
    Pipeline,
    Place,
    Requirement,
    Schedule,
    Task,
)

PAGES = pages()
CONTRACT = (FileGraph, Pipeline, Schedule, Task, Edge, DataFlow, Group, Asset, Dataset, Diagnostic, CallableRef,
            Requirement, Place)  # fmt: skip
GRAPH_PAGE = CLI_PAGE.with_name("graph.md")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_fresh(path: Path, accept: bool) -> None:
    if accept:
        path.write_text(PAGES[path], "utf-8")
    assert path.read_text("utf-8") == PAGES[path]


def test_every_command_is_there() -> None:
    for name, _ in commands(dagport.make_context("dagport", ["--help"], resilient_parsing=True)):
        assert BLOCK.format(name) in PAGES[CLI_PAGE]


def test_every_code_is_there() -> None:
    for code in CATALOGUE:
        assert code[:3] in AREAS
        assert f"\n### {code}: " in PAGES[DIAGNOSTICS_PAGE]


def test_graph_page_names_every_field() -> None:
    """The contract in prose and the types have the same fields."""
    text = GRAPH_PAGE.read_text("utf-8")
    for cls in CONTRACT:
        missing = [
            field.name for field in fields(cls) if not re.search(rf"[`{{ \"]{json_key(field.name)}[`,:}}\" ]", text)
        ]
        assert missing == [], cls
