"""YAML nodes to values, as PyYAML's ``FullLoader`` makes them: nothing is imported, no tag makes an object.

Tags that only the real loader can follow give an ``Unknown``; what it refuses raises ``PyRaise``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from dagport.evaluate.domain import Anything, LimitHit, PyRaise, Unknown
from dagport.evaluate.machine import Machine
from dagport.readers.airflow.dag_factory.blocks import Block
from dagport.readers.airflow.dag_factory.environment import unknown_variable, why_unknown
from dagport.readers.airflow.dag_factory.places import Places, call_site
from dagport.source import Span

YAML = "tag:yaml.org,2002:"
MERGE = f"{YAML}merge"
SCALARS = {
    f"{YAML}{name}": getattr(SafeConstructor, f"construct_yaml_{name}")
    for name in ("null", "bool", "int", "float", "binary", "timestamp", "str")
}
SCALARS[f"{YAML}value"] = SafeConstructor.construct_yaml_str
UNFOLLOWED = (f"{YAML}python/", f"{YAML}omap", f"{YAML}pairs", f"{YAML}set")
UNHASHABLE = (list, dict)
NUMBER_LENGTH = 1000  # longer ones take PyYAML and Python more time than they can be worth


class Constructor:
    """Makes the value of a composed document; notes keys that come twice."""

    def __init__(self, machine: Machine, places: Places | None) -> None:
        self.machine = machine
        self.places = places  # None: another file, whose places aren't shown
        self.duplicates: list[tuple[str, Span | None]] = []
        self.unknown_keys: list[tuple[str, str, Span | None]] = []  # key, variable, place
        self._values: dict[int, Anything] = {}  # scalars by node: an alias is the same object
        self._pairs: dict[int, list[tuple[Any, Any]]] = {}
        self._open: set[int] = set()
        self._made = 0
        self._scalars = SafeConstructor()

    def span(self, node: Any, first: Any = None) -> Span | None:
        """From the beginning of a node, or of its key, to its end."""
        start = (first or node).start_mark.index
        return self.places.span(start, max(_end(node), _end(first or node))) if self.places is not None else None

    def value(self, node: Any) -> Anything:
        """The value of a node."""
        self._count()
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self._open:
            raise self._refusal(node, "RecursionError", "the YAML refers to itself")
        self._open.add(id(node))
        try:
            return self._collection(node)
        finally:
            self._open.discard(id(node))

    def _count(self) -> None:
        """Aliases of aliases unfold to any number of values."""
        self.machine.step()
        self._made += 1
        if self._made > self.machine.limits.items:
            raise LimitHit("values of a YAML file, its aliases unfolded", self.machine.limits.items)

    def _refusal(self, node: Any, name: str, message: str) -> PyRaise:
        refusal = PyRaise(name, message)
        refusal.site = call_site(self.machine.module, self.span(node))
        return refusal

    def _collection(self, node: Any) -> Anything:
        if node.tag == f"{YAML}seq" and isinstance(node, yaml.SequenceNode):
            return [self.value(item) for item in node.value]
        if node.tag == f"{YAML}map" and isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        return self._tagged(node)

    def _tagged(self, node: Any) -> Unknown:
        if node.tag.startswith(UNFOLLOWED):
            return Unknown(f"the YAML tag `{node.tag.removeprefix(YAML)}` isn't followed", "", self.span(node))
        raise self._refusal(node, "yaml.constructor.ConstructorError", f"no constructor for the tag {node.tag!r}")

    def _scalar(self, node: Any) -> Anything:
        value = self._values.get(id(node), self)
        if value is self:
            value = self._values[id(node)] = self._read_scalar(node)
        return value

    def _read_scalar(self, node: Any) -> Anything:
        name = unknown_variable(node.value)
        if name is not None:
            why = why_unknown(name, self.machine.deployment.environment)
            return Unknown(why, node.value, self.span(node))
        make = SCALARS.get(node.tag)
        if make is None:
            return self._tagged(node)
        if node.tag in (f"{YAML}int", f"{YAML}float") and len(node.value) > NUMBER_LENGTH:
            return Unknown("so long a number isn't read", "", self.span(node))
        try:
            return make(self._scalars, node)
        except yaml.YAMLError as error:
            raise self._refusal(node, "yaml.constructor.ConstructorError", str(error).splitlines()[0]) from None
        except (ValueError, KeyError, TypeError, OverflowError, AttributeError) as error:
            raise self._refusal(node, type(error).__name__, str(error)) from None

    # Mappings

    def _mapping(self, node: Any) -> Block:
        block = Block(span=self.span(node))
        own = {id(key) for key, _ in node.value}
        seen: set[Any] = set()
        for key_node, value_node in self._merged(node):
            key = self._key(key_node)
            if id(key_node) in own:
                if key in seen:
                    self.duplicates.append((str(key), self.span(key_node)))
                seen.add(key)
            block[key] = self.value(value_node)
            place = self.span(value_node, key_node)
            if place is not None and id(key_node) in own:
                block.spans[key] = place
        return block

    def _key(self, node: Any) -> Anything:
        """A key; one with a variable in it keeps its text, and is noted."""
        key = self.value(node)
        if isinstance(key, Unknown):
            text = str(getattr(node, "value", ""))
            self.unknown_keys.append((text, key.why, self.span(node)))
            return text
        if isinstance(key, UNHASHABLE):
            raise self._refusal(node, "yaml.constructor.ConstructorError", "found unhashable key")
        return key

    def _merged(self, node: Any) -> list[tuple[Any, Any]]:
        """The pairs of a mapping, those of ``<<`` first (``SafeConstructor.flatten_mapping``)."""
        known = self._pairs.get(id(node))
        if known is None:
            merged = [pair for key, value in node.value if key.tag == MERGE for pair in self._taken_in(value)]
            own = [pair for pair in node.value if pair[0].tag != MERGE]
            known = self._pairs[id(node)] = [*merged, *own]
            self.machine.check_items(len(known))
        return known

    def _taken_in(self, node: Any) -> Iterator[tuple[Any, Any]]:
        if isinstance(node, yaml.SequenceNode):
            for part in reversed(node.value):
                yield from self._mapping_pairs(part)
        else:
            yield from self._mapping_pairs(node)

    def _mapping_pairs(self, node: Any) -> list[tuple[Any, Any]]:
        if not isinstance(node, yaml.MappingNode):
            message = "expected a mapping or list of mappings for merging"
            raise self._refusal(node, "yaml.constructor.ConstructorError", message)
        if id(node) in self._open:
            raise self._refusal(node, "RecursionError", "the YAML refers to itself")
        self._open.add(id(node))
        try:
            return self._merged(node)
        finally:
            self._open.discard(id(node))


def _end(node: Any) -> int:
    """Where the text of a node ends, without what follows a block before the next token."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        inner = last[1] if isinstance(last, tuple) else last
        if inner.start_mark.index <= node.start_mark.index:  # an alias: its anchor stands further up
            return int((last[0] if isinstance(last, tuple) else node).end_mark.index)
        node = inner
    return int(node.end_mark.index)
