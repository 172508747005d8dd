"""What the caller can choose for reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from dagport.digests import sha256
from dagport.workspace import Workspace

AirflowVersion: TypeAlias = Literal["1.10", "2", "3"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the analysis of one file; each that is hit is a diagnostic."""

    steps: int = 2_000_000  # statements and expressions evaluated
    depth: int = 80  # nested calls of the file's own functions
    items: int = 200_000  # of one collection or range
    text: int = 5_000_000  # characters of one string
    tasks: int = 20_000  # of one file
    edges: int = 100_000  # of one pipeline
    pipelines: int = 5_000  # of one file
    seconds: float = 20.0  # of processor time


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What the user says about the deployment that the files run in; all else of it stays unknown."""

    variables: Mapping[str, str] = field(default_factory=dict, repr=False)  # Airflow Variables, serialized
    connections: Mapping[str, str] = field(default_factory=dict, repr=False)  # by id: a URI, or an object in JSON
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)  # environment variables
    only_project_files: bool = False  # what the project lacks isn't deployed either
    airflow_release: str | None = None  # the whole version, e.g. "3.1.2", as ``airflow.__version__`` says it

    @cached_property
    def fingerprint(self) -> str:
        """A short text of the content: the same text, the same deployment. It shows none of the values."""
        import json  # start-up

        parts = [sorted(part.items()) for part in (self.variables, self.connections, self.environment)]
        said = [*parts, self.airflow_release, self.only_project_files]
        return sha256(json.dumps(said).encode()) if any(said) else ""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a source file is read."""

    airflow_version: AirflowVersion | None = None  # None: found from the imports
    limits: Limits = field(default_factory=Limits)
    deployment: Deployment = field(default_factory=Deployment)
    workspace: Workspace | None = None  # None: a file alone, whose project can't be seen
