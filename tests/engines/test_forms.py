"""The forms of tasks in real Prefect; ``test_runs`` runs the same DAGs in real Airflow and, translated, in Dagster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dagport.translation import WriteOptions
from dagport.writers.prefect import write
from tests.cases import FIXTURES, Case, write_project
from tests.engines.environments import Environment

INSIDE = Path(__file__).with_name("inside")
DAY = {"logical_date": "2026-03-01T00:00:00+00:00"}
CASES: list[dict[str, Any]] = [
    {"module": "functions_elsewhere", "flow": "functions_elsewhere", "parameters": DAY},
    {"module": "choosing_functions", "flow": "choosing_functions", "parameters": DAY},
    {"module": "operators_of_the_file", "flow": "operators_of_the_file", "parameters": DAY},
    {"module": "sensors_in_the_middle", "flow": "sensors_in_the_middle", "parameters": DAY},
    {"module": "made_with_conf", "flow": "made_with_conf"},
    {
        "module": "made_with_conf",
        "flow": "made_with_conf",
        "parameters": {"conf": {"name": "Ada"}, "partition_key": "north"},
    },
]
FAILED, SKIPPED = "Failed", "Skipped"
ENDINGS: list[dict[str, Any]] = [
    # What Airflow makes of them: the result of a task, or its state.
    {
        "external": 113,
        "broken": FAILED,
        "limited": FAILED,
        "measured": [1.5, 2.25],
        "doubled": [3.0, 4.5],
        "described": {"most": 4.5, "unit": "cm", "day": "2026-03-01", "scale": "{{ not rendered }}"},
        "told": "4.5 cm",
        "joined": "2026-03-01: 1.5+2.25",
        "of_day": "2026-03-01 2",
        "templated": "functions_elsewhere__templated__20260301 20260301",
        "parsed": {"count": 3, "name": "x"},
        "told_parsed": "3 pieces",
        "no_command": FAILED,
        "skipped": SKIPPED,
        "after_skipped": SKIPPED,
    },
    {
        "by_size": ["parts", "kept"],
        "parts.one": 1,
        "kept": "kept",
        "nothing": None,
        "elsewhere": "there",
        "enough": 0,
        "from_afar": SKIPPED,
        "go_on": "yes",
        "gone_on": "yes",
        "skipped": SKIPPED,
        "all_the_same": "done",
        "past": ["not_in_2020"],
        "night": "at_night",
        "weekend": "on_weekends",
        "latest": ["up_to_date"],
        "up_to_date": "up to date",
    },
    {
        "scale": {"day": "2026-03-01", "return_value": "2202603010 of 2026-03-01 {{ not rendered }}"},
        "scale_plain": {"day": "2026-03-01", "return_value": "40 none cm"},
        "sizes": [5, 9],
        "total": 14,
        "small": SKIPPED,
        "after_small": SKIPPED,
        "large": 4,
        "logging": FAILED,
    },
    {
        "looked": 3,
        "found": 3,
        "truth": None,
        "after_truth": "reached",
        "too_late": FAILED,
        "broken": FAILED,
        "not_reached": "NotReady",
        "waited": None,
        "moment": None,
        "in_time": "in time",
    },
    {"echoed": "nobody", "partition": [None, None], "greeted": FAILED},
    {"echoed": "Ada", "partition": ["north", "north"], "greeted": FAILED},
]

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("forms")]


@pytest.fixture(scope="module")
def runs(prefect_host: Environment, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    names = (
        "functions_elsewhere",
        "choosing_functions",
        "asset_functions",
        "operators_of_the_file",
        "sensors_in_the_middle",
    )
    documents = [Case(FIXTURES / "airflow" / name).document for name in names]
    folder = tmp_path_factory.mktemp("forms")
    project = write_project(write(documents, WriteOptions(package="pipelines", delegate=False)), folder / "project")
    cases = folder / "cases.json"
    cases.write_text(json.dumps(CASES), "utf-8")
    output = prefect_host.run([INSIDE / "prefect_project.py", project, cases]).stdout
    found: list[dict[str, Any]] = json.loads(output.splitlines()[-1])["runs"]
    return found


@pytest.mark.parametrize("index", range(len(CASES)))
def test_ends_as_in_airflow(index: int, runs: list[dict[str, Any]]) -> None:
    run = runs[index]
    found = {
        task: run["results"][task] if state == "Completed" else state
        for task, state in run["states"].items()
        if task in ENDINGS[index]
    }
    assert found == ENDINGS[index]
