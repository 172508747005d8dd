"""Waiting for a time."""

from dagport.readers.airflow.operators import Family, Signature

HOME = "airflow.providers.standard.sensors"
DEFERRED = "deferrable start_from_trigger end_from_trigger trigger_kwargs"

FAMILY = Family(
    kind="wait",
    classes={
        f"{HOME}.date_time.DateTimeSensor": Signature("target_time", "target_time", sensor=True),
        f"{HOME}.date_time.DateTimeSensorAsync": Signature(
            "target_time", "target_time", "start_from_trigger end_from_trigger trigger_kwargs", sensor=True
        ),
        f"{HOME}.time.TimeSensor": Signature("", "target_time", DEFERRED, sensor=True),
        f"{HOME}.time.TimeSensorAsync": Signature("", "target_time", DEFERRED, sensor=True),
        f"{HOME}.time_delta.TimeDeltaSensor": Signature("delta", "delta", "deferrable end_from_trigger", sensor=True),
        f"{HOME}.time_delta.TimeDeltaSensorAsync": Signature(
            "delta", "delta", "deferrable end_from_trigger", sensor=True
        ),
        f"{HOME}.time_delta.WaitSensor": Signature("time_to_wait", "time_to_wait", "deferrable", sensor=True),
        f"{HOME}.weekday.DayOfWeekSensor": Signature(
            "", "week_day", "use_task_logical_date use_task_execution_day", sensor=True
        ),
    },
    aliases={
        "airflow.sensors.date_time.DateTimeSensor": f"{HOME}.date_time.DateTimeSensor",
        "airflow.sensors.date_time_sensor.DateTimeSensor": f"{HOME}.date_time.DateTimeSensor",
        "airflow.sensors.date_time.DateTimeSensorAsync": f"{HOME}.date_time.DateTimeSensorAsync",
        "airflow.sensors.time_sensor.TimeSensor": f"{HOME}.time.TimeSensor",
        "airflow.sensors.time_sensor.TimeSensorAsync": f"{HOME}.time.TimeSensorAsync",
        "airflow.sensors.time_delta.TimeDeltaSensor": f"{HOME}.time_delta.TimeDeltaSensor",
        "airflow.sensors.time_delta_sensor.TimeDeltaSensor": f"{HOME}.time_delta.TimeDeltaSensor",
        "airflow.sensors.time_delta.TimeDeltaSensorAsync": f"{HOME}.time_delta.TimeDeltaSensorAsync",
        "airflow.sensors.time_delta.WaitSensor": f"{HOME}.time_delta.WaitSensor",
        "airflow.sensors.weekday.DayOfWeekSensor": f"{HOME}.weekday.DayOfWeekSensor",
        "airflow.sensors.weekday_sensor.DayOfWeekSensor": f"{HOME}.weekday.DayOfWeekSensor",
        "airflow.contrib.sensors.weekday_sensor.DayOfWeekSensor": f"{HOME}.weekday.DayOfWeekSensor",
    },
    names=r"^(Date)?Time(Delta)?Sensor|^WaitSensor",
    rank=4,
)
