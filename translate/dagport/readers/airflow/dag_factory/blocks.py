"""Mappings of a YAML file as values: dicts that know where they and their keys are written."""

from __future__ import annotations

from typing import Any

from dagport.evaluate.domain import Anything
from dagport.source import Span


class Block(dict[Any, Any]):
    """A mapping of a YAML file."""

    __slots__ = ("span", "spans")

    def __init__(self, items: dict[Any, Any] | None = None, span: Span | None = None) -> None:
        super().__init__(items or {})
        self.span = span  # None: it stands in another file
        self.spans: dict[Any, Span] = {}  # from a key to the end of its value

    def place(self, key: Anything) -> Span | None:
        """Where a key and its value stand, else the whole mapping."""
        return self.spans.get(key, self.span)

    def like(self, items: dict[Any, Any]) -> Block:
        """Other items at the same place."""
        block = Block(items, self.span)
        block.spans = dict(self.spans)
        return block


def copied(value: Anything) -> Anything:
    """A deep copy of the collections; what they hold stays the same object."""
    if isinstance(value, Block):
        return value.like({key: copied(item) for key, item in value.items()})
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value


def plain(value: Anything) -> Anything:
    """A deep copy with ordinary dicts, as the models of Airflow take them."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def without_places(value: Anything) -> Anything:
    """The same for what stands in another file: its places mean nothing here."""
    if isinstance(value, dict):
        return Block({key: without_places(item) for key, item in value.items()})
    if isinstance(value, list):
        return [without_places(item) for item in value]
    return value
