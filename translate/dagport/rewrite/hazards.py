"""Objects that may change after they were pushed, or between two pulls.

Airflow copies what is pushed at once, and every pull makes a new copy. Where a rewritten function would hand over or
share the object itself, and something may change it, the copy has to be made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import libcst as cst

from dagport.rewrite.names import Names
from dagport.rewrite.sharing import Sharing
from dagport.rewrite.tree import Tree
from dagport.rewrite.usage import PullUse, PushUse, Usage

READING_METHODS = frozenset({
    "as_posix", "capitalize", "count", "decode", "encode", "endswith", "exists", "format", "index", "isdigit",
    "isoformat", "join", "lower", "lstrip", "replace", "rsplit", "rstrip", "split", "splitlines", "startswith",
    "strftime", "strip", "title", "upper", "zfill",
})  # fmt: skip
"""Methods that change nothing on any of the common types and return a new object."""
DISPLAYS = (cst.Element, cst.DictElement, cst.List, cst.Tuple, cst.Dict, cst.BinaryOperation)
READ_ONLY = (
    cst.Assert, cst.Comparison, cst.ComparisonTarget, cst.Expr, cst.FormattedStringExpression, cst.If,
    cst.UnaryOperation,
)  # fmt: skip
NAMING = (cst.Assign, cst.AnnAssign, cst.NamedExpr, cst.For, cst.CompFor)
"""Parents that only make another name for an object; what is done by that name is looked at, too."""
LOOPS = (
    cst.For, cst.While, cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp, cst.FunctionDef, cst.Lambda,
)  # fmt: skip


class Hazards:
    """Says for one function which objects have to be copied."""

    def __init__(self, tree: Tree, names: Names, usage: Usage) -> None:
        self.tree = tree
        self.usage = usage
        self.sharing = Sharing(names, usage)

    def copied_push(self, push: PushUse) -> bool:
        """Whether the value of a push may be changed before the function returns, or is handed over twice."""
        value = push.value.value
        if self.sharing.is_immutable(value):
            return False
        related = self.sharing.related(value)
        others = [item.value.value for item in self.usage.pushes if item is not push]
        others += [item.value for item in self.usage.returns if item.value is not None]
        # A call's own result may still be related to what the call was given, but is named nowhere.
        twice = any(related & self.sharing.related(other) for other in others)
        return twice or self._may_change(related, push)

    def copied_pulls(self, pulls: Mapping[tuple[str, str], str]) -> set[PullUse]:
        """Pulls that must not share their objects, as one of them may be changed; by what stands in for them."""
        found: set[PullUse] = set()
        for use in self.usage.pulls:
            sharing = [other for other in self.usage.pulls if _overlap(pulls, use, other)]
            repeated = len(sharing) > 1 or len(set(use.pull.task_ids)) < len(use.pull.task_ids)
            if (repeated or self._in_loop(use.node)) and not all(map(self._result_is_only_read, sharing)):
                found.update(sharing)
        return found

    def _in_loop(self, node: cst.CSTNode) -> bool:
        around = self.tree.enclosing(node, LOOPS)
        return around is not None and around is not self.usage.function

    def _result_is_only_read(self, use: PullUse) -> bool:
        if not self._only_read(use.node):
            return False
        parent = self.tree.parent(use.node)
        if not isinstance(parent, NAMING):
            return True
        targets = [item.target for item in parent.targets] if isinstance(parent, cst.Assign) else [parent.target]
        names = [target.value for target in targets if isinstance(target, cst.Name)]
        return len(names) == len(targets) and not self._may_change(self.sharing.family(names))

    def _may_change(self, names: Iterable[str], push: PushUse | None = None) -> bool:
        """Whether an object that some names may share is changed; after a push, if one is given."""
        loop = None if push is None else self.tree.enclosing(push.node, (cst.For, cst.While))
        for read in self._reads(names):
            if push is not None:
                later = self.tree.start(read) > self.tree.end(push.node)
                again = loop is not None and self.tree.within(read, loop)
                if self.tree.within(read, push.node) or not (later or again or self._runs_later(read)):
                    continue
            if not self._only_read(read):
                return True
        return False

    def _reads(self, names: Iterable[str]) -> list[cst.Name]:
        wanted = set(names)
        return [read for scope in self.usage.scope.nested() for read in scope.reads if read.value in wanted]

    def _runs_later(self, read: cst.Name) -> bool:
        """Whether a read is in a nested function, which may be called at any time."""
        around = self.tree.enclosing(read, (cst.FunctionDef, cst.Lambda, cst.GeneratorExp))
        return around is not self.usage.function

    def _only_read(self, node: cst.BaseExpression) -> bool:
        """Whether nothing is changed through an expression, but for what is done by further names for its object."""
        current: cst.CSTNode = node
        parent = self.tree.parent(current)
        while isinstance(parent, cst.Attribute | cst.Subscript) and parent.value is current:
            current, parent = parent, self.tree.parent(parent)
            if isinstance(parent, cst.Call) and parent.func is current:
                return _is_reading(parent)
        while isinstance(parent, DISPLAYS):
            current, parent = parent, self.tree.parent(parent)
        if isinstance(parent, cst.Arg):
            call = self.tree.parent(parent)
            return isinstance(call, cst.Call) and self.sharing.is_harmless(call)
        if isinstance(parent, cst.Return):
            return self.tree.enclosing(parent, cst.FunctionDef) is self.usage.function
        return isinstance(parent, READ_ONLY) or (isinstance(parent, NAMING) and _gives(parent) is current)


def _gives(node: cst.CSTNode) -> cst.CSTNode:
    """The expression whose value a statement or a loop gives names to."""
    return node.iter if isinstance(node, cst.For | cst.CompFor) else node.value  # type: ignore[attr-defined]


def _overlap(pulls: Mapping[tuple[str, str], str], one: PullUse, other: PullUse) -> bool:
    """Whether two pulls give the same object, or one gives a part of the other's."""
    firsts = [pulls.get((task_id, one.pull.key), "") for task_id in one.pull.task_ids]
    seconds = [pulls.get((task_id, other.pull.key), "") for task_id in other.pull.task_ids]
    return any(a.startswith(b) or b.startswith(a) for a in firsts for b in seconds)


def _is_reading(call: cst.Call) -> bool:
    if not isinstance(call.func, cst.Attribute) or call.func.attr.value not in READING_METHODS:
        return False
    return not any(arg.keyword is not None and arg.keyword.value == "inplace" for arg in call.args)
