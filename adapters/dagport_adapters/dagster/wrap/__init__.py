"""Legacy DAGs as assets: ``wrapping.wrap_dags``.

What needs no Dagster: ``keys``, ``sources``, ``plan``, ``parts`` and ``telling``.
"""
