"""Starting a run of another pipeline."""

from dagport.readers.airflow.operators import Family, Signature

PRESENT = "airflow.providers.standard.operators.trigger_dagrun.TriggerDagRunOperator"

FAMILY = Family(
    kind="trigger",
    classes={
        PRESENT: Signature(
            "trigger_dag_id trigger_run_id logical_date conf wait_for_completion skip_when_already_exists",
            "trigger_dag_id",
            "trigger_run_id conf logical_date execution_date run_after reset_dag_run wait_for_completion "
            "poke_interval allowed_states failed_states skip_when_already_exists fail_when_dag_is_paused note "
            "deferrable openlineage_inject_parent_info python_callable",
            skips=True,
        ),
    },
    aliases={
        "airflow.operators.trigger_dagrun.TriggerDagRunOperator": PRESENT,
        "airflow.operators.dagrun_operator.TriggerDagRunOperator": PRESENT,
    },
)
