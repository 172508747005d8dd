"""Shell commands in generated projects: what is run, where, and what its output stands for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from dagport.writers.common.support.commands import check_returned, run_command, value_of


def run(command: str, *, env: Mapping[str, str] | None = None, cwd: str | None = None) -> tuple[int, str, list[str]]:
    lines: list[str] = []
    code, last = run_command(command, env=env, cwd=cwd, encoding="utf-8", log=lines.append)
    return code, last, lines


@pytest.mark.parametrize(
    ("command", "code", "lines"),
    [
        ("echo a; echo b", 0, ["a", "b"]),
        ("true", 0, []),
        ("echo a; exit 3", 3, ["a"]),
        ("echo a >&2; exit 99", 99, ["a"]),
        ("printf 'a  \\n100%%'", 0, ["a", "100%"]),
        ("printf '\\xff'", 0, ["\\xff"]),
        ("echo {a,b}", 0, ["a b"]),  # of bash, and not of every shell
    ],
)
def test_commands(command: str, code: int, lines: list[str]) -> None:
    assert run(command) == (code, lines[-1] if lines else "", [f"Running: {command}", *lines])


def test_a_command_runs_where_it_is_told_to(tmp_path: Path) -> None:
    assert run("pwd -P", cwd=str(tmp_path))[1] == str(tmp_path.resolve())


def test_a_command_has_a_folder_of_its_own() -> None:
    first, second = (run("touch left; ls; pwd") for _ in range(2))
    assert first[2][1:-1] == second[2][1:-1] == ["left"]
    assert first[1] != second[1]
    assert not Path(first[1]).exists()


def test_a_command_needs_its_folder(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match="isn't a directory"):
        run("true", cwd=str(tmp_path / "missing"))


@pytest.mark.parametrize(("env", "seen"), [({"ONLY": "1"}, "1-"), (None, "-1")])
def test_its_environment_is_what_it_is_given(
    env: Mapping[str, str] | None, seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURS", "1")
    path = {"PATH": os.environ["PATH"]}
    assert run("echo $ONLY-$OURS", env=None if env is None else {**env, **path})[1] == seen


def test_a_command_that_is_cancelled_is_ended(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    held = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    def cancel(line: str) -> None:
        if line == "there":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_command(
            f"exec 9> {pipe}; trap 'echo told >&9; exit' TERM; echo there; sleep 60 & wait",
            env=None, cwd=None, encoding="utf-8", log=cancel,
        )  # fmt: skip
    os.set_blocking(held, True)
    assert os.read(held, 9) == b"told\n"
    os.close(held)


@pytest.mark.parametrize("command", ["", " \n", None, 3, ["a"], "{{ ds }}", "{% if a %}", "{# a #}", "a.sh", "a.bash"])
def test_what_a_function_cannot_return(command: object) -> None:
    with pytest.raises(TypeError, match="The function"):
        check_returned(command)


@pytest.mark.parametrize("command", ["echo a", "a.sh b", "echo {a}", "echo ${a}"])
def test_what_a_function_can_return(command: str) -> None:
    check_returned(command)


@pytest.mark.parametrize(
    ("line", "process", "multiple_outputs", "value"),
    [
        ("a", None, False, "a"),
        ("3", int, False, 3),
        ('{"a": 1}', json.loads, True, {"a": 1}),
        ('{"a": 1}', None, False, '{"a": 1}'),
    ],
)
def test_values(line: str, process: Callable[[str], Any] | None, multiple_outputs: bool, value: object) -> None:
    assert value_of(line, process, multiple_outputs=multiple_outputs) == value


@pytest.mark.parametrize("line", ["1", "[1]", "{1: 2}"])
def test_several_outputs_are_a_dict_with_texts_for_keys(line: str) -> None:
    with pytest.raises(TypeError, match="a dict with text keys"):
        value_of(line, eval, multiple_outputs=True)
