"""Runs in DataHub's environment: imports proposals into an embedded catalogue, and answers questions about lineage.

    python datahub_lite.py FOLDER < questions.json

The folder has ``proposals.json``. A question is ``[direction, urn]``, of a dataset, a task or a column
(``urn:li:schemaField``); the answers are all that is up- or downstream of it, whatever the distance.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datahub.cli.lite_cli import _get_datahub_lite
from datahub.entrypoints import datahub


def command(*words: str) -> None:
    """Run DataHub's own command line."""
    datahub(list(words), standalone_mode=False)


class Catalogue:
    """What the catalogue holds, by its own interface."""

    def __init__(self) -> None:
        self.lite = _get_datahub_lite(read_only=True)
        self.urns = sorted(self.lite.list_ids())

    def aspect(self, urn: str, name: str) -> Any:
        """An aspect of an entity; empty where it has none."""
        return (self.lite.get(id=urn, aspects=[name]) or {}).get(name, {})

    def edges(self) -> Iterator[tuple[str, str]]:
        """Upstream and downstream: of datasets, of their columns, and of datasets and tasks."""
        for urn in self.urns:
            if urn.startswith("urn:li:dataset:"):
                lineage = self.aspect(urn, "upstreamLineage")
                yield from ((item["dataset"], urn) for item in lineage.get("upstreams", ()))
            elif urn.startswith("urn:li:dataJob:"):
                lineage = self.aspect(urn, "dataJobInputOutput")
                yield from ((item, urn) for item in lineage["inputDatasets"])
                yield from ((urn, item) for item in lineage["outputDatasets"])
                yield from ((item, urn) for item in lineage.get("inputDatajobs", ()))
            else:
                continue
            for entry in lineage.get("fineGrainedLineages", ()):
                yield from ((up, down) for up in entry["upstreams"] for down in entry["downstreams"])

    def answer(self, direction: str, start: str) -> list[str]:
        """Everything up- or downstream."""
        edges = list(self.edges())
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            here = waiting.pop()
            found = [up if direction == "upstream" else down for up, down in edges
                     if (down if direction == "upstream" else up) == here]  # fmt: skip
            waiting += [urn for urn in found if urn not in seen]
            seen.update(found)
        return sorted(seen)


def main(folder: Path) -> None:
    """Import, and answer."""
    file = str(folder / "proposals.json")
    command("check", "metadata-file", file)
    command("lite", "import", "--file", file)
    command("lite", "import", "--file", file)  # again: aspects replace themselves
    catalogue = Catalogue()
    questions = json.load(sys.stdin)
    answers = [catalogue.answer(*question) for question in questions]
    dangling = sorted({urn for edge in catalogue.edges() for urn in edge if urn.startswith("urn:li:data")
                       and urn not in catalogue.urns})  # fmt: skip
    aspects = {urn: catalogue.lite.get(id=urn, aspects=None) for urn in catalogue.urns}
    (folder / "answers.json").write_text(
        json.dumps({"answers": answers, "dangling": dangling, "entities": aspects}), "utf-8"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
