"""From a task to the call of its function: which code it is, and what its parameters are bound to."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from dagport.graph import CallableRef, Task
from dagport.values import Call, Code, Ref, Template, Value, XCom
from dagport_lineage.extract.callables import domain
from dagport_lineage.extract.callables.domain import Data, Entries, Foreign, Function, Handle, Items, Known, Qualified
from dagport_lineage.extract.callables.frames import Frame, bound_in, names_of
from dagport_lineage.extract.callables.modules import FunctionNode, Module, single
from dagport_lineage.extract.callables.resolve import Project
from dagport_lineage.model import Unresolved
from dagport_lineage.rendering import text_of
from dagport_lineage.scope import Scope

ASSET = "_AssetMainOperator"  # what ``@asset`` makes
MAX_INSTANCES = 20  # of a mapped task that are followed one by one
CONTEXT = "airflow.context"

Arguments: TypeAlias = tuple[list[domain.Value], dict[str, domain.Value]]


class NotFound(Exception):  # noqa: N818 - an answer, not an error
    """The function can't be followed; ``why`` is a clause for a message."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


# The function


def function_of(task: Task, project: Project) -> Function | Qualified:
    """The function that a task runs. Raises ``NotFound``."""
    ref = task.callable
    if ref is None:
        raise NotFound("which function it runs isn't known")
    if ref.module is not None:
        return _imported(ref, project)
    node = project.main.functions.get(ref.span) if ref.span is not None else None
    if node is None:
        raise NotFound(f"the code of `{ref.name}` isn't in this file")
    _check_is_itself(task, node, project.main)
    return Function(node, project.main, _surroundings(ref, node, project))


def _imported(ref: CallableRef, project: Project) -> Function | Qualified:
    assert ref.module is not None  # noqa: S101
    found = project.member(project.main, project.module_value(ref.module), ref.name)
    if isinstance(found, Qualified):
        return found
    if not isinstance(found, Function) or ref.closure:
        raise NotFound(f"`{ref.name}` of `{ref.module}` isn't a plain function there")
    return found


def _check_is_itself(task: Task, node: FunctionNode, module: Module) -> None:
    """Refuse where something may stand between the task and the code of the function."""
    if is_decorator(task.operator):
        return
    if isinstance(module.parents.get(node), ast.ClassDef):
        raise NotFound(f"`{domain_name(node)}` is a method")
    given = _python_callable(task, module)
    if given is not None and not isinstance(given, ast.Name | ast.Attribute | ast.Lambda | ast.Subscript):
        raise NotFound("its callable is made by a call that isn't followed")
    if isinstance(node, ast.Lambda):
        return
    wrapper = next((name for name in _wrappers(node.name, module)), None)
    if wrapper is not None:
        raise NotFound(f"`{wrapper}` may make something else of `{node.name}`")


def _python_callable(task: Task, module: Module) -> ast.expr | None:
    """The expression that the operator's call has for its callable, where the call is in this file."""
    node = module.calls.get(task.span) if task.span is not None else None
    return next((item.value for item in node.keywords if item.arg == "python_callable"), None) if node else None


def _wrappers(name: str, module: Module) -> list[str]:
    """Calls of other code that the function is handed to, so that something else may come out."""
    found: list[str] = []
    for node in module.loads.get(name, ()):
        parent = module.parents.get(node)
        if isinstance(parent, ast.keyword) and parent.arg in ("python_callable", "on_failure_callback"):
            continue
        call = module.parents.get(parent) if isinstance(parent, ast.keyword) else parent
        if isinstance(call, ast.Call) and call.func is not node and not _is_own(call, module):
            found.append(ast.unparse(call.func) if isinstance(call.func, ast.Name | ast.Attribute) else "a call")
    return found


def _is_own(call: ast.Call, module: Module) -> bool:
    if not isinstance(call.func, ast.Name):
        return False
    binding = single(module.bindings.get(call.func.id, []))
    if binding is None or binding.kind == "import":
        return call.func.id == "print" or call.func.id.endswith(("Operator", "Sensor"))
    return binding.kind in ("def", "class")


def is_decorator(operator: str) -> bool:
    """Whether a task is made by ``@task`` or one of its kin, or by ``@asset``."""
    return operator.startswith("airflow.") and ("task" in operator.split(".") or operator.endswith(ASSET))


def domain_name(node: FunctionNode) -> str:
    """The name of a function in messages."""
    return "a lambda" if isinstance(node, ast.Lambda) else node.name


def _surroundings(ref: CallableRef, node: FunctionNode, project: Project) -> Frame:
    """The variables of the functions around, as far as the graph has them."""
    around = project.main.enclosing(node)
    env: dict[str, domain.Value] = {}
    hidden: set[str] = set()
    frame = Frame(project.main, env)
    for outer in around:
        hidden |= set(names_of(outer))
    for name, value in ref.closure.items():
        env[name] = _captured(name, value, around, frame, project)
    for name in hidden - set(env):
        found = _definition(name, around, frame, project)
        if found is not None:
            env[name] = found
    frame.hidden = frozenset(hidden)
    return frame


def _captured(name: str, value: Value, around: Sequence[FunctionNode], frame: Frame, project: Project) -> domain.Value:
    if isinstance(value, Ref | Call):
        return _definition(name, around, frame, project) or Foreign(f"`{name}` of a function around")
    if isinstance(value, Template):
        return Known(value.text)  # a variable isn't rendered
    return plain(value)


def _definition(name: str, around: Sequence[FunctionNode], frame: Frame, project: Project) -> domain.Value | None:
    """A function or an import that a function around defines, once."""
    for outer in around:
        if isinstance(outer, ast.Lambda) or name not in names_of(outer):
            continue
        binding = single(bound_in(outer).get(name, [])) if names_of(outer)[name] == 1 else None
        if binding is not None and isinstance(binding.node, ast.FunctionDef | ast.AsyncFunctionDef):
            return Function(binding.node, project.main, frame)
        return project.imported(project.main, binding) if binding is not None and binding.kind == "import" else None
    return None


# Values


def plain(value: Value) -> domain.Value:
    """A value of the graph that isn't rendered."""
    if value is None or isinstance(value, bool | int | float | str):
        return Known(value)
    if isinstance(value, Code):
        return Data(Unresolved("opaque", value.why), None)
    if isinstance(value, Call):
        return _called(value, plain)
    if isinstance(value, Mapping):
        return Entries({key: plain(item) for key, item in value.items()})
    if isinstance(value, Sequence):
        return Items("list", [plain(item) for item in value])
    return Foreign("an argument of the task")


def _called(value: Call, inner: object) -> domain.Value:
    assert callable(inner)  # noqa: S101
    if value.name == "tuple" and len(value.args) == 1 and isinstance(value.args[0], Sequence):
        return Items("tuple", [inner(item) for item in value.args[0]])
    if value.name.startswith(("datetime.", "decimal.", "zoneinfo.", "range", "set", "bytes.", "float")):
        return Data(Unresolved("opaque", f"it is a `{value.name}`"))
    if value.name in ("dagport.project_path", "pathlib.Path"):
        return Data(Unresolved("runtime", "where the project lies is known in the deployment only"), None)
    return Foreign("an argument of the task")


class Binder:
    """The arguments of a task's function."""

    def __init__(self, task: Task, scope: Scope, results: object = None) -> None:
        self.task = task
        self.scope = scope
        self.results = results  # what other tasks return: ``(task id, key) -> value``

    def value(self, value: Value) -> domain.Value:
        """An argument as the function gets it: templates are rendered, in lists and dicts, too."""
        if isinstance(value, Template):
            text = text_of(value, self.task, self.scope)
            return Known(text) if isinstance(text, str) else Data(text, None)
        if isinstance(value, XCom):
            return self.result(value)
        if isinstance(value, Call):
            return _called(value, self.value)
        if isinstance(value, Mapping):
            return Entries({key: self.value(item) for key, item in value.items()})
        if isinstance(value, Sequence) and not isinstance(value, str):
            return Items("list", [self.value(item) for item in value])
        return plain(value)

    def result(self, value: XCom) -> domain.Value:
        """What another task hands over."""
        if callable(self.results):
            found = self.results(value.task_id, value.key)
            if isinstance(found, domain.Known | Data | Handle | Items | Entries):
                return found
        return Data(Unresolved("runtime", f"it is the result of the task `{value.task_id}`"), None)

    def instances(self) -> list[Arguments]:
        """The arguments of each instance of the task: several where it is mapped over what the source writes out."""
        args = self.task.arguments.get("op_args") or ()
        kwargs = self.task.arguments.get("op_kwargs") or {}
        if not isinstance(args, Sequence) or isinstance(args, str) or not isinstance(kwargs, Mapping):
            raise NotFound("its arguments aren't known")
        base: Arguments = [self.value(item) for item in args], {key: self.value(item) for key, item in kwargs.items()}
        if self.task.mapped is None:
            return [base]
        return self._mapped(base)

    def _mapped(self, base: Arguments) -> list[Arguments]:
        assert self.task.mapped is not None  # noqa: S101
        over = self.task.mapped.over
        if not is_decorator(self.task.operator):
            return self._of_operator(base, over)
        if set(over) == {"kwargs"} and "expand_kwargs" in self.scope.source.segment(self.task.span or (1, 1, 1, 1)):
            raise NotFound("what it is mapped over isn't followed")
        names, choices = list(over), [self._choices(value) for value in over.values()]
        count = 1
        for choice in choices:
            count *= len(choice)
        if count > MAX_INSTANCES:
            choices = [[Data(MAPPED, None)] for _ in choices]
        return [
            (base[0], {**base[1], **dict(zip(names, values, strict=True))}) for values in itertools.product(*choices)
        ]

    def _of_operator(self, base: Arguments, over: Mapping[str, Value]) -> list[Arguments]:
        """``PythonOperator.partial(...).expand(op_kwargs=[...])``."""
        if len(over) != 1 or next(iter(over)) not in ("op_args", "op_kwargs"):
            raise NotFound("what it is mapped over isn't followed")
        name, values = next(iter(over.items()))
        if not isinstance(values, Sequence) or isinstance(values, str) or len(values) > MAX_INSTANCES:
            raise NotFound("what it is mapped over isn't known")
        found: list[Arguments] = []
        for value in values:
            if name == "op_args" and isinstance(value, Sequence) and not isinstance(value, str):
                found.append(([self.value(item) for item in value], base[1]))
            elif name == "op_kwargs" and isinstance(value, Mapping):
                found.append((base[0], {key: self.value(item) for key, item in value.items()}))
            else:
                raise NotFound("what it is mapped over isn't known")
        return found

    def _choices(self, value: Value) -> list[domain.Value]:
        if isinstance(value, Mapping):
            return [Items("tuple", [Known(key), self.value(item)]) for key, item in value.items()]
        if isinstance(value, Sequence) and not isinstance(value, str):
            return [self.value(item) for item in value]
        return [Data(MAPPED, None)]

    def bound(self, function: Function, arguments: Arguments) -> dict[str, domain.Value]:
        """The parameters that the task binds, as Airflow does (``determine_kwargs``).

        Parameters that aren't given and have the name of an entry of the context get that; ``**`` gets all the context.
        """
        args, kwargs = arguments
        spec = function.node.args
        positional = [item.arg for item in (*spec.posonlyargs, *spec.args)]
        env = dict(zip(positional, args, strict=False))
        if len(args) > len(positional) and spec.vararg is None:
            raise NotFound("it is given more arguments than its function takes")
        if spec.vararg is not None:
            env[spec.vararg.arg] = Items("tuple", args[len(positional) :])
        names = [*positional, *(item.arg for item in spec.kwonlyargs)]
        env |= {name: value for name, value in kwargs.items() if name in names}
        if spec.kwarg is not None:
            rest = tuple((name, value) for name, value in kwargs.items() if name not in names)
            env[spec.kwarg.arg] = Handle(CONTEXT, rest)
        return env


MAPPED = Unresolved("runtime", "it is what the task is mapped over")
