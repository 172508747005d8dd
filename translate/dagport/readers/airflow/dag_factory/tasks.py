"""Tasks made of a YAML file's entries.

Source: ``DagBuilder.make_task``, ``make_decorator`` and ``adjust_general_task_params``.
"""

from __future__ import annotations

import re
from typing import Any

from dagport.evaluate.domain import Anything, CallSite, Function, Spread, Unknown
from dagport.evaluate.machine import Machine
from dagport.readers.airflow.dag_factory.blocks import plain
from dagport.readers.airflow.dag_factory.callables import (
    CONFIG_ERROR,
    FACTORY_ERROR,
    TASK_CALLBACKS,
    get_python_callable,
    has,
    lambda_of,
    set_callbacks,
    take_named,
)
from dagport.readers.airflow.dag_factory.dates import get_time_delta
from dagport.readers.airflow.dag_factory.imports import derives_from, import_string, is_python_operator, refuse

Values = dict[str, Anything]
CALLABLE_KEYS = ("python_callable", "python_callable_name", "python_callable_file")
HTTP_SENSOR_KEYS = ("response_check_name", "response_check_file", "response_check_lambda")
REFERENCE = re.compile(r"^\+(?P<task>\w*)(\[['\"](?P<key>.*)['\"]\])?$")
CALL = re.compile(r"\(+(.*?)\)")


class TaskMaker:
    """Makes the tasks of one DAG; ``made`` has them as dag-factory looks them up."""

    def __init__(self, machine: Machine, asset_class: str) -> None:
        self.machine = machine
        self.asset_class = asset_class
        self.made: dict[str, Anything] = {}

    def make(self, name: str, conf: Values, params: Values, site: CallSite) -> Anything:
        """The task of one entry."""
        if "operator" in conf:
            if isinstance(conf.get("expand"), dict):
                self._replace_expanded(conf["expand"], site)
            elif conf.get("expand"):
                raise refuse("AttributeError", "`expand` isn't a mapping", site)
            return self._operator(conf["operator"], params, site)
        if "decorator" in conf:
            return self._decorated(conf["decorator"], params, site)
        raise refuse(CONFIG_ERROR, "Tasks must define either 'operator' or 'decorator", site)

    # Operators

    def _operator(self, dotted: Anything, params: Values, site: CallSite) -> Anything:
        cls = import_string(self.machine, dotted, site)
        self._take_python(cls, params, site)
        self._take_checks(cls, params, site)
        self._take_http(cls, params, site)
        self._adjust(params, site)
        expanded = self._expansion(params, site)
        kwargs = self._keywords(params, site)
        if not expanded:
            return self.machine.call(cls, [], kwargs, site)
        partial = self.machine.call(self.machine.attribute(cls, "partial", site), [], kwargs, site)
        expand = self.machine.attribute(partial, "expand", site)
        return self.machine.call(expand, [], self._keywords(expanded, site), site)

    def _take_python(self, cls: Anything, params: Values, site: CallSite) -> None:
        runs_python = is_python_operator(cls)
        if runs_python is None and any(params.get(key) for key in CALLABLE_KEYS):
            message = "whether the operator is a PythonOperator, whose function dag-factory imports, isn't known"
            self.machine.doubt("DP205", message, site, params["dag"])
        if not runs_python:
            return
        if not any(params.get(key) for key in CALLABLE_KEYS):
            raise refuse(FACTORY_ERROR, "Failed to create task: `python_callable` is missing", site)
        if isinstance(params.get("python_callable"), str | Unknown) and params["python_callable"]:
            params["python_callable"] = import_string(self.machine, params["python_callable"], site)
        elif not params.get("python_callable"):
            self._require(params, CALLABLE_KEYS[1:], site)
            take_named(params, "python_callable", "python_callable", site)

    def _require(self, params: Values, keys: tuple[str, ...], site: CallSite) -> None:
        missing = next((key for key in keys if key not in params), None)
        if missing is not None:
            raise refuse("KeyError", repr(missing), site)

    def _take_checks(self, cls: Anything, params: Values, site: CallSite) -> None:
        if not derives_from(cls, "SqlSensor"):
            return
        for target in ("success", "failure"):
            prefix = f"{target}_check"
            if params.get(f"{prefix}_file") and params.get(f"{prefix}_name"):
                take_named(params, target, prefix, site)
            elif params.get(f"{prefix}_lambda"):
                params[target] = lambda_of(params.pop(f"{prefix}_lambda"), self.machine, site)

    def _take_http(self, cls: Anything, params: Values, site: CallSite) -> None:
        """What dag-factory does for the http provider, where that is installed."""
        if derives_from(cls, "HttpSensor"):
            name, file, text = (params.pop(key, None) for key in HTTP_SENSOR_KEYS)
            if name:
                params["response_check"] = get_python_callable(name, file, site)
            elif text:
                params["response_check"] = lambda_of(text, self.machine, site)
        elif derives_from(cls, "HttpOperator", "SimpleHttpOperator") and "data" in params:
            params["data"] = self.machine.unknown("dag-factory may turn it into a function that gives JSON", site)

    def _expansion(self, params: Values, site: CallSite) -> Values:
        """What the task is mapped over; what is partial goes to the other arguments."""
        if not has(params, "expand") and not has(params, "partial"):
            return {}
        self._require(params, ("expand",), site)
        expand = self._mapping(params.pop("expand"), "items", site)
        partial = self._mapping(params.pop("partial"), "items", site) if has(params, "partial") else {}
        if partial and params.get(list(partial)[-1]) is not None:
            raise refuse(FACTORY_ERROR, "Duplicated partial kwarg! It's already in task_params.", site)
        params.update(partial)
        return dict(expand)

    def _mapping(self, value: Anything, method: str, site: CallSite) -> Values:
        if isinstance(value, Unknown):
            return {"**": Spread(value.why, value.text, value.span)}
        if not isinstance(value, dict):
            raise refuse("AttributeError", f"'{type(value).__name__}' object has no attribute '{method}'", site)
        return value

    def _replace_expanded(self, expand: Values, site: CallSite) -> None:
        """``task.output`` and ``XcomArg(task)`` stand for a task's result (``replace_expand_values``)."""
        for key, value in expand.items():
            if isinstance(value, Unknown):
                continue
            if not isinstance(value, str | list | dict):
                raise refuse("TypeError", f"argument of type '{type(value).__name__}' is not iterable", site)
            task = self._expanded_task(value, site)
            if task in self.made:
                expand[key] = self.machine.attribute(self.made[task], "output", site)

    def _expanded_task(self, value: Anything, site: CallSite) -> str | None:
        if ".output" in value:
            if not isinstance(value, str):
                raise refuse("AttributeError", f"'{type(value).__name__}' object has no attribute 'split'", site)
            return value.split(".output")[0]
        if "XcomArg" not in value:
            return None
        if not isinstance(value, str):
            raise refuse("TypeError", "expected string or bytes-like object", site)
        found = CALL.findall(value)
        if not found:
            raise refuse("IndexError", "list index out of range", site)
        return str(found[0])

    # What all tasks have

    def _adjust(self, params: Values, site: CallSite) -> None:
        if has(params, "execution_date_fn"):
            params["execution_date_fn"] = import_string(self.machine, params["execution_date_fn"], site)
        elif has(params, "execution_delta"):
            params["execution_delta"] = get_time_delta(params["execution_delta"], site)
        elif has(params, "execution_date_fn_name") and has(params, "execution_date_fn_file"):
            take_named(params, "execution_date_fn", "execution_date_fn", site)
        set_callbacks(self.machine, params, TASK_CALLBACKS, site)
        if has(params, "variables_as_arguments"):
            self._take_variables(params, params.pop("variables_as_arguments"), site)
        for key in ("inlets", "outlets"):
            if has(params, key):
                self._take_assets(params, key, site)

    def _take_variables(self, params: Values, variables: Anything, site: CallSite) -> None:
        if not isinstance(variables, list) or not all(isinstance(item, dict) for item in variables):
            message = "`variables_as_arguments` isn't a list of mappings"
            self.machine.doubt("DP201", message, site, params["dag"])
            return
        get = self.machine.external("airflow.sdk.Variable.get")
        for variable in variables:
            self._require(variable, ("variable",), site)
            value = self.machine.call(get, [variable["variable"]], {"default": None}, site)
            if value is None:
                continue
            self._require(variable, ("attribute",), site)
            params[variable["attribute"]] = value

    def _take_assets(self, params: Values, key: str, site: CallSite) -> None:
        """Texts become assets; a mapping of a file and names is looked up in the deployment."""
        given = params[key]
        if isinstance(given, Unknown):
            return
        if not isinstance(given, list | str | dict):
            raise refuse("TypeError", f"argument of type '{type(given).__name__}' is not iterable", site)
        if isinstance(given, dict) and has(given, "file") and has(given, "datasets"):
            params[key] = self.machine.unknown("the assets stand in another YAML file of the deployment", site)
            return
        if not isinstance(given, dict) and "file" in given:
            raise refuse("TypeError", f"{key} can't be looked up by 'file'", site)
        asset = self.machine.external(self.asset_class)
        if given:
            params[key] = [
                self.machine.call(asset, [item], {}, site) if isinstance(item, str) else item for item in given
            ]

    def _keywords(self, params: Values, site: CallSite) -> Values:
        if not all(isinstance(key, str) for key in params):
            raise refuse("TypeError", "keywords must be strings", site)
        return {key: plain(value) for key, value in params.items()}

    # Decorators

    def _decorated(self, dotted: Anything, params: Values, site: CallSite) -> Anything:
        function = self._function(params, site)
        decorator = import_string(self.machine, dotted, site)
        del params["decorator"]
        self._adjust(params, site)
        params.pop("python_callable", None)
        own = self._own_arguments(function, params, site)
        call = {name: self._resolved(params.pop(name), site) for name in list(params) if name in own}
        expand = self._mapping(params.pop("expand", {}) or {}, "items", site)
        partial = self._mapping(params.pop("partial", {}) or {}, "items", site)
        factory = self.machine.call(decorator, [], self._keywords(params, site), site)
        factory = self.machine.call(factory, [function], {}, site)
        if not expand:
            return self.machine.call(factory, [], self._keywords(call, site), site)
        if partial:
            if call:
                message = "all the task arguments should be defined in expand and partial"
                raise refuse(CONFIG_ERROR, message, site)
            method = self.machine.attribute(factory, "partial", site)
            factory = self.machine.call(method, [], self._all_resolved(partial, site), site)
        method = self.machine.attribute(factory, "expand", site)
        return self.machine.call(method, [], self._all_resolved(expand, site), site)

    def _function(self, params: Values, site: CallSite) -> Anything:
        if {"python_callable_name", "python_callable_file"} <= params.keys():
            take_named(params, "python_callable", "python_callable", site)
        elif "python_callable" in params:
            params["python_callable"] = import_string(self.machine, params["python_callable"], site)
        else:
            raise refuse(FACTORY_ERROR, "Failed to create task: `python_callable` is missing", site)
        return params["python_callable"]

    def _own_arguments(self, function: Anything, params: Values, site: CallSite) -> set[str]:
        """The function's own parameters: only they are handed to it (``inspect.getfullargspec(...).args``)."""
        if isinstance(function, Function) and not getattr(function.node, "decorator_list", []):
            spec = function.node.args
            return {item.arg for item in (*spec.posonlyargs, *spec.args)}
        why = function.why if isinstance(function, Unknown) else "its source can't be seen"
        message = f"which keys are arguments of the decorated function, and its docstring, aren't known: {why}"
        self.machine.doubt("DP201", message, site, params.get("dag"))
        return set()

    def _resolved(self, value: Anything, site: CallSite) -> Anything:
        """``+task`` and ``+task['key']`` stand for a task's result."""
        match = REFERENCE.match(value) if isinstance(value, str) else None
        if match is None:
            return value
        if match["task"] not in self.made:
            raise refuse("KeyError", repr(match["task"]), site)
        task: Any = self.made[match["task"]]
        if not match["key"]:
            return task
        from dagport.evaluate.items import get_item

        return get_item(self.machine, task, match["key"], site)

    def _all_resolved(self, values: Values, site: CallSite) -> Values:
        return self._keywords({key: self._resolved(value, site) for key, value in values.items()}, site)
