"""The parameters of an asset's function: the context, the config, resources, then the results of other tasks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from dagport.graph import Task
from dagport.writers.common import inputs as common
from dagport.writers.common.dialect import Dialect
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import Refused
from dagport.writers.dagster.naming import GENERATED, RESERVED_INPUTS

if TYPE_CHECKING:
    from dagport.writers.dagster.scope import Scope

RUN_CONTEXT = {
    "try_number": "context.retry_number + 1",
    "ti.try_number": "context.retry_number + 1",
    "task_instance.try_number": "context.retry_number + 1",
}
RUN_IDS = ("run_id", "dag_run.run_id", "ti.run_id")
EXCEPTIONS = {"AirflowException": "dg.Failure", "AirflowFailException": "dg.Failure(..., allow_retries=False)"}


class Inputs(common.Inputs):
    """The parameters of one asset's function."""

    scope: Scope

    def __init__(self, scope: Scope, task: Task, avoid: Iterable[str]) -> None:
        super().__init__(scope, task, avoid)
        self.resources: dict[str, str] = {}  # parameter -> annotation
        self.needs_context = False
        self.config: str | None = None  # annotation of the parameter `config`

    def check_date(self, entry: str) -> None:
        """Dates are those of partitions."""
        if isinstance(self.scope.partitions, str):
            raise Refused(f"it uses `{entry}`: {self.scope.partitions}")

    def date(self, entry: str) -> str:
        """A date of the run's partition."""
        assert not isinstance(self.scope.partitions, str)  # noqa: S101 - check_date has refused it otherwise
        self.needs_context = True
        replaced = self.scope.partitions.context.get(entry)
        if replaced is None:
            raise Refused(f"it uses `{entry}`, which Airflow 3 doesn't have")
        self.imports.update(dict.fromkeys(sorted(replaced.imports)))
        return replaced.text

    def of_run(self, entry: str) -> str | None:
        """What Dagster's context has."""
        if entry in RUN_CONTEXT:
            self.needs_context = True
            return RUN_CONTEXT[entry]
        if entry in RUN_IDS:
            self.needs_context = True
            self.approximations["`run_id`: Dagster's run ids look different"] = None
            return "context.run.run_id"
        return None

    def param(self, name: str) -> str:
        """A field of the config."""
        place = self.scope.params.fields.get(name)
        if place is None:
            raise Refused(self.scope.params.refusals.get(name, f"the param `{name}` isn't declared"))
        self._check_annotated("params")
        self.config = self.scope.config_name
        return f"config.{place.name}"

    def _check_annotated(self, what: str) -> None:
        if self.scope.postponed:
            raise Refused(f"it uses {what}, and the module's annotations can't be objects, as Dagster needs for that")

    def variable(self, name: str, default: str | None = None, *, deserialize_json: bool = False) -> str:
        """An environment variable."""
        variable = self.scope.project.variable(name)
        self.support["variables"] = None
        self.notes["DP403", f"the Variable {name!r} is read from the environment variable {variable}"] = None
        more = [f"default={default}"] * (default is not None) + ["deserialize_json=True"] * deserialize_json
        arguments = ", ".join([text_literal(variable), *more])
        return f"get_variable({arguments})"

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
        return [*head, *(f"{name}: {kind}" for name, kind in self.resources.items()), *self.upstream.values()]


DIALECT = Dialect(
    engine="Dagster",
    reserved=RESERVED_INPUTS,
    generated=GENERATED,
    exceptions=EXCEPTIONS,
)
