"""Running ``dagport lineage`` in a small project."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from dagport.cli.app import run
from tests.cli.conftest import Result

HEAD = """\
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset

"""
ORDERS = (
    HEAD
    + """\
RAW = Asset("s3://lake/orders.csv")
ORDERS = Asset("postgres://db:5432/shop/public/orders")

with DAG("orders", schedule="@daily", start_date=datetime(2024, 1, 1), tags=["sales"]):
    EmptyOperator(task_id="load", inlets=[RAW], outlets=[ORDERS])
"""
)
REVENUE = (
    HEAD
    + """\
from plugin import Unknown

ORDERS = Asset("postgres://db:5432/shop/public/orders")
REVENUE = Asset("postgres://db:5432/shop/mart/revenue")

with DAG("revenue", schedule=[ORDERS], start_date=datetime(2024, 1, 1)):
    EmptyOperator(task_id="sum", inlets=[ORDERS], outlets=[REVENUE]) >> Unknown(task_id="report")
"""
)

Lineage = Callable[..., Result]
Files = Callable[[Mapping[str, str]], None]
Git = Callable[..., str]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in the current folder, with two pipelines; one task is of an operator that nobody knows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags/orders.py").write_text(ORDERS, "utf-8")
    (tmp_path / "dags/revenue.py").write_text(REVENUE, "utf-8")
    return tmp_path


@pytest.fixture
def files(project: Path) -> Files:
    """Write files of the project."""

    def write(texts: Mapping[str, str]) -> None:
        for path, text in texts.items():
            file = project / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")

    return write


@pytest.fixture
def lineage(project: Path, capsys: pytest.CaptureFixture[str]) -> Lineage:
    """Run ``dagport lineage`` with arguments."""

    def call(*args: str) -> Result:
        status = run(["lineage", *args])
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    return call


@pytest.fixture
def git(project: Path) -> Git:
    """Run git in the project, which becomes a repository with one commit."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(project),
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in
           (("NAME", "x"), ("EMAIL", "x@example.org"), ("DATE", "2026-01-02T03:04:05+00:00"))},
    }  # fmt: skip

    def call(*args: str) -> str:
        done = subprocess.run(["git", *args], cwd=project, env=environment, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    call("init", "-q", "-b", "main")
    call("remote", "add", "origin", "https://me:secret@github.com/shop/pipelines.git")
    call("add", "-A")
    call("commit", "-q", "-m", "first")
    return call
