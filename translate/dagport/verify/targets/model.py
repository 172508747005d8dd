"""What the code of a target says, in the terms of the source: tasks by their ids there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from dagport.graph import Schedule
from dagport.translation import Fidelity

How: TypeAlias = Literal["plain", "gated", "delegated"]
"""Who decides whether a task runs: the target's own rule, Airflow's rule in code, or Airflow itself."""


class NotUnderstoodError(Exception):
    """A piece of code whose meaning isn't known here; the message says which, and where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What Airflow's rule, in the project's code, is asked about one task, or about the expansion of one."""

    choosers: tuple[str, ...] = ()  # that may skip it, and aren't directly before it
    setups: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()  # that only have to have ended
    ways: Mapping[str, tuple[str, ...]] | None = None  # of a branch
    known: tuple[str, ...] = ()
    skips: tuple[str, ...] = ()  # of a short circuit
    caught: bool = True  # a failure is handed on as a value; else the engine's own rule holds after it
    soft_fail: bool = False
    never_fail: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """What makes the instances of a mapped task or group."""

    id: str
    rule: str = "all_success"
    after: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()  # tasks whose results say how many there are
    gate: Gate = field(default_factory=Gate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A task in the target's code."""

    id: str  # of the task
    place: str  # "path:line"
    how: How = "plain"
    after: frozenset[str] = frozenset()  # tasks directly before it, as the code says
    takes: Mapping[str, str] = field(default_factory=dict)  # parameter -> the task whose result it gets
    rule: str = "all_success"
    retries: int = 0
    retry_delay_s: float | None = None
    exponential: bool = False
    group: str | None = None  # in the target's own spelling; None: it says none
    pool: str | None = None
    priority: str | None = None
    optional: bool = False  # it may end without a result, which skips what needs one
    together: str | None = None  # name of what runs it together with others
    setup: bool = False
    expansion: Expansion | None = None  # of a mapped task, or of the mapped group that it lies in
    gate: Gate | None = None  # of a gated one
    settings: tuple[tuple[str, str], ...] = ()  # what else its decorator says, as code
    body: str = ""  # normal form of its function: see ``normal``
    reads: tuple[str, ...] = ()  # results that its function reads, in its order: "task" or "task.key"

    @property
    def mapped(self) -> bool:
        """Whether it is mapped itself, and not only its group."""
        return self.expansion is not None and self.expansion.id == self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """When the target is started, and which dates its runs have."""

    crons: tuple[str, ...] = ()
    timezone: str = "UTC"
    within: tuple[str | None, str | None] = (None, None)  # ticks outside start nothing
    seconds: float | None = None  # of an interval
    anchor: str | None = None  # of an interval
    partitions: Partitions | None = None
    timetable: Schedule | None = None  # of Airflow, whose rules the project carries along
    catchup: bool = False  # of the timetable
    updates: str | None = None  # a condition of asset keys
    status: str | None = None  # whether it begins turned on, where the target's code says it
    manual: bool = False  # nothing starts it


@dataclass(frozen=True, slots=True, kw_only=True)
class Partitions:
    """Time windows: the start of one is the logical date of its run."""

    cron: str
    timezone: str
    start: str  # the first one's, in its time zone, as the code says
    fmt: str
    end_offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPipeline:
    """A job or flow."""

    id: str  # of the DAG
    name: str
    path: str
    units: Mapping[str, Unit]
    when: tuple[When, ...] = ()  # what starts it; none: not understood, which is among the doubts
    returns: tuple[str, ...] | None = None  # tasks that decide about the run; None: all of them
    doubts: tuple[str, ...] = ()
    function: str | None = None  # of a flow
    settings: tuple[tuple[str, str], ...] = ()  # what else decides about a run, as code


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the writer says of one pipeline of the source."""

    names: Mapping[str, str]  # the target's name of a task -> its id
    fidelities: Mapping[str, Fidelity]  # of each task
    reasons: Mapping[str, str]
    folded: frozenset[str]  # tasks that have nothing in the target
    notes: tuple[str, ...] = ()  # messages about the schedule, and what else has no place


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A generated project."""

    orchestrator: Literal["dagster", "prefect"]
    pipelines: Mapping[str, TargetPipeline]  # by the DAG's id
