"""``dagport migrate``: what it says, what it writes, and what it refuses."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import dagport_adapters.airflow
from dagport.cli.app import dagport
from dagport_adapters.migration import files
from dagport_adapters.migration.errors import MigrationError

SHOP = """
from datetime import datetime
from airflow.sdk import DAG, task, task_group
from airflow.providers.standard.operators.bash import BashOperator

with DAG("shop", schedule="@daily", start_date=datetime(2026, 1, 1)) as dag:
    extract = BashOperator(task_id="extract", bash_command="echo 3")
    load = BashOperator(task_id="load", bash_command="load.sh")
    report = BashOperator(task_id="report", bash_command="report {{ ti.xcom_pull('extract') }}")
    start = BashOperator(task_id="start", bash_command="start").as_setup()
    stop = BashOperator(task_id="stop", bash_command="stop").as_teardown(setups=start)

    @task.branch
    def pick():
        return "load"

    @task
    def each(x):
        return x

    @task_group
    def many(x):
        @task_group
        def inside():
            each.override(task_id="one")(x)

        inside()

    each.expand(x=[1, 2])
    many.expand(x=[1, 2])
    extract >> pick() >> [load, report]
    start >> load >> stop
"""
TARGETS = 'targets:\n  dagster: {url: "http://d:3000"}  # ours\n  prefect: {conn_id: prefect}\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DAGPORT_SWITCH", raising=False)
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "shop.py").write_text(SHOP)
    (tmp_path / "dags" / "dagport_switch.yaml").write_text(TARGETS)
    return tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(dagport, ["migrate", *words], catch_exceptions=False)


def switch(project: Path) -> str:
    return (project / "dags" / "dagport_switch.yaml").read_text()


MOVES = [  # words: the line, or what is said and the status
    (["shop.load", "--to", "dagster", "--force"], "shop/load: dagster"),
    (["shop/load", "--to", "dagster", "--force"], "shop/load: dagster"),
    (["shop.load", "--to", "prefect", "--force", "--deployment", "load/prod"],
     "shop/load: {to: prefect, deployment: load/prod}"),
    (["shop.extract", "--to", "dagster", "--result", "rows"], "shop/extract: {to: dagster, result: rows}"),
    (["shop.load", "--to", "dagster", "--force", "--partition", "{{ ds }}"],
     'shop/load: {to: dagster, partition: "{{ ds }}"}'),
    (["shop.load", "--to", "dagster", "--force", "--asset", "a/b", "--asset", "c"],
     'shop/load: {to: dagster, asset: ["a/b", "c"]}'),
    (["shop.load", "--to", "dagster", "--force", "--job", "nightly", "--set", "timeout=60", "--set", "conn_id=d"],
     "shop/load: {to: dagster, job: nightly, timeout: 60, conn_id: d}"),
    (["shop.report", "--to", "prefect", "--set", 'parameters={"n": "{{ ti.xcom_pull(1) }}"}'],
     'shop/report: {to: prefect, parameters: {"n": "{{ ti.xcom_pull(1) }}"}}'),
]  # fmt: skip


@pytest.mark.parametrize(("words", "line"), MOVES)
def test_move_and_rollback(project: Path, words: list[str], line: str) -> None:
    done = call("move", words[0], "dags", *words[1:])
    assert (done.exit_code, done.stdout) == (0, "")
    assert switch(project) == TARGETS + line + "\n"
    assert call("check", "dags").exit_code == 0
    assert call("rollback", words[0]).exit_code == 0
    assert switch(project) == TARGETS


REFUSALS = [
    (["shop.lod", "--to", "dagster"], 2, "no DAG or task shop.lod. Did you mean 'shop.load'?"),
    (["shp", "--to", "dagster"], 2, "Did you mean 'shop'?"),
    (["shop/x", "--to", "dagster"], 2, "no DAG or task"),
    (["shop.load", "--to", "dagstr"], 2, "there is no target 'dagstr'"),
    (["shop.load", "--to", "dagster", "--set", "x"], 2, "write NAME=VALUE"),
    (["shop.load", "--to", "dagster", "--set", "x=1"], 2, "has no setting 'x'"),
    (["shop.pick", "--to", "dagster", "--force"], 1, "shop/pick: error: it chooses what runs after it"),
    (["shop.each", "--to", "dagster", "--force"], 1, "shop/each: error: it is mapped"),
    (["shop.many.inside.one", "--to", "dagster", "--force"], 1, "shop/many.inside.one: error: its group is mapped"),
    (["shop.extract", "--to", "dagster"], 1, "shop/extract: loss: its result is used by report"),
    (["shop.report", "--to", "dagster"], 1, "shop/report: loss: it uses results of extract"),
    (["shop.start", "--to", "dagster"], 1, "shop/start: loss: the teardown stop of it stays in Airflow"),
    (["shop.stop", "--to", "dagster"], 1, "shop/stop: loss: the setup start of it stays in Airflow"),
]


@pytest.mark.parametrize(("words", "status", "said"), REFUSALS)
def test_refused_moves_write_nothing(project: Path, words: list[str], status: int, said: str) -> None:
    done = call("move", words[0], "dags", *words[1:])
    assert (done.exit_code, done.stdout) == (status, "")
    assert said in done.stderr
    assert switch(project) == TARGETS


def test_a_target_without_an_address(project: Path) -> None:
    (project / "dags" / "dagport_switch.yaml").unlink()
    done = call("move", "shop.load", "dags", "--to", "dagster", "--force")
    assert done.exit_code == 1
    assert "nothing says where dagster is" in done.stderr
    assert not (project / "dags" / "dagport_switch.yaml").exists()


def test_the_first_move_makes_the_file(project: Path) -> None:
    (project / "dags" / "dagport_switch.yaml").unlink()
    assert call("move", "shop.load", "dags", "--to", "dagster", "--set", "conn_id=d").exit_code == 0
    assert switch(project) == files.NEW + "shop/load: {to: dagster, conn_id: d}\n"


def test_diff_writes_nothing(project: Path) -> None:
    done = call("move", "shop.load", "dags", "--to", "dagster", "--diff")
    assert done.exit_code == 0
    assert "+shop/load: dagster\n" in done.stdout
    assert "1 task of shop.load would run in dagster." in done.stderr
    assert switch(project) == TARGETS


def test_a_setup_moves_with_its_teardown(project: Path) -> None:
    (project / "dags" / "dagport_switch.yaml").write_text(TARGETS + "shop/start: dagster\n")
    assert call("move", "shop.stop", "dags", "--to", "dagster").exit_code == 0
    assert call("check", "dags").stdout == ""


def test_status(project: Path) -> None:
    (project / "dags" / "dagport_switch.yaml").write_text(
        TARGETS + "shop/load: dagster\nshop/lod: dagster\nx/y: prefect\n"
    )
    done = call("status", "dags")
    assert done.exit_code == 1
    assert "shop  (dags/shop.py)\n" in done.stdout
    assert "  load             dagster  shop/load\n  report           airflow\n" in done.stdout
    assert done.stdout.endswith("1 of 8 tasks moved\n")
    assert "dags/dagport_switch.yaml:5: shop/lod: error: the DAG has no such task. Did you mean 'load'?" in done.stderr
    assert "dags/dagport_switch.yaml:6: x/y: error: there is no such DAG." in done.stderr


def test_status_as_json(project: Path) -> None:
    (project / "dags" / "dagport_switch.yaml").write_text(TARGETS + "shop/extract: dagster\n")
    done = call("status", "dags", "--format", "json")
    found = json.loads(done.stdout)
    assert done.exit_code == 0
    assert found["switch"] == "dags/dagport_switch.yaml"
    assert found["tasks"][0] == {
        "dag": "shop", "task": "extract", "path": "dags/shop.py", "runs_in": "dagster", "target": "dagster",
        "runs": "shop/extract",
    }  # fmt: skip
    assert [(item["severity"], item["line"]) for item in found["findings"]] == [("loss", 4)]
    assert "http://d" not in done.stdout


@pytest.mark.parametrize("command", ["status", "check"])
def test_a_broken_switch_file(project: Path, command: str) -> None:
    (project / "dags" / "dagport_switch.yaml").write_text("shop/load: dagstr\n")
    done = call(command, "dags")
    assert done.exit_code == 2
    assert "dagport_switch.yaml: shop/load: there is no target 'dagstr'" in done.stderr


ROLLBACKS = [
    (["shop.x"], "dagport_switch.yaml: there is no DAG or task shop.x. Did you mean"),
    (["shop.load", "--switch", "none.yaml"], "There is no switch file none.yaml"),
]


@pytest.mark.parametrize(("words", "said"), ROLLBACKS)
def test_refused_rollbacks(project: Path, words: list[str], said: str) -> None:
    (project / "dags" / "dagport_switch.yaml").write_text(TARGETS + "shop/load: dagster\n")
    done = call("rollback", *words)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_rollback_needs_no_dags(project: Path) -> None:
    (project / "dags" / "dagport_switch.yaml").write_text(
        TARGETS + "shop/load: dagster\nshop/x: dagster\no/y: prefect\n"
    )
    (project / "dags" / "shop.py").write_text("this is no python")
    assert call("rollback", "shop").exit_code == 0
    assert switch(project) == TARGETS + "o/y: prefect\n"


def test_commands_without_sources_show_their_bugs_too(project: Path) -> None:
    (project / "dags" / "dagport_switch.yaml").write_text(TARGETS + "shop/load: dagster\n")
    assert call("rollback", "shop.load", "--verbose").exit_code == 0
    assert call("vendor", "dags", "-v").exit_code == 0


def test_two_readings(project: Path) -> None:
    (project / "s.yaml").write_text("a/b.c: dagster\na.b/c: dagster\n")
    done = call("rollback", "a.b.c", "--switch", "s.yaml")
    assert done.exit_code == 2
    assert "may be a/b.c, a.b/c: write DAG/TASK" in done.stderr


def test_vendor(project: Path) -> None:
    (project / "plugins").mkdir()
    first = call("vendor", "plugins")
    assert [line.rpartition(": ")[2] for line in first.stdout.splitlines()] == ["written"] * len(files.VENDORED)
    source = Path(dagport_adapters.airflow.__file__).parent
    for name in files.VENDORED:
        head, _, code = (project / "plugins" / name).read_text().partition("\n")
        assert head.startswith(files.MARK)
        assert code == (source / name).read_text()
        compile((project / "plugins" / name).read_text(), name, "exec")
    assert call("vendor", "plugins").stdout.count("up to date") == len(files.VENDORED)
    assert {path.name for path in source.glob("dagport_*.py")} == set(files.VENDORED)


def test_vendor_never_overwrites_other_files(project: Path) -> None:
    (project / "plugins").mkdir()
    (project / "plugins" / "dagport_switch.py").write_text("mine")
    done = call("vendor", "plugins")
    assert done.exit_code == 2
    assert [path.name for path in (project / "plugins").iterdir()] == ["dagport_switch.py"]
    assert call("vendor", "nowhere").exit_code == 2


def test_vendor_replaces_what_is_stale_and_leaves_what_was_edited(project: Path) -> None:
    (project / "plugins").mkdir()
    call("vendor", "plugins")
    copy = project / "plugins" / "dagport_runs.py"
    now = copy.read_bytes()
    copy.write_bytes(files.marked(b"# an older release\n"))
    done = call("vendor", "plugins")
    assert "dagport_runs.py: written" in done.stdout
    assert copy.read_bytes() == now
    copy.write_bytes(now + b"# mine\n")
    (project / "plugins" / "dagport_airflow.py").unlink()
    done = call("vendor", "plugins")
    assert done.exit_code == 2
    assert "dagport_runs.py was edited since dagport copied it" in done.stderr
    assert copy.read_bytes() == now + b"# mine\n"
    assert not (project / "plugins" / "dagport_airflow.py").exists()


@pytest.mark.parametrize(
    "words", [("rollback", "shop.load"), ("move", "shop.report", "dags", "--to", "dagster", "--force")]
)
def test_a_file_that_is_read_only_stays(project: Path, words: tuple[str, ...]) -> None:
    file = project / "dags" / "dagport_switch.yaml"
    file.write_text(TARGETS + "shop/load: dagster\n")
    file.chmod(0o444)
    done = call(*words)
    assert done.exit_code == 2
    assert "dagport_switch.yaml is read-only" in done.stderr
    assert switch(project) == TARGETS + "shop/load: dagster\n"


@pytest.mark.parametrize(
    "words", [("rollback", "shop.load"), ("move", "shop.report", "dags", "--to", "dagster", "--force")]
)
def test_what_can_not_be_edited_is_named(project: Path, words: tuple[str, ...]) -> None:
    (project / "dags" / "dagport_switch.yaml").write_text("{shop/load: {to: dagster, conn_id: d}}\n")
    done = call(*words)
    assert done.exit_code == 2
    assert "dagport_switch.yaml: isn't written one line a task" in done.stderr


def test_a_task_that_only_running_the_dag_would_show(project: Path) -> None:
    (project / "dags" / "many.py").write_text(
        "import os\n"
        + SHOP.partition("with DAG")[0]
        + 'with DAG("many", schedule=None, start_date=datetime(2026, 1, 1)):\n'
        + '    for name in os.listdir("."):\n'
        + '        BashOperator(task_id=f"list_{name}", bash_command="true")\n'
    )
    done = call("move", "many.list_x", "dags", "--to", "dagster")
    assert done.exit_code == 2
    assert "graph of the DAG many isn't certain" in done.stderr
    assert "write the line many/list_x: TARGET into the switch file yourself" in done.stderr


def test_the_file_is_replaced_whole(project: Path) -> None:
    place, link = project / "real.yaml", project / "link.yaml"
    place.write_bytes(b"a")
    place.chmod(0o640)
    link.symlink_to(place)
    files.replace(link, b"a", b"b")
    assert (place.read_bytes(), link.is_symlink(), stat.S_IMODE(place.stat().st_mode)) == (b"b", True, 0o640)
    with pytest.raises(MigrationError, match="changed by somebody else"):
        files.replace(place, b"a", b"c")
    assert place.read_bytes() == b"b"
    assert sorted(path.name for path in project.iterdir()) == ["dags", "link.yaml", "real.yaml"]


def test_a_file_that_is_no_text(project: Path) -> None:
    (project / "dags" / "dagport_switch.yaml").write_bytes(b"\xff")
    done = call("rollback", "shop.load")
    assert done.exit_code == 2
    assert "isn't UTF-8" in done.stderr


def test_the_variable_names_the_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "other.yaml").write_text(TARGETS)
    monkeypatch.setenv("DAGPORT_SWITCH", "other.yaml")
    assert call("move", "shop.load", "dags", "--to", "dagster").exit_code == 0
    assert (project / "other.yaml").read_text() == TARGETS + "shop/load: dagster\n"
    assert switch(project) == TARGETS
