"""What can't be known stays unknown, with a reason, and is noted where it may change what is built."""

from __future__ import annotations

import pytest

from dagport.evaluate.domain import CallSite, External, Native, PyRaise, Unknown
from dagport.evaluate.machine import Hooks, Machine
from tests.evaluate.machine import run

UNKNOWN = "import os\nu = os.environ['U']\n"
STAYS_UNKNOWN = [
    "result = u + 'x'",
    "result = f'a{u}'",
    "result = '%s' % u",
    "result = '-'.join(['a', u])",
    "result = u or 'default'",
    "result = u and 1",
    "result = 1 if u else 2",
    "result = u == 'x'",
    "result = not u",
    "result = u in ['a']",
    "result = [1, 2][u]",
    "result = {'a': 1}[u]",
    "result = {**u}",
    "result = [*u]",
    "result = [x for x in u]",
    "result = [x for x in [1, 2] if u]",
    "result = len(u)",
    "result = sorted([3, u])",
    "result = u.strip()",
    "result = str(u)",
    "a, b = u\nresult = b",
    "if u:\n    result = 1\nelse:\n    result = 2",
    "result = 1\nif u:\n    result = 2",
    "result = 1\nfor x in u:\n    result = x",
    "def f():\n    if u:\n        return 1\n    return 2\nresult = f()",
    "def f(a=1, b=2):\n    return b\nresult = f(**u)",
    "try:\n    import numpyish as n\nexcept ImportError:\n    n = None\nresult = n",
    "def f(**kw):\n    return [k for k in kw]\nresult = f(a=1, **u)",
    "def f(**kw):\n    return kw['b']\nresult = f(a=1, **u)",
    "def f(**kw):\n    return 'b' in kw\nresult = f(a=1, **u)",
    "def f(**kw):\n    return kw.get('b')\nresult = f(a=1, **u)",
    "def f(**kw):\n    return bool(kw)\nresult = f(**u)",
    "def f(**kw):\n    return dict(kw).get('b', 3)\nresult = f(**u)",
    "def f(**kw):\n    return len(kw)\nresult = f(a=1, **u)",
    "def g(b=2):\n    return b\ndef f(**kw):\n    return g(**kw)\nresult = f(**u)",
    "result = __file__ + 'x'",
    "result = open('x').read()",
    "import random\nresult = random.randint(1, 2)",
    "from datetime import datetime\nresult = datetime.now().year",
    "result = hash('a') % 7",
    "def g():\n    yield 1\n    if u:\n        yield 2\nresult = list(g())",
    "def g():\n    if u:\n        return\n    yield 2\nresult = next(g())",
    "result = next(x for x in [1, 2] if x == u)",
    "result = any(x == u for x in [1, 2])",
    "result = min([u, 1])",
    "class A:\n    def __eq__(self, o):\n        return u\nresult = A() == 1",
    "class A:\n    def __bool__(self):\n        return u\nresult = bool(A())",
    "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\nresult = A(u) == A(1)",
    "from enum import Enum\nclass A(Enum):\n    X = 1\nresult = A(u)",
    "result = f'{u!r:>5}'",
    "result = '%s' % u",
    "from functools import reduce\nresult = reduce(max, u)",
    "from itertools import islice\nresult = list(islice(u, 2))",
    "class A(dict):\n    def __getitem__(self, k):\n        return 1\nresult = A()['x']",
    "match [u]:\n    case [1]:\n        result = 1\n    case _:\n        result = 2",
]


@pytest.mark.parametrize("text", STAYS_UNKNOWN)
def test_stays_unknown(text: str) -> None:
    ours, _ = run(UNKNOWN + text)
    assert isinstance(ours["result"], Unknown)
    assert ours["result"].why


STAYS_KNOWN = [
    ("result = 2\nif u:\n    other = 1", 2),
    ("if u:\n    result = 1\nelse:\n    result = 1", 1),
    ("result = 1 if u else 1", 1),
    ("result = u is u", True),
    ("result = [u, 1][1]", 1),
    ("def f():\n    if u:\n        return 1\n    return 1\nresult = f()", 1),
    ("result = 'a' in ['a', u]", True),
    ("result = False and u", False),
    ("def g():\n    yield 1\n    if u:\n        yield 2\nresult = next(g())", 1),
    ("from itertools import islice\nresult = list(islice((x for x in [1, 2, u]), 2))", [1, 2]),
    ("result = 1 in (x for x in [1, u])", True),
    ("match {'a': u, 'b': 2}:\n    case {'b': n}:\n        result = n", 2),
    ("class A:\n    def __init__(self):\n        self.x, self.y = u, 3\nresult = A().y", 3),
    ("import os.path\nresult = os.path.basename(__file__)", "snippet.py"),
    ("x = {'k': u, 'l': 5}\nresult = x['l']", 5),
]


@pytest.mark.parametrize(("text", "value"), STAYS_KNOWN)
def test_stays_known(text: str, value: object) -> None:
    ours, _ = run(UNKNOWN + text)
    assert ours["result"] == value


class Effects(Hooks):
    """`touch(x)` changes `x`."""

    def find(self, name: str) -> Native | None:
        def touch(machine: Machine, args: list[object], kwargs: dict[str, object], site: CallSite) -> None:
            machine.effect(args[0])

        return touch if name == "effects.touch" else None


TOUCH = UNKNOWN + "from effects import touch\n"
DOUBTED = [
    ("if u:\n    touch('a')", ["a"]),
    ("if u:\n    touch('a')\nelse:\n    touch('b')", ["a", "b"]),
    ("for x in u:\n    touch('a')", ["a"]),
    ("[touch('a') for x in u]", ["a"]),
    ("while u:\n    touch('a')", ["a"]),
    ("[touch('a') for x in [1, 2] if u]", ["a"]),
    ("list(touch('a') for x in u)", ["a"]),
    ("list(touch('a') for x in [1] if x == u)", ["a"]),
    ("list(map(lambda x: touch('a'), u))", ["a"]),
    ("def g():\n    yield 1\n    if u:\n        yield 2\n    touch('a')\nlist(g())", ["a"]),
    ("def g():\n    if u:\n        touch('a')\n        yield 2\nfor x in g():\n    pass", ["a", "a"]),
    ("match u:\n    case 1:\n        touch('a')", ["a"]),
    ("match [u]:\n    case [1]:\n        touch('a')", ["a"]),
    ("it = iter([1, 2])\nif u:\n    next(it)", [None]),
    ("def g():\n    yield 1\ni = g()\nif u:\n    list(i)", [None]),
    ("u and touch('a')", ["a"]),
    ("x = touch('a') if u else None", ["a"]),
    ("def f():\n    if u:\n        return\n    touch('a')\nf()", ["a"]),
    ("try:\n    import numpyish\nexcept ImportError:\n    touch('a')", ["a"]),
    ("x = []\nif u:\n    x.append(1)", [None]),
    ("x = {}\nif u:\n    x['a'] = 1", [None]),
    ("if u:\n    raise ValueError('no')", [None]),
    ("assert u", [None]),
]


@pytest.mark.parametrize(("text", "owners"), DOUBTED)
def test_effects_under_unknown_conditions_are_doubted(text: str, owners: list[object]) -> None:
    _, machine = run(TOUCH + text, hooks=Effects())
    assert [doubt.owner for doubt in machine.doubts] == owners
    assert all(doubt.span for doubt in machine.doubts)


NOT_DOUBTED = [
    "touch('a')",
    "if u:\n    x = 1\nelse:\n    x = 2",
    "if True:\n    touch('a')",
    "for x in [1, 2]:\n    touch('a')",
    "if u:\n    pass\ntouch('a')",
    "def f():\n    if u:\n        return 1\n    return 2\nf()\ntouch('a')",
    "x = u or 3",
]


@pytest.mark.parametrize("text", NOT_DOUBTED)
def test_no_doubt_without_an_effect(text: str) -> None:
    _, machine = run(TOUCH + text, hooks=Effects())
    assert machine.doubts == []


RAISES = [
    ("raise ValueError('x')", "ValueError"),
    ("{}['a']", "KeyError"),
    ("int('x')", "ValueError"),
    ("undefined", "NameError"),
    ("None.x", "AttributeError"),
    ("def f(a):\n    pass\nf()", "TypeError"),
    ("def f():\n    pass\nf(1)", "TypeError"),
    ("1 + 'a'", "TypeError"),
    ("a, b = [1]", "ValueError"),
    ("from abc import ABC, abstractmethod\nclass A(ABC):\n    @abstractmethod\n    def f(self): ...\nA()", "TypeError"),
    ("class E(Exception):\n    pass\nraise E()", "E"),
    ("try:\n    1 / 0\nexcept KeyError:\n    pass", "ZeroDivisionError"),
]


@pytest.mark.parametrize(("text", "name"), RAISES)
def test_raises_what_python_raises(text: str, name: str) -> None:
    with pytest.raises(PyRaise) as raised:
        run(text)
    assert raised.value.name == name
    assert raised.value.site is not None


def test_names_of_libraries_are_kept() -> None:
    ours, _ = run("import a.b as c\nfrom d.e import f as g\nresult = [c.x, g.y]")
    assert ours["result"] == [External("a.b.x"), External("d.e.f.y")]
