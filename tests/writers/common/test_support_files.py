"""Files that generated projects carry along: waiting, files, functions in another Python, macros, where they are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dagport.writers.common import supporting
from dagport.writers.common.support import isolated, macros, poking
from dagport.writers.common.support.poking import Poke


def finds(*found: object) -> Iterator[object]:
    yield from found


def test_it_looks_until_something_is_found() -> None:
    looks = finds(False, None, Poke(False, 1), Poke(True, 2), Poke(True, 3))
    assert poking.poke_until(lambda: next(looks), interval=0) == 2


def test_what_is_no_poke_has_no_result() -> None:
    assert poking.poke_until(lambda: "there", interval=0) is None


def test_it_looks_once_at_least() -> None:
    assert poking.poke_until(lambda: Poke(True, 1), timeout=0) == 1


def test_it_gives_up() -> None:
    with pytest.raises(RuntimeError, match=r"0\.01 are the most"):
        poking.poke_until(lambda: False, interval=0.02, timeout=0.01)


def test_what_is_raised_after_too_long_a_wait() -> None:
    with pytest.raises(KeyError, match=r"It has been waited for 0 seconds, and 0\.01 are the most"):
        poking.poke_until(lambda: False, interval=0.02, timeout=0.01, late=KeyError)


def test_a_look_that_fails_ends_the_wait() -> None:
    with pytest.raises(ZeroDivisionError):
        poking.poke_until(lambda: 1 / 0, interval=0)


@pytest.mark.parametrize(
    ("moment", "seconds", "passed"),
    [
        ("2020-01-01", 0, True),
        ("2020-01-01T00:00:00+02:00", 10, True),
        ("2999-01-01T00:00:00", 0, False),
        (datetime.now(UTC) - timedelta(hours=1), 60, True),
        (datetime.now(UTC) - timedelta(hours=1), 7200, False),
    ],
)
def test_moments(moment: datetime | str, seconds: float, passed: bool) -> None:
    assert poking.has_passed(moment, seconds=seconds) is passed


def test_files(tmp_path: Path) -> None:
    (tmp_path / "empty" / "below").mkdir(parents=True)
    assert not poking.has_file(str(tmp_path / "empty"))
    assert not poking.has_file(str(tmp_path / "*.csv"))
    (tmp_path / "empty" / "below" / "a.csv").touch()
    assert poking.has_file(str(tmp_path / "empty"))
    assert poking.has_file(str(tmp_path / "**" / "*.csv"), recursive=True)
    assert not poking.has_file(str(tmp_path / "*.csv"))


def given(values: list[int], factor: int = 2, *, more: str = "") -> tuple[int, str]:
    import os

    os.write(1, b"printed there")
    return sum(values) * factor, more + os.environ.get("ISOLATED", "")


def broken() -> None:
    raise ValueError("no such thing")


def test_a_function_in_another_python(capfd: pytest.CaptureFixture[str]) -> None:
    kwargs = {"factor": 3, "more": "x"}
    found = isolated.run_in_python(sys.executable, given, args=[[1, 2]], kwargs=kwargs, env={"ISOLATED": "y"})
    assert found == (9, "xy")
    assert "printed there" in capfd.readouterr().out


def test_without_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOLATED", "inherited")
    assert isolated.run_in_python(sys.executable, given, args=[[1]]) == (2, "inherited")
    assert isolated.run_in_python(sys.executable, given, args=[[1]], inherit_env=False) == (2, "")


def test_a_function_that_fails_elsewhere() -> None:
    with pytest.raises(RuntimeError, match=r"`broken` ended with exit code 1 in .*no such thing"):
        isolated.run_in_python(sys.executable, broken)


@pytest.mark.parametrize("python", ["python", "/no/such/python", "/"])
def test_no_interpreter(python: str) -> None:
    with pytest.raises(ValueError, match="isn't the absolute path"):
        isolated.run_in_python(python, broken)


def test_a_virtual_environment_is_kept(tmp_path: Path) -> None:
    first = isolated.run_in_virtualenv(given, args=[[4]], system_site_packages=False, cache=tmp_path)
    [place] = tmp_path.glob("virtualenv-*/complete.json")
    made = place.stat().st_mtime_ns
    again = isolated.run_in_virtualenv(given, args=[[5]], system_site_packages=False, cache=tmp_path)
    assert (first, again) == ((8, ""), (10, ""))
    assert place.stat().st_mtime_ns == made


def test_a_virtual_environment_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises((RuntimeError, OSError)):
        isolated.run_in_virtualenv(broken, python_version="9.99", cache=tmp_path)
    assert not list(tmp_path.glob("virtualenv-*/complete.json"))


def test_indexes() -> None:
    assert isolated._indexes([]) == {}
    found = isolated._indexes(["a", "b", "c"])
    assert (found["PIP_INDEX_URL"], found["UV_INDEX"]) == ("a", "b c")


@pytest.mark.parametrize(("days", "wanted"), [(7, "2026-03-08"), (-1, "2026-02-28"), (0, "2026-03-01")])
def test_days_are_added(days: int, wanted: str) -> None:
    assert macros.ds_add("2026-03-01", days) == wanted


def test_dates_are_formatted() -> None:
    assert macros.ds_format("2026-03-01", "%Y-%m-%d", "%d.%m.%y") == "01.03.26"


@pytest.mark.parametrize("name", supporting.SUPPORT)
def test_every_name_is_in_its_file(name: str) -> None:
    support = supporting.SUPPORT[name]
    imported = support.statement.rpartition(" ")[2]
    text = supporting.text(support.file)
    assert f"def {imported}(" in text or f"class {imported}" in text
    assert "dagport" not in text.replace("dagport.writers", "")
