"""Writes files for Airflow 3: a file of Airflow 1 or 2 is changed in place, with all else byte for byte as it was."""

from __future__ import annotations

from collections.abc import Sequence

from dagport.translation import Document, Translation, WriteOptions


def write(documents: Sequence[Document], options: WriteOptions) -> Translation:
    """Each file by its own path, upgraded where it is for Airflow 1 or 2.

    What Airflow 3 has no equivalent for stays as it is, with the diagnostic DP431 and the fidelity ``manual`` for the
    tasks that it concerns. Never raises for what a file holds.
    """
    from dagport.writers.airflow.files import write_files

    return write_files(documents, options)
