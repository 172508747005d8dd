"""How a run ends, given what each of its tasks does: models of Airflow, Dagster and Prefect (``docs/semantics.md``)."""

from dagport.semantics.outcomes.dagster import Step, predict_dagster
from dagport.semantics.outcomes.enumerate import Space, space_of
from dagport.semantics.outcomes.model import ABSENT, FAIL, SKIP, SUCCESS, Outcome, Outcomes, Prediction
from dagport.semantics.outcomes.predict import predict_airflow, predict_runs, simulate
from dagport.semantics.outcomes.prefect import Call, predict_prefect
from dagport.semantics.outcomes.rules import RULES, UnknownRuleError
from dagport.semantics.outcomes.shape import CycleError, Shape

__all__ = [
    "ABSENT",
    "FAIL",
    "RULES",
    "SKIP",
    "SUCCESS",
    "Call",
    "CycleError",
    "Outcome",
    "Outcomes",
    "Prediction",
    "Shape",
    "Space",
    "Step",
    "UnknownRuleError",
    "predict_airflow",
    "predict_dagster",
    "predict_prefect",
    "predict_runs",
    "simulate",
    "space_of",
]
