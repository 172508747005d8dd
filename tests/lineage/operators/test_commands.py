"""Which commands touch no data, and how others are named in a report."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagport_lineage.extract.operators.commands import DATALESS, programs, simple_commands
from tests.lineage.operators.sql_cases import lineage_of
from tests.lineage.support import lineage, tasks

BASH = shutil.which("bash")
SECRET = "hunter2"
WORDS = [
    "echo", "a", "true", "f", "cat f", "tee g", "date", "printf", "X=1", "export", "test -f f", "'", '"', "$(", "${",
    ")", "}", "`", "\\", "\n", "#", ">", ">>", "<", "|", "&", ";", "&&", "||", "{", "(", "!", "$X", "0", ";;", "2>",
    "<(", ">(", "if", "then", "fi", "eval", "$(cat f)", "`cat f`", "> g", "| tee g", "${X:-", "cat < f", "\\\n",
]  # fmt: skip


def dataless(text: str) -> bool:
    """Whether a command is said to touch no data."""
    commands = simple_commands(text)
    return commands is not None and all(words[0] in DATALESS for words in commands)


@pytest.mark.parametrize(
    "text",
    [
        'echo "$(cat f)"', 'echo "`cat f`"', "echo ${X:-$(cat f)}", "echo a >g", "echo a>g", "echo 1>g", "date|tee g",
        "echo a\ncat f", "echo a;cat f", "echo a&&cat f", "echo a||cat f", "echo a & cat f", "(echo a)", "{ echo a; }",
        "if true; then cat f; fi", "echo a # b\ncat f", "X=1 cat f", "eval echo a", "exec echo a", "$X", "! true",
        "echo a \\\n> g", "printf x <(cat f)", "case a in *) cat f;; esac", "f() { cat f; }; f",
    ],
)  # fmt: skip
def test_what_may_touch_data_is_a_gap(text: str) -> None:
    assert not dataless(text)


@pytest.mark.skipif(BASH is None, reason="there is no bash")
@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(["", " "])), max_size=8))
def test_what_touches_no_data_reads_and_writes_no_file(parts: list[tuple[str, str]]) -> None:
    text = "echo " + "".join(word + space for word, space in parts)
    if not dataless(text):
        return
    with TemporaryDirectory() as folder:
        (Path(folder) / "f").write_text(SECRET)
        done = subprocess.run(
            [str(BASH), "-c", text], cwd=folder, capture_output=True, timeout=120, stdin=subprocess.DEVNULL, check=False
        )
        assert SECRET.encode() not in done.stdout + done.stderr
        assert [path.name for path in Path(folder).iterdir()] == ["f"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("dbt run --select orders", "`dbt run`"),
        ("cd /x && python -m etl; python etl.py --password hunter2", "`python`, `python etl.py`"),
        ("PGPASSWORD=hunter2 psql -c 'select 1'", "`psql`"),
        ("curl -H 'Authorization: hunter2' https://example.com/hunter2 | jq .x", "`curl`, `jq`"),
        ("mysql -phunter2 shop", "`mysql`"),
        ("spark-submit --conf x=hunter2 s3://code/a.py", "`spark-submit`"),
        ("spark-submit jobs/a.py", "`spark-submit jobs/a.py`"),
        ("a\nb\nc\nd", "`a`, `b`, `c`, ..."),
        ("{{ params.command }} hunter2", ""),
        ("if true; then cp a b; fi", ""),
        ("echo hunter2 > x", ""),
    ],
)
def test_programs_are_named_and_arguments_are_not(text: str, names: str) -> None:
    assert programs(text) == names


def test_a_gap_says_which_programs_are_unknown() -> None:
    (gap,) = lineage_of("BashOperator(bash_command='dbt run --vars hunter2 && cp a b')").gaps
    assert gap.message == "what the command `dbt run`, `cp` reads and writes can't be told from the DAG file"


DECORATED = """
    from airflow.sdk import DAG, task

    with DAG("shop", schedule=None):
        @task.bash
        def shell():
            return "echo hi"

        @task.docker(image="etl:1")
        def contained():
            return open("/data/a.csv").read()

        @task.stub
        def other():
            ...

        shell()
        contained()
        other()
"""


def test_what_a_function_returns_runs_later_and_in_a_container_files_are_others() -> None:
    found = tasks(lineage(DECORATED))
    assert [(gap.side, gap.reason) for gap in found["shell"].gaps][-1] == ("both", "runtime")
    assert [(gap.side, gap.reason) for gap in found["contained"].gaps] == [("both", "command")]
    assert found["contained"].reads == ()
    assert [(gap.side, gap.reason) for gap in found["other"].gaps] == [("both", "command")]
