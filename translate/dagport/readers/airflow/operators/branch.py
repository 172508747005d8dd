"""Operators that choose which of the tasks after them run."""

from dagport.readers.airflow.operators import Family, Signature
from dagport.readers.airflow.operators.python import CALL, EXTERNAL, FIELDS, VIRTUALENV

HOME = "airflow.providers.standard.operators"
FOLLOW = "follow_task_ids_if_true follow_task_ids_if_false"

FAMILY = Family(
    kind="branch",
    classes={
        f"{HOME}.branch.BaseBranchOperator": Signature("", skips=True),
        f"{HOME}.python.BranchPythonOperator": Signature(FIELDS, "python_callable", CALL, skips=True),
        f"{HOME}.python.BranchPythonVirtualenvOperator": Signature(
            f"{FIELDS} requirements index_urls index_urls_from_connection_ids venv_cache_path",
            "python_callable",
            VIRTUALENV,
            skips=True,
        ),
        f"{HOME}.python.BranchExternalPythonOperator": Signature(
            f"{FIELDS} python", "python python_callable", EXTERNAL, skips=True
        ),
        f"{HOME}.datetime.BranchDateTimeOperator": Signature(
            "",
            f"{FOLLOW} target_lower target_upper",
            "use_task_logical_date use_task_execution_date",
            skips=True,
        ),
        f"{HOME}.weekday.BranchDayOfWeekOperator": Signature(
            "", f"{FOLLOW} week_day", "use_task_logical_date use_task_execution_day", skips=True
        ),
        f"{HOME}.latest_only.LatestOnlyOperator": Signature("", skips=True),
        f"{HOME}.hitl.HITLBranchOperator": Signature(
            "subject body",
            "subject options",
            "options_mapping body defaults multiple params notifiers assigned_users response_timeout respondents",
            skips=True,
        ),
        "airflow.providers.common.sql.operators.sql.BranchSQLOperator": Signature(
            "sql conn_id database hook_params",
            f"sql {FOLLOW}",
            "conn_id database parameters hook_params retry_on_failure",
            skips=True,
        ),
    },
    aliases={
        "airflow.operators.branch.BaseBranchOperator": f"{HOME}.branch.BaseBranchOperator",
        "airflow.operators.branch_operator.BaseBranchOperator": f"{HOME}.branch.BaseBranchOperator",
        "airflow.operators.python.BranchPythonOperator": f"{HOME}.python.BranchPythonOperator",
        "airflow.operators.python_operator.BranchPythonOperator": f"{HOME}.python.BranchPythonOperator",
        "airflow.operators.python.BranchPythonVirtualenvOperator": f"{HOME}.python.BranchPythonVirtualenvOperator",
        "airflow.operators.python.BranchExternalPythonOperator": f"{HOME}.python.BranchExternalPythonOperator",
        "airflow.operators.datetime.BranchDateTimeOperator": f"{HOME}.datetime.BranchDateTimeOperator",
        "airflow.operators.weekday.BranchDayOfWeekOperator": f"{HOME}.weekday.BranchDayOfWeekOperator",
        "airflow.operators.latest_only.LatestOnlyOperator": f"{HOME}.latest_only.LatestOnlyOperator",
        "airflow.operators.latest_only_operator.LatestOnlyOperator": f"{HOME}.latest_only.LatestOnlyOperator",
        "airflow.operators.sql.BranchSQLOperator": "airflow.providers.common.sql.operators.sql.BranchSQLOperator",
        "airflow.operators.sql_branch_operator.BranchSqlOperator": (
            "airflow.providers.common.sql.operators.sql.BranchSQLOperator"
        ),
    },
    names=r"Branch",
    rank=10,
)
