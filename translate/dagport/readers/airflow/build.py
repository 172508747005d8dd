"""From the objects of one import to the graph's pipelines."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

from dagport.diagnostics import Diagnostic, diagnose
from dagport.evaluate.domain import Anything, CallSite, EnumText, PyRaise, Symbolic, Unknown
from dagport.evaluate.machine import Doubt
from dagport.graph import Asset, DataFlow, Edge, Group, Pipeline, Schedule
from dagport.readers.airflow import nodes, refusals
from dagport.readers.airflow.asset import AssetObject, leaf_assets
from dagport.readers.airflow.convert import Budget, Place, is_too_long, to_value
from dagport.readers.airflow.dates import DateDoubt, to_iso, zone_of
from dagport.readers.airflow.flows import data_flows
from dagport.readers.airflow.schedule import ScheduleDoubt, has_schedule, schedule_of
from dagport.readers.airflow.tasks import TaskBuilder
from dagport.values import Value, opaque_parts

MAX_FLOWS = 200_000
CALLBACKS = {
    "on_success_callback": "on_success",
    "on_failure_callback": "on_failure",
    "sla_miss_callback": "sla_miss",
}

OTHER_ARGUMENTS: dict[str, object] = {
    "access_control": None, "allowed_run_types": None, "dag_display_name": None, "deadline": None,
    "disable_bundle_versioning": False, "fail_fast": False, "fail_stop": False, "is_paused_upon_creation": None,
    "jinja_environment_kwargs": None, "max_consecutive_failed_dag_runs": None, "owner_links": None,
    "render_template_as_native_obj": False, "rerun_with_latest_version": None, "template_searchpath": None,
    "template_undefined": None, "user_defined_filters": None, "user_defined_macros": None,
}  # fmt: skip
"""Arguments of a DAG that have no field of their own in the graph, with the default that isn't told."""


class PipelineBuilder:
    """Makes one pipeline, and collects why it may be wrong."""

    def __init__(self, dag: nodes.Dag, path: str, version: str, *, certain: bool, budget: Budget | None = None) -> None:
        self.dag = dag
        self.path = path
        self.version = version
        self.version_certain = certain
        self.doubts: list[Doubt] = []
        self.refused: PyRaise | None = None
        self.budget = budget or Budget()

    def doubt(self, what: str, why: str, span: Any = None, *, clock: bool = False) -> None:
        """A part of the pipeline isn't known."""
        code = "DP211" if clock else "DP201"
        self.doubts.append(Doubt(code, f"{what}: {why}", span or self.dag.span, self.dag))

    def scalar(self, owner: Any, name: str, kinds: tuple[type, ...], span: Any, what: str) -> Any:
        """A field of a plain type; ``None`` and a doubt when it is something else."""
        value = owner.get(name)
        if isinstance(value, EnumText):
            return value.value
        if value is None or (isinstance(value, kinds) and self.budget.spend(value) and not is_too_long(value)):
            return value
        if isinstance(value, Unknown):
            self.doubt(what, value.why, span, clock=value.clock)
        else:
            self.doubt(what, "its value isn't followed", span)
        return None

    def seconds(self, owner: Any, name: str, span: Any, what: str) -> int | float | None:
        """A duration in seconds."""
        value = owner.get(name)
        if isinstance(value, datetime.timedelta):
            total = value.total_seconds()
            return int(total) if total == int(total) else total
        if isinstance(value, bool):
            value = int(value)
        number = self.scalar(owner, name, (int, float), span, what)
        return None if number is None else number

    def value(self, value: Anything, span: Any, what: str) -> Value:
        """An argument; its opaque parts are doubts."""
        result = to_value(value, Place(0, self.budget))
        for part in dict.fromkeys(opaque_parts(result)):
            self.doubt(what, f"`{part.text}`: {part.why}" if part.text else part.why, span)
        return result

    def build(self) -> Pipeline:
        """The pipeline, with ``exact`` as far as this builder can tell."""
        dag = self.dag
        tasks = TaskBuilder(self)
        built = tuple(tasks.build(task) for task in dag.tasks.values())
        schedule = self._schedule()
        params = self._params()
        start = self._date("start_date")
        return Pipeline(
            id=str(dag.id),
            exact=not self.doubts,
            schedule=schedule,
            description=self.scalar(dag.fields, "description", (str,), dag.span, "the description"),
            doc=self._doc(),
            start_date=start,
            end_date=self._date("end_date"),
            timezone=self._timezone(),
            catchup=self.scalar(dag.fields, "catchup", (bool,), dag.span, "catchup"),
            tags=self._tags(),
            owners=tuple(sorted({task.owner or "airflow" for task in built})),
            max_active_runs=self.scalar(dag.fields, "max_active_runs", (int,), dag.span, "max_active_runs"),
            max_active_tasks=self._max_active_tasks(),
            dagrun_timeout_s=self.seconds(dag.fields, "dagrun_timeout", dag.span, "dagrun_timeout"),
            params=params,
            tasks=built,
            edges=tuple(sorted(self._edges(), key=lambda edge: (edge.upstream, edge.downstream))),
            data_flows=self._flows(),
            groups=tuple(self._groups()),
            callbacks=self._callbacks(),
            arguments=self._arguments(),
            engine_version=self.version,
            assumptions=() if self.version_certain else ("engine_version",),
            span=dag.span,
        )

    def _params(self) -> dict[str, Value]:
        params: dict[str, Value] = {}
        for name, value in self.dag.params.items():
            if isinstance(name, str):
                params[name] = self.value(value, self.dag.span, f"the param `{name}`")
            else:
                self.doubt("the params", "the name of one isn't a text")
        return params

    def _schedule(self) -> Schedule:
        try:
            refusals.check_dag(self)
            if not self.version_certain and not has_schedule(self.dag):
                # Airflow 2 runs such a DAG every day, Airflow 3 never by itself.
                self.doubt("the schedule", "it isn't set, and whether the file is for Airflow 2 or 3 isn't known")
            return schedule_of(self.dag, self.version)
        except ScheduleDoubt as doubt:
            site = self.dag.schedule_from
            given = next(
                (
                    self.dag.fields[name]
                    for name in ("schedule", "schedule_interval", "timetable")
                    if name in self.dag.fields
                ),
                None,
            )
            clock = isinstance(given, Unknown) and given.clock
            span = given.span if isinstance(given, Unknown | Symbolic) and given.span else self.dag.span
            self.doubt("the schedule", str(doubt), span, clock=clock)
            text = given.text if isinstance(given, Unknown | Symbolic) else site.text if site else ""
            return Schedule(kind="opaque", text=text)
        except PyRaise as refused:
            self.refused = refused
            return Schedule(kind="opaque", text="")

    def _date(self, name: str) -> str | None:
        value = self.dag.fields.get(name)
        if value is None and name == "start_date" and isinstance(self.dag.default_args, dict):
            value = self.dag.default_args.get("start_date")
        try:
            return to_iso(value)
        except DateDoubt as doubt:
            span = value.span if isinstance(value, Unknown) and value.span else self.dag.span
            self.doubt(f"the {name}", str(doubt), span, clock=isinstance(value, Unknown) and value.clock)
            return None

    def _timezone(self) -> str | None:
        value = self.dag.fields.get("start_date")
        if value is None and isinstance(self.dag.default_args, dict):
            value = self.dag.default_args.get("start_date")
        try:
            zone = zone_of(value)
        except DateDoubt as doubt:
            self.doubt("the time zone", str(doubt))
            return None
        return zone

    def _doc(self) -> str | None:
        doc = self.dag.doc
        if isinstance(doc, Unknown):
            self.doubt("the documentation", doc.why, doc.span or self.dag.span)
            return None
        if isinstance(doc, str) and doc.endswith(".md"):
            self.doubt("the documentation", f"it may be the text of the file {doc!r}, which isn't read")
        return str(doc) if isinstance(doc, str) else None

    def _tags(self) -> tuple[str, ...]:
        tags: list[str] = []
        for tag in self.dag.tags:
            if isinstance(tag, str):
                tags.append(str(tag))
            else:
                self.doubt("a tag", tag.why if isinstance(tag, Unknown) else "it isn't a text")
        return tuple(sorted(tags))

    def _max_active_tasks(self) -> int | None:
        name = "max_active_tasks" if "max_active_tasks" in self.dag.fields else "concurrency"
        result: int | None = self.scalar(self.dag.fields, name, (int,), self.dag.span, name)
        return result

    def _callbacks(self) -> dict[str, Value]:
        found = {}
        for name, event in CALLBACKS.items():
            value = self.dag.fields.get(name)
            if value is not None:
                found[event] = self.value(value, self.dag.span, name)
        return found

    def _arguments(self) -> dict[str, Value]:
        """What else the constructor was given; an argument that isn't known is opaque, and no doubt about the graph."""
        given = {
            name: value for name, value in self.dag.fields.items() if name in OTHER_ARGUMENTS and value is not None
        }
        found = {name: to_value(value, Place(0, self.budget)) for name, value in sorted(given.items())}
        return {name: value for name, value in found.items() if value is not OTHER_ARGUMENTS[name]}

    def _groups(self) -> list[Group]:
        found: list[Group] = []

        def visit(group: nodes.Group) -> None:
            for child in group.children.values():
                if isinstance(child, nodes.Group):
                    parent = group.id
                    found.append(
                        Group(
                            id=str(child.id),
                            parent=parent,
                            tooltip=child.tooltip,
                            mapped=bool(child.mapped),
                            over=_expanded_over(child),
                        )
                    )
                    visit(child)

        visit(self.dag.root)
        return found

    def _edges(self) -> list[Edge]:
        edges = []
        for task in self.dag.tasks.values():
            for after, label in task.downstream.items():
                if not isinstance(after.task_id, str):
                    continue
                keys = list(after.results.get(task, {}))
                edges.append(
                    Edge(
                        upstream=task.task_id,
                        downstream=after.task_id,
                        kind="data" if keys else "order",
                        key=keys[0] if keys else None,
                        label=label,
                        conditional=task.doubtful.get(after) or task.conditional or after.conditional,
                    )
                )
        flows = {(flow.upstream, flow.downstream): flow.key for flow in reversed(self._flows())}
        return [
            edge
            if edge.kind == "data" or (edge.upstream, edge.downstream) not in flows
            else replace(edge, kind="data", key=flows[edge.upstream, edge.downstream])
            for edge in edges
        ]

    def _flows(self) -> tuple[DataFlow, ...]:
        found: set[DataFlow] = set()
        for task in self.dag.tasks.values():
            if not self.budget.in_time() or len(found) > MAX_FLOWS:
                self.doubt("the data flows", "they are too many")
                break
            found.update(data_flows(task, self.dag))
        return tuple(sorted(found))


def _expanded_over(group: nodes.Group) -> dict[str, Value]:
    """What a mapped group is expanded over; ``kwargs`` is the one list of ``expand_kwargs``."""
    over = group.mapped_over
    if over is None:
        return {}
    return {
        str(name): to_value(value) for name, value in (over if isinstance(over, dict) else {"kwargs": over}).items()
    }


def find_cycle(dag: nodes.Dag) -> list[str] | None:
    """The ids along a cycle of the tasks, else ``None`` (``airflow.utils.dag_cycle_tester``)."""
    state: dict[nodes.Task, int] = {}
    for start in dag.tasks.values():
        if state.get(start):
            continue
        path: list[tuple[nodes.Task, list[nodes.Task]]] = [(start, list(start.downstream))]
        state[start] = 1
        while path:
            task, rest = path[-1]
            if not rest:
                state[task] = 2
                path.pop()
                continue
            following = rest.pop()
            if state.get(following) == 1:
                ids = [str(item.task_id) for item, _ in path]
                return [*ids[ids.index(str(following.task_id)) :], str(following.task_id)]
            if not state.get(following):
                state[following] = 1
                path.append((following, list(following.downstream)))
    return None


def assets_of(dags: list[nodes.Dag]) -> tuple[Asset, ...]:
    """The assets that the file's pipelines declare, by name."""
    objects: dict[str, AssetObject] = {}
    made: dict[str, dict[str, None]] = {}
    used: dict[str, dict[str, None]] = {}

    def note(asset: AssetObject, users: dict[str, dict[str, None]] | None, user: str) -> None:
        if asset.kind == "asset":
            objects.setdefault(asset.name, asset)
        if users is not None:
            users.setdefault(asset.name, {})[user] = None

    for dag in dags:
        for asset in leaf_assets(dag.fields.get("schedule")) or []:
            note(asset, None, "")
        for task in dag.tasks.values():
            for values, users in ((task.outlets, made), (task.inlets, used)):
                for value in values:  # one that isn't known takes no other with it
                    for asset in leaf_assets(value) or []:
                        note(asset, users, f"{dag.id}.{task.task_id}")
    return tuple(
        Asset(
            name=name,
            uri=asset.uri,
            group=asset.group if isinstance(asset.group, str) else None,
            extra=_extra(asset),
            arguments={key: to_value(value) for key, value in asset.others.items()},
            produced_by=tuple(made.get(name, {})),
            consumed_by=tuple(used.get(name, {})),
        )
        for name, asset in sorted(objects.items())
    )


def _extra(asset: AssetObject) -> dict[str, Value]:
    value = to_value(asset.extra) if isinstance(asset.extra, dict) else {}
    return dict(value) if isinstance(value, dict) else {}


def as_diagnostic(doubt: Doubt, path: str, pipeline: str | None) -> Diagnostic:
    """The diagnostic of a doubt."""
    return diagnose(doubt.code, doubt.message, doubt.path or path, doubt.span, pipeline=pipeline)


def place_of(site: CallSite | None) -> Any:
    """The span of a call, where there is one."""
    return site.span if site is not None else None
