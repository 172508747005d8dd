"""What Airflow hands to a running function beside its arguments: the context."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagport.readers.airflow.signatures import CONTEXT_KEYS
from dagport.values import Template
from dagport_lineage.extract.callables.domain import Data, Entries, Handle, Known, Value
from dagport_lineage.model import Unresolved
from dagport_lineage.rendering import text_of

if TYPE_CHECKING:
    from dagport_lineage.extract.callables.walker import Walker

FACTS = "airflow.facts"  # an object that describes the run
CONTEXT = "airflow.context"
INSTANCE = "airflow.ti"
OBJECTS = frozenset({
    "dag", "dag_run", "task", "macros", "conf", "inlets", "outlets", "inlet_events", "outlet_events",
    "triggering_asset_events", "triggering_dataset_events", "var", "conn", "task_state_store", "asset_state_store",
})  # fmt: skip


def entry_of(walker: Walker, name: str) -> Value | None:
    """An entry of the context by its name; ``None`` where there is no such entry."""
    if name in ("ti", "task_instance"):
        return Handle(INSTANCE)
    if name == "params":
        return params_of(walker)
    if name == "templates_dict":
        return Data(Unresolved("template", "`templates_dict` is known in a run only"), None)
    if name in OBJECTS:
        return Handle(FACTS, Unresolved("template", f"`{name}` is known in a run only"))
    return Data(Unresolved("template", f"`{name}` is known in a run only")) if name in CONTEXT_KEYS else None


def params_of(walker: Walker) -> Value:
    """The params with their defaults, as templates are rendered with; those of the task come first."""
    own = walker.task.arguments.get("params")
    names = list(walker.scope.pipeline.params)
    if own is not None:
        return Data(Unresolved("template", "the params are known in a run only"))
    found: dict[str, Value] = {}
    for name in names:
        text = text_of(Template(f"{{{{ params[{name!r}] }}}}"), walker.task, walker.scope)
        if isinstance(text, Unresolved) or not isinstance(_default(walker, name), str):
            found[name] = Data(Unresolved("template", f"the param `{name}` is known in a run only"))
        else:
            found[name] = Known(text)
    return Entries(found)


def _default(walker: Walker, name: str) -> object:
    value = walker.scope.pipeline.params[name]
    inner = getattr(value, "args", None)
    if inner:
        return inner[0]
    named = getattr(value, "kwargs", None)
    return named.get("default") if named else value


def context_item(walker: Walker, base: Handle, key: Value) -> Value:
    """``context["ds"]``."""
    name = key.value if isinstance(key, Known) else None
    if not isinstance(name, str):
        return Data(Unresolved("template", "an entry of the context is known in a run only"))
    given = dict(base.data or ()).get(name)
    if given is not None:
        return given  # type: ignore[no-any-return]
    found = entry_of(walker, name)
    return found if found is not None else Data(Unresolved("opaque", f"`{name}` isn't given"))
