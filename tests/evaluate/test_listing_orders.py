"""Random loops over a folder, in Python with every order of its entries: what is known holds in all of them."""

# ruff: noqa: E501 - a table of lines

from __future__ import annotations

import itertools
import os
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import pytest

from dagport.evaluate.domain import PyRaise, is_plain
from tests.evaluate.projects import FILE, run, write
from tests.evaluate.test_listings import HEADER

NAMES = ("a.x", "b.x", "c.y")
BEFORE = ("found = []", "found = {}", "found = set()", "found = ['z']", "found = []\nother = found", "found = {'z': 0}")
BODY = (
    "found.append(n)", "found[n] = n", "found[n[-1]] = n", "found.add(n)", "found.extend([n, n])", "found.append(len(seen))",
    "total += 1", "last = n", "if n.endswith('.x'): last = n", "if last is None: last = n", "if n == 'b.x': break",
    "if n.endswith('.x'): break", "if n.endswith('.x'): continue", "seen.append(n)", "note(n)", "settings['a'][n] = 1",
    "settings['a'] = n", "last = next(number)", "found.append(next(number))", "Registry.add(n)", "Registry.count = n",
    "globals()[n] = n", "globals()['same'] = n", "local = [n]\nlocal.append(n)\nfound.append(local)", "first = n in found",
    "x = found\nx.append(n)", "del found[:1]", "settings.setdefault(n, []).append(n)", "seen.extend([n])", "last = [m for m in names if m != n]",
    "try:\n    found.remove(n)\nexcept (ValueError, KeyError):\n    found.append(n)", "found.append({n: [m for m in sorted(names) if m < n]})",
)  # fmt: skip
LOOPS = (
    "for n in names:", "for n in [m for m in names if m != 'a.x']:", "for n in list(names):", "for n in filter(None, names):",
    "for n in {m: 1 for m in names}:", "for i, n in enumerate(names):", "for n in (m for m in names):", "for n in sorted(names):",
    "for n in (lambda: names)():", "for n in map(str, names):", "for n in set(m[-1] for m in names):", "for n in names[:2]:",
    "for n in iter(names):", "for n in [*names]:", "for n in names + ['d.z']:",
)  # fmt: skip
AFTER = (
    "found", "sorted(found)", "len(found)", "last", "total", "seen", "settings", "list(found)[0]", "'b.x' in found", "sorted(found, key=len)",
    "Registry.items", "Registry.count", "next(number)", "[x for x in found]", "{str(x) for x in found}", "sorted(map(str, found))[0]",
    "max(map(str, found), default=0)", "n", "found.get('x') if isinstance(found, dict) else 0", "list(found)[-1:]", "bool(found)",
    "sorted(found.items()) if isinstance(found, dict) else 1", "'same' in globals()", "other", "tuple(found)", "[*found]",
    "sum(len(str(x)) for x in found)", "any(str(x) == 'c.y' for x in found)", "list(zip(found, '12'))", "str(found)",
)  # fmt: skip


def program(random: Random) -> str:
    body = "\n".join(random.choices(BODY, k=random.randint(1, 3)))
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    loop = f"{random.choice(LOOPS)}\n{indented}"
    if random.random() < 0.2:
        loop += "else:\n    last = 'end'\n"
    text = f"{random.choice(BEFORE)}\ntotal, last = 0, None\n{loop}result = {random.choice(AFTER)}\n"
    if random.random() < 0.3:
        inside = "".join(f"    {line}\n" for line in text.splitlines())
        text = f"def work():\n{inside}    return result\nresult = work()\n"
    return text


def in_python(root: Path, text: str, order: tuple[str, ...]) -> Any:
    """The value in real Python, or the class of what it raises."""
    names: dict[str, Any] = {"__file__": str(root / FILE), "__name__": "snippet"}
    try:
        with patch.object(os, "listdir", lambda *_: list(order)):
            exec(compile(HEADER + text, "snippet.py", "exec"), names)  # our own text
    except (TypeError, AttributeError, NameError, KeyError, ValueError, IndexError, RuntimeError) as error:
        return type(error)
    return names["result"]


def shown(value: Any) -> str:
    return f"{type(value).__name__} {sorted(map(repr, value)) if isinstance(value, set | frozenset) else value!r}"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    write(folder, {f"names/{name}": "1" for name in NAMES})
    write(folder, {FILE: ""})
    return folder


@pytest.mark.parametrize("seed", range(4))
def test_what_is_known_holds_in_every_order(root: Path, seed: int) -> None:
    random = Random(seed)
    known = 0
    for _ in range(120):
        text = program(random)
        expected = {shown(in_python(root, text, order)) for order in itertools.permutations(NAMES)}
        try:
            names, machine = run(root, HEADER + text)
        except PyRaise:
            assert not all(item.partition(" ")[0] != "type" for item in expected), text
            continue
        value = names.get("result")
        if machine.doubts or not is_plain(value):
            continue
        known += 1
        assert expected == {shown(value)}, text
    assert known > 10
