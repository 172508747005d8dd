"""The model of schedules beside the timetables of real Airflow 3 and 2."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dagport.graph import Schedule
from dagport.semantics.schedules import Restriction, Timetable, UnknownScheduleError, timetable_of
from dagport.semantics.schedules.model import Version
from dagport.values import Call
from tests.engines.environments import Environment, clean_variables
from tests.engines.schedule_cases import by_seed, written

INSIDE = Path(__file__).with_name("inside") / "schedules.py"
RANDOM_CASES = 400
CASES = [*written(), *by_seed(20, RANDOM_CASES)]


def real(environment: Environment, cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What that Airflow answers."""
    done = subprocess.run(
        [str(environment.python), str(INSIDE)],
        input=json.dumps(cases), env=clean_variables(), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[dict[str, Any]] = json.loads(done.stdout[done.stdout.index("[") :])
    return found


def schedule_of(name: str, given: list[Any], options: dict[str, Any]) -> Schedule:
    """The schedule as the graph has it."""

    def value(one: Any) -> Any:
        return Call("datetime.timedelta", (), one) if isinstance(one, dict) else one

    if name in ("OnceTimetable", "NullTimetable"):
        return Schedule(kind="once" if name == "OnceTimetable" else "manual")
    args = {str(index): value(one) for index, one in enumerate(given)}
    return Schedule(
        kind="timetable",
        class_=f"airflow.timetables.any.{name}",
        args=args | {key: value(one) for key, one in options.items()},
    )


def ours(case: dict[str, Any], version: Version) -> dict[str, Any]:
    """What the model answers."""
    name, given, options = case["make"]
    try:
        timetable = timetable_of(schedule_of(name, given, options), version=version)
        manual = [timetable.manual(datetime.fromisoformat(text)) for text in case["manual"]]
        return {"fires": chain(timetable, case), "manual": [[moment.isoformat() for moment in one] for one in manual]}
    except UnknownScheduleError as error:
        return {"refused": str(error)}


def chain(timetable: Timetable, case: dict[str, Any]) -> list[list[str]]:
    earliest, latest, now = (
        datetime.fromisoformat(case[name]) if case[name] else None for name in ("earliest", "latest", "now")
    )
    restriction = Restriction(earliest=earliest, latest=latest, catchup=case["catchup"])
    last, found = None, []
    assert now is not None
    for _ in range(case["count"]):
        fire = timetable.next(last, restriction, now)
        if fire is None:
            break
        last, now = fire.data_interval, max(now, fire.at)
        found.append([moment.isoformat() for moment in (fire.at, *fire.data_interval)])
    return found


@pytest.mark.engine
@pytest.mark.parametrize("version", ["3", "2"])
def test_runs_as_airflow_plans_them(
    version: Version, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    environment: Environment = request.getfixturevalue(f"airflow{version}")
    answers = real(environment, CASES)
    outcomes: Counter[str] = Counter()
    wrong = []
    for case, theirs in zip(CASES, answers, strict=True):
        mine = ours(case, version)
        kind = (
            "refused by both" if "refused" in mine and "error" in theirs else "refused" if "refused" in mine else "same"
        )
        if kind == "same" and mine != theirs:
            kind = "different"
            wrong.append((case, theirs, mine))
        outcomes[kind] += 1
    record_property("figures", f"schedules, Airflow {version}: {dict(outcomes)}")
    assert not wrong, f"{dict(outcomes)} {wrong[:3]}"
