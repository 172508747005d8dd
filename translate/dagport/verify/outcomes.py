"""Whether the tasks of two pipelines end in the same states, whatever their bodies do.

Bodies count as stubs whose outcomes are dictated; the models of both Airflows predict how the runs end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeAlias

from dagport.graph import Pipeline
from dagport.semantics.outcomes import Outcome, Outcomes, Prediction, simulate, space_of
from dagport.semantics.outcomes.airflow import Instance, heaviest_first
from dagport.semantics.outcomes.model import Key
from dagport.semantics.outcomes.shape import Shape
from dagport.verify.examples import smallest, told
from dagport.verify.model import Difference
from dagport.verify.sides import NotModelledError, Side, mapped_groups
from dagport.verify.suspects import near_changes

WORK = 2_500  # tasks that are predicted for each pipeline, if nothing else is asked for
FEWEST, MOST = 20, 250  # outcomes
SHOWN = 3  # examples
Ends: TypeAlias = frozenset[str | None]  # states in which something may end; None: it isn't there, or never ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Something that ends otherwise on the two sides."""

    run: int  # 0, or 1: the run after
    key: Key | None  # None: the run itself
    source: Ends
    target: Ends
    certain: bool  # else the orders of tasks in which it differs may not exist

    @property
    def task(self) -> str | None:
        """The task, unless it is the run."""
        return self.key[0] if self.key else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a comparison of outcomes finds."""

    differences: tuple[Difference, ...] = ()
    examples: tuple[Outcomes, ...] = ()  # of each difference
    unknown: str | None = None
    compared: int = 0
    space: int = 0  # outcomes that there are


def outcomes(before: Pipeline, after: Pipeline, limit: int | None = None, plain: Collection[str] = ()) -> Found:
    """The smallest outcomes after which a task ends otherwise, one for each of at most ``SHOWN`` causes.

    ``limit``: how many outcomes are compared at most; by default so many that a large pipeline takes no longer than
    a small one. All of them are compared where they are few, else the sample of ``semantics.outcomes.enumerate``.
    ``plain``: see ``Side.of``.
    """
    try:
        old, new = Side.of(before, plain), Side.of(after, plain)
    except NotModelledError as reason:
        return Found(unknown=str(reason))
    cases, space = cases_of(old, new, limit or default_limit(before))
    certain = _Examples(old, new, certain=True)
    unsure = _Examples(old, new, certain=False)
    for case in cases:
        found = list(clashes(old, new, case))
        certain.look(case, [clash for clash in found if clash.certain])
        unsure.look(case, [clash for clash in found if not clash.certain])
    doubt = next((f"{item.task}: {item.message}" if item.task else item.message for item in unsure.found), None)
    return Found(
        differences=tuple(certain.found),
        examples=tuple(certain.cases),
        unknown=f"it may depend on which task is faster: {doubt}" if doubt else None,
        compared=len(cases),
        space=space,
    )


def default_limit(pipeline: Pipeline) -> int:
    """How many outcomes are compared if nobody says."""
    return max(FEWEST, min(MOST, WORK // max(1, len(pipeline.tasks))))


def cases_of(old: Side, new: Side, limit: int) -> tuple[list[Outcomes], int]:
    """The outcomes to compare, those that dictate little first, and how many there are."""
    spaces = [
        space_of(side.pipeline, version=side.shape.version, mapped_groups=mapped_groups(side.pipeline), limit=limit)
        for side in (old, new)
    ]
    found = {repr(case): case for space in spaces for case in space.cases[:limit]}
    if any(space.rule == "sample" for space in spaces):
        found |= {repr(case): case for case in islice(near_changes(old, new), limit)}
    for case in _of_retries(old, new, spaces[0].cases[0]):
        found.setdefault(repr(case), case)
    return sorted(found.values(), key=lambda case: len(case.tasks)), max(len(found), *(one.size for one in spaces))


def _of_retries(old: Side, new: Side, well: Outcomes) -> Iterator[Outcomes]:
    """As many failures as only one side tries again after, and all else goes well."""
    for node in old.shape.nodes:
        other = new.shape.number.get(node.id)
        if other is not None and new.shape.nodes[other].retries != node.retries:
            failures = max(node.retries, new.shape.nodes[other].retries)
            yield replace(well, tasks={**well.tasks, node.id: Outcome(failures=failures)})


def clashes(old: Side, new: Side, case: Outcomes) -> Iterator[Clash]:
    """What ends otherwise after some outcomes: upstream tasks first, the runs themselves last."""
    two = old.waits_for_past or new.waits_for_past
    for number, (first, second) in enumerate(zip(old.runs(case, two=two), new.runs(case, two=two), strict=True)):
        for key in _keys(old, new, first, second):
            one, other = ends(first, key), ends(second, key)
            if one != other:
                sure = first.states.get(key) not in other or second.states.get(key) not in one
                sure = sure or (number == 0 and _is_witnessed(old, new, case, key, one, other))
                yield Clash(run=number, key=key, source=one, target=other, certain=sure)
            elif first.states.get(key) != second.states.get(key):
                # Each may end as the other does, but not where tasks take equally long.
                yield Clash(run=number, key=key, source=one, target=other, certain=False)
        if first.possible_runs != second.possible_runs:
            sure = first.run not in second.possible_runs or second.run not in first.possible_runs
            yield Clash(run=number, key=None, source=Ends(first.possible_runs), target=Ends(second.possible_runs),
                        certain=sure)  # fmt: skip
        elif first.run != second.run:
            yield Clash(run=number, key=None, source=Ends(first.possible_runs), target=Ends(second.possible_runs),
                        certain=False)  # fmt: skip


def _keys(old: Side, new: Side, first: Prediction, second: Prediction) -> Iterator[Key]:
    """The instances of the tasks that both have, upstream ones first."""
    indexes: dict[str, set[int]] = {}
    for task_id, index in (*first.states, *second.states, *first.possible, *second.possible):
        indexes.setdefault(task_id, set()).add(index)
    for number in old.shape.order:
        task_id = old.shape.nodes[number].id
        if task_id in new.shape.number:
            yield from ((task_id, index) for index in sorted(indexes.get(task_id, ())))


def ends(prediction: Prediction, key: Key) -> Ends:
    """All states in which an instance may end."""
    return Ends(prediction.possible.get(key) or {prediction.states.get(key)})


def heaviest_alone(shape: Shape, running: list[Instance]) -> Sequence[Instance]:
    """One task after the other."""
    return heaviest_first(shape, running)[:1]


def lightest_alone(shape: Shape, running: list[Instance]) -> Sequence[Instance]:
    """One task after the other, in another order."""
    return heaviest_first(shape, running)[-1:]


def _is_witnessed(old: Side, new: Side, case: Outcomes, key: Key, source: Ends, target: Ends) -> bool:
    """Whether an order shows that one side can end as the other can't; ``possible`` alone may have too many states."""
    for side, others in ((old, target), (new, source)):
        for order in (heaviest_alone, lightest_alone):
            found = simulate(side.shape, case, version=side.shape.version, order=order)
            if found.states.get(key) not in others:
                return True
    return False


class _Examples:
    """Smallest examples of different causes: of a task below one that differs already, nothing is said."""

    def __init__(self, old: Side, new: Side, *, certain: bool) -> None:
        self.old, self.new, self.certain = old, new, certain
        self.found: list[Difference] = []
        self.cases: list[Outcomes] = []
        self.explained: set[str] = set()

    def look(self, case: Outcomes, found: Sequence[Clash]) -> None:
        """Take up the first clash of a case that isn't explained by what is known."""
        first = next((clash for clash in found if not self._is_explained(clash)), None)
        if first is None or len(self.found) >= SHOWN:
            return
        case = smallest(case, lambda smaller: self._same(first, smaller) is not None)
        clash = self._same(first, case) or first
        self.cases.append(case)
        self.found.append(told_clash(clash, case, self.old))
        if clash.task is not None:
            node = self.old.shape.nodes[self.old.shape.number[clash.task]]
            self.explained |= {clash.task, *(self.old.shape.nodes[one].id for one in node.all_downstream)}

    def _is_explained(self, clash: Clash) -> bool:
        return bool(self.found) if clash.task is None else clash.task in self.explained

    def _same(self, clash: Clash, case: Outcomes) -> Clash | None:
        """The clash of the same task after other outcomes."""
        return next(
            (
                one
                for one in clashes(self.old, self.new, case)
                if one.task == clash.task and one.certain == self.certain
            ),
            None,
        )


def told_clash(clash: Clash, case: Outcomes, side: Side) -> Difference:
    """A clash, and after which outcomes it comes."""
    index = f"[{clash.key[1]}]" if clash.key and clash.key[1] >= 0 else ""
    subject = "" if clash.task else "the run: "
    after = " in the run after" if clash.run else ""
    text = f"{_ends(clash.source)} in the source, {_ends(clash.target)} in the target{after}"
    return Difference(
        task=f"{clash.task}{index}" if clash.task else None,
        message=f"{subject}{text}, {told(case, side.shape, clash.task)}",
    )


def _ends(states: Ends) -> str:
    return " or ".join(sorted(state or "no end" for state in states))
