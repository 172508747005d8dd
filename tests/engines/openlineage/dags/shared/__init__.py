"""Functions that several DAG files use."""
