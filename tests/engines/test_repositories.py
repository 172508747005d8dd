"""Whole repositories in real Airflow: nothing may be claimed that Airflow doesn't build, in any order of reading.

``repositories/*.txt`` holds written cases. Each says what is expected of it: ``exact``; ``doubt``: what can't be known,
said so; ``refused``: Airflow can't import a file of it, and an error says so; ``empty``: there is no DAG.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from dagport.translation import Document
from tests.engines.compare import Verdict, figures
from tests.engines.environments import Environment
from tests.engines.nasty_repositories import random_repository
from tests.engines.reading import judge
from tests.engines.repository_cases import (
    EXPECTATIONS,
    TOPICS,
    Repository,
    documents,
    inputs,
    lines,
    lines_apart,
    written,
)

RANDOM = 100
LEAST_EXACT_RANDOM = 100
INSIDE = Path(__file__).with_name("inside") / "repositories.py"

pytestmark = pytest.mark.engine


def truths(engine: Environment, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """What real Airflow builds, by repository."""
    found = defaultdict(list)
    for line in engine.run([INSIDE, folder]).stdout.splitlines():
        record = json.loads(line)
        found[record["repository"]].append(record)
    return found


@dataclass(frozen=True)
class Built:
    """A repository on the disk, and what real Airflow builds from it."""

    repository: Repository
    folder: Path
    records: list[dict[str, Any]]

    def findings(self) -> tuple[list[Verdict], list[str]]:
        """The verdicts on all its DAGs, and all that isn't as it should be."""
        read = documents(inputs(self.folder))
        verdicts = [verdict for record in self.records for verdict in verdicts_of(record, read)]
        wrong = [*problems(self.repository, verdicts, self.records, read), *unsteady(self.folder)]
        return verdicts, [f"{self.repository.name}: {problem}" for problem in wrong]


@pytest.fixture(scope="module")
def built(airflow3: Environment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Built]]:
    """All repositories by topic: one run of Airflow for all, as starting it takes the longest."""
    root = tmp_path_factory.mktemp("repositories")
    cases = {topic: list(written(topic)) for topic in TOPICS}
    cases["random"] = [random_repository(seed) for seed in range(RANDOM)]
    for topic, repositories in cases.items():
        for number, repository in enumerate(repositories):
            repository.write(root / f"{topic}-{number:03d}")
    records = truths(airflow3, root)
    return {
        topic: [
            Built(repository, root / name, records[name])
            for number, repository in enumerate(repositories)
            for name in [f"{topic}-{number:03d}"]
        ]
        for topic, repositories in cases.items()
    }


def verdicts_of(record: Mapping[str, Any], read: Mapping[str, Document]) -> list[Verdict]:
    """The verdicts on one file; one that Airflow skips isn't read."""
    document = read.get(record["file"])
    if document is None:
        return [Verdict(record["file"], dag["dag_id"], "missed") for dag in record["dags"]]
    return judge(dict(record), document)


def problems(
    repository: Repository,
    verdicts: Sequence[Verdict],
    records: Sequence[Mapping[str, Any]],
    read: Mapping[str, Document],
) -> list[str]:
    """What is wrong, and what isn't as the case expects."""
    found = [str(verdict) for verdict in verdicts if verdict.name in ("false exact", "invented")]
    refused = [record for record in records if not record["ok"]]
    for record in records:
        said = [item.message for item in read[record["file"]].graph.diagnostics] if record["file"] in read else []
        errors = has_errors(read, record["file"])
        if record["ok"] and errors:
            found.append(f"{record['file']}: Airflow imports it, but {said}")
        if not record["ok"] and not said and record["file"] in read:
            found.append(f"{record['file']}: nothing is said, but {record['error'].strip().splitlines()[-1]}")
        if not record["ok"] and not errors and repository.expected == "refused":
            found.append(f"{record['file']}: no error, but {record['error'].strip().splitlines()[-1]}: {said}")
    missed = [verdict for verdict in verdicts if verdict.name == "missed"]
    silent = [verdict for verdict in missed if verdict.file in read and not read[verdict.file].graph.diagnostics]
    found += map(str, silent if repository.expected in ("doubt", "any") else missed)
    exact = all(verdict.name == "exact" for verdict in verdicts if not is_refusal(verdict))
    if repository.expected == "exact" and (not exact or refused or not verdicts):
        found.append("it should be exact:" + told(verdicts, records, read))
    if repository.expected == "doubt" and (exact or refused):
        found.append("it should be in doubt:" + told(verdicts, records, read))
    if repository.expected == "refused" and (not exact or not refused):
        found.append("a file should be refused, and the others be exact:" + told(verdicts, records, read))
    if repository.expected == "empty" and verdicts:
        found.append("it should be empty")
    return found


def is_refusal(verdict: Verdict) -> bool:
    """Whether it is about a DAG of a file that Airflow can't import."""
    return bool(verdict.differences) and verdict.differences[0][0] == "import"


def has_errors(read: Mapping[str, Document], file: str) -> bool:
    """Whether something in a file is said to be an error."""
    return file in read and any(item.severity == "error" for item in read[file].graph.diagnostics)


def told(verdicts: Sequence[Verdict], records: Sequence[Mapping[str, Any]], read: Mapping[str, Document]) -> str:
    """All that helps to see why."""
    parts = [str(verdict) for verdict in verdicts if verdict.name != "exact"]
    parts += [record["error"].strip().splitlines()[-1] for record in records if not record["ok"]]
    parts += [
        f"{item.path}:{item.line} {item.code} {item.message}"
        for record in records
        if record["file"] in read
        for item in read[record["file"]].graph.diagnostics
    ]
    return "".join(f"\n    {part}" for part in parts)


def unsteady(folder: Path) -> list[str]:
    """Files whose graph depends on the order of reading, or on what was read before."""
    items = inputs(folder)
    alone = lines_apart(items)
    orders = [items, Random(len(alone)).sample(items, len(items))]
    return [
        f"{path} depends on what was read before: {found}, not {alone[path]}"
        for order in orders
        for path, found in lines(order).items()
        if found != alone[path]
    ]


@pytest.mark.parametrize("topic", TOPICS)
def test_written_cases(
    topic: str, built: Mapping[str, list[Built]], record_property: Callable[[str, object], None]
) -> None:
    check(built[topic], record_property)


def test_random_repositories(built: Mapping[str, list[Built]], record_property: Callable[[str, object], None]) -> None:
    verdicts = check(built["random"], record_property)
    assert sum(verdict.name == "exact" for verdict in verdicts) >= LEAST_EXACT_RANDOM


def check(repositories: Sequence[Built], record_property: Callable[[str, object], None]) -> list[Verdict]:
    """Fail for anything that isn't as it should be; the verdicts."""
    findings = [item.findings() for item in repositories]
    verdicts = [verdict for found, _ in findings for verdict in found]
    record_property("figures", figures(verdicts))
    wrong = [text for _, found in findings for text in found]
    assert wrong == [], "\n" + "\n".join(wrong)
    return verdicts


def test_cases_are_well_formed() -> None:
    for topic in TOPICS:
        cases = list(written(topic))
        assert len({case.name for case in cases}) == len(cases), topic
        assert all(case.expected in EXPECTATIONS and case.files for case in cases), topic


def test_jobs_change_nothing(tmp_path: Path) -> None:
    cases = [case for topic in TOPICS for case in written(topic)]
    for number, case in enumerate(cases):
        case.write(tmp_path / f"{number:03d}")
    items = inputs(tmp_path)
    assert lines(items, jobs=3) == lines(items)
