"""What runs inside the user's Airflow: one file, which imports nothing of dagport. See ``docs/moving.md``."""
