"""dagport: move pipelines between Airflow, Dagster and Prefect, exact or it says so."""

__version__ = "0.1.0"
