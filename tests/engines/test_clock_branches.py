"""The questions that ``clock.py`` of a project answers are answered as Airflow's own operators do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from dagport.writers.common.support import clock
from tests.engines.environments import Environment

SCRIPT = Path(__file__).with_name("inside") / "clock_branches.py"
ZONES = ("UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata")
# Around the days on which clocks change, and those after which a year or a month begins.
DAYS = (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC))
CASES = 600

pytestmark = pytest.mark.engine


def cases(random: Random) -> Iterator[list[Any]]:
    for _ in range(CASES):
        day, zone, dated = random.choice(DAYS), random.choice(ZONES), random.random() < 0.5
        moment = (day + timedelta(minutes=random.randrange(-2880, 2880))).isoformat()
        if random.random() < 0.3:
            yield ["weekday", moment, random.sample([name.capitalize() for name in clock.WEEKDAYS], 2), zone, dated]
            continue
        aware = random.random() < 0.5
        lower, upper = (bound(random, day, aware=aware) for _ in range(2))
        if lower is None and upper is None:
            continue
        yield ["between", moment, lower, upper, zone, dated]


def bound(random: Random, day: datetime, *, aware: bool) -> str | None:
    moment = day + timedelta(minutes=random.randrange(-2000, 2000))
    kept = moment if aware else moment.replace(tzinfo=None)
    kind = random.randrange(5)
    return None if kind == 0 else kept.isoformat() if kind < 3 else kept.timetz().isoformat()


def answer(monkeypatch: pytest.MonkeyPatch, kind: str, moment: str, *rest: Any) -> bool:
    *arguments, zone, dated = rest
    now = datetime.fromisoformat(moment)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return now.astimezone(tz)

    with monkeypatch.context() as patched:
        patched.setattr(clock, "datetime", Clock)
        function = clock.is_between if kind == "between" else clock.is_weekday
        return function(*arguments, time_zone=zone, moment=now if dated else None)


def test_answers(
    airflow3: Environment, airflow_home: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list(cases(Random(6)))
    file = tmp_path / "cases.json"
    file.write_text(json.dumps(asked), "utf-8")
    wanted = json.loads(airflow3.run([SCRIPT, file], env=airflow_home).stdout)
    found = [answer(monkeypatch, *case) for case in asked]
    assert [case for case, one, other in zip(asked, wanted, found, strict=True) if one != other] == []
    assert {True, False} <= set(found)
