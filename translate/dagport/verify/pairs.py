"""Verifying pipelines against others: they go together by their ids."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from dagport.graph import FileGraph, Pipeline
from dagport.semantics.schedules import UnknownScheduleError
from dagport.verify.model import CHECKS, Check, Difference, Verdict
from dagport.verify.outcomes import outcomes
from dagport.verify.schedules import Horizon, schedule
from dagport.verify.structure import structure

FAILS_FAST = "the file speaks of `fail_fast` or `fail_stop`, and the model doesn't have them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A pipeline of both sides."""

    path: str  # of the source
    source: Pipeline
    target: Pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the graphs don't say, by the id of a pipeline."""

    manual: Mapping[str, Collection[str]] = field(default_factory=dict)  # tasks that the writer refused
    fails_fast: Collection[str] = ()  # pipelines that may end with their first failure
    plain: Collection[str] = ()  # operators of the project that skip no other tasks


def verify_graphs(
    before: Iterable[FileGraph],
    after: Iterable[FileGraph],
    horizon: Horizon,
    told: Told | None = None,
    limit: int | None = None,
) -> Iterator[Verdict]:
    """The verdicts about each pipeline of both sides; ``limit``: at most so many outcomes of each are compared."""
    old, new = (dict(_pipelines(side)) for side in (before, after))
    for name in sorted(old.keys() | new.keys()):
        path, pipeline = old.get(name) or new[name]
        if name not in old or name not in new:
            side = "target" if name in old else "source"
            difference = Difference(message=f"the pipeline is missing in the {side}")
            yield Verdict(path=path, pipeline=name, check="structure", differences=(difference,))
            continue
        pair = Pair(path=path, source=pipeline, target=new[name][1])
        for check in CHECKS:
            yield _verdict(pair, check, horizon, told or Told(), limit)


def pairs(before: Iterable[FileGraph], after: Iterable[FileGraph]) -> list[Pair]:
    """The pipelines that both sides have."""
    old, new = (dict(_pipelines(side)) for side in (before, after))
    return [
        Pair(path=old[name][0], source=old[name][1], target=new[name][1]) for name in sorted(old.keys() & new.keys())
    ]


def _pipelines(graphs: Iterable[FileGraph]) -> Iterator[tuple[str, tuple[str, Pipeline]]]:
    for graph in graphs:
        for pipeline in graph.pipelines:
            yield pipeline.id, (graph.path, pipeline)


def _verdict(pair: Pair, check: Check, horizon: Horizon, told: Told, limit: int | None) -> Verdict:
    manual = told.manual.get(pair.source.id, ())
    unknown = inexact(pair)
    if check == "schedule":
        try:
            found, compared = schedule(pair.source, pair.target, horizon)
        except UnknownScheduleError as reason:
            return _told(pair, check, [], 0, str(reason))
        return _told(pair, check, found, compared, unknown)
    if manual and not unknown:
        unknown = f"refused by the writer: {', '.join(sorted(manual))}"
    if check == "structure":
        found, compared = structure(pair.source, pair.target, manual)
        return _told(pair, check, found, compared, unknown)
    if pair.source.id in told.fails_fast:
        return _told(pair, check, [], 0, FAILS_FAST)
    ended = outcomes(pair.source, pair.target, limit, told.plain)
    return Verdict(
        path=pair.path,
        pipeline=pair.source.id,
        check=check,
        differences=ended.differences,
        unknown=unknown or ended.unknown,
        compared=ended.compared,
        space=ended.space,
    )


def inexact(pair: Pair) -> str | None:
    """Which side's graph may not be the engine's, as a reason why nobody can tell."""
    sides = (("source", pair.source), ("target", pair.target))
    name = next((name for name, side in sides if not side.exact), None)
    return f"the graph of the {name} isn't exact" if name else None


def _told(pair: Pair, check: Check, found: list[Difference], compared: int, unknown: str | None) -> Verdict:
    return Verdict(
        path=pair.path,
        pipeline=pair.source.id,
        check=check,
        differences=tuple(found),
        compared=compared,
        unknown=unknown,
    )
