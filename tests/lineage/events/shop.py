"""A DAG file with one of everything, and what is known of its task ``run``."""

from __future__ import annotations

from dagport_lineage.facets import Event
from dagport_lineage.model import (
    Column,
    ColumnSource,
    DatasetName,
    Gap,
    Read,
    Sql,
    TaskLineage,
    Transformation,
    Write,
)
from dagport_lineage.scope import LineageOptions
from tests.lineage.events.support import by_name, events

SHOP = '''
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.providers.standard.operators.python import PythonOperator
    from airflow.sdk import DAG, Asset, Label, TaskGroup, task

    ORDERS = Asset("orders", uri="s3://raw/orders.csv", group="raw", extra={"description": "All orders"})

    def load(day):
        """Load a day."""
        return day

    with DAG("shop", schedule="@daily", tags=["b", "a"], description="A shop", default_args={"owner": "data, ops"}):
        start = EmptyOperator(task_id="start", owner="airflow")
        run = PythonOperator(task_id="run", python_callable=load, doc_md="*Load*", inlets=[ORDERS])
        command = "cat {{ ds }} postgres://me:secret@db/x"
        bash = BashOperator(task_id="bash", bash_command=command, trigger_rule="all_done")

        @task
        def use(value):
            """Use it."""

        with TaskGroup("clean", tooltip="Clean up"):
            end = EmptyOperator(task_id="end")
        start >> Label("go") >> run >> bash >> end
        use.expand(value=[1, 2])
        use(run.output)

    with DAG("later", schedule=[ORDERS]):
        EmptyOperator(task_id="only")
'''
ORDERS, CLEAN, OLD = (
    DatasetName("postgres://db:5432", "shop.public.orders"),
    DatasetName("postgres://db:5432", "shop.public.clean"),
    DatasetName("postgres://db:5432", "shop.public.old"),
)
IDENTITY, JOIN = Transformation("DIRECT", "IDENTITY"), Transformation("INDIRECT", "JOIN")
READ = Read(dataset=ORDERS, how="sql", columns=("id",), schema=(Column("id", "int", "the key"), Column("at")))
WRITE = Write(
    dataset=CLEAN,
    how="sql",
    sources=(ORDERS,),
    columns={"id": (ColumnSource(ORDERS, "id", (IDENTITY,)),), "one": ()},
    influences=(ColumnSource(ORDERS, "at", (JOIN,)),),
    schema=(Column("id", "int"),),
    lifecycle="RENAME",
    previous=OLD,
)
RICH = TaskLineage(task="run", reads=(READ,), writes=(WRITE,), sql=(Sql(query="select 1;", dialect="postgres"),))


def one(lineage_of_run: TaskLineage, **options: bool) -> Event:
    return by_name(events(SHOP, [lineage_of_run], options=LineageOptions(namespace="prod", **options)))["shop.run"]


GAP = Gap(side="inputs", reason="template", message="`{{ ds }}` is known in a run only")
OUT = Write(dataset=CLEAN, how="declared")
