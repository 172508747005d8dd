"""Prints graphs for people: a compact tree a pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dagport.graph import Edge, FileGraph, Pipeline, Schedule, Task
from dagport.writers.nesting import group_parents

NO_TASKS = "(no tasks)"
RESULT = "return_value"  # the key of what a task returns


def write(graphs: Iterable[FileGraph]) -> Iterator[str]:
    """Each file's pipelines as trees, with a blank line between two."""
    separator = ""
    for graph in graphs:
        for pipeline in graph.pipelines:
            yield separator + "".join(f"{line}\n" for line in tree(graph, pipeline))
            separator = "\n"


def tree(graph: FileGraph, pipeline: Pipeline) -> Iterator[str]:
    """The lines of one pipeline: its head, then groups and tasks as they nest, each with what it waits for."""
    line = f":{pipeline.span[0]}" if pipeline.span else ""
    facts = ["exact" if pipeline.exact else "not exact", schedule_text(pipeline.schedule)]
    facts += [pipeline.timezone] if pipeline.timezone else []
    facts += [f"from {pipeline.start_date}"] if pipeline.start_date else []
    facts += [f"until {pipeline.end_date}"] if pipeline.end_date else []
    facts += ["catchup"] if pipeline.catchup else []
    facts += [f"tags {', '.join(pipeline.tags)}"] if pipeline.tags else []
    yield f"{pipeline.id}  {graph.path}{line}"
    yield f"  {' · '.join(facts)}"
    if graph.deployment and graph.pipelines[0] is pipeline:
        yield f"  needs {', '.join(_needs(graph))}"
    upstream = _upstream(pipeline)
    items = _nested(pipeline)
    if not pipeline.tasks and not pipeline.groups:
        yield f"  {NO_TASKS}"
    yield from (f"  {line}" for line in _branch(None, items, upstream))


def _needs(graph: FileGraph) -> Iterator[str]:
    """What the file needs from its deployment, each name with its states."""
    states: dict[tuple[str, str], list[str]] = {}
    for item in graph.deployment:
        states.setdefault((item.kind, item.name), []).append(item.state)
    for (kind, name), found in states.items():
        yield f"{kind} {_one_line(name)} ({', '.join(found)})"


def schedule_text(schedule: Schedule) -> str:
    """A schedule in a few words."""
    match schedule.kind:
        case "cron":
            return f"{schedule.cron} ({schedule.preset})" if schedule.preset else str(schedule.cron)
        case "interval":
            return f"every {schedule.seconds} s"
        case "assets":
            names = ", ".join(schedule.assets or ())
            return (
                f"on assets {names}"
                if schedule.condition in (None, "all")
                else f"on assets {schedule.condition}: {names}"
            )
        case "timetable":
            return f"timetable {schedule.class_}"
        case "opaque":
            return f"schedule unknown: {_one_line(schedule.text or '')}"
        case kind:
            return kind


def task_text(task: Task, upstream: Iterable[str]) -> str:
    """A task on one line: id, kind, what isn't the default, what it waits for."""
    facts: list[str] = [task.kind]
    facts += [task.trigger_rule] if task.trigger_rule != "all_success" else []
    facts += ["setup"] if task.setup else []
    facts += ["teardown"] if task.teardown else []
    if task.mapped:
        facts.append(f"mapped over {', '.join(task.mapped.over)}" + _length(task.mapped.literal_length))
    facts += [f"only if {_one_line(task.conditional)}"] if task.conditional else []
    waits = ", ".join(upstream)
    return f"{task.id}  [{', '.join(facts)}]" + (f"  <- {waits}" if waits else "")


def _upstream(pipeline: Pipeline) -> dict[str, list[str]]:
    """What each task waits for, with the data it takes; "pulls" where it takes data without waiting."""
    edges: dict[tuple[str, str], list[Edge]] = {}
    for edge in pipeline.edges:
        edges.setdefault((edge.downstream, edge.upstream), []).append(edge)
    pulled: dict[tuple[str, str], list[str]] = {}
    for flow in pipeline.data_flows:
        pulled.setdefault((flow.downstream, flow.upstream), []).append(flow.key)
    result: dict[str, list[str]] = {}
    for pair in dict.fromkeys((*edges, *pulled)):
        text = _upstream_text(pair[1], edges.get(pair, []), pulled.get(pair, []))
        result.setdefault(pair[0], []).append(text)
    return result


def _upstream_text(upstream: str, edges: list[Edge], pulled: list[str]) -> str:
    keys = [edge.key or RESULT for edge in edges if edge.kind == "data"] + pulled
    named = ["result" if key == RESULT else key for key in dict.fromkeys(keys)]
    notes = [f"{'data' if edges else 'pulls'} {', '.join(named)}"] if named else []
    notes += [f"label {_one_line(edge.label)}" for edge in edges if edge.label]
    notes += [f"only if {_one_line(edge.conditional)}" for edge in edges if edge.conditional]
    return upstream + (f" ({'; '.join(notes)})" if notes else "")


def _nested(pipeline: Pipeline) -> dict[str | None, list[str | Task]]:
    """The children of each group, and of the pipeline itself (``None``); a group is where its first task is."""
    parents = group_parents(pipeline)
    result: dict[str | None, list[str | Task]] = {}
    placed: set[str] = set()

    def place(group: str | None) -> None:
        if group is None or group in placed:
            return
        placed.add(group)
        place(parents[group])
        result.setdefault(parents[group], []).append(group)

    for task in pipeline.tasks:
        group = task.group if task.group in parents else None
        place(group)
        result.setdefault(group, []).append(task)
    for group in parents:
        place(group)
    return result


def _branch(
    parent: str | None, items: dict[str | None, list[str | Task]], upstream: dict[str, list[str]]
) -> Iterator[str]:
    children = items.get(parent, [])
    for index, item in enumerate(children, 1):
        last = index == len(children)
        knot, bar = ("└─ ", "   ") if last else ("├─ ", "│  ")
        if isinstance(item, Task):
            yield knot + task_text(item, upstream.get(item.id, ()))
        else:
            yield f"{knot}{item}/"
            yield from (bar + line for line in _branch(item, items, upstream))


def _length(length: int | None) -> str:
    return "" if length is None else f" ({length})"


def _one_line(text: str) -> str:
    return " ".join(text.split())
