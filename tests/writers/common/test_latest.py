"""Whether a run is the latest: the files of both targets, with stand-ins for the engines."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import dagport.writers.prefect as prefect_writer
from dagport.writers.dagster.render import render

NOW = datetime.now(UTC)
HOURS = timedelta(hours=1)
CASES = [  # hours since the date of the run, hours until the next, made by the schedule; the latest
    (1, 1, True, True),
    (3, -2, True, False),
    (-1, 2, True, False),
    (3, -2, False, True),
    (-1, 2, False, True),
]


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
    def load(text: str, modules: dict[str, Any]) -> dict[str, Any]:
        for name, attributes in modules.items():
            module = ModuleType(name)
            vars(module).update(attributes)
            monkeypatch.setitem(sys.modules, name, module)
        namespace: dict[str, Any] = {}
        exec(compile(text, "latest.py", "exec"), namespace)
        return namespace

    return load


@pytest.mark.parametrize(("since", "until", "scheduled", "latest"), CASES)
@pytest.mark.parametrize("tag", ["dagster/schedule_name", "dagster/sensor_name", "dagster/backfill"])
def test_dagster(loaded: Any, tag: str, since: int, until: int, scheduled: bool, latest: bool) -> None:
    found = loaded(render("latest.py"), {"dagster": {}})
    context = SimpleNamespace(run=SimpleNamespace(tags={tag: "x"} if scheduled else {"dagster/partition": "x"}))
    assert found["is_latest"](context, NOW - since * HOURS, NOW + until * HOURS) is latest


@pytest.mark.parametrize(("since", "until", "scheduled", "latest"), CASES)
def test_prefect(loaded: Any, since: int, until: int, scheduled: bool, latest: bool) -> None:
    text = (Path(prefect_writer.__file__).parent / "support" / "latest.py").read_text("utf-8")
    flow_run = SimpleNamespace(auto_scheduled=scheduled)
    context = SimpleNamespace(get=lambda: SimpleNamespace(flow_run=flow_run))
    dates = {"dagport.writers.prefect.support.dates": {"Rule": object}}
    found = loaded(text, {"prefect": {}, "prefect.context": {"FlowRunContext": context}, **dates})
    rule = SimpleNamespace(after=lambda moment: NOW + until * HOURS)
    assert found["is_latest"](NOW - since * HOURS, rule) is latest
