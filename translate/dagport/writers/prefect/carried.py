"""What the writer carries over, and how well: the table of ``docs/support-prefect.md``."""

from __future__ import annotations

from collections.abc import Iterator

from dagport.writers.common.forms import ROWS
from dagport.writers.common.support_page import Row, support_page
from dagport.writers.prefect import settings
from dagport.writers.prefect.forms import FORMS

TASKS: tuple[Row, ...] = (
    ("PythonOperator, `@task`", "native", "a task that is the function, with its parameters and annotations"),
    *ROWS,
    ("BashOperator", "native", "a task that runs the command by `run_bash`, with the operator's rules"),
    (
        "SQL operators of Postgres, MySQL and SQLite",
        "native",
        "a task that runs the statements through a `SqlDatabase`",
    ),
    (
        "SQLExecuteQueryOperator",
        "approximate",
        "as above; the connection decides which hook Airflow uses, and it isn't known",
    ),
    ("EmptyOperator, DummyOperator", "native", "folded where no rule asks for its end, else a task that does nothing"),
    (
        "PythonSensor, `@task.sensor`, TimeDeltaSensor, DateTimeSensor, FileSensor",
        "native",
        "a task that looks every so often; with `soft_fail`, or retries and not in the mode `poke`, it is delegated",
    ),
    (
        "all other operators, and functions that can't be rewritten",
        "delegated",
        "a task that has Airflow run it; its value is a dict of what the task pushes, by key. DP410 says why",
    ),
    ("other sensors, waits", "delegated", "they wait in Airflow, and the task waits as long"),
    ("TriggerDagRunOperator of a DAG of the project, as it is", "native", "`run_deployment`, which isn't waited for"),
    ("... of another DAG, with `conf`, a date or `wait_for_completion`", "delegated", "it needs a `RemoteAirflow`"),
    ("all these with `--no-delegate`, or in a DAG whose graph isn't exact", "manual", "they are refused"),
)
CONTROL: tuple[Row, ...] = (
    ("`all_success`, with nothing skipped before it", "native", "the futures of the tasks before it"),
    ("branches, short circuits, LatestOnly", "native", "gated tasks after them ask what was chosen"),
    ("every other trigger rule, and what comes after a skip", "native", "`gated_task`: the rule is asked in code"),
    ("a task that skips itself", "native", "`raise Skip`; its state is completed, with the name Skipped"),
    ("setup and teardown", "native", "gated tasks; a teardown isn't among the futures that decide about the run"),
    ("mapped tasks and groups", "native", "`expand`, and a loop over `each`: the flow waits for the list"),
    ("the state of the run", "native", "the flow returns the futures of the leaves, which decide as in Airflow"),
    (
        "branches and other choices among tasks that Airflow runs",
        "delegated",
        "together: one task runs all of them, and one for each ends as it has ended in Airflow",
    ),
    ("`one_success`, `one_failed`, `one_done`", "native", "they start when all before them have ended"),
)
DATA: tuple[Row, ...] = (
    ("return value, TaskFlow argument, `.output`", "native", "a future, handed to the tasks after it"),
    ("`xcom_push` and `xcom_pull` with constant ids and keys", "native", "the result is a dict of the keys"),
    ("`multiple_outputs`", "native", "the result is the dict"),
    ("a pull from a task that need not have run", "delegated", "Airflow runs both tasks"),
    (
        "a result that a library changes in place, when several tasks get it",
        "known difference",
        "Airflow gives each task a copy; here one does where its own code changes objects, else they share them",
    ),
    (
        "values that JSON changes",
        "known difference",
        "Airflow stores JSON, which makes keys texts; here the value itself is handed on",
    ),
    ("constant arguments", "native", "arguments of the call"),
    ("`params`", "native", "parameters of the flow, checked by Prefect"),
    ("Variables", "native", "Prefect's variables"),
    (
        "Connections",
        "native",
        "URLs in environment variables, for SQL operators; a function that reads one is delegated",
    ),
    (
        "`ds`, `ts`, the logical date and the data interval",
        "native",
        "of the moment for which the run is scheduled; the flow's parameter `logical_date` says another",
    ),
    ("`run_id`", "approximate", "Prefect's ids look different"),
    ("other entries of the context", "delegated", "Airflow has them"),
)
DAGS: tuple[Row, ...] = (
    ("DAG", "native", "a flow, and its deployment in `prefect.yaml`"),
    ("task group", "native", "a part of the tasks' names"),
    (
        "cron schedule with a time zone, `timedelta`, timetables of these",
        "native",
        "schedules, paused until they are turned on; DP403 says where changes of clocks matter",
    ),
    ("description, documentation, tags", "native", "of the flow and its deployment"),
    ("`max_active_runs`", "native", "`concurrency_limit`, further runs wait"),
    ("`max_active_tasks`", "native", "threads of the flow's task runner"),
    ("`dagrun_timeout`", "reported", "`timeout_seconds`; calls that block go on until they return"),
    ("`catchup`", "reported", "DP403 says what to do"),
    (
        "`end_date`",
        "native",
        "the schedule is an RRULE with an end; reported (DP403) where clocks change, or it would have over 50,000 runs",
    ),
    (
        "`@once`",
        "native",
        "an RRULE with one moment, the start date; DP403 says how to make it up when that has passed",
    ),
    ("EventsTimetable", "native", "an RRULE with its dates"),
    (
        "schedules by assets: all of them, any, or an expression",
        "approximate",
        "an automation of the deployment by the events of assets, off until it is turned on; DP403 says what differs, "
        "DP407 where an asset isn't a URI or nothing says what an alias is",
    ),
    (
        "`@continuous`",
        "approximate",
        "an automation by the end of the flow's own runs, off until it is turned on; the first run is started by hand",
    ),
    ("PartitionedAssetTimetable", "reported", "DP407: Prefect's events don't know partitions"),
    ("callbacks of a DAG", "reported", "use the hooks of the flow"),
    (
        "other timetables, schedules that aren't known",
        "reported",
        "DP407: schedule the runs with an RRule or by the API",
    ),
)
SETTINGS: tuple[Row, ...] = (
    ("`retries`, `retry_delay`", "native", "`retries`, `retry_delay_seconds`; `PermanentFailure` has none"),
    ("`retry_exponential_backoff`", "approximate", "a list of delays, without the part that depends on the run"),
    ("`execution_timeout`", "approximate", "`timeout_seconds`, which can't interrupt a call that blocks"),
    ("`owner`", "native", "a tag `owner:x`"),
    ("`pool`", "native", "a tag `pool:x`; its concurrency limit is set on the server"),
    ("`pool_slots`", "approximate", "a task takes one slot"),
    ("`priority_weight`, `queue`", "reported", "work pools and queues have them"),
    ("`depends_on_past`, `wait_for_downstream`", "approximate", "no run waits for another"),
    (
        "`outlets`, `inlets`",
        "native",
        "`@materialize`, or `assets` of a gated task, which a skip doesn't make; where they are URIs",
    ),
)


def rows() -> Iterator[tuple[str, tuple[Row, ...]]]:
    """The sections of the table."""
    yield "Tasks", TASKS
    yield "What decides about tasks and runs", CONTROL
    yield "Data", DATA
    yield "DAGs", DAGS
    yield "Settings of a task", (*SETTINGS, *settings.TABLES.rows())


def support_table() -> str:
    """The page ``docs/support-prefect.md``."""
    return support_page(__name__, "Prefect", "task", rows(), FORMS)
