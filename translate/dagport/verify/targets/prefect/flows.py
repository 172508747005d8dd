"""The body of a flow: what is submitted, what it takes, what decides about it, and what is returned."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from dagport.verify.targets.code import Function, Module
from dagport.verify.targets.model import Expansion, Gate, How, Unit
from dagport.verify.targets.normal import normal
from dagport.verify.targets.prefect.tasks import MEMBER, REGION, PrefectTask
from dagport.verify.targets.prefect.values import Around, Values
from dagport.verify.targets.reads import reads_of

RESULTS = ("results", "results_of")
SETUPS = ("setup", "as_setup")
WAYS = ("expand", "expand_kwargs")
TOLD = frozenset({"name", "description", "log_prints", "version"})
LOOPS = ("each", "each_kwargs")


@dataclass(slots=True)
class _Call:
    task: PrefectTask
    node: ast.AST
    takes: dict[str, str] = field(default_factory=dict)  # parameter -> task
    given: dict[str, str] = field(default_factory=dict)  # parameter -> Python of the flow's own
    before: list[str] = field(default_factory=list)
    ways: dict[str, tuple[str, ...]] = field(default_factory=dict)  # branch -> ids that lead here
    setups: list[str] = field(default_factory=list)
    setup_before: list[str] = field(default_factory=list)
    stopped_by: list[str] = field(default_factory=list)
    scope: list[str] = field(default_factory=list)
    lists: list[str] | None = None  # of what it, or its group, is mapped over
    loop: str | None = None  # the group's
    over: dict[str, str] = field(default_factory=dict)
    items: dict[str, str] = field(default_factory=dict)  # what its group is mapped over -> task
    how: list[str] = field(default_factory=list)  # what is around the results that it takes
    asks: bool = False  # its rule, and not only Prefect's own


class Flow:
    """Reads one flow."""

    def __init__(
        self, module: Module, function: Function, tasks: Mapping[str, PrefectTask], names: Mapping[str, str]
    ) -> None:
        """``names`` has the task of the source for each name here."""
        self.module, self.function, self.tasks, self.names = module, function, tasks, names
        self.calls: dict[str, _Call] = {}
        self.futures: dict[str, str] = {}  # variable -> name of the task
        self.values: dict[str, str] = {arg.arg: arg.arg for arg in _arguments(function)}
        self.lists: dict[str, str | None] = {}  # variables that begin as an empty list
        self.returns: tuple[str, ...] = ()
        self.returned = False
        self.several: list[str] = []  # lists that are returned one by one
        self.waits: set[str] = set()
        self.computed: list[str] = []

    def read(self) -> tuple[dict[str, Unit], tuple[str, ...]]:
        """The tasks, and those that decide about the run. Raises ``NotUnderstoodError``."""
        for one in _arguments(self.function):
            self._check_free(one.arg, one)
        for node in self.function.body:
            if self.returned:
                raise self.module.unclear(node, "a statement after the end of a flow")
            self._statement(node, None, None)
        if not self.returns:
            raise self.module.unclear(self.function, "a flow that doesn't return a list of its leaves")
        units = [self._unit(call) for name, call in self.calls.items() if call.task.delegates != REGION]
        return {unit.id: unit for unit in units}, tuple(self._id(name) for name in self.returns)

    def settings(self) -> tuple[tuple[str, str], ...]:
        """What the flow says besides its tasks: its decorator and parameters, what it computes, and waits for."""
        decorator = self.function.decorator_list[0]
        said = self.module.arguments(decorator) if isinstance(decorator, ast.Call) else {}
        shown = [(key, ast.unparse(self.module.resolved(said[key]))) for key in sorted(said.keys() - TOLD)]
        return (
            *shown,
            ("kind of function", type(self.function).__name__),
            ("parameters", ast.unparse(self.function.args)),
            ("waits", repr(sorted(self._id(one) for one in self.waits))),
            ("returns one by one", repr(sorted(self._id(self.futures.get(one, one)) for one in self.several))),
            ("computed", repr(sorted(self.computed))),
        )

    def _check_free(self, name: str, node: ast.AST) -> None:
        """No name of a future or of the module's is bound again."""
        module = self.module
        taken = (self.futures, self.lists, module.functions, module.constants, module.imports, module.classes)
        if any(name in names for names in taken):
            raise module.unclear(node, f"`{name}`, which is bound twice")

    def _id(self, name: str) -> str:
        return self.names.get(name, name)

    # Statements

    def _statement(self, node: ast.stmt, item: str | None, loop: _Call | None) -> None:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            self._assign(target, node.value, item, loop)
        elif isinstance(node, ast.For) and loop is None and not node.orelse:
            self._loop(node)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            self._bare(node.value, item, loop)
        elif isinstance(node, ast.Return) and node.value is not None and loop is None:
            self.returns, self.returned = tuple(self._futures(node.value)), True
            self.several = _starred(node.value)
        else:
            raise self.module.unclear(node, "a statement in a flow")

    def _assign(self, target: ast.expr, value: ast.expr, item: str | None, loop: _Call | None) -> None:
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        if not all(isinstance(one, ast.Name) for one in names):
            raise self.module.unclear(target, "what something is bound to")
        texts = [one.id for one in names if isinstance(one, ast.Name)]
        for text in texts:
            self._check_free(text, target)
        if isinstance(value, ast.List) and not value.elts and len(texts) == 1:
            self.lists[texts[0]] = None
        elif (name := self._called(value, item, loop)) is not None and len(texts) == 1:
            self.futures[texts[0]] = name
        else:
            text = self._python(value)
            self.computed.append(text)
            self.values |= {one: f"{text}[{number}]" if len(texts) > 1 else text for number, one in enumerate(texts)}

    def _bare(self, call: ast.Call, item: str | None, loop: _Call | None) -> None:
        """``wait([...])``, ``xs.append(x)``, or a call whose future nobody needs."""
        name = self.module.qualified(call.func) or ""
        if name == "prefect.futures.wait" and len(call.args) == 1 and not call.keywords:
            self.waits |= set(self._futures(call.args[0]))
        elif isinstance(call.func, ast.Attribute) and call.func.attr == "append" and loop is not None:
            self._append(call)
        elif self._called(call, item, loop) is None:
            raise self.module.unclear(call, "a call in a flow")

    def _append(self, call: ast.Call) -> None:
        owner = call.func.value if isinstance(call.func, ast.Attribute) else call
        name = self._future(call.args[0]) if len(call.args) == 1 else None
        if not isinstance(owner, ast.Name) or self.lists.get(owner.id, "") is not None or name is None:
            raise self.module.unclear(call, "what is appended to a list")
        self.lists[owner.id] = name
        self.futures[owner.id] = name

    def _loop(self, node: ast.For) -> None:
        call = node.iter
        kind = (self.module.qualified(call.func) or "").rpartition(".")[2] if isinstance(call, ast.Call) else ""
        if not isinstance(call, ast.Call) or kind not in LOOPS or not isinstance(node.target, ast.Name):
            raise self.module.unclear(node.iter, "a loop that isn't over the items of a group")
        loop = _Call(next(iter(self.tasks.values())), node)
        self._over(loop, kind, call.args[0])
        loop.loop = f"{self.module.place(node)}"
        for statement in node.body:
            self._statement(statement, node.target.id, loop)

    # Calls

    def _called(self, value: ast.expr, item: str | None, loop: _Call | None) -> str | None:
        """The name of the task that is submitted, or mapped; ``None``: it is something else."""
        if not isinstance(value, ast.Call):
            return None
        kind = (self.module.qualified(value.func) or "").rpartition(".")[2]
        if kind in WAYS and (self.module.qualified(value.func) or "").endswith(f".control.{kind}"):
            return self._mapped(value, kind)
        function = value.func
        if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
            return None
        task = self.tasks.get(function.value.id)
        if task is None:
            return None
        if function.attr != "submit" or value.args:
            raise self.module.unclear(value, "a task that isn't submitted")
        call = _Call(task, value)
        if loop is not None:
            call.lists, call.loop, call.over = list(loop.lists or ()), loop.loop, dict(loop.over)
            call.items = dict(loop.takes)
        self._arguments(call, value.keywords, item)
        return self._made(call)

    def _mapped(self, value: ast.Call, kind: str) -> str:
        first, over = value.args if len(value.args) == 2 else (None, None)
        task = self.tasks.get(first.id) if isinstance(first, ast.Name) else None
        if task is None or over is None:
            raise self.module.unclear(value, "what is expanded")
        call = _Call(task, value)
        self._over(call, kind, over)
        self._arguments(call, value.keywords, None)
        return self._made(call)

    def _made(self, call: _Call) -> str:
        if call.task.name in self.calls:
            raise self.module.unclear(call.node, f"the task {call.task.name} is called twice")
        self.calls[call.task.name] = call
        return call.task.name

    def _over(self, call: _Call, kind: str, node: ast.expr) -> None:
        """What is mapped over."""
        call.lists = []
        items: list[tuple[str, ast.expr]] = [("*", node)]
        if not kind.endswith("kwargs"):
            if not isinstance(node, ast.Dict) or None in node.keys:
                raise self.module.unclear(node, "what is mapped over")
            items = [(self.module.text(key), value) for key, value in zip(node.keys, node.values, strict=True) if key]
        for name, value in items:
            future = self._future(value)
            if future is not None:
                call.lists.append(future)
                call.takes[name] = future
            call.over[name] = f"<{self._id(future)}>" if future is not None else self._python(value)

    def _arguments(self, call: _Call, keywords: list[ast.keyword], item: str | None) -> None:
        call.asks = call.lists is not None or any(one.arg == "after" for one in keywords)
        for one in keywords:
            if one.arg is None:
                raise self.module.unclear(one.value, "arguments that aren't named")
            if one.arg == "wait_for":
                call.before += self._futures(one.value)
            elif one.arg == "after":
                self._after(call, one.value, item)
            else:
                self._argument(call, one.arg, one.value, item)

    def _argument(self, call: _Call, name: str, value: ast.expr, item: str | None) -> None:
        future = self._future(self._inside(value))
        if future is not None:
            call.takes[name] = future
            call.how.append(f"{self._id(future)}: {ast.unparse(Around().visit(copy.deepcopy(value)))}")
            if not call.asks:
                call.before.append(future)
        elif isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name) and value.value.id == item:
            key = self.module.text(value.slice)
            call.given[name] = f"item {key}"
            source = call.items.get(key, call.items.get("*"))
            call.takes |= {name: source} if source is not None else {}
        else:
            call.given[name] = self._python(value)

    def _inside(self, node: ast.expr) -> ast.expr:
        """What is in ``allow_failure(x)`` and ``results_of(xs)``."""
        if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
            name = self.module.qualified(node.func) or ""
            if name == "prefect.allow_failure" or name.rpartition(".")[2] in RESULTS:
                return node.args[0]
        return node

    def _after(self, call: _Call, node: ast.expr, item: str | None) -> None:
        if not isinstance(node, ast.Call) or not (self.module.qualified(node.func) or "").endswith(".control.after"):
            raise self.module.unclear(node, "what decides about a task")
        if not call.task.gated:
            raise self.module.unclear(node, f"the task {call.task.name} has no rule")
        for one in node.args:
            self._one_before(call, one)
        call.how += [f"after each of {self._id(self.futures.get(one, one))}" for one in _starred(ast.List(node.args))]
        places = {"setups": call.setups, "stopped_by": call.stopped_by, "scope": call.scope}
        for keyword in node.keywords:
            if keyword.arg in places:
                places[keyword.arg].extend(self._futures(keyword.value))
            elif keyword.arg != "item" or not isinstance(keyword.value, ast.Name) or keyword.value.id != item:
                raise self.module.unclear(node, "what decides about a task")

    def _one_before(self, call: _Call, node: ast.expr) -> None:
        kind = (self.module.qualified(node.func) or "").rpartition(".")[2] if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and kind == "chosen":
            future = self._future(node.args[0])
            if future is not None:
                call.ways[future] = tuple(self.module.text(one) for one in node.args[1:])
        elif isinstance(node, ast.Call) and kind in SETUPS and len(node.args) == 1:
            future = self._future(node.args[0])
            if future is not None:
                call.setup_before.append(future)
                call.how.append(f"{self._id(future)} as a setup")
        else:
            future = self._future(node.value if isinstance(node, ast.Starred) else node)
        if future is None:
            raise self.module.unclear(node, "what isn't a task's future")
        call.before.append(future)

    def _future(self, node: ast.expr) -> str | None:
        return self.futures.get(node.id) if isinstance(node, ast.Name) else None

    def _futures(self, node: ast.expr) -> Iterator[str]:
        for one in node.elts if isinstance(node, ast.List | ast.Tuple) else [node]:
            name = self._future(one.value if isinstance(one, ast.Starred) else one)
            if name is None:
                raise self.module.unclear(node, "what isn't a task's future")
            yield name

    def _python(self, node: ast.expr) -> str:
        """A value of the flow's own: its text, with the flow's names resolved."""
        used = [one for one in ast.walk(node) if isinstance(one, ast.Name) and one.id in self.futures]
        if used:
            raise self.module.unclear(node, "what a flow does with a future")
        text = ast.unparse(Values(self.values).visit(ast.parse(ast.unparse(node), mode="eval")))
        return " ".join(text.split())

    # Tasks

    def _unit(self, call: _Call) -> Unit:
        task = call.task
        region = self._region(call)
        how: How = "delegated" if task.delegates else "gated" if call.asks else "plain"
        waits = region or call
        takes = {name: self._id(one) for name, one in waits.takes.items()}
        unit = Unit(
            id=self._id(task.name),
            place=task.place,
            how=how,
            after=frozenset(self._id(one) for one in waits.before),
            takes=takes,
            rule=waits.task.rule if waits.asks else "all_success",
            retries=task.retries,
            retry_delay_s=task.delay if task.retries else None,
            exponential=task.exponential,
            pool=next((tag for tag in task.tags if tag.startswith("pool:")), None),
            priority=next((tag for tag in task.tags if tag.startswith("priority")), None),
            together=region.task.name if region is not None else None,
            setup=any(task.name in one.setup_before or task.name in one.setups for one in self.calls.values()),
            optional=task.gated,
            settings=(*task.settings, ("results", repr(sorted(call.how)))),
            expansion=self._expansion(call),
            gate=self._gate(waits) if waits.task.gated or self._skipped_by(task.name)[1] else None,
            reads=reads_of(task.function, takes),
        )
        return replace(unit, body=self._body(call, takes))

    def _region(self, call: _Call) -> _Call | None:
        """The call that has Airflow run a task together with others."""
        if call.task.delegates != MEMBER:
            return None
        names = [name for name in call.takes.values() if self.calls[name].task.delegates == REGION]
        told = call.task.members
        if len(names) != 1 or call.before != names or told != (self._id(call.task.name),):
            raise self.module.unclear(call.node, "a task of a region that isn't understood")
        if told[0] not in self.calls[names[0]].task.members:
            raise self.module.unclear(call.node, f"the region {names[0]} doesn't run {told[0]}")
        return self.calls[names[0]]

    def _body(self, call: _Call, takes: Mapping[str, str]) -> str:
        """The function, and what the flow gives it of its own."""
        given = {**call.given, **{f"over {name}": text for name, text in call.over.items()}}
        return f"{normal(self.module, call.task.function, {**takes, **call.given})}\n{sorted(given.items())}"

    def _gate(self, call: _Call) -> Gate:
        ways, skips = self._skipped_by(call.task.name)
        gate = call.task.gate or Gate()
        return replace(
            gate,
            choosers=tuple(self._id(one) for one in call.stopped_by),
            setups=tuple(self._id(one) for one in call.setups),
            scope=tuple(self._id(one) for one in call.scope),
            ways=ways if call.task.choices is not None else None,
            known=call.task.choices or (),
            skips=skips,
        )

    def _skipped_by(self, name: str) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
        """As a branch: for each id the tasks that it leads to; as a short circuit: the tasks that it stops."""
        ways: dict[str, list[str]] = {}
        skips: list[str] = []
        for other in self.calls.values():
            for one in other.ways.get(name, ()):
                ways.setdefault(one, []).append(self._id(other.task.name))
            if name in other.stopped_by:
                skips.append(self._id(other.task.name))
        return {one: tuple(found) for one, found in ways.items()}, tuple(skips)

    def _expansion(self, call: _Call) -> Expansion | None:
        if call.lists is None:
            return None
        lists = tuple(self._id(one) for one in call.lists)
        if call.loop is not None:
            return Expansion(id=f"group of {call.loop}", lists=lists)
        gate = self._gate(call)
        return Expansion(
            id=self._id(call.task.name), rule=call.task.rule, after=tuple(self._id(one) for one in call.before),
            lists=lists, gate=Gate(choosers=gate.choosers, setups=gate.setups, scope=gate.scope),
        )  # fmt: skip


def _starred(node: ast.expr) -> list[str]:
    """The names in a list of which all items are meant."""
    items = node.elts if isinstance(node, ast.List | ast.Tuple) else []
    return [ast.unparse(one.value) for one in items if isinstance(one, ast.Starred)]


def _arguments(function: Function) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
