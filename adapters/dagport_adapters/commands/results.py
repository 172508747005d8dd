"""``dagport verify --run``: both sides are run for real, and each task's result is compared, as JSON keeps it."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import click

from dagport.graph import Pipeline
from dagport.semantics.schedules import UnknownScheduleError, fires
from dagport.semantics.schedules.model import Version
from dagport.translation import Document
from dagport.verify.model import Difference, Verdict, shown
from dagport.verify.targets.model import Report, TargetPipeline
from dagport.verify.targets.stubs import op_of
from dagport.verify.targets.verifying import Target, pipelines_of
from dagport_adapters.commands.targets import PACKAGE, answers
from dagport_adapters.runners.errors import AirflowNotFoundError, RunnerError
from dagport_adapters.runners.local import LocalAirflow
from dagport_adapters.runners.protocol import RunRequest, TaskEvent

SECONDS = 900.0  # of one run of Airflow
RESULT = "return_value"
UNREADABLE = " why there is no value"  # no key of a task's
CHOSEN = "skipmixin_key"  # `SkipMixin`'s own
FIRST = datetime(2026, 1, 1, tzinfo=UTC)  # the date of runs that no schedule starts
Results = dict[str, dict[str, Any]]  # of each task, by key; a list of what is mapped


def run_both(
    documents: Sequence[Document], target: Target, pythons: tuple[str, str], start: datetime, places: Sequence[Path]
) -> Iterator[Verdict]:
    """A verdict about each pipeline, after one run of both sides. It runs the user's code. Raises ``UsageError``.

    ``pythons`` are those of the source's Airflow and of the target; paths of documents are below one of the
    ``places``, or are one.
    """
    pipelines = pipelines_of(target)
    jobs: list[tuple[Document, Pipeline, TargetPipeline, datetime]] = []
    for document in documents:
        for source in document.graph.pipelines:
            pipeline = pipelines.get(source.id)
            why = _not_run(source, pipeline, target)
            if why is not None or pipeline is None:
                yield _verdict(document, source, unknown=why)
            else:
                jobs.append((document, source, pipeline, _moment(source, start)))
    found = _of_target(target, jobs, pythons[1]) if jobs else []
    with ExitStack() as stack:
        fleet = _Fleet(pythons[0], stack)
        for (document, source, pipeline, moment), values in zip(jobs, found, strict=True):
            try:
                results = _of_airflow(_file(document, places), source, moment, fleet)
            except AirflowNotFoundError as error:
                raise click.UsageError(str(error)) from None
            except RunnerError as error:
                yield _verdict(document, source, unknown=str(error))
                continue
            yield _compared(document, source, pipeline, results, values)


def _not_run(source: Pipeline, pipeline: TargetPipeline | None, target: Target) -> str | None:
    """Why a pipeline isn't run; ``None``: it is."""
    report = target.reports.get(source.id)
    if pipeline is None or report is None:
        return "it isn't in the target"
    left = [task for task, fidelity in report.fidelities.items() if fidelity in ("delegated", "manual")]
    return f"not the target's own: {', '.join(sorted(left))}" if left else next(iter(pipeline.doubts), None)


def _verdict(document: Document, source: Pipeline, **more: Any) -> Verdict:
    return Verdict(path=document.graph.path, pipeline=source.id, check="data", **more)


def _moment(source: Pipeline, start: datetime) -> datetime:
    """The first logical date."""
    version: Version = "3" if source.engine_version == "3" else "2"
    try:
        first = next(islice(fires(source, version=version, start=start, until=start.replace(year=start.year + 2)), 1))
    except (UnknownScheduleError, StopIteration):
        return FIRST
    return first.logical_date


def _file(document: Document, places: Sequence[Path]) -> Path:
    """The file of a document, whose path is shown from the root, or from a folder near the file."""
    path = Path(document.source.file or document.source.path)
    ends = [Path(*path.parts[number:]) for number in range(len(path.parts))]
    found = [place if place.is_file() else place / end for place in places for end in ends]
    return next((one for one in found if one.is_file() and one.name == path.name), path)


@dataclass
class _Fleet:
    """An Airflow for each folder of DAG files, with a database of its own."""

    python: str
    stack: ExitStack
    runners: dict[Path, LocalAirflow] = field(default_factory=dict)

    def of(self, folder: Path) -> LocalAirflow:
        """The one of a folder."""
        if folder not in self.runners:
            home = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="dagport-airflow-")))
            runner = LocalAirflow(self.python, folder, home=home, preview=0)
            self.runners[folder] = self.stack.enter_context(runner)
        return self.runners[folder]


def _of_airflow(file: Path, source: Pipeline, moment: datetime, fleet: _Fleet) -> Results:
    file = file.resolve()
    runner = fleet.of(file.parent)
    request = RunRequest(dag_id=source.id, file=file, logical_date=moment, whole_results=True, retry_delays="skip")
    found: Results = defaultdict(dict)
    for event in runner.run(request, timeout=SECONDS):
        if not isinstance(event, TaskEvent) or event.state != "success":
            continue
        for one in event.results or ():
            if one.unreadable is not None or one.serialized_from is not None:
                found[one.task_id][UNREADABLE] = one.unreadable or f"it is a {one.serialized_from}"
            elif one.map_index >= 0:
                found[one.task_id].setdefault(one.key, {})[one.map_index] = one.value
            else:
                found[one.task_id][one.key] = one.value
    return {task: {key: _listed(value) for key, value in keys.items()} for task, keys in found.items()}


def _listed(value: Any) -> Any:
    """The values of instances, in their order; JSON itself has no whole numbers for keys."""
    if not isinstance(value, dict) or not value or not all(isinstance(index, int) for index in value):
        return value
    return [value[index] for index in sorted(value)]


def _of_target(target: Target, jobs: Sequence[Any], python: str) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="dagport-verify-") as name:
        folder = Path(name)
        for path, text in target.files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        program = folder / "src" / "run_values.py"
        program.write_text((PACKAGE / target.orchestrator / "run_values.py").read_text("utf-8"), "utf-8")
        work = folder / "work.json"
        told = [_work(pipeline, target.reports[source.id], moment) for _, source, pipeline, moment in jobs]
        work.write_text(json.dumps(told), "utf-8")
        package = jobs[0][2].path.split("/")[1]
        found: list[dict[str, Any]] = list(answers([python, str(program), str(folder), package, str(work)], folder))
    if len(found) != len(jobs):
        raise click.UsageError(f"{python} ended before all pipelines were run")
    return found


def _work(pipeline: TargetPipeline, report: Report, moment: datetime) -> list[object]:
    if pipeline.function is None:
        return [pipeline.name, {op_of(name): task for name, task in report.names.items()}, moment.isoformat()]
    module = pipeline.path.removeprefix("src/").removesuffix(".py").replace("/", ".")
    steps = {
        name.removeprefix(f"{pipeline.name}/"): [task, pipeline.units[task].expansion is not None]
        for name, task in report.names.items()
        if task in pipeline.units
    }
    return [f"{module}:{pipeline.function}", steps, moment.isoformat()]


def _compared(
    document: Document, source: Pipeline, pipeline: TargetPipeline, results: Results, values: Mapping[str, Any]
) -> Verdict:
    found: list[Difference] = []
    compared, unknown = 0, None
    for task in source.tasks:
        if task.id in pipeline.units:
            compared += 1
            if why := results.get(task.id, {}).get(UNREADABLE):
                unknown = unknown or f"the result of {task.id} can't be compared: {why}"
                continue
            keys = _told(results.get(task.id, {}), is_branch=task.kind == "branch")
            value = json.loads(json.dumps(values.get(task.id), default=repr))
            if not _is_same(keys, value):
                old = keys.get(RESULT) if keys.keys() <= {RESULT} else keys
                message = f"its result: {shown(old)} in the source, {shown(value)} in the target"
                found.append(Difference(task=task.id, message=message))
    return _verdict(document, source, differences=tuple(found), compared=compared, unknown=unknown)


def _told(results: Mapping[str, Any], *, is_branch: bool) -> dict[str, Any]:
    """What a task has handed over, without what Airflow keeps for itself; of a branch what it has chosen."""
    keys = {key: value for key, value in results.items() if value is not None}
    followed = (keys.pop(CHOSEN, None) or {}).get("followed")
    if is_branch and followed is not None and RESULT not in keys:
        keys[RESULT] = followed[0] if len(followed) == 1 else followed
    return keys


def _is_same(keys: Mapping[str, Any], value: Any) -> bool:
    """Whether a value is the task's result, or the dict of all that it has handed over."""
    if not keys:
        return value in (None, {}, [])
    if value == keys.get(RESULT, keys):
        return True
    return isinstance(value, dict) and {key: one for key, one in value.items() if one is not None} == dict(keys)
