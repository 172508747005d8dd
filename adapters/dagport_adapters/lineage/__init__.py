"""Lineage of wrapped runs: OpenLineage events under the names and ids that Airflow's own provider gives.

``RunLineage`` is an observer of a runner's events. ``read_design`` gives it what each task reads and writes,
``parents_of`` who started the run, ``quiet_provider`` keeps Airflow's provider from telling the same a second time.
"""

from __future__ import annotations

from dagport_adapters.lineage.design import Design, PipelineDesign, TaskDesign, design_of, read_design
from dagport_adapters.lineage.observer import RunLineage
from dagport_adapters.lineage.parents import Parents, parents_of
from dagport_adapters.lineage.settings import is_on, options_of, quiet_provider, quieten

__all__ = [
    "Design",
    "Parents",
    "PipelineDesign",
    "RunLineage",
    "TaskDesign",
    "design_of",
    "is_on",
    "options_of",
    "parents_of",
    "quiet_provider",
    "quieten",
    "read_design",
]
