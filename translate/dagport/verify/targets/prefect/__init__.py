"""Reading generated Prefect projects."""

from dagport.verify.targets.prefect.project import read_project

__all__ = ["read_project"]
