"""A parsed module: finds its functions and says what they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from dagport.graph import CallableRef
from dagport.rewrite.attributes import attributes_of
from dagport.rewrite.context import is_airflow
from dagport.rewrite.draft import given_names
from dagport.rewrite.finder import find
from dagport.rewrite.function import write
from dagport.rewrite.gather import returns_value
from dagport.rewrite.model import Facts, Parameter, Plan, Refusal
from dagport.rewrite.names import Names, imported_name
from dagport.rewrite.outer import Outer, outer_names, still_read
from dagport.rewrite.paths import definite_pushes
from dagport.rewrite.scopes import BUILTINS, Binding, Scope, analyse, every_parameter
from dagport.rewrite.slicing import Slicer
from dagport.rewrite.tree import Tree
from dagport.rewrite.usage import Callable, ConnectionUse, ContextUse, ExceptionUse, Usage, VariableUse
from dagport.source import Source, Span

LAMBDA = "<lambda>"


def parse(source: Source) -> Parsed | Refusal:
    """Parse a file, or say why it can't be."""
    try:
        return Parsed(Tree(source))
    except cst.ParserSyntaxError as error:
        return Refusal(f"the file can't be parsed for rewriting: {error.message}", None)


@dataclass(frozen=True)
class Examined:
    """One function with all that was found out about it."""

    names: Names
    usage: Usage
    outer: Outer
    used: tuple[cst.Name, ...]  # free names that the new function will still read


class Parsed:
    """A module's tree, scopes and functions."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.scopes = analyse(tree.module)
        self.slicer = Slicer(tree, self.scopes)
        self._functions = [node for node in self.scopes.by_node if isinstance(node, cst.FunctionDef | cst.Lambda)]

    def facts(self, ref: CallableRef, given: frozenset[str]) -> Facts:
        """What a function declares and uses."""
        found = self._examine(ref, given)
        if isinstance(found, Refusal):
            return Facts(
                parameters=(), doc=None, is_async=False, is_generator=False, returns=False, return_annotation=None,
                refusals=(found,),
            )  # fmt: skip
        usage, node = found.usage, found.usage.function
        definition = node if isinstance(node, cst.FunctionDef) else None
        names = self._module_names(found)
        reads = tuple(use.read for use in usage.uses if isinstance(use, VariableUse))
        context = [use.meaning for use in usage.uses if isinstance(use, ContextUse)]
        return Facts(
            parameters=tuple(self._parameters(node)),
            doc=None if definition is None else definition.get_docstring(),
            is_async=definition is not None and definition.asynchronous is not None,
            is_generator=usage.is_generator,
            returns=self._returns(usage),
            return_annotation=None if definition is None else self._annotation(definition.returns),
            pushes=definite_pushes(usage),
            pulls=tuple(use.pull for use in usage.pulls),
            context=frozenset({meaning.entry for meaning in context} | set(usage.bound.values())),
            variables=frozenset(read.name for read in reads),
            connections=frozenset(use.id for use in usage.uses if isinstance(use, ConnectionUse)),
            names=names,
            locals=frozenset(name for inner in usage.scope.nested() for name in inner.bindings),
            optional=frozenset(meaning.entry for meaning in context if meaning.optional),
            attributes=attributes_of(self.tree, usage),
            raises=frozenset(use.name for use in usage.uses if isinstance(use, ExceptionUse)),
            variable_reads=reads,
            refusals=(*usage.refusals, *found.outer.refusals, *self._needs(names, node)),
        )

    def rewrite(self, ref: CallableRef, plan: Plan) -> str | list[Refusal]:
        """The text of a function in its new form, or why there is none."""
        found = self._examine(ref, given_names(plan))
        if isinstance(found, Refusal):
            return [found]
        refusals = [*found.usage.refusals, *found.outer.refusals]
        if refusals:
            return refusals
        conflict = self._conflict(found, plan)
        return [conflict] if conflict is not None else write(self.tree, found.names, found.usage, found.outer, plan)

    def own_names(self, ref: CallableRef, names: frozenset[str]) -> frozenset[str]:
        """Those of the names in a new function that are this module's, not the plan's."""
        found = self._examine(ref)
        if isinstance(found, Refusal):
            return frozenset()
        return names & (self._module_names(found) | self._signature_names(found.usage.function) | self._quoted(found))

    # Finding functions

    def _examine(self, ref: CallableRef, given: frozenset[str] = frozenset()) -> Examined | Refusal:
        if ref.module is not None or ref.span is None:
            return Refusal(f"`{ref.name}` isn't defined in this file", None)
        node = self._locate(ref.name, ref.span)
        if node is None:
            return Refusal(f"`{ref.name}` wasn't found where the graph says it is", ref.span)
        scope = self.scopes.by_node[node]
        names = Names(self.tree, self.scopes, scope, ref.closure)
        usage = find(self.tree, names, node, scope, given)
        usage.refusals += self._about_definition(names, node)
        used = tuple(still_read(self.tree, usage))
        return Examined(names, usage, outer_names(self.tree, usage, ref.closure, used), used)

    def _locate(self, name: str, span: Span) -> Callable | None:
        line, column, end_line, end_column = span
        fitting: list[Callable] = []
        for node in self._functions:
            first, last = self.tree.first_line(node), self.tree.span(node)[2:]
            if isinstance(node, cst.Lambda):
                if name == LAMBDA and self.tree.span(node)[:2] == (line, column):
                    fitting.append(node)
            elif node.name.value == name and first == line and last == (end_line, end_column):
                fitting.append(node)
        return fitting[0] if len(fitting) == 1 else None

    # The definition

    def _about_definition(self, names: Names, node: Callable) -> Iterator[Refusal]:
        if isinstance(node, cst.Lambda):
            return
        static = any(_is_static(item.decorator) for item in node.decorators)
        around = self.tree.enclosing(node, (cst.ClassDef, cst.FunctionDef))
        if isinstance(around, cst.ClassDef) and not static:
            yield Refusal("it is a method: its object isn't carried over", self.tree.span(node))
        for item in node.decorators:
            if not self._is_dropped(item.decorator):
                yield Refusal("its decorator may change what is called", self.tree.span(item))

    def _is_dropped(self, decorator: cst.BaseExpression) -> bool:
        """Whether a decorator only makes a task of the function."""
        if _is_static(decorator):
            return True
        root = decorator
        while isinstance(root, cst.Attribute | cst.Call):
            root = root.func if isinstance(root, cst.Call) else root.value
        if not isinstance(root, cst.Name):
            return False
        scope = self.scopes.read_in[root]
        owner = scope.owner(root.value)
        bindings = [] if owner is None else owner.bindings[root.value]
        return bool(bindings) and all(map(self._is_airflow_bound, bindings))

    def _is_airflow_bound(self, binding: Binding) -> bool:
        """Also ``with DAG(...) as dag`` and ``dag = DAG(...)``: ``@dag.task`` is Airflow's decorator."""
        if is_airflow(imported_name(binding) or ""):
            return True
        site = binding.site
        value = site.value if isinstance(site, cst.Assign) else None
        if isinstance(site, cst.AsName):
            item = self.tree.parent(site)
            value = item.item if isinstance(item, cst.WithItem) else None
        return value is not None and self.slicer.is_airflow_call(value)

    def _parameters(self, node: Callable) -> Iterator[Parameter]:
        parameters = node.params
        for param in every_parameter(parameters):
            default = None if param.default is None else self._code(param.default)
            annotation = self._annotation(param.annotation)
            if param is parameters.star_kwarg:
                yield Parameter(param.name.value, "kwargs", annotation, default)
            elif param is parameters.star_arg:
                yield Parameter(param.name.value, "args", annotation, default)
            else:
                keyword = param in parameters.kwonly_params
                yield Parameter(param.name.value, "keyword" if keyword else "positional", annotation, default)

    def _annotation(self, node: cst.Annotation | None) -> str | None:
        return None if node is None else self._code(node.annotation)

    def _code(self, node: cst.BaseExpression) -> str:
        return self.tree.text[self.tree.full_start(node) : self.tree.full_end(node)]

    def _returns(self, usage: Usage) -> bool:
        if isinstance(usage.function, cst.Lambda):
            body = usage.function.body
            return not (isinstance(body, cst.Name) and body.value == "None")
        return any(map(returns_value, usage.returns))

    # Names

    def _module_names(self, found: Examined) -> frozenset[str]:
        """Names that are looked up in the module when the new function runs."""
        names: set[str] = set()
        for read in found.used:
            owner = found.names.owner(read)
            unbound = owner is None and read.value not in BUILTINS
            if unbound or (owner is not None and owner.kind == "module"):
                names.add(read.value)
        return frozenset(names)

    def _signature_names(self, node: Callable) -> frozenset[str]:
        """Names in the annotations and defaults of the source's definition."""
        outside: Scope | None = self.scopes.by_node[node].parent
        if outside is None:
            return frozenset()
        parts: list[cst.CSTNode] = [node.params]
        if isinstance(node, cst.FunctionDef) and node.returns is not None:
            parts.append(node.returns)
        reads = {read.value for read in outside.reads if any(self.tree.within(read, part) for part in parts)}
        return frozenset(
            name
            for name in reads
            if name in self.scopes.module.bindings or (outside.owner(name) is None and name not in BUILTINS)
        )

    def _quoted(self, found: Examined) -> frozenset[str]:
        function, outside = found.usage.function, found.usage.scope.parent
        scopes = [*found.usage.scope.nested(), *([outside] if outside is not None else [])]
        quoted = {name for scope in scopes for name, node in scope.quoted if self.tree.within(node, function)}
        return frozenset(name for name in quoted if name in self.scopes.module.bindings)

    def _needs(self, names: frozenset[str], node: Callable) -> Iterator[Refusal]:
        for name in sorted(names):
            why = self.slicer.why_not(name)
            if why is not None:
                yield Refusal(why, self.tree.span(node))

    def _conflict(self, found: Examined, plan: Plan) -> Refusal | None:
        node = found.usage.function
        own = node.name.value if isinstance(node, cst.FunctionDef) else None
        if own in self._module_names(found) and own == plan.name:
            return Refusal("it calls itself by its name, which is the new function's", self.tree.span(node))
        return None


def _is_static(decorator: cst.BaseExpression) -> bool:
    return isinstance(decorator, cst.Name) and decorator.value == "staticmethod"
