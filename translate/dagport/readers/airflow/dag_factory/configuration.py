"""A YAML file as dag-factory's configuration: typed objects made, logical expressions joined.

Source: ``dagfactory._yaml.load_yaml_file`` and ``dagfactory.utils.cast_with_type``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import reduce
from typing import Any

from dagport.evaluate.domain import Anything, PyRaise, Unknown
from dagport.evaluate.machine import Machine
from dagport.evaluate.operators import binary
from dagport.readers.airflow.dag_factory.blocks import Block
from dagport.readers.airflow.dag_factory.imports import import_string
from dagport.readers.airflow.dag_factory.places import call_site

TYPE, ARGUMENTS = "__type__", "__args__"
JOINS = {"__and__": (ast.BitAnd, " & "), "__or__": (ast.BitOr, " | ")}


class Configuration:
    """Turns the values of a YAML file into what dag-factory works with."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def read(self, value: Anything) -> Anything:
        """Both passes over a whole document."""
        return self.joined(self.cast(value))

    # `cast_with_type`

    def cast(self, value: Anything) -> Anything:
        """Make the objects that ``__type__`` asks for."""
        if isinstance(value, list):
            return [self.cast(item) for item in value]
        return self._cast_block(value) if isinstance(value, Block) else value

    def _cast_block(self, block: Block) -> Anything:
        name = block.get(TYPE)
        if name == "builtins.list" and "items" in block:
            return self._items(block)
        processed = block.like({key: self.cast(item) for key, item in block.items() if key not in (TYPE, ARGUMENTS)})
        given = block.get(ARGUMENTS)
        args = [] if given is None else self.cast(given)
        if TYPE not in block:
            return processed if isinstance(args, list) else self._refuse(block, "'args' must resolve to a list")
        return self._object(block, name, args, processed)

    def _items(self, block: Block) -> Anything:
        items = block["items"]
        if isinstance(items, Unknown):
            return items
        if not isinstance(items, list | str | dict):
            return self._refuse(block, f"'{type(items).__name__}' object is not iterable", "TypeError")
        return [self.cast(item) for item in items]

    def _object(self, block: Block, name: Anything, args: Anything, processed: Block) -> Anything:
        site = call_site(self.machine.module, block.span)
        lost = next((item for item in (name, args) if isinstance(item, Unknown)), None)
        if lost is not None:
            return Unknown(lost.why, lost.text, block.span)
        if not isinstance(args, list):
            return self._refuse(block, f"'args' must resolve to a list, got {type(args)}")
        if not all(isinstance(key, str) for key in processed):
            return self._refuse(block, "keywords must be strings", "TypeError")
        return self.machine.call(import_string(self.machine, name, site), args, dict(processed), site)

    def _refuse(self, block: Block, message: str, name: str = "ValueError") -> Anything:
        raised = PyRaise(name, message)
        raised.site = call_site(self.machine.module, block.span)
        raise raised

    # `_flatten_logical_expressions`

    def joined(self, value: Anything) -> Anything:
        """Join what stands below ``__and__``, ``__or__`` and ``__join__``."""
        if isinstance(value, list):
            return [self.joined(item) for item in value]
        if not isinstance(value, Block):
            return value
        for key, (operator, text) in JOINS.items():
            if key in value:
                return self._combined(value, key, operator, text)
        if "__join__" in value:
            return self._text(value, self._parts(value, "__join__"), "")
        return value.like({key: self.joined(item) for key, item in value.items()})

    def _parts(self, block: Block, key: str) -> list[Anything] | Unknown:
        parts = block[key]
        if isinstance(parts, Unknown):
            return parts
        if not isinstance(parts, list | str | dict):
            raised = PyRaise("TypeError", f"'{type(parts).__name__}' object is not iterable")
            raised.site = call_site(self.machine.module, block.span)
            raise raised
        return [self.joined(item) for item in parts]

    def _combined(self, block: Block, key: str, operator: type[ast.operator], text: str) -> Anything:
        parts = self._parts(block, key)
        if isinstance(parts, Unknown):
            return parts
        site = call_site(self.machine.module, block.span)

        def join(left: Anything, right: Anything) -> Anything:
            return binary(self.machine, operator, left, right, site)

        try:
            return reduce(join, parts)
        except TypeError:
            return self._refuse(block, "reduce() of empty iterable with no initial value", "TypeError")
        except PyRaise as raised:
            if raised.name != "TypeError":
                raise
            return self._text(block, parts, text)

    def _text(self, block: Block, parts: list[Anything] | Unknown, separator: str) -> Anything:
        if isinstance(parts, Unknown):
            return parts
        site = call_site(self.machine.module, block.span)
        texts = [self.machine.to_text(part, site) for part in parts]
        lost = next((item for item in texts if isinstance(item, Unknown)), None)
        if lost is not None:
            return Unknown(lost.why, lost.text, block.span)
        joined = separator.join(str(item) for item in texts)
        return f"({joined})" if separator else joined


def unknown_parts(value: Any) -> Iterator[Unknown]:
    """What isn't known anywhere inside a value."""
    if isinstance(value, Unknown):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from unknown_parts(item)
    elif isinstance(value, list):
        for item in value:
            yield from unknown_parts(item)
