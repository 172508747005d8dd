"""What starts a flow when others have done something: automations of its deployment, by Prefect's events.

A completed task with assets emits ``prefect.asset.materialization.succeeded`` for each of them, a flow run one event
for each of its states. A compound trigger forgets all that it has seen when it fires, and a later event of a kind takes
the place of an earlier one, as Airflow's queue of updates does (``AssetDagRunQueue``).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from dagport.graph import Asset, Schedule
from dagport.translation import Document
from dagport.writers.common.conditions import expression_of
from dagport.writers.common.model import Note
from dagport.writers.prefect.naming import ASSET_KEY

MADE = "prefect.asset.materialization.succeeded"
ENDS = ("Completed", "Failed", "TimedOut", "Crashed", "Cancelled")
"""The names of the states in which a flow run ends."""
JOINTS: Mapping[type[ast.operator], str] = {ast.BitAnd: "all", ast.BitOr: "any"}
WILDCARD = "*"
Yaml: TypeAlias = "str | int | bool | list[Yaml] | dict[str, Yaml]"
ONE_ROUND = "updates that come within one round of Airflow's scheduler start one run there, and one each in Prefect"
MIXED = (
    "a run makes Airflow forget all updates that came before it; Prefect keeps those of the parts of the condition "
    "that weren't met"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """The assets of a project."""

    known: Mapping[str, Asset]  # by name, and by URI
    made: frozenset[str]  # the URIs of those that its tasks make


NO_ASSETS = Assets(known={}, made=frozenset())


def assets_of(documents: Sequence[Document]) -> Assets:
    """What all files declare, and what the tasks of their pipelines make."""
    known: dict[str, Asset] = {}
    for asset in (asset for document in documents for asset in document.graph.assets):
        known.setdefault(asset.name, asset)
        known.setdefault(asset.uri, asset)
    pipelines = (pipeline for document in documents for pipeline in document.graph.pipelines)
    outlets = {name for pipeline in pipelines for task in pipeline.tasks for name in task.outlets}
    return Assets(known=known, made=frozenset(known[name].uri for name in outlets if name in known))


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The trigger of a deployment; or why it has none."""

    trigger: Yaml = ""
    notes: tuple[Note, ...] = ()
    why_not: str | None = None


def by_assets(schedule: Schedule, assets: Assets, *, on: bool = False) -> Started:
    """The trigger of a schedule by assets, which is off where a new DAG is (``on``)."""
    names, known = schedule.assets or (), assets.known
    if not names:
        return Started(why_not="the assets that it waits for aren't known")
    for name in names:
        if name not in known:
            why = f"{name!r} is an alias, or an asset that no translated file declares: only a run tells what it is"
            return Started(why_not=why)
        key = known[name].uri
        if not ASSET_KEY.match(key) or key.endswith(WILDCARD):
            return Started(why_not=f"the asset {key!r} can't be a key in Prefect, which takes URIs with a scheme only")
    tree = expression_of(schedule)
    trigger = None if tree is None else _trigger(tree, known)
    if tree is None or trigger is None:
        return Started(why_not=f"its condition {schedule.condition!r} isn't followed")
    notes = _notes(tree, sorted({known[name].uri for name in names}), assets.made)
    return Started(trigger={"enabled": on, **trigger}, notes=tuple(notes))


def after_itself(deployment: str, *, on: bool = False) -> Started:
    """The trigger that starts a run of a deployment when one has ended; ``on``: from the beginning."""
    related: Yaml = {"prefect.resource.role": "deployment", "prefect.resource.name": deployment}
    trigger: dict[str, Yaml] = {
        "type": "event",
        "match": {"prefect.resource.id": "prefect.flow-run.*"},
        "match_related": related,
        "expect": [f"prefect.flow-run.{name}" for name in ENDS],
    }
    told = "start the first run by hand: each other one starts when one has ended, a run by hand included"
    return Started(trigger={"enabled": on, **trigger}, notes=(("DP403", told),))


def _notes(tree: ast.expr, keys: Sequence[str], made: frozenset[str]) -> Iterator[Note]:
    yield "DP403", ONE_ROUND
    if len({type(node.op) for node in ast.walk(tree) if isinstance(node, ast.BinOp)}) > 1:
        yield "DP403", MIXED
    for key in keys:
        if key not in made:
            yield "DP403", f"no task of this project makes the asset {key!r}: emit the event {MADE} when it is made"


def _trigger(node: ast.expr, known: Mapping[str, Asset]) -> dict[str, Yaml] | None:
    if isinstance(node, ast.Constant):
        return _event([known[str(node.value)].uri])
    if not isinstance(node, ast.BinOp) or type(node.op) not in JOINTS:
        return None
    parts = list(_parts(node, type(node.op)))
    texts = [part.value for part in parts if isinstance(part, ast.Constant)]
    if isinstance(node.op, ast.BitOr) and len(texts) == len(parts):
        return _event([known[str(text)].uri for text in texts])
    triggers = [_trigger(part, known) for part in parts]
    if None in triggers:
        return None
    different = [one for number, one in enumerate(triggers) if one is not None and one not in triggers[:number]]
    if len(different) == 1:
        return different[0]
    found: list[Yaml] = [*different]
    return {"type": "compound", "require": JOINTS[type(node.op)], "triggers": found}


def _parts(node: ast.expr, op: type[ast.operator]) -> Iterator[ast.expr]:
    """The operands of a chain of one operator."""
    if isinstance(node, ast.BinOp) and type(node.op) is op:
        yield from _parts(node.left, op)
        yield from _parts(node.right, op)
    else:
        yield node


def _event(keys: Sequence[str]) -> dict[str, Yaml]:
    different = list(dict.fromkeys(keys))
    several: Yaml = [*different] if len(different) > 1 else different[0]
    return {"type": "event", "match": {"prefect.resource.id": several}, "expect": [MADE]}
