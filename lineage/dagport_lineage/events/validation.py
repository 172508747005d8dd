"""Whether an event keeps the official schemas: the event itself, and each facet by the schema that it names.

Nothing is fetched: the official schemas (``spec/openlineage.json``) and our own (``schemas/``) are part of the package.
A facet that names another schema can't be judged; ``unverifiable`` lists those.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dagport_lineage.events.formats import FORMATS
from dagport_lineage.facets import CORE, Event, Json

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator
    from referencing import Registry

KINDS = ("RunEvent", "JobEvent", "DatasetEvent")
PACKAGE = Path(__file__).parent.parent
MESSAGE_LENGTH = 300
FORBIDDEN = {"RunEvent": ("dataset",), "JobEvent": ("run", "dataset"), "DatasetEvent": ("run", "job")}
"""What an event of a kind doesn't have; the schemas leave some of it open, receivers take the event for another."""


@dataclass(frozen=True, slots=True)
class FacetAt:
    """One facet and where it stands, e.g. ``inputs[0].facets.schema``."""

    path: str
    key: str
    content: Json


def problems(event: Json) -> list[str]:
    """What is wrong with an event, each as ``place: what``, sorted by place; nothing: it is valid.

    Raises nothing for whatever JSON it is given.
    """
    if not isinstance(event, dict):
        return ["the event isn't a JSON object"]
    kind = kind_of(event)
    if kind is None:
        return [f"schemaURL: {event.get('schemaURL')!r:.200} doesn't end in one of {', '.join(KINDS)}"]
    found = [f"{name}: a {kind} has none" for name in FORBIDDEN[kind] if name in event]
    found += _against(f"{CORE}/{kind}", event, "")
    for facet in facets(event):
        found += _facet_problems(facet)
    return list(dict.fromkeys(found))


def unverifiable(event: Event) -> list[str]:
    """The facets whose schema isn't known here, each as ``place: address``."""
    found = []
    for facet in facets(event):
        address = _address(facet)
        if address is not None and not _known(address):
            found.append(f"{facet.path}: {address}")
    return found


def kind_of(event: Event) -> str | None:
    """``RunEvent``, ``JobEvent`` or ``DatasetEvent``, by the event's ``schemaURL``; ``None`` where it says neither."""
    url = event.get("schemaURL")
    tail = url.rpartition("/")[2] if isinstance(url, str) else None
    return tail if tail in KINDS else None


def facets(event: Event) -> Iterator[FacetAt]:
    """Every facet of an event, in order."""
    holders: list[tuple[str, Json]] = [(name, event.get(name)) for name in ("run", "job", "dataset")]
    for side in ("inputs", "outputs"):
        datasets = event.get(side)
        holders += [(f"{side}[{at}]", one) for at, one in enumerate(datasets if isinstance(datasets, list) else [])]
    for path, holder in holders:
        if not isinstance(holder, dict):
            continue
        for slot in ("facets", "inputFacets", "outputFacets"):
            content = holder.get(slot)
            for key, value in content.items() if isinstance(content, dict) else ():
                yield FacetAt(f"{path}.{slot}.{key}", key, value)


def _facet_problems(facet: FacetAt) -> list[str]:
    address = _address(facet)
    if address is None or not _known(address):
        return []  # a missing address is found by the event's own schema
    expected = _key_of(address)
    if expected is not None and expected != facet.key:
        return [f"{facet.path}: its schema is that of the facet `{expected}`"]
    return _against(address, facet.content, facet.path)


def _address(facet: FacetAt) -> str | None:
    address = facet.content.get("_schemaURL") if isinstance(facet.content, dict) else None
    return address if isinstance(address, str) else None


def _against(address: str, content: Json, path: str) -> list[str]:
    errors = [leaf for error in _validator(address).iter_errors(content) for leaf in _leaves(error)]
    found = {(f"{path}{_steps(error.absolute_path)}".lstrip("."), error.message) for error in errors}
    return [f"{place or 'the event'}: {message:.{MESSAGE_LENGTH}}" for place, message in sorted(found)]


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """What is wrong inside, where the schema gives one alternative only, as the official ones often do."""
    if error.validator == "anyOf" and isinstance(error.validator_value, list) and len(error.validator_value) == 1:
        for inner in error.context or ():
            yield from _leaves(inner)
    else:
        yield error


def _steps(path: Iterable[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


@cache
def _schemas() -> dict[str, Json]:
    """Every schema of the package by its address."""
    own = [json.loads(file.read_bytes()) for file in sorted((PACKAGE / "schemas").glob("*/*.json"))]
    official = json.loads((PACKAGE / "spec" / "openlineage.json").read_bytes())["schemas"]
    return {schema["$id"]: schema for schema in (*official, *own)}


@cache
def _registry() -> Registry[Json]:
    from referencing import Registry, Resource  # loading them takes as long as reading several DAG files

    return Registry().with_resources((name, Resource.from_contents(schema)) for name, schema in _schemas().items())


@cache
def _known(address: str) -> bool:
    from referencing.exceptions import Unresolvable

    try:
        _registry().resolver().lookup(address)
    except (Unresolvable, ValueError):  # ValueError: no URL at all, such as "http://["
        return False
    return True


def _key_of(address: str) -> str | None:
    """The key that a schema file gives its facet; ``None`` for the core's general definitions."""
    keys = list(_schemas().get(address.partition("#")[0], {}).get("properties", ()))
    return keys[0] if len(keys) == 1 else None


@cache
def _validator(address: str) -> Validator:
    from jsonschema import Draft202012Validator, FormatChecker

    checker = FormatChecker(formats=())
    for name, holds in FORMATS.items():
        checker.checks(name)(lambda value, holds=holds: not isinstance(value, str) or holds(value))
    return Draft202012Validator({"$ref": address}, registry=_registry(), format_checker=checker)
