"""The files of the generated project, around the modules of its flows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from dagport.graph import Pipeline
from dagport.rewrite.module import Module
from dagport.semantics.outcomes import CycleError, UnknownRuleError
from dagport.translation import Document, Translation
from dagport.writers.common import project as common
from dagport.writers.common import supporting
from dagport.writers.common.builder import mapped_members
from dagport.writers.common.dates import PENDULUM
from dagport.writers.common.delegation import is_opaque
from dagport.writers.common.edges import Dependencies
from dagport.writers.common.naming import Names, clean, identifier
from dagport.writers.common.params import params_of
from dagport.writers.common.project import HEADER
from dagport.writers.common.regions import Delegation
from dagport.writers.prefect.builder import Builder, Built
from dagport.writers.prefect.dates import dates_of
from dagport.writers.prefect.deployment import Deployment, deployment_of
from dagport.writers.prefect.module import AIRFLOW, ModuleWriter, file_of
from dagport.writers.prefect.naming import BANNED, NOT_PARAMETERS
from dagport.writers.prefect.regions import delegation_of
from dagport.writers.prefect.render import render
from dagport.writers.prefect.scope import Project, Scope
from dagport.writers.prefect.triggers import NO_ASSETS, Assets, assets_of


@dataclass
class ProjectWriter(common.ProjectWriter):
    """Collects the files, outcomes and diagnostics of one run."""

    engine = "prefect"

    deployments: list[Deployment] = field(default_factory=list)
    assets: Assets = NO_ASSETS

    def __post_init__(self) -> None:
        self.project = Project(package=self.options.package)
        self.modules = Names(["__init__"], fold=True)

    def write(self, documents: Sequence[Document]) -> Translation:
        """Translate all pipelines."""
        rewriters: dict[int, Module] = {}
        self.assets = assets_of(documents)
        chosen = [(document, pipeline) for document in documents for pipeline in self._accepted(document)]
        counted = Counter(pipeline.id for _, pipeline in chosen)
        self.project.pipelines |= {pipeline.id: pipeline for _, pipeline in chosen if counted[pipeline.id] == 1}
        for document, pipeline in chosen:
            self._pipeline(document, pipeline, rewriters.setdefault(id(document), Module(document.source)))
        self._common()
        return self._finished()

    def _pipeline(self, document: Document, pipeline: Pipeline, rewriter: Module) -> None:
        flow = self.project.flows.allocate(BANNED.sub("_", pipeline.id))
        if flow != pipeline.id:
            self._say("DP404", f"the DAG {pipeline.id!r} is the flow {flow}", document, pipeline)
        try:
            builder, built = self._built(document, pipeline, rewriter)
        except (CycleError, UnknownRuleError) as error:
            self._say("DP406", f"the DAG {pipeline.id!r} wasn't translated: {error}", document, pipeline)
            return
        written = ModuleWriter(builder, built, flow).write()
        path = f"{self.root}/flows/{self.modules.allocate(identifier(clean(flow), 'dag'), ['dag'])}.py"
        self.files[path] = written.text
        self.chunks[path] = written.chunks
        self.support |= written.support
        deployment, notes = deployment_of(pipeline, flow, f"{path}:{builder.scope.flow_name}", self.assets)
        self.deployments.append(deployment)
        self.outcomes += builder.outcomes(built, flow)
        self.diagnostics += [*builder.diagnostics, *written.diagnostics]
        for note in notes:
            self._say(*note, document, pipeline)
        self._say_needs(document, pipeline, written)

    def _built(self, document: Document, pipeline: Pipeline, rewriter: Module) -> tuple[Builder, Built]:
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
                params=params_of(pipeline, NOT_PARAMETERS),
                dates=dates_of(pipeline),
                flow_name=clean(pipeline.id),
                mapped=mapped_members(pipeline),
            )
            builder = Builder(scope, delegation)
            built = builder.build()
            if not builder.refusals or delegation is None:
                return builder, built
            refused |= builder.refusals
            opaque = frozenset(task.id for task in pipeline.tasks if task.id in refused and is_opaque(task, scope))
            delegation = delegation_of(pipeline, refused, opaque)

    def _common(self) -> None:
        package = self.options.package
        project = package.replace("_", "-")
        delegates = bool(self.support & set(AIRFLOW))
        dependencies = ["prefect>=3"] + ["sqlalchemy"] * ("database" in self.support)
        dependencies += ["dagport[prefect]"] * delegates
        dependencies += ["pendulum>=3"] * any(PENDULUM in text.splitlines() for text in self.files.values())
        toml = render("pyproject.toml", package=package, project=project, dependencies=dependencies)
        self.files["pyproject.toml"] = HEADER + toml
        triggers = any(deployment.triggers for deployment in self.deployments)
        deployments = render("prefect.yaml", name=project, deployments=self.deployments, triggers=triggers)
        self.files["prefect.yaml"] = deployments
        self.files[f"{self.root}/__init__.py"] = HEADER
        self.files[f"{self.root}/flows/__init__.py"] = HEADER
        needed = {file_of(name) for name in self.support}
        for name, text in supporting.carried(needed, package, "dagport.writers.prefect.support").items():
            self.files[f"{self.root}/{name}"] = HEADER + text
