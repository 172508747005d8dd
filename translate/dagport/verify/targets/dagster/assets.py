"""Assets and multi-assets that delegate: what their decorators say."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dagport.verify.targets.code import Function, Module
from dagport.verify.targets.dagster.ops import metadata_of
from dagport.verify.targets.model import How, NotUnderstoodError, Unit
from dagport.verify.targets.normal import normal
from dagport.verify.targets.reads import reads_of
from dagport.writers.dagster.families import resource_classes

RUN_IN_AIRFLOW = "dagport_adapters.dagster.delegation.run_in_airflow"
RUN_TASK_IN_AIRFLOW = "dagport_adapters.dagster.delegation.run_task_in_airflow"
TOLD = frozenset(
    {
        "description", "owners", "tags", "metadata", "kinds", "code_version", "config_schema", "check_specs",
        "required_resource_keys", "partitions_def", "is_required", "hooks", "freshness_policy",
    }
)  # fmt: skip
"""Arguments that don't decide what runs when, or that are looked at elsewhere; of metadata see ``metadata_of``."""
DECIDING = frozenset(
    {"check_specs", "config_schema", "required_resource_keys", "is_required", "partitions_def", "hooks"}
)
READ = frozenset(
    {
        "name", "key", "key_prefix", "ins", "deps", "group_name", "retry_policy", "pool", "op_tags", "output_required",
    }
)  # fmt: skip
PRIORITY = "dagster/priority"
RETRY_DELAY = 0.0  # of a policy that doesn't say one


def delegating(module: Module, function: Function, wanted: str) -> ast.Call | None:
    """The call of a function whose body is nothing but ``yield from wanted(...)``."""
    last = function.body[-1]
    value = last.value if isinstance(last, ast.Expr) else None
    if not isinstance(value, ast.YieldFrom) or not isinstance(value.value, ast.Call):
        return None
    others = [node for node in function.body[:-1] if not _is_docstring(node)]
    return None if others or module.qualified(value.value.func) != wanted else value.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """An asset as its module says it; others are named by their keys."""

    key: str
    place: str
    function: Function
    after: tuple[str, ...] = ()
    takes: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, ast.expr] = field(default_factory=dict)
    how: How = "plain"
    together: str | None = None
    optional: bool = False
    shared: Mapping[str, ast.expr] = field(default_factory=dict)  # settings of the function, for all its assets


@dataclass(frozen=True, slots=True)
class Assets:
    """Reads the assets of a module."""

    module: Module
    keys: Mapping[str, str]  # function -> key of its asset

    def read(self, function: Function) -> Iterator[Definition]:
        """What a decorated function defines. Raises ``NotUnderstoodError``."""
        for decorator in function.decorator_list:
            name = self.module.qualified(decorator.func if isinstance(decorator, ast.Call) else decorator)
            if name == "dagster.asset" and len(function.decorator_list) == 1:
                yield self._asset(function, decorator)
            elif (
                name == "dagster.multi_asset" and isinstance(decorator, ast.Call) and len(function.decorator_list) == 1
            ):
                yield from self._multi(function, decorator)
            else:
                raise self.module.unclear(decorator, "a decorator that isn't known here")

    def _asset(self, function: Function, decorator: ast.expr) -> Definition:
        arguments = self.module.arguments(decorator) if isinstance(decorator, ast.Call) else {}
        self._known(arguments, decorator)
        takes = self.ins(arguments.get("ins"))
        if self.nothings(arguments.get("ins")):
            raise self.module.unclear(decorator, "an input that hands nothing over")
        return Definition(
            key=key_of(self.module, function, arguments),
            place=self.module.place(function),
            function=function,
            after=tuple(self._deps(arguments.get("deps"))),
            takes=takes | self._by_name(function, takes),
            settings=arguments,
            how="delegated" if self._delegates(function) else "plain",
            optional="output_required" in arguments and self.module.literal(arguments["output_required"]) is False,
        )

    def _multi(self, function: Function, decorator: ast.Call) -> Iterator[Definition]:
        arguments = self.module.arguments(decorator)
        allowed = {"name", "ins", "deps", "outs", "internal_asset_deps", "partitions_def", "required_resource_keys"}
        if not self._delegates(function) or not arguments.keys() <= allowed:
            raise self.module.unclear(decorator, "a multi-asset that doesn't have Airflow run its tasks")
        takes = self.ins(arguments.get("ins"))
        outer = {*takes.values(), *self._deps(arguments.get("deps"))}
        inner = dict(self._items(arguments["internal_asset_deps"]))
        seen: set[str] = set()
        for output, value in self._items(arguments["outs"]):
            out = self.module.resolved(value)
            if not isinstance(out, ast.Call) or self.module.qualified(out.func) != "dagster.AssetOut":
                raise self.module.unclear(value, "an output that isn't an AssetOut")
            settings = self.module.arguments(out)
            self._known(settings, out)
            key = key_of(self.module, function, {"name": ast.Constant(output), **settings})
            after = tuple(self._deps(inner.get(output)))
            seen |= set(after)
            yield Definition(
                key=key, place=self.module.place(out), function=function, after=after, takes={}, settings=settings,
                how="delegated", together=function.name, optional=True, shared=arguments,
            )  # fmt: skip
        if not outer <= seen:
            raise self.module.unclear(decorator, f"a multi-asset none of whose outputs needs {min(outer - seen)}")

    def _known(self, arguments: Mapping[str, ast.expr], node: ast.AST) -> None:
        unknown = sorted(arguments.keys() - TOLD - READ)
        if unknown:
            raise self.module.unclear(node, f"the argument `{unknown[0]}`")

    def _delegates(self, function: Function) -> bool:
        return delegating(self.module, function, RUN_IN_AIRFLOW) is not None

    def _items(self, node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
        found = self.module.resolved(node)
        if not isinstance(found, ast.Dict):
            raise self.module.unclear(node, "no dict")
        for key, value in zip(found.keys, found.values, strict=True):
            if key is None:
                raise self.module.unclear(node, "a dict with others in it")
            yield self.module.text(key), value

    def nothings(self, node: ast.expr | None) -> set[str]:
        """The inputs that hand nothing over: edges only."""
        return {name for name, value in (self._items(node) if node is not None else ()) if self._is_nothing(value)}

    def _is_nothing(self, value: ast.expr) -> bool:
        call = self.module.resolved(value)
        arguments = self.module.arguments(call, ("key",)) if isinstance(call, ast.Call) else {}
        is_so = arguments.keys() == {"key", "dagster_type"}
        return is_so and self.module.qualified(arguments["dagster_type"]) == "dagster.Nothing"

    def ins(self, node: ast.expr | None) -> dict[str, str]:
        """The key of each input. Raises ``NotUnderstoodError``."""
        found: dict[str, str] = {}
        for name, value in self._items(node) if node is not None else ():
            call = self.module.resolved(value)
            if not isinstance(call, ast.Call) or self.module.qualified(call.func) != "dagster.AssetIn":
                raise self.module.unclear(value, "an input that isn't an AssetIn")
            arguments = self.module.arguments(call, ("key",))
            if arguments.keys() != {"key"} and not self._is_nothing(value):
                raise self.module.unclear(value, "an input with more than a key")
            found[name] = self.key(arguments["key"])
        return found

    def _by_name(self, function: Function, takes: Mapping[str, str]) -> dict[str, str]:
        """Parameters without an ``ins``: Dagster takes the asset of that name and prefix; none is written so."""
        names = [arg.arg for arg in (*function.args.args, *function.args.kwonlyargs)]
        others = [name for name in names if name not in takes and name not in ("context", "config")]
        given = self._resources(function)
        unknown = [name for name in others if name not in given]
        if unknown:
            raise self.module.unclear(function.args, f"the parameter `{unknown[0]}`, which no `ins` names")
        return {}

    def _resources(self, function: Function) -> set[str]:
        """Parameters whose annotation makes them a resource: the project's own class."""
        arguments = (*function.args.args, *function.args.kwonlyargs)
        return {arg.arg for arg in arguments if arg.annotation is not None and self._is_resource(arg.annotation)}

    def _is_resource(self, node: ast.expr) -> bool:
        name = self.module.qualified(node) or ""
        own = name[name.find(".") :]  # without the project's package
        return (
            name.endswith(".database.SqlDatabase")
            or name == "dagster.ResourceParam"
            or not resource_classes().isdisjoint((name, own))
        )

    def _deps(self, node: ast.expr | None) -> Iterator[str]:
        if node is None:
            return
        found = self.module.resolved(node)
        if isinstance(found, ast.Call) and ast.unparse(found) == "set()":
            return
        if not isinstance(found, ast.List | ast.Set | ast.Tuple):
            raise self.module.unclear(node, "dependencies that aren't a list")
        yield from map(self.key, found.elts)

    def key(self, node: ast.expr) -> str:
        """The key that a reference stands for: an asset's function, a text, a list of texts, or an ``AssetKey``."""
        if isinstance(node, ast.Name) and node.id in self.keys:
            return self.keys[node.id]
        if isinstance(node, ast.Call) and self.module.qualified(node.func) == "dagster.AssetKey":
            arguments = self.module.arguments(node, ("path",))
            return self.key(arguments["path"])
        value = self.module.literal(node)
        if isinstance(value, str):
            return value
        if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
            return "/".join(value)
        raise self.module.unclear(node, "no asset key")

    def unit(self, found: Definition, names: Mapping[str, str]) -> Unit:
        """A definition in the terms of the source: ``names`` has the task of each asset key."""
        settings = found.settings
        takes = {parameter: names.get(key, key) for parameter, key in found.takes.items()}
        retries, delay, exponential = self.retries(settings.get("retry_policy"))
        return Unit(
            id=names.get(found.key, found.key),
            place=found.place,
            how=found.how,
            after=frozenset(names.get(key, key) for key in (*found.after, *found.takes.values())),
            takes=takes,
            retries=retries,
            retry_delay_s=delay,
            exponential=exponential,
            group=self._text(settings, "group_name"),
            pool=self._text(settings, "pool"),
            priority=self.priority(settings.get("op_tags")),
            optional=found.optional,
            together=found.together,
            settings=(*self.module.limit(found.function), *self.deciding(settings), *self.deciding(found.shared)),
            body=normal(self.module, found.function, takes),
            reads=reads_of(found.function, takes),
        )

    def deciding(self, settings: Mapping[str, ast.expr]) -> tuple[tuple[str, str], ...]:
        """The settings that decide about runs and have no terms of the source's, as code."""
        names = sorted(settings.keys() & DECIDING)
        said = ((name, ast.unparse(self.module.resolved(settings[name]))) for name in names)
        return (*said, *metadata_of(self.module, settings))

    def _text(self, settings: Mapping[str, ast.expr], name: str) -> str | None:
        return self.module.text(settings[name]) if name in settings else None

    def priority(self, node: ast.expr | None) -> str | None:
        """The priority that tags say. Raises ``NotUnderstoodError`` for other tags of Dagster's."""
        tags = self.module.literal(node) if node is not None else {}
        if not isinstance(tags, dict) or any(str(tag).startswith("dagster/") for tag in tags.keys() - {PRIORITY}):
            raise NotUnderstoodError(f"{self.module.path}: tags of Dagster other than {PRIORITY}")
        return str(tags[PRIORITY]) if PRIORITY in tags else None

    def retries(self, node: ast.expr | None) -> tuple[int, float | None, bool]:
        """How often, after which delay, and whether the delay grows. Raises ``NotUnderstoodError``."""
        if node is None:
            return 0, None, False
        call = self.module.resolved(node)
        if not isinstance(call, ast.Call) or self.module.qualified(call.func) != "dagster.RetryPolicy":
            raise self.module.unclear(node, "no RetryPolicy")
        arguments = self.module.arguments(call)
        backoff = arguments.pop("backoff", None)
        if not arguments.keys() <= {"max_retries", "delay"}:
            raise self.module.unclear(node, "a RetryPolicy with other arguments")
        if backoff is not None and self.module.qualified(backoff) != "dagster.Backoff.EXPONENTIAL":
            raise self.module.unclear(node, "a back-off that isn't known here")
        values = {name: self.module.literal(value) for name, value in arguments.items()}
        retries, delay = values.get("max_retries", 1), values.get("delay", RETRY_DELAY)
        if not isinstance(retries, int) or not isinstance(delay, int | float):
            raise self.module.unclear(node, "a RetryPolicy without numbers")
        return retries, float(delay), backoff is not None


def key_of(module: Module, function: Function, arguments: Mapping[str, ast.expr]) -> str:
    """The key of an asset. Raises ``NotUnderstoodError``."""
    if "key" in arguments:
        value = module.literal(arguments["key"])
        return value if isinstance(value, str) else "/".join(map(str, value if isinstance(value, list) else [value]))
    name = module.text(arguments["name"]) if "name" in arguments else function.name
    prefix = module.literal(arguments["key_prefix"]) if "key_prefix" in arguments else []
    parts = [prefix] if isinstance(prefix, str) else prefix
    if not isinstance(parts, list):
        raise module.unclear(function, "a key_prefix that is no text or list")
    return "/".join([*map(str, parts), name])


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
