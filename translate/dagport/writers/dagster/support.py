"""What the writer carries over, and how well: the table of ``docs/support-dagster.md``."""

from __future__ import annotations

from collections.abc import Iterator

from dagport.writers.common import bash, empty, python, sql
from dagport.writers.dagster import settings
from dagport.writers.dagster.schedule import REASONS

Row = tuple[str, str, str]
"""A concept of Airflow, its fidelity, and where it goes or why not."""

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
    (
        "`@task.virtualenv`, `.docker`, ... and all other operators",
        "delegated",
        "an asset that has Airflow run the task; its value is a dict of what the task pushes, by key",
    ),
    ("functions that can't be rewritten", "delegated", "as above; DP410 says why"),
    ("sensors, waits", "delegated", "they wait in Airflow, and the asset waits as long"),
    ("tasks that start another DAG", "delegated", "they need an Airflow with a scheduler: a `RemoteAirflowResource`"),
    (
        "LatestOnlyOperator",
        "delegated",
        "no run that Dagster starts is skipped by it: Airflow counts it as a manual one",
    ),
    ("mapped tasks", "delegated", "Airflow expands them; the dict's values are lists in the order of the instances"),
    ("mapped task groups", "delegated", "their tasks run together: one multi-asset"),
    (
        "branches, short-circuits",
        "delegated",
        "together with the tasks that they choose from: one multi-asset with an asset for each task",
    ),
    (
        "trigger rules other than `all_success`",
        "delegated",
        "together with the tasks before them, and all whose states Dagster's own rule would change",
    ),
    ("setup and teardown", "delegated", "together with the tasks between them"),
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
        "approximate",
        "a list, where Airflow gives a lazy sequence",
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
    ("cron schedule with a time zone", "native", "a schedule, stopped until it is turned on"),
    ("description, documentation, tags", "native", "of the job and the module; odd tags are metadata"),
    ("`catchup`, `max_active_runs`, `max_active_tasks`", "reported", "DP403 says where to set them"),
    (
        "`start_date`, `end_date`",
        "native",
        "the first partition; without partitions told in a comment. DP403 reports an end",
    ),
    ("callbacks of a DAG", "reported", "use run status sensors"),
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
    ("`execution_timeout`", "approximate", "nothing ends a single step"),
    ("`depends_on_past`, `wait_for_downstream`", "approximate", "no run waits for another"),
    ("`inlets`, `outlets`", "native", "metadata with their URIs"),
)


def rows() -> Iterator[tuple[str, tuple[Row, ...]]]:
    """The sections of the table."""
    yield "Tasks", TASKS
    yield "Data", DATA
    yield "DAGs", (*DAGS, *((f"schedule: {kind}", "reported", f"DP407: {why}") for kind, why in REASONS.items()))
    yield "Settings of a task", (*SETTINGS, *settings.TABLES.rows())


def support_table() -> str:
    """The page ``docs/support-dagster.md``."""
    lines = [
        "# What `--to dagster` carries over",
        "",
        "This page is generated from `dagport.writers.dagster.support`; a test fails when it is stale.",
        "",
        "- **native**: the same in Dagster.",
        "- **approximate**: carried over, and DP402 says how it can differ.",
        "- **reported**: not in the code; a diagnostic says where it goes instead.",
        "- **known difference**: not reported for each task, so read it here.",
        "- **delegated**: Airflow goes on running the task, with its data in and out (DP410); see delegation.md.",
        "- **manual**: refused; the asset is in its place and raises an error when it is run (DP401).",
    ]
    for title, section in rows():
        lines += ["", f"## {title}", "", "| Airflow | fidelity | Dagster |", "|---|---|---|"]
        lines += [f"| {concept} | {fidelity} | {note} |" for concept, fidelity, note in section]
    lines += ["", "## Operators with a form", ""]
    lines += [f"- `{name}`" for module in (python, bash, sql, empty) for name in sorted(module.OPERATORS)]
    return "\n".join(lines) + "\n"
