"""One pipeline to one module: every task gets an asset, or is folded, and a fidelity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from dagport.graph import Task
from dagport.translation import Fidelity, TaskOutcome
from dagport.writers.common import builder as common
from dagport.writers.common.builder import documented, mapped_members
from dagport.writers.common.code import annotations_resolve
from dagport.writers.common.delegation import by_airflow
from dagport.writers.common.model import Function, Inspection, Refused, Settings
from dagport.writers.common.naming import camel, clean, identifier
from dagport.writers.common.python import SKIP
from dagport.writers.common.regions import Delegation
from dagport.writers.dagster import callbacks, delegated, refuse
from dagport.writers.dagster.alone import read_by
from dagport.writers.dagster.forms import FORMS, form_of
from dagport.writers.dagster.freshness import import_for, with_freshness
from dagport.writers.dagster.inputs import Inputs
from dagport.writers.dagster.op_tasks import OpTasks
from dagport.writers.dagster.scope import AssetName, Scope
from dagport.writers.dagster.settings import settings_of
from dagport.writers.dagster.time_limits import limited


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenAsset:
    """The asset of one task."""

    task: Task
    name: AssetName
    inputs: Inputs
    function: Function
    settings: Settings
    fidelity: Fidelity
    skips: bool = False
    reason: str | None = None
    region: tuple[str, ...] = ()  # the tasks that Airflow runs together with it, in one function; itself included
    graph: tuple[str, ...] = ()  # the tasks that it is an op with, in one graph; itself included


class Builder(common.Builder):
    """Writes the tasks of one pipeline."""

    scope: Scope

    def __init__(
        self,
        scope: Scope,
        prefix: str,
        delegation: Delegation | None = None,
        alone: Mapping[str, str] | None = None,
    ) -> None:
        """``delegation`` is what Airflow runs, ``None`` when what has no form is refused for good.

        ``alone`` says why Airflow runs an op of a graph.
        """
        super().__init__(scope, delegation)
        self.alone = alone or {}
        self.prefix = prefix
        self.regions: dict[str, tuple[AssetName, Inputs, Function]] = {}  # first task -> what runs all of them
        self.mapped = mapped_members(scope.pipeline)
        self.ops = OpTasks(scope, prefix, self.names)
        self.skipping: set[str] = set()  # tasks whose own work may end in a skip
        self.targets: dict[str, str] = {}  # tasks that are no assets -> where they went

    def build(self) -> tuple[WrittenAsset, ...]:
        """All assets, in an order in which each comes after those it depends on."""
        scope = self.scope
        self._count_uses()
        tasks = [scope.task(task_id) for task_id in scope.dependencies.order]
        for task in tasks:
            self._inspect(task)
        self._check_annotations(tasks)
        self._name(tasks)
        return tuple(self._write(task) for task in tasks)

    def _is_delegated(self, task: Task) -> bool:
        return super()._is_delegated(task) or task.id in self.scope.graphs.delegated

    # Looking

    def _inspect(self, task: Task) -> None:
        super()._inspect(task)
        if self.inspections[task.id].skips and task.id not in self.delegation.reasons and task.id not in self.refusals:
            self.skipping.add(task.id)

    def _inspected(self, task: Task) -> Inspection:
        inspection = self.ops.inspect(task) if task.id in self.scope.graphs.members else self._as_asset(task)
        self._check_slice(inspection.names)
        return inspection

    def _as_asset(self, task: Task) -> Inspection:
        form = form_of(task)
        if task.id in self.mapped:
            raise Refused("it is part of a mapped group: how many times it runs is known only when it runs")
        self._check_rule(task)
        inspection = form.inspect(task, self.scope)
        hooks = callbacks.function_names(callbacks.task_callbacks(task, self.scope))
        inspection = replace(inspection, names=inspection.names | hooks) if hooks else inspection
        if inspection.skips and SKIP in self.ops.raised(task):
            self.skipping.add(task.id)
            raise Refused(f"it skips itself by {SKIP}")
        return inspection

    def _by_airflow(self, task: Task) -> Inspection:
        return by_airflow(several=task.mapped is not None or task.id in self.mapped)

    def _check_rule(self, task: Task) -> None:
        if task.trigger_rule != "all_success" and any(edge.downstream == task.id for edge in self.scope.pipeline.edges):
            raise Refused(
                f"its trigger rule is {task.trigger_rule}, and an asset runs when all before it have succeeded"
            )

    def _check_generated(self, task: Task) -> None:
        taken = self.inspections[task.id].generated & self.scope.module_names(self._needed())
        if taken:
            raise Refused(f"the module's own `{min(taken)}` isn't what that name means in the generated code")

    def _check_annotations(self, tasks: list[Task]) -> None:
        """Dagster reads annotations as objects, so those of the module can stay texts only where they have to."""
        needed = self.scope.module.slice(self._needed())
        if any(line.startswith("from __future__") and "annotations" in line for line in needed.imports):
            left = {*self.refusals, *self.delegation.reasons, *self.scope.graphs.delegated}
            texts = [*needed.definitions, *(self.scope.segment(task) for task in tasks if task.id not in left)]
            self.scope.postponed = not annotations_resolve(needed.imports, texts)

    def _needed(self) -> frozenset[str]:
        called = frozenset(name for sensor in callbacks.run_sensors(self.scope) for name in sensor.functions)
        return called.union(*(item.names for item in self.inspections.values()))

    # Naming

    def _name(self, tasks: list[Task]) -> None:
        self.names.reserve(self.scope.module_names(self._needed()))
        self.names.reserve(key for key, _ in self.scope.project.connections.values())
        self.names.reserve(name for inspection in self.inspections.values() for name in inspection.generated)
        self.scope.partitions_name = self.names.allocate("partitions")
        self.scope.config_name = self.names.allocate(f"{camel(self.scope.pipeline.id)}Config")
        self._name_helpers(tasks)
        # Names that Dagster takes as they are come first: only the others have to give way.
        for task in sorted(tasks, key=lambda task: clean(task.id) != task.id):
            op_name = self.scope.project.op(f"{self.prefix}__{clean(task.id)}", self.prefix, task.id)
            short = op_name.removeprefix(f"{self.prefix}__")
            function = self.names.allocate(identifier(short, "task"), ["asset"])
            self.scope.names[task.id] = AssetName(key=(self.prefix, short), function=function)
            if short != task.id.replace(".", "_"):
                self._say("DP404", f"the task {task.id!r} is the asset {self.prefix}/{short}", task)

    # Writing

    def _write(self, task: Task) -> WrittenAsset:
        if task.id in self.delegation.reasons:
            return self._delegate(task)
        if task.id in self.scope.graphs.delegated:
            return self._delegate_op(task)
        name = self.scope.names[task.id]
        metadata = {} if name.key[1] == task.id else {"airflow/task_id": f'"{task.id}"'}
        is_op = task.id in self.scope.graphs.members
        settings = self.ops.settings(task, metadata) if is_op else self._settings(task, metadata)
        try:
            self._check(task, settings)
            self._check_generated(task)
            inputs, function = self.ops.write(task) if is_op else form_of(task).write(task, self.scope)
            self._check_slice(function.names)
        except Refused as refused:
            return self._refuse(task, settings, str(refused))
        return self._accept(task, settings, inputs, function)

    def _settings(self, task: Task, metadata: Mapping[str, str]) -> Settings:
        form = FORMS.get(task.operator)
        own = form.ARGUMENTS if form is not None else frozenset[str]()
        settings = settings_of(task, self.scope.pipeline, self.scope.assets, own, metadata)
        return with_freshness(callbacks.with_hooks(settings, task, self.scope), task, self.scope)

    def _accept(self, task: Task, settings: Settings, inputs: Inputs, function: Function) -> WrittenAsset:
        reason = self._differs(task, settings, inputs)
        import_for(settings, inputs)
        return WrittenAsset(
            task=task,
            name=self.scope.names[task.id],
            inputs=inputs,
            function=callbacks.called(limited(documented(function, task), task, inputs), task, inputs, self.scope),
            settings=settings,
            fidelity="approximate" if reason else "native",
            skips=self.inspections[task.id].skips,
            reason=reason,
            graph=self.scope.graphs.region_of(task.id),
        )

    def _delegate(self, task: Task) -> WrittenAsset:
        region = self.delegation.region_of(task.id)
        reason = delegated.why(task, self.delegation.reasons[task.id], self.scope)
        self._say("DP410", reason, task)
        name, inputs, function = self._region(region, reason)
        settings = delegated.settings(task, self.scope.pipeline, self.scope.assets)
        self._tell([*settings.notes, *inputs.notes], task)
        return WrittenAsset(
            task=task,
            name=self.scope.names[task.id] if len(region) > 1 else name,
            inputs=inputs,
            function=function,
            settings=settings,
            fidelity="delegated",
            skips=True,
            reason=reason,
            region=region if len(region) > 1 else (),
        )

    def _delegate_op(self, task: Task) -> WrittenAsset:
        """An op of a graph whose task Airflow runs."""
        reason = delegated.why(task, self.alone[task.id], self.scope)
        self._say("DP410", reason, task)
        name = self.scope.names[task.id]
        doc = f"Airflow runs this task: {reason}."
        inputs, function = delegated.write_op(task, read_by(task, self.scope), name.function, doc, self.scope)
        inputs.support["control"] = None
        settings = delegated.settings(task, self.scope.pipeline, self.scope.assets)
        self._tell([*settings.notes, *inputs.notes], task)
        return WrittenAsset(
            task=task,
            name=name,
            inputs=inputs,
            function=function,
            settings=settings,
            fidelity="delegated",
            skips=True,
            reason=reason,
            graph=self.scope.graphs.region_of(task.id),
        )

    def _region(self, region: tuple[str, ...], reason: str) -> tuple[AssetName, Inputs, Function]:
        """The function that runs some tasks, written once for all of them; its name, and that of its op."""
        if region[0] not in self.regions:
            tasks = [self.scope.task(task_id) for task_id in region]
            name, doc = self.scope.names[region[0]], f"Airflow runs this task: {reason}."
            if len(region) > 1:
                short = f"{name.key[1]}_region"
                op_name = self.scope.project.op(f"{self.prefix}__{short}", self.prefix, "", region[0])
                name = AssetName(key=("", op_name), function=self.names.allocate(identifier(short, "tasks")))
                doc = f"Airflow runs these {len(region)} tasks together."
            read = dict.fromkeys(item for task_id in region for item in self.delegation.read[task_id])
            inputs, function = delegated.write(tasks, read, name.function, doc, self.scope)
            self.regions[region[0]] = name, inputs, function
        return self.regions[region[0]]

    def _refuse(self, task: Task, settings: Settings, reason: str) -> WrittenAsset:
        self.refusals[task.id] = reason
        self._say("DP401", reason, task)
        return WrittenAsset(
            task=task,
            name=self.scope.names[task.id],
            inputs=Inputs(self.scope, task, ()),
            function=documented(refuse.write(task, self.scope, reason), task),
            settings=settings,
            fidelity="manual",
            reason=reason,
            graph=self.scope.graphs.region_of(task.id),
        )

    # Telling

    def outcomes(self, assets: tuple[WrittenAsset, ...]) -> Iterator[TaskOutcome]:
        """What became of every task, in the source's order."""
        by_task = {asset.task.id: asset for asset in assets}
        yield from self._outcomes(
            by_task, {one: self.targets.get(one, asset.name.path) for one, asset in by_task.items()}
        )
