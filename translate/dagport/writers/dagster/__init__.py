"""Writes a Dagster project: every task an asset, every pipeline an asset job with its schedule."""

from __future__ import annotations

from collections.abc import Sequence

from dagport.translation import Document, Translation, WriteOptions


def write(documents: Sequence[Document], options: WriteOptions) -> Translation:
    """One Dagster project from all pipelines of all documents.

    Every task of a translated pipeline has one outcome. A task without an exact form becomes an asset that raises
    ``dg.Failure``, with the fidelity ``manual``; a pipeline that isn't exact is left out, unless the options say
    otherwise, with the diagnostic DP406. Never raises for what a pipeline holds.
    """
    from dagport.writers.dagster.project import ProjectWriter

    return ProjectWriter(options).write(documents)
