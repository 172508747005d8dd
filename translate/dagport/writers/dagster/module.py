"""The text of a pipeline's module, from its written assets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dagport.writers.common import module as common
from dagport.writers.common import supporting
from dagport.writers.common.code import bound_names, docstring, imported_roots
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import Function, Note
from dagport.writers.common.module import helpers_of, marked, names_of, told, unchecked
from dagport.writers.common.naming import clean, identifier
from dagport.writers.common.params import Field
from dagport.writers.dagster import callbacks
from dagport.writers.dagster.asset_schedules import Producers
from dagport.writers.dagster.builder import Builder, WrittenAsset
from dagport.writers.dagster.delegated import DELEGATES
from dagport.writers.dagster.inputs import Inputs
from dagport.writers.dagster.instance import Needs
from dagport.writers.dagster.multi import as_dict, as_list, asset_keys, call, output_name, output_place
from dagport.writers.dagster.ops import GraphWriter, Op, settings_of_op
from dagport.writers.dagster.partitions import Partitions
from dagport.writers.dagster.render import render
from dagport.writers.dagster.schedule import job_of
from dagport.writers.dagster.scope import AIRFLOW, Scope
from dagport.writers.dagster.starting import Starting, starting_of
from dagport.writers.dagster.when import Place, started
from dagport.writers.dagster.when_files import imported_files

SUPPORT = {
    "shell": "from {package}.shell import run_bash",
    "variables": "from {package}.variables import get_variable",
    "resources": "from {package}.database import SqlDatabase",
    "is_latest": "from {package}.latest import is_latest",
    "skip": "from {package}.rules import Skip",
    **{name: f"from dagport_adapters.dagster.delegation import {name}" for name in DELEGATES},
    **{name: item.statement for name, item in supporting.SUPPORT.items()},
}

RUNS_IN_AIRFLOW = {"required_resource_keys": f"{{{text_literal(AIRFLOW)}}}"}
"""What the decorator of a delegated asset or op says besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleText(common.ModuleText):
    """A module before it is formatted, and what it needs besides."""

    resources: frozenset[str]  # keys of the resources that its assets take
    needs: Needs  # of the instance


class ModuleWriter:
    """Puts a module together."""

    def __init__(
        self,
        scope: Scope,
        builder: Builder,
        assets: tuple[WrittenAsset, ...],
        job: str,
        schedule: str,
        producers: Producers,
    ) -> None:
        self.scope = scope
        self.builder = builder
        self.assets = assets
        self.job_name = job
        self.schedule_name = schedule
        self.producers = producers
        self.position = {task_id: index for index, task_id in enumerate(scope.dependencies.order)}
        self.together = {asset.task.id for asset in assets if asset.region}
        own = any(asset.fidelity != "manual" and builder.inspections[asset.task.id].context for asset in assets)
        written = any(inputs.is_dated for inputs in self._all_inputs())
        self.dated = own or written or scope.pipeline.id in scope.project.awaited
        self.control_names: set[str] = set()
        self.partitions = self._partitions()
        self.run_sensors = callbacks.run_sensors(scope)
        called = frozenset(name for sensor in self.run_sensors for name in sensor.functions)
        self.slice = scope.module.slice(called | names_of(asset.function for asset in assets))

    def _partitions(self) -> Partitions | None:
        found = self.scope.partitions
        return found if self.dated and not isinstance(found, str) and found.definition is not None else None

    def _keeps(self, future: str) -> bool:
        return self.scope.postponed or "annotations" not in future

    def write(self) -> ModuleText:
        """The module's text, with markers for the user's own pieces."""
        pipeline = self.scope.pipeline
        variable = self.variable = self.builder.names.allocate(identifier(self.job_name, "job"), ["job"])
        self.job, job_notes = job_of(pipeline, self.job_name, self.builder.prefix)
        starting, schedule_notes = self._started(variable)
        definitions, definition_chunks = marked(self.slice.definitions)
        helpers = helpers_of(asset.function for asset in self.assets)
        constants = self._retry_policies()
        functions_text = list(self._functions(constants))
        text = render(
            "module.py",
            header=f"Written by dagport from {self.scope.source.path} (the DAG {pipeline.id}).",
            doc=self._doc(),
            future=[line for line in self.slice.imports if line.startswith("from __future__") and self._keeps(line)],
            imports=[*self._imports(), *self._control(), *starting.imports, *self._sensor_imports()],
            definitions=definitions,
            params=self._params(),
            pipeline=pipeline.id,
            partitions=self.partitions,
            partitions_name=self.scope.partitions_name,
            constants=[(name, policy) for policy, name in constants.items()],
            functions=[*(helper.text for helper in helpers), *functions_text],
            job=None if self.scope.graphs.job else {"variable": variable, "arguments": self.job.arguments},
            starters=starting.statements,
            sensors=list(self._run_sensors(variable)),
        )
        functions = [*helpers, *(asset.function for asset in self.assets)]
        return ModuleText(
            text=text,
            chunks=(*definition_chunks, *(chunk for function in functions for chunk in function.chunks)),
            support=frozenset(name for inputs in self._all_inputs() for name in inputs.support)
            | starting.support
            | imported_files(text, self.scope.project.package),
            resources=frozenset(name for inputs in self._all_inputs() for name in inputs.resources),
            imported=imported_roots(self.slice.imports),
            diagnostics=told(
                self._notes([*job_notes, *callbacks.notes_of(pipeline, self.scope), *schedule_notes]), self.scope
            ),
            needs=self.job.needs,
        )

    # Parts

    def _started(self, variable: str) -> tuple[Starting, tuple[Note, ...]]:
        """What starts the job's runs."""
        dates = self.scope.partitions
        place = Place(
            job=variable,
            job_name=self.job_name,
            name=self.schedule_name,
            partitions=self.scope.partitions_name if self.partitions is not None else None,
            dated=self.dated and not isinstance(dates, str),
            producers=self.producers,
        )
        found = started(self.scope.pipeline, place)
        package = self.scope.project.package
        bound = bound_names([*self.slice.imports, *self.slice.definitions])
        return starting_of(found.starters, package, self.builder.names, self.slice.imports, bound), found.notes

    def _run_sensors(self, job: str) -> Iterator[str]:
        """The sensors that call the DAG's callbacks."""
        for sensor in self.run_sensors:
            name = self.builder.names.allocate(f"{identifier(self.job_name, 'job')}_{sensor.event}")
            yield callbacks.written(sensor, job, name, self.scope.pipeline.id)

    def _sensor_imports(self) -> list[str]:
        return [f"from {self.scope.project.package}.callbacks import context_of_run"] if self.run_sensors else []

    def _doc(self) -> str | None:
        doc = self.scope.pipeline.doc
        return (docstring(doc) or text_literal(doc)) if doc and doc.strip() else None

    def _imports(self) -> Iterator[str]:
        yield from (line for line in self.slice.imports if not line.startswith("from __future__"))
        seen: dict[str, None] = {}
        for inputs in self._all_inputs():
            seen.update(inputs.imports)
            seen.update(
                {
                    SUPPORT[name].format(package=self.scope.project.package): None
                    for name in inputs.support
                    if name in SUPPORT
                }
            )
        if any(item.arguments for item in self._used_fields()):
            seen["from pydantic import Field"] = None
        yield from seen

    def _control(self) -> list[str]:
        """The import of what ops are made by."""
        names = ", ".join(sorted(self.control_names))
        return [f"from {self.scope.project.package}.control import {names}"] if names else []

    def _all_inputs(self) -> Iterator[Inputs]:
        yield from (asset.inputs for asset in self.assets)
        yield from (expansion.inputs for expansion in self.builder.ops.expansions.values())

    def _retry_policies(self) -> dict[str, str]:
        """Names for the policies that several assets have."""
        counted = Counter(
            asset.settings.arguments.get("retry_policy") for asset in self.assets if asset.fidelity != "manual"
        )
        return {
            policy: self.builder.names.allocate("retry_policy")
            for policy, count in counted.items()
            if policy is not None and count > 1
        }

    def _used_fields(self) -> list[Field]:
        used = any(inputs.config for inputs in self._all_inputs())
        conf = [Field(name="conf", type="dict", default="{}")] * any(asset.inputs.takes_conf for asset in self.assets)
        return [*self.scope.params.fields.values(), *conf] if used else []

    def _params(self) -> dict[str, object] | None:
        fields = self._used_fields()
        if not fields:
            return None
        shown = [
            {
                "name": item.name,
                "type": item.type,
                "default": item.default,
                "arguments": ", ".join(f"{name}={text}" for name, text in item.arguments.items()),
            }
            for item in fields
        ]
        return {"class_name": self.scope.config_name, "fields": shown}

    def _functions(self, policies: dict[str, str]) -> Iterator[str]:
        """The assets' functions; one for several assets comes where the last of them would be."""
        left = {asset.region[0]: len(asset.region) for asset in self.assets if asset.region}
        for asset in self.assets:
            if asset.region:
                left[asset.region[0]] -= 1
            if asset.graph:
                if asset.task.id == asset.graph[-1]:
                    yield from self._graph(asset.graph, policies)
            elif not asset.region:
                yield self._decorated("asset", asset.function, dict(self._arguments(asset, policies)))
            elif not left[asset.region[0]]:
                yield self._decorated("multi_asset", asset.function, dict(self._of_region(asset.region)))

    def _graph(self, region: tuple[str, ...], policies: dict[str, str]) -> Iterator[str]:
        """The ops of some tasks and the graph, or job, that they make up."""
        is_job = self.scope.graphs.job
        number = self.scope.graphs.regions.index(region)
        wanted = f"{self.job_name}_tasks{number + 1 if len(self.scope.graphs.regions) > 1 else ''}"
        name = self.job_name if is_job else self.scope.project.op(wanted, self.builder.prefix, "graph", region[0])
        variable = self.variable if is_job else self.builder.names.allocate(identifier(name, "graph"))
        decorator = dict(item.split("=", 1) for item in self.job.arguments) if is_job else {}
        decorator.pop("selection", None)
        if self.partitions is not None:
            decorator["partitions_def"] = self.scope.partitions_name
        if name != variable:
            decorator["name"] = text_literal(name)
        else:
            decorator.pop("name", None)
        caught = any(self.scope.graphs.control[one].leaf and self.scope.graphs.control[one].caught for one in region)
        ends = self.builder.names.allocate("run_ends") if caught else "run_ends"
        writer = GraphWriter(
            scope=self.scope, graphs=self.scope.graphs, region=region, prefix=self.builder.prefix,
            names=self.builder.names, ops={one: self._op(one, policies) for one in region},
            expansions=self.builder.ops.expansions, function=variable, ends=ends, decorator=decorator,
        )  # fmt: skip
        yield from writer.texts()
        self.control_names |= {"task_op"} | writer.used
        self.builder.targets |= {
            one: f"{name}.{self.builder.prefix}__{self.scope.names[one].short}"
            for one in region
            if not writer.is_end(one)
        }

    def _op(self, task_id: str, policies: dict[str, str]) -> Op:
        written = next(asset for asset in self.assets if asset.task.id == task_id)
        settings, asset, _ = settings_of_op(written.settings.arguments)
        policy = settings.get("retry_policy", "")
        settings |= {"retry_policy": policies[policy]} if policy in policies else {}
        settings |= RUNS_IN_AIRFLOW if written.fidelity == "delegated" else {}
        return Op(
            task=written.task, name=written.name, inputs=written.inputs, function=written.function, settings=settings,
            asset=asset,
        )  # fmt: skip

    @staticmethod
    def _decorated(decorator: str, function: Function, arguments: dict[str, str]) -> str:
        return render(
            "asset.py",
            decorator=decorator,
            comments=function.comments,
            arguments=arguments,
            function=function.text,
        ).rstrip()

    def _of_region(self, region: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """The arguments of the multi-asset of tasks that Airflow runs together."""
        members = {asset.task.id: asset for asset in self.assets if asset.task.id in region}
        upstream = self.scope.dependencies.upstream
        name, inputs, _ = self.builder.regions[region[0]]
        yield "name", text_literal(name.key[1])
        yield from self._inputs(inputs, {item for task_id in members for item in upstream[task_id]} - set(members))
        names = {task_id: output_name(asset.name) for task_id, asset in members.items()}
        outs, needs = {}, {}
        for task_id, asset in members.items():
            place = {**output_place(asset.name), "is_required": "False", "group_name": text_literal(self._group(asset))}
            outs[names[task_id]] = call("dg.AssetOut", {**place, **asset.settings.arguments})
            read = [item for item in self.builder.delegation.read[task_id] if item in inputs.upstream]
            needs[names[task_id]] = asset_keys(
                self.scope.names[item] for item in self._sorted({*upstream[task_id], *read})
            )
        yield "outs", as_dict(outs)
        yield "internal_asset_deps", as_dict(needs)
        yield from self._delegated()

    def _delegated(self) -> Iterator[tuple[str, str]]:
        if self.partitions is not None:
            yield "partitions_def", self.scope.partitions_name
        yield from RUNS_IN_AIRFLOW.items()

    def _arguments(self, asset: WrittenAsset, policies: dict[str, str]) -> Iterator[tuple[str, str]]:
        prefix, short = asset.name.key
        if asset.name.function != short:
            yield "name", text_literal(short)
        yield "key_prefix", text_literal(prefix)
        yield from self._dependencies(asset)
        yield "group_name", text_literal(self._group(asset))
        settings = dict(asset.settings.arguments)
        if asset.function.documented:
            settings.pop("description", None)
        if asset.fidelity == "manual":
            settings.pop("retry_policy", None)
        policy = settings.get("retry_policy", "")
        settings |= {"retry_policy": policies[policy]} if policy in policies else {}
        yield from settings.items()
        if asset.fidelity == "delegated":
            yield from self._delegated()
        elif self.partitions is not None:
            yield "partitions_def", self.scope.partitions_name
        yield from asset.function.decorator.items()
        if asset.skips:
            yield "output_required", "False"

    def _dependencies(self, asset: WrittenAsset) -> Iterator[tuple[str, str]]:
        return self._inputs(asset.inputs, set(self.scope.dependencies.upstream[asset.task.id]))

    def _inputs(self, inputs: Inputs, upstream: set[str]) -> Iterator[tuple[str, str]]:
        """``ins`` for the results that a function gets, ``deps`` for what else comes before it."""
        names = self.scope.names
        ins = {parameter: as_list(names[task_id].key) for task_id, parameter in inputs.upstream.items()}
        if ins:
            yield "ins", as_dict({name: f"dg.AssetIn(key={key})" for name, key in ins.items()})
        rest = self._sorted(upstream - set(inputs.upstream))
        if rest:
            yield "deps", f"[{', '.join(self._reference(task_id) for task_id in rest)}]"

    def _reference(self, task_id: str) -> str:
        """A task's asset, where other assets depend on it: its function, unless that is one of several assets."""
        name = self.scope.names[task_id]
        return f"dg.AssetKey({as_list(name.key)})" if task_id in self.together else name.function

    def _sorted(self, task_ids: Iterable[str]) -> list[str]:
        return sorted(task_ids, key=self.position.__getitem__)

    def _group(self, asset: WrittenAsset) -> str:
        parts = asset.task.group.split(".") if asset.task.group else []
        return "/".join([self.builder.prefix, *map(clean, parts)])

    def _notes(self, notes: Iterable[Note]) -> Iterator[Note]:
        yield from notes
        configured = {id(asset.inputs) for asset in self.assets if asset.inputs.config}
        if len(configured) > 1:
            what = "`params` are the config of each asset: a run that changes one has to set it for each of them"
            yield "DP403", what
        if configured:
            yield from unchecked(self.scope.params)
