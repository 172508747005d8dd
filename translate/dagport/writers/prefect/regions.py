"""Which tasks Airflow goes on running, and which of them it has to run together.

A flow knows how every task has ended and asks Airflow's own rules, so a task is delegated alone wherever its run in
Airflow tells all that others ask. Where it doesn't (what a branch has chosen, how each instance of a mapped task has
ended, a setup, which Airflow adds to the tasks that it is asked for), they are run together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dagport.graph import Pipeline
from dagport.passes.control import Control, control_of
from dagport.semantics.outcomes.rules import UnknownRuleError
from dagport.semantics.outcomes.shape import CycleError
from dagport.writers.common.regions import BETWEEN, UNSURE, Bits, Delegation, Regions, bits_of, indices_of

BY_ALL = "all_success"  # one instance that has failed counts like any number of them


def delegation_of(pipeline: Pipeline, refused: Mapping[str, str], opaque: frozenset[str]) -> Delegation:
    """The regions around the tasks that have no form in Prefect.

    ``refused`` says why, by task; ``opaque`` are those of which isn't known whose results they read.
    """
    return _Regions(pipeline, refused, opaque).close()


def surely_before(pipeline: Pipeline) -> Mapping[str, frozenset[str]]:
    """The tasks that have succeeded whenever a task runs."""
    regions = Regions(pipeline, {}, frozenset())
    ids = [task.id for task in pipeline.tasks]
    return {task: frozenset(ids[one] for one in indices_of(regions.needed[index])) for index, task in enumerate(ids)}


class _Regions(Regions):
    def __init__(self, pipeline: Pipeline, refused: Mapping[str, str], opaque: frozenset[str]) -> None:
        super().__init__(pipeline, refused, opaque)
        try:
            self.controls: Mapping[str, Control] = control_of(pipeline)
        except (CycleError, UnknownRuleError):  # Airflow refuses the file
            self.controls = {}

    def close(self) -> Delegation:
        for index in list(self.reasons):
            self._join(1 << index, "")
        return self._grown()

    def _more(self, members: Bits) -> Iterator[tuple[Bits, str]]:
        for index in indices_of(members):
            yield from self._bound(index)
            yield from self._read_with(index)
        if members & (members - 1):  # several tasks, which begin together
            before = after = 0
            for index in indices_of(members):
                before, after = before | self.before[index], after | self.after[index]
            yield before & after, BETWEEN
            for index in indices_of(members):
                control = self.controls.get(self.tasks[index].id)
                yield self._of(control.far if control else ()), f"it may skip {self.tasks[index].id!r} from afar"
            yield from self._entering(members)

    def _bound(self, index: int) -> Iterator[tuple[Bits, str]]:
        """What has to run in the same run of Airflow as a task."""
        task = self.tasks[index]
        control = self.controls.get(task.id, Control(rule=task.trigger_rule))
        if index in self.mapped:
            yield self.mapped[index], f"it is part of the mapped group {task.group!r}"
        yield self._of(control.skips), f"{task.id!r} decides whether it runs"
        if task.mapped is not None or index in self.mapped:
            asking = [one for one in self.down[index] if self.tasks[one].trigger_rule != BY_ALL]
            yield bits_of(asking), f"it asks how each instance of {task.id!r} has ended"
        setups = [one for one in indices_of(self.before[index] | 1 << index) if self.tasks[one].setup]
        for setup in setups if task.setup or control.setups or task.teardown else self._direct(index, setups):
            ends = [one for one in self.down[setup] if self.tasks[one].teardown]
            yield bits_of([setup, *ends]), f"{self.tasks[setup].id!r} is set up for it"
        if task.teardown:
            yield bits_of(self.up[index]), f"{task.id!r} is its teardown"

    def _direct(self, index: int, setups: list[int]) -> list[int]:
        return [one for one in setups if one in self.up[index]]

    def _read_with(self, index: int) -> Iterator[tuple[Bits, str]]:
        """Tasks that read results of it, or the other way round, that need not be there; and results of instances."""
        several = bits_of(other for other in indices_of(self.reads[index]) if self._is_several(other))
        yield several, f"{self.tasks[index].id!r} reads the results of its instances"
        yield self.reads[index] & ~self.needed[index], UNSURE
        unsure = [
            one for one, reads in enumerate(self.reads) if reads >> index & 1 and not self.needed[one] >> index & 1
        ]
        yield bits_of(unsure), UNSURE

    def _of(self, tasks: tuple[str, ...]) -> Bits:
        return bits_of(self.number[task] for task in tasks)
