"""What starts a flow when others have done something: the triggers of its deployment."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from dagport.graph import Asset, FileGraph, Pipeline, Schedule
from dagport.source import Source
from dagport.translation import Document, Translation, WriteOptions
from dagport.writers.prefect import write
from dagport.writers.prefect.triggers import MADE, MIXED, ONE_ROUND
from tests.writers.dagster.making import bash
from tests.writers.prefect.making import said

A, B, C = "s3://lake/a", "s3://lake/b", "s3://lake/c"


def event(*keys: str) -> dict[str, Any]:
    match = {"prefect.resource.id": list(keys) if len(keys) > 1 else keys[0]}
    return {"type": "event", "match": match, "expect": [MADE]}


def compound(require: str, *triggers: dict[str, Any]) -> dict[str, Any]:
    return {"type": "compound", "require": require, "triggers": list(triggers)}


def translated(schedule: Schedule, *made: str, **fields: Any) -> Translation:
    assets = (
        Asset(name="a", uri=A), Asset(name="b", uri=B), Asset(name="c", uri=C), Asset(name="plain", uri="plain"),
        Asset(name="wild", uri="s3://lake/*"),
    )  # fmt: skip
    given: dict[str, Any] = {"engine_version": "3", **fields}
    pipeline = Pipeline(id="needs", exact=True, schedule=schedule, tasks=(bash("t"),), **given)
    graph = FileGraph(path="dags/a.py", orchestrator="airflow", pipelines=(pipeline,), assets=assets)
    others = Pipeline(id="makes", exact=True, schedule=Schedule(kind="manual"), tasks=(bash("m", outlets=made),))
    documents = [Document(Source("dags/a.py", ""), graph)]
    makes = FileGraph(path="dags/b.py", orchestrator="airflow", pipelines=(others,))
    documents += [Document(Source("dags/b.py", ""), makes)] if made else []
    return write(documents, WriteOptions(delegate=False))


def deployment(translation: Translation) -> dict[str, Any]:
    """The deployment of the flow that is started."""
    return dict(yaml.safe_load(translation.files["prefect.yaml"])["deployments"][0])


@pytest.mark.parametrize(
    ("names", "condition", "expected", "notes"),
    [
        (("a",), "all", event(A), [ONE_ROUND]),
        (("a", "b"), "any", event(A, B), [ONE_ROUND]),
        (("a", "b"), "all", compound("all", event(A), event(B)), [ONE_ROUND]),
        (("a", "b", "c"), "'a' & 'b' & 'c'", compound("all", event(A), event(B), event(C)), [ONE_ROUND]),
        (
            ("a", "b", "c"),
            "('a' | ('b' & 'c'))",
            compound("any", event(A), compound("all", event(B), event(C))),
            [ONE_ROUND, MIXED],
        ),
        (("a",), "'a' & 'a'", event(A), [ONE_ROUND]),
        (("a",), "'a' | 'a'", event(A), [ONE_ROUND]),
        (("a", "b"), "('a' & 'b' & 'a')", compound("all", event(A), event(B)), [ONE_ROUND]),
        (("a", "b", "c"), "('a' | 'b') & 'c'", compound("all", event(A, B), event(C)), [ONE_ROUND, MIXED]),
    ],
)
def test_conditions(names: tuple[str, ...], condition: str, expected: dict[str, Any], notes: list[str]) -> None:
    found = translated(Schedule(kind="assets", assets=names, condition=condition))
    assert deployment(found)["triggers"] == [{"enabled": False, **expected}]
    told = said(found, "DP403")
    assert told[: len(notes)] == notes
    assert len([message for message in told if "no task of this project makes" in message]) == len(names)


@pytest.mark.parametrize(
    ("names", "condition", "why"),
    [
        ((), "all", "aren't known"),
        (("drops",), "all", "alias"),
        (("plain",), "all", "takes URIs"),
        (("wild",), "all", "can't be a key"),
        (("a", "b"), "'a' - 'b'", "isn't followed"),
        (("a", "b"), "'a' |", "isn't followed"),
    ],
)
def test_no_trigger(names: tuple[str, ...], condition: str, why: str) -> None:
    found = translated(Schedule(kind="assets", assets=names, condition=condition))
    assert any(why in message for message in said(found, "DP407"))
    assert "triggers" not in deployment(found)


def test_what_the_project_makes() -> None:
    """An asset that another file's task makes needs no event from outside; one that nothing makes does."""
    found = translated(Schedule(kind="assets", assets=("a", "b"), condition="all"), "a")
    [outside] = [message for message in said(found, "DP403") if "no task of this project makes" in message]
    assert B in outside


def test_a_flow_that_runs_for_ever() -> None:
    found = translated(Schedule(kind="continuous"))
    [trigger] = deployment(found)["triggers"]
    assert trigger["match_related"]["prefect.resource.name"] == deployment(found)["name"] == "needs"
    assert len(trigger["expect"]) == 5
    assert any("first run by hand" in message for message in said(found, "DP403"))
    assert "automations that their triggers make" in found.files["prefect.yaml"]


ON, END = {"is_paused_upon_creation": False}, "2026-02-01T00:00:00+00:00"
BY_ASSETS, FOREVER = Schedule(kind="assets", assets=("a",)), Schedule(kind="continuous")


@pytest.mark.parametrize("schedule", [BY_ASSETS, FOREVER])
@pytest.mark.parametrize(("arguments", "on"), [(ON, True), ({"is_paused_upon_creation": True}, False), ({}, False)])
def test_triggers_that_are_on(schedule: Schedule, arguments: dict[str, Any], on: bool) -> None:
    [trigger] = deployment(translated(schedule, arguments=arguments))["triggers"]
    assert trigger["enabled"] is on


@pytest.mark.parametrize(
    ("schedule", "fields", "expected"),
    [
        (FOREVER, {"end_date": END}, True),
        (FOREVER, {}, False),
        (BY_ASSETS, {"end_date": END, "engine_version": "2"}, True),
        (BY_ASSETS, {"end_date": END, "engine_version": "3"}, False),
        (Schedule(kind="assets", assets=("drops",)), {"end_date": END, "engine_version": "2"}, False),
    ],
)
def test_an_end(schedule: Schedule, fields: dict[str, Any], expected: bool) -> None:
    told = said(translated(schedule, **fields), "DP403")
    assert any("turn the automation off at 2026-02-01" in message for message in told) is expected
