"""What a process does: crashes, interrupts, closed pipes, colours, locales, start-up."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
from array import array
from pathlib import Path

import click
import pytest

from dagport.cli.app import LazyGroup
from dagport.cli.app import dagport as group
from dagport.cli.plugins import plugin_commands
from dagport.cli.run import BAR_FROM
from tests.cli.conftest import Dagport, Files

DAGPORT = [sys.executable, "-m", "dagport"]
NEVER_AT_START = ("asyncio", "concurrent.futures", "difflib", "importlib.metadata", "jinja2", "jsonschema", "libcst",
                  "networkx", "pathspec", "subprocess", "tempfile", "tomllib")  # fmt: skip


WIND = """
import click

@click.command()
def wind():
    'Say where it blows.'
    print('west')
"""


def process(*args: str, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*DAGPORT, *args], capture_output=True, cwd=cwd, env={**os.environ, **(env or {})}, check=False
    )


def test_crash_names_the_file_and_the_others_are_done(dagport: Dagport, files: Files) -> None:
    files(
        {
            "dags/a.py": "# airflow\n# dag a x\n",
            "dags/b.py": "# airflow dag\ncrash\n",
            "dags/c.py": "# airflow\n# dag c x\n",
        }
    )
    for args in (["graph", "dags"], ["check", "dags"], ["translate", "dags", "--to", "dagster", "--out", "out"]):
        done = dagport(*args)
        assert done.status == 3
        [line] = [line for line in done.err.splitlines() if "This is a bug in dagport" in line]
        assert "failed on dags/b.py: KeyError: 'a bug'" in line
        assert "Traceback" not in done.err
        assert {"a", "c"} <= {line.split()[0] for line in done.out.splitlines() if line.strip()}
    assert "Traceback" in dagport("graph", "dags", "--verbose").err


def test_same_crash_is_reported_once(dagport: Dagport, files: Files) -> None:
    files({f"dags/{name}.py": "# airflow dag\ncrash\n" for name in "abc"})
    done = dagport("graph", "dags", "--format", "json")
    assert done.err.count("This is a bug") == 1
    assert "failed on dags/a.py and 2 more files: KeyError" in done.err
    assert done.err.count("DP109") == 3


def test_crash_of_the_writer_names_the_file_and_writes_nothing(dagport: Dagport, files: Files, project: Path) -> None:
    files({"dags/a.py": "# airflow\n# dag a x\n", "dags/b.py": "# airflow\n# dag b x\n# crash the writer\n"})
    done = dagport("translate", "dags", "--to", "dagster", "--out", "out")
    assert (done.status, done.out) == (3, "")
    assert "failed on dags/b.py: LookupError: a bug in the writer" in done.err
    assert not (project / "out").exists()
    assert dagport("check", "dags", "--to", "dagster").status == 3


def test_crash_elsewhere(dagport: Dagport, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    files({"dags/a.py": "# airflow\n# dag a x\n"})
    monkeypatch.setattr("dagport.cli.run.discover", lambda *_: 1 / 0)
    done = dagport("graph", "dags")
    assert done.status == 3
    assert "ZeroDivisionError" in done.err
    assert "please report it" in done.err
    assert "Traceback" not in done.err
    assert "Traceback" in dagport("graph", "dags", "-v").err


def test_interrupt(dagport: Dagport, files: Files) -> None:
    files({"dags/a.py": "# airflow dag\n# interrupt\n"})
    done = dagport("graph", "dags")
    assert (done.status, done.err) == (130, "Interrupted.\n")


def hear_interrupts() -> None:
    """A test run in the background of a shell ignores interrupts, and so would what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_until_it_reads(command: subprocess.Popen[bytes]) -> None:
    """Until the process has taken all of its input and sleeps; a signal before that is heard after the next input."""
    assert command.stdin is not None
    left = array("i", [1])
    for _ in range(3000):
        fcntl.ioctl(command.stdin, termios.FIONREAD, left)
        state = Path(f"/proc/{command.pid}/stat").read_text().rpartition(")")[2].split()[0]
        if not left[0] and state == "S":
            return
        time.sleep(0.02)
    raise AssertionError("the process doesn't read its input")


def test_interrupt_of_a_process(tmp_path: Path) -> None:
    command = subprocess.Popen(
        [*DAGPORT, "graph", "-"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        preexec_fn=hear_interrupts,
    )
    with command:
        assert command.stdin is not None
        assert command.stderr is not None
        command.stdin.write(b"#")
        command.stdin.flush()
        wait_until_it_reads(command)
        command.send_signal(signal.SIGINT)
        assert command.stderr.read() == b"Interrupted.\n"
    assert command.returncode == 130


def test_reader_that_stops_reading(tmp_path: Path) -> None:
    command = subprocess.Popen([*DAGPORT, "explain"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path)
    with command:
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.close()
        assert command.stderr.read() == b""
    assert command.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_no_room_for_the_output(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*DAGPORT, "explain"], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert done.stderr.decode().splitlines()[-1] == "Error: can't write: No space left on device"


def test_same_bytes_in_every_locale(tmp_path: Path) -> None:
    (tmp_path / "grüße.json").write_text("{", "utf-8")
    outputs = {
        process("graph", "grüße.json", "--format", "jsonl", cwd=tmp_path, env=env).stdout
        for env in ({"LC_ALL": "C"}, {"LC_ALL": "C.UTF-8"}, {"PYTHONIOENCODING": "latin-1"}, {"PYTHONHASHSEED": "7"})
    }
    assert len(outputs) == 1
    assert "grüße.json".encode() in outputs.pop()


@pytest.mark.parametrize(
    ("args", "env", "colored"),
    [
        ([], {}, False),  # no terminal
        (["--color", "always"], {}, True),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {}, False),
    ],
)
def test_colors(tmp_path: Path, args: list[str], env: dict[str, str], colored: bool) -> None:
    done = process("check", "missing.py", *args, cwd=tmp_path, env=env)
    assert done.returncode == 1
    assert (b"\x1b[" in done.stdout) == colored


@pytest.mark.parametrize(
    ("env", "colored"), [({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colors_on_a_terminal(tmp_path: Path, env: dict[str, str], colored: bool) -> None:
    pty = pytest.importorskip("pty")
    terminal, end = pty.openpty()
    full = {**os.environ, "TERM": "xterm", **env}
    with subprocess.Popen([*DAGPORT, "check", "missing.py"], stdout=end, stderr=end, cwd=tmp_path, env=full) as command:
        command.wait(120)
    os.close(end)
    assert (b"\x1b[" in os.read(terminal, 65536)) == colored
    os.close(terminal)


@pytest.mark.parametrize(
    ("args", "files", "shown"),
    [
        (["graph", "--format", "jsonl"], BAR_FROM, True),
        (["graph", "--format", "jsonl", "--quiet"], BAR_FROM, False),
        (["graph", "--format", "jsonl"], BAR_FROM - 1, False),
    ],
)
def test_progress_bar_is_on_the_terminal_only(tmp_path: Path, args: list[str], files: int, shown: bool) -> None:
    pty = pytest.importorskip("pty")
    for number in range(files):
        (tmp_path / f"f{number:02}.json").write_text("[]")
    terminal, end = pty.openpty()
    with subprocess.Popen([*DAGPORT, *args, "*.json"], stdout=subprocess.PIPE, stderr=end, cwd=tmp_path) as command:
        assert command.communicate(timeout=120)[0] == b""
    os.write(end, b"end")
    os.close(end)
    assert (b"Reading" in os.read(terminal, 65536)) == shown
    os.close(terminal)


@pytest.mark.parametrize("args", [["--help"], ["formats"], ["explain", "DP201"]])
def test_start_up_imports_little(args: list[str]) -> None:
    code = f"import sys; from dagport.cli.app import run; run({args!r}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(NEVER_AT_START) & set(done.stderr.split())


@pytest.mark.parametrize("words", [[], ["lineage"]])
def test_short_help_in_the_table_is_the_commands_own(words: list[str]) -> None:
    context = group.make_context("dagport", ["--help"], resilient_parsing=True)
    parent: click.Command | None = group
    for word in words:
        assert isinstance(parent, click.Group)
        parent = parent.get_command(context, word)
    assert isinstance(parent, LazyGroup)
    for name, (_, text) in parent.lazy.items():
        command = parent.get_command(context, name)
        assert command is not None
        assert command.help is not None
        assert command.help.split("\n\n")[0].replace("\n", " ") == text
        assert command.name == name


def test_commands_of_other_packages(
    dagport: Dagport, project: Path, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    files(
        {
            "site/wind.py": WIND,
            "site/wind-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: wind\nVersion: 1.0\n",
            "site/wind-1.0.dist-info/entry_points.txt": "[dagport.commands]\nwind = wind:wind\ngraph = wind:wind\n",
        }
    )
    monkeypatch.syspath_prepend(str(project / "site"))
    plugin_commands.cache_clear()
    try:
        assert dagport("wind").out == "west\n"
        listing = dagport("--help").out
        assert "wind       Say where it blows." in listing
        assert listing.count("\n  graph ") == 1  # ours can't be replaced
        assert dagport("windd").err.endswith("Did you mean wind?\n")
    finally:
        plugin_commands.cache_clear()
