"""Processes are killed at every line, and at random moments, and others run at the same time: nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dagport_lineage.delivery.spool import Spool
from tests.lineage.delivery.crashing import BOUNDS, EVENTS, TIMES, line
from tests.lineage.delivery.receiver import receiver

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
PROGRAM = Path(__file__).with_name("crashing.py")
ROOT = Path(__file__).parents[3]


def program(*words: str | Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, PROGRAM, *words], cwd=ROOT, capture_output=True, text=True, timeout=300, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def numbers(lines: list[str]) -> list[int]:
    return [json.loads(one)["number"] for one in lines]


def pending(folder: Path) -> tuple[list[int], int]:
    """The numbers of events that wait, and how many lines are damaged."""
    found = [one.record for one in Spool(folder / "spool", BOUNDS).pending()]
    return numbers([one.line for one in found if one]), found.count(None)


def without_repetitions(found: list[int]) -> list[int]:
    return [one for number, one in enumerate(found) if not number or one != found[number - 1]]


@pytest.mark.parametrize("kind", ["lines", "moments"])
def test_what_was_appended_is_there_in_order_whenever_the_process_is_killed(tmp_path: Path, kind: str) -> None:
    said = program("append", kind, tmp_path)["said"]
    for number, count in enumerate(said, 1 if kind == "lines" else 0):
        found, damaged = pending(tmp_path / str(number))
        # who is killed between appending and saying so appends again what is there
        assert without_repetitions(found) in (list(range(count)), list(range(count + 1)))
        assert damaged <= (1 if kind == "lines" else TIMES)
    assert len(said) > 100 or kind == "moments"
    assert sum(said) > 100


def test_an_event_is_delivered_whenever_the_process_is_killed(tmp_path: Path) -> None:
    kills = program("flush", "lines", tmp_path)["kills"]
    assert kills > 100
    for number in range(1, kills + 2):
        taken = (tmp_path / str(number) / "taken").read_text().splitlines()
        assert without_repetitions(numbers(taken)) == list(range(EVENTS)), number
        assert len(taken) <= EVENTS + 1
        assert pending(tmp_path / str(number)) == ([], 0)


def test_an_event_is_delivered_over_http_whenever_the_process_is_killed(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", BOUNDS)
    for number in range(300):
        spool.append(line(number))
    with receiver() as catalogue:
        said = program("flush", "moments", tmp_path, catalogue.url)
        bodies = list(catalogue.bodies)
    found = [json.loads(body)["number"] for body in bodies]
    assert without_repetitions(found) == list(range(300))
    assert len(bodies) - len(set(bodies)) <= said["kills"]
    assert len(set(bodies)) == 300, "what comes twice is the same bytes"
    assert said["kills"] >= 5


APPENDER = """
import sys
from pathlib import Path
from dagport_lineage.delivery.spool import Bounds, Spool
from tests.lineage.delivery.crashing import BOUNDS
spool = Spool(Path(sys.argv[1], "spool"), BOUNDS)
for number in range(200):
    spool.append('{"process": %s, "number": %d}' % (sys.argv[2], number), wait=30)
"""
FLUSHER = """
import sys, time
from pathlib import Path
from dagport_lineage.delivery.configuration import Configuration
from dagport_lineage.delivery.flushing import Flush
from dagport_lineage.delivery.locks import LockedError
from dagport_lineage.delivery.spool import Spool
from tests.lineage.delivery.crashing import BOUNDS, Recorder
spool, target = Spool(Path(sys.argv[1], "spool"), BOUNDS), Recorder(Path(sys.argv[1], "taken"))
end = time.monotonic() + 60
while time.monotonic() < end and not Path(sys.argv[1], "over").exists():
    try:
        Flush(spool, lambda: target, Configuration({"type": "file"})).run()
    except LockedError:
        pass
    time.sleep(0.001)
"""


def test_processes_append_and_deliver_at_the_same_time(tmp_path: Path) -> None:
    flushers = [subprocess.Popen([sys.executable, "-c", FLUSHER, tmp_path], cwd=ROOT) for _ in range(2)]
    appenders = [subprocess.Popen([sys.executable, "-c", APPENDER, tmp_path, str(one)], cwd=ROOT) for one in range(3)]
    assert [one.wait(300) for one in appenders] == [0, 0, 0]
    (tmp_path / "over").touch()
    assert [one.wait(300) for one in flushers] == [0, 0]
    rest = [one.record.line for one in Spool(tmp_path / "spool", BOUNDS).pending() if one.record]
    taken = [json.loads(one) for one in [*(tmp_path / "taken").read_text().splitlines(), *rest]]
    assert len(taken) == 600, "none is lost, and none comes twice when nobody crashes"
    for process in range(3):
        assert [one["number"] for one in taken if one["process"] == process] == list(range(200))
