"""Which names of a function may hold the same object, or one a part of the other's.

The answer errs on one side: names count as sharing wherever an assignment, a loop or a call may have linked them. A
function of the module whose every return is a text or a number gives nothing to share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import libcst as cst

from dagport.rewrite.names import Names
from dagport.rewrite.scopes import Scope, value_of
from dagport.rewrite.usage import Usage

FRESH_CALLS = frozenset({
    "abs", "all", "any", "bool", "float", "format", "hash", "id", "int", "isinstance", "len", "print", "repr", "round",
    "str",
})  # fmt: skip
"""Builtins that change nothing, keep no reference and give an immutable result."""
LOGGING_METHODS = frozenset({"critical", "debug", "error", "exception", "info", "log", "warning"})
TEXT_RESULTS = frozenset({"as_posix", "isoformat", "strftime"})
CONSTANTS = (cst.BaseNumber, cst.SimpleString, cst.FormattedString, cst.ConcatenatedString)
DEPTH = 5  # of names defined by names


class Sharing:
    """The names of one function in classes of those that may share objects."""

    def __init__(self, names: Names, usage: Usage) -> None:
        self.names = names
        self.scope = usage.scope
        self._links: dict[str, str] = {}
        usage.function.body.visit(_Linker(self))

    def related(self, node: cst.CSTNode) -> set[str]:
        """Every name that may share an object with the value of an expression."""
        return self.family(self.roots(node))

    def family(self, names: Iterable[str]) -> set[str]:
        """Every name that may share an object with one of some names, these included."""
        heads = {self._head(name) for name in names}
        return {name for name in self._links if self._head(name) in heads}

    def link(self, names: set[str]) -> None:
        """Note that some names may share objects."""
        heads = sorted(map(self._head, names))
        for head in heads[1:]:
            self._links[head] = heads[0]

    def _head(self, name: str) -> str:
        self._links.setdefault(name, name)
        while self._links[name] != name:
            name = self._links[name]
        return name

    def roots(self, node: cst.CSTNode) -> set[str]:
        """Names whose objects the value of an expression may hold."""
        if isinstance(node, cst.Name):
            return {node.value} if self._is_own(node) and not self._is_immutable_name(node.value) else set()
        if isinstance(node, cst.Attribute | cst.Subscript):
            return self.roots(node.value)
        if isinstance(node, cst.BaseExpression) and self.is_immutable(node):
            return set()
        parts = (node.func, *(arg.value for arg in node.args)) if isinstance(node, cst.Call) else node.children
        return {name for part in parts for name in self.roots(part)}

    def _is_own(self, node: cst.Name) -> bool:
        """Whether a name that is read is a function's own; a module's objects are never the task's."""
        owner = self.names.owner(node)
        return owner is not None and owner.kind != "module"

    # What can't be changed

    def is_immutable(self, node: cst.BaseExpression, depth: int = 0) -> bool:
        """Whether an expression surely gives text, a number, a truth value or None."""
        if isinstance(node, CONSTANTS):
            return True
        if isinstance(node, cst.Call):
            return self.is_harmless(node) or self._gives_text(node.func, depth)
        if not isinstance(node, cst.Name):
            return False
        return node.value in ("None", "True", "False") or self._is_immutable_name(node.value, depth)

    def _is_immutable_name(self, name: str, depth: int = 0) -> bool:
        values = [value_of(binding) for binding in self.scope.bindings.get(name, [])]
        return bool(values) and depth < DEPTH and all(item and self.is_immutable(item, depth + 1) for item in values)

    def _gives_text(self, function: cst.BaseExpression, depth: int) -> bool:
        if isinstance(function, cst.Attribute):
            return function.attr.value in TEXT_RESULTS
        bindings = self.names.bindings(function) if isinstance(function, cst.Name) else []
        definition = bindings[0].node if len(bindings) == 1 else None
        if not isinstance(definition, cst.FunctionDef) or definition.decorators or depth >= DEPTH:
            return False
        finder = _Returns()
        definition.body.visit(finder)
        inside = self._within(self.names.scopes.by_node[definition])
        return not finder.yields and all(
            item.value is None or inside.is_immutable(item.value, depth + 1) for item in finder.returns
        )

    def _within(self, scope: Scope) -> Sharing:
        other = object.__new__(Sharing)
        other.names, other.scope, other._links = self.names, scope, {}
        return other

    def is_harmless(self, call: cst.Call) -> bool:
        """Whether a call changes nothing that it is given, and keeps nothing of it."""
        function = call.func
        if isinstance(function, cst.Name):
            return function.value in FRESH_CALLS and self.names.owner(function) is None
        return isinstance(function, cst.Attribute) and self._is_logging(function)

    def _is_logging(self, method: cst.Attribute) -> bool:
        if method.attr.value not in LOGGING_METHODS:
            return False
        if self.names.qualified(method.value) == ("logging",):
            return True
        if not isinstance(method.value, cst.Name):
            return False
        makers = [value_of(binding) for binding in self.names.bindings(method.value)]
        return bool(makers) and all(
            isinstance(item, cst.Call) and self.names.qualified(item.func) == ("logging.getLogger",) for item in makers
        )


class _Linker(cst.CSTVisitor):
    """Links the names that each statement may tie together."""

    def __init__(self, sharing: Sharing) -> None:
        super().__init__()
        self.sharing = sharing

    def visit_Assign(self, node: cst.Assign) -> None:  # noqa: N802
        self._tie(*(item.target for item in node.targets), node.value)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:  # noqa: N802
        if node.value is not None:
            self._tie(node.target, node.value)

    def visit_AugAssign(self, node: cst.AugAssign) -> None:  # noqa: N802
        self._tie(node.target, node.value)

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:  # noqa: N802
        self._tie(node.target, node.value)

    def visit_For(self, node: cst.For) -> None:  # noqa: N802
        self._tie(node.target, node.iter)

    def visit_CompFor(self, node: cst.CompFor) -> None:  # noqa: N802
        self._tie(node.target, node.iter)

    def visit_WithItem(self, node: cst.WithItem) -> None:  # noqa: N802
        if node.asname is not None:
            self._tie(node.asname.name, node.item)

    def visit_Match(self, node: cst.Match) -> None:  # noqa: N802
        self._tie(node.subject, *(name for case in node.cases for name in _captures(case.pattern)))

    def visit_Call(self, node: cst.Call) -> None:  # noqa: N802
        if not self.sharing.is_harmless(node):
            self.sharing.link({name for part in (node.func, *node.args) for name in self.sharing.roots(part)})

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:  # noqa: N802
        self._tie(node.name, node.body)

    def _tie(self, *parts: cst.CSTNode) -> None:
        names = {name for part in parts for name in (*self.sharing.roots(part), *_targets(part))}
        self.sharing.link(names)


def _targets(node: cst.CSTNode) -> Iterator[str]:
    """Names that a target binds, or whose objects it stores into."""
    if isinstance(node, cst.Name):
        yield node.value
    elif isinstance(node, cst.Attribute | cst.Subscript):
        yield from _targets(node.value)
    elif isinstance(node, cst.Tuple | cst.List | cst.Element | cst.StarredElement):
        for child in node.children:
            yield from _targets(child)


def _captures(node: cst.CSTNode) -> Iterator[cst.Name]:
    if isinstance(node, cst.MatchAs | cst.MatchStar) and node.name is not None:
        yield node.name
    if isinstance(node, cst.MatchMapping) and node.rest is not None:
        yield node.rest
    for child in node.children:
        yield from _captures(child)


class _Returns(cst.CSTVisitor):
    """The returns of a function's own body."""

    def __init__(self) -> None:
        super().__init__()
        self.returns: list[cst.Return] = []
        self.yields = False

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:  # noqa: N802
        return False

    def visit_Lambda(self, node: cst.Lambda) -> bool:  # noqa: N802
        return False

    def visit_Return(self, node: cst.Return) -> None:  # noqa: N802
        self.returns.append(node)

    def visit_Yield(self, node: cst.Yield) -> None:  # noqa: N802
        self.yields = True
