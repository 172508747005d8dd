"""What the writer carries over, and how well: the table of ``docs/support-dagster.md``."""

from __future__ import annotations

from collections.abc import Iterator

from dagport.writers.common.forms import ROWS
from dagport.writers.common.support_page import Row, support_page
from dagport.writers.dagster import settings
from dagport.writers.dagster.families import FAMILIES
from dagport.writers.dagster.forms import FORMS

TASKS: tuple[Row, ...] = (
    ("PythonOperator, `@task`", "native", "an asset that is the function; its inputs are the results that it takes"),
    ("BashOperator", "native", "an asset that runs the command by `run_bash`, with the operator's rules"),
    (
        "SQL operators of Postgres, MySQL and SQLite",
        "native",
        "an asset that runs the statements through a `SqlDatabase` resource",
    ),
    (
        "SQLExecuteQueryOperator",
        "approximate",
        "as above; the connection decides which hook Airflow uses, and it isn't known",
    ),
    ("EmptyOperator, DummyOperator", "native", "folded: the tasks after it depend on those before it"),
    *ROWS,
    (
        "`@task.docker`, `@task.kubernetes`, ... and all other operators",
        "delegated",
        "an asset that has Airflow run the task; its value is a dict of what the task pushes, by key",
    ),
    ("functions that can't be rewritten", "delegated", "as above; DP410 says why"),
    ("other sensors, waits", "delegated", "they wait in Airflow, and the asset waits as long"),
    ("other tasks that start a DAG", "delegated", "they need an Airflow with a scheduler: a `RemoteAirflowResource`"),
    (
        "branches, short-circuits",
        "native",
        "ops of a graph with assets at its ends, which hand on what they skip; so do all tasks after them",
    ),
    (
        "trigger rules other than `all_success`",
        "native",
        "ops that ask the rule of how those before them have ended; they start when all have, never earlier (DP403)",
    ),
    ("`AirflowSkipException`", "native", "`Skip`, raised by an op"),
    ("setup and teardown", "native", "ops; a failed teardown fails the run only with `on_failure_fail_dagrun`"),
    (
        "`expand`, `expand_kwargs`",
        "native",
        "an op that makes the items, the op of an instance, mapped over them, and one that gathers the results",
    ),
    ("`zip`, `map`, `concat` of results; `expand` over `op_args`", "delegated", "the graph doesn't say what they are"),
    ("mapped task groups", "native", "a function of the item, whose ops are mapped together"),
    (
        "`all_done_min_one_success` behind another task of a mapped group",
        "approximate",
        "Airflow 3.3 fails the task as a whole, whatever has ended",
    ),
    (
        "these, in one graph with a task that has no form",
        "delegated",
        "the tasks that Airflow decides about together run there: one multi-asset with an asset for each of them",
    ),
    ("these with `--style assets`", "delegated", "as above"),
    ("all these with `--no-delegate`, or in a DAG whose graph isn't exact", "manual", "they are refused"),
)
DATA: tuple[Row, ...] = (
    ("return value, TaskFlow argument, `.output`", "native", "the asset's value; a parameter of the assets after it"),
    ("`xcom_push` and `xcom_pull` with constant ids and keys", "native", "the asset's value is a dict of the keys"),
    ("`multiple_outputs`", "native", "the asset's value is the dict, and Dagster checks that it is one"),
    ("a pull from a task that need not have run", "delegated", "Airflow runs both tasks: an asset loads what is there"),
    (
        "values that go to a delegated task and back",
        "native",
        "JSON, tuples and sets as Airflow keeps them; a task that returns anything else for Airflow fails and says so",
    ),
    (
        "the results of a mapped task, as an argument",
        "native",
        "a list, where Airflow gives a lazy sequence (DP403); of a delegated one `approximate`",
    ),
    (
        "values that JSON changes",
        "known difference",
        "Airflow stores JSON, which makes keys texts; Dagster's default IO manager stores the value itself",
    ),
    (
        "results of runs at the same time",
        "known difference",
        "Airflow keeps results by run; an asset keeps one value, or one a partition",
    ),
    (
        "type annotations of the functions",
        "reported",
        "left out of the assets' signatures: Dagster would check them when it runs, and Airflow doesn't",
    ),
    ("`params`", "native", "fields of a `dg.Config` class"),
    ("Variables", "native", "environment variables, read by `dg.EnvVar`"),
    ("Connections", "native", "resources for SQL operators; a function that reads one is delegated"),
    ("`ds`, `ts`, the logical date and the data interval", "native", "partitions of the cron schedule"),
    ("`run_id`", "approximate", "Dagster's ids look different"),
    ("other entries of the context", "delegated", "Airflow has them"),
)
DAGS: tuple[Row, ...] = (
    ("DAG", "native", "an asset job; its assets share a key prefix and a group"),
    ("task group", "native", "a group `dag/group`"),
    ("description, documentation, tags", "native", "of the job and the module; odd tags are metadata"),
    (
        "`max_active_runs`, `dagrun_timeout`",
        "native",
        "a limit by the job's tag, and run monitoring, in the project's `dagster.yaml` for the instance (DP403)",
    ),
    ("`max_active_tasks`", "native", "`max_concurrent` of the job's executor; in Airflow 2 it is for all runs (DP403)"),
    (
        "callbacks of a DAG that take nothing but names from the context",
        "native",
        "`@dg.run_failure_sensor` and `@dg.run_status_sensor` call the user's function; DP403: turn them on",
    ),
    ("other callbacks of a DAG", "reported", "use run status sensors"),
    (
        "a wait at the start of a DAG",
        "native",
        "stays a task of the run, with its timeout and its failure: a sensor before the run would have neither",
    ),
)
WHEN: tuple[Row, ...] = (
    (
        "a cron expression, several of them, `CronTriggerTimetable`, `MultipleCronTriggerTimetable`",
        "native",
        "a `dg.ScheduleDefinition`, stopped until it is turned on, where its ticks are Airflow's runs also when clocks "
        "change; else a sensor that goes by Airflow's rules (`timetables.py` of the project)",
    ),
    (
        "the same, where tasks ask for dates or Airflow runs them",
        "native",
        "partitions and their schedule, or a sensor that gives the run its dates as tags",
    ),
    ("`CronDataIntervalTimetable`, a cron expression in Airflow 2", "native", "partitions that end at the tick"),
    ("six fields, `L`, `#`", "native", "a sensor: Dagster has no such cron expressions"),
    ("`timedelta`, `DeltaTriggerTimetable`, `DeltaDataIntervalTimetable`", "native", "a sensor"),
    ("`@once`, `EventsTimetable`", "native", "a sensor"),
    ("`@continuous`", "native", "a sensor that starts a run when none of the job is left"),
    (
        "assets: all, any, or an expression of them",
        "native",
        "a sensor: a run whenever the condition holds for what has been updated since the run before",
    ),
    ("`AssetOrTimeSchedule`", "native", "both a schedule and a sensor"),
    ("assets that no task of the project updates", "native", "a `dg.AssetSpec`; DP403: report its updates"),
    ("`CronPartitionTimetable`, `PartitionedAtRuntime`", "reported", "as a cron expression, or by hand; DP403: no key"),
    ("asset aliases, `PartitionedAssetTimetable`", "reported", "DP407: no schedule"),
    ("timetables of your own", "reported", "DP407: they are code"),
    ("`start_date`", "native", "the first partition or tick; in a comment where that was before 2026"),
    ("`end_date`", "native", "the last tick (`should_execute`), or the sensor's end"),
    ("`catchup=True`", "native", "a sensor that makes up for all runs since the start date"),
    (
        "`catchup` not set in Airflow 2",
        "reported",
        "DP403: Airflow 2 catches up; launch a backfill. Sensors do catch up",
    ),
    (
        "a DAG that is turned on in the middle of an interval",
        "known difference",
        "Airflow starts the last run that was due at once, a schedule of Dagster waits for its next tick",
    ),
    ("the moment at which a sensor starts a run", "known difference", "a sensor looks every 30 seconds"),
    (
        "TriggerDagRunOperator of a DAG of the project, as it is",
        "native",
        "an asset whose update starts the other job, by a sensor",
    ),
    ("the same with `conf`, a date or `wait_for_completion`", "delegated", "only an Airflow with a scheduler does it"),
    (
        "ExternalTaskSensor of a DAG of the project, with `execution_delta`",
        "native",
        "an asset that waits for the other job's run of that logical date, with the sensor's timeout",
    ),
    ("ExternalTaskMarker", "native", "an asset that does nothing: clearing follows the lineage"),
)
PLATFORMS: tuple[Row, ...] = (
    (
        "dbt by a BashOperator",
        "native",
        "the same command: a `DbtCliResource` would run the same program, and `@dbt_assets` would put the project's "
        "models in the place of the task. One that ends with `dbt test`, `dbt source freshness`, `soda scan` or a "
        "checkpoint of Great Expectations is an asset with a blocking `AssetCheckSpec`",
    ),
    (
        "MLflow, Weights & Biases, Great Expectations in functions",
        "native",
        "the functions as they are: `mlflow.start_run` and `wandb.init` read addresses and keys from environment "
        "variables, which stay; Variables come from them, too; a function that reads a connection is delegated. "
        "No resource is made: dagster-mlflow would start a run of its own around the whole job, and dagster-wandb "
        "would put artifacts in the place of the values",
    ),
    (
        "Vertex AI; Dataproc; transfers between two connections (S3ToRedshift, GCSToBigQuery, into Snowflake)",
        "delegated",
        "Dagster has no integration, or its resource makes another request than Airflow's hook; a transfer's statement "
        "has one connection's credentials in it",
    ),
    (
        "operators of airflow-dbt and of Cosmos; GreatExpectationsOperator",
        "delegated",
        "what they run comes from a project or a data context that only the package reads. A `DbtTaskGroup` makes its "
        "tasks when the DAG is read, so such a DAG isn't exact",
    ),
    (
        "operators of other platforms: GKE and EKS pods, Snowflake's own, DatabricksNotebookOperator, SageMaker "
        "transforms and endpoints",
        "delegated",
        "they have no table yet: a family is one file (adding.md)",
    ),
    ("an argument that a table doesn't know, or a value without a place", "delegated", "DP410 says which"),
)
SETTINGS: tuple[Row, ...] = (
    ("`retries`, `retry_delay`", "native", "a `dg.RetryPolicy`"),
    (
        "`retry_exponential_backoff`",
        "approximate",
        "`dg.Backoff.EXPONENTIAL`, without the part that depends on the run",
    ),
    ("`owner`", "native", "`owners` for an e-mail address or `team:x`, else the tag `owner`"),
    ("`pool`", "native", "`pool`; its limit is set on the instance"),
    ("`pool_slots`", "approximate", "an asset takes one slot"),
    ("`priority_weight`", "native", "the tag `dagster/priority`"),
    ("`queue`", "reported", "the executor's configuration"),
    (
        "`execution_timeout`",
        "native",
        "`@time_limit` below the asset's decorator: a signal interrupts each try, as Airflow's does",
    ),
    ("`depends_on_past`, `wait_for_downstream`", "approximate", "no run waits for another"),
    (
        "`on_failure_callback`, `on_success_callback` that take nothing but names and the exception from the context",
        "native",
        "hooks of the asset; where the task becomes an op of a graph, as below",
    ),
    ("`inlets`, `outlets`", "native", "metadata with their URIs; a schedule by assets looks at the asset of the task"),
)


def rows() -> Iterator[tuple[str, tuple[Row, ...]]]:
    """The sections of the table."""
    yield "Tasks", TASKS
    yield "Platforms", (*((family.title, family.fidelity, family.note) for family in FAMILIES), *PLATFORMS)
    yield "Data", DATA
    yield "DAGs", DAGS
    yield "When a DAG runs", WHEN
    yield "Settings of a task", (*SETTINGS, *settings.TABLES.rows())


def support_table() -> str:
    """The page ``docs/support-dagster.md``."""
    return support_page(__name__, "Dagster", "asset", rows(), FORMS)
