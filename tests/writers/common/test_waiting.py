"""Waiting for work of another service."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from dagport.writers.common.support.waiting import WorkFailedError, wait_until


def look(states: Iterable[str]) -> Any:
    left = iter(states)
    return lambda: {"Step": {"State": next(left)}}


@pytest.mark.parametrize(
    ("states", "options", "last"),
    [
        (["RUN", "RUN", "OK"], {"done": ("OK",)}, "OK"),
        (["NEW", "OK"], {"done": ("OK",)}, "OK"),
        (["RUN", "STOPPED"], {"running": ("RUN",)}, "STOPPED"),
        (["OK"], {"done": ("OK",), "attempts": 1}, "OK"),
    ],
)
def test_done(states: list[str], options: Mapping[str, Any], last: str) -> None:
    said: list[str] = []
    found = wait_until(look(states), "Step.State", failed=("BAD",), every=0, log=said.append, **options)
    assert found == {"Step": {"State": last}}
    assert said == [f"Step.State: {state}" for state in states]


@pytest.mark.parametrize(
    ("states", "options", "error"),
    [
        (["RUN", "BAD"], {"done": ("OK",)}, "Step.State is BAD"),
        (["BAD"], {"running": ("RUN",)}, "Step.State is BAD"),
        (["RUN"] * 3, {"done": ("OK",), "attempts": 3}, "is RUN after 3 looks"),
    ],
)
def test_failed(states: list[str], options: Mapping[str, Any], error: str) -> None:
    with pytest.raises(WorkFailedError, match=error):
        wait_until(look(states), "Step.State", failed=("BAD",), every=0, **options)


def test_state_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        wait_until(dict, "Step.State", failed=(), done=("OK",), every=0)


def test_sleeps_between_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    wait_until(look(["RUN", "RUN", "OK"]), "Step.State", failed=(), done=("OK",), every=7)
    assert slept == [7, 7]
