"""``dagport lineage flush`` and ``dagport lineage status``."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dagport.cli.app import run
from dagport_lineage.commands import flush as flush_module
from dagport_lineage.delivery.folders import spool_folder
from dagport_lineage.delivery.locks import locked
from dagport_lineage.delivery.spool import FLUSH_LOCK, Spool
from tests.lineage.delivery.receiver import Receiver, receiver


@dataclass
class Done:
    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass
class Scene:
    """A spool, a catalogue, and the environment that names both."""

    folder: Path
    catalogue: Receiver
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    @property
    def spool(self) -> Spool:
        return Spool(self.folder / "spool")

    def fill(self, count: int) -> None:
        for number in range(count):
            job = {"namespace": "prod", "name": f"job_{number}"}
            self.spool.append(json.dumps({"eventTime": f"2026-01-01T00:00:0{number}Z", "job": job}))

    def dagport(self, *words: str) -> Done:
        status = run(["lineage", *words])
        out, err = self.capsys.readouterr()
        return Done(status, out, err)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Scene]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DAGPORT_SPOOL_DIR", str(tmp_path / "spool"))
    monkeypatch.setattr(flush_module, "PAUSE", 0.01)
    with receiver() as catalogue:
        monkeypatch.setenv("OPENLINEAGE_URL", catalogue.url)
        yield Scene(tmp_path, catalogue, monkeypatch, capsys)


def test_nothing_is_spooled(scene: Scene) -> None:
    scene.monkeypatch.delenv("OPENLINEAGE_URL")
    assert scene.dagport("flush") == Done(0, "delivered: 0\n", "")
    status = scene.dagport("status")
    assert (status.status, status.err) == (0, "")
    assert "waiting: 0 events, 0 bytes\n" in status.out
    assert "target: none: OpenLineage's configuration names no transport" in status.out
    assert not (scene.folder / "spool").exists()


def test_what_is_spooled_is_delivered(scene: Scene) -> None:
    scene.fill(3)
    assert scene.dagport("flush") == Done(0, "delivered: 3\n", "")
    assert [one["job"]["name"] for one in scene.catalogue.events] == ["job_0", "job_1", "job_2"]
    assert scene.dagport("flush") == Done(0, "delivered: 0\n", "")
    assert len(scene.catalogue.bodies) == 3


def test_what_is_left_is_said(scene: Scene) -> None:
    scene.fill(2)
    scene.catalogue.behaviour = 503
    assert scene.dagport("flush") == Done(1, "delivered: 0\nleft: 2 (HTTP status 503: said)\n", "")
    assert scene.catalogue.requests == flush_module.TRIES
    found = scene.dagport("flush", "--format", "json")
    assert (found.status, found.json) == (
        1,
        {"delivered": 0, "refused": 0, "excluded": 0, "damaged": 0, "left": 2, "error": "HTTP status 503: said"},
    )


@pytest.mark.parametrize("behaviour", ["hang", 503])
def test_a_flush_ends_in_time(scene: Scene, behaviour: int | str) -> None:
    scene.fill(1)
    scene.catalogue.behaviour = behaviour
    scene.monkeypatch.setattr(flush_module, "PAUSE", 30.0)
    start = time.monotonic()
    done = scene.dagport("flush", "--timeout", "0.5")
    assert time.monotonic() - start < 10
    assert (done.status, done.out.partition("(")[0]) == (1, "delivered: 0\nleft: 1 ")


def test_refused_events_do_not_block_and_can_be_tried_again(scene: Scene) -> None:
    scene.fill(3)
    scene.catalogue.refuses = "job_1"
    assert scene.dagport("flush") == Done(0, "delivered: 2\nrefused: 1\n", "")
    status = scene.dagport("status").out
    assert "refused: 1; 'dagport lineage flush --retry-refused' tries them again\n" in status
    assert ": HTTP status 400: said\n" in status
    assert scene.dagport("flush") == Done(0, "delivered: 0\n", "")
    scene.catalogue.refuses = None
    assert scene.dagport("flush", "--retry-refused") == Done(0, "delivered: 1\n", "")
    assert [one["job"]["name"] for one in scene.catalogue.events] == ["job_0", "job_2", "job_1"]
    assert "\nrefused:" not in scene.dagport("status").out


def test_another_process_delivers(scene: Scene) -> None:
    scene.fill(1)
    with locked(scene.spool.folder / FLUSH_LOCK, 0):
        done = scene.dagport("flush", "--timeout", "0.3")
    assert done.status == 1
    assert done.out.startswith("delivered: 0\nleft: 1 (")


def test_two_flushes_deliver_each_event_once(scene: Scene) -> None:
    scene.fill(9)
    command = [sys.executable, "-m", "dagport", "lineage", "flush"]
    processes = [subprocess.Popen(command, cwd=Path(__file__).parents[3]) for _ in range(2)]
    assert [process.wait(300) for process in processes] == [0, 0]
    assert [one["job"]["name"] for one in scene.catalogue.events] == [f"job_{number}" for number in range(9)]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("OPENLINEAGE_URL", "", "names no transport"),
        ("OPENLINEAGE__TRANSPORT__TYPE", "pigeon", "'pigeon' isn't supported"),
        ("OPENLINEAGE_DISABLED", "true", "turned off"),
    ],
)
def test_without_a_target_nothing_is_delivered(scene: Scene, name: str, value: str, message: str) -> None:
    scene.fill(1)
    scene.monkeypatch.setenv(name, value)
    done = scene.dagport("flush")
    assert done.status in (1, 2)
    assert message in done.out + done.err
    assert len(list(scene.spool.pending())) == 1


def test_the_console_transport_shows_the_events(scene: Scene) -> None:
    scene.fill(1)
    scene.monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "console")
    done = scene.dagport("flush")
    event, delivered = done.out.splitlines()
    assert json.loads(event)["job"]["name"] == "job_0"
    assert (done.status, delivered) == (0, "delivered: 1")


def test_the_status_shows_no_credentials(scene: Scene) -> None:
    scene.fill(1)
    scene.monkeypatch.setenv("OPENLINEAGE_URL", "http://me:hunter2@127.0.0.1:9/?token=hunter2")
    scene.monkeypatch.setenv("OPENLINEAGE_API_KEY", "hunter2")
    shown = [scene.dagport(*words) for words in (["flush"], ["status"], ["status", "--format", "json"])]
    assert "hunter2" not in repr(shown)
    assert b"hunter2" not in b"".join(path.read_bytes() for path in scene.spool.folder.iterdir())
    assert "target: http http://127.0.0.1:9/\n" in shown[1].out
    assert shown[2].json["target"] == "http http://127.0.0.1:9/"


def test_the_status_in_json(scene: Scene) -> None:
    scene.fill(2)
    scene.spool.count_loss("bound")
    found = scene.dagport("status", "--format", "json").json
    assert found == {
        "spool": str(scene.folder / "spool"),
        "target": f"http {scene.catalogue.url}",
        "target_problem": None,
        "waiting": {
            "events": 2,
            "bytes": sum(len(one.record.line) for one in scene.spool.pending() if one.record),
            "oldest": "2026-01-01T00:00:00Z",
            "oldest_job": "job_0",
        },
        "delivered": 0,
        "excluded": 0,
        "damaged": 0,
        "lost": {"bound": 1},
        "last_delivery": None,
        "last_error": None,
        "last_error_time": None,
        "refused": [],
    }
    scene.dagport("flush")
    after = scene.dagport("status", "--format", "json").json
    assert (after["waiting"]["events"], after["delivered"], after["last_error"]) == (0, 2, None)
    assert after["last_delivery"]


def test_the_status_says_what_is_wrong(scene: Scene) -> None:
    scene.fill(1)
    with next(scene.spool.folder.glob("*.events")).open("ab") as file:
        file.write(b"damaged\n")
    scene.spool.count_loss("disk")
    scene.catalogue.behaviour = 503
    scene.dagport("flush")
    assert "last error: 20" in scene.dagport("status").out
    scene.catalogue.behaviour = 200
    scene.dagport("flush")
    status = scene.dagport("status").out
    assert "damaged: 1\n" in status
    assert "lost: 1: the disk didn't take them\n" in status


def test_a_text_from_a_catalogue_cannot_act_on_the_terminal(scene: Scene) -> None:
    scene.spool.append(json.dumps({"eventTime": "\x1b[31m", "job": {"name": "\x1b]0;x\x07"}}))
    assert "\x1b" not in scene.dagport("status").out


def test_a_configuration_in_the_working_folder_is_mentioned(scene: Scene) -> None:
    (scene.folder / "openlineage.yml").write_text("transport: {type: console}")
    for command in ("flush", "status"):
        assert "openlineage.yml in the working folder isn't taken by itself" in scene.dagport(command).err


def test_a_spool_that_is_no_folder_is_an_error(scene: Scene) -> None:
    (scene.folder / "spool").write_text("x")
    assert scene.dagport("status").status == 2


def test_a_spool_may_be_given(scene: Scene) -> None:
    scene.fill(1)
    (scene.folder / "spool").rename(scene.folder / "other")
    assert scene.dagport("flush", "--spool-dir", "other") == Done(0, "delivered: 1\n", "")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other folders")
@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"DAGPORT_SPOOL_DIR": "/a/b"}, "/a/b"),
        ({"XDG_STATE_HOME": "/state"}, "/state/dagport/lineage"),
        ({"XDG_STATE_HOME": "relative"}, "HOME/.local/state/dagport/lineage"),
        ({}, "HOME/.local/state/dagport/lineage"),
    ],
)
def test_where_the_spool_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], folder: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert str(spool_folder(environment)) == folder.replace("HOME", str(tmp_path))


def test_a_status_during_a_delivery_is_right(scene: Scene) -> None:
    scene.fill(5)
    over = threading.Event()

    def deliver() -> None:
        while not over.is_set():
            for pending in scene.spool.pending():
                scene.spool.save(pending.after)
                time.sleep(0.002)

    thread = threading.Thread(target=deliver)
    thread.start()
    counts = [scene.dagport("status", "--format", "json").json["waiting"]["events"] for _ in range(5)]
    over.set()
    thread.join()
    assert counts == sorted(counts, reverse=True)
