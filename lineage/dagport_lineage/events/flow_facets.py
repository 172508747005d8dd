"""Our own job facets: control flow before any run, and how much of the lineage is known.

Their schemas are published with the package, in ``schemas/``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from dagport.graph import Pipeline, Schedule, Task
from dagport.readers.airflow.operators import find
from dagport.values import Value
from dagport_lineage.facets import OWN_SCHEMAS, PRODUCER, Facet, Json
from dagport_lineage.model import Gap, PipelineLineage, TaskLineage
from dagport_lineage.secrets import redact

CONTROL_FLOW = "dagport_controlFlow"
COVERAGE = "dagport_coverage"
OWN_FACETS: Mapping[str, str] = {
    CONTROL_FLOW: "1-0-0/DagportControlFlowJobFacet",
    COVERAGE: "1-0-0/DagportCoverageJobFacet",
}
MAX_GAPS = 50
MAX_MESSAGE = 500
Side = Literal["inputs", "outputs"]


def own_facet(key: str, **fields: Json) -> Facet:
    """A facet of ours; fields that are ``None`` are left out. Raises ``KeyError`` for one that isn't ours."""
    tail = OWN_FACETS[key]
    address = f"{OWN_SCHEMAS}/{tail}.json#/$defs/{tail.rpartition('/')[2]}"
    return {"_producer": PRODUCER, "_schemaURL": address, **_set(fields)}


def _set(fields: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in fields.items() if value is not None}


def _redacted(text: str | None) -> str | None:
    return redact(text) if text else None


@dataclass(frozen=True, slots=True)
class Beyond:
    """How an operator names jobs of other pipelines."""

    side: Literal["upstream", "downstream"]
    kind: Literal["trigger", "wait"]
    pipeline: str  # the argument with the pipeline's id
    tasks: tuple[str, ...] = ()  # those with ids of its tasks; where none is set, it is about the pipeline as a whole
    vague: tuple[str, ...] = ()  # those that make it about jobs whose names aren't known here

    def jobs(self, arguments: Mapping[str, Value]) -> list[str]:
        """The names of the jobs; none where an argument isn't known before a run."""
        pipeline = arguments.get(self.pipeline)
        if any(arguments.get(name) is not None for name in self.vague):
            return []
        given = [value for name in self.tasks if (value := arguments.get(name)) is not None]
        tasks = [task for value in given for task in ([value] if isinstance(value, str) else _items(value))]
        if not isinstance(pipeline, str) or not all(isinstance(task, str) for task in tasks):
            return []
        return [f"{pipeline}.{task}" for task in tasks] if given else [pipeline]


def _items(value: Value) -> Sequence[Value]:
    return value if isinstance(value, Sequence) else [None]


_SENSORS = "airflow.providers.standard.sensors.external_task"
OTHER_PIPELINES: Mapping[str, Beyond] = {
    "airflow.providers.standard.operators.trigger_dagrun.TriggerDagRunOperator": Beyond(
        "downstream", "trigger", "trigger_dag_id"
    ),
    f"{_SENSORS}.ExternalTaskSensor": Beyond(
        "upstream", "wait", "external_dag_id", ("external_task_id", "external_task_ids"), ("external_task_group_id",)
    ),
}


class Flow:
    """The control flow of one pipeline, by task."""

    def __init__(self, pipeline: Pipeline, namespace: str) -> None:
        self.pipeline = pipeline
        self.namespace = namespace

    def job(self, task: str | None = None) -> dict[str, Json]:
        """The identity of the pipeline's job or of a task's: that which Airflow's provider gives them."""
        name = self.pipeline.id if task is None else f"{self.pipeline.id}.{task}"
        return {"namespace": self.namespace, "name": name}

    @cached_property
    def edges(self) -> list[dict[str, Json]]:
        """Every dependency once, sorted; the flows of data that the engine doesn't wait for are of kind ``flow``."""
        found = [
            _set(
                {
                    "upstream": edge.upstream,
                    "downstream": edge.downstream,
                    "kind": edge.kind,
                    "key": edge.key,
                    "label": _redacted(edge.label),
                    "condition": _redacted(edge.conditional),
                }
            )
            for edge in self.pipeline.edges
        ]
        known = {(edge["upstream"], edge["downstream"], edge.get("key")) for edge in found if edge["kind"] == "data"}
        for flow in self.pipeline.data_flows:
            ends = {"upstream": flow.upstream, "downstream": flow.downstream}
            if (flow.upstream, flow.downstream, flow.key) not in known:
                found.append({**ends, "kind": "flow", "key": flow.key})
        return sorted(found, key=lambda edge: (edge["upstream"], edge["downstream"], edge["kind"], edge.get("key", "")))

    @cached_property
    def _neighbours(self) -> dict[tuple[str, str], list[Json]]:
        found: dict[tuple[str, str], list[Json]] = {}
        for edge in self.edges:
            link = {name: value for name, value in edge.items() if name not in ("upstream", "downstream")}
            up, down = edge["upstream"], edge["downstream"]
            found.setdefault(("upstream", down), []).append({**self.job(up), **link})
            found.setdefault(("downstream", up), []).append({**self.job(down), **link})
        return found

    def _others(self, task: Task, side: Literal["upstream", "downstream"]) -> list[Json]:
        """The jobs of other pipelines that a task waits for, or starts."""
        known = find(task.operator)
        rule = OTHER_PIPELINES.get(known.name if known else task.operator)
        if rule is None or rule.side != side:
            return []
        return [{"namespace": self.namespace, "name": name, "kind": rule.kind} for name in rule.jobs(task.arguments)]

    def of_pipeline(self) -> Facet:
        """The control flow facet of the pipeline's own job."""
        pipeline = self.pipeline
        groups = [
            _set({"id": one.id, "parent": one.parent, "tooltip": _redacted(one.tooltip)}) for one in pipeline.groups
        ]
        rules = {task.id: task.trigger_rule for task in pipeline.tasks if task.trigger_rule != "all_success"}
        return own_facet(
            CONTROL_FLOW,
            exact=pipeline.exact,
            schedule=_schedule(pipeline),
            tasks=[task.id for task in pipeline.tasks],
            edges=self.edges,
            groups=groups,
            triggerRules=rules,
        )

    def of_task(self, task: Task) -> Facet:
        """The control flow facet of a task's job."""
        return own_facet(
            CONTROL_FLOW,
            parent=self.job(),
            upstream=[*self._neighbours.get(("upstream", task.id), []), *self._others(task, "upstream")],
            downstream=[*self._neighbours.get(("downstream", task.id), []), *self._others(task, "downstream")],
            operator=task.operator,
            group=task.group,
            triggerRule=task.trigger_rule,
            condition=_redacted(task.conditional),
            mapped=True if task.mapped is not None else None,
            setup=task.setup or None,
            teardown=task.teardown or None,
        )


def _schedule(pipeline: Pipeline) -> dict[str, Json]:
    schedule: Schedule = pipeline.schedule
    assets = [redact(name) for name in schedule.assets] if schedule.assets is not None else None
    return _set(
        {
            "kind": schedule.kind,
            "cron": schedule.cron,
            "preset": schedule.preset,
            "seconds": schedule.seconds,
            "assets": assets,
            "condition": _redacted(schedule.condition),
            "class": schedule.class_,
            "timezone": pipeline.timezone,
            "start": pipeline.start_date,
            "end": pipeline.end_date,
            "catchup": pipeline.catchup,
        }
    )


def task_coverage(lineage: TaskLineage, *, exact: bool, secrets: Sequence[str] = ()) -> Facet:
    """Which sides of a task are known, and what is missing where they aren't; without the secrets that are given."""
    more = len(lineage.gaps) - MAX_GAPS
    return own_facet(
        COVERAGE,
        exact=exact,
        inputs=lineage.state("inputs"),
        outputs=lineage.state("outputs"),
        gaps=[_gap(gap, secrets) for gap in lineage.gaps[:MAX_GAPS]],
        moreGaps=more if more > 0 else None,
    )


def _gap(gap: Gap, secrets: Sequence[str]) -> dict[str, Json]:
    place = gap.place
    line = place.span[0] if place is not None and place.span is not None else None
    found = {"side": gap.side, "reason": gap.reason, "message": redact(gap.message, secrets)[:MAX_MESSAGE]}
    return {**found, **_set({"path": place.path if place is not None else None, "line": line})}


def pipeline_coverage(lineage: PipelineLineage) -> Facet:
    """How many tasks of a pipeline are in which state."""
    return own_facet(
        COVERAGE, exact=lineage.exact, inputs=_counts(lineage, "inputs"), outputs=_counts(lineage, "outputs")
    )


def _counts(lineage: PipelineLineage, side: Side) -> dict[str, int]:
    return dict(sorted(Counter(task.state(side) for task in lineage.tasks).items()))
