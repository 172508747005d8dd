"""What is known about operator classes: one family, one file, found by listing this folder.

A class is looked up by its qualified name: in the families' own tables, in ``facts.json`` (read from the providers'
sources by ``tests/engines/operator_facts.py``), by its class name when the module is one that Airflow has moved, and
at last its kind is guessed from its name. Only the kind is ever guessed.
"""

from __future__ import annotations

import json
import pkgutil
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from dagport.graph import TaskKind

SENSOR_PARAMETERS = "poke_interval timeout soft_fail mode exponential_backoff max_wait silent_fail never_fail"


@dataclass(frozen=True, slots=True)
class Signature:
    """What one class adds to ``BaseOperator``. Names are separated by spaces."""

    template_fields: str | None = None  # None: not known
    required: str = ""
    optional: str = ""
    kind: TaskKind | None = None  # where it isn't the family's
    sensor: bool = False  # it also has the parameters of BaseSensorOperator
    skips: bool = False  # it can skip tasks that come after it
    defaults: Mapping[str, Any] = field(default_factory=dict)  # its own defaults of base fields; durations in seconds
    forced: Mapping[str, Any] = field(default_factory=dict)  # base fields that the constructor sets, whatever is given
    doubtful: str = ""  # base fields that the constructor sets to what isn't known
    callable: str | None = None  # its method that it runs as a Python function, without being given one


@dataclass(frozen=True, slots=True)
class Family:
    """Operators of one kind."""

    kind: TaskKind
    classes: Mapping[str, Signature | None] = field(default_factory=dict)  # None: the signature is in facts.json
    aliases: Mapping[str, str] = field(default_factory=dict)  # old qualified name -> present one
    names: str = ""  # regular expression of class names that are of this kind
    rank: int = 50  # when the names of several families match, the lowest rank decides


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known about a class."""

    kind: TaskKind
    name: str  # present qualified name
    template_fields: tuple[str, ...] | None = None  # None: not known
    required: tuple[str, ...] = ()
    parameters: tuple[str, ...] | None = None  # all of the constructor's own, required ones too; None: not known
    skips: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)
    forced: Mapping[str, Any] = field(default_factory=dict)
    doubtful: tuple[str, ...] = ()
    callable: str | None = None  # qualified name of its method that it runs, where it isn't given a function

    @property
    def python_callable(self) -> bool:
        """Whether it runs a Python function that it is given."""
        return self.callable is None and "python_callable" in (self.parameters or ())


@cache
def families() -> tuple[Family, ...]:
    """All families, in the order of their files' names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(import_module(f"{__name__}.{name}").FAMILY for name in names)


@cache
def facts() -> dict[str, Any]:
    """The facts read from the providers' sources: ``{"sources": ..., "modules": {module: {class: facts}}}``."""
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("facts.json").read_text("utf-8"))
    return loaded


@cache
def _tables() -> dict[str, tuple[Family, Signature | None]]:
    return {name: (family, signature) for family in families() for name, signature in family.classes.items()}


@cache
def _aliases() -> dict[str, str]:
    return {old: new for family in families() for old, new in family.aliases.items()}


@cache
def _by_class_name() -> dict[str, str | None]:
    """Class name -> its qualified name; ``None`` where several modules have such a class."""
    index: dict[str, str | None] = {}
    for module, classes in facts()["modules"].items():
        for name in classes:
            index[name] = None if name in index else f"{module}.{name}"
    for qualified in _tables():
        index[qualified.rpartition(".")[2]] = qualified
    return index


@cache
def find(name: str) -> Entry | None:
    """What is known about a class by its qualified name, or ``None`` when it isn't known as an operator."""
    known = _exactly(_aliases().get(name, name))
    if known is not None:
        return known
    module, _, class_name = name.rpartition(".")
    if module.startswith("airflow."):
        present = _by_class_name().get(class_name)
        moved = _exactly(present) if present is not None else None
        if moved is not None:
            # An older version of the class may have had other parameters.
            return replace(moved, required=())
    kind = guess(class_name) if re.fullmatch(r"_?[A-Z]\w+(Operator|Sensor)(Async)?", class_name) else None
    return None if kind is None else Entry(kind, name)


def is_operator(name: str) -> bool:
    """Whether a qualified name is an operator class."""
    return find(name) is not None


def _exactly(name: str) -> Entry | None:
    if name in _tables():
        family, signature = _tables()[name]
        if signature is not None:
            return _entry(name, signature.kind or family.kind, signature)
        read = _from_facts(name)
        return Entry(family.kind, name) if read is None else _entry(name, family.kind, read)
    read = _from_facts(name)
    return None if read is None else _entry(name, read.kind or guess(name.rpartition(".")[2]), read)


def _from_facts(name: str) -> Signature | None:
    module, _, class_name = name.rpartition(".")
    if not module.startswith("airflow.providers."):
        return None  # the file need not be loaded
    row = facts()["modules"].get(module, {}).get(class_name)
    return None if row is None else Signature(**row)


def _entry(name: str, kind: TaskKind, signature: Signature) -> Entry:
    fields = signature.template_fields
    optional = f"{signature.optional} {SENSOR_PARAMETERS}" if signature.sensor else signature.optional
    return Entry(
        kind,
        name,
        None if fields is None else tuple(fields.split()),
        tuple(signature.required.split()),
        (*signature.required.split(), *optional.split()),
        signature.skips,
        signature.defaults,
        signature.forced,
        tuple(signature.doubtful.split()),
        None if signature.callable is None else f"{name}.{signature.callable}",
    )


def guess(class_name: str) -> TaskKind:
    """The kind that a class name suggests."""
    for family in sorted(families(), key=lambda item: item.rank):
        if family.names and re.search(family.names, class_name):
            return family.kind
    return "other"
