"""The normal form of a function: the same for two that differ in names of variables, comments and layout only."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping

from dagport.verify.targets.code import Function, Module


def normal(module: Module, function: Function, inputs: Mapping[str, str]) -> str:
    """The form of a function of a project, with all that it uses of its module; decorators left out.

    ``inputs`` says which result each parameter gets: that, not its name, counts. Two functions of the same form do the
    same; two of different forms may do the same, too.
    """
    return _Normal(module).all(function, inputs)


def same_tree(first: str, second: str) -> bool:
    """Whether two files differ in comments, docstrings and layout only."""
    one = bare(first)
    return one is not None and one == bare(second)


def bare(text: str) -> str | None:
    """A file without comments, docstrings and layout; ``None``: it can't be parsed."""
    try:
        return ast.dump(_Bare().visit(ast.parse(text)))
    except (SyntaxError, ValueError):
        return None


class _Bare(ast.NodeTransformer):
    """Takes docstrings and annotations of functions away."""

    def _body(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        body: list[ast.stmt] = getattr(node, "body", [])
        if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            node.body = body[1:] or [ast.Pass()]  # type: ignore[attr-defined]
        return node

    visit_Module = visit_ClassDef = visit_FunctionDef = visit_AsyncFunctionDef = _body  # noqa: N815

    def visit_arg(self, node: ast.arg) -> ast.arg:
        """A parameter without its annotation."""
        node.annotation = None
        return node


class _Normal:
    def __init__(self, module: Module) -> None:
        self.module = module
        self.globals: dict[str, str] = {}  # name of the module -> its name here
        self.waiting: list[str] = []

    def all(self, function: Function, inputs: Mapping[str, str]) -> str:
        """The function, then what it uses of the module, in the order of its use."""
        parts = [self._of(function, dict(inputs), own=True)]
        while self.waiting:
            parts.append(self._global(self.waiting.pop(0)))
        return "\n".join(parts)

    def _global(self, name: str) -> str:
        if name in self.module.functions:
            return self._of(self.module.functions[name], {}, own=False)
        node: ast.AST = self.module.classes[name] if name in self.module.classes else self.module.constants[name]
        return self._dump(copy.deepcopy(node), {})

    def _of(self, function: Function, inputs: dict[str, str], *, own: bool) -> str:
        function = copy.deepcopy(function)
        names: dict[str, str] = {}
        arguments = function.args
        parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        kept = {name for node in ast.walk(function) for name in _kept(node)}
        if own:
            kept -= {parameter.arg for parameter in parameters}
            names |= {parameter.arg: f"<{inputs.get(parameter.arg, parameter.arg)}>" for parameter in parameters}
            function.args = ast.arguments([], [], arguments.vararg, [], [], arguments.kwarg, [])
            body = _Bare().visit(function).body
            function.body = [*_defaults(arguments), *body]
        for node in ast.walk(function):
            for name in _stored(node):
                if name not in kept and name not in names:
                    names[name] = f"v{len(names)}"
        function.decorator_list = []
        function.returns = None
        function.name = "f"
        shadowed = [name for name in names if self._is_global(name) and not (own and name in inputs)]
        return self._dump(function, names) + "".join(f"/{self._named(name)}" for name in sorted(shadowed))

    def _is_global(self, name: str) -> bool:
        module = self.module
        return name in module.functions or name in module.constants or name in module.classes or name in module.imports

    def _named(self, name: str) -> str:
        """A name of the module, by what it is."""
        if name in self.module.imports:
            return self.module.imports[name]
        if name not in self.globals:
            self.globals[name] = f"g{len(self.globals)}"
            self.waiting.append(name)
        return self.globals[name]

    def _dump(self, node: ast.AST, names: Mapping[str, str]) -> str:
        for one in ast.walk(node):
            if isinstance(one, ast.Name):
                one.id = names.get(one.id) or (self._named(one.id) if self._is_global(one.id) else one.id)
            elif isinstance(one, ast.ExceptHandler) and one.name is not None:
                one.name = names.get(one.name, one.name)
            elif isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and one.name in names:
                one.name = names[one.name]
            elif isinstance(one, ast.alias) and one.asname is not None:
                one.asname = names.get(one.asname, one.asname)
            elif isinstance(one, ast.Global | ast.Nonlocal):
                one.names = [names.get(name, name) for name in one.names]
        return ast.dump(_Bare().visit(node), annotate_fields=False)


def _defaults(arguments: ast.arguments) -> Iterator[ast.stmt]:
    """The parameters that have a default value, as assignments."""
    named = [*arguments.posonlyargs, *arguments.args]
    found = [
        *zip(named[len(named) - len(arguments.defaults) :], arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    for parameter, value in found:
        if value is not None:
            yield ast.Assign([ast.Name(parameter.arg, ast.Store())], value)


def _stored(node: ast.AST) -> Iterator[str]:
    """Names that a node binds in a function, and that may be called otherwise."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
        yield node.id
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name
    elif isinstance(node, ast.alias) and node.asname:
        yield node.asname


def _kept(node: ast.AST) -> Iterator[str]:
    """Names that have to stay: parameters can be given by name, an import without ``as`` has the module's name."""
    if isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.alias) and not node.asname:
        yield node.name.partition(".")[0]
    elif isinstance(node, ast.Global):
        yield from node.names
    elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
