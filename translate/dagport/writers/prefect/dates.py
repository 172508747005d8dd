"""What a flow run knows of Airflow's dates: the moment for which it is scheduled, and what its schedule makes of it.

A run that is started by hand has the moment at which it was, as in Airflow.
"""

from __future__ import annotations

from dataclasses import dataclass

from dagport.graph import Pipeline
from dagport.writers.common.dates import INTERVAL_END, OLD_TEXTS, TEXTS
from dagport.writers.common.literals import text_literal
from dagport.writers.common.partitioned import NO_DATES, is_partitioned
from dagport.writers.prefect.when import when_of

LOGICAL, START, END = "logical_date", "data_interval_start", "data_interval_end"
BY_HAND = ("once",)
"""Kinds of schedules whose runs are started by hand here: they have the moment, as a run by hand has it in Airflow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """The dates of a pipeline's runs."""

    rule: str | None = None  # source of the rule that gives the data interval; ``None``: it has no length

    def variable(self, entry: str) -> str:
        """The flow's variable that a context entry is taken from."""
        name = entry.removeprefix("dag_run.")
        if self.rule is not None and (name == START or entry in INTERVAL_END):
            return name
        return LOGICAL


def dates_of(pipeline: Pipeline) -> Dates | str:
    """The dates of a pipeline's runs, or why they can't be carried over."""
    if is_partitioned(pipeline.schedule):
        return NO_DATES
    when = when_of(pipeline)
    if not isinstance(when, str):
        return Dates(rule=when.rule)
    if pipeline.schedule.kind in BY_HAND:
        return Dates()
    return f"a flow run doesn't know which dates Airflow gives it: {when}"


def source(entry: str, dates: Dates, *, old: bool) -> str | None:
    """The source of a context entry; ``None``: the version of Airflow doesn't have it. ``old``: before Airflow 3."""
    if entry in TEXTS:
        return f"{LOGICAL}.strftime({text_literal(TEXTS[entry])})"
    if entry in OLD_TEXTS:
        form, days = OLD_TEXTS[entry]
        return f"({LOGICAL} {days}).strftime({text_literal(form)})" if old else None
    return f"{LOGICAL}.isoformat()" if entry == "ts" else dates.variable(entry)
