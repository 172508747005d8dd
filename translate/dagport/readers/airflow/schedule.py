"""What a DAG's schedule arguments mean.

Source: ``DAG._default_timetable`` and ``_create_timetable`` (3.3); ``DAG.__init__`` and ``create_timetable`` (2.11).
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, External, Instance, Model, PyRaise, Symbolic, Unknown
from dagport.graph import Schedule
from dagport.readers.airflow import cron, timetables
from dagport.readers.airflow.asset import AssetObject, BaseAsset, Condition, leaf_assets
from dagport.readers.airflow.convert import to_value

if TYPE_CHECKING:
    from dagport.readers.airflow.nodes import Dag

PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}
CRONITER_ALIASES = {"@midnight": "0 0 * * *", "@annually": "0 0 1 1 *"}


class ScheduleDoubt(Exception):  # noqa: N818 - carries the reason of a doubt, not an error
    """The schedule can't be determined."""


ARGUMENTS = ("schedule", "schedule_interval", "timetable")


def has_schedule(dag: Dag) -> bool:
    """Whether the source sets a schedule."""
    return any(name in dag.fields for name in ARGUMENTS)


def schedule_of(dag: Dag, version: str) -> Schedule:
    """The schedule of a DAG.

    Raises ``ScheduleDoubt`` with the reason when it isn't known, ``PyRaise`` when Airflow refuses it.
    """
    given = [name for name in ARGUMENTS if name in dag.fields]
    if not given:
        # Airflow 2's default is a day (2.4 and later) or `@daily`-like before; Airflow 3's is none.
        return Schedule(kind="manual") if version == "3" else Schedule(kind="interval", seconds=86400)
    if len(given) > 1 and version != "3":
        raise PyRaise("ValueError", "At most one schedule argument is allowed")
    return from_value(dag.fields[given[0]], version)


def from_value(value: Anything, version: str) -> Schedule:
    """The schedule that an argument asks for."""
    if value is None:
        return Schedule(kind="manual")
    if isinstance(value, str):
        return from_text(str(value))
    if isinstance(value, datetime.timedelta):
        if value <= datetime.timedelta(0):
            raise PyRaise("AirflowTimetableInvalid", f"schedule interval must be positive, not {value!r}")
        return Schedule(kind="interval", seconds=_number(value.total_seconds()))
    if isinstance(value, Unknown):
        raise ScheduleDoubt(value.why)
    if isinstance(value, BaseAsset | list | tuple | set):
        return from_assets(value)
    if isinstance(value, Symbolic) and value.parent is None:
        return from_call(value)
    if isinstance(value, Instance):
        return Schedule(kind="timetable", class_=value.cls.qualified_name, args=_fields(value))
    if isinstance(value, External):
        raise ScheduleDoubt(f"`{value.name}` isn't part of this file")
    if isinstance(value, Model) and type(value).__name__ == "RelativeDelta":
        name = "DeltaTriggerTimetable" if version == "3" else "DeltaDataIntervalTimetable"
        home = "airflow.timetables.trigger" if version == "3" else "airflow.timetables.interval"
        return Schedule(kind="timetable", class_=f"{home}.{name}", args={"delta": to_value(value)})
    raise ScheduleDoubt("the schedule isn't followed")


def _number(seconds: float) -> int | float:
    return int(seconds) if seconds == int(seconds) else seconds


def from_text(text: str) -> Schedule:
    """Presets and cron expressions."""
    if text == "@once":
        return Schedule(kind="once")
    if text == "@continuous":
        return Schedule(kind="continuous")
    if text in PRESETS or text in CRONITER_ALIASES:
        return Schedule(kind="cron", cron=PRESETS.get(text) or CRONITER_ALIASES[text], preset=text)
    verdict = cron.problem(text)
    if verdict is not None and verdict.certain:
        raise PyRaise("AirflowTimetableInvalid", verdict.message)
    if verdict is not None:
        raise ScheduleDoubt(verdict.message)
    return Schedule(kind="cron", cron=" ".join(text.split()))


def from_assets(value: Anything) -> Schedule:
    """Assets, lists of them and conditions."""
    assets = leaf_assets(value)
    if assets is None:
        raise ScheduleDoubt("some of the assets aren't known")
    names = tuple(sorted(asset.name for asset in assets))
    if isinstance(value, Condition) and any(isinstance(part, Condition) for part in value.parts):
        return Schedule(kind="assets", assets=names, condition=expression(value))
    joined = value.joined if isinstance(value, Condition) else "all"
    return Schedule(kind="assets", assets=names, condition=joined)


def expression(value: Any) -> str:
    """The text of a condition: ``("a" | ("b" & "c"))``."""
    if isinstance(value, AssetObject):
        return repr(value.name)
    sign = " & " if value.joined == "all" else " | "
    return "(" + sign.join(expression(part) for part in value.parts) + ")"


def from_call(value: Symbolic) -> Schedule:
    """A timetable of a library."""
    timetables.check(value)
    args = {str(index): to_value(item) for index, item in enumerate(value.args)}
    args.update({name: to_value(item) for name, item in value.kwargs.items()})
    assets: list[AssetObject] = []
    for item in (*value.args, *value.kwargs.values()):
        if isinstance(item, BaseAsset | list | tuple):
            assets.extend(leaf_assets(item) or [])
    names = tuple(sorted(asset.name for asset in assets)) or None
    return Schedule(kind="timetable", class_=value.name, args=args, assets=names)


def _fields(value: Instance) -> Mapping[str, Any]:
    return {name: to_value(item) for name, item in value.fields.items() if not name.startswith("_")}
