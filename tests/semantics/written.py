"""Cases written in a few lines: a small DAG, what its tasks do, and how they end.

    tasks = "a b; join: one_failed; m: mapped retries=1; g.x; s: setup; t: teardown; br: branch"
    edges = "a b > join > m"
    does = "a fails; br chooses x g; sc false; m has 3 items; m[1] skips; c fails 2 times"
    ends = "a failed; join success; m[0] m[2] success; run success"

Tasks that aren't in ``tasks`` are plain ones. A dot is a group. A group with items is mapped over ``<group>_items``,
and a mapped task over ``<task>_items``, unless it says ``over=other``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from dagport.graph import DynamicMapping, Edge, Group, Pipeline, Schedule, Task
from dagport.semantics.outcomes.model import Key, Outcome, Outcomes
from dagport.semantics.outcomes.shape import xcoms_in
from dagport.values import Call, XCom

FOLDER = Path(__file__).with_name("cases")
KINDS = {"branch": "branch", "short_circuit": "short_circuit", "sensor": "sensor"}
FLAGS = {"direct": {"ignore_downstream_trigger_rules": False}, "fails_run": {"on_failure_fail_dagrun": True},
         "soft_fail": {"soft_fail": True}, "never_fail": {"never_fail": True}}  # fmt: skip
ENDINGS = {"fails": "fail", "skips": "skip", "succeeds": "success", "fails_now": "fail_now"}


@dataclass(frozen=True)
class Written:
    """One case."""

    name: str
    area: str
    tasks: str
    edges: str
    does: str
    ends: str
    versions: tuple[str, ...]
    pipeline: Pipeline
    outcomes: Outcomes
    expected: dict[Key, str]
    run: str
    note: str = ""


def written() -> list[Written]:
    """All cases, in the order of their files."""
    return [
        case(row, path.stem)
        for path in sorted(FOLDER.glob("*.toml"))
        for row in tomllib.loads(path.read_text())["case"]
    ]


def case(row: dict[str, str], area: str) -> Written:
    """One case from its row."""
    outcomes = outcomes_of(row.get("does", ""))
    expected, run = ends_of(row.get("ends", ""))
    return Written(
        name=row["name"], area=area, tasks=row.get("tasks", ""), edges=row.get("edges", ""),
        does=row.get("does", ""), ends=row.get("ends", ""), versions=tuple(row.get("airflow", "2 3").split()),
        pipeline=pipeline_of(row["name"], row.get("tasks", ""), row.get("edges", ""), outcomes), outcomes=outcomes,
        expected=expected, run=run, note=row.get("note", ""),
    )  # fmt: skip


def pipeline_of(name: str, tasks: str, edges: str, outcomes: Outcomes) -> Pipeline:
    """The graph that the texts say."""
    said: dict[str, list[str]] = {}
    for part in parts(tasks):
        names, _, words = part.partition(":")
        said |= {one: words.split() for one in names.split()}
    pairs = [pair for chain in parts(edges) for pair in pairs_of(chain)]
    ids = list(dict.fromkeys([*said, *(one for pair in pairs for one in pair)]))
    made = {one: task_of(one, said.get(one, [])) for one in ids}
    add_producers(made, pairs, outcomes)
    fed = dict.fromkeys([one for task in made.values() for one in producers(task)])
    made = {**{one: made[one] for one in fed}, **made}
    known = sorted({prefix for one in made for prefix in prefixes(one)})
    return Pipeline(
        id=re.sub(r"\W", "_", name), exact=True, schedule=Schedule(kind="manual"), tasks=tuple(made.values()),
        edges=tuple(sorted(Edge(upstream=up, downstream=down) for up, down in dict.fromkeys(pairs))),
        groups=tuple(Group(id=one, parent=one.rpartition(".")[0] or None) for one in known),
    )  # fmt: skip


def task_of(task_id: str, words: list[str]) -> Task:
    """A task from the words that say what it is."""
    task = Task(id=task_id, operator="x.Stub", kind="python", group=task_id.rpartition(".")[0] or None)
    for word in words:
        name, _, value = word.partition("=")
        if name in KINDS:
            task = replace(task, kind=KINDS[name])  # type: ignore[arg-type]
        elif name == "latest_only":
            task = replace(task, operator="x.LatestOnlyOperator")
        elif name in FLAGS:
            task = replace(task, arguments={**task.arguments, **FLAGS[name]})
        elif name in ("setup", "teardown", "depends_on_past", "wait_for_downstream"):
            task = replace(task, **dict[str, Any]({name: True}))
        elif name in ("retries", "priority_weight"):
            task = replace(task, **dict[str, Any]({name: int(value)}))
        elif name in ("mapped", "over"):
            task = replace(
                task, mapped=DynamicMapping(over={"item": XCom(value or f"{task_id}_items")}, literal_length=None)
            )
        else:
            task = replace(task, trigger_rule=name)
    return task


def add_producers(made: dict[str, Task], pairs: list[tuple[str, str]], outcomes: Outcomes) -> None:
    """The tasks that hand over the items, and the arguments of mapped groups."""
    groups = {group for one in made for group in prefixes(one) if group in outcomes.items}
    for one in list(made.values()):
        for producer in producers(one):
            made.setdefault(producer, task_of(producer, []))
            pairs.append((producer, one.id))
    for group in sorted(groups):
        inside = [one for one in made if group in prefixes(one)]
        made.setdefault(f"{group}_items", task_of(f"{group}_items", []))
        argument = {"op_args": [Call("airflow.sdk.MappedArgument", (XCom(f"{group}_items"),))]}
        for name in inside:
            if not any(down == name and up in inside for up, down in pairs):
                made[name] = replace(made[name], arguments={**made[name].arguments, **argument})
                pairs.append((f"{group}_items", name))


def producers(task: Task) -> list[str]:
    """The tasks that it is mapped over, or that the group is of which it is the first."""
    values = [*(task.mapped.over.values() if task.mapped else ()), task.arguments.get("op_args")]
    return list(xcoms_in(values))


def outcomes_of(text: str) -> Outcomes:
    """What the tasks do."""
    tasks: dict[str, Outcome] = {}
    instances: dict[Key, Outcome] = {}
    items: dict[str, int] = {}
    for part in parts(text):
        words = part.split()
        for place, word in enumerate(words):
            if word in ("has", "chooses", "true", "false", "not_latest", *ENDINGS):
                ids, does, more = words[:place], word, words[place + 1 :]
                break
        else:
            raise ValueError(part)
        for one in ids:
            if does == "has":
                items[one] = int(more[0])
                continue
            name, index = instance(one)
            before = (
                instances.get((name, index), tasks.get(name, Outcome())) if index >= 0 else tasks.get(name, Outcome())
            )
            outcome = did(before, does, more)
            if index >= 0:
                instances[name, index] = outcome
            else:
                tasks[name] = outcome
    return Outcomes(tasks=tasks, instances=instances, items=items)


def did(before: Outcome, does: str, more: list[str]) -> Outcome:
    """One outcome from its words."""
    if does == "chooses":
        return replace(before, chosen=tuple(more))
    if does in ("true", "false", "not_latest"):
        return replace(before, truthy=does == "true")
    if does == "fails" and more:
        return replace(before, failures=int(more[0]))
    return replace(before, ends=ENDINGS[does])  # type: ignore[arg-type]


def ends_of(text: str) -> tuple[dict[Key, str], str]:
    """The states that are expected, and the run's."""
    expected: dict[Key, str] = {}
    run = ""
    for part in parts(text):
        *ids, state = part.split()
        for one in ids:
            if one == "run":
                run = state
            else:
                expected[instance(one)] = state
    return expected, run


def instance(text: str) -> Key:
    """``m[2]`` is an instance."""
    name, _, index = text.partition("[")
    return name, int(index.rstrip("]")) if index else -1


def prefixes(task_id: str) -> list[str]:
    """The groups that an id says."""
    words = task_id.split(".")[:-1]
    return [".".join(words[: end + 1]) for end in range(len(words))]


def pairs_of(chain: str) -> Iterator[tuple[str, str]]:
    """``a b > c``: every task of a step before every one of the next."""
    steps = [step.split() for step in chain.split(">")]
    for one, other in pairwise(steps):
        for up in one:
            for down in other:
                yield up, down


def parts(text: str) -> list[str]:
    """What semicolons divide."""
    return [part.strip() for part in text.split(";") if part.strip()]
