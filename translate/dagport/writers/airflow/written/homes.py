"""Where each version of Airflow has a name.

Airflow 3's names come from those of Airflow 2 by the table of upgrades; Airflow 2's by the same table read backwards,
with ``SDK_IN_2`` where Airflow 2 has several homes for a name.
"""

from __future__ import annotations

from functools import cache

from dagport.writers.airflow.upgrade.facts import RENAMED, gone, new_home, told_homes
from dagport.writers.common.literals import NotExpressible

SDK_IN_2 = {
    "AirflowException": "airflow.exceptions.AirflowException",
    "Asset": "airflow.datasets.Dataset",
    "AssetAlias": "airflow.datasets.DatasetAlias",
    "AssetAll": "airflow.datasets.DatasetAll",
    "AssetAny": "airflow.datasets.DatasetAny",
    "AssetOrTimeSchedule": "airflow.timetables.datasets.DatasetOrTimeSchedule",
    "BaseHook": "airflow.hooks.base.BaseHook",
    "BaseNotifier": "airflow.notifications.basenotifier.BaseNotifier",
    "BaseOperator": "airflow.models.baseoperator.BaseOperator",
    "BaseOperatorLink": "airflow.models.baseoperatorlink.BaseOperatorLink",
    "BaseSensorOperator": "airflow.sensors.base.BaseSensorOperator",
    "Connection": "airflow.models.connection.Connection",
    "Context": "airflow.utils.context.Context",
    "CronDataIntervalTimetable": "airflow.timetables.interval.CronDataIntervalTimetable",
    "CronTriggerTimetable": "airflow.timetables.trigger.CronTriggerTimetable",
    "DAG": "airflow.DAG",
    "DagRunState": "airflow.utils.state.DagRunState",
    "DeltaDataIntervalTimetable": "airflow.timetables.interval.DeltaDataIntervalTimetable",
    "DeltaTriggerTimetable": "airflow.timetables.trigger.DeltaTriggerTimetable",
    "EdgeModifier": "airflow.utils.edgemodifier.EdgeModifier",
    "EventsTimetable": "airflow.timetables.events.EventsTimetable",
    "Label": "airflow.utils.edgemodifier.Label",
    "Metadata": "airflow.datasets.metadata.Metadata",
    "ObjectStoragePath": "airflow.io.path.ObjectStoragePath",
    "Param": "airflow.models.param.Param",
    "PokeReturnValue": "airflow.sensors.base.PokeReturnValue",
    "TaskGroup": "airflow.utils.task_group.TaskGroup",
    "TaskInstanceState": "airflow.utils.state.TaskInstanceState",
    "TriggerRule": "airflow.utils.trigger_rule.TriggerRule",
    "Variable": "airflow.models.variable.Variable",
    "WeightRule": "airflow.utils.weight_rule.WeightRule",
    "XComArg": "airflow.models.xcom_arg.XComArg",
    "chain": "airflow.models.baseoperator.chain",
    "cross_downstream": "airflow.models.baseoperator.cross_downstream",
    "dag": "airflow.decorators.dag",
    "get_current_context": "airflow.operators.python.get_current_context",
    "get_parsing_context": "airflow.utils.dag_parsing_context.get_parsing_context",
    "literal": "airflow.utils.template.literal",
    "setup": "airflow.decorators.setup",
    "task": "airflow.decorators.task",
    "task_group": "airflow.decorators.task_group",
    "teardown": "airflow.decorators.teardown",
    "timezone": "airflow.utils.timezone",
}
MOVED_TO_3 = ("airflow.sdk.", "airflow.providers.standard.")
"""Beginnings of names that Airflow 2, as it is installed, doesn't have."""
EXCEPTIONS = "airflow.sdk.exceptions."


def home(name: str, version: str) -> str:
    """The name's home in Airflow 2 or 3. Raises ``NotExpressible`` where that version has none."""
    if not name.startswith("airflow."):
        return name
    if version == "2":
        return _in_2(name)
    why = gone(name)
    if why is not None:
        raise NotExpressible(why)
    return new_home(name) or name


def _in_2(name: str) -> str:
    if not name.startswith(MOVED_TO_3):
        return name
    found = _known_in_2(name)
    if found is None and name.count(".") > 2:  # a member of a class
        owner, _, member = name.rpartition(".")
        around = _known_in_2(owner)
        found = f"{around}.{member}" if around else None
    if found is None:
        raise NotExpressible(f"Airflow 2 has no {name.rpartition('.')[2]!r} ({name})")
    return found


def _known_in_2(name: str) -> str | None:
    if name.startswith("airflow.sdk.") and name.count(".") == 2:
        return SDK_IN_2.get(name.rpartition(".")[2])
    if name.startswith(EXCEPTIONS):
        return f"airflow.exceptions.{name.removeprefix(EXCEPTIONS)}" if name in _backwards() else None
    candidates = _backwards().get(name, ())
    return min(candidates, key=lambda old: _distance(old, name), default=None)


def _distance(old: str, new: str) -> tuple[bool, bool, int, str]:
    """How far an old home is from a new one: the module of the same kind and name is nearest."""
    kind, module = new.split(".")[-3:-1]
    parts = old.split(".")
    return kind not in parts, module != parts[-2], len(parts), old


@cache
def _backwards() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for old, new in {**told_homes(), **RENAMED}.items():
        if ".contrib." not in old and not old.rpartition(".")[0].endswith("_operator"):
            found.setdefault(new, []).append(old)
    return found
