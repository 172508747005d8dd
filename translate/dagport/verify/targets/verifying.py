"""The verdicts about pipelines of Airflow and a project that was generated from them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Literal

from dagport.diagnostics import Diagnostic
from dagport.graph import Pipeline
from dagport.passes.control import control_of
from dagport.semantics.schedules import UnknownScheduleError
from dagport.translation import Document, TaskOutcome, Translation
from dagport.verify.model import CHECKS, Check, Difference, Verdict, shown
from dagport.verify.pairs import FAILS_FAST, Told
from dagport.verify.schedules import Horizon
from dagport.verify.targets.leftovers import leftovers, other_files
from dagport.verify.targets.model import Report, TargetPipeline, When
from dagport.verify.targets.outcomes import outcomes
from dagport.verify.targets.source import SourceCode
from dagport.verify.targets.structure import structure, unlike_runs
from dagport.verify.targets.when import schedule

Orchestrator = Literal["dagster", "prefect"]
ABOUT_DATES = ("DP403", "DP407")
SAID = ("schedule", "catchup", "end_date", "start_date", "start date", "first run", "updates")
NO_SCHEDULE = "no schedule was written"  # DP407
SHOWN = 3  # tasks that a line names
MANUAL = When(manual=True)
READERS: Mapping[Orchestrator, str] = {  # imported when they are used
    "dagster": "dagport.verify.targets.dagster",
    "prefect": "dagport.verify.targets.prefect",
}


@dataclass(frozen=True, kw_only=True)
class Target:
    """A project, and what the writer makes of the same source today."""

    orchestrator: Orchestrator
    translation: Translation
    files: Mapping[str, str]  # of the project, by their paths in it
    name: str | None = None  # shown where there are several
    reports: Mapping[str, Report] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reports", dict(reports_of(self.translation)))

    @property
    def is_written(self) -> bool:
        """Whether it is nothing but what the writer has just made."""
        return self.files is self.translation.files


def verify_target(
    documents: Sequence[Document], target: Target, horizon: Horizon, told: Told | None = None, limit: int | None = None
) -> Iterator[Verdict]:
    """The verdicts about each pipeline, and about each piece of the project that isn't understood."""
    read = _read(target.files, target)
    pipelines = {one.id: one for one in read if one.id}
    references = pipelines if target.is_written else _by_id(target.translation.files, target)
    own = frozenset(one.path for one in references.values()) | {one.path for one in read}
    others = () if target.is_written else other_files(target.files, target.translation.files, own)
    lost = next(iter(others), None)
    sources = {pipeline.id: (document, pipeline) for document in documents for pipeline in document.graph.pipelines}
    for name in sorted(sources.keys() | pipelines.keys()):
        if name not in sources or name not in pipelines:
            yield _missing(name, name in sources, sources, pipelines, target, [one for one in read if not one.id])
            continue
        document, source = sources[name]
        about = _About(document, source, pipelines[name], references.get(name), target, horizon, told or Told(), limit)
        for check in CHECKS:
            verdict = about.verdict(check)
            unknown = verdict.unknown or lost or _leftovers(target, pipelines[name].path)
            yield replace(verdict, target=target.name, unknown=unknown)
    for one in read:
        if not one.id:
            yield Verdict(
                path=one.path, pipeline=one.name, check="structure", unknown=one.doubts[0], target=target.name
            )


def pipelines_of(target: Target) -> dict[str, TargetPipeline]:
    """The pipelines of a project, by the ids of their DAGs."""
    return _by_id(target.files, target)


def reports_of(translation: Translation) -> Iterator[tuple[str, Report]]:
    """What the writer says about each pipeline."""
    by_pipeline: dict[str, list[TaskOutcome]] = {}
    for outcome in translation.outcomes:
        by_pipeline.setdefault(outcome.pipeline, []).append(outcome)
    for name, found in by_pipeline.items():
        yield (
            name,
            Report(
                names={one.target: one.task for one in found if one.target is not None},
                fidelities={one.task: one.fidelity for one in found},
                reasons={one.task: one.reason or "" for one in found},
                folded=frozenset(one.task for one in found if one.target is None),
                notes=tuple(note.message for note in translation.diagnostics if _is_about(note, name)),
            ),
        )


def _is_about(note: Diagnostic, name: str) -> bool:
    return note.pipeline == name and note.code in ABOUT_DATES and any(word in note.message for word in SAID)


def _read(files: Mapping[str, str], target: Target) -> list[TargetPipeline]:
    found: Iterable[TargetPipeline] = import_module(READERS[target.orchestrator]).read_project(files, target.reports)
    return list(found)


def _by_id(files: Mapping[str, str], target: Target) -> dict[str, TargetPipeline]:
    return {one.id: one for one in _read(files, target) if one.id}


def _leftovers(target: Target, path: str) -> str | None:
    """What a pipeline's module does besides, if anything."""
    found = leftovers(path, target.files[path], target.translation.files.get(path, ""))
    return None if target.is_written else next(found, None)


def _missing(
    name: str, is_source: bool, sources: Mapping[str, tuple[Document, Pipeline]],
    pipelines: Mapping[str, TargetPipeline], target: Target, lost: Sequence[TargetPipeline],
) -> Verdict:  # fmt: skip
    path = sources[name][0].graph.path if is_source else pipelines[name].path
    if is_source and (lost or name not in target.reports):
        why = lost[0].doubts[0] if lost else "it wasn't translated"
        return Verdict(path=path, pipeline=name, check="structure", unknown=why, target=target.name)
    message = f"the pipeline is missing in the {'target' if is_source else 'source'}"
    return Verdict(
        path=path, pipeline=name, check="structure", differences=(Difference(message=message),), target=target.name
    )


def _not_modelled(source: Pipeline) -> str | None:
    """Why the starts of a schedule can't be compared, though the target has one."""
    if source.schedule.kind in ("timetable", "opaque") and not str(source.schedule.class_).startswith("airflow."):
        return "the schedule is code"
    return None


def _unlike(written: Sequence[When], found: Sequence[When]) -> Iterator[str]:
    """What isn't known from times: conditions of assets, the bounds, catching up."""
    for name in ("updates", "catchup", "partitions", "within", "status"):
        first, second = ([getattr(one, name) for one in side] for side in (written, found))
        if first != second:
            yield f"{name}: {shown(first)} by dagport, {shown(second)} in the target"


@dataclass(frozen=True)
class _About:
    """One pipeline on both sides."""

    document: Document
    source: Pipeline
    pipeline: TargetPipeline
    reference: TargetPipeline | None
    target: Target
    horizon: Horizon
    told: Told
    limit: int | None

    @property
    def report(self) -> Report:
        return self.target.reports[self.source.id]

    def verdict(self, check: Check) -> Verdict:
        """The answer of one check."""
        found = {"structure": self._structure, "schedule": self._schedule, "outcomes": self._outcomes}[check]()
        if not self.source.exact:
            found = replace(found, unknown="the graph of the source isn't exact")
        return replace(found, check=check)

    def _told(self, differences: Iterable[Difference], **more: object) -> Verdict:
        base = Verdict(path=self.document.graph.path, pipeline=self.source.id, check="structure")
        return replace(base, differences=tuple(differences), **more)  # type: ignore[arg-type]

    def _with(self, *fidelities: str) -> list[str]:
        return [name for name, one in self.report.fidelities.items() if one in fidelities]

    def _reported(self, *fidelities: str) -> tuple[str, ...]:
        lines = []
        for fidelity in fidelities:
            names = self._with(fidelity)
            if names:
                more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
                reason = f": {self.report.reasons[names[0]]}" if len(names) == 1 else ""
                lines.append(f"{fidelity}: {', '.join(names[:SHOWN])}{more}{reason}")
        return tuple(lines)

    def _refused(self) -> str | None:
        refused = self._with("manual")
        return f"refused by the writer: {', '.join(sorted(refused))}" if refused else None

    def _excused(self, found: Collection[Difference], written: Collection[Difference]) -> list[Difference]:
        """What is left of some differences without those that the writer has reported of the same task."""
        known = {(one.task, one.message.partition(" (")[0]) for one in written}
        return [
            one for one in found
            if self.report.fidelities.get(one.task or "") != "approximate"
            or (one.task, one.message.partition(" (")[0]) not in known
        ]  # fmt: skip

    def _structure(self) -> Verdict:
        code = SourceCode(self.document)
        silent = {task.id for task in self.source.tasks if code.is_silent(task)}
        found = structure(self.source, self.pipeline, self.reference, self.report, silent)
        written = found
        if self.reference is not None and self.reference is not self.pipeline:
            written = structure(self.source, self.reference, None, self.report, silent)
        if self.reference is not None and not self.pipeline.doubts:
            found.differences += unlike_runs(self.reference, self.pipeline)
        return self._told(
            self._excused(found.differences, written.differences), compared=found.compared,
            unknown=next(iter(found.unknown), None) or self._refused(),
            reported=self._reported("approximate", "delegated"),
        )  # fmt: skip

    def _schedule(self) -> Verdict:
        if not self.pipeline.when:
            return self._told((), unknown=next(iter(self.pipeline.doubts), "the schedule isn't understood"))
        if self.pipeline.when != (MANUAL,) and self._is_written_so and (why := _not_modelled(self.source)):
            return self._told((), unknown=why)
        try:
            found, compared = schedule(self.source, self.pipeline.when, self.target.orchestrator, self.horizon)
        except UnknownScheduleError as reason:
            return self._told((), unknown=str(reason))
        notes = self.report.notes
        if not self._is_written_so:
            other = self.reference.when if self.reference else ()
            found += [Difference(message=f"schedule: {one}") for one in _unlike(other, self.pipeline.when)]
        elif self.pipeline.when == (MANUAL,) and any(NO_SCHEDULE in note for note in notes):
            found = []  # there is no form, and the writer says so
        return self._told(found[:3], compared=compared, reported=notes)

    @property
    def _is_written_so(self) -> bool:
        return self.reference is not None and self.reference.when == self.pipeline.when

    def _doubted(self) -> set[str]:
        """The tasks of which the writer says that they may end otherwise.

        What else makes a task approximate, such as a setting without a counterpart, decides nothing about its end.
        """
        control = control_of(self.source)
        return {
            name for name in self._with("approximate")
            if (doubt := control[name].doubt) is not None and doubt in self.report.reasons[name]
        }  # fmt: skip

    def _outcomes(self) -> Verdict:
        if self.source.id in self.told.fails_fast:
            return self._told((), unknown=FAILS_FAST)
        if self.pipeline.doubts:
            return self._told((), unknown=self.pipeline.doubts[0])
        code = SourceCode(self.document)
        refused = self._with("manual")  # they fail, whatever they would do
        able = {
            task.id for task in self.source.tasks
            if task.id not in refused and code.may_skip(task, self.source.engine_version)
        }  # fmt: skip
        found = outcomes(self.source, self.pipeline, self.target.orchestrator, self.report, able, self.told.plain,
                         self.limit)  # fmt: skip
        doubted = self._doubted() if found.differences else ()
        differences = [one for one in found.differences if (one.task or "").partition("[")[0] not in doubted]
        return self._told(
            differences, unknown=self._refused() or found.unknown, compared=found.compared, space=found.space,
            reported=self._reported("approximate", "delegated"),
        )  # fmt: skip
