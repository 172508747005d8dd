"""``dagport lineage export``."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dagport_lineage.events.validation import problems
from tests.cli.conftest import Result
from tests.lineage.commands.conftest import HEAD, ORDERS, Files, Git, Lineage

TIME = "--event-time=2026-01-02T03:04:05Z"


def events(text: str) -> list[Any]:
    """The events of an export."""
    return list(map(json.loads, text.splitlines()))


def names(text: str) -> list[str]:
    """The jobs and datasets of an export, in order."""
    return [event["job"]["name"] if "job" in event else event["dataset"]["name"] for event in events(text)]


def test_events_of_all_files(lineage: Lineage) -> None:
    done = lineage("export", "dags", TIME)
    assert done.status == 0
    assert names(done.out) == [
        "orders",
        "orders.load",
        "shop.public.orders",
        "orders.csv",
        "revenue",
        "revenue.sum",
        "revenue.report",
        "shop.mart.revenue",  # that of the orders was there before
    ]
    assert all(problems(event) == [] for event in events(done.out))
    assert {event["eventTime"] for event in events(done.out)} == {"2026-01-02T03:04:05+00:00"}


def test_summary(lineage: Lineage) -> None:
    err = lineage("export", "dags").err
    assert "5 jobs (2 pipelines, 3 tasks), 3 datasets in 2 files" in err
    assert "known: 4 of 6 sides of tasks (66.7%)" in err
    assert "by reason: 1 operator" in err
    assert lineage("export", "dags", "--quiet").err == ""


@pytest.mark.parametrize("more", [["--jobs", "1"], ["--jobs", "3"], ["--no-cache"], []])
def test_the_same_bytes(lineage: Lineage, files: Files, more: list[str]) -> None:
    files({f"dags/more{n}.py": ORDERS.replace('DAG("orders"', f'DAG("orders{n}"') for n in range(9)})
    expected = lineage("export", "dags", TIME, "--no-cache").out
    assert lineage("export", "dags", TIME, *more).out == expected
    assert lineage("export", "dags", TIME, *more).out == expected  # from the cache


def test_the_cache_knows_no_moment(lineage: Lineage) -> None:
    first = lineage("export", "dags", TIME).out
    again = lineage("export", "dags", "--event-time=2027-01-01T00:00:00+01:00").out
    assert again == first.replace("2026-01-02T03:04:05+00:00", "2027-01-01T00:00:00+01:00")


def test_the_cache_knows_options(lineage: Lineage) -> None:
    assert {event["job"]["namespace"] for event in events(lineage("export", "dags").out) if "job" in event} == {
        "default"
    }
    out = lineage("export", "dags", "--namespace", "prod").out
    assert {event["job"]["namespace"] for event in events(out) if "job" in event} == {"prod"}


def test_the_namespace_of_the_deployment(lineage: Lineage, files: Files) -> None:
    files({"env": "OPENLINEAGE_NAMESPACE=second\n"})
    assert events(lineage("export", "dags", "--env-file", "env").out)[0]["job"]["namespace"] == "second"
    files({"env": "OPENLINEAGE_NAMESPACE=second\nAIRFLOW__OPENLINEAGE__NAMESPACE=first\n"})
    assert events(lineage("export", "dags", "--env-file", "env").out)[0]["job"]["namespace"] == "first"


def test_this_environment_is_never_read(lineage: Lineage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "elsewhere")
    assert events(lineage("export", "dags").out)[0]["job"]["namespace"] == "default"


def test_a_file(lineage: Lineage, project: Path) -> None:
    out = lineage("export", "dags", TIME).out
    done = lineage("export", "dags", TIME, "-o", "events.jsonl")
    assert (done.status, done.out) == (0, "")
    assert (project / "events.jsonl").read_text("utf-8") == out
    assert lineage("export", "dags", TIME, "--to", "file", "-o", "events.jsonl").status == 0  # ours: overwritten


def test_another_file_stays(lineage: Lineage, project: Path) -> None:
    (project / "notes.txt").write_text("mine\n", "utf-8")
    done = lineage("export", "dags", "-o", "notes.txt")
    assert done.status == 2
    assert "notes.txt wasn't written by dagport: --force overwrites it" in done.err
    assert (project / "notes.txt").read_text("utf-8") == "mine\n"
    assert lineage("export", "dags", "-o", "notes.txt", "--force").status == 0


@pytest.mark.parametrize("form", ["openlineage", "datahub"])
def test_an_export_of_nothing_is_ours(lineage: Lineage, files: Files, form: str) -> None:
    files({"empty/a.py": "# no dag of airflow\n"})
    for path in ("empty", "dags", "empty"):
        assert lineage("export", path, "--format", form, "-o", "out").status == 0


def test_whole_or_not_at_all(lineage: Lineage, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails half-way leaves the file as it was, and nothing beside it."""
    lineage("export", "dags", TIME, "-o", "events.jsonl")
    before = (project / "events.jsonl").read_bytes()
    monkeypatch.setattr("dagport_lineage.commands.export.Export._is_repeated", lambda *_: 1 / 0)
    assert lineage("export", "dags", "-o", "events.jsonl").status == 3
    assert (project / "events.jsonl").read_bytes() == before
    assert sorted(path.name for path in project.iterdir()) == ["dags", "events.jsonl"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--to", "file"], "--to file needs --output"),
        (["--to", "console", "-o", "x"], "--output goes with --to file"),
        (["--format", "datahub", "--synthetic-runs"], "--format datahub is for files"),
        (["--format", "datahub", "--since", "HEAD"], "--format datahub needs all files"),
        (["--format", "datahub", "--datahub-instance", "x"], "'x' is not NAMESPACE=INSTANCE"),
        (["--event-time", "yesterday"], "'yesterday' is no moment"),
        (["--event-time", "2026-01-01T00:00:00"], "has no offset"),
        (["-o", "no/such/folder.jsonl"], "no/such is not a folder"),
        (["-o", "dags"], "it is no file"),
        (["-o", "x.json", "--report", "./x.json"], "are the same file"),
        (["--since", "HEAD"], "lies in no git repository"),
        (["--to", "nowhere"], "'nowhere' is not one of"),
    ],
)
def test_wrong_usage(lineage: Lineage, args: list[str], message: str) -> None:
    done = lineage("export", "dags", *args)
    assert (done.status, done.out) == (2, "")
    assert message in done.err


def test_report(lineage: Lineage, project: Path) -> None:
    lineage("export", "dags", "--report", "report.json", "-o", "events.jsonl")
    report = json.loads((project / "report.json").read_text("utf-8"))
    assert [file["path"] for file in report["files"]] == ["dags/orders.py", "dags/revenue.py"]
    task = report["files"][1]["tasks"][1]
    assert (task["job"], task["line"], task["inputs"], task["outputs"]) == ("revenue.report", 12, "unknown", "unknown")
    [gap] = task["gaps"]
    assert (gap["side"], gap["reason"], gap["path"], gap["line"]) == ("both", "operator", "dags/revenue.py", 12)
    assert "plugin.Unknown" in gap["message"]
    assert report["summary"]["known_percent"] == 66.67
    assert report["summary"]["sides"]["inputs"] == {"resolved": 2, "none": 0, "partial": 0, "unknown": 1}
    assert lineage("export", "dags", "--report", "report.json", "-o", "events.jsonl").status == 0


@pytest.mark.parametrize(("percent", "status"), [("60", 0), ("70", 1)])
def test_fail_under(lineage: Lineage, percent: str, status: int) -> None:
    done = lineage("export", "dags", "--fail-under", percent)
    assert done.status == status
    assert ("under the threshold of 70%" in done.err) == bool(status)
    assert names(done.out)  # exported nevertheless


def test_a_file_that_cannot_be_read(lineage: Lineage, files: Files) -> None:
    files({"dags/wrong.py": HEAD + "def (\n"})
    done = lineage("export", "dags")
    assert done.status == 1
    assert "dags/wrong.py" in done.err
    assert len(names(done.out)) == 8


def test_synthetic_runs(lineage: Lineage) -> None:
    done = lineage("export", "dags/orders.py", TIME, "--synthetic-runs")
    found = events(done.out)
    assert [(event["job"]["name"], event["eventType"]) for event in found] == [
        ("orders", "START"),
        ("orders", "COMPLETE"),
        ("orders.load", "START"),
        ("orders.load", "COMPLETE"),
    ]
    assert all(problems(event) == [] for event in found)
    for event in found:
        assert {"key": "dagport_synthetic", "value": "true", "source": "DAGPORT"} in event["run"]["facets"]["tags"][
            "tags"
        ]
    pipeline, task = found[0]["run"], found[3]["run"]
    assert task["facets"]["parent"]["run"]["runId"] == pipeline["runId"] != task["runId"]
    assert lineage("export", "dags/orders.py", TIME, "--synthetic-runs").out == done.out
    later = lineage("export", "dags/orders.py", "--event-time=2026-01-03T00:00:00Z", "--synthetic-runs").out
    assert events(later)[0]["run"]["runId"] != pipeline["runId"]


def test_configuration(lineage: Lineage, files: Files) -> None:
    files(
        {"dagport.toml": 'to = "dagster"\n[lineage.export]\nnamespace = "prod"\nevent-time = "2026-01-02T03:04:05Z"\n'}
    )
    out = lineage("export", "dags").out
    assert events(out)[0]["job"]["namespace"] == "prod"
    assert lineage("show", "dags").status == 0
    files({"dagport.toml": '[lineage]\nxcom = true\nnamespac = "prod"\n'})
    done = lineage("export", "dags")
    assert done.status == 2
    assert "unknown key lineage.namespac. Did you mean namespace?" in done.err
    files({"dagport.toml": '[lineage]\nnamespace = "all"\n[lineage.show]\nnamespace = "shown"\n'})
    assert events(lineage("export", "dags").out)[0]["job"]["namespace"] == "all"


# Git


def test_pinned_to_the_commit(lineage: Lineage, git: Git, files: Files) -> None:
    done = lineage("export", "dags")
    head = git("rev-parse", "HEAD")
    first = events(done.out)[0]
    assert first["eventTime"] == "2026-01-02T03:04:05+00:00"  # when it was committed
    location = first["job"]["facets"]["sourceCodeLocation"]
    assert location["url"].startswith(f"https://github.com/shop/pipelines/blob/{head}/dags/orders.py#L9")
    assert (location["version"], location["branch"]) == (head, "main")
    assert "secret" not in done.out
    assert lineage("export", "dags").out == done.out
    git("commit", "-q", "--allow-empty", "-m", "second")
    again = lineage("export", "dags").out
    assert again == done.out.replace(head, git("rev-parse", "HEAD"))


def test_what_is_not_committed_has_no_link(lineage: Lineage, git: Git, files: Files) -> None:
    files({"dags/orders.py": "\n" + ORDERS, "dags/new.py": ORDERS.replace('DAG("orders"', 'DAG("new"')})
    found = {
        event["job"]["name"]: event["job"]["facets"]
        for event in events(lineage("export", "dags").out)
        if "job" in event
    }
    assert [name for name, facets in found.items() if "sourceCodeLocation" in facets] == [
        "revenue",
        "revenue.sum",
        "revenue.report",
    ]


def test_without_the_program_git(lineage: Lineage, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the commit holds can't be told then, so nothing is linked to it."""
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    done = lineage("export", "dags")
    assert done.status == 0
    assert "sourceCodeLocation" not in done.out
    assert "events carry no links to" in done.err
    assert lineage("export", "dags", "--since", "HEAD").status == 2


def jobs_since(lineage: Lineage, commit: str = "HEAD") -> list[str]:
    """The pipelines that an export of what changed has; the same with what is kept and without."""
    done = [lineage("export", "dags", "--since", commit, *more) for more in ([], [], ["--no-cache"])]
    found = [[name for name in names(one.out) if name in ("orders", "revenue")] for one in done]
    assert found[0] == found[1] == found[2]
    return found[0]


def test_since(lineage: Lineage, git: Git, files: Files) -> None:
    assert jobs_since(lineage) == []
    files({"dags/orders.py": ORDERS.replace("@daily", "@hourly")})
    assert jobs_since(lineage) == ["orders"]
    git("commit", "-qam", "second")
    assert jobs_since(lineage) == []
    assert jobs_since(lineage, "HEAD~1") == ["orders"]


def test_since_looks_at_what_a_file_reads(lineage: Lineage, git: Git, files: Files) -> None:
    text = REVENUE_OF_A_MODULE
    files({"dags/revenue.py": text, "dags/shared/__init__.py": "", "dags/shared/names.py": 'NAME = "mart/revenue"\n'})
    git("add", "-A")
    git("commit", "-qm", "second")
    assert jobs_since(lineage) == []
    files({"dags/shared/names.py": 'NAME = "mart/sums"\n'})
    assert jobs_since(lineage) == ["revenue"]
    git("checkout", "-q", ".")
    files({"dags/shared/other.py": ""})
    assert jobs_since(lineage) == []
    files({"dags/table.txt": "x"})
    assert jobs_since(lineage) == ["revenue"]  # it asks whether there is one


REVENUE_OF_A_MODULE = (
    HEAD
    + """\
from pathlib import Path

from shared.names import NAME

name = "mart/other" if (Path(__file__).parent / "table.txt").exists() else NAME
with DAG("revenue", schedule=None, start_date=datetime(2024, 1, 1)):
    EmptyOperator(task_id="sum", outlets=[Asset(f"postgres://db:5432/shop/{name}")])
"""
)


def test_deleted_files_are_named(lineage: Lineage, git: Git, project: Path) -> None:
    (project / "dags/orders.py").unlink()
    done = lineage("export", "dags", "--since", "HEAD", "--report", "report.json")
    assert "deleted since then: dags/orders.py" in done.err
    assert names(done.out) == []
    assert json.loads((project / "report.json").read_text())["deleted"] == ["dags/orders.py"]


def test_since_what(lineage: Lineage, git: Git) -> None:
    for wrong in ("no-such-branch", "--upload-pack=x", "HEAD:dags"):
        done = lineage("export", "dags", f"--since={wrong}")
        assert done.status == 2
        assert f"{wrong} is no commit" in done.err


def check(done: Result) -> None:
    """Nothing failed."""
    assert done.status == 0, done.err


def test_hooks_and_filters_are_not_run(lineage: Lineage, git: Git, files: Files, project: Path) -> None:
    files({".gitattributes": "* filter=evil diff=evil\n"})
    git("add", "-A")
    git("commit", "-qm", "second")
    for name in ("clean", "smudge", "process"):
        git("config", f"filter.evil.{name}", f"touch {project}/ran")
    git("config", "diff.evil.command", f"touch {project}/ran")
    git("config", "core.fsmonitor", f"touch {project}/ran")
    files({"dags/orders.py": ORDERS.replace("@daily", "@hourly")})
    check(lineage("export", "dags", "--since", "HEAD"))
    assert lineage("diff", "HEAD", "dags").status == 0
    assert not (project / "ran").exists()


# Delivery


class Receiver(ThreadingHTTPServer):
    """A catalogue that notes what it gets; ``answers`` are the statuses of the next requests, then 200."""

    def __init__(self, answers: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.got: list[Any] = []


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.server.answers.pop(0) if self.server.answers else 200
        if status == 200:
            self.server.got.append(body)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A catalogue on loopback, that OpenLineage's configuration names."""
    with Receiver([]) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("OPENLINEAGE_API_KEY", "hush-hush")
        yield server
        server.shutdown()
        thread.join()


def test_to_a_catalogue(lineage: Lineage, receiver: Receiver) -> None:
    expected = events(lineage("export", "dags", TIME).out)
    done = lineage("export", "dags", TIME, "--to", "http")
    assert (done.status, done.out) == (0, "")
    assert receiver.got == expected
    assert "delivered: 8 events to http" in done.err
    assert "hush" not in done.err


def test_a_refused_event_does_not_keep_the_others(lineage: Lineage, receiver: Receiver) -> None:
    receiver.answers[:] = [200, 400]
    done = lineage("export", "dags", "--to", "http", "--quiet")
    assert done.status == 1
    assert done.err.startswith("refused: orders.load: ")
    assert len(receiver.got) == 7


def test_a_catalogue_that_takes_nothing(lineage: Lineage, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dagport_lineage.delivery.PAUSE", 0.0)
    receiver.answers[:] = [200, *[503] * 20]
    done = lineage("export", "dags", "--to", "http", "--report", "report.json")
    assert done.status == 1
    assert "delivered: 1 events" in done.err
    assert json.loads(Path("report.json").read_text())["summary"]["tasks"] == 3
    assert "The catalogue takes no more events: " in done.err


def test_no_catalogue(lineage: Lineage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    done = lineage("export", "dags", "--to", "http")
    assert (done.status, done.out) == (2, "")
    assert "names no transport" in done.err
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:1")
    done = lineage("export", "dags", "--to", "kafka")
    assert (done.status, done.out) == (2, "")
    assert "--to kafka: OpenLineage's configuration names the transport" in done.err


# What is left out

SECRETIVE = """\
from datetime import datetime

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG, task

with DAG("shop", schedule=None, start_date=datetime(2024, 1, 1)):
    SQLExecuteQueryOperator(
        task_id="clean",
        conn_id="shop",
        sql="INSERT INTO public.orders SELECT * FROM raw.orders WHERE buyer = 'Grace Hopper'",
    )

    @task
    def extract():
        marker = "in the source"
        return [marker]

    @task
    def load(rows):
        print(rows)

    load(extract())
"""


@pytest.fixture
def secretive(files: Files) -> list[str]:
    """A pipeline with SQL and code, and the arguments that export it."""
    connection = "postgres://reader:hush-hush@db.example:5432/shop"
    files({"dags/shop.py": SECRETIVE, "connections.json": json.dumps({"shop": connection})})
    return ["export", "dags/shop.py", "--connections", "connections.json", TIME]


def test_secrets_of_connections_stay(lineage: Lineage, secretive: list[str]) -> None:
    done = lineage(*secretive)
    assert "postgres://db.example:5432" in done.out
    assert "hush-hush" not in done.out + done.err
    assert "reader" not in done.out + done.err


def test_literals_by_option(lineage: Lineage, secretive: list[str]) -> None:
    assert "Grace Hopper" in lineage(*secretive).out
    hidden = lineage(*secretive, "--hide-sql-literals").out
    assert "Grace Hopper" not in hidden
    assert "INSERT INTO public.orders" in hidden
    assert lineage(*secretive, "--hide-sql-literals", "--format", "datahub").out.count("Grace Hopper") == 0


def test_source_code_by_option(lineage: Lineage, secretive: list[str]) -> None:
    assert "in the source" in lineage(*secretive).out
    assert "in the source" not in lineage(*secretive, "--no-source-code").out


def test_results_by_option(lineage: Lineage, secretive: list[str]) -> None:
    def datasets(*more: str) -> set[str]:
        found = events(lineage(*secretive, *more).out)
        return {item["name"] for event in found for side in ("inputs", "outputs") for item in event.get(side, ())}

    without, more = datasets(), datasets("--xcom")
    assert without == {"shop.public.orders", "shop.raw.orders"}
    assert without <= more


@pytest.mark.parametrize("paths", [["gone"], ["dags", "gone"], ["broken"]])
def test_nothing_to_read_replaces_nothing(lineage: Lineage, project: Path, files: Files, paths: list[str]) -> None:
    files({"broken/a.py": "DAG = airflow (\n"})
    outputs = "--output", "out.jsonl", "--report", "report.json"
    lineage("export", "dags", TIME, *outputs)
    before = [(project / name).read_bytes() for name in outputs[1::2]]
    done = lineage("export", *paths, *outputs)
    assert done.status == 1
    assert "out.jsonl isn't written" in done.err
    assert "report.json isn't written" in done.err
    assert [(project / name).read_bytes() for name in outputs[1::2]] == before
    assert sorted(path.name for path in project.iterdir()) == ["broken", "dags", "out.jsonl", "report.json"]


def test_one_broken_file_doesnt_hold_up_the_others(lineage: Lineage, project: Path, files: Files) -> None:
    files({"dags/broken.py": "from airflow import DAG\nDAG(\n"})
    assert lineage("export", "dags", TIME, "--output", "out.jsonl").status == 1
    assert "orders.load" in names((project / "out.jsonl").read_text("utf-8"))


def test_the_commit_says_nothing_of_files_elsewhere(
    lineage: Lineage, project: Path, git: Git, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other") / "dags"
    other.mkdir()
    (other / "orders.py").write_bytes((project / "dags/orders.py").read_bytes())
    head = git("rev-parse", "HEAD")
    assert head in lineage("export", "dags/orders.py").out
    assert head not in lineage("export", str(other)).out
    assert names(lineage("export", str(other), "--since", "HEAD").out)[0] == "orders"
