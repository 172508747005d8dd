"""One pipeline to the functions of its tasks: every task gets one, or is folded, and a fidelity."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from dagport.graph import Task
from dagport.passes.control import Control, control_of
from dagport.translation import Fidelity, TaskOutcome
from dagport.writers.common import builder as common
from dagport.writers.common.builder import documented
from dagport.writers.common.delegation import by_airflow
from dagport.writers.common.edges import Dependencies
from dagport.writers.common.model import Function, Inspection, Refused, Settings
from dagport.writers.common.naming import clean, identifier
from dagport.writers.common.python import SKIP
from dagport.writers.common.regions import Delegation
from dagport.writers.prefect import delegated, refuse
from dagport.writers.prefect.calls import Over
from dagport.writers.prefect.forms import FORMS, form_of
from dagport.writers.prefect.inputs import EXCEPTIONS, Inputs
from dagport.writers.prefect.mapping import Mappings
from dagport.writers.prefect.scope import Scope, TaskName
from dagport.writers.prefect.settings import settings_of

DECIDES = frozenset({"on_failure_fail_dagrun", "ignore_downstream_trigger_rules"})
"""Arguments that the flow follows."""
FOR_GOOD = EXCEPTIONS["AirflowFailException"]
RAISED = re.compile(rf"\b({EXCEPTIONS[SKIP]}|{FOR_GOOD})\b")
AT_ONCE = ("one_success", "one_failed", "one_done", "always")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTask:
    """The Prefect task of one task."""

    task: Task
    name: TaskName
    inputs: Inputs
    function: Function
    settings: Settings
    control: Control
    gated: bool  # its decorator is that of tasks that may skip themselves, or whose rule has to be asked
    fidelity: Fidelity
    reason: str | None = None
    region: tuple[str, ...] = ()  # the tasks that Airflow runs together with it, itself included
    over: Over | None = None  # what it is mapped over


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Tasks that Airflow runs together: one Prefect task runs them, and one for each says how it has ended."""

    name: TaskName
    inputs: Inputs
    function: Function
    members: tuple[str, ...]
    outside: tuple[str, ...]  # the tasks before them
    gated: bool  # whether one of these may be skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """All of a pipeline's tasks, each after those it depends on."""

    tasks: tuple[WrittenTask, ...]
    regions: Mapping[str, Region] = field(default_factory=dict)  # first member -> region
    controls: Mapping[str, Control] = field(default_factory=dict)
    groups: Mapping[str, Over] = field(default_factory=dict)  # the mapped groups, and what they are mapped over

    @property
    def parts(self) -> tuple[WrittenTask | Region, ...]:
        """All that has a function."""
        return (*self.tasks, *self.regions.values())


class Builder(common.Builder):
    """Writes the tasks of one pipeline."""

    scope: Scope

    def __init__(self, scope: Scope, delegation: Delegation | None = None) -> None:
        """``delegation`` is what Airflow runs, ``None`` when what has no form is refused for good."""
        super().__init__(scope, delegation)
        self.regions: dict[str, Region] = {}
        self.controls: Mapping[str, Control] = {}
        self.mappings = Mappings(scope)
        self.groups: dict[str, Over] = {}
        scope.homes |= {task_id: one.group for task_id, one in self.mappings.controls.items() if one.group}

    def build(self) -> Built:
        """All tasks, in an order in which each comes after those it depends on."""
        scope, pipeline = self.scope, self.scope.pipeline
        self._count_uses()
        for task in pipeline.tasks:
            self._inspect(task)
        self.controls = control_of(pipeline, [task.id for task in pipeline.tasks if self._skips(task)])
        scope.dependencies = Dependencies(pipeline, kept(self.controls, self.delegation.reasons))
        tasks = [scope.task(task_id) for task_id in scope.dependencies.order]
        self._name(tasks)
        written = tuple(self._write(task) for task in tasks)
        self._check_regions()
        return Built(tasks=written, regions=self.regions, controls=self.controls, groups=self.groups)

    # Looking

    def _inspected(self, task: Task) -> Inspection:
        instance = self.mappings.instance(task)
        inspection = form_of(task).inspect(instance, self.scope)
        self._check_slice(inspection.names)
        return replace(inspection, result=replace(inspection.result, several=task.mapped is not None))

    def _by_airflow(self, task: Task) -> Inspection:
        return by_airflow(several=task.mapped is not None or task.id in self.scope.mapped)

    def _skips(self, task: Task) -> bool:
        """Whether its own work may end in a skip."""
        if self.inspections[task.id].skips or task.arguments.keys() & {"soft_fail", "never_fail"}:
            return True
        callable_ = task.callable
        known = task.id not in {*self.refusals, *self.delegation.reasons} and callable_ is not None and callable_.span
        return bool(known) and callable_ is not None and SKIP in self.scope.module.facts(callable_).raises

    def _check_regions(self) -> None:
        """What decides about one of several tasks that run together, in Airflow, is run there, too."""
        for region in self.regions.values():
            for chooser in {one for task_id in region.members for one in self.controls[task_id].choosers}:
                if chooser not in region.members:
                    self.refusals[chooser] = "it decides about tasks that Airflow runs together"

    # Naming

    def _name(self, tasks: list[Task]) -> None:
        scope = self.scope
        needed = frozenset[str]().union(*(item.names for item in self.inspections.values()))
        self.names.reserve(scope.module_names(needed))
        self.names.reserve(place.name for place in scope.params.fields.values())
        self.names.reserve(["logical_date", "data_interval_start", "data_interval_end"])
        self._name_helpers(tasks)
        for task in sorted(tasks, key=lambda task: clean(task.id) != task.id):
            scope.names[task.id] = self._allocate(task.id, "task")
        scope.flow_name = self.names.allocate(identifier(scope.flow_name, "flow"), ["flow"])
        scope.item_name = self.names.allocate("item") if scope.homes else scope.item_name
        for task in tasks:
            if task.id in self.delegation.reasons and len(region := self.delegation.region_of(task.id)) > 1:
                scope.regions[task.id] = region[0]

    def _allocate(self, task_id: str, suffix: str) -> TaskName:
        short = clean(task_id)
        function = self.names.allocate(identifier(short, "task"), [suffix])
        future = self.names.allocate(f"{function}_run")
        futures = self.names.allocate(f"{function}_runs") if self._is_several(task_id) else ""
        return TaskName(id=task_id, short=short, function=function, future=future, futures=futures)

    def _is_several(self, task_id: str) -> bool:
        task = self.scope.dependencies.tasks.get(task_id)
        return task is not None and (task.mapped is not None or task_id in self.scope.homes)

    # Writing

    def _write(self, task: Task) -> WrittenTask:
        if task.id in self.delegation.reasons:
            return self._delegate(task)
        form = FORMS.get(task.operator)
        own = (form.ARGUMENTS if form is not None else frozenset[str]()) | DECIDES
        settings = settings_of(task, self.scope.pipeline, self.scope.assets, own)
        try:
            self._check(task, settings)
            inputs, function = form_of(task).write(self.mappings.instance(task), self.scope)
            self._check_slice(function.names)
            over, group = self.mappings.over(task, inputs), self.mappings.over_group(task)
        except Refused as refused:
            return self._refuse(task, settings, str(refused))
        self.groups |= dict([group] if group else [])
        settings = self._with_retries(task, settings, inputs, function)
        return replace(self._accept(task, settings, inputs, function), over=over)

    def _with_retries(self, task: Task, settings: Settings, inputs: Inputs, function: Function) -> Settings:
        """What a function that may skip or fail for good needs."""
        raised = set(RAISED.findall("\n".join(_texts(function))))
        inputs.support.update(dict.fromkeys(sorted(raised)))
        if FOR_GOOD not in raised or "retries" not in settings.arguments or self._is_gated(task):
            return settings
        inputs.support["unless_permanent"] = None
        return replace(settings, arguments={**settings.arguments, "retry_condition_fn": "unless_permanent"})

    def _accept(self, task: Task, settings: Settings, inputs: Inputs, function: Function) -> WrittenTask:
        control = self.controls[task.id]
        if control.upstream and control.rule in AT_ONCE:
            asked = f"the rule {control.rule} is asked when all before it have ended, and not as soon as it is clear"
            self._tell([("DP403", asked)], task)
        reason = self._differs(task, settings, inputs, [control.doubt] if control.doubt else [])
        fidelity: Fidelity = "approximate" if reason else "native"
        return self._written(task, inputs, documented(function, task), settings, fidelity, reason)

    def _written(
        self, task: Task, inputs: Inputs, function: Function, settings: Settings, fidelity: Fidelity, reason: str | None
    ) -> WrittenTask:
        region = self.delegation.region_of(task.id) if task.id in self.scope.regions else ()
        return WrittenTask(
            task=task,
            name=self.scope.names[task.id],
            inputs=inputs,
            function=function,
            settings=settings,
            control=self.controls[task.id],
            gated=self._is_gated(task) or any(self._is_list_for(one, task) for one in inputs.upstream),
            fidelity=fidelity,
            reason=reason,
            region=region,
        )

    def _is_gated(self, task: Task) -> bool:
        return self.controls[task.id].gated or self._skips(task) or task.kind == "branch" or self.is_list(task)

    def _is_list_for(self, producer: str, task: Task) -> bool:
        """Whether a task takes the results of all instances of another, which only a gated one can."""
        return self.scope.is_list(producer, task.id) and self.scope.results[producer].kind not in ("xcoms", "unknown")

    def is_list(self, task: Task) -> bool:
        """Whether others are mapped over its result, which has to be a list or a dict."""
        several = task.mapped is not None or task.id in self.scope.homes
        return not several and any(task.id in control.lists for control in self.controls.values())

    def _delegate(self, task: Task) -> WrittenTask:
        reason = delegated.why(task, self.delegation.reasons[task.id], self.scope)
        self._say("DP410", reason, task)
        region = self.delegation.region_of(task.id)
        settings = delegated.settings(task, self.scope.pipeline, self.scope.assets)
        if len(region) > 1:
            self._region(region)
            inputs, function = delegated.write_member(task, reason, self.scope)
        else:
            inputs, function = delegated.write(
                [task], self.delegation.read[task.id], self.scope.names[task.id].function, reason, self.scope
            )
        self._tell([*settings.notes, *inputs.notes], task)
        return self._written(task, inputs, function, settings, "delegated", reason)

    def _region(self, region: tuple[str, ...]) -> Region:
        """What runs some tasks together, written once for all of them."""
        if region[0] not in self.regions:
            name = self._allocate(f"{region[0]}.region", "tasks")
            tasks = [self.scope.task(task_id) for task_id in region]
            read = dict.fromkeys(item for task_id in region for item in self.delegation.read[task_id])
            inputs, function = delegated.write(tasks, read, name.function, "", self.scope)
            upstream = self.scope.dependencies.upstream
            before = {one for task_id in region for one in upstream[task_id]} - set(region)
            self.regions[region[0]] = Region(
                name=name,
                inputs=inputs,
                function=function,
                members=region,
                outside=tuple(one for one in self.scope.dependencies.order if one in before),
                gated=any(self.controls[one].may_skip for one in before),
            )
        return self.regions[region[0]]

    def _refuse(self, task: Task, settings: Settings, reason: str) -> WrittenTask:
        self.refusals[task.id] = reason
        self._say("DP401", reason, task)
        left = {name: text for name, text in settings.arguments.items() if not name.startswith("retr")}
        function = documented(refuse.write(task, self.scope, reason), task)
        inputs = self.scope.inputs(task)
        return self._written(task, inputs, function, replace(settings, arguments=left), "manual", reason)

    # Telling

    def outcomes(self, built: Built, flow: str) -> Iterator[TaskOutcome]:
        """What became of every task, in the source's order."""
        by_task = {written.task.id: written for written in built.tasks}
        yield from self._outcomes(by_task, {one: f"{flow}/{written.name.id}" for one, written in by_task.items()})


def kept(controls: Mapping[str, Control], delegated_ones: Iterable[str]) -> frozenset[str]:
    """Tasks that aren't folded, whatever they are: Airflow runs them, or a rule asks how they have ended."""
    gated = {task_id for task_id, control in controls.items() if control.gated}
    return frozenset({*delegated_ones, *gated, *(one for task_id in gated for one in controls[task_id].waits)})


def _texts(function: Function) -> Iterator[str]:
    """All texts of a function: its own, the user's pieces in it, and those of its helpers."""
    yield function.text
    yield from (chunk.text for chunk in function.chunks)
    for helper in function.helpers:
        yield from _texts(helper)
