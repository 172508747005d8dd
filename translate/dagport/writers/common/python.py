"""PythonOperator and ``@task``: the user's function, rewritten, is that of the task.

Its parameters become the results of other tasks; what the source gives as constants is assigned at the start of
the body. A function that several tasks run stays one function where it doesn't ask for the run's context, called
by a small one for each of them.
"""

from __future__ import annotations

from dagport.graph import Task
from dagport.rewrite.model import Facts
from dagport.writers.common.arguments import bind
from dagport.writers.common.code import annotated_class, returned_keys, returns_nothing_somewhere
from dagport.writers.common.dates import dates_of
from dagport.writers.common.functions import Called, Single, asks, facts_of, free_names
from dagport.writers.common.inputs import RETURN_KEY, Inputs
from dagport.writers.common.model import NOTHING, VALUE, Function, Inspection, Refused, Result
from dagport.writers.common.scope import Scope

DECORATORS = ("airflow.sdk.task", "airflow.decorators.task", "airflow.sdk.definitions.decorators.task")
MODULES = (
    "airflow.operators.python_operator",
    "airflow.operators.python",
    "airflow.providers.standard.operators.python",
)
CHOOSERS = frozenset(
    {
        *(f"{name}.{kind}" for name in DECORATORS for kind in ("branch", "short_circuit")),
        *(f"{name}.{kind}" for name in MODULES for kind in ("BranchPythonOperator", "ShortCircuitOperator")),
    }
)
"""They return the ids of the tasks to follow, or whether to go on; what they return is their result, too."""
OPERATORS = CHOOSERS | {
    *DECORATORS,
    *(f"{name}.python" for name in DECORATORS),
    *(f"{name}.PythonOperator" for name in MODULES),
}
ARGUMENTS = frozenset(
    {
        "multiple_outputs", "op_args", "op_kwargs", "templates_dict", "templates_exts",
        "ignore_downstream_trigger_rules",
    }
)  # fmt: skip
SKIP = "AirflowSkipException"
MAPPINGS = frozenset({"dict", "Dict", "Mapping", "MutableMapping", "OrderedDict"})


def inspect(task: Task, scope: Scope) -> Inspection:
    """What the task's function uses and hands over. Raises ``Refused``."""
    facts = facts_of(task, scope)
    _check(task, scope, facts)
    entries = facts.context - set(bind(task, facts).by_name)
    result = result_of(task, facts, scope)
    return Inspection(
        result=result,
        context=dates_of(entries),
        names=free_names(facts),
        helper=_helper(task, scope, facts, result),
        skips=SKIP in facts.raises,
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
    assert task.callable is not None  # noqa: S101 - facts_of has refused it otherwise
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
        return Called(task, scope, facts, arguments).write()
    return Single(task, scope, facts, arguments).write()


def _check(task: Task, scope: Scope, facts: Facts) -> None:
    """Raises ``Refused`` for what no later step looks at."""
    if "python_callable" in task.arguments:
        raise Refused("its callable isn't a plain function")
    if task.arguments.get("templates_dict") and task.arguments.get("templates_exts"):
        raise Refused("it uses templates_dict with files")
    without = min(facts.raises - scope.dialect.exceptions.keys(), default=None)
    if without is not None:
        raise Refused(f"{without} is raised, which has no form here")
    taken = scope.dialect.raised & (facts.locals | {item.name for item in facts.parameters}) if facts.raises else ()
    if taken:
        raise Refused(f"its function has a variable `{min(taken)}`, which means something else in the generated code")
    if task.operator in CHOOSERS:
        check_chooser(task, scope, facts)
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


def check_chooser(task: Task, scope: Scope, facts: Facts) -> None:
    """Raises ``Refused`` for a function that chooses, and hands over something else than what it returns."""
    if scope.pipeline.engine_version == "1.10":
        raise Refused("it chooses which tasks run next, by the rules of Airflow 1.10")
    if facts.pushes or has_multiple_outputs(task, facts) or task.arguments.get("do_xcom_push") is False:
        raise Refused("it chooses which tasks run next, and what it returns isn't its result, or not all of it")


def result_of(task: Task, facts: Facts, scope: Scope) -> Result:
    """How a task's function hands over what it returns and pushes."""
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
