"""One DAG: its settings, its tasks in their groups, and the order between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from dagport.graph import Group, Pipeline, Task
from dagport.pycode import text_constant
from dagport.writers.airflow.written import schedule
from dagport.writers.airflow.written.functions import Functions
from dagport.writers.airflow.written.model import Written
from dagport.writers.airflow.written.names import Variables
from dagport.writers.airflow.written.order import GROUP, Order, order_of
from dagport.writers.airflow.written.settings import shared
from dagport.writers.airflow.written.tasks import TaskWriter, label
from dagport.writers.airflow.written.tree import Node, results_in, tree_of
from dagport.writers.airflow.written.values import Values, mapped_key, no_result, text
from dagport.writers.common.literals import NotExpressible

RENDERING = frozenset({
    "jinja_environment_kwargs", "render_template_as_native_obj", "template_searchpath", "template_undefined",
    "user_defined_filters", "user_defined_macros",
})  # fmt: skip
"""Arguments of a DAG without which its templates give other texts."""
RENAMED = {"2": {"fail_fast": "fail_stop"}, "3": {"fail_stop": "fail_fast"}}
RENAMED_CODE = "DP404"
"""What is said of an asset that gets another name: its URI is unique as well, so the same tasks wait for it."""
NOT_IN_2 = frozenset({"allowed_run_types", "deadline", "disable_bundle_versioning", "rerun_with_latest_version"})


@dataclass(kw_only=True)
class DagText:
    """A DAG in source form."""

    pipeline: Pipeline
    keywords: dict[str, str]
    root: Node
    tasks: dict[str, Written]
    named: set[str]
    orders: dict[str, Order]
    variables: dict[str, str]  # of tasks by their ids, of groups by "group:" and theirs
    label: str | None = None  # what the class of labels is called
    assets_only: bool = False  # every task comes from @asset, which makes its DAG itself
    notes: list[tuple[str, str]] = field(default_factory=list)  # diagnostics about the DAG


class DagWriter:
    """Writes one pipeline. Raises ``NotExpressible`` where the DAG as a whole can't be written."""

    def __init__(self, pipeline: Pipeline, values: Values, functions: Functions, assets: Mapping[str, str]) -> None:
        self.pipeline = pipeline
        self.values = values
        values.engine = schedule.engine_of(pipeline)
        self.functions = functions
        self.assets = assets
        self.notes: list[tuple[str, str]] = []

    def write(self, variables: Variables) -> DagText:
        """The DAG, its tasks first: their functions and settings decide what it needs."""
        root = tree_of(self.pipeline)
        names = self._variables(variables)
        tasks = TaskWriter(self.values, self.functions, self.assets, names)
        implied: set[tuple[str, str]] = set()
        self._tasks(root, tasks, {}, implied)
        only_assets = [item.form == "asset" for item in tasks.written.values()]
        if any(only_assets):
            if not all(only_assets) or len(only_assets) > 1:
                raise NotExpressible("a DAG of @asset has other tasks, too")
            return DagText(
                pipeline=self.pipeline, keywords={}, root=root, tasks=tasks.written, named=set(), orders={},
                variables=names, assets_only=True,
            )  # fmt: skip
        keywords = self._keywords(tasks.written, keeps_defaults=tasks.keeps_defaults)
        self._tell_renamed_assets()
        for edge in self.pipeline.edges:
            if edge.conditional is not None:
                what = f"{edge.upstream!r} before {edge.downstream!r} depends on `{edge.conditional}`"
                self.notes.append(("DP403", f"whether {what}; here it always is"))
        orders = order_of(self.pipeline, root, implied | _at_groups(self.pipeline, root))
        labelled = any(order.labelled for order in orders.values())
        return DagText(
            pipeline=self.pipeline,
            keywords=keywords,
            root=root,
            tasks=tasks.written,
            named=tasks.named | {key for order in orders.values() for key in order.named()},
            orders=orders,
            variables=names,
            label=self.values.want("airflow.sdk.Label") if labelled else None,
            notes=self.notes,
        )

    def _variables(self, variables: Variables) -> dict[str, str]:
        found = {task.id: variables.allocate(label(task), _suffix(label(task))) for task in self.pipeline.tasks}
        for group in self.pipeline.groups:
            found[f"{GROUP}{group.id}"] = variables.allocate(group_label(group), "group")
        return found

    def _tasks(self, node: Node, tasks: TaskWriter, mapped: Mapping[str, str], implied: set[tuple[str, str]]) -> None:
        for child in node.children:
            if isinstance(child, Node):
                own = {mapped_key(value): name for name, value in (child.group.over if child.group else {}).items()}
                if child.is_mapped and (not own or "kwargs" in own.values()):
                    raise NotExpressible(f"what the group {child.id!r} is expanded over isn't known")
                if child.is_mapped and len(own) < len(child.group.over if child.group else {}):
                    raise NotExpressible(f"the group {child.id!r} is expanded over the same twice")
                self._tasks(child, tasks, {**mapped, **own}, implied)
            else:
                written = tasks.write(child, mapped)
                implied.update((above, child.id) for above in written.implied)

    def _keywords(self, tasks: Mapping[str, Written], *, keeps_defaults: bool) -> dict[str, str]:
        pipeline = self.pipeline
        found = {"schedule": self._schedule(), **schedule.dates(pipeline, self.values)}
        if self.values.version == "2":
            found |= self._start_in_2(found)
        catchup = schedule.catchup(pipeline, self.values)
        plain: dict[str, object] = {
            "catchup": catchup,
            "description": pipeline.description,
            "doc_md": pipeline.doc,
            "max_active_runs": pipeline.max_active_runs,
            "max_active_tasks": pipeline.max_active_tasks,
        }
        found |= {name: _plain(value) for name, value in plain.items() if value is not None}
        if pipeline.dagrun_timeout_s is not None:
            found["dagrun_timeout"] = self.values.duration(pipeline.dagrun_timeout_s)
        if keeps_defaults:
            found |= self._defaults_of_source()
        used = [item.keywords for item in tasks.values() if item.form != "manual"]
        defaults = {} if keeps_defaults else shared(used)
        for name in ("start_date", "end_date"):  # as defaults they would be the DAG's, too
            if defaults.get(name) != found.get(name):
                defaults.pop(name, None)
        if defaults:
            found["default_args"] = (
                f"{{{', '.join(f'{text_constant(key)}: {item}' for key, item in defaults.items())}}}"
            )
            for item in tasks.values():
                item.keywords = {k: v for k, v in item.keywords.items() if defaults.get(k) != v}
        if pipeline.params:
            found["params"] = self.values.write(dict(pipeline.params), no_result)
        if pipeline.tags:
            found["tags"] = f"[{', '.join(map(text_constant, pipeline.tags))}]"
        found |= {
            f"{event}_callback": self.values.write(value, no_result) for event, value in pipeline.callbacks.items()
        }
        return found | dict(self._others())

    def _start_in_2(self, found: Mapping[str, str]) -> dict[str, str]:
        """A date to start from, which Airflow 2 asks every DAG for. Where nothing is timed, any past one will do."""
        if "start_date" in found:
            return {}
        if self.pipeline.schedule.kind not in ("manual", "assets") and found["schedule"] != "None":
            self.notes.append(("DP403", "Airflow 2 needs a start_date, and the DAG has none: 1970 was put in"))
        return {"start_date": self.values.moment(datetime(1970, 1, 1, tzinfo=UTC), "UTC")}

    def _tell_renamed_assets(self) -> None:
        used = {name for task in self.pipeline.tasks for name in (*task.inlets, *task.outlets)}
        for name in sorted(self.values.renamed_assets & {*used, *(self.pipeline.schedule.assets or ())}):
            self.notes.append((RENAMED_CODE, f"Airflow 2 knows the asset {name!r} by its URI only"))

    def _schedule(self) -> str:
        try:
            return schedule.schedule_of(self.pipeline, self.assets, self.values)
        except NotExpressible as problem:
            try:
                return self._schedule_of_source()
            except NotExpressible:
                self.notes.append(("DP407", f"no schedule was written: {problem}"))
                return "None"

    def _schedule_of_source(self) -> str:
        if self.values.source is None:
            raise NotExpressible("there is no source")
        return self.values.source.argument(self._call, "schedule")

    def _defaults_of_source(self) -> dict[str, str]:
        """The DAG's ``default_args`` as the source has them, for classes that take arguments of their own there."""
        source = self.values.source
        if source is None or not self.values.has_defaults:
            return {}
        if "default_args" not in source.call_keywords(self._call, positional=1):
            return {}
        return {"default_args": source.argument(self._call, "default_args")}

    @property
    def _call(self) -> Task:
        """The call that makes the DAG, as something that has a place."""
        return Task(id="", operator="", kind="other", span=self.pipeline.span)

    def _others(self) -> Iterator[tuple[str, str]]:
        for name, value in self.pipeline.arguments.items():
            renamed = RENAMED[self.values.version].get(name, name)
            if self.values.version == "2" and name in NOT_IN_2:
                self.notes.append(("DP403", f"`{name}` isn't carried over: Airflow 2 has no such argument"))
                continue
            try:
                yield renamed, self.values.write(value, no_result)
            except NotExpressible as problem:
                if name in RENDERING:
                    raise NotExpressible(f"`{name}` of the DAG can't be written: {problem}") from None
                self.notes.append(("DP403", f"`{name}` isn't carried over: {problem}"))


def group_label(group: Group) -> str:
    """A group's id in the group around it."""
    return group.id.removeprefix(f"{group.parent}.") if group.parent else group.id


def has_prefix(node: Node) -> bool:
    """Whether a group's id is put before those of its children. Raises ``NotExpressible`` where it is for some."""
    found = {child.id.startswith(f"{node.id}.") for child in node.children}
    if len(found) > 1:
        raise NotExpressible(f"some tasks of the group {node.id!r} have its prefix, and some haven't")
    return found != {False}


def _suffix(name: str) -> str:
    """What is added to a variable's name where the task's own is a function's."""
    return "result" if name.endswith("task") else "task"


def _plain(value: object) -> str:
    return text(value) if isinstance(value, str) else repr(value)


def _at_groups(pipeline: Pipeline, root: Node) -> set[tuple[str, str]]:
    """What mapped groups make themselves: their first tasks come after those that they are expanded over."""
    found: set[tuple[str, str]] = set()
    for node in nodes_of(root):
        if node.group is None or not node.is_mapped:
            continue
        inside = {task.id for task in node.tasks()}
        later = {edge.downstream for edge in pipeline.edges if {edge.upstream, edge.downstream} <= inside}
        above = {item.task_id for value in node.group.over.values() for item in results_in(value)}
        found |= {(one, other) for one in above for other in inside - later}
    return found


def nodes_of(node: Node) -> Iterator[Node]:
    """A node and all groups below it."""
    yield node
    for child in node.children:
        if isinstance(child, Node):
            yield from nodes_of(child)
