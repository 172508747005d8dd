"""The graph that stands between every reader and every writer.

One ``FileGraph`` describes one source file. Its JSON form is the public contract (``docs/graph.md``,
``dagport/graph.schema.json``). ``None`` means "not set in the source: the engine's default applies".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from dagport.diagnostics import Diagnostic
from dagport.source import Span
from dagport.values import Value

SCHEMA_VERSION = 1

ScheduleKind: TypeAlias = Literal["cron", "interval", "assets", "once", "continuous", "manual", "timetable", "opaque"]
TaskKind: TypeAlias = Literal[
    "python", "bash", "sql", "branch", "short_circuit", "sensor", "trigger", "wait", "transfer", "container",
    "spark", "dbt", "http", "check", "notify", "empty", "asset", "other",
]  # fmt: skip
EdgeKind: TypeAlias = Literal["order", "data"]
RequirementKind: TypeAlias = Literal["variable", "connection", "environment", "configuration"]
RequirementState: TypeAlias = Literal["given", "assumed", "unknown", "at run time"]
Number: TypeAlias = int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a pipeline runs. Only the fields of its kind are set, and printed."""

    kind: ScheduleKind
    cron: str | None = None  # five or six fields; presets are expanded
    preset: str | None = None  # the preset the source wrote, e.g. "@daily"
    seconds: Number | None = None  # of an interval
    assets: tuple[str, ...] | None = None  # names of the assets it waits for
    condition: str | None = None  # "all", "any" or an expression of asset names
    class_: str | None = None  # qualified class of a timetable
    args: Mapping[str, Value] | None = None  # the timetable's arguments
    text: str | None = None  # source text of an opaque schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class CallableRef:
    """The Python function that a task runs."""

    name: str  # the function's own name; "<lambda>" for a lambda
    module: str | None  # dotted module it is imported from; None when this file defines it
    span: Span | None  # of the whole definition, decorators included; None when imported
    closure: Mapping[str, Value] = field(default_factory=dict)  # names it takes from enclosing functions or loops


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicMapping:
    """Dynamic mapping: the arguments a task is expanded over."""

    over: Mapping[str, Value]  # argument -> what it is mapped over
    literal_length: int | None  # number of mapped instances where the source fixes it


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A dataset named by the OpenLineage naming rules."""

    namespace: str
    name: str
    columns: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The unit that runs."""

    id: str  # full id, group prefixes included
    operator: str  # qualified class, or decorator such as "airflow.sdk.task.branch"
    kind: TaskKind
    callable: CallableRef | None = None
    arguments: Mapping[str, Value] = field(default_factory=dict)  # constructor arguments without a field here
    mapped: DynamicMapping | None = None
    group: str | None = None  # id of the innermost group
    setup: bool = False
    teardown: bool = False
    trigger_rule: str = "all_success"
    retries: Number | None = None
    retry_delay_s: Number | None = None
    retry_exponential_backoff: bool | Number | None = None
    execution_timeout_s: Number | None = None
    pool: str | None = None
    pool_slots: Number | None = None
    queue: str | None = None
    priority_weight: Number | None = None
    depends_on_past: bool | None = None
    wait_for_downstream: bool | None = None
    owner: str | None = None
    doc: str | None = None
    inlets: tuple[str, ...] = ()  # names of declared assets
    outlets: tuple[str, ...] = ()
    reads: tuple[Dataset, ...] = ()  # found by the lineage extractors
    writes: tuple[Dataset, ...] = ()
    conditional: str | None = None  # text of the condition it depends on, where that can't be known
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Edge:
    """A direct dependency of the engine."""

    upstream: str
    downstream: str
    kind: EdgeKind = "order"
    key: str | None = None  # xcom key of a data edge
    label: str | None = None
    conditional: str | None = None  # text of the condition it depends on, where that can't be known


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class DataFlow:
    """A result read by another task; the engine need not order the two for it."""

    upstream: str
    downstream: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A task group, by its full id."""

    id: str
    parent: str | None = None
    tooltip: str | None = None
    mapped: bool = False  # each of its tasks runs once for every item that the group is expanded over
    over: Mapping[str, Value] = field(default_factory=dict)  # of a mapped one: argument -> what it is expanded over


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The unit that is scheduled: an Airflow DAG, a Dagster job, a Prefect flow."""

    id: str
    exact: bool  # true only when the real engine would build this very graph
    schedule: Schedule
    description: str | None = None
    doc: str | None = None
    start_date: str | None = None  # ISO 8601 with offset
    end_date: str | None = None
    timezone: str | None = None  # IANA name
    catchup: bool | None = None
    tags: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    max_active_runs: Number | None = None
    max_active_tasks: Number | None = None
    dagrun_timeout_s: Number | None = None
    params: Mapping[str, Value] = field(default_factory=dict)
    tasks: tuple[Task, ...] = ()  # in definition order
    edges: tuple[Edge, ...] = ()  # sorted
    data_flows: tuple[DataFlow, ...] = ()  # sorted
    groups: tuple[Group, ...] = ()
    callbacks: Mapping[str, Value] = field(default_factory=dict)
    arguments: Mapping[str, Value] = field(default_factory=dict)  # constructor arguments without a field here
    engine_version: str | None = None  # of the orchestrator it is written for: "1.10", "2", "3"
    assumptions: tuple[str, ...] = ()  # what `exact` rests on: "engine_version", or needs such as "variable:NAME"
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A named dataset that pipelines declare."""

    name: str
    uri: str
    group: str | None = None
    extra: Mapping[str, Value] = field(default_factory=dict)
    arguments: Mapping[str, Value] = field(default_factory=dict)  # constructor arguments without a field here
    produced_by: tuple[str, ...] = ()  # "pipeline.task"
    consumed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands in a source file."""

    path: str
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """Something that the file needs and that only its deployment has."""

    kind: RequirementKind
    name: str  # of the configuration: "section.key"; "*": all of that kind
    state: RequirementState  # said by the user, a call's default taken, not known, or needed by a running task only
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileGraph:
    """All that one source file says."""

    path: str
    orchestrator: str
    pipelines: tuple[Pipeline, ...] = ()
    assets: tuple[Asset, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    deployment: tuple[Requirement, ...] = ()  # sorted by kind, name and state
    schema_version: int = SCHEMA_VERSION
