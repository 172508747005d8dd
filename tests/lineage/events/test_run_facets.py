"""The facets of runs: the shapes of the reference events of a real Airflow, and what may be left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from dagport import __version__
from dagport_lineage.events import run_facets as run
from dagport_lineage.events.validation import problems
from dagport_lineage.facets import CORE, PRODUCER, Facet, Json
from tests.lineage.events.support import plain

DAG = run.JobName("prod", "shop")
ROOT = run.RunOf(DAG, "01a1f640-bc00-76e7-b637-d8b8741b33e4")
CALLER = run.RunOf(run.JobName("other", "starter"), "01a1f640-bc00-7ac8-bc9b-57225523e321")
DAY = datetime(2026, 11, 20, tzinfo=UTC)


def run_event(key: str, facet: Facet) -> dict[str, Json]:
    return {
        "eventTime": "2026-11-20T13:05:43.616446+00:00",
        "eventType": "START",
        "producer": PRODUCER,
        "schemaURL": f"{CORE}/RunEvent",
        "run": {"runId": ROOT.run_id, "facets": {key: facet}},
        "job": {"namespace": "prod", "name": "shop"},
    }


CASES: list[tuple[str, Facet, Json]] = [
    (
        "parent",
        run.parent(ROOT),
        {
            "run": {"runId": ROOT.run_id},
            "job": {"namespace": "prod", "name": "shop"},
            "root": {"run": {"runId": ROOT.run_id}, "job": {"namespace": "prod", "name": "shop"}},
        },
    ),
    (
        "parent",
        run.parent(ROOT, CALLER),
        {
            "run": {"runId": ROOT.run_id},
            "job": {"namespace": "prod", "name": "shop"},
            "root": {"run": {"runId": CALLER.run_id}, "job": {"namespace": "other", "name": "starter"}},
        },
    ),
    ("nominalTime", run.nominal_time(DAY), {"nominalStartTime": "2026-11-20T00:00:00+00:00"}),
    (
        "nominalTime",
        run.nominal_time(DAY, DAY.astimezone(timezone(timedelta(hours=2))) + timedelta(days=1)),
        {"nominalStartTime": "2026-11-20T00:00:00+00:00", "nominalEndTime": "2026-11-21T02:00:00+02:00"},
    ),
    ("errorMessage", run.error_message("no"), {"message": "no", "programmingLanguage": "python"}),
    (
        "errorMessage",
        run.error_message("no", stack_trace="at x", language="bash"),
        {"message": "no", "programmingLanguage": "bash", "stackTrace": "at x"},
    ),
    (
        "processing_engine",
        run.processing_engine("Airflow", "3.3.2"),
        {"name": "Airflow", "version": "3.3.2", "openlineageAdapterVersion": __version__},
    ),
    ("jobDependencies", run.job_dependencies(), {"upstream": [], "downstream": []}),
    (
        "jobDependencies",
        run.job_dependencies(
            [run.Dependency(job=DAG, type="IMPLICIT_ASSET_DEPENDENCY", run_id=ROOT.run_id)],
            [
                run.Dependency(
                    job=CALLER.job,
                    type="DIRECT_INVOCATION",
                    sequence_rule="FINISH_TO_START",
                    status_rule="EXECUTE_ON_SUCCESS",
                )
            ],
            trigger_rule="all_done",
        ),
        {
            "upstream": [
                {
                    "job": {"namespace": "prod", "name": "shop"},
                    "run": {"runId": ROOT.run_id},
                    "dependency_type": "IMPLICIT_ASSET_DEPENDENCY",
                }
            ],
            "downstream": [
                {
                    "job": {"namespace": "other", "name": "starter"},
                    "dependency_type": "DIRECT_INVOCATION",
                    "sequence_trigger_rule": "FINISH_TO_START",
                    "status_trigger_rule": "EXECUTE_ON_SUCCESS",
                }
            ],
            "trigger_rule": "ALL_DONE",
        },
    ),
    (
        "tags",
        run.tags({"b": "2", "a": "1"}),
        {"tags": [{"key": "a", "value": "1", "source": "DAGPORT"}, {"key": "b", "value": "2", "source": "DAGPORT"}]},
    ),
]


@pytest.mark.parametrize(("key", "facet", "expected"), CASES, ids=[f"{at}-{case[0]}" for at, case in enumerate(CASES)])
def test_a_facet_of_a_run_has_the_official_shape(key: str, facet: Facet, expected: Json) -> None:
    assert plain(facet) == expected
    assert problems(run_event(key, facet)) == []


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        run.nominal_time(datetime(2026, 1, 1))
