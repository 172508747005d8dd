"""What a name of the source means: the qualified name of what it was imported as."""

from __future__ import annotations

import libcst as cst

from dagport.rewrite.scopes import Binding, Scopes, bound_name, dotted


class Meanings:
    """Qualified names of expressions, as far as imports decide them."""

    def __init__(self, scopes: Scopes) -> None:
        self._scopes = scopes

    def of(self, node: cst.CSTNode) -> str | None:
        """``airflow.models.DAG`` for ``models.DAG`` after ``from airflow import models``."""
        if isinstance(node, cst.Attribute):
            head = self.of(node.value)
            return f"{head}.{node.attr.value}" if head else None
        if not isinstance(node, cst.Name):
            return None
        bindings = self.bindings(node)
        found = {imported_name(binding) for binding in bindings}
        # Of `try: from a import x; except ImportError: from b import x` the first counts: both are changed.
        return imported_name(bindings[0]) if bindings and None not in found else None

    def bindings(self, node: cst.Name) -> list[Binding]:
        """All bindings that a name may mean where it is read."""
        scope = self._scopes.read_in.get(node)
        owner = scope.owner(node.value) if scope is not None else None
        return owner.bindings[node.value] if owner is not None else []


def imported_name(binding: Binding) -> str | None:
    """The qualified name that an import binds; ``None`` for a binding that is no absolute import."""
    alias = binding.node
    if not isinstance(alias, cst.ImportAlias):
        return None
    if isinstance(binding.site, cst.ImportFrom):
        module = binding.site.module
        return None if binding.site.relative or module is None else f"{dotted(module)}.{dotted(alias.name)}"
    return dotted(alias.name) if alias.asname else bound_name(alias)
