"""How a Dagster run ends: ``ActiveExecution`` of ``dagster._core.execution.plan.active`` (1.13).

A step is decided when all of its upstream steps are resolved. Then it is skipped if an input has nothing to load: a
single source that its step, successful or skipped, hasn't yielded, or a fan-in none of whose sources was yielded.
Otherwise it is abandoned if an upstream step has failed or been abandoned, here ``upstream_failed``. Otherwise it runs.
The order of the steps plays no part, but for one fault: see ``skipped_after_abandoned``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dagport.semantics.outcomes.model import Key, Outcome, Outcomes, Prediction, RunState, State

RESULT = "result"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An op or asset of the target. A source is ``step`` or ``step.output``."""

    id: str
    inputs: tuple[tuple[str, ...], ...] = ()  # one tuple an input; several sources are a fan-in
    outputs: tuple[str, ...] = (RESULT,)
    optional: bool = False  # its outputs needn't be yielded: ``Out(is_required=False)``, ``output_required=False``
    dynamic: bool = False  # ``DynamicOut``: as many outputs as the outcomes say items
    maps: str | None = None  # the dynamic step, or the mapped one, whose outputs it runs once for each of
    collects: str | None = None  # the mapped step whose results it takes as one list
    retries: int = 0  # of its ``RetryPolicy``


@dataclass(slots=True)
class _Run:
    steps: Mapping[str, Step]
    outcomes: Outcomes
    states: dict[Key, State]
    tries: dict[Key, int]
    indexes: dict[str, tuple[int, ...] | None]  # of each step; None: it is never resolved


def predict_dagster(steps: Sequence[Step], outcomes: Outcomes) -> Prediction:
    """How a run of these steps ends; they are given upstreams first.

    An outcome that ``skips`` yields nothing (of an optional output; a step that has to yield fails then), ``chosen``
    are the outputs that are yielded, and ``fail_now`` is ``Failure(allow_retries=False)``. Raises ``ValueError`` for
    steps that aren't in order.
    """
    run = _Run({step.id: step for step in steps}, outcomes, {}, {}, {})
    for step in steps:
        unknown = [one for one in upstream_of(step) if one not in run.indexes]
        if unknown:
            raise ValueError(f"The step {step.id} stands before {', '.join(unknown)}, which it needs")
        run.indexes[step.id] = _indexes(run, step)
        for index in run.indexes[step.id] or ():
            _decide(run, step, index)
    failed = any(state in ("failed", "upstream_failed") for state in run.states.values())
    state: RunState = "failed" if failed else "success"
    runs: set[RunState] = {state, "running"} if skipped_after_abandoned(steps, run.states) else {state}
    states: dict[Key, State | None] = dict(run.states)
    return Prediction(states=states, tries=run.tries, run=state, possible_runs=frozenset(runs))


def skipped_after_abandoned(steps: Sequence[Step], states: Mapping[Key, State]) -> list[str]:
    """The skipped steps below an abandoned one: what the executor in one process may wait for, for ever.

    ``inner_plan_execution_iterator`` looks for steps to skip only after it has run one, and before it abandons others.
    If nothing is left to run then, it never looks again. The executor with several processes does.
    """
    abandoned = {step_id for (step_id, _), state in states.items() if state == "upstream_failed"}
    skipped = {step_id for (step_id, _), state in states.items() if state == "skipped"}
    return [step.id for step in steps if step.id in skipped and not abandoned.isdisjoint(upstream_of(step))]


def upstream_of(step: Step) -> Iterator[str]:
    """The steps that it needs."""
    for source in [source for sources in step.inputs for source in sources]:
        yield source.partition(".")[0]
    yield from filter(None, (step.maps, step.collects))


def _indexes(run: _Run, step: Step) -> tuple[int, ...] | None:
    """The mapped instances of a step: as many as the dynamic step has yielded, none where it didn't succeed."""
    if step.maps is None:
        return (-1,)
    source = run.steps[step.maps]
    if not source.dynamic:
        return run.indexes[step.maps]
    if run.states.get((source.id, -1)) != "success":
        return ()
    return tuple(range(run.outcomes.items.get(source.id, 1)))


def _decide(run: _Run, step: Step, index: int) -> None:
    """``ActiveExecution._update``."""
    key = (step.id, index)
    run.tries[key] = 0
    if _nothing_to_load(run, step, index):
        run.states[key] = "skipped"
    elif _upstream_failed(run, step, index):
        run.states[key] = "upstream_failed"
    else:
        run.states[key], run.tries[key] = ended(step, run.outcomes.of(step.id, index))


def ended(step: Step, outcome: Outcome) -> tuple[State, int]:
    """How a step that runs ends, and after how many tries."""
    if outcome.failures > step.retries:
        return "failed", step.retries + 1
    tries = outcome.failures + 1
    if outcome.ends == "fail":
        return "failed", step.retries + 1
    missing = outcome.ends == "skip" or outcome.chosen is not None
    if outcome.ends == "fail_now" or (missing and not step.optional and not step.dynamic):
        return "failed", tries
    return "success", tries


def _sources(run: _Run, step: Step, index: int) -> Iterator[list[tuple[Key, str]]]:
    """The sources of each input: instances and their outputs."""
    for sources in step.inputs:
        yield [instance for source in sources for instance in _instances(run, source, index)]
    if step.maps is not None:
        mapped = run.steps[step.maps]
        yield [((mapped.id, -1 if mapped.dynamic else index), mapped.outputs[0])]
    if step.collects is not None:
        yield [((step.collects, one), RESULT) for one in run.indexes[step.collects] or ()]


def _instances(run: _Run, source: str, index: int) -> Iterable[tuple[Key, str]]:
    name, _, output = source.partition(".")
    where = index if run.steps[name].maps is not None else -1
    return [((name, where), output or run.steps[name].outputs[0])]


def _nothing_to_load(run: _Run, step: Step, index: int) -> bool:
    """``ActiveExecution._should_skip_step``."""
    if step.collects is not None and any(run.states[one, -1] == "skipped" for one in _origins(run, step.collects)):
        return True
    fans = [len(sources) > 1 for sources in step.inputs]
    for number, sources in enumerate(_sources(run, step, index)):
        missing = [one for one in sources if _is_missing(run, *one)]
        is_fan = fans[number] if number < len(fans) else step.collects is not None
        if missing and (not is_fan or len(missing) == len(sources)):
            return True
    return False


def _is_missing(run: _Run, key: Key, output: str) -> bool:
    """Whether a step has ended well and not yielded an output."""
    state, step = run.states.get(key), run.steps[key[0]]
    if state == "skipped":
        return True
    outcome = run.outcomes.of(*key)
    if state != "success" or step.dynamic:
        return False
    return outcome.ends == "skip" or (outcome.chosen is not None and output not in outcome.chosen)


def _upstream_failed(run: _Run, step: Step, index: int) -> bool:
    """Whether an upstream step has failed or been abandoned."""
    keys = [key for sources in _sources(run, step, index) for key, _ in sources]
    if step.collects is not None:
        keys += [(one, -1) for one in _origins(run, step.collects)]
    return any(run.states.get(key) in ("failed", "upstream_failed") for key in keys)


def _origins(run: _Run, mapped: str) -> Iterator[str]:
    """The dynamic step that a mapped one goes back to."""
    step = run.steps[mapped]
    while step.maps is not None:
        step = run.steps[step.maps]
    yield step.id
