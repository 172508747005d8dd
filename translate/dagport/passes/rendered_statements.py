"""Jinja's statements as Python expressions: ``{% if %}``, ``{% for %}`` and ``{% set %}``."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from jinja2 import nodes

from dagport.passes.rendered_text import Known, NoPython, Part, closed, joined
from dagport.passes.templates import OBJECTS
from dagport.source import parsed_expression

Form: TypeAlias = Callable[[nodes.Node, Known], Part]
LOOP = {"loop.index": "{} + 1", "loop.index0": "{}", "loop.first": "{} == 0"}
USED = frozenset(
    {"as_int", "config", "context", "datetime", "dt", "enumerate", "len", "map", "pendulum", "range", "str",
     "timedelta", "tojson"}
)  # fmt: skip
"""Names that the Python of templates has, which a loop's variable must not hide."""

CLOCKS = re.compile(r"\.(now|today|utcnow)\(")


class Statements:
    """``form`` makes an expression's source, ``shown`` that of one whose text goes into the result."""

    def __init__(self, form: Form, shown: Form) -> None:
        self.form = form
        self.shown = shown

    def pieces(self, body: Sequence[nodes.Node], known: Known) -> list[str | Part]:
        """The pieces of some statements' text. Raises ``NoPython``."""
        found: list[str | Part] = []
        for node in body:
            if isinstance(node, nodes.Output):
                found += [
                    item.data if isinstance(item, nodes.TemplateData) else self.shown(item, known)
                    for item in node.nodes
                ]
            elif isinstance(node, nodes.If):
                found.append(self._choice(node, known))
            elif isinstance(node, nodes.For):
                found.append(self._loop(node, known))
            elif isinstance(node, nodes.Assign):
                known = self._set(node, known)
            else:
                raise NoPython
        return found

    def _choice(self, node: nodes.If, known: Known) -> Part:
        _refuse_sets(node.body, node.else_, *(item.body for item in node.elif_))
        text = closed(joined(self.pieces(node.else_, known)))
        for item in (*reversed(node.elif_), node):
            chosen = closed(joined(self.pieces(item.body, known)))
            text = f"({chosen} if {self.shown(item.test, known).text} else {text})"
        return Part(text, "text")

    def _loop(self, node: nodes.For, known: Known) -> Part:
        if node.else_ or node.recursive:
            raise NoPython
        over = self._iterated(node.iter, known)
        if over.kind not in ("data", "text"):
            raise NoPython
        names = _targets(node.target, known)
        inner: dict[str, str | Part] = {**known, **{name: Part(name) for name in names}}
        target, source = ", ".join(names), over.text
        if _asks_for_loop(node):
            counter = "index"
            _check_free([counter], {**known, **inner})
            inner |= {name: Part(f"({text.format(counter)})") for name, text in LOOP.items()}
            target = f"{counter}, {f'({target})' if len(names) > 1 else target}"
            source = f"enumerate({source})"
        test = f" if {self.shown(node.test, inner).text}" if node.test is not None else ""
        if test and _asks_for_loop(node):
            raise NoPython  # it counts what is left
        return Part(f'"".join({joined(self.pieces(node.body, inner))} for {target} in {source}{test})', "text")

    def _iterated(self, node: nodes.Node, known: Known) -> Part:
        """What is looped over; ``range`` is Python's own."""
        is_call = isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "range"
        if not is_call or not isinstance(node, nodes.Call) or "range" in known:
            return self.form(node, known)
        if node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
            raise NoPython
        return Part(f"range({', '.join(self.form(item, known).text for item in node.args)})")

    def _set(self, node: nodes.Assign, known: Known) -> Known:
        if not isinstance(node.target, nodes.Name):
            raise NoPython
        _check_settable([node.target.name], known)
        part = self.form(node.node, known)
        if CLOCKS.search(part.text):
            raise NoPython  # each use would ask again
        return {**known, node.target.name: part}


def _refuse_sets(*bodies: Iterable[nodes.Node]) -> None:
    """What a branch sets is there after it. Raises ``NoPython``."""
    if any(isinstance(node, nodes.Assign | nodes.AssignBlock) for body in bodies for node in body):
        raise NoPython


def _asks_for_loop(node: nodes.For) -> bool:
    return any(name.name == "loop" for item in node.body for name in item.find_all(nodes.Name))


def _targets(node: nodes.Node, known: Known) -> list[str]:
    items = node.items if isinstance(node, nodes.Tuple) else [node]
    names = [item.name for item in items if isinstance(item, nodes.Name)]
    if len(names) != len(items):
        raise NoPython
    _check_settable(names, known)
    _check_free(names, known)
    return names


def _check_settable(names: Iterable[str], known: Known) -> None:
    """Raises ``NoPython`` for a name that means something else before it is set."""
    if any(name in known or name in OBJECTS or any(item.startswith(f"{name}.") for item in known) for name in names):
        raise NoPython


def _check_free(names: Iterable[str], known: Known) -> None:
    """Raises ``NoPython`` where a variable would hide what the rest of the Python uses."""
    used = set(USED)
    for item in known.values():
        tree = parsed_expression(item if isinstance(item, str) else item.text)
        used |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    if used.intersection(names):
        raise NoPython
