"""Schedules in ``prefect.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagport.verify.targets.model import NotUnderstoodError, When

KNOWN = frozenset({"name", "entrypoint", "tags", "schedules", "paused", "concurrency_limit", "work_pool", "description",
                   "version", "parameters"})  # fmt: skip
TOLD = frozenset({"name", "entrypoint", "schedules", "description", "version"})


def settings_of(path: str, text: str) -> dict[str | None, str]:
    """What else is said of each deployment, by its entry point, and, by ``None``, of all. Raises as ``whens_of``."""
    found = _loaded(path, text)
    deployments = found.pop("deployments", None) or ()
    rest: dict[str | None, str] = {None: repr(sorted(found.items()))}
    for one in deployments:
        said = {key: value for key, value in one.items() if key not in TOLD}
        rest[str(one.get("entrypoint"))] = repr(sorted(said.items()))
    return rest


def _loaded(path: str, text: str) -> dict[str, Any]:
    import yaml  # start-up

    try:
        found: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise NotUnderstoodError(f"{path} can't be read: {' '.join(str(error).split())}") from None
    return found if isinstance(found, dict) else {}


def whens_of(path: str, text: str) -> dict[str, tuple[When, ...]]:
    """What starts each flow, by its entry point. Raises ``NotUnderstoodError``."""
    deployments = _loaded(path, text).get("deployments")
    whens: dict[str, tuple[When, ...]] = {}
    for deployment in deployments or ():
        if not isinstance(deployment, dict) or not deployment.keys() <= KNOWN:
            raise NotUnderstoodError(f"{path}: a deployment with more than is known here")
        entry = str(deployment.get("entrypoint"))
        if entry in whens:
            raise NotUnderstoodError(f"{path}: {entry} has several deployments")
        schedules = deployment.get("schedules") or []
        whens[entry] = tuple(_when(path, one) for one in schedules) or (When(manual=True),)
    return whens


def _when(path: str, said: Mapping[str, Any]) -> When:
    zone = str(said.get("timezone") or "UTC")
    rest = said.keys() - {"timezone", "slug", "active"}
    if said.get("active", True) is not True:
        raise NotUnderstoodError(f"{path}: a schedule that is off")
    if rest == {"cron"}:
        return When(crons=(str(said["cron"]),), timezone=zone)
    if rest <= {"interval", "anchor_date"} and isinstance(said.get("interval"), int | float):
        anchor = said.get("anchor_date")
        return When(seconds=float(said["interval"]), anchor=str(anchor) if anchor else None, timezone=zone)
    raise NotUnderstoodError(f"{path}: a schedule that isn't known here: {', '.join(sorted(rest))}")
