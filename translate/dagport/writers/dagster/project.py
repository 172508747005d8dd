"""The files of the generated project, around the modules of its pipelines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dagport.graph import Pipeline
from dagport.rewrite.module import Module
from dagport.translation import Document, Translation
from dagport.writers.common import project as common
from dagport.writers.common import supporting
from dagport.writers.common.dates import PENDULUM
from dagport.writers.common.delegation import is_opaque
from dagport.writers.common.edges import Dependencies
from dagport.writers.common.naming import Names, clean, identifier
from dagport.writers.common.params import params_of
from dagport.writers.common.project import HEADER
from dagport.writers.common.regions import Delegation, delegation_of
from dagport.writers.common.starting import DAG_ID
from dagport.writers.dagster import delegated, families, triggers, waits, when_files
from dagport.writers.dagster.alone import can_run_alone
from dagport.writers.dagster.asset_schedules import Producers
from dagport.writers.dagster.builder import Builder, WrittenAsset
from dagport.writers.dagster.graphs import Graphs, graphs_of
from dagport.writers.dagster.instance import FILE, Needs, instance_file
from dagport.writers.dagster.module import ModuleWriter
from dagport.writers.dagster.naming import NOT_FIELDS
from dagport.writers.dagster.partitions import partitions_of
from dagport.writers.dagster.render import render
from dagport.writers.dagster.scope import Project, Scope

RESERVED_MODULES = ("resources", "assets", "__init__")
SUPPORT_FILES = {
    "variables": "variables.py", "resources": "database.py", "is_latest": "latest.py",
    **families.FILES,
}  # fmt: skip


RUNTIME_FILES = {"control": "control.py", "shell": "shell.py", "resources": "statements.py"}
"""What a file of ``runtime/``, or of those that all targets share, is carried for; with what it imports from."""


@dataclass
class ProjectWriter(common.ProjectWriter):
    """Collects the files, outcomes and diagnostics of one run."""

    engine = "dagster"

    resources: set[str] = field(default_factory=set)
    pydantic: bool = False

    def __post_init__(self) -> None:
        self.project = Project(package=self.options.package)
        self.modules = Names(RESERVED_MODULES, fold=True)
        self.producers = Producers()
        self.needs: list[Needs] = []

    @property
    def _delegates(self) -> bool:
        """Whether Airflow runs any task."""
        return not self.support.isdisjoint(delegated.DELEGATES)

    def write(self, documents: Sequence[Document]) -> Translation:
        """Translate all pipelines."""
        chosen = [(document, pipeline) for document in documents for pipeline in self._accepted(document)]
        jobs = self._job_names(chosen)
        counted = Counter(pipeline.id for _, pipeline in chosen)
        self.project.pipelines |= {pipeline.id: pipeline for _, pipeline in chosen if counted[pipeline.id] == 1}
        self.project.jobs |= {pipeline.id: job for (_, pipeline), job in zip(chosen, jobs, strict=True)}
        self.project.awaited = waits.awaited_dags(pipeline for _, pipeline in chosen)
        rewriters: dict[int, Module] = {}
        built = []
        for (document, pipeline), job in zip(chosen, jobs, strict=True):
            rewriter = rewriters.setdefault(id(document), Module(document.source))
            built.append(self._built(document, pipeline, job, rewriter))
        self._connect(documents, built)
        for (document, pipeline), job, (builder, assets) in zip(chosen, jobs, built, strict=True):
            self._pipeline(document, pipeline, job, builder, assets)
        self._common()
        return self._finished()

    def _job_names(self, chosen: Sequence[tuple[Document, Pipeline]]) -> list[str]:
        """A name for the job of every pipeline; those that Dagster takes as they are come first."""
        names: dict[int, str] = {}
        for index in sorted(range(len(chosen)), key=lambda index: clean(chosen[index][1].id) != chosen[index][1].id):
            document, pipeline = chosen[index]
            names[index] = self.project.nodes.allocate(clean(pipeline.id))
            if names[index] != pipeline.id:
                self._say("DP404", f"the DAG {pipeline.id!r} is the job {names[index]}", document, pipeline)
        return [names[index] for index in range(len(chosen))]

    def _connect(
        self, documents: Sequence[Document], built: Sequence[tuple[Builder, tuple[WrittenAsset, ...]]]
    ) -> None:
        """Note which tasks update the assets that other pipelines wait for."""
        for document in documents:
            self.producers.declare(document.graph.assets)
        for builder, assets in built:
            for asset in assets:
                if not builder.scope.graphs.job:  # ops update no assets
                    self.producers.produce(asset.task.outlets, asset.name.path)
                if asset.fidelity in ("native", "approximate") and asset.task.operator in triggers.OPERATORS:
                    self.producers.start(str(asset.task.arguments.get(DAG_ID)), asset.name.path)

    def _pipeline(
        self, document: Document, pipeline: Pipeline, job: str, builder: Builder, assets: tuple[WrittenAsset, ...]
    ) -> None:
        schedule = self.project.schedules.allocate(f"{job}_schedule")
        written = ModuleWriter(builder.scope, builder, assets, job, schedule, self.producers).write()
        path = f"{self.root}/defs/{self.modules.allocate(identifier(job, 'dag'), ['dag'])}.py"
        self.files[path] = written.text
        self.chunks[path] = written.chunks
        self.support |= written.support
        self.resources |= written.resources
        self.needs.append(written.needs)
        self.pydantic |= "from pydantic import" in written.text
        self.outcomes += builder.outcomes(assets)
        self.diagnostics += [*builder.diagnostics, *written.diagnostics]
        self._say_needs(document, pipeline, written)

    def _built(
        self, document: Document, pipeline: Pipeline, job: str, rewriter: Module
    ) -> tuple[Builder, tuple[WrittenAsset, ...]]:
        """The written tasks: what is refused is written again as delegated, which may change others."""
        # A task that may not exist can't be asked for.
        delegation = Delegation() if self.options.delegate and pipeline.exact else None
        refused: dict[str, str] = {}
        blocked: dict[str, str] = {}  # what else to say of a task whose graph isn't written
        alone: dict[str, str] = {}  # why Airflow runs an op
        style, skipping, left_out = self.options.style, frozenset[str](), frozenset[str]()
        ahead = frozenset[str]()  # tasks before a graph that Airflow may have to run
        while True:
            graphs = graphs_of(pipeline, style, skipping, left_out, frozenset(alone), ahead)
            kept = {*graphs.members, *(delegation.reasons if delegation else ())}
            scope = Scope(
                graphs=graphs,
                project=self.project,
                source=document.source,
                pipeline=pipeline,
                module=rewriter,
                dependencies=Dependencies(pipeline, kept),
                assets={asset.name: asset for asset in document.graph.assets},
                params=params_of(pipeline, NOT_FIELDS),
                partitions=partitions_of(pipeline, self.options.package),
            )
            builder = Builder(scope, job, delegation, alone)
            assets = builder.build()
            if builder.skipping - skipping and style != "assets":
                skipping |= builder.skipping
                continue
            new, without = _by_airflow(graphs, builder, alone) if delegation is not None else ({}, frozenset[str]())
            alone |= new
            if without:
                if graphs.job:
                    style = "auto"
                    message = f"it isn't a job of ops, but assets: Airflow goes on running {min(without)!r}"
                    self._say("DP403", message, document, pipeline)
                left_out |= without
                blocked = {**_blocked(graphs, {**alone, **builder.refusals}), **blocked}
                continue
            if new:
                continue
            if not builder.refusals or delegation is None:
                return builder, assets
            unsure = ahead.union(builder.refusals, delegation.reasons) - graphs.members
            if graphs.regions and unsure - ahead:
                # What Airflow runs already is in no graph, and keeps a graph that has to know its skip from being one.
                ahead, left_out = unsure, left_out | (unsure & delegation.reasons.keys())
                continue
            refused |= {one: why + _more(why, blocked.get(one, "")) for one, why in builder.refusals.items()}
            opaque = frozenset(task.id for task in pipeline.tasks if task.id in refused and is_opaque(task, scope))
            delegation = delegation_of(pipeline, refused, opaque)

    def _common(self) -> None:
        package, project = self.options.package, self.project
        dependencies = ["dagster"] + ["pydantic"] * self.pydantic + ["sqlalchemy"] * ("resources" in self.support)
        dependencies += ["dagport[dagster]"] * self._delegates
        clients = sorted(
            (item for item in project.clients.values() if item.key in self.resources), key=lambda item: item.key
        )
        dependencies += sorted({item.requires for item in clients} - {"dagster"})
        instance = instance_file(self.needs)
        self.files |= {} if instance is None else {FILE: instance}
        self.files |= when_files.files(self.support, self.producers, self.root, package, HEADER)
        dependencies += ["pendulum>=3"] * any(PENDULUM in text.splitlines() for text in self.files.values())
        toml = render("pyproject.toml", package=package, project=package.replace("_", "-"), dependencies=dependencies)
        self.files["pyproject.toml"] = HEADER + toml
        self.files[f"{self.root}/__init__.py"] = HEADER
        self.files[f"{self.root}/defs/__init__.py"] = HEADER
        self.files[f"{self.root}/definitions.py"] = HEADER + render("definitions.py")
        for name in sorted(self.support & SUPPORT_FILES.keys()):
            file = SUPPORT_FILES[name]
            self.files[f"{self.root}/{file}"] = HEADER + render(file, package=package)
        needed = {supporting.SUPPORT[name].file for name in self.support & supporting.SUPPORT.keys()}
        needed |= {RUNTIME_FILES[name] for name in self.support & RUNTIME_FILES.keys()}
        for name, text in supporting.carried(needed, package, "dagport.writers.dagster.runtime").items():
            self.files[f"{self.root}/{name}"] = HEADER + text
        if self.resources or self._delegates:
            used = [item for item in sorted(project.connections.values()) if item[0] in self.resources]
            connections = [{"key": key, "variable": variable} for key, variable in used]
            self.files[f"{self.root}/defs/resources.py"] = HEADER + render(
                "resources.py",
                package=package,
                connections=connections,
                clients=clients,
                imports=sorted({item.imported for item in clients}),
                delegates=self._delegates,
            )


def _by_airflow(graphs: Graphs, builder: Builder, alone: Mapping[str, str]) -> tuple[dict[str, str], frozenset[str]]:
    """The ops that Airflow has to run: those that it now runs alone, with why, and those that keep it from that."""
    new: dict[str, str] = {}
    without: set[str] = set()
    for region in graphs.regions:
        found = [one for one in region if one in builder.refusals or one in alone]
        if can_run_alone(found, builder.scope):
            new |= {one: builder.refusals[one] for one in found if one in builder.refusals}
        else:
            without.update(found)
    return new, frozenset(without)


def _blocked(graphs: Graphs, refusals: Mapping[str, str]) -> dict[str, str]:
    """What to say of the tasks of each graph that isn't written, besides the reason why one of them is no asset."""
    found: dict[str, str] = {}
    for region in graphs.regions:
        first = next((one for one in region if one in refusals), None)
        if first is None:
            continue
        said = f"; it is no op of a graph either, since {first!r} can't be one: {refusals[first]}"
        found |= dict.fromkeys(region, said)
        found |= {one: f"; nor can it be an op: {refusals[one]}" for one in region if one in refusals}
    return found


def _more(why: str, more: str) -> str:
    return "" if why in more else more
