"""Scopes and paths against Python itself."""

from __future__ import annotations

import ast
import symtable
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libcst as cst
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport.rewrite.scopes import analyse
from tests.rewrite.world import FakeTaskInstance, facts_of, plan_for, rewritten

STDLIB = Path(sysconfig.get_path("stdlib"))
FILES = sorted(path.name for path in STDLIB.glob("[a-d]*.py"))[:40]
HARD = """
import a.b, c as d
from e import f as g
x: int = (y := 1)
def h(p, /, q=x, *args, r: "t" = d, **kw) -> u:
    global x, z
    x = z = p
    del q
    def inner():
        nonlocal p
        p = [v for v in w if (k := v)]
        return lambda o=p: o + k + x
    class C(B, metaclass=M):
        n = m
        def method(self): return n, __class__
    match p:
        case {"k": [l, *rest], **others} if l > rest: return others
        case Point(x=0, y=yy) | yy: return yy
    with open(p) as (fa, fb[0]): pass
    try: pass
    except E as err: print(err)
    for i, (j, *kk) in z: pass
    return {a: b for a in c for b in a}
"""


def python_says(table: symtable.SymbolTable) -> Iterator[str]:
    """Names that a module's code looks up in the module, or among the builtins."""
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (symbol.is_global() or table.get_type() == "module"):
            yield symbol.get_name()
    for child in table.get_children():
        yield from python_says(child)


def we_say(text: str) -> set[str]:
    scopes = analyse(cst.parse_module(text))
    found = set()
    for scope in scopes.module.nested():
        for read in scope.reads:
            owner = scope.owner(read.value)
            if owner is None or owner.kind == "module":
                found.add(read.value)
    return found - {"__class__", "True", "False", "None"}


def targets_of_comprehensions(text: str) -> set[str]:
    if sys.version_info < (3, 12):
        return set()
    return {
        name.id
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.comprehension)
        for name in ast.walk(node.target)
        if isinstance(name, ast.Name)
    }


@pytest.mark.parametrize("name", FILES)
def test_as_python_resolves(name: str) -> None:
    text = (STDLIB / name).read_text(encoding="utf-8")
    expected = set(python_says(symtable.symtable(text, name, "exec")))
    # Since Python 3.12 a module's table also lists what the comprehensions inlined into it bind.
    inlined = targets_of_comprehensions(text)
    assert we_say(text) ^ {item for item in expected if not item.startswith("_")} <= inlined | {
        item for item in expected | we_say(text) if item.startswith("_")
    }


def test_as_python_resolves_the_hard_parts() -> None:
    expected = set(python_says(symtable.symtable(HARD, "hard", "exec")))
    assert we_say(HARD) == expected


STATEMENTS = st.deferred(
    lambda: st.one_of(
        st.sampled_from(["push a", "push b", "push c", "return", "return 7", "raise", "pass"]),
        st.tuples(st.sampled_from(["if", "while", "for", "try", "finally", "else", "with", "elif"]), BLOCKS, BLOCKS),
    )
)
BLOCKS: st.SearchStrategy[list[Any]] = st.lists(STATEMENTS, min_size=1, max_size=3)
SHAPES = {
    "if": ("if flags.pop():", "else:"),
    "elif": ("if flags.pop():", "elif flags.pop():"),
    "while": ("while flags.pop():", None),
    "for": ("for _ in range(flags.pop()):", "else:"),
    "else": ("while flags.pop():", "else:"),
    "try": ("try:", "except ValueError:"),
    "finally": ("try:", "finally:"),
    "with": ("with swallow():", None),
}


def lines(block: list[Any], indent: str) -> Iterator[str]:
    for number, item in enumerate(block):
        if isinstance(item, tuple):
            first, second = SHAPES[item[0]]
            yield f"{indent}{first}"
            yield from lines(item[1], f"{indent}    ")
            if second is not None:
                yield f"{indent}{second}"
                yield from lines(item[2], f"{indent}    ")
        elif item.startswith("push"):
            yield f"{indent}ti.xcom_push('{item[5:]}', {number})"
        else:
            yield indent + ("raise ValueError" if item == "raise" else item)


@settings(max_examples=80, deadline=None)
@given(BLOCKS, st.lists(st.booleans(), min_size=60, max_size=60))
def test_pushes_on_every_path(block: list[Any], flags: list[bool]) -> None:
    text = "def f(ti):\n" + "\n".join(lines(block, "    ")) + "\n"
    facts = facts_of(text)
    assert {item.reason for item in facts.refusals} <= {
        "`flags` isn't defined in the file",
        "`swallow` isn't defined in the file",
    }
    if not facts.pushes:
        return
    result = rewritten(text)
    if result.refusals:
        assert {item.reason for item in result.refusals} == {"it returns and pushes in `finally`"}
        return
    before, after = run(text, "f", flags), run(result.text, "new", flags)
    assert before == after
    if before is not None:
        assert all(key in before for key, sure in facts.pushes.items() if sure)
    assert plan_for(facts, {}).handover == "keys"


def run(text: str, name: str, flags: list[bool]) -> dict[str, Any] | None:
    """What is handed over; ``None`` for a failure."""
    from contextlib import suppress

    namespace: dict[str, Any] = {"flags": [False, *flags], "swallow": lambda: suppress(ValueError)}
    exec(text, namespace)
    ti = FakeTaskInstance()
    try:
        found = namespace[name](ti) if name == "f" else namespace[name](None, None, None, None)
    except (ValueError, IndexError) as error:
        return None if isinstance(error, ValueError) else {"": "ran out of flags"}
    if name == "f":
        found = {**ti.pushed, **({} if found is None else {"return_value": found})}
    return dict(found)
