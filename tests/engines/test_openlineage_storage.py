"""The datasets of storage and transfer operators beside those that the classes of Airflow's providers name themselves.

The same rows as in ``tests/lineage/operators/cases``, each class without a server to ask.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.engines.environments import environment
from tests.engines.system_tests import ENGINE
from tests.lineage.operators.sql_cases import DEPLOYMENT, cases, lineage_of, modules

pytestmark = pytest.mark.engine

PROGRAM = Path(__file__).parent / "inside" / "openlineage_storage.py"
KNOWN_IN_A_RUN = ("make()", "unknown", "{{", "{%")
AT_LEAST = 35  # rows with the same names
SECONDS = 600.0

DIFFERENT = {
    "S3DeleteObjectsOperator": "what is dropped is an output of ours, and an input of theirs",
    "GCSDeleteObjectsOperator": "the same; and of a prefix that isn't a folder they drop the folder around it",
    "GCSToGCSOperator": "what is moved is dropped, which is an output of ours, and not told by theirs",
    "GCSTimeSpanFileTransformOperator": "the prefix has the time of the run in it",
    "FileTransferOperator": "a local path of theirs has lost its first slash, or its namespace",
    "SFTPOperator": "their local files carry the address of the worker",
    "AzureBlobStorageToGCSOperator": "they leave out the domain of the storage account",
    "GCSToAzureBlobStorageOperator": "the same",
    "PubSubPullOperator": "their output is the subscription that is read",
    "LocalFilesystemToGCSOperator": "their relative path starts from the folder that the worker runs in",
    "TrinoToGCSOperator": "they put the word None where the schema is missing",
    "BigQueryToBigQueryOperator": "they ask the job that ran",
    "CopyFromExternalStageToSnowflakeOperator": "they ask the query that ran",
}
"""Classes whose names may differ, and why ours are right; with all others they have to be the same."""

Names: TypeAlias = tuple[list[str], list[str]]


@pytest.fixture(autouse=True)
def _asked_for(pytestconfig: pytest.Config) -> None:
    if not (pytestconfig.getoption("--system-tests") or os.environ.get("DAGPORT_SYSTEM_TESTS") == "1"):
        pytest.skip("run with --system-tests: it fetches a large environment")


def theirs(home: Path) -> Mapping[str, Names]:
    """What the classes say, by the call that makes the operator; those that need a server are left out."""
    calls = [case.call for case in cases("storage", "transfers", "jobs")]
    plain = [call for call in calls if "." not in _name(call) and not any(mark in call for mark in KNOWN_IN_A_RUN)]
    rows = [{"module": modules()[_name(call)], "call": call, "connections": DEPLOYMENT.connections} for call in plain]
    asked = home / "asked.jsonl"
    asked.write_text("\n".join(map(json.dumps, rows)))
    variables = {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    done = environment(ENGINE).run([PROGRAM, asked], env=variables, cwd=home, timeout=SECONDS)
    answers = map(json.loads, done.stdout.splitlines()[-len(plain) :])
    return {
        call: (_written(answer["inputs"]), _written(answer["outputs"]))
        for call, answer in zip(plain, answers, strict=True)
        if "none" not in answer
    }


def _name(call: str) -> str:
    return call.partition("(")[0]


def _written(datasets: list[list[str]]) -> list[str]:
    """Sorted; of ours, a folder never ends in a slash, so that it has one name however it is written."""
    return sorted(f"{namespace}/{name.rstrip('/') or '/'}" for namespace, name in datasets)


def ours(call: str) -> Names:
    """What our rules say."""
    found = lineage_of(call)
    return [str(read.dataset) for read in found.reads], [str(write.dataset) for write in found.writes]


def test_the_names_are_those_of_the_providers(tmp_path: Path) -> None:
    answers = theirs(tmp_path)
    different = {call: (ours(call), names) for call, names in answers.items() if ours(call) != names}
    assert {call: pair for call, pair in different.items() if _name(call) not in DIFFERENT} == {}
    assert {_name(call) for call in different} == set(DIFFERENT)
    assert len(answers) - len(different) >= AT_LEAST
