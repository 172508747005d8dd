"""The files of a generated Dagster project."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from dagport.verify.targets.code import Function, Module
from dagport.verify.targets.dagster.assets import Assets, Definition, key_of
from dagport.verify.targets.dagster.graphs import Graphs
from dagport.verify.targets.dagster.ops import is_graph, ops_of
from dagport.verify.targets.dagster.schedules import JOB, STARTERS, Job, job_of, job_of_ops, partitions_of, when_of
from dagport.verify.targets.model import NotUnderstoodError, Partitions, Report, TargetPipeline, Unit, When

OF_OPS = "dagster.job"
CONFIG = "dagster.Config"


def read_project(files: Mapping[str, str], reports: Mapping[str, Report]) -> Iterator[TargetPipeline]:
    """The pipelines of the modules below ``defs``, by the reports about the DAGs they are for."""
    for path, text in sorted(files.items()):
        if _is_pipeline(path):
            yield from _Reading(path, text, reports).pipelines()


def _is_pipeline(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return (
        folder.endswith("/defs") and name.endswith(".py") and name not in ("__init__.py", "resources.py", "assets.py")
    )


class _Reading:
    """One module."""

    def __init__(self, path: str, text: str, reports: Mapping[str, Report]) -> None:
        self.path, self.text, self.reports = path, text, reports
        self.doubts: list[str] = []

    def pipelines(self) -> Iterator[TargetPipeline]:
        try:
            module = Module.parse(self.path, self.text)
            jobs = [job_of(module, name, call) for name, call in _calls(module, JOB)]
            jobs += [job_of_ops(module, function, one) for function, one in _decorated(module, OF_OPS)]
            for job in jobs:
                yield self._pipeline(module, job)
            if not jobs:
                self._lost("there is no job")
        except NotUnderstoodError as error:
            self._lost(str(error))
        if self.doubts and self.path:
            yield TargetPipeline(id="", name=self.path, path=self.path, units={}, doubts=tuple(self.doubts))

    def _lost(self, why: str) -> None:
        self.doubts.append(why)

    def _pipeline(self, module: Module, job: Job) -> TargetPipeline:
        report = self.reports.get(job.dag_id)
        names = report.names if report else {}
        reading = _Units(module, job, names)
        reading.read()
        doubts = [*reading.doubts, *_others(module)]
        when: tuple[When, ...] = ()
        try:
            when = when_of(module, job, _partitions(module, reading.functions))
        except NotUnderstoodError as error:
            doubts.append(str(error))
        return TargetPipeline(
            id=job.dag_id, name=job.name, path=self.path, units=reading.units, when=when,
            returns=tuple(reading.returns), doubts=tuple(doubts), settings=(*job.settings, *reading.settings),
        )  # fmt: skip


class _Units:
    """The tasks of a job."""

    def __init__(self, module: Module, job: Job, names: Mapping[str, str]) -> None:
        self.module, self.job, self.names = module, job, names
        self.functions = {name: one for name, one in module.functions.items() if one.decorator_list}
        self.assets = Assets(module, dict(_keys(module, self.functions)))
        self.units: dict[str, Unit] = {}
        self.returns: list[str] = []
        self.settings: list[tuple[str, str]] = []  # of graphs
        self.doubts: list[str] = []

    def read(self) -> None:
        """All decorated functions, each understood or a doubt."""
        graphs = Graphs(self.module, self.assets, self.names)
        ops = self._ops()
        for function in self.functions.values():
            try:
                if is_graph(self.module, function):
                    units, returns, settings = graphs.read(function, self.job)
                    self.returns += returns
                    self.settings += settings
                    self._add(units, function)
                elif id(function) not in ops:
                    self._add(map(self._of_asset, self.assets.read(function)), function)
            except NotUnderstoodError as error:
                self.doubts.append(str(error))

    def _ops(self) -> set[int]:
        try:
            return {id(op.function) for op in ops_of(self.module).values() if op.function is not None}
        except NotUnderstoodError as error:
            self.doubts.append(str(error))
            return set()

    def _of_asset(self, found: Definition) -> Unit:
        if not self.job.selects(found.key):
            raise self.module.unclear(found.function, f"the asset {found.key} isn't selected by {self.job.name}")
        return self.assets.unit(found, self.names)

    def _add(self, units: Iterable[Unit], function: Function) -> None:
        for unit in units:
            if unit.id in self.units:
                raise self.module.unclear(function, f"the task {unit.id} is there twice")
            self.units[unit.id] = unit


def _calls(module: Module, name: str) -> Iterator[tuple[str, ast.Call]]:
    for variable, value in module.constants.items():
        if isinstance(value, ast.Call) and module.qualified(value.func) == name:
            yield variable, value


def _decorated(module: Module, name: str) -> Iterator[tuple[Function, ast.expr]]:
    for function in module.functions.values():
        for decorator in function.decorator_list:
            if module.qualified(decorator.func if isinstance(decorator, ast.Call) else decorator) == name:
                yield function, decorator


def _keys(module: Module, functions: Mapping[str, Function]) -> Iterator[tuple[str, str]]:
    for name, function in functions.items():
        decorator = function.decorator_list[0]
        if isinstance(decorator, ast.Call) and module.qualified(decorator.func) == "dagster.asset":
            yield name, key_of(module, function, module.arguments(decorator))
        elif module.qualified(decorator) == "dagster.asset":
            yield name, name


def _partitions(module: Module, functions: Mapping[str, Function]) -> Partitions | None:
    """The partitions of the assets: those that have some have the same."""
    found: dict[str, Partitions] = {}
    for function in functions.values():
        for decorator in function.decorator_list:
            arguments = module.arguments(decorator) if isinstance(decorator, ast.Call) else {}
            if "partitions_def" in arguments:
                one = partitions_of(module, arguments["partitions_def"])
                found[repr(one)] = one
    if len(found) > 1:
        raise NotUnderstoodError(f"{module.path}: assets with different partitions")
    return next(iter(found.values()), None)


KNOWN = frozenset(
    {
        JOB, "dagster.RetryPolicy",
        "dagster.DailyPartitionsDefinition", "dagster.HourlyPartitionsDefinition", "dagster.WeeklyPartitionsDefinition",
        "dagster.MonthlyPartitionsDefinition", "dagster.TimeWindowPartitionsDefinition",
    }
)  # fmt: skip


def _others(module: Module) -> Iterator[str]:
    """Objects of Dagster at the top of the module that nobody here knows, and calls made for what they do."""
    for call in module.calls:
        yield str(module.unclear(call, "a call whose effect isn't known"))
    for value in module.constants.values():
        name = module.qualified(value.func) if isinstance(value, ast.Call) else None
        if name is not None and name.startswith("dagster.") and name not in KNOWN and name not in STARTERS:
            yield str(module.unclear(value, "an object of Dagster that isn't known here"))
        elif name is not None and name in module.functions and module.functions[name].decorator_list:
            yield str(module.unclear(value, "an asset that is called"))
    for node in module.classes.values():
        bases = [module.qualified(base) or "" for base in node.bases]
        if any(base.startswith("dagster.") and base != CONFIG for base in bases):
            yield str(module.unclear(node, "a class of Dagster"))
