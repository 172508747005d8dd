"""Lists of tasks and groups, their order, and the dependencies between them.

Source: ``DagBuilder._normalise_tasks_config``, ``topological_sort_tasks`` and ``set_dependencies``.
"""

from __future__ import annotations

from dagport.evaluate.domain import Anything, CallSite, Unknown
from dagport.evaluate.machine import Machine
from dagport.readers.airflow.dag_factory.blocks import Block
from dagport.readers.airflow.dag_factory.callables import CONFIG_ERROR
from dagport.readers.airflow.dag_factory.defaults import Undetermined
from dagport.readers.airflow.dag_factory.imports import refuse


def by_name(entries: Anything, what: str, id_key: str, site: CallSite) -> Block:
    """The entries as a mapping, also where they are given as a list."""
    if entries is None:
        return Block()
    if isinstance(entries, Unknown):
        raise Undetermined(entries)
    if isinstance(entries, Block):
        return entries
    if not isinstance(entries, list):
        raise refuse(CONFIG_ERROR, f"'{what}' must be either a mapping or a list", site)
    named = Block()
    for entry in entries:
        if isinstance(entry, Unknown):
            raise Undetermined(entry)
        if not isinstance(entry, Block) or id_key not in entry:
            raise refuse(CONFIG_ERROR, f"each entry of '{what}' must be a mapping with the key '{id_key}'", site)
        name = entry[id_key]
        if isinstance(name, Unknown):
            raise Undetermined(name)
        if isinstance(name, list | dict):
            raise refuse("TypeError", f"unhashable type: '{type(name).__name__}'", site)
        if name in named:
            raise refuse(CONFIG_ERROR, f"Duplicate {id_key} in '{what}': '{name}'", site)
        named[name] = entry.like({key: value for key, value in entry.items() if key != id_key})
        if entry.span is not None:
            named.spans[name] = entry.span
    return named


def entry_of(entries: Block, name: Anything, site: CallSite) -> Block:
    """One entry; refused where it isn't a mapping."""
    entry = entries[name]
    if isinstance(entry, Unknown):
        raise Undetermined(entry)
    if not isinstance(entry, Block):
        raise refuse("AttributeError", f"'{type(entry).__name__}' object has no attribute 'get'", site)
    return entry


def dependencies(entry: Block, site: CallSite) -> list[Anything]:
    """What an entry depends on."""
    given = entry.get("dependencies", [])
    if isinstance(given, Unknown):
        raise Undetermined(given)
    if not isinstance(given, list | str | dict):
        raise refuse("TypeError", f"'{type(given).__name__}' object is not iterable", site)
    items = list(given)
    for item in items:
        if isinstance(item, Unknown):
            raise Undetermined(item)
        if isinstance(item, list | dict):
            raise refuse("TypeError", f"unhashable type: '{type(item).__name__}'", site)
    return items


def sorted_names(tasks: Block, site: CallSite) -> list[Anything]:
    """The names of the tasks in the order that they are made in: by Kahn's algorithm, as they are written."""
    downstream: dict[Anything, list[Anything]] = {name: [] for name in tasks}
    open_count = dict.fromkeys(tasks, 0)
    for name in tasks:
        for upstream in dependencies(entry_of(tasks, name, site), site):
            if upstream in tasks:
                downstream[upstream].append(name)
                open_count[name] += 1
    ready = [name for name, count in open_count.items() if not count]
    for name in ready:  # it grows on the way
        for child in downstream[name]:
            open_count[child] -= 1
            if not open_count[child]:
                ready.append(child)
    if len(ready) != len(tasks):
        raise refuse("ValueError", "Cycle detected in task dependencies!", site)
    return ready


def set_dependencies(
    machine: Machine, entries: Block, instances: dict[Anything, Anything], sites: dict[Anything, CallSite]
) -> None:
    """Draw the edges. Tasks of a group are looked up below its id, as dag-factory does."""
    for name, entry in entries.items():
        site = sites[name]
        if not entry.get("dependencies"):
            continue
        source = _instance(machine, instances, name, entry, site)
        for upstream in dependencies(entry, site):
            if upstream not in entries:
                raise refuse("KeyError", repr(upstream), site)
            target = _instance(machine, instances, upstream, entries[upstream], site)
            machine.call(machine.attribute(source, "set_upstream", site), [target], {}, site)


def _instance(
    machine: Machine, instances: dict[Anything, Anything], name: Anything, entry: Block, site: CallSite
) -> Anything:
    group = entry.get("task_group")
    key = name
    if group:
        prefix = machine.attribute(group, "group_id", site)
        if isinstance(prefix, Unknown):
            raise Undetermined(prefix)
        key = f"{prefix}.{name}"
    if key not in instances:
        raise refuse("KeyError", repr(key), site)
    return instances[key]
