"""Tasks that start another DAG, as targets that hold both can carry them over: a plain run, not waited for.

Source: ``TriggerDagRunOperator.execute``: without ``wait_for_completion`` the task succeeds as soon as the run is made.
"""

from __future__ import annotations

from collections.abc import Mapping

from dagport.graph import Pipeline, Task
from dagport.writers.common.model import Refused

OPERATORS = frozenset(
    {
        "airflow.operators.dagrun_operator.TriggerDagRunOperator",
        "airflow.operators.trigger_dagrun.TriggerDagRunOperator",
        "airflow.providers.standard.operators.trigger_dagrun.TriggerDagRunOperator",
    }
)
DAG_ID = "trigger_dag_id"
RESULT = "return_value"
"""The key of what the operator returns, which is nothing; it pushes the id of the run, and its date."""
ONLY_WAITING = frozenset({"poke_interval", "allowed_states", "failed_states", "deferrable", "fail_when_dag_is_paused"})
DECIDES = frozenset(
    {
        "conf", "logical_date", "execution_date", "trigger_run_id", "wait_for_completion", "reset_dag_run",
        "skip_when_already_exists", "note", "openlineage_inject_parent_info",
    }
)  # fmt: skip
ARGUMENTS = frozenset({DAG_ID, *ONLY_WAITING, *DECIDES})


def started_by(task: Task, pipeline: Pipeline, pipelines: Mapping[str, Pipeline]) -> Pipeline:
    """The pipeline that a task of another one starts.

    Raises ``Refused`` where it isn't there, gets more than a plain run, or what the task pushes about it is read.
    """
    dag_id = task.arguments.get(DAG_ID)
    if not isinstance(dag_id, str):
        raise Refused("which DAG it starts is known only when it runs")
    target = pipelines.get(dag_id)
    if target is None:
        raise Refused(f"it starts the DAG {dag_id!r}, which isn't one that is translated along with it")
    more = sorted(name for name in DECIDES & task.arguments.keys() if task.arguments[name] not in (None, False, {}, ""))
    if more and more != ["openlineage_inject_parent_info"]:
        raise Refused(f"it starts the DAG {dag_id!r} with `{more[0]}`")
    if any(flow.upstream == task.id and flow.key != RESULT for flow in pipeline.data_flows):
        raise Refused(f"another task reads what it pushes about the run of the DAG {dag_id!r}")
    return target
