"""The models of outcomes against the real engines: they predict, the engines run, the states are compared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest

from dagport.graph import Pipeline
from dagport.semantics.outcomes.airflow import shape_of
from dagport.semantics.outcomes.dagster import predict_dagster
from dagport.semantics.outcomes.model import Key, Outcomes, Prediction
from dagport.semantics.outcomes.predict import is_blocked, predict_airflow
from dagport.semantics.outcomes.prefect import predict_prefect
from dagport.semantics.outcomes.stubs import airflow_stubs, conf_of
from dagport_adapters.runners import LocalAirflow, RunFinished, RunRequest, TaskEvent, homes
from tests.engines.environments import Environment, environment
from tests.semantics.batches import side_by_side
from tests.semantics.random_graphs import batch
from tests.semantics.targets import dagster_cases, prefect_cases, random_calls, random_steps
from tests.semantics.written import case, written

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("outcomes")]
Version = Literal["2", "3"]
INSIDE = Path(__file__).with_name("inside")
RANDOM_SEEDS, RANDOM_DAGS = (1001, 1002), 10  # batches, and small DAGs in each
RANDOM_GRAPHS = 40  # of Dagster and Prefect
ALONE = (  # a run of their own, for the state of the run
    "a branch whose chosen task fails before a join of all_success",
    "a failed teardown doesn't fail the run",
    "a failed teardown that fails the run",
    "only teardowns",
    "leaves decide about the run",
    "a failed leaf among good ones",
    "all leaves skipped",
    "retries that aren't enough",
    "one_done after an upstream failure",
)


class Airflow:
    """One Airflow with the stubs of all pipelines of these tests."""

    def __init__(self, version: Version, folder: Path) -> None:
        self.version = version
        self.cases = [one for one in written() if version in one.versions]
        self.batches = [
            side_by_side("written", self.cases),
            *(batch(seed, RANDOM_DAGS, version) for seed in RANDOM_SEEDS),
        ]
        self.alone = [(one.pipeline, one.outcomes) for one in self.cases if one.name in ALONE]
        self.past = [(one.pipeline, one.outcomes) for one in PAST]
        pipelines = [(one, shape_of(one, said, version)) for one, said in (*self.batches, *self.alone, *self.past)]
        dags = folder / "dags"
        dags.mkdir()
        (dags / "stubs.py").write_text(
            airflow_stubs({one.id: (one, shape) for one, shape in pipelines}.values()), "utf-8"
        )
        self.engine, self.folder = environment(f"airflow{version}"), folder
        self.runner = LocalAirflow(self.engine.python, dags, home=folder / "home")

    def run(self, pipeline: Pipeline, outcomes: Outcomes, **more: Any) -> tuple[dict[Key, str], dict[Key, int], str]:
        """The states, tries and run state that Airflow's database ends with."""
        states: dict[Key, str] = {}
        tries: dict[Key, int] = {}
        state = ""
        asked = RunRequest(dag_id=pipeline.id, conf=conf_of(outcomes), retry_delays="skip", **more)
        for event in self.runner.run(asked, timeout=300):
            if isinstance(event, TaskEvent):
                states[event.task_id, event.map_index] = event.state
                tries[event.task_id, event.map_index] = event.try_number
            elif isinstance(event, RunFinished):
                state = event.state
        return states, tries, state


PAST = [
    case({"name": f"past {number}", "tasks": tasks, "edges": "a > b > c", "does": does}, "past")
    for number, (tasks, does) in enumerate(
        [
            ("a: depends_on_past", ""),
            ("a: depends_on_past", "a fails"),
            ("a: depends_on_past", "a skips"),
            ("a: depends_on_past", "b fails"),
            ("a: wait_for_downstream", "b fails"),
            ("a: wait_for_downstream", "c fails"),
            ("a: wait_for_downstream", "b skips"),
        ]
    )
]


@pytest.fixture(scope="module", params=["3", "2"])
def airflow(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    made = Airflow(request.param, tmp_path_factory.mktemp(f"outcomes{request.param}"))
    with made.runner:
        yield made


def differences(prediction: Prediction, states: dict[Key, str]) -> dict[Key, tuple[str | None, object]]:
    """Instances that ended otherwise than any order allows: what the engine says, and what was predicted."""
    keys = {*states, *prediction.states, *prediction.possible}
    return {
        key: (states.get(key), prediction.possible.get(key, prediction.states.get(key)))
        for key in sorted(keys)
        if not prediction.allows(key, states.get(key))  # type: ignore[arg-type]
    }


def test_written_cases(airflow: Airflow) -> None:
    pipeline, outcomes = airflow.batches[0]
    states, tries, _ = airflow.run(pipeline, outcomes)
    wrong = {}
    for number, one in enumerate(airflow.cases):
        prefix = f"c{number}_"
        found = {
            (key[0].removeprefix(prefix), key[1]): state for key, state in states.items() if key[0].startswith(prefix)
        }
        ran = {
            (key[0].removeprefix(prefix), key[1]): count for key, count in tries.items() if key[0].startswith(prefix)
        }
        prediction = predict_airflow(one.pipeline, one.outcomes, version=airflow.version)
        counted = {key: count for key, count in prediction.tries.items() if count}
        if found != one.expected or counted != {key: ran[key] for key in counted}:
            wrong[one.name] = found, ran, counted
    assert not wrong


def test_random_dags(airflow: Airflow) -> None:
    compared = 0
    for pipeline, outcomes in airflow.batches[1:]:
        states, _, run = airflow.run(pipeline, outcomes)
        prediction = predict_airflow(pipeline, outcomes, version=airflow.version)
        assert differences(prediction, states) == {}, pipeline.id
        assert run in prediction.possible_runs
        compared += len(states)
    assert compared > len(RANDOM_SEEDS) * RANDOM_DAGS * 3


def test_the_state_of_the_run(airflow: Airflow) -> None:
    by_name = {one.pipeline.id: one for one in airflow.cases}
    found = {pipeline.id: airflow.run(pipeline, outcomes)[2] for pipeline, outcomes in airflow.alone}
    assert found == {name: by_name[name].run for name in found}
    assert len(found) == len(ALONE)


def test_the_run_before(airflow: Airflow) -> None:
    """The runner doesn't hold a run back for another, so Airflow's own class is asked of the runs that it has made."""
    expected: dict[tuple[str, ...], bool] = {}
    for pipeline, outcomes in airflow.past:
        for day in (1, 2):
            date = datetime(2026, 3, day, tzinfo=UTC)
            airflow.run(pipeline, outcomes, logical_date=date, run_id=f"day{day}")
        shape = shape_of(pipeline, outcomes, airflow.version)
        before = predict_airflow(shape, outcomes, version=airflow.version)
        expected |= {(pipeline.id, "day1", node.id): True for node in shape.nodes}
        expected |= {(pipeline.id, "day2", node.id): not is_blocked(shape, node, before) for node in shape.nodes}
    given = homes.variables(airflow.folder / "home", airflow.folder / "dags", {}, own=True)
    script = [INSIDE / "previous_runs.py", airflow.folder / "dags" / "stubs.py"]
    rows = json.loads(airflow.engine.run(script, env=given).stdout)
    ids = {pipeline.id for pipeline, _ in airflow.past}
    assert {tuple(row[:3]): row[3] for row in rows if row[0] in ids} == expected
    assert set(expected.values()) == {True, False}


def inside(engine: Environment, script: str, cases: Sequence[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """What a script in an engine's environment says of some cases."""
    file = folder / "cases.json"
    file.write_text(json.dumps(cases), "utf-8")
    return list(json.loads(engine.run([INSIDE / script, file], timeout=200).stdout))


def told(states: dict[Key, Any]) -> dict[str, Any]:
    """States or tries by the names that the scripts give to instances; without what never was."""
    return {f"{name}[{index}]" if index >= 0 else name: state for (name, index), state in states.items() if state}


def test_dagster(dagster_host: Environment, tmp_path: Path) -> None:
    cases = [(one.name, one.steps, one.outcomes) for one in dagster_cases()]
    cases += [(f"random {seed}", *random_steps(seed)) for seed in range(RANDOM_GRAPHS)]
    kept = [one for one in cases if "running" not in predict_dagster(*one[1:]).possible_runs or "random" not in one[0]]
    rows = [{"name": name, "steps": list(map(asdict, steps)), "outcomes": conf_of(said)} for name, steps, said in kept]
    wrong = {}
    for (name, steps, said), found in zip(
        kept, inside(dagster_host, "outcomes_dagster.py", rows, tmp_path), strict=True
    ):
        prediction = predict_dagster(steps, said)
        if "running" in prediction.possible_runs:
            assert found["run"] in prediction.possible_runs
            continue
        expected = {one: state for one, state in told(dict(prediction.states)).items() if state != "upstream_failed"}
        tries = {one: count for one, count in found["tries"].items() if count}  # no event tells of abandoned steps
        if (expected, prediction.run, told(dict(prediction.tries))) != (found["states"], found["run"], tries):
            wrong[name] = expected, prediction.run, found
    assert not wrong
    assert len(kept) > RANDOM_GRAPHS


def test_prefect(prefect_host: Environment, tmp_path: Path) -> None:
    cases: list[Any] = [(one.name, one.calls, one.outcomes, one.returns, one.how) for one in prefect_cases()]
    cases += [(f"random {seed}", *random_calls(seed), "list") for seed in range(RANDOM_GRAPHS // 2)]
    rows = [
        {"name": name, "calls": list(map(asdict, calls)), "outcomes": conf_of(said), "returns": returns, "how": how}
        for name, calls, said, returns, how in cases
    ]
    wrong = {}
    results = inside(prefect_host, "outcomes_prefect.py", rows, tmp_path)
    for (name, calls, said, returns, how), found in zip(cases, results, strict=True):
        prediction = predict_prefect(calls, said, returns=returns, how=how)
        expected = told(dict(prediction.states)), prediction.run, told(dict(prediction.tries))
        if expected != (found["states"], found["run"], found["tries"]):
            wrong[name] = expected, found
    assert not wrong


def test_written_cases_are_many_enough() -> None:
    rules = {task.trigger_rule for one in written() for task in one.pipeline.tasks}
    assert len(written()) >= 60
    assert len(rules) >= 13
