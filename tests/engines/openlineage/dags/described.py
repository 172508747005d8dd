"""Documentation, owners and tags in all their forms."""

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG
from shared.functions import count, load_all, logged


def load(day="2026-01-01"):
    """Load one day."""
    return day


@logged
def decorated(
    day="2026-01-01",
):
    return day


def made(name):
    def inner():
        return name

    return inner


class Loader:
    def run(self):
        return load()


with DAG("described", schedule="@daily", catchup=False, doc_md="# The DAG", description="not this", tags=["z", "x:y"]):
    BashOperator(task_id="doc", bash_command="true", doc="plain", doc_md="*not this*", owner="alice")
    BashOperator(task_id="doc_md", bash_command="true", doc_md="*text*", owner="alice, bob")
    BashOperator(task_id="doc_rst", bash_command="true", doc_rst="``text``", owner="airflow")
    BashOperator(task_id="doc_json", bash_command="true", doc_json='{"a": 1}')
    BashOperator(task_id="doc_yaml", bash_command="true", doc_yaml="a: 1")
    BashOperator(task_id="of_the_dag", bash_command="true")
    after = BashOperator(task_id="set_later", bash_command="true")
    after.doc_md = "*later*"
    PythonOperator(task_id="function", python_callable=load)
    PythonOperator(task_id="lambda", python_callable=lambda: load())
    PythonOperator(task_id="decorated", python_callable=decorated)
    PythonOperator(task_id="imported", python_callable=load_all)
    PythonOperator(task_id="imported_decorated", python_callable=count)
    PythonOperator(task_id="inner", python_callable=made("x"))
    PythonOperator(
        task_id="long_lambda",
        python_callable=lambda: (
            load(),
            load(),
        ),
    )
    PythonOperator(task_id="method", python_callable=Loader().run)
    BashOperator(task_id="template", bash_command="echo {{ params.name }} {{ ds }}", params={"name": "x"})

with DAG("plain", schedule=None, description="A description"):
    BashOperator(task_id="task", bash_command="true && echo 'a b'")
