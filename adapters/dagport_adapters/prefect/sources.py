"""The DAGs of files and folders, read without Airflow and without running them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dagport.graph import Pipeline
from dagport.project.config import find_root, load_config
from dagport.project.discovery import Search, discover, file_mentions_pipelines
from dagport.project.read import ReadRequest, read_inputs


@dataclass(frozen=True, slots=True)
class FoundDag:
    """A DAG, and where it was found."""

    pipeline: Pipeline
    file: Path
    root: Path  # of the project


def dags_of(path: Path) -> Iterator[FoundDag]:
    """The DAGs of a file or of all files of a folder. Raises ``FileNotFoundError``."""
    if not path.exists():
        raise FileNotFoundError(f"There is no file or folder {path} with DAGs")
    start = path if path.is_dir() else path.parent
    root = find_root(None, load_config(None, start), start)
    inputs = discover([str(path)], Search(root=root), mentions=file_mentions_pipelines)
    for item, result in zip(inputs, read_inputs(inputs, ReadRequest()), strict=True):
        for graph in result.graphs:
            if graph.orchestrator == "airflow" and item.file is not None:
                for pipeline in graph.pipelines:
                    yield FoundDag(pipeline, item.file, root)
