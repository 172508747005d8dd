"""Imports of the project's own modules: what they bind, what they raise, and what the next file sees of their state."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dagport.evaluate.domain import PyRaise, Unknown
from dagport.evaluate.finder import Finder
from dagport.evaluate.machine import Hooks, Machine
from dagport.evaluate.modules import Importer, ModuleStore
from dagport.source import Source
from dagport.workspace import Workspace
from tests.evaluate.projects import write

FILE = "dags/file.py"
FILES: Mapping[str, str] = {
    "pack/__init__.py": "from .sub import NAME\nfrom .build import build\nsub_before = NAME\nhidden = 'value'\n",
    "pack/sub.py": "NAME = 'sub'\n_PRIVATE = 1\n",
    "pack/build.py": "def build():\n    return 'built'\n",
    "pack/hidden.py": "NAME = 'hidden'\n",
    "pack/deep/__init__.py": "",
    "pack/deep/leaf.py": "from ... import other\n",
    "pack/deep/up.py": "from ..sub import NAME as UP\nfrom .. import sub\n",
    "space/inner.py": "NAME = 'inner'\n",
    "dags/near.py": "NAME = 'near'\nITEMS = []\ndef add(x):\n    ITEMS.append(x)\n    return len(ITEMS)\n",
    "plugins/plugged.py": "NAME = 'plugged'\n",
    "config/settings.py": "NAME = 'settings'\n",
    "twice.py": "NAME = 'root'\n",
    "plugins/twice.py": "NAME = 'plugins'\n",
    "lazy.py": "def __getattr__(x):\n    if x == 'gone':\n        raise AttributeError(x)\n    return x * 2\n",
    "listed.py": "__all__ = ['A', '_B']\nA, _B, C = 1, 2, 3\n",
    "circle_a.py": "import circle_b\nA = 'a'\ndef get():\n    return circle_b.B\n",
    "circle_b.py": "import circle_a\nB = getattr(circle_a, 'A', 'early')\n",
    "broken_a.py": "from broken_b import B\nA = 1\n",
    "broken_b.py": "from broken_a import A\nB = 1\n",
    "raises.py": "import near_log\nnear_log.LOG.append('ran')\nraise ValueError('no')\n",
    "near_log.py": "LOG = []\n",
    "bad_syntax.py": "def (:\n",
    "json.py": "NAME = 'not the standard one'\n",
}
RESULTS: list[tuple[str, Any]] = [
    ("import pack\nresult = pack.NAME", "sub"),
    ("import pack\nresult = pack.sub.NAME", "sub"),
    ("import pack.sub as s\nresult = s.NAME", "sub"),
    ("import pack.sub\nresult = pack.build()", "built"),
    ("import pack.build as b\nresult = b()", "built"),
    ("from pack import build\nresult = build()", "built"),
    ("from pack import hidden\nresult = hidden", "value"),
    ("import pack\nbefore = pack.hidden\nimport pack.hidden\nresult = before, pack.hidden.NAME", ("value", "hidden")),
    ("from pack.deep import up\nresult = up.UP + up.sub.NAME", "subsub"),
    ("import pack.deep.up\nresult = pack.deep.up.UP", "sub"),
    ("from pack import *\nresult = sub_before, sub.NAME", ("sub", "sub")),
    ("from listed import *\nresult = A, _B, 'C' in globals()", (1, 2, False)),
    ("from near import *\nresult = NAME, 'add' in globals()", ("near", True)),
    ("import space.inner\nresult = space.inner.NAME", "inner"),
    ("from space import inner\nresult = inner.NAME", "inner"),
    (
        "import near, plugged, settings\nresult = near.NAME, plugged.NAME, settings.NAME",
        ("near", "plugged", "settings"),
    ),
    ("import lazy\nresult = lazy.ab, getattr(lazy, 'gone', 0), hasattr(lazy, 'gone')", ("abab", 0, False)),
    ("from lazy import thing\nresult = thing", "thingthing"),
    ("import circle_a\nresult = circle_a.get()", "early"),
    ("import circle_b\nresult = circle_b.B", "a"),
    ("import json\nresult = json.dumps([1])", "[1]"),
    ("import importlib\nresult = importlib.import_module('pack.sub').NAME", "sub"),
    ("import importlib\nresult = importlib.import_module('.sub', 'pack').NAME", "sub"),
    ("result = __import__('pack.sub').sub.NAME", "sub"),
    ("import near\nresult = near.add(1), near.add(2), list(near.ITEMS)", (1, 2, [1, 2])),
    ("import near\nnear.NAME = 'set'\nfrom near import NAME\nresult = NAME", "set"),
    ("import near\ndel near.NAME\nresult = hasattr(near, 'NAME')", False),
    ("import near as a\nimport near as b\nresult = a is b", True),
    ("import sys, near\nresult = sys.modules['near'] is near, 'pack' in sys.modules", (True, False)),
    ("import sys\nsetattr(sys.modules[__name__], 'late', 5)\nresult = late", 5),
    (
        "try:\n    import pack.gone\nexcept ModuleNotFoundError as e:\n    result = str(e)",
        "No module named 'pack.gone'",
    ),
    ("try:\n    from pack import gone\nexcept ImportError:\n    result = 1", 1),
    (
        "import near_log\nfor _ in (1, 2):\n    try:\n        import raises\n    except ValueError:\n        pass\n"
        "result = list(near_log.LOG)",
        ["ran", "ran"],
    ),
]
RAISED = [
    ("import pack.gone", "ModuleNotFoundError"),
    ("from pack import gone", "ImportError"),
    ("import pack\npack.gone", "AttributeError"),
    ("import pack\npack.deep", "AttributeError"),
    ("import broken_a", "ImportError"),
    ("import raises", "ValueError"),
    ("import bad_syntax", "SyntaxError"),
    ("import pack.deep.leaf", "ImportError"),
    ("from . import near", "ImportError"),
    ("from lazy import gone", "ImportError"),
    ("import sys\nsys.modules['near']", "KeyError"),
]
UNKNOWN = [
    "import package_elsewhere\nresult = package_elsewhere.NAME",
    "from package_elsewhere import NAME\nresult = NAME",
    "import sys\nresult = sys.modules.get('package_elsewhere')",
    "import pack.sub\nresult = vars(pack)",
]


def importing(store: ModuleStore, text: str) -> tuple[dict[str, Any], Machine]:
    """The names of a file after its end, and its machine; its modules are put back."""
    source = Source(FILE, textwrap.dedent(text), FILE)
    machine = Machine(source, Hooks(), workspace=store.finder.workspace)
    machine.importer = Importer(machine, store, FILE)
    try:
        return dict(machine.run(ast.parse(source.text))), machine
    finally:
        machine.importer.close()


@pytest.fixture
def store(tmp_path: Path) -> ModuleStore:
    write(tmp_path, FILES)
    return ModuleStore(Finder(Workspace(tmp_path)))


@pytest.mark.parametrize(("text", "result"), RESULTS)
def test_result(text: str, result: Any, store: ModuleStore) -> None:
    for _ in (1, 2):  # the second file shares what the first one evaluated
        names, machine = importing(store, text)
        assert (names["result"], machine.doubts) == (result, [])


@pytest.mark.parametrize(("text", "name"), RAISED)
def test_raised(text: str, name: str, store: ModuleStore) -> None:
    for _ in (1, 2):
        with pytest.raises(PyRaise) as raised:
            importing(store, text)
        assert raised.value.name == name


@pytest.mark.parametrize("text", UNKNOWN)
def test_unknown(text: str, store: ModuleStore) -> None:
    value = importing(store, text)[0]["result"]
    assert isinstance(value, Unknown) or type(value).__name__ in ("External", "Symbolic")


def test_two_modules_of_a_name(store: ModuleStore) -> None:
    names, machine = importing(store, "from twice import NAME")
    assert names["NAME"] == "root"
    assert [doubt.code for doubt in machine.doubts] == ["DP214"]


def test_reload_is_doubted(store: ModuleStore) -> None:
    _, machine = importing(store, "import importlib, near\nimportlib.reload(near)")
    assert [doubt.code for doubt in machine.doubts] == ["DP206"]


CHANGES = [
    "near.ITEMS.append(1)",
    "near.NAME = 'changed'",
    "del near.NAME",
    "near.NEW = 1",
    "near.add('x')",
    "near.add = len",
    "near.__dict__['NAME'] = 2",
    "near.ITEMS = near",
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_does_not_reach_the_next_file(change: str, store: ModuleStore) -> None:
    look = "import near\nresult = near.NAME, list(near.ITEMS), hasattr(near, 'NEW'), near.add(0)"
    before = importing(store, look)[0]["result"]
    importing(store, f"import near\n{change}")
    assert importing(store, look)[0]["result"] == before == ("near", [], False, 1)


SHARED = [
    ("import near", {"near"}),
    ("import pack", {"pack", "pack.sub", "pack.build"}),
    ("import circle_a", set()),  # what the one sees of the other depends on which is imported first
    ("import near\nnear.NAME = 1\nimport near_log", {"near"}),  # the second one might have seen the change
]


@pytest.mark.parametrize(("text", "names"), SHARED)
def test_what_is_shared(text: str, names: set[str], store: ModuleStore) -> None:
    importing(store, text)
    assert {name for name, _ in store.shared} == names


def test_what_sees_others_is_not_shared(tmp_path: Path) -> None:
    files = {
        "pack/__init__.py": "",
        "pack/sub.py": "X = 1\n",
        "looks.py": "import pack\nfound = hasattr(pack, 'sub')\n",
    }
    write(tmp_path, files)
    store = ModuleStore(Finder(Workspace(tmp_path)))
    assert importing(store, "import pack.sub\nfrom looks import found")[0]["found"] is True
    assert importing(store, "from looks import found")[0]["found"] is False
