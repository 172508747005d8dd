"""What is known of the data that tasks read and write. Events, reports and diagrams are made of this.

Each side of a task, its inputs and its outputs, is one of: resolved (datasets, and nothing is missing), none (no
datasets, and nothing is missing), or unknown, in whole or in part: then there is a ``Gap`` that says why. A name is
never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from dagport.graph import Place

How: TypeAlias = Literal["declared", "sql", "operator", "callable", "xcom"]
Side: TypeAlias = Literal["inputs", "outputs", "both"]
State: TypeAlias = Literal["resolved", "none", "partial", "unknown"]
Lifecycle: TypeAlias = Literal["ALTER", "CREATE", "DROP", "OVERWRITE", "RENAME", "TRUNCATE"]
GapReason: TypeAlias = Literal[
    "template",  # the name is made of a template whose text only a run has
    "variable",  # ... of a Variable that the user didn't give
    "connection",  # the connection isn't known, or doesn't say what is asked of it
    "opaque",  # the value isn't known statically
    "operator",  # there is no rule for this operator
    "callable",  # Python code that does what can't be told
    "command",  # a shell command or a program elsewhere
    "sql",  # SQL that can't be read
    "file",  # a file of the project that isn't there or can't be read
    "runtime",  # decided while the task runs, e.g. by an asset alias
    "name",  # the name has no form in the naming specification
]


@dataclass(frozen=True, slots=True, order=True)
class DatasetName:
    """A dataset by the naming rules of the OpenLineage specification."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Why a text, a connection or a name isn't known: ``message`` is a clause for a report."""

    reason: GapReason
    message: str


DirectSubtype: TypeAlias = Literal["IDENTITY", "TRANSFORMATION", "AGGREGATION"]
IndirectSubtype: TypeAlias = Literal["JOIN", "GROUP_BY", "FILTER", "SORT", "WINDOW", "CONDITIONAL"]
Subtype: TypeAlias = DirectSubtype | IndirectSubtype


@dataclass(frozen=True, slots=True, order=True)
class Transformation:
    """How a column comes from another; the values are those of the ``columnLineage`` facet."""

    type: Literal["DIRECT", "INDIRECT"]
    subtype: Subtype
    masking: bool = False


@dataclass(frozen=True, slots=True, order=True)
class ColumnSource:
    """A column that another one, or a whole dataset, comes from."""

    dataset: DatasetName
    column: str
    transformations: tuple[Transformation, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """An entry of a schema."""

    name: str
    type: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A dataset that a task reads."""

    dataset: DatasetName
    how: How
    columns: tuple[str, ...] = ()  # those that are known to be read, sorted
    schema: tuple[Column, ...] = ()  # where the source says it
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A dataset that a task writes."""

    dataset: DatasetName
    how: How
    sources: tuple[DatasetName, ...] | None = None  # what it is made of; (): nothing tracked; None: not known
    columns: Mapping[str, tuple[ColumnSource, ...]] = field(default_factory=dict)  # only columns that are known
    influences: tuple[ColumnSource, ...] = ()  # columns that decide over all of it: joins, filters, groups
    schema: tuple[Column, ...] = ()  # of all its columns, where the source says it
    lifecycle: Lifecycle | None = None
    previous: DatasetName | None = None  # its name before a RENAME
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that a task reads or writes, or may, and that can't be named."""

    side: Side
    reason: GapReason
    message: str  # a sentence without its end; names the text that is missing
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sql:
    """SQL that a task runs, as the source writes it (templates included)."""

    query: str
    dialect: str | None = None  # a name of sqlglot's


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one rule found out about a task. An empty one says: this task reads and writes nothing."""

    reads: tuple[Read, ...] = ()
    writes: tuple[Write, ...] = ()
    gaps: tuple[Gap, ...] = ()
    sql: tuple[Sql, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLineage:
    """All that is known about one task: each dataset once on each side, sorted."""

    task: str
    reads: tuple[Read, ...] = ()
    writes: tuple[Write, ...] = ()
    gaps: tuple[Gap, ...] = ()
    sql: tuple[Sql, ...] = ()

    def state(self, side: Literal["inputs", "outputs"]) -> State:
        """How well one side is known."""
        some = bool(self.reads if side == "inputs" else self.writes)
        if any(gap.side in (side, "both") for gap in self.gaps):
            return "partial" if some else "unknown"
        return "resolved" if some else "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineLineage:
    """The lineage of the tasks of one pipeline, in the pipeline's order."""

    pipeline: str
    exact: bool  # of the graph: where it is false, tasks may be missing or different
    tasks: tuple[TaskLineage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetName:
    """A declared asset and the dataset that it stands for."""

    asset: str  # its name in the graph
    dataset: DatasetName


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLineage:
    """The lineage of one source file."""

    path: str
    pipelines: tuple[PipelineLineage, ...] = ()
    assets: tuple[AssetName, ...] = ()  # those with a dataset, sorted by name
