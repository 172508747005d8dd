"""Whether a target's tasks end as the source's may, whatever their bodies do."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from dagport.graph import Pipeline, Task
from dagport.semantics.outcomes import Outcome, Outcomes, Prediction, simulate, space_of
from dagport.semantics.outcomes.model import Key
from dagport.verify.examples import smallest
from dagport.verify.model import Difference
from dagport.verify.outcomes import SHOWN, Clash, Ends, Found, default_limit, ends, told_clash
from dagport.verify.sides import NotModelledError, Side, mapped_groups
from dagport.verify.targets.model import Report, TargetPipeline
from dagport.verify.targets.predict import TargetSide


@dataclass(frozen=True, slots=True)
class _Both:
    old: Side
    new: TargetSide

    def clashes(self, case: Outcomes) -> Iterator[Clash]:
        """What ends in the target as it can't end in the source: upstream tasks first, the run last."""
        shape, second = self.old.shape, self.new.predict(case)
        if self._agree(simulate(shape, case, version=shape.version), second):
            return  # nothing else that may happen in the source matters
        first = self.old.runs(case, two=False)[0]
        for key in self._keys(first, second):
            one, other = ends(first, key), ends(second, key)
            if not other <= one:
                certain = second.states.get(key) not in one
                yield Clash(run=0, key=key, source=one, target=other, certain=certain)
        if second.run not in first.possible_runs and not self.new.delegates:
            yield Clash(
                run=0, key=None, source=Ends(first.possible_runs), target=Ends(second.possible_runs), certain=True
            )

    def _agree(self, first: Prediction, second: Prediction) -> bool:
        """Whether all ends alike where every task of the source takes equally long, which is one of its orders."""
        if first.run != second.run and not self.new.delegates:
            return False
        keys = self._keys(first, second)
        return all(key not in second.possible and first.states.get(key) == second.states.get(key) for key in keys)

    def _keys(self, first: Prediction, second: Prediction) -> list[Key]:
        known = self.new.target.units
        keys = {key for key in (*first.states, *second.states) if key[0] in known and key[0] in self.old.shape.number}
        places = {self.old.shape.nodes[number].id: place for place, number in enumerate(self.old.shape.order)}
        return sorted(keys, key=lambda key: (places[key[0]], key[1]))


def outcomes(
    source: Pipeline, target: TargetPipeline, orchestrator: Literal["dagster", "prefect"], report: Report,
    able: Collection[str], plain: Collection[str] = (), limit: int | None = None,
) -> Found:  # fmt: skip
    """The smallest outcomes after which the target ends as the source can't, one for each cause.

    ``able``: tasks that may skip themselves; folded tasks always succeed. ``plain``: see ``Side.of``.
    """
    try:
        old = Side.of(source, plain)
        both = _Both(old, TargetSide(source, old.shape, target, orchestrator))
        cases, space = cases_of(source, old, report.folded, able, limit or default_limit(source))
        examples = _Examples(both)
        for case in cases:
            examples.look(case)
    except NotModelledError as reason:
        return Found(unknown=str(reason))
    return Found(
        differences=tuple(examples.found), examples=tuple(examples.cases), unknown=examples.doubt,
        compared=len(cases), space=space,
    )  # fmt: skip


def cases_of(
    source: Pipeline, old: Side, folded: Collection[str], able: Collection[str], limit: int
) -> tuple[list[Outcomes], int]:
    """The outcomes to compare, those that dictate little first, and how many there are at most."""
    space = space_of(source, version=old.shape.version, mapped_groups=mapped_groups(source), limit=limit)
    found: dict[str, Outcomes] = {}
    for case in space.cases:
        kept = {name: one for name, one in case.tasks.items() if _may(name, one, folded, able)}
        found.setdefault(repr(kept | dict(case.items)), replace(case, tasks=kept))
    well = replace(space.cases[0], tasks={})
    for task in source.tasks:
        for one in _alone(task, able) if task.id not in folded else ():
            more = replace(well, tasks={task.id: one})
            found.setdefault(repr(more.tasks), more)
    return sorted(found.values(), key=lambda case: len(case.tasks)), space.size if space.rule == "sample" else len(
        found
    )


def _alone(task: Task, able: Collection[str]) -> Iterator[Outcome]:
    """Ends that the space leaves out for some kinds of tasks: out of tries, and a skip of a command or a sensor."""
    yield Outcome(failures=int(task.retries or 0) + 1)
    if task.id in able:
        yield Outcome(ends="skip")


def _may(name: str, outcome: Outcome, folded: Collection[str], able: Collection[str]) -> bool:
    return name not in folded and (outcome.ends != "skip" or name in able)


class _Examples:
    """Smallest examples, one for each task that differs first."""

    def __init__(self, both: _Both) -> None:
        self.both = both
        self.found: list[Difference] = []
        self.cases: list[Outcomes] = []
        self.doubt: str | None = None
        self.explained: set[str | None] = set()

    def look(self, case: Outcomes) -> None:
        """Take up the first clash that isn't explained by what is known."""
        first = next((clash for clash in self.both.clashes(case) if clash.task not in self.explained), None)
        if first is None or len(self.found) >= SHOWN:
            return
        case = smallest(case, lambda smaller: self._same(first, smaller) is not None)
        clash = self._same(first, case) or first
        told = told_clash(clash, case, self.both.old)
        self._explain(clash)
        if clash.certain:
            self.cases.append(case)
            self.found.append(told)
        elif self.doubt is None:
            self.doubt = f"it may depend on which task is faster: {told.task or 'the run'}: {told.message}"

    def _explain(self, clash: Clash) -> None:
        shape = self.both.old.shape
        self.explained |= {clash.task, None}
        if clash.task is not None:
            node = shape.nodes[shape.number[clash.task]]
            self.explained |= {shape.nodes[one].id for one in node.all_downstream}

    def _same(self, clash: Clash, case: Outcomes) -> Clash | None:
        return next((one for one in self.both.clashes(case) if one.task == clash.task), None)
