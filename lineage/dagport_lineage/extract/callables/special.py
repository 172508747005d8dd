"""Calls whose arguments are functions or names: their rules look at more than data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dagport.evaluate.needs import is_public
from dagport_lineage.extract.callables import folding
from dagport_lineage.extract.callables.access import attribute
from dagport_lineage.extract.callables.domain import (
    FAILS,
    LOST,
    PURE,
    Data,
    Entries,
    Function,
    Handle,
    Items,
    Known,
    Lost,
    Method,
    Partial,
    Qualified,
    Value,
    data_of,
    held_by,
    some,
    some_entries,
)
from dagport_lineage.extract.callables.site import ABSENT, Rule, Site
from dagport_lineage.model import Unresolved

if TYPE_CHECKING:
    from dagport_lineage.extract.callables.walker import Walker


CALLABLE = Function | Method | Partial | Qualified


def _partial(site: Site) -> Value:
    from dagport_lineage.extract.callables.calls import escape

    if site.is_open or not site.args:
        escape(site)
        return site.unknown()
    target, *args = site.args
    return Partial(target, tuple(args), tuple(site.kwargs.items()))


def mapped(site: Site) -> Value:
    """``map(function, items)``: each call followed, where the items are known."""
    from dagport_lineage.extract.callables.calls import escape, invoke
    from dagport_lineage.extract.callables.loops import items_of

    target = site.arg(0)
    items = items_of(site.walker, site.arg(1)) if len(site.args) == 2 and not site.is_open else None
    if items is None or not isinstance(target, CALLABLE) or len(items) > folding.MAX_ITEMS:
        escape(site)
        return Data(None, None)
    found = [invoke(Site(site.walker, site.node, site.text, [item]), target) for item in items]
    return Items("list", found, region=site.walker.region) if found else some("list", [])


def _getattr(site: Site) -> Value:
    name = site.text_arg(1)
    if name is None or not site.args or site.is_open:
        return site.unknown()
    return attribute(site.walker, site.args[0], name, f"{site.text}.{name}")


# Sequences


def _range(site: Site) -> Value:
    numbers = [folding.plain(arg) for arg in site.args]
    if site.is_open or not numbers or not all(isinstance(number, int) for number in numbers):
        return site.data()
    try:
        found = range(*numbers)
    except (TypeError, ValueError):
        return FAILS
    return folding.to_value(list(found)) if len(found) <= folding.MAX_ITEMS else PURE


def _sequence(kind: str) -> Rule:
    """``list(x)``, ``tuple(x)``, ``sorted(x)``, ``enumerate(x)``, ``zip(x, y)``, ``reversed(x)``: of known items."""

    def rule(site: Site) -> Value:
        from dagport_lineage.extract.callables.calls import escape
        from dagport_lineage.extract.callables.loops import items_of

        escape(site)
        only = site.args[0] if len(site.args) == 1 else None
        if isinstance(only, Handle) and only.kind == "files.paths" and kind in ("list", "tuple", "sorted", "reversed"):
            return only
        parts = [items_of(site.walker, arg) for arg in site.args]
        known = [part for part in parts if part is not None]
        if site.is_open or site.kwargs or len(known) != len(parts):
            return _unknown_items(site)
        made = _made(kind, known)
        return _unknown_items(site) if made is None else Items(SEQUENCES[kind], made, region=site.walker.region)

    return rule


def _first(site: Site) -> Value:
    """Gives its argument as it is: ``closing(x)``, ``nullcontext(x)``."""
    return site.unknown() if site.is_open else site.arg(0)


def _cast(site: Site) -> Value:
    return site.unknown() if site.is_open else site.arg(1, "val")


SEQUENCES = {"list": "list", "tuple": "tuple", "sorted": "list", "enumerate": "list", "zip": "list", "reversed": "list"}


def _unknown_items(site: Site) -> Value:
    held = [item for value in site.values for item in (held_by(value) or [value])]
    if any(isinstance(value, Lost) for value in held):
        return LOST
    frames = [value for value in held if isinstance(value, Handle)]
    made = some("list", [*held, *site.kwargs.values()])
    if frames and len(frames) == len(held):
        made.holds_objects = any(value.kind not in DATA_KINDS for value in frames)
    return made


DATA_KINDS = frozenset(
    {"files.file", "files.buffer", "dbapi.cursor", "sqlalchemy.result", "numpy.array", "http.response"}
)


def _made(kind: str, parts: list[list[Value]]) -> list[Value] | None:
    if kind == "zip":
        return [Items("tuple", list(pair)) for pair in zip(*parts, strict=False)]
    if not parts:
        return []
    (items, *more) = parts
    if more:
        return None
    if kind == "enumerate":
        return [Items("tuple", [Known(index), item]) for index, item in enumerate(items)]
    if kind == "sorted":
        known = [folding.plain(item) for item in items]
        return [Known(item) for item in sorted(known)] if all(isinstance(item, str) for item in known) else None
    return items[::-1] if kind == "reversed" else items


def _dict(site: Site) -> Value:
    if not site.args and not site.is_open:
        return Entries(dict(site.kwargs), region=site.walker.region)
    first = site.arg(0)
    if isinstance(first, Entries) and first.entries is not None and not site.is_open:
        return Entries({**first.entries, **site.kwargs}, region=site.walker.region)
    return some_entries([item for value in site.values for item in (held_by(value) or [value])])


def submitted(site: Site) -> Value:
    """``executor.submit(function, ...)``."""
    from dagport_lineage.extract.callables.calls import invoke

    target, *args = site.args or [FAILS]
    if site.is_open or not isinstance(target, CALLABLE):
        return site.unknown()
    site.walker.late += 1
    try:
        found = invoke(Site(site.walker, site.node, site.text, args, site.kwargs), target)
    finally:
        site.walker.late -= 1
    return Handle("processes.future", (found,))


# The deployment


def _getenv(site: Site) -> Value:
    name, default = site.arg(0, "key"), site.arg(1, "default")
    return environment(site.walker, name, default)


def environment(walker: Walker, name: Value, default: Value = ABSENT) -> Value:
    """An environment variable that the user gave; no default is taken for what the deployment may set."""
    known = name.value if isinstance(name, Known) else None
    if not isinstance(known, str):
        return data_of([name, default])
    given = walker.scope.deployment.environment.get(known)
    if any(m.changes_environment for m in {walker.frame.module, walker.project.main}):
        return Data(Unresolved("runtime", f"the environment variable `{known}` may be set by the code"), None)
    if given is None:
        return Data(Unresolved("variable", f"the environment variable `{known}` isn't given"))
    return _public(known, given, f"the environment variable `{known}`")


def _public(name: str, text: str, what: str) -> Value:
    return Known(text) if is_public(name, text) else Data(Unresolved("variable", f"{what} is a secret"))


def _variable(site: Site) -> Value:
    """``Variable.get``: the environment comes before the database."""
    name = site.text_arg(0, "key")
    if name is None or site.is_open:
        return data_of(site.args or [ABSENT])
    deployment = site.walker.scope.deployment
    given = deployment.environment.get(f"AIRFLOW_VAR_{name.upper()}", deployment.variables.get(name))
    if given is None:
        return Data(Unresolved("variable", f"the Variable `{name}` isn't given (see --variables)"))
    found = _public(name, given, f"the Variable `{name}`")
    as_json = folding.truth(site.arg(2, "deserialize_json", Known(False)))
    if not isinstance(found, Known) or as_json is False:
        return found
    return _from_json(name, given, site.walker.region) if as_json else Data()


def _from_json(name: str, text: str, region: int) -> Value:
    import json

    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return Data(Unresolved("variable", f"the Variable `{name}` isn't valid JSON"))
    return folding.to_value(data, region)


SPECIAL: Mapping[str, Rule] = {
    "contextlib.closing": _first,
    "contextlib.nullcontext": _first,
    "typing.cast": _cast,
    "functools.partial": _partial,
    "builtins.map": mapped,
    "builtins.getattr": _getattr,
    "builtins.range": _range,
    "builtins.dict": _dict,
    **{f"builtins.{name}": _sequence(name) for name in SEQUENCES},
    "os.getenv": _getenv,
    "os.environ.get": _getenv,
    "airflow:Variable.get": _variable,
}

CALLERS = frozenset({mapped, submitted})
"""Rules that follow the functions among the arguments themselves."""
