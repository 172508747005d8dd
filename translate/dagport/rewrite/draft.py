"""The state of one rewriting: what the steps of ``function.write`` share."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

import libcst as cst

from dagport.rewrite.edits import Edits
from dagport.rewrite.model import Plan, Refusal
from dagport.rewrite.names import Names
from dagport.rewrite.outer import Outer
from dagport.rewrite.tree import Tree, comments
from dagport.rewrite.usage import Usage


@dataclass
class Draft:
    """A function on its way to its new form."""

    tree: Tree
    names: Names
    usage: Usage
    outer: Outer
    plan: Plan
    signature: frozenset[str]  # names of the new function's parameters
    store: str  # name of the dict that collects pushed keys
    edits: Edits
    refusals: list[Refusal] = field(default_factory=list)
    inserted: list[tuple[cst.BaseExpression, str]] = field(default_factory=list)  # node -> expression in its place
    preamble: list[tuple[str, str]] = field(default_factory=list)  # names bound at the start -> expression
    removed: set[cst.CSTNode] = field(default_factory=set)  # statements that aren't in the new function
    gathered: bool = False  # whether the pushes become one returned dict
    copies: bool = False  # whether ``deepcopy`` is called

    @property
    def provided(self) -> frozenset[str]:
        """Parameters of the old function that the plan gives a value."""
        return self.signature | frozenset(self.plan.bindings)

    def refuse(self, reason: str, node: cst.CSTNode) -> None:
        """Note why the function can't be written by this plan."""
        self.refusals.append(Refusal(reason, self.tree.span(node)))

    def indent(self, place: int) -> str:
        """The white space a line will start with in the new function."""
        outer = self.tree.indent(self.tree.start(self.usage.function))
        indent = self.tree.indent(place)
        return indent[len(outer) :] if isinstance(self.usage.function, cst.FunctionDef) else indent

    def keep_comments(self, node: cst.CSTNode, kept: cst.CSTNode | None = None) -> None:
        """Put the comments that stand in a replaced node, but not in the kept part, above its statement."""
        lost = comments(node)
        for comment in comments(kept) if kept is not None else ():
            lost.remove(comment)
        if not lost:
            return
        statement = self.tree.enclosing(node, (cst.SimpleStatementLine, cst.BaseCompoundStatement)) or node
        place = self.tree.line_start(self.tree.start(statement))
        indent = self.indent(place)
        self.edits.replace(place, place, "".join(f"{indent}{comment}\n" for comment in lost))


def start(tree: Tree, names: Names, usage: Usage, outer: Outer, plan: Plan) -> Draft:
    """A fresh draft. Raises ``SyntaxError`` when the plan's signature isn't one."""
    signature = signature_names(plan)
    taken = set(signature) | set(plan.bindings)
    for scope in usage.scope.nested():
        taken |= {*scope.bindings, *(read.value for read in scope.reads)}
    store = "xcom"
    while store in taken:
        store += "_"
    return Draft(tree, names, usage, outer, plan, signature, store, Edits(tree.text))


def given_names(plan: Plan) -> frozenset[str]:
    """Parameters of the source's function that the plan gives a value itself."""
    try:
        return signature_names(plan) | frozenset(plan.bindings)
    except SyntaxError:  # refused when the function is written
        return frozenset(plan.bindings)


def signature_names(plan: Plan) -> frozenset[str]:
    """Names of the parameters that the plan declares. Raises ``SyntaxError`` when they don't make a signature."""
    definition = ast.parse(f"def function({', '.join(plan.signature)}): ...").body[0]
    assert isinstance(definition, ast.FunctionDef)  # noqa: S101 - narrows for the type checker
    return frozenset(item.arg for item in ast.walk(definition) if isinstance(item, ast.arg))
