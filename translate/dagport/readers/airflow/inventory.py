"""What a file needs from its deployment: asked for at import, named by templates, and by connection ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast, get_args

from dagport.diagnostics import Diagnostic, diagnose
from dagport.evaluate.machine import Doubt
from dagport.evaluate.needs import OPTIONS, Need
from dagport.graph import Pipeline, Place, Requirement, RequirementKind, RequirementState, Task
from dagport.values import Call, Template, Value

TEMPLATE_KINDS: Mapping[str, RequirementKind] = {"var": "variable", "conn": "connection"}
STATES: tuple[str, ...] = get_args(RequirementState)
Found = tuple[str, str, str, Place]  # kind, name, state, place


def inventory(needs: Iterable[Need], pipelines: Iterable[Pipeline], path: str) -> tuple[Requirement, ...]:
    """Everything needed, by kind and name, each with its places."""
    places: dict[tuple[str, str, str], dict[Place, None]] = {}
    asked = ((need.kind, need.name, need.state, Place(path=need.path, span=need.span)) for need in needs)
    for kind, name, state, place in (*asked, *_at_run_time(pipelines, path)):
        places.setdefault((kind, name, state), {})[place] = None
    ordered = sorted(places, key=lambda key: (key[0], key[1], STATES.index(key[2])))
    return tuple(
        Requirement(
            kind=cast(RequirementKind, kind),
            name=name,
            state=state,  # type: ignore[arg-type]
            places=tuple(sorted(places[kind, name, state], key=_by_place)),
        )
        for kind, name, state in ordered
    )


def _by_place(place: Place) -> tuple[str, tuple[int, ...]]:
    return place.path, place.span or ()


def assumptions(needs: Iterable[Need]) -> tuple[str, ...]:
    """What is taken for granted, as the pipelines' field names it."""
    return tuple(sorted({f"{need.kind}:{need.name}" for need in needs if need.assumption}))


def notes(needs: Iterable[Need]) -> Iterator[Diagnostic]:
    """A note for each place where the default of a call is taken."""
    for need in needs:
        if need.state == "assumed":
            message = f"assumed that {need.assumption}, so the default counts; {OPTIONS[need.kind]} can tell"
            yield diagnose("DP213", message, need.path, need.span)


def contradictions(needs: Sequence[Need], path: str) -> Iterator[Doubt]:
    """Names of which it would be assumed that they are set, and that they aren't."""
    texts: dict[tuple[str, str], dict[str, None]] = {}
    for need in needs:
        if need.assumption:
            seen = texts.setdefault((need.kind, need.name), {})
            if need.assumption not in seen and len(seen) == 1:
                message = f"whether {need.assumption} isn't known: it is read with a default and without"
                yield Doubt("DP201", message, need.span, path=None if need.path == path else need.path)
            seen[need.assumption] = None


def _at_run_time(pipelines: Iterable[Pipeline], path: str) -> Iterator[Found]:
    for pipeline in pipelines:
        for task in pipeline.tasks:
            place = Place(path=path, span=task.span)
            for kind, name in dict.fromkeys(_of_task(task)):
                yield kind, name, "at run time", place


def _of_task(task: Task) -> Iterator[tuple[RequirementKind, str]]:
    over = task.mapped.over if task.mapped else {}
    for name, value in (*task.arguments.items(), *over.items()):
        if name.endswith("conn_id") and isinstance(value, str) and value:
            yield "connection", value
        yield from _in_value(value)


def _in_value(value: Value) -> Iterator[tuple[RequirementKind, str]]:
    """The Variables and connections that the templates inside a value refer to."""
    if isinstance(value, Template):
        for ref in value.refs:
            root, _, name = ref.partition(".")
            if name and root in TEMPLATE_KINDS:
                yield TEMPLATE_KINDS[root], name
    elif isinstance(value, Call):
        for item in (*value.args, *value.kwargs.values()):
            yield from _in_value(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _in_value(item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _in_value(item)
