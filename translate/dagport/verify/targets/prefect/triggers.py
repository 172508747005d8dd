"""The automations of a deployment, by its triggers: those that the writer makes, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagport.graph import Schedule
from dagport.verify.targets.model import NotUnderstoodError, When

MADE = "prefect.asset.materialization.succeeded"
ENDS = frozenset(f"prefect.flow-run.{name}" for name in ("Completed", "Failed", "TimedOut", "Crashed", "Cancelled"))
JOINTS = {"all": " & ", "any": " | "}


def when_of(triggers: object, deployment: str) -> When:
    """What starts a deployment. Raises ``NotUnderstoodError``."""
    if not isinstance(triggers, list) or len(triggers) != 1 or not isinstance(triggers[0], Mapping):
        raise NotUnderstoodError(f"the triggers of {deployment}: there isn't one")
    status = str(triggers[0].get("enabled", True))
    said = {key: value for key, value in triggers[0].items() if key != "enabled"}
    related = {"prefect.resource.role": "deployment", "prefect.resource.name": deployment}
    runs = {"prefect.resource.id": "prefect.flow-run.*"}
    if said.get("match_related") == related and said.get("match") == runs and _expected(said) == ENDS:
        return When(timetable=Schedule(kind="continuous"), status=status)
    return When(updates=_condition(said, deployment), status=status)


def _condition(said: Mapping[str, Any], deployment: str) -> str:
    """Keys of assets joined by ``&`` and ``|``, each part in parentheses."""
    if (
        said.get("type") == "compound"
        and said.keys() == {"type", "require", "triggers"}
        and str(said["require"]) in JOINTS
    ):
        parts = said["triggers"]
        if not isinstance(parts, list) or not all(isinstance(one, Mapping) for one in parts):
            raise NotUnderstoodError(f"a trigger of {deployment} whose parts aren't known here")
        return f"({JOINTS[said['require']].join(_condition(one, deployment) for one in parts)})"
    match = said.get("match")
    if said.keys() != {"type", "match", "expect"} or said["type"] != "event" or _expected(said) != {MADE}:
        raise NotUnderstoodError(f"a trigger of {deployment} that isn't known here")
    if not isinstance(match, Mapping) or match.keys() != {"prefect.resource.id"}:
        raise NotUnderstoodError(f"a trigger of {deployment} that looks at more than assets")
    keys = match["prefect.resource.id"]
    if isinstance(keys, str):
        return repr(keys)
    if not isinstance(keys, list):
        raise NotUnderstoodError(f"a trigger of {deployment} by something else than keys of assets")
    return f"({' | '.join(map(repr, keys))})"


def _expected(said: Mapping[str, Any]) -> frozenset[str]:
    expected = said.get("expect")
    return frozenset(map(str, expected)) if isinstance(expected, list) else frozenset()
