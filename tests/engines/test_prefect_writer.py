"""Generated projects in real Prefect: they are imported, registered and run, with the right states and results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dagport import formats
from dagport.graph import Pipeline, Schedule
from dagport.options import AirflowVersion, ReadOptions
from dagport.semantics.schedules import fires
from dagport.source import Source
from dagport.translation import Document, Translation, WriteOptions
from tests.cases import PACKAGE, cases, write_project
from tests.engines.environments import Environment, with_dagport

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("prefect-writer")]
HERE = Path(__file__).parent / "prefect_writer"
SCRIPT = Path(__file__).parent / "inside" / "prefect_project.py"
QUIET = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "WAREHOUSE_URL": "sqlite://"}


def read(file: Path) -> Document:
    """A DAG file; one whose name begins with "old" is for Airflow 2."""
    source = Source(file.name, file.read_text("utf-8"))
    version: AirflowVersion = "2" if file.name.startswith("old") else "3"
    return Document(source, formats.reader("airflow")(source, ReadOptions(airflow_version=version)))


def translated(*files: Path, delegate: bool = False) -> Translation:
    return formats.target("prefect")(list(map(read, files)), WriteOptions(package=PACKAGE, delegate=delegate))


def run(
    engine: Environment,
    project: Path,
    given: list[dict[str, Any]],
    *,
    deploy: bool = False,
    env: Mapping[str, str] = {},
) -> dict[str, Any]:
    """What became of the flows of a project, and its deployments."""
    file = project / "cases.json"
    file.write_text(json.dumps(given), "utf-8")
    done = engine.run([SCRIPT, project, file, *["deploy"] * deploy], env=with_dagport({**QUIET, **env}), timeout=300)
    return dict(json.loads(done.stdout))


DATED = "2026-03-02T06:30:00+00:00"
EARLIER = "2026-02-27T06:30:00+00:00"  # the Friday before
NOON = "2026-03-02T12:00:00+00:00"
RUNS: list[tuple[dict[str, Any], str, dict[str, str], dict[str, Any]]] = [
    (
        {"module": "handing"},
        "COMPLETED",
        {},
        {
            "use": ["pushed", [1, 2, 3], 6],
            "add": "10 south 4 unset",
            "say": "x-10 south 4 unset",
            "scale.once": [11, 21],
            "scale_once": [400],
        },
    ),
    ({"module": "handing", "parameters": {"factor": 5}}, "COMPLETED", {}, {"use": ["pushed", [1, 2, 3], 15]}),
    ({"module": "handing", "parameters": {"factor": 0}}, "FAILED", {}, {}),
    ({"module": "skipping"}, "COMPLETED", {"skip": "Skipped", "after": "Skipped"}, {"always": "ran"}),
    ({"module": "failing"}, "FAILED", {"bad": "Failed", "after": "NotReady"}, {"good": ""}),
    ({"module": "cleaned"}, "COMPLETED", {"bad": "Failed"}, {"clean": "clean"}),
    (
        {"module": "choosing"},
        "COMPLETED",
        {"slow": "Skipped", "optional": "Skipped", "behind": "Skipped"},
        {"choose": "fast", "fast": "fast", "join": ["fast", None], "end": None},
    ),
    ({"module": "trying"}, "COMPLETED", {"for_good": "Failed"}, {"twice": 2, "count": 1}),
    ({"module": "cleaning"}, "FAILED", {"work": "Failed"}, {"make": "cluster", "remove": "gone"}),
    ({"module": "by_cron", "scheduled": DATED}, "COMPLETED", {}, {"told": ["2026-03-02", *[DATED] * 4]}),
    (
        {"module": "by_interval", "scheduled": "2026-03-02T07:00:00+00:00"},
        "COMPLETED",
        {},
        {"told": ["2026-03-02", *["2026-03-02T07:00:00+00:00"] * 4]},
    ),
    (
        {"module": "by_hand", "parameters": {"logical_date": "2026-03-02T01:00:00+02:00"}},
        "COMPLETED",
        {},
        {"told": ["2026-03-01", *["2026-03-01T23:00:00+00:00"] * 4]},
    ),
    (
        {"module": "settled"},
        "COMPLETED",
        {},
        {"rows": [[1, "a"]], "flow": "[(1, 'a')]", "print": "[(1, 'a')]", "a.b": "dot", "a_b": "underscore"},
    ),
]
PARIS = Pipeline(
    id="paris", exact=True, engine_version="2", timezone="Europe/Paris", start_date="2026-01-01T00:00:00+01:00",
    schedule=Schedule(kind="cron", cron="30 6 * * *"),
)  # fmt: skip
CHANGES = ("2026-03-28T05:30:00+00:00", "2026-03-29T04:30:00+00:00", "2026-03-30T04:30:00+00:00",
           "2026-10-25T05:30:00+00:00", "2026-10-26T05:30:00+00:00")  # fmt: skip


def dates_in_paris(due: str) -> list[str]:
    """What a run tells that is due at a moment, by the model of Airflow's schedules."""
    moment = datetime.fromisoformat(due)
    [fire] = fires(PARIS, version="2", start=moment, until=moment)
    start, end = (one.isoformat() for one in fire.data_interval)
    return [f"{fire.logical_date:%Y-%m-%d}", start, start, start, end]


OLD: list[tuple[dict[str, Any], list[str]]] = [
    ({"module": "old_by_cron", "scheduled": DATED}, ["2026-02-27", EARLIER, EARLIER, EARLIER, DATED]),
    ({"module": "old_by_cron", "parameters": {"logical_date": NOON}}, ["2026-03-02", NOON, NOON, EARLIER, DATED]),
    (
        {"module": "old_by_cron", "parameters": {"logical_date": EARLIER}},
        ["2026-02-27", EARLIER, EARLIER, EARLIER, DATED],
    ),
    (
        {"module": "old_by_interval", "scheduled": "2026-03-02T07:00:00+00:00"},
        ["2026-03-02", *["2026-03-02T01:00:00+00:00"] * 3, "2026-03-02T07:00:00+00:00"],
    ),
    # The clocks of Paris go forward on 29 March, and back on 25 October.
    *[({"module": "old_by_clock", "scheduled": due}, dates_in_paris(due)) for due in CHANGES],
    ({"module": "old_by_hand", "parameters": {"logical_date": NOON}}, ["2026-03-02", *[NOON] * 4]),
]
"""The same DAGs for Airflow 2, and what they tell."""
RUNS += [(case, "COMPLETED", {}, {"told": told}) for case, told in OLD]
CLOCK = {"timezone": "UTC", "day_or": True}
DEPLOYMENTS: dict[str, dict[str, Any]] = {
    "by_cron": {"paused": True, "schedules": [{"cron": "30 6 * * 1-5", **CLOCK}]},
    "by_interval": {
        "paused": True,
        "schedules": [{"interval": 21600.0, "anchor_date": "2026-01-01T01:00:00Z", "timezone": "UTC"}],
    },
    "by_hand": {"paused": False, "schedules": [], "limit": None},
    "handing": {"tags": ["a"]},
    "settled": {
        "paused": True,
        "tags": ["etl", "sales"],
        "schedules": [{"cron": "15 3 * * *", **CLOCK, "timezone": "Europe/Paris"}],
        "limit": 2,
        "strategy": "ENQUEUE",
    },
}


def check(found: dict[str, Any], state: str, others: dict[str, str], results: dict[str, Any]) -> None:
    """Every task is completed but those that are named."""
    assert found["run"] == state
    assert {name: one for name, one in found["states"].items() if one != "Completed"} == others
    assert {name: found["results"].get(name, "none") for name in results} == results


def test_projects_run(prefect_host: Environment, tmp_path: Path) -> None:
    old = tmp_path / "old.py"
    text = (HERE / "dags" / "dated.py").read_text("utf-8").replace("airflow.sdk", "airflow.decorators")
    old.write_text(text.replace("def by_", "def old_by_").replace("\nby_", "\nold_by_"), "utf-8")
    translation = translated(*sorted((HERE / "dags").glob("*.py")), old)
    assert [outcome.task for outcome in translation.outcomes if outcome.fidelity == "manual"] == []
    project = write_project(translation, tmp_path / "project")
    found = run(prefect_host, project, [{"flow": case["module"], **case} for case, *_ in RUNS], deploy=True)
    for (_, state, others, results), one in zip(RUNS, found["runs"], strict=True):
        check(one, state, others, results)
    settled = next(one for one in found["runs"] if "flow" in one["options"])
    assert settled["options"]["flow"] == {"tags": ["owner:data", "pool:reports"], "retries": 1}
    registered = {one["name"]: one for one in found["deployments"]}
    assert set(registered) == {outcome.pipeline for outcome in translation.outcomes}
    for name, wanted in DEPLOYMENTS.items():
        assert {key: registered[name][key] for key in wanted} == wanted


def test_delegated_tasks(prefect_host: Environment, airflow3: Environment, tmp_path: Path) -> None:
    """What only Airflow runs ends as there, and hands its results on; Airflow's own run of the DAG is the measure."""
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "delegated.py").write_text((HERE / "delegated.py").read_text("utf-8"), "utf-8")
    translation = translated(dags / "delegated.py", delegate=True)
    fates = {outcome.task: outcome.fidelity for outcome in translation.outcomes if outcome.fidelity == "delegated"}
    assert set(fates) == {"inside", "skips", "breaks", "choose", "left", "right", "join"}
    project = write_project(translation, tmp_path / "project")
    given = [
        {"module": "mixed", "scheduled": "2026-03-02T06:00:00+00:00", "flow": "mixed"},
        {"module": "ends", "flow": "ends"},
        {"module": "region", "flow": "region"},
    ]
    where = {"DAGPORT_AIRFLOW_PYTHON": str(airflow3.python), "DAGPORT_AIRFLOW_DAGS": str(dags)}
    found = run(prefect_host, project, given, env=where)
    mixed, ends, region = found["runs"]
    told = ["[3, (1, 2)]", 2, "2026-03-02"]
    inside = {"return_value": told, "seen": True}
    check(mixed, "COMPLETED", {}, {"inside": inside, "report": told, "flag": True})
    others = {"skips": "Skipped", "behind": "Skipped", "breaks": "Failed", "after": "NotReady"}
    check(ends, "COMPLETED", others, {"always": "ran", "clean": "cleaned"})
    check(region, "COMPLETED", {"right": "Skipped"}, {"join": {"return_value": ["left", None]}})


def test_every_fixture_is_imported(prefect_host: Environment, tmp_path: Path) -> None:
    """Flows of all fixtures: only what the user's own code asks for may be missing."""
    folders = []
    for case in cases("airflow"):
        if case.flows():
            folders.append(write_project(case.for_prefect, tmp_path / case.name))
    done = prefect_host.run(
        [Path(__file__).parent / "inside" / "prefect_imports.py", *folders], env=with_dagport(QUIET), timeout=300
    )
    problems = json.loads(done.stdout)
    assert {name: why for name, why in problems.items() if "No module named" not in why} == {}
    assert len(problems) < len(folders) / 10
