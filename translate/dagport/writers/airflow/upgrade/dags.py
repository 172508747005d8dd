"""``DAG(...)`` and ``@dag(...)``: arguments that Airflow 3 renamed or dropped, and schedules that keep their dates.

A cron expression makes a data interval in Airflow 2, and a moment in Airflow 3 (``CronTriggerTimetable``), and a
``timedelta`` likewise: the timetables of Airflow 2 are written out, so that no date changes.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from dagport.graph import Pipeline
from dagport.pycode import text_constant
from dagport.writers.airflow.upgrade import calls
from dagport.writers.airflow.upgrade.facts import DAG_CLASSES, DAG_DECORATORS
from dagport.writers.airflow.upgrade.file import File
from dagport.writers.airflow.upgrade.imports import Imports

RENAMED = {"concurrency": "max_active_tasks", "fail_stop": "fail_fast"}
REMOVED = {
    "default_view": None,
    "orientation": None,
    "full_filepath": None,
    "sla_miss_callback": "Airflow 3 has no SLAs, so nothing calls it: use a Deadline",
}
SCHEDULES = ("schedule", "schedule_interval", "timetable")
POSITIONS = {"2": ("dag_id", "description", "schedule", "schedule_interval", "timetable", "start_date", "end_date"),
             "1.10": ("dag_id", "description", "schedule_interval", "start_date", "end_date")}  # fmt: skip
TIMED = {"cron": "CronDataIntervalTimetable", "interval": "DeltaDataIntervalTimetable"}
UTC = "UTC"


def upgrade_dags(file: File, imports: Imports) -> None:
    """Change every call that makes a DAG."""
    for call in file.nodes(cst.Call):
        name = file.meanings.of(call.func)
        if name in DAG_CLASSES or name in DAG_DECORATORS:
            pipelines = list(_made_by(file, call, name in DAG_DECORATORS))
            _arguments(file, call, pipelines)
            _schedule(file, imports, call, pipelines)


def _made_by(file: File, call: cst.Call, decorator: bool) -> Iterator[Pipeline]:
    """The pipelines of the graph that a call makes: several, where it stands in a loop or a function."""
    span = file.tree.span(call)
    for pipeline in file.graph.pipelines:
        place = pipeline.span
        if place is not None and (place == span or (decorator and place[:2] <= span[:2] and span[2:] <= place[2:])):
            yield pipeline


def _arguments(file: File, call: cst.Call, pipelines: list[Pipeline]) -> None:
    positions = POSITIONS["1.10" if any(item.engine_version == "1.10" for item in pipelines) else "2"]
    for position, arg in enumerate(call.args):
        if arg.keyword is None and not arg.star and 0 < position < len(positions):
            name = "schedule" if positions[position] in SCHEDULES else positions[position]
            file.edits.replace(file.tree.start(arg), file.tree.start(arg), f"{name}=")
    for old, new in RENAMED.items():
        found = calls.keyword(call, old)
        if found is not None:
            calls.rename(file, found, new)
    unwanted = {name: found for name in REMOVED if (found := calls.keyword(call, name)) is not None}
    calls.remove(file, call, list(unwanted.values()))
    for name, found in unwanted.items():
        if REMOVED[name]:
            file.say("DP430", f"`{name}` is left out: {REMOVED[name]}", found)


def _schedule(file: File, imports: Imports, call: cst.Call, pipelines: list[Pipeline]) -> None:
    arg = _schedule_argument(call)
    if arg is not None and arg.keyword is not None and arg.keyword.value != "schedule":
        calls.rename(file, arg, "schedule")
    if not pipelines:
        if arg is not None and not _is_plainly_none(arg):
            file.say("DP431", "the DAG isn't known, so its schedule may have other dates in Airflow 3", call)
        return
    kinds = {(item.schedule.kind, item.timezone or UTC) for item in pipelines}
    if len(kinds) != 1:
        if not {kind for kind, _ in kinds}.isdisjoint({*TIMED, "opaque"}):
            file.say("DP431", "it makes DAGs with schedules of several kinds: write a timetable for each", call)
        return
    [(kind, zone)] = kinds
    if kind == "opaque":
        file.say("DP431", "the schedule isn't known: in Airflow 3 a cron expression has other dates", call)
    if kind in TIMED:
        _timetable(file, imports, call, arg, TIMED[kind], zone if kind == "cron" else None)
    if kind in (*TIMED, "timetable") and all(item.catchup is None for item in pipelines) and not calls.has_spread(call):
        calls.add(file, call, "catchup=True")  # the default of Airflow 2


def _timetable(
    file: File, imports: Imports, call: cst.Call, arg: cst.Arg | None, timetable: str, zone: str | None
) -> None:
    name = imports.want("airflow.sdk", timetable)
    more = f", timezone={text_constant(zone)}" if zone else ""
    if arg is not None:
        file.wrap(arg.value, f"{name}(", f"{more})")
    elif calls.has_spread(call):
        file.say("DP431", "its schedule comes from `**`: write the timetable there", call)
    else:
        delta = imports.want("datetime", "timedelta")  # Airflow 2's default is a day
        calls.add(file, call, f"schedule={name}({delta}(days=1))")


def _schedule_argument(call: cst.Call) -> cst.Arg | None:
    named = next((arg for name in SCHEDULES if (arg := calls.keyword(call, name)) is not None), None)
    plain = [arg for arg in call.args if arg.keyword is None and not arg.star]
    return named or (plain[2] if len(plain) > 2 else None)


def _is_plainly_none(arg: cst.Arg) -> bool:
    return isinstance(arg.value, cst.Name) and arg.value.value == "None"
