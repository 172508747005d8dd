"""Whole files: what is one, what is refused, where a finding stands."""

from __future__ import annotations

import pytest

from dagport.options import Limits
from tests.readers.dag_factory.reading import BASH, EMPTY, ONE_TASK, findings, read

FINE = f"d:\n  start_date: 2024-01-01\n{ONE_TASK}"
BOMB = "x0: &x0 [a, b]\n" + "".join(f"x{n}: &x{n} [*x{n - 1}, *x{n - 1}, *x{n - 1}, *x{n - 1}]\n" for n in range(1, 30))
MERGES = "m0: &m0 {a: 1}\n" + "".join(f"m{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}]}}\n" for n in range(1, 40))

OTHER = ["", "# nothing", "5", "- a\n- b", "a: 1", "tasks: {a: 1}", "d: {tasks: x}", "d: {tasks: {a: {run: x}}}", "{}"]
REFUSED = [  # code, line, text
    ("DP104", 4, "d:\n  tasks:\n    a: [\n"),
    ("DP104", 2, "d:\n\ttasks: {}\n"),
    ("DP104", 1, f"d: *nowhere\n{FINE}"),
    ("DP104", 4, f"{FINE}---\na: 1\n"),
    ("DP104", 1, f"a: '\0'\n{FINE}"),
    ("DP301", 4, f"{FINE}e: 5\n"),
    ("DP301", 4, f"{FINE}e:\n  schedule_interval: '@daily'\n"),
    ("DP301", 5, f"{FINE}e:\n  tasks: {{a: {{bash_command: x}}}}\n"),
    ("DP301", 6, f"{FINE}e:\n  tasks:\n    b: {{operator: {EMPTY}, dependencies: [nowhere]}}\n"),
    ("DP301", 6, f"{FINE}e:\n  tasks:\n    b: {{operator: no_module}}\n"),
    ("DP301", 6, f"{FINE}e:\n  tasks:\n    b: {{operator: airflow.operators.bash_operator.BashOperator}}\n"),
    ("DP301", 4, f"{FINE}e: {{x: !custom 5}}\n"),
    ("DP301", 4, f"{FINE}e: {{x: 2024-13-01}}\n"),
    ("DP301", 4, f"{FINE}e: {{? [a] : b}}\n"),
    ("DP301", 4, f"{FINE}e: &e\n  x: *e\n"),
]
BOUNDS = {
    "aliases": BOMB + FINE,
    "merges": MERGES + FINE,
    "depth": f"{FINE}e: {'[' * 5000}{']' * 5000}\n",
    "mappings": f"{FINE}e: {'{a: ' * 3000}{'}' * 3000}\n",
    "size": FINE + "#" * 1_100_000,
    "nodes": f"{FINE}e: [{'1,' * 60_000}]\n",
}


@pytest.mark.parametrize("text", OTHER)
def test_another_yaml_file(text: str) -> None:
    graph = read(text)
    assert findings(graph) == [("DP112", 1)]
    assert not graph.pipelines


@pytest.mark.parametrize(("code", "line", "text"), REFUSED)
def test_refused(code: str, line: int, text: str) -> None:
    """One entry that is refused takes the whole file with it, as it does in dag-factory."""
    graph = read(text)
    assert not graph.pipelines
    errors = [(item.code, item.line) for item in graph.diagnostics if item.severity == "error"]
    assert errors == [(code, line)]


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds(name: str) -> None:
    graph = read(BOUNDS[name])
    assert [item.code for item in graph.diagnostics if item.severity != "info"] == ["DP207"]
    assert not graph.pipelines


def test_the_number_of_tasks_is_bounded() -> None:
    tasks = "".join(f"    t{n}: {{operator: {EMPTY}}}\n" for n in range(20))
    graph = read(f"d:\n  tasks:\n{tasks}", limits=Limits(tasks=10))
    assert "DP207" in [item.code for item in graph.diagnostics]
    assert not graph.pipelines


def test_a_long_number_is_not_read() -> None:
    [pipeline] = read(f"d:\n  params: {{n: {'9' * 3000}, m: {'1:' * 3000}1}}\n{ONE_TASK}").pipelines
    assert not pipeline.exact


def test_duplicate_keys_are_said_and_the_last_one_counts() -> None:
    graph = read(f"d:\n  tasks:\n    a: {{operator: {EMPTY}}}\n    a: {{operator: {BASH}, bash_command: x}}\n")
    assert findings(graph) == [("DP113", 4)]
    assert [task.kind for task in graph.pipelines[0].tasks] == ["bash"]
    assert graph.pipelines[0].exact


@pytest.mark.parametrize(
    "text",
    [
        f"x: &x {{a: 1, b: 2}}\nd:\n  params: {{<<: *x, a: 3}}\n{ONE_TASK}",
        f"d:\n  params: {{a: 1, A: 2, 'a ': 3}}\n{ONE_TASK}",
        f"d:\n  params: {{1: a, '1': b}}\n{ONE_TASK}",
    ],
)
def test_what_is_no_duplicate(text: str) -> None:
    assert "DP113" not in [item.code for item in read(text).diagnostics]


def test_spans() -> None:
    text = f"# first\nd:\n  tasks:\n    é1: {{operator: {EMPTY}}}\n    b:\n      operator: {EMPTY}\n\n# last\n"
    graph = read(text.replace("é1", "a"))
    [pipeline] = graph.pipelines
    assert pipeline.span == (2, 1, 6, 17 + len(EMPTY))
    assert [task.span for task in pipeline.tasks] == [(4, 5, 4, 20 + len(EMPTY)), (5, 5, 6, 17 + len(EMPTY))]


def test_columns_count_characters() -> None:
    graph = read(f"d: {{description: 'ü日本', params: {{n: $X}}, tasks: {{a: {{operator: {EMPTY}}}}}}}\n")
    columns = [item.column for item in graph.diagnostics if "param `n`" in item.message]
    assert columns == [1] or columns == [38]


def test_nothing_is_run(tmp_path: object) -> None:
    """Tags that would make PyYAML's unsafe loader run something, and names that import something."""
    text = (
        "d:\n  params:\n    a: !!python/object/apply:os.system ['touch canary']\n    b: !!python/name:os.system ''\n"
        "    c: {__type__: os.system, __args__: ['touch canary']}\n    d: {__type__: subprocess.run, __args__: [x]}\n"
        f"    e: {{__type__: builtins.eval, __args__: ['1 + 1']}}\n{ONE_TASK}"
    )
    assert not any(pipeline.exact for pipeline in read(text).pipelines)
