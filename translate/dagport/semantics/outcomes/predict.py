"""How Airflow runs end: ``predict_airflow`` for one run, ``predict_runs`` for runs that depend on the ones before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from dagport.graph import Pipeline
from dagport.semantics.outcomes.airflow import Order, Simulation, heaviest_first, prediction, shape_of
from dagport.semantics.outcomes.model import Outcomes, Prediction
from dagport.semantics.outcomes.orders import possible
from dagport.semantics.outcomes.rules import Version
from dagport.semantics.outcomes.shape import Node, Shape

PASSED = ("success", "skipped")


def predict_airflow(pipeline: Pipeline | Shape, outcomes: Outcomes, *, version: Version = "3") -> Prediction:
    """How a run ends when its tasks do what is dictated.

    A ``Shape`` in place of the pipeline saves making it for each of many outcomes (it has the version, and the groups
    that are mapped). Raises ``UnknownRuleError`` and ``CycleError`` for pipelines that Airflow refuses.
    """
    simulation = Simulation(shape_of(pipeline, outcomes, version), outcomes)
    return _with_orders(simulation, prediction(simulation, simulation.go()))


def simulate(
    pipeline: Pipeline | Shape, outcomes: Outcomes, *, version: Version = "3", order: Order = heaviest_first
) -> Prediction:
    """How a run ends in one order; says nothing of others."""
    simulation = Simulation(shape_of(pipeline, outcomes, version), outcomes, order)
    return prediction(simulation, simulation.go())


def predict_runs(
    pipeline: Pipeline | Shape, sequence: Sequence[Outcomes], *, version: Version = "3"
) -> list[Prediction]:
    """How runs end one after the other (``PrevDagrunDep``: ``depends_on_past`` and ``wait_for_downstream``).

    A run whose state is "running" waits for ever: a task of it waits for the run before. The runs after it go on as
    far as they can.
    """
    predictions: list[Prediction] = []
    for outcomes in sequence:
        shape = shape_of(pipeline, outcomes, version)
        before = predictions[-1] if predictions else None
        blocked = frozenset(n for n, node in enumerate(shape.nodes) if before and is_blocked(shape, node, before))
        simulation = Simulation(shape, outcomes, blocked=blocked)
        predictions.append(_with_orders(simulation, prediction(simulation, simulation.go())))
    return predictions


def is_blocked(shape: Shape, node: Node, before: Prediction) -> bool:
    """Whether a task may not run for what the run before has ended in."""
    if not node.past:
        return False
    watched = [node.id, *(shape.nodes[one].id for one in node.downstream if node.past_downstream)]
    return not all_passed(before, watched)


def all_passed(prediction: Prediction, task_ids: Iterable[str]) -> bool:
    """Whether all instances of some tasks are a success or skipped."""
    ids = set(task_ids)
    return all(state in PASSED for (task_id, _), state in prediction.states.items() if task_id in ids)


def _with_orders(simulation: Simulation, found: Prediction) -> Prediction:
    if found.run == "running":  # what waits for another run doesn't depend on the order within this one
        return replace(found, possible_runs=frozenset({found.run}))
    varying, runs = possible(simulation)
    return replace(found, possible=varying, possible_runs=runs)
