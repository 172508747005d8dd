"""Control flow in real Dagster: written and random DAGs, translated, end in the states that Airflow's rules say."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from dagport import formats
from dagport.graph import Pipeline, Task
from dagport.semantics.outcomes import Outcomes, Prediction, predict_airflow
from dagport.translation import Document, TaskOutcome, Translation, WriteOptions
from tests.cases import FIXTURES, PACKAGE, write_project
from tests.cases import Case as FixtureCase
from tests.engines import dictated_dags
from tests.engines.environments import Environment
from tests.engines.reading import read
from tests.semantics.random_graphs import batch
from tests.semantics.written import Written, written

INSIDE = Path(__file__).with_name("inside")
RANDOM = (range(5), 6)  # seeds, and how many small DAGs there are in a job
NOT_DICTATED = ("latest_only", "depends_on_past", "wait_for_downstream")  # what a body can't be told to do
pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("dagster")]


@dataclass
class Case:
    """One DAG, what its tasks do, and what it was read as."""

    made: Pipeline
    outcomes: Outcomes
    note: str = ""
    read: Pipeline | None = None


@dataclass
class Control:
    """All DAGs in one file, translated once and run in one process."""

    dagster: Environment
    folder: Path
    style: str = "auto"
    cases: dict[str, Case] = field(default_factory=dict)

    def add(self, pipeline: Pipeline, outcomes: Outcomes, note: str = "") -> None:
        self.cases[pipeline.id] = Case(pipeline, outcomes, note)

    @cached_property
    def translation(self) -> Translation:
        dags = self.folder / "dags"
        dags.mkdir(exist_ok=True)
        documents = [self.document(case, dags / f"{name}.py") for name, case in self.cases.items()]
        return formats.target("dagster")(documents, WriteOptions(package=PACKAGE, style=self.style, delegate=False))  # type: ignore[arg-type]

    @staticmethod
    def document(case: Case, path: Path) -> Document:
        """The DAG file of a case, read."""
        path.write_text(dictated_dags.dag_file(case.made, case.outcomes))
        document = read(path, path.parent)
        (case.read,) = document.graph.pipelines
        assert case.read.exact
        return document

    @cached_property
    def outcomes(self) -> dict[str, dict[str, TaskOutcome]]:
        found: dict[str, dict[str, TaskOutcome]] = {}
        for outcome in self.translation.outcomes:
            found.setdefault(outcome.pipeline, {})[outcome.task] = outcome
        return found

    @cached_property
    def runnable(self) -> list[str]:
        """The DAGs that are carried over as a whole."""
        return [one for one in self.cases if all(o.fidelity == "native" for o in self.outcomes[one].values())]

    @cached_property
    def results(self) -> dict[str, Any]:
        project = self.folder / f"project_{self.style}"
        write_project(self.translation, project)
        dictated = self.folder / f"dictated_{self.style}.json"
        conf = {name: dictated_dags.conf(case.made, case.outcomes) for name, case in self.cases.items()}
        dictated.write_text(json.dumps(conf))
        arguments: list[str | Path] = [INSIDE / "run_control.py", project, PACKAGE, *self.runnable]
        printed = self.dagster.run(arguments, env={dictated_dags.VARIABLE: str(dictated)}).stdout
        found: dict[str, Any] = json.loads(printed)
        return found

    def differences(self, name: str) -> list[str]:
        """Where a run of Dagster has ended otherwise than Airflow's may."""
        case, run = self.cases[name], self.results[name]
        pipeline = case.read
        assert pipeline is not None
        prediction = predict_airflow(pipeline, case.outcomes)
        inexact = {task for task, outcome in self.outcomes[name].items() if outcome.fidelity != "native"}
        found = []
        for task in pipeline.tasks:
            states = ended(task, self, name)
            if task.id not in inexact and not allowed(task.id, states, prediction):
                expected = {key[1]: state for key, state in prediction.states.items() if key[0] == task.id}
                found.append(f"{task.id} {states}, in Airflow {expected}")
        if not inexact and ("success" if run["success"] else "failed") not in prediction.possible_runs:
            found.append(f"run {run['success']}, in Airflow {prediction.run}")
        return found


def ended(task: Task, control: Control, case: str) -> dict[int, str]:
    """How a task and its instances have ended, by what the events of its steps say."""
    steps, tasks = control.results[case]["steps"], control.outcomes[case]
    target = tasks[task.id].target
    if target is None:
        return {}
    step = target.replace("/", "__").rpartition(".")[2]
    found = {
        int(key.rpartition("[")[2].rstrip("]")): state(said)
        for key, said in steps.items()
        if key.startswith(f"{step}[")
    }
    if found:
        return found
    others = {str(one.target).replace("/", "__").rpartition(".")[2] for one in tasks.values()} - {step}
    groups = [f"{case}__{'_'.join(task.group.split('.')[:end])}" for end in (1, 2)] if task.group else []
    wanted = [step, *(f"{name}_{more}" for name in (step, *groups) for more in ("all", "items", "items_2"))]
    whole = next((steps[name] for name in wanted if name in steps and name not in others), None)
    return {-1: "upstream_failed" if whole is None else state(whole)}


def state(said: dict[str, Any]) -> str:
    """How one step has ended."""
    if "said" in said:
        return str(said["said"])
    return str(said.get("ended", "upstream_failed"))


def allowed(task_id: str, found: dict[int, str], prediction: Prediction) -> bool:
    """Whether a task may end so: by instance, or as a whole where all of its instances end alike."""
    if all(prediction.allows((task_id, index), one) for index, one in found.items()):  # type: ignore[arg-type]
        return True
    states = set(found.values())
    predicted = {one for (name, _), one in prediction.states.items() if name == task_id}
    return len(states) == 1 and (states == predicted or prediction.allows((task_id, -1), next(iter(states))))  # type: ignore[arg-type]


def is_dictated(one: Written) -> bool:
    return "3" in one.versions and not any(word in one.tasks for word in NOT_DICTATED)


@pytest.fixture(scope="session", params=["auto", "ops"])
def control(request: pytest.FixtureRequest, dagster: Environment, tmp_path_factory: pytest.TempPathFactory) -> Control:
    """Every DAG; in the style "ops" some of the written ones."""
    found = Control(dagster, tmp_path_factory.mktemp("control"), request.param)
    is_job = request.param == "ops"
    for number, one in enumerate(filter(is_dictated, written())):
        if not is_job or number % 4 == 0 or "mapped" in one.name:
            found.add(replace(one.pipeline, id=f"w{number}"), one.outcomes, one.name)
    for seed in () if is_job else RANDOM[0]:
        pipeline, outcomes = batch(seed, RANDOM[1], "3")
        found.add(replace(pipeline, tasks=tuple(map(without_sensors, pipeline.tasks))), outcomes)
    return found


def without_sensors(task: Task) -> Task:
    """A plain task in place of a sensor, which has no form as an op."""
    return replace(task, kind="python", arguments={}) if task.kind == "sensor" else task


def test_they_end_as_in_airflow(control: Control) -> None:
    differing = {
        f"{name} {control.cases[name].note}": diff for name in control.results if (diff := control.differences(name))
    }
    assert not differing


def test_what_cannot_be_exact_is_said_before(control: Control) -> None:
    left = [one for one in control.cases if one not in control.runnable]
    assert {control.cases[one].note for one in left} <= {one.name for one in written() if "sensor" in one.tasks}
    for name in left:
        assert all(one.reason for one in control.outcomes[name].values() if one.fidelity != "native")
    assert len(control.runnable) >= (30 if control.style == "ops" else 95)


FOUR = {  # what a run says of its steps, in each of four DAGs that other tools get wrong
    "skipped_by_a_branch": (True, {"choose": "success", "small": "success", "large": "skipped", "report": "success"}),
    "mapped": (True, {"sizes": "success", "square[0]": "success", "square[2]": "success", "total": "success"}),
    "clean_up_after_a_failure": (
        False,
        {"load": "failed", "transform": "upstream_failed", "clean_up": "success", "publish": "upstream_failed"},
    ),
    "every_six_hours": (True, {"poll": "success"}),
}


def test_four_dags_that_are_easily_lost(dagster: Environment, tmp_path: Path) -> None:
    case = FixtureCase(FIXTURES / "airflow" / "lost_elsewhere")
    translation = formats.target("dagster")([case.document], WriteOptions(package=PACKAGE, delegate=False))
    assert {outcome.fidelity for outcome in translation.outcomes} == {"native"}
    project = write_project(translation, tmp_path / "project")
    arguments: list[str | Path] = [INSIDE / "run_control.py", project, PACKAGE, *FOUR]
    results = json.loads(dagster.run(arguments).stdout)
    for name, (success, expected) in FOUR.items():
        steps = {key.removeprefix(f"{name}__"): state(said) for key, said in results[name]["steps"].items()}
        assert {task: steps.get(task, "upstream_failed") for task in expected} == expected
        assert results[name]["success"] == success
