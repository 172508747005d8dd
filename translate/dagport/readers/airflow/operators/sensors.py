"""Sensors: they wait until something is there."""

from dagport.readers.airflow.operators import Family, Signature

HOME = "airflow.providers.standard.sensors"
EXTERNAL_TASK = Signature(
    "external_dag_id external_task_id external_task_ids external_task_group_id",
    "external_dag_id",
    "external_task_id external_task_ids external_task_group_id allowed_states skipped_states failed_states "
    "execution_delta execution_date_fn check_existence poll_interval deferrable",
    sensor=True,
)

FAMILY = Family(
    kind="sensor",
    classes={
        f"{HOME}.bash.BashSensor": Signature(
            "bash_command env", "bash_command", "env output_encoding retry_exit_code", sensor=True
        ),
        f"{HOME}.external_task.ExternalTaskSensor": EXTERNAL_TASK,
        f"{HOME}.filesystem.FileSensor": Signature(
            "filepath fs_conn_id",
            "filepath",
            "fs_conn_id recursive deferrable start_from_trigger trigger_kwargs",
            sensor=True,
        ),
        f"{HOME}.python.PythonSensor": Signature(
            "templates_dict op_args op_kwargs",
            "python_callable",
            "op_args op_kwargs templates_dict",
            sensor=True,
        ),
        "airflow.providers.common.sql.sensors.sql.SqlSensor": Signature(
            "sql hook_params parameters conn_id",
            "conn_id sql",
            "parameters success failure selector fail_on_empty hook_params",
            sensor=True,
        ),
    },
    aliases={
        "airflow.sensors.bash.BashSensor": f"{HOME}.bash.BashSensor",
        "airflow.contrib.sensors.bash_sensor.BashSensor": f"{HOME}.bash.BashSensor",
        "airflow.sensors.external_task.ExternalTaskSensor": f"{HOME}.external_task.ExternalTaskSensor",
        "airflow.sensors.external_task_sensor.ExternalTaskSensor": f"{HOME}.external_task.ExternalTaskSensor",
        "airflow.sensors.filesystem.FileSensor": f"{HOME}.filesystem.FileSensor",
        "airflow.contrib.sensors.file_sensor.FileSensor": f"{HOME}.filesystem.FileSensor",
        "airflow.sensors.python.PythonSensor": f"{HOME}.python.PythonSensor",
        "airflow.contrib.sensors.python_sensor.PythonSensor": f"{HOME}.python.PythonSensor",
        "airflow.sensors.sql.SqlSensor": "airflow.providers.common.sql.sensors.sql.SqlSensor",
        "airflow.sensors.sql_sensor.SqlSensor": "airflow.providers.common.sql.sensors.sql.SqlSensor",
    },
    names=r"Sensor(Async)?$",
    rank=5,
)
