"""``@task`` and its kin: decorated functions that make a task when they are called.

Source: ``airflow.sdk.bases.decorator`` and the decorators of the standard provider.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import (
    Anything,
    BoundMethod,
    CallSite,
    Function,
    Model,
    Native,
    NativeFunction,
    PyRaise,
)
from dagport.readers.airflow import checks, operators
from dagport.readers.airflow.mapping import refuse_in_mapped_group
from dagport.readers.airflow.nodes import Dag, Group, Mapped, Task, XComRef, library_class
from dagport.readers.airflow.signatures import (
    CONTEXT_KEYS,
    check_signature,
    check_stub,
    parameter_names,
    place_of_definition,
)
from dagport.readers.airflow.task import (
    BASE,
    current_place,
    defaults_for,
    depend_on_results,
    enrol,
    new_task,
    owner_of,
    take_base,
)

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

COMMON = ("op_args", "op_kwargs")
ISOLATED = ("requirements", "index_urls", "index_urls_from_connection_ids", "venv_cache_path", "templates_dict")
PYTHON = "airflow.providers.standard.operators.python"
# The kind of a decorator -> the operator behind it, and the template fields it has beside those of the call.
DECORATORS: dict[str, tuple[str, tuple[str, ...]]] = {
    "": (f"{PYTHON}.PythonOperator", ("templates_dict",)),
    "python": (f"{PYTHON}.PythonOperator", ("templates_dict",)),
    "branch": (f"{PYTHON}.BranchPythonOperator", ("templates_dict",)),
    "short_circuit": (f"{PYTHON}.ShortCircuitOperator", ("templates_dict",)),
    "virtualenv": (f"{PYTHON}.PythonVirtualenvOperator", ISOLATED),
    "external_python": (f"{PYTHON}.ExternalPythonOperator", ("python", "templates_dict")),
    "branch_virtualenv": (f"{PYTHON}.BranchPythonVirtualenvOperator", ISOLATED),
    "branch_external_python": (f"{PYTHON}.BranchExternalPythonOperator", ("python", "templates_dict")),
    "sensor": ("airflow.providers.standard.sensors.python.PythonSensor", ()),
    "bash": ("airflow.providers.standard.operators.bash.BashOperator", ("bash_command", "env", "cwd")),
    "stub": ("airflow.sdk.BaseOperator", ()),
}
POD = "airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator"
# Decorators of other providers: the operator behind each, and those of its template fields that the decorator fills
# itself. Their operators may have changed since.
ELSEWHERE: dict[str, tuple[str, frozenset[str]]] = {
    "docker": ("airflow.providers.docker.operators.docker.DockerOperator", frozenset()),
    "kubernetes": (POD, frozenset({"cmds", "arguments"})),
    "kubernetes_cmd": (POD, frozenset({"cmds", "arguments"})),
    "pyspark": (f"{PYTHON}.PythonOperator", frozenset({"templates_dict"})),
    "sftp_sensor": ("airflow.providers.sftp.sensors.sftp.SFTPSensor", frozenset()),
    "snowpark": ("airflow.providers.snowflake.operators.snowpark.SnowparkOperator", frozenset({"templates_dict"})),
    "sql": ("airflow.providers.common.sql.operators.sql.SQLExecuteQueryOperator", frozenset()),
}
# Kind -> the parameter of the function that the operator fills itself when the task runs
# (``inject_session_into_op_kwargs`` of the snowflake provider).
INJECTED = {"snowpark": "session"}


class TaskFactory(Model):
    """A function decorated with ``@task`` (``_TaskDecorator``)."""

    __slots__ = ("function", "kind", "kwargs", "operator", "setup", "teardown")

    def __init__(self, operator: str, function: Anything, kwargs: dict[str, Anything]) -> None:
        self.operator = operator  # the decorator's qualified name
        self.kind = operator.partition(".task")[2].lstrip(".")
        self.function = function
        self.kwargs = kwargs
        self.setup = False
        self.teardown = False

    def attr(self, machine: Machine, name: str, site: CallSite) -> Anything:
        """``override``, ``partial``, ``expand``, ``expand_kwargs``, ``function`` and the function's own attributes."""
        method = METHODS.get(name)
        if method is not None:
            return BoundMethod(NativeFunction(name, method), self)
        if name in ("function", "__wrapped__"):
            return self.function
        if name == "kwargs":
            return self.kwargs
        return machine.attribute(self.function, name, site)

    def item(self, machine: Machine, key: Anything, site: CallSite) -> Anything:
        """A function that makes something has no items."""
        raise PyRaise("TypeError", f"{type(self).__name__} object is not subscriptable")

    def call(self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        """Make the task; gives its result."""
        self._take_teardown_rule()
        task = self._new(machine, site)
        op_kwargs = {**self.kwargs.get("op_kwargs", {}), **kwargs}
        dag, group, values = self._values(machine, site)
        self._fill_from_defaults(machine, op_kwargs, dag, group, site)
        check_signature(self.function, args, {**op_kwargs, **self._injected()})
        self._check_operator(values, dag, machine, site)
        task.arguments = {**self._own_arguments(values), "op_args": list(args), "op_kwargs": op_kwargs}
        take_base(machine, task, values, site)
        task.fields.update(op_args=tuple(args), op_kwargs=op_kwargs)
        self._place(machine, task, values, dag, group, site)
        return self._complete(machine, task, [], site)

    def _take_teardown_rule(self) -> None:
        """The rule of a teardown is set on the factory itself: its second call finds it there, and refuses."""
        if self.teardown:
            if "trigger_rule" in self.kwargs:
                raise PyRaise("ValueError", "Trigger rule not configurable for teardown tasks.")
            self.kwargs["trigger_rule"] = "all_done_setup_success"

    def _complete(self, machine: Machine, task: Task, over: list[Anything], site: CallSite) -> XComRef:
        task.in_init = False
        hooks: Any = machine.hooks
        hooks.finish(task)
        self._doubt_kind(machine, task, site)
        depend_on_results(machine, task, over, site)
        for name in dict.fromkeys((*COMMON, *self._own_fields())):
            depend_on_results(machine, task, task.fields.get(name), site)
        return XComRef([(task, "return_value")])

    def _own_fields(self) -> tuple[str, ...]:
        """The template fields beside those of the call."""
        if self.kind in DECORATORS:
            return DECORATORS[self.kind][1]
        if self.kind not in ELSEWHERE:
            return ()
        name, filled = ELSEWHERE[self.kind]
        entry = operators.find(name)
        fields = entry.template_fields if entry is not None else None
        return tuple(field for field in fields or () if field not in filled)

    def _doubt_kind(self, machine: Machine, task: Task, site: CallSite) -> None:
        """Which class stands behind a decorator of a provider is said by the providers that are installed."""
        if self.kind not in DECORATORS and self.kind not in ELSEWHERE:
            message = f"the decorator `@task.{self.kind}` comes from a provider, whose operator can't be read"
            machine.doubt("DP205", message, site, task.dag)

    def _check_operator(self, values: dict[str, Anything], dag: Any, machine: Machine, site: CallSite) -> None:
        """Refuse what the operator behind the decorator refuses."""
        hooks: Any = machine.hooks
        if hooks.version != "3" or self.kind not in DECORATORS:
            return
        entry = operators.find(DECORATORS[self.kind][0])
        known = BASE | set(entry.parameters or () if entry is not None else ()) | {"on_failure_fail_dagrun"}
        unexpected = sorted(set(values) - known)
        if unexpected or "task_concurrency" in values:
            raise PyRaise("TypeError", f"Invalid arguments were passed: {(unexpected or ['task_concurrency'])[0]!r}")
        if self.kind in ("external_python", "branch_external_python") and "python" not in values:
            raise PyRaise("TypeError", "missing keyword argument 'python'")
        if self.kind == "sensor":
            checks.check_sensor(values)
        if self.kind == "stub":
            check_stub(self.function)
        checks.check_operator(DECORATORS[self.kind][0], {**values, "python_callable": self.function})

    def _new(self, machine: Machine, site: CallSite) -> Task:
        task = new_task(machine, library_class(self.operator), self.operator, site)
        task.function = self.function
        if isinstance(self.function, Function):
            task.span = place_of_definition(machine, self.function, site)
        task.setup, task.teardown = self.setup, self.teardown
        return task

    def _values(self, machine: Machine, site: CallSite) -> tuple[Any, Any, dict[str, Anything]]:
        values = {"task_id": machine.attribute(self.function, "__name__", site), **self.kwargs}
        for name in ("op_kwargs", "on_failure_fail_dagrun"):
            values.pop(name, None)
        dag, group = current_place(machine, values)
        for name, value in defaults_for(machine, dag, group, values, site).items():
            if name in BASE and name not in values:
                values[name] = value
        lost = values.pop("**", None)
        if lost is not None:
            machine.doubt("DP201", f"some arguments of the task aren't known: {lost.why}", site, dag)
        return dag, group, values

    def _fill_from_defaults(
        self, machine: Machine, op_kwargs: dict[str, Anything], dag: Any, group: Any, site: CallSite
    ) -> None:
        """Parameters of the function are also taken from ``default_args`` (``_hook_apply_defaults``)."""
        if not isinstance(self.function, Function):
            return
        defaults = defaults_for(machine, dag, group, self.kwargs, site)
        if not defaults:
            return
        for name in parameter_names(self.function):
            if name not in op_kwargs and name in defaults:
                op_kwargs[name] = defaults[name]

    def _injected(self) -> dict[str, Anything]:
        name = INJECTED.get(self.kind)
        known = isinstance(self.function, Function) and name in parameter_names(self.function)
        return {name: None} if name is not None and known else {}

    def _own_arguments(self, values: dict[str, Anything]) -> dict[str, Anything]:
        return {name: value for name, value in self.kwargs.items() if name not in ("**", "op_kwargs")}

    def _place(
        self, machine: Machine, task: Task, values: dict[str, Anything], dag: Any, group: Any, site: CallSite
    ) -> None:
        task_id = values.get("task_id")
        if isinstance(task_id, str) and isinstance(dag, Dag):
            task_id = unique_id(dag, group, task_id)
        doc = machine.attribute(self.function, "__doc__", site)
        if not any(task.fields.get(name) for name in ("doc", "doc_md", "doc_json", "doc_yaml", "doc_rst")):
            if doc is not None and not isinstance(doc, str):
                machine.doubt("DP201", "the docstring of the function isn't known", site, owner_of(dag))
            elif doc:
                task.doc_from_function = str(doc)
        enrol(machine, task, task_id, dag, group, site)

    def expand(self, machine: Machine, over: dict[str, Anything], site: CallSite, *, whole: bool) -> Anything:
        """Make a mapped task."""
        checks.check_keys(over)
        task = self._new(machine, site)
        dag, group, values = self._values(machine, site)
        refuse_in_mapped_group(group)
        partial = dict(self.kwargs.get("op_kwargs", {}))
        task.arguments = {**self._own_arguments(values), "op_args": [], "op_kwargs": partial}
        task.mapped = Mapped(over, whole=whole)
        take_base(machine, task, values, site)
        if machine.truth(values.get("wait_for_downstream")) is True:
            task.fields["depends_on_past"] = True
        task.fields.update(op_kwargs=partial)
        self._place(machine, task, values, dag, group, site)
        task.doc_from_function = None  # a mapped task doesn't take the docstring
        return self._complete(machine, task, list(over.values()), site)


def unique_id(dag: Dag, group: Any, task_id: str) -> str:
    """The id, or the id with a number where it is taken (``get_unique_task_id``).

    As in Airflow the id is looked for as a regular expression: a dot in it stands for any character.
    """
    full = group.child_id(task_id) if isinstance(group, Group) else task_id
    if full not in dag.tasks:
        return task_id
    pattern = re.compile(rf"^{re.split(NUMBER, full)[0]}__(\d+)$")
    numbers = [int(match.group(1)) for other in dag.tasks if (match := pattern.match(other))]
    return f"{re.split(NUMBER, task_id)[0]}__{max(numbers, default=0) + 1}"


NUMBER = re.compile(r"__\d+$")


def _copy(factory: TaskFactory, kwargs: dict[str, Anything]) -> TaskFactory:
    copy = TaskFactory(factory.operator, factory.function, kwargs)
    copy.setup, copy.teardown = factory.setup, factory.teardown
    return copy


def _override(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    checks.check_types(kwargs, "@task")
    return _copy(args[0], {**args[0].kwargs, **kwargs})


def _partial(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    _check_names(args[0], "partial", kwargs)
    old = args[0].kwargs.get("op_kwargs", {})
    checks.check_apart(old, kwargs, "duplicate partial")
    return _copy(args[0], {**args[0].kwargs, "op_kwargs": {**kwargs, **old}})


ALWAYS = "Task-generated mapping within a task using 'expand' is not allowed with trigger rule 'always'."


def _expand(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    factory: TaskFactory = args[0]
    if len(args) > 1:
        raise PyRaise("TypeError", "expand() takes 1 positional argument")
    always = checks.same_rule(factory.kwargs.get("trigger_rule"), "always")
    if always and any(isinstance(value, XComRef) for value in kwargs.values()):
        raise PyRaise("ValueError", ALWAYS)
    if not kwargs:
        raise PyRaise("TypeError", "no arguments to expand against")
    if _check_names(factory, "expand", kwargs):
        checks.check_mapped(kwargs)
    checks.check_apart({"task_id": None, **factory.kwargs}, kwargs, "mapping already partial")
    factory._take_teardown_rule()
    return factory.expand(machine, kwargs, site, whole=False)


def _check_names(factory: TaskFactory, what: str, kwargs: dict[str, Anything]) -> bool:
    """Refuse names that the function doesn't have; whether Airflow looks at the values as well."""
    context = sorted(CONTEXT_KEYS & set(kwargs))
    if context:
        raise PyRaise("ValueError", f"cannot call {what}() on task context variable {context[0]!r}")
    function = factory.function
    if not isinstance(function, Function) or function.node.args.kwarg is not None:
        return False
    vararg = function.node.args.vararg
    names = {*parameter_names(function), *([vararg.arg] if vararg is not None else []), "**"}
    unexpected = sorted(set(kwargs) - names)
    if unexpected:
        raise PyRaise("TypeError", f"{what}() got an unexpected keyword argument {unexpected[0]!r}")
    return True


def _expand_kwargs(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    factory: TaskFactory = args[0]
    source = args[1] if len(args) > 1 else kwargs.get("kwargs")
    checks.check_mapped_kwargs(source)
    if checks.same_rule(factory.kwargs.get("trigger_rule"), "always") and isinstance(source, list | tuple):
        held = (value for item in source if isinstance(item, dict) for value in item.values())
        if any(isinstance(value, XComRef) for value in held):
            raise PyRaise("ValueError", ALWAYS)
    return factory.expand(machine, {"kwargs": source}, site, whole=True)


METHODS: dict[str, Native] = {
    "override": _override,
    "partial": _partial,
    "expand": _expand,
    "expand_kwargs": _expand_kwargs,
}
