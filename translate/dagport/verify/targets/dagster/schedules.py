"""Jobs, schedules and partitions of a module."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from dagport.graph import Schedule
from dagport.values import Call as CallValue
from dagport.values import Value
from dagport.verify.targets.code import Function, Module
from dagport.verify.targets.model import Partitions, When

DAILY, HOURLY = "dagster.DailyPartitionsDefinition", "dagster.HourlyPartitionsDefinition"
WEEKLY, MONTHLY = "dagster.WeeklyPartitionsDefinition", "dagster.MonthlyPartitionsDefinition"
WINDOWS = "dagster.TimeWindowPartitionsDefinition"
JOB = "dagster.define_asset_job"
DECIDING = frozenset({"tags", "run_tags", "config", "partitions_def", "executor_def", "hooks"})
"""Arguments of jobs that have no terms of the source's."""
DATE, MINUTE = "%Y-%m-%d", "%Y-%m-%d-%H:%M"
DEFAULTS = {DAILY: DATE, WEEKLY: DATE, MONTHLY: DATE, HOURLY: MINUTE, WINDOWS: ""}
OFFSETS = ("minute_offset", "hour_offset", "day_offset")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """``define_asset_job``."""

    variable: str
    name: str
    dag_id: str  # by its metadata, else its name
    prefixes: tuple[str, ...]  # of the keys that it selects
    node: ast.AST
    settings: tuple[tuple[str, str], ...] = ()  # of its runs, as code

    def selects(self, key: str) -> bool:
        """Whether it materializes an asset; a job of ops has none."""
        return any(key.startswith(f"{prefix}/") for prefix in self.prefixes)


def partitions_of(module: Module, node: ast.expr) -> Partitions:
    """A partitions definition. Raises ``NotUnderstoodError``."""
    call = module.resolved(node)
    name = module.qualified(call.func) if isinstance(call, ast.Call) else None
    if not isinstance(call, ast.Call) or name not in DEFAULTS:
        raise module.unclear(node, "partitions that aren't known here")
    values = {key: module.literal(value) for key, value in module.arguments(call).items()}
    known = {"start", "start_date", "timezone", "end_offset", "fmt", "cron_schedule", *OFFSETS}
    if not values.keys() <= known:
        raise module.unclear(call, f"the argument `{min(values.keys() - known)}`")
    minute, hour, day = (values.get(offset, 0) for offset in OFFSETS)
    crons = {
        HOURLY: f"{minute} * * * *", DAILY: f"{minute} {hour} * * *", WEEKLY: f"{minute} {hour} * * {day}",
        MONTHLY: f"{minute} {hour} {day or 1} * *",
    }  # fmt: skip
    return Partitions(
        cron=str(values["cron_schedule"] if name == WINDOWS else crons[name]),
        timezone=str(values.get("timezone") or "UTC"),
        start=str(values.get("start", values.get("start_date"))),
        fmt=str(values.get("fmt", DEFAULTS[name])),
        end_offset=int(str(values.get("end_offset", 0))),
    )


def job_of(module: Module, variable: str, call: ast.Call) -> Job:
    """A job of assets. Raises ``NotUnderstoodError``."""
    arguments = module.arguments(call, ("name",))
    unknown = arguments.keys() - {"name", "selection", "description", "metadata", *DECIDING}
    if unknown:
        raise module.unclear(call, f"the argument `{min(unknown)}`")
    metadata = module.literal(arguments["metadata"]) if "metadata" in arguments else {}
    name = module.text(arguments["name"])
    said = metadata.get("airflow/dag_id") if isinstance(metadata, dict) else None
    selection = arguments.get("selection")
    if not isinstance(selection, ast.Call) or module.qualified(selection.func) != "dagster.AssetSelection.key_prefixes":
        raise module.unclear(call, "a selection other than by key prefixes")
    return Job(
        variable=variable, name=name, dag_id=str(said or name),
        prefixes=tuple(module.text(item) for item in selection.args), node=call, settings=_settings(module, arguments),
    )  # fmt: skip


def job_of_ops(module: Module, function: Function, decorator: ast.expr) -> Job:
    """A ``@dg.job``. Raises ``NotUnderstoodError``."""
    arguments = module.arguments(decorator) if isinstance(decorator, ast.Call) else {}
    unknown = arguments.keys() - {"name", "description", "metadata", *DECIDING}
    if unknown:
        raise module.unclear(decorator, f"the argument `{min(unknown)}`")
    metadata = module.literal(arguments["metadata"]) if "metadata" in arguments else {}
    name = module.text(arguments["name"]) if "name" in arguments else function.name
    said = metadata.get("airflow/dag_id") if isinstance(metadata, dict) else None
    return Job(variable=function.name, name=name, dag_id=str(said or name), prefixes=(), node=function,
               settings=_settings(module, arguments))  # fmt: skip


def is_job(module: Module, value: ast.expr) -> bool:
    """Whether something is a job of assets."""
    return isinstance(value, ast.Call) and module.qualified(value.func) == JOB


def _settings(module: Module, arguments: Mapping[str, ast.expr]) -> tuple[tuple[str, str], ...]:
    names = sorted(arguments.keys() & DECIDING)
    return tuple((name, ast.unparse(module.resolved(arguments[name]))) for name in names)


def when_of(module: Module, job: Job, partitions: Partitions | None) -> tuple[When, ...]:
    """What starts a job: nothing, or one starter, or one by time and one by assets. Raises ``NotUnderstoodError``."""
    found: list[When] = []
    jobs = {job.variable, *(name for name, value in module.constants.items() if is_job(module, value))}
    for value in module.constants.values():
        name = (module.qualified(value.func) if isinstance(value, ast.Call) else None) or ""
        kind = next((read for ending, read in STARTERS.items() if name.endswith(ending)), None)
        if kind is None or not isinstance(value, ast.Call):
            continue
        arguments = module.arguments(value, ("job",))
        target = arguments.pop("job", arguments.pop("target", None))
        if isinstance(target, ast.Name) and target.id == job.variable:
            status = arguments.pop("default_status", None)
            for told in ("name", "description", "metadata"):
                arguments.pop(told, None)
            when = kind(module, value, arguments, partitions)
            found.append(replace(when, status=module.qualified(status)) if status is not None else when)
        elif not isinstance(target, ast.Name) or target.id not in jobs:
            raise module.unclear(value, "what starts a job that isn't one of the module's")
    if len(found) > 1 and {one.updates is None for one in found} != {True, False}:
        raise module.unclear(job.node, "a job with several schedules")
    return tuple(found) or (When(manual=True),)


def _cron(module: Module, node: ast.Call, arguments: dict[str, ast.expr], partitions: Partitions | None) -> When:
    if arguments.keys() - {"cron_schedule", "execution_timezone", "should_execute"} or "cron_schedule" not in arguments:
        raise module.unclear(node, "a schedule with more than a cron expression")
    crons = module.literal(arguments["cron_schedule"])
    zone = module.text(arguments["execution_timezone"]) if "execution_timezone" in arguments else "UTC"
    within = _within(module, arguments["should_execute"]) if "should_execute" in arguments else (None, None)
    texts = tuple(crons) if isinstance(crons, list) else (crons,)
    return When(crons=tuple(map(str, texts)), timezone=zone, within=within)


def _within(module: Module, node: ast.expr) -> tuple[str | None, str | None]:
    call = module.resolved(node)
    if not isinstance(call, ast.Call) or not (module.qualified(call.func) or "").endswith(".period.within"):
        raise module.unclear(node, "a condition that isn't known here")
    said = {name: module.text(value) for name, value in module.arguments(call).items()}
    if not said.keys() <= {"start", "end"}:
        raise module.unclear(node, "a condition that isn't known here")
    return said.get("start"), said.get("end")


def _of_partitions(
    module: Module, node: ast.Call, arguments: dict[str, ast.expr], partitions: Partitions | None
) -> When:
    if arguments or partitions is None:
        raise module.unclear(node, "a schedule of partitions that isn't understood")
    return When(crons=(partitions.cron,), timezone=partitions.timezone, partitions=partitions)


def _timetable(module: Module, node: ast.Call, arguments: dict[str, ast.expr], partitions: Partitions | None) -> When:
    if arguments.keys() - {"timetable", "start", "end", "catchup", "partitions"} or "timetable" not in arguments:
        raise module.unclear(node, "a timetable's sensor that isn't understood")
    schedule = timetable_of(module, arguments["timetable"])
    start, end = (module.text(arguments[name]) if name in arguments else None for name in ("start", "end"))
    catchup = "catchup" in arguments and module.literal(arguments["catchup"]) is True
    return When(timetable=schedule, within=(start, end), catchup=catchup)


def timetable_of(module: Module, node: ast.expr) -> Schedule:
    """A timetable of the project, as the one of Airflow that it stands for. Raises ``NotUnderstoodError``."""
    call = module.resolved(node)
    name = (module.qualified(call.func) or "") if isinstance(call, ast.Call) else ""
    short = name.rpartition(".")[2]
    if not isinstance(call, ast.Call) or not name.endswith(f".timetables.{short}") or short not in TIMETABLES:
        raise module.unclear(node, "a timetable that isn't known here")
    class_, takes_many = TIMETABLES[short]
    if class_ is None:
        return Schedule(kind="once" if short == "Once" else "continuous")
    given = [_value(module, item) for item in call.args]
    keywords = {one.arg: _value(module, one.value) for one in call.keywords if one.arg is not None}
    zone: dict[str, Value] = {"timezone": "UTC"} if short.startswith("Cron") else {}
    args: dict[str, Value] = {str(number): item for number, item in enumerate(given)}
    if len(given) > 1 and takes_many:
        class_ = class_.replace("CronTrigger", "MultipleCronTrigger")
    elif not given or (len(given) > 1 and short != "Events"):
        raise module.unclear(node, "a timetable with other arguments")
    elif short == "Events":
        args = {"0": given}
    return Schedule(kind="timetable", class_=class_, args={**args, **zone, **keywords})


def _value(module: Module, node: ast.expr) -> Value:
    """A text, a number, or a ``timedelta``."""
    if isinstance(node, ast.Call) and module.qualified(node.func) == "datetime.timedelta":
        return CallValue("datetime.timedelta", (), {k: _value(module, v) for k, v in module.arguments(node).items()})
    value = module.literal(node)
    if not isinstance(value, str | int | float):
        raise module.unclear(node, "an argument of a timetable")
    return value


def _updates(module: Module, node: ast.Call, arguments: dict[str, ast.expr], partitions: Partitions | None) -> When:
    if arguments.keys() != {"when"}:
        raise module.unclear(node, "a sensor of updates that isn't understood")
    return When(updates=condition_of(module, arguments["when"]))


def condition_of(module: Module, node: ast.expr) -> str:
    """A condition of asset keys as a text: keys in quotes, ``&``, ``|`` and brackets. Raises ``NotUnderstoodError``."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr):
        sign = "&" if isinstance(node.op, ast.BitAnd) else "|"
        return f"({condition_of(module, node.left)} {sign} {condition_of(module, node.right)})"
    if isinstance(node, ast.Call) and (module.qualified(node.func) or "").endswith(".Updated") and len(node.args) == 1:
        return repr(module.text(node.args[0]))
    raise module.unclear(node, "a condition that isn't known here")


STARTERS: Mapping[str, Callable[[Module, ast.Call, dict[str, ast.expr], Partitions | None], When]] = {
    "dagster.ScheduleDefinition": _cron,
    "dagster.build_schedule_from_partitioned_job": _of_partitions,
    ".schedules.timetable_sensor": _timetable,
    ".schedules.updates_sensor": _updates,
}
TIMETABLES: Mapping[str, tuple[str | None, bool]] = {
    "CronTrigger": ("airflow.timetables.trigger.CronTriggerTimetable", True),
    "CronDataInterval": ("airflow.timetables.interval.CronDataIntervalTimetable", False),
    "DeltaTrigger": ("airflow.timetables.trigger.DeltaTriggerTimetable", False),
    "DeltaDataInterval": ("airflow.timetables.interval.DeltaDataIntervalTimetable", False),
    "Events": ("airflow.timetables.events.EventsTimetable", False),
    "Once": (None, False),
    "Continuous": (None, False),
}
"""What the project's class is in Airflow, and whether several expressions have a class of their own there."""
