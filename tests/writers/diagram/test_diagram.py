"""Mermaid and Graphviz: what they show, and that nothing in a graph breaks out of its label."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagport.graph import Edge, FileGraph, Pipeline, Schedule, Task
from dagport.writers.diagram import write_dot, write_mermaid
from dagport.writers.diagram.dot import quote
from dagport.writers.diagram.mermaid import escape
from tests.graphs import EMPTY, FILE_GRAPHS, SALES, UNSURE

QUOTED = r'"(?:[^"\\]|\\.)*"'  # a string of Graphviz
MERMAID = [
    r"flowchart LR",
    r' *subgraph p\d+(g\d+)?\["[^"\n]*"\]',
    r" *end",
    r' *n\d+(\[|\{|\(\[|\[\(|\[\[|\(\()"[^"\n]*"(\]|\}|\]\)|\)\]|\]\]|\)\))',
    r'  n\d+ (-->|-\.->)(\|"[^"\n]*"\|)? n\d+',
]
DOT = [
    r"digraph dagport \{",
    r"  rankdir=LR;",
    r"  node \[shape=box\];",
    r" *subgraph cluster_p\d+(g\d+)? \{",
    rf" *label={QUOTED};",
    rf" *n\d+ \[label={QUOTED}(, shape=\w+)?(, style=dashed)?\];",
    rf"  n\d+ -> n\d+( \[(label={QUOTED})?(, )?(style=dashed)?\])?;",
    r" *\}",
]


def test_mermaid() -> None:
    assert (
        "".join(write_mermaid([SALES, EMPTY, UNSURE]))
        == """\
flowchart LR
  subgraph p0["sales"]
    n0["extract<br/>python"]
    n3["notify<br/>notify, teardown, may not exist"]
    subgraph p0g0["load"]
      n1["write<br/>bash"]
      subgraph p0g1["load.checks"]
        n2["rows<br/>python, mapped, all_done"]
      end
    end
  end
  subgraph p1["unsure<br/>(not exact)"]
    n4["only<br/>python"]
  end
  n0 -->|"return_value"| n1
  n2 -->|"done"| n3
  n1 --> n2
  n0 -.->|"count"| n3
"""
    )


def test_dot() -> None:
    assert (
        "".join(write_dot([SALES, EMPTY, UNSURE]))
        == r"""digraph dagport {
  rankdir=LR;
  node [shape=box];
  subgraph cluster_p0 {
    label="sales";
    n0 [label="extract\npython"];
    n3 [label="notify\nnotify, teardown, may not exist", style=dashed];
    subgraph cluster_p0g0 {
      label="load";
      n1 [label="write\nbash"];
      subgraph cluster_p0g1 {
        label="load.checks";
        n2 [label="rows\npython, mapped, all_done"];
      }
    }
  }
  subgraph cluster_p1 {
    label="unsure\n(not exact)";
    n4 [label="only\npython"];
  }
  n0 -> n1 [label="return_value"];
  n2 -> n3 [label="done"];
  n1 -> n2;
  n0 -> n3 [label="count", style=dashed];
}
"""
    )


@pytest.mark.parametrize("graphs", [[], [EMPTY]], ids=len)
def test_nothing(graphs: list[FileGraph]) -> None:
    assert "".join(write_mermaid(graphs)) == "flowchart LR\n"
    assert "".join(write_dot(graphs)).startswith("digraph dagport {")


@given(st.lists(FILE_GRAPHS, max_size=2))
def test_any_graph_keeps_the_syntax(graphs: list[FileGraph]) -> None:
    for write, grammar in ((write_mermaid, MERMAID), (write_dot, DOT)):
        lines = "".join(write(graphs)).split("\n")[:-1]
        assert [line for line in lines if not any(re.fullmatch(form, line, re.DOTALL) for form in grammar)] == []


def test_names_of_all_sorts() -> None:
    names = [
        'a"b',
        "a]b",
        "a\\",
        "end",
        "a\nb",
        "a;b --> c",
        "<b>",
        "`x`",
        "#quot;",
        "%% no comment",
        "subgraph",
        "}",
        "é",
    ]
    pipeline = Pipeline(
        id='x"] end',
        exact=True,
        schedule=Schedule(kind="manual"),
        tasks=tuple(Task(id=name, operator="x", kind="python") for name in names),
        edges=(Edge(upstream="a\\", downstream="end", label='"|'),),
    )
    graph = FileGraph(path="p", orchestrator="airflow", pipelines=(pipeline,))
    for write, grammar in ((write_mermaid, MERMAID), (write_dot, DOT)):
        lines = "".join(write([graph])).split("\n")[:-1]
        assert all(any(re.fullmatch(form, line) for form in grammar) for line in lines)


@pytest.mark.parametrize(
    ("text", "mermaid", "dot"),
    [
        ("plain", "plain", '"plain"'),
        ('"', "#quot;", r'"\""'),
        ("\\n", "#92;n", r'"\\n"'),
        ("a\nb", "a<br/>b", r'"a\nb"'),
        ("#35;", "#35;35;", '"#35;"'),
        ("<x>", "#lt;x#gt;", '"<x>"'),
        ("`a`", "#96;a#96;", '"`a`"'),
    ],
)
def test_escapes(text: str, mermaid: str, dot: str) -> None:
    assert escape(text) == mermaid
    assert quote(text) == dot
