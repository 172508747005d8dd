"""``sla`` as a freshness policy, and schedules that are on from the start."""

from __future__ import annotations

from typing import Any

import pytest

from dagport.graph import Schedule
from dagport.values import Call, Ref, Value
from tests.writers.dagster.making import bash, module, pipeline, translate


def delta(**parts: float) -> Call:
    return Call("datetime.timedelta", (), dict(parts))


def made(cron: str, sla: Value, **fields: Any) -> str:
    values = {"engine_version": "2", "schedule": Schedule(kind="cron", cron=cron), **fields}
    return module(translate(pipeline(bash("a", "true", {"sla": sla}), **values)))


@pytest.mark.parametrize(
    ("cron", "sla", "deadline", "length"),
    [
        ("0 6 * * *", delta(minutes=90), "30 7 * * *", "timedelta(minutes=90)"),
        ("30 22 * * *", delta(hours=2), "30 0 * * *", "timedelta(hours=2)"),
        ("0 6 * * 1-5", delta(hours=3), "0 9 * * 1-5", "timedelta(hours=3)"),
        ("15 4 1 * *", delta(seconds=3600), "15 5 1 * *", "timedelta(hours=1)"),
        ("10 * * * *", delta(minutes=55), "5 * * * *", "timedelta(minutes=55)"),
    ],
)
def test_deadlines(cron: str, sla: Value, deadline: str, length: str) -> None:
    policy = f'dg.FreshnessPolicy.cron(deadline_cron="{deadline}", lower_bound_delta={length})'
    text = "".join(made(cron, sla).split())
    assert "".join(policy.split()) in text.replace(",)", ")")
    assert "fromdatetimeimporttimedelta" in text


def test_the_time_zone() -> None:
    assert (
        'timezone="Europe/Berlin"' in made("0 6 * * *", delta(hours=1), timezone="Europe/Berlin").split("@dg.asset")[1]
    )


@pytest.mark.parametrize(
    ("cron", "sla", "fields"),
    [
        ("0 6 * * *", delta(days=1), {}),
        ("0 6 * * *", delta(seconds=90.5), {}),
        ("0 6 * * *", delta(minutes=0), {}),
        ("0 6 * * *", delta(hours=-1), {}),
        ("0 6 * * *", Ref("LIMIT"), {}),
        ("0 22 * * 5", delta(hours=3), {}),
        ("0 */6 * * *", delta(hours=1), {}),
        ("10 * * * *", delta(hours=1), {}),
        ("*/5 * * * *", delta(minutes=1), {}),
        ("0 6 * * *", delta(hours=1), {"engine_version": "3"}),
        ("", delta(hours=1), {"schedule": Schedule(kind="interval", seconds=3600)}),
    ],
)
def test_no_policy(cron: str, sla: Value, fields: dict[str, Any]) -> None:
    assert "Freshness" not in made(cron, sla, **fields)


@pytest.mark.parametrize(
    ("sla", "said"), [(delta(hours=1), "shows the asset as stale"), (delta(days=2), "FreshnessPolicy")]
)
def test_it_is_told(sla: Value, said: str) -> None:
    made_ = pipeline(
        bash("a", "true", {"sla": sla}), engine_version="2", schedule=Schedule(kind="cron", cron="0 6 * * *")
    )
    [outcome] = translate(made_).outcomes
    assert outcome.fidelity == "approximate"
    assert said in (outcome.reason or "")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"schedule": Schedule(kind="cron", cron="0 6 * * *")}, "Schedule"),
        ({"schedule": Schedule(kind="interval", seconds=3600)}, "Sensor"),
        ({"schedule": Schedule(kind="continuous")}, "Sensor"),
    ],
)
@pytest.mark.parametrize("paused", [False, True, None])
def test_a_schedule_that_is_on(fields: dict[str, Any], status: str, paused: bool | None) -> None:
    arguments = {} if paused is None else {"is_paused_upon_creation": paused}
    text = module(translate(pipeline(bash("a"), arguments=arguments, **fields)))
    assert (f"default_status=dg.Default{status}Status.RUNNING" in text) == (paused is False)
