"""The fuzzer's loop."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.fuzz.case import Case, Finding, Result
from tests.fuzz.generate import generated
from tests.fuzz.mutate import of_bytes, of_soup, of_trees
from tests.fuzz.shrink import shrunk
from tests.fuzz.worker import Worker

KINDS: tuple[Callable[[int], Case], ...] = (generated, generated, generated, of_trees, of_trees, of_bytes, of_soup)
TWICE = 10  # every so many cases are read by a process with another seed of hashes too


@dataclass
class Outcome:
    """The figures of a run."""

    tried: int = 0
    seconds: float = 0.0
    peak: int = 0
    pipelines: int = 0
    exact: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    findings: dict[str, tuple[Case, Finding]] = field(default_factory=dict)  # the first of each sort
    repeated: Counter[str] = field(default_factory=Counter)

    def add(self, result: Result) -> None:
        """Count one result."""
        self.tried += 1
        self.peak = max(self.peak, result.peak)
        self.pipelines += result.pipelines
        self.exact += result.exact
        self.codes.update(result.codes)

    def report(self) -> str:
        """Some lines."""
        codes = " ".join(f"{code}:{count}" for code, count in sorted(self.codes.items()))
        head = (
            f"{self.tried} inputs in {self.seconds / 60:.1f} minutes, at most {self.peak} MiB; "
            f"{self.pipelines} pipelines, {self.exact} exact; {len(self.findings)} findings\n{codes}"
        )
        found = [
            f"--- {sort} ({self.repeated[sort]} times; {case.name})\n{finding.detail}\n{case.text}"
            for sort, (case, finding) in self.findings.items()
        ]
        return "\n".join([head, *found])


def cases_from(seed: int) -> Iterator[Case]:
    """Cases without end; the same for the same seed."""
    while True:
        yield KINDS[seed % len(KINDS)](seed)
        seed += 1


def run(seed: int, minutes: float, say: Callable[[str], None] = lambda _: None, most: int | None = None) -> Outcome:
    """Try cases for a given time, or at most so many; a finding is made small and reported once."""
    outcome = Outcome()
    worker, other = Worker(0), Worker(1)
    start = time.monotonic()
    for case in cases_from(seed):
        if time.monotonic() - start > minutes * 60 or (most is not None and outcome.tried >= most):
            break
        result = worker.check(case)
        findings = [*result.findings, *_unequal(case, result, other, outcome.tried)]
        outcome.add(result)
        for finding in findings:
            outcome.repeated[finding.sort] += 1
            if finding.sort not in outcome.findings:
                say(f"{finding.sort}  [{case.name}]")
                outcome.findings[finding.sort] = (_small(case, finding, worker), finding)
    outcome.seconds = time.monotonic() - start
    worker.stop()
    other.stop()
    return outcome


def _unequal(case: Case, result: Result, other: Worker, number: int) -> list[Finding]:
    if number % TWICE or result.findings or "DP207" in result.codes:  # the seconds of a limit aren't the same twice
        return []
    second = other.check(case)
    if second.digest == result.digest or "DP207" in second.codes:
        return []
    return [Finding("unequal", "a process with another seed of hashes gives another graph")]


def _small(case: Case, finding: Finding, worker: Worker) -> Case:
    if finding.kind in ("slow", "died", "unequal"):
        return case
    return shrunk(case, finding, lambda smaller: worker.check(smaller).findings)
