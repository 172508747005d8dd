"""The part of a module that a name needs, and nothing else."""

from __future__ import annotations

from textwrap import dedent

import pytest

from dagport.rewrite.module import Module
from dagport.source import Source

TEXT = '''
"""Doc."""
from __future__ import annotations

import os, sys
import numpy.random
import numpy.linalg
import pandas as pd
from pathlib import (
    Path,  # used
    PurePath as Pure,
)
from typing import TYPE_CHECKING

from airflow.sdk import DAG, Variable, task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from airflow.sdk import Context

try:
    import ujson as json
except ImportError:
    import json  # slower

# Unrelated.

# The folder.
HOME = Path(os.environ["HOME"])
UNUSED = 1
BUCKET = Variable.get("bucket")
RATES: Mapping = {"a": 0.1}


def save(rows: "Sequence[int]"):
    # As JSON.
    (HOME / "x").write_text(json.dumps(rows))
    # Done.


pd.set_option("display.width", 100)
numpy.random.seed(0)
print("loading")

with DAG("d") as dag:
    # At most.
    LIMIT = """
    3"""

    @task
    def f():
        save([LIMIT])

if __name__ == "__main__":
    dag.test()
'''
FUTURE = "from __future__ import annotations"
SETUP = ('pd.set_option("display.width", 100)\n', "numpy.random.seed(0)\n")
SETUP_IMPORTS = ("import numpy.random", "import numpy.linalg", "import pandas as pd")
JSON = "try:\n    import ujson as json\nexcept ImportError:\n    import json  # slower"
HOME = '# The folder.\nHOME = Path(os.environ["HOME"])\n'
SAVE = 'def save(rows: "Sequence[int]"):\n    # As JSON.\n    (HOME / "x").write_text(json.dumps(rows))\n    # Done.\n'
CHECKING = "from typing import TYPE_CHECKING"

SLICES = {
    "nothing": (set(), (), ()),
    "one of several": ({"Pure"}, ("from pathlib import PurePath as Pure",), ()),
    "one of a line": ({"sys"}, ("import sys",), ()),
    "a fallback": ({"json"}, (JSON,), ()),
    "a constant": ({"HOME"}, ("import os", "from pathlib import Path"), (HOME,)),
    "a helper": (
        {"save"},
        (
            "import os", "from pathlib import Path", JSON, CHECKING,
            "if TYPE_CHECKING:\n    from collections.abc import Sequence",
        ),
        (HOME, SAVE),
    ),
    "an annotated constant": (
        {"RATES"},
        (CHECKING, "if TYPE_CHECKING:\n    from collections.abc import Mapping"),
        ('RATES: Mapping = {"a": 0.1}\n',),
    ),
    "inside the DAG block": ({"LIMIT"}, (), ('# At most.\nLIMIT = """\n    3"""\n',)),
}  # fmt: skip


@pytest.mark.parametrize(("names", "imports", "definitions"), SLICES.values(), ids=SLICES.keys())
def test_slice(names: set[str], imports: tuple[str, ...], definitions: tuple[str, ...]) -> None:
    part = Module(Source("dags/x.py", TEXT)).slice(frozenset(names))
    assert part.refusals == ()
    assert [item for item in part.imports if item not in (FUTURE, *SETUP_IMPORTS)] == list(imports)
    assert [item for item in part.definitions if item not in SETUP] == list(definitions)
    assert {FUTURE, *SETUP_IMPORTS} <= set(part.imports)
    assert set(SETUP) <= set(part.definitions)


REFUSED = {
    "a Variable": ({"BUCKET"}, "`BUCKET` can't be carried along: `Variable` is Airflow's"),
    "the DAG": ({"dag"}, "`dag` can't be carried along: `DAG` is Airflow's"),
    "a task": ({"f"}, "`f` can't be carried along: `task` is Airflow's"),
    "for annotations": ({"Context"}, "`Context` is Airflow's"),
    "unknown": ({"nowhere"}, "`nowhere` isn't defined in the file"),
}


@pytest.mark.parametrize(("names", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(names: set[str], reason: str) -> None:
    part = Module(Source("dags/x.py", TEXT)).slice(frozenset(names))
    assert [item.reason for item in part.refusals if reason in item.reason]


def test_set_up_that_only_finds_the_project_is_left_out() -> None:
    text = "import os, sys\nsys.path.append(os.path.dirname(__file__))\nX = 1"
    part = Module(Source("dags/x.py", text)).slice(frozenset({"X"}))
    assert (part.imports, part.definitions, part.refusals) == ((), ("X = 1\n",), ())


def test_pipelines_are_not_set_up() -> None:
    text = dedent("""
        import json
        from airflow.sdk import DAG
        from ours import make_dags
        SETTINGS = {"a": 1}
        make_dags(globals())
        def build(name):
            with DAG(name): ...
        for name in SETTINGS:
            build(name)
        json.dumps(DAG("x"))
        """)
    part = Module(Source("dags/x.py", text)).slice(frozenset({"SETTINGS"}))
    assert part.definitions == ('SETTINGS = {"a": 1}\n',)
