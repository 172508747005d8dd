"""Pieces of Python text: names, annotations, bodies."""

from __future__ import annotations

import pytest

from dagport.writers.common.code import (
    annotations_resolve,
    bound_names,
    docstring,
    identifiers,
    is_rebound,
    returned_keys,
    returns_nothing_somewhere,
    split_body,
    split_comments,
    with_docstring,
)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def f(a, *b, c=d, **e):\n    return a.x + g", "f a b c d e g"),
        ("    def f():\n        import x.y as z, u.v\n        from w import q", "f z u q"),
        ("try:\n    pass\nexcept E as error:\n    pass", "E error"),
        ("lambda a: b)", "lambda a b"),  # cut out of a call: every word counts
    ],
)
def test_identifiers(text: str, names: str) -> None:
    assert identifiers(text) - {""} == set(names.split())


def test_bound_names() -> None:
    statements = ["import a.b", "from c import d as e", "F, g = 1, 2", "def h(x):\n    y = 1", "class K: ..."]
    assert bound_names(statements) == {"a", "e", "F", "g", "h", "K"}


@pytest.mark.parametrize(
    ("body", "name"),
    [("return load", None), ("load = 1", "load"), ("for load in x: pass", "load"), ("del load", "load")],
)
def test_is_rebound(body: str, name: str | None) -> None:
    assert is_rebound(f"def f(load):\n    {body}", ["load"]) == name


@pytest.mark.parametrize(
    ("imports", "definitions", "resolve"),
    [
        ([], ["def f(a: int) -> dict[str, float]: ..."], True),
        (["import pandas as pd"], ["def f(a: pd.DataFrame): ..."], True),
        ([], ["class Row: ...", "def f(a: Row): ..."], True),
        ([], ["def f(a: Row): ...", "class Row: ..."], False),
        ([], ["def f(a: pd.DataFrame): ..."], False),
        ([], ["class A:\n    b: B"], False),
        ([], ["x: Later = 1"], False),
        ([], ["def f(a: 'Later'): ..."], True),
    ],
)
def test_annotations_resolve(imports: list[str], definitions: list[str], resolve: bool) -> None:
    assert annotations_resolve(imports, definitions) is resolve


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        ('return {"a": 1, "b": 2}', ["a", "b"]),
        ('if x:\n        return {"a": 1}\n    return {"a": 1, "b": 2}', ["a"]),
        ('if x:\n        return {"a": 1}\n    raise ValueError', ["a"]),
        ('def g():\n        return 1\n    return {"a": g()}', ["a"]),
        ("return parts", None),
        ("return {**parts}", None),
        ("return {name: 1}", None),
        ('if x:\n        return {"a": 1}', None),
        ('if x:\n        return\n    return {"a": 1}', None),
        ("pass", None),
    ],
)
def test_returned_keys(body: str, keys: list[str] | None) -> None:
    found = returned_keys(f"def f(x):\n    {body}")
    assert (found if found is None else list(found)) == keys


@pytest.mark.parametrize(
    ("body", "nothing"),
    [
        ("return x", False),
        ("if x:\n        return 1\n    else:\n        return 2", False),
        ("with x:\n        return 1", False),
        ("try:\n        return 1\n    except E:\n        raise", False),
        ("raise ValueError", False),
        ("if x:\n        return 1", True),
        ("if x:\n        return\n    return 1", True),
        ("for y in x:\n        return y", True),
        ("return None", True),
    ],
)
def test_returns_nothing_somewhere(body: str, nothing: bool) -> None:
    assert returns_nothing_somewhere(f"def f(x):\n    {body}") is nothing


@pytest.mark.parametrize(
    ("function", "head", "body"),
    [
        ("def f(a):\n    return a\n", "def f(a):\n    pass  # m", "    return a"),
        (
            "def f(\n    a,  # why\n):\n    # first\n    return a",
            "def f(\n    a,  # why\n):\n    pass  # m",
            "    # first\n    return a",
        ),
        (
            "def f(a={1: 2}) -> 'x:y':  # note\n  return a",
            "def f(a={1: 2}) -> 'x:y':  # note\n    pass  # m",
            "  return a",
        ),
        ("@wraps(f)\ndef f():\n    return 1", "@wraps(f)\ndef f():\n    pass  # m", "    return 1"),
        ("async def f():\n    await g()", "async def f():\n    pass  # m", "    await g()"),
    ],
)
def test_split_body(function: str, head: str, body: str) -> None:
    found = split_body(function, "m")
    assert found is not None
    assert (found[0], found[1].text) == (head, body)


@pytest.mark.parametrize("function", ["def f(a): return a", "def f(): pass; pass\n"])
def test_a_body_on_the_head_stays(function: str) -> None:
    assert split_body(function, "m") is None


def test_split_comments() -> None:
    assert split_comments("# why\n\n# and how\ndef f(): ...") == ("# why\n\n# and how", "def f(): ...")
    assert split_comments("def f(): ...") == ("", "def f(): ...")


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("Loads.", '"""Loads."""'),
        ("  Loads.  \n\n    All of it.\n", '"""Loads.\n\nAll of it.\n"""'),
        ('a """b""" \\d', '"""a \\"\\"\\"b\\"\\"\\" \\\\d"""'),
        ('say "so"', '"""say "so"\n"""'),
        ("", None),
        ("a\x00b", None),
    ],
)
def test_docstring(text: str, source: str | None) -> None:
    assert docstring(text) == source


def test_with_docstring() -> None:
    assert with_docstring("def f():\n    return 1", "Why.\n\nHow.") == (
        'def f():\n    """Why.\n\n    How.\n    """\n    return 1'
    )
