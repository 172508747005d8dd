"""The text of ops and of the graph, or job, that they make up: it reads like the DAG."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dagport.graph import Task
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import Function
from dagport.writers.common.naming import Names, clean, identifier, python_names
from dagport.writers.dagster.graphs import Graphs, units_of
from dagport.writers.dagster.inputs import Inputs
from dagport.writers.dagster.multi import as_dict, as_list, call, output_name, output_place
from dagport.writers.dagster.render import render
from dagport.writers.dagster.scope import AssetName, Scope

OF_ASSETS = ("description", "owners", "tags", "metadata", "kinds")
OF_OPS = ("description", "retry_policy", "pool")
OP_TAGS = ("op_tags", "tags")
INDENT = "    "
INPUTS = ("context", "config", "item", "after", "choosers", "setups", "start")
"""What else an op takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """The function that says what a mapped task, or a mapped group, is expanded over."""

    task_id: str  # or the id of the group
    function: str
    inputs: Inputs
    body: str
    op: str  # the op's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """An op before it is rendered."""

    task: Task
    name: AssetName
    inputs: Inputs
    function: Function
    settings: Mapping[str, str]  # of the op
    asset: Mapping[str, str]  # of its asset, where it has one


def settings_of_op(arguments: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
    """The settings of an asset divided: those of an op, those of the op's asset, and what neither has."""
    op = {name: arguments[name] for name in OF_OPS if name in arguments}
    tags = [arguments[name] for name in OP_TAGS if name in arguments]
    if len(tags) == 1:
        op["tags"] = tags[0]
    elif tags:
        op["tags"] = f"{{{', '.join(f'**{text}' for text in tags)}}}"
    asset = {name: arguments[name] for name in OF_ASSETS if name in arguments}
    return op, asset, tuple(name for name in arguments if name not in (*OF_OPS, *OF_ASSETS, *OP_TAGS))


@dataclass(kw_only=True)
class GraphWriter:
    """Writes the ops and the graph of one region."""

    scope: Scope
    graphs: Graphs
    region: tuple[str, ...]
    prefix: str
    names: Names  # of the module
    ops: Mapping[str, Op]
    expansions: Mapping[str, Expansion]  # by the id of a mapped task or group
    function: str  # name of the graph
    ends: str  # name of what fails the run
    decorator: Mapping[str, str] = field(default_factory=dict)  # further arguments of the graph's decorator

    def __post_init__(self) -> None:
        self.control = self.graphs.control
        self.inside = set(self.region)
        self.read = {one for task_id in self.region for one in self._edges(task_id)}
        self.locals = python_names({*(op.name.function for op in self.ops.values()), self.ends, "dg"})
        self.done: dict[str, str] = {}  # task -> variable
        self.values: dict[str, str] = {}
        self.entries: dict[str, str] = {}  # task before the graph -> parameter
        self.loaded: set[str] = set()  # those of which the graph takes the value
        self.used: set[str] = set()  # what is imported from the project's control.py

    def texts(self) -> Iterator[str]:
        """The functions of the ops, then the graph."""
        for task_id in self.region:
            group = self.control[task_id].group
            for name in (group, task_id):
                if name in self.expansions and name is not None and name not in self.done:
                    yield self._expand(self.expansions[name], task_id)
                    self.done[name] = ""
            yield self._op(task_id)
            if self._is_several(task_id) and self._is_gathered(task_id):
                yield self._gather(task_id)
        self.done.clear()
        if self.caught_leaves:
            default = "" if self.ends == "run_ends" else f", name={text_literal(self.ends)}"
            self.used.add("ends_op")
            yield f"{self.ends} = ends_op(dag={text_literal(self.prefix)}{default})"
        yield self._graph()

    @property
    def caught_leaves(self) -> list[str]:
        """The tasks that decide about the run, and whose failure is handed on."""
        return [one for one in self.region if self.control[one].leaf and self.control[one].caught]

    # Facts

    def _edges(self, task_id: str) -> tuple[str, ...]:
        return self.control[task_id].waits

    def _is_several(self, task_id: str) -> bool:
        return self.ops[task_id].task.mapped is not None or self.control[task_id].group is not None

    def _is_gathered(self, task_id: str) -> bool:
        """Whether something needs all instances together: what comes after them, or an asset."""
        group = self.control[task_id].group
        if group is None or self.is_end(task_id):
            return True
        if any(task_id in self._edges(one) and self.control[one].group != group for one in self.region):
            return True
        members = [one for one in self.region if self.control[one].group == group]
        return any(self._outside(one) for one in members)

    def _outside(self, task_id: str) -> list[str]:
        """The direct upstreams of a task of a mapped group that lie neither in it nor are what it is expanded over."""
        found, group = self.control[task_id], self.control[task_id].group
        return [
            one
            for one in found.upstream
            if one not in found.lists and (one not in self.inside or self.control[one].group != group)
        ]

    def _beside(self, task_id: str) -> dict[str, str]:
        """The direct upstreams of the same mapped group whose results it doesn't take, and the inputs for them."""
        found, inputs = self.control[task_id], self.ops[task_id].inputs
        names = python_names({*inputs.given(), *inputs.upstream.values(), *inputs.items.values(), *INPUTS})
        same = [one for one in found.upstream if one in self.inside and self.control[one].group == found.group]
        if found.group is None:
            return {}
        return {
            one: names.allocate(self.ops[one].name.function, ["before"]) for one in same if one not in inputs.upstream
        }

    def is_end(self, task_id: str) -> bool:
        """Whether the task's value is an asset: nothing comes after it, or it says that it updates one."""
        if self.graphs.job:
            return False
        return task_id not in self.read or bool(self.ops[task_id].task.outlets)

    # Ops

    def _op(self, task_id: str) -> str:
        op, found = self.ops[task_id], self.control[task_id]
        several, mapped = self._is_several(task_id), op.task.mapped is not None
        arguments = self._named(task_id, f"{self.prefix}__{op.name.short}", "")
        if found.rule != "all_success" and found.upstream and not mapped:
            arguments["rule"] = text_literal(found.rule)
        if found.caught:
            arguments["caught"] = "True"
        reads = [name for one, name in op.inputs.upstream.items() if mapped or one not in found.upstream]
        if reads:
            arguments["reads"] = as_list(reads)
        if self.is_end(task_id) and not several:
            arguments["asset"] = "True"
        if op.task.setup:
            arguments["setup"] = "True"
        if found.ways:
            arguments["ways"] = as_dict({way: as_list(tasks) for way, tasks in found.ways.items()})
            before = {task_id, *self.scope.dependencies.ancestors(task_id)}
            others = [one.id for one in self.scope.pipeline.tasks if one.id not in {*found.ways, *before}]
            arguments |= {"known": as_list(others)} if others else {}
        elif found.skips:
            arguments["skips"] = as_list(found.skips)
        if several:
            items = {parameter: name for name, parameter in op.inputs.items.items()}
            same = all(parameter == name for parameter, name in items.items())
            arguments["item"] = (
                as_list(list(items)) if same else as_dict({one: text_literal(name) for one, name in items.items()})
            )
        beside = self._beside(task_id)
        if beside:
            arguments["beside"] = as_list(list(beside.values()))
        settings = dict(op.settings)
        if op.function.documented:
            settings.pop("description", None)
        text = self._rendered(
            "task_op", op.function.in_op or op.function.text, {**arguments, **settings}, op.function.comments
        )
        return text.replace("context: dg.AssetExecutionContext", "context: dg.OpExecutionContext", 1)

    def _named(self, task_id: str, op_name: str, more: str) -> dict[str, str]:
        """Which task an op is of, and its name where that doesn't follow."""
        arguments = {"dag": text_literal(self.prefix), "task_id": text_literal(task_id)}
        if op_name != f"{self.prefix}__{clean(task_id)}{more}":
            arguments["name"] = text_literal(op_name)
        return arguments

    @staticmethod
    def _rendered(decorator: str, function: str, arguments: Mapping[str, str], comments: str = "") -> str:
        return render(
            "op.py", decorator=decorator, comments=comments, arguments=dict(arguments), function=function
        ).rstrip()

    def _expand(self, expansion: Expansion, task_id: str) -> str:
        found = self.control[task_id]
        arguments = self._named(expansion.task_id, expansion.op, "_items")
        of_task = expansion.task_id == task_id
        if of_task and found.rule != "all_success":
            arguments["rule"] = text_literal(found.rule)
        if found.caught or not of_task:
            arguments["caught"] = "True"
        reads = [one for name, one in expansion.inputs.upstream.items() if of_task and name not in found.upstream]
        if reads:
            arguments["reads"] = as_list(reads)
        head = f"def {expansion.function}({', '.join(expansion.inputs.signature())}):"
        self.used.add("expand_op")
        text = self._rendered("expand_op", f"{head}\n    {expansion.body}", arguments)
        return text.replace("context: dg.AssetExecutionContext", "context: dg.OpExecutionContext", 1)

    def _gather(self, task_id: str) -> str:
        found, op = self.control[task_id], self.ops[task_id]
        name = self.scope.project.op(f"{self.prefix}__{op.name.short}_all", self.prefix, task_id, "all")
        arguments = self._named(task_id, name, "_all")
        if found.group is not None and found.rule != "all_success":
            arguments["rule"] = text_literal(found.rule)
        if found.caught:
            arguments["caught"] = "True"
        if self.is_end(task_id):
            arguments["asset"] = "True"
        self.used.add("gather_op")
        return f"{self._all(task_id)} = {call('gather_op', arguments)}"

    def _all(self, task_id: str) -> str:
        """The name of what gathers a task's instances."""
        key = f"{task_id} all"
        if key not in self.values:
            self.values[key] = self.names.allocate(f"{self.ops[task_id].name.function}_all")
            self.locals.reserve([self.values[key]])
        return self.values[key]

    # The graph

    def _graph(self) -> str:
        for expansion in self.expansions.values():
            self.locals.reserve([expansion.function])
        lines = [line for unit in units_of(self.region, self.control) for line in self._unit(unit)]
        outs = {output_name(self.ops[one].name): self.values[one] for one in self.region if self.is_end(one)}
        if self.caught_leaves:
            ended = f"{self.ends}(after=[{', '.join(self.done[one] for one in self.caught_leaves)}])"
            if self.graphs.job:
                lines.append(ended)
            else:
                outs[self.ends] = ended
        if not self.graphs.job:
            lines.append(f"return {as_dict(outs)}")
        head = f"def {self.function}({', '.join(self.entries.values())}):"
        body = "\n".join(INDENT + line for line in lines)
        decorator = "dg.job" if self.graphs.job else "dg.graph_multi_asset"
        arguments = dict(self.decorator if self.graphs.job else {**self._places(), **self.decorator})
        return self._rendered(decorator, f"{head}\n{body}", arguments)

    def _places(self) -> dict[str, str]:
        """Where the graph's assets come from and go."""
        names, arguments = self.scope.names, {"group_name": text_literal(self.prefix)}
        ins = {
            parameter: call(
                "dg.AssetIn",
                {"key": as_list(names[one].key), **({} if one in self.loaded else {"dagster_type": "dg.Nothing"})},
            )
            for one, parameter in self.entries.items()
        }
        if ins:
            arguments["ins"] = as_dict(ins)
        outs = {}
        for one in self.region:
            if self.is_end(one):
                op = self.ops[one]
                place = {**output_place(op.name), "is_required": "False", **op.asset}
                outs[output_name(op.name)] = call("dg.AssetOut", place)
        if self.caught_leaves:
            place = {"key_prefix": text_literal(self.prefix), "dagster_type": "dg.Nothing"}
            outs[self.ends] = call("dg.AssetOut", place)
        return {**arguments, "outs": as_dict(outs)}

    def _unit(self, unit: Sequence[str]) -> Iterator[str]:
        """The lines of a task, or of a mapped group."""
        first = unit[0]
        group = self.control[first].group
        if group is not None:
            yield from self._group(group, unit)
        elif self._is_several(first):
            yield from self._mapped(first)
        else:
            yield self._called(first, self._assigned(first), self.ops[first].name.function)

    def _called(self, task_id: str, assigned: str, function: str) -> str:
        arguments = [*self._data(task_id, self.ops[task_id].inputs), *self._order(task_id, self.ops[task_id].inputs)]
        return f"{assigned}{function}({', '.join(arguments)})"

    def _assigned(self, task_id: str) -> str:
        """The variables for what a call gives, where something takes it."""
        function = self.ops[task_id].name.function
        is_taken = task_id in self.read or task_id in self.caught_leaves
        self.done[task_id] = self.locals.allocate(f"{function}_done") if is_taken or self.is_end(task_id) else ""
        if self.is_end(task_id):
            self.values[task_id] = self.locals.allocate(f"{function}_value")
            return f"{self.done[task_id] if is_taken else '_'}, {self.values[task_id]} = "
        return f"{self.done[task_id]} = " if is_taken else ""

    def _data(self, task_id: str, inputs: Inputs) -> Iterator[str]:
        for one, parameter in inputs.upstream.items():
            yield f"{parameter}={self._value(one)}"

    def _value(self, task_id: str) -> str:
        if task_id in self.inside:
            return self.done[task_id]
        self.loaded.add(task_id)
        return self._entry(task_id)

    def _entry(self, task_id: str) -> str:
        """The graph's parameter for an asset before it."""
        if task_id not in self.entries:
            self.entries[task_id] = self.locals.allocate(identifier(self.scope.names[task_id].short, "task"), ["asset"])
        return self.entries[task_id]

    def _order(self, task_id: str, inputs: Inputs, without: Iterable[str] = ()) -> Iterator[str]:
        """What else decides, or has to have ended."""
        found = self.control[task_id]
        taken = {*inputs.upstream, *without}
        beside = self._beside(task_id)
        yield from (f"{name}={self.done[one]}" for one, name in beside.items())
        before = set(self.scope.dependencies.upstream[task_id]) - self.inside - taken
        start = [self._entry(one) for one in self.scope.dependencies.order if one in before]
        start += [self.done[one] for one in found.scope if one in self.inside]
        kinds = {
            "after": [self.done[one] for one in found.upstream if one in self.inside and one not in {*taken, *beside}],
            "choosers": [self.done[one] for one in found.far],
            "setups": [self.done[one] for one in found.setups],
            "start": start,
        }
        for name, texts in kinds.items():
            if texts:
                yield f"{name}=[{', '.join(texts)}]"

    # What is mapped

    def _mapped(self, task_id: str) -> Iterator[str]:
        op, expansion = self.ops[task_id], self.expansions[task_id]
        base = op.name.function
        whole, each, runs = (self.locals.allocate(f"{base}_{more}") for more in ("whole", "each", "runs"))
        arguments = [*self._data(task_id, expansion.inputs), *self._order(task_id, expansion.inputs)]
        yield f"{whole}, {each} = {expansion.function}({', '.join(arguments)})"
        given = ["item=item", *self._data(task_id, op.inputs)]
        yield f"{runs} = {each}.map(lambda item: {base}({', '.join(given)}))"
        yield f"{self._assigned(task_id)}{self._all(task_id)}(whole={whole}, each={runs}.collect())"

    def _group(self, group: str, unit: Sequence[str]) -> Iterator[str]:
        expansion = self.expansions[group]
        base = identifier(clean(group), "group")
        whole, each, name = (self.locals.allocate(f"{base}{more}") for more in ("_whole", "_each", "_of"))
        yield f"{whole}, {each} = {expansion.function}({', '.join(self._data(unit[0], expansion.inputs))})"
        yield ""
        yield f"def {name}(item):"
        gathered = [one for one in unit if self._is_gathered(one)]
        for one in unit:
            op = self.ops[one]
            self.done[one] = self.locals.allocate(f"{op.name.function}_one")
            given = ["item=item", *self._data(one, op.inputs), *self._order(one, op.inputs, self.control[one].lists)]
            yield f"{INDENT}{self.done[one]} = {op.name.function}({', '.join(given)})"
        yield f"{INDENT}return {', '.join(self.done[one] for one in gathered or unit[-1:])}"
        yield ""
        if not gathered:
            yield f"{each}.map({name})"
            return
        runs = [self.locals.allocate(f"{self.ops[one].name.function}_runs") for one in gathered]
        yield f"{', '.join(runs)} = {each}.map({name})"
        for one, run in zip(gathered, runs, strict=True):
            after = [self.done[other] for other in self.control[one].upstream if other in self.inside]
            outside = any(self._outside(other) for other in unit)
            more = f", after=[{', '.join(after)}]" if outside and after else ""
            yield f"{self._assigned(one)}{self._all(one)}(whole={whole}, each={run}.collect(){more})"
