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
    """The graphs of the written files: those that a document of the same path had before, and new ones.

    ``options`` say which version of Airflow they are written for.
    """
    known = [document for document in documents if document.source.path in files]
    new = sorted(files.keys() - {document.source.path for document in known})
    for document in known:
        workspace.put(document.source.file or document.source.path, files[document.source.path].encode())
    for path in new:
        workspace.put(path, files[path].encode())
    told = replace(options, workspace=workspace)
    written = [formats.reader("airflow")(Source(path, files[path], path), told) for path in new]
    return [*(_read(document, files[document.source.path], told) for document in known), *written]


def _read(document: Document, text: str, options: ReadOptions) -> FileGraph:
    source = Source(document.source.path, text, document.source.file)
    return formats.reader("airflow")(source, options)
