"""The machine agrees with Python: every snippet is run by both, and `result` compared."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport.evaluate.domain import Unknown
from tests.evaluate.machine import run

SNIPPETS = [
    # expressions
    "result = [1 + 2 * 3, 7 // 2, 7 % 4, 2 ** 10, -3, ~5, 1 << 4, 6 & 3, 6 | 3, 6 ^ 3]",
    "result = 'a' + 'b' * 3 + f'{1 + 1}-{[1, 2]}-{None!r}-{3.14159:.2f}-{7:03d}'",
    "a, (b, *c) = 1, (2, 3, 4)\nresult = [a, b, c]",
    "result = [x for x in range(10) if x % 2 if x > 2]",
    "result = {k: v for k, v in zip('abc', range(3))}",
    "result = [(x, y) for x in range(3) for y in range(x)]",
    "result = sorted({3, 1, 2})",
    "result = {**{'a': 1}, 'b': 2, **dict(c=3)}",
    "result = [*range(3), *(5, 6)]",
    "result = (1 < 2 < 3, 1 < 3 < 2, 2 in [1, 2], 'x' not in 'abc', None is None, 1 == 1.0)",
    "result = [None or 'x', '' and 'y', 0 or [] or {}, 1 and 2]",
    "result = 'yes' if 3 > 2 else 'no'",
    "result = (n := 5) + n",
    "result = 'abcdef'[1:4], [1, 2, 3][-1], {'a': {'b': 1}}['a']['b']",
    "result = '%s-%d-%(x)s' % {'x': 1} if False else '%s-%d' % ('a', 3)",
    "result = '{0} {name} {0!r:>5}'.format('a', name='b')",
    # statements
    "result = 0\nfor i in range(5):\n    if i == 1:\n        continue\n    if i == 4:\n        break\n    result += i",
    "for i in range(3):\n    pass\nelse:\n    result = i",
    "result = 0\nwhile result < 7:\n    result += 2",
    "x = {'a': [1]}\nx['a'].append(2)\nx['b'] = 3\ndel x['b']\nresult = x",
    "x = y = []\nx.append(1)\nresult = y",
    "try:\n    {}['a']\nexcept KeyError as error:\n    result = 'caught'\nfinally:\n    done = True",
    "try:\n    result = 1\nexcept ValueError:\n    result = 2\nelse:\n    result = 3",
    "try:\n    int('x')\nexcept (TypeError, ValueError):\n    result = 'bad'",
    "try:\n    raise LookupError('x')\nexcept Exception as error:\n    result = str(error.args)",
    "match 'b':\n    case 'a':\n        result = 1\n    case 'b' | 'c':\n        result = 2\n"
    "    case _:\n        result = 3",
    "match 7:\n    case 1:\n        result = 1\n    case other if other > 5:\n        result = other",
    "x = [1, 2]\nx += (3,)\nx *= 2\nresult = x",
    "a = [1, 2, 3]\na[0], a[1] = a[1], a[0]\nresult = a",
    # functions
    "def f(a, b=2, *args, c, d=4, **kw):\n    return [a, b, args, c, d, kw]\nresult = f(1, 5, 6, c=3, e=7)",
    "def f(n):\n    return 1 if n == 0 else n * f(n - 1)\nresult = f(6)",
    "def outer():\n    n = 0\n    def inner():\n        nonlocal n\n        n += 1\n        return n\n"
    "    inner()\n    return inner()\nresult = outer()",
    "count = 0\ndef f():\n    global count\n    count += 1\nf()\nf()\nresult = count",
    "fs = [lambda x, i=i: x + i for i in range(3)]\nresult = [f(10) for f in fs]",
    "fs = [lambda: i for i in range(3)]\nresult = [f() for f in fs]",
    "def f(x, acc=[]):\n    acc.append(x)\n    return acc\nf(1)\nresult = f(2)",
    "def g():\n    for i in range(3):\n        yield i\n    yield from [7, 8]\nresult = list(g())",
    "def f(*, a, b):\n    return a - b\nresult = f(**{'b': 1, 'a': 5})",
    "def deco(f):\n    def wrapped(*args):\n        return f(*args) + 1\n    return wrapped\n"
    "@deco\ndef f(x):\n    return x\nresult = f(1)",
    "def deco(n):\n    def inner(f):\n        return lambda x: f(x) * n\n    return inner\n"
    "@deco(3)\ndef f(x):\n    return x\nresult = f(2)",
    "from contextlib import contextmanager\nlog = []\n@contextmanager\ndef f(x):\n    log.append('in')\n    yield x\n"
    "    log.append('out')\nwith f(1) as v:\n    log.append(v)\nresult = log",
    # classes
    "class A:\n    x = 1\n    def __init__(self, y):\n        self.y = y\n"
    "    def total(self):\n        return self.x + self.y\n"
    "class B(A):\n    x = 10\n    def total(self):\n        return super().total() * 2\nresult = B(5).total()",
    "class A:\n    @property\n    def p(self):\n        return 1\n    @staticmethod\n    def s(x):\n        return x\n"
    "    @classmethod\n    def c(cls):\n        return cls.k\n    k = 9\na = A()\nresult = [a.p, a.s(2), A.c(), a.c()]",
    "class A:\n    def __init__(self):\n        self._v = 1\n    @property\n    def v(self):\n        return self._v\n"
    "    @v.setter\n    def v(self, value):\n        self._v = value * 2\na = A()\na.v = 4\nresult = a.v",
    "class V:\n    def __init__(self, n):\n        self.n = n\n    def __add__(self, o):\n"
    "        return V(self.n + o.n)\n"
    "    def __eq__(self, o):\n        return self.n == o.n\n    def __getitem__(self, i):\n        return i * self.n\n"
    "    def __len__(self):\n        return self.n\n    def __contains__(self, x):\n        return x == self.n\n"
    "    def __iter__(self):\n        return iter([self.n])\n    def __call__(self, x):\n        return x + self.n\n"
    "    def __str__(self):\n        return 'V' + str(self.n)\n"
    "v = V(2) + V(3)\nresult = [v.n, v == V(5), v[2], len(v), 5 in v, list(v), v(1), f'{v}']",
    "class M:\n    def __enter__(self):\n        return 5\n    def __exit__(self, *a):\n        pass\n"
    "with M() as m:\n    result = m",
    "from abc import ABC, abstractmethod\nclass A(ABC):\n    @abstractmethod\n    def f(self): ...\n"
    "class B(A):\n    def f(self):\n        return 1\nresult = B().f()",
    "class A:\n    def who(self):\n        return 'A'\nclass B(A):\n    def who(self):\n"
    "        return 'B' + super().who()\n"
    "class C(A):\n    def who(self):\n        return 'C' + super().who()\nclass D(B, C):\n    def who(self):\n"
    "        return 'D' + super().who()\nresult = D().who()",
    "from dataclasses import dataclass, field, asdict, replace\n@dataclass\nclass P:\n    a: int\n    b: str = 'x'\n"
    "    c: list = field(default_factory=list)\n    def __post_init__(self):\n        self.c.append(self.a)\n"
    "p = P(1)\nq = replace(p, b='y', c=[])\nresult = [asdict(p), q.b, q.c]",
    "from enum import Enum\nclass E(Enum):\n    A = 'a'\n    B = 'b'\n"
    "result = [E.A.value, E.B.name, [e.value for e in E], E('b') is E.B, E['A'].value, E.A == E.A, E.A == E.B]",
    "from enum import IntEnum, auto\nclass E(IntEnum):\n    A = auto()\n    B = auto()\nresult = [E.A.value, E.B == 2]",
    "class A:\n    def __getattr__(self, name):\n        return name.upper()\nresult = A().hello",
    "result = [isinstance(1, int), isinstance('a', (int, str)), isinstance([], dict), callable(len)]",
    "class A:\n    pass\na = A()\nsetattr(a, 'x', 3)\nresult = [getattr(a, 'x'), hasattr(a, 'y'), getattr(a, 'y', 0)]",
    # builtins
    "result = [len('abc'), sum([1, 2]), min(3, 1), max([1, 5], key=lambda x: -x), any([0, 1]), all([]), abs(-2)]",
    "result = sorted(['bb', 'a'], key=len, reverse=True), list(reversed([1, 2])), list(enumerate('ab', 1))",
    "result = list(map(lambda x, y: x + y, [1, 2], [3, 4])), list(filter(None, [0, 1])), dict([('a', 1)])",
    "it = iter([1, 2])\nresult = [next(it), next(it), next(it, 'end')]",
    "result = next((x for x in [1, 2, 3] if x > 1), None)",
    "result = [str(3), int('4'), float('2.5'), bool([]), list('ab'), tuple([1]), set([1]), dict(a=1), round(2.567, 1)]",
    "result = ','.join(str(x) for x in range(3)), str.upper('a'), dict.fromkeys('ab', 0)",
    "globals()['result'] = 5",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import nothing\nresult = TYPE_CHECKING",
]


@pytest.mark.parametrize("text", SNIPPETS)
def test_agrees_with_python(text: str) -> None:
    names: dict[str, Any] = {"__name__": __name__}
    exec(textwrap.dedent(text), names)  # our own snippets
    ours, machine = run(text)
    assert not machine.doubts
    assert ours["result"] == names["result"]
    assert type(ours["result"]) is type(names["result"])


NUMBERS = st.integers(-20, 20)
TEXTS = st.text("abc", max_size=4)
VALUES = st.recursive(
    st.one_of(NUMBERS, TEXTS, st.none(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
OPERATORS = st.sampled_from(["+", "-", "*", "//", "%", "==", "!=", "<", "in", "is not", "and", "or", "&", "|", ">>"])


@settings(max_examples=300, deadline=None)
@given(VALUES, OPERATORS, VALUES)
def test_operators_agree_with_python(left: Any, operator: str, right: Any) -> None:
    attempt = f"try:\n    result = left {operator} right\nexcept Exception:\n    result = 'raised'"
    text = f"left = {left!r}\nright = {right!r}\n{attempt}"
    names: dict[str, Any] = {}
    exec(text, names)
    ours, _ = run(text)
    if isinstance(ours["result"], Unknown):
        # Identity of equal numbers and texts is the interpreter's own affair.
        assert operator == "is not"
        return
    assert ours["result"] == names["result"]
    assert type(ours["result"]) is type(names["result"])
