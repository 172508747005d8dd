"""Airflow DAG files for small graphs, whose tasks do what a JSON file says that an environment variable names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from dagport.graph import Pipeline, Task
from dagport.semantics.outcomes import Outcomes
from dagport.semantics.outcomes.shape import xcoms_in

VARIABLE = "DICTATED_OUTCOMES"
HEAD = f'''\
import json
import os
from datetime import datetime, timedelta

from airflow.sdk import DAG, TaskGroup, task, task_group
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

TRIES = {{}}


def dictated(dag, task, index):
    """What this try does: fails, or says the rest."""
    with open(os.environ["{VARIABLE}"]) as file:
        found = json.load(file)[dag]
    key = f"{{task}}[{{index}}]"
    does = found["instances"].get(key) or found["tasks"].get(task)
    does = does or {{"ends": "success", "failures": 0, "chosen": None, "truthy": True}}
    TRIES[dag, key] = TRIES.get((dag, key), 0) + 1
    if TRIES[dag, key] <= does["failures"] or does["ends"] == "fail":
        raise ValueError("dictated")
    return {{**does, "items": list(range(found["feeds"].get(task, 1)))}}
'''
DECORATORS = {"branch": "task.branch", "short_circuit": "task.short_circuit", "sensor": "task.sensor"}
RETURNS = {"branch": 'does["chosen"]', "short_circuit": 'does["truthy"]', "sensor": "True"}
Wanted = Callable[[str, str], bool]


def dag_file(pipeline: Pipeline, outcomes: Outcomes) -> str:
    """A DAG file of the shape of a pipeline."""
    return f"{HEAD}\n\n{_Dag(pipeline, outcomes).text()}\n"


def conf(pipeline: Pipeline, outcomes: Outcomes) -> dict[str, Any]:
    """What the tasks of a pipeline do."""
    return {
        "tasks": {task: asdict(outcome) for task, outcome in outcomes.tasks.items()},
        "instances": {f"{task}[{index}]": asdict(one) for (task, index), one in outcomes.instances.items()},
        "feeds": {producer: outcomes.items.get(name, 1) for name, producer in _producers(pipeline, outcomes)},
    }


def _producers(pipeline: Pipeline, outcomes: Outcomes) -> Iterator[tuple[str, str]]:
    """What is mapped, and whose result it is mapped over."""
    for task in pipeline.tasks:
        for one in xcoms_in(list(task.mapped.over.values()) if task.mapped else []):
            yield task.id, one
        group = _mapped_group(task, outcomes)
        for one in xcoms_in(task.arguments.get("op_args")) if group else ():
            yield group, one


def _mapped_group(task: Task, outcomes: Outcomes) -> str:
    parts = (task.group or "").split(".")
    return next((name for end in range(len(parts)) if (name := ".".join(parts[: end + 1])) in outcomes.items), "")


def _variable(task_id: str) -> str:
    return f"v_{task_id.replace('.', '_')}"


class _Dag:
    """The text of one DAG."""

    def __init__(self, pipeline: Pipeline, outcomes: Outcomes) -> None:
        self.pipeline, self.outcomes = pipeline, outcomes
        self.mapped = {task.id: _mapped_group(task, outcomes) for task in pipeline.tasks}
        self.feeds = dict(_producers(pipeline, outcomes))
        self.skipping = {one for one, does in outcomes.tasks.items() if does.ends == "skip"}
        self.skipping |= {one for (one, _), does in outcomes.instances.items() if does.ends == "skip"}
        self.several = {task.id: task.mapped is not None or bool(self.mapped[task.id]) for task in pipeline.tasks}
        self.groups: dict[str, str] = {}

    def name(self, task_id: str) -> str:
        return f"{self.pipeline.id}__{task_id.replace('.', '_')}"

    def text(self) -> str:
        functions = [self.function(task) for task in self.pipeline.tasks]
        lines = [f'with DAG("{self.pipeline.id}", schedule=None, start_date=datetime(2024, 1, 1), catchup=False):']
        lines += ["    " + line for line in self.body()]
        return "\n\n".join([*functions, "\n".join(lines)])

    def arguments(self, task: Task) -> Iterator[str]:
        """The settings of a task's decorator."""
        yield f'task_id="{task.id.rpartition(".")[2]}"'
        if task.trigger_rule != "all_success":
            yield f'trigger_rule="{task.trigger_rule}"'
        if task.retries:
            yield f"retries={task.retries}"
            yield "retry_delay=timedelta(seconds=0)"
        if task.kind == "short_circuit" and task.arguments.get("ignore_downstream_trigger_rules") is False:
            yield "ignore_downstream_trigger_rules=False"
        for flag in ("soft_fail", "never_fail"):
            if task.arguments.get(flag):
                yield f"{flag}=True"

    def function(self, task: Task) -> str:
        """The decorated function of a task; only one that has to skip has code for it."""
        several = self.several[task.id]
        lines = [
            f"@{DECORATORS.get(task.kind, 'task')}({', '.join(self.arguments(task))})",
            f"def {self.name(task.id)}({'item' if several else ''}):",
            f'    does = dictated("{self.pipeline.id}", "{task.id}", {"item" if several else -1})',
            '    if does["ends"] == "fail_now":',
            '        raise AirflowFailException("dictated")',
        ]
        if task.id in self.skipping:
            lines += ['    if does["ends"] == "skip":', '        raise AirflowSkipException("dictated")']
        value = "item" if several else 'does["items"]'
        return "\n".join([*lines, f"    return {RETURNS.get(task.kind, value)}"])

    def body(self) -> Iterator[str]:
        """The tasks in their groups, then the edges."""
        for task in self.pipeline.tasks:
            if not self.mapped[task.id]:
                yield from self.plain(task)
        for group in dict.fromkeys(filter(None, self.mapped.values())):
            yield from self.group(group)
        yield from self.edges(lambda up, down: not (self.mapped[up] or self.mapped[down]))
        yield from self.marks()

    def plain(self, task: Task) -> Iterator[str]:
        """A task, and the groups that it is the first of."""
        path = task.group.split(".") if task.group else []
        for end, short in enumerate(path):
            full = ".".join(path[: end + 1])
            if full not in self.groups:
                parent = self.groups.get(full.rpartition(".")[0])
                self.groups[full] = f"group_{full.replace('.', '_')}"
                yield f'{self.groups[full]} = TaskGroup("{short}"{f", parent_group={parent}" if parent else ""})'
        if task.group:
            yield f"with {self.groups[task.group]}:"
        call = f"{self.name(task.id)}()"
        if task.mapped is not None:
            producer = self.feeds.get(task.id)
            call = f"{self.name(task.id)}.expand(item={_variable(producer) if producer else '[0]'})"
        yield f"{'    ' if task.group else ''}{_variable(task.id)} = {call}"

    def group(self, group: str) -> Iterator[str]:
        """A mapped group: a function that makes its tasks, and their edges."""
        name = f"f_{group.replace('.', '_')}"
        yield f'@task_group(group_id="{group.rpartition(".")[2]}")'
        yield f"def {name}(item):"
        made: set[str] = set()
        for task in self.pipeline.tasks:
            if self.mapped[task.id] == group:
                yield from self.member(task, (task.group or "")[len(group) + 1 :], made)
        for line in self.edges(lambda up, down: group in (self.mapped[up], self.mapped[down])):
            yield f"    {line}"
        yield f"{name}.expand(item={_variable(self.feeds[group])})"

    def member(self, task: Task, below: str, made: set[str]) -> Iterator[str]:
        """A task of a mapped group, perhaps in a group of that."""
        group = f"sub_{below.replace('.', '_')}"
        if below and below not in made:
            made.add(below)
            yield f'    {group} = TaskGroup("{below}")'
        if below:
            yield f"    with {group}:"
        yield f"    {'    ' if below else ''}{_variable(task.id)} = {self.name(task.id)}(item)"

    def edges(self, wanted: Wanted) -> Iterator[str]:
        """Those that the arguments don't make."""
        for edge in self.pipeline.edges:
            fed = self.feeds.get(edge.downstream), self.feeds.get(self.mapped[edge.downstream])
            if wanted(edge.upstream, edge.downstream) and edge.upstream not in fed:
                yield f"{_variable(edge.upstream)} >> {_variable(edge.downstream)}"

    def marks(self) -> Iterator[str]:
        """Setups and teardowns."""
        for task in self.pipeline.tasks:
            if task.setup:
                yield f"{_variable(task.id)}.as_setup()"
            if task.teardown:
                more = "on_failure_fail_dagrun=True" if task.arguments.get("on_failure_fail_dagrun") else ""
                yield f"{_variable(task.id)}.as_teardown({more})"
