"""Airflow's control flow in Prefect: trigger rules, branches, short circuits, skips, setups and teardowns, mapping.

A gated task starts when all that it comes ``after`` has ended, however that was. Its rule then says whether it runs, is
skipped (``Completed(name="Skipped")``), or can't run: ``Pending(name="NotReady")``, which is Prefect's own word for a
task whose upstream has failed, calls no failure hooks, and fails a flow that returns it. Gates wait in the task runner
as other tasks do; the flow itself waits only for a list that something is mapped over.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from prefect import allow_failure, task
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture
from prefect.results import ResultRecord
from prefect.states import Completed, Pending

from dagport.writers.common.support.rules import Ended, Skip, State, combinations, decide

__all__ = [
    "Item", "PermanentFailure", "Skip", "after", "as_setup", "chosen", "each", "each_kwargs", "expand", "expand_kwargs",
    "gated_task", "results_of", "unless_permanent",
]  # fmt: skip


class PermanentFailure(Exception):  # noqa: N818 - named for what it does
    """Raised by a task's function: it fails, whatever retries are left (``AirflowFailException``)."""


def unless_permanent(_task: Any, _run: Any, state: Any) -> bool:
    """The ``retry_condition_fn`` of tasks that may fail for good."""
    return not isinstance(state.data, PermanentFailure)


def gated_task(
    *,
    rule: str = "all_success",
    choices: Iterable[str] | None = None,
    soft_fail: bool = False,
    never_fail: bool = False,
    items: bool = False,
    assets: Sequence[str] = (),
    **options: Any,
) -> Callable[[Callable[..., Any]], Any]:
    """A Prefect task with a trigger rule; a call of it takes ``after=after(...)`` beside the function's own arguments.

    ``choices`` makes it a branch: all ids that it may return. With ``soft_fail`` a sensor that fails for good (by its
    timeout) is skipped, with ``never_fail`` it is skipped whatever it raises. ``items``: others are mapped over its
    result, so it fails without a list or a dict. ``assets`` are those that it materializes, unless it is skipped. The
    other options are those of ``task``. Nothing is cached: a skip that is read from a cache would be a success.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        softened: tuple[type[Exception], ...] = (Exception,) if never_fail else (PermanentFailure,) if soft_fail else ()
        gate = _Gate(function, rule, None if choices is None else frozenset(choices), softened, items, bool(assets))
        made: Any = task
        if assets:
            from prefect.assets import materialize  # since Prefect 3.4

            made = functools.partial(materialize, *assets)
        return made(cache_policy=NO_CACHE, retry_condition_fn=unless_permanent, **options)(gate.wrapped())

    return decorate


# ------------------------------------------------------------------------------------ what a task waits for


class _Before:
    """A task that comes before another; ``ids`` are those of a branch that lead there."""

    def __init__(self, future: PrefectFuture[Any], *, setup: bool = False, ids: tuple[str, ...] | None = None) -> None:
        self.future, self.setup, self.ids = future, setup, ids

    def ended(self) -> Ended:
        """How it has ended; a branch that has chosen another way skips the task."""
        ended = _ended(self.future, setup=self.setup)
        chosen_way = self.ids is None or ended.state != "success" or set(self.ids) & set(_ids(ended.value))
        return ended if chosen_way else _skipping(ended)


def chosen(branch: PrefectFuture[Any], *ids: str) -> _Before:
    """A branch before a task, which is skipped unless the branch chooses one of these ids."""
    return _Before(branch, ids=ids)


def as_setup(future: PrefectFuture[Any]) -> _Before:
    """A setup before its teardown."""
    return _Before(future, setup=True)


class _Asked:
    """What a gate asks: futures that Prefect isn't to resolve, since it is how they have ended that counts."""

    def __init__(
        self,
        before: Sequence[_Before] = (),
        setups: Sequence[PrefectFuture[Any]] = (),
        stopped_by: Sequence[PrefectFuture[Any]] = (),
        scope: Sequence[PrefectFuture[Any]] = (),
        item: Item | None = None,
    ) -> None:
        self.before, self.setups, self.stopped_by, self.scope, self.item = before, setups, stopped_by, scope, item

    def __reduce__(self) -> Any:
        """Where tasks run in other processes, Prefect hands this over when all of it has ended."""
        ended = [_Known(one.ended()) for one in self.before]
        others = [[_Known(_ended(one)) for one in given] for given in (self.setups, self.stopped_by, self.scope)]
        return _Asked, (ended, *others, self.item)

    def futures(self) -> list[PrefectFuture[Any]]:
        """All that is waited for."""
        found = [*(one.future for one in self.before), *self.setups, *self.stopped_by, *self.scope]
        return list({id(one): one for one in found}.values())

    def with_item(self, item: Item) -> _Asked:
        """The same for one item."""
        return _Asked(self.before, self.setups, self.stopped_by, self.scope, item)

    def decide(self, rule: str) -> Any:
        """The state in which a task ends without running; ``None``: it runs."""
        lists = self.item.lists if self.item is not None else []
        state, moment = decide(
            "",
            rule,
            [one.ended() for one in self.before],
            choosers=[_stopping(_ended(one)) for one in self.stopped_by],
            setups=[_ended(one) for one in self.setups],
            scope=[_ended(one) for one in self.scope],
            lists=lists,
        )
        if state is None and self.item is not None and self.item.missing:
            state = "skipped"
        if state is None:
            return None
        if state == "skipped":
            return _skipped(f"By its rule, {rule}.", moment)
        return Pending(name="NotReady", message=f"It can't run, by its rule, {rule}.", data=_NoResult(moment))


class _Known:
    """A future of which all is known."""

    ids = None

    def __init__(self, ended: Ended) -> None:
        self.known, self.setup = ended, ended.setup

    def ended(self) -> Ended:
        """How it has ended."""
        return self.known


def after(
    *before: Any,
    setups: Iterable[PrefectFuture[Any]] = (),
    stopped_by: Iterable[PrefectFuture[Any]] = (),
    scope: Iterable[PrefectFuture[Any]] = (),
    item: Item | None = None,
) -> dict[str, Any]:
    """What a gated task waits for. Its rule looks at how those ``before`` it have ended.

    Whatever its rule, it ends like one of its ``setups`` that has failed or was skipped, and is skipped where a short
    circuit that it is ``stopped_by`` says stop. ``scope`` is what else a teardown waits for; ``item`` is that of its
    mapped group.
    """
    parts = [one if isinstance(one, _Before) else _Before(one) for one in before]
    asked = _Asked(parts, list(setups), list(stopped_by), list(scope), item)
    return {"ended": [allow_failure(one) for one in asked.futures()], "asked": asked}


# ------------------------------------------------------------------------------------ mapping


class Item(dict[str, Any]):
    """One item of those that a task or a group is mapped over: argument -> value.

    It is ``missing`` where there are none: a task that takes it doesn't run.
    """

    def __init__(self, values: Mapping[str, Any], lists: list[Ended], *, missing: bool = False) -> None:
        super().__init__(values)
        self.lists, self.missing = lists, missing  # how the tasks have ended that hand the items over

    def __reduce__(self) -> Any:
        return functools.partial(Item, missing=self.missing), (dict(self), self.lists)


def expand(
    mapped: Any, over: Mapping[str, Any], /, *, after: Mapping[str, Any] | None = None, **given: Any
) -> list[PrefectFuture[Any]]:
    """Run a gated task for each item, or for each combination of items where it is mapped over several arguments.

    It is mapped over a list, a dict (over its pairs), a future of one, or the runs of a mapped task (one item of each
    that has handed over a result). There is a single run that is skipped, or can't run, where there are no items.
    """
    return _submitted(mapped, each(over), after, given)


def expand_kwargs(
    mapped: Any, over: Any, /, *, after: Mapping[str, Any] | None = None, **given: Any
) -> list[PrefectFuture[Any]]:
    """Run a gated task for each dict of arguments in a list."""
    return _submitted(mapped, each_kwargs(over), after, given)


def each(over: Mapping[str, Any]) -> list[Item]:
    """The items that a group of tasks is mapped over, or a single one that is missing.

    Every task of the group takes it: ``after=after(..., item=item)``.
    """
    sources = {name: _listed(source) for name, source in over.items()}
    lists = [ended for _, ended in sources.values()]
    found = combinations({name: values for name, (values, _) in sources.items()})
    return [Item(one, lists) for one in found] or [Item(dict.fromkeys(over), lists, missing=True)]


def each_kwargs(over: Any) -> list[Item]:
    """The dicts of a list as items, or a single item that is missing."""
    values, ended = _listed(over)
    return [Item(one, [ended]) for one in values] or [Item({}, [ended], missing=True)]


def _submitted(
    mapped: Any, items: Sequence[Item], after: Mapping[str, Any] | None, given: Mapping[str, Any]
) -> list[PrefectFuture[Any]]:
    ended, asked = (after["ended"], after["asked"]) if after is not None else ([], _Asked())
    return [mapped.submit(**given, **item, after={"ended": ended, "asked": asked.with_item(item)}) for item in items]


def _listed(source: Any) -> tuple[Any, Ended]:
    """What is mapped over, and how the task has ended that hands it over."""
    if isinstance(source, PrefectFuture):
        one = _ended(source)
        return (one.value if one.state == "success" else []), one
    if isinstance(source, list) and source and all(isinstance(one, PrefectFuture) for one in source):
        ended = [_ended(one) for one in source]
        if all(isinstance(_data(one), _NoResult) for one in source):
            return [], ended[0]  # it was never expanded
        together = Ended("", "success", instances=tuple(ended), round=max(one.round for one in ended))
        return together.result, together
    return source, Ended("", "success", round=0)


class results_of:  # noqa: N801 - it stands for a list
    """What the runs of a mapped task have handed over: a list, for a gated task that comes after them."""

    def __init__(self, instances: Iterable[PrefectFuture[Any]]) -> None:
        self.instances = list(instances)

    def __reduce__(self) -> Any:
        return list, (self.values(),)

    def values(self) -> list[Any]:
        """One for each that has succeeded and returned anything."""
        ended = [_ended(one) for one in self.instances]
        return [one.value for one in ended if one.state == "success" and one.value is not None]


# ------------------------------------------------------------------------------------ running


class _Gate:
    """A task's function, behind what decides whether it is called."""

    def __init__(
        self,
        function: Callable[..., Any],
        rule: str,
        choices: frozenset[str] | None,
        softened: tuple[type[Exception], ...],
        items: bool,
        makes: bool,
    ) -> None:
        self.function, self.rule, self.choices, self.items, self.makes = function, rule, choices, items, makes
        self.skipping: tuple[type[Exception], ...] = (Skip, *softened)

    def wrapped(self) -> Callable[..., Any]:
        """The function that Prefect calls."""

        @functools.wraps(self.function)
        def run(*args: Any, after: Mapping[str, Any] | None = None, **kwargs: Any) -> Any:
            decided = after["asked"].decide(self.rule) if after is not None else None
            if decided is not None:
                return self.unmade(decided)
            try:
                return self.checked(self.function(*map(_given, args), **_all_given(kwargs)))
            except self.skipping as skip:
                return self.unmade(_skipped(str(skip)))

        @functools.wraps(self.function)
        async def run_async(*args: Any, after: Mapping[str, Any] | None = None, **kwargs: Any) -> Any:
            decided = after["asked"].decide(self.rule) if after is not None else None
            if decided is not None:
                return self.unmade(decided)
            try:
                return self.checked(await self.function(*map(_given, args), **_all_given(kwargs)))
            except self.skipping as skip:
                return self.unmade(_skipped(str(skip)))

        found: Any = run_async if inspect.iscoroutinefunction(self.function) else run
        found.__signature__ = _with_after(inspect.signature(self.function))
        return found  # type: ignore[no-any-return]

    def unmade(self, state: Any) -> Any:
        """A state without a result: a skip is a completion for Prefect, which would say that the assets are made."""
        if self.makes:
            from prefect.context import AssetContext  # since Prefect 3.4

            if (context := AssetContext.get()) is not None:
                context.downstream_assets.clear()
        return state

    def checked(self, value: Any) -> Any:
        """A result: a branch chooses what is there, and what others are mapped over is a list or a dict."""
        if self.choices is not None:
            unknown = sorted(set(_ids(value)) - self.choices)
            if unknown:
                raise ValueError(f"The branch has chosen {', '.join(unknown)}, which isn't there")
        if self.items and (isinstance(value, str | bytes) or not isinstance(value, Sequence | Mapping)):
            raise TypeError(f"Others are mapped over this result, and {type(value).__name__} is neither list nor dict")
        return value


def _ids(choice: Any) -> list[str]:
    """The ids that a branch returns: one, several or none."""
    if choice is None or isinstance(choice, str):
        return [choice] if choice else []
    if not isinstance(choice, Iterable) or not all(isinstance(one, str) for one in choice):
        raise TypeError(f"A branch returns ids of tasks, and not {choice!r}")
    return list(choice)


def _given(value: Any) -> Any:
    """An argument: nothing where the task that it is from has no result."""
    if isinstance(value, results_of):
        return value.values()
    return None if isinstance(value, BaseException | ResultRecord | _NoResult) else value


def _all_given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _given(value) for name, value in arguments.items()}


def _with_after(signature: inspect.Signature) -> inspect.Signature:
    """A signature with ``after``, so that Prefect takes it."""
    own = list(signature.parameters.values())
    more = inspect.Parameter("after", inspect.Parameter.KEYWORD_ONLY, default=None)
    place = len(own) - (bool(own) and own[-1].kind is inspect.Parameter.VAR_KEYWORD)
    return signature.replace(parameters=[*own[:place], more, *own[place:]])


# ------------------------------------------------------------------------------------ states


class _NoResult:
    """What a task hands over that didn't run: the moment when that was clear, in microseconds."""

    def __init__(self, moment: int) -> None:
        self.moment = moment

    def __repr__(self) -> str:
        return "no result"


def _skipped(message: str, moment: int | None = None) -> Any:
    return Completed(name="Skipped", message=message, data=None if moment is None else _NoResult(moment))


def _ended(future: Any, *, setup: bool = False) -> Ended:
    """How a task has ended, and when that was clear: of several reasons for an end, the first one counts."""
    if isinstance(future, _Known):
        return future.known
    future.wait()
    state = future.state
    data = _data(future)
    moment = data.moment if isinstance(data, _NoResult) else int(state.timestamp.timestamp() * 1_000_000)
    if state.is_completed() and state.name != "Skipped":
        return Ended("", "success", value=future.result(), setup=setup, round=moment)
    ended: State = "skipped" if state.is_completed() else "upstream_failed" if state.is_pending() else "failed"
    return Ended("", ended, setup=setup, round=moment)


def _data(future: Any) -> Any:
    """What the state of a task that has ended holds."""
    data = future.state.data
    return data.result if isinstance(data, ResultRecord) else data


def _stopping(short_circuit: Ended) -> Ended:
    """A short circuit that skips the task if it says stop."""
    return _skipping(short_circuit) if short_circuit.state == "success" and not short_circuit.value else short_circuit


def _skipping(ended: Ended) -> Ended:
    return Ended("", ended.state, value=ended.value, setup=ended.setup, round=ended.round, skips=("",))
