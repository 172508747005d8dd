"""One DAG of a YAML file, made as dag-factory makes it. Source: ``DagBuilder``."""

from __future__ import annotations

from typing import Any

from dagport.evaluate.attributes import set_attribute
from dagport.evaluate.domain import Anything, CallSite, Unknown
from dagport.evaluate.machine import Machine
from dagport.readers.airflow.dag_factory.blocks import Block, plain
from dagport.readers.airflow.dag_factory.callables import (
    CONFIG_ERROR,
    DAG_CALLBACKS,
    FACTORY_ERROR,
    TASK_CALLBACKS,
    has,
    set_callbacks,
)
from dagport.readers.airflow.dag_factory.dates import get_datetime
from dagport.readers.airflow.dag_factory.defaults import Undetermined
from dagport.readers.airflow.dag_factory.groups import NOT_FOR_AIRFLOW, GroupMaker
from dagport.readers.airflow.dag_factory.imports import import_string, refuse
from dagport.readers.airflow.dag_factory.order import by_name, entry_of, set_dependencies, sorted_names
from dagport.readers.airflow.dag_factory.places import call_site
from dagport.readers.airflow.dag_factory.tasks import TaskMaker

# Handed to the DAG where the file says them, with what dag-factory puts in their place otherwise.
PASSED = (
    "description", "dagrun_timeout", "template_searchpath", "on_success_callback", "on_failure_callback",
    "default_args", "doc_md", "access_control", "is_paused_upon_creation", "params", "start_date", "end_date",
)  # fmt: skip
WHERE_SAID = ("catchup", "max_active_runs", "max_active_tasks", "dag_display_name")
SUBTITLE = "## YML DAG"
OLD_SCHEDULE = "The `schedule_interval` key is no longer supported in Airflow 3.0+. Use `schedule` instead."


class DagBuilder:
    """Builds one DAG out of its merged configuration, which it changes on the way."""

    def __init__(self, machine: Machine, name: Anything, config: Block, shown: str | Unknown, *, version: str) -> None:
        self.machine = machine
        self.name = name
        self.config = config
        self.shown = shown  # the YAML that is appended to the documentation
        self.version = version
        self.site = call_site(machine.module, config.span)

    def build(self) -> Anything:
        """The DAG with its tasks. Raises ``PyRaise`` for what dag-factory or Airflow refuses."""
        self._prepare()
        config = self.config
        tasks = by_name(config.get("tasks"), "tasks", "task_id", self.site)
        groups = by_name(config.get("task_groups"), "task_groups", "group_name", self.site)
        dag = self._dag()
        group_sites = self._sites(groups)
        made_groups = GroupMaker(self.machine, groups, group_sites, dag).make_all()
        sites = self._sites(tasks)
        maker = TaskMaker(self.machine, "airflow.sdk.Asset" if self.version == "3" else "airflow.datasets.Dataset")
        for name in sorted_names(tasks, self.site):
            self._task(maker, name, entry_of(tasks, name, sites[name]), made_groups, dag, sites[name])
        entries = Block({**tasks, **groups})
        set_dependencies(self.machine, entries, {**maker.made, **made_groups}, {**sites, **group_sites})
        return dag

    def _sites(self, entries: Block) -> dict[Anything, CallSite]:
        own = self.config.span
        return {name: call_site(self.machine.module, entries.place(name) or own) for name in entries}

    def _task(
        self, maker: TaskMaker, name: Anything, entry: Block, groups: dict[Anything, Any], dag: Any, site: CallSite
    ) -> None:
        entry["task_id"], entry["dag"] = name, dag
        group = entry.get("task_group_name")
        if groups and group:
            if isinstance(group, Unknown):
                raise Undetermined(group)
            if isinstance(group, list | dict) or group not in groups:
                raise refuse("KeyError", repr(group), site)
            entry["task_group"] = groups[group]
        params = {key: value for key, value in entry.items() if key not in NOT_FOR_AIRFLOW}
        task = maker.make(name, entry, params, site)
        key = self.machine.attribute(task, "task_id", site) if "operator" in entry else name
        if isinstance(key, Unknown):
            raise Undetermined(key)
        maker.made[key] = task

    # The DAG itself

    def _prepare(self) -> None:
        """Dates, callbacks and checks of ``DagBuilder.get_dag_params``."""
        config = self.config
        config["dag_id"] = self.name
        defaults = config.setdefault("default_args", Block())
        if isinstance(defaults, Unknown):
            raise Undetermined(defaults)
        if not isinstance(defaults, dict):
            raise refuse("TypeError", f"argument of type '{type(defaults).__name__}' is not iterable", self.site)
        for values, key in ((config, "start_date"), (config, "end_date"), (defaults, "end_date")):
            self._date(values, key)
        set_callbacks(self.machine, config, DAG_CALLBACKS, self.site)
        set_callbacks(self.machine, defaults, TASK_CALLBACKS, self.site)
        self._check_search_path()
        native = config.get("render_template_as_native_obj")
        if native is not None and not isinstance(native, bool | Unknown):
            raise refuse(FACTORY_ERROR, "render_template_as_native_obj should be bool type!", self.site)
        self._date(defaults, "start_date")

    def _date(self, values: Any, key: str) -> None:
        if has(values, key):
            values[key] = get_datetime(self.machine, values[key], values.get("timezone", "UTC"), self.site)

    def _check_search_path(self) -> None:
        path = self.config.get("template_searchpath")
        if path is None or isinstance(path, Unknown):
            return
        if not isinstance(path, str | list):
            raise refuse(FACTORY_ERROR, "template_searchpath is not valid!", self.site)
        folders = path if isinstance(path, list) else [path]
        if any(isinstance(folder, str) and not folder.startswith("/") for folder in folders):
            raise refuse(FACTORY_ERROR, "template_searchpath must be absolute paths", self.site)
        if folders:
            message = "dag-factory refuses a `template_searchpath` that doesn't exist in the deployment"
            self.machine.doubt("DP201", message, self.site)

    def _dag(self) -> Any:
        config, site = self.config, self.site
        kwargs: dict[str, Any] = {"dag_id": self.name}
        kwargs.update({key: plain(config[key]) for key in WHERE_SAID if key in config})
        if "concurrency" in config:
            kwargs["max_active_tasks"] = config["concurrency"]
        if config.get("timetable"):
            kwargs["timetable"] = config["timetable"]
        kwargs["render_template_as_native_obj"] = config.get("render_template_as_native_obj", False)
        kwargs.update({key: plain(config.get(key)) for key in PASSED})
        self._set_schedule(kwargs)
        if config.get("user_defined_macros"):
            kwargs["user_defined_macros"] = self._macros(config["user_defined_macros"])
        dag = self.machine.call(self.machine.external("airflow.sdk.DAG"), [], kwargs, site)
        self._set_doc(dag, kwargs["doc_md"])
        set_attribute(self.machine, dag, "tags", self._tags(), site)
        return dag

    def _set_schedule(self, kwargs: dict[str, Any]) -> None:
        schedule = self.config.get("schedule")
        if has(self.config, "schedule_interval"):
            raise refuse(FACTORY_ERROR, OLD_SCHEDULE, self.site)
        if self.version != "3" and "schedule" not in self.config:
            return
        if isinstance(schedule, str) and schedule.strip().lower() == "none":
            schedule = None
        elif isinstance(schedule, list):
            schedule = self._assets(schedule)
        kwargs["schedule"] = plain(schedule)

    def _assets(self, schedule: list[Any]) -> list[Any]:
        """Texts of the list are assets; what is empty is passed over."""
        asset = self.machine.external("airflow.sdk.Asset" if self.version == "3" else "airflow.datasets.Dataset")
        found = []
        for item in schedule:
            if isinstance(item, str):
                if item.strip():
                    found.append(self.machine.call(asset, [item.strip()], {}, self.site))
            elif item is not None:
                found.append(item)
        return found

    def _macros(self, macros: Anything) -> Anything:
        if isinstance(macros, Unknown):
            return macros
        if not isinstance(macros, dict):
            raise refuse(CONFIG_ERROR, "Invalid `user_defined_macros` config: expected a mapping/dict", self.site)
        return {key: self._macro(value) for key, value in macros.items()}

    def _macro(self, value: Anything) -> Anything:
        if isinstance(value, str):
            return import_string(self.machine, value, self.site)
        return self._macros(value) if isinstance(value, dict) else value

    def _set_doc(self, dag: Any, doc: Anything) -> None:
        config = self.config
        file = config.get("doc_md_file_path")
        if isinstance(file, str) and file and not file.startswith("/"):
            raise refuse(FACTORY_ERROR, "`doc_md_file_path` must be absolute path", self.site)
        if file:
            doc = self.machine.unknown("the documentation stands in a file of the deployment", self.site)
        if config.get("doc_md_python_callable_file") and config.get("doc_md_python_callable_name"):
            doc = self.machine.unknown("a function that isn't called here gives the documentation", self.site)
        if isinstance(doc, str) and doc.endswith(".md"):
            doc = self.machine.unknown(f"it may be the text of the file {doc!r}", self.site)
        lost = next((item for item in (doc, self.shown) if isinstance(item, Unknown)), None)
        section = f"{SUBTITLE}\n```yaml\n{self.shown}\n```"
        dag.doc = lost if lost is not None else section if doc is None else f"{doc}\n{section}"

    def _tags(self) -> Anything:
        tags = self.config.get("tags", [])
        if isinstance(tags, Unknown):
            return tags
        if not isinstance(tags, list):
            raise refuse("AttributeError", f"'{type(tags).__name__}' object has no attribute 'append'", self.site)
        return tags if "dagfactory" in tags else [*tags, "dagfactory"]
