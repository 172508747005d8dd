"""BigQuery: the same job by dagster-gcp's client.

Source: ``BigQueryInsertJobOperator`` and ``BigQueryHook.insert_job`` of the google provider, ``_AsyncJob.result`` of
google-cloud-bigquery, ``BigQueryResource`` of dagster-gcp.
"""

from __future__ import annotations

from collections.abc import Mapping

from dagport.graph import Task
from dagport.writers.common.model import VALUE, Refused
from dagport.writers.dagster.families.aws_jobs import switch
from dagport.writers.dagster.families.table import Carried, Client, Differs, Family, Operator, Read, ignored, limited
from dagport.writers.dagster.scope import Scope

KINDS = frozenset({"load", "copy", "extract", "query"})
FILES = (".json", ".sql")


def check(task: Task, _: Scope) -> None:
    """A job whose kind is known, and whose query is no template file."""
    job = task.arguments.get("configuration")
    if not isinstance(job, Mapping):
        raise Refused("its configuration isn't known")
    kinds = KINDS & set(job)
    if len(kinds) != 1:
        raise Refused("its configuration isn't one query, load, copy or extract")
    query = job.get("query")
    text = query.get("query") if isinstance(query, Mapping) else None
    if isinstance(text, str) and text.endswith(FILES):
        raise Refused(f"its configuration names the template file {text!r}, which dagport doesn't read")
    switch(task, "cancel_on_kill", True)


def body(task: Task) -> str:
    """The job's id, when it has succeeded."""
    places = {
        "project_id": "project=$_project",
        "location": "location=$_location",
        "result_timeout": "timeout=$_timeout",
    }
    more = "".join(f", {text}" for name, text in places.items() if task.arguments.get(name) is not None)
    keep = "" if switch(task, "cancel_on_kill", True) else ", cancel=False"
    return f"with $client.get_client() as client:\n    return run_job(client, $configuration{more}{keep})"


PROJECT = Client(
    annotation="BigQueryResource",
    imported="from dagster_gcp import BigQueryResource",
    made='BigQueryResource(project=dg.EnvVar("{NAME}_PROJECT"))',
    said="its project is read from the environment variable {NAME}_PROJECT, and its credentials are those that "
    "Google's clients find (GOOGLE_APPLICATION_CREDENTIALS)",
    requires="dagster-gcp>=0.29",
)
OPERATOR = Operator(
    rules={
        "configuration": Carried(to="configuration", rendered=True),
        "project_id": Carried(to="_project", rendered=True),
        "location": Carried(
            to="_location", unset="Airflow takes the connection's location, and Dagster the one of the data"
        ),
        "result_timeout": Carried(to="_timeout"),
        "gcp_conn_id": Read(kind=str, rendered=True),
        "cancel_on_kill": Read(),
        "durable": Differs(
            why="when a worker dies, the step starts another job, and Airflow goes on with the first",
            same=(False,),
            absent=True,
        ),
        **limited("job_id", why="its job has an id of its own, which runs only once"),
        **limited("force_rerun", True, why="it runs only once with the same configuration"),
        **limited("reattach_states", why="it goes on with a job that there is"),
        **limited("impersonation_chain", why="it takes the place of another account"),
        **limited("result_retry", why="it says otherwise how often it asks again"),
        **ignored("deferrable poll_interval", "how Airflow waits"),
    },
    body=body,
    client=PROJECT,
    connection=("gcp_conn_id", "google_cloud_default"),
    required=("configuration",),
    files=FILES,
    result=VALUE,
    context=False,
    approximations=("the job has another id, and not Airflow's labels (airflow-dag, airflow-task)",),
    imports=("from {package}.bigquery import run_job",),
    support=("bigquery",),
    check=check,
)
FAMILY = Family(
    title="BigQueryInsertJobOperator",
    fidelity="approximate",
    note="the same job through dagster-gcp's `BigQueryResource`, waited for, cancelled when the run is ended; its id "
    "and its labels aren't Airflow's",
    operators={"airflow.providers.google.cloud.operators.bigquery.BigQueryInsertJobOperator": OPERATOR},
)
