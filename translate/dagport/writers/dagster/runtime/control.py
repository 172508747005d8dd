"""Airflow's control flow in Dagster: ops that hand on how they have ended, and decide by Airflow's rules.

Dagster runs an op when all before it have succeeded. Here every op takes an ``Ended`` of each task before it, asks
``decide`` whether it runs, and hands on an ``Ended`` of its own: also when it is skipped, or has failed and a task
after it has to know. Such a failure is logged with its traceback. A failure that isn't ``caught`` fails the step.
"""

from __future__ import annotations

import asyncio
import re
import traceback
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import Parameter, Signature, isawaitable, isgenerator, signature
from typing import Any

import dagster as dg

from dagport.writers.common.support.rules import Ended, Skip, State, combinations, decide, not_chosen

Function = Callable[..., Any]
Events = Iterator[dg.Output[Any] | dg.DynamicOutput[Any]]
DECIDING = ("after", "choosers", "setups")
"""Inputs beside the function's own: direct upstreams; short circuits and setups further above."""
START = "start"  # what only has to have ended: assets before the graph, what a teardown waits for


@dataclass(frozen=True)
class Item:
    """What one instance of a mapped task gets."""

    arguments: Mapping[str, Any]
    round: int


@dataclass(frozen=True, kw_only=True)
class _Before:
    """What an op is given."""

    upstream: list[Ended]
    choosers: list[Ended]
    setups: list[Ended]
    taken: list[Ended]  # whose results the function gets
    arguments: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Task:
    """What its decorator says about a task."""

    function: Function
    task_id: str
    rule: str
    caught: bool
    reads: Collection[str] = ()
    asset: bool = False
    setup: bool = False
    ways: Mapping[str, Sequence[str]] | None = None
    known: Collection[str] = ()
    skips: Sequence[str] = ()
    item: Collection[str] = ()
    beside: Collection[str] = ()

    @property
    def inputs(self) -> list[str]:
        """The function's parameters that get results of other tasks: those that nothing is said about."""
        return [
            name for name, one in signature(self.function).parameters.items()
            if name not in ("context", "config", *self.item) and one.annotation is Parameter.empty
        ]  # fmt: skip

    def before(self, given: dict[str, Any]) -> _Before:
        """Divide what an op is given."""
        after, choosers, setups = ([_ended(one) for one in given.pop(name)] for name in DECIDING)
        after += [_ended(given.pop(name)) for name in self.beside]
        taken = {name: _ended(given[name]) for name in self.inputs}
        arguments = {**given, **{name: one.result for name, one in taken.items()}}
        upstream = [*(one for name, one in taken.items() if name not in self.reads), *after]
        return _Before(
            upstream=upstream, choosers=choosers, setups=setups, taken=list(taken.values()), arguments=arguments
        )

    def events(self, context: dg.OpExecutionContext, given: dict[str, Any]) -> Events:
        """Decide, run, and say how it has ended."""
        item: Item | None = given.pop("item", None)
        before = self.before(given)
        verdict = decide(self.task_id, self.rule, before.upstream, choosers=before.choosers, setups=before.setups)
        if verdict.state is not None:
            yield from self.told(context, self.ended(verdict.state, verdict.round))
            return
        after = verdict.round if item is None else max(verdict.round, item.round) + 1
        arguments = before.arguments if item is None else {**before.arguments, **self.of_item(item)}
        yield from self.told(context, self.run(context, arguments, after))

    def of_item(self, item: Item) -> dict[str, Any]:
        """The function's parameters that get something of an item."""
        names = self.item if isinstance(self.item, Mapping) else dict(zip(self.item, self.item, strict=True))
        return {parameter: item.arguments[name] for parameter, name in names.items()}

    def ended(self, state: State, round_: int, **more: Any) -> Ended:
        """Its end."""
        return Ended(self.task_id, state, setup=self.setup, round=round_, **more)

    def run(self, context: dg.OpExecutionContext, arguments: dict[str, Any], round_: int) -> Ended:
        """Run the function. Raises what it raises, where that isn't caught or a retry follows."""
        if "context" in signature(self.function).parameters:
            arguments["context"] = context
        try:
            value = _value(self.function(**arguments))
            return self.ended("success", round_, value=value, skips=self.skipped(value))
        except Skip as skip:
            context.log.info(f"{self.task_id} skips itself: {skip}")
            return self.ended("skipped", round_)
        except dg.RetryRequested:
            raise
        except Exception as error:
            if not self.caught or _is_retried(context, error):
                raise
            context.log.error(f"{self.task_id} has failed:\n{traceback.format_exc()}")
            return self.ended("failed", round_, error=f"{type(error).__name__}: {error}")

    def skipped(self, value: Any) -> tuple[str, ...]:
        """The tasks that a branch or a short circuit skips, from what its function has returned."""
        if self.ways is not None:
            return not_chosen(value, self.ways, self.known)
        return () if value else tuple(self.skips)

    def told(self, context: dg.OpExecutionContext, ended: Ended, output: str = "ended") -> Iterator[dg.Output[Any]]:
        """The outputs. Raises ``dg.Failure`` for an upstream failure that no task after this one has to know of."""
        if ended.instances is None and ended.state == "upstream_failed" and not self.caught:
            raise dg.Failure(
                f"{self.task_id} isn't run: a task before it has failed", {"state": ended.state}, allow_retries=False
            )
        if ended.state != "success":
            context.log.info(f"{self.task_id} is {ended.state}")
        said = {"state": ended.state, **({"error": ended.error} if ended.error else {})}
        if output in context.selected_output_names:  # an asset's op only has those that something takes
            yield dg.Output(ended, output, metadata=said)
        if self.asset and any(one.state == "success" for one in ended.each):
            yield dg.Output(ended.result, "value")
        elif self.asset:
            context.log_event(dg.AssetObservation(context.asset_key_for_output("value"), metadata=said))


def task_op(
    *,
    dag: str,
    task_id: str,
    rule: str = "all_success",
    caught: bool = False,
    reads: Collection[str] = (),
    asset: bool = False,
    setup: bool = False,
    ways: Mapping[str, Sequence[str]] | None = None,
    known: Collection[str] = (),
    skips: Sequence[str] = (),
    item: Collection[str] | None = None,
    beside: Collection[str] = (),
    **settings: Any,
) -> Callable[[Function], dg.OpDefinition]:
    """An op of a task, whose function's parameters without an annotation are results of other tasks.

    Those in ``reads`` aren't direct upstreams: its rule doesn't look at them. ``caught``: a failure is handed on.
    ``asset``: its value is an output, too. ``ways`` of a branch are the ids that it may return, with the direct
    downstreams that run then (``known``: other ids); ``skips`` of a short circuit are the tasks that it skips. ``item``
    are the parameters that a mapped task is expanded over (a dict where what is expanded has other names), ``beside``
    the direct upstreams of the same mapped group, an input each: Dagster takes no list of them. ``settings`` are those
    of ``dg.op``.
    """

    def decorate(function: Function) -> dg.OpDefinition:
        task = _Task(
            function=function, task_id=task_id, rule=rule, caught=caught, reads=reads, asset=asset, setup=setup,
            ways=ways, known=known, skips=skips, item=item or (), beside=beside,
        )  # fmt: skip
        out = {"ended": dg.Out(Ended, is_required=False), **({"value": dg.Out(is_required=False)} if asset else {})}
        more = [*([] if item is None else ["item"]), *beside]
        return _op(task, task.events, more, out, {"name": _name(dag, task_id), **settings})

    return decorate


def expand_op(
    *,
    dag: str,
    task_id: str,
    rule: str = "all_success",
    caught: bool = False,
    reads: Collection[str] = (),
    **settings: Any,
) -> Callable[[Function], dg.OpDefinition]:
    """What makes the instances of a mapped task, or of a mapped group.

    Its function returns what they are expanded over: a dict of lists, an argument each, or a list of dicts. The output
    ``whole`` is how the task ends where it has no instances, ``each`` are the items.
    """

    def decorate(function: Function) -> dg.OpDefinition:
        task = _Task(function=function, task_id=task_id, rule=rule, caught=caught, reads=reads)

        def events(context: dg.OpExecutionContext, given: dict[str, Any]) -> Events:
            before = task.before(given)
            state, round_ = decide(
                task_id, rule, before.upstream, choosers=before.choosers, setups=before.setups, lists=before.taken
            )
            over = function(**before.arguments) if state is None else []
            items = combinations(over) if isinstance(over, Mapping) else list(over)
            state = state or ("success" if items else "skipped")
            yield from task.told(context, task.ended(state, round_), "whole")
            for index, arguments in enumerate(items):
                yield dg.DynamicOutput(Item(arguments, round_), str(index), "each")

        out = {"whole": dg.Out(Ended), "each": dg.DynamicOut(Item)}
        return _op(task, events, [], out, {"name": f"{_name(dag, task_id)}_items", **settings})

    return decorate


def gather_op(
    *, dag: str, task_id: str, rule: str = "all_success", caught: bool = False, asset: bool = False, **settings: Any
) -> dg.OpDefinition:
    """What puts the instances of a mapped task together, called with ``whole`` and ``each``."""
    task = _Task(function=lambda: None, task_id=task_id, rule=rule, caught=caught, asset=asset)

    def events(context: dg.OpExecutionContext, given: dict[str, Any]) -> Events:
        whole, each = given.pop("whole"), tuple(given.pop("each"))
        before = task.before(given)
        ended = replace(whole, task=task_id, instances=each or None)
        if not each and before.upstream:  # of a group: its rule looks at what is outside of the group, too
            state, round_ = decide(task_id, rule, before.upstream, choosers=before.choosers, setups=before.setups)
            bad = "upstream_failed" in (state, whole.state)
            ended = task.ended("upstream_failed" if bad else "skipped", max(round_, whole.round))
        # Without instances there are no results, which is an empty list for what comes after them.
        yield from task.told(context, ended if each else replace(ended, value=[]))

    out = {"ended": dg.Out(Ended, is_required=False), **({"value": dg.Out(is_required=False)} if asset else {})}
    return _op(task, events, ["whole", "each"], out, {"name": f"{_name(dag, task_id)}_all", **settings})


def ends_op(*, dag: str, name: str = "run_ends") -> dg.OpDefinition:
    """Fails when one of the tasks that decide about the run has failed, and its failure was handed on."""

    def run_ends(after):  # type: ignore[no-untyped-def] # Dagster reads the annotations
        failed = [one.task for one in after if one.failed]
        if failed:
            raise dg.Failure(f"Failed: {', '.join(failed)}", allow_retries=False)

    return dg.op(name=f"{dag}__{name}", ins={"after": dg.In(dg.List[dg.Any])}, out=dg.Out(dg.Nothing))(run_ends)


def _op(
    task: _Task,
    events: Callable[[dg.OpExecutionContext, dict[str, Any]], Events],
    more: Sequence[str],
    out: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> dg.OpDefinition:
    """The op: its parameters are those of the function and what else decides."""
    own = [
        one for name, one in signature(task.function).parameters.items() if name not in ("context", *task.item)
    ]  # fmt: skip
    own = [one.replace(kind=Parameter.KEYWORD_ONLY, default=Parameter.empty) for one in own]
    added = [Parameter(name, Parameter.KEYWORD_ONLY) for name in (*more, *DECIDING)]

    def compute(context: dg.OpExecutionContext, **given: Any) -> Events:
        yield from events(context, given)

    context = Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=dg.OpExecutionContext)
    compute.__signature__ = Signature([context, *own, *added])  # type: ignore[attr-defined]
    compute.__annotations__ = {"context": dg.OpExecutionContext, **{one.name: one.annotation for one in own}}
    ins = {name: dg.In(dg.List[dg.Any], default_value=[]) for name in DECIDING} | {START: dg.In(dg.Nothing)}
    described = {"description": task.function.__doc__, **settings}
    return dg.op(ins=ins, out=dict(out), **described)(compute)


def _name(dag: str, task_id: str) -> str:
    return f"{dag}__{re.sub('[^A-Za-z0-9_]', '_', task_id)}"


def _ended(one: Any) -> Ended:
    """How a task has ended; the value of an asset before the graph is a success."""
    return one if isinstance(one, Ended) else Ended("", "success", one, round=0)


def _value(result: Any) -> Any:
    """What a function hands over: also an asynchronous one, or one that yields an output, or none where it skips."""
    if isawaitable(result):
        return asyncio.run(_awaited(result))
    if not isgenerator(result):
        return result
    outputs = [one.value for one in result if isinstance(one, dg.Output)]
    if not outputs:
        raise Skip("it has yielded nothing")
    return outputs[-1]


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result


def _is_retried(context: dg.OpExecutionContext, error: Exception) -> bool:
    """Whether the op's policy gives it another try."""
    policy = context.op.retry_policy or context.op_def.retry_policy
    if policy is None or (isinstance(error, dg.Failure) and not error.allow_retries):
        return False
    return bool(context.retry_number < policy.max_retries)
