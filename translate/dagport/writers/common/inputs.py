"""The parameters of a task's function, collected while its parts are written.

Each target has a class of its own for what a run's context, a Variable and a connection become there.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dagport.graph import Task
from dagport.passes import templates
from dagport.passes.control import version_of
from dagport.rewrite.model import Parameter
from dagport.source import Source
from dagport.values import Call, Template, Value, XCom
from dagport.writers.common.code import identifiers
from dagport.writers.common.dag_arguments import renders_otherwise
from dagport.writers.common.dates import DATE_ENTRIES, DATES, KEY_TEXT, OLD_DATES, PENDULUM, SAFE_ATTRIBUTES
from dagport.writers.common.literals import NotExpressible, describe, expression, text_literal
from dagport.writers.common.model import Note, Refused, Result
from dagport.writers.common.naming import identifier, python_names

if TYPE_CHECKING:
    from dagport.writers.common.params import Field
    from dagport.writers.common.scope import Scope

RETURN_KEY = "return_value"
ITEM = "item of a mapped task"
"""In place of the id of a task, which can't have spaces: one of the items that it is expanded over."""
OLDER_PENDULUM = "dates are those of pendulum 3: where Airflow has pendulum 2, they look otherwise as text"
DAG_PARAM = re.compile(r"\{\{ params\.(\w+) \}\}")
WHOLE = ("value", "outputs", "unknown")  # kinds of results that are handed over as they are
MAP_INDEXES = ("ti.map_index", "task_instance.map_index")
MACROS = {"macros.ds_add": "ds_add", "macros.ds_format": "ds_format"}
SHOWN = frozenset({"str", "*"})
"""Uses of a date by which its text may show."""
CONNECTION_PARTS = ("conn_id", "conn_type", "host", "login", "password", "schema", "port", "extra", "extra_dejson")
CLASSES = {"macros.datetime": "dt.datetime", "macros.timedelta": "timedelta"}
HELPERS = {
    "tojson": None,
    "as_int": None,
    "pendulum": "import pendulum",
    "dt": "import datetime as dt",
    "timedelta": "from datetime import timedelta",
}
"""Names that the Python of a template may have: the import, ``None`` for a support file's."""
TASK_NAMES = ("task.task_id", "ti.task_id", "task_instance.task_id")
RUN_IDS = ("run_id", "dag_run.run_id", "ti.run_id")
PARTITION_KEYS = ("dag_run.partition_key", "partition_key")
DATED = ("cron", "interval", "once", "continuous")  # schedules whose runs have a date, and no partition key in Airflow
DAG_NAMES = ("dag.dag_id", "ti.dag_id", "task_instance.dag_id", "dag_run.dag_id", "task.dag_id")


class Inputs(ABC):
    """The parameters of one task's function, collected while its parts are written."""

    def __init__(self, scope: Scope, task: Task, avoid: Iterable[str]) -> None:
        self.scope = scope
        self.task = task
        self.names = python_names({*scope.dialect.generated, *scope.dialect.reserved, *avoid})
        self.upstream: dict[str, str] = {}  # task id -> parameter
        self.items: dict[str, str] = {}  # what it, or its group, is mapped over -> the parameter that gets an item
        self.used: dict[str, list[str]] = {}  # task id -> keys of its results that arguments have
        self.imports: dict[str, None] = {}
        self.support: dict[str, None] = {}
        self.approximations: dict[str, None] = {}
        self.notes: dict[Note, None] = {}
        self.is_dated = False  # whether something of it is a date of the run
        self.annotations: dict[str, str | None] = {}  # parameter -> how the user's function annotates it

    # Results of other tasks

    def parameter(self, task_id: str, wanted: str | None = None) -> str:
        """The parameter that receives a task's result, added when it isn't there yet."""
        if task_id not in self.upstream:
            name = wanted or identifier(self.scope.names[task_id].short, "task")
            self.upstream[task_id] = self.names.allocate(name, ["result"])
        return self.upstream[task_id]

    def take(self, value: XCom, wanted: str) -> bool:
        """Give the whole result of a task, or an item, to a parameter of the user's own name, if that says the same."""
        task_id = value.task_id
        if task_id == ITEM:
            return self._take_item(value.key, wanted)
        if task_id in self.upstream or wanted in self.scope.dialect.reserved:
            return False
        producer = self.scope.results.get(task_id)
        if value.key != RETURN_KEY or producer is None or producer.kind not in WHOLE:
            return False
        self._check_order(task_id)
        self.upstream[task_id] = wanted
        self.used[task_id] = [RETURN_KEY]
        return True

    def _take_item(self, key: str, wanted: str) -> bool:
        if key in self.items or wanted in self.scope.dialect.reserved:
            return False
        self.items[key] = wanted
        return True

    def result(self, task_id: str, key: str, *, argument: bool) -> str:
        """The source of another task's result, or an item; ``argument``: handed over by TaskFlow or ``.output``.

        A result that isn't an argument is pulled. Raises ``Refused`` where Airflow would fail, or where which result is
        meant can't be told.
        """
        if task_id == ITEM:
            return self._item(key)
        self._check_order(task_id)
        text = self._result(task_id, key, argument=argument)
        return self._copied(task_id, key, text) if argument else text

    def _item(self, key: str) -> str:
        if key not in self.items:
            self.items[key] = self.names.allocate(identifier(key, "item"), ["item"])
        return self.items[key]

    def _copied(self, task_id: str, key: str, text: str) -> str:
        """Airflow gives every argument an object of its own: a second use of a result gets a copy."""
        before = self.used.setdefault(task_id, [])
        shared = key in before or (bool(before) and RETURN_KEY in (key, *before))
        before.append(key)
        if not shared or text == "None" or text.startswith("deepcopy("):
            return text
        self.imports["from copy import deepcopy"] = None
        return f"deepcopy({text})"

    def _result(self, task_id: str, key: str, *, argument: bool) -> str:
        result = self.scope.results[task_id]
        missing = f"{task_id!r} hands over nothing by the key {key!r}"
        if result.kind == "xcoms":
            return self._pushed(task_id, key, result, argument=argument)
        if result.kind == "unknown":
            name = self.parameter(task_id)
            return name if key == RETURN_KEY else f"{name}[{text_literal(key)}]"
        if key == RETURN_KEY:
            return self._returned(task_id, result)
        lacks = self.may_lack(task_id)
        if result.kind == "outputs" and result.keys.get(key) and not lacks:
            return f"{self.parameter(task_id)}[{text_literal(key)}]"
        if result.kind == "outputs":
            return f"{self._dict_of(task_id, lacks or not result.returns)}.get({text_literal(key)})"
        if result.kind == "keys" and key in result.keys:
            if argument or (result.keys[key] and not lacks):
                return f"{self.parameter(task_id)}[{text_literal(key)}]"
            return f"{self._dict_of(task_id, lacks)}.get({text_literal(key)})"
        if argument:
            raise Refused(f"{missing}: Airflow fails when the task starts")
        return "None"

    def _returned(self, task_id: str, result: Result) -> str:
        if result.kind == "nothing" or (result.kind == "keys" and not result.returns):
            return "None"
        if result.kind != "keys":
            return self.parameter(task_id)
        return f"{self._dict_of(task_id, self.may_lack(task_id))}.get({text_literal(RETURN_KEY)})"

    def _dict_of(self, task_id: str, may_lack: bool) -> str:
        name = self.parameter(task_id)
        return f"({name} or {{}})" if may_lack else name

    def may_lack(self, task_id: str) -> bool:
        """Whether the task may run although another, whose result it takes, has handed over nothing."""
        return False

    def _pushed(self, task_id: str, key: str, result: Result, *, argument: bool) -> str:
        """One of the results of a task that Airflow runs (``XComArg.resolve``, ``TaskInstance.xcom_pull``)."""
        if result.several and not (argument and key == RETURN_KEY):
            raise Refused(f"it pulls results of {task_id!r}, which is mapped")
        name = self._dict_of(task_id, self.may_lack(task_id))
        if result.several:
            what = f"it gets a list of the results of {task_id!r}, and Airflow gives it a lazy sequence of them"
            self.approximations[what] = None
            return f'{name}.get("{RETURN_KEY}", [])'
        # Without a result an argument is None, but a key that wasn't pushed fails.
        return f"{name}[{text_literal(key)}]" if argument and key != RETURN_KEY else f"{name}.get({text_literal(key)})"

    def tell_of_list(self, task_id: str) -> None:
        """Of a task in a mapped group ``xcom_pull`` gives Airflow 3 a list only where there are several results."""
        what = f"the results of {task_id!r} are a list here; Airflow"
        if self.scope.dependencies.tasks[task_id].mapped is None and version_of(self.scope.pipeline) == "3":
            self.approximations[f"{what} hands on the only one as it is, and None where there is none"] = None
        else:
            self.notes["DP403", f"{what} hands on a lazy sequence of them"] = None

    def _check_order(self, task_id: str) -> None:
        dependencies = self.scope.dependencies
        if task_id not in dependencies.tasks:
            raise Refused(f"it takes the result of {task_id!r}, which isn't a task of this DAG")
        if task_id in dependencies.folded:
            raise Refused(f"it takes the result of {task_id!r}, which has none")
        producer = self.scope.results.get(task_id)
        if dependencies.tasks[task_id].mapped is not None and not (producer and producer.several):
            raise Refused(f"it takes the results of {task_id!r}, which is mapped")
        if task_id not in dependencies.ancestors(self.task.id):
            raise Refused(f"it takes the result of {task_id!r}, which need not have run before")
        if not self.is_kept(dependencies.tasks[task_id]):
            raise Refused(f"it takes the result of {task_id!r}, which Airflow 3 keeps only where that skips nothing")

    def is_kept(self, producer: Task) -> bool:
        """Whether a result is there when this task runs: a task that skips others raises ``DownstreamTasksSkipped``."""
        if producer.kind not in ("branch", "short_circuit") or self.scope.pipeline.engine_version != "3":
            return True
        direct = any(
            (edge.upstream, edge.downstream) == (producer.id, self.task.id) for edge in self.scope.pipeline.edges
        )
        return producer.kind == "short_circuit" and direct and self.task.trigger_rule == "all_success"

    # The run's context

    def context(self, entry: str, attributes: frozenset[str] = frozenset()) -> str:
        """The source in place of an entry of Airflow's context. Raises ``Refused`` when there is none."""
        if entry in DATE_ENTRIES:
            return self._date(entry, attributes)
        if entry.startswith("params."):
            return self.param(entry.removeprefix("params."))
        if entry == "params":
            declared = ", ".join(f"{text_literal(name)}: {self.param(name)}" for name in self.scope.pipeline.params)
            return f"{{{declared}}}"
        if entry in CLASSES:
            return CLASSES[entry]
        if entry in MACROS:
            self.support[MACROS[entry]] = None
            return MACROS[entry]
        if entry == KEY_TEXT:
            return f"{text_literal(f'{self.scope.pipeline.id}__{self.task.id}__')} + {self.context('ds_nodash')}"
        known = self._of_task(entry)
        if known is not None:
            return known
        if entry in TASK_NAMES:
            return text_literal(self.task.id)
        if entry in DAG_NAMES:
            return text_literal(self.scope.pipeline.id)
        text = self.of_run(entry)
        if text is None:
            raise Refused(f"it uses `{entry}` of the run's context, which {self.scope.dialect.engine} doesn't have")
        return text

    def _of_task(self, entry: str) -> str | None:
        """What the graph says of the task itself."""
        if (
            entry in MAP_INDEXES
            and self.task.mapped is None
            and not any(group.mapped for group in self.scope.pipeline.groups)
        ):
            return "-1"
        if entry == "templates_dict":
            return self.value(self.task.arguments.get("templates_dict"))
        if entry == "task.retries":
            return str(self.task.retries or 0)
        return "False" if entry == "test_mode" else None

    def _date(self, entry: str, attributes: frozenset[str]) -> str:
        self.check_date(entry)
        self.is_dated = True
        # Airflow 3 has a pendulum whose dates look like Python's own.
        is_new = self.scope.pipeline.engine_version == "3"
        if is_new and entry in OLD_DATES:
            raise Refused(f"it uses `{entry}`, which Airflow 3 doesn't have")
        if entry not in DATES or attributes <= SAFE_ATTRIBUTES | ({"str"} if is_new else frozenset()):
            return self.date(entry)
        if not is_new and attributes & SHOWN:
            other, engine = ", ".join(sorted(attributes - SAFE_ATTRIBUTES)), self.scope.dialect.engine
            raise Refused(f"it uses `{entry}` as a date of pendulum's ({other}), and {engine} gives a plain datetime")
        if not is_new:
            self.approximations[OLDER_PENDULUM] = None
        self.imports[PENDULUM] = None
        return f"pendulum.instance({self.date(entry)})"

    # What each target has of its own

    def keep(self, parameter: Parameter, given: Mapping[str, Value]) -> bool:
        """Let a function keep one of its parameters, for a target that hands on constants; whether it is kept."""
        return False

    def annotation(self, text: str | None) -> str | None:
        """An annotation of the user's function, for a target that keeps those whose names it has."""
        return None

    @abstractmethod
    def check_date(self, entry: str) -> None:
        """Raises ``Refused`` when a run of the target has no dates."""

    @abstractmethod
    def date(self, entry: str) -> str:
        """The source in place of one of ``DATE_ENTRIES``. Raises ``Refused`` when there is none."""

    @abstractmethod
    def latest(self) -> str:
        """The source of a condition: no later run is due by the schedule. Raises ``Refused``."""

    @abstractmethod
    def of_run(self, entry: str) -> str | None:
        """The source in place of another entry of the context, ``None`` when there is none."""

    @abstractmethod
    def param(self, name: str) -> str:
        """The source of a param of the run. Raises ``Refused``."""

    @abstractmethod
    def variable(self, name: str, default: str | None = None, *, deserialize_json: bool = False) -> str:
        """The source of ``Variable.get``; ``default`` is source text, ``None`` when a missing one raises."""

    @abstractmethod
    def connection(self, conn_id: str) -> str:
        """The source of the database of a connection, on which ``run`` is called. Raises ``Refused``."""

    @abstractmethod
    def command(self, arguments: Sequence[str]) -> str:
        """The statement that runs a shell command and hands over its last line."""

    @abstractmethod
    def given(self) -> list[str]:
        """The names of the parameters that hold no result of another task."""

    @abstractmethod
    def signature(self) -> list[str]:
        """The parameters, as text."""

    def _field(self, name: str) -> Field:
        """The field that a param of the DAG is in the target. Raises ``Refused`` for one that has none."""
        place = self.scope.params.fields.get(name)
        if place is None:
            raise Refused(self.scope.params.refusals.get(name, f"the param `{name}` isn't declared"))
        return place

    def _check_conf(self) -> None:
        """Raise ``Refused`` where ``dag_run.conf`` would be more than what a run is given by that name."""
        if self.scope.pipeline.params:
            raise Refused("it uses `dag_run.conf`, whose entries are those of `params`, too")

    def _has_partition_key(self) -> bool:
        """Whether a run has a partition key in Airflow."""
        return self.scope.pipeline.schedule.kind not in DATED

    def _get_variable(self, variable: str, default: str | None, *, deserialize_json: bool) -> str:
        """The call of the project's ``get_variable``."""
        self.support["variables"] = None
        more = [f"default={default}"] * (default is not None) + ["deserialize_json=True"] * deserialize_json
        return f"get_variable({', '.join([text_literal(variable), *more])})"

    # Values

    def value(self, value: Value) -> str:
        """The source of an argument's value as the task gets it. Raises ``Refused`` when there is none."""
        try:
            return expression(_rendered(value), self._symbolic)
        except NotExpressible as reason:
            raise Refused(str(reason)) from None

    def _symbolic(self, value: Value) -> str:
        if isinstance(value, XCom):
            return self.result(value.task_id, value.key, argument=True)
        if isinstance(value, Template):
            return self._dag_param(value) or self.template(value)
        raise NotExpressible(describe(value))

    def _dag_param(self, value: Template) -> str | None:
        """``dag.param("x")``, which the graph shows as a template, is the param itself and not its text."""
        match = DAG_PARAM.fullmatch(value.text)
        if match is None:
            return None
        source = self.scope.source.text
        if value.text not in source:
            return self.param(match[1])
        if "@dag" in source or ".param(" in source:
            raise Refused(f"whether {value.text!r} is a template or a param of the function can't be told")
        return None

    def template(self, value: Template) -> str:
        """The source of a text that Airflow renders. Raises ``Refused`` when a part has no exact form."""
        if not is_plain_environment(self.scope.source) or renders_otherwise(self.scope.pipeline, value.text):
            raise Refused("the DAG changes how Jinja renders")
        found: dict[str, str] = {}
        for ref in value.refs:
            found |= self._reference(ref)
        if self.scope.pipeline.engine_version == "3":
            found[templates.DATES_AS_TEXT] = "True"  # pendulum 2 shows them otherwise than Python
        text = templates.to_python(value.text, found)
        if text is None:
            raise Refused(f"the template {value.text!r} has no exact form in Python")
        self._import_helpers(text)
        return text

    def _import_helpers(self, text: str) -> None:
        for name in sorted(identifiers(text) & HELPERS.keys()):
            if (statement := HELPERS[name]) is None:
                self.support[name] = None
            else:
                self.imports[statement] = None

    def _reference(self, ref: str) -> dict[str, str]:
        """The source for a reference of a template, by the names that ``templates.to_python`` asks for."""
        if ref.startswith("xcom:"):
            task_id, key = self._split_reference(ref.removeprefix("xcom:"))
            return {ref: self.result(task_id, key, argument=False)}
        if ref.startswith("var."):
            return self._variables(ref.removeprefix("var."))
        if ref.startswith("conn."):
            return self._connection_parts(ref)
        # What is taken from a date, `to_python` knows better.
        return {ref: self.context(ref)}

    def _variables(self, name: str) -> dict[str, str]:
        default = templates.DEFAULT
        return {
            f"var.{name}": self.variable(name),
            f"var.json.{name}": self.variable(name, deserialize_json=True),
            f"var.value.get.{name}": self.variable(name, default),
            f"var.json.get.{name}": self.variable(name, default, deserialize_json=True),
        }

    def _connection_parts(self, ref: str) -> dict[str, str]:
        conn_id = ref.removeprefix("conn.")
        self.support["get_connection"] = None
        place = f"the environment variable AIRFLOW_CONN_{conn_id.upper()}, as Airflow has it"
        self.notes["DP403", f"the connection {conn_id!r} is read from {place}"] = None
        return {f"{ref}.{name}": f"get_connection({text_literal(conn_id)}).{name}" for name in CONNECTION_PARTS}

    def _split_reference(self, text: str) -> tuple[str, str]:
        """``group.task.key``: the id of a task may hold dots, and so may a key."""
        for task_id in sorted(self.scope.dependencies.tasks, key=len, reverse=True):
            if text.startswith(f"{task_id}."):
                return task_id, text.removeprefix(f"{task_id}.")
        task_id, _, key = text.rpartition(".")
        return task_id, key


def _rendered(value: Value) -> Value:
    """A value as Airflow renders it: that changes texts without a template, too."""
    if isinstance(value, str):
        return templates.plain(value)
    if isinstance(value, Mapping):
        return {key: _rendered(item) for key, item in value.items()}
    if isinstance(value, Call):
        return replace(value, args=tuple(map(_rendered, value.args)))
    return [_rendered(item) for item in value] if isinstance(value, Sequence) else value


def is_plain_environment(source: Source) -> bool:
    """Whether nothing in the file changes how templates render; the graph doesn't tell."""
    return not any(
        name in source.text
        for name in (
            "render_template_as_native_obj=True",
            "jinja_environment_kwargs",
            "render_template_as_native_obj': True",
        )
    )
