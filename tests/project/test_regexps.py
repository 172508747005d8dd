"""The linear search answers as ``re`` does, and always soon."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport.project.regexps import NotLinear, Searcher

TEXTS = ["", "a", "ab", "aab", "dags/team/a_test.py", "A/B.py", "x\ny", "é/ß.py", "a-b", "aaaa", "a.b", "_", "1 2"]
EXPRESSIONS = [
    "", "a", "^a", "a$", "^$", r"\.py$", "a.b", "a*", "a+b", "a?b", "(a|b)*$", "(?:a|)+", "[a-c]", "[^a-c]",
    r"[\w.]+/", r"\d",
    r"\D", r"\bteam\b", r"\Ba", "a{2}", "a{2,3}b", "a{0,1}", "(a{2}){2}", "(?i)a/b", "(?s)x.y", "(?m)^y", "x.y",
    r"\Ax", r"y\Z",
    "a*?b", "(?x) a b # c", "[]a]", "[a^-]", "(?i:A)b", "(a)(b)?", "|a", "a||b", "(?i)É", "(?i)SS", r"[^\s\d]", "x*",
    "(x*)*", "(a*)+b",
    "(?a)\\w\\W", ".", "^dags/.*_test", "(?-i:A)",
]  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_same_as_re(expression: str) -> None:
    for text in TEXTS:
        assert Searcher(expression).search(text) == bool(re.search(expression, text)), text


PARTS = st.sampled_from(
    ["a", "b", ".", "[ab]", "[^a]", "^", "$", r"\b", "a*", "(a|b)", "(ab)*", "(a*b)+", "a{1,2}", "(?:|a)", "b?"]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PARTS, max_size=6).map("".join), st.text("ab \n", max_size=8))
def test_any_expression(expression: str, text: str) -> None:
    assert Searcher(expression).search(text) == bool(re.search(expression, text))


@pytest.mark.parametrize(
    "expression", ["(a+)+$", "(a|a)+b", "(a*)*b", "a*a*a*a*a*a*a*a*b", "(x+x+)+y", "(a|aa)+$", "(.*.*.*.*)*b"]
)
def test_never_ending_expressions_end(expression: str) -> None:
    start = time.process_time()
    assert not Searcher(expression).search("a" * 250 + "!")
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    "expression", [r"(a)\1", "(?=a)", "(?<!a)b", "(a)(?(1)b|c)", "a{9999}", "((a{99}){99}){99}", "(?>a*)b", "a*+b"]
)
def test_what_is_not_followed(expression: str) -> None:
    with pytest.raises(NotLinear):
        Searcher(expression)


def test_invalid() -> None:
    with pytest.raises(re.error):
        Searcher("(")
