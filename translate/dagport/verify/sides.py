"""The source or the target of a comparison, as the model of its Airflow sees it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from dagport.graph import Pipeline, Task
from dagport.readers.airflow import operators
from dagport.semantics.outcomes import CycleError, Outcomes, Prediction, Shape, UnknownRuleError
from dagport.semantics.outcomes.predict import predict_airflow, predict_runs
from dagport.semantics.outcomes.rules import Version
from dagport.semantics.outcomes.shape import calls_in, is_mapped_argument

MODELLED: tuple[Version, ...] = ("2", "3")
SKIPPING = ("branch", "short_circuit")  # what these skip is in the model


class NotModelledError(Exception):
    """Something decides about states that the model hasn't; the message says what."""


@dataclass(frozen=True, slots=True)
class Side:
    """One pipeline, ready for many predictions."""

    pipeline: Pipeline
    shape: Shape

    @classmethod
    def of(cls, pipeline: Pipeline, plain: Collection[str] = ()) -> Side:
        """A pipeline of Airflow; ``plain``: operators that aren't Airflow's, and skip nothing else.

        Raises ``NotModelledError``.
        """
        version = next((name for name in MODELLED if name == pipeline.engine_version), None)
        if version is None:
            raise NotModelledError(f"there is no model of Airflow {pipeline.engine_version or 'of an unknown version'}")
        for reason in _not_modelled(pipeline, plain):
            raise NotModelledError(reason)
        try:
            return cls(pipeline, Shape.of(pipeline, version, mapped_groups(pipeline)))
        except (UnknownRuleError, CycleError) as error:
            raise NotModelledError(str(error)) from None

    @property
    def waits_for_past(self) -> bool:
        """Whether a task looks at the run before."""
        return any(node.past for node in self.shape.nodes)

    def runs(self, outcomes: Outcomes, *, two: bool) -> list[Prediction]:
        """How a run ends, and how the one after ends, in which all goes well, if ``two`` are asked for."""
        if two:
            return predict_runs(self.shape, [outcomes, Outcomes()], version=self.shape.version)
        return [predict_airflow(self.shape, outcomes, version=self.shape.version)]


def mapped_groups(pipeline: Pipeline) -> list[str]:
    """The groups of which there is an instance for each item."""
    return [group.id for group in pipeline.groups if group.mapped]


def _not_modelled(pipeline: Pipeline, plain: Collection[str]) -> Iterator[str]:
    groups = {group.id: group for group in pipeline.groups}
    upstream = {edge.upstream for edge in pipeline.edges}
    for task in pipeline.tasks:
        above = list(_above(task.group, {one: group.parent for one, group in groups.items()}))
        mapped = [one for one in above if one in groups and groups[one].mapped]
        if len(mapped) + (task.mapped is not None) > 1:
            yield f"`{task.id}` is mapped within what is mapped"
        if not mapped and any(map(is_mapped_argument, calls_in(list(task.arguments.values())))):
            yield f"`{task.id}` takes an item of a mapped group, and the graph doesn't say which group is mapped"
        if task.id in upstream and task.operator not in plain and may_skip_others(task):
            yield f"whether `{task.operator}` (`{task.id}`) skips what comes after it isn't known"


def _above(group: str | None, parents: dict[str, str | None]) -> Iterable[str]:
    while group is not None:
        yield group
        group = parents.get(group)


def may_skip_others(task: Task) -> bool:
    """Whether its operator may skip other tasks in a way that the model doesn't have.

    One of Airflow's does if it has a ``SkipMixin``; of another class nobody knows.
    """
    if task.kind in SKIPPING:
        return False
    if not task.operator.startswith("airflow."):
        return True
    entry = operators.find(task.operator)
    return entry is not None and entry.skips
