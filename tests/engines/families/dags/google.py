"""Jobs of BigQuery: the requests are compared with those of the translated project."""

from datetime import datetime

from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator
from airflow.sdk import DAG

with DAG("google", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False) as dag:
    BigQueryInsertJobOperator(
        task_id="inserted",
        configuration={
            "query": {
                "query": "SELECT '{{ ds }}'",
                "useLegacySql": False,
                "destinationTable": {"projectId": "shop", "datasetId": "marts", "tableId": "days"},
                "writeDisposition": "WRITE_TRUNCATE",
            }
        },
        location="EU",
    )
    BigQueryInsertJobOperator(
        task_id="inserted_load",
        configuration={
            "load": {
                "sourceUris": ["gs://lake/{{ ds }}.csv"],
                "destinationTable": {"projectId": "other", "datasetId": "raw", "tableId": "days"},
                "sourceFormat": "CSV",
                "autodetect": True,
            }
        },
        project_id="other",
        location="EU",
    )
    BigQueryInsertJobOperator(
        task_id="inserted_fails", configuration={"query": {"query": "SELECT bad", "useLegacySql": False}}, location="EU"
    )
