"""``dagport lineage diff``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.lineage.commands.conftest import ORDERS, Files, Git, Lineage

CHANGED = ORDERS.replace("s3://lake/orders.csv", "s3://lake/sales.csv")
TEXT = """\
Datasets
- s3://lake/orders.csv
+ s3://lake/sales.csv
Edges
- orders.load reads s3://lake/orders.csv
+ orders.load reads s3://lake/sales.csv
"""


def without_flows(text: str) -> str:
    """Without what the explicit facet says of each output: that is the extraction's own matter."""
    return text.partition("Flows between datasets\n")[0]


def test_no_difference(lineage: Lineage) -> None:
    done = lineage("diff", "dags", "dags")
    assert (done.status, done.out) == (0, "no difference\n")


@pytest.fixture
def folders(files: Files) -> None:
    files({"old/orders.py": ORDERS, "new/orders.py": CHANGED})


def test_folders(lineage: Lineage, folders: None) -> None:
    done = lineage("diff", "old", "new")
    assert done.status == 1
    assert without_flows(done.out) == TEXT
    assert lineage("diff", "old", "new", "--exit-zero").status == 0


def test_exports(lineage: Lineage, folders: None) -> None:
    lineage("export", "old", "-o", "old.jsonl")
    lineage("export", "new", "-o", "new.jsonl")
    assert without_flows(lineage("diff", "old.jsonl", "new.jsonl").out) == TEXT
    assert lineage("diff", "old.jsonl", "old").out == "no difference\n"


def test_a_place_is_no_difference(lineage: Lineage, files: Files) -> None:
    files({"old/orders.py": ORDERS, "new/sub/sales.py": "\n\n" + ORDERS})
    assert lineage("diff", "old", "new").status == 0


def test_json(lineage: Lineage, folders: None) -> None:
    found = json.loads(lineage("diff", "old", "new", "--format", "json").out)
    assert found["dataset"] == {"added": ["s3://lake/sales.csv"], "removed": ["s3://lake/orders.csv"]}
    assert found["job"] == {"added": [], "removed": []}


def test_markdown(lineage: Lineage, folders: None) -> None:
    out = lineage("diff", "old", "new", "--format", "markdown").out
    assert out.startswith("### Lineage\n\n| | added | removed |\n|---|--:|--:|\n| Datasets | 1 | 1 |\n")
    assert (
        "<details><summary>Datasets</summary>\n\n```diff\n- s3://lake/orders.csv\n+ s3://lake/sales.csv\n```\n" in out
    )
    assert lineage("diff", "old", "old", "--format", "markdown").out == "### Lineage\n\nNo difference.\n"


def test_markdown_is_bounded_and_cannot_be_broken_out_of(lineage: Lineage, files: Files) -> None:
    many = "".join(f'    EmptyOperator(task_id="t{n}", inlets=[Asset("s3://lake/{n:03}```x")])\n' for n in range(150))
    files({"old/orders.py": ORDERS, "new/orders.py": ORDERS + many})
    out = lineage("diff", "old", "new", "--format", "markdown").out
    assert "  and 50 more\n" in out
    assert "```x" not in out


def test_what_is_not_known(lineage: Lineage, files: Files) -> None:
    files({"old/orders.py": ORDERS, "new/orders.py": ORDERS.replace("EmptyOperator(", "Unknown(").replace(
        "from datetime", "from plugin import Unknown\nfrom datetime", 1)})  # fmt: skip
    out = lineage("diff", "old", "new").out
    assert "Not known\n+ orders.load: inputs and outputs: there is no rule for `plugin.Unknown` (operator)\n" in out


def test_revisions(lineage: Lineage, git: Git, files: Files, project: Path) -> None:
    files({"dags/orders.py": CHANGED})
    assert without_flows(lineage("diff", "HEAD", "dags").out) == TEXT
    git("commit", "-qam", "second")
    assert lineage("diff", "HEAD", "dags").out == "no difference\n"
    assert without_flows(lineage("diff", "HEAD~1", "HEAD").out) == TEXT
    assert without_flows(lineage("diff", "HEAD~1", "HEAD", "dags/orders.py").out) == TEXT
    assert lineage("diff", "HEAD~1", "HEAD", "dags/revenue.py").out == "no difference\n"
    assert sorted(path.name for path in project.iterdir() if not path.name.startswith(".")) == ["dags"]


def test_a_revision_without_the_path(lineage: Lineage, git: Git, files: Files) -> None:
    files({"more/new.py": ORDERS.replace('DAG("orders"', 'DAG("new"')})
    out = lineage("diff", "HEAD", "more").out
    assert "Jobs\n+ new\n+ new.load\n" in out


def test_revisions_see_their_own_modules(lineage: Lineage, git: Git, files: Files) -> None:
    text = ORDERS.replace('Asset("s3://lake/orders.csv")', "Asset(NAME)").replace(
        "from datetime", "from names import NAME\nfrom datetime", 1
    )
    files({"dags/orders.py": text, "dags/names.py": 'NAME = "s3://lake/orders.csv"\n'})
    git("add", "-A")
    git("commit", "-qm", "second")
    files({"dags/names.py": 'NAME = "s3://lake/sales.csv"\n'})
    assert without_flows(lineage("diff", "HEAD", "dags").out) == TEXT


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["dags"], "Two things to compare are needed"),
        (["nowhere", "dags"], "nowhere is no export, no file, no folder, and no commit"),
    ],
)
def test_refused(lineage: Lineage, args: list[str], message: str) -> None:
    done = lineage("diff", *args)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
