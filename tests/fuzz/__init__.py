"""Hostile inputs for the evaluator and the Airflow reader; ``python -m tests.fuzz`` runs them for a given time."""
