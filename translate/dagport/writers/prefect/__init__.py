"""Writes a Prefect project: every pipeline a flow, every task a task, and the deployments in ``prefect.yaml``."""

from __future__ import annotations

from collections.abc import Sequence

from dagport.translation import Document, Translation, WriteOptions


def write(documents: Sequence[Document], options: WriteOptions) -> Translation:
    """One Prefect project from all pipelines of all documents.

    Every task of a translated pipeline has one outcome. A task without an exact form is run by Airflow, or becomes a
    task that raises, with the fidelity ``manual``; a pipeline that isn't exact is left out, unless the options say
    otherwise, with the diagnostic DP406. Never raises for what a pipeline holds.
    """
    from dagport.writers.prefect.project import ProjectWriter

    return ProjectWriter(options).write(documents)
