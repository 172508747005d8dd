"""Which scope every name of a module belongs to, by the rules of the language reference (4.2, naming and binding)."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import libcst as cst

from dagport.rewrite.quoted import quoted_names

ScopeKind: TypeAlias = Literal["module", "class", "function", "comprehension"]
BUILTINS = frozenset(dir(builtins))
MODULE_NAMES = frozenset({"__name__", "__file__", "__doc__", "__package__", "__spec__", "__loader__", "__path__"})


@dataclass(frozen=True, eq=False)
class Binding:
    """One place that gives a name a value (or deletes it)."""

    name: str
    node: cst.CSTNode  # the name itself, or the import alias, parameter, function or class
    site: cst.CSTNode  # what binds it: Assign, For, Param, ImportAlias, FunctionDef, ...


def value_of(binding: Binding) -> cst.BaseExpression | None:
    """The expression that a plain assignment gives to a name, and to nothing else."""
    site = binding.site
    if isinstance(site, cst.Assign) and [item.target for item in site.targets] == [binding.node]:
        return site.value
    return site.value if isinstance(site, cst.AnnAssign) else None


@dataclass(eq=False)
class Scope:
    """One scope: what it binds and what is read in it."""

    kind: ScopeKind
    node: cst.CSTNode
    parent: Scope | None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    reads: list[cst.Name] = field(default_factory=list)
    declared: dict[str, Literal["global", "nonlocal"]] = field(default_factory=dict)
    children: list[Scope] = field(default_factory=list)
    stars: list[cst.ImportFrom] = field(default_factory=list)  # ``from x import *``
    quoted: list[tuple[str, cst.Annotation]] = field(default_factory=list)  # names in annotations written as text

    def owner(self, name: str) -> Scope | None:
        """The scope whose binding a name means when it is read here; ``None`` for one that nothing binds."""
        scope: Scope | None = self
        while scope is not None:
            declared = scope.declared.get(name)
            if declared == "global":
                return scope.module if name in scope.module.bindings else None
            # A class body's names aren't seen by the functions in it.
            visible = scope.kind != "class" or scope is self
            if name in scope.bindings and visible and declared is None:
                return scope
            scope = scope.parent
        return None

    def reads_of(self, name: str) -> Iterator[cst.Name]:
        """Where a name that this very scope binds is read, here and deeper."""
        for scope in self.nested():
            for read in scope.reads:
                if read.value == name and scope.owner(name) is self:
                    yield read

    @property
    def module(self) -> Scope:
        """The outermost scope."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def nested(self) -> Iterator[Scope]:
        """This scope and every one inside it."""
        yield self
        for child in self.children:
            yield from child.nested()

    def free(self) -> Iterator[tuple[cst.Name, Scope, Scope | None]]:
        """Each read in here or deeper of a name that isn't bound in here or deeper: the name, where, whose."""
        inside = set(map(id, self.nested()))
        for scope in self.nested():
            for name in scope.reads:
                owner = scope.owner(name.value)
                if owner is None or id(owner) not in inside:
                    yield name, scope, owner


@dataclass(frozen=True)
class Scopes:
    """All scopes of a module, by the node that opens them, and the scope each name is read in."""

    module: Scope
    by_node: dict[cst.CSTNode, Scope]
    read_in: dict[cst.Name, Scope]


def analyse(module: cst.Module) -> Scopes:
    """The scopes of a module."""
    builder = _Builder(module)
    module.visit(builder)
    return Scopes(builder.top, builder.by_node, builder.read_in)


class _Builder(cst.CSTVisitor):
    """Walks every expression in the scope that evaluates it."""

    def __init__(self, module: cst.Module) -> None:
        super().__init__()
        self.top = Scope("module", module, None)
        self.scope = self.top
        self.by_node: dict[cst.CSTNode, Scope] = {module: self.top}
        self.read_in: dict[cst.Name, Scope] = {}

    # Opening scopes

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:  # noqa: N802
        self._all(node.decorators)
        self._bind(node.name.value, node, node)
        outer = self.scope
        if node.type_parameters is not None:
            self._open("function", node.type_parameters)
            node.type_parameters.visit(self)
        self._evaluate_parameters(node.params)
        if node.returns is not None:
            node.returns.visit(self)
        self._open("function", node)
        self._bind_parameters(node.params)
        node.body.visit(self)
        self.scope = outer
        return False

    def visit_Lambda(self, node: cst.Lambda) -> bool:  # noqa: N802
        outer = self.scope
        self._evaluate_parameters(node.params)
        self._open("function", node)
        self._bind_parameters(node.params)
        node.body.visit(self)
        self.scope = outer
        return False

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:  # noqa: N802
        self._all(node.decorators)
        self._bind(node.name.value, node, node)
        outer = self.scope
        if node.type_parameters is not None:
            self._open("function", node.type_parameters)
            node.type_parameters.visit(self)
        self._all(node.bases)
        self._all(node.keywords)
        self._open("class", node)
        node.body.visit(self)
        self.scope = outer
        return False

    def visit_ListComp(self, node: cst.ListComp) -> bool:  # noqa: N802
        return self._comprehension(node, (node.elt,))

    def visit_SetComp(self, node: cst.SetComp) -> bool:  # noqa: N802
        return self._comprehension(node, (node.elt,))

    def visit_GeneratorExp(self, node: cst.GeneratorExp) -> bool:  # noqa: N802
        return self._comprehension(node, (node.elt,))

    def visit_DictComp(self, node: cst.DictComp) -> bool:  # noqa: N802
        return self._comprehension(node, (node.key, node.value))

    def _comprehension(self, node: cst.BaseExpression, results: Sequence[cst.CSTNode]) -> bool:
        part: cst.CompFor | None = node.for_in  # type: ignore[attr-defined]
        assert part is not None  # noqa: S101 - a comprehension has at least one loop
        part.iter.visit(self)  # the first one is evaluated outside
        outer = self.scope
        self._open("comprehension", node)
        first = True
        while part is not None:
            if not first:
                part.iter.visit(self)
            self._target(part.target, node)
            self._all(part.ifs)
            part, first = part.inner_for_in, False
        self._all(results)
        self.scope = outer
        return False

    def _open(self, kind: ScopeKind, node: cst.CSTNode) -> None:
        scope = Scope(kind, node, self.scope)
        self.scope.children.append(scope)
        self.by_node[node] = scope
        self.scope = scope

    def _evaluate_parameters(self, parameters: cst.Parameters) -> None:
        for param in every_parameter(parameters):
            if param.annotation is not None:
                param.annotation.visit(self)
            if param.default is not None:
                param.default.visit(self)

    def _bind_parameters(self, parameters: cst.Parameters) -> None:
        for param in every_parameter(parameters):
            self._bind(param.name.value, param, param)

    # Binding names

    def _bind(self, name: str, node: cst.CSTNode, site: cst.CSTNode, scope: Scope | None = None) -> None:
        scope = scope or self.scope
        binding = Binding(name, node, site)
        declared = scope.declared.get(name)
        scope.bindings.setdefault(name, []).append(binding)
        if declared == "global" and scope.parent is not None:
            scope.module.bindings.setdefault(name, []).append(binding)
        if declared == "nonlocal" and scope.parent is not None:
            owner = scope.parent.owner(name)
            if owner is not None:
                owner.bindings[name].append(binding)

    def _target(self, target: cst.CSTNode, site: cst.CSTNode) -> None:
        if isinstance(target, cst.Name):
            self._bind(target.value, target, site)
        elif isinstance(target, cst.Tuple | cst.List):
            for element in target.elements:
                self._target(element.value, site)
        elif isinstance(target, cst.StarredElement):
            self._target(target.value, site)
        else:
            target.visit(self)  # an attribute or an index: its parts are read

    def visit_Assign(self, node: cst.Assign) -> bool:  # noqa: N802
        node.value.visit(self)
        for target in node.targets:
            self._target(target.target, node)
        return False

    def visit_AnnAssign(self, node: cst.AnnAssign) -> bool:  # noqa: N802
        node.annotation.visit(self)
        if node.value is not None:
            node.value.visit(self)
        self._target(node.target, node)
        return False

    def visit_AugAssign(self, node: cst.AugAssign) -> bool:  # noqa: N802
        node.value.visit(self)
        if isinstance(node.target, cst.Name):
            self._read(node.target)
        self._target(node.target, node)
        return False

    def visit_For(self, node: cst.For) -> bool:  # noqa: N802
        node.iter.visit(self)
        self._target(node.target, node)
        node.body.visit(self)
        if node.orelse is not None:
            node.orelse.visit(self)
        return False

    def visit_AsName(self, node: cst.AsName) -> bool:  # noqa: N802 - of ``with`` and ``except``
        self._target(node.name, node)
        return False

    def visit_NamedExpr(self, node: cst.NamedExpr) -> bool:  # noqa: N802
        node.value.visit(self)
        scope = self.scope
        while scope.kind == "comprehension" and scope.parent is not None:
            scope = scope.parent
        if isinstance(node.target, cst.Name):
            self._bind(node.target.value, node.target, node, scope)
        return False

    def visit_Del(self, node: cst.Del) -> bool:  # noqa: N802
        self._target(node.target, node)
        return False

    def visit_Global(self, node: cst.Global) -> bool:  # noqa: N802
        self.scope.declared.update({item.name.value: "global" for item in node.names})
        return False

    def visit_Nonlocal(self, node: cst.Nonlocal) -> bool:  # noqa: N802
        self.scope.declared.update({item.name.value: "nonlocal" for item in node.names})
        return False

    def visit_Import(self, node: cst.Import) -> bool:  # noqa: N802
        for alias in node.names:
            self._bind(bound_name(alias), alias, node)
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:  # noqa: N802
        if isinstance(node.names, cst.ImportStar):
            self.scope.stars.append(node)
            return False
        for alias in node.names:
            self._bind(bound_name(alias), alias, node)
        return False

    # Patterns

    def visit_MatchAs(self, node: cst.MatchAs) -> bool:  # noqa: N802
        if node.pattern is not None:
            node.pattern.visit(self)
        if node.name is not None:
            self._target(node.name, node)
        return False

    def visit_MatchStar(self, node: cst.MatchStar) -> bool:  # noqa: N802
        if node.name is not None:
            self._target(node.name, node)
        return False

    def visit_MatchMapping(self, node: cst.MatchMapping) -> bool:  # noqa: N802
        self._all(node.elements)
        if node.rest is not None:
            self._target(node.rest, node)
        return False

    def visit_MatchKeywordElement(self, node: cst.MatchKeywordElement) -> bool:  # noqa: N802
        node.pattern.visit(self)
        return False

    # Type parameters

    def visit_TypeParam(self, node: cst.TypeParam) -> bool:  # noqa: N802
        self._target(node.param.name, node)
        bound = getattr(node.param, "bound", None)
        self._all(item for item in (bound, node.default) if item is not None)
        return False

    def visit_TypeAlias(self, node: cst.TypeAlias) -> bool:  # noqa: N802
        self._target(node.name, node)
        outer = self.scope
        self._open("function", node)
        self._all(item for item in (node.type_parameters, node.value) if item is not None)
        self.scope = outer
        return False

    # Reading names

    def visit_Attribute(self, node: cst.Attribute) -> bool:  # noqa: N802
        node.value.visit(self)
        return False

    def visit_Arg(self, node: cst.Arg) -> bool:  # noqa: N802
        node.value.visit(self)
        return False

    def visit_Annotation(self, node: cst.Annotation) -> bool:  # noqa: N802
        self.scope.quoted += [(name, node) for name in sorted(quoted_names(node.annotation))]
        return True

    def visit_Name(self, node: cst.Name) -> bool:  # noqa: N802
        self._read(node)
        return False

    def _read(self, node: cst.Name) -> None:
        self.scope.reads.append(node)
        self.read_in[node] = self.scope

    def _all(self, nodes: Iterable[cst.CSTNode]) -> None:
        for node in nodes:
            node.visit(self)


def every_parameter(parameters: cst.Parameters) -> Iterator[cst.Param]:
    """All parameters of a function, in the order they are declared."""
    yield from parameters.posonly_params
    yield from parameters.params
    if isinstance(parameters.star_arg, cst.Param):
        yield parameters.star_arg
    yield from parameters.kwonly_params
    if parameters.star_kwarg is not None:
        yield parameters.star_kwarg


def bound_name(alias: cst.ImportAlias) -> str:
    """The name that an import binds: ``import a.b`` binds ``a``."""
    if alias.asname is not None:
        return str(alias.asname.name.value)  # type: ignore[union-attr]
    return dotted(alias.name).partition(".")[0]


def dotted(node: cst.CSTNode) -> str:
    """The text of a name with dots; empty for any other expression."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr.value}" if head else ""
    return ""
