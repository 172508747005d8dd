"""Files that try to mislead the reader, in real Airflow: nothing may be claimed that Airflow doesn't build.

``nasty/*.txt`` holds written cases, each after a line ``#### name`` and below a common header; what Airflow
refuses must not be claimed either. ``nasty_programs`` makes random files of the same kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from tests.engines.compare import Verdict, figures
from tests.engines.environments import Environment
from tests.engines.nasty_programs import NastyProgram
from tests.engines.reading import judge, read, truth

NASTY = Path(__file__).with_name("nasty")
HEADER = (NASTY / "header.txt").read_text("utf-8")
TOPICS = sorted(path.stem for path in NASTY.glob("*.txt") if path.stem != "header")
PROGRAMS = 300
# Pipelines that are exact at present, by topic: mending the reader may only raise these.
LEAST_EXACT = {
    "classes": 45, "dags": 143, "edges": 35, "groups": 37, "operators": 79, "python": 65, "setups": 25,
    "taskflow": 58, "tasks": 52,
}  # fmt: skip
LEAST_EXACT_PROGRAMS = 290
UNNAMED = {"module name as id"}  # its id is made of the name that Airflow imports the file under

pytestmark = pytest.mark.engine


def cases(topic: str) -> Iterator[tuple[str, str]]:
    """The cases of one file: names and sources."""
    for part in re.split(r"^#### ", (NASTY / f"{topic}.txt").read_text("utf-8"), flags=re.MULTILINE)[1:]:
        name, _, body = part.partition("\n")
        yield name, HEADER + body


def verdicts_of(engine: Environment, folder: Path, sources: dict[str, str]) -> dict[str, list[Verdict]]:
    """The verdicts on some sources, by their names."""
    files = {}
    for number, (name, source) in enumerate(sources.items()):
        files[name] = folder / f"case_{number:03d}.py"
        files[name].write_text(source, "utf-8")
    records = truth(engine, files.values())
    return {
        name: judge(record, read(file, folder)) for (name, file), record in zip(files.items(), records, strict=True)
    }


def is_wrong(name: str, verdict: Verdict) -> bool:
    """A false claim, an invention, or a pipeline that should have been found."""
    if verdict.name == "missed":
        return name not in UNNAMED
    return verdict.name in ("false exact", "invented")


@pytest.mark.parametrize("topic", TOPICS)
def test_written_cases(
    topic: str, airflow3: Environment, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    found = verdicts_of(airflow3, tmp_path, dict(cases(topic)))
    everything = [verdict for verdicts in found.values() for verdict in verdicts]
    record_property("figures", f"{topic}: {figures(everything)}")
    assert [f"{name}: {item}" for name, verdicts in found.items() for item in verdicts if is_wrong(name, item)] == []
    assert sum(verdict.name == "exact" for verdict in everything) >= LEAST_EXACT[topic]


def test_random_programs(airflow3: Environment, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    sources = {f"seed {seed}": NastyProgram(Random(seed)).text(HEADER) for seed in range(PROGRAMS)}
    found = verdicts_of(airflow3, tmp_path, sources)
    everything = [verdict for verdicts in found.values() for verdict in verdicts]
    record_property("figures", f"programs: {figures(everything)}")
    assert [str(verdict) for name, verdicts in found.items() for verdict in verdicts if is_wrong(name, verdict)] == []
    assert sum(verdict.name == "exact" for verdict in everything) >= LEAST_EXACT_PROGRAMS


def test_every_case_has_a_name_of_its_own() -> None:
    for topic in TOPICS:
        names = [name for name, _ in cases(topic)]
        assert len(names) == len(set(names)), topic
