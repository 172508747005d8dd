"""What a live Airflow has: its DAGs, their runs and task instances, as both versions of its REST API tell them.

What the API doesn't tell is ``None`` (or empty, where said so), never a guess.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal, NewType, TypeAlias

from dagport_adapters.runners.protocol import FINISHED_STATES, TaskState

Cursor = NewType("Cursor", str)  # where ``runs_changed`` goes on; opaque, and as JSON it is the text itself
RunType: TypeAlias = str  # manual, scheduled, backfill, asset_triggered (also of datasets), operator_triggered, ...
LiveRunState: TypeAlias = Literal["queued", "running", "success", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTaskDef:
    """A task as the scheduler knows it."""

    task_id: str
    operator: str | None  # the class's name
    downstream: tuple[str, ...]  # task ids, sorted
    trigger_rule: str
    retries: int
    is_mapped: bool
    owner: str | None = None
    operator_module: str | None = None
    inlets: tuple[str, ...] = ()  # URIs; of assets that the instance knows as such (Airflow 3.1+)
    outlets: tuple[str, ...] = ()  # URIs; of assets (2.x: datasets) that the instance knows as such


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDag:
    """A DAG as the instance has it now."""

    dag_id: str
    file_loc: str | None  # on the machines of that Airflow
    paused: bool
    schedule: str | None  # as text: the cron expression or preset, the delta, or what the timetable calls itself
    timetable_description: str | None
    timezone: str | None
    start_date: datetime | None
    end_date: datetime | None
    tags: tuple[str, ...]
    owners: tuple[str, ...]
    tasks: tuple[LiveTaskDef, ...]  # sorted by task id
    description: str | None = None
    catchup: bool | None = None
    has_import_errors: bool = False  # the file can't be imported any more; this is what it was before
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRun:
    """A DAG run."""

    dag_id: str
    run_id: str
    run_type: RunType
    state: LiveRunState
    logical_date: datetime | None  # None: Airflow 3 knows runs without
    data_interval: tuple[datetime, datetime] | None
    run_after: datetime | None  # Airflow 3
    start: datetime | None
    end: datetime | None
    conf: Mapping[str, Any] = field(default_factory=dict)
    clear_number: int | None = None  # None: not told (no version of the API tells it yet)
    url: str | None = None

    @property
    def ended(self) -> bool:
        """Whether its state is a final one."""
        return self.state in ("success", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTask:
    """One try of a task instance."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int  # -1: not mapped
    try_number: int  # 0: it never ran
    state: TaskState | None  # None: not scheduled yet
    start: datetime | None
    end: datetime | None
    duration: float | None
    operator: str | None
    log_url: str | None
    max_tries: int | None = None
    latest: bool = True  # whether this is the last try so far: only that one says how the task instance stands

    @property
    def ended(self) -> bool:
        """Whether its state is a final one."""
        return self.state in FINISHED_STATES


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of the runs that have changed."""

    runs: tuple[LiveRun, ...]  # ended since the cursor, each end of a run once; by end, then DAG id and run id
    cursor: Cursor  # where the next page begins
    more: bool  # whether there is a next page already
    under_way: tuple[LiveRun, ...] = ()  # queued and running now, oldest first; the same ones again until they end


@dataclass(slots=True, kw_only=True)
class RunHandle:
    """A run that is followed: what of it has been told. Survives the host as text (``to_json``, ``from_json``)."""

    dag_id: str
    run_id: str
    resumed: bool = False  # the run was there before
    started_told: bool = False
    finished: bool = False  # ``RunFinished`` has been told
    cancelled: bool = False  # by us
    tasks: tuple[str, ...] | None = None  # only these are told of; None: all
    cleared: bool = False  # the run was there, and this request has cleared tasks of it
    since: dict[tuple[str, int], int] = field(default_factory=dict)  # their last try before; up to it isn't told
    told: dict[tuple[str, int, int], TaskState] = field(default_factory=dict)  # (task id, map index, try): last state
    results: bool = False  # whole results are asked for
    previews: int = 0  # how many have been fetched

    def to_json(self) -> str:
        """As text."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return json.dumps(
            {**values, **{name: [[*key, value] for key, value in values[name].items()] for name in _MAPS}}
        )

    @classmethod
    def from_json(cls, text: str) -> RunHandle:
        """What ``to_json`` made."""
        values = json.loads(text)
        maps: dict[str, Any] = {name: {tuple(key): value for *key, value in values.pop(name)} for name in _MAPS}
        tasks: Sequence[str] | None = values.pop("tasks")
        return cls(**values, **maps, tasks=None if tasks is None else tuple(tasks))


_MAPS = ("since", "told")
