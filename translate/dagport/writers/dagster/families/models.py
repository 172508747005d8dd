"""Objects of a client library in arguments, as the plain data that they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dagport.values import Call, Template, Value, XCom
from dagport.writers.common.literals import NotExpressible, literal, text_literal
from dagport.writers.common.model import Refused
from dagport.writers.dagster.families.table import Convert, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The classes of a library whose objects stand in arguments."""

    prefixes: tuple[str, ...]
    rendered: Mapping[str, frozenset[str]] = field(default_factory=dict)  # class -> attributes that are rendered
    ordered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # class -> its first parameters


def as_data(models: Models) -> Convert:
    """Objects become dicts of their arguments.

    Texts outside of what is rendered stay as they are; a template or a result in one of them, which Airflow leaves
    alone, refuses the task.
    """

    def convert(value: Value, text: Text) -> str:
        return _written(value, text, models)

    return convert


def _written(value: Value, text: Text, models: Models) -> str:
    if isinstance(value, Call) and value.name.startswith(models.prefixes):
        return _model(value, text, models)
    if isinstance(value, Call | Template | XCom) or not isinstance(value, Mapping | Sequence) or isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        items = ((key, _written(item, text, models)) for key, item in value.items())
        return f"{{{', '.join(f'{text_literal(key)}: {item}' for key, item in items)}}}"
    return f"[{', '.join(_written(item, text, models) for item in value)}]"


def _model(value: Call, text: Text, models: Models) -> str:
    name = value.name.rpartition(".")[2]
    first = models.ordered.get(name, ())
    if len(value.args) > len(first):
        raise Refused(f"a {name} has arguments without names")
    attributes = {**dict(zip(first, value.args, strict=False)), **value.kwargs}
    known = models.rendered.get(name, frozenset())
    pairs = (
        f"{text_literal(attribute)}: {_written(item, text if attribute in known else plain, models)}"
        for attribute, item in attributes.items()
    )
    return f"{{{', '.join(pairs)}}}"


def plain(value: Value) -> str:
    """A value that Airflow doesn't render. Raises ``Refused`` when it isn't known."""
    if isinstance(value, Template | XCom):
        raise Refused("Airflow doesn't render a part of its arguments that looks like a template or a result")
    try:
        return literal(value)
    except NotExpressible as reason:
        raise Refused(str(reason)) from None
