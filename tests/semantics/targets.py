"""Cases for the models of Dagster and Prefect: their own small graphs, what each node does, and how it ends."""

from __future__ import annotations

import random
import tomllib
from dataclasses import dataclass, replace
from typing import Any

from dagport.semantics.outcomes.dagster import Step
from dagport.semantics.outcomes.model import Outcome, Outcomes
from dagport.semantics.outcomes.prefect import Call
from tests.semantics.written import FOLDER, ends_of, outcomes_of, parts


@dataclass(frozen=True)
class DagsterCase:
    """One graph of Dagster."""

    name: str
    steps: tuple[Step, ...]
    outcomes: Outcomes
    expected: dict[tuple[str, int], str]
    run: str
    row: dict[str, str]


def dagster_cases() -> list[DagsterCase]:
    """The written cases.

    ``steps`` are ``id(a, b|c)``: inputs, of which ``b|c`` is a fan-in; then words: optional, dynamic, retries=N,
    maps=X, collects=X, outputs=x,y.
    """
    cases = []
    for row in tomllib.loads((FOLDER / "targets" / "dagster.toml").read_text("utf-8"))["case"]:
        expected, run = ends_of(row["ends"])
        steps = tuple(step_of(part) for part in parts(row["steps"]))
        cases.append(DagsterCase(row["name"], steps, outcomes_of(row.get("does", "")), expected, run, row))
    return cases


def step_of(text: str) -> Step:
    """A step from its text."""
    head, _, words = text.partition(")")
    name, _, inputs = head.partition("(")
    if "(" not in head:
        name, _, words = text.partition(" ")
    step = Step(id=name.strip(), inputs=tuple(tuple(one.strip() for one in part.split("|")) for part in split(inputs)))
    for word in words.split():
        key, _, value = word.partition("=")
        if key in ("optional", "dynamic"):
            step = replace(step, **dict[str, Any]({key: True}))
        elif key == "retries":
            step = replace(step, retries=int(value))
        elif key == "outputs":
            step = replace(step, outputs=tuple(value.split(",")))
        else:
            step = replace(step, **dict[str, Any]({key: value}))
    return step


def split(text: str) -> list[str]:
    """What commas divide."""
    return [part for part in (piece.strip() for piece in text.split(",")) if part]


def random_steps(seed: int) -> tuple[tuple[Step, ...], Outcomes]:
    """A random graph of Dagster."""
    chance = random.Random(seed)
    steps: list[Step] = []
    tasks: dict[str, Outcome] = {}
    for number in range(chance.randint(3, 8)):
        sources = [
            f"{one.id}.{output}" for one in steps if not one.dynamic and one.maps is None for output in one.outputs
        ]
        inputs = [
            tuple(chance.sample(sources, min(len(sources), chance.choice((1, 1, 2, 3)))))
            for _ in range(chance.choice((0, 1, 1, 2)) if sources else 0)
        ]
        optional = chance.random() < 0.5
        outputs = ("x", "y") if optional and chance.random() < 0.5 else ("result",)
        step = Step(
            id=f"s{number}", inputs=tuple(inputs), optional=optional, outputs=outputs, retries=chance.choice((0, 0, 1))
        )
        ends: Any = chance.choice(
            ("success", "success", "success", "fail", "fail_now", "skip" if optional else "success")
        )
        chosen = ("x",) if len(outputs) > 1 and chance.random() < 0.6 else None
        tasks[step.id] = Outcome(ends=ends, failures=chance.choice((0, 0, 0, 1)), chosen=chosen)
        steps.append(step)
    return tuple(steps), Outcomes(tasks=tasks)


@dataclass(frozen=True)
class PrefectCase:
    """One flow of Prefect."""

    name: str
    calls: tuple[Call, ...]
    outcomes: Outcomes
    returns: tuple[str, ...]
    how: Any
    expected: dict[tuple[str, int], str]
    run: str
    row: dict[str, str]


def prefect_cases() -> list[PrefectCase]:
    """The written cases; ``calls`` are ``id(a, wait b, any c)``: values, ``wait_for`` and ``allow_failure``."""
    cases = []
    for row in tomllib.loads((FOLDER / "targets" / "prefect.toml").read_text("utf-8"))["case"]:
        expected, run = ends_of(row["ends"])
        cases.append(
            PrefectCase(
                row["name"], tuple(call_of(part) for part in parts(row["calls"])), outcomes_of(row.get("does", "")),
                tuple(row.get("returns", "").split()), row.get("how", "list"), expected, run, row,
            )
        )  # fmt: skip
    return cases


def call_of(text: str) -> Call:
    """A call from its text."""
    step = step_of(text)
    takes = []
    for (source,) in step.inputs:
        word, _, name = source.rpartition(" ")
        takes.append((name, {"": "value", "wait": "wait_for", "any": "allow_failure"}[word]))
    return Call(id=step.id, takes=tuple(takes), maps=step.maps, retries=step.retries)  # type: ignore[arg-type]


def random_calls(seed: int) -> tuple[tuple[Call, ...], Outcomes, tuple[str, ...]]:
    """A random flow of Prefect, that returns its leaves."""
    chance = random.Random(seed)
    calls: list[Call] = []
    tasks: dict[str, Outcome] = {}
    for number in range(chance.randint(3, 7)):
        above = chance.sample([one.id for one in calls], min(len(calls), chance.choice((0, 1, 2, 2))))
        ways: tuple[Any, ...] = ("value", "value", "wait_for", "allow_failure")
        takes = tuple((one, chance.choice(ways)) for one in above)
        calls.append(Call(id=f"c{number}", takes=takes, retries=chance.choice((0, 0, 1))))
        ends: Any = chance.choice(("success", "success", "success", "fail", "skip"))
        tasks[f"c{number}"] = Outcome(ends=ends, failures=chance.choice((0, 0, 0, 1)))
    taken = {name for call in calls for name, _ in call.takes}
    return tuple(calls), Outcomes(tasks=tasks), tuple(call.id for call in calls if call.id not in taken)
