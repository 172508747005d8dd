"""PythonOperator and ``@task``: the user's function, rewritten, is that of the task.

Its parameters become the results of other tasks; what the source gives as constants is assigned at the start of
the body. A function that several tasks run stays one function where it doesn't ask for the run's context, called
by a small one for each of them.
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
from dagport.writers.common.arguments import NAMED, Arguments, bind
from dagport.writers.common.code import (
    annotated_class,
    docstring,
    identifiers,
    is_rebound,
    returned_keys,
    returns_nothing_somewhere,
    split_body,
    split_comments,
)
from dagport.writers.common.dates import DATE_ENTRIES
from dagport.writers.common.inputs import RETURN_KEY, Inputs
from dagport.writers.common.model import NOTHING, VALUE, Chunk, Function, Inspection, Refused, Result
from dagport.writers.common.naming import BUILTINS
from dagport.writers.common.scope import Scope

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
ENGINE_ENTRIES = frozenset(
    {*DATE_ENTRIES, "params", "dag_run", "run_id", "ti", "task_instance", "dag", "task", "try_number"}
)


def inspect(task: Task, scope: Scope) -> Inspection:
    """What the task's function uses and hands over. Raises ``Refused``."""
    facts = facts_of(task, scope)
    _check(task, scope, facts)
    entries = facts.context - set(bind(task, facts).by_name)
    result = _result(task, facts, scope)
    defaults = [item.default for item in facts.parameters if item.default and item.name not in CONTEXT_KEYS]
    names = facts.names.union(*map(identifiers, defaults)) - BUILTINS
    return Inspection(
        result=result,
        context=entries & DATE_ENTRIES,
        names=names,
        helper=_helper(task, scope, facts, result),
    )


def _helper(task: Task, scope: Scope, facts: Facts, result: Result) -> str | None:
    """The function's name where another calls it, ``None`` where it becomes the task's. Raises ``Refused``."""
    several = bool(bind(task, facts).rest)
    dropped = result.kind == "nothing" and facts.returns
    if asks(facts) or facts.is_async:
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
    facts = facts_of(task, scope)
    arguments = bind(task, facts)
    if _helper(task, scope, facts, scope.results[task.id]) is not None:
        return _Shared(task, scope, facts, arguments).write()
    return _Single(task, scope, facts, arguments).write()


def _check(task: Task, scope: Scope, facts: Facts) -> None:
    """Raises ``Refused`` for what no later step looks at."""
    if "python_callable" in task.arguments:
        raise Refused("its callable isn't a plain function")
    if task.arguments.get("templates_dict") or task.arguments.get("templates_exts"):
        raise Refused("it uses templates_dict")
    taken = scope.dialect.raised & (facts.locals | {item.name for item in facts.parameters}) if facts.raises else ()
    if taken:
        raise Refused(f"its function has a variable `{min(taken)}`, which means something else in the generated code")
    if facts.is_generator:
        raise Refused("its function is a generator")
    if RETURN_KEY in facts.pushes:
        raise Refused("it pushes the key return_value itself")
    if facts.pushes and has_multiple_outputs(task, facts):
        raise Refused("it both pushes keys and has multiple_outputs")
    if scope.pipeline.engine_version == "1.10" and not task.arguments.get("provide_context") and asks(facts):
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


