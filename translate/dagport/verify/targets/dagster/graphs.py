"""Graphs of ops: ``@dg.graph_multi_asset`` and ``@dg.job`` whose ops hand on how they have ended (``control.py``)."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from dagport.verify.targets.code import Function, Module
from dagport.verify.targets.dagster.assets import RUN_TASK_IN_AIRFLOW, Assets, delegating, key_of
from dagport.verify.targets.dagster.ops import (
    OF_GRAPH,
    OF_JOB,
    OF_OUT,
    READ,
    Op,
    check,
    metadata_of,
    ops_of,
    others,
    outputs_of,
    said,
    targets,
)
from dagport.verify.targets.dagster.schedules import Job
from dagport.verify.targets.model import Expansion, Gate, Unit
from dagport.verify.targets.normal import normal
from dagport.verify.targets.reads import reads_of

DECIDING = ("after", "choosers", "setups", "start")
UNUSED = "_"
WHICH = ("context", "dag_id", "task_id")
"""What says which task Airflow runs."""
Kind = Literal["before", "asset", "done", "value", "whole", "each", "runs"]


@dataclass(slots=True)
class _Call:
    """A call in the graph's body."""

    op: Op
    inputs: dict[str, str] = field(default_factory=dict)  # parameter -> task
    after: list[str] = field(default_factory=list)
    choosers: list[str] = field(default_factory=list)
    setups: list[str] = field(default_factory=list)
    start: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)  # assets before the graph: they have succeeded


@dataclass(frozen=True, slots=True)
class Graphs:
    """Reads the graphs of a module."""

    module: Module
    assets: Assets
    names: Mapping[str, str]  # task of each asset key

    def read(self, function: Function, job: Job) -> tuple[list[Unit], tuple[str, ...], tuple[tuple[str, str], ...]]:
        """The tasks of a graph, those that decide about the run at its end, and settings of the graph.

        Raises ``NotUnderstoodError``.
        """
        return _Graph(self, function, job).read()


class _Graph:
    def __init__(self, graphs: Graphs, function: Function, job: Job) -> None:
        self.job = job
        self.graphs, self.module, self.function = graphs, graphs.module, function
        self.ops = ops_of(graphs.module)
        self.env: dict[str, tuple[Kind, str]] = {}
        self.calls: dict[str, _Call] = {}
        self.expansions: dict[str, _Call] = {}
        self.within: dict[str, str] = {}  # task -> the expansion that makes its instances
        self.gathered: dict[str, _Call] = {}
        self.inner: dict[str, Function] = {}
        self.returns: tuple[str, ...] = ()
        self.returned = False
        self.enders: list[Op] = []
        self.assets: dict[str, str] = {}  # output -> task

    def read(self) -> tuple[list[Unit], tuple[str, ...], tuple[tuple[str, str], ...]]:
        decorator = self.function.decorator_list[0]
        arguments = self.module.arguments(decorator) if isinstance(decorator, ast.Call) else {}
        nothings = self.graphs.assets.nothings(arguments.get("ins"))
        for name, key in self.graphs.assets.ins(arguments.get("ins")).items():
            self.env[name] = ("before" if name in nothings else "asset", self.graphs.names.get(key, key))
        self._known_parameters()
        for node in self.function.body:
            if self.returned:
                raise self.module.unclear(node, "a statement after the end of a graph")
            self._statement(node)
        self._check_assets()
        units = [self._unit(call, arguments) for call in self.calls.values()]
        return units, self.returns, tuple(self._settings(arguments))

    def _settings(self, arguments: Mapping[str, ast.expr]) -> Iterator[tuple[str, str]]:
        """What the decorators of the graph and of what ends it say, but for what is read elsewhere."""
        own = OF_JOB if self.job.node is self.function else {"outs", "ins"}
        unknown = arguments.keys() - {"name", "description", *own, *OF_GRAPH}
        if unknown:
            raise self.module.unclear(self.function, f"the argument `{min(unknown)}`")
        for name in sorted(arguments.keys() & OF_GRAPH):
            yield name, ast.unparse(self.module.resolved(arguments[name]))
        for op in self.enders:
            yield "ends", repr(said(self.module, op))
        for output, value in outputs_of(self.module, self.function):
            out = self.module.resolved(value)
            settings = self.module.arguments(out) if isinstance(out, ast.Call) else {}
            said_of_it = [*others(self.module, settings, OF_OUT), *metadata_of(self.module, settings)]
            yield self.assets.get(output, output), repr(said_of_it)

    def _check_assets(self) -> None:
        """Each asset at the end of the graph is the value of its own task."""
        for output, value in outputs_of(self.module, self.function):
            out = self.module.resolved(value)
            settings = self.module.arguments(out) if isinstance(out, ast.Call) else {}
            key = key_of(self.module, self.function, {"name": ast.Constant(output), **settings})
            if not self.job.selects(key):
                raise self.module.unclear(value, f"the asset {key} isn't selected by {self.job.name}")
            task = self.graphs.names.get(key)
            if task is not None and self.assets.get(output) != task:
                raise self.module.unclear(value, f"the asset {key} isn't what {task} hands over")

    def _known_parameters(self) -> None:
        for arg in self.function.args.args:
            if arg.arg not in self.env:
                raise self.module.unclear(self.function.args, f"the parameter `{arg.arg}` that no `ins` names")

    # Statements

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return
        if isinstance(node, ast.FunctionDef) and not node.decorator_list:
            if node.name in self.ops or node.name in self.inner or node.name in self.env:
                raise self.module.unclear(node, "a function whose name is taken")
            self.inner[node.name] = node
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            self._assign(node.targets[0], node.value)
        elif isinstance(node, ast.Expr):
            self._assign(None, node.value)
        elif isinstance(node, ast.Return):
            self._return(node)
        else:
            raise self.module.unclear(node, "a statement in a graph")

    def _assign(self, target: ast.expr | None, value: ast.expr) -> None:
        if not isinstance(value, ast.Call):
            raise self.module.unclear(value, "no call of an op")
        names = [] if target is None else targets(target)
        if names is None:
            raise self.module.unclear(value, "what a call is bound to")
        if isinstance(value.func, ast.Attribute) and value.func.attr == "map":
            self._map(names, value)
            return
        name = value.func.id if isinstance(value.func, ast.Name) else ""
        op = self.ops.get(name)
        if op is None:
            raise self.module.unclear(value, "a call of what isn't an op")
        self._check_new(op, value)
        call = self._call(op, value)
        if op.kind == "ends_op":
            self.returns += tuple(call.after)
            self.enders.append(op)
            self._bind(names, [("value", "")], value)
        elif op.kind == "expand_op":
            self.expansions[op.task_id] = call
            self._bind(names, [("whole", op.task_id), ("each", op.task_id)], value)
        elif op.kind == "gather_op":
            self.gathered[op.task_id] = call
            self._bind(names, [("done", op.task_id), ("value", op.task_id)], value)
        else:
            self.calls[op.task_id] = call
            self._bind(names, [("done", op.task_id), ("value", op.task_id)], value)

    def _check_new(self, op: Op, node: ast.AST) -> None:
        """An op is called once."""
        called = {"expand_op": self.expansions, "gather_op": self.gathered}.get(op.kind, self.calls)
        if op.kind != "ends_op" and op.task_id in called:
            raise self.module.unclear(node, "an op that is called twice")

    def _bind(self, names: list[str], found: list[tuple[Kind, str]], node: ast.AST) -> None:
        if len(names) > len(found) or any(name in self.env or name in self.ops for name in names if name != UNUSED):
            raise self.module.unclear(node, "what a call is bound to")
        self.env |= {name: one for name, one in zip(names, found, strict=False) if name != UNUSED}

    def _map(self, names: list[str], node: ast.Call) -> None:
        """``each.map(lambda item: op(item=item, ...))``, or with a function of the graph's."""
        base = node.func.value if isinstance(node.func, ast.Attribute) else node
        kind, expansion = self.env.get(base.id, ("", "")) if isinstance(base, ast.Name) else ("", "")
        if kind != "each" or len(node.args) != 1 or node.keywords:
            raise self.module.unclear(node, "a map that isn't understood")
        how = node.args[0]
        if isinstance(how, ast.Lambda) and isinstance(how.body, ast.Call):
            task = self._mapped_call(how.body, expansion, how.args.args[0].arg)
            self._bind(names, [("runs", task)], node)
            return
        function = self.inner.get(how.id) if isinstance(how, ast.Name) else None
        if function is None:
            raise self.module.unclear(node, "a map that isn't understood")
        self._bind(names, [("runs", task) for task in self._group(function, expansion)], node)

    def _group(self, function: Function, expansion: str) -> list[str]:
        item = function.args.args[0].arg
        outer, found = dict(self.env), list[str]()
        for node in function.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                task = self._mapped_call(node.value, expansion, item)
                names = targets(node.targets[0])
                if names is None:
                    raise self.module.unclear(node, "what a call is bound to")
                self._bind(names, [("done", task), ("value", task)], node)
            elif isinstance(node, ast.Return) and node.value is not None:
                values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
                found = [self._task(value, "done") for value in values]
            elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
                raise self.module.unclear(node, "a statement in a mapped group")
        self.env = outer
        return found

    def _mapped_call(self, node: ast.Call, expansion: str, item: str) -> str:
        op = self.ops.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if op is None or op.kind != "task_op":
            raise self.module.unclear(node, "a call of what isn't an op")
        self._check_new(op, node)
        kept = [one for one in node.keywords if one.arg != "item"]
        given = [one.value for one in node.keywords if one.arg == "item"]
        if not all(isinstance(one, ast.Name) and one.id == item for one in given) or item in self.ops:
            raise self.module.unclear(node, "an item that isn't that of the map")
        self.calls[op.task_id] = self._call(op, ast.Call(node.func, node.args, kept))
        self.within[op.task_id] = expansion
        return op.task_id

    def _call(self, op: Op, node: ast.Call) -> _Call:
        found = _Call(op)
        for name, value in self.module.arguments(node).items():
            if name in DECIDING:
                values = value.elts if isinstance(value, ast.List) else [value]
                for one in values:
                    self._wait(found, name, one)
            elif op.kind == "gather_op" and name in ("whole", "each"):
                self._check_gathered(op, name, value)
            else:
                found.inputs[name] = self._task(value, "done", "asset")
                found.outside += [found.inputs[name]] * self._is_outside(value)
        return found

    def _wait(self, call: _Call, name: str, node: ast.expr) -> None:
        task = self._task(node, "done", "asset", "before", "value")
        if self._is_outside(node):
            call.outside.append(task)
        else:
            getattr(call, name).append(task)

    def _is_outside(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and self.env[node.id][0] in ("asset", "before")

    def _check_gathered(self, op: Op, name: str, node: ast.expr) -> None:
        """``whole`` is the expansion's, ``each`` all results of this task."""
        if name == "whole":
            expansion = self._task(node, "whole")
            if self.within.get(op.task_id) != expansion:
                raise self.module.unclear(node, f"another expansion than that of {op.task_id}")
            return
        is_collected = (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "collect"
        )
        if not is_collected or self._task(node.func.value, "runs") != op.task_id:  # type: ignore[attr-defined]
            raise self.module.unclear(node, f"what aren't the instances of {op.task_id}")

    def _task(self, node: ast.expr, *kinds: Kind) -> str:
        found = self.env.get(node.id) if isinstance(node, ast.Name) else None
        if found is None or found[0] not in kinds:
            raise self.module.unclear(node, "no task's end")
        return found[1]

    def _return(self, node: ast.Return) -> None:
        self.returned = True
        if node.value is None:
            return
        if not isinstance(node.value, ast.Dict):
            raise self.module.unclear(node, "a graph that doesn't return a dict")
        for key, value in zip(node.value.keys, node.value.values, strict=True):
            output = self.module.text(key) if key is not None else ""
            if isinstance(value, ast.Call):  # run_ends(after=[...])
                self._assign(None, value)
                continue
            self.assets[output] = self._task(value, "value")

    # Tasks

    def _unit(self, call: _Call, arguments: Mapping[str, ast.expr]) -> Unit:
        op, settings = call.op, call.op.arguments
        check(self.module, op)
        expansion = self.within.get(op.task_id)
        own = self.expansions.get(expansion) if expansion else None
        reads = set(self._texts(settings.get("reads")))
        direct = [task for name, task in call.inputs.items() if name not in reads] + call.after
        takes = dict(call.inputs)
        gathered = self.gathered.get(op.task_id)
        if own is not None and own.op.task_id == op.task_id:
            outer = set(self._texts(own.op.arguments.get("reads")))
            direct = [task for name, task in own.inputs.items() if name not in outer] + own.after
            takes |= {f"{name} of items": task for name, task in own.inputs.items()}
        elif own is not None:  # a task of a mapped group
            lists = self._lists(own, self._items(op).values())
            direct += lists.values()
            takes |= {f"{name} of items": task for name, task in lists.items()}
        retries, delay, exponential = self.graphs.assets.retries(settings.get("retry_policy"))
        unit = Unit(
            id=op.task_id,
            place=self.module.place(op.function or op.node),
            how="delegated" if self._delegates(op) else "gated",
            after=frozenset([*direct, *call.outside, *(own.outside if own is not None else ())]),
            takes=takes,
            rule=self._rule(own.op if own is not None and own.op.task_id == op.task_id else op),
            retries=retries,
            retry_delay_s=delay,
            exponential=exponential,
            pool=self.module.text(settings["pool"]) if "pool" in settings else None,
            priority=self.graphs.assets.priority(settings.get("tags")),
            setup=self._is(op, "setup"),
            expansion=self._expansion(own) if own is not None else None,
            gate=self._gate(call, gathered.op if gathered else op),
            settings=tuple(self._of_ops(op, own, gathered)),
        )
        if op.function is None:
            return unit
        return replace(unit, body=self._body(op, own, takes), reads=reads_of(op.function, takes))

    def _delegates(self, op: Op) -> bool:
        """Whether Airflow runs the task of an op. Raises ``NotUnderstoodError`` where it would run another one."""
        called = delegating(self.module, op.function, RUN_TASK_IN_AIRFLOW) if op.function is not None else None
        if called is None:
            return False
        if len(called.args) != len(WHICH) or self.module.text(called.args[-1]) != op.task_id:
            raise self.module.unclear(called, f"another task than {op.task_id}")
        return True

    def _lists(self, own: _Call, items: Collection[str]) -> dict[str, str]:
        """The tasks whose results some arguments are the items of: ``return {"argument": parameter}``."""
        returned = own.op.function.body[-1] if own.op.function is not None else None
        value = returned.value if isinstance(returned, ast.Return) else None
        found = zip(value.keys, value.values, strict=True) if isinstance(value, ast.Dict) else ()
        used = {
            node.id
            for key, one in found if key is not None and self.module.text(key) in items
            for node in ast.walk(one) if isinstance(node, ast.Name)
        }  # fmt: skip
        return {name: task for name, task in own.inputs.items() if name in used}

    def _of_ops(self, op: Op, own: _Call | None, gathered: _Call | None) -> Iterator[tuple[str, str]]:
        """What the decorators of a task's ops say, but for what is read elsewhere."""
        if op.function is not None:
            yield from self.module.limit(op.function)
        yield from others(self.module, op.arguments, READ)
        for kind, call in (("items", own), ("gathers", gathered)):
            if call is not None:
                yield kind, repr(said(self.module, call.op))

    def _body(self, op: Op, own: _Call | None, takes: Mapping[str, str]) -> str:
        """The function, with what makes its items, and which of its parameters they are."""
        text = normal(self.module, op.function, takes) if op.function is not None else ""
        items = self._items(op)
        if own is not None and own.op.function is not None:
            text += f"\nitems {items} of {normal(self.module, own.op.function, own.inputs)}"
        return text

    def _rule(self, op: Op) -> str:
        return self.module.text(op.arguments["rule"]) if "rule" in op.arguments else "all_success"

    def _is(self, op: Op, name: str) -> bool:
        return name in op.arguments and self.module.literal(op.arguments[name]) is True

    def _texts(self, node: ast.expr | None) -> tuple[str, ...]:
        value = self.module.literal(node) if node is not None else ()
        if not isinstance(value, list | tuple):
            raise self.module.unclear(self.function, "no list of texts")
        return tuple(map(str, value))

    def _items(self, op: Op) -> dict[str, str]:
        """The parameters that get a part of an item, and which."""
        node = op.arguments.get("item")
        value = self.module.literal(node) if node is not None else ()
        if isinstance(value, Mapping):
            return {str(name): str(part) for name, part in value.items()}
        return {name: name for name in self._texts(node)}

    def _gate(self, call: _Call, ends: Op) -> Gate:
        settings = call.op.arguments
        ways = self.module.literal(settings["ways"]) if "ways" in settings else None
        return Gate(
            choosers=tuple(call.choosers),
            setups=tuple(call.setups),
            scope=tuple(call.start),
            ways={str(one): tuple(map(str, found)) for one, found in ways.items()} if isinstance(ways, dict) else None,
            known=self._texts(settings.get("known")),
            skips=self._texts(settings.get("skips")),
            caught=self._is(ends, "caught"),
        )

    def _expansion(self, call: _Call) -> Expansion:
        reads = set(self._texts(call.op.arguments.get("reads")))
        direct = [task for name, task in call.inputs.items() if name not in reads]
        return Expansion(
            id=call.op.task_id,
            rule=self._rule(call.op),
            after=(*direct, *call.after),
            lists=tuple(call.inputs.values()),
            gate=Gate(choosers=tuple(call.choosers), setups=tuple(call.setups), scope=tuple(call.start)),
        )
