"""Make ``operators/facts.json`` from the sources of Airflow's providers, which are read and never imported.

    python tests/engines/operator_facts.py WHEEL... > facts.json

The wheels come from ``pip download --no-deps apache-airflow-providers-amazon ...``, all but common-compat. For every
class that derives from ``BaseOperator`` it notes the template fields and the parameters of its constructors, along its
base classes.
"""

from __future__ import annotations

import ast
import json
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.engines.base_fields import effects

ROOTS = {"BaseOperator", "BaseSensorOperator", "BaseAsyncOperator", "BaseBranchOperator"}  # without template fields
COMPAT = "airflow.providers.common.compat."  # its modules only point to others
SENSOR_ROOT = "BaseSensorOperator"
AWS_FIELDS = ("aws_conn_id", "region_name", "verify")
KIND_ROOTS = {
    "BaseBranchOperator": "branch",
    "SQLExecuteQueryOperator": "sql",
    "KubernetesPodOperator": "container",
    "BaseSQLOperator": "sql",
}
SKIP_FOLDERS = ("/hooks/", "/triggers/", "/example_dags/", "/notifications/", "/links/", "/tests/")


@dataclass
class Module:
    """One module: its classes and what its names stand for."""

    name: str
    imports: dict[str, str] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    values: dict[str, ast.expr] = field(default_factory=dict)


class UnreadableError(Exception):
    """An expression that isn't a plain collection of texts."""


class Providers:
    """All modules of some providers."""

    def __init__(self) -> None:
        self.modules: dict[str, Module] = {}
        self.sources: dict[str, str] = {}

    def read(self, wheel: Path) -> None:
        """Add the modules of a wheel."""
        distribution, version = wheel.name.split("-")[:2]
        self.sources[distribution.replace("_", "-")] = version
        with zipfile.ZipFile(wheel) as archive:
            for name in sorted(archive.namelist()):
                if name.startswith("airflow/providers/") and name.endswith(".py"):
                    dotted = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
                    self.modules[dotted] = _module(dotted, ast.parse(archive.read(name)))

    def resolve(self, module: Module, node: ast.expr) -> tuple[Module, ast.ClassDef] | str:
        """The class that a base expression names, or its dotted name when it is outside the providers."""
        dotted = _dotted(node.value if isinstance(node, ast.Subscript) else node)
        if dotted in module.classes:
            return module, module.classes[dotted]
        head, _, rest = dotted.partition(".")
        full = ".".join(filter(None, [module.imports.get(head, head), rest]))
        home, _, name = full.rpartition(".")
        target = self.modules.get(home) or self._behind_compat(full, name)
        if target is None:
            return full
        if name in target.classes:
            return target, target.classes[name]
        if name in target.imports and target.imports[name] != full:
            return self.resolve(target, ast.Name(name))
        return full

    def _behind_compat(self, full: str, class_name: str) -> Module | None:
        if not full.startswith(COMPAT):
            return None
        homes = (module for name, module in self.modules.items() if name.startswith("airflow.providers.standard."))
        return next((module for module in homes if class_name in module.classes), None)

    def line(self, module: Module, cls: ast.ClassDef) -> Iterator[tuple[Module, ast.ClassDef] | str]:
        """The class and its bases, depth first; a root that several bases share comes last."""
        found: list[tuple[Module, ast.ClassDef] | str] = [(module, cls)]
        for base in cls.bases:
            target = self.resolve(module, base)
            found.extend([target] if isinstance(target, str) else self.line(*target))
        for index, item in enumerate(found):
            if item not in found[index + 1 :]:
                yield item

    def constructors(self, module: Module, cls: ast.ClassDef) -> Iterator[tuple[ast.FunctionDef, dict[str, ast.expr]]]:
        """The constructors of a class and its bases, with the values of their modules' names."""
        for item in self.line(module, cls):
            init = None if isinstance(item, str) else _method(item[1], "__init__")
            if init is not None and not isinstance(item, str):
                yield init, item[0].values

    def operators(self) -> Iterator[tuple[Module, ast.ClassDef]]:
        """Every class that derives from an operator root."""
        for name in sorted(self.modules):
            if any(folder in f"/{name.replace('.', '/')}/" for folder in SKIP_FOLDERS):
                continue
            module = self.modules[name]
            for cls in module.classes.values():
                if not cls.name.startswith("_") and any(
                    isinstance(base, str) and _last(base) in ROOTS for base in self.line(module, cls)
                ):
                    yield module, cls

    def template_fields(self, module: Module, cls: ast.ClassDef) -> tuple[str, ...] | None:
        """The template fields of a class, its bases considered; ``None`` when they can't be read."""
        try:
            return tuple(dict.fromkeys(self._fields_of(module, cls)))
        except UnreadableError:
            return None

    def _fields_of(self, module: Module, cls: ast.ClassDef) -> Iterable[str]:
        for item in self.line(module, cls):
            if isinstance(item, str):
                if _last(item) in ROOTS or not _last(item).endswith(("Operator", "Sensor")):
                    continue
                raise UnreadableError
            home, base = item
            values = list(_assigned(base, "template_fields"))
            if len(values) > 1:
                raise UnreadableError
            if values:
                return list(self._texts(home, values[0]))
        return []

    def _texts(self, module: Module, node: ast.expr) -> Iterator[str]:
        """The texts of a collection that is built from literals and other classes' fields."""
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            for item in node.elts:
                if isinstance(item, ast.Starred):
                    yield from self._texts(module, item.value)
                elif isinstance(item, ast.Constant) and isinstance(item.value, str):
                    yield item.value
                else:
                    raise UnreadableError
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.BitOr):
            yield from self._texts(module, node.left)
            yield from self._texts(module, node.right)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            without = set(self._texts(module, node.right))
            yield from (text for text in self._texts(module, node.left) if text not in without)
        elif isinstance(node, ast.Attribute) and node.attr == "template_fields":
            target = self.resolve(module, node.value)
            if isinstance(target, str):
                if _last(target) not in ROOTS:
                    raise UnreadableError
                return
            yield from self._fields_of(*target)
        elif isinstance(node, ast.Name) and node.id in module.values:
            yield from self._texts(module, module.values[node.id])
        elif isinstance(node, ast.Call):
            yield from self._called(module, node)
        else:
            raise UnreadableError

    def _called(self, module: Module, node: ast.Call) -> Iterator[str]:
        name = _last(_dotted(node.func))
        if name == "aws_template_fields":
            yield from self._texts(module, ast.Tuple([*node.args]))
            yield from AWS_FIELDS
        elif name in ("tuple", "list", "set", "sorted") and len(node.args) == 1:
            yield from self._texts(module, node.args[0])
        elif name == "union" and isinstance(node.func, ast.Attribute):
            for part in (node.func.value, *node.args):
                yield from self._texts(module, part)
        else:
            raise UnreadableError

    def parameters(self, module: Module, cls: ast.ClassDef) -> tuple[list[str], list[str]]:
        """``(required, optional)`` parameters of a class's constructors down to the root.

        A base's required parameter counts only while every constructor on the way passes its keywords on and
        doesn't give that one itself.
        """
        required: list[str] = []
        known: list[str] = []
        given: set[str] = set()
        open_end = True
        for item in self.line(module, cls):
            init = None if isinstance(item, str) else _method(item[1], "__init__")
            if init is None:
                continue
            for name, needed in _named(init):
                if name in known:
                    continue
                known.append(name)
                if needed and open_end and name not in given:
                    required.append(name)
            call = _super_call(init)
            open_end = open_end and init.args.kwarg is not None and call is not None and not call.args
            given |= {keyword.arg for keyword in call.keywords if keyword.arg} if call is not None else set()
            given |= set(_set_defaults(init))
        return required, [name for name in known if name not in required]


def _module(name: str, tree: ast.Module) -> Module:
    module = Module(name)
    for node in _statements(tree.body):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            module.imports.update({item.asname or item.name: f"{node.module}.{item.name}" for item in node.names})
        elif isinstance(node, ast.Import):
            module.imports.update({item.asname or item.name.partition(".")[0]: item.name for item in node.names})
        elif isinstance(node, ast.ClassDef):
            module.classes[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    module.values[target.id] = node.value
    return module


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, those under ``if`` and ``try`` too; the first of two ways wins."""
    for node in reversed(body):
        if isinstance(node, ast.If):
            yield from _statements(node.orelse)
            yield from _statements(node.body)
        elif isinstance(node, ast.Try):
            yield from _statements([statement for handler in node.handlers for statement in handler.body])
            yield from _statements(node.body)
        else:
            yield node


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _last(dotted: str) -> str:
    return dotted.rpartition(".")[2]


def _assigned(cls: ast.ClassDef, name: str) -> Iterator[ast.expr]:
    for node in _statements(cls.body):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                yield node.value


def _method(cls: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    return next((node for node in cls.body if isinstance(node, ast.FunctionDef) and node.name == name), None)


def _named(init: ast.FunctionDef) -> Iterator[tuple[str, bool]]:
    """The named parameters of a constructor, and whether each has to be given."""
    spec = init.args
    positional = [*spec.posonlyargs, *spec.args][1:]
    without = len(positional) - len(spec.defaults)
    for index, parameter in enumerate(positional):
        yield parameter.arg, index < without
    for parameter, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True):
        yield parameter.arg, default is None


def _super_call(init: ast.FunctionDef) -> ast.Call | None:
    for node in ast.walk(init):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "__init__":
            return node
    return None


def _set_defaults(init: ast.FunctionDef) -> Iterator[str]:
    """The keywords that a constructor sets a default for: ``kwargs.setdefault("sql", "")``, under no condition."""
    for node in init.body:
        call = node.value if isinstance(node, ast.Expr) else None
        if isinstance(call, ast.Call) and _dotted(call.func) == "kwargs.setdefault" and call.args:
            name = call.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value


def own_callable(constructors: Iterable[ast.FunctionDef], optional: list[str]) -> dict[str, str]:
    """The method that a constructor hands on as ``python_callable``, and what then can still be given from outside."""
    own: set[str] = set()
    for init in constructors:
        own |= {name for name, _ in _named(init)}
        call = _super_call(init)
        handed = {item.arg: item.value for item in call.keywords if item.arg} if call is not None else {}
        value = handed.get("python_callable")
        if "python_callable" in own or value is None:
            continue
        if isinstance(value, ast.Attribute) and _dotted(value.value) == "self":
            left = [name for name in optional if name in own or name not in handed]
            return {"callable": value.attr, "optional": " ".join(left)}
    return {}


def facts(providers: Providers) -> dict[str, Any]:
    """The content of the file: ``{"sources": {distribution: version}, "modules": {module: {class: Signature}}}``."""
    modules: dict[str, dict[str, Any]] = {}
    for module, cls in providers.operators():
        line = list(providers.line(module, cls))
        names = [_last(item) if isinstance(item, str) else item[1].name for item in line]
        fields = providers.template_fields(module, cls)
        required, optional = providers.parameters(module, cls)
        kind = (
            "sensor"
            if SENSOR_ROOT in names
            else next((KIND_ROOTS[name] for name in names[1:] if name in KIND_ROOTS and "Check" not in cls.name), None)
        )
        row = {
            "template_fields": None if fields is None else " ".join(fields),
            "required": " ".join(required),
            "optional": " ".join(optional),
            "kind": kind,
            "sensor": SENSOR_ROOT in names,
            "skips": any("Branch" in name or "SkipMixin" in name for name in names),
            **own_callable((init for init, _ in providers.constructors(module, cls)), optional),
            **effects(providers.constructors(module, cls)).row(),
        }
        kept = {key: value for key, value in row.items() if value or (key == "template_fields" and value is not None)}
        modules.setdefault(module.name, {})[cls.name] = kept
    return {"sources": providers.sources, "modules": modules}


def main(paths: list[str]) -> None:
    """Print the facts of some wheels."""
    providers = Providers()
    for path in sorted(paths):
        providers.read(Path(path))
    found = facts(providers)
    lines = [
        f"{json.dumps(module)}: " + json.dumps(classes, separators=(",", ":"), sort_keys=True)
        for module, classes in sorted(found["modules"].items())
    ]
    sources = json.dumps(found["sources"], sort_keys=True)
    sys.stdout.write('{"sources": ' + sources + ',\n"modules": {\n' + ",\n".join(lines) + "\n}}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
