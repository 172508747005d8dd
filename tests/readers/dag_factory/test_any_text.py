"""Any text at all: it never raises, it ends, and it says the same twice."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagport import codec
from tests.readers.dag_factory.reading import BASH, EMPTY, PYTHON, read

WORDS = st.sampled_from(
    "d e a b default tasks task_groups default_args schedule start_date operator decorator dependencies expand partial "
    "task_id group_name task_group_name parent_group_name tags params doc_md __type__ __args__ __and__ __or__ __join__ "
    "items on_failure_callback callback python_callable python_callable_name python_callable_file inlets outlets file "
    "datasets variables_as_arguments variable attribute timezone catchup << +a a.output XcomArg(a) XcomArg none @daily "
    f"2024-01-01 5 -1 1.5 1:30 yes ~ $X ${{Y}} x.y builtins.list datetime.timedelta airflow.sdk.Asset {EMPTY} {BASH} "
    f"{PYTHON} airflow.sdk.task airflow.sdk.Param /x.py relative.py [] {{}} '' &a *a !!str !!set !x".split()
)
SCALARS = st.one_of(WORDS, st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))


def _shown(value: object) -> str:
    """A value in YAML's flow style; words stand as they are, so that anchors and tags work."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_shown(key)}: {_shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return "~" if value is None else str(value)


VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(WORDS, inner, max_size=5)),
    max_leaves=20,
)
TASK = st.dictionaries(WORDS, VALUES, max_size=5).map(lambda task: {"operator": EMPTY, **task})
DAG = st.tuples(st.dictionaries(WORDS, TASK, max_size=4), st.dictionaries(WORDS, VALUES, max_size=5)).map(
    lambda parts: {"tasks": {"a": {"operator": BASH, "bash_command": "x"}, **parts[0]}, **parts[1]}
)
FILES = st.dictionaries(WORDS, st.one_of(DAG, DAG, VALUES), max_size=4).map(
    lambda file: "".join(f"{_shown(key)}: {_shown(value)}\n" for key, value in file.items())
)
MANY = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@MANY
@given(st.one_of(FILES, FILES, st.text(max_size=60)))
def test_any_text(text: str) -> None:
    graph = read(text)
    assert codec.from_json(codec.to_json(graph)) == graph
    assert read(text) == graph
    said = [item for item in graph.diagnostics if item.severity != "info"]
    assert said or all(pipeline.exact for pipeline in graph.pipelines)
