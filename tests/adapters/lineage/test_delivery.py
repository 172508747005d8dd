"""Where events go is no matter of the run's: a catalogue that hangs, refuses or isn't there, a spool that can't be."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dagport_adapters.lineage import RunLineage, settings
from dagport_adapters.runners.observing import observed
from dagport_adapters.runners.protocol import Event
from dagport_lineage.delivery.spool import Spool
from tests.adapters.lineage.support import finished, started, task

MOST_SECONDS = 2.0  # for 200 events; a catalogue that is waited for takes ten seconds for each


@pytest.fixture
def hanging() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG", "DAGPORT_SPOOL_DIR", "AIRFLOW_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    settings._takers.clear()
    yield
    for taker in settings._takers.values():
        if taker is not None:
            taker.close(0)
    settings._takers.clear()


def ran() -> list[Event]:
    tasks: list[Event] = [task("load", state, index=index) for index in range(98) for state in ("running", "success")]
    return [started(), *tasks, finished()]


def followed(events: list[Event]) -> float:
    """Seconds that it took to follow them; all of them came through."""
    began = time.monotonic()
    assert list(observed(iter(events), [RunLineage()])) == events
    return time.monotonic() - began


def test_a_catalogue_that_hangs(hanging: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", hanging)
    monkeypatch.setenv("DAGPORT_SPOOL_DIR", str(tmp_path / "spool"))
    assert followed(ran()) < MOST_SECONDS
    assert len(list(Spool(tmp_path / "spool").pending(grows=False))) == 198


def test_a_catalogue_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("DAGPORT_SPOOL_DIR", str(tmp_path / "spool"))
    assert followed(ran()) < MOST_SECONDS


@pytest.mark.parametrize("target", [True, False])
def test_a_spool_that_cannot_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, target: bool) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DAGPORT_SPOOL_DIR", str(tmp_path / "file" / "spool"))
    if target:
        monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:9")
    assert followed(ran()) < MOST_SECONDS


def test_a_configuration_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__TRANSPORT", "[")
    monkeypatch.setenv("DAGPORT_SPOOL_DIR", str(tmp_path / "spool"))
    followed(ran())
    assert len(list(Spool(tmp_path / "spool").pending(grows=False))) == 198  # they wait for a better one


def test_no_target_at_all(tmp_path: Path) -> None:
    followed(ran())
    assert list(tmp_path.iterdir()) == []


def test_one_courier_for_all_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DAGPORT_SPOOL_DIR", str(tmp_path / "spool"))
    first = settings.shared_taker()
    assert first is not None
    assert settings.shared_taker() is first
    monkeypatch.setenv("DAGPORT_SPOOL_DIR", str(tmp_path / "other"))
    assert settings.shared_taker() is not first
