"""Runs flows of a generated project at a real Prefect server, and tells which others its automations have started.

    PREFECT_PYTHON prefect_triggers.py PROJECT STEPS

``STEPS`` is a JSON file: a list of ``[module and flow, parameters, started]``. After each one it waits until the
server has made the runs that are to be started, and counts those of every deployment. So that it makes no others later,
an event of this script's own starts the flow ``mark`` after them: the server takes events one after the other.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import socket
import subprocess
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

START = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port"]
MARK = "mark"


def free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def until(done: Any) -> None:
    """Ask again until it is so; whoever has started this ends it when it takes too long."""
    while not done():
        time.sleep(0.5)


def prefect(*words: str, cwd: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *words], cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)


def counts(client: Any) -> dict[str, int]:
    """How often each deployment has been started."""
    names = {one.id: one.name for one in client.read_deployments()}
    found = dict.fromkeys(names.values(), 0)
    for run in client.read_flow_runs():
        if run.deployment_id is not None:
            found[names[run.deployment_id]] += 1
    return found


def main() -> None:
    project, steps = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text("utf-8"))
    port = free_port()
    os.environ |= {"PREFECT_API_URL": f"http://127.0.0.1:{port}/api", "PYTHONPATH": str(project / "src")}
    sys.path.insert(0, str(project / "src"))
    with (project / "server.log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen([*START, port], stdout=log, stderr=log)
        try:
            with redirect_stdout(sys.stderr):
                found = act(server, project, steps)
        finally:
            server.terminate()
            server.wait()
    json.dump(found, sys.stdout)


def act(server: Any, project: Path, steps: list[Any]) -> list[dict[str, int]]:
    """The counts after each step."""
    from prefect.client.orchestration import get_client
    from prefect.events import emit_event
    from prefect.events.worker import EventsWorker
    from prefect.flow_engine import run_flow

    def is_there() -> bool:
        if server.poll() is not None:
            raise RuntimeError((project / "server.log").read_text("utf-8"))
        return client.api_healthcheck() is None

    answers = []
    with get_client(sync_client=True) as client:
        until(is_there)
        prefect("work-pool", "create", "default", "--type", "process", cwd=project)
        prefect("--no-prompt", "deploy", "--all", cwd=project)
        turn_on(client)
        deployed = {one.name: one for one in client.read_deployments()}
        for number, (name, parameters, started) in enumerate([[None, {}, {}], *steps]):
            before = counts(client)
            if name is not None:
                flow = getattr(importlib.import_module(f"pipelines.flows.{name}"), name)
                made = client.create_flow_run_from_deployment(deployed[name].id, parameters=parameters)
                run_flow(flow, flow_run=made, parameters=parameters, return_type="state")
            until(lambda: has_started(counts(client), before, started))  # noqa: B023 - it is called here only
            while counts(client)[MARK] <= number:
                # The first ones may come before the server looks at the automations that are on.
                emit_event(MARK, resource={"prefect.resource.id": f"{MARK}.{number}"})
                EventsWorker.drain_all()
                time.sleep(3)
            answers.append(counts(client))
    return answers


def has_started(now: dict[str, int], before: dict[str, int], started: dict[str, int]) -> bool:
    """Whether there are as many further runs as there have to be."""
    return all(now[name] >= before[name] + more for name, more in started.items())


def turn_on(client: Any) -> None:
    """All automations, which are off, and that of the mark."""
    from prefect.events.actions import RunDeployment
    from prefect.events.schemas.automations import AutomationCore, EventTrigger

    for automation in client.read_automations():
        if automation.enabled:
            raise RuntimeError(f"{automation.name} is on")
        client.resume_automation(automation.id)
    marked = next(one.id for one in client.read_deployments() if one.name == MARK)
    trigger = EventTrigger(expect={MARK})
    client.create_automation(AutomationCore(name=MARK, trigger=trigger, actions=[RunDeployment(deployment_id=marked)]))


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    main()
