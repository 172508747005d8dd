"""What generated Dagster and Prefect projects say, read from their code, and its comparison with Airflow's graph.

The readers stand here and not beside those of Airflow: they understand the forms that dagport writes, as far as a proof
needs them, and not any code for those orchestrators. What they don't understand is a doubt, with its place.
"""
