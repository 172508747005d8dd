"""A file of Airflow 2 runs in Airflow 2, and upgraded in Airflow 3: what its tasks see of their run is the same."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dagport_adapters.runners import LocalAirflow, RunFinished, RunRequest, TaskEvent
from tests.engines.environments import Environment
from tests.engines.test_upgrade import upgraded

DATE = datetime(2026, 3, 1, 6, tzinfo=UTC)
INTERVAL = (DATE, datetime(2026, 3, 2, 6, tzinfo=UTC))
FILE = """
from datetime import datetime

from airflow import DAG
from airflow.decorators import task
from airflow.operators.bash import BashOperator
from airflow.operators.dummy import DummyOperator
from airflow.operators.python import PythonOperator, get_current_context
from airflow.utils.trigger_rule import TriggerRule

default_args = {"owner": "me", "provide_context": True, "task_concurrency": 2}


def parameters(execution_date, tomorrow_ds, yesterday_ds_nodash, ds, **kwargs):
    return [execution_date.isoformat(), str(tomorrow_ds), f"{yesterday_ds_nodash}", ds, kwargs["ts_nodash"]]


def items(**context):
    interval = context["data_interval_start"], context["data_interval_end"]
    return [
        context["execution_date"].isoformat(),
        str(context.get("tomorrow_ds_nodash")),
        context["dag_run"].execution_date.isoformat(),
        [moment.isoformat() for moment in interval],
    ]


with DAG("old", schedule_interval="0 6 * * *", start_date=datetime(2026, 1, 1), catchup=False, concurrency=4,
         default_args=default_args, default_view="graph") as dag:
    start = DummyOperator(task_id="start")
    first = PythonOperator(task_id="parameters", python_callable=parameters)
    second = PythonOperator(task_id="items", python_callable=items)
    third = BashOperator(
        task_id="templates",
        bash_command="echo {{ execution_date.isoformat() }} {{ tomorrow_ds }} {{ yesterday_ds_nodash }} "
        "{{ dag_run.execution_date.isoformat() }} {{ ti.execution_date.isoformat() }} {{ ds }}",
    )

    @task(trigger_rule=TriggerRule.DUMMY)
    def flow():
        context = get_current_context()
        return [str(context["execution_date"]), str(context["yesterday_ds"])]

    start >> [first, second, third] >> flow()
"""

pytestmark = pytest.mark.engine


def results(engine: Environment, dags: Path, home: Path) -> dict[str, object]:
    """What each task hands over."""
    with LocalAirflow(engine.python, dags, home=home) as runner:
        request = RunRequest(dag_id="old", logical_date=DATE, data_interval=INTERVAL, whole_results=True)
        events = list(runner.run(request, timeout=200))
    failed = [event for event in events if isinstance(event, TaskEvent) and event.state == "failed"]
    assert not failed, [(event.task_id, event.error) for event in failed]
    assert isinstance(events[-1], RunFinished)
    assert events[-1].state == "success"
    return {
        event.task_id: [handed.value for handed in event.results or ()]
        for event in events
        if isinstance(event, TaskEvent) and event.state == "success"
    }


def test_what_tasks_see_is_the_same(airflow2: Environment, airflow3: Environment, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "old.py").write_text(FILE, "utf-8")
    written = upgraded(tmp_path / "old", tmp_path / "new")
    assert {item.fidelity for item in written.outcomes} == {"native"}
    before = results(airflow2, tmp_path / "old", tmp_path / "home2")
    after = results(airflow3, tmp_path / "new", tmp_path / "home3")
    assert set(before) == {"start", "parameters", "items", "templates", "flow"}
    assert after == before
