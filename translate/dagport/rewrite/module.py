"""One source file whose functions are rewritten."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from dagport.graph import CallableRef
from dagport.rewrite.model import Facts, Plan, Refusal, Rewritten, Slice
from dagport.rewrite.typechecking import without_type_checks
from dagport.source import Source, parsed_expression

if TYPE_CHECKING:
    from dagport.rewrite.parsed import Parsed


class Module:
    """A file to take functions from. It is parsed once, when it is first asked something."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def facts(self, callable: CallableRef, given: frozenset[str] = frozenset()) -> Facts:  # noqa: A002
        """What a function declares and uses, and every reason why it can't be carried over unchanged in meaning.

        ``given``: parameters that the task has arguments for. One of them that has the name of a context entry, such
        as ``params``, isn't looked at as the context's then.
        """
        parsed = self._parsed
        return _unknown(parsed) if isinstance(parsed, Refusal) else parsed.facts(callable, given)

    def rewrite(self, callable: CallableRef, plan: Plan) -> Rewritten:  # noqa: A002
        """The function in its new form, or the reasons why this plan can't give one."""
        parsed = self._parsed
        text = [parsed] if isinstance(parsed, Refusal) else parsed.rewrite(callable, plan)
        if not isinstance(text, str):
            return Rewritten(text="", names=frozenset(), refusals=tuple(text))
        assert not isinstance(parsed, Refusal)  # noqa: S101 - narrows for the type checker
        return Rewritten(text=text, names=parsed.own_names(callable, global_names(text)))

    def slice(self, names: frozenset[str]) -> Slice:
        """The imports, constants and helpers that the names need, and nothing else, in source order."""
        parsed = self._parsed
        if isinstance(parsed, Refusal):
            return Slice(imports=(), definitions=(), refusals=(parsed,))
        return parsed.slicer.slice(names)

    @cached_property
    def _parsed(self) -> Parsed | Refusal:
        # libcst takes a third of a second to load: only files whose functions are rewritten pay for it.
        from dagport.rewrite.parsed import parse

        return parse(without_type_checks(self.source))


def _unknown(refusal: Refusal) -> Facts:
    return Facts(
        parameters=(),
        doc=None,
        is_async=False,
        is_generator=False,
        returns=False,
        return_annotation=None,
        refusals=(refusal,),
    )


def global_names(text: str) -> frozenset[str]:
    """Names of the module that a piece of code reads, those in quoted annotations included."""
    top = symtable.symtable(text, "function", "exec")
    found = {name for table in _tables(top) for name in _globals(table)}
    return frozenset(found.union(_quoted(text))) - {item.get_name() for item in top.get_symbols() if item.is_assigned()}


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)


def _globals(table: symtable.SymbolTable) -> Iterator[str]:
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (symbol.is_global() or table.get_type() == "module"):
            yield symbol.get_name()


def _quoted(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        annotation = getattr(node, "annotation", None) or getattr(node, "returns", None)
        if not isinstance(annotation, ast.expr):
            continue
        for part in ast.walk(annotation):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield from _names_in(part.value)


def _names_in(text: str) -> Iterator[str]:
    try:
        expression = parsed_expression(text)
    except SyntaxError:
        return
    for node in ast.walk(expression):
        if isinstance(node, ast.Name):
            yield node.id
