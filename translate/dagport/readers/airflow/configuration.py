"""``airflow.configuration.conf``, read while a file is imported.

Source: ``airflow.configuration`` of 2 and its shared parser in 3: ``AIRFLOW__SECTION__KEY`` counts first, then
``airflow.cfg``, then Airflow's own default, and only then the ``fallback`` of the call. So a fallback is taken for
options outside the sections that Airflow and its providers define.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dagport.evaluate.domain import Anything, CallSite, Native, PyRaise, Unknown, is_plain
from dagport.evaluate.library.support import lost
from dagport.evaluate.needs import ABSENT, Secret, not_given, require, required, shown, without_spread

if TYPE_CHECKING:
    from dagport.evaluate.machine import Machine

ERROR = "airflow.exceptions.AirflowConfigException"
OWN_SECTIONS = frozenset({
    "api", "api_auth", "atlas", "aws", "aws_auth_manager", "aws_batch_executor", "aws_ecs_executor",
    "aws_eks_executor", "aws_lambda_executor", "azure_remote_logging", "callbacks", "celery",
    "celery_broker_transport_options", "celery_kubernetes_executor", "celery_result_backend_transport_options", "cli",
    "common.io", "connection_test", "core", "dag_processor", "dask", "database", "debug", "edge", "elasticsearch",
    "elasticsearch_configs", "email", "execution_api", "fab", "hive", "imap", "keycloak_auth_manager", "kerberos",
    "kubernetes", "kubernetes_environment_variables", "kubernetes_executor", "kubernetes_secrets", "lineage",
    "local_kubernetes_executor", "logging", "metrics", "openlineage", "opensearch", "opensearch_configs", "operators",
    "postgres", "profiling", "scheduler", "sdk", "secrets", "sensors", "sentry", "sftp", "smtp", "snowflake", "spark",
    "ssh", "standard", "state_store", "traces", "triggerer", "webserver", "workers", "yandex",
})  # fmt: skip
BOOLEANS = {"t": True, "true": True, "1": True, "f": False, "false": False, "0": False}
Convert = Callable[[Any], Any]
"""From an option's text, or a fallback, to the value; ``NotImplemented``: it isn't known. Raises ``PyRaise``."""


def _bad(kind: str) -> PyRaise:
    return PyRaise(ERROR, f"Failed to convert value to {kind}.")


def _text(value: Any) -> Any:
    return value


def _boolean(value: Any) -> bool:
    text = str(value).lower().strip().partition("#")[0].strip()
    if text not in BOOLEANS:
        raise _bad("bool")
    return BOOLEANS[text]


def _integer(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        pass
    if float(_number(value)).is_integer():
        return NotImplemented  # type: ignore[no-any-return] # "5.0" is an int to Airflow 3 only
    raise _bad("int")


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise _bad("float") from None


def _items(value: Any) -> Any:
    if value is None or isinstance(value, list):
        return value
    if not isinstance(value, str):
        raise _bad("list")
    return [item.strip() for item in value.split(",")] if value else []


def _data(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise PyRaise(ERROR, "Unable to parse as valid json") from None


def _getter(convert: Convert, *, raw_fallback: bool = False) -> Native:
    def run(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
        named = {**dict(zip(("section", "key"), args, strict=False)), **kwargs}
        section, key = named.get("section"), named.get("key")
        if not isinstance(section, str) or not isinstance(key, str):
            return lost(machine, [section, key], site, "which option is asked for isn't known")
        value = _option(machine, section, key, named.get("fallback", ABSENT), site)
        if isinstance(value, Unknown):
            return value
        if len(args) > 2 or not set(named) <= {"section", "key", "fallback"} or not is_plain(value):
            return machine.unknown("these options of the configuration's methods aren't followed", site)
        if raw_fallback and (value is named.get("fallback") or value == ""):
            return named.get("fallback")
        converted = convert(value)
        return lost(machine, [], site, "its value isn't clear") if converted is NotImplemented else converted

    return run


def _option(machine: Machine, section: str, key: str, fallback: Anything, site: CallSite) -> Anything:
    """The text of an option, the fallback, or why neither is known."""
    section, key = section.lower(), key.lower()
    name, what = f"{section}.{key}", f"the option `{key}` of [{section}] in Airflow's configuration"
    variable = f"AIRFLOW__{section.replace('.', '_').upper()}__{key.upper()}"
    text = machine.environment.get(variable, machine.deployment.environment.get(variable))
    if isinstance(text, str):
        require(machine, "configuration", name, "given", site)
        return _expanded(machine, shown(text, key, what, site), site)
    if text is not None:
        return lost(machine, [text], site, "it was removed from the environment")
    if section in OWN_SECTIONS or (fallback is not ABSENT and not machine.assumes):
        return not_given(machine, "configuration", name, what, site)
    if fallback is ABSENT:
        return required(machine, "configuration", name, what, site)
    require(machine, "configuration", name, "assumed", site, f"{what} isn't set")
    return _expanded(machine, fallback, site)


def _expanded(machine: Machine, text: Anything, site: CallSite) -> Anything:
    """Airflow expands ``$NAME`` and ``~`` in what an option says (``expand_env_var``)."""
    if isinstance(text, str) and ("$" in text or text.startswith("~")):
        return machine.unknown("variables and `~` in an option are expanded in the deployment", site)
    return text


def _has(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Anything:
    named = {**dict(zip(("section", "option"), args, strict=False)), **kwargs}
    section, key = named.get("section"), named.get("option")
    if not isinstance(section, str) or not isinstance(key, str):
        return lost(machine, [section, key], site, "which option is asked for isn't known")
    found = _option(machine, section, key, None, site)
    if isinstance(found, Unknown) and not isinstance(found, Secret):
        return found
    return found is not None


def _whole(machine: Machine, args: list[Anything], kwargs: dict[str, Anything], site: CallSite) -> Unknown:
    return not_given(machine, "configuration", "*", "Airflow's configuration", site)


METHODS: dict[str, Native] = {
    "get": without_spread(_getter(_text)),
    "getboolean": without_spread(_getter(_boolean)),
    "getint": without_spread(_getter(_integer)),
    "getfloat": without_spread(_getter(_number)),
    "getlist": without_spread(_getter(_items)),
    "getjson": without_spread(_getter(_data, raw_fallback=True)),
    "get_mandatory_value": without_spread(_getter(_text)),
    "has_option": without_spread(_has),
    **dict.fromkeys(("as_dict", "getsection", "getenum", "getimport", "gettimedelta", "has_section", "items",
                     "get_mandatory_list_value", "getenumlist", "sections", "options"), _whole),
}  # fmt: skip
