"""Objects that change after they were handed over: any order of pushes, changes and further names."""

from __future__ import annotations

import contextlib
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rewrite.world import assert_same

STATEMENTS = [
    "rows.append({n})",
    "rows = [{n}]",
    "rows = rows + [{n}]",
    "rows += [{n}]",
    "same = rows",
    "same.append({n})",
    "box = {{'r': rows, 'n': {n}}}",
    "box['r'].append({n})",
    "box['n'] += {n}",
    "same = box['r']",
    "rows[-1:] = [[{n}]]",
    "rows.append([*same])",
    "grow(rows)",
    "print(rows, len(same))",
    "for row in rows: same = row if isinstance(row, list) else same",
    "ti.xcom_push('rows', rows)",
    "ti.xcom_push('same', same)",
    "ti.xcom_push('box', box)",
    "ti.xcom_push('part', box['r'])",
    "ti.xcom_push('copy', [*rows])",
    "ti.xcom_push('text', f'{{rows}}')",
    "ti.xcom_push('popped', rows.pop() if rows else 0)",
    "rows = ti.xcom_pull('load')",
    "same = ti.xcom_pull('load')",
    "same = ti.xcom_pull('load', key='rows')",
    "ti.xcom_push('pulled', ti.xcom_pull('load'))",
    "(lambda: rows.append({n}))()",
]
RETURNS = ["return rows", "return [same, box]", "return len(rows)", "return rows.append(1)", "pass"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(STATEMENTS), max_size=8), st.sampled_from(RETURNS), st.booleans())
def test_what_is_handed_over_does_not_change(statements: list[str], last: str, looped: bool) -> None:
    body = [item.format(n=number) for number, item in enumerate(statements)]
    indent = "        " if looped else "    "
    loop = ["    for _ in range(2):", f"{indent}pass"] if looped else []
    lines = [
        "def grow(x): x.append('g')",
        "def f(ti):",
        "    rows = [0]",
        "    same = [1]",
        "    box = {'r': [2], 'n': 0}",
        *loop,
        *(f"{indent}{line}" for line in body),
        f"    {last}",
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        assert_same("\n".join(lines) + "\n")
