"""What a real Prefect server starts by the triggers of a generated project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cases import write_project
from tests.engines.environments import Environment, with_dagport
from tests.engines.test_prefect_writer import translated

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("prefect-writer")]
HERE = Path(__file__).parent
STEPS: list[tuple[list[Any], dict[str, int]]] = [
    (["makes_left", {}], {"needs_any": 1}),
    (["makes_left", {}], {"needs_any": 1}),
    (["makes_left", {"go": False}], {}),  # it skips itself, and has made nothing
    (["makes_right", {}], {"needs_any": 1, "needs_both": 1}),
    (["makes_right", {}], {"needs_any": 1}),
    (["makes_left", {}], {"needs_any": 1, "needs_both": 1}),
    (["goes_on", {}], {"goes_on": 1}),
    (["starts", {}], {"makes_right": 1}),
]
"""Flows that are run one after the other, and the further runs that each one starts."""


def test_assets_start_flows(prefect_host: Environment, tmp_path: Path) -> None:
    project = write_project(translated(HERE / "prefect_writer" / "updating.py"), tmp_path / "project")
    steps = tmp_path / "steps.json"
    steps.write_text(json.dumps([[*step, started] for step, started in STEPS]), "utf-8")
    env = with_dagport({"PREFECT_HOME": str(tmp_path / "home"), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"})
    done = prefect_host.run([HERE / "inside" / "prefect_triggers.py", project, steps], env=env, timeout=1200)
    first, *counts = json.loads(done.stdout)
    assert {name: count for name, count in first.items() if name != "mark"} == dict.fromkeys(first.keys() - {"mark"}, 0)
    for ((name, _), started), before, after in zip(STEPS, [first, *counts], counts, strict=False):
        more = {one: after[one] - before[one] for one in after if one != "mark" and after[one] != before[one]}
        assert more == {**started, name: started.get(name, 0) + 1}
