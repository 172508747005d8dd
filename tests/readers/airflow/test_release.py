"""Files that ask which Airflow, or which other version, is installed."""

from __future__ import annotations

import pytest

from dagport.graph import FileGraph
from dagport.options import AirflowVersion, Deployment, ReadOptions
from dagport.readers.airflow import read
from dagport.source import Source

HEADER = """\
import importlib.metadata
import airflow
from airflow import __version__
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
from packaging import version
from packaging.version import InvalidVersion, Version, parse
"""


def graph_of(condition: str, release: str | None, major: AirflowVersion = "3") -> FileGraph:
    text = f"{HEADER}with DAG('d', schedule=None):\n    EmptyOperator(task_id='yes' if {condition} else 'no')\n"
    return read(Source("d.py", text), ReadOptions(major, deployment=Deployment(airflow_release=release)))


CONDITIONS = {  # with Airflow 3.1.2
    "__version__ == '3.1.2'": True,
    "airflow.__version__.startswith('3.')": True,
    "int(airflow.version.version.split('.')[0]) >= 3": True,
    "tuple(map(int, __version__.split('.')[:2])) >= (3, 2)": False,
    "Version(__version__) >= Version('3.1')": True,
    "parse(__version__) < version.parse('3.1.2rc1')": False,
    "Version('2.0') < Version(__version__) < Version('10.0')": True,
    "Version(__version__) != Version('3.1.2.0')": False,
    "Version(__version__).major == 3 and Version(__version__).minor == 1": True,
    "Version(__version__).release[:2] == (3, 1)": True,
    "str(Version('3.01.2')) == __version__": True,
    "f'{Version(__version__)}' == '3.1.2'": True,
    "Version('3.1.2rc1+local').base_version == importlib.metadata.version('apache-airflow')": True,
    "Version('1.0a1').is_prerelease": True,
}
UNKNOWN = (
    "importlib.metadata.version('pandas') > '2'",
    "Version(importlib.metadata.version('pandas')) > Version('2')",
)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_release_is_known_where_it_is_said(condition: str) -> None:
    (pipeline,) = graph_of(condition, "3.1.2").pipelines
    assert pipeline.exact
    assert [task.id for task in pipeline.tasks] == ["yes" if CONDITIONS[condition] else "no"]


NOT_SAID = [
    *((text, None) for text in CONDITIONS if "is_prerelease" not in text),
    *((text, "3.1.2") for text in UNKNOWN),
]


@pytest.mark.parametrize(("condition", "release"), NOT_SAID)
def test_what_is_not_said_is_unknown(condition: str, release: str | None) -> None:
    assert not any(pipeline.exact for pipeline in graph_of(condition, release).pipelines)


def test_the_message_says_how_to_tell() -> None:
    text = f"{HEADER}with DAG('d', schedule=None):\n    EmptyOperator(task_id='t' + __version__)\n"
    (finding,) = read(Source("d.py", text), ReadOptions()).diagnostics
    assert "--airflow-version" in finding.message


def test_a_text_that_is_no_version_raises() -> None:
    (finding,) = [item for item in graph_of("Version('x y')", "3.1.2").diagnostics if item.code == "DP301"]
    assert "InvalidVersion" in finding.message


def test_another_release_is_another_deployment() -> None:
    said = [
        Deployment(airflow_release="3.1.2"),
        Deployment(airflow_release="3.1.3"),
        Deployment(only_project_files=True),
    ]
    assert len({item.fingerprint for item in (*said, Deployment())}) == 4
