"""The text of a pipeline's module, from its written tasks."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from dagport.writers.common import latest, supporting
from dagport.writers.common.code import docstring, imported_roots
from dagport.writers.common.dag_arguments import notes_of
from dagport.writers.common.literals import text_literal
from dagport.writers.common.model import Function, Note
from dagport.writers.common.module import ModuleText, helpers_of, marked, names_of, told, unchecked
from dagport.writers.common.params import Field
from dagport.writers.prefect.builder import Builder, Built, Region, WrittenTask
from dagport.writers.prefect.choices import choices_of
from dagport.writers.prefect.dates import END, LOGICAL, START
from dagport.writers.prefect.flow import statements_of
from dagport.writers.prefect.inputs import CONF, OF_A_RUN
from dagport.writers.prefect.naming import GENERATED
from dagport.writers.prefect.render import render

DATES = (LOGICAL, START, END)
CONTROL = (
    "Skip", "PermanentFailure", "after", "as_setup", "chosen", "each", "each_kwargs", "expand", "expand_kwargs",
    "gated_task", "results_of", "unless_permanent",
)  # fmt: skip
AIRFLOW = ("run_in_airflow", "run_region_in_airflow", "end_as_in_airflow")
SUPPORT = {
    "shell": "from {package}.shell import run_bash",
    "variables": "from {package}.variables import get_variable",
    "database": "from {package}.database import SqlDatabase",
    "is_latest": "from {package}.latest import is_latest",
    **{name: f"from {{package}}.dates import {name}" for name in ("date_of_run", "dates_of_run", "Cron", "Every")},
    **{name: f"from {{package}}.control import {name}" for name in CONTROL},
    **{name: f"from {{package}}.airflow import {name}" for name in AIRFLOW},
    **{name: item.statement for name, item in supporting.SUPPORT.items()},
}
"""What ``Inputs.support`` and the flow name -> the import."""


def file_of(name: str) -> str:
    """The file that a name of ``SUPPORT`` is imported from."""
    known = supporting.SUPPORT.get(name)
    return known.file if known is not None else f"{SUPPORT[name].split()[1].rpartition('.')[2]}.py"


class ModuleWriter:
    """Puts a module together."""

    def __init__(self, builder: Builder, built: Built, flow: str) -> None:
        """``flow`` is the name that Prefect shows."""
        self.builder = builder
        self.scope = builder.scope
        self.built = built
        self.flow = flow
        self.slice = self.scope.module.slice(names_of(written.function for written in built.tasks))
        self.statements = statements_of(self.scope, built)
        self.support: dict[str, None] = {name: None for item in built.parts for name in item.inputs.support}
        self.imports: dict[str, None] = {"from prefect import flow": None}

    def write(self) -> ModuleText:
        """The module's text, with markers for the user's own pieces."""
        pipeline = self.scope.pipeline
        definitions, definition_chunks = marked(self.slice.definitions)
        helpers = helpers_of(written.function for written in self.built.tasks)
        functions = [*(helper.text for helper in helpers), *self._functions()]
        flow = {
            "function": self.scope.flow_name,
            "options": list(self._options()),
            "parameters": list(self._parameters()),
            "doc": self._doc(),
            "body": [*self._dates(), *self.statements.lines],
        }
        text = render(
            "module.py",
            header=f"Written by dagport from {self.scope.source.path} (the DAG {pipeline.id}).",
            doc=None,
            future=[line for line in self.slice.imports if line.startswith("from __future__")],
            imports=list(self._imports()),
            definitions=definitions,
            functions=functions,
            flow=flow,
        )
        chunks = [chunk for one in (*helpers, *(task.function for task in self.built.tasks)) for chunk in one.chunks]
        return ModuleText(
            text=text,
            chunks=(*definition_chunks, *chunks),
            support=frozenset(self.support),
            imported=imported_roots(self.slice.imports),
            diagnostics=told(self._notes(), self.scope),
        )

    # Parts

    def _imports(self) -> Iterator[str]:
        """The user's imports, then those of the generated code; called when all else is written."""
        yield from (line for line in self.slice.imports if not line.startswith("from __future__"))
        seen = dict(self.imports)
        for item in self.built.parts:
            seen.update(item.inputs.imports)
        for name in self.statements.used:
            if GENERATED.get(name):
                seen[GENERATED[name]] = None
            else:
                self.support[name] = None
        seen.update({SUPPORT[name].format(package=self.scope.project.package): None for name in self.support})
        yield from seen

    def _functions(self) -> Iterator[str]:
        """The tasks' functions; what runs a region comes before its tasks."""
        told: set[str] = set()
        for written in self.built.tasks:
            region = self.built.regions.get(written.region[0]) if written.region else None
            if region is not None and region.name.id not in told:
                told.add(region.name.id)
                yield self._of_region(region)
            yield self._of_task(written)

    def _of_task(self, written: WrittenTask) -> str:
        arguments = dict(self._arguments(written))
        assets = arguments.pop("assets", None)
        gated = bool(written.gated or written.region)
        if gated and assets is not None:
            arguments["assets"] = f"[{assets}]"
        shown = [f"{name}={text}" for name, text in arguments.items()]
        if gated or assets is None:
            return self._decorated("gated_task" if gated else "task", shown, written.function)
        return self._decorated("materialize", [assets, *shown], written.function)

    def _of_region(self, region: Region) -> str:
        shown = [f"name={text_literal(region.name.id)}", 'tags=["airflow"]']
        return self._decorated("gated_task" if region.gated else "task", shown, region.function)

    def _decorated(self, decorator: str, arguments: list[str], function: Function) -> str:
        if decorator == "gated_task":
            self.support[decorator] = None
            shown = f"gated_task({', '.join(arguments)})"
        else:
            self.imports[GENERATED[decorator]] = None
            shown = f"{decorator}({', '.join(arguments)})" if arguments else decorator
        return render("task.py", comments=function.comments, decorator=shown, arguments=[], function=function.text)

    def _arguments(self, written: WrittenTask) -> Iterator[tuple[str, str]]:
        if written.name.function != written.task.id:
            yield "name", text_literal(written.task.id)
        control = written.control
        if control.gated and control.rule != "all_success" and not written.region:
            yield "rule", text_literal(control.rule)
        if self.builder.is_list(written.task) and written.fidelity not in ("delegated", "manual"):
            yield "items", "True"
        is_branch = written.task.kind == "branch" and written.task.operator not in latest.OPERATORS
        if is_branch and not written.region and written.fidelity != "delegated":
            yield "choices", _tuple(choices_of(written.task, control, written.function, self.scope))
        for name in ("soft_fail", "never_fail"):
            if written.task.kind == "sensor" and written.task.arguments.get(name) is True:
                yield from [(name, "True")] * (written.fidelity in ("native", "approximate"))
        settings = dict(written.settings.arguments)
        if written.function.documented:
            settings.pop("description", None)
        yield from settings.items()

    # The flow

    def _options(self) -> Iterator[str]:
        pipeline = self.scope.pipeline
        yield f"name={text_literal(self.flow)}"
        if pipeline.description:
            yield f"description={text_literal(pipeline.description)}"
        if pipeline.dagrun_timeout_s is not None:
            yield f"timeout_seconds={pipeline.dagrun_timeout_s:g}"
        if pipeline.max_active_tasks is not None:
            self.imports["from prefect.task_runners import ThreadPoolTaskRunner"] = None
            yield f"task_runner=ThreadPoolTaskRunner(max_workers={int(pipeline.max_active_tasks)})"

    def _doc(self) -> str | None:
        text = docstring(self.scope.pipeline.doc) if self.scope.pipeline.doc else None
        return textwrap.indent(text, "    ") if text else None

    def _given(self) -> frozenset[str]:
        """The flow's variables that tasks get."""
        return frozenset(variable for item in self.built.parts for variable in item.inputs.of_flow.values())

    def _used_fields(self) -> list[Field]:
        """All params once one is used: a run may be given any of them."""
        fields = list(self.scope.params.fields.values())
        return fields if self._given() & {field.name for field in fields} else []

    def _parameters(self) -> Iterator[str]:
        fields = sorted(self._used_fields(), key=lambda field: field.default is not None)
        for field in fields:
            more = ", ".join(f"{name}={text}" for name, text in field.arguments.items())
            if more:
                self.imports |= {GENERATED["Annotated"]: None, GENERATED["Field"]: None}
            kind = f"Annotated[{field.type}, Field({more})]" if more else field.type
            yield f"{field.name}: {kind}" + (f" = {field.default}" if field.default is not None else "")
        if self._given() & set(DATES):
            self.imports[GENERATED["dt"]] = None
            yield f"{LOGICAL}: dt.datetime | None = None"
        yield from (f"{name}: {kind} | None = None" for name, kind in OF_A_RUN.items() if name in self._given())

    def _dates(self) -> Iterator[str]:
        given, dates = self._given(), self.scope.dates
        if CONF in given:
            yield f"{CONF} = {CONF} or {{}}"
        if not given & set(DATES):
            return
        rule = None if isinstance(dates, str) else dates.rule
        if rule is None:
            self.support["date_of_run"] = None
            yield f"{LOGICAL} = date_of_run({LOGICAL})"
            return
        self.support |= {"dates_of_run": None, rule.partition("(")[0]: None}
        names = [name if name in given else "_" for name in DATES]
        yield f"{', '.join(names)} = dates_of_run({rule}, {LOGICAL})"

    def _notes(self) -> Iterator[Note]:
        pipeline = self.scope.pipeline
        if self._used_fields():
            yield from unchecked(self.scope.params)
        if pipeline.dagrun_timeout_s is not None:
            what = "`dagrun_timeout` is the flow's timeout_seconds: tasks whose calls block go on until they return"
            yield "DP403", what
        yield from notes_of(pipeline)
        for event in pipeline.callbacks:
            advice = "use the hooks of the flow, which are called with the flow, its run and the state"
            yield "DP403", f"the DAG's callback `{event}` isn't carried over: {advice}"


def _tuple(texts: Iterable[str]) -> str:
    items = [text_literal(text) for text in texts]
    return f"({', '.join(items)}{',' * (len(items) == 1)})"
