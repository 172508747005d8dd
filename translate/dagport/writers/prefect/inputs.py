"""The parameters of a task's function: the results of other tasks, then params and dates that the flow hands on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from dagport.graph import Task
from dagport.rewrite.context import CONTEXT_KEYS
from dagport.rewrite.model import Parameter
from dagport.values import Value, XCom, is_known
from dagport.writers.common import inputs as common
from dagport.writers.common.code import identifiers
from dagport.writers.common.dialect import Dialect
from dagport.writers.common.inputs import ITEM, PARTITION_KEYS, RUN_IDS
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import Refused
from dagport.writers.common.naming import BUILTINS
from dagport.writers.prefect.copies import may_change
from dagport.writers.prefect.dates import source
from dagport.writers.prefect.naming import GENERATED, RESERVED

if TYPE_CHECKING:
    from dagport.writers.prefect.scope import Scope

TRIES = ("try_number", "ti.try_number", "task_instance.try_number")
EXCEPTIONS = {
    "AirflowException": "RuntimeError",
    "AirflowFailException": "PermanentFailure",
    "AirflowSkipException": "Skip",
}
CONF, PARTITION_KEY = "conf", "partition_key"
OF_A_RUN = {CONF: "dict", PARTITION_KEY: "str"}
"""Parameters of the flow for what a run is given when it is made."""
OLD_DELTA = "timedelta("


class Inputs(common.Inputs):
    """The parameters of one task's function."""

    scope: Scope

    def __init__(self, scope: Scope, task: Task, avoid: Iterable[str]) -> None:
        super().__init__(scope, task, avoid)
        self.of_flow: dict[str, str] = {}  # parameter -> what the flow gives it: a variable of its own, or a constant
        self.defaults: dict[str, str] = {}  # parameter -> its default

    def take(self, value: XCom, wanted: str) -> bool:
        """Not a result that is copied; of a list is told."""
        taken = not self._is_copied(value.task_id) and super().take(value, wanted)
        if taken and value.task_id != ITEM and self.scope.is_list(value.task_id, self.task.id):
            self.tell_of_list(value.task_id)
        return taken

    def result(self, task_id: str, key: str, *, argument: bool) -> str:
        """A result of another task, or an item of what it is mapped over."""
        return self._own(task_id, super().result(task_id, key, argument=argument))

    def _result(self, task_id: str, key: str, *, argument: bool) -> str:
        producer = self.scope.results[task_id]
        if producer.kind in ("xcoms", "unknown"):
            return super()._result(task_id, key, argument=argument)
        if not self.scope.is_list(task_id, self.task.id):
            return super()._result(task_id, key, argument=argument)
        if not argument or key != common.RETURN_KEY or producer.kind not in common.WHOLE:
            raise Refused(f"it pulls results of {task_id!r}, which is mapped")
        self.tell_of_list(task_id)
        return self.parameter(task_id)

    def may_lack(self, task_id: str) -> bool:
        """A task gets ``None`` of one that need not have succeeded."""
        return not self.scope.is_sure(task_id, self.task.id)

    def _own(self, task_id: str, text: str) -> str:
        """A copy, where the function may change what others get, too."""
        if text == "None" or text.startswith("deepcopy(") or not self._is_copied(task_id):
            return text
        self.imports["from copy import deepcopy"] = None
        return f"deepcopy({text})"

    def _is_copied(self, task_id: str) -> bool:
        """Whether several tasks take a result, and this one's code changes objects."""
        callable_ = self.task.callable
        if callable_ is None or callable_.span is None or len(self._readers(task_id)) < 2:
            return False
        helpers = self.scope.module.slice(self.scope.module.facts(callable_).names).definitions
        return any(may_change(text) for text in (self.scope.segment(self.task), *helpers))

    def _readers(self, task_id: str) -> set[str]:
        pipeline = self.scope.pipeline
        found = {edge.downstream for edge in pipeline.edges if edge.upstream == task_id and edge.kind == "data"}
        return found | {flow.downstream for flow in pipeline.data_flows if flow.upstream == task_id}

    def keep(self, parameter: Parameter, given: Mapping[str, Value]) -> bool:
        """The flow hands on constants; a parameter that it gives nothing has its default."""
        name, value = parameter.name, given.get(parameter.name)
        if name in RESERVED or not is_known(value) or (name not in given and parameter.default is None):
            return False
        if name in given:
            self.of_flow[name] = self.value(value)
        else:
            self.defaults[name] = parameter.default or ""
        self.annotations[name] = parameter.annotation
        return True

    def annotation(self, text: str | None) -> str | None:
        """Nothing checks annotations of tasks; their names have to be there."""
        if text is None or self.task.callable is None:
            return None
        known = BUILTINS | self.scope.module_names(self.scope.module.facts(self.task.callable).names)
        return text if identifiers(text) <= known else None

    def from_flow(self, variable: str) -> str:
        """The parameter that gets one of the flow's variables."""
        for parameter, given in self.of_flow.items():
            if given == variable:
                return parameter
        if variable in self._filled_in():
            self.of_flow[variable] = variable
            return variable
        name = self.names.allocate(variable, ["of_run"])
        self.of_flow[name] = variable
        return name

    def _filled_in(self) -> frozenset[str]:
        """The function's own parameters that have the name of a date, which Airflow gives them."""
        callable_, given = self.task.callable, self.task.arguments
        if callable_ is None or callable_.span is None or given.get("op_args") or given.get("op_kwargs"):
            return frozenset()
        return frozenset(item.name for item in self.scope.module.facts(callable_).parameters) & CONTEXT_KEYS

    def check_date(self, entry: str) -> None:
        """Dates are those of the flow run."""
        if isinstance(self.scope.dates, str):
            raise Refused(f"it uses `{entry}`: {self.scope.dates}")

    def date(self, entry: str) -> str:
        """A date that the flow hands on."""
        dates = self.scope.dates
        assert not isinstance(dates, str)  # noqa: S101 - check_date has refused it otherwise
        text = source(entry, dates, old=self.scope.pipeline.engine_version != "3")
        if text is None:
            raise Refused(f"it uses `{entry}`, which Airflow 3 doesn't have")
        if OLD_DELTA in text:
            self.imports["from datetime import timedelta"] = None
        variable = dates.variable(entry)
        return text.replace(variable, self.from_flow(variable), 1)

    def latest(self) -> str:
        """Whether now is before the next time of the schedule."""
        schedule, zone = self.scope.pipeline.schedule, self.scope.pipeline.timezone or "UTC"
        if schedule.kind == "interval" and schedule.seconds is not None:
            name, rule = "Every", f"Every(seconds={schedule.seconds:g})"
        elif schedule.kind == "cron" and schedule.cron is not None:
            more = f", timezone={text_literal(zone)}" if zone != "UTC" else ""
            name, rule = "Cron", f"Cron({text_literal(schedule.cron)}{more})"
        else:
            raise Refused("when the next run is due isn't known to the run")
        self.support.update({name: None, "is_latest": None})
        return f"is_latest({self.date('logical_date')}, {rule})"

    def of_run(self, entry: str) -> str | None:
        """What Prefect knows of a run."""
        if entry in TRIES:
            self.imports["from prefect.runtime import task_run"] = None
            return "task_run.run_count"
        if entry in RUN_IDS:
            self.imports["from prefect.runtime import flow_run"] = None
            self.approximations["`run_id`: Prefect's run ids look different"] = None
            return "flow_run.id"
        if entry in PARTITION_KEYS and self._has_partition_key():
            return self.from_flow(PARTITION_KEY)
        return self._conf() if entry == "dag_run.conf" else None

    def _conf(self) -> str:
        """A parameter of the flow: a run is given it when it is made."""
        self._check_conf()
        return self.from_flow(CONF)

    def param(self, name: str) -> str:
        """A parameter of the flow."""
        place = self._field(name)
        return self.from_flow(place.name)

    def variable(self, name: str, default: str | None = None, *, deserialize_json: bool = False) -> str:
        """One of Prefect's variables."""
        variable = self.scope.project.variable(name)
        self.notes["DP403", f"the Variable {name!r} is Prefect's variable {variable!r}: set it"] = None
        return self._get_variable(variable, default, deserialize_json=deserialize_json)

    def connection(self, conn_id: str) -> str:
        """A database, whose URL the environment has."""
        self.support["database"] = None
        variable = self.scope.project.connection(conn_id)
        place = f"its SQLAlchemy URL is read from the environment variable {variable}"
        self.notes["DP403", f"the connection {conn_id!r}: {place}"] = None
        return f"SqlDatabase.from_environment({text_literal(variable)})"

    def command(self, arguments: Sequence[str]) -> str:
        """``run_bash`` gives the last line of the output."""
        self.support["shell"] = None
        return f"return run_bash({', '.join(arguments)})"

    def given(self) -> list[str]:
        """What the flow hands on."""
        return [*self.of_flow, *self.defaults]

    def signature(self) -> list[str]:
        """The results of others and items of what it is mapped over, then what the flow hands on, then defaults."""
        head = [self._annotated(name) for name in (*self.upstream.values(), *self.items.values(), *self.of_flow)]
        return [*head, *(self._annotated(name, default) for name, default in self.defaults.items())]

    def _annotated(self, name: str, default: str | None = None) -> str:
        kind = self.annotation(self.annotations.get(name))
        text = f"{name}: {kind}" if kind else name
        return text if default is None else f"{text}{' = ' if kind else '='}{default}"


DIALECT = Dialect(
    engine="Prefect",
    reserved=RESERVED,
    generated=GENERATED,
    exceptions=EXCEPTIONS,
)
