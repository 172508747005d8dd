"""The parameters of an asset's function: the context, the config, resources, then the results of other tasks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from dagport.graph import Task
from dagport.passes.control import succeeded_before
from dagport.values import XCom
from dagport.writers.common import inputs as common
from dagport.writers.common.dialect import Dialect
from dagport.writers.common.inputs import PARTITION_KEYS, RUN_IDS
from dagport.writers.common.model import Refused
from dagport.writers.dagster.naming import GENERATED, RESERVED_INPUTS
from dagport.writers.dagster.times import delta_text

if TYPE_CHECKING:
    from dagport.writers.dagster.families.table import Client
    from dagport.writers.dagster.scope import Scope

RUN_CONTEXT = {
    "try_number": "context.retry_number + 1",
    "ti.try_number": "context.retry_number + 1",
    "task_instance.try_number": "context.retry_number + 1",
}
EXCEPTIONS = {
    "AirflowException": "dg.Failure",
    "AirflowFailException": "dg.Failure(..., allow_retries=False)",
    "AirflowSkipException": "Skip",  # in ops only: an asset's function can't say it
}


class Inputs(common.Inputs):
    """The parameters of one asset's function."""

    scope: Scope

    def __init__(self, scope: Scope, task: Task, avoid: Iterable[str]) -> None:
        super().__init__(scope, task, avoid)
        self.resources: dict[str, str] = {}  # parameter -> annotation
        self.needs_context = False
        self.config: str | None = None  # annotation of the parameter `config`
        self.takes_conf = False  # whether the config has a field for what a run is given

    def take(self, value: XCom, wanted: str) -> bool:
        """Not the results of all instances: the parameter has a list of them."""
        return not self._is_several(value.task_id) and super().take(value, wanted)

    def _result(self, task_id: str, key: str, *, argument: bool) -> str:
        if not self._is_several(task_id):
            return super()._result(task_id, key, argument=argument)
        if not argument or key != common.RETURN_KEY:
            raise Refused(f"it pulls results of {task_id!r}, which is mapped")
        self.tell_of_list(task_id)
        return self.parameter(task_id)

    def may_lack(self, task_id: str) -> bool:
        """An op gets ``None`` of a task that has ended otherwise than its rule, and those above it, ask for."""
        graphs = self.scope.graphs
        return task_id in graphs.members and task_id not in succeeded_before(graphs.control, self.task.id)

    def _is_several(self, task_id: str) -> bool:
        """Whether the results of all instances of a task are taken together."""
        graphs, tasks = self.scope.graphs, self.scope.dependencies.tasks
        return task_id in tasks and graphs.is_several(tasks[task_id], self.task)

    def check_date(self, entry: str) -> None:
        """Dates are those of partitions, or of the run."""
        if isinstance(self.scope.partitions, str):
            raise Refused(f"it uses `{entry}`: {self.scope.partitions}")

    def date(self, entry: str) -> str:
        """A date of the run's partition, or of the run."""
        assert not isinstance(self.scope.partitions, str)  # noqa: S101 - check_date has refused it otherwise
        self.needs_context = True
        replaced = self.scope.partitions.context.get(entry)
        if replaced is None:
            raise Refused(f"it uses `{entry}`, which Airflow 3 doesn't have")
        self.imports.update(dict.fromkeys(sorted(replaced.imports)))
        return replaced.text

    def latest(self) -> str:
        """Whether now is in the run's time window, or before the next run of an interval."""
        start, schedule = self.date("logical_date"), self.scope.pipeline.schedule
        assert not isinstance(self.scope.partitions, str)  # noqa: S101 - check_date has refused it otherwise
        self.support["is_latest"] = None
        if self.scope.partitions.definition is not None:
            window = "context.partition_time_window"
            return f"is_latest(context, {window}.start, {window}.end)"
        if schedule.kind != "interval" or schedule.seconds is None:
            raise Refused("when the next run is due isn't known to the run")
        self.imports["from datetime import timedelta"] = None
        return f"is_latest(context, {start}, {start} + {delta_text(timedelta(seconds=schedule.seconds))})"

    def of_run(self, entry: str) -> str | None:
        """What Dagster's context has."""
        if entry in RUN_CONTEXT:
            self.needs_context = True
            return RUN_CONTEXT[entry]
        if entry in RUN_IDS:
            self.needs_context = True
            self.approximations["`run_id`: Dagster's run ids look different"] = None
            return "context.run.run_id"
        if entry in PARTITION_KEYS and self._has_partition_key():
            self.needs_context = True
            return 'context.run.tags.get("dagster/partition")'
        return self._conf() if entry == "dag_run.conf" else None

    def _conf(self) -> str:
        """A field of the config: a run is given it when it is made."""
        self._check_conf()
        self._check_annotated("dag_run.conf")
        self.config = self.scope.config_name
        self.takes_conf = True
        return "config.conf"

    def param(self, name: str) -> str:
        """A field of the config."""
        place = self._field(name)
        self._check_annotated("params")
        self.config = self.scope.config_name
        return f"config.{place.name}"

    def _check_annotated(self, what: str) -> None:
        if self.scope.postponed:
            raise Refused(f"it uses {what}, and the module's annotations can't be objects, as Dagster needs for that")

    def variable(self, name: str, default: str | None = None, *, deserialize_json: bool = False) -> str:
        """An environment variable."""
        variable = self.scope.project.variable(name)
        self.notes["DP403", f"the Variable {name!r} is read from the environment variable {variable}"] = None
        return self._get_variable(variable, default, deserialize_json=deserialize_json)

    def connection(self, conn_id: str) -> str:
        """A resource, which is a parameter."""
        self._check_annotated("a connection")
        self.support["resources"] = None
        name, variable = self.scope.project.connection(conn_id)
        place = f"its SQLAlchemy URL is read from the environment variable {variable}"
        self.notes["DP403", f"the connection {conn_id!r} is the resource `{name}`: {place}"] = None
        self.names.reserve([name])
        self.resources[name] = "SqlDatabase"
        return name

    def client(self, conn_id: str | None, client: Client) -> str:
        """The resource through which something outside is reached, which is a parameter."""
        self._check_annotated("a connection")
        made = self.scope.project.client(conn_id, client)
        self.support.update(dict.fromkeys(client.support))
        self.imports[client.imported.format(package=self.scope.project.package)] = None
        what = f"the connection {conn_id!r} is" if conn_id else "what it reaches is"
        self.notes["DP403", f"{what} the resource `{made.key}`: {made.said}"] = None
        self.names.reserve([made.key])
        self.resources[made.key] = client.annotation
        return made.key

    def command(self, arguments: Sequence[str]) -> str:
        """``run_bash`` yields the output, or nothing when the command skips."""
        self.needs_context = True
        self.support["shell"] = None
        return f"yield from run_bash({', '.join(['context', *arguments])})"

    def given(self) -> list[str]:
        """The context, the config and resources."""
        return [*["context"] * self.needs_context, *["config"] * (self.config is not None), *self.resources]

    def signature(self) -> list[str]:
        """The context, the config and resources, then the results of others."""
        context = "context" if self.scope.postponed else "context: dg.AssetExecutionContext"
        head = [context] * self.needs_context
        head += [f"config: {self.config}"] * (self.config is not None)
        return [
            *head,
            *(f"{name}: {kind}" for name, kind in self.resources.items()),
            *self.upstream.values(),
            *self.items.values(),
        ]


DIALECT = Dialect(
    engine="Dagster",
    reserved=RESERVED_INPUTS,
    generated=GENERATED,
    exceptions=EXCEPTIONS,
)
