"""Methods of known data give what Python gives: the value, the change, the exception."""

from __future__ import annotations

import ast
import copy
import datetime
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport.evaluate import methods
from dagport.evaluate.domain import CallSite, LimitHit, PyRaise, Scope, Unknown
from dagport.evaluate.machine import Hooks, Machine
from dagport.evaluate.methods.views import DictView
from dagport.options import Limits
from dagport.source import Source
from tests.evaluate.machine import run

LOST = Unknown("nobody knows")


def machine_and_site() -> tuple[Machine, CallSite]:
    machine = Machine(Source("snippet.py", "f()"), Hooks(), Limits())
    node = ast.parse("f()").body[0]
    return machine, CallSite(node, Scope(machine.module, {}, None))


def outcome(call: Callable[[], Any]) -> tuple[str, Any]:
    """What a call gives: a value or the name of an exception."""
    try:
        return "value", call()
    except PyRaise as error:
        return "raises", error.name.rpartition(".")[2]
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        OverflowError,
        LookupError,
        ArithmeticError,
        AttributeError,
    ) as error:
        return "raises", type(error).__name__


def same(owner: Any, name: str, args: list[Any], kwargs: dict[str, Any] | None = None) -> None:
    """Call a method by the machine and by Python, on copies, and compare all that can be seen."""
    machine, site = machine_and_site()
    ours, theirs = copy.deepcopy(owner), copy.deepcopy(owner)
    native = methods.lookup(ours, name)
    assert native is not None, name
    got = outcome(lambda: native(machine, [ours, *copy.deepcopy(args)], dict(kwargs or {}), site))
    want = outcome(lambda: getattr(theirs, name)(*copy.deepcopy(args), **(kwargs or {})))
    if isinstance(got[1], DictView):
        got = (got[0], got[1].real())
    if type(want[1]).__name__ in ("dict_keys", "dict_values", "dict_items"):
        got, want = (got[0], list(got[1])), (want[0], list(want[1]))
    assert got == want or (got[1] != got[1] and want[1] != want[1])  # nan
    assert type(got[1]) is type(want[1])
    assert ours == theirs


TEXTS = st.text(alphabet="aAbB zß1.,-_\n\t%{}ǅ", max_size=12)
SMALL = st.integers(-3, 20)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.floats(-2, 2), TEXTS)
ITEMS = st.one_of(SCALARS, st.lists(SCALARS, max_size=2))
ANY_ARGS = st.lists(st.one_of(TEXTS, SMALL, st.none(), st.tuples(TEXTS, TEXTS)), max_size=3)
TEXT_METHODS = sorted(set(methods.METHODS[str]) - {"format", "format_map", "join"})
BYTES_METHODS = sorted(set(methods.METHODS[bytes]) - {"join"})


@settings(max_examples=400)
@given(TEXTS, st.sampled_from(TEXT_METHODS), ANY_ARGS)
def test_texts(owner: str, name: str, args: list[Any]) -> None:
    same(owner, name, args)


@settings(max_examples=200)
@given(
    st.binary(max_size=8), st.sampled_from(BYTES_METHODS), st.lists(st.one_of(st.binary(max_size=2), SMALL), max_size=3)
)
def test_bytes(owner: bytes, name: str, args: list[Any]) -> None:
    same(owner, name, args)


@given(TEXTS, st.lists(st.one_of(TEXTS, st.integers(0, 2)), max_size=4))
def test_join(owner: str, parts: list[Any]) -> None:
    same(owner, "join", [parts])


@settings(max_examples=300)
@given(st.lists(ITEMS, max_size=5), st.sampled_from(sorted(methods.METHODS[list])), st.lists(ITEMS, max_size=2))
def test_lists(owner: list[Any], name: str, args: list[Any]) -> None:
    same(owner, name, args)


@settings(max_examples=300)
@given(
    st.dictionaries(st.one_of(TEXTS, SMALL), ITEMS, max_size=4),
    st.sampled_from(sorted(methods.METHODS[dict])),
    st.lists(st.one_of(ITEMS, st.dictionaries(TEXTS, SCALARS, max_size=2)), max_size=2),
)
def test_dicts(owner: dict[Any, Any], name: str, args: list[Any]) -> None:
    same(owner, name, args)


@settings(max_examples=300)
@given(
    st.sets(SMALL, max_size=1) | st.sets(SMALL, max_size=4).filter(lambda items: len(items) != 1),
    st.sampled_from(sorted(set(methods.METHODS[set]) - {"pop"})),
    st.lists(st.one_of(st.sets(SMALL, max_size=3), SMALL, st.lists(SMALL, max_size=2)), max_size=2),
)
def test_sets(owner: set[int], name: str, args: list[Any]) -> None:
    same(owner, name, args)


@given(st.tuples(SCALARS, SCALARS, SCALARS), st.sampled_from(["index", "count"]), st.lists(SCALARS, max_size=2))
def test_tuples(owner: tuple[Any, ...], name: str, args: list[Any]) -> None:
    same(owner, name, args)


@given(
    st.datetimes(timezones=st.just(datetime.UTC)),
    st.sampled_from(
        ["isoformat", "weekday", "date", "time", "timestamp", "strftime", "replace", "isocalendar", "utcoffset"]
    ),
    st.lists(st.sampled_from(["%Y-%m-%d", "%H", 3, "minutes"]), max_size=1),
)
def test_dates(owner: datetime.datetime, name: str, args: list[Any]) -> None:
    same(owner, name, args)


@pytest.mark.parametrize(
    ("owner", "name", "args", "kwargs"),
    [
        ([3, 1, 2], "sort", [], {"reverse": True}),
        (["b", 1], "sort", [], {}),
        ({"a": 1}, "update", [], {"b": 2}),
        ({"a": 1}, "update", [[("b", 2), ("c", 3)]], {}),
        ({"a": 1}, "update", [[1]], {}),
        ({"a": 1}, "pop", ["b"], {}),
        ({}, "popitem", [], {}),
        ({1: 2}, "get", [[]], {}),
        (set(), "pop", [], {}),
        (5, "to_bytes", [2, "big"], {}),
        (-5, "to_bytes", [2, "big"], {}),
        (5, "bit_length", [], {}),
        (0.5, "as_integer_ratio", [], {}),
        (datetime.timedelta(days=1, seconds=3), "total_seconds", [], {}),
        (datetime.time(3, 4), "isoformat", [], {}),
        (datetime.date(2024, 2, 29), "replace", [], {"year": 2023}),
        (range(10), "index", [4], {}),
    ],
)
def test_cases(owner: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    same(owner, name, args, kwargs)


FORMATS = [
    ("{} {}", [1, "a"], {}),
    ("{1}-{0}", [1, "a"], {}),
    ("{a}-{b!r:>6}", [], {"a": 1, "b": "x"}),
    ("{0[k]}{0[l][1]}", [{"k": 1, "l": [2, 3]}], {}),
    ("{0.year}-{0:%d}", [datetime.date(2024, 1, 2)], {}),
    ("{:{width}.{digits}f}", [3.14159], {"width": 8, "digits": 2}),
    ("{{}} {}", [None], {}),
    ("{:,}", [1234567], {}),
    ("{:>3}", ["a"], {}),
    ("{!s:^5}", ["a"], {}),
    ("{!a}", ["é"], {}),
    ("{}", [], {}),
    ("{a}", [], {}),
    ("{0} {}", [1], {}),
    ("{", [], {}),
    ("{:d}", ["x"], {}),
    ("{0[9]}", [[1]], {}),
    ("{:>3}", [None], {}),
    ("{}", [[1, {"a": None}]], {}),
    ("{:%Y}", [datetime.datetime(2024, 5, 6, tzinfo=datetime.UTC)], {}),
]


@pytest.mark.parametrize(("template", "args", "kwargs"), FORMATS)
def test_format(template: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    same(template, "format", args, kwargs)
    if not args:
        same(template, "format_map", [kwargs])


@settings(max_examples=200)
@given(
    st.text(alphabet="{}0a:!r>d.", max_size=8), st.lists(SCALARS, max_size=2), st.dictionaries(st.just("a"), SCALARS)
)
def test_format_of_anything(template: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    same(template, "format", args, kwargs)


@pytest.mark.parametrize(
    ("owner", "name", "args"),
    [
        ("a", "ljust", [10**9]),
        ("a", "center", [10**9]),
        ("a", "zfill", [10**9]),
        ("a" * 5000, "replace", ["a", "b" * 5000]),
        ("\t", "expandtabs", [10**9]),
        ("a" * 5000, "translate", [{97: "b" * 5000}]),
        ("{:>1000000000}", "format", [1]),
        ("{:>{}}", "format", [1, 10**9]),
        ("{:.1000000000f}", "format", [1.5]),
        (1, "to_bytes", [10**9, "big"]),
        ("," * 300_000, "split", [","]),
        (" x" * 300_000, "split", []),
        ("\n" * 300_000, "splitlines", []),
        ("ab" * 3_000, "join", [["c" * 3_000] * 3_000]),
    ],
)
def test_growth_is_bounded(owner: Any, name: str, args: list[Any]) -> None:
    machine, site = machine_and_site()
    native = methods.lookup(owner, name)
    assert native is not None
    with pytest.raises(LimitHit):
        native(machine, [owner, *args], {}, site)


# Unknown items and arguments: they stay where they are, and make unknown what depends on them.

KNOWN_BESIDE_UNKNOWN = [
    ("x = [1]\nx.append(lost)\nresult = (len(x), x[0])", (2, 1)),
    ("x = {'a': lost, 'b': 1}\nresult = (x.get('b'), x.get('c', 5), list(x.keys()))", (1, 5, ["a", "b"])),
    ("x = {'a': lost}\nx.update(b=1)\nresult = list(x)", ["a", "b"]),
    ("x = [lost, 2]\nresult = x.pop()", 2),
    ("x = [lost, 2]\nx.reverse()\nresult = x[0]", 2),
    ("x = {'a': lost}.copy()\nresult = list(x)", ["a"]),
    ("x = {}\nx.setdefault('a', []).append(lost)\nresult = len(x['a'])", 1),
    ("x = [lost]\nx.sort()\nresult = len(x)", 1),
    ("x = {'a': 1}\nresult = [k for k, v in x.items()], 'a' in x.keys(), len(x.values())", (["a"], True, 1)),
    ("x = {'a': 1}\ny = x.keys()\nx['b'] = 2\nresult = list(y)", ["a", "b"]),
    ("result = sorted({'b': 1, 'a': 2}.items())", [("a", 2), ("b", 1)]),
    ("result = {'a': 1}.keys() & {'a', 'b'}", {"a"}),
    ("result = bool({}.keys()), bool({1: 2}.values())", (False, True)),
    ("result = '{}'.format", None),
]
UNKNOWN_RESULTS = [
    "','.join(['a', lost])",
    "','.join({'a', 'b'})",
    "'{}'.format(lost)",
    "'{a}'.format(**lost)",
    "'{0.real}'.format(lost)",
    "'a'.replace(lost, 'b')",
    "{'a': 1}.get(lost)",
    "{lost: 1}.get('a')",
    "[lost, 1].index(1)",
    "[1, lost].count(1)",
    "{1, 2}.pop()",
    "{1}.union([lost])",
    "[1].pop(lost)",
]
DOUBTFUL_CHANGES = [
    "x = [2, lost]\nx.sort()",
    "x = [2, 1]\nx.sort(key=lambda v: lost)",
    "x = []\nx.extend(lost)",
    "x = [1]\nx.remove(lost)",
    "x = {}\nx.update(lost)",
    "x = {}\nx.setdefault(lost, 1)",
    "x = {'a': 1}\nx.pop(lost)",
    "x = set()\nx.add(lost)",
    "x = {1}\nx.update(lost)",
    "x = {1, 2}\nx.pop()",
]


def with_lost(text: str) -> tuple[dict[str, Any], Machine]:
    return run(f"import os\nlost = os.environ['X']\n{text}")


@pytest.mark.parametrize(("text", "expected"), KNOWN_BESIDE_UNKNOWN[:-1])
def test_known_beside_unknown(text: str, expected: Any) -> None:
    names, machine = with_lost(text)
    assert names["result"] == expected
    assert not machine.doubts


@pytest.mark.parametrize("text", UNKNOWN_RESULTS)
def test_unknown_results(text: str) -> None:
    names, _ = with_lost(f"result = {text}")
    assert isinstance(names["result"], Unknown)


@pytest.mark.parametrize("text", DOUBTFUL_CHANGES)
def test_changes_that_are_not_known_are_doubts(text: str) -> None:
    _, machine = with_lost(text)
    assert [doubt.code for doubt in machine.doubts] == ["DP201"]


def test_format_reaches_only_what_the_machine_offers() -> None:
    names, _ = run("def f(): pass\nresult = '{0.__globals__}'.format(f)\nother = '{0.__class__.__mro__}'.format(1)")
    assert isinstance(names["result"], Unknown)
    assert isinstance(names["other"], Unknown)


@pytest.mark.parametrize(
    ("pattern", "text", "bounded"),
    [
        (r"[^a-z]+", "ab c" * 10, True),
        (r"(\d{1,3}\.){3}\d{1,3}", "127.0.0.1", True),
        (r"^\s*(\w+)\s*=\s*(.*)$", "key = value", True),
        (r"(a+)+$", "a" * 40, False),
        (r"(a|aa)*$", "a" * 40, False),
        (r"(a?){30}a{30}", "a" * 30, False),
        (r".*.*.*.*x", "a" * 200, False),
        (r"(\w+\s*)*$", "word " * 20, False),
    ],
)
def test_regular_expressions_that_could_take_too_long(pattern: str, text: str, bounded: bool) -> None:
    names, _ = run(f"import re\nresult = re.search({pattern!r}, {text!r})")
    assert isinstance(names["result"], Unknown) != bounded


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("list(map(str.upper, ['a', 'b']))", ["A", "B"]),
        ("sorted(['b', 'A'], key=str.lower)", ["A", "b"]),
        ("str.join('-', ['a', 'b'])", "a-b"),
        ("dict.get({'a': 1}, 'a')", 1),
    ],
)
def test_methods_of_the_class(text: str, expected: Any) -> None:
    names, _ = run(f"result = {text}")
    assert names["result"] == expected


@pytest.mark.parametrize(
    "text", ["str.upper(5)", "str.join(5, 'a')", "list.append({}, 1)", "str.upper()", "len()", "len(1, 2)"]
)
def test_wrong_objects_and_counts_of_arguments(text: str) -> None:
    with pytest.raises(PyRaise) as raised:
        run(f"result = {text}")
    assert raised.value.name == "TypeError"
