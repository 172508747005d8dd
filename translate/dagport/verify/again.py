"""Reading what a writer wrote, without writing it: the new files lie over the project's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from dagport import formats
from dagport.graph import FileGraph
from dagport.options import ReadOptions
from dagport.source import Source
from dagport.translation import Document
from dagport.workspace import Workspace


def read_again(
    documents: Iterable[Document], files: Mapping[str, str], options: ReadOptions, workspace: Workspace
) -> list[FileGraph]:
    """The graphs of the written files that a document of the same path had before."""
    known = [document for document in documents if document.source.path in files]
    for document in known:
        workspace.put(document.source.file or document.source.path, files[document.source.path].encode())
    told = replace(options, airflow_version="3", workspace=workspace)
    return [_read(document, files[document.source.path], told) for document in known]


def _read(document: Document, text: str, options: ReadOptions) -> FileGraph:
    source = Source(document.source.path, text, document.source.file)
    return formats.reader("airflow")(source, options)
