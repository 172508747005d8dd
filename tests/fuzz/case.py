"""One input of the fuzzer, and what is wrong with how it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from dagport.options import Limits

QUICK = Limits(steps=200_000, seconds=2.0, text=1_000_000)
"""The bounds of one generated input: small, so that many are tried."""


@dataclass(frozen=True, slots=True)
class Case:
    """A DAG file, and the project around it where there is one."""

    name: str  # how it was made: enough to make it again
    text: str
    project: Mapping[str, bytes] = field(default_factory=dict)  # further files, by their path below the root
    path: str = "dags/case.py"
    root: str | None = None  # an existing folder as the project, in place of ``project``
    limits: Limits = QUICK
    empty: bool = False  # it is known to hold no pipeline

    def with_text(self, text: str) -> Case:
        """The same with another text."""
        return Case(self.name, text, self.project, self.path, self.root, self.limits, self.empty)

    @property
    def files(self) -> dict[str, bytes]:
        """All files of the project, the DAG file among them; none where the project exists already."""
        if not self.project:
            return {}
        own = {self.path: self.text.encode("utf-8", "surrogatepass")}
        return {str(PurePosixPath(path)): data for path, data in {**self.project, **own}.items()}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not happen."""

    kind: str  # "raises", "slow", "memory", "died", "schema", "unequal", "escape", "invented"
    detail: str

    @property
    def sort(self) -> str:
        """Findings of one sort have the same cause, as far as one can tell from outside."""
        return f"{self.kind}: {self.detail.strip().splitlines()[-1] if self.detail.strip() else ''}"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one case."""

    findings: tuple[Finding, ...]
    seconds: float = 0.0  # of processor time, for one reading
    digest: str = ""  # of the graph's JSON
    peak: int = 0  # the process's peak of memory so far, in MiB
    exact: int = 0  # pipelines
    pipelines: int = 0
    codes: tuple[str, ...] = ()
