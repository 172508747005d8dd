"""Finds every place where a function touches Airflow, and every reason why it can't be carried over."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from dagport.rewrite.context import CONNECTION_CALLS, POKE, SKIPPING, VARIABLE, exception_name, is_airflow
from dagport.rewrite.meanings import Meanings
from dagport.rewrite.model import Refusal, VariableRead
from dagport.rewrite.names import Names, imported_name
from dagport.rewrite.scopes import MODULE_NAMES, Binding, Scope, bound_name
from dagport.rewrite.tree import Tree
from dagport.rewrite.usage import (
    Callable,
    ConnectionUse,
    ContextUse,
    ExceptionUse,
    PullUse,
    PushUse,
    Usage,
    VariableUse,
)
from dagport.rewrite.xcom import read_pull, read_push

FRAME_FUNCTIONS = frozenset({"__import__", "eval", "exec", "globals", "locals", "super", "vars"})
MOVING_NAMES = MODULE_NAMES - {"__name__"}
TARGET_PARTS = (cst.Tuple, cst.List, cst.Element, cst.StarredElement)


def find(tree: Tree, names: Names, function: Callable, scope: Scope, given: frozenset[str] = frozenset()) -> Usage:
    """Every use of Airflow in a function. A parameter in ``given`` has an argument, and none of the context's."""
    finder = _Finder(tree, names, function, Meanings(tree, names, function, scope, given))
    function.body.visit(finder)
    finder.finish()
    return finder.usage


class _Finder(cst.CSTVisitor):
    def __init__(self, tree: Tree, names: Names, function: Callable, meanings: Meanings) -> None:
        super().__init__()
        self.tree = tree
        self.names = names
        self.scope = meanings.scope
        self.meanings = meanings
        self.usage = Usage(function, meanings.scope, bound=meanings.bound, aliases=meanings.aliases)
        self.usage.refusals += self.meanings.refusals
        self.usage.gone += self.meanings.aliases
        self.depth = 0  # nested functions and classes

    def refuse(self, reason: str, node: cst.CSTNode) -> None:
        """Note why the function can't be carried over."""
        self.usage.refusals.append(Refusal(reason, self.tree.span(node)))

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Match the outermost expression first; what is matched isn't looked into again."""
        if isinstance(node, cst.BaseExpression) and self._match(node):
            return False
        if node in self.usage.aliases:
            return False
        return super().on_visit(node)

    # Expressions

    def _match(self, node: cst.BaseExpression) -> bool:
        if isinstance(node, cst.Call) and self._match_call(node):
            return True
        if isinstance(node, cst.Name | cst.Attribute) and self._match_airflow(node):
            return True
        meaning = self.meanings.of(node)
        if meaning is None:
            return False
        self._consume(node)
        if self._is_target(node):
            self.refuse("the context is changed", node)
        elif meaning.kind == "context":
            self.refuse("the context is used as a whole, or by a key that isn't known", node)
        elif meaning.kind == "task_instance":
            self.refuse("the task instance is used as a whole", node)
        else:
            self.usage.uses.append(ContextUse(node, meaning))
            self._gone(node)
            if meaning.default is not None:
                self.usage.kept.append(meaning.default)
                meaning.default.visit(self)
        return True

    def _match_call(self, node: cst.Call) -> bool:
        if isinstance(node.func, cst.Attribute):
            meaning = self.meanings.of(node.func.value)
            if meaning is not None and meaning.kind == "task_instance" and self._xcom(node, node.func):
                return True
        names = self.names.qualified(node.func)
        if not names or not all(map(is_airflow, names)):
            return False
        if all(name.rpartition(".")[0] in VARIABLE for name in names):
            return self._variable(node, names[0].rpartition(".")[2])
        if all(name in CONNECTION_CALLS for name in names):
            return self._connection(node)
        name = exception_name(names)
        if name is None or name in SKIPPING:
            return False
        self._consume(node.func)
        self._gone(node.func)
        self.usage.uses.append(ExceptionUse(node, node, name))
        for arg in node.args:
            arg.visit(self)
        return True

    def _xcom(self, node: cst.Call, method: cst.Attribute) -> bool:
        if method.attr.value == "xcom_pull":
            pull = read_pull(self.tree, self.names, node)
            if isinstance(pull, Refusal):
                self.usage.refusals.append(pull)
            else:
                self.usage.uses.append(PullUse(node, pull))
            self._gone(node)
        elif method.attr.value == "xcom_push":
            self._push(node)
        else:
            return False
        self._consume(method)
        return True

    def _push(self, node: cst.Call) -> None:
        statement = self.tree.parent(node)
        push = read_push(self.tree, self.names, node)
        if isinstance(push, Refusal):
            self.usage.refusals.append(push)
        elif not isinstance(statement, cst.Expr):
            self.refuse("xcom_push is used as an expression", node)
        elif self.depth:
            self.refuse("xcom_push is called in a nested function", node)
        else:
            key, value = push
            self.usage.uses.append(PushUse(node, statement, key, value))
            self._gone(node)
            self.usage.kept.append(value.value)
            value.value.visit(self)

    def _variable(self, node: cst.Call, method: str) -> bool:
        self._consume(node.func)
        self._gone(node)
        read = self._read_variable(node) if method == "get" else None
        if read is None:
            reason = "is read by a name that isn't known" if method == "get" else f"is changed by `{method}`"
            self.refuse(f"an Airflow Variable {reason}", node)
        else:
            self.usage.uses.append(VariableUse(node, read))
        return True

    def _read_variable(self, node: cst.Call) -> VariableRead | None:
        order = ("key", "default_var", "deserialize_json")
        given: dict[str, cst.BaseExpression] = {}
        for index, arg in enumerate(node.args):
            if arg.star or (arg.keyword is None and index >= len(order)):
                return None
            given[order[index] if arg.keyword is None else arg.keyword.value] = arg.value
        name = self.names.text(given.pop("key", None))
        default = given.pop("default_var", None) or given.pop("default", None)
        as_json = given.pop("deserialize_json", None)
        if name is None or given or not (as_json is None or _is_flag(as_json)):
            return None
        if default is not None and self._touches_airflow(default):
            return None
        text = None if default is None else self.tree.text[self.tree.full_start(default) : self.tree.full_end(default)]
        is_json = isinstance(as_json, cst.Name) and as_json.value == "True"
        return VariableRead(name, text, is_json, self.tree.span(node))

    def _touches_airflow(self, node: cst.BaseExpression) -> bool:
        before = len(self.usage.uses) + len(self.usage.refusals)
        node.visit(self)
        self.usage.kept.append(node)
        return len(self.usage.uses) + len(self.usage.refusals) > before

    def _connection(self, node: cst.Call) -> bool:
        self._consume(node.func)
        self._gone(node)
        arg = node.args[0] if len(node.args) == 1 else None
        plain = arg is not None and not arg.star and (arg.keyword is None or arg.keyword.value == "conn_id")
        name = self.names.text(arg.value) if arg is not None and plain else None
        if name is None:
            self.refuse("an Airflow connection is read by an id that isn't known", node)
        else:
            self.usage.uses.append(ConnectionUse(node, name))
        return True

    def _match_airflow(self, node: cst.Name | cst.Attribute) -> bool:
        names = self.names.qualified(node)
        if not any(map(is_airflow, names)):
            return False
        self._consume(node)
        name = exception_name(names)
        parent = self.tree.parent(node)
        if name in SKIPPING:
            self.refuse(SKIPPING[name], node)
        elif name is not None and isinstance(parent, cst.Raise):
            self.usage.uses.append(ExceptionUse(node, None, name))
            self._gone(node)
        elif name is not None:
            self.refuse(f"{name} is used other than by {'calling' if name == POKE else 'raising'} it", node)
        else:
            self.refuse(f"it uses `{names[0]}`, which is Airflow's", node)
        return True

    def _consume(self, node: cst.BaseExpression) -> None:
        root: cst.BaseExpression = node
        while isinstance(root, cst.Attribute | cst.Subscript | cst.Call):
            root = root.func if isinstance(root, cst.Call) else root.value
        if isinstance(root, cst.Name):
            self.usage.consumed.add(root)

    def _gone(self, node: cst.CSTNode) -> None:
        self.usage.gone.append(node)

    def _is_target(self, node: cst.BaseExpression) -> bool:
        child: cst.CSTNode = node
        parent = self.tree.parent(child)
        while isinstance(parent, TARGET_PARTS):
            child, parent = parent, self.tree.parent(parent)
        if isinstance(parent, cst.AugAssign | cst.AnnAssign | cst.For | cst.CompFor):
            return parent.target is child
        return isinstance(parent, cst.AssignTarget | cst.Del)

    # Names that aren't reads

    def visit_Attribute(self, node: cst.Attribute) -> bool:  # noqa: N802
        node.value.visit(self)
        return False

    def visit_Arg(self, node: cst.Arg) -> bool:  # noqa: N802
        node.value.visit(self)
        return False

    # Statements

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:  # noqa: N802
        self.depth += 1
        return True

    def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:  # noqa: N802
        self.depth -= 1

    def visit_Lambda(self, node: cst.Lambda) -> bool:  # noqa: N802
        self.depth += 1
        return True

    def leave_Lambda(self, original_node: cst.Lambda) -> None:  # noqa: N802
        self.depth -= 1

    def visit_Return(self, node: cst.Return) -> bool:  # noqa: N802
        if not self.depth:
            self.usage.returns.append(node)
        return True

    def visit_Yield(self, node: cst.Yield) -> bool:  # noqa: N802
        if not self.depth:
            self.usage.is_generator = True
        return True

    def visit_Import(self, node: cst.Import) -> bool:  # noqa: N802
        return self._import(node, node.names)

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:  # noqa: N802
        if node.relative:
            self.refuse("it imports a module relative to its file, which moves", node)
        return self._import(node, () if isinstance(node.names, cst.ImportStar) else node.names)

    def _import(self, node: cst.Import | cst.ImportFrom, aliases: Sequence[cst.ImportAlias]) -> bool:
        for alias in aliases:
            if is_airflow(imported_name(Binding(bound_name(alias), alias, node)) or ""):
                self.usage.imports.append((node, alias))
                self._gone(alias)
        return False

    def visit_Global(self, node: cst.Global) -> bool:  # noqa: N802
        self.refuse("it sets a global variable of its module", node)
        return False

    # What the whole shows

    def finish(self) -> None:
        """Look at the names that are left."""
        if self.usage.is_generator:
            self.refuse("it is a generator function", self.usage.function)
        self._check_names()
        for name, declared in self.scope.declared.items():
            if declared == "nonlocal":
                self.refuse(f"it sets `{name}` of the function around it", self.usage.function)

    def _check_names(self) -> None:
        for name, _, owner in self.scope.free():
            if owner is None and name.value in FRAME_FUNCTIONS and name.value not in self.scope.module.bindings:
                self.refuse(f"it calls `{name.value}`, so any of its names may be used", name)
            elif owner is None and name.value in MOVING_NAMES:
                self.refuse(f"it uses `{name.value}`, and the code moves to another file", name)
            elif owner is not None and owner.kind == "module" and self._is_changed(name):
                self.refuse(f"it changes `{name.value}`, which other tasks of the module share", name)

    def _is_changed(self, name: cst.Name) -> bool:
        """Whether a module-level object, other than an imported module, is stored into."""
        node: cst.BaseExpression = name
        parent = self.tree.parent(node)
        while isinstance(parent, cst.Attribute | cst.Subscript) and parent.value is node:
            node, parent = parent, self.tree.parent(parent)
        if node is name or all(isinstance(item.node, cst.ImportAlias) for item in self.names.bindings(name)):
            return False
        return self._is_target(node)


def _is_flag(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Name) and node.value in ("True", "False")
