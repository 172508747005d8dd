from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator


class Loud(BashOperator):
    def __init__(self, word, **kwargs):
        super().__init__(bash_command=f"echo {word.upper()}", **kwargs)


class OwnPython(PythonOperator):
    pass
