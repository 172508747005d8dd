"""Which names and expressions of a function stand for the task's context, or for a part of it."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from dagport.rewrite.context import CONTEXT_KEYS, CURRENT_CONTEXT, OBJECTS, TASK_INSTANCE
from dagport.rewrite.model import Refusal
from dagport.rewrite.names import Names
from dagport.rewrite.scopes import Scope, every_parameter, value_of
from dagport.rewrite.tree import Tree
from dagport.rewrite.usage import Callable, Meaning

XCOM_METHODS = frozenset({"xcom_pull", "xcom_push"})


class Meanings:
    """What the expressions of one function stand for."""

    def __init__(
        self, tree: Tree, names: Names, function: Callable, scope: Scope, given: frozenset[str] = frozenset()
    ) -> None:
        self.given = given  # parameters that have an argument of their own, whatever the context holds
        self.tree = tree
        self.names = names
        self.scope = scope
        self.refusals: list[Refusal] = []
        self.bound: dict[str, str] = {}  # parameters that are filled whole, and used
        self.known: dict[str, Meaning] = {}  # parameters and aliases
        self.aliases: list[cst.BaseSmallStatement] = []
        self._parameters(function.params)
        self._aliases()

    def of(self, node: cst.BaseExpression) -> Meaning | None:
        """What an expression stands for; ``None`` for anything that isn't the context's."""
        if isinstance(node, cst.Name):
            return self.known.get(node.value) if self.names.owner(node) is self.scope else None
        if isinstance(node, cst.Subscript):
            return self._index(node)
        if isinstance(node, cst.Attribute):
            return self._attribute(node)
        return self._call(node) if isinstance(node, cst.Call) else None

    def _index(self, node: cst.Subscript) -> Meaning | None:
        base = self.of(node.value)
        if base is None:
            return None
        key = self.names.text(index_of(node))
        return None if key is None else self._entry(base, key, optional=False, default=None)

    def _attribute(self, node: cst.Attribute) -> Meaning | None:
        base, name = self.of(node.value), node.attr.value
        if base is None or name in XCOM_METHODS:
            return None
        if base.kind == "task_instance":
            return Meaning("entry", f"ti.{name}", base.parameter)
        if base.kind == "entry" and base.entry in OBJECTS:
            return Meaning("entry", f"{base.entry}.{name}", base.parameter)
        return None

    def _call(self, node: cst.Call) -> Meaning | None:
        if not node.args and any(name in CURRENT_CONTEXT for name in self.names.qualified(node.func)):
            return Meaning("context")
        if not isinstance(node.func, cst.Attribute) or node.func.attr.value != "get":
            return None
        base = self.of(node.func.value)
        if base is None or not 1 <= len(node.args) <= 2 or any(arg.keyword or arg.star for arg in node.args):
            return None
        key = self.names.text(node.args[0].value)
        default = node.args[1].value if len(node.args) == 2 else None
        return None if key is None else self._entry(base, key, optional=True, default=default)

    def _entry(self, base: Meaning, key: str, *, optional: bool, default: cst.BaseExpression | None) -> Meaning | None:
        if base.kind == "entry" and base.entry == "params":
            return Meaning("entry", f"params.{key}", base.parameter, optional, default)
        if base.kind != "context" or key in base.lacks:
            return None
        if key in TASK_INSTANCE:
            return Meaning("task_instance")
        return Meaning("entry", key, None, optional, default)

    # Parameters

    def _parameters(self, parameters: cst.Parameters) -> None:
        star = parameters.star_kwarg
        named = {param.name.value for param in every_parameter(parameters)}
        for param in every_parameter(parameters):
            name = param.name.value
            if param is star:
                self.known[name] = Meaning("context", lacks=frozenset(named))
                self._refuse_rebound(name, param)
            elif param is parameters.star_arg or name not in CONTEXT_KEYS or name in self.given:
                continue
            elif name in TASK_INSTANCE:
                self.known[name] = Meaning("task_instance", parameter=name)
                self._refuse_rebound(name, param)
            else:
                self._named_entry(name)

    def _named_entry(self, name: str) -> None:
        meaning = Meaning("entry", name, name)
        reads = list(self.scope.reads_of(name))
        if meaning.is_object and len(self.scope.bindings[name]) == 1 and all(map(self._takes_part, reads)):
            self.known[name] = meaning
        elif reads:
            self.bound[name] = name

    def _refuse_rebound(self, name: str, param: cst.Param) -> None:
        for binding in self.scope.bindings[name]:
            if binding.site is not param:
                reason = f"`{name}`, which Airflow fills, is given another value"
                self.refusals.append(Refusal(reason, self.tree.span(binding.node)))

    def _takes_part(self, read: cst.Name) -> bool:
        """Whether a read of an object entry only takes one known part of it."""
        parent = self.tree.parent(read)
        if read.value == "params" or self._is_params_alias(read.value):
            if isinstance(parent, cst.Subscript):
                return parent.value is read and self.names.text(index_of(parent)) is not None
            call = self.tree.parent(parent) if isinstance(parent, cst.Attribute) else None
            is_get = isinstance(parent, cst.Attribute) and parent.attr.value == "get"
            return is_get and isinstance(call, cst.Call) and call.func is parent and self._has_known_key(call)
        return isinstance(parent, cst.Attribute) and parent.value is read

    def _has_known_key(self, call: cst.Call) -> bool:
        plain = 1 <= len(call.args) <= 2 and not any(arg.keyword or arg.star for arg in call.args)
        return plain and self.names.text(call.args[0].value) is not None

    def _is_params_alias(self, name: str) -> bool:
        meaning = self.known.get(name)
        return meaning is not None and meaning.entry == "params"

    # Aliases: ``ti = context["ti"]``

    def _aliases(self) -> None:
        pending = list(self._assignments())
        progress = True
        while progress:
            progress = False
            for name, statement, value in list(pending):
                meaning = self.of(value)
                if meaning is None or (meaning.kind == "entry" and not meaning.is_object):
                    continue
                pending.remove((name, statement, value))
                progress = self._take_alias(name, statement, meaning) or progress

    def _assignments(self) -> Iterator[tuple[str, cst.BaseSmallStatement, cst.BaseExpression]]:
        for name, bindings in self.scope.bindings.items():
            for binding in bindings:
                site = binding.site
                value = value_of(binding)
                if value is not None and isinstance(site, cst.Assign | cst.AnnAssign):
                    yield name, site, value

    def _take_alias(self, name: str, statement: cst.BaseSmallStatement, meaning: Meaning) -> bool:
        earlier = self.known.get(name)
        sites = [binding.site for binding in self.scope.bindings[name]]
        same = [site for site in sites if self._means(site, meaning)]
        if len(same) != len(sites) or (earlier is not None and earlier != meaning):
            return self._no_alias(name, statement, meaning, "is given several values")
        self.known[name] = meaning
        if not all(any(self._before(site, read) for site in sites) for read in self.scope.reads_of(name)):
            del self.known[name]
            return self._no_alias(name, statement, meaning, "may have no value where it is read")
        if meaning.kind == "entry" and not all(map(self._takes_part, self.scope.reads_of(name))):
            del self.known[name]
            return False  # stays a variable that holds the whole entry
        self.aliases.append(statement)
        return True

    def _no_alias(self, name: str, statement: cst.CSTNode, meaning: Meaning, why: str) -> bool:
        if meaning.kind != "entry":
            self.refusals.append(Refusal(f"`{name}`, which holds the context, {why}", self.tree.span(statement)))
        return False

    def _means(self, site: cst.CSTNode, meaning: Meaning) -> bool:
        value = site.value if isinstance(site, cst.Assign | cst.AnnAssign) else None
        return value is not None and self.of(value) == meaning

    def _before(self, site: cst.CSTNode, read: cst.Name) -> bool:
        """Whether an assignment has surely been made when a name is read: it stands before it in its own block."""
        line = self.tree.parent(site)
        block = None if line is None else self.tree.parent(line)
        return block is not None and self.tree.end(site) <= self.tree.start(read) and self.tree.within(read, block)


def index_of(node: cst.Subscript) -> cst.BaseExpression | None:
    """The expression between the brackets of ``x[y]``; ``None`` for slices and several indexes."""
    if len(node.slice) != 1 or not isinstance(node.slice[0].slice, cst.Index):
        return None
    return node.slice[0].slice.value
