"""Schedules in ``prefect.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dagport.verify.targets.model import NotUnderstoodError, When
from dagport.verify.targets.prefect import rrules, triggers

KNOWN = frozenset({"name", "entrypoint", "tags", "schedules", "paused", "concurrency_limit", "work_pool", "description",
                   "version", "parameters", "triggers"})  # fmt: skip
TOLD = frozenset({"name", "entrypoint", "schedules", "triggers", "description", "version"})


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
        found = _together([_when(path, one) for one in deployment.get("schedules") or []])
        if deployment.get("triggers"):
            found.append(triggers.when_of(deployment["triggers"], str(deployment.get("name"))))
        whens[entry] = tuple(found) or (When(manual=True),)
    return whens


def _together(found: list[When]) -> list[When]:
    """Several cron expressions, or lists of dates, as those of one schedule."""
    if len(found) < 2:
        return found
    first = found[0]
    if all(one == replace(first, crons=one.crons) and one.crons for one in found):
        return [replace(first, crons=tuple(cron for one in found for cron in one.crons))]
    tables = [one.timetable for one in found if one.timetable is not None and one == When(timetable=one.timetable)]
    if len(tables) == len(found) and all(table.class_ == rrules.EVENTS for table in tables):
        dates = [date for table in tables for date in rrules.dates_of(table)]
        return [When(timetable=replace(tables[0], args={"event_dates": dates}))]
    return found


def _when(path: str, said: Mapping[str, Any]) -> When:
    zone = str(said.get("timezone") or "UTC")
    rest = said.keys() - {"timezone", "slug", "active"}
    if said.get("active", True) is not True:
        raise NotUnderstoodError(f"{path}: a schedule that is off")
    if rest == {"rrule"}:
        return rrules.when_of(str(said["rrule"]), zone)
    if rest == {"cron"}:
        return When(crons=(str(said["cron"]),), timezone=zone)
    if rest <= {"interval", "anchor_date"} and isinstance(said.get("interval"), int | float):
        anchor = said.get("anchor_date")
        return When(seconds=float(said["interval"]), anchor=str(anchor) if anchor else None, timezone=zone)
    raise NotUnderstoodError(f"{path}: a schedule that isn't known here: {', '.join(sorted(rest))}")
