"""The files of a project that its schedules need."""

from __future__ import annotations

from collections.abc import Collection
from importlib.resources import files as resources

from dagport.writers.common.literals import text_literal
from dagport.writers.dagster.asset_schedules import Producers
from dagport.writers.dagster.render import render

SCHEDULES, TIMETABLES = "schedules", "timetables"
IMPORTED = ("period", "run_dates", "external_runs", "callbacks")
"""Files that a module needs when it imports from them."""


def files(support: Collection[str], producers: Producers, root: str, package: str, header: str) -> dict[str, str]:
    """Files by path, for the support that the modules ask for."""
    found: dict[str, str] = {}
    if SCHEDULES in support or TIMETABLES in support:
        found[f"{root}/schedules.py"] = header + render("schedules.py", package=package)
        found[f"{root}/timetables.py"] = header + _timetables()
    for name in IMPORTED:
        if name in support:
            found[f"{root}/{name}.py"] = header + render(f"{name}.py")
    if producers.external:
        found[f"{root}/defs/assets.py"] = header + render("assets.py", assets=_external(producers))
    return found


def imported_files(text: str, package: str) -> frozenset[str]:
    """The files of ``IMPORTED`` that the text of a module needs."""
    return frozenset(name for name in IMPORTED if f"from {package}.{name} import" in text)


def _timetables() -> str:
    place = resources("dagport.writers.common.support").joinpath("timetables.py")
    return place.read_text("utf-8")


def _external(producers: Producers) -> list[dict[str, str]]:
    return [
        {"key": f"[{', '.join(map(text_literal, key.split('/')))}]", "uri": text_literal(asset.uri)}
        for key, asset in sorted(producers.external.values(), key=lambda item: item[0])
    ]
