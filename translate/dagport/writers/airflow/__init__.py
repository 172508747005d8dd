"""Writes files for Airflow 3 or 2.

A file of Airflow 1 or 2 is changed in place for Airflow 3, with all else byte for byte as it was. What can't be, such
as dag-factory's YAML, graphs in JSON and files of another version, is written anew from its graph.
"""

from __future__ import annotations

from collections.abc import Sequence

from dagport.translation import Document, Translation, WriteOptions


def write(documents: Sequence[Document], options: WriteOptions) -> Translation:
    """A file for each document that has pipelines, or is Python.

    What the version written for has no equivalent for is reported, with the fidelity ``manual`` for the tasks that it
    concerns: in a file that is changed in place it stays as it is (DP431), in a file that is written anew the task
    raises when it is run (DP401). Never raises for what a file holds.
    """
    from dagport.writers.airflow.files import write_files

    return write_files(documents, options)
