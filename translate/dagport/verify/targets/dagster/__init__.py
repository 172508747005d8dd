"""Reading generated Dagster projects."""

from dagport.verify.targets.dagster.project import read_project

__all__ = ["read_project"]
