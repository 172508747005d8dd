"""Prefect flows of the shape of pipelines, by the writer's own composition, whose tasks do what is dictated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dagport.graph import Pipeline, Task
from dagport.passes.control import Control, control_of
from dagport.semantics.outcomes.model import Outcomes
from dagport.semantics.outcomes.shape import LATEST_ONLY, Shape, xcoms_in
from dagport.writers.common.naming import Names, identifier
from dagport.writers.prefect.calls import ItemOf, Over, ResultOf, TaskCall, statements

SUPPORT = Path(__file__).parents[2] / "translate" / "dagport" / "writers"
HEADER = """\
from prefect import allow_failure, flow, task
from prefect.futures import wait
from stubs import act

from pipelines.control import (
    PermanentFailure, Skip, after, as_setup, chosen, each, each_kwargs, expand, expand_kwargs, gated_task, results_of
)
"""


def with_mapped_groups(pipeline: Pipeline, outcomes: Outcomes) -> Pipeline:
    """The pipeline with those groups mapped that have a number of items."""
    groups = tuple(replace(one, mapped=one.id in outcomes.items) for one in pipeline.groups)
    return replace(pipeline, groups=groups)


def write_support(folder: Path) -> None:
    """What every project carries with it."""
    package = folder / "pipelines"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    rules = (SUPPORT / "common" / "support" / "rules.py").read_text("utf-8")
    (package / "rules.py").write_text(rules, "utf-8")
    control = (SUPPORT / "prefect" / "support" / "control.py").read_text("utf-8")
    (package / "control.py").write_text(control.replace("dagport.writers.common.support.rules", ".rules"), "utf-8")


def flow_text(pipeline: Pipeline) -> str:
    """A module with one flow, ``run``."""
    controls = control_of(pipeline, {task.id for task in pipeline.tasks})  # any of them may be told to skip
    shape = Shape.of(pipeline, "3" if pipeline.engine_version != "2" else "2", mapped(pipeline))
    names = Names(["run"])
    functions = {task.id: names.allocate(identifier(task.id, "task")) for task in pipeline.tasks}
    feeds = {shape.nodes[one].id: node.group or node.id for node in shape.nodes for one in node.producers}
    lines = [HEADER]
    for task in pipeline.tasks:
        lines += task_text(task, controls[task.id], functions[task.id], feeds.get(task.id, ""), tuple(pipeline.tasks))
    calls = [call_of(task, controls[task.id], functions[task.id]) for task in pipeline.tasks]
    groups = {group: Over(arguments={"item": source_of(controls, group)}) for group in mapped(pipeline)}
    setups = {task.id for task in pipeline.tasks if task.setup}
    body = statements(calls, controls, groups=groups, setups=setups)
    return "\n".join([*lines, "@flow", "def run():", *(f"    {line}" for line in body.lines), ""])


def mapped(pipeline: Pipeline) -> list[str]:
    """Its mapped groups."""
    return [group.id for group in pipeline.groups if group.mapped]


def source_of(controls: Mapping[str, Control], group: str) -> Any:
    """The task whose result a group is mapped over."""
    found = [one for control in controls.values() if control.group == group for one in control.lists]
    return ResultOf(task=found[0]) if found else "[0]"


def call_of(task: Task, control: Control, function: str) -> TaskCall:
    """What the flow does with a task."""
    call = TaskCall(task=task.id, function=function, future=f"{function}_run", futures=f"{function}_runs")
    if task.mapped is not None:
        over = Over(arguments={"item": ResultOf(task=next(xcoms_in(task.mapped.over["item"])))})
        return replace(call, over=over)
    arguments = {"item": ItemOf(name="item")} if control.group is not None else {}
    return replace(call, arguments=arguments)


def task_text(task: Task, control: Control, function: str, feeds: str, tasks: tuple[Task, ...]) -> Iterator[str]:
    """A task that does what is dictated."""
    several = task.mapped is not None or control.group is not None
    options = [f"name={task.id!r}", f"rule={control.rule!r}", f"retries={int(task.retries or 0)}"]
    latest = task.operator.endswith(LATEST_ONLY)
    gives = (
        "chosen" if task.kind == "branch" and not latest else "truthy" if latest or task.kind == "short_circuit" else ""
    )
    if gives == "chosen":
        options.append(f"choices={sorted({one.id for one in tasks} | {one.group for one in tasks if one.group})!r}")
    if task.kind == "sensor":
        options += [f"{name}=True" for name in ("soft_fail", "never_fail") if task.arguments.get(name) is True]
    if feeds and not gives:
        options.append("items=True")
        gives = feeds
    yield f"@gated_task({', '.join(options)})"
    yield f"def {function}(item=None):"
    yield f"    found = act({task.id!r}, mapped={several}, gives={gives!r})"
    yield '    if found == "fail_now":\n        raise PermanentFailure("dictated")'
    yield '    if found == "skip":\n        raise Skip("dictated")'
    yield "    return found\n"
