"""``dagport verify --engine``: stubs of both sides run in real Airflow, and end as predicted, and alike."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import click

from dagport.semantics.outcomes import Outcomes, Prediction
from dagport.semantics.outcomes.model import Key
from dagport.semantics.outcomes.stubs import airflow_stubs, conf_of
from dagport.verify.examples import smallest, told
from dagport.verify.model import Difference, Verdict
from dagport.verify.outcomes import SHOWN, cases_of, default_limit, ends, outcomes
from dagport.verify.pairs import FAILS_FAST, Pair, Told, inexact
from dagport.verify.sides import NotModelledError, Side
from dagport_adapters.commands.stubbing import dictated, not_stubbed
from dagport_adapters.runners.errors import AirflowNotFoundError, RunnerError
from dagport_adapters.runners.local import LocalAirflow
from dagport_adapters.runners.protocol import RunFinished, RunRequest, TaskEvent

SECONDS = 300.0  # of one run
EXTRA_RUNS = 20  # of each side, to make an example smaller
Name: TypeAlias = Literal["source", "target"]
NAMES: tuple[Name, ...] = ("source", "target")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended in Airflow's database."""

    states: Mapping[Key, str]
    run: str


@dataclass
class Fleet:
    """The Airflows that are asked: one for each version on each side, as both sides have the same DAG ids."""

    engines: Mapping[str, str]
    folder: Path
    stack: ExitStack
    stubs: dict[tuple[Name, str], list[Side]] = field(default_factory=lambda: defaultdict(list))
    runners: dict[tuple[Name, str], LocalAirflow] = field(default_factory=dict)

    def add(self, name: Name, side: Side) -> None:
        """Have a pipeline among the stubs; all have to be there before the first run."""
        self.stubs[name, side.shape.version].append(side)

    def run(self, name: Name, side: Side, case: Outcomes) -> Ended:
        """Run a pipeline's stubs. Raises ``UsageError`` for an environment that isn't what it was said to be."""
        runner = self._runner(name, side.shape.version)
        request = RunRequest(dag_id=side.pipeline.id, conf=conf_of(case), retry_delays="skip")
        states: dict[Key, str] = {}
        run = ""
        for event in runner.run(request, timeout=SECONDS):
            if isinstance(event, TaskEvent):
                states[event.task_id, event.map_index] = event.state
            elif isinstance(event, RunFinished):
                run = event.state
        self._check(runner, side.shape.version)
        return Ended(states, run)

    def _runner(self, name: Name, version: str) -> LocalAirflow:
        key = name, version
        if key not in self.runners:
            dags = self.folder / name / version / "dags"
            dags.mkdir(parents=True)
            text = airflow_stubs([(side.pipeline, side.shape) for side in self.stubs[key]])
            (dags / "stubs.py").write_text(text, "utf-8")
            runner = LocalAirflow(self.engines[version], dags, home=dags.parent / "home", preview=0)
            self.runners[key] = self.stack.enter_context(runner)
        return self.runners[key]

    def _check(self, runner: LocalAirflow, version: str) -> None:
        found = runner.airflow_version or ""
        if found.partition(".")[0] != version:
            raise click.UsageError(f"--engine {version}={runner.python} has Airflow {found}.")


def on_engines(pairs: Sequence[Pair], engines: Mapping[str, str], most: int, about: Told) -> Iterator[Verdict]:
    """A verdict about each pair: at most ``most`` outcomes of it are run. Raises ``UsageError``."""
    with tempfile.TemporaryDirectory(prefix="dagport-verify-") as folder, ExitStack() as stack:
        fleet = Fleet(engines, Path(folder), stack)
        ready = [(pair, _ready(pair, fleet, about)) for pair in pairs]
        for pair, sides in ready:
            yield _unknown(pair, sides) if isinstance(sides, str) else _run(pair, sides, fleet, about, most)


def _run(pair: Pair, sides: tuple[Side, Side], fleet: Fleet, about: Told, most: int) -> Verdict:
    try:
        return _Both(pair, sides, fleet, about.plain).verdict(most)
    except AirflowNotFoundError as error:
        raise click.UsageError(str(error)) from None
    except RunnerError as error:
        return _unknown(pair, str(error))


def _unknown(pair: Pair, why: str) -> Verdict:
    return Verdict(path=pair.path, pipeline=pair.source.id, check="engines", unknown=why)


def _ready(pair: Pair, fleet: Fleet, about: Told) -> tuple[Side, Side] | str:
    """Both sides, or why they can't be run."""
    if pair.source.id in about.fails_fast:
        return FAILS_FAST
    if about.manual.get(pair.source.id):
        return f"refused by the writer: {', '.join(sorted(about.manual[pair.source.id]))}"
    try:
        sides = Side.of(pair.source, about.plain), Side.of(pair.target, about.plain)
    except NotModelledError as error:
        return str(error)
    for name, side in zip(NAMES, sides, strict=True):
        reason = not_stubbed(side)
        if reason:
            return reason
        if side.shape.version not in fleet.engines:
            version = side.shape.version
            return f"the {name} is for Airflow {version}: name one with --engine {version}=PYTHON"
    for name, side in zip(NAMES, sides, strict=True):
        fleet.add(name, side)
    return sides


class _Both:
    """The two sides of one pair, side by side in their Airflows."""

    def __init__(self, pair: Pair, sides: tuple[Side, Side], fleet: Fleet, plain: Collection[str]) -> None:
        self.pair, self.sides, self.fleet, self.plain = pair, sides, fleet, plain

    def verdict(self, most: int) -> Verdict:
        """Run some outcomes and compare: first those after which the models differ, then an even choice of all."""
        cases = self.cases(most)
        found: list[Difference] = []
        for case in cases:
            wrong = self.wrong(case)
            if wrong and len(found) < SHOWN:
                found.append(self.example(case, wrong))
        unknown = inexact(self.pair)
        if any(side.waits_for_past for side in self.sides):
            unknown = unknown or "tasks wait for the run before, and runs are run one by one"
        return Verdict(
            path=self.pair.path, pipeline=self.pair.source.id, check="engines", differences=tuple(_unique(found)),
            unknown=unknown, compared=len(cases),
        )  # fmt: skip

    def cases(self, most: int) -> list[Outcomes]:
        """The outcomes to run."""
        old, new = self.sides
        all_, _ = cases_of(old, new, default_limit(old.pipeline))
        known = outcomes(old.pipeline, new.pipeline, plain=self.plain).examples
        step = max(1, len(all_) // most)
        chosen = [dictated(self.sides, case) for case in (*known, *all_[::step])]
        return list({repr(case): case for case in chosen}.values())[:most]

    def wrong(self, case: Outcomes) -> Difference | None:
        """The first thing that isn't as it should be after some outcomes."""
        ended = [self.fleet.run(name, side, case) for name, side in zip(NAMES, self.sides, strict=True)]
        said = [side.runs(case, two=False)[0] for side in self.sides]
        for name, side, run, prediction in zip(NAMES, self.sides, ended, said, strict=True):
            unlike = _unlike(side, run, prediction)
            if unlike:
                return Difference(task=unlike.task, message=f"in the {name}: {unlike.message}")
        return _between(self.sides, ended, said)

    def example(self, case: Outcomes, wrong: Difference) -> Difference:
        """The same, after as few dictated outcomes as some more runs find."""
        left = EXTRA_RUNS

        def still(smaller: Outcomes) -> bool:
            nonlocal left
            left -= 1
            found = self.wrong(dictated(self.sides, smaller)) if left >= 0 else None
            return found is not None and found.task == wrong.task

        case = dictated(self.sides, smallest(case, still))
        wrong = self.wrong(case) or wrong
        task = wrong.task.partition("[")[0] if wrong.task else None
        return Difference(task=wrong.task, message=f"{wrong.message}, {told(case, self.sides[0].shape, task)}")


def _unique(found: Iterable[Difference]) -> list[Difference]:
    return list(dict.fromkeys(found))


def _unlike(side: Side, run: Ended, said: Prediction) -> Difference | None:
    """What ended otherwise than the model says."""
    for key in _in_order([side], [*run.states, *said.states, *said.possible]):
        state = run.states.get(key)
        if state not in ends(said, key):
            message = f"{state or 'no end'} in Airflow, {_words(ends(said, key))} by the model"
            return Difference(task=_name(key), message=message)
    if run.run not in said.possible_runs:
        return Difference(message=f"the run: {run.run} in Airflow, {_words(said.possible_runs)} by the model")
    return None


def _between(sides: Sequence[Side], ended: Sequence[Ended], said: Sequence[Prediction]) -> Difference | None:
    """What ended otherwise in the target than in the source, where the order of tasks can't be why."""
    first, second = ended
    varying = {key for prediction in said for key in prediction.possible}
    keys = [key for key in _in_order(sides, [*first.states, *second.states]) if key not in varying]
    for key in keys:
        one, other = first.states.get(key), second.states.get(key)
        if one != other:
            message = f"{one or 'no end'} in the source, {other or 'no end'} in the target, run in Airflow"
            return Difference(task=_name(key), message=message)
    if first.run != second.run and all(len(prediction.possible_runs) == 1 for prediction in said):
        return Difference(message=f"the run: {first.run} in the source, {second.run} in the target, run in Airflow")
    return None


def _in_order(sides: Sequence[Side], keys: Iterable[Key]) -> list[Key]:
    """Keys of tasks that all sides have, upstream ones first."""
    order = sides[0].shape.order
    places = {sides[0].shape.nodes[number].id: place for place, number in enumerate(order)}
    known = {key for key in keys if all(key[0] in side.shape.number for side in sides)}
    return sorted(known, key=lambda key: (places[key[0]], key[1]))


def _words(states: Iterable[str | None]) -> str:
    return " or ".join(sorted(state or "no end" for state in states))


def _name(key: Key) -> str:
    return f"{key[0]}[{key[1]}]" if key[1] >= 0 else key[0]
