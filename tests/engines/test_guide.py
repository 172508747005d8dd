"""What docs/guide.md shows is what the real engines say: a live Airflow 3, Airflow's environment, and Dagster."""

from __future__ import annotations

import os
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.engines.airflow_side_sites import waited
from tests.engines.environments import Environment, clean_variables, with_dagport
from tests.engines.live_airflow import end, live_airflow
from tests.engines.ports import free_port
from tests.pages import check, played, write_below

PAGE = Path(__file__).parents[2] / "docs" / "guide.md"
DURATION = re.compile(r" +\d+\.\d+ s$", re.MULTILINE)
COMMAND_SECONDS = 180
SENSOR_SECONDS = 120  # until the sensor has seen a run that has ended
DAGPORT = '#!/bin/sh\nexec "{python}" -m dagport "$@"\n'

pytestmark = pytest.mark.engine


@dataclass
class Shell:
    """A terminal in the repository of the guide."""

    folder: Path
    variables: dict[str, str]
    real: dict[str, str]  # what the page has -> what it is here
    servers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self, command: str, shown: str) -> str:
        """What a command prints. What Dagster knows of a run is waited for: its sensor looks every few seconds."""
        command = self.here(command)
        if command.startswith("export "):
            self._export(command)
            return ""
        if command.endswith("&"):
            self._serve(command.removesuffix("&"))
            return ""
        deadline = time.monotonic() + (SENSOR_SECONDS if command.startswith("python states.py") else 0)
        while (found := self._output(command)) != shown and time.monotonic() < deadline:
            time.sleep(1)
        return found

    def here(self, text: str) -> str:
        """A text of the page with this machine's folders and ports."""
        for page, real in self.real.items():
            text = text.replace(page, real)
        return text

    def _output(self, command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", command], env=self.variables, cwd=self.folder, timeout=COMMAND_SECONDS, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        output: str = done.stdout
        for page, real in self.real.items():
            output = output.replace(real, page)
        return output

    def _export(self, command: str) -> None:
        for name, value in re.findall(r"(\w+)=(\S+)", command):
            self.variables[name] = value.replace("$PWD", str(self.folder))

    def _serve(self, command: str) -> None:
        self.servers.append(
            subprocess.Popen(["bash", "-c", command], env=self.variables, cwd=self.folder, start_new_session=True)
        )
        url = self.here("http://127.0.0.1:3000/server_info")
        waited(lambda: bool(urllib.request.urlopen(url, timeout=5)), f"no answer from {command}")

    def close(self) -> None:
        """End the servers, with their children."""
        end(self.servers)


def programs(folder: Path, host: Environment) -> str:
    """A PATH on which ``dagport`` is this checkout, in Dagster's environment."""
    folder.mkdir()
    (folder / "dagport").write_text(DAGPORT.format(python=host.python))
    (folder / "dagport").chmod(0o755)
    return os.pathsep.join([str(folder), str(host.python.parent), os.environ["PATH"]])


@pytest.fixture
def shell(tmp_path: Path, airflow3: Environment, dagster_host: Environment) -> Iterator[Shell]:
    folder = tmp_path / "repository"
    (folder / "airflow" / "plugins").mkdir(parents=True)
    (folder / "airflow-env").symlink_to(airflow3.python.parents[1])
    real = {
        "/srv/shop": str(tmp_path / "data"),
        "127.0.0.1:3000": f"127.0.0.1:{(port := free_port())}",
        "-p 3000": f"-p {port}",
    }
    variables = {
        **clean_variables(),
        **with_dagport(),
        "PYTHONUNBUFFERED": "1",
        "PATH": programs(tmp_path / "bin", dagster_host),
    }
    found = Shell(folder, variables, real)
    dag = re.search(r"^# dags/forecast.py\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert dag is not None
    write_below(folder)("dags/forecast.py", found.here(dag[1]))
    try:
        with live_airflow(airflow3, folder / "dags", folder, dag_ids=["forecast"]) as live:
            real["127.0.0.1:8080"] = f"127.0.0.1:{live.port}"
            yield found
    finally:
        found.close()


def test_the_engines_say_what_the_guide_shows(shell: Shell, *, accept: bool) -> None:
    write = write_below(shell.folder)
    found = played(
        PAGE.read_text("utf-8"),
        shell.run,
        write=lambda path, text: write(path, shell.here(text)),
        normal=lambda output: DURATION.sub(" N s", output),
    )
    check(PAGE, found, accept=accept)
