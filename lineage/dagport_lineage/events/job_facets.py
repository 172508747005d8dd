"""The official facets of a job, as Airflow's own provider fills them where it does.

Source of the rules for documentation, ownership and tags: apache-airflow-providers-openlineage 2.20.3
(``plugins/listener.py``, ``utils/utils.py``, ``extractors/{python,bash}.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from dagport.graph import Pipeline, Task
from dagport.source import Source, Span
from dagport.values import Template, Value
from dagport_lineage.events.dataset_facets import identifier, transformations
from dagport_lineage.events.git import Commit
from dagport_lineage.extract.callables import definition
from dagport_lineage.facets import Facet, Json, facet
from dagport_lineage.model import ColumnSource, DatasetName, Sql, TaskLineage, Write
from dagport_lineage.scope import LineageOptions, Scope
from dagport_lineage.secrets import hide_literals, redact

DEFAULT_OWNER = "airflow"
MAX_DOCUMENTATION = 64 * 1024  # bytes; the provider's bound
DOCUMENTATION = {
    "doc": "text/plain",
    "doc_md": "text/markdown",
    "doc_json": "application/json",
    "doc_yaml": "application/x-yaml",
    "doc_rst": "text/x-rst",
}
"""Arguments of a task, in the order in which the provider looks at them."""


def job_type(orchestrator: str, kind: Literal["DAG", "TASK"]) -> Facet:
    """Which engine runs it, and what it is there."""
    return facet("job", "jobType", processingType="BATCH", integration=orchestrator.upper(), jobType=kind)


def documentation(pipeline: Pipeline, task: Task | None = None, secrets: Sequence[str] = ()) -> dict[str, Facet]:
    """The task's documentation, else the pipeline's, else its description; without the secrets that are given."""
    for text, kind in _documents(pipeline, task):
        if text:
            shown = _cut(redact(text, secrets))
            return {"documentation": facet("job", "documentation", description=shown, contentType=kind)}
    return {}


def _documents(pipeline: Pipeline, task: Task | None) -> Iterable[tuple[str | None, str]]:
    if task is not None:
        for name, kind in DOCUMENTATION.items():
            value = task.arguments.get(name)
            yield (value if isinstance(value, str) else None), kind
        yield task.doc, "text/markdown"  # a docstring of the function, which becomes ``doc_md``
    yield pipeline.doc, "text/markdown"
    yield pipeline.description, "text/plain"


def _cut(text: str) -> str:
    data = text.encode("utf-8", "surrogatepass")
    return text if len(data) <= MAX_DOCUMENTATION else data[:MAX_DOCUMENTATION].decode("utf-8", "ignore")


def ownership(pipeline: Pipeline, task: Task | None = None) -> dict[str, Facet]:
    """The task's owner, or those of all tasks where it has the default one."""
    own = task.owner if task is not None else None
    texts = [own] if own and own != DEFAULT_OWNER else pipeline.owners
    names = sorted({name.strip() for text in texts for name in text.split(",")} - {""})
    return {"ownership": facet("job", "ownership", owners=[{"name": name} for name in names])} if names else {}


def tags(pipeline: Pipeline) -> dict[str, Facet]:
    """The pipeline's tags, which its tasks share."""
    if not pipeline.tags:
        return {}
    shown = dict.fromkeys(map(redact, pipeline.tags))
    found = [{"key": tag, "value": tag, "source": "AIRFLOW"} for tag in shown]
    return {"tags": facet("job", "tags", tags=found)}


class Code(NamedTuple):
    """What a task runs, as its author wrote it: not yet for others' eyes."""

    language: Literal["bash", "python"]
    text: str


def code_of(task: Task, scope: Scope) -> Code | None:
    """The function or the shell command that a task runs.

    ``None`` also where literals of SQL are to be hidden: code may hold SQL.
    """
    if not scope.options.source_code or scope.options.hide_sql_literals:
        return None
    if task.kind == "bash" and task.callable is None:
        command = _text(task.arguments.get("bash_command"))
        return Code("bash", command) if command is not None else None
    if task.callable is None:
        return None
    span = task.callable.span
    found = (scope.source, span) if span is not None else definition(task, scope)
    return Code("python", _whole_lines(*found)) if found is not None else None


def source_code(code: Code | None, secrets: Sequence[str] = ()) -> dict[str, Facet]:
    """What a task runs, without the secrets that are given and those that can be told from the rest."""
    if code is None:
        return {}
    shown = redact(code.text, secrets)
    return {"sourceCode": facet("job", "sourceCode", language=code.language, sourceCode=shown)}


def _text(value: Value) -> str | None:
    if isinstance(value, Template):
        return value.text
    return value if isinstance(value, str) else None


def _whole_lines(source: Source, span: Span) -> str:
    """The lines that a span lies in, from their beginning to their end: what ``inspect.getsource`` gives."""
    return "".join(f"{line}\n" for line in source.lines[span[0] - 1 : span[2]])


def sql(statements: Iterable[Sql], options: LineageOptions, secrets: Sequence[str] = ()) -> dict[str, Facet]:
    """The SQL of a task: all its texts, joined as the provider joins statements; without the secrets that are given."""
    found = list(dict.fromkeys(statements))
    queries = [(one.query.strip().rstrip("; \r\n"), one.dialect) for one in found]
    queries = [(query, dialect) for query, dialect in queries if query]
    if not queries:
        return {}
    hidden = [hide_literals(query, dialect) if options.hide_sql_literals else query for query, dialect in queries]
    dialects = {dialect for _, dialect in queries}
    dialect = dialects.pop() if len(dialects) == 1 else None
    return {"sql": facet("job", "sql", query=redact(";\n".join(hidden), secrets), dialect=dialect)}


def source_code_location(commit: Commit | None, path: str | None, span: Span | None) -> dict[str, Facet]:
    """Where the source lies in its repository, pinned to the commit; ``path`` is relative to the project's root."""
    if commit is None or commit.repo_url is None or path is None:
        return {}
    inside = str(PurePosixPath(commit.prefix, path))
    found = facet(
        "job",
        "sourceCodeLocation",
        type="git",
        url=commit.link(inside, (span[0], span[2]) if span is not None else None),
        repoUrl=commit.repo_url,
        path=inside,
        version=commit.revision,
        branch=commit.branch,
    )
    return {"sourceCodeLocation": found}


def lineage(task: TaskLineage) -> dict[str, Facet]:
    """Which inputs each output is made of: ``inputs: []`` says none, no ``inputs`` says that it isn't known.

    What is read and flows into no known output flows into the job.
    """
    entries = [_entry(write, task) for write in task.writes]
    used = {(one["namespace"], one["name"]) for entry in entries for one in entry.get("inputs", ())}
    rest = [read.dataset for read in task.reads if (read.dataset.namespace, read.dataset.name) not in used]
    if rest:
        entries.append({"type": "JOB", "inputs": [_source(dataset) for dataset in rest]})
    elif task.state("inputs") == "none" and not entries:
        entries.append({"type": "JOB", "inputs": []})
    return {"lineage": facet("job", "lineage", entries=entries)} if entries else {}


def _entry(write: Write, task: TaskLineage) -> dict[str, Json]:
    entry = {**identifier(write.dataset), "type": "DATASET"}
    sources = write.sources
    if sources is None and task.state("inputs") == "none":
        sources = ()
    if sources is not None:
        influences = [_field_source(one) for one in sorted(write.influences)]
        entry["inputs"] = [*(_source(one) for one in sorted(sources)), *influences]
    if write.columns:
        entry["fields"] = {
            name: {"inputs": [_field_source(one) for one in sorted(found)]} for name, found in write.columns.items()
        }
    return entry


def _source(dataset: DatasetName) -> dict[str, Json]:
    return {**identifier(dataset), "type": "DATASET"}


def _field_source(one: ColumnSource) -> dict[str, Json]:
    return {**_source(one.dataset), "field": one.column, "transformations": transformations(one.transformations)}
