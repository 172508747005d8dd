"""What an engine of a target did, against what it may do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dagport.semantics.outcomes import Outcomes, Prediction
from dagport_adapters.commands.targets import _wrong

KEY = ("notify", -1)


def predicted(*states: str) -> Prediction:
    """The only task ends in the first of these states, or in one of the others if another task is faster."""
    possible: dict[Any, Any] = {KEY: frozenset(states)} if len(states) > 1 else {}
    return Prediction(
        states={KEY: states[0]},  # type: ignore[dict-item]
        tries={}, run="success", possible=possible, possible_runs=frozenset({"success"}),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("source", "model", "found", "said"),
    [
        (["skipped", "success"], "skipped", "success", None),  # the model has one order, and the engine had another
        (["skipped", "success"], "skipped", "skipped", None),
        (["skipped", "success"], "skipped", "failed", "skipped or success in the source, failed in prefect"),
        (["skipped"], "skipped", "success", "skipped in the source, success in prefect"),
        (["success"], "failed", "success", "success in prefect, failed by the model"),
    ],
)
def test_states(source: list[str], model: str, found: str, said: str | None) -> None:
    shape = SimpleNamespace(
        nodes=[SimpleNamespace(id="notify", branch=False, all_downstream=())], order=[0], number={"notify": 0}
    )
    job: Any = SimpleNamespace(
        old=SimpleNamespace(shape=shape, runs=lambda case, two: [predicted(*source)]),
        new=SimpleNamespace(predict=lambda case: predicted(model), target=SimpleNamespace(units={"notify": None})),
    )
    wrong = _wrong(job, Outcomes(), [{"notify": found}, "success"], "prefect")
    assert (wrong and wrong.message.partition(", when")[0]) == said
