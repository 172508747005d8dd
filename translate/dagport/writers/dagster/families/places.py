"""Nested literals from dotted places: ``{"spec.containers.0.image": text}``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from dagport.writers.common.literals import text_literal

Tree: TypeAlias = "str | dict[str, Tree]"


def joined(places: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The places, in which several lists for one place are one list."""
    found: dict[str, str] = {}
    for place, text in places:
        before = found.get(place)
        found[place] = text if before is None else f"[{_items(before)}, {_items(text)}]"
    return found


def _items(text: str) -> str:
    return text[1:-1] if text.startswith("[") else f"*{text}"


def nested(places: Mapping[str, str]) -> dict[str, str]:
    """The source for each first part of the places, in which the other parts are the keys of dicts and lists."""
    tree: dict[str, Tree] = {}
    for place, text in places.items():
        *parents, last = place.split(".")
        branch = tree
        for part in parents:
            below = branch.setdefault(part, {})
            assert isinstance(below, dict)  # noqa: S101 - a table that puts something below a text is wrong
            branch = below
        branch[last] = text
    return {name: source(value) for name, value in tree.items()}


def source(tree: Tree) -> str:
    """A dict, or a list where the keys are numbers."""
    if isinstance(tree, str):
        return tree
    if all(key.isdigit() for key in tree):
        return f"[{', '.join(source(tree[key]) for key in sorted(tree, key=int))}]"
    return f"{{{', '.join(f'{text_literal(key)}: {source(value)}' for key, value in tree.items())}}}"
