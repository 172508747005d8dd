"""The analysis ends, whatever the code does, and nothing of it runs."""

from __future__ import annotations

import contextlib
import time

import pytest

from dagport.evaluate.domain import LimitHit, PyRaise
from dagport.options import Limits
from tests.evaluate.machine import run

SMALL = Limits(steps=200_000, seconds=5.0)
HOSTILE = [
    "while True:\n    pass",
    "x = 'a' * 10**9",
    "x = [0] * 10**9",
    "x = range(10**9)\nfor i in x:\n    pass",
    "x = list(range(10**12))",
    "x = 10**10**9",
    "x = 1 << 10**9",
    "def f():\n    return f()\nf()",
    "x = 'a'\nfor i in range(100):\n    x += x",
    "x = [1]\nfor i in range(100):\n    x += x",
    "x = [[[[0 for a in range(1000)] for b in range(1000)] for c in range(1000)] for d in range(1000)]",
    "a = []\na.append(a)\nfor i in range(10**7):\n    str(a)",
    "def g():\n    while True:\n        yield 1\nfor x in g():\n    pass",
    "x = " + "(" * 150 + "1" + ")" * 150 + "\nwhile x:\n    x = x + 1",
    "x = {i: i for i in range(10**8)}",
    "x = '{:>999999999}'.format(1)",
    "x = '%1000000000d' % 1\nwhile True: pass",
    "x = 'a'.ljust(10**9)",
    "x = f'{1:>999999999}'",
    "x = sum(range(10**12))",
    "import itertools\nlist(itertools.count())",
    "import itertools\nall(itertools.repeat(1))",
    "import itertools\nx = 5 in itertools.repeat(1)",
    "import itertools\nfor x in filter(None, itertools.repeat(0)):\n    pass",
    "class A:\n    def __iter__(self):\n        return self\n    def __next__(self):\n        return 1\nmax(A())",
    "def g():\n    while True:\n        yield from g()\nnext(g())",
    "x = []\nfor i in [1]:\n    pass\nfor i in (l := [1]):\n    l.append(i)",
    "class A:\n    def __eq__(self, o):\n        return self == o\nA() == A()",
    "class A:\n    def __getattr__(self, n):\n        return self.x\nA().y",
    "class A:\n    def __repr__(self):\n        return repr(self)\nx = repr(A())",
    "def f(n):\n    return [f(n - 1) for _ in range(10)] if n else 0\nf(50)",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_code_hits_a_limit(text: str) -> None:
    start = time.process_time()
    with pytest.raises(LimitHit):
        run(text, SMALL)
    assert time.process_time() - start < 10


def test_references_to_references_have_no_text() -> None:
    ours, _ = run("a = [1] * 1000\nb = [a] * 1000\nc = [b] * 1000\nresult = str(c)", SMALL)
    assert not isinstance(ours["result"], str)


HARMLESS = [
    "__import__('os').system('touch ran')",
    "import os\nos.system('touch ran')",
    "import subprocess\nsubprocess.run(['touch', 'ran'])",
    'eval(\'open("ran", "w")\')',
    'exec(\'open("ran", "w")\')',
    "open('ran', 'w').write('x')",
    "from pathlib import Path\nPath('ran').write_text('x')",
    "import pickle\npickle.loads(b'cos\\nsystem\\n(S\"touch ran\"\\ntR.')",
    "getattr(__builtins__, 'open')('ran', 'w')",
    "().__class__.__bases__[0].__subclasses__()",
    "'{0.__class__.__mro__}'.format(1)",
    "(lambda: 0).__globals__['__builtins__']",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_nothing_runs(text: str, tmp_path: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(str(tmp_path))
    with contextlib.suppress(PyRaise):
        run(text, SMALL)
    assert not list(tmp_path.iterdir())  # type: ignore[attr-defined]
