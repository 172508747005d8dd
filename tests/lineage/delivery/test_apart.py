"""Delivery in a process of its own: it delivers, it ends, and a thread takes its place where it can't run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dagport_lineage.delivery import apart as module
from dagport_lineage.delivery import open_courier
from dagport_lineage.delivery.apart import Apart
from dagport_lineage.delivery.spool import Spool
from tests.lineage.delivery.receiver import Receiver, receiver

ROOT = Path(__file__).parents[3]
CODE = """
import json, os, sys, time
from dagport_lineage.delivery import open_courier
courier = open_courier()
for number in range(%d):
    courier.emit({"number": number})
%s
"""


@pytest.fixture
def catalogue() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalogue: Receiver) -> None:
    for name in [name for name in os.environ if name.startswith(("OPENLINEAGE", "DAGPORT"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DAGPORT_SPOOL_DIR", str(tmp_path / "spool"))
    monkeypatch.setenv("OPENLINEAGE_URL", catalogue.url)


def pipeline(count: int, end: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", CODE % (count, end)], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def numbers(catalogue: Receiver) -> list[int]:
    return [event["number"] for event in catalogue.events]


def waits(folder: Path) -> int:
    return len(list(Spool(folder / "spool").pending()))


@pytest.mark.usefixtures("environment")
def test_a_pipeline_that_ends_has_delivered(catalogue: Receiver, tmp_path: Path) -> None:
    assert pipeline(20).wait(300) == 0
    catalogue.wait_for_events(20)
    assert numbers(catalogue) == list(range(20))


@pytest.mark.usefixtures("environment")
def test_the_client_is_not_imported_by_the_pipeline(catalogue: Receiver) -> None:
    process = pipeline(5, "courier.close(30); print(sorted(name for name in sys.modules if 'openlineage' in name))")
    out, _ = process.communicate(timeout=300)
    assert out == "[]\n"
    assert numbers(catalogue) == list(range(5))


@pytest.mark.usefixtures("environment")
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("end", ["os.kill(os.getpid(), 9)", "os._exit(1)", "os.abort()"])
def test_a_pipeline_that_is_killed_has_spooled(catalogue: Receiver, tmp_path: Path, end: str) -> None:
    assert pipeline(20, f"time.sleep(0.3); {end}").wait(300) != 0
    again = pipeline(0, "courier.poke(); courier.close(30)")
    assert again.wait(300) == 0
    catalogue.wait_for_events(20)
    assert [one for number, one in enumerate(numbers(catalogue)) if one not in numbers(catalogue)[:number]] == list(
        range(20)
    )


@pytest.mark.usefixtures("environment")
def test_the_process_ends_with_the_pipeline_though_the_catalogue_hangs(
    catalogue: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue.behaviour = "hang"
    for name, value in {"TYPE": "http", "URL": catalogue.url, "TIMEOUT": "0.5"}.items():
        monkeypatch.setenv(f"OPENLINEAGE__TRANSPORT__{name}", value)
    start = time.monotonic()
    courier = open_courier()
    assert courier is not None
    courier.emit({"number": 0})
    catalogue.wait_for(1)
    process = courier._apart._process  # type: ignore[union-attr]
    assert process is not None
    assert courier.close(0.1)
    assert time.monotonic() - start < 20
    end = time.monotonic() + module.LAST_WAIT + 200
    while Path(f"/proc/{process.pid}").exists() and _runs(process.pid):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert waits(tmp_path) == 1


def _runs(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.usefixtures("environment")
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_it_is_started_again_and_in_the_end_a_thread_takes_its_place(catalogue: Receiver) -> None:
    courier = open_courier()
    assert courier is not None
    apart = courier._apart
    assert isinstance(apart, Apart)
    number = 0
    for number in range(20):
        courier.emit({"number": number})
        catalogue.wait_for_events(number + 1)
        if (process := apart._process) is None:
            break
        process.kill()
        process.wait(120)
    assert apart._process is None
    assert number >= module.STARTS
    assert courier.close(20)
    assert sorted(set(numbers(catalogue))) == list(range(number + 1))


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("executable", ["", "/no/such/python"])
def test_without_an_interpreter_a_thread_delivers(
    catalogue: Receiver, monkeypatch: pytest.MonkeyPatch, executable: str
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    courier = open_courier()
    assert courier is not None
    courier.emit({"number": 0})
    catalogue.wait_for_events(1)
    assert courier.close(20)


@pytest.mark.usefixtures("environment")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_fork_does_not_keep_it_from_ending(catalogue: Receiver) -> None:
    end = "child = os.fork()\nif not child:\n    time.sleep(60)\n    os._exit(0)\ncourier.close(20)\n"
    end += "pid = child\nprint(courier._apart._process)\nos.kill(child, 9)"
    start = time.monotonic()
    out, _ = pipeline(3, end).communicate(timeout=300)
    assert out == "None\n"
    assert time.monotonic() - start < 18, "the fork has no part in it"
    assert numbers(catalogue) == [0, 1, 2]


@pytest.mark.usefixtures("environment")
def test_the_working_folder_is_no_place_for_modules(
    catalogue: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("requests", "yaml", "openlineage", "dagport"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()")
    monkeypatch.chdir(tmp_path)
    courier = open_courier()
    assert courier is not None
    courier.emit({"number": 0})
    catalogue.wait_for_events(1)
    assert courier.close(20)
    assert not (tmp_path / "ran").exists()


IDLE_CODE = "from dagport_lineage.delivery import apart; apart.IDLE = 0.3; apart.main()"


@pytest.mark.usefixtures("environment")
@pytest.mark.skipif(sys.platform == "win32", reason="a pipe can't be asked")
def test_it_ends_when_nothing_comes_for_long(catalogue: Receiver, tmp_path: Path) -> None:
    Spool(tmp_path / "spool").append('{"number": 0}')
    command = [sys.executable, "-c", IDLE_CODE, str(tmp_path / "spool")]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)
    assert process.stdin
    process.stdin.write(b"!")
    process.stdin.flush()
    assert process.wait(120) == 0
    process.stdin.close()
    assert numbers(catalogue) == [0]


@pytest.mark.usefixtures("environment")
def test_one_that_ended_by_itself_is_started_again(catalogue: Receiver) -> None:
    courier = open_courier()
    assert courier is not None
    apart = courier._apart
    assert isinstance(apart, Apart)
    for number in range(module.STARTS + 2):
        courier.emit({"number": number})
        catalogue.wait_for_events(number + 1)
        process = apart._process
        assert process is not None
        assert process.stdin
        process.stdin.close()
        assert process.wait(120) == 0
    assert courier.close(20)


@pytest.mark.usefixtures("environment")
def test_a_target_that_cannot_be_used_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "pigeon")
    courier = open_courier()
    assert courier is not None
    courier.emit({"number": 0})
    end = time.monotonic() + 200
    while not Spool(tmp_path / "spool").progress().last_error:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert courier.close(20)
    assert "events wait in " in caplog.text
    assert "'pigeon' isn't supported" in caplog.text
