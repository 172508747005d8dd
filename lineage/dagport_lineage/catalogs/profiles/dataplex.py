"""Google's Dataplex Universal Catalog, by the Data Lineage API."""

from __future__ import annotations

from collections.abc import Iterable

from dagport_lineage.catalogs.profiles.rules import Profile, Rule, Subject, largest, named, run_events_only

MAX_BYTES = 5_000_000  # "5 MB": whether it means 5 * 1024 * 1024 isn't said
MAX_NAME, MAX_LINKS = 4_000, 1_000


def _names(subject: Subject) -> Iterable[str]:
    for dataset in subject.datasets():
        length = len(named(dataset))
        if length > MAX_NAME:
            yield f"a dataset's name has {length:,} characters, Dataplex takes {MAX_NAME:,}: {named(dataset):.60}..."


def _links(subject: Subject) -> Iterable[str]:
    links = len(subject.event.get("inputs", ())) * len(subject.event.get("outputs", ()))
    if links > MAX_LINKS:
        yield f"{links:,} pairs of inputs and outputs are more than the {MAX_LINKS:,} that Dataplex takes"


PROFILE = Profile(
    name="dataplex",
    title="Dataplex",
    takes="run events",
    source="Google's documentation (Integrate with OpenLineage: limitations)",
    rules=(
        run_events_only("Dataplex"),
        largest("Dataplex", MAX_BYTES),
        Rule(
            id="name-length",
            severity="error",
            says=f"takes names of datasets of at most {MAX_NAME:,} characters",
            todo="name the folder or the pattern, not every file",
            check=_names,
        ),
        Rule(
            id="links",
            severity="error",
            says=f"takes at most {MAX_LINKS:,} pairs of inputs and outputs a run",
            todo="split the task",
            check=_links,
        ),
    ),
)
