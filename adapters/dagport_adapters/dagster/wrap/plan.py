"""What becomes of each DAG: its assets, their keys and dependencies. Plain data, made without Dagster."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from dagport.graph import Pipeline, Task
from dagport_adapters.dagster.wrap.keys import Key, names, task_key, uri_key
from dagport_adapters.dagster.wrap.sources import Found, FoundDag

TAG = re.compile(r"^([A-Za-z0-9_.-]{1,63}/)?[A-Za-z0-9_.-]{1,63}$")
OWNER = re.compile(r"^(team:.+|[A-Za-z0-9_][A-Za-z0-9._%+-]*@[A-Za-z0-9.-]+\.[A-Za-z]{2,7})$")  # ``is_valid_owner``
SYSTEM = "dagster/"
Inexact = Literal["wrap", "leave out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAsset:
    """An asset that a task makes: the one of the task itself, or one of its outlets."""

    key: Key
    task_id: str
    edges: tuple[Key, ...]  # what it depends on by the DAG's own edges
    waits: tuple[Key, ...] = ()  # and by its inlets and the DAG's schedule
    uri: str | None = None  # of an outlet
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def deps(self) -> tuple[Key, ...]:
        """All that it depends on."""
        return (*self.edges, *self.waits)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDag:
    """A DAG as one multi-asset."""

    dag_id: str
    name: str  # of the op, the job and the group
    pipeline: Pipeline
    assets: tuple[PlannedAsset, ...]
    key_prefix: Key
    waits_for: Mapping[str, Key] = field(default_factory=dict)  # the keys of the assets that its schedule names
    file: Path | None = None
    root: Path | None = None  # of the file's project
    url: str | None = None

    @property
    def keys_of(self) -> Mapping[str, tuple[Key, ...]]:
        """The assets of each task."""
        found: dict[str, tuple[Key, ...]] = {}
        for asset in self.assets:
            found[asset.task_id] = (*found.get(asset.task_id, ()), asset.key)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedAsset:
    """An asset that several tasks make: Dagster knows one maker only, so it depends on all of them."""

    key: Key
    uri: str
    deps: tuple[Key, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that is wrapped, and what isn't as it was."""

    dags: tuple[PlannedDag, ...]
    shared: tuple[SharedAsset, ...] = ()
    notes: tuple[str, ...] = ()


class KeyCollisionError(ValueError):
    """Two things have the same asset key."""


def plan(
    found: Found, *, key_prefix: Sequence[str] = (), select: Sequence[str] = (), exclude: Sequence[str] = (),
    inexact: Inexact = "wrap",
) -> Plan:  # fmt: skip
    """The assets of the DAGs that are chosen by patterns of their ids. Raises ``KeyCollisionError``."""
    notes = [_said(item) for item in found.diagnostics if item.severity == "error"]
    ids = [dag.pipeline.id for dag in found.dags]
    unused = [one for one in (*select, *exclude) if not any(_matches(name, [one]) for name in ids)]
    notes += [f"{one!r} is the id of no DAG" for one in unused]
    dags, more = _chosen(found.dags, select, exclude, inexact)
    notes += more
    named = names(dag.pipeline.id for dag in dags)
    makers = _makers(dags)
    prefix = tuple(key_prefix)
    planned = [replace(_dag(dag, named[dag.pipeline.id], prefix, makers), root=found.folder) for dag in dags]
    shared = [
        SharedAsset(key=uri_key(uri), uri=uri, deps=tuple(task_key(*one, prefix) for one in ones))
        for uri, ones in makers.items()
        if len(ones) > 1
    ]
    notes += [f"{one.uri} is made by several tasks: it is an asset of its own that depends on them" for one in shared]
    _check_keys(planned, shared)
    planned, more = _without_cycles(planned, shared)
    return Plan(dags=tuple(planned), shared=tuple(shared), notes=(*notes, *more))


def _said(item: Any) -> str:
    place = f"{item.path}:{item.line}" if item.line else item.path
    return f"{place}: {item.code} {item.message}"


def _chosen(
    dags: Iterable[FoundDag], select: Sequence[str], exclude: Sequence[str], inexact: Inexact
) -> tuple[list[FoundDag], list[str]]:
    """The DAGs to wrap, and what is to be said of the others."""
    kept: dict[str, FoundDag] = {}
    notes = []
    for dag in dags:
        name = dag.pipeline.id
        if (select and not _matches(name, select)) or _matches(name, exclude):
            continue
        if name in kept:
            notes.append(f"{name} is in {kept[name].file} and in {dag.file}: the second one is left out")
            continue
        if not dag.pipeline.exact:
            notes.append(_inexact(name, inexact))
            if inexact == "leave out":
                continue
        if not dag.pipeline.tasks:
            notes.append(f"{name} has no tasks that are known here: it isn't wrapped")
            continue
        if dag.file is None and any(task.teardown for task in dag.pipeline.tasks):
            notes.append(f"{name}: a live Airflow doesn't tell which tasks are setups: a part of it runs without them")
        kept[name] = dag
    return [kept[name] for name in sorted(kept)], notes


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _inexact(name: str, inexact: Inexact) -> str:
    why = f"{name} can't be read exactly (`dagport check` says where and why)"
    if inexact == "leave out":
        return f"{why}: it is left out"
    return f"{why}: tasks that aren't known here are run and told of, but have no asset of their own"


def _makers(dags: Sequence[FoundDag]) -> dict[str, list[tuple[str, str]]]:
    """Who makes each asset: (DAG, task), by URI."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for dag in dags:
        for task in dag.pipeline.tasks:
            for uri in _uris(task.outlets, dag):
                found[uri].append((dag.pipeline.id, task.id))
    return found


def _uris(declared: Sequence[str], dag: FoundDag) -> list[str]:
    """The URIs of declared assets. A name that isn't an asset's is an alias, whose assets only a run knows."""
    return list(dict.fromkeys(dag.uris[name] for name in declared if name in dag.uris))


def _dag(dag: FoundDag, name: str, prefix: Key, makers: Mapping[str, list[tuple[str, str]]]) -> PlannedDag:
    pipeline = dag.pipeline
    keys: dict[str, tuple[tuple[Key, str | None], ...]] = {}
    for task in pipeline.tasks:
        own = [(uri_key(uri), uri) for uri in _uris(task.outlets, dag) if len(makers[uri]) == 1]
        keys[task.id] = tuple(own) or ((task_key(pipeline.id, task.id, prefix), None),)
    upstream: dict[str, set[str]] = defaultdict(set)
    for edge in pipeline.edges:
        upstream[edge.downstream].add(edge.upstream)
    waits = {name: uri_key(dag.uris[name]) for name in pipeline.schedule.assets or () if name in dag.uris}
    assets = []
    for task in pipeline.tasks:
        edges = {key for one in upstream[task.id] for key, _ in keys.get(one, ())}
        outside = {uri_key(uri) for uri in _uris(task.inlets, dag)}
        if not upstream[task.id]:
            outside.update(waits.values())
        outside -= edges
        for key, uri in keys[task.id]:
            assets.append(
                PlannedAsset(
                    key=key, task_id=task.id, uri=uri, edges=tuple(sorted(edges)), waits=tuple(sorted(outside)),
                    metadata=_metadata(dag, task, uri),
                )
            )  # fmt: skip
    return PlannedDag(
        dag_id=pipeline.id, name=name, pipeline=pipeline, assets=tuple(assets), key_prefix=prefix,
        waits_for=waits, file=dag.file, url=dag.url,
    )  # fmt: skip


def _metadata(dag: FoundDag, task: Task, uri: str | None) -> dict[str, Any]:
    """What is known of an asset and has no field in Dagster."""
    found: dict[str, Any] = {
        "airflow/dag_id": dag.pipeline.id,
        "airflow/task_id": task.id,
        "airflow/operator": task.operator,
    }
    if uri is not None:
        found["dagster/uri"] = uri
    if task.trigger_rule != "all_success":
        found["airflow/trigger_rule"] = task.trigger_rule
    if task.retries:
        found["airflow/retries"] = task.retries
    if task.owner and not OWNER.match(task.owner):
        found["airflow/owner"] = task.owner
    aliases = [name for name in task.outlets if name not in dag.uris]
    if aliases:
        found["airflow/asset_aliases"] = aliases
    if not dag.pipeline.exact:
        found["dagport/exact"] = False
    other = [tag for tag in dag.pipeline.tags if not TAG.match(tag) or tag.startswith(SYSTEM)]
    if other:
        found["airflow/tags"] = other
    return found


def _check_keys(dags: Sequence[PlannedDag], shared: Sequence[SharedAsset]) -> None:
    seen: dict[Key, str] = {}
    told = [(asset.key, f"{dag.dag_id}.{asset.task_id}") for dag in dags for asset in dag.assets]
    for key, what in (*told, *((one.key, one.uri) for one in shared)):
        if key in seen:
            raise KeyCollisionError(
                f"{what} and {seen[key]} both have the asset key {'/'.join(key)}. Give wrap_dags a key_prefix"
            )
        seen[key] = what


def _without_cycles(dags: list[PlannedDag], shared: Sequence[SharedAsset]) -> tuple[list[PlannedDag], list[str]]:
    """The DAGs without the dependencies on assets by which one would wait for itself: Dagster refuses those.

    Airflow allows them: a DAG may be triggered by an asset that, in the end, it makes. Only dependencies that come of
    schedules and inlets are dropped, as a DAG's own edges have no cycle.
    """
    assets = [asset for dag in dags for asset in dag.assets]
    part = _parts({**{one.key: one.deps for one in shared}, **{asset.key: asset.deps for asset in assets}})
    cut = {(asset.key, dep) for asset in assets for dep in asset.waits if part[asset.key] == part.get(dep)}
    if not cut:
        return dags, []
    left = [replace(dag, assets=tuple(_without(asset, cut) for asset in dag.assets)) for dag in dags]
    notes = [
        f"{'/'.join(key)} doesn't depend on {'/'.join(dep)} here: it would wait for itself" for key, dep in sorted(cut)
    ]
    return left, notes


def _without(asset: PlannedAsset, cut: set[tuple[Key, Key]]) -> PlannedAsset:
    return replace(asset, waits=tuple(dep for dep in asset.waits if (asset.key, dep) not in cut))


def _parts(edges: Mapping[Key, tuple[Key, ...]]) -> dict[Key, int]:
    """The strongly connected part of each key (Tarjan's algorithm, without recursion)."""
    order: dict[Key, int] = {}
    low: dict[Key, int] = {}
    part: dict[Key, int] = {}
    path: list[Key] = []
    for start in edges:
        if start in order:
            continue
        stack: list[tuple[Key, Iterator[Key]]] = [(start, iter(edges[start]))]
        order[start] = low[start] = len(order)
        path.append(start)
        while stack:
            key, rest = stack[-1]
            following = next((one for one in rest if one in edges and one not in part), None)
            if following is None:
                stack.pop()
                if stack:
                    low[stack[-1][0]] = min(low[stack[-1][0]], low[key])
                if low[key] == order[key]:
                    while True:
                        member = path.pop()
                        part[member] = order[key]
                        if member == key:
                            break
            elif following in order:
                low[key] = min(low[key], order[following])
            else:
                order[following] = low[following] = len(order)
                path.append(following)
                stack.append((following, iter(edges[following])))
    return part
