"""The users' functions in the generated code: as the function of a task, or as a helper that one calls.

A function's parameters become the results of other tasks; what the source gives as constants is assigned at the start
of the body. A helper keeps its parameters, and whoever calls it hands over the arguments.
"""

from __future__ import annotations

import inspect as inspect_
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from dagport.graph import Task
from dagport.rewrite.context import CONTEXT_KEYS
from dagport.rewrite.model import Facts, Parameter, Plan, Rewritten
from dagport.source import Span
from dagport.values import XCom
from dagport.writers.common.arguments import NAMED, Arguments, bind
from dagport.writers.common.code import docstring, identifiers, is_rebound, split_body, split_comments
from dagport.writers.common.dates import DATE_ENTRIES, dates_of
from dagport.writers.common.inputs import HELPERS, Inputs
from dagport.writers.common.model import Chunk, Function, Inspection, Refused
from dagport.writers.common.naming import BUILTINS
from dagport.writers.common.scope import Scope

ENGINE_ENTRIES = frozenset(
    {*DATE_ENTRIES, "params", "dag_run", "run_id", "ti", "task_instance", "dag", "task", "try_number"}
)


def facts_of(task: Task, scope: Scope) -> Facts:
    """What a task's function declares and uses. Raises ``Refused``."""
    callable_ = task.callable
    if callable_ is None:
        raise Refused("which function it runs isn't known")
    if callable_.span is None:
        where = f"{callable_.module}.{callable_.name}" if callable_.module else callable_.name
        raise Refused(f"its function `{where}` isn't defined in this file")
    facts = scope.module.facts(callable_)
    if facts.refusals:
        first = facts.refusals[0]
        raise Refused(first.reason + (f" (line {first.span[0]})" if first.span else ""))
    return facts


def asks(facts: Facts) -> bool:
    """Whether a function asks for the run's context or other tasks' results by itself."""
    return bool(facts.pulls or facts.pushes or facts.context)


def free_names(facts: Facts) -> frozenset[str]:
    """Names of the module that a function and the defaults of its parameters use."""
    defaults = [item.default for item in facts.parameters if item.default and item.name not in CONTEXT_KEYS]
    return facts.names.union(*map(identifiers, defaults)) - BUILTINS


def inspect_called(task: Task, facts: Facts) -> Inspection:
    """What a helper needs that gets all it asks for as arguments. Raises ``Refused``."""
    assert task.callable is not None  # noqa: S101 - facts_of has refused it otherwise
    entries = facts.context - set(bind(task, facts).by_name)
    others = entries - {item.name for item in facts.parameters if item.kind in NAMED}
    if others or facts.pulls or facts.pushes:
        what = f"`{min(others)}` of the run's context" if others else "XComs"
        raise Refused(f"its function uses {what}, and isn't the task's own")
    if not task.callable.name.isidentifier():
        raise Refused("its function is a lambda, and isn't the task's own")
    return Inspection(context=dates_of(entries), names=free_names(facts), helper=task.callable.name)


class Writer:
    """What both ways of writing share."""

    exceptions: Mapping[str, str] = {}  # what stands for names of Airflow, beside those of the dialect

    def __init__(self, task: Task, scope: Scope, facts: Facts, arguments: Arguments) -> None:
        self.task = task
        self.scope = scope
        self.facts = facts
        self.arguments = arguments
        self.result = scope.results[task.id]
        self.name = scope.names[task.id].function

    def plan(self, name: str, inputs: Inputs, context: Mapping[str, str]) -> Plan:
        """The plan without signature and bindings."""
        pulls = {
            (task_id, pull.key): inputs.result(task_id, pull.key, argument=False)
            for pull in self.facts.pulls
            for task_id in pull.task_ids
        }
        reads: dict[Span, str] = {
            read.span: inputs.variable(read.name, read.default, deserialize_json=read.deserialize_json)
            for read in self.facts.variable_reads
        }
        known = {**self.scope.dialect.exceptions, **self.exceptions}
        return Plan(
            name=name,
            pulls=pulls,
            context=context,
            variable_reads=reads,
            exceptions={name: text for name, text in known.items() if name in self.facts.raises},
            handover="keys" if self.result.kind == "keys" else "value",
        )

    def returns(self, inputs: Inputs) -> str | None:
        """An annotation for what is certain: nothing, or a dict with text keys as ``multiple_outputs`` wants."""
        if self.result.kind == "nothing":
            return "None"
        if self.result.kind != "outputs":
            return inputs.annotation(self.facts.return_annotation) if self.result.kind == "value" else None
        inputs.imports["from typing import Any"] = None
        return "dict[str, Any]" if self.result.returns else "dict[str, Any] | None"

    def rewrite(self, plan: Plan) -> Rewritten:
        """The function as planned. Raises ``Refused``."""
        assert self.task.callable is not None  # noqa: S101 - facts_of has refused it otherwise
        rewritten = self.scope.module.rewrite(self.task.callable, plan)
        if rewritten.refusals:
            raise Refused(rewritten.refusals[0].reason)
        return rewritten


class Single(Writer):
    """The user's function is the task's."""

    def write(self) -> tuple[Inputs, Function]:
        """The parameters and the function. Raises ``Refused``."""
        avoid = self.scope.identifiers(self.task) | self.facts.names | self.facts.locals
        inputs = self.scope.inputs(self.task, avoid)
        bindings = dict(self._bindings(inputs, self._inputs_by_name(inputs)))
        context = self._context(inputs)
        self._check_helpers([*bindings.values(), *context.values()])
        plan = self.plan(self.name, inputs, context)
        annotation = self.returns(inputs)
        signature = tuple(inputs.signature())
        plan = replace(plan, bindings=bindings, signature=signature, returns=annotation)
        rewritten = self.rewrite(plan)
        self._check_names(inputs, rewritten)
        comments, text = split_comments(rewritten.text)
        body = split_body(text, f"__dagport_body_{self.name}__")
        head, chunks = (text.rstrip(), ()) if body is None else (body[0], (body[1],))
        function = Function(text=head, chunks=chunks, names=rewritten.names, comments=comments)
        return inputs, self._with_doc(function)

    def _with_doc(self, function: Function) -> Function:
        """The task's documentation as the docstring of a function that has none."""
        doc = self.task.doc
        if self.facts.doc is not None:
            own = {self.facts.doc.strip(), inspect_.cleandoc(self.facts.doc).strip()}
            same = doc is None or bool(own & {doc.strip(), inspect_.cleandoc(doc).strip()})
            return replace(function, documented=same)
        text = docstring(doc) if doc and function.chunks else None
        if text is None:
            return function
        head, _, body = function.text.rpartition("\n")
        lines = textwrap.indent(text, "    ")
        return replace(function, text=f"{head}\n{lines}\n{body}", documented=True)

    def _inputs_by_name(self, inputs: Inputs) -> frozenset[str]:
        """Parameters that keep their names as inputs: they get the whole result of another task."""
        found = set()
        for parameter in self._named():
            value = self.arguments.named.get(parameter.name)
            if isinstance(value, XCom) and inputs.take(value, parameter.name):
                inputs.annotations[parameter.name] = parameter.annotation
                found.add(parameter.name)
        return frozenset(found)

    def _named(self) -> Iterator[Parameter]:
        return (parameter for parameter in self.facts.parameters if parameter.kind in NAMED)

    def _bindings(self, inputs: Inputs, taken: frozenset[str]) -> Iterator[tuple[str, str]]:
        for parameter in self._named():
            if parameter.name in taken:
                continue
            if self._keeps(parameter) and inputs.keep(parameter, self.arguments.named):
                continue
            if parameter.name in self.arguments.named:
                yield parameter.name, inputs.value(self.arguments.named[parameter.name])
            elif parameter.name not in CONTEXT_KEYS:
                yield parameter.name, self._default(parameter)

    def _keeps(self, parameter: Parameter) -> bool:
        """Whether a parameter isn't one that the engine fills in."""
        return parameter.name in self.arguments.named or parameter.name not in CONTEXT_KEYS

    def _context(self, inputs: Inputs) -> dict[str, str]:
        found = {}
        for entry in sorted(self.facts.context - set(self.arguments.named)):
            if entry in self.arguments.more:
                found[entry] = inputs.value(self.arguments.more[entry])
            elif entry not in self.facts.optional or entry.partition(".")[0] in ENGINE_ENTRIES:
                found[entry] = inputs.context(entry, self.facts.attributes.get(entry, frozenset()))
        return found

    def _check_helpers(self, texts: Iterable[str]) -> None:
        """Raises ``Refused`` when the body binds a name by which what we have added reaches something else."""
        used = set[str]().union(*map(identifiers, texts)) & HELPERS.keys()
        taken = min(used & (self.facts.locals | {item.name for item in self._named()}), default=None)
        if taken is not None:
            raise Refused(f"its function uses the name `{taken}` for something else")

    def _check_names(self, inputs: Inputs, rewritten: Rewritten) -> None:
        """Raises ``Refused`` when the body binds a parameter that we have added and it reads."""
        added = {*inputs.upstream.values(), *inputs.given()}
        added -= {item.name for item in self.facts.parameters}
        taken = min(added & self.facts.names, default=None) or is_rebound(rewritten.text, added)
        if taken is not None:
            raise Refused(f"its function uses the name `{taken}` for something else")

    def _default(self, parameter: Parameter) -> str:
        text = _default(parameter)
        own = self.facts.locals | {item.name for item in self.facts.parameters}
        if identifiers(text) & own:
            raise Refused(f"the default of its function's parameter `{parameter.name}` uses a name that it binds")
        return text


def _default(parameter: Parameter) -> str:
    if parameter.default is None:
        raise Refused(f"its function's parameter `{parameter.name}` isn't given")
    return parameter.default


class Called(Writer):
    """A helper that keeps the user's signature, and a function that calls it."""

    def write(self) -> tuple[Inputs, Function]:
        """The parameters and the function that calls the helper. Raises ``Refused``."""
        assert self.task.callable is not None  # noqa: S101 - facts_of has refused it otherwise
        helper = self.scope.helpers[self.scope.callable_key(self.task)]
        inputs = self.scope.inputs(self.task, {helper})
        statement = self.statement(helper, inputs)
        plan = replace(self.plan(helper, inputs, {}), signature=tuple(_declared(self.facts.parameters)))
        rewritten = self.rewrite(plan)
        annotation = self.returns(inputs)
        head = f"def {self.name}({', '.join(inputs.signature())}){f' -> {annotation}' if annotation else ''}:"
        text = f"{head}\n    {statement}"
        marker = f"__dagport_definition_{helper}__"
        chunk = Chunk(marker=marker, text=rewritten.text.rstrip("\n"))
        defined = Function(text=f"def {marker}(): ...", chunks=(chunk,), names=rewritten.names)
        return inputs, Function(text=text, helpers=(defined,))

    def statement(self, helper: str, inputs: Inputs) -> str:
        """What calls the helper."""
        call = self.call(helper, inputs)
        return call if self.result.kind == "nothing" else f"return {call}"

    def call(self, helper: str, inputs: Inputs) -> str:
        """The call of the helper. Raises ``Refused``."""
        args, kwargs = self.call_parts(inputs)
        return f"{helper}({', '.join([*args, *(f'{name}={text}' for name, text in kwargs.items())])})"

    def call_parts(self, inputs: Inputs) -> tuple[list[str], dict[str, str]]:
        """The arguments, by position and by name as the source and Airflow's context give them. Raises ``Refused``."""
        given = self.arguments
        args = [inputs.value(given.named[name]) for name in given.by_position]
        args += map(inputs.value, given.rest)
        kwargs = {name: inputs.value(value) for name, value in given.named.items() if name not in given.by_position}
        for parameter in self.facts.parameters:
            name = parameter.name
            if parameter.kind not in NAMED or name in given.named:
                continue
            if name in CONTEXT_KEYS and (name in self.facts.context or parameter.default is None):
                kwargs[name] = inputs.context(name, self.facts.attributes.get(name, frozenset()))
            else:
                _default(parameter)
        return args, kwargs | {name: inputs.value(value) for name, value in given.more.items()}


def _declared(parameters: Sequence[Parameter]) -> Iterator[str]:
    """The parameters as the source declares them. Annotations stay: nothing checks those of a helper."""
    starred = False
    for parameter in parameters:
        if parameter.kind == "keyword" and not starred:
            yield "*"
        starred = starred or parameter.kind in ("args", "keyword")
        stars = {"args": "*", "kwargs": "**"}.get(parameter.kind, "")
        annotation = f": {parameter.annotation}" if parameter.annotation else ""
        default = f"{' = ' if annotation else '='}{parameter.default}" if parameter.default else ""
        yield f"{stars}{parameter.name}{annotation}{default}"
