"""What a name or an expression of a function means: its qualified name, its constant value."""

from __future__ import annotations

from collections.abc import Mapping

import libcst as cst

from dagport.rewrite.context import RETURN_KEY, RETURN_KEY_NAMES
from dagport.rewrite.scopes import Binding, Scope, Scopes, dotted, value_of
from dagport.rewrite.tree import Tree
from dagport.values import Value

ALWAYS_RUN = (cst.Module, cst.FunctionDef, cst.IndentedBlock, cst.SimpleStatementLine, cst.With)
"""What may stand around a statement that is run whenever its function or module is."""


class Names:
    """Looks up the names of one function."""

    def __init__(self, tree: Tree, scopes: Scopes, function: Scope, closure: Mapping[str, Value]) -> None:
        self.tree = tree
        self.scopes = scopes
        self.inside = frozenset(map(id, function.nested()))
        self.closure = closure  # values of names that come from enclosing functions
        self._looking: set[str] = set()

    def owner(self, name: cst.Name) -> Scope | None:
        """The scope that binds a name that is read; ``None`` for builtins and names that nothing binds."""
        scope = self.scopes.read_in.get(name)
        return None if scope is None else scope.owner(name.value)

    def bindings(self, name: cst.Name) -> list[Binding]:
        """Everything that gives a name a value in the scope that owns it."""
        owner = self.owner(name)
        return [] if owner is None else owner.bindings[name.value]

    def qualified(self, node: cst.BaseExpression) -> tuple[str, ...]:
        """The dotted names that an expression can stand for, all from imports; empty when it may be anything else.

        There are several after ``try: from a import x`` with ``except ImportError: from b import x``.
        """
        root = node
        path = ""
        while isinstance(root, cst.Attribute):
            path = f".{root.attr.value}{path}"
            root = root.value
        if not isinstance(root, cst.Name):
            return ()
        found = [imported_name(binding) for binding in self.bindings(root)]
        known = [f"{name}{path}" for name in found if name is not None]
        return tuple(dict.fromkeys(known)) if len(known) == len(found) else ()

    def text(self, node: cst.BaseExpression | None) -> str | None:
        """The text that an expression is known to give, else ``None``."""
        if isinstance(node, cst.SimpleString):
            value = node.evaluated_value
            return value if isinstance(value, str) else None
        if isinstance(node, cst.FormattedString):
            return self._formatted(node)
        if isinstance(node, cst.ConcatenatedString):
            return _joined(self.text(node.left), self.text(node.right))
        if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
            return _joined(self.text(node.left), self.text(node.right))
        if isinstance(node, cst.Name | cst.Attribute):
            names = self.qualified(node)
            if names and all(name in RETURN_KEY_NAMES for name in names):
                return RETURN_KEY
        return self._named(node) if isinstance(node, cst.Name) else None

    def texts(self, node: cst.BaseExpression | None) -> tuple[str, ...] | None:
        """The texts of a list or tuple display of known texts, else ``None``."""
        if isinstance(node, cst.Name):
            name, node = node, self._only_value(node)
            if isinstance(node, cst.List) and not self._stays_same(name):
                return None
        if not isinstance(node, cst.List | cst.Tuple):
            return None
        items = [self.text(item.value) if isinstance(item, cst.Element) else None for item in node.elements]
        known = tuple(item for item in items if item is not None)
        return known if len(known) == len(items) else None

    def _named(self, name: cst.Name) -> str | None:
        owner = self.owner(name)
        if owner is not None and owner.kind != "module" and id(owner) not in self.inside:
            known = self.closure.get(name.value)
            return known if isinstance(known, str) else None
        if name.value in self._looking:  # defined by itself
            return None
        self._looking.add(name.value)
        value = self.text(self._only_value(name))
        self._looking.discard(name.value)
        return value

    def _only_value(self, name: cst.Name) -> cst.BaseExpression | None:
        bindings = self.bindings(name)
        if len(bindings) != 1 or not self._always_before(bindings[0].site, name):
            return None
        return value_of(bindings[0])

    def _stays_same(self, name: cst.Name) -> bool:
        """Whether a list is only looped over and asked for, so that nothing adds to it."""
        owner = self.owner(name)
        for read in owner.reads_of(name.value) if owner is not None else ():
            parent = self.tree.parent(read)
            call = self.tree.parent(parent) if isinstance(parent, cst.Arg) else None
            pulled = isinstance(call, cst.Call) and dotted(call.func).endswith("xcom_pull")
            if not pulled and not (isinstance(parent, cst.For | cst.CompFor) and parent.iter is read):
                return False
        return True

    def _always_before(self, site: cst.CSTNode, use: cst.Name) -> bool:
        # A module has been run before its functions are called; in a function the order counts.
        owner = self.owner(use)
        if owner is not None and owner.kind != "module" and self.tree.start(site) > self.tree.start(use):
            return False
        around = self.tree.parent(site)
        while around is not None and not isinstance(around, cst.FunctionDef | cst.Module):
            if not isinstance(around, ALWAYS_RUN):
                return False
            around = self.tree.parent(around)
        return True

    def _formatted(self, node: cst.FormattedString) -> str | None:
        parts: list[str | None] = []
        for part in node.parts:
            if isinstance(part, cst.FormattedStringText):
                raw = part.value.replace("{{", "{").replace("}}", "}")
                parts.append(None if "\\" in raw else raw)
            elif isinstance(part, cst.FormattedStringExpression) and not (part.conversion or part.format_spec):
                parts.append(self.text(part.expression))
            else:
                parts.append(None)
        known = [part for part in parts if part is not None]
        return "".join(known) if len(known) == len(parts) else None


def imported_name(binding: Binding) -> str | None:
    """The dotted name that an import binds, else ``None``. A relative import has none that is known."""
    alias, site = binding.node, binding.site
    if not isinstance(alias, cst.ImportAlias):
        return None
    if isinstance(site, cst.Import):
        return dotted(alias.name) if alias.asname is not None else binding.name
    if isinstance(site, cst.ImportFrom) and not site.relative and site.module is not None:
        return f"{dotted(site.module)}.{dotted(alias.name)}"
    return None


def _joined(left: str | None, right: str | None) -> str | None:
    return None if left is None or right is None else left + right
