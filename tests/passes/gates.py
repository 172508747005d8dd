"""A pipeline run by nothing but ``control_of`` and the projects' ``decide``: what a gated form ends in."""

from __future__ import annotations

from dataclasses import replace

from dagport.graph import Pipeline
from dagport.passes.control import Control, control_of
from dagport.semantics.outcomes import Outcome, Outcomes
from dagport.writers.common.support.rules import Ended, decide, not_chosen


class Gates:
    """One run, upstreams first. A failure that isn't caught has to make all after it fail: that is checked."""

    def __init__(self, pipeline: Pipeline, outcomes: Outcomes) -> None:
        groups = tuple(replace(group, mapped=group.id in outcomes.items) for group in pipeline.groups)
        self.pipeline = replace(pipeline, groups=groups)
        self.tasks = {task.id: task for task in pipeline.tasks}
        self.outcomes = outcomes
        skipping = {one for one, outcome in outcomes.tasks.items() if outcome.ends == "skip"}
        skipping |= {one for (one, _), outcome in outcomes.instances.items() if outcome.ends == "skip"}
        self.control = control_of(self.pipeline, skipping)
        self.ended: dict[str, Ended] = {}

    def run(self) -> tuple[dict[tuple[str, int], str], str]:
        left = dict(self.control)
        while left:
            ready = [one for one, control in left.items() if not left.keys() & set(control.waits)]
            for one in ready:
                self.ended[one] = self.task(one, left.pop(one))
        states = {
            (one, index if ended.instances is not None else -1): instance.state
            for one, ended in self.ended.items() for index, instance in enumerate(ended.each)
        }  # fmt: skip
        failed = any(self.ended[one].failed for one, control in self.control.items() if control.leaf)
        return dict(states), "failed" if failed else "success"

    def task(self, task_id: str, control: Control) -> Ended:
        task = self.tasks[task_id]
        upstream = [self.ended[one] for one in control.upstream]
        far = [self.ended[one] for one in control.far]
        setups = [self.ended[one] for one in control.setups]
        scope = [self.ended[one] for one in control.scope]
        lists = [self.ended[one] for one in control.lists]
        if task.mapped is None and control.group is None:
            verdict = decide(task_id, control.rule, upstream, choosers=far, setups=setups, scope=scope)
            if verdict.state is not None:
                return Ended(task_id, verdict.state, setup=task.setup, round=verdict.round)
            return self.body(task_id, control, -1, verdict.round)
        length = self.length(task_id, control, lists)
        if control.group is not None:
            inside = {one for one, other in self.control.items() if other.group == control.group}
            if length == 0:
                verdict = decide(task_id, control.rule, upstream, choosers=far, setups=setups, lists=lists)
                return Ended(task_id, verdict.state or "skipped", round=verdict.round)
            instances = []
            for index in range(length):
                same = [self.at(one, index) if one in inside else self.ended[one] for one in control.upstream]
                verdict = decide(task_id, control.rule, same, choosers=far, setups=setups)
                state = verdict.state
                one = self.body(task_id, control, index, verdict.round + 1) if state is None else None
                instances.append(one or Ended(task_id, state or "success", round=verdict.round))
            return Ended(task_id, "success", instances=tuple(instances))
        verdict = decide(task_id, control.rule, upstream, choosers=far, setups=setups, lists=lists)
        if verdict.state is not None or length == 0:
            return Ended(task_id, verdict.state or "skipped", round=verdict.round)
        each = tuple(self.body(task_id, control, index, verdict.round + 1) for index in range(length))
        return Ended(task_id, "success", instances=each)

    def at(self, task_id: str, index: int) -> Ended:
        ended = self.ended[task_id]
        return ended if ended.instances is None else ended.instances[index]

    def length(self, task_id: str, control: Control, lists: list[Ended]) -> int:
        if len(lists) == 1 and lists[0].instances is not None:
            return sum(one.state == "success" for one in lists[0].instances)
        if any(one.instances is None and one.state != "success" for one in lists):
            return 0
        task = self.tasks[task_id]
        literal = task.mapped.literal_length if task.mapped and task.mapped.literal_length is not None else 1
        return self.outcomes.items.get(control.group or task_id, literal)

    def body(self, task_id: str, control: Control, index: int, round_: int) -> Ended:
        """What the task's own work ends in."""
        task, does = self.tasks[task_id], self.outcomes.of(task_id, index)
        skips: tuple[str, ...] = ()
        state = own_state(does, int(task.retries or 0), task.arguments)
        if state == "success" and control.skips:
            try:
                skips = skipped(control, does, task.kind == "branch" and "LatestOnly" not in task.operator)
            except ValueError:
                state = "failed"
        return Ended(task_id, state, skips=skips, setup=task.setup, round=round_)  # type: ignore[arg-type]


def own_state(does: Outcome, retries: int, arguments: object) -> str:
    """How a body ends after its retries."""
    flags = arguments if isinstance(arguments, dict) else {}
    fails = does.failures > retries or does.ends == "fail"
    for_good = does.ends == "fail_now" and not fails
    first = does.failures > 0 or does.ends == "fail"
    if flags.get("never_fail") and (first or for_good):
        return "skipped"
    if flags.get("soft_fail") and for_good:
        return "skipped"
    return "failed" if fails or for_good else "skipped" if does.ends == "skip" else "success"


def skipped(control: Control, does: Outcome, branch: bool) -> tuple[str, ...]:
    """What a branch or short circuit skips."""
    if not branch:
        return () if does.truthy else control.skips
    return not_chosen(list(does.chosen or ()), control.ways)
