"""The environments appear whole or not at all, and once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.engines import environments
from tests.engines.environments import CACHE_VARIABLE, Engine, EngineError, Environment, environment

pytestmark = pytest.mark.engine


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache and requirements of the test's own: ``tiny`` needs nothing, ``broken`` what isn't there."""
    requirements = tmp_path / "requirements"
    requirements.mkdir()
    (requirements / "tiny.txt").write_text("", "utf-8")
    (requirements / "useless.txt").write_text("", "utf-8")
    (requirements / "broken.txt").write_text("./not_there-1.0-py3-none-any.whl\n", "utf-8")
    engines = {
        "tiny": Engine("import json", (3, 99)),
        "useless": Engine("import no_such_module", (3, 99)),
        "broken": Engine("import json", (3, 99)),
    }
    monkeypatch.setattr(environments, "REQUIREMENTS", requirements)
    monkeypatch.setattr(environments, "ENGINES", engines)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_made_once(cache: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(environment, ["tiny"] * 4))
    assert len(found) == 1
    [made] = [folder for folder in cache.iterdir() if folder.is_dir()]
    assert found.pop().run(["-c", "import sys; print(sys.prefix)"]).stdout.strip() == str(made)


def test_a_change_of_the_lock_makes_another(cache: Path) -> None:
    first = environment("tiny")
    (environments.REQUIREMENTS / "tiny.txt").write_text("# changed\n", "utf-8")
    assert environment("tiny").python != first.python


@pytest.mark.parametrize(("name", "words"), [("broken", "not_there"), ("useless", "no_such_module")])
def test_an_environment_that_cannot_be_made_says_why(cache: Path, name: str, words: str) -> None:
    with pytest.raises(EngineError, match=f"(?s){name} can't be made.*{words}"):
        environment(name)
    assert [folder for folder in cache.iterdir() if folder.is_dir()] == []


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import sys; print('said'); sys.exit('why')", "(?s)status 1.*said.*why"),
        ("import time; time.sleep(30)", "still running after"),
    ],
)
def test_a_failed_run_shows_its_output(cache: Path, program: str, words: str) -> None:
    tiny: Environment = environment("tiny")
    with pytest.raises(EngineError, match=words):
        tiny.run(["-c", program], timeout=2)


def test_the_variables_of_the_tests_stay_outside(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("AIRFLOW_HOME", "/elsewhere")
    script = "import os; print([name for name in os.environ if name.startswith(('PYTHONPATH', 'AIRFLOW'))])"
    assert environment("tiny").run(["-c", script]).stdout.strip() == "[]"
