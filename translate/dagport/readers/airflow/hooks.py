"""What the evaluator is told about Airflow: names, contexts, calls of code that can't be seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dagport.evaluate import library
from dagport.evaluate.calls import library_init
from dagport.evaluate.domain import (
    Anything,
    BoundMethod,
    CallSite,
    EnumText,
    External,
    Function,
    Instance,
    LimitHit,
    Native,
    NativeFunction,
    Scope,
    Symbolic,
    Unknown,
    UserClass,
    walk,
)
from dagport.evaluate.machine import Hooks
from dagport.readers.airflow import deployment, emission, operators
from dagport.readers.airflow.asset import (
    asset_decorator,
    make_alias,
    make_asset,
    make_condition,
    make_dataset,
    make_reference,
    multi_asset_decorator,
)
from dagport.readers.airflow.contexts import SetupTeardownContext
from dagport.readers.airflow.dag import dag_decorator, make_dag
from dagport.readers.airflow.dag_factory.loader import find_loader
from dagport.readers.airflow.databricks import make_workflow_group
from dagport.readers.airflow.decorators import (
    condition_decorator,
    setup_decorator,
    task_decorator,
    teardown_decorator,
)
from dagport.readers.airflow.derived import check_engine_object, engine_kind, init_engine_object
from dagport.readers.airflow.group import group_decorator, make_group
from dagport.readers.airflow.helpers import HELPERS
from dagport.readers.airflow.mapping import make_partial
from dagport.readers.airflow.nodes import Dag, EngineMember, Group, Label, Task, TaskList, XComRef
from dagport.readers.airflow.relations import chain, chain_linear, cross_downstream
from dagport.readers.airflow.removed import refusal
from dagport.readers.airflow.task import (
    BASE_CLASSES,
    base_init,
    before_init,
    complete,
    doubt_class,
    holds_pipeline_objects,
    is_operator_class,
    make_operator,
)
from dagport.readers.airflow.trust import makes_tasks, trusted
from dagport.readers.airflow.xcom import xcom_arg

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine


def _label(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    text = args[0] if args else kwargs.get("label")
    return Label(text if isinstance(text, str) else None)


def _apply_defaults(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """The decorator of Airflow 1 around a constructor: what it does, `before_init` does for every operator."""
    return args[0] if args else machine.unknown("`apply_defaults` decorates nothing", site)


def _clock(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    return machine.unknown("it asks the clock", site, clock=True)


def _context_wrapper(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    items = machine.iterate(args[0] if args else kwargs.get("tasks"), site)
    return items if isinstance(items, Unknown) else TaskList(items)


def _datetime(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    """``timezone.datetime(...)``: aware, in UTC unless told otherwise."""
    make = machine.native("pendulum.datetime")
    return machine.unknown("dates aren't modelled", site) if make is None else make(machine, args, kwargs, site)


# Last part of a name below `airflow` -> its model. Airflow moved these classes often, and renamed them never.
NATIVES: dict[str, Native] = {
    "DAG": make_dag,
    "dag": dag_decorator,
    "TaskGroup": make_group,
    "DatabricksWorkflowTaskGroup": make_workflow_group,
    "task_group": group_decorator,
    "chain": chain,
    "chain_linear": chain_linear,
    "cross_downstream": cross_downstream,
    "Label": _label,
    "EdgeModifier": _label,
    "XComArg": xcom_arg,
    "PlainXComArg": xcom_arg,
    "setup": setup_decorator,
    "teardown": teardown_decorator,
    "context_wrapper": _context_wrapper,
    "ContextWrapper": _context_wrapper,
    "Asset": make_asset,
    "Model": make_asset,
    "Dataset": make_dataset,
    "AssetAlias": make_alias,
    "DatasetAlias": make_alias,
    "AssetAll": make_condition("all"),
    "DatasetAll": make_condition("all"),
    "AssetAny": make_condition("any"),
    "DatasetAny": make_condition("any"),
    "asset": asset_decorator,
    "days_ago": _clock,
    "apply_defaults": _apply_defaults,
    "utcnow": _clock,
}
METHODS: dict[tuple[str, str], Native] = {
    **HELPERS,
    **emission.MODELS,
    ("Asset", "ref"): make_reference,
    ("Dataset", "ref"): make_reference,
    ("asset", "multi"): multi_asset_decorator,
    ("timezone", "datetime"): _datetime,
    ("timezone", "utcnow"): _clock,
}
ALWAYS_THERE = ("airflow.providers.standard", "airflow.providers.common.compat")
RELEASE = frozenset({"airflow.__version__", "airflow.version.version"})
NOT_SAID = "which version is installed is known only in the deployment (--airflow-version says Airflow's)"
INSTALLED_VERSION = frozenset({"importlib.metadata.version", "importlib_metadata.version"})
TASK_HOMES = {"sdk", "decorators", "compat"}
ENUMS: dict[str, Callable[[str], str]] = {
    "TriggerRule": str.lower,
    "WeightRule": str.lower,
    "BranchType": str.lower,
}


class AirflowHooks(Hooks):
    """The state of one file's import, as far as Airflow is concerned."""

    def __init__(self, version: str, release: str | None = None) -> None:
        self.version = version
        self.release = release  # the whole version, where the user says it
        self.registers_on_exit = version != "1.10"
        self.all_dags: list[Dag] = []
        self.dags: list[Dag] = []  # open `with DAG` blocks
        self.groups: list[Group] = []  # open `with TaskGroup` blocks
        self.group_marks: list[int] = []
        self.contexts = SetupTeardownContext()
        self.variables: dict[str, Anything] = {}  # Airflow Variables that the file itself writes
        self.unseen_values: list[tuple[str, CallSite]] = []
        self.yaml_loads: list[tuple[str, CallSite]] = []  # what the file has dag-factory load
        self.task_limit = 0
        self.task_count = 0
        self.shown_ids: list[tuple[Task, str, set[Anything], frozenset[Anything]]] = []  # with what they held then
        self.unfinished: dict[int, tuple[Task, Dag | None]] = {}  # whose constructor hasn't come to its end

    def made(self) -> tuple[int, ...]:
        """DAGs and tasks made so far, and calls out of sight that may have made some."""
        return len(self.all_dags), self.task_count, len(self.unseen_values)

    def is_found_by_name(self, value: Anything) -> bool:
        """Whether Airflow finds a DAG by its global name alone."""
        return isinstance(value, Dag) and not value.registered

    # Contexts

    def current_dag(self) -> Dag | None:
        """The DAG of the innermost open block."""
        return self.dags[-1] if self.dags else None

    def current_group(self) -> Group | None:
        """The group of the innermost open block."""
        return self.groups[-1] if self.groups else None

    def begin(self, task: Task) -> None:
        """The constructor of a task starts; the number of tasks of a file is bounded."""
        self.unfinished[id(task)] = (task, self.current_dag())
        self.task_count += 1
        if self.task_limit and self.task_count > self.task_limit:
            raise LimitHit("tasks of a file", self.task_limit)

    def finish(self, task: Task) -> None:
        """The constructor of a task is done."""
        self.unfinished.pop(id(task), None)

    # Names

    def find(self, name: str) -> Native | None:
        """The model of a name: only names below ``airflow``, and operators by their class."""
        parts = name.split(".")
        if parts[0] == "dagfactory":
            return find_loader(name)
        if name in INSTALLED_VERSION:
            return self._installed_version
        if parts[0] != "airflow":
            return self._operator(name, parts)
        for index, part in enumerate(parts[1:], 1):
            if part == "task" and parts[index - 1] in TASK_HOMES:
                return condition_decorator if parts[-1] in ("run_if", "skip_if") else task_decorator(name)
        if parts[-1] == "__init__":
            return _constructor(".".join(parts[:-1]))
        if parts[-1] in ("python_task", "task") and "decorators" in parts:
            return task_decorator(".".join([*parts[: parts.index("decorators") + 1], "task"]))
        if len(parts) > 2 and (question := deployment.find(parts, self.version)):
            return question
        if len(parts) > 2 and (method := METHODS.get((parts[-2], parts[-1]))):
            return method
        return NATIVES.get(parts[-1]) or self._operator(name, parts)

    def _operator(self, name: str, parts: list[str]) -> Native | None:
        if parts[-1] == "partial" and operators.is_operator(".".join(parts[:-1])):
            return make_partial(".".join(parts[:-1]))
        return make_operator(name) if trusted(name) and operators.is_operator(name) else None

    def _installed_version(
        self, machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
    ) -> Anything:
        """The version of a distribution: Airflow's own, where the user says it."""
        if args == ["apache-airflow"] and not kwargs and self.release is not None:
            return self.release
        return machine.unknown(NOT_SAID, site)

    def constant(self, name: str) -> Anything:
        """Airflow's version, members of its text enumerations, and the template fields of operators."""
        if name in RELEASE:
            return Unknown(NOT_SAID) if self.release is None else self.release
        parts = name.split(".")
        if parts[0] == "airflow" and len(parts) > 2:
            convert = ENUMS.get(parts[-2])
            if convert is not None and parts[-1].isupper():
                return EnumText(convert(parts[-1]), parts[-1])
            if parts[-1] == "utc" and parts[-2] == "timezone":
                return library.constant("datetime.timezone.utc")
        if parts[-1] == "template_fields":
            entry = operators.find(".".join(parts[:-1]))
            if entry is not None and entry.template_fields is not None:
                return entry.template_fields
            if parts[-2] in BASE_CLASSES:
                return ()
        return NotImplemented

    def attribute(self, machine: Machine, owner: Anything, name: str, site: CallSite) -> Anything:
        """``MyOperator.partial`` of a class of the project."""
        if name == "partial" and isinstance(owner, UserClass) and is_operator_class(owner):
            return NativeFunction("partial", make_partial(_class_name(owner), owner))
        return NotImplemented

    def refused_import(self, module: str, name: str | None) -> str | None:
        """Names that the Airflow version doesn't have."""
        return refusal(self.version, module, name) if module.startswith("airflow") else None

    def may_be_missing(self, module: str) -> bool:
        """Airflow and the standard library are there; anything else may not be."""
        top = module.partition(".")[0]
        if module.startswith("airflow.providers.") and not module.startswith(ALWAYS_THERE):
            return True
        return top != "airflow" and not library.is_standard(top)

    def is_instance(self, value: Anything, class_name: str) -> bool | None:
        """``isinstance`` with Airflow's classes."""
        last = class_name.rpartition(".")[2]
        kinds = {"DAG": Dag, "TaskGroup": Group, "XComArg": XComRef, "BaseOperator": Task}
        if not class_name.startswith("airflow."):
            return None
        if last in kinds:
            return isinstance(value, kinds[last])
        if isinstance(value, Task):
            return True if value.operator.rpartition(".")[2] == last else None
        return None

    def star_import(self, machine: Machine, module: str, scope: Scope, site: CallSite) -> None:
        """``from airflow.x import *``: the names aren't known, but they are Airflow's."""
        scope.names["*"] = module

    # Classes of the project

    def instance(self, cls: UserClass) -> Instance:
        """Objects of the project's operators are tasks; its DAG classes and task groups make DAGs and groups."""
        kind = engine_kind(cls)
        if kind is not None:
            return kind(cls)
        if not is_operator_class(cls):
            return Instance(cls)
        task = Task(cls, _class_name(cls), None)
        self.begin(task)
        return task

    def models(self, cls: UserClass) -> bool:
        """Operators, DAGs, and task groups."""
        return engine_kind(cls) is not None or is_operator_class(cls)

    def before_init(
        self,
        machine: Machine,
        instance: Instance,
        cls: UserClass,
        method: Function,
        args: list[Anything],
        kwargs: dict[str, Anything],
        site: CallSite,
    ) -> None:
        """Fill the constructor's parameters from ``default_args``."""
        if isinstance(instance, Task):
            instance.span = instance.span or machine.place(site)
            if is_operator_class(cls):
                before_init(machine, instance, method, args, kwargs, site)

    def library_init(
        self,
        machine: Machine,
        instance: Instance,
        base: Anything,
        args: list[Anything],
        kwargs: dict[str, Anything],
        site: CallSite,
    ) -> bool:
        """``BaseOperator.__init__`` and those of library operators."""
        if isinstance(instance, Dag | Group):
            return init_engine_object(machine, instance, base, args, kwargs, site)
        if not isinstance(instance, Task):
            return False
        if args:
            from dagport.evaluate.domain import PyRaise

            raise PyRaise("TypeError", "Use keyword arguments when initializing operators")
        if not isinstance(base, External) or base.name == "builtins.object":
            if isinstance(base, Unknown):
                machine.doubt("DP205", f"a base class of the operator isn't known: {base.why}", site, instance.dag)
            return False
        instance.span = instance.span or machine.place(site)
        base_init(machine, instance, dict(kwargs), site)
        if not trusted(base.name):
            doubt_class(machine, base.name, instance, site)
        return True

    def initialised(self, machine: Machine, instance: Instance, site: CallSite) -> None:
        """The constructor is done: results in template fields become dependencies."""
        if isinstance(instance, Task):
            instance.span = machine.place(site)
            complete(machine, instance, site)
        elif isinstance(instance, Dag | Group):
            check_engine_object(machine, instance, site)

    # Code that can't be seen

    def unseen_call(
        self,
        machine: Machine,
        callee: Anything,
        args: list[Anything],
        kwargs: dict[str, Anything],
        site: CallSite,
    ) -> Anything:
        """A call without a model: an operator where it looks like one, else symbolic or unknown."""
        name = callee.name if isinstance(callee, External | Symbolic) else ""
        if isinstance(callee, External) and not args and _looks_like_operator(name, kwargs):
            return self._unknown_operator(machine, name, kwargs, site)
        if isinstance(callee, EngineMember) and callee.dag is not None:
            machine.doubt("DP204", f"the call may change the DAG: {callee.why}", site, callee.dag)
            machine.effect(callee.dag)
            return machine.unknown(callee.why, site, unseen=True)
        if isinstance(callee, Unknown):
            if not callee.unseen and not holds_pipeline_objects(machine, [*args, *kwargs.values()]):
                return machine.unknown(callee.why, site, clock=callee.clock)
            self._doubt_call(machine, callee.why, site.text, args, kwargs, site)
            return machine.unknown(callee.why, site, clock=callee.clock)
        if isinstance(callee, External | Symbolic) and library.is_harmless(name) and not name.startswith("airflow."):
            return self._harmless(machine, name, args, kwargs, site)
        if not trusted(name) or makes_tasks(name):
            why = "is not modelled" if name.startswith("airflow.") else "isn't part of this file"
            self._doubt_call(machine, f"`{name or 'the function'}` {why}", name, args, kwargs, site)
        return Symbolic(name or "?", args, kwargs, text=site.text, span=site.span)

    def unseen_shift(self, machine: Machine, left: Anything, right: Anything, site: CallSite) -> None:
        """``a >> b`` where neither side is known may be a dependency."""
        dag = self.current_dag()
        if dag is None and not self.all_dags:
            return
        lost = next(item for item in (left, right) if isinstance(item, Unknown | Symbolic))
        why = lost.why if isinstance(lost, Unknown) else "what the call gives isn't known"
        machine.doubt("DP208", f"this may be a dependency, of which neither end is known: {why}", site, dag)

    def unseen_context(self, machine: Machine, manager: Anything, site: CallSite) -> None:
        """A context manager that can't be seen may be a group, or a DAG, that the tasks in its block belong to."""
        name = manager.name if isinstance(manager, External | Symbolic) else ""
        if isinstance(manager, Unknown) and not manager.unseen:
            return
        if name and library.is_harmless(name) and not name.startswith("airflow."):
            return
        why = f"`{name}` isn't modelled" if name else "what it is isn't known"
        message = f"the tasks made in this `with` block may belong to it: {why}"
        machine.doubt("DP204", message, site, self.current_dag())

    def _harmless(
        self, machine: Machine, name: str, args: list[Anything], kwargs: dict[str, Anything], site: CallSite
    ) -> Anything:
        functions = [item for item in args if isinstance(item, Function)]
        if len(args) == 1 and functions and not kwargs:
            return functions[0]  # a decorator: it is taken to keep the function's name, as functools.wraps does
        values = [*args, *kwargs.values()]
        if holds_pipeline_objects(machine, values) or any(
            isinstance(item, Function | BoundMethod | UserClass) for item in walk(values)
        ):
            # It may change a list of tasks, or call a function of this file that makes some.
            self._doubt_call(machine, f"`{name}` is not modelled", name, args, kwargs, site)
        return Symbolic(name, args, kwargs, text=site.text, span=site.span)

    def _unknown_operator(self, machine: Machine, name: str, kwargs: dict[str, Anything], site: CallSite) -> Task:
        task: Task = make_operator(name)(machine, [], kwargs, site)
        if not trusted(name):
            doubt_class(machine, name, task, site)
        return task

    def _doubt_call(
        self,
        machine: Machine,
        why: str,
        name: str,
        args: list[Anything],
        kwargs: dict[str, Anything],
        site: CallSite,
    ) -> None:
        touched = holds_pipeline_objects(machine, [*args, *kwargs.values()])
        current = self.current_dag()
        if current is not None and not any(dag is current for dag in touched):
            touched.append(current)
        for dag in touched:
            machine.doubt("DP204", f"the call may create tasks or dependencies: {why}", site, dag)
            machine.effect(dag)
        if not touched and not name.startswith("airflow."):
            self.unseen_values.append((why, site))


def _constructor(base: str) -> Native:
    """``BaseOperator.__init__(self, ...)``: a constructor of Airflow's that is called by the name of its class."""

    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> None:
        if args and isinstance(args[0], Instance):
            library_init(machine, args[0], External(base), args[1:], kwargs, site)
        else:
            machine.doubt("DP206", f"what `{base}.__init__` is given isn't known", site)

    return run


def _class_name(cls: UserClass) -> str:
    return cls.qualified_name


def _looks_like_operator(name: str, kwargs: dict[str, Anything]) -> bool:
    return "task_id" in kwargs and name.rpartition(".")[2][:1].isupper()
