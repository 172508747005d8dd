"""Random DAG files in real Airflow: no graph may claim what Airflow doesn't build."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.engines.compare import Verdict, figures
from tests.engines.environments import Environment
from tests.engines.programs import Program
from tests.engines.reading import judge, read, truth

FILES = 150
LEAST_EXACT = 0.95  # of the DAGs that Airflow accepts

pytestmark = pytest.mark.engine


def test_random_files(airflow3: Environment, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    files = [tmp_path / f"program_{seed:03d}.py" for seed in range(FILES)]
    for seed, file in enumerate(files):
        file.write_text(Program(Random(seed)).text(), "utf-8")
    verdicts: list[Verdict] = []
    for file, record in zip(files, truth(airflow3, files), strict=True):
        verdicts += judge(record, read(file, tmp_path))
    record_property("figures", f"random files: {figures(verdicts)}")
    wrong = [str(verdict) for verdict in verdicts if verdict.name in ("false exact", "missed", "invented")]
    assert wrong == []
    assert sum(verdict.name == "exact" for verdict in verdicts) >= LEAST_EXACT * len(verdicts)
