"""The arguments of a task as rules ask for them, and what rules make of the answers.

A rule never sees dynamic mapping: ``for_each_instance`` calls it with one plain task for each mapped instance that is
known, and what stands for all others has arguments whose text isn't known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice, product
from typing import TypeAlias

from dagport.graph import Place, Task
from dagport.readers.airflow.operators import find as known_operator
from dagport.values import SYMBOLIC, Call, Code, Template, Value, XCom
from dagport_lineage.model import (
    ColumnSource,
    DatasetName,
    Found,
    Gap,
    Read,
    Side,
    Unresolved,
    Write,
)
from dagport_lineage.rendering import text_of
from dagport_lineage.scope import Scope
from dagport_lineage.secrets import redact

Rule: TypeAlias = Callable[[Task, Scope], Found]
Named: TypeAlias = DatasetName | Unresolved

MAX_INSTANCES = 500  # of one mapped task
GROUP_ARGUMENT = "airflow.sdk.MappedArgument"  # a call that stands for an item that a mapped group's instance gets
ALL_ARGUMENTS = "kwargs"  # what ``expand_kwargs`` is mapped over, in the graph


# One argument


def argument(task: Task, scope: Scope, name: str, default: str | None = None) -> str | Unresolved | None:
    """The text of an argument; the default where it isn't set; ``None`` where it is ``None``."""
    return text_at(task, scope, name, default=default)


def text_at(
    task: Task, scope: Scope, name: str, *path: str | int, default: str | None = None
) -> str | Unresolved | None:
    """The text at a path inside an argument of objects and lists, e.g. ``"configuration", "query", "query"``."""
    if default is not None and name not in task.arguments and is_mapped_over_sets(task):
        return Unresolved("opaque", f"`{name}` isn't set, but may come from the `default_args`")
    value = value_at(task, name, *path) if path else task.arguments.get(name, default)
    value = default if path and value is None else value
    return None if value is None else rendered(value, task, scope, ".".join(map(str, (name, *path))))


def texts(task: Task, scope: Scope, name: str, *path: str | int) -> tuple[str | Unresolved, ...]:
    """The texts of an argument that is one text or a list of them; none where it isn't set."""
    value = value_at(task, name, *path)
    label = ".".join(map(str, (name, *path)))
    return tuple(rendered(item, task, scope, label) for item in items(value))


def items(value: Value) -> Sequence[Value]:
    """The values of a list; a value alone is a list of one, and ``None`` of none."""
    if value is None:
        return ()
    return value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)


def value_at(task: Task, name: str, *path: str | int) -> Value:
    """The value at a path inside an argument. Where something on the way isn't known, that is the answer."""
    value = task.arguments.get(name)
    for step in path:
        if isinstance(value, SYMBOLIC):
            return value
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, Mapping) else None
        else:
            listed = isinstance(value, Sequence) and not isinstance(value, str)
            value = value[step] if listed and step < len(value) else None  # type: ignore[index,arg-type]
    return value


def rendered(value: Value, task: Task, scope: Scope, label: str) -> str | Unresolved:
    """The text of a value of the argument that a label begins with, as Airflow renders it.

    An argument that isn't a template field stays as it is written, and then Jinja in it names nothing.
    """
    if isinstance(value, Template) and not is_template_field(task, label.split(".")[0]):
        return Unresolved("template", f"`{label}` isn't a template field, so `{value.text}` stays as it is")
    text = text_of(value, task, scope)
    return replace(text, message=f"`{label}`: {text.message}") if isinstance(text, Unresolved) else text


def why_not(value: Value, task: Task, scope: Scope, label: str) -> Unresolved:
    """Why a value isn't of use: it isn't set, isn't known, or is something else than a rule can take."""
    if value is None:
        return missing(label)
    text = rendered(value, task, scope, label)
    return text if isinstance(text, Unresolved) else Unresolved("opaque", f"`{label}` is the text `{redact(text)}`")


def is_template_field(task: Task, name: str) -> bool:
    """Whether an argument is rendered; where the class's template fields aren't known, it is taken to be."""
    known = known_operator(task.operator)
    fields = known.template_fields if known else None
    return fields is None or name in fields or f"_{name}" in fields  # some keep it in a private attribute


# What a rule found


def found(
    place: Place,
    *,
    reads: Iterable[Named] = (),
    writes: Iterable[Named] = (),
    gaps: Iterable[Gap] = (),
) -> Found:
    """Datasets that an operator reads and writes; each write is made of all reads, where all of them are known."""
    sources, read_gaps = split(reads, "inputs", place)
    targets, write_gaps = split(writes, "outputs", place)
    missing = (*read_gaps, *gaps)
    made_of = None if any(gap.side in ("inputs", "both") for gap in missing) else tuple(dict.fromkeys(sources))
    return Found(
        reads=tuple(Read(dataset=name, how="operator", place=place) for name in sources),
        writes=tuple(Write(dataset=name, how="operator", sources=made_of, place=place) for name in targets),
        gaps=(*missing, *write_gaps),
    )


def split(names: Iterable[Named], side: Side, place: Place) -> tuple[tuple[DatasetName, ...], tuple[Gap, ...]]:
    """The names that are known, and a gap for each that isn't."""
    listed = tuple(names)
    known = tuple(name for name in listed if isinstance(name, DatasetName))
    return known, tuple(gap(side, name, place) for name in listed if isinstance(name, Unresolved))


def gap(side: Side, problem: Unresolved, place: Place) -> Gap:
    """The gap that something unresolved leaves on one side of a task, or on both."""
    return Gap(side=side, reason=problem.reason, message=problem.message, place=place)


def missing(name: str) -> Unresolved:
    """An argument that a name needs isn't set."""
    return Unresolved("opaque", f"`{name}` isn't set")


def union(parts: Iterable[Found]) -> Found:
    """What several parts of one task do, together. The same dataset written by two is made of the sources of both."""
    listed = tuple(parts)
    writes: dict[DatasetName, Write] = {}
    for write in (write for part in listed for write in part.writes):
        known = writes.get(write.dataset)
        writes[write.dataset] = write if known is None else _both(known, write)
    return Found(
        reads=tuple(dict.fromkeys(read for part in listed for read in part.reads)),
        writes=tuple(writes.values()),
        gaps=tuple(dict.fromkeys(gap for part in listed for gap in part.gaps)),
        sql=tuple(dict.fromkeys(sql for part in listed for sql in part.sql)),
    )


def _both(one: Write, other: Write) -> Write:
    names = sorted({*one.columns, *other.columns})
    columns = {name: _united(one.columns.get(name, ()), other.columns.get(name, ())) for name in names}
    complete = one.sources is not None and other.sources is not None
    return replace(
        one,
        sources=tuple(dict.fromkeys((*(one.sources or ()), *(other.sources or ())))) if complete else None,
        columns=columns,
        influences=_united(one.influences, other.influences),
        schema=one.schema if one.schema == other.schema else (),
        lifecycle=one.lifecycle if one.lifecycle == other.lifecycle else None,
        previous=one.previous if one.previous == other.previous else None,
    )


def _united(one: tuple[ColumnSource, ...], other: tuple[ColumnSource, ...]) -> tuple[ColumnSource, ...]:
    return tuple(sorted({*one, *other}))


def map_named(function: Callable[..., Named], *arguments: str | Unresolved | None) -> Named:
    """A name made of arguments: the first that isn't known is the answer."""
    problem = next((item for item in arguments if isinstance(item, Unresolved)), None)
    return function(*arguments) if problem is None else problem


# Dynamic mapping


def for_each_instance(rule: Rule) -> Rule:
    """A rule for tasks that may be mapped, of a rule for tasks that aren't."""

    def mapped(task: Task, scope: Scope) -> Found:
        if task.mapped is None and not any(map(_is_of_group, task.arguments.values())):
            return rule(task, scope)
        return union(_over_instances(rule, task, scope))

    return mapped


def _over_instances(rule: Rule, task: Task, scope: Scope) -> Iterator[Found]:
    place = scope.place(task)
    sets = instances(task)
    if isinstance(sets, Unresolved):
        yield Found(gaps=(gap("both", sets, place),))
        return
    listed = list(islice(sets, MAX_INSTANCES + 1))
    instance = task if is_mapped_over_sets(task) else replace(task, mapped=None)
    for arguments in listed[:MAX_INSTANCES]:
        yield rule(replace(instance, arguments={**task.arguments, **arguments}), scope)
    if len(listed) > MAX_INSTANCES:
        message = f"it is mapped over more than {MAX_INSTANCES} sets of arguments, the others aren't followed"
        yield Found(gaps=(Gap(side="both", reason="runtime", message=message, place=place),))


def instances(task: Task) -> Iterator[Mapping[str, Value]] | Unresolved:
    """The arguments that each mapped instance adds; ``Unresolved`` where it isn't known which arguments these are.

    An argument that is mapped over something unknown appears once, with a value that stands for all of its items.
    """
    if task.mapped is None:
        return _each(_of_group(task.arguments))
    over = task.mapped.over
    if is_mapped_over_sets(task):
        return _sets(over[ALL_ARGUMENTS])
    return _each({name: _items(value) for name, value in over.items()})


def _each(over: Mapping[str, Sequence[Value]]) -> Iterator[Mapping[str, Value]]:
    return (dict(zip(over, row, strict=True)) for row in product(*over.values()))


def _is_of_group(value: Value) -> bool:
    """Whether it stands for an item that a mapped group's instances get."""
    return isinstance(value, Call) and value.name == GROUP_ARGUMENT and len(value.args) == 1


def _of_group(arguments: Mapping[str, Value]) -> Mapping[str, Sequence[Value]]:
    """The items of the arguments that come from a mapped group.

    Two that come from the same list may be one item or two, and objects may be sets of arguments, of which each
    argument gets one: these aren't told apart, so their items aren't known.
    """
    stubs = ((name, value) for name, value in arguments.items() if isinstance(value, Call))
    sources = {name: stub.args[0] for name, stub in stubs if _is_of_group(stub)}
    found: dict[str, Sequence[Value]] = {}
    for name, source in sources.items():
        listed = _items(source)
        alone = list(sources.values()).count(source) == 1
        known = alone and not any(isinstance(item, Mapping) for item in listed)
        found[name] = listed if known else [Code("", "each instance of its group has another item")]
    return found


def is_mapped_over_sets(task: Task) -> bool:
    """Whether it is made by ``expand_kwargs``: an argument that a set lacks may then come from ``default_args``."""
    return task.mapped is not None and list(task.mapped.over) == [ALL_ARGUMENTS]


def _sets(value: Value) -> Iterator[Mapping[str, Value]] | Unresolved:
    """The items of ``expand_kwargs``."""
    if isinstance(value, XCom):
        return Unresolved("runtime", f"its arguments are the result of the task `{value.task_id}`")
    if isinstance(value, Sequence) and not isinstance(value, str):
        rows = [row for row in value if isinstance(row, Mapping)]
        if len(rows) == len(value):
            return iter(rows)
    return Unresolved("runtime", "the arguments that it is mapped over aren't known")


def _items(value: Value) -> Sequence[Value]:
    if isinstance(value, Mapping):
        return [[key, item] for key, item in value.items()]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    if isinstance(value, Template):
        return [Code(value.text, "only a run knows the items that it is mapped over")]
    return [value]  # an item of a result or of an opaque list is as unknown as the whole
