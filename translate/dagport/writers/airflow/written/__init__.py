"""Airflow files made from any graph: TaskFlow functions, operators in ``with DAG(...)``, and the order between them."""
