"""The files of the generated project, around the modules of its pipelines."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dagport.diagnostics import Diagnostic, diagnose
from dagport.graph import Pipeline
from dagport.rewrite.module import Module
from dagport.translation import Document, TaskOutcome, Translation, WriteOptions
from dagport.writers.common.delegation import is_opaque
from dagport.writers.common.edges import Dependencies
from dagport.writers.common.format import format_files, insert
from dagport.writers.common.model import Chunk
from dagport.writers.common.naming import Names, clean, identifier
from dagport.writers.common.params import params_of
from dagport.writers.common.regions import Delegation, delegation_of
from dagport.writers.dagster.builder import Builder, WrittenAsset
from dagport.writers.dagster.module import ModuleText, ModuleWriter
from dagport.writers.dagster.naming import NOT_FIELDS
from dagport.writers.dagster.partitions import partitions_of
from dagport.writers.dagster.render import render
from dagport.writers.dagster.scope import Project, Scope

HEADER = "# Written by dagport.\n"
RESERVED_MODULES = ("resources", "__init__")
SUPPORT_FILES = {"shell": "shell.py", "variables": "variables.py", "resources": "database.py"}


@dataclass
class ProjectWriter:
    """Collects the files, outcomes and diagnostics of one run."""

    options: WriteOptions
    files: dict[str, str] = field(default_factory=dict)
    chunks: dict[str, tuple[Chunk, ...]] = field(default_factory=dict)
    outcomes: list[TaskOutcome] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    support: set[str] = field(default_factory=set)
    resources: set[str] = field(default_factory=set)
    pydantic: bool = False

    def __post_init__(self) -> None:
        self.project = Project(package=self.options.package)
        self.modules = Names(RESERVED_MODULES, fold=True)

    @property
    def root(self) -> str:
        """The folder of the package."""
        return f"src/{self.options.package}"

    def write(self, documents: Sequence[Document]) -> Translation:
        """Translate all pipelines."""
        chosen = [(document, pipeline) for document in documents for pipeline in self._accepted(document)]
        jobs = self._job_names(chosen)
        rewriters: dict[int, Module] = {}
        for (document, pipeline), job in zip(chosen, jobs, strict=True):
            rewriter = rewriters.setdefault(id(document), Module(document.source))
            self._pipeline(document, pipeline, job, rewriter)
        self._common()
        formatted = format_files(
            {path: text for path, text in self.files.items() if path.endswith(".py")}, self.options.package
        )
        self.files |= {path: insert(text, self.chunks.get(path, ())) for path, text in formatted.items()}
        return Translation(
            files=dict(sorted(self.files.items())), outcomes=tuple(self.outcomes), diagnostics=tuple(self.diagnostics)
        )

    def _accepted(self, document: Document) -> Iterator[Pipeline]:
        for pipeline in document.graph.pipelines:
            if not pipeline.exact and not self.options.allow_inexact:
                message = f"the DAG {pipeline.id!r} isn't exact, so it wasn't translated"
                self._say("DP406", message, document, pipeline)
            elif pipeline.tasks:
                yield pipeline

    def _job_names(self, chosen: Sequence[tuple[Document, Pipeline]]) -> list[str]:
        """A name for the job of every pipeline; those that Dagster takes as they are come first."""
        names: dict[int, str] = {}
        for index in sorted(range(len(chosen)), key=lambda index: clean(chosen[index][1].id) != chosen[index][1].id):
            document, pipeline = chosen[index]
            names[index] = self.project.nodes.allocate(clean(pipeline.id))
            if names[index] != pipeline.id:
                self._say("DP404", f"the DAG {pipeline.id!r} is the job {names[index]}", document, pipeline)
        return [names[index] for index in range(len(chosen))]

    def _say(self, code: str, message: str, document: Document, pipeline: Pipeline) -> None:
        self.diagnostics.append(diagnose(code, message, document.source.path, pipeline.span, pipeline=pipeline.id))

    def _pipeline(self, document: Document, pipeline: Pipeline, job: str, rewriter: Module) -> None:
        builder, assets = self._built(document, pipeline, job, rewriter)
        schedule = self.project.schedules.allocate(f"{job}_schedule")
        written = ModuleWriter(builder.scope, builder, assets, job, schedule).write()
        path = f"{self.root}/defs/{self.modules.allocate(identifier(job, 'dag'), ['dag'])}.py"
        self.files[path] = written.text
        self.chunks[path] = written.chunks
        self.support |= written.support
        self.resources |= written.resources
        self.pydantic |= "from pydantic import" in written.text
        self.outcomes += builder.outcomes(assets)
        self.diagnostics += [*builder.diagnostics, *written.diagnostics, *self._needs(document, pipeline, written)]

    def _built(
        self, document: Document, pipeline: Pipeline, job: str, rewriter: Module
    ) -> tuple[Builder, tuple[WrittenAsset, ...]]:
        """The written tasks: what is refused is written again as delegated, which may change others."""
        # A task that may not exist can't be asked for.
        delegation = Delegation() if self.options.delegate and pipeline.exact else None
        refused: dict[str, str] = {}
        while True:
            scope = Scope(
                project=self.project,
                source=document.source,
                pipeline=pipeline,
                module=rewriter,
                dependencies=Dependencies(pipeline, delegation.reasons if delegation else ()),
                assets={asset.name: asset for asset in document.graph.assets},
                params=params_of(pipeline, NOT_FIELDS),
                partitions=partitions_of(pipeline),
            )
            builder = Builder(scope, job, delegation)
            assets = builder.build()
            if not builder.refusals or delegation is None:
                return builder, assets
            refused |= builder.refusals
            opaque = frozenset(task.id for task in pipeline.tasks if task.id in refused and is_opaque(task, scope))
            delegation = delegation_of(pipeline, refused, opaque)

    def _needs(self, document: Document, pipeline: Pipeline, written: ModuleText) -> Iterator[Diagnostic]:
        """What the deployment has to bring: installed modules, and the values that were taken for granted."""
        assumed = [item for item in pipeline.assumptions if ":" in item]
        if assumed:
            message = f"the generated code may hold the defaults of: {', '.join(assumed)}"
            yield diagnose("DP409", message, document.source.path, pipeline.span, pipeline=pipeline.id)
        foreign = sorted(written.imported - sys.stdlib_module_names)
        if foreign:
            message = f"the generated module imports {', '.join(foreign)}: install what has them beside dagster"
            yield diagnose("DP408", message, document.source.path, pipeline.span, pipeline=pipeline.id)

    def _common(self) -> None:
        package, project = self.options.package, self.project
        dependencies = ["dagster"] + ["pydantic"] * self.pydantic + ["sqlalchemy"] * ("resources" in self.support)
        dependencies += ["dagport[dagster]"] * ("delegation" in self.support)
        toml = render("pyproject.toml", package=package, project=package.replace("_", "-"), dependencies=dependencies)
        self.files["pyproject.toml"] = HEADER + toml
        self.files[f"{self.root}/__init__.py"] = HEADER
        self.files[f"{self.root}/defs/__init__.py"] = HEADER
        self.files[f"{self.root}/definitions.py"] = HEADER + render("definitions.py")
        for name in sorted(self.support & SUPPORT_FILES.keys()):
            file = SUPPORT_FILES[name]
            self.files[f"{self.root}/{file}"] = HEADER + render(file)
        if self.resources or "delegation" in self.support:
            used = [item for item in sorted(project.connections.values()) if item[0] in self.resources]
            connections = [{"key": key, "variable": variable} for key, variable in used]
            self.files[f"{self.root}/defs/resources.py"] = HEADER + render(
                "resources.py", package=package, connections=connections, delegates="delegation" in self.support
            )
