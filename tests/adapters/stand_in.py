"""Workers without Airflow: scripts that speak the protocol, or don't."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dagport_adapters.runners import LocalAirflow, homes, process

HEAD = """
import json, os, sys, time
read, write = int(sys.argv[1]), int(sys.argv[2])
def send(**message):
    os.write(write, json.dumps(message).encode() + b"\\n")
def command():
    line = b""
    while not line.endswith(b"\\n"):
        more = os.read(read, 1)
        if not more:
            sys.exit(0)
        line += more
    return json.loads(line)
def task(name, state, number=1, **more):
    send(**{"type": "task", "task_id": name, "map_index": -1, "try_number": number, "state": state,
            "started": None, "ended": None, "log": None, **more})
def started(resumed=False):
    send(type="run_started", dag_id="d", run_id="r", logical_date=None, started=None, resumed=resumed)
def finished(state="success", cancelled=False):
    send(type="run_finished", run_id="r", state=state, cancelled=cancelled, ended=None)
"""
HELLO = 'send(type="hello", protocol=1, airflow="3.3.2", python="3.11.1", pid=os.getpid())\n'


def stand_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch, body: str, *, hello: str = HELLO, grace: float = 0.3
) -> LocalAirflow:
    """A runner whose worker is a script: ``body`` after the hello."""
    script = folder / "stand_in.py"
    script.write_text(HEAD + hello + body)
    monkeypatch.setattr(process, "SCRIPT", script)
    monkeypatch.setattr(homes, "prepare", lambda *_: None)
    (folder / "dags").mkdir(exist_ok=True)
    return LocalAirflow(sys.executable, folder / "dags", home=folder / "home", cancel_grace=grace)
