"""The hostile programs of ``programs/*.txt``, each after a line ``#### name``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from dagport.options import Limits
from tests.fuzz.case import Case
from tests.readers.airflow.reading import HEADER

PROGRAMS = Path(__file__).with_name("programs")
IMPORTS = "from airflow.sdk import cross_downstream\n"
LIMITS = Limits(seconds=0.25, steps=250_000)  # the bounds of sizes are those that users have


def cases_of(topic: str, project: Mapping[str, bytes] | None = None) -> Iterator[Case]:
    """The programs of one file."""
    for part in re.split(r"^#### ", (PROGRAMS / f"{topic}.txt").read_text("utf-8"), flags=re.MULTILINE)[1:]:
        name, _, body = part.partition("\n")
        yield Case(name, HEADER + IMPORTS + body, project or {}, limits=LIMITS)
