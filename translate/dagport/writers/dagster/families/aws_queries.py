"""Queries that Athena and Redshift run: the same request by boto3, and the same wait for its end.

Source: ``AthenaOperator`` and ``AthenaHook.run_query``, ``RedshiftDataOperator`` and ``RedshiftDataHook.execute_query``
of the amazon provider 9.
"""

from __future__ import annotations

from dagport.graph import Task
from dagport.values import Template
from dagport.writers.common.model import VALUE, Refused
from dagport.writers.dagster.families.aws import ACCOUNT, CONNECTION, service
from dagport.writers.dagster.families.aws_jobs import switch
from dagport.writers.dagster.families.table import Carried, Differs, Family, Operator, Read, ignored, limited
from dagport.writers.dagster.scope import Scope

CATALOG = "AwsDataCatalog"
PRIMARY = "primary"


def athena(task: Task) -> str:
    """A query, which is stopped when its run is ended."""
    attempts = ", attempts=$_attempts" if task.arguments.get("max_polling_attempts") else ""
    return "\n".join(
        [
            service(task, "athena"),
            'query = athena.start_query_execution($arguments)["QueryExecutionId"]',
            "with stopping(lambda: athena.stop_query_execution(QueryExecutionId=query)):",
            "    wait_until(",
            '        lambda: athena.get_query_execution(QueryExecutionId=query), "QueryExecution.Status.State",',
            '        done=("SUCCEEDED",), failed=("FAILED", "CANCELLED"),',
            f"        every=$_every{attempts}, log=context.log.info,",
            "    )",
            "return query",
        ]
    )


ATHENA = Operator(
    rules={
        "query": Carried(to="QueryString", rendered=True),
        "query_execution_context": Carried(to="QueryExecutionContext", spread=True),
        "database": Carried(to="QueryExecutionContext.Database", rendered=True),
        "catalog": Carried(to="QueryExecutionContext.Catalog", rendered=True, absent=CATALOG),
        "result_configuration": Carried(to="ResultConfiguration", spread=True),
        "output_location": Carried(to="ResultConfiguration.OutputLocation", rendered=True),
        "client_request_token": Carried(to="ClientRequestToken"),
        "workgroup": Carried(to="WorkGroup", rendered=True, absent=PRIMARY),
        "sleep_time": Carried(to="_every", absent=30),
        "max_polling_attempts": Carried(to="_attempts"),
        **ignored("log_query", "what Airflow logs"),
        **limited("deferrable", False, why="Airflow waits for it in its triggerer, by another rule"),
        **CONNECTION,
    },
    body=athena,
    client=ACCOUNT,
    connection=("aws_conn_id", "aws_default"),
    required=("query",),
    files=(".sql",),
    result=VALUE,
    imports=("from {package}.aws import stopping",),
    support=("wait_until",),
)


def redshift(task: Task) -> str:
    """The ids of the statements, or what they have found."""
    several = isinstance(task.arguments.get("sql"), list | tuple)
    call = "batch_execute_statement(Sqls=$_sql" if several else "execute_statement(Sql=$_sql"
    lines = [service(task, "redshift-data"), f'statement = redshift.{call}, $arguments)["Id"]']
    if switch(task, "wait_for_completion", True):
        wait = (
            'wait_until(lambda: redshift.describe_statement(Id=statement), "Status", done=("FINISHED",), '
            'failed=("FAILED", "ABORTED"), every=$_every, log=context.log.info)'
        )
        if switch(task, "cancel_on_kill", True):
            lines += ["with stopping(lambda: redshift.cancel_statement(Id=statement)):", f"    {wait}"]
        else:
            lines.append(wait)
    return "\n".join([*lines, "return statements_of(redshift.describe_statement(Id=statement))"])


def check_redshift(task: Task, _: Scope) -> None:
    """One place to run in, and statements that are texts."""
    given = task.arguments
    if sum(given.get(name) is not None for name in ("cluster_identifier", "workgroup_name")) != 1:
        raise Refused("it has no cluster and no workgroup, or both, and Airflow fails")
    if not isinstance(given.get("sql"), str | Template | list | tuple):
        raise Refused("its sql isn't known")
    for name in ("wait_for_completion", "cancel_on_kill"):
        switch(task, name, True)
    every = given.get("poll_interval")
    if every is not None and not (isinstance(every, int) and every > 0):
        raise Refused("its poll_interval isn't a number of seconds, and Airflow fails")


REDSHIFT = Operator(
    rules={
        "sql": Carried(to="_sql", rendered=True),
        "cluster_identifier": Carried(to="ClusterIdentifier", rendered=True),
        "workgroup_name": Carried(to="WorkgroupName", rendered=True),
        "database": Carried(to="Database", rendered=True),
        "db_user": Carried(to="DbUser", rendered=True),
        "parameters": Carried(to="Parameters", rendered=True),
        "secret_arn": Carried(to="SecretArn"),
        "statement_name": Carried(to="StatementName", rendered=True),
        "with_event": Carried(to="WithEvent", absent=False),
        "wait_for_completion": Read(),
        "cancel_on_kill": Read(),
        "poll_interval": Carried(to="_every", absent=10),
        "durable": Differs(
            why="when a worker dies, the step runs the statement again, and Airflow goes on with the first",
            same=(False,),
            absent=True,
        ),
        **limited("return_sql_result", False, why="its result is what the statements have found"),
        **limited("session_id session_keep_alive_seconds", why="it shares a session with other tasks"),
        **limited("deferrable", False, why="Airflow waits for it in its triggerer, by another rule"),
        **CONNECTION,
    },
    body=redshift,
    client=ACCOUNT,
    connection=("aws_conn_id", "aws_default"),
    required=("sql",),
    files=(".sql",),
    result=VALUE,
    imports=("from {package}.aws import statements_of", "from {package}.aws import stopping"),
    support=("wait_until",),
    check=check_redshift,
)
HOME = "airflow.providers.amazon.aws.operators"
FAMILY = Family(
    title="AthenaOperator, RedshiftDataOperator",
    fidelity="native",
    note="the same query by boto3, waited for by the operator's rules, stopped when the run is ended. "
    "RedshiftDataOperator is approximate without `durable=False`",
    operators={
        f"{HOME}.athena.AthenaOperator": ATHENA,
        f"{HOME}.redshift_data.RedshiftDataOperator": REDSHIFT,
    },
)
