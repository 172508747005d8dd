"""Moving the tasks of Airflow DAGs one by one: what may move, the switch file, and the files that go into Airflow."""
