"""Lineage of runs: the ids that Airflow's own provider gives them, their events, and what hands these on."""
