"""Follows the code of a function without running it, and notes what it reads and writes.

Both ways of an undecided ``if`` are followed, and the body of a loop and of an ``except``: what is found there is a
dataset of the job, which a run may touch or not. Whatever isn't understood becomes a gap, once for each cause.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dagport.graph import Place, Task
from dagport.values import XCom
from dagport_lineage.extract.callables.domain import (
    FAILS,
    LOST,
    NONE,
    Foreign,
    Function,
    Items,
    Lost,
    Origins,
    Value,
    forget,
    joined,
    origins_of,
    same,
    some,
)
from dagport_lineage.extract.callables.frames import Frame, Loop, names_of, own_nodes
from dagport_lineage.extract.callables.modules import Module
from dagport_lineage.extract.callables.resolve import Project
from dagport_lineage.model import DatasetName, Found, Gap, GapReason, Lifecycle, Read, Side, Sql, Unresolved, Write
from dagport_lineage.scope import Scope

if TYPE_CHECKING:
    from dagport_lineage.extract.callables.databases import Query

MAX_STEPS = 20_000
MAX_DEPTH = 12
MAX_GAPS = 12
MAX_NESTING = 60  # of expressions


class TooMuch(Exception):  # noqa: N818 - it ends the analysis of one function
    """The function is too large to follow; ``what`` says which bound was hit."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass
class Record:
    """What was found so far."""

    reads: dict[DatasetName, Read] = field(default_factory=dict)
    writes: dict[DatasetName, Write] = field(default_factory=dict)
    gaps: dict[tuple[Side, GapReason, str], Gap] = field(default_factory=dict)
    sql: dict[Sql, None] = field(default_factory=dict)
    queries: list[Query] = field(default_factory=list)
    mixed: bool = False  # a value was changed in place: what other values are made of isn't certain any more

    def add(self, found: Found) -> None:
        """Take over what another rule found."""
        for read in found.reads:
            self.reads.setdefault(read.dataset, read)
        for write in found.writes:
            self.write(write)
        for gap in found.gaps:
            self.gaps.setdefault((gap.side, gap.reason, gap.message), gap)
        self.sql.update(dict.fromkeys(found.sql))

    def write(self, write: Write) -> None:
        """Note a write; a dataset that is written in two ways keeps only what both say."""
        known = self.writes.get(write.dataset)
        if known is None:
            self.writes[write.dataset] = write
        elif (known.sources, known.columns, known.lifecycle) != (write.sources, write.columns, write.lifecycle):
            self.writes[write.dataset] = Write(dataset=write.dataset, how="callable", place=known.place)


class Walker:
    """The analysis of one function of one task."""

    def __init__(self, task: Task, scope: Scope, project: Project) -> None:
        self.task = task
        self.scope = scope
        self.project = project
        self.record = Record()
        self.frames: list[Frame] = []
        self.depth = 0
        self.nesting = 0
        self.steps = 0
        self.region = 0  # the innermost branch, loop or `try` whose execution isn't certain
        self.regions = 0
        self.statement_region = 0  # the region in which the statement under way began
        self.spoiled: list[tuple[str, object]] = []  # handles whose attributes are set to something
        self.late = 0  # whether a function is followed that someone else calls, at a time that isn't known
        self.results: Callable[[XCom], Value] | None = None  # what other tasks return
        self.pending: set[tuple[ast.AST, int]] = set()  # functions that are being called

    # Following code

    @property
    def frame(self) -> Frame:
        """The call under way."""
        return self.frames[-1]

    def value(self, node: ast.expr) -> Value:
        """What an expression gives."""
        from dagport_lineage.extract.callables.expressions import EXPRESSIONS

        self._step()
        rule = EXPRESSIONS.get(type(node))
        if rule is None:
            return self.gap("both", "callable", f"`{type(node).__name__}` isn't followed", node)
        self.nesting += 1
        try:
            if self.nesting > MAX_NESTING:
                raise TooMuch("it is nested too deeply")
            return rule(self, node)
        finally:
            self.nesting -= 1

    def block(self, body: Sequence[ast.stmt]) -> bool:
        """Follow statements; whether the one after them is reached."""
        from dagport_lineage.extract.callables.statements import STATEMENTS

        for statement in body:
            self._step()
            self.statement_region = self.region
            rule = STATEMENTS.get(type(statement))
            if rule is None:
                self.gap("both", "callable", f"`{type(statement).__name__}` isn't followed", statement)
            elif rule(self, statement) is False:
                return False
        return True

    def _step(self) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise TooMuch("it has too many steps")

    @contextmanager
    def branch(self) -> Iterator[None]:
        """Code that may be executed or not."""
        self.regions += 1
        before, self.region = self.region, self.regions
        try:
            yield
        finally:
            self.region = before

    def merge(self, ways: Sequence[dict[str, Value]]) -> bool:
        """Go on after several ways; whether there is one that comes here."""
        if not ways:
            return False
        names = dict.fromkeys(name for env in ways for name in env)
        first, *rest = ways
        env = {name: first.get(name) for name in names}
        for other in rest:
            env = {name: joined(env[name], other.get(name)) for name in names}
        self.frame.env = {name: value for name, value in env.items() if value is not None}
        return True

    def havoc(self, nodes: Sequence[ast.AST]) -> None:
        """Forget the variables that code sets, and what the lists and dicts hold that it mentions."""
        for node in nodes:
            for item in ast.walk(node):
                if isinstance(item, ast.Name):
                    self._forget_name(item.id, is_set=not isinstance(item.ctx, ast.Load))
                elif isinstance(item, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and item.name:
                    self._forget_name(item.name, is_set=True)

    def _forget_name(self, name: str, *, is_set: bool) -> None:
        known = self.frame.env.get(name)
        if known is not None:
            forget(known)
        if is_set:
            doubtful = Foreign(f"`{name}`, which a loop or a failure sets")
            self.frame.env[name] = joined(known, doubtful) if known is not None else doubtful

    def mutate(self, value: Value) -> bool:
        """Something in place is changed; whether it is still known what the value holds, and may be changed with it."""
        certain = getattr(value, "region", None) == self.region
        if not certain:
            forget(value)
        return certain

    # Frames

    def enter(self, function: Function, env: dict[str, Value]) -> Value:
        """Follow the body of a function whose parameters are bound; what it returns."""
        node = function.node
        key = (node, id(function.frame))
        if self.depth >= MAX_DEPTH or key in self.pending:
            return self.gap("both", "callable", f"`{name_of(node)}` calls itself, or too deeply", node)
        counts = names_of(node)
        changing = frozenset(name for name, count in counts.items() if count > 1)
        parent = function.frame or Frame(function.module)
        frame = Frame(function.module, env, frozenset(counts), parent, changing=changing)
        self.frames.append(frame)
        self.depth += 1
        self.pending.add(key)
        nesting, self.nesting = self.nesting, 0
        try:
            if isinstance(node, ast.Lambda):
                return self.value(node.body)
            if self.block(node.body):
                frame.results.append(NONE)
            return some("list", frame.yielded, self.region) if is_generator(node) else self._result(frame)
        finally:
            self.nesting = nesting
            self.pending.discard(key)
            self.depth -= 1
            self.frames.pop()

    @staticmethod
    def _result(frame: Frame) -> Value:
        if not frame.results:
            return FAILS  # it always raises
        result: Value = frame.results[0]
        for other in frame.results[1:]:
            result = joined(result, other)
        return result

    def loop(self) -> Loop:
        """A new loop of this call."""
        self.frame.loops.append(Loop())
        return self.frame.loops[-1]

    # Findings

    def place(self, node: ast.AST | None) -> Place:
        """Where something stands: in the innermost module, else at the task."""
        module: Module | None = self.frame.module if self.frames else None
        if module is None or node is None or not hasattr(node, "lineno"):
            return self.scope.place(self.task)
        return Place(path=module.source.path, span=module.span(node))

    def gap(self, side: Side, reason: GapReason, message: str, node: ast.AST | None = None) -> Lost:
        """Something that can't be told; each cause is noted once."""
        key = (side, reason, message)
        self.record.gaps.setdefault(key, Gap(side=side, reason=reason, message=message, place=self.place(node)))
        return LOST

    def read(self, dataset: DatasetName | Unresolved, node: ast.AST) -> Origins:
        """A dataset is read; the origins of what that gives."""
        if isinstance(dataset, Unresolved):
            self.gap("inputs", dataset.reason, dataset.message, node)
            return None
        self.record.reads.setdefault(dataset, Read(dataset=dataset, how="callable", place=self.place(node)))
        return frozenset((dataset,))

    def write(
        self,
        dataset: DatasetName | Unresolved,
        origins: Origins,
        node: ast.AST,
        lifecycle: Lifecycle | None = None,
        previous: DatasetName | None = None,
    ) -> None:
        """A dataset is written."""
        if isinstance(dataset, Unresolved):
            self.gap("outputs", dataset.reason, dataset.message, node)
            return
        sources = None if origins is None else tuple(sorted(origins))
        self.record.write(
            Write(
                dataset=dataset,
                how="callable",
                sources=sources,
                lifecycle=lifecycle,
                previous=previous,
                place=self.place(node),
            )
        )

    def mix(self, target: Value, added: Value) -> None:
        """A value is put into another one in place."""
        if same(target, added) or origins_of(added) == frozenset():
            return
        self.record.mixed = True
        if isinstance(target, Items):
            target.origins = None


def is_generator(node: ast.AST) -> bool:
    """Whether a call of a function gives what its ``yield`` gives."""
    return any(isinstance(item, ast.Yield | ast.YieldFrom) for item in own_nodes(node))


def name_of(node: ast.AST) -> str:
    """The name of a function in messages."""
    return "a lambda" if isinstance(node, ast.Lambda) else str(getattr(node, "name", "the code"))
