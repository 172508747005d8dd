"""Results that are handed in, as the worker takes them."""

from __future__ import annotations

from typing import Any

from dagport_adapters.runners.errors import InputError
from dagport_adapters.runners.protocol import Handed

MARK = "__classname__"


def as_message(handed: Handed) -> dict[str, Any]:
    """What the worker is told. Raises ``InputError`` for what JSON can't hold as it is: nothing is changed silently."""
    what = f"{handed.key} of {handed.task_id}"
    if handed.unreadable is not None:
        raise InputError(f"The {what} can't be handed in, since it couldn't be read: {handed.unreadable}")
    odd = not_json(handed.value, marked=handed.serialized_from is not None)
    if odd is not None:
        raise InputError(f"The {what} can't be handed in: it has a {odd}")
    return {
        "task_id": handed.task_id,
        "key": handed.key,
        "map_index": handed.map_index,
        "value": handed.value,
        "serialized_from": handed.serialized_from,
    }


def not_json(value: Any, *, marked: bool = False) -> str | None:
    """What of a value JSON can't hold as it is, or Airflow would take for something else; ``None`` if there is nothing.

    ``marked``: it has Airflow's own marks, since Airflow has made it.
    """
    left = [value]
    while left:
        one = left.pop()
        if type(one) is dict:
            odd = next((type(key) for key in one if type(key) is not str), None)
            if odd is not None:
                return f"key of type {odd.__qualname__}, which JSON can't hold"
            if MARK in one and not marked:
                return f"key {MARK}, by which Airflow marks objects"
            left.extend(one.values())
        elif type(one) is list:
            left.extend(one)
        elif one is not None and type(one) not in (str, int, float, bool):
            return f"{type(one).__qualname__}, which JSON can't hold"
    return None
