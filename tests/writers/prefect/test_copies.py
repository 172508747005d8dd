"""Whether code changes objects that it was given."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dagport.graph import DataFlow, Edge
from dagport.values import XCom
from dagport.writers.prefect.copies import may_change
from tests.writers.dagster.making import pipeline, python
from tests.writers.prefect.making import calls, module, translate


@pytest.mark.parametrize(
    "body",
    [
        "rows.append(1)", "rows[0] = 1", "del rows[0]", "rows += [1]", "rows['a']['b'].update(c=1)", "rows.x = 1",
        "for row in rows:\n        row['a'] = 1", "first = rows[0]\n    first.sort()", "rows[0].pop()",
        "make().append(1)", "(a := rows).clear()", "with rows as found:\n        found.sort()",
    ],
)  # fmt: skip
def test_changes(body: str) -> None:
    assert may_change(f"def f(rows):\n    {body}\n")


@pytest.mark.parametrize(
    "body",
    [
        "return len(rows)", "return [row for row in rows]", "found = []\n    found.append(rows)",
        "total = 0\n    total += 1",
        "return sorted(rows)", "out = {'a': 1}\n    out['b'] = rows\n    return out", "rows = 1", "return rows.copy()",
    ],
)  # fmt: skip
def test_only_reads(body: str) -> None:
    assert not may_change(f"def f(rows):\n    {body}\n")


SOURCE = """
def load():
    return [1]

def change(rows):
    rows.append(2)
    return rows

def read(rows):
    return len(rows)
"""


@pytest.mark.parametrize(
    ("names", "copied"), [(("change", "read"), True), (("change",), False), (("read", "count"), False)]
)
def test_a_result_of_several_is_copied_where_it_is_changed(names: tuple[str, ...], copied: bool) -> None:
    tasks = [
        python(SOURCE, "change" if name == "change" else "read", {"op_args": [XCom("load", "return_value")]}, id=name)
        for name in names
    ]
    edges = [Edge(upstream="load", downstream=name, kind="data", key="return_value") for name in names]
    text = module(translate(pipeline(python(SOURCE, "load"), *tasks, edges_made=edges), source=SOURCE))
    assert ("    rows = deepcopy(load)\n    rows.append(2)" in text) == copied
    assert calls(text)[0] == "load_run = load.submit()"


def test_what_is_pulled_is_copied_once() -> None:
    """The function needs a copy for itself, and the flow for the other tasks: one is enough for both."""
    source = SOURCE + (
        "\ndef pull(ti):\n"
        "    first = ti.xcom_pull(task_ids='load')\n"
        "    first.append(3)\n"
        "    return [first, ti.xcom_pull(task_ids='load')]\n"
    )
    tasks = [python(source, "load"), *(python(source, "pull", id=name) for name in ("one", "other"))]
    flows = [DataFlow(upstream="load", downstream=name, key="return_value") for name in ("one", "other")]
    edges = [Edge(upstream="load", downstream=name) for name in ("one", "other")]
    made = replace(pipeline(*tasks, edges_made=edges), data_flows=tuple(flows))
    text = module(translate(made, source=source))
    assert "first = deepcopy(load)" in text
    assert "return [first, deepcopy(load)]" in text
    assert "deepcopy(deepcopy(" not in text
