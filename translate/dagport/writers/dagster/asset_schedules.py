"""Schedules by assets: which Dagster assets stand for Airflow's, and the condition over their updates.

An asset of Airflow is updated when a task with that outlet succeeds, and the task's own asset is materialized then. So
a DAG that waits for it looks at the assets of the tasks that produce it, wherever in the project they are. What no
task of the
project produces is an asset of its own (``defs/assets.py``), whose updates have to be reported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dagport.graph import Asset, Schedule
from dagport.writers.common.conditions import expression_of
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import Note

ODD = re.compile(r"[^A-Za-z0-9_.-]+")
JOINTS: Mapping[type[ast.operator], str] = {ast.BitAnd: "&", ast.BitOr: "|"}


@dataclass(kw_only=True)
class Producers:
    """What stands for the assets of all pipelines of a project."""

    known: dict[str, Asset] = field(default_factory=dict)  # by name, and by URI
    keys: dict[str, list[str]] = field(default_factory=dict)  # asset -> the assets of the tasks that produce it
    starters: dict[str, list[str]] = field(default_factory=dict)  # DAG -> the assets of the tasks that start it
    external: dict[str, tuple[str, Asset]] = field(default_factory=dict)  # asset that nothing produces -> its key

    def declare(self, assets: Iterable[Asset]) -> None:
        """Take note of the assets that a file declares."""
        for asset in assets:
            self.known.setdefault(asset.name, asset)
            self.known.setdefault(asset.uri, asset)

    def produce(self, outlets: Iterable[str], key: str) -> None:
        """Take note of a task's asset, which is materialized when its outlets are updated."""
        for name in outlets:
            asset = self.known.get(name)
            if asset is not None and key not in (keys := self.keys.setdefault(asset.name, [])):
                keys.append(key)

    def start(self, dag_id: str, key: str) -> None:
        """Take note of the asset of a task that starts a DAG."""
        self.starters.setdefault(dag_id, []).append(key)

    def of(self, name: str) -> list[str] | None:
        """The keys of the Dagster assets that stand for an asset; ``None`` where no file declares it."""
        asset = self.known.get(name)
        if asset is None:
            return None
        if asset.name in self.keys:
            return self.keys[asset.name]
        if asset.name not in self.external:
            taken = {key for key, _ in self.external.values()}.union(*self.keys.values())
            self.external[asset.name] = _unique(_key(asset.uri), taken), asset
        return [self.external[asset.name][0]]


def _key(uri: str) -> str:
    return "/".join(part for part in (ODD.sub("_", part) for part in re.split(r"[/:]+", uri)) if part)


def _unique(key: str, taken: set[str]) -> str:
    found, number = key, 2
    while found in taken:
        found, number = f"{key}_{number}", number + 1
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """The condition of a schedule, as source; or why it has none."""

    text: str = ""
    notes: tuple[Note, ...] = ()
    why_not: str | None = None


def condition_of(schedule: Schedule, producers: Producers) -> Condition:
    """When the assets of a schedule suffice for a run."""
    names = schedule.assets or ()
    if not names:
        return Condition(why_not="the assets that it waits for aren't known")
    unknown = [name for name in names if producers.of(name) is None]
    if unknown:
        why = f"{unknown[0]!r} is an alias, or an asset that no translated file declares: only a run tells what it is"
        return Condition(why_not=why)
    tree = expression_of(schedule)
    text = None if tree is None else _text(tree, producers, top=True)
    if text is None:
        return Condition(why_not=f"its condition {schedule.condition!r} isn't followed")
    outside = sorted({name for name in names if producers.known[name].name in producers.external})
    notes = tuple(
        (
            "DP403",
            f"no task of this project produces the asset {name!r}: report its updates to Dagster as "
            f"materializations of {(producers.of(name) or [''])[0]}",
        )
        for name in outside
    )
    return Condition(text=text, notes=notes)


def _text(node: ast.expr, producers: Producers, *, top: bool = False) -> str | None:
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in JOINTS:
            first, second = _text(left, producers, top=_same(left, op)), _text(right, producers)
            if first is None or second is None:
                return None
            text = f"{first} {JOINTS[type(op)]} {second}"
            return text if top else f"({text})"
        case ast.Constant(value=str(name)):
            keys = producers.of(name) or []
            text = " | ".join(f"Updated({text_literal(key)})" for key in keys)
            return text if len(keys) == 1 else f"({text})"
    return None


def _same(node: ast.expr, op: ast.operator) -> bool:
    return isinstance(node, ast.BinOp) and type(node.op) is type(op)
