"""Names: cleaning, namespaces, identifiers."""

from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagport.writers.common.naming import DISALLOWED, Names, camel, clean, identifier, python_names


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [("load", "load"), ("a-b", "a_b"), ("group.load", "group_load"), ("été", "_t_"), ("", "_"), ("a b/c", "a_b_c")],
)
def test_clean(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(("text", "name"), [("1st", "task_1st"), ("load", "load"), ("-", "_")])
def test_identifier(text: str, name: str) -> None:
    assert identifier(text, "task") == name


@pytest.mark.parametrize(("text", "name"), [("daily_train", "DailyTrain"), ("x-y", "XY"), ("--", "Pipeline")])
def test_camel(text: str, name: str) -> None:
    assert camel(text) == name


def test_a_taken_name_gets_a_suffix_then_a_number() -> None:
    names = Names(["load"])
    assert [names.allocate("load", ["asset"]) for _ in range(3)] == ["load_asset", "load_2", "load_3"]


def test_files_differ_in_more_than_case() -> None:
    names = Names(fold=True)
    assert [names.allocate(name) for name in ("Train", "train", "TRAIN")] == ["Train", "train_2", "TRAIN_3"]


@pytest.mark.parametrize("name", ["class", "match", "print", "None"])
def test_python_takes_keywords_and_builtins(name: str) -> None:
    assert python_names().allocate(name, ["task"]) == f"{name}_task"


@given(st.lists(st.text(max_size=8), max_size=20))
def test_names_are_allowed_and_unique(texts: list[str]) -> None:
    names = python_names()
    given_out = [names.allocate(identifier(text, "task")) for text in texts]
    assert len(set(given_out)) == len(texts)
    assert not any(DISALLOWED.search(name) or keyword.iskeyword(name) or name[0].isdigit() for name in given_out)
