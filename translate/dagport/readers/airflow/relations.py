"""Dependencies: ``>>``, ``set_upstream``, ``chain`` and their kin, labels, setup and teardown contexts.

Sources: ``DAGNode._set_relatives``, ``TaskGroup._set_relatives``, ``EdgeModifier``, ``chain``, ``chain_linear``,
``cross_downstream`` and ``BaseSetupTeardownContext`` of Airflow 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    Anything,
    CallSite,
    Function,
    LimitHit,
    Native,
    PyRaise,
    Spread,
    Symbolic,
    Unknown,
    first_unknown,
)
from dagport.evaluate.iterators import Stream
from dagport.readers.airflow import checks
from dagport.readers.airflow.nodes import Dag, Group, Label, Relative, Task, XComRef

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


def relate(
    machine: Machine,
    node: Anything,
    others: Anything,
    site: CallSite,
    *,
    upstream: bool,
    label: Label | None = None,
) -> None:
    """``node.set_upstream(others)`` or ``node.set_downstream(others)``."""
    if isinstance(others, Stream):
        raise PyRaise("AttributeError", "'generator' object has no attribute 'update_relative'")
    items = list(others) if isinstance(others, list | tuple) else [others]
    known = _known_ends(machine, node, items, site)
    if isinstance(node, Label):
        _relate_label(machine, node, known, site, upstream=upstream)
    elif isinstance(node, XComRef):
        for task in node.roots():
            relate(machine, task, known, site, upstream=upstream, label=label)
    elif isinstance(node, Group):
        _relate_group(machine, node, known, site, upstream=upstream, label=label)
    elif isinstance(node, Task):
        _relate_task(machine, node, known, site, upstream=upstream, label=label)
    elif isinstance(node, list | tuple):
        raise PyRaise("AttributeError", "'list' object has no attribute 'set_downstream'")
    else:
        _doubt_end(machine, node, known, site)


def _known_ends(machine: Machine, node: Anything, items: list[Anything], site: CallSite) -> list[Relative]:
    known: list[Relative] = []
    for item in items:
        if isinstance(item, Relative):
            known.append(item)
        elif isinstance(item, Unknown | Symbolic):
            _doubt_end(machine, item, [node, *known], site)
        elif isinstance(item, Dag):
            raise PyRaise("AttributeError", "'DAG' object has no attribute 'update_relative'")
        else:
            raise PyRaise("AttributeError", f"'{type(item).__name__}' object has no attribute 'update_relative'")
    return known


def _doubt_end(machine: Machine, lost: Anything, others: Sequence[Any], site: CallSite) -> None:
    dags = {id(dag): dag for other in others if isinstance(other, Relative) for dag in _dags(other)}
    why = lost.why if isinstance(lost, Unknown) else "what the call gives isn't known"
    message = f"one end of the dependency `{_short(site.text)}` isn't known: {why}"
    for dag in dags.values() or [None]:
        machine.doubt("DP208", message, site, dag)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:77] + "..."


def _dags(node: Relative) -> list[Dag]:
    if isinstance(node, Group):
        return [node.dag]
    return [task.dag for task in (*node.roots(), *node.leaves()) if task.dag is not None]


def _relate_task(
    machine: Machine,
    node: Task,
    others: list[Relative],
    site: CallSite,
    *,
    upstream: bool,
    label: Label | None,
) -> None:
    relatives: list[Task] = []
    machine.step(len(others))
    for other in others:
        _update_relative(machine, other, node, site, upstream=not upstream)
        relatives.extend(other.leaves() if upstream else other.roots())
    if not relatives:
        return
    machine.step(len(relatives))
    dag = _common_dag([node, *relatives])
    for task in [node, *relatives]:
        if task.task_id is None:
            _refuse_unfinished(machine, task, site)
        if task.dag is None:
            add_task(machine, dag, task, site)
    machine.effect(dag)
    text = label.text if label is not None else None
    condition = condition_of(machine, dag)
    count_edges(machine, dag, len(relatives))
    for task in relatives:
        before, after = (task, node) if upstream else (node, task)
        link(before, after, text, condition)


def _refuse_unfinished(machine: Machine, task: Task, site: CallSite) -> None:
    """A task whose constructor didn't come to ``BaseOperator``'s, as far as it can be read, has no edges yet."""
    if isinstance(task.cls.lookup("__init__"), Function):
        raise PyRaise("AttributeError", f"'{task.cls.name}' object has no attribute 'downstream_task_ids'")
    machine.doubt("DP205", f"the constructor of `{task.cls.name}` can't be read", site, task.dag)


def count_edges(machine: Machine, dag: Dag, count: int) -> None:
    """Count new edges. Raises ``LimitHit`` where a pipeline gets too many."""
    machine.step(count)
    dag.edge_count += count
    if dag.edge_count > machine.limits.edges:
        raise LimitHit("edges of a pipeline", machine.limits.edges)


def condition_of(machine: Machine, dag: Any) -> str | None:
    """The innermost undecided condition that what is added to a DAG now depends on."""
    depth = dag.condition_depth if isinstance(dag, Dag) else 0
    return machine.conditions[-1] if len(machine.conditions) > depth else None


def link(before: Task, after: Task, label: str | None = None, condition: str | None = None) -> None:
    """Make an edge; a label given before stays when none is given now, and so does a certain edge."""
    if condition is None:
        before.doubtful.pop(after, None)
    elif after not in before.downstream:
        before.doubtful[after] = condition
    before.downstream[after] = label if label is not None else before.downstream.get(after)
    after.upstream[before] = None


def _common_dag(tasks: list[Task]) -> Dag:
    dags = list({id(task.dag): task.dag for task in tasks if task.dag is not None}.values())
    if len(dags) > 1:
        raise PyRaise("RuntimeError", "Tried to set relationships between tasks in more than one DAG")
    if not dags:
        raise PyRaise("ValueError", "Tried to create relationships between tasks that don't have DAGs yet")
    return dags[0]


def add_task(machine: Machine, dag: Dag, task: Task, site: CallSite) -> None:
    """``dag.add_task(task)``: into the DAG, and into its root group when it is in none."""
    machine.effect(dag)
    if len(dag.tasks) >= machine.limits.tasks:
        raise LimitHit("tasks of a pipeline", machine.limits.tasks)
    task.dag = dag
    if not isinstance(task.task_id, str):
        dag.unnamed.append(task)
        return
    existing = dag.tasks.get(task.task_id)
    if existing is not None and existing is not task:
        raise PyRaise(
            "airflow.exceptions.DuplicateTaskIdFound",
            f"Task id '{task.task_id}' has already been added to the DAG",
        )
    if existing is None and task.task_id in dag.root.used_ids:
        raise PyRaise(
            "airflow.exceptions.DuplicateTaskIdFound",
            f"Task id '{task.task_id}' has already been added to the DAG",
        )
    dag.tasks[task.task_id] = task
    if task.group is None:
        task.group = dag.root
        dag.root.children[task.task_id] = task
    dag.root.used_ids.add(task.task_id)
    rule = task.fields.get("trigger_rule", "all_success")
    if machine.truth(dag.fields.get("fail_fast", False)) is True and not checks.same_rule(rule, "all_success"):
        message = "A 'fail_fast' dag can only have TriggerRule.ALL_SUCCESS trigger rule"
        raise PyRaise("airflow.exceptions.FailFastDagInvalidTriggerRule", message)


def _relate_group(
    machine: Machine,
    node: Group,
    others: list[Relative],
    site: CallSite,
    *,
    upstream: bool,
    label: Label | None,
) -> None:
    leaves = _leaves_of(node)
    for other in others:
        _update_relative(machine, node, other, site, upstream=upstream)
    own = set(node.all_tasks()) if label is not None else set()
    for task in node.roots() if upstream else leaves:
        # The label is the group's edge; it isn't that of a task which an empty group hands on to.
        relate(machine, task, others, site, upstream=upstream, label=label if task in own else None)


def _leaves_of(group: Group) -> list[Task]:
    """Leaves of a group; an empty one hands on to what is before it, or to the group around it."""
    place: Group | None = group
    while place is not None:
        leaves = place.leaves()
        if leaves:
            return leaves
        if place.upstream_tasks:
            return list(place.upstream_tasks)
        place = place.parent
    return []


def _update_relative(machine: Machine, node: Relative, other: Relative, site: CallSite, *, upstream: bool) -> None:
    """What an end notes about the other end (``update_relative``)."""
    if isinstance(node, Label):
        relate(machine, node, other, site, upstream=upstream)
    elif isinstance(node, Group) and not isinstance(other, Group) and upstream:
        node.upstream_tasks.update(dict.fromkeys(other.roots()))


def _relate_label(machine: Machine, node: Label, others: list[Relative], site: CallSite, *, upstream: bool) -> None:
    stream = node.upstream if upstream else node.downstream
    for other in others:
        if isinstance(other, Label):
            raise PyRaise("TypeError", "Cannot use edge labels with EdgeModifier, only tasks, XComArg or TaskGroups")
        stream.append(other)
    if node.upstream and node.downstream:
        _streams_to_groups(node)
    for other in list(node.downstream if upstream else node.upstream):
        relate(machine, other, others, site, upstream=upstream, label=node)


def _streams_to_groups(node: Label) -> None:
    """Ends that lie in different groups stand for their whole group (``_convert_streams_to_task_groups``)."""
    places = {_group_of(item) for item in (*node.upstream, *node.downstream)} - {None}
    if len(places) == 1:
        return
    node.upstream = [_as_group(item) for item in node.upstream]
    node.downstream = [_as_group(item) for item in node.downstream]


def _group_of(item: Relative) -> str | None:
    if isinstance(item, Group):
        return (item.parent.id or "root") if item.parent is not None else None
    task = item.task if isinstance(item, XComRef) and item.plain else item
    if isinstance(task, Task) and task.group is not None:
        return task.group.id or "root"
    return None


def _as_group(item: Relative) -> Relative:
    if isinstance(item, Task) and item.group is not None and item.group.id is not None:
        return item.group
    if isinstance(item, Group) and item.parent is not None and item.parent.id is not None:
        return item.parent
    return item


# Functions


def chain(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    """``chain(a, [b, c], [d, e], f)``."""
    if any(isinstance(item, Spread) for item in args):
        _doubt_end(machine, first_unknown(args), args, site)
        return
    for before, after in pairwise(args):
        _chain_pair(machine, before, after, site)


def _chain_pair(machine: Machine, before: Anything, after: Anything, site: CallSite) -> None:
    if isinstance(before, Relative):
        relate(machine, before, after, site, upstream=False)
    elif isinstance(after, Relative):
        relate(machine, after, before, site, upstream=True)
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
        if len(before) != len(after):
            raise PyRaise(
                "ValueError",
                f"Chain not supported for different length Iterable. Got {len(before)} and {len(after)}.",
            )
        for first, second in zip(before, after, strict=True):
            relate(machine, first, second, site, upstream=False)
    else:
        _refuse_or_doubt(machine, [before, after], site, "Chain not supported between these objects")


def _refuse_or_doubt(machine: Machine, items: list[Anything], site: CallSite, message: str) -> None:
    lost = next((item for item in items if isinstance(item, Unknown | Symbolic)), None)
    if lost is None:
        raise PyRaise("TypeError", message)
    _doubt_end(machine, lost, _flat(items), site)


def _flat(items: list[Anything]) -> list[Anything]:
    return [inner for item in items for inner in (item if isinstance(item, list | tuple) else [item])]


def chain_linear(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    """``chain_linear(a, [b, c], [d, e], f)``: every one of a list before every one of the next."""
    lost = next((item for item in args if isinstance(item, Unknown | Symbolic)), None)
    if lost is not None:
        _doubt_end(machine, lost, _flat(args), site)
        return
    if not args:
        raise PyRaise("ValueError", "No tasks provided; nothing to do.")
    if any(isinstance(item, Label) for item in args):
        raise PyRaise("ValueError", "Labels are not supported by chain_linear")
    done = False
    for before, after in pairwise(args):
        items = [before] if isinstance(before, Relative) else machine.iterate(before, site)
        if isinstance(items, Unknown):
            raise PyRaise("TypeError", "object is not iterable")
        for task in items:
            relate(machine, task, after, site, upstream=False)
            done = True
    if not done:
        raise PyRaise("ValueError", "No dependencies were set. Did you forget to expand with `*`?")


def cross_downstream(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    """``cross_downstream([a, b], [c, d])``."""
    values = {**dict(zip(("from_tasks", "to_tasks"), args, strict=False)), **kwargs}
    if not {"from_tasks", "to_tasks"} <= set(values):
        raise PyRaise("TypeError", "cross_downstream() missing a required argument")
    items = machine.iterate(values["from_tasks"], site, ordered=False)
    if isinstance(items, Unknown):
        _doubt_end(machine, items, _flat([values["to_tasks"]]), site)
        return
    for task in items:
        relate(machine, task, values["to_tasks"], site, upstream=False)


# Methods of every end


def _set_upstream(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    _set(machine, args, kwargs, site, upstream=True)


def _set_downstream(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
    _set(machine, args, kwargs, site, upstream=False)


def _set(
    machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite, *, upstream: bool
) -> None:
    node, *rest = args
    if not rest and not {"task_or_task_list", "other"} & set(kwargs):
        raise PyRaise("TypeError", "set_upstream() missing 1 required positional argument")
    others = rest[0] if rest else kwargs.get("task_or_task_list", kwargs.get("other"))
    modifier = rest[1] if len(rest) > 1 else kwargs.get("edge_modifier")
    if modifier is not None and not isinstance(modifier, Label | Unknown):
        raise PyRaise("AttributeError", "the edge modifier has no attribute 'add_edge_info'")
    label = modifier if isinstance(modifier, Label) else None
    relate(machine, node, others, site, upstream=upstream, label=label)


def _as_setup(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    _check_single(args)
    for task in args[0].roots():
        mark(machine, task, setup=True)
    return args[0]


def _as_teardown(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    _check_single(args)
    setups, fails_run = kwargs.get("setups"), kwargs.get("on_failure_fail_dagrun")
    for task in args[0].roots():
        mark(machine, task, teardown=True)
        task.fields["trigger_rule"] = "all_done_setup_success"
        if fails_run is not None:
            task.arguments["on_failure_fail_dagrun"] = fails_run
        if setups is None:
            continue
        items = [setups] if isinstance(setups, Relative) else machine.iterate(setups, site, ordered=False)
        if isinstance(items, Unknown):
            _doubt_end(machine, items, [task], site)
            continue
        for item in _known_ends(machine, task, items, site):
            for before in item.roots():
                mark(machine, before, setup=True)
            relate(machine, item, task, site, upstream=False)
    return args[0]


def _check_single(args: list[Anything]) -> None:
    if len(args) > 1:
        raise PyRaise("TypeError", "takes 1 positional argument")
    if not isinstance(args[0], Task) and not (isinstance(args[0], XComRef) and args[0].plain):
        raise PyRaise("NotImplementedError")


def mark(machine: Machine, task: Task, *, setup: bool | None = None, teardown: bool | None = None) -> None:
    """Make a task a setup or a teardown; it can't be both."""
    machine.effect(task.dag)
    if setup and task.teardown:
        raise PyRaise("ValueError", f"Cannot mark task '{task.task_id}' as setup; task is already a teardown.")
    if teardown and task.setup:
        raise PyRaise("ValueError", f"Cannot mark task '{task.task_id}' as teardown; task is already a setup.")
    task.setup = task.setup if setup is None else setup
    task.teardown = task.teardown if teardown is None else teardown


METHODS: dict[str, Native] = {
    "set_upstream": _set_upstream,
    "set_downstream": _set_downstream,
    "as_setup": _as_setup,
    "as_teardown": _as_teardown,
}


# Setup and teardown contexts


def push_setup_teardown(machine: Machine, items: list[Anything], site: CallSite) -> None:
    """Enter ``with setup_or_teardown:``."""
    hooks: Any = machine.hooks
    tasks = [task for item in items for task in item.roots()]
    if not tasks or not all(task.setup or task.teardown for task in tasks):
        raise PyRaise("RuntimeError", "Only setup/teardown tasks can be used as context managers.")
    if any(task.setup != tasks[0].setup for task in tasks):
        raise PyRaise("ValueError", "All tasks in the list must be either setup or teardown tasks")
    hooks.contexts.enter(tasks)


def pop_setup_teardown(machine: Machine, site: CallSite) -> None:
    """Leave the block."""
    hooks: Any = machine.hooks
    hooks.contexts.leave(machine, site)
