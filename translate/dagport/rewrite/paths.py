"""What surely happens on every path through a function: which keys are pushed, whether its end is reached.

Everything here errs on one side: a key counts as pushed, and an end as unreachable, only where that is certain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import libcst as cst

from dagport.rewrite.usage import Usage


def definite_pushes(usage: Usage) -> dict[str, bool]:
    """Each key that the function pushes -> whether every path that returns has pushed it."""
    keys = {push.key for push in usage.pushes}
    if not keys or isinstance(usage.function, cst.Lambda):
        return dict.fromkeys(sorted(keys), False)
    walk = _Walk({push.statement: push.key for push in usage.pushes})
    end = walk.block(usage.function.body, frozenset())
    exits = walk.exits + ([] if end is None else [end])
    return {key: bool(exits) and all(key in pushed for pushed in exits) for key in sorted(keys)}


def end_is_reached(function: cst.FunctionDef) -> bool:
    """Whether the function may fall off its end."""
    return _Walk({}).block(function.body, frozenset()) is not None


class _Walk:
    """``None`` stands for a place that can't be reached, else the keys that are surely pushed there."""

    def __init__(self, pushes: dict[cst.Expr, str]) -> None:
        self.pushes = pushes
        self.exits: list[frozenset[str]] = []

    def block(self, body: cst.BaseSuite, pushed: frozenset[str] | None) -> frozenset[str] | None:
        statements: Sequence[cst.CSTNode] = body.body
        for statement in statements:
            if pushed is None:
                return None
            pushed = self._statement(statement, pushed)
        return pushed

    def _statement(self, node: cst.CSTNode, pushed: frozenset[str]) -> frozenset[str] | None:
        if isinstance(node, cst.SimpleStatementLine):
            return self.block(node, pushed)  # type: ignore[arg-type]
        if isinstance(node, cst.Return):
            self.exits.append(pushed)
            return None
        if isinstance(node, cst.Raise | cst.Break | cst.Continue):
            return None
        if isinstance(node, cst.Expr):
            return pushed | {self.pushes[node]} if node in self.pushes else pushed
        if isinstance(node, cst.If):
            return self._if(node, pushed)
        if isinstance(node, cst.For | cst.While):
            return self._loop(node, pushed)
        if isinstance(node, cst.Try | cst.TryStar):
            return self._try(node, pushed)
        if isinstance(node, cst.With):
            return self._with(node, pushed)
        if isinstance(node, cst.Match):
            ends = [self.block(case.body, pushed) for case in node.cases]
            return _join([*ends, pushed])
        return pushed

    def _if(self, node: cst.If, pushed: frozenset[str]) -> frozenset[str] | None:
        first = self.block(node.body, pushed)
        if node.orelse is None:
            return _join([first, pushed])
        if isinstance(node.orelse, cst.If):
            return _join([first, self._if(node.orelse, pushed)])
        return _join([first, self.block(node.orelse.body, pushed)])

    def _loop(self, node: cst.For | cst.While, pushed: frozenset[str]) -> frozenset[str] | None:
        self.block(node.body, pushed)  # for the returns in it
        endless = isinstance(node, cst.While) and isinstance(node.test, cst.Name) and node.test.value == "True"
        if endless and not _breaks(node.body):
            return None
        if node.orelse is not None:
            orelse = self.block(node.orelse.body, pushed)
            return _join([orelse, pushed]) if _breaks(node.body) else orelse
        return pushed

    def _try(self, node: cst.Try | cst.TryStar, pushed: frozenset[str]) -> frozenset[str] | None:
        seen = len(self.exits)
        ends = [self.block(node.body, pushed)]
        if node.orelse is not None:
            ends = [None if ends[0] is None else self.block(node.orelse.body, ends[0])]
        # An exception may come before anything was pushed in the body.
        ends += [self.block(handler.body, pushed) for handler in node.handlers]
        after = _join(ends)
        if node.finalbody is None:
            return after
        final = self.block(node.finalbody.body, frozenset())
        if final is None:  # it returns or raises by itself, whatever happened before
            self.exits[seen:] = [pushed & exit_ for exit_ in self.exits[seen:]]
            return None
        return None if after is None else after | final

    def _with(self, node: cst.With, pushed: frozenset[str]) -> frozenset[str] | None:
        end = self.block(node.body, pushed)
        if all(_never_swallows(item.item) for item in node.items):
            return end
        # A context manager may swallow an exception, so that the end is reached from anywhere in the block.
        return pushed


def _join(ends: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    reached = [end for end in ends if end is not None]
    return frozenset.intersection(*reached) if reached else None


def _breaks(body: cst.CSTNode) -> bool:
    """Whether a ``break`` of this very loop is in it."""
    for child in body.children:
        if isinstance(child, cst.Break):
            return True
        if isinstance(child, cst.For | cst.While):
            if child.orelse is not None and _breaks(child.orelse):
                return True
        elif not isinstance(child, cst.FunctionDef | cst.ClassDef | cst.BaseExpression) and _breaks(child):
            return True
    return False


NEVER_SWALLOW = frozenset({"open", "NamedTemporaryFile", "TemporaryDirectory", "TemporaryFile", "ZipFile"})


def _never_swallows(node: cst.BaseExpression) -> bool:
    if not isinstance(node, cst.Call):
        return False
    name = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
    return isinstance(name, cst.Name) and name.value in NEVER_SWALLOW
