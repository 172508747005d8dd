"""Spark jobs and the services that run them."""

from dagport.readers.airflow.operators import Family, Signature

SUBMIT = "airflow.providers.apache.spark.operators.spark_submit.SparkSubmitOperator"
SPARK_SQL = "airflow.providers.apache.spark.operators.spark_sql.SparkSqlOperator"
WORKFLOW = (
    "access_control_list existing_clusters extra_job_params jar_params job_clusters max_concurrent_runs "
    "notebook_params python_params spark_submit_params"
)

FAMILY = Family(
    kind="spark",
    classes={
        SUBMIT: None,
        SPARK_SQL: None,
        "airflow.providers.apache.spark.operators.spark_jdbc.SparkJDBCOperator": None,
        "airflow.providers.apache.livy.operators.livy.LivyOperator": None,
        "airflow.providers.amazon.aws.operators.emr.EmrAddStepsOperator": None,
        "airflow.providers.amazon.aws.operators.emr.EmrServerlessStartJobOperator": None,
        "airflow.providers.amazon.aws.operators.glue.GlueJobOperator": None,
        "airflow.providers.google.cloud.operators.dataproc.DataprocSubmitJobOperator": None,
        "airflow.providers.databricks.operators.databricks.DatabricksSubmitRunOperator": None,
        "airflow.providers.databricks.operators.databricks.DatabricksRunNowOperator": None,
        "airflow.providers.databricks.operators.databricks.DatabricksNotebookOperator": None,
        "airflow.providers.databricks.operators.databricks_workflow._CreateDatabricksWorkflowOperator": Signature(
            f"databricks_conn_id {WORKFLOW}", "databricks_conn_id", f"{WORKFLOW} tasks_to_convert"
        ),
    },
    aliases={
        "airflow.contrib.operators.spark_submit_operator.SparkSubmitOperator": SUBMIT,
        "airflow.contrib.operators.spark_sql_operator.SparkSqlOperator": SPARK_SQL,
        "airflow.contrib.operators.spark_jdbc_operator.SparkJDBCOperator": (
            "airflow.providers.apache.spark.operators.spark_jdbc.SparkJDBCOperator"
        ),
        "airflow.contrib.operators.databricks_operator.DatabricksSubmitRunOperator": (
            "airflow.providers.databricks.operators.databricks.DatabricksSubmitRunOperator"
        ),
        "airflow.contrib.operators.databricks_operator.DatabricksRunNowOperator": (
            "airflow.providers.databricks.operators.databricks.DatabricksRunNowOperator"
        ),
    },
    names=r"Spark|Livy",
    rank=25,
)
