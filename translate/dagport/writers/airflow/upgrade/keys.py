"""Entries of a task's context that Airflow 3 hasn't, and what gives the same.

Source: ``airflow.utils.context`` of 2.11 (``_DEPRECATION_REPLACEMENTS``), ``TaskInstance.get_template_context``, and
``airflow.sdk.definitions.context.Context`` of 3.3.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Replacement:
    """What stands for an entry."""

    base: str  # the entry that it is made of
    python: str = "{}"  # of the base
    jinja: str = "{}"
    manual: bool = False  # differs in runs that a person started


def _day(base: str, form: str, move: str = "", jinja: str = "", *, manual: bool = False) -> Replacement:
    return Replacement(base, f'{{}}{move}.strftime("{form}")', jinja or f"({{}} | {JINJA[form]})", manual=manual)


JINJA = {"%Y-%m-%d": "ds", "%Y%m%d": "ds_nodash"}
DASHES, PLAIN = "%Y-%m-%d", "%Y%m%d"
REPLACED = {
    "execution_date": Replacement("logical_date"),
    "triggering_dataset_events": Replacement("triggering_asset_events"),
    "prev_execution_date_success": Replacement("prev_data_interval_start_success"),
    "next_execution_date": Replacement("data_interval_end", manual=True),
    "next_ds": _day("data_interval_end", DASHES, manual=True),
    "next_ds_nodash": _day("data_interval_end", PLAIN, manual=True),
    "tomorrow_ds": _day("logical_date", DASHES, ".add(days=1)", "macros.ds_add(ds, 1)"),
    "tomorrow_ds_nodash": _day("logical_date", PLAIN, ".add(days=1)", '(macros.ds_add(ds, 1) | replace("-", ""))'),
    "yesterday_ds": _day("logical_date", DASHES, ".subtract(days=1)", "macros.ds_add(ds, -1)"),
    "yesterday_ds_nodash": _day(
        "logical_date", PLAIN, ".subtract(days=1)", '(macros.ds_add(ds, -1) | replace("-", ""))'
    ),
}
LOST = {
    "prev_ds": "the day of the run before",
    "prev_ds_nodash": "the day of the run before",
    "prev_execution_date": "the date of the run before",
    "conf": "Airflow's configuration",
}
MANUAL = "`{name}` becomes `{base}`: in a run that a person started it was the logical date"
GONE = "Airflow 3 hands no `{name}` ({what}) to tasks: compute it from data_interval_start, or leave it out"
