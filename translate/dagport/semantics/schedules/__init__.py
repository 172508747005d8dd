"""When Airflow starts the runs of a DAG, for which logical date and data interval, in Airflow 2 and 3."""

from dagport.semantics.schedules.firing import fires
from dagport.semantics.schedules.model import Fire, Restriction, Timetable, UnknownScheduleError
from dagport.semantics.schedules.reading import Deployment, restriction_of, timetable_of

__all__ = [
    "Deployment",
    "Fire",
    "Restriction",
    "Timetable",
    "UnknownScheduleError",
    "fires",
    "restriction_of",
    "timetable_of",
]
