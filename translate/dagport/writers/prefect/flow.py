"""What a flow does with each of its tasks: the arguments, and what decides about them, of regions too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from dagport.passes.control import Control
from dagport.writers.prefect.builder import Built, Region, WrittenTask
from dagport.writers.prefect.calls import Given, ItemOf, ResultOf, Statements, TaskCall, statements
from dagport.writers.prefect.inputs import Inputs
from dagport.writers.prefect.scope import Scope

RULE = "all_success"


def statements_of(scope: Scope, built: Built) -> Statements:
    """The statements of the flow, in an order in which each task comes after those it waits for."""
    return _Flow(scope, built).statements()


class _Flow:
    def __init__(self, scope: Scope, built: Built) -> None:
        self.scope = scope
        self.built = built
        self.by_id = {written.task.id: written for written in built.tasks}
        self.position = {written.task.id: number for number, written in enumerate(built.tasks)}
        delegated = {written.control.group for written in built.tasks if written.fidelity in ("delegated", "manual")}
        self.groups = {group: over for group, over in built.groups.items() if group not in delegated}

    def statements(self) -> Statements:
        setups = [task_id for task_id, written in self.by_id.items() if written.task.setup]
        return statements(
            list(self._calls()),
            dict(self._controls()),
            groups=self.groups,
            item=self.scope.item_name,
            setups=setups,
            leaves=self._leaves(),
        )

    # What is called

    def _calls(self) -> Iterator[TaskCall]:
        """Every task; what runs a region comes before the tasks of it."""
        told: set[str] = set()
        for written in self.built.tasks:
            region = self.built.regions.get(written.region[0]) if written.region else None
            if region is not None and region.name.id not in told:
                told.add(region.name.id)
                name = region.name
                arguments = dict(self._arguments(region.inputs))
                yield TaskCall(task=name.id, function=name.function, future=name.future, arguments=arguments)
            yield self._call(written, region)

    def _call(self, written: WrittenTask, region: Region | None) -> TaskCall:
        name = written.name
        arguments = (
            dict(self._arguments(written.inputs, in_group=written.control.group is not None and written.over is None))
            if region is None
            else {"region": ResultOf(task=region.name.id)}
        )
        return TaskCall(
            task=name.id,
            function=name.function,
            future=name.future,
            futures=name.futures,
            arguments=arguments,
            over=written.over,
        )

    @staticmethod
    def _arguments(inputs: Inputs, *, in_group: bool = False) -> Iterator[tuple[str, Given]]:
        for task_id, parameter in inputs.upstream.items():
            yield parameter, ResultOf(task=task_id)
        for item, parameter in inputs.items.items() if in_group else ():
            yield parameter, ItemOf(name=item)
        yield from inputs.of_flow.items()

    # What decides

    def _controls(self) -> Iterator[tuple[str, Control]]:
        for region in self.built.regions.values():
            # What else decides about its tasks, Airflow knows.
            yield region.name.id, Control(rule=RULE, upstream=region.outside, gated=region.gated)
        for task_id, written in self.by_id.items():
            control = written.control
            if written.region:
                region = self.built.regions[written.region[0]]
                control = Control(rule=RULE, upstream=(region.name.id,), gated=True, may_skip=True, leaf=control.leaf)
            elif not control.gated:
                # What was folded has left its own dependencies behind.
                control = replace(control, upstream=self._sorted(self.scope.dependencies.upstream[task_id]))
            yield task_id, control

    def _leaves(self) -> list[str]:
        """The tasks that decide about the run; those before a folded leaf in its place."""
        found: dict[str, None] = {}
        for task_id, control in self.built.controls.items():
            if control.leaf:
                found.update(dict.fromkeys(self._standing(task_id, self.built.controls)))
        return list(self._sorted(found))

    def _standing(self, task_id: str, controls: Mapping[str, Control]) -> Iterator[str]:
        if task_id in self.by_id:
            yield task_id
            return
        for upstream in controls[task_id].upstream:
            yield from self._standing(upstream, controls)

    def _sorted(self, task_ids: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(task_ids, key=self.position.__getitem__))
