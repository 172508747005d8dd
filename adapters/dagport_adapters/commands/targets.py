"""``dagport verify --engine dagster=PYTHON``: stubs of a generated project run in its engine, and end as predicted."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from dagport.semantics.outcomes import Outcomes, Prediction
from dagport.semantics.outcomes.model import Key
from dagport.translation import Document
from dagport.verify.examples import told
from dagport.verify.model import Difference, Verdict
from dagport.verify.outcomes import SHOWN, default_limit, ends
from dagport.verify.pairs import Told
from dagport.verify.sides import NotModelledError, Side
from dagport.verify.targets.model import NotUnderstoodError
from dagport.verify.targets.outcomes import cases_of
from dagport.verify.targets.predict import TargetSide
from dagport.verify.targets.source import SourceCode
from dagport.verify.targets.stubs import STUBS, Stubbed, case_of, stubbed
from dagport.verify.targets.verifying import Target, pipelines_of
from dagport_adapters.commands.stubbing import dictated, not_stubbed

PACKAGE = Path(__file__).parents[1]
STUBS_FILE = PACKAGE / "runners" / f"{STUBS}.py"
SECONDS = 900  # of all cases
NOT_RUN = "not run"  # an asset that has no value doesn't say why
KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")


@dataclass(frozen=True)
class _Job:
    """A pipeline that is run."""

    path: str
    old: Side
    new: TargetSide
    stubs: Stubbed
    cases: tuple[Outcomes, ...]

    @property
    def work(self) -> list[object]:
        """What the program in the engine's environment is told."""
        module = self.stubs.path.removeprefix("src/").removesuffix(".py").replace("/", ".")
        name = f"{module}:{self.stubs.function}" if self.stubs.function else self.stubs.name
        return [name, dict(self.stubs.steps), [case_of(case, self.old.shape) for case in self.cases]]


def on_target_engine(
    documents: Sequence[Document], target: Target, python: str, most: int, about: Told
) -> Iterator[Verdict]:
    """A verdict about each pipeline: at most ``most`` outcomes of it are run. Raises ``UsageError``."""
    jobs: list[_Job] = []
    unknown: list[Verdict] = []
    for document in documents:
        for source in document.graph.pipelines:
            try:
                jobs.append(_job(document, source.id, target, most, about))
            except (NotModelledError, NotUnderstoodError) as reason:
                unknown.append(_unknown(document.graph.path, source.id, str(reason)))
    answers = _run(target, jobs, python) if jobs else iter(())
    for job in jobs:
        yield _verdict(job, [next(answers, None) for _ in job.cases], target.orchestrator)
    yield from unknown


def _unknown(path: str, pipeline: str, why: str) -> Verdict:
    return Verdict(path=path, pipeline=pipeline, check="engines", unknown=why)


def _job(document: Document, name: str, target: Target, most: int, about: Told) -> _Job:
    source = next(one for one in document.graph.pipelines if one.id == name)
    pipeline = pipelines_of(target).get(name)
    if pipeline is None or pipeline.doubts or name not in target.reports:
        raise NotUnderstoodError(pipeline.doubts[0] if pipeline and pipeline.doubts else "it isn't in the target")
    report = target.reports[name]
    left = sorted(task for task, fidelity in report.fidelities.items() if fidelity in ("delegated", "manual"))
    if left:
        raise NotModelledError(f"the engine can't run stubs of what isn't its own: {', '.join(left[:SHOWN])}")
    old = Side.of(source, about.plain)
    if reason := not_stubbed(old):
        raise NotModelledError(reason)
    code = SourceCode(document)
    able = {task.id for task in source.tasks if code.may_skip(task)}
    all_, _ = cases_of(source, old, report.folded, able, default_limit(source))
    chosen = [dictated([old], case) for case in all_[:: max(1, len(all_) // most)]]
    cases = list({repr(case): case for case in chosen}.values())[:most]
    side = TargetSide(source, old.shape, pipeline, target.orchestrator)
    stubs = stubbed(pipeline, target.files[pipeline.path], report.names)
    return _Job(document.graph.path, old, side, stubs, tuple(cases))


def _run(target: Target, jobs: Sequence[_Job], python: str) -> Iterator[Any]:
    """The answers of all cases, in their order, from one process. Raises ``UsageError``."""
    with tempfile.TemporaryDirectory(prefix="dagport-verify-") as name:
        folder = Path(name)
        wanted = {job.stubs.path: job.stubs.text for job in jobs}
        own = {one.path for one in pipelines_of(target).values()}
        for path, text in target.files.items():
            if path not in own or path in wanted:
                file = folder / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(wanted.get(path, text), "utf-8")
        stubs = folder / "src" / f"{STUBS}.py"
        stubs.write_text(STUBS_FILE.read_text("utf-8"), "utf-8")
        program = folder / "src" / "run_stubs.py"
        program.write_text((PACKAGE / target.orchestrator / "run_stubs.py").read_text("utf-8"), "utf-8")
        work = folder / "work.json"
        work.write_text(json.dumps([job.work for job in jobs]), "utf-8")
        package = jobs[0].stubs.path.split("/")[1]
        yield from answers([python, str(program), str(folder), package, str(work)], folder)


def answers(command: list[str], folder: Path) -> Iterator[Any]:
    """The lines that a program prints, in an environment with nothing of ours. Raises ``UsageError``."""
    variables = {name: os.environ[name] for name in KEPT if name in os.environ}
    variables |= {"PREFECT_HOME": str(folder / "prefect"), "DO_NOT_TRACK": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - the interpreter that the user has named
            command, cwd=folder, env=variables, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise click.UsageError(f"{command[0]} can't run the stubs: {error}") from None
    lines = done.stdout.splitlines()
    if done.returncode and not lines:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise click.UsageError(f"{command[0]} can't run the stubs: {last}")
    yield from map(json.loads, lines)


def _verdict(job: _Job, answers: Sequence[Any], engine: str) -> Verdict:
    found: list[Difference] = []
    for case, answer in zip(job.cases, answers, strict=True):
        if answer is None:
            return _unknown(job.path, job.old.pipeline.id, f"{engine} ended before all outcomes were run")
        wrong = _wrong(job, case, answer, engine)
        if wrong is not None and len(found) < SHOWN:
            found.append(wrong)
    return Verdict(
        path=job.path, pipeline=job.old.pipeline.id, check="engines", differences=tuple(dict.fromkeys(found)),
        compared=len(answers),
    )  # fmt: skip


def _wrong(job: _Job, case: Outcomes, answer: Any, engine: str) -> Difference | None:
    """The first thing that ended otherwise than predicted, or as it can't end in the source."""
    said, first = job.new.predict(case), job.old.runs(case, two=False)[0]
    states = _states(answer[0], said)
    for key in _in_order(job, [*states, *said.states]):
        state = states.get(key, "upstream_failed" if engine == "dagster" else None)
        text = None
        if state == NOT_RUN:
            state = next((one for one in ("skipped", "upstream_failed") if one in ends(first, key)), NOT_RUN)
        if state not in ends(first, key):
            text = f"{_words(ends(first, key))} in the source, {state or 'no end'} in {engine}"
        elif state not in ends(said, key) and len(ends(first, key)) == 1:  # else it depends on which task is faster
            text = f"{state or 'no end'} in {engine}, {said.states.get(key) or 'no end'} by the model"
        if text is not None:
            return Difference(task=key[0], message=f"{text}, {told(case, job.old.shape, key[0])}")
    if answer[1] not in first.possible_runs:
        runs = " or ".join(sorted(first.possible_runs))
        message = f"the run: {runs} in the source, {answer[1]} in {engine}, {told(case, job.old.shape, None)}"
        return Difference(message=message)
    return None


def _states(found: Mapping[str, Any], said: Prediction) -> dict[Key, str]:
    """The states by task and map index; a single run of what has no instances is the task's own."""
    states: dict[Key, str] = {}
    for task, told_ in found.items():
        several = told_ if isinstance(told_, Mapping) else dict(enumerate(told_)) if isinstance(told_, list) else None
        if several is None or (task, -1) in said.states:
            states[task, -1] = told_ if several is None else next(iter(several.values()))
        else:
            states |= {(task, int(index)): state for index, state in several.items()}
    return states


def _in_order(job: _Job, keys: Iterable[Key]) -> list[Key]:
    places = {job.old.shape.nodes[number].id: place for place, number in enumerate(job.old.shape.order)}
    known = {key for key in keys if key[0] in places and key[0] in job.new.target.units}
    return sorted(known, key=lambda key: (places[key[0]], key[1]))


def _words(states: Iterable[str | None]) -> str:
    return " or ".join(sorted(state or "no end" for state in states))
