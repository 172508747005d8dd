"""PythonOperator and ``@task``: the user's function, rewritten, is the asset.

Its parameters become the results of other tasks; what the source gives as constants is assigned at the start of
the body. A function that several tasks run stays one function where it doesn't ask for the run's context, called
by a small asset for each of them.
"""

from __future__ import annotations

import inspect as inspect_
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from dagport.graph import Task
from dagport.rewrite.context import CONTEXT_KEYS
from dagport.rewrite.model import Facts, Parameter, Plan, Rewritten
from dagport.source import Span
from dagport.values import XCom
from dagport.writers.dagster import partitions as dates
from dagport.writers.dagster.arguments import NAMED, Arguments, bind
from dagport.writers.dagster.code import (
    annotated_class,
    docstring,
    identifiers,
    is_rebound,
    returned_keys,
    returns_nothing_somewhere,
    split_body,
    split_comments,
)
from dagport.writers.dagster.inputs import RETURN_KEY, Inputs
from dagport.writers.dagster.model import NOTHING, VALUE, Chunk, Function, Inspection, Refused, Result
from dagport.writers.dagster.naming import BUILTINS
from dagport.writers.dagster.scope import Scope

OPERATORS = frozenset(
    {
        "airflow.operators.python_operator.PythonOperator",
        "airflow.operators.python.PythonOperator",
        "airflow.providers.standard.operators.python.PythonOperator",
        "airflow.sdk.task",
        "airflow.sdk.task.python",
        "airflow.decorators.task",
        "airflow.decorators.task.python",
        "airflow.sdk.definitions.decorators.task",
        "airflow.sdk.definitions.decorators.task.python",
    }
)
ARGUMENTS = frozenset({"multiple_outputs", "op_args", "op_kwargs", "templates_dict", "templates_exts"})
MAPPINGS = frozenset({"dict", "Dict", "Mapping", "MutableMapping", "OrderedDict"})
EXCEPTIONS = {"AirflowException": "dg.Failure", "AirflowFailException": "dg.Failure(..., allow_retries=False)"}
ENGINE_ENTRIES = frozenset(
    {*dates.NEEDS_PARTITION, "params", "dag_run", "run_id", "ti", "task_instance", "dag", "task", "try_number"}
)


def inspect(task: Task, scope: Scope) -> Inspection:
    """What the task's function uses and hands over. Raises ``Refused``."""
    facts = _facts(task, scope)
    _check(task, scope, facts)
    entries = facts.context - set(bind(task, facts).by_name)
    result = _result(task, facts, scope)
    defaults = [item.default for item in facts.parameters if item.default and item.name not in CONTEXT_KEYS]
    names = facts.names.union(*map(identifiers, defaults)) - BUILTINS
    return Inspection(
        result=result,
        context=entries & dates.NEEDS_PARTITION,
        names=names,
        helper=_helper(task, scope, facts, result),
    )


def _helper(task: Task, scope: Scope, facts: Facts, result: Result) -> str | None:
    """The function's name where the asset calls it, ``None`` where it becomes the asset. Raises ``Refused``."""
    several = bool(bind(task, facts).rest)
    dropped = result.kind == "nothing" and facts.returns
    if _asks(facts) or facts.is_async:
        if several or (dropped and not facts.pushes):
            what = "takes *args" if several else "returns a result that isn't stored"
            raise Refused(f"its function {what}, and is asynchronous or asks for the run's context")
        return None
    assert task.callable is not None  # noqa: S101 - _facts has refused it otherwise
    name = task.callable.name
    if name.isidentifier():
        return name if several or dropped or scope.is_shared(task) else None
    if several or dropped:
        raise Refused("it is a lambda that takes *args or whose result isn't stored")
    return None


def write(task: Task, scope: Scope) -> tuple[Inputs, Function]:
    """The task's function, without its decorator. Raises ``Refused``."""
    facts = _facts(task, scope)
    arguments = bind(task, facts)
    if _helper(task, scope, facts, scope.results[task.id]) is not None:
        return _Shared(task, scope, facts, arguments).write()
    return _Single(task, scope, facts, arguments).write()


def _facts(task: Task, scope: Scope) -> Facts:
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


def _asks(facts: Facts) -> bool:
    return bool(facts.pulls or facts.pushes or facts.context)


def _check(task: Task, scope: Scope, facts: Facts) -> None:
    """Raises ``Refused`` for what no later step looks at."""
    if "python_callable" in task.arguments:
        raise Refused("its callable isn't a plain function")
    if task.arguments.get("templates_dict") or task.arguments.get("templates_exts"):
        raise Refused("it uses templates_dict")
    if facts.raises and "dg" in facts.locals | {item.name for item in facts.parameters}:
        raise Refused("its function has a variable `dg`, which is Dagster in the generated code")
    if facts.is_generator:
        raise Refused("its function is a generator")
    if RETURN_KEY in facts.pushes:
        raise Refused("it pushes the key return_value itself")
    if facts.pushes and has_multiple_outputs(task, facts):
        raise Refused("it both pushes keys and has multiple_outputs")
    if scope.pipeline.engine_version == "1.10" and not task.arguments.get("provide_context") and _asks(facts):
        raise Refused("its function asks for the run's context, and provide_context isn't set")
    if facts.connections:
        raise Refused(f"it reads the connection {min(facts.connections)!r}: make a resource for it")


def _result(task: Task, facts: Facts, scope: Scope) -> Result:
    stored = task.arguments.get("do_xcom_push") is not False
    if facts.pushes:
        return Result(kind="keys", keys=facts.pushes, returns=facts.returns and stored)
    if not facts.returns or not stored:
        return NOTHING
    if not has_multiple_outputs(task, facts):
        return VALUE
    text = scope.segment(task)
    return Result(kind="outputs", keys=returned_keys(text) or {}, returns=not returns_nothing_somewhere(text))


def has_multiple_outputs(task: Task, facts: Facts) -> bool:
    """Whether each entry of the returned dict is a result of its own (``_infer_multiple_outputs``)."""
    given = task.arguments.get("multiple_outputs")
    if given is not None or ".task" not in task.operator:
        return bool(given)
    return annotated_class(facts.return_annotation or "") in MAPPINGS


class _Writer:
    """What both ways of writing share."""

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
        return Plan(
            name=name,
            pulls=pulls,
            context=context,
            variable_reads=reads,
            exceptions={key: EXCEPTIONS[key] for key in sorted(self.facts.raises) if key in EXCEPTIONS},
            handover="keys" if self.result.kind == "keys" else "value",
        )

    def returns(self, inputs: Inputs) -> str | None:
        """An annotation that Dagster checks: nothing, or a dict with text keys as ``multiple_outputs`` wants."""
        if self.result.kind == "nothing":
            return "None"
        if self.result.kind != "outputs":
            return None
        inputs.imports["from typing import Any"] = None
        return "dict[str, Any]" if self.result.returns else "dict[str, Any] | None"

    def rewrite(self, plan: Plan) -> Rewritten:
        """The function as planned. Raises ``Refused``."""
        assert self.task.callable is not None  # noqa: S101 - _facts has refused it otherwise
        rewritten = self.scope.module.rewrite(self.task.callable, plan)
        if rewritten.refusals:
            raise Refused(rewritten.refusals[0].reason)
        return rewritten


class _Single(_Writer):
    """The user's function is the asset's."""

    def write(self) -> tuple[Inputs, Function]:
        avoid = self.scope.identifiers(self.task) | self.facts.names | self.facts.locals
        inputs = Inputs(self.scope, self.task, avoid)
        bindings = dict(self._bindings(inputs, self._inputs_by_name(inputs)))
        plan = self.plan(self.name, inputs, self._context(inputs))
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
        """Parameters that keep their names as inputs of the asset: they get the whole result of another task."""
        found = set()
        for parameter in self._named():
            value = self.arguments.named.get(parameter.name)
            if isinstance(value, XCom) and inputs.take(value, parameter.name):
                found.add(parameter.name)
        return frozenset(found)

    def _named(self) -> Iterator[Parameter]:
        return (parameter for parameter in self.facts.parameters if parameter.kind in NAMED)

    def _bindings(self, inputs: Inputs, taken: frozenset[str]) -> Iterator[tuple[str, str]]:
        for parameter in self._named():
            if parameter.name in taken:
                continue
            if parameter.name in self.arguments.named:
                yield parameter.name, inputs.value(self.arguments.named[parameter.name])
            elif parameter.name not in CONTEXT_KEYS:
                yield parameter.name, self._default(parameter)

    def _context(self, inputs: Inputs) -> dict[str, str]:
        found = {}
        for entry in sorted(self.facts.context - set(self.arguments.named)):
            if entry in self.arguments.more:
                found[entry] = inputs.value(self.arguments.more[entry])
            elif entry not in self.facts.optional or entry.partition(".")[0] in ENGINE_ENTRIES:
                found[entry] = inputs.context(entry, self.facts.attributes.get(entry, frozenset()))
        return found

    def _check_names(self, inputs: Inputs, rewritten: Rewritten) -> None:
        """Raises ``Refused`` when the body binds a parameter that we have added and it reads."""
        added = {"context"} if inputs.needs_context else set()
        added |= {"config"} if inputs.config else set()
        added |= {*inputs.upstream.values(), *inputs.resources}
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


class _Shared(_Writer):
    """A helper that keeps the user's signature, and an asset that calls it."""

    def write(self) -> tuple[Inputs, Function]:
        assert self.task.callable is not None  # noqa: S101 - _facts has refused it otherwise
        helper = self.scope.helpers[self.scope.callable_key(self.task)]
        inputs = Inputs(self.scope, self.task, {helper})
        missing = [
            item for item in self.facts.parameters if item.kind in NAMED and item.name not in self.arguments.named
        ]
        for parameter in missing:
            _default(parameter)
        call = f"{helper}({', '.join(self._call(inputs))})"
        plan = replace(self.plan(helper, inputs, {}), signature=tuple(_declared(self.facts.parameters)))
        rewritten = self.rewrite(plan)
        annotation = self.returns(inputs)
        head = f"def {self.name}({', '.join(inputs.signature())}){f' -> {annotation}' if annotation else ''}:"
        text = f"{head}\n    {'' if annotation == 'None' else 'return '}{call}"
        marker = f"__dagport_definition_{helper}__"
        chunk = Chunk(marker=marker, text=rewritten.text.rstrip("\n"))
        defined = Function(text=f"def {marker}(): ...", chunks=(chunk,), names=rewritten.names)
        return inputs, Function(text=text, helpers=(defined,))

    def _call(self, inputs: Inputs) -> list[str]:
        """The arguments, by position and by name as the source gives them."""
        values = {name: inputs.value(value) for name, value in self.arguments.named.items()}
        named = [text if name in self.arguments.by_position else f"{name}={text}" for name, text in values.items()]
        positions = len(self.arguments.by_position)
        rest = [inputs.value(value) for value in self.arguments.rest]
        more = [f"{name}={inputs.value(value)}" for name, value in self.arguments.more.items()]
        return [*named[:positions], *rest, *named[positions:], *more]


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
