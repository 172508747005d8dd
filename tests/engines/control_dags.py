"""Airflow DAG files of the shape of pipelines, for the readers: functions that do what is dictated when they run."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator

from dagport.graph import Pipeline, Task
from dagport.semantics.outcomes.model import Outcomes
from dagport.semantics.outcomes.shape import LATEST_ONLY, xcoms_in

HEADER = """\
from datetime import datetime

from airflow.sdk import DAG, TaskGroup, task, task_group
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from stubs import act

"""
RAISED = {"skip": "AirflowSkipException", "fail_now": "AirflowFailException"}


def has_form(pipeline: Pipeline) -> bool:
    """Whether it can be said by functions alone: a sensor and LatestOnly do what they do by themselves."""
    return not any(task.kind == "sensor" or task.operator.endswith(LATEST_ONLY) for task in pipeline.tasks)


def dag_text(pipeline: Pipeline, outcomes: Outcomes) -> str:
    """A DAG file; only functions that are told to raise an exception of Airflow's have code for that."""
    return HEADER + "\n".join(_Dag(pipeline, outcomes).lines()) + "\n"


class _Dag:
    def __init__(self, pipeline: Pipeline, outcomes: Outcomes) -> None:
        self.pipeline, self.outcomes = pipeline, outcomes
        self.names = {task.id: f"t{number}" for number, task in enumerate(pipeline.tasks)}
        self.mapped = [group.id for group in pipeline.groups if group.mapped]
        self.feeds = dict(self._feeds())

    def _feeds(self) -> Iterator[tuple[str, str]]:
        for task in self.pipeline.tasks:
            yield from ((one, task.id) for one in xcoms_in(list(task.mapped.over.values()) if task.mapped else []))
        for group in self.mapped:
            yield f"{group}_items", group

    def lines(self) -> Iterator[str]:
        for task in self.pipeline.tasks:
            yield from self.function(task)
        yield f"with DAG({self.pipeline.id!r}, schedule=None, start_date=datetime(2024, 1, 1)):"
        body = [*self.level(None), *self.edges(), *self.ends()]
        yield from textwrap.indent("\n".join(body), "    ").splitlines()

    def function(self, task: Task) -> Iterator[str]:
        """The function of a task."""
        item = "item=None" if task.mapped else ""
        several = task.mapped is not None or any(task.id.startswith(f"{group}.") for group in self.mapped)
        gives = {"branch": "chosen", "short_circuit": "truthy"}.get(task.kind) or self.feeds.get(task.id, "")
        yield f"@task{self.decorator(task)}({', '.join(self.options(task))})"
        yield f"def {self.names[task.id]}({item}):"
        yield f"    found = act({task.id!r}, mapped={several}, gives={gives!r})"
        for ends in sorted(self.endings(task)):
            yield f"    if found == {ends!r}:"
            yield f'        raise {RAISED[ends]}("dictated")'
        yield "    return found"
        yield ""

    def endings(self, task: Task) -> Collection[str]:
        """How it is told to end, where that takes an exception of Airflow's."""
        said = [
            self.outcomes.of(task.id),
            *(one for (name, _), one in self.outcomes.instances.items() if name == task.id),
        ]
        return {one.ends for one in said} & set(RAISED)

    @staticmethod
    def decorator(task: Task) -> str:
        return {"branch": ".branch", "short_circuit": ".short_circuit"}.get(task.kind, "")

    def options(self, task: Task) -> Iterator[str]:
        yield f"task_id={task.id.rpartition('.')[2]!r}"
        if task.trigger_rule != "all_success":
            yield f"trigger_rule={task.trigger_rule!r}"
        if task.retries:
            yield f"retries={int(task.retries)}"
            yield "retry_delay=0"
        if "ignore_downstream_trigger_rules" in task.arguments:
            yield f"ignore_downstream_trigger_rules={task.arguments['ignore_downstream_trigger_rules']}"

    def level(self, group: str | None) -> Iterator[str]:
        """The tasks and groups that lie in a group, in the order of the tasks."""
        seen: set[str] = set()
        for task in self.pipeline.tasks:
            if task.group == group:
                yield f"{self.names[task.id]} = {self.call(task)}"
            elif task.group is not None and task.id.startswith(f"{group}." if group else ""):
                inner = self.below(group, task.group)
                if inner not in seen:
                    seen.add(inner)
                    yield from self.group(inner)

    @staticmethod
    def below(group: str | None, other: str) -> str:
        """The group directly below one, that another lies in."""
        start = len(group) + 1 if group else 0
        return other[: start + len(other[start:].split(".")[0])]

    def group(self, group: str) -> Iterator[str]:
        """A group; a mapped one is a function."""
        name = group.rpartition(".")[2]
        if group not in self.mapped:
            yield f"with TaskGroup({name!r}):"
            yield from textwrap.indent("\n".join(self.level(group)), "    ").splitlines()
            return
        inside = [self.names[task.id] for task in self.pipeline.tasks if task.id.startswith(f"{group}.")]
        yield f"@task_group(group_id={name!r})"
        yield f"def {name}_group(item):"
        yield f"    global {', '.join(inside)}"
        yield from textwrap.indent("\n".join([*self.level(group), *self.edges(inside=group)]), "    ").splitlines()
        yield f"{name}_all = {name}_group.expand(item={self.names[f'{group}_items']})"

    def call(self, task: Task) -> str:
        """The call of a task."""
        if task.mapped is None:
            return f"{self.names[task.id]}()"
        source = next(xcoms_in(list(task.mapped.over.values())))
        return f"{self.names[task.id]}.expand(item={self.names[source]})"

    def edges(self, inside: str | None = None) -> Iterator[str]:
        """The edges between tasks of a mapped group, or all others."""
        for edge in self.pipeline.edges:
            homes = {next((group for group in self.mapped if one.startswith(f"{group}.")), None)
                     for one in (edge.upstream, edge.downstream)}  # fmt: skip
            if (homes == {inside}) if inside else len(homes) > 1 or homes == {None}:
                yield f"{self.names[edge.upstream]} >> {self.names[edge.downstream]}"

    def ends(self) -> Iterator[str]:
        """Setups and teardowns."""
        for task in self.pipeline.tasks:
            if task.setup:
                yield f"{self.names[task.id]}.as_setup()"
            if task.teardown:
                fails = task.arguments.get("on_failure_fail_dagrun") is True
                yield f"{self.names[task.id]}.as_teardown(on_failure_fail_dagrun={fails})"
