"""What the model of schedules is about: fires, and what restricts them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

Version: TypeAlias = Literal["2", "3"]
Interval: TypeAlias = tuple[datetime, datetime]


class UnknownScheduleError(ValueError):
    """The times of a schedule aren't known; the message says why."""


@dataclass(frozen=True, slots=True)
class Fire:
    """A run that Airflow's scheduler starts; all times in UTC."""

    at: datetime  # `run_after`: the scheduler makes the run then, or later where something holds it up
    logical_date: datetime
    data_interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """Airflow's ``TimeRestriction`` (``airflow/timetables/base.py``)."""

    earliest: datetime | None = None  # the first start date of the DAG and its tasks
    latest: datetime | None = None
    catchup: bool = True


class Timetable(Protocol):
    """The part of Airflow's ``Timetable`` that says when runs start."""

    def next(self, last: Interval | None, restriction: Restriction, now: datetime) -> Fire | None:
        """The run after the one with the data interval ``last``, as ``next_dagrun_info`` says at the moment ``now``."""

    def manual(self, run_after: datetime) -> Interval:
        """The data interval of a run that is started by hand, as ``infer_manual_data_interval`` says."""

    def shortcut(self, moment: datetime) -> Interval | None:
        """A data interval that the scheduled runs pass before the moment, from whichever start date they came.

        ``None`` where that can't be told: then they are followed from the start date.
        """
