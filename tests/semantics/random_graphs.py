"""Random small DAGs with random rules and outcomes, by a seed; many of them side by side in one pipeline."""

from __future__ import annotations

import random
from dataclasses import replace

from dagport.graph import DynamicMapping, Edge, Group, Pipeline, Schedule, Task, TaskKind
from dagport.semantics.outcomes.model import Ending, Key, Outcome, Outcomes
from dagport.semantics.outcomes.rules import RULES, SINCE_3
from dagport.values import Call, XCom

KINDS: tuple[TaskKind, ...] = ("python",) * 10 + ("branch", "branch", "short_circuit", "sensor")
ENDINGS: tuple[Ending, ...] = ("success",) * 6 + ("fail", "fail", "skip", "skip", "fail_now")


def batch(seed: int, count: int, version: str) -> tuple[Pipeline, Outcomes]:
    """A pipeline of ``count`` unconnected parts, whose ids are ``c<number>_...``."""
    chance = random.Random(seed)
    tasks: list[Task] = []
    edges: list[Edge] = []
    groups: list[Group] = []
    outcomes, instances, items = dict[str, Outcome](), dict[Key, Outcome](), dict[str, int]()
    for number in range(count):
        part = _Part(chance, f"c{number}", version)
        tasks, edges, groups = tasks + part.tasks, edges + part.edges, groups + part.groups
        outcomes |= part.outcomes
        instances |= part.instances
        items |= part.items
    pipeline = Pipeline(
        id=f"random_{seed}", exact=True, schedule=Schedule(kind="manual"), tasks=tuple(tasks),
        edges=tuple(sorted(edges)), groups=tuple(groups),
    )  # fmt: skip
    return pipeline, Outcomes(tasks=outcomes, instances=instances, items=items)


class _Part:
    """One small DAG: a few tasks, perhaps a mapped one, a mapped group, a setup and a teardown."""

    def __init__(self, chance: random.Random, name: str, version: str) -> None:
        self.chance, self.name = chance, name
        self.rules = sorted(set(RULES) - (SINCE_3 if version == "2" else set()) - {"always", "all_done_setup_success"})
        self.tasks: list[Task] = []
        self.edges: list[Edge] = []
        self.groups: list[Group] = []
        self.outcomes: dict[str, Outcome] = {}
        self.instances: dict[Key, Outcome] = {}
        self.items: dict[str, int] = {}
        for number in range(chance.randint(3, 6)):
            self.task(f"{name}_t{number}")
        if chance.random() < 0.35:
            self.mapped()
        if chance.random() < 0.3:
            self.mapped_group()
        if chance.random() < 0.3:
            self.scope()
        if chance.random() < 0.5:
            self.task(f"{name}_end", least=1)
        setups = {task.id for task in self.tasks if task.setup}
        strict = {
            edge.downstream for edge in self.edges if edge.upstream in setups
        }  # Airflow refuses other rules there
        self.tasks = [replace(one, trigger_rule="all_success") if one.id in strict else one for one in self.tasks]
        for task in self.tasks:
            self.dictate(task)

    def task(self, task_id: str, group: str | None = None, least: int = 0, upstream: list[str] | None = None) -> Task:
        """A task downstream of some that are there."""
        chance = self.chance
        above = [one.id for one in self.tasks if one.group is None]
        chosen = upstream or chance.sample(above, min(len(above), max(least, chance.choice((0, 1, 1, 2, 2, 3)))))
        kind = chance.choice(KINDS)
        arguments = {}
        if kind == "short_circuit":
            arguments = {"ignore_downstream_trigger_rules": chance.random() < 0.5}
        if kind == "sensor":
            arguments = {chance.choice(("soft_fail", "never_fail", "timeout")): True}
        task = Task(
            id=task_id, operator="x.Stub", kind=kind, group=group, arguments=arguments,
            trigger_rule="all_success" if chance.random() < 0.35 else chance.choice(self.rules),
            retries=chance.choice((0, 0, 0, 1)),
        )  # fmt: skip
        self.tasks.append(task)
        self.edges += [Edge(upstream=one, downstream=task_id) for one in chosen]
        return task

    def mapped(self) -> None:
        """A task that is mapped over the result of another."""
        items = self.task(f"{self.name}_items")
        self.tasks[-1] = replace(items, kind="python", arguments={})
        task = self.task(f"{self.name}_m", upstream=[items.id, *self.others()])
        mapping = DynamicMapping(over={"item": XCom(items.id)}, literal_length=None)
        self.tasks[-1] = replace(task, mapped=mapping, kind=task.kind if task.kind == "short_circuit" else "python")
        self.items[task.id] = self.chance.choice((0, 1, 2, 3))
        self.task(f"{self.name}_n", upstream=[task.id, *self.others()])

    def others(self) -> list[str]:
        """At most one more upstream."""
        above = [one.id for one in self.tasks if one.group is None and not one.id.endswith(("_items", "_gitems"))]
        return self.chance.sample(above, self.chance.choice((0, 0, 1)))

    def mapped_group(self) -> None:
        """A mapped group of a few tasks, and a task after it."""
        group = f"{self.name}_g"
        items = self.task(f"{self.name}_gitems")
        self.tasks[-1] = replace(items, kind="python", arguments={})
        self.groups.append(Group(id=group))
        self.items[group] = self.chance.choice((0, 1, 2, 3))
        inside: list[str] = []
        argument = {"op_args": [Call("airflow.sdk.MappedArgument", (XCom(items.id),))]}
        for number in range(self.chance.randint(1, 3)):
            above = self.chance.sample(inside, min(len(inside), self.chance.choice((1, 1, 2))))
            task = self.task(f"{group}.x{number}", group=group, upstream=[*(above or [items.id]), *self.others()])
            self.tasks[-1] = replace(task, arguments={**task.arguments, **argument})
            inside.append(task.id)
        self.task(f"{self.name}_h", upstream=[inside[-1], *self.others()])

    def scope(self) -> None:
        """A setup, some work and a teardown."""
        setup = self.task(f"{self.name}_s")
        self.tasks[-1] = replace(setup, setup=True, kind="python", arguments={})
        work = self.task(f"{self.name}_w0", upstream=[setup.id, *self.others()])
        more = self.task(f"{self.name}_w1", upstream=[work.id, *self.others()])
        upstream = [setup.id, self.chance.choice((work.id, more.id, more.id))]
        teardown = self.task(f"{self.name}_td", upstream=upstream)
        arguments = {"on_failure_fail_dagrun": self.chance.random() < 0.5}
        self.tasks[-1] = replace(
            teardown, teardown=True, trigger_rule="all_success", kind="python", arguments=arguments
        )

    def dictate(self, task: Task) -> None:
        """What a task does."""
        chance = self.chance
        below = [edge.downstream for edge in self.edges if edge.upstream == task.id]
        chosen = tuple(chance.sample(below, chance.randint(0, min(2, len(below))))) if task.kind == "branch" else None
        self.outcomes[task.id] = Outcome(
            ends=chance.choice(ENDINGS), failures=chance.choice((0, 0, 0, 0, 1)), chosen=chosen,
            truthy=chance.random() < 0.6,
        )  # fmt: skip
        for index in range(self.items.get(task.id, self.items.get(task.group or "", 0))):
            if chance.random() < 0.5:
                self.instances[task.id, index] = replace(self.outcomes[task.id], ends=chance.choice(ENDINGS))
