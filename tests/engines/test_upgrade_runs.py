"""A file of Airflow 2 runs in Airflow 2, and upgraded in Airflow 3: what its tasks see of their run is the same."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dagport_adapters.runners import LocalAirflow, RunFinished, RunRequest, TaskEvent
from tests.engines.environments import Environment, environment
from tests.engines.test_upgrade import upgraded

RESULT = "return_value"
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

HABITS = """
import datetime as dt
from datetime import timedelta

from airflow import DAG
from airflow.models import Variable
from airflow.operators.bash_operator import BashOperator
from airflow.operators.dummy import DummyOperator
from airflow.operators.python_operator import BranchPythonOperator, PythonOperator, ShortCircuitOperator
from airflow.utils.dates import days_ago
from airflow.utils.task_group import TaskGroup
from airflow.utils.trigger_rule import TriggerRule

DEFAULTS = {
    "owner": "me",
    "start_date": dt.datetime(2026, 1, 1),
    "provide_context": True,
    "task_concurrency": 1,
    "retries": 0,
    "retry_delay": timedelta(minutes=5),
}
COMMAND = "echo {{ execution_date.strftime('%Y%m%d') }} {{ yesterday_ds }} {{ macros.ds_add(ds, 3) }} {{ ds_nodash }}"


def positional(ds, execution_date, **_):
    return [ds, str(execution_date.date())]


def by_key(**kwargs):
    day = kwargs["execution_date"]
    return [kwargs["ds"], day.isoformat(), str(kwargs["tomorrow_ds"]), kwargs["templates_dict"]["when"]]


def later(data_interval_end=None, **context):
    return [str(data_interval_end), str(context["dag_run"].logical_date), context["ti"].task_id]


def which(ds_nodash, **context):
    return "group.yes" if context["execution_date"].day == 1 else "group.no"


def told(ti, **_):
    return ti.xcom_pull(task_ids="keyed")


with DAG("old", default_args=DEFAULTS, schedule_interval="0 6 * * *", catchup=True, max_active_runs=1,
         params={"size": 3}, orientation="LR") as dag:
    first = PythonOperator(task_id="positional", python_callable=positional)
    keyed = PythonOperator(
        task_id="keyed", python_callable=by_key, templates_dict={"when": "{{ execution_date }} {{ params.size }}"}
    )
    ends = PythonOperator(task_id="ends", python_callable=later)
    command = BashOperator(task_id="command", bash_command=COMMAND, env={"DAY": "{{ ds }}"}, append_env=True)
    choose = BranchPythonOperator(task_id="choose", python_callable=which)
    with TaskGroup("group") as group:
        yes = DummyOperator(task_id="yes")
        no = DummyOperator(task_id="no")
    gate = ShortCircuitOperator(
        task_id="gate", python_callable=lambda: True, trigger_rule=TriggerRule.NONE_FAILED_OR_SKIPPED
    )
    reads = PythonOperator(task_id="told", python_callable=told)
    [first, keyed, ends, command] >> choose >> group >> gate >> reads
"""
FILES = {
    "contexts": (FILE, {"start", "parameters", "items", "templates", "flow"}),
    "habits": (HABITS, {"positional", "keyed", "ends", "command", "choose", "group.yes", "gate", "told"}),
}

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
    return {  # what a branch returns isn't handed over by Airflow 3 (DP430 where it is read)
        event.task_id: [item.value for item in event.results or () if event.task_id != "choose" or item.key != RESULT]
        for event in events
        if isinstance(event, TaskEvent) and event.state == "success"
    }


@pytest.mark.parametrize("name", FILES)
def test_what_tasks_see_is_the_same(name: str, airflow3: Environment, tmp_path: Path) -> None:
    """In Airflow 2.10, in the last Airflow 2, and after the upgrade in Airflow 3."""
    text, succeed = FILES[name]
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "old.py").write_text(text, "utf-8")
    written = upgraded(tmp_path / "old", tmp_path / "new")
    assert {item.fidelity for item in written.outcomes} == {"native"}
    assert "import days_ago" not in written.files["old.py"]
    after = results(airflow3, tmp_path / "new", tmp_path / "home3")
    assert set(after) == succeed
    for engine in ("airflow2", "airflow2-10"):
        assert results(environment(engine), tmp_path / "old", tmp_path / engine) == after, engine
