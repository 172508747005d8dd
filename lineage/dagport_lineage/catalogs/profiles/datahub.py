"""DataHub, by its OpenLineage endpoint (its native form is ``--format datahub``)."""

from __future__ import annotations

from collections.abc import Iterable

from dagport_lineage.catalogs.datahub_urns import PLATFORMS
from dagport_lineage.catalogs.profiles.rules import Profile, Rule, Subject, named

TODO = "export with --format datahub, which keeps the names apart"


def _split(subject: Subject) -> Iterable[str]:
    name, parent = subject.name, subject.text("job", "facets", "dagport_controlFlow", "parent", "name")
    pipeline = name if subject.job_type == "DAG" else parent
    if pipeline is not None and "." in pipeline:
        yield f"DataHub splits the job name {name!r} at its first dot: the flow would be {name.partition('.')[0]!r}"


def _static(subject: Subject) -> Iterable[str]:
    if subject.kind == "DatasetEvent":
        yield "DataHub's endpoint reads events of runs and, in newer versions, of jobs; not a DatasetEvent"


def _platform(subject: Subject) -> Iterable[str]:
    for dataset in subject.datasets():
        namespace = str(dataset.get("namespace", ""))
        scheme = namespace.partition(":")[0].lower()
        if scheme not in PLATFORMS:
            yield f"DataHub knows no platform for {named(dataset)}"


PROFILE = Profile(
    name="datahub",
    title="DataHub",
    takes="run events; job events depending on its version",
    source="DataHub's OpenLineage endpoint and its list of platforms",
    rules=(
        Rule(
            id="job-name",
            severity="warning",
            says="takes what stands before the first dot of a job name for the flow",
            todo=TODO,
            check=_split,
        ),
        Rule(id="dataset-event", severity="warning", says="takes no DatasetEvent", todo=TODO, check=_static),
        Rule(
            id="platform",
            severity="warning",
            says="has a platform for a dataset's namespace, or makes an unknown one",
            todo="add the platform to DataHub, or name the dataset by a scheme that it knows",
            check=_platform,
        ),
    ),
)
