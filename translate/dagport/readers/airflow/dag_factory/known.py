"""Which names of Airflow 3.3 itself can be imported: a YAML file that names another one isn't loaded.

Seen on 3.3.2: the old homes of operators and sensors hold these classes and no others.
"""

from __future__ import annotations

from dagport.evaluate.machine import Machine
from dagport.readers.airflow import operators
from dagport.readers.airflow.removed import gone_in_3
from dagport.readers.airflow.versions import SDK_NAMES

OLD_HOMES: dict[str, str] = {
    "airflow.operators.python": "PythonOperator BranchPythonOperator ShortCircuitOperator PythonVirtualenvOperator "
    "ExternalPythonOperator BranchExternalPythonOperator BranchPythonVirtualenvOperator get_current_context",
    "airflow.operators.bash": "BashOperator",
    "airflow.operators.datetime": "BranchDateTimeOperator",
    "airflow.operators.generic_transfer": "GenericTransfer",
    "airflow.operators.weekday": "BranchDayOfWeekOperator",
    "airflow.operators.trigger_dagrun": "TriggerDagRunOperator",
    "airflow.operators.latest_only": "LatestOnlyOperator",
    "airflow.operators.empty": "EmptyOperator",
    "airflow.operators.email": "EmailOperator",
    "airflow.operators.smooth": "SmoothOperator",
    "airflow.operators.branch": "BranchMixIn BaseBranchOperator",
    "airflow.sensors.base": "BaseSensorOperator PokeReturnValue poke_mode_only",
    "airflow.sensors.python": "PythonSensor",
    "airflow.sensors.bash": "BashSensor",
    "airflow.sensors.date_time": "DateTimeSensor DateTimeSensorAsync",
    "airflow.sensors.time_sensor": "TimeSensor TimeSensorAsync",
    "airflow.sensors.weekday": "DayOfWeekSensor",
    "airflow.sensors.time_delta": "TimeDeltaSensor TimeDeltaSensorAsync",
    "airflow.sensors.filesystem": "FileSensor",
    "airflow.sensors.external_task": "ExternalTaskSensor ExternalTaskMarker ExternalDagLink",
}
HOMES: dict[str, str] = {
    "airflow.decorators": "task",
    "airflow.models": "DAG Variable",
    "airflow.models.baseoperator": "BaseOperator",
    "airflow.models.param": "Param",
    "airflow.sdk.bases.operator": "BaseOperator",
    "airflow.sdk.bases.sensor": "BaseSensorOperator",
    "airflow.sdk.definitions.asset": "Asset AssetAlias AssetAll AssetAny Dataset",
    "airflow.sdk.definitions.decorators": "task",
    "airflow.sdk.definitions.param": "Param",
    "airflow.sdk.definitions.timetables.trigger": "CronTriggerTimetable",
    "airflow.timetables.assets": "AssetOrTimeSchedule",
    "airflow.timetables.interval": "CronDataIntervalTimetable DeltaDataIntervalTimetable",
    "airflow.timetables.trigger": "CronTriggerTimetable DeltaTriggerTimetable MultipleCronTriggerTimetable",
    "airflow.utils.trigger_rule": "TriggerRule",
}
STANDARD = "airflow.providers.standard."
CLOSED = ("airflow.operators.", "airflow.sensors.", "airflow.contrib.", "airflow.hooks.")


def is_there(machine: Machine, module: str, name: str) -> bool | None:
    """Whether Airflow 3.3 has a name; ``None`` when that isn't known. Providers are taken to be installed."""
    known = OLD_HOMES.get(module) or HOMES.get(module)
    if known is not None and name in known.split():
        return True
    if gone_in_3(module) or gone_in_3(module, name) or f"{module}.".startswith(CLOSED):
        return False
    if module == "airflow.sdk":
        return True if name in SDK_NAMES else None
    if module.partition("airflow.sdk.")[2] in SDK_NAMES - {"api", "bases", "definitions", "exceptions", "timezone"}:
        return False  # `airflow.sdk.task` is no module
    if f"{module}.".startswith(STANDARD):
        return _in_standard(machine, f"{module}.{name}")
    return True if module.startswith("airflow.providers.") else None


def _in_standard(machine: Machine, dotted: str) -> bool | None:
    entry = operators.find(dotted)
    if entry is not None and entry.parameters is not None and entry.name == dotted:
        return True
    return True if ".decorators." in dotted and machine.native(dotted) is not None else None
