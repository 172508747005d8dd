"""Loops over folders, whose order isn't known: what depends on it is doubted, what doesn't is known."""

# ruff: noqa: E501 - a line a case

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from dagport.evaluate.domain import Unknown
from dagport.evaluate.listing import Listing, Table
from tests.evaluate.projects import run, write

HEADER = """\
import itertools, json, os
from pathlib import Path
D = Path(__file__).parents[2] / "names"
names = os.listdir(D)
seen = []
number = itertools.count()
settings = {"a": {"b": 1}}
class Registry:
    items = []
    count = 0
    @classmethod
    def add(cls, item):
        cls.items.append(item)
def note(item):
    seen.append(item)
"""
KNOWN: dict[str, Any] = {  # statements that set `result`: its value, without a doubt
    "result = sorted(names)": ["a.x", "b.x", "c.y"],
    "result = sorted(names, key=len, reverse=True) if False else sorted(names, reverse=True)": ["c.y", "b.x", "a.x"],
    "result = len(names), bool(names), 'a.x' in names, 'z' in names": (3, True, True, False),
    "result = set(names)": {"a.x", "b.x", "c.y"},
    "result = {n[0] for n in names}": {"a", "b", "c"},
    "result = max(names), min(names), any(n == 'b.x' for n in names)": ("c.y", "a.x", True),
    "result = sorted(n for n in names if n.endswith('.x'))": ["a.x", "b.x"],
    "result = [n for n in names if n.endswith('.y')]": ["c.y"],
    "result = [n for n in names if n.endswith('.y')][0]": "c.y",
    "result = list(filter(lambda n: n == 'a.x', names))": ["a.x"],
    "result = sorted(map(str.upper, names))": ["A.X", "B.X", "C.Y"],
    "result = sum(len(n) for n in names)": 9,
    "names.sort()\nresult = names[0]": "a.x",
    "result = list(names)\nresult.sort()\nresult = result[-1]": "c.y",
    "result = sorted(list(names) + ['b'])": ["a.x", "b", "b.x", "c.y"],
    "found = []\nfor n in names:\n    found.append(n)\nresult = sorted(found)": ["a.x", "b.x", "c.y"],
    "found = {}\nfor n in names:\n    found[n[0]] = n\nresult = found['b'], len(found), 'z' in found": (
        "b.x",
        3,
        False,
    ),
    "found = set()\nfor n in names:\n    found.add(n[-1])\nresult = found": {"x", "y"},
    "found = {n[0]: n for n in names}\nresult = sorted(found.items())": [("a", "a.x"), ("b", "b.x"), ("c", "c.y")],
    "found = {n[0]: n for n in names}\nresult = found.get('c'), found.get('z', 1)": ("c.y", 1),
    "for n in names:\n    globals()[n] = n.upper()\nresult = globals()['b.x']": "B.X",
    "for n in names:\n    last = 'same'\nresult = last": "same",
    "for n in names:\n    if n == 'b.x':\n        result = n\n        break": "b.x",
    "def find():\n    for n in names:\n        if n == 'c.y':\n            return n\nresult = find()": "c.y",
    "def has():\n    for n in names:\n        if n.endswith('.x'):\n            return True\n    return False\n"
    "result = has()": True,
    "found = []\nfor n in names:\n    if n.endswith('.y'):\n        found.append(n)\nresult = found": ["c.y"],
    "found = []\nfor root, dirs, files in os.walk(D.parent):\n    for f in files:\n        if f.endswith('.y'):\n"
    "            found.append(f)\nresult = found": ["c.y"],
    "found = []\nfor f in D.iterdir():\n    with open(f) as file:\n        found.append(file.read())\n"
    "result = sorted(found)": ["1", "2", "3"],
    "found = []\nfor f in os.listdir(D.parent / 'dags' / 'team'):\n    if f.endswith('.yaml'):\n        found.append(f)\n"
    "result = found": ["near.yaml"],
    "result = sorted(f for f in os.listdir(D.parent / 'dags' / 'team') if f != '__pycache__')": [
        "near.yaml",
        "snippet.py",
    ],
    "def load():\n    found = []\n    for n in names:\n        local = {}\n        local['n'] = n\n        found.append(local)\n"
    "    return found\nresult = sorted(x['n'] for x in load())": ["a.x", "b.x", "c.y"],
    "for n in names:\n    x = dict(settings)\n    x['b'] = n\nresult = settings": {"a": {"b": 1}},
}
DOUBTED = [  # statements that depend on the order
    "result = names[0]",
    "result = list(names)[0]",
    "result = ','.join(names)",
    "result = tuple(names) == ('a.x', 'b.x', 'c.y')",
    "first, *_ = names\nresult = first",
    "result = dict(enumerate(names))",
    "result = list(zip(names, 'abc'))",
    "result = json.dumps(list(names))",
    "result = [*names]",
    "result = str(names)",
    "result = next(D.iterdir())",
    "for n in names:\n    result = n",
    "result = 0\nfor n in names:\n    result += 1",
    "result = None\nfor n in names:\n    if result is None:\n        result = n",
    "for n in names:\n    seen.append(n)\nresult = seen[0]",
    "for n in names:\n    note(n)\nresult = seen[0]",
    "for n in names:\n    Registry.add(n)\nresult = Registry.items[0]",
    "for n in names:\n    settings['a']['b'] = n\nresult = settings['a']['b']",
    "for n in names:\n    Registry.count = n\nresult = Registry.count",
    "result = {}\nfor n in names:\n    result[n] = next(number)\nresult = result['a.x']",
    "result = {n: next(number) for n in names}['a.x']",
    "found = []\nfor n in names:\n    found.append(n)\nresult = found[0]",
    "found = []\nother = found\nfor n in names:\n    found.append(n)\nresult = other[0]",
    "found = []\ndef add(n):\n    found.append(n)\nfor n in names:\n    add(n)\nresult = found[0]",
    "found = []\nfor n in names:\n    if len(found) < 1:\n        found.append(n)\nresult = found[0]",
    "found = {}\nfor n in names:\n    found['same'] = n\nresult = found['same']",
    "found = {n[-1]: n for n in names}\nresult = found['x']",
    "found = {}\nfor n in names:\n    found[n] = 1\nresult = list(found)[0]",
    "for n in names:\n    if n.endswith('.x'):\n        result = n\n        break",
    "def find():\n    for n in names:\n        if n.endswith('.x'):\n            return n\nresult = find()",
    "for n in names:\n    globals()['same'] = n\nresult = globals()['same']",
    "def each():\n    for n in names:\n        yield n\nresult = list(each())[0]",
    "result = sorted(names, key=len)[0]",
    "result = min(names, key=len)",
    "result = [n for n in sorted(os.listdir(D.parent / 'dags' / 'team'))][0]",
    "found = []\nfor f in os.listdir(D.parent / 'dags' / 'team'):\n    found.append(f)\nresult = len(found)",
    "x = iter(D.iterdir())\na = next(x, None)\nresult = next(x, None)",
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    write(folder, {"names/a.x": "1", "names/b.x": "2", "names/c.y": "3"})
    write(folder, {"dags/team/snippet.py": "", "dags/team/near.yaml": ""})
    return folder


@pytest.mark.parametrize("statements", KNOWN)
def test_known(root: Path, statements: str) -> None:
    names, machine = run(root, HEADER + textwrap.dedent(statements))
    value = names["result"]
    assert value == KNOWN[statements]
    assert machine.doubts == []


@pytest.mark.parametrize("statements", DOUBTED)
def test_doubted(root: Path, statements: str) -> None:
    names, machine = run(root, HEADER + textwrap.dedent(statements))
    value = names["result"]
    assert machine.doubts or isinstance(value, Unknown | Listing | Table)


def test_an_iterator_is_used_up(root: Path) -> None:
    text = "files = D.glob('*')\na = sorted(f.name for f in files)\nb = [f for f in files]\nc = list(D.glob('*.z'))"
    names, machine = run(root, HEADER + text)
    assert (names["a"], names["b"], names["c"]) == (["a.x", "b.x", "c.y"], [], [])
    assert machine.doubts == []
