"""What a rewritten function looks like: everything that need not change stays byte for byte."""

from __future__ import annotations

from textwrap import dedent

import pytest

from dagport.rewrite.model import Plan
from dagport.rewrite.module import Module
from dagport.source import Source
from tests.rewrite.world import reference

PLAN = Plan(
    name="train",
    decorators="@dg.asset",
    signature=("load",),
    pulls={
        ("load", "return_value"): "load",
        ("load", "path"): 'load["path"]',
        **{("load", key): f"load['{key}'] or 0" for key in "nmo"},
    },
    context={"ds": "context.partition_key", "params.rate": "config.rate"},
    exceptions={"AirflowFailException": "dg.Failure(..., allow_retries=False)"},
    handover="keys",
)
VALUE = {"handover": "value"}

TEXTS = {
    "comments and formatting stay": (
        """
        # Trains the model,
        # once a day.
        @task(retries=3)  # retried
        def f( ti , ** context ):  # the task
            # first
            ti = ti if 0 else ti
            return   1
        """,
        None,
        {},
    ),
    "an alias goes, its remark stays": (
        """
        def f(**context):
            ti = context["ti"]  # to read results

            # The rows.
            rows   = ti.xcom_pull("load")  # a list
            return [ row for row in rows ]
        """,
        """
        @dg.asset
        def train(load):
            # to read results

            # The rows.
            rows   = load  # a list
            return [ row for row in rows ]
        """,
        VALUE,
    ),
    "a blank line goes with the first line": (
        """
        def f(**context):
            ti = context["ti"]

            return ti.xcom_pull("load", key="path")
        """,
        """
        @dg.asset
        def train(load):
            return load["path"]
        """,
        VALUE,
    ),
    "decorators, comments above": (
        """
        X = 1

        # Above.
        @task
        # Between.
        def f():
            return 1
            # At the end.

        # Of the next one.
        def g(): ...
        """,
        """
        # Above.
        # Between.
        @dg.asset
        def train(load):
            return 1
            # At the end.
        """,
        VALUE,
    ),
    "parentheses only where they are needed": (
        """
        def f(ti):
            a = ti.xcom_pull("load", key="n")
            b = 2 * ti.xcom_pull("load", key="m")
            return g(ti.xcom_pull("load", key="o"), (ti.xcom_pull("load", key="path")))
        """,
        """
        @dg.asset
        def train(load):
            a = load['n'] or 0
            b = 2 * (load['m'] or 0)
            return g(load['o'] or 0, (load["path"]))
        """,
        VALUE,
    ),
    "quotes in an f-string": (
        """
        def f(ti, **c):
            return f"{c['ds']}: {ti.xcom_pull('load', key='path')}" + f'{ti.xcom_pull("load", key="n")}'
        """,
        """
        @dg.asset
        def train(load):
            return f"{context.partition_key}: {load['path']}" + f'{(load["n"] or 0)}'
        """,
        VALUE,
    ),
    "a result of its own name": (
        """
        def f(ti):
            load = ti.xcom_pull("load")
            return sum(load)
        """,
        """
        @dg.asset
        def train(load):
            return sum(load)
        """,
        VALUE,
    ),
    "pushes at the end": (
        """
        def f(ti):
            rows = [1]
            # Where it is.
            ti.xcom_push(key="path", value="/a")
            ti.xcom_push(key="n", value=len(rows))  # their number
            return {"ok": True}
        """,
        """
        @dg.asset
        def train(load):
            rows = [1]
            # Where it is.
            return {
                "path": "/a",
                "n": len(rows),  # their number
                "return_value": {"ok": True},
            }
        """,
        {},
    ),
    "short pushes at the end": (
        """
        def f(ti):
            path = "/a"
            ti.xcom_push(key="path", value=path)
            ti.xcom_push(key="n", value=3)
            return 1, 2
        """,
        """
        @dg.asset
        def train(load):
            path = "/a"
            return {"path": path, "n": 3, "return_value": (1, 2)}
        """,
        {},
    ),
    "pushes elsewhere": (
        '''
        def f(ti, ds):
            """Say it."""
            import json

            if ds:
                ti.xcom_push("path", "/a")
                return 1
            ti.xcom_push(
                "n",  # the number
                value=json.loads("1"),
            )
        ''',
        '''
        @dg.asset
        def train(load):
            """Say it."""
            import json

            ds = context.partition_key
            xcom: dict[str, object] = {}
            if ds:
                xcom["path"] = "/a"
                return {**xcom, "return_value": 1}
            # the number
            xcom["n"] = json.loads("1")
            return xcom
        ''',
        {},
    ),
    "a copy where it may change": (
        """
        def f(ti):
            rows = []
            ti.xcom_push("rows", rows)
            rows.append(1)
            return len(rows)
        """,
        """
        @dg.asset
        def train(load):
            from copy import deepcopy
            xcom: dict[str, object] = {}
            rows = []
            xcom["rows"] = deepcopy(rows)
            rows.append(1)
            return {**xcom, "return_value": len(rows)}
        """,
        {},
    ),
    "no copy of a text": (
        """
        def f(ti):
            path = f"{1}"
            ti.xcom_push("path", path)
            save(path)
        """,
        """
        @dg.asset
        def train(load):
            xcom: dict[str, object] = {}
            path = f"{1}"
            xcom["path"] = path
            save(path)
            return xcom
        """,
        {},
    ),
    "no copy for a logger": (
        """
        import logging
        log = logging.getLogger(__name__)
        def f(ti):
            rows = load_rows()
            ti.xcom_push("rows", rows)
            log.info("%d rows: %s", len(rows), rows)
            return f"{rows[0]}"
        """,
        """
        @dg.asset
        def train(load):
            xcom: dict[str, object] = {}
            rows = load_rows()
            xcom["rows"] = rows
            log.info("%d rows: %s", len(rows), rows)
            return {**xcom, "return_value": f"{rows[0]}"}
        """,
        {},
    ),
    "exceptions": (
        """
        from airflow.exceptions import AirflowFailException
        def f(ds):
            if ds: raise AirflowFailException(
                "no",  # why
            )
            raise AirflowFailException
        """,
        """
        @dg.asset
        def train(load):
            ds = context.partition_key
            if ds: raise dg.Failure(
                "no",  # why
             allow_retries=False)
            raise dg.Failure(allow_retries=False)
        """,
        VALUE,
    ),
    "an import in the body": (
        """
        def f():
            import json
            from airflow.sdk import get_current_context

            return json.dumps(get_current_context()["ds"])
        """,
        """
        @dg.asset
        def train(load):
            import json

            return json.dumps(context.partition_key)
        """,
        VALUE,
    ),
    "names are bound before a dict that gathers pushes": (
        """
        def f(ti, rows=(1, 2), title="none"):
            ti.xcom_push(key="count", value=len(rows))
            return {"title": title, "best of all the rows that there are": max(rows)}
        """,
        """
        @dg.asset
        def train(load):
            rows = (1, 2)
            title = "none"
            return {
                "count": len(rows),
                "return_value": {"title": title, "best of all the rows that there are": max(rows)},
            }
        """,
        {},
    ),
    "names are bound before a dict of pushes without a returned value": (
        """
        def f(ti, rows=(1, 2)):
            # Both are read by others.
            ti.xcom_push(key="count", value=len(rows))  # how many
            ti.xcom_push(key="best", value=max(rows))
        """,
        """
        @dg.asset
        def train(load):
            rows = (1, 2)
            # Both are read by others.
            return {
                "count": len(rows),  # how many
                "best": max(rows),
            }
        """,
        {},
    ),
    "names are bound before a dict of pushes in one line": (
        """
        def f(ti, rows=(1, 2)):
            ti.xcom_push(key="count", value=len(rows))
            return rows
        """,
        """
        @dg.asset
        def train(load):
            rows = (1, 2)
            return {"count": len(rows), "return_value": rows}
        """,
        {},
    ),
    "remarks on parameters": (
        """
        def f(
            ti,  # the task instance
            rate=0.5,  # the learning rate
        ) -> float:
            return rate
        """,
        """
        @dg.asset
        def train(load):
            # the task instance
            # the learning rate
            rate = 0.5
            return rate
        """,
        VALUE,
    ),
    "async": (
        "async def f(ti):\n    return await g(ti.xcom_pull('load'))\n",
        "@dg.asset\nasync def train(load):\n    return await g(load)\n",
        VALUE,
    ),
    "one line": ("def f(ti): return ti.xcom_pull('load')\n", "@dg.asset\ndef train(load):\n    return load\n", VALUE),
    "a documented plan": (
        "def f():\n    return 1\n",
        '@dg.asset\ndef train(load):\n    """Train."""\n    return 1\n',
        {**VALUE, "doc": "Train."},
    ),
}


@pytest.mark.parametrize(("text", "expected", "changes"), TEXTS.values(), ids=TEXTS.keys())
def test_text(text: str, expected: str | None, changes: dict[str, object]) -> None:
    from dataclasses import replace

    text = "from airflow.sdk import task\n" + dedent(text)
    result = Module(Source("dags/x.py", text)).rewrite(reference(text, "f"), replace(PLAN, **changes))  # type: ignore[arg-type]
    if expected is None:
        assert result.refusals
    else:
        assert result.refusals == ()
        assert result.text == dedent(expected).removeprefix("\n")


NAMES = {
    "only the module's": ("import json\ndef f(ti): return json.dumps(ti.xcom_pull('load'))", {"json"}),
    "not a pulled key": ("K = 'path'\ndef f(ti): return ti.xcom_pull('load', key=K)", set()),
    "not the plan's": ("dg = 1\ndef f(): return 1", set()),
    "not Airflow's": (
        "from airflow.sdk import get_current_context as g\ndef f(): return g()['ds']",
        set(),
    ),
    "not builtins": ("def f(): return len(str(1))", set()),
    "a shadowed builtin": ("def len(x): return 0\ndef f(): return len('')", {"len"}),
    "unknown ones": ("def f(): return nowhere", {"nowhere"}),
    "in a nested function": ("A = 1\ndef f():\n    def g(): return A\n    return g()", {"A"}),
    "in a quoted annotation": ("import os\ndef f():\n    def g(x: 'os.PathLike'): ...\n    return g", {"os"}),
}


@pytest.mark.parametrize(("text", "expected"), NAMES.values(), ids=NAMES.keys())
def test_names(text: str, expected: set[str]) -> None:
    from dataclasses import replace

    plan = replace(PLAN, handover="value")
    assert Module(Source("dags/x.py", text)).rewrite(reference(text, "f"), plan).names == expected


def test_annotations_of_the_plan_are_the_modules() -> None:
    text = "import pandas as pd\ndef f(rows: pd.DataFrame) -> 'pd.Series': return rows"
    plan = Plan(name="train", signature=("rows: pd.DataFrame",), returns='"pd.Series"')
    result = Module(Source("dags/x.py", text)).rewrite(reference(text, "f"), plan)
    assert result.names == {"pd"}
    assert result.text == 'def train(rows: pd.DataFrame) -> "pd.Series":\n    return rows\n'
