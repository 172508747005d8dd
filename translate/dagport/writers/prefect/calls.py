"""The statements of a flow: every task is submitted, with what it takes and waits for, and the leaves are returned.

A task about which Prefect decides as Airflow does takes plain futures. The others go through ``support/control.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from dagport.passes.control import Control
from dagport.writers.common.literals import text_literal

CANCELLED = "# Prefect cancels what is left to do, retries too, when a flow returns."
TEARDOWN = "all_done_setup_success"


class NoLoopError(ValueError):
    """The tasks of a mapped group don't follow each other: something outside of it runs between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultOf:
    """The result of a task, or the results of its instances."""

    task: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemOf:
    """What a task of a mapped group takes of its item."""

    name: str


Given: TypeAlias = str | ResultOf | ItemOf
"""An argument; a text is Python."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """What is mapped over: a product of arguments, or dicts of arguments."""

    arguments: Mapping[str, Given] = field(default_factory=dict)
    kwargs: Given | None = None

    @property
    def sources(self) -> list[Given]:
        """All lists."""
        return [*self.arguments.values(), *([] if self.kwargs is None else [self.kwargs])]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCall:
    """What a flow does with one task."""

    task: str
    function: str  # the name of the Prefect task
    future: str  # the flow's variable with the future of its run, or of its run for one item
    futures: str = ""  # the one with all of them, where it is mapped or lies in a mapped group
    arguments: Mapping[str, Given] = field(default_factory=dict)
    over: Over | None = None  # of a mapped task


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """The statements of a flow, and the names that they use of Prefect and of the support file."""

    lines: tuple[str, ...]
    used: tuple[str, ...]


def statements(
    calls: Sequence[TaskCall],
    controls: Mapping[str, Control],
    *,
    groups: Mapping[str, Over] = MappingProxyType({}),
    item: str = "item",
    setups: Collection[str] = (),
    leaves: Sequence[str] | None = None,
) -> Statements:
    """The body of a flow.

    ``groups`` are the mapped ones, ``item`` the variable of their loops, ``setups`` tasks that are one; ``leaves``
    decide about the run (the controls say so otherwise). Raises ``NoLoopError`` for a mapped group that is no loop.
    """
    return _Composer(calls, controls, groups, item, setups, leaves).statements()


class _Composer:
    def __init__(
        self,
        calls: Sequence[TaskCall],
        controls: Mapping[str, Control],
        groups: Mapping[str, Over],
        item: str,
        setups: Collection[str],
        leaves: Sequence[str] | None,
    ) -> None:
        self.calls = {call.task: call for call in calls}
        self.controls, self.groups, self.item, self.setups = controls, groups, item, setups
        self.leaves = [one for one in self.calls if controls[one].leaf] if leaves is None else list(leaves)
        self.used: dict[str, None] = {}
        self.steps = list(self._steps())

    def statements(self) -> Statements:
        lines = [line for step in self.steps for line in self.step(step)]
        left = self.not_awaited()
        if left:
            self.used["wait"] = None
            lines.append(CANCELLED)
            lines.append(f"wait([{self.futures(left)}])")
        lines.append(f"return [{self.futures(self.leaves)}]")
        return Statements(lines=tuple(lines), used=tuple(self.used))

    # What a task is

    def several(self, task: str) -> bool:
        """Whether it has instances."""
        return self.calls[task].over is not None or self.controls[task].group in self.groups

    def gated(self, task: str) -> bool:
        """Whether it is called with ``after``."""
        taken = [one.task for one in self.calls[task].arguments.values() if isinstance(one, ResultOf)]
        return self.controls[task].gated or self.several(task) or any(self.is_list(one, task) for one in taken)

    def needs(self, task: str) -> set[str]:
        """The tasks whose futures it takes."""
        given = [*self.calls[task].arguments.values(), *self.over(task)]
        found = {*self.controls[task].waits, *(one.task for one in given if isinstance(one, ResultOf))}
        return {one for one in found if one in self.calls} - {task}

    def over(self, task: str) -> list[Given]:
        """The lists that it, or its group, is mapped over."""
        group, own = self.controls[task].group, self.calls[task].over
        shared = self.groups.get(group) if group is not None else None
        return [*(own.sources if own else ()), *(shared.sources if shared else ())]

    # The order

    def _steps(self) -> Iterator[list[str]]:
        """The tasks in an order in which each comes after what it needs; those of a mapped group are one step.

        What the flow itself has to wait for comes as late as it can, so that nothing else is held up by it.
        """
        left: dict[str, list[str]] = {}
        firsts: dict[str | None, str] = {}
        for task in self.calls:
            group = self.controls[task].group
            first = firsts.setdefault(group, task) if group in self.groups else task
            left.setdefault(first, []).append(task)
        home = {task: first for first, members in left.items() for task in members}
        needs = {first: {home[one] for task in members for one in self.needs(task)} for first, members in left.items()}
        done: set[str] = set()
        while left:
            ready = [first for first in left if needs[first] - {first} <= done]
            if not ready:
                raise NoLoopError("something outside of a mapped group runs between its tasks")
            first = next((one for one in ready if not self.blocks(left[one])), ready[0])
            yield self.within(left.pop(first))
            done.add(first)

    def within(self, members: list[str]) -> list[str]:
        """The tasks of one step, those that others need first."""
        found: list[str] = []
        while len(found) < len(members):
            found.append(
                next(one for one in members if one not in found and not self.needs(one) & {*members} - {*found})
            )
        return found

    def blocks(self, members: list[str]) -> bool:
        """Whether the flow waits for a list."""
        return any(isinstance(one, ResultOf) for task in members for one in self.over(task))

    def not_awaited(self) -> list[str]:
        """The tasks that may still be running when the leaves have ended: Prefect cancels what a flow leaves behind.

        A plain task stops waiting at the first failure before it.
        """
        ended: set[str] = set()

        def close(task: str) -> None:
            if task not in ended:
                ended.add(task)
                needs = self.needs(task)
                for one in needs if self.gated(task) or len(needs) == 1 else ():
                    close(one)

        for task in self.leaves:
            close(task)
        found = []
        for task in reversed([task for step in self.steps for task in step]):
            if task not in ended:
                found.append(task)
                close(task)
        return found[::-1]

    # The statements

    def step(self, members: list[str]) -> Iterator[str]:
        """The statements of a step."""
        group = self.controls[members[0]].group
        if group is None or group not in self.groups:
            yield self.statement(members[0])
            return
        for task in members:
            yield f"{self.calls[task].futures} = []"
        yield f"for {self.item} in {self.loop(self.groups[group])}:"
        for task in members:
            call = self.calls[task]
            yield f"    {call.future} = {self.submitted(task)}"
            yield f"    {call.futures}.append({call.future})"

    def statement(self, task: str) -> str:
        """The statement of a task that lies in no mapped group."""
        call = self.calls[task]
        if call.over is None:
            return f"{call.future} = {self.submitted(task)}"
        product = call.over.kwargs is None
        name, source = (
            ("expand", self.mapping(call.over)) if product else ("expand_kwargs", self.source(call.over.kwargs))
        )
        self.used[name] = None
        given = [call.function, source, *self.arguments(task), *self.after(task)]
        return f"{call.futures} = {name}({', '.join(given)})"

    def submitted(self, task: str) -> str:
        """The call of a task."""
        given = self.arguments(task)
        if self.gated(task):
            given += self.after(task)
        else:
            taken = {one.task for one in self.calls[task].arguments.values() if isinstance(one, ResultOf)}
            rest = [one for one in self.controls[task].waits if one not in taken]
            given += [f"wait_for=[{self.futures(rest)}]"] if rest else []
        return f"{self.calls[task].function}.submit({', '.join(given)})"

    def loop(self, over: Over) -> str:
        """The items of a mapped group."""
        self.used["each" if over.kwargs is None else "each_kwargs"] = None
        return f"each({self.mapping(over)})" if over.kwargs is None else f"each_kwargs({self.source(over.kwargs)})"

    def mapping(self, over: Over) -> str:
        """The arguments that are mapped, as a dict."""
        return f"{{{', '.join(f'{text_literal(name)}: {self.source(one)}' for name, one in over.arguments.items())}}}"

    def source(self, given: Given | None) -> str:
        """A list that is mapped over."""
        if not isinstance(given, ResultOf):
            return str(given)
        return self.calls[given.task].futures if self.several(given.task) else self.calls[given.task].future

    def arguments(self, task: str) -> list[str]:
        """What a task's function takes."""
        return [f"{name}={self.argument(task, one)}" for name, one in self.calls[task].arguments.items()]

    def argument(self, task: str, given: Given) -> str:
        """One argument."""
        if isinstance(given, str):
            return given
        if isinstance(given, ItemOf):
            return f"{self.item}[{text_literal(given.name)}]"
        call = self.calls[given.task]
        if not self.gated(task):
            return call.future
        if self.is_list(given.task, task):
            self.used["results_of"] = None
            return f"results_of({call.futures})"
        self.used["allow_failure"] = None
        return f"allow_failure({call.future})"

    def is_list(self, task: str, seen_from: str) -> bool:
        """Whether another task sees all of its instances."""
        group = self.controls[task].group
        return self.several(task) and not (group in self.groups and group == self.controls[seen_from].group)

    def future(self, task: str, seen_from: str | None = None) -> str:
        """Its future, or those of its instances, as items of a list or as arguments."""
        several = self.several(task) if seen_from is None else self.is_list(task, seen_from)
        return f"*{self.calls[task].futures}" if several else self.calls[task].future

    def futures(self, tasks: Iterable[str], seen_from: str | None = None) -> str:
        """Several of them."""
        return ", ".join(self.future(one, seen_from) for one in tasks)

    # What a gated task comes after

    def after(self, task: str) -> list[str]:
        """What it waits for, if anything."""
        control = self.controls[task]
        given = [self.before(one, task) for one in control.upstream]
        stopped_by = [one for one in control.choosers if not self.ways(one, task)]
        others = {"setups": control.setups, "stopped_by": stopped_by, "scope": control.scope}
        given += [f"{name}=[{self.futures(tasks, task)}]" for name, tasks in others.items() if tasks]
        if control.group in self.groups:
            given.append(f"item={self.item}")
        self.used |= {"after": None} if given else {}
        return [f"after=after({', '.join(given)})"] if given else []

    def before(self, task: str, after: str) -> str:
        """A direct upstream: a branch with the ids that lead to the task, a setup of a teardown."""
        future, ways = self.future(task, after), self.ways(task, after)
        if ways:
            self.used["chosen"] = None
            return f"chosen({future}, {', '.join(map(text_literal, ways))})"
        if self.controls[after].rule == TEARDOWN and task in self.setups:
            self.used["as_setup"] = None
            return f"as_setup({future})"
        return future

    def ways(self, branch: str, task: str) -> list[str]:
        """The ids that a branch may choose for a task to run."""
        control = self.controls[branch]
        found = [one for one, tasks in control.ways.items() if task in tasks] if task in control.skips else []
        return sorted(found, key=lambda one: one != task)
