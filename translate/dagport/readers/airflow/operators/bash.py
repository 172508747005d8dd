"""Shell commands."""

from dagport.readers.airflow.operators import Family, Signature

PRESENT = "airflow.providers.standard.operators.bash.BashOperator"

FAMILY = Family(
    kind="bash",
    classes={
        PRESENT: Signature(
            "bash_command env cwd",
            required="bash_command",
            optional="env append_env output_encoding skip_on_exit_code cwd output_processor",
        ),
    },
    aliases={
        "airflow.operators.bash.BashOperator": PRESENT,
        "airflow.operators.bash_operator.BashOperator": PRESENT,
    },
)
