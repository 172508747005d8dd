"""Several processes: none is left behind, whatever ends the run."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dagport import formats
from dagport.project import pool
from dagport.project.discovery import Search, discover
from dagport.project.read import ReadRequest, read_inputs

RUN = """
import sys
from pathlib import Path
from dagport import formats
from dagport.cli.app import main
formats.READERS["airflow"] = "tests.project.fakes:read"
main(["graph", "dags", "--jobs", "2", "--no-cache"])
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(formats.READERS, "airflow", "tests.project.fakes:read")
    (tmp_path / "dags").mkdir()
    return tmp_path


def write(project: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (project / "dags" / f"{name}.py").write_text(f"# airflow dag\n{text}\n")


def ids(project: Path, jobs: int) -> list[str]:
    inputs = discover(["dags"], Search(root=project))
    results = read_inputs(inputs, ReadRequest(jobs=jobs))
    return [
        graph.pipelines[0].id if graph.pipelines else graph.diagnostics[0].code
        for result in results
        for graph in (document.graph for document in result.documents)
    ]


def test_order_is_kept_over_many_portions(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "LARGEST_CHUNK", 2)
    monkeypatch.setattr(pool, "AHEAD", 1)
    names = [f"d{number:02}" for number in range(31)]
    write(project, {name: f"# dag {name}" for name in names})
    assert ids(project, 2) == names


def test_several_that_die(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "LARGEST_CHUNK", 3)
    names = [f"d{number:02}" for number in range(20)]
    dying = {"d00", "d07", "d08", "d19"}
    write(project, {name: "die" if name in dying else f"# dag {name}" for name in names})
    assert ids(project, 2) == ["DP109" if name in dying else name for name in names]


def test_run_that_is_left_ends_its_processes(project: Path) -> None:
    write(project, {f"d{number}": f"# dag d{number}" for number in range(8)})
    results = read_inputs(discover(["dags"], Search(root=project)), ReadRequest(jobs=2))
    next(results)
    assert multiprocessing.active_children()
    results.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_run(project: Path, number: signal.Signals) -> None:
    write(project, {f"d{number}": "# slow\n" * 60 for number in range(4)})
    root = Path(__file__).parents[2]
    command = subprocess.Popen(
        [sys.executable, "-c", RUN],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(root)},
        stderr=subprocess.PIPE,
        start_new_session=True,
        # A test run in the background of a shell ignores interrupts, and so would what it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with command:
        started = waited_for(lambda: len(children(command.pid)) == 2)
        processes = children(command.pid)
        if number == signal.SIGINT:
            os.killpg(command.pid, number)  # as a terminal does
        else:
            command.send_signal(number)
        command.wait(120)
        assert command.stderr is not None
        said = command.stderr.read()
    assert started
    assert command.returncode == (130 if number == signal.SIGINT else -number)
    assert said == (b"Interrupted.\n" if number == signal.SIGINT else b"")
    assert waited_for(lambda: not any(is_running(process) for process in processes))


def waited_for(condition: object) -> bool:
    end = time.monotonic() + 200
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


def children(process: int) -> list[int]:
    """The processes that a process has started and that still run."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(child) for child in listed if is_running(int(child))]


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False
